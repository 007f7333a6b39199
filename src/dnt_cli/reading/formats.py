"""One table from a file of any format, told by its first bytes."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Any
from xml.etree import ElementTree

import pandas as pd

from dnt_cli.errors import DataError
from dnt_cli.reading.dictionary import Code, Dictionary, Raw, bound
from dnt_cli.reading.readstat import ENCODINGS, PROGRAMS, convert_dates, damage, reader, survives
from dnt_cli.reading.text import read_csv
from dnt_cli.safe_text import restored_frame

CODEBOOK = "codebook"  # the second sheet of a workbook that dnt wrote
CODEBOOK_COLUMNS = ("column", "label", "code", "value_label", "missing_from", "missing_to")
_SPSS, _ZIP, _OLE, _PARQUET = (b"$FL2", b"$FL3"), b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"PAR1"
_MOST_EMPTY = 2_000_000  # rows of a sheet that hold nothing; some seconds of reading
_CELL_COST = 3  # a cell with a format and no value takes as long to read as three such rows
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def read_table(content: bytes, name: str) -> Raw:
    """The table in `content`; of a workbook the first sheet. What has the name of a format is never read as CSV.

    Raises:
        DataError: Damaged, or no table.
    """
    kind = name.lower().rpartition(".")[2]
    if content[:4] == _PARQUET:
        return _read_parquet(content, name)
    if kind == "parquet":
        raise DataError(f"{name} is damaged or cut off.")
    if content[:4] in _SPSS or kind == "sav":
        return _read_statistics(content, name, ".sav")
    if content[:11] == b"<stata_dta>" or kind == "dta":
        return _read_statistics(content, name, ".dta")
    if content[:4] == _OLE:
        raise DataError(f"{name} is an old or a locked Excel file; save it as .xlsx without a password.")
    if content[:4] == _ZIP or kind == "xlsx":
        return _read_workbook(content, name)
    frame, notes = read_csv(content, name)
    return Raw(restored_frame(frame), notes=notes)


def _read_parquet(content: bytes, name: str) -> Raw:
    import pyarrow as pa

    try:
        return Raw(pd.read_parquet(io.BytesIO(content)))
    except (pa.ArrowException, OSError, ValueError, LookupError, TypeError):  # pandas' own part too
        raise DataError(f"{name} is damaged or cut off.") from None


def _read_statistics(content: bytes, name: str, suffix: str) -> Raw:
    """SPSS or Stata, through ReadStat; user-missing codes stay in the table (they vanish unless asked for)."""
    program, read = PROGRAMS[suffix], reader(suffix)
    frame: Any = None
    meta: Any = None
    beyond: dict[str, int] = {}
    for encoding in ENCODINGS if survives(content, suffix) else ():
        try:
            frame, meta = read(io.BytesIO(content), user_missing=True, encoding=encoding)
            break
        except OverflowError:  # a date that Python cannot hold, in whichever column
            frame, meta = read(
                io.BytesIO(content), user_missing=True, encoding=encoding, disable_datetime_conversion=True
            )
            beyond = convert_dates(frame, meta.original_variable_types)
            break
        except UnicodeDecodeError:
            continue
        except damage():
            break
    if frame is None:
        raise DataError(f"{name} is damaged or no {program} file that can be read; save it again from {program}.")
    labels = {column: label for column, label in meta.column_names_to_labels.items() if label}
    values = {column: dict(codes) for column, codes in meta.variable_value_labels.items()}
    missing = {c: tuple((r["lo"], r["hi"]) for r in ranges) for c, ranges in meta.missing_ranges.items()}
    for column, letters in meta.missing_user_values.items():
        frame[column], codes = _letters_as_codes(frame[column], letters)
        values[column] = {codes.get(code, code): label for code, label in values.get(column, {}).items()}
        missing[column] = tuple((code, code) for code in codes.values())
    notes = ["It was read as Windows-1252."] if encoding else []
    notes += [
        f"{name}: {c}: dates outside the years 1 to 9999 were taken as no answer ({n})." for c, n in beyond.items()
    ]
    return Raw(frame, Dictionary(labels, {c: v for c, v in values.items() if v}, missing), tuple(notes))


def _letters_as_codes(values: pd.Series, letters: list[str]) -> tuple[pd.Series, dict[Code, float]]:
    """Stata's .a to .z as the numbers -1 to -26, or lower if the column has such numbers itself."""
    number = pd.to_numeric(values, errors="coerce")
    start = min(0.0, float(number.min()) if number.notna().any() else 0.0) // 1
    codes: dict[Code, float] = {letter: start - 1 - _LETTERS.index(letter) for letter in letters}
    return number.where(~values.isin(letters), values.map(codes)).astype("float64"), codes


def _read_workbook(content: bytes, name: str) -> Raw:
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    damaged = DataError(f"{name} is damaged or no Excel workbook (.xlsx).")
    if not _is_whole(content):
        raise damaged
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheets = {sheet.title: _filled_rows(sheet, name) for sheet in book.worksheets[:2]}
    except (InvalidFileException, zipfile.BadZipFile, ElementTree.ParseError, KeyError, ValueError, OSError, TypeError):
        raise damaged from None
    titles = list(sheets)
    rows = [row for row in sheets[titles[0]] if any(cell not in (None, "") for cell in row)] if titles else []
    width = max((i + 1 for row in rows for i, cell in enumerate(row) if cell not in (None, "")), default=0)
    names = [str(cell).strip() if cell is not None else "" for cell in rows[0][:width]] if rows else []
    if len(names) < width or not all(names) or len(rows) < 2:
        raise DataError(f"{name}: the first sheet is no table with the names of the columns in its first row.")
    frame = pd.DataFrame([_padded(row, width) for row in rows[1:]], columns=names, dtype=object)
    for i in range(width):
        column: Any = frame.iloc[:, i]
        frame.isetitem(i, column.where(column != "", None).infer_objects())
    notes = () if len(titles) < 2 or titles[1] == CODEBOOK else (f"{name}: only its first sheet was read.",)
    return Raw(restored_frame(frame), _codebook(sheets.get(CODEBOOK, [])), notes)


def _filled_rows(sheet: Any, name: str) -> list[tuple[Any, ...]]:
    """The rows that hold something, each to its last filled cell, whatever size the sheet claims.

    Raises:
        DataError: The sheet has far more empty rows or cells than filled ones, and would take long to read.
    """
    sheet.reset_dimensions()
    rows, empty = [], 0
    for row in sheet.iter_rows(values_only=True):
        last = next((i for i in range(len(row), 0, -1) if row[i - 1] not in (None, "")), 0)
        if last:
            rows.append(row[:last])
        empty += _CELL_COST * (len(row) - last) + (not last)
        if empty > _MOST_EMPTY:
            raise DataError(
                f"{name}: the sheet {sheet.title} has very many empty cells beside or below its table. Copy the table "
                "to a new workbook, or save it as CSV."
            )
    return rows


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
