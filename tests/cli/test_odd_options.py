"""Options with values that nobody expects, and options that meet where nobody thought of it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from tests.support.process import dnt
from tests.support.small import STUDY, survey

REGISTER = """
[outcomes.wage]
label = "Wage"
kind = "linear"
source = "register"
waves = ["T0", "T1", "T2"]
"""


def test_settings_are_told_as_the_study_file_writes_them(folder: Path) -> None:
    dnt("fit-t3", "imputed.parquet", "-o", "at.parquet", "--at", "T1", "--jobs", "1", cwd=folder).check()
    told = dnt("info", "at.parquet", cwd=folder).check().text
    assert "skew       true" in told
    assert "at         [T1]" in told
    assert not re.search("True|False|None|'", told)


def test_a_second_table_is_json_where_asked(folder: Path) -> None:
    rows = json.loads(dnt("info", "t3.parquet", "--table", "fits", "--json", cwd=folder).check().text)
    plain = dnt("info", "t3.parquet", "--table", "fits", cwd=folder).check().text
    assert len(rows) == len(plain.splitlines()) - 1 > 0
    assert list(rows[0]) == plain.splitlines()[0].split(",")


def test_gaps_in_a_covariate_from_csv_reach_stata_and_spss(folder: Path) -> None:
    frame = survey()
    gaps = frame["id"] == frame["id"].iloc[0]
    frame.assign(place=frame["place"].mask(gaps)).to_csv(folder / "gaps.csv", index=False)
    for suffix in ("dta", "sav"):
        dnt("convert", "gaps.csv", "--study", "study.toml", "-o", f"x.{suffix}", cwd=folder).check()
        dnt("convert", f"x.{suffix}", "-o", f"{suffix}.csv", cwd=folder).check()
        back = pd.read_csv(folder / f"{suffix}.csv")["place"]
        assert back.isna().tolist() == gaps.tolist()
        assert back.dropna().map({1.0: "town", 2.0: "village"}).tolist() == frame["place"][~gaps].tolist()


def test_tables_of_drop_outs_leave_out_a_register_outcome_that_stands_beside_nothing(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(STUDY.replace("[covariates.place]", f"{REGISTER}\n[covariates.place]"))
    frame = survey()
    frame.to_csv(tmp_path / "survey.csv", index=False)
    persons = frame["id"].unique()
    wages = [
        (p, wave, 100.0 + i * (t + 1) % 7) for i, p in enumerate(persons) for t, wave in enumerate(("T0", "T1", "T2"))
    ]
    pd.DataFrame(wages, columns=["id", "wave", "wage"]).to_csv(tmp_path / "register.csv", index=False)
    words = ("impute", "survey.csv", "--study", "study.toml", "--register", "register.csv", "-o", "i.parquet")
    dnt(*words, "--jobs", "1", cwd=tmp_path).check()
    run = dnt("robustness", "i.parquet", "--checks", "e,d", "--jobs", "1", cwd=tmp_path).check()
    grids = [part for part in run.text.split("If drop-outs do worse")[1:]]
    assert len(grids) == 4
    for grid in grids:
        table = grid.split("Delta: ")[0]
        assert "Score [of all]" in table
        assert "Wage" not in table
    assert "Wage" in run.text.split("If drop-outs do worse")[0]


@pytest.mark.parametrize("command", ["describe survey.parquet", "robustness imputed.parquet --jobs 1"])
@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("study.toml", 11, "Cannot make the folder study.toml"),
        ("new/study/" + "a" * 300, 11, "Cannot make the folder new"),
        ("", 2, "--figures names no folder; give one, such as --figures figures."),
        ("x.parquet", 2, "-o x.parquet and --figures x.parquet name the same place"),
        ("./x.parquet/new", 2, "-o x.parquet and --figures ./x.parquet/new name the same place"),
    ],
)
def test_a_folder_for_figures_is_tried_before_any_work(
    command: str, name: str, code: int, message: str, folder: Path
) -> None:
    before = sorted(folder.rglob("*"))
    run = dnt(*command.split(), "-o", "x.parquet", "--figures", name, cwd=folder).check(code)
    assert message in run.stderr
    assert run.stdout == b""
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("-m", "²"), 2, "-m ²: expected a whole number from 1 to 10000, or auto."),
        (("-m", "9" * 5000), 2, "expected a whole number from 1 to 10000, or auto."),
        (("-m", "4294967296"), 2, "-m 4294967296: expected a whole number from 1 to 10000, or auto."),
        (("--iterations", "4294967296"), 2, "--iterations 4294967296: expected at most 10000."),
        (("--set", "imputation.m=4294967296"), 10, "imputation.m: expected a whole number of at most 10000."),
        (("--set", "imputation.iterations=10001"), 10, "imputation.iterations: expected a whole number of at most"),
        (("--set", "robustness.second_m=10001"), 10, "robustness.second_m: expected a whole number of at most 10000."),
    ],
)  # fmt: skip
def test_a_number_of_imputations_that_would_take_for_ever_is_refused(
    words: tuple[str, ...], code: int, message: str, folder: Path
) -> None:
    run = dnt("impute", "survey.parquet", "-o", "x.parquet", *words, cwd=folder).check(code)
    assert message in run.stderr
    assert not (folder / "x.parquet").exists()


def test_a_raised_digit_is_no_rung(folder: Path) -> None:
    run = dnt("fit-longitudinal", "imputed.parquet", "--controls", "²", "-o", "x.parquet", cwd=folder).check(2)
    assert "--controls ²: unknown." in run.stderr


def test_the_list_of_checks_as_rows(folder: Path) -> None:
    rows = json.loads(dnt("robustness", "--list", "--json", cwd=folder).check().text)
    assert [row["check"] for row in rows] == list("abcdefghijklmn")
    assert all(row["title"] and row["explanation"] for row in rows)


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_a_figure_replaces_a_figure_and_nothing_else(folder: Path, suffix: str) -> None:
    figure = folder / f"effects.{suffix}"
    words = ("show", "t3.parquet", "--figure", figure.name)
    dnt(*words, cwd=folder).check()
    drawn = figure.read_bytes()
    dnt(*words, cwd=folder).check()
    assert figure.read_bytes() == drawn
    figure.write_bytes(b"a photograph")
    run = dnt(*words, cwd=folder).check(11)
    assert f"effects.{suffix} exists and is no figure that dnt drew" in run.stderr
    assert figure.read_bytes() == b"a photograph"
    dnt(*words, "--force", cwd=folder).check()
    assert figure.read_bytes() == drawn


def test_figures_of_outcomes_replace_figures_and_nothing_else(folder: Path) -> None:
    (folder / "figures").mkdir()
    own = folder / "figures" / "work.svg"
    own.write_bytes(b"a photograph")
    words = ("describe", "survey.parquet", "--figures", "figures")
    assert "--force" in dnt(*words, cwd=folder).check(11).stderr
    assert [path.name for path in (folder / "figures").iterdir()] == ["work.svg"]
    assert own.read_bytes() == b"a photograph"
    dnt(*words, "--force", cwd=folder).check()
    dnt(*words, cwd=folder).check()
    assert b"<svg" in own.read_bytes()
