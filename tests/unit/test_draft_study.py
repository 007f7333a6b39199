"""A study file made from a data file: what it finds, what it asks, what it never writes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dnt_cli.reading import read_survey, read_table
from dnt_cli.reading.draft import draft_study
from dnt_cli.study import parse_study

CASES = Path(__file__).parents[1] / "cases"


def drafted(folder: str, file: str) -> tuple[str, bytes]:
    content = (CASES / folder / file).read_bytes()
    return draft_study(read_table(content, file), "proef"), content


def test_a_wide_spss_file_gives_a_study_that_reads_it() -> None:
    text, content = drafted("60-wide-clients", "clienten.sav")
    study = parse_study(text)
    assert (study.design.id, study.design.group, study.design.site) == ("Clientnr", "Groep", "Gemeente")
    assert study.design.intervention_label.nl == "Schuldhulp Plus"
    assert study.design.wave_keys == ("T0", "T1", "T2")
    assert {k: o.kind for k, o in study.outcomes.items()} == {
        "stress": "linear", "schuldeisers": "linear", "rondkomen": "ordinal", "schuld": "binary", "inkomen": "linear",
        "baan": "binary",
    }  # fmt: skip
    assert [t.nl for t in study.covariates["Opleiding"].level_labels] == ["laag", "midden", "hoog"]
    assert "traject_gestart" not in study.models.controls  # it all but follows from the group
    reading = read_survey(content, "clienten.sav", study)
    assert reading.survey is not None
    assert reading.survey["Clientnr"].nunique() == 90


@pytest.mark.parametrize("file", ["clienten.csv", "clienten.xlsx"])
def test_words_and_codes_in_csv_and_excel(file: str) -> None:
    text, content = drafted("60-wide-clients", file)
    study = parse_study(text)
    assert study.outcomes["stress"].missing == (-99.0,) or study.outcomes["inkomen"].missing == (-99.0,)
    assert set(study.covariates["Opleiding"].levels) == {"laag", "midden", "hoog"}
    assert read_survey(content, file, study).survey is not None


@pytest.mark.parametrize(
    ("folder", "file"),
    [("25-trailing", "space.csv"), ("17-excel-text-numbers", "x.xlsx"), ("02-yes1-no2", "x.sav"),
     ("53-likert-words", "x.csv"), ("57-two-wave-outcome", "x.csv"), ("22-redcap-baseline-only", "x.csv")],
)  # fmt: skip
def test_long_files(folder: str, file: str) -> None:
    text, content = drafted(folder, file)
    study = parse_study(text)
    assert (study.design.id, study.design.wave, study.design.group) == ("id", "wave", "group")
    assert study.outcomes["work"].kind == "binary"
    assert read_survey(content, file, study).survey is not None


def test_no_value_of_a_person_is_written() -> None:
    text, content = drafted("60-wide-clients", "clienten.csv")
    header, *rows = [line.split(";") for line in content.decode("utf-8-sig").splitlines()]
    own = {
        row[header.index(column)] for row in rows for column in ("Clientnr", "inkomen_T0", "stress_T0", "Startdatum")
    }
    written = set(re.findall(r"[\w.,-]+", text))
    assert not {value for value in own if len(value) > 3} & written
