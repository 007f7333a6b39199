"""`dnt power`: sizes and powers from one command each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.process import dnt


def test_the_published_plan_comes_from_one_command(tmp_path: Path) -> None:
    rows = json.loads(
        dnt("power", "proportions", "0.05", "0.18", "--dropout", "0.4", "--json", cwd=tmp_path).check().text
    )
    exact = rows[0]
    assert exact["method"] == "exact"
    assert (exact["n_comparison"], exact["recruit_comparison"], exact["recruit_intervention"]) == (88, 147, 147)
    table = dnt("power", "proportions", "0.05", "0.18", "--dropout", "0.4", cwd=tmp_path).check().text
    assert "294" in table


def test_dutch_has_decimal_commas(tmp_path: Path) -> None:
    text = dnt("power", "means", "0.4", "--n", "55,81", "--lang", "nl", cwd=tmp_path).check().text
    assert "0,40 SD" in text
    assert "0.4" not in text


@pytest.mark.parametrize(
    "wrong",
    [
        ("means", "0"),
        ("proportions", "5", "18"),
        ("means", "0.4", "--n", "55"),
        ("means", "0.4", "--icc", "0.1"),
        ("means", "0.4", "--method", "arcsine"),
        ("means", "0.4", "--icc", "0.1", "--sites", "3"),
    ],
)
def test_what_makes_no_sense_is_a_wrong_command_line(tmp_path: Path, wrong: tuple[str, ...]) -> None:
    run = dnt("power", *wrong, cwd=tmp_path)
    assert run.code == 2
    assert "Traceback" not in run.stderr


SIMULATED = ["study", "dnt", "--outcome", "self_efficacy", "--n", "20,20", "--effects", "0.8", "-m", "2"]


def test_a_simulation_goes_on_where_it_stopped(tmp_path: Path) -> None:
    whole = dnt("power", *SIMULATED, "--dropout", "0.2", "--simulations", "12", "-o", "whole.parquet", cwd=tmp_path)
    assert "(no effect)" in whole.check().text
    for simulations in ("10", "12"):
        options = ["--dropout", "0.2", "--simulations", simulations, "-o", "parts.parquet", "--jobs", "1"]
        told = dnt("power", "--study", *SIMULATED[1:], *options, cwd=tmp_path).check()
    assert "parts.parquet holds 10 of the 12 studies" in told.stderr
    assert (tmp_path / "parts.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    assert dnt("show", "parts.parquet", cwd=tmp_path).check().text == whole.text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--effects", "a"], "differences in standard deviations"),
        (["--outcome", "work_any"], "--comparison"),
        (["--comparison", "0.3"], "is a score"),
        (["--icc", "0.1"], "belong together"),
        (["--outcome", "ladder"], "known: work_any"),
    ],
)
def test_what_cannot_be_simulated_is_refused(arguments: list[str], said: str, tmp_path: Path) -> None:
    assert said in dnt("power", *SIMULATED, *arguments, cwd=tmp_path).check(2).stderr
