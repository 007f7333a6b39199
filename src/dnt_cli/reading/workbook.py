"""Excel workbooks: which sheet, where its table begins, formulas without a value, and the codebook that dnt writes."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections import Counter
from typing import Any
from xml.etree import ElementTree

import pandas as pd

from dnt_cli.errors import DataError
from dnt_cli.findings import Finding, warning
from dnt_cli.reading.dictionary import Code, Dictionary, RawTable, bound
from dnt_cli.reading.header import IMPORT_ID, LOOK, Hints, header_at, labels_above, questions
from dnt_cli.reading.text import without_blanks
from dnt_cli.sentences import say

CODEBOOK = "codebook"  # the second sheet of a workbook that dnt wrote
_ABOUT = re.compile(r"codebook|codeboek|.*(?:toelichting|legenda|legend|leesmij|readme|read me).*", re.IGNORECASE)
CODEBOOK_COLUMNS = ("column", "label", "code", "value_label", "missing_from", "missing_to")
_MOST_EMPTY = 2_000_000  # rows of a sheet that hold nothing; some seconds of reading
_CELL_COST = 3  # a cell with a format and no value takes as long to read as three such rows
_Rows = list[tuple[Any, ...]]
_EMPTY_FORMULA = re.compile(
    rb'<c r="([A-Z]+)(\d+)"[^>]*>\s*<f(?:\s[^>]*)?(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v></v>)?\s*</c>'
)


def read_workbook(content: bytes, name: str, hints: Hints) -> RawTable:
    """The table on one sheet, with the dictionary of a sheet `codebook`.

    Raises:
        DataError: Damaged, no such sheet, or no table on it.
    """
    book = _opened(content, name)
    titles = [sheet.title for sheet in book.worksheets]
    if hints.sheet is not None and hints.sheet not in titles:
        raise DataError(say("no_sheet", file=name, sheet=hints.sheet, sheets=", ".join(titles)))
    rows: dict[str, _Rows] = {}
    chosen = hints.sheet or _chosen(book, titles, hints, rows, name)
    if chosen not in rows:
        rows[chosen] = _rows(book, chosen, name)
    others = [title for title in titles if title not in (chosen, CODEBOOK)]
    findings: tuple[Finding, ...] = ()
    if others and hints.sheet is None:
        findings = (
            warning("", "one_sheet", file=name, sheet=chosen, others=", ".join(others), first=chosen == titles[0]),
        )
    raw = _table(rows[chosen], chosen, name, hints, _empty_formulas(content, book, chosen))
    codebook = _rows(book, CODEBOOK, name) if CODEBOOK in titles[1:2] and chosen != CODEBOOK else []
    return RawTable(raw.frame, _codebook(codebook).over(raw.dictionary), (*findings, *raw.findings))


def _opened(content: bytes, name: str) -> Any:
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    damaged = DataError(say("no_workbook", file=name))
    if not _is_whole(content):
        raise damaged
    try:
        return openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, ElementTree.ParseError, KeyError, ValueError, OSError, TypeError):
        raise damaged from None


def _rows(book: Any, title: str, name: str) -> _Rows:
    try:
        return _filled_rows(book[title], name)
    except (zipfile.BadZipFile, ElementTree.ParseError, KeyError, ValueError, OSError, TypeError, AttributeError):
        raise DataError(say("no_workbook", file=name)) from None


def _filled_rows(sheet: Any, name: str) -> _Rows:
    """The rows, each to its last filled cell, up to the last that holds something, whatever size the sheet claims.

    Raises:
        DataError: The sheet has far more empty rows or cells than filled ones, and would take long to read.
    """
    sheet.reset_dimensions()
    rows: _Rows = []
    between: _Rows = []
    empty = 0
    for row in sheet.iter_rows(values_only=True):
        last = next((i for i in range(len(row), 0, -1) if row[i - 1] not in (None, "")), 0)
        if last:
            rows += [*between, row[:last]]
            between = []
        elif len(rows) < LOOK:  # so that the rows above the table keep their numbers
            between.append(())
        empty += _CELL_COST * (len(row) - last) + (not last)
        if empty > _MOST_EMPTY:
            raise DataError(say("sheet_empty", file=name, sheet=sheet.title))
    return rows


def _chosen(book: Any, titles: list[str], hints: Hints, rows: dict[str, _Rows], name: str) -> str:
    """The first sheet that is not about the others, unless only another one holds columns of the study."""
    if not titles:
        raise DataError(say("workbook_empty", file=name))
    for title in titles if hints.names else ():
        rows[title] = _rows(book, title, name)
        top = [_texts(row) for row in rows[title][:LOOK]]
        if any(len(hints.names.intersection(row)) > 1 for row in top):
            return title
    return next((title for title in titles if not _ABOUT.fullmatch(title)), titles[0])


def _texts(row: tuple[Any, ...]) -> list[str]:
    return ["" if cell is None else str(cell).strip() for cell in row]


def _table(rows: _Rows, sheet: str, name: str, hints: Hints, empty: dict[tuple[str, int], int]) -> RawTable:
    """The table from its row with names on; empty rows and columns around it do not count."""
    at = header_at([_texts(row) for row in rows[: max(LOOK, hints.header_row or 0)]], hints)
    findings: tuple[Finding, ...] = ()
    above = [row for row in rows[:at] if any(_texts(row))]
    if above:
        told = "header_given" if hints.header_row is not None else "header_found"
        findings = (warning("", told, file=name, row=at + 1),)
    table = [row for row in rows[at:] if any(cell not in (None, "") for cell in row)]
    labels = labels_above(_texts(table[0]), [_texts(row) for row in rows[:at]]) if table else {}
    if len(table) > 2 and any(IMPORT_ID in text for text in _texts(table[2])):
        labels = questions(_texts(table[0]), _texts(table[1]))
        del table[1:3]
        findings += (warning("", "questions_dropped", count=2),)
    width = max((i + 1 for row in table for i, cell in enumerate(row) if cell not in (None, "")), default=0)
    names = (_texts(table[0])[:width] if table else []) + [""] * width
    names = names[:width]
    if len(table) < 2 or not any(names):
        raise DataError(say("sheet_no_table", file=name, sheet=sheet))
    frame = pd.DataFrame([_padded(row, width) for row in table[1:]], columns=names, dtype=object)
    for i in range(width):
        column: Any = frame.iloc[:, i]
        frame.isetitem(i, column.where(column != "", None).infer_objects())
    frame, blanks = without_blanks(frame, name)
    return RawTable(frame, Dictionary(labels), (*findings, *blanks, *_formulas(names, at, empty)))


def _empty_formulas(content: bytes, book: Any, title: str) -> dict[tuple[str, int], int]:
    """(column letters, row) of cells with a formula that no program has worked out."""
    path = str(getattr(book[title], "_worksheet_path", "")).lstrip("/")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            xml = archive.read(path)
    except (KeyError, zipfile.BadZipFile, OSError):
        return {}
    if b"<f" not in xml:
        return {}
    return {(match[1].decode(), int(match[2])): 1 for match in _EMPTY_FORMULA.finditer(xml)}


def _formulas(names: list[str], at: int, empty: dict[tuple[str, int], int]) -> tuple[Finding, ...]:
    from openpyxl.utils import column_index_from_string

    counts = Counter(column_index_from_string(letters) - 1 for letters, row in empty if row > at + 1)
    return tuple(
        warning(names[i], "formula_empty", count=count) for i, count in sorted(counts.items()) if i < len(names)
    )


def _is_whole(content: bytes) -> bool:
    """Whether every part of a ZIP archive can be unpacked and has its checksum."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.testzip() is None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
        return False


def _padded(row: tuple[Any, ...], width: int) -> tuple[Any, ...]:
    """Empty cells at the end of a row need not be in the file."""
    return (*row, *[None] * (width - len(row)))[:width]


def _codebook(rows: list[tuple[Any, ...]]) -> Dictionary:
    """The dictionary from the sheet that `writing` makes."""
    labels: dict[str, str] = {}
    values: dict[str, dict[Code, str]] = {}
    missing: dict[str, tuple[tuple[Code, Code], ...]] = {}
    if not rows or tuple(rows[0][: len(CODEBOOK_COLUMNS)]) != CODEBOOK_COLUMNS:
        return Dictionary()
    for column, label, code, text, low, high in (_padded(row, len(CODEBOOK_COLUMNS)) for row in rows[1:]):
        if label is not None:
            labels[column] = label
        if code is not None:
            values.setdefault(column, {})[code if isinstance(code, str) else float(code)] = text
        if low is not None:
            missing[column] = (*missing.get(column, ()), (bound(low), bound(high)))
    return Dictionary(labels, values, missing)
