"""CSV as it is met: commas, semicolons or tabs, a decimal point or comma, UTF-8, UTF-16 or Windows-1252."""

from __future__ import annotations

import csv
import io
import re

import pandas as pd

from dnt_cli.errors import DataError

_SEPARATORS = (",", ";", "\t")
_COMMA_NUMBER = re.compile(r"(?:^|[;\t\n])\s*-?\d+,\d+\s*(?=[;\t\r\n]|$)")


def read_csv(content: bytes, name: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """A data frame from CSV text, and remarks on how it was read.

    Words stay what they are, only an empty field is missing. R's NA becomes missing later, unless the study has a level
    of that name.

    Raises:
        DataError: No text, or no table.
    """
    text, notes = _decoded(content, name)
    header = re.split("[\r\n]", text, maxsplit=1)[0]
    separator = max(_SEPARATORS, key=header.count)
    no_table = DataError(f"{name} is not a CSV table with one header line and as many fields in every line.")
    if "\0" in text:
        raise no_table
    decimal = "," if separator == ";" or (separator == "\t" and _COMMA_NUMBER.search(text)) else "."
    try:
        frame: pd.DataFrame = pd.read_csv(
            io.StringIO(text),
            sep=separator,
            decimal=decimal,
            keep_default_na=False,
            na_values=[""],
            dtype_backend="numpy_nullable",
        )
        names = next(csv.reader([header], delimiter=separator))
    except (pd.errors.ParserError, pd.errors.EmptyDataError, csv.Error, StopIteration):
        raise no_table from None
    if not isinstance(frame.index, pd.RangeIndex):  # lines longer than the header would shift the columns
        raise no_table
    if len(names) == frame.shape[1]:
        frame.columns = pd.Index(names)  # pandas gives the second of two equal names another one
    return frame, notes


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
