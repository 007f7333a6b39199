"""What every command does the same: quiet, verbose, colour, JSON, code pages, places instead of tracebacks."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support.process import dnt, together

SHOWN = ("t3", "longitudinal", "robustness", "description", "imputed")
FIT = ("fit-t3", "imputed.parquet", "-o", "t3.parquet", "--jobs", "1")
ESCAPE = "\x1b["


def test_quiet_says_nothing_when_all_is_well(folder: Path) -> None:
    assert "Wrote t3.parquet." in dnt(*FIT, cwd=folder).check().stderr
    assert dnt(*FIT, "-q", cwd=folder).check().stderr == ""


def test_verbose_tells_what_is_read_and_decided_and_how_long_it_takes(folder: Path) -> None:
    said = dnt(*FIT, "-v", cwd=folder).check().stderr
    for step in (r"Read imputed\.parquet: [0-9,]+ bytes\.", r"Fitting\.", r"  separation: stop"):
        assert re.search(rf"^\[ *[0-9.]+ s\] {step}$", said, re.MULTILINE), said


def test_json_is_short_for_format_json(made: Path) -> None:
    short, long, both, info, doctor = together(
        [
            (("show", "t3.parquet", "--json"), made),
            (("show", "t3.parquet", "--format", "json"), made),
            (("show", "t3.parquet", "--json", "--format", "csv"), made),
            (("info", "t3.parquet", "--json"), made),
            (("doctor", "--json"), made),
        ]
    )
    assert short.check().text == long.check().text
    assert {row["outcome"] for row in json.loads(short.text)} == {"score", "work", "high"}
    assert "--json and --format csv do not go together" in both.check(2).stderr
    facts = json.loads(info.check().text)
    assert (facts["kind"], [step["command"] for step in facts["steps"]]) == (
        "estimates",
        ["convert", "impute", "fit-t3"],
    )
    assert json.loads(doctor.check().text)["packages"]["statsmodels"]


def test_colour_only_where_it_is_wanted(made: Path) -> None:
    show = ("show", "t3.parquet")
    plain, never, always, narrow = together(
        [
            (show, made),
            ((*show, "--color", "never"), made),
            ((*show, "--color", "always"), made),
            ((*show, "--colour", "always"), made),
        ]
    )
    assert ESCAPE not in plain.check().text
    assert never.check().text == plain.text
    assert ESCAPE in always.check().text
    assert narrow.check().text == always.text
    assert "Score [of all]" in always.text
    assert ESCAPE in dnt(*show, "--color", "always", cwd=made, env={"NO_COLOR": "1"}).check().text


@pytest.mark.parametrize("encoding", ["cp1252", "cp850", "ascii"])
def test_code_pages(made: Path, encoding: str) -> None:
    """Nothing fails and nothing becomes a question mark, in tables, help and errors."""
    for name in SHOWN:
        run = dnt("show", f"{name}.parquet", "--lang", "nl", cwd=made, env={"PYTHONIOENCODING": encoding}).check()
        text = run.stdout.decode(encoding)
        assert "?" not in text
        assert len(text.splitlines()) > 5
    for arguments, code in ((("fit-t3", "--help"), 0), (("fit-t3", "survey.csv"), 11)):
        run = dnt(*arguments, cwd=made, env={"PYTHONIOENCODING": encoding}).check(code)
        assert "?" not in run.stdout.decode(encoding) + run.stderr


def test_debug_tells_places_but_no_values(folder: Path) -> None:
    survey = (folder / "survey.csv").read_text(encoding="utf-8").splitlines()
    (folder / "survey.csv").write_text("\n".join([*survey[:-1], survey[-1].replace(",", ",CANARY", 5)]), "utf-8")
    command = ("impute", "survey.csv", "--study", "study.toml", "-o", "new.parquet", "--jobs", "1")
    plain = dnt(*command, cwd=folder).check(11)
    for run in (dnt(*command, "--debug", cwd=folder), dnt(*command, cwd=folder, env={"DNT_DEBUG": "1"})):
        assert run.check(11).stderr.startswith(plain.stderr)
        assert "prepare.py:" in run.stderr
        assert "in checked" in run.stderr
