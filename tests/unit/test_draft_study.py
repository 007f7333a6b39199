"""A study file made from a data file: what it finds, what it asks, what it never writes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dnt_cli.cli.inputs import open_input
from dnt_cli.errors import StudyError
from dnt_cli.reading import read_survey, read_table
from dnt_cli.reading.draft import draft_study
from dnt_cli.reading.scales import SCALES, plain, scale_of
from dnt_cli.study import open_questions, parse_study

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
        "stress": "linear", "schuldeisers": "count", "rondkomen": "ordinal", "schuld": "binary", "inkomen": "linear",
        "baan": "binary",
    }  # fmt: skip
    assert study.outcomes["schuldeisers"].range == (0, 20)
    assert 'kind = "count"  # ? a count of something' in text
    assert study.outcomes["rondkomen"].role == "tested"  # its labels are a known scale
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


def words_file(words: list[str], column: str = "mood") -> bytes:
    """Two waves of 60 persons, each word given by at least ten rows."""
    lines = ["id,wave,group," + column]
    for person in range(60):
        for wave in (0, 1):
            word = words[(person + wave) % len(words)]
            lines.append(f"p{person},T{wave},{'treated' if person % 2 else 'control'},{word}")
    return "\n".join(lines).encode()


@pytest.mark.parametrize("scale", [scale for scale in SCALES[::6] if "none" not in scale])  # which is no answer
def test_words_of_a_known_scale_get_its_order_and_no_question(scale: tuple[str, ...]) -> None:
    text = draft_study(read_table(words_file([w.capitalize() for w in scale[::-1]]), "x.csv"), "proef")
    labels = parse_study(text).outcomes["mood"].level_labels
    assert [plain(label.nl) for label in labels] == list(scale)
    assert "?" not in next(line for line in text.splitlines() if line.startswith("level_labels"))


def test_answers_that_nobody_gave_are_asked_for() -> None:
    text = draft_study(read_table(words_file(["vaak", "nooit", "soms"]), "x.csv"), "proef")
    line = next(line for line in text.splitlines() if line.startswith("level_labels"))
    assert line == 'level_labels = ["nooit", "soms", "vaak", "altijd"]  # ? all answers, lowest first'


def test_words_of_no_known_scale_are_never_put_in_order_in_silence(tmp_path: Path) -> None:
    """Alphabetical order is none; describe and impute refuse until somebody says the order."""
    content = words_file(["rood", "groen", "blauw"])
    text = draft_study(read_table(content, "x.csv"), "proef")
    asked = [question for question in open_questions(text) if question.needed]
    assert [question.guess.partition(" = ")[0] for question in asked] == ["level_labels"]
    (tmp_path / "x.csv").write_bytes(content)
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    opened = open_input(str(tmp_path / "x.csv"), "dnt impute", ["survey"], foreign="always",
                        study=str(tmp_path / "study.toml"))  # fmt: skip
    with pytest.raises(StudyError, match=r"Line \d+ of the study file still asks .* take `# \?\?` away"):
        opened.survey()
    answered = text.replace("  # ??" + text.partition("# ??")[2].partition("\n")[0], "")
    assert not [question for question in open_questions(answered) if question.needed]
    assert parse_study(answered).outcomes["mood"].kind == "ordinal"


def test_no_word_has_two_places_in_a_scale_and_words_that_fit_two_orders_have_none() -> None:
    assert all(len(set(scale)) == len(scale) for scale in SCALES)
    assert scale_of(["eens", "oneens"]) == ("oneens", "neutraal", "eens")
    assert scale_of(["never"]) is None
    assert scale_of(["vaak", "rood"]) is None
    for scale in SCALES:
        assert scale_of(scale) == scale


def test_a_covariate_of_ordered_words_is_ordered() -> None:
    lines = ["id,wave,group,school,score"]
    for person in range(60):
        school = ("hoog", "laag", "midden")[person % 3]
        lines += [f"p{person},T{w},{'treated' if person % 2 else 'control'},{school},{person + w}" for w in (0, 1)]
    study = parse_study(draft_study(read_table("\n".join(lines).encode(), "x.csv"), "proef"))
    assert (study.covariates["school"].kind, study.covariates["school"].levels) == (
        "ordered",
        ("laag", "midden", "hoog"),
    )
