"""A table for another program: CSV, Excel, SPSS or Stata, with labels where the format has them."""

from __future__ import annotations

import contextlib
import io
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dnt_cli.errors import DataError
from dnt_cli.progress import Progress
from dnt_cli.reading.dictionary import Code, Dictionary, is_missing, whole
from dnt_cli.reading.formats import _LETTERS
from dnt_cli.reading.readstat import PROGRAMS
from dnt_cli.reading.workbook import CODEBOOK, CODEBOOK_COLUMNS
from dnt_cli.safe_text import neutral_frame, shown
from dnt_cli.sentences import say
from dnt_cli.stagefile.atomic import scratch

_LONGEST = {".sav": 64, ".dta": 32}
_FIRST = {".sav": r"[^\W\d_]", ".dta": r"[^\W\d]"}  # what a name begins with
_RESERVED = {
    ".sav": re.compile("all|and|by|eq|ge|gt|le|lt|ne|not|or|to|with", re.IGNORECASE),
    ".dta": re.compile(
        r"byte|double|float|if|in|int|long|str\d*|strL|using|with|_all|_b|_coef|_cons|_n|_N|_pi|_pred|_rc|_skip"
    ),
}
_KNOWN_NAMES = {".imp": "Imputation_"}  # what SPSS calls the number of the imputation
_TOLD = 100  # rows after which an Excel file tells how far it is
_SPSS_MISSING = 3  # codes, or one range and a code


def write_table(
    frame: pd.DataFrame,
    dictionary: Dictionary,
    suffix: str,
    progress: Progress | None = None,
    *,
    folder: Path = Path(),
    raw: bool = False,
) -> bytes:
    """The content of a file of the format that `suffix` names, one of `SUFFIXES`.

    Categories become text; CSV has no room for the dictionary.

    Args:
        frame: The table.
        dictionary: Labels and user-missing codes.
        suffix: Such as `.xlsx`.
        progress: Told the rows that are done by Excel, which takes longest.
        folder: Where the file will stand; what a library must write on the way stands there too.
        raw: Text that a spreadsheet would take for a formula stays as it is.

    Raises:
        DataError: The format cannot hold the names or the user-missing codes.
    """
    plain = frame.copy()
    for column in plain.columns:
        if isinstance(plain[column].dtype, pd.CategoricalDtype) or pd.api.types.is_string_dtype(plain[column].dtype):
            plain[column] = plain[column].astype("object").where(plain[column].notna(), None)
    if suffix in SPREADSHEETS and not raw:
        plain = neutral_frame(plain)
    return _WRITERS[suffix](plain, dictionary, folder, progress)


def _csv(frame: pd.DataFrame, _: Dictionary, __: Path, ___: Progress | None) -> bytes:
    return frame.to_csv(index=False, lineterminator="\n").encode()


def _xlsx(frame: pd.DataFrame, dictionary: Dictionary, folder: Path, progress: Progress | None) -> bytes:
    try:
        with scratch(folder) as place, _temporary_folder(place):
            return _workbook(frame, dictionary, progress)
    except OSError as error:
        raise _no_room(folder) from error


@contextlib.contextmanager
def _temporary_folder(place: Path) -> Iterator[None]:
    """Openpyxl writes every sheet to a temporary file first: in `place` instead of the system's folder."""
    before, tempfile.tempdir = tempfile.tempdir, str(place)
    try:
        yield
    finally:
        tempfile.tempdir = before


def _no_room(folder: Path) -> DataError:
    return DataError(say("cannot_write_folder", folder=folder))


