"""`dnt release`: what it writes, what it refuses, and what an earlier release makes of a later one."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import docx
import openpyxl
import pytest

from tests.support.process import CANARIES, Run, dnt


@pytest.fixture(scope="module")
def released(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small study, released; beside it what was asked for and refused."""
    folder = tmp_path_factory.mktemp("released")
    shutil.copytree(made, folder, dirs_exist_ok=True)
    (folder / "figure.svg").write_text("<svg/>", encoding="utf-8")
    run = dnt(
        "release", "description.parquet", "t3.parquet", "survey.parquet", "figure.svg", "--figures", "--report",
        "-o", "export", "--lang", "en", cwd=folder,
    ).check(1)  # fmt: skip
    (folder / "stderr.txt").write_text(run.stderr, encoding="utf-8")
    return folder


def test_each_file_is_written_in_three_forms_with_the_papers_of_the_checker(released: Path) -> None:
    names = {path.name for path in (released / "export").iterdir()}
    assert {"description.xlsx", "description.docx", "description.csv"} < names
    assert {"outputcheck.xlsx", "outputcheck.txt"} < names
    assert not any("survey" in name or name == "figure.svg" for name in names)
    assert [path.name for path in (released / "export-stays-inside").iterdir()] == ["release.json"]


def test_what_was_asked_for_and_is_left_out_is_said(released: Path) -> None:
    said = (released / "stderr.txt").read_text(encoding="utf-8")
    assert "figure.svg is a figure" in said
    assert "survey holds a line for every person" in said
    assert "preset cbs" in said  # the study of the test sets no rules


def test_no_count_below_the_threshold_and_no_person_is_in_the_folder(released: Path) -> None:
    for path in (released / "export").glob("*.xlsx"):
        for sheet in openpyxl.load_workbook(path):
            for row in sheet.iter_rows(values_only=True):
                assert not any(mark in str(value) for value in row for mark in CANARIES)
    book = openpyxl.load_workbook(released / "export/description.xlsx")
    counts = [
        str(v).split(" (")[0] for s in book for row in s.iter_rows(values_only=True) for v in row if "%)" in str(v)
    ]
    assert all(int(count) >= 10 for count in counts if count.isdigit())


def test_the_workbook_of_the_checker_counts_what_was_left_out(released: Path) -> None:
    book = openpyxl.load_workbook(released / "export/outputcheck.xlsx")
    assert len(book.sheetnames) == 5
    first = [row[0] or "" for row in book.worksheets[0].iter_rows(values_only=True)]
    assert first[0].startswith("Output")
    assert "[x]" in " ".join(first)
    assert all(any(text.startswith(f"{name}:") for text in first) for name in book.sheetnames[1:])
    assert all(c.alignment.wrap_text for c in book.worksheets[0]["A"] if len(str(c.value)) > 160)
    left = json.loads((released / "export-stays-inside/release.json").read_text(encoding="utf-8"))["left"]
    listed = [
        row for row in book.worksheets[3].iter_rows(min_row=3, values_only=True) if row[0] in ("description", "t3")
    ]
    assert len(listed) == sum(own["rule"] != "note" and own["source"] in ("description", "t3") for own in left)


def test_the_report_is_written_and_the_checker_knows_of_it(released: Path) -> None:
    document = docx.Document(str(released / "export/report.docx"))
    texts = [paragraph.text for paragraph in document.paragraphs]
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    assert any(text.startswith("Made for release") for text in texts)
    assert "[x]" in cells
    assert not any("INSIDE" in text for text in (*texts, document.sections[0].header.paragraphs[0].text))
    assert not any(mark in text for text in (*texts, *cells) for mark in CANARIES)
    files = openpyxl.load_workbook(released / "export/outputcheck.xlsx").worksheets[1]
    assert any(str(row[0]).startswith("report: the report") for row in files.iter_rows(values_only=True))
    assert "report.docx is the report" in (released / "export/outputcheck.txt").read_text(encoding="utf-8")
    assert not (released / "export/report.xlsx").exists()


def test_a_folder_with_files_is_refused_and_a_check_writes_nothing(released: Path) -> None:
    again = dnt("release", "t3.parquet", "-o", "export", cwd=released).check(11)
    assert "holds files already" in again.stderr
    before = sorted(released.iterdir())
    shown = dnt("release", "description.parquet", "--check", "--lang", "en", cwd=released).check()
    assert "What would be released" in shown.text
    assert "HiGHS" not in shown.text + shown.stderr  # the solver of linear programs would print its name
    assert sorted(released.iterdir()) == before
    dnt("release", "description.parquet", cwd=released).check(2)


def test_an_earlier_release_is_known_by_its_log(released: Path) -> None:
    dnt("release", "description.parquet", "-o", "later", "--with", "export", cwd=released).check()
    missing = dnt("release", "t3.parquet", "-o", "more", "--with", "nowhere", cwd=released).check(11)
    assert "put that folder back" in missing.stderr


def test_an_outcome_with_a_number_that_is_left_out_is_not_drawn(released: Path) -> None:
    said = (released / "stderr.txt").read_text(encoding="utf-8")
    drawn = {path.stem for path in (released / "export/figures").glob("*.png")}
    assert f"Drew {len(drawn)} of " in said
    assert drawn <= {"flow", "effects"}  # the study of the test is small
    assert (released / "export/figures.xlsx").exists() == bool(drawn)


def test_nothing_is_written_where_nothing_may_leave(released: Path) -> None:
    dnt("release", "survey.parquet", "-o", "nothing", cwd=released).check(1)
    assert not (released / "nothing").exists()


def test_other_rules_are_given_for_one_release_and_nothing_but_rules(made: Path) -> None:
    """Also where the study names no preset: the rules of CBS, but for what is given."""

    def release(setting: str) -> Run:
        return dnt("release", "description.parquet", "--check", "--lang", "en", "--set", setting, cwd=made)

    usual, strict = (release(f"disclosure.persons={least}").check().text for least in (10, 14))
    row = re.compile(r"Outcomes per wave +(\d+) +\d+")
    assert [int(row.findall(shown)[0]) > 0 for shown in (usual, strict)] == [True, False]
    assert (
        "for significance.strict the files have to be made again" in release("significance.strict=0.01").check(2).stderr
    )
