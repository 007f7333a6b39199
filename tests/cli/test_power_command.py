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
