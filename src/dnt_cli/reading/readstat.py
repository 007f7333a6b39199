"""SPSS and Stata files by ReadStat, whose C code does not survive every damaged header."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Literal

from dnt_cli.errors import EngineError
from dnt_cli.packages import install_command
from dnt_cli.sentences import say

ENCODINGS = (None, "WINDOWS-1252")  # what the file says, and what it may be where that cannot be right
PROGRAMS = {".sav": "SPSS", ".dta": "Stata"}
_SPSS_ZERO, _STATA_ZERO = datetime(1582, 10, 14), datetime(1960, 1, 1)
_DAY, _SECOND, _MILLISECOND = timedelta(days=1), timedelta(seconds=1), timedelta(milliseconds=1)
# By the start of a format: what zero means, the unit, and the type that the library would have made of it.
_DATE_FORMATS: tuple[tuple[tuple[str, ...], datetime, timedelta, type], ...] = (
    (("DATETIME", "YMDHMS"), _SPSS_ZERO, _SECOND, datetime),
    (("DATE", "ADATE", "EDATE", "JDATE", "SDATE"), _SPSS_ZERO, _SECOND, date),
    (("TIME",), _SPSS_ZERO, _SECOND, time),
    (("%tc", "%tC"), _STATA_ZERO, _MILLISECOND, datetime),
    (("%td", "%d"), _STATA_ZERO, _DAY, date),
)
_TRIAL = f"""
import io, sys, pyreadstat
content = None if sys.argv[2:] else sys.stdin.buffer.read()
for encoding in {ENCODINGS}:
    source = sys.argv[2] if content is None else io.BytesIO(content)
    try:
        getattr(pyreadstat, sys.argv[1])(source, metadataonly=True, encoding=encoding, output_format="dict")
        break
    except UnicodeDecodeError:
        pass
"""
_UNZIPPED, _LAYOUT, _ROWS = b"$FL2", 64, slice(80, 84)  # of SPSS: the magic word, and places in the header
_ENDED = (0, 1)  # by itself, well or with an exception
_LONGEST = 60.0  # seconds for a header


def readstat() -> Any:
    """The library.

    Raises:
        EngineError: It is not installed.
    """
    try:
        import pyreadstat
    except ImportError:
        raise EngineError(say("no_readstat", install=install_command("pyreadstat"))) from None
    return pyreadstat


def reader(suffix: str) -> Any:
    """The function of the library that reads .sav or .dta."""
    return getattr(readstat(), f"read_{suffix[1:]}")


def to_its_end(content: bytes) -> tuple[bytes, int | None]:
    """An SPSS file that is read until its bytes end, whatever number of rows its header has; and that number.

    Rows that were added meanwhile, or by a program that left the header as it was, would else not be read.

    Returns:
        The content; and None where the header has no number, or the rows do not stand in a row (.zsav).
    """
    if content[:4] != _UNZIPPED or len(content) < _ROWS.stop:
        return content, None
    order: Literal["little", "big"] = "little" if content[_LAYOUT] in (2, 3) else "big"
    rows = int.from_bytes(content[_ROWS], order, signed=True)
    return b"".join((content[: _ROWS.start], b"\xff" * 4, content[_ROWS.stop :])), rows if rows >= 0 else None


def damage() -> tuple[type[Exception], ...]:
    """What the library raises over a damaged file."""
    library = readstat()
    return (library.ReadstatError, library.PyreadstatError, OSError, ValueError, LookupError)


def survives(source: bytes | Path, suffix: str) -> bool:
    """Whether the library lives through the header; tried in another process, since a segfault would end this one.

    With pyreadstat 1.3.7 one in 200 bytes that fall over in the header of a small .sav is deadly.
    """
    words, content = ([], source) if isinstance(source, bytes) else ([str(source)], b"")
    try:
        done = subprocess.run(
            [sys.executable, "-c", _TRIAL, f"read_{suffix[1:]}", *words], input=content, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, timeout=_LONGEST, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return False
    return done.returncode in _ENDED


def convert_dates(frame: Any, formats: Mapping[str, str]) -> dict[str, int]:
    """Dates and times in place of numbers, in a table that was read without them.

    Args:
        frame: The table; changed in place.
        formats: The format of each column, as the file has it.

    Returns:
        Per column how many values no date can hold; they are missing now.
    """
    import pandas as pd

    beyond = {}
    for column, written in formats.items():
        form = next((known for known in _DATE_FORMATS if written.startswith(known[0])), None)
        if form is None or not pd.api.types.is_numeric_dtype(frame[column]):
            continue
        values = [_moment(value, *form[1:]) for value in frame[column]]
        if lost := sum(value is None for value in values) - int(frame[column].isna().sum()):
            beyond[column] = lost
        frame[column] = pd.Series(values, index=frame.index, dtype=object)
    return beyond


def _moment(value: float, zero: datetime, unit: timedelta, kind: type) -> Any:
    """A number of a file as a date or a time, None where there is none or Python cannot hold it."""
    if value != value:
        return None
    try:
        moment = zero + value * unit
    except OverflowError:
        return None
    return moment if kind is datetime else moment.date() if kind is date else moment.time()
