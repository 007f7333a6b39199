"""The records of the study's persons out of files of any size: one pass, only the columns and persons needed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import duckdb
import pandas as pd

from dnt_cli.errors import DataError, EngineError
from dnt_cli.polis.link import DIGITS, IN_POPULATION, KEY, KIND
from dnt_cli.polis.sources import RecordFile, open_source, quoted_text, scan
from dnt_cli.progress import Progress
from dnt_cli.sentences import say
from dnt_cli.study.register import Register

JOB, FIRST, LAST, JOB_TYPE = "IKVID", "SDATUMAANVANGIKO", "SDATUMEINDEIKO", "SSOORTBAAN"
FISCAL, WITHHELD, HOLIDAY = "SLNLBPH", "SINGLBPH", "SVAKBSL"
_FEW = 1000  # records that show in which form the keys of a file are
KEPT = ("persons", "records", "duplicates", "unreadable")
"""Counts: linked persons with a record; their records, duplicates counted each; records that are the same as another in
every column used; records without a readable first and last day."""
MEMORY = "1GB"  # of DuckDB; the whole program stays under twice that


@contextlib.contextmanager
def database(threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB in memory: no network, and nothing written to disk, where records of persons would stay behind.

    Raises:
        EngineError: The work does not fit in memory.
    """
    settings: dict[str, str | bool | int | float | list[str]] = {
        "threads": threads,
        "memory_limit": MEMORY,
        "temp_directory": "",
        "preserve_insertion_order": False,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    connection = duckdb.connect(":memory:", config=settings)
    try:
        yield connection
    except duckdb.OutOfMemoryException:
        raise EngineError(say("records_memory", memory=MEMORY)) from None
    finally:
        connection.close()


def amount_columns(register: Register) -> dict[str, str]:
    """Role -> column of the amounts that the settings ask for."""
    roles: dict[str, str] = {"hours": register.hours, "wage": register.wage}
    if register.income == "net":
        roles |= {"gross": FISCAL, "withheld": WITHHELD}
    else:
        roles["gross"] = register.income
    if (register.holiday_pay == "excluded") != (register.income == "SBASISLOON"):
        roles["holiday"] = HOLIDAY
    return roles


def keep_records(
    connection: duckdb.DuckDBPyConnection,
    paths: Sequence[Path],
    link: pd.DataFrame,
    register: Register,
    progress: Progress | None = None,
) -> tuple[dict[str, int], frozenset[int]]:
    """Make the table `record`: the records of linked persons, a row each, duplicates counted in `times`.

    Its columns are `n` (row of the link file), `job`, `first`, `last` (dates), `job_type` and the roles of
    `amount_columns`, as decimals or NULL where there is no number.

    Returns:
        The counts `KEPT`; and the months in which a record of somebody, linked or not, ends, counted as `month_number`
        does.

    Raises:
        DataError: A file is damaged, lacks a column, or has dates in another form than YYYYMMDD.
    """
    roles = amount_columns(register)
    wanted = dict.fromkeys([KIND, KEY, JOB, FIRST, LAST, JOB_TYPE, *roles.values()])
    sources = [open_source(path, wanted) for path in paths]
    _make_keys(connection, link)
    _confine(connection, sources)
    amounts = "".join(f", {role} DECIMAL(18, 4)" for role in roles)
    connection.execute(
        "CREATE TEMP TABLE kept (file INTEGER, n INTEGER, job VARCHAR, first VARCHAR, last VARCHAR, "
        f"job_type VARCHAR{amounts}, times BIGINT)"
    )
    for done, source in enumerate(sources, start=1):
        by_column = source.path.suffix.lower() == ".parquet"
        take = partial(_take, connection, roles=roles, by_column=by_column, file=(done, source.path.name))
        scan(connection, source, take)
        if progress is not None:
            progress(done, len(sources))
    return _gathered(connection, roles, sources)


def _confine(connection: duckdb.DuckDBPyConnection, sources: Sequence[RecordFile]) -> None:
    """From here on DuckDB opens these files and nothing else, and takes no settings that say otherwise."""
    paths = ", ".join(quoted_text(str(source.path)) for source in sources)
    connection.execute(f"SET allowed_paths = [{paths}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _make_keys(connection: duckdb.DuckDBPyConnection, link: pd.DataFrame) -> None:
    """The keys as they should be, and without their leading zeros, as a program that took them for numbers has them."""
    rows = [(key, n) for n, key in enumerate(link["person"]) if key is not None]
    rows += [(key.lstrip("0") or "0", n) for key, n in rows if key.startswith("0")]
    connection.execute("CREATE TEMP TABLE keys (key VARCHAR, n INTEGER)")
    if rows:
        connection.execute(
            "INSERT INTO keys SELECT unnest($1::VARCHAR[]), unnest($2::INTEGER[])",
            [[key for key, _ in rows], [n for _, n in rows]],
        )


def _take(
    connection: duckdb.DuckDBPyConnection, table: str, roles: dict[str, str], *, by_column: bool, file: tuple[int, str]
) -> None:
    """Add a table's records to `kept`; of persons who are not linked only the days on which records end.

    Args:
        connection: With the tables `keys` and `kept`.
        table: SQL of the records.
        roles: Of the amounts.
        by_column: A column can be read without the others. The days then cost a reading of their own, and the
            records of the unlinked need not be looked at; a file by rows is read once.
        file: Number and name of the file that the table is, or is a part of.

    Raises:
        DataError: The keys stand there in another form.
    """
    described = connection.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()
    types = {str(row[0]): str(row[1]) for row in described}
    last = _as_text(LAST, types[LAST])
    own = [_as_text(name, types[name]) for name in (JOB, FIRST)] + [last, _as_text(JOB_TYPE, types[JOB_TYPE])]
    own += [_as_decimal(name, types[name]) for name in roles.values()]
    key, kind = _as_text(KEY, types[KEY]), _as_text(KIND, types[KIND])
    _refuse_keys(connection, f"SELECT {key} AS key, {kind} AS kind FROM {table} LIMIT {_FEW}", file[1])
    linked = f"{key} = keys.key AND starts_with({kind}, '{IN_POPULATION}')"
    if by_column:
        connection.execute(f"INSERT INTO kept (last) SELECT DISTINCT {last} FROM {table}")
        chosen, join = ["n", *own], "JOIN"
    else:
        chosen, join = ["n", *(f"CASE WHEN n IS NOT NULL THEN {value} END" for value in own)], "LEFT JOIN"
        chosen[3] = last
    connection.execute(
        f"INSERT INTO kept SELECT {file[0]}, {', '.join(chosen)}, count(*) FROM {table} {join} keys ON {linked} "
        "GROUP BY ALL"
    )


def _refuse_keys(connection: duckdb.DuckDBPyConnection, few: str, name: str) -> None:
    """Keys in another form in one of several files would leave everybody without work in its months.

    Raises:
        DataError: None of these few records has a key as it should be.
    """
    good = f"starts_with(kind, '{IN_POPULATION}') AND regexp_full_match(key, '[0-9]{{1,{DIGITS}}}')"
    rows, right = connection.execute(f"SELECT count(*), count(*) FILTER (WHERE {good}) FROM ({few})").fetchall()[0]
    if rows and not right:
        raise DataError(say("records_key", file=name, population=IN_POPULATION, kind=KIND, digits=DIGITS, key=KEY))


def _as_text(column: str, kind: str) -> str:
    """A key, code or date as text: no decimals, no spaces, dates as YYYYMMDD."""
    if kind == "VARCHAR":
        # These are looked at in every record, and trimming would take longer than reading them.
        return column if column in (KEY, KIND, LAST) else f"trim({column})"
    if kind.startswith(("DATE", "TIMESTAMP")):
        return f"strftime({column}, '%Y%m%d')"
    if kind.startswith(("DOUBLE", "FLOAT", "DECIMAL")):
        return f"CAST(TRY_CAST({column} AS HUGEINT) AS VARCHAR)"
    return f"CAST({column} AS VARCHAR)"


def _as_decimal(column: str, kind: str) -> str:
    """An amount, with a decimal point or comma; NULL for what is no number, such as 1_000, which DuckDB would take."""
    value = f"translate(trim({column}), ',_', '.?')" if kind == "VARCHAR" else column
    return f"TRY_CAST({value} AS DECIMAL(18, 4))"


def _gathered(
    connection: duckdb.DuckDBPyConnection, roles: dict[str, str], sources: Sequence[RecordFile]
) -> tuple[dict[str, int], frozenset[int]]:
    """One row per different record, whichever files it came from, and what there was."""
    amounts = "".join(f", {role}" for role in roles)
    connection.execute(
        f"CREATE TEMP TABLE known AS SELECT file, n, {_plain('job')} AS job, {_day('first')} AS first, "
        f"{_day('last')} AS last, {_code('job_type')} AS job_type{amounts}, times FROM kept"
    )
    connection.execute(
        f"CREATE TEMP TABLE record AS SELECT n, job, first, last, job_type{amounts}, "
        "CAST(sum(times) AS BIGINT) AS times FROM known WHERE n IS NOT NULL GROUP BY ALL"
    )
    _refuse_unreadable(connection, sources)
    one = connection.execute(
        "SELECT count(DISTINCT n), coalesce(sum(times), 0), coalesce(sum(times - 1), 0), "
        "coalesce(sum(times) FILTER (WHERE first IS NULL OR last IS NULL OR first > last), 0) FROM record"
    ).fetchall()[0]
    months = connection.execute(
        "SELECT DISTINCT year(last) * 12 + month(last) - 1 FROM known WHERE last IS NOT NULL"
    ).fetchall()
    if not one[0] and connection.execute("SELECT count(*) FROM keys").fetchall()[0][0]:
        names = ", ".join(source.path.name for source in sources[:3])
        raise DataError(say("records_strangers", names=names, key=KEY, digits=DIGITS))
    return dict(zip(KEPT, map(int, one), strict=True)), frozenset(int(row[0]) for row in months)


def _plain(column: str) -> str:
    """A code as it should be: without spaces, and without the .0 of a program that took it for a number."""
    return f"nullif(regexp_replace(trim({column}), '[.]0+$', ''), '')"


def _code(column: str) -> str:
    """The same without zeros before it."""
    return f"regexp_replace({_plain(column)}, '^0+(.)', '\\1')"


def _day(column: str) -> str:
    """The date of eight digits, NULL where there is none."""
    text = _plain(column)
    return f"CASE WHEN regexp_full_match({text}, '[0-9]{{8}}') THEN CAST(TRY_STRPTIME({text}, '%Y%m%d') AS DATE) END"


def _refuse_unreadable(connection: duckdb.DuckDBPyConnection, sources: Sequence[RecordFile]) -> None:
    """Dates in another form would leave persons without any record in a month, and so without work.

    Raises:
        DataError: No record of the linked persons in a file has readable dates.
    """
    files = connection.execute(
        "SELECT file FROM known WHERE n IS NOT NULL GROUP BY file "
        "HAVING count(*) FILTER (WHERE first IS NOT NULL AND last IS NOT NULL) = 0 ORDER BY file"
    ).fetchall()
    if files:
        name = sources[int(files[0][0]) - 1].path.name
        raise DataError(say("records_dates", file=name, first=FIRST, last=LAST))
