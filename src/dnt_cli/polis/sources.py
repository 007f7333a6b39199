"""Files with register records: which ones count, which columns they have, and how DuckDB reads them."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from dnt_cli.column_names import near_column
from dnt_cli.errors import DataError, UsageError
from dnt_cli.reading.readstat import damage, reader, readstat, survives
from dnt_cli.sentences import say, why
from dnt_cli.stagefile.atomic import FileState, file_state, refuse_changed

SUFFIXES = (".csv", ".parquet", ".sav", ".dta")
_VERSION = re.compile(r"(?P<year>(?:19|20)\d{2})_?V(?P<version>\d+)", re.IGNORECASE)
_CHUNK = 500_000  # rows of an SPSS or Stata file in memory at once


@dataclass(frozen=True, slots=True)
class RecordFile:
    """One file of records.

    Attributes:
        path: Of the file.
        columns: Name that we use -> name in the file, for the columns that are read; of a CSV file, whose other
            columns may be called whatever or nothing, `c` and the place.
        separator: Of a CSV file.
        width: Number of columns of a CSV file.
        state: Of the file before it was looked into.
    """

    path: Path
    columns: dict[str, str]
    separator: str = ""
    width: int = 0
    state: FileState | None = None


def chosen_files(names: Sequence[str]) -> tuple[list[Path], list[Path]]:
    """The files to read, folders opened, and those left out because a higher version of the same year is there.

    Of a folder whose files say their year and version, as SPOLISBUS2020V3.sav does, only those are read. A final
    version (V1, V2, ...) replaces every provisional one (V011 to V123: month and version) of
    its year.

    Raises:
        DataError: A file or folder is missing, or holds nothing to read.
        UsageError: A file is of a kind that cannot be read.
    """
    paths: list[Path] = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES)
            if not inside:
                raise DataError(say("no_records", folder=name, formats=", ".join(SUFFIXES)))
            paths += [p for p in inside if _rank(p) is not None] or inside
        elif path.is_file():
            if path.suffix.lower() not in SUFFIXES:
                raise UsageError(say("records_formats", file=name, formats=", ".join(SUFFIXES)))
            paths.append(path)
        else:
            raise DataError(say("no_file", file=name))
    unique = list({path.resolve(): path for path in paths}.values())
    ranks = {path: _rank(path) for path in unique}
    best: dict[tuple[str, str], int] = {}
    final = {rank[0] for rank in ranks.values() if rank is not None and not rank[1]}
    for rank in ranks.values():
        if rank is not None:
            best[rank[:2]] = max(best.get(rank[:2], -1), rank[2])
    kept = [p for p in unique if (r := ranks[p]) is None or (r[2] == best[r[:2]] and not (r[1] and r[0] in final))]
    return kept, [path for path in unique if path not in kept]


def _rank(path: Path) -> tuple[str, str, int] | None:
    """Year, month of a provisional file, and version; None where the name does not say."""
    match = _VERSION.search(path.stem)
    if match is None:
        return None
    version = match["version"]
    if len(version) == 3 and "01" <= version[:2] <= "12":
        return match["year"], version[:2], int(version[2])
    return match["year"], "", int(version)


def open_source(path: Path, wanted: Iterable[str]) -> RecordFile:
    """The file's columns, matched whatever their case.

    Raises:
        DataError: The file is damaged, or lacks a column.
        EngineError: An SPSS or Stata file, and pyreadstat is not installed.
    """
    suffix, state = path.suffix.lower(), file_state(path)
    separator = ""
    if suffix == ".parquet":
        try:
            header = tuple(pq.read_schema(path).names)
        except (OSError, ValueError):
            raise DataError(say("damaged", file=path.name)) from None
    elif suffix == ".csv":
        separator, header = _csv_header(path)
    else:
        header = tuple(_readstat_header(path))
    upper = [name.upper() for name in header]
    columns = {}
    for name in wanted:
        if name not in upper:
            raise DataError(say("column_missing_near", file=path.name, column=name, near=near_column(name, upper)))
        if upper.count(name) > 1:
            raise DataError(say("column_twice", file=path.name, column=name))
        place = upper.index(name)
        columns[name] = f"c{place}" if suffix == ".csv" else header[place]
    return RecordFile(path, columns, separator, len(header), state)


def _csv_header(path: Path) -> tuple[str, tuple[str, ...]]:
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
            line = stream.readline()
    except OSError as error:
        raise DataError(say("cannot_read", file=path.name, reason=why(error))) from None
    separator = max(";,\t", key=line.count)
    try:
        header = next(csv.reader([line.rstrip("\r\n")], delimiter=separator), [])
    except csv.Error:
        header = []
    if len(header) < 2:
        raise DataError(say("records_header", file=path.name))
    return separator, tuple(name.strip() for name in header)


def _readstat_header(path: Path) -> list[str]:
    suffix, damaged = path.suffix.lower(), DataError(say("damaged", file=path.name))
    read = reader(suffix)
    if not survives(path, suffix):
        raise damaged
    try:
        _, metadata = read(str(path), metadataonly=True)
    except damage():
        raise damaged from None
    return list(metadata.column_names)


def scan(connection: duckdb.DuckDBPyConnection, source: RecordFile, take: Callable[[str], None]) -> None:
    """Call `take` with the SQL of a table that has the source's columns under our names.

    Whole for Parquet and CSV, which DuckDB streams; in chunks for SPSS and Stata files.

    Raises:
        DataError: The file is damaged, or no table, or was changed since it was opened.
    """
    try:
        _scan(connection, source, take)
    except DataError:
        refuse_changed(source.path, source.state)
        raise
    refuse_changed(source.path, source.state)


def _scan(connection: duckdb.DuckDBPyConnection, source: RecordFile, take: Callable[[str], None]) -> None:
    damaged = DataError(say("records_fields", file=source.path.name))
    columns = ", ".join(f"{_quoted(theirs)} AS {ours}" for ours, theirs in source.columns.items())
    try:
        if source.path.suffix.lower() not in (".sav", ".dta"):
            take(f"(SELECT {columns} FROM {_reading(source)})")
            return
        for chunk in _chunks(source, damaged):
            connection.register("chunk", chunk)
            take(f"(SELECT {columns} FROM chunk)")
            connection.unregister("chunk")
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error:  # its text may quote a record
        raise damaged from None


def _reading(source: RecordFile) -> str:
    name = quoted_text(str(source.path))
    if source.path.suffix.lower() == ".parquet":
        return f"read_parquet({name})"
    separator = quoted_text(source.separator)
    types = ", ".join(f"c{place}: 'VARCHAR'" for place in range(source.width))
    return (
        f"read_csv({name}, auto_detect=false, header=true, delim={separator}, quote='\"', escape='\"', "
        f"nullstr='', columns={{{types}}})"
    )


def _chunks(source: RecordFile, damaged: DataError) -> Iterator[Any]:
    chunks = readstat().read_file_in_chunks(
        reader(source.path.suffix.lower()), str(source.path), chunksize=_CHUNK, usecols=list(source.columns.values()),
        disable_datetime_conversion=True,
    )  # fmt: skip
    try:
        for frame, _ in chunks:
            yield frame
    except damage():
        raise damaged from None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def quoted_text(value: str) -> str:
    """A text as SQL has it."""
    return "'" + value.replace("'", "''") + "'"
