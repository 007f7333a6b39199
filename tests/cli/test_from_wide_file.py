"""From somebody's wide file to a study that reads it; the tutorial goes on from there to effects."""

from __future__ import annotations

import shutil
from pathlib import Path

import openpyxl

from tests.support.process import dnt

CASE = Path(__file__).parents[1] / "cases" / "60-wide-clients"


def test_the_guesses_of_a_draft_are_listed_by_the_check_and_told_by_what_reads_the_data(tmp_path: Path) -> None:
    shutil.copy(CASE / "clienten.csv", tmp_path)
    made = dnt("study", "init", "clienten.csv", "-o", "study.toml", cwd=tmp_path).check()
    checked = dnt("study", "check", "study.toml", "clienten.csv", cwd=tmp_path).check().text
    assert "Persons seen (Schuldhulp Plus + Gebruikelijke hulp): T0 90 (" in checked
    text = (tmp_path / "study.toml").read_text("utf-8")
    guesses = checked.count("QUESTION")
    assert f"It has {guesses} questions" in made.stderr
    assert guesses == text.count("# ?") > 0
    asked = next(i for i, line in enumerate(text.splitlines(), start=1) if line.startswith("endpoint"))
    assert f'QUESTION  line {asked}: endpoint = "T2" - where the effect is judged' in checked
    described = dnt("describe", "clienten.csv", "--study", "study.toml", cwd=tmp_path).check()
    assert f"{guesses} lines of the study file are still guesses" in described.stderr
    (tmp_path / "study.toml").write_text(text.replace("# ?", "#"), encoding="utf-8")
    assert "QUESTION" not in dnt("study", "check", "study.toml", "clienten.csv", cwd=tmp_path).check().text


def test_a_sheet_and_its_row_with_names_are_written_into_the_draft(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(CASE / "clienten.xlsx")
    book.worksheets[0].title = "data 2024"
    book.worksheets[0].insert_rows(1, amount=2)
    book.create_sheet("notes", 0)["A1"] = "nothing"
    book.save(tmp_path / "clients.xlsx")
    where = ["--sheet", "data 2024", "--header-row", "3"]
    dnt("study", "init", "clients.xlsx", *where, "-o", "study.toml", cwd=tmp_path).check()
    assert 'sheet = "data 2024"\nheader_row = 3' in (tmp_path / "study.toml").read_text("utf-8")
    assert "90 persons" in dnt("study", "check", "study.toml", "clients.xlsx", cwd=tmp_path).check().text
    wrong = dnt("study", "init", "clients.xlsx", "--sheet", "data", cwd=tmp_path).check(11)
    assert "it has notes, data 2024" in wrong.stderr
    assert "name that file too" in dnt("study", "init", "--sheet", "data", cwd=tmp_path).check(2).stderr
