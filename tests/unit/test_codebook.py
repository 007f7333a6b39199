"""The codebook: codes that were met, values, and answers per wave and group, against a count by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from dnt_cli.cli.app import app, load_commands
from dnt_cli.description.codebook import codebook_table
from dnt_cli.description.persons import Behind
from dnt_cli.description.result import are_figures
from dnt_cli.description.run import describe
from dnt_cli.reading import examined, hints_of, prepare, read_table
from dnt_cli.reading.left_out import missing_codes
from dnt_cli.stagefile.container import read_stage
from dnt_cli.study import load_study
from dnt_cli.wording import Wording

CASE = Path(__file__).parents[1] / "cases" / "60-wide-clients"


@pytest.fixture(scope="module")
def figures() -> pd.DataFrame:
    study = load_study(str(CASE / "mended.toml"))
    prepared = prepare(read_table((CASE / "clienten.csv").read_bytes(), "clienten.csv", hints_of(study)), study)
    return describe(examined(prepared, study).checked(), study, missing_codes=missing_codes(prepared.findings))


@pytest.fixture(scope="module")
def rows(figures: pd.DataFrame) -> dict[str, list[str]]:
    study = load_study(str(CASE / "mended.toml"))
    table = codebook_table(figures, Wording(study, "en"), Behind(figures, study))
    return {row[0].text: [cell.text for cell in row] for row in table.rows}


def test_codes_for_no_answer_are_those_of_the_file(rows: dict[str, list[str]]) -> None:
    file = pd.read_csv(CASE / "clienten.csv", sep=";", dtype=str)
    for variable, code in (("stress", "-99"), ("inkomen", "-99"), ("rondkomen", "weet niet")):
        met = int((file.filter(regex=f"^{variable}_") == code).sum().sum())
        assert rows[variable][4] == f"{code}: {met}"
    assert rows["schuld"][4] == ""


def test_a_stage_file_keeps_the_codes_that_its_file_had(tmp_path: Path) -> None:
    """What is described is the same whether the survey was converted first or not."""
    load_commands()
    study, source, stage = str(CASE / "mended.toml"), str(CASE / "clienten.csv"), str(tmp_path / "s.parquet")
    commands = (
        ("convert", source, "--study", study, "-o", stage),
        ("describe", stage, "-o", str(tmp_path / "after.parquet")),
        ("describe", source, "--study", study, "-o", str(tmp_path / "at-once.parquet")),
    )
    for command in commands:
        assert CliRunner().invoke(app, [*command]).exit_code == 0
    files = ((tmp_path / f"{name}.parquet").read_bytes() for name in ("after", "at-once"))
    after, at_once = (read_stage(content, "x", ["description"], "test").frame for content in files)
    assert (at_once["table"] == "codebook").any()
    pd.testing.assert_frame_equal(after, at_once)


def test_answers_per_wave_and_group_are_those_of_the_file(rows: dict[str, list[str]]) -> None:
    file = pd.read_csv(CASE / "clienten.csv", sep=";", dtype=str)
    group = file["Groep"].ffill()
    for wave, cell in zip(("T0", "T1", "T2"), rows["stress"][5:], strict=True):
        answered = file[f"stress_{wave}"].notna() & (file[f"stress_{wave}"] != "-99")
        n = answered.groupby(group).sum()
        assert cell == f"{n['Schuldhulp Plus']} + {n['Gebruikelijke hulp']}"


def test_a_code_in_words_of_an_outcome_with_classes_is_a_figure_of_the_file(figures: pd.DataFrame) -> None:
    study = load_study(str(CASE / "mended.toml"))
    coded = figures[(figures["variable"] == "rondkomen") & (figures["level"] == "weet niet")]
    assert set(coded["table"]) == {"codebook"}
    assert are_figures(coded.to_dict("records"), study)  # type: ignore[arg-type]
    assert not are_figures(coded.assign(table="trend").to_dict("records"), study)  # type: ignore[arg-type]


def test_values_are_said_in_words(rows: dict[str, list[str]]) -> None:
    assert rows["stress"][2:4] == ["score", "1–7"]
    assert rows["rondkomen"][3].startswith("1 = zeer moeilijk, 2 = moeilijk")
    assert rows["makkelijk"][3] == "follows from rondkomen"
    assert rows["schuld"][3] == "0 = no, 1 = yes"