def _workbook(frame: pd.DataFrame, dictionary: Dictionary, progress: Progress | None) -> bytes:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    rows_of_data = frame.itertuples(index=False, name=None)
    _sheet(book, "data", list(frame.columns), _counted(rows_of_data, len(frame), progress))
    rows: list[tuple[Any, ...]] = [(c, label, None, None, None, None) for c, label in dictionary.labels.items()]
    rows += [
        (c, None, code, text, None, None) for c, codes in dictionary.values.items() for code, text in codes.items()
    ]
    rows += [(c, None, None, None, *pair) for c, ranges in dictionary.missing.items() for pair in ranges]
    if rows:
        _sheet(book, CODEBOOK, list(CODEBOOK_COLUMNS), rows)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _counted(rows: Iterable[tuple[Any, ...]], total: int, progress: Progress | None) -> Iterator[tuple[Any, ...]]:
    for done, row in enumerate(rows):
        if progress is not None and done and done % _TOLD == 0:
            progress(done, total)
        yield row


def _sheet(book: Any, title: str, header: list[str], rows: Iterable[tuple[Any, ...]]) -> None:
    from openpyxl.cell import WriteOnlyCell

    sheet = book.create_sheet(title)

    def cell(value: Any) -> Any:
        if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
            return None
        if isinstance(value, pd.Timestamp):
            return value.to_pydatetime()
        value = value.item() if hasattr(value, "item") else value
        if isinstance(value, float) and np.isinf(value):
            return str(value)  # Excel has no such number
        if isinstance(value, str):
            value = shown(re.sub("\r\n?", "\n", value))  # Excel refuses control characters
        if isinstance(value, str) and value.startswith("="):  # text, never a formula, also where --raw keeps it
            made = WriteOnlyCell(sheet, value)
            made.data_type = "s"
            return made
        return value

    for row in ([tuple(header)], rows):
        for values in row:
            sheet.append([cell(value) for value in values])


def _sav(frame: pd.DataFrame, dictionary: Dictionary, folder: Path, _: Progress | None) -> bytes:
    frame, dictionary = _named(frame, dictionary, ".sav")
    frame = _floats(frame)
    values: Any = {c: dict(v) for c, v in dictionary.values.items()}
    ranges = {column: _spss_ranges(column, pairs, frame) for column, pairs in dictionary.missing.items()}
    return _by_readstat(".sav", folder, frame, dictionary.labels, values, missing_ranges=ranges)


def _spss_ranges(column: str, pairs: tuple[tuple[Code, Code], ...], frame: pd.DataFrame) -> list[Any]:
    """What SPSS can hold: three codes, or a range and a code; more codes become a range if no answer lies in it."""
    spans = sum(low != high for low, high in pairs)
    if len(pairs) > (_SPSS_MISSING if spans == 0 else 2) or spans > 1:
        lowest, highest = min(low for low, _ in pairs), max(high for _, high in pairs)
        between = is_missing(frame[column], [(lowest, highest)]) & ~is_missing(frame[column], pairs)
        if between.any():
            raise DataError(say("spss_codes", n=len(pairs), column=column))
        pairs = ((lowest, highest),)
    return [low if low == high else {"lo": low, "hi": high} for low, high in pairs]


def _dta(frame: pd.DataFrame, dictionary: Dictionary, folder: Path, _: Progress | None) -> bytes:
    frame, dictionary = _named(frame, dictionary, ".dta")
    frame = _floats(frame)
    values: Any = {c: dict(v) for c, v in dictionary.values.items()}
    missing: dict[str, list[str]] = {}
    for column, ranges in dictionary.missing.items():
        letters = _letters(frame[column], ranges, values.get(column, {}), column)
        if letters:
            # Numbers must be floats here: ReadStat writes nonsense for an empty cell among whole numbers and letters.
            frame[column] = (
                frame[column].astype("float64").astype("object").map(lambda v, known=letters: known.get(v, v))
            )
            values[column] = {letters.get(code, code): label for code, label in values.get(column, {}).items()}
            missing[column] = sorted(set(letters.values()))
    for column, codes in values.items():
        if any(isinstance(code, float) and not code.is_integer() for code in codes):
            raise DataError(say("stata_labels", column=column))
        values[column] = {int(code) if isinstance(code, float) else code: label for code, label in codes.items()}
    return _by_readstat(".dta", folder, frame, dictionary.labels, values, missing_user_values=missing or None)


