"""CSV as it is met: commas, semicolons or tabs, a decimal point or comma, UTF-8, UTF-16 or Windows-1252."""

from __future__ import annotations

import contextlib
import csv
import io
import re
from dataclasses import replace
from typing import Any

import pandas as pd

from dnt_cli.errors import DataError
from dnt_cli.findings import Finding, warning
from dnt_cli.reading.dictionary import Dictionary, RawTable
from dnt_cli.reading.header import IMPORT_ID, LOOK, NO_HINTS, Hints, header_at, labels_above, questions
from dnt_cli.sentences import say

_SEPARATORS = (",", ";", "\t")
# As numbers these would lose a zero, a sign or digits, and two persons could become one: 007, +31, 1E5 (which R and
# Python write as 1e+05), whole numbers beyond what a float holds.
_CODE = re.compile(r"\n[ \t]*(?:[-+]?0\d|\+|[-+]?\d+(?:[.,]\d*)?[eE]\d|[-+]?\d{16})")
_ZERO_BEHIND = re.compile(r"\n[ \t]*[-+]?\d+[.,]\d*[1-9]0+[ \t]*(?=\n)")  # 1.10, which is not 1.1 where both are there
_COMMA_NUMBER = re.compile(r'(?:^|[;\t\n])\s*"?[-+]?\d+,\d+(?:[eE][-+]?\d+)?"?\s*(?=[;\t\r\n]|$)')
_SEPARATOR_LINE = re.compile(r"\ufeff?\"?sep=(.)\"?\r?\n?", re.IGNORECASE)  # for Excel, above the names
_LONG = 100_000  # characters in which the line with the names is looked for
_SIGNS = {
    "thousands": re.compile(r"\n[ \t]*[-+]?[1-9]\d{0,2}(?:\.\d{3})+[ \t]*(?=\n)"),
    "point": re.compile(r"\n[ \t]*[-+]?(?:\d+\.(?:\d{1,2}|\d{4,})|0*\.\d+|0\d*\.\d+|\d{4,}\.\d+)[ \t]*(?=\n)"),
    "fraction": re.compile(r"\n[ \t]*[-+]?(?:0\.\d*|\d+\.(?!0+[ \t]*\n)(?:\d{1,2}|\d{4,}))[ \t]*(?=\n)"),
    "comma": re.compile(r"\n[ \t]*[-+]?(?:\d+,(?:\d{1,2}|\d{4,})|0,\d+|\d{1,3}(?:\.\d{3})+,\d+)[ \t]*(?=\n)"),
}


def read_csv(content: bytes, name: str, hints: Hints = NO_HINTS) -> RawTable:
    """A table from CSV text, and remarks on how it was read.

    Words stay what they are, only an empty field is missing. R's NA becomes missing later, unless the study has a level
    of that name. Columns that hold codes, such as 007, stay text, and so do numbers such as 1.785, unless the rest of
    the file shows whether that is less than two or more than a thousand.

    Raises:
        DataError: No text, or no table.
    """
    text, findings = _decoded(content, name)
    no_table = DataError(say("no_csv", file=name))
    if "\0" in text:
        raise no_table
    text, separator, labels, found = _from_header(text, name, hints)
    findings += found
    header = re.split("[\r\n]", text, maxsplit=1)[0]
    decimal = "." if separator == "," else hints.decimal or ("," if _COMMA_NUMBER.search(text) else ".")
    try:
        names = next(csv.reader([header], delimiter=separator))
        whole = _ends_with_separators(text, separator, len(names))
        texts = _read(text, separator, dtype=str, index_col=False if whole else None)
        if len(texts) > 1 and texts.iloc[1].astype(str).str.contains(IMPORT_ID, regex=False).any():
            labels = questions(names, texts.iloc[0].fillna("").tolist())
            texts = texts.iloc[2:].reset_index(drop=True)
            text = texts.to_csv(index=False, sep=separator)
            findings += (warning("", "questions_dropped", count=2),)
        marks = [_marks(texts.iloc[:, i]) for i in range(texts.shape[1])]
        frame = _read(
            text, separator, decimal=decimal, float_precision="round_trip", dtype_backend="numpy_nullable",
            index_col=False if whole else None,
        )  # fmt: skip
    except (pd.errors.ParserError, pd.errors.EmptyDataError, csv.Error, StopIteration):
        raise no_table from None
    if not isinstance(frame.index, pd.RangeIndex):  # lines longer than the header would shift the columns
        raise no_table
    if whole:
        findings += (warning("", "columns_blank", file=name, count=1),)
    shown = {"."} if any("point" in mark for mark in marks) else set()
    shown |= {","} if decimal == "," or any("comma" in mark for mark in marks) else set()
    if separator != "," and "." in shown:  # such a file may have its thousands with points all the same
        shown.add(",")
    settled = hints.decimal is not None or shown == {"."}
    for i, mark in enumerate(marks):
        if "code" in mark or ("thousands" in mark and not (settled and decimal == ".")):
            frame.isetitem(i, _with_points(texts.iloc[:, i], decimal).astype("string").array)
    if texts.iloc[:, -1].isna().any() and (short := _short_lines(text, separator, frame.shape[1])):
        findings += (warning("", "short_lines", file=name, count=short),)
    if len(names) == frame.shape[1]:
        frame.columns = pd.Index(names)  # pandas gives the second of two equal names another one
    frame, found = without_blanks(frame, name)
    return RawTable(frame, Dictionary(labels), findings + found, decimals=frozenset(shown))


