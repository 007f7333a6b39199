"""SPSS and Stata files by ReadStat, whose C code does not survive every damaged header."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from dnt_cli.errors import EngineError

ENCODINGS = (None, "WINDOWS-1252")  # what the file says, and what it may be where that cannot be right
PROGRAMS = {".sav": "SPSS", ".dta": "Stata"}
_FUNCTIONS = {".sav": "read_sav", ".dta": "read_dta"}
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
        raise EngineError(
            "SPSS and Stata files need the Python package pyreadstat (pip install pyreadstat); or save them as Parquet."
        ) from None
    return pyreadstat


def reader(suffix: str) -> Any:
    """The function of the library that reads .sav or .dta."""
    return getattr(readstat(), _FUNCTIONS[suffix])


def damage() -> tuple[type[Exception], ...]:
    """What the library raises over a damaged file."""
    library = readstat()
    return (library.ReadstatError, library.PyreadstatError, OSError, ValueError, LookupError)


def survives(source: bytes | Path, suffix: str) -> bool:
    """Whether the library lives through the header; tried in another process, since its death would be ours.

    With pyreadstat 1.3.7 one in 200 bytes that fall over in the header of a small .sav is deadly.
    """
    words, content = ([], source) if isinstance(source, bytes) else ([str(source)], b"")
    try:
        done = subprocess.run(
            [sys.executable, "-c", _TRIAL, _FUNCTIONS[suffix], *words], input=content, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, timeout=_LONGEST, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return False
    return done.returncode in _ENDED