def _letters(
    values: pd.Series, ranges: tuple[tuple[Code, Code], ...], labels: Mapping[Code, str], column: str
) -> dict[Code, str]:
    """User-missing code -> Stata's letter: -1 is .a, -2 is .b; other codes take the first letters that are free."""
    labelled = pd.Series(list(labels), dtype="object")
    codes = sorted({*values[is_missing(values, ranges)], *labelled[is_missing(labelled, ranges)]})
    if any(isinstance(code, str) for code in codes):
        raise DataError(say("stata_text_codes", column=column))
    taken = {code: _LETTERS[int(-code) - 1] for code in codes if code in range(-len(_LETTERS), 0)}
    free = [letter for letter in _LETTERS if letter not in taken.values()]
    others = [code for code in codes if code not in taken]
    if len(others) > len(free):
        raise DataError(say("stata_many_codes", most=len(_LETTERS), column=column, n=len(codes)))
    return taken | dict(zip(others, free, strict=False))


def _floats(frame: pd.DataFrame) -> pd.DataFrame:
    """Nullable and whole numbers as floats, which hold a gap everywhere; columns of mixed kinds as text."""
    out = frame.copy()
    for column in out.columns:
        values = out[column]
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            full = whole(values) and values.notna().all()
            out[column] = values.astype("int64" if full and values.abs().max() < 2**31 else "float64")
        elif values.dtype == "object" or pd.api.types.is_bool_dtype(values):
            kinds = {type(v) for v in values.dropna()}
            if kinds <= {bool, np.bool_}:
                out[column] = values.astype("float64")
            elif kinds - {str}:
                out[column] = values.map(str, na_action="ignore")
    return out


def _named(frame: pd.DataFrame, dictionary: Dictionary, suffix: str) -> tuple[pd.DataFrame, Dictionary]:
    """Names as the program allows them; a changed one becomes the label of its column."""
    names = {}
    for column in map(str, frame.columns):
        name = _KNOWN_NAMES.get(column, re.sub(r"\W", "_", column, flags=re.ASCII if suffix == ".dta" else 0))
        fits = re.match(_FIRST[suffix], name) and not _RESERVED[suffix].fullmatch(name)
        names[column] = (name if fits else f"v{name}")[: _LONGEST[suffix]]
    if len({name.lower() for name in names.values()}) < len(names):
        raise DataError(say("same_name", suffix=suffix))
    changed = {column: column for column, name in names.items() if column != name}
    labelled = Dictionary({**changed, **dictionary.labels}, dictionary.values, dictionary.missing)
    return frame.rename(columns=names), labelled.renamed(names, names.values())


def _by_readstat(
    suffix: str, folder: Path, frame: pd.DataFrame, labels: Mapping[str, str], values: Any, **missing: Any
) -> bytes:
    """What ReadStat, which writes to a path only, makes of a table, its labels and its missing codes."""
    import pyreadstat

    write = pyreadstat.write_sav if suffix == ".sav" else pyreadstat.write_dta
    try:
        with scratch(folder) as place:
            path = place / f"table{suffix}"
            write(frame, str(path), column_labels=dict(labels), variable_value_labels=values, **missing)
            return path.read_bytes()
    except (OSError, pyreadstat.ReadstatError, pyreadstat.PyreadstatError) as error:
        if isinstance(error, OSError) or "write data" in str(error):
            raise _no_room(folder) from None
        raise DataError(say("program_cannot_hold", program=PROGRAMS[suffix])) from None


_WRITERS: dict[str, Callable[[pd.DataFrame, Dictionary, Path, Progress | None], bytes]] = {
    ".csv": _csv, ".xlsx": _xlsx, ".sav": _sav, ".dta": _dta,
}  # fmt: skip
SUFFIXES = tuple(_WRITERS)
SPREADSHEETS = (".csv", ".xlsx")
