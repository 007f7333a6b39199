"""Dates that Python cannot hold, and workbooks that claim more than they hold."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pandas as pd
import pyreadstat
import pytest

from dnt_cli.errors import DataError
from dnt_cli.reading import prepare, read_table
from dnt_cli.study import parse_study
from tests.support.studies import BASE

_DAY = 86_400.0
_2020 = (date(2020, 3, 1) - date(1582, 10, 14)).days * _DAY


def spss(values: list[float | None], form: str, folder: Path) -> bytes:
    frame = pd.DataFrame({"id": ["a", "b", "c"], "visit": pd.Series(values, dtype="float64")})
    pyreadstat.write_sav(frame, str(folder / "x.sav"), variable_format={"visit": form})
    return (folder / "x.sav").read_bytes()


@pytest.mark.parametrize("odd", [_2020 + 10_000 * 365.25 * _DAY, -600_000 * _DAY, 1e300])
@pytest.mark.parametrize(("form", "right"), [("DATE11", date(2020, 3, 1)), ("DATETIME20", datetime(2020, 3, 1))])
def test_an_impossible_date_is_missing_and_told(odd: float, form: str, right: date, tmp_path: Path) -> None:
    raw = read_table(spss([_2020, odd, None], form, tmp_path), "x.sav")
    assert raw.frame["visit"].tolist() == [right, None, None]
    assert [str(f) for f in raw.findings] == ["visit: dates outside the years 1 to 9999 were taken as no answer (1)"]


@pytest.mark.parametrize("used", [True, False])
def test_a_date_is_told_of_only_where_the_study_uses_its_column(used: bool, tmp_path: Path) -> None:
    frame = pd.DataFrame({"person": ["a", "b"], "visit": [_2020, 1e15]})
    pyreadstat.write_sav(frame, str(tmp_path / "x.sav"), variable_format={"visit": "DATE11"})
    raw = read_table((tmp_path / "x.sav").read_bytes(), "x.sav")
    more = '\n[files.columns]\nvisit = "score"\n' if used else ""
    names = [finding.name for finding in prepare(raw, parse_study(BASE + more)).findings]
    assert ("reading.dates_beyond" in names) == used


@pytest.mark.parametrize("form", ["DATE11", "DATETIME20", "TIME8"])
def test_what_is_converted_here_is_what_the_library_makes(form: str, tmp_path: Path) -> None:
    """Beside a column that makes it refuse."""
    good = read_table(spss([_2020 + 3661, -5 * _DAY, None], form, tmp_path), "x.sav").frame["visit"]
    frame = pd.DataFrame({"visit": [_2020 + 3661, -5 * _DAY, None], "odd": [1e15, 0.0, 0.0]})
    pyreadstat.write_sav(frame, str(tmp_path / "y.sav"), variable_format={"visit": form, "odd": "DATE11"})
    ours = read_table((tmp_path / "y.sav").read_bytes(), "y.sav").frame["visit"]
    plain = [v.to_pydatetime() if isinstance(v, pd.Timestamp) else v for v in good[:2]]
    assert ours[:2].tolist() == plain
    assert isinstance(ours[0], (date, time))


def workbook(change: Callable[[bytes], bytes]) -> bytes:
    """A table of two rows whose sheet was changed by another program."""
    book, written, changed = openpyxl.Workbook(), io.BytesIO(), io.BytesIO()
    for row in (("id", "x"), ("a", 1), ("b", 2)):
        book.active.append(row)
    book.save(written)
    with zipfile.ZipFile(written) as before, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            content = before.read(name)
            after.writestr(name, change(content) if name.endswith("sheet1.xml") else content)
    return changed.getvalue()


def behind(rows: str) -> Callable[[bytes], bytes]:
    return lambda sheet: sheet.replace(b"</sheetData>", rows.encode() + b"</sheetData>")


@pytest.mark.parametrize(
    "change",
    [
        lambda sheet: re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:XFD1048576"', sheet),
        behind('<row r="1048576"><c r="A1048576" s="0"/></row>'),
        behind('<row r="4"><c r="XFD4" s="0"/></row>'),
    ],
    ids=["claims all cells", "last row", "last column"],
)
def test_a_sheet_is_read_to_its_last_filled_cell(change: Callable[[bytes], bytes]) -> None:
    assert read_table(workbook(change), "x.xlsx").frame.to_dict("list") == {"id": ["a", "b"], "x": [1, 2]}


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="999999999"><c r="A999999999" s="0"/></row>',
        "".join(f'<row r="{i}"><c r="XFD{i}" s="0"/></row>' for i in range(4, 80)),
    ],
    ids=["a row that cannot exist", "wide rows"],
)  # fmt: skip
def test_a_sheet_of_nothing_is_refused(rows: str) -> None:
    with pytest.raises(DataError, match="very many empty cells"):
        read_table(workbook(behind(rows)), "x.xlsx")