def _from_header(text: str, name: str, hints: Hints) -> tuple[str, str, dict[str, str], tuple[Finding, ...]]:
    """The text from the line with the names on, its separator, the labels above, and what is to be told of that."""
    told = _SEPARATOR_LINE.match(text)
    above = 0
    if told:
        text, above = text[told.end() :], 1
    lines = text[:_LONG].splitlines()[:LOOK]
    separator = told[1] if told and told[1] in _SEPARATORS else max(_SEPARATORS, key=lambda s: _most(lines, s))
    with contextlib.suppress(csv.Error):
        rows = [next(csv.reader([line], delimiter=separator), []) for line in lines]
        wanted = hints if hints.header_row is None else replace(hints, header_row=max(hints.header_row - above, 1))
        at = header_at(rows, wanted)
        if at > 0:
            if at >= len(text.splitlines()):
                raise DataError(say("no_such_line", file=name, line=at + above + 1))
            text = "".join(text.splitlines(keepends=True)[at:])
            told_name = "header_given" if hints.header_row is not None else "header_found"
            told_above = warning("", told_name, file=name, row=at + above + 1)
            return text, separator, labels_above(rows[at], rows[:at]) if at < len(rows) else {}, (told_above,)
    return text, separator, {}, ()


def _most(lines: list[str], separator: str) -> int:
    """How often a separator stands in the first line that has two or more of any; else in the first."""
    for line in lines:
        if max(line.count(one) for one in _SEPARATORS) > 1:
            return line.count(separator)
    return lines[0].count(separator) if lines else 0


def _ends_with_separators(text: str, separator: str, width: int) -> bool:
    """Whether all lines end with more separators than the header, with nothing between them."""
    second = re.split("\r\n|\r|\n", text, maxsplit=2)[1:2]
    if not second or not second[0].rstrip().endswith(separator):
        return False
    with contextlib.suppress(csv.Error):
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if row][1:]
        surplus = [row[width:] for row in rows]
        return bool(rows) and all(cells and not any(map(str.strip, cells)) for cells in surplus)
    return False


def without_blanks(frame: pd.DataFrame, name: str) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    """Without the rows and the unnamed columns that hold nothing; other unnamed columns get a name."""
    findings: tuple[Finding, ...] = ()
    names = [str(c).strip() for c in frame.columns]
    unnamed = [i for i, column in enumerate(names) if not column]
    blank = [i for i in unnamed if _blank(frame.iloc[:, i]).all()]
    if blank not in ([], [0]):
        frame = frame.iloc[:, [i for i in range(frame.shape[1]) if i not in blank]]
        findings += (warning("", "columns_blank", file=name, count=len(blank)),)
    # The first may hold the names of rows, as R writes them.
    places = [i for i, column in enumerate(frame.columns) if i and not str(column).strip()]
    if places:
        columns = [f"column {i + 1}" if i in places else column for i, column in enumerate(frame.columns)]
        frame = frame.set_axis(columns, axis=1)
        findings += (warning("", "columns_unnamed", file=name, count=len(places)),)
    gone = pd.Series(frame.shape[1] > 0, index=frame.index)
    for i in range(frame.shape[1]):
        gone &= _blank(frame.iloc[:, i])
        if not gone.any():
            break
    if gone.any():
        frame = frame[~gone].reset_index(drop=True)
        findings += (warning("", "rows_blank", file=name, count=int(gone.sum())),)
    return frame, findings


def _blank(values: pd.Series) -> pd.Series:
    """Which cells hold nothing, or nothing but blanks."""
    empty = values.isna()
    if values.dtype == "object" or pd.api.types.is_string_dtype(values.dtype):
        empty |= values.map(lambda value: isinstance(value, str) and not value.strip(), na_action="ignore").eq(True)
    return empty.fillna(True).astype(bool)


def _read(text: str, separator: str, **options: Any) -> pd.DataFrame:
    """What pandas makes of the text; only an empty field is missing."""
    frame: pd.DataFrame = pd.read_csv(
        io.StringIO(text), sep=separator, keep_default_na=False, na_values=[""], **options
    )
    return frame


def _marks(values: pd.Series) -> set[str]:
    """What the texts of a column show: `code` where numbers would be another thing, else how numbers are written."""
    different = values.dropna().unique().tolist()
    together = "\n".join(["", *different, ""])  # one search is faster than one per value
    marks = {name for name, pattern in _SIGNS.items() if pattern.search(together)}
    if "fraction" in marks:  # 5.0 is written beside 1.234 too
        marks.discard("thousands")
    if _CODE.search(together):
        marks.add("code")
    elif _ZERO_BEHIND.search(together):
        written = {value.strip() for value in different}
        bare = {text.rstrip("0") if _ZERO_BEHIND.match(f"\n{text}\n") else text for text in written}
        marks |= {"code"} if len(bare) < len(written) else set()
    return marks


def _with_points(texts: pd.Series, decimal: str) -> pd.Series:
    """Texts that stay so, but with a point where the file has a decimal comma."""
    return texts.str.replace(r"^(\s*[-+]?\d+),(\d+\s*)$", r"\1.\2", regex=True) if decimal == "," else texts


def _short_lines(text: str, separator: str, width: int) -> int:
    """How many lines, other than empty ones, end before the last column: of a file that was cut off, the last one."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    with contextlib.suppress(csv.Error):  # a field of a size that pandas reads and this does not
        return sum(0 < len(row) < width for row in rows)
    return 0


def _decoded(content: bytes, name: str) -> tuple[str, tuple[Finding, ...]]:
    marked = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in (*(["utf-16"] if marked else []), "utf-8-sig", "cp1252"):
        with contextlib.suppress(UnicodeDecodeError):
            found = (warning("", "windows_1252", file=name),) if encoding == "cp1252" else ()
            return content.decode(encoding), found
    raise DataError(say("unreadable", file=name))
