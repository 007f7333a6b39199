"""One table from a file of any format, told by its first bytes."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pandas as pd

from dnt_cli.errors import DataError
from dnt_cli.findings import Finding, warning
from dnt_cli.reading.dictionary import Code, Dictionary, RawTable
from dnt_cli.reading.header import NO_HINTS, Hints
from dnt_cli.reading.readstat import ENCODINGS, PROGRAMS, convert_dates, damage, reader, survives, to_its_end
from dnt_cli.reading.text import read_csv
from dnt_cli.reading.workbook import read_workbook
from dnt_cli.safe_text import restored_frame
from dnt_cli.sentences import say

_SPSS, _ZIP, _OLE, _PARQUET = (b"$FL2", b"$FL3"), b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"PAR1"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def read_table(content: bytes, name: str, hints: Hints = NO_HINTS) -> RawTable:
    """The table in `content`; of a workbook the sheet that the hints name or know, or else the first.

    What has the name of a format is never read as CSV.

    Raises:
        DataError: Damaged, or no table.
    """
    kind = name.lower().rpartition(".")[2]
    if content[:4] == _PARQUET:
        return _read_parquet(content, name)
    if kind == "parquet":
        raise DataError(say("damaged", file=name))
    if content[:4] in _SPSS or kind == "sav":
        return _read_statistics(content, name, ".sav")
    if content[:11] == b"<stata_dta>" or kind == "dta":
        return _read_statistics(content, name, ".dta")
    if content[:4] == _OLE:
        raise DataError(say("old_excel", file=name))
    if content[:4] == _ZIP or kind == "xlsx":
        raw = read_workbook(content, name, hints)
    else:
        raw = read_csv(content, name, hints)
    return replace(raw, frame=restored_frame(raw.frame))


def _read_parquet(content: bytes, name: str) -> RawTable:
    import pyarrow as pa

    try:
        return RawTable(pd.read_parquet(io.BytesIO(content)))
    except (pa.ArrowException, OSError, ValueError, LookupError, TypeError):  # pandas' own part too
        raise DataError(say("damaged", file=name)) from None


def _read_statistics(content: bytes, name: str, suffix: str) -> RawTable:
    """SPSS or Stata, through ReadStat; user-missing codes stay in the table (they vanish unless asked for)."""
    program, read = PROGRAMS[suffix], reader(suffix)
    frame: Any = None
    meta: Any = None
    beyond: dict[str, int] = {}
    declared: int | None = None
    alive = survives(content, suffix)
    if suffix == ".sav":
        content, declared = to_its_end(content)
    for encoding in ENCODINGS if alive else ():
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
        raise DataError(say("damaged_program", file=name, program=program))
    if declared is not None and len(frame) != declared:
        raise DataError(say("rows_declared", file=name, declared=declared, found=len(frame)))
    labels = {column: label for column, label in meta.column_names_to_labels.items() if label}
    values = {column: dict(codes) for column, codes in meta.variable_value_labels.items()}
    missing = {c: tuple((r["lo"], r["hi"]) for r in ranges) for c, ranges in meta.missing_ranges.items()}
    for column, letters in meta.missing_user_values.items():
        frame[column], codes = _letters_as_codes(frame[column], letters)
        values[column] = {codes.get(code, code): label for code, label in values.get(column, {}).items()}
        missing[column] = tuple((code, code) for code in codes.values())
    findings: list[Finding] = [warning("", "windows_1252_program")] if encoding else []
    findings += [warning(c, "dates_beyond", count=n) for c, n in beyond.items()]
    return RawTable(frame, Dictionary(labels, {c: v for c, v in values.items() if v}, missing), tuple(findings))


def _letters_as_codes(values: pd.Series, letters: list[str]) -> tuple[pd.Series, dict[Code, float]]:
    """Stata's .a to .z as the numbers -1 to -26, or lower if the column has such numbers itself."""
    number = pd.to_numeric(values, errors="coerce")
    start = min(0.0, float(number.min()) if number.notna().any() else 0.0) // 1
    codes: dict[Code, float] = {letter: start - 1 - _LETTERS.index(letter) for letter in letters}
    return number.where(~values.isin(letters), values.map(codes)).astype("float64"), codes
