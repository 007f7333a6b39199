"""CSV as it is met: commas, semicolons or tabs, a decimal point or comma, UTF-8, UTF-16 or Windows-1252."""

from __future__ import annotations

import contextlib
import csv
import io
import re
from typing import Any

import pandas as pd

from dnt_cli.errors import DataError

_SEPARATORS = (",", ";", "\t")
# As numbers these would lose a zero, a sign or digits, and two persons could become one: 007, +31, 1E5 (which R and
# Python write as 1e+05), whole numbers beyond what a float holds.
_CODE = re.compile(r"\n[ \t]*(?:[-+]?0\d|\+|[-+]?\d+(?:[.,]\d*)?[eE]\d|[-+]?\d{16})")
_ZERO_BEHIND = re.compile(r"\n[ \t]*[-+]?\d+[.,]\d*[1-9]0+[ \t]*(?=\n)")  # 1.10, which is not 1.1 where both are there
_COMMA_NUMBER = re.compile(r'(?:^|[;\t\n])\s*"?[-+]?\d+,\d+(?:[eE][-+]?\d+)?"?\s*(?=[;\t\r\n]|$)')
_THOUSANDS = re.compile(r"\s*[-+]?\d{1,3}(?:\.\d{3})+\s*$")


def read_csv(content: bytes, name: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """A data frame from CSV text, and remarks on how it was read.

    Words stay what they are, only an empty field is missing. R's NA becomes missing later, unless the study has a level
    of that name. Columns that hold codes, such as 007, stay text.

    Raises:
        DataError: No text, or no table.
    """
    text, notes = _decoded(content, name)
    header = re.split("[\r\n]", text, maxsplit=1)[0]
    separator = max(_SEPARATORS, key=header.count)
    no_table = DataError(f"{name} is not a CSV table with one header line and as many fields in every line.")
    if "\0" in text:
        raise no_table
    decimal = "," if separator != "," and _COMMA_NUMBER.search(text) else "."
    try:
        texts = _read(text, separator, dtype=str)
        codes = [i for i in range(texts.shape[1]) if _holds_codes(texts.iloc[:, i])]
        frame = _read(text, separator, decimal=decimal, float_precision="round_trip", dtype_backend="numpy_nullable")
        names = next(csv.reader([header], delimiter=separator))
    except (pd.errors.ParserError, pd.errors.EmptyDataError, csv.Error, StopIteration):
        raise no_table from None
    if not isinstance(frame.index, pd.RangeIndex):  # lines longer than the header would shift the columns
        raise no_table
    for i in codes:
        frame.isetitem(i, _with_points(texts.iloc[:, i], decimal).astype("string").array)
    if texts.iloc[:, -1].isna().any() and (short := _short_lines(text, separator, frame.shape[1])):
        notes += (f"{name}: {short} lines have fewer fields than the header; the others were taken as no answer.",)
    if decimal == "," and (doubtful := [str(column) for column in texts if _may_be_thousands(texts[column])]):
        notes += (f"{name}: {', '.join(doubtful)}: a point was read as the decimal sign, not as that of thousands.",)
    if len(names) == frame.shape[1]:
        frame.columns = pd.Index(names)  # pandas gives the second of two equal names another one
    return frame, notes


def _read(text: str, separator: str, **options: Any) -> pd.DataFrame:
    """What pandas makes of the text; only an empty field is missing."""
    frame: pd.DataFrame = pd.read_csv(
        io.StringIO(text), sep=separator, keep_default_na=False, na_values=[""], **options
    )
    return frame


def _holds_codes(values: pd.Series) -> bool:
    """Whether numbers would be another thing than the texts of a column."""
    different = values.dropna().unique().tolist()
    together = "\n".join(["", *different, ""])  # one search is faster than one per value
    if _CODE.search(together):
        return True
    if not _ZERO_BEHIND.search(together):
        return False
    written = {value.strip() for value in different}
    return len({text.rstrip("0") if _ZERO_BEHIND.match(f"\n{text}\n") else text for text in written}) < len(written)


def _with_points(texts: pd.Series, decimal: str) -> pd.Series:
    """Texts that stay so, but with a point where the file has a decimal comma."""
    return texts.str.replace(r"^(\s*[-+]?\d+),(\d+\s*)$", r"\1.\2", regex=True) if decimal == "," else texts


def _short_lines(text: str, separator: str, width: int) -> int:
    """How many lines, other than empty ones, end before the last column: of a file that was cut off, the last one."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    with contextlib.suppress(csv.Error):  # a field of a size that pandas reads and this does not
        return sum(0 < len(row) < width for row in rows)
    return 0


def _may_be_thousands(values: pd.Series) -> bool:
    """Whether all points in a column could stand between thousands."""
    dotted = [str(value) for value in values.dropna().unique() if "." in str(value)]
    return bool(dotted) and all(_THOUSANDS.match(value) for value in dotted)


def _decoded(content: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    for mark in (b"\xff\xfe", b"\xfe\xff"):
        if content.startswith(mark):
            try:
                return content.decode("utf-16"), ()
            except UnicodeDecodeError:
                break
    try:
        return content.decode("utf-8-sig"), ()
    except UnicodeDecodeError:
        pass
    try:
        return content.decode("cp1252"), (f"{name} is not UTF-8; it was read as Windows-1252.",)
    except UnicodeDecodeError:
        raise DataError(
            f"{name} is no file that dnt can read: Parquet, SPSS (.sav), Stata (.dta), Excel (.xlsx) or CSV."
        ) from None
