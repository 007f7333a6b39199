"""From the records of the linked persons to work, hours, wage and income in each month of measurement."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dnt_cli.errors import DataError
from dnt_cli.polis.link import month_columns
from dnt_cli.polis.norms import month_name, norms_in_force
from dnt_cli.polis.records import amount_columns
from dnt_cli.sentences import say
from dnt_cli.study.register import Register

MEASURES = ("work", "hours", "over_hours", "wage", "income", "above_norm")
COLUMNS = ("id", "wave", "month", *MEASURES, "norm", "jobs")
# Hours and amounts are compared as they are recorded: 12 hours a week stand in the file as 51.43 hours in 30 days.
_DECIMALS = 2
_TRACE = 8  # decimals from which on a sum of parts of records is no exact fraction
_EPOCH = 1970 * 12  # month from which NumPy counts
DECIDED = ("corrections", "excluded", "missing", "undecided", "outside")
"""How often the settings decided: records with a negative amount; records of kinds of job that do not count; records
with an amount that is missing or coded as missing; person-months in which a missing amount leaves an outcome open;
persons who are not in the population register, whose outcomes are missing."""


def measure(
    connection: duckdb.DuckDBPyConnection, link: pd.DataFrame, waves: tuple[str, ...], register: Register,
    covered: frozenset[int],
) -> tuple[pd.DataFrame, dict[str, Any]]:  # fmt: skip
    """Outcomes of every linked person at every wave; needs the table `record` of `keep_records`.

    Args:
        connection: Where that table is.
        link: As `read_link` gives it.
        waves: Their keys.
        register: The settings.
        covered: Months in which there are records of somebody.

    Returns:
        A row per person and wave, in the order of `link` and of the waves, with the columns `COLUMNS`: `work`,
        `over_hours` and `above_norm` are 0, 1 or NaN where unknown, `hours` is per week, `wage` and `income` are euro
        in the month. And the counts `DECIDED`, with `uncovered`: the months of measurement without records, as text.

    Raises:
        DataError: The records do not cover a month of measurement, or there is no norm for it.
    """
    months = link[month_columns(waves)].to_numpy(dtype=np.int64)
    gaps = sorted(set(months.ravel().tolist()) - covered)
    if gaps and register.uncovered == "stop":
        count = int(np.isin(months, gaps).sum())
        raise DataError(say("months_uncovered", months=_listed(gaps), count=count))
    _clean(connection, register)
    found = _by_person(connection, months, register)
    frame = _outcomes(found, link, waves, months, register)
    outside = link["person"].isna().to_numpy().repeat(len(waves))
    unknown = outside | np.isin(months.ravel(), gaps)
    undecided = int((frame[list(MEASURES)].isna().any(axis=1) & ~unknown).sum())
    frame.loc[unknown, [*MEASURES, "jobs"]] = np.nan
    counts = (*_counts(connection, register), undecided, int(link["person"].isna().sum()))
    decided = dict(zip(DECIDED, counts, strict=True))
    return frame, decided | {"uncovered": ", ".join(map(month_name, gaps))}


def _listed(months: list[int]) -> str:
    names = [month_name(month) for month in months]
    return ", ".join(names[:6]) + (f" and {len(names) - 6} other months" if len(names) > 6 else "")


def _excluded(register: Register) -> str:
    """SQL: whether a record is of a kind of job that does not count; a record that tells no kind counts."""
    codes = ", ".join(f"'{code.lstrip('0') or '0'}'" for code in register.exclude_job_types)
    return f"coalesce(job_type IN ({codes}), false)" if codes else "false"


def _counts(connection: duckdb.DuckDBPyConnection, register: Register) -> tuple[int, int, int]:
    roles = list(amount_columns(register))
    negative = " OR ".join(f"{role} < 0" for role in roles)
    missing = " OR ".join(f"{role} IS NULL OR abs({role}) >= {_limit(role, register)}" for role in roles)
    row = connection.execute(
        f"SELECT count(*) FILTER (WHERE {negative}), count(*) FILTER (WHERE {_excluded(register)}), "
        f"count(*) FILTER (WHERE {missing}) FROM record"
    ).fetchall()[0]
    return int(row[0]), int(row[1]), int(row[2])


def _limit(role: str, register: Register) -> float:
    return register.missing_hours if role == "hours" else register.missing_amount


def _clean(connection: duckdb.DuckDBPyConnection, register: Register) -> None:
    """The table `amount`: records that count, with hours, wage and income in decimals, NULL where unknown."""
    amount = "greatest({}, 0)" if register.corrections == "drop" else "{}"
    columns = ", ".join(
        f"CASE WHEN abs({role}) < {_limit(role, register)} THEN {amount.format(role)} END AS {role}"
        for role in amount_columns(register)
    )
    times = "1" if register.duplicates == "once" else "times"
    connection.execute(
        "CREATE TEMP TABLE amount AS WITH known AS ("
        f"SELECT n, job, first, last, {times} AS times, {columns} "
        f"FROM record WHERE first <= last AND NOT {_excluded(register)}) "
        "SELECT n, job, first, last, times, hours, wage, "
        f"TRY_CAST({_income(register)} AS DECIMAL(18, 4)) AS income FROM known"
    )


def _income(register: Register) -> str:
    """Income of a record; holiday pay is taken out of net income in the proportion that it has in gross income."""
    if register.income == "SBASISLOON":
        return "gross" if register.holiday_pay == "excluded" else "gross + holiday"
    if register.income != "net":
        return "gross - holiday" if register.holiday_pay == "excluded" else "gross"
    if register.holiday_pay == "included":
        return "gross - withheld"
    return (
        "CASE WHEN gross > 0 AND holiday IS NOT NULL THEN (gross - withheld) * (1 - CAST(holiday AS DOUBLE) / gross) "
        "WHEN holiday IS NOT NULL THEN gross - withheld END"
    )


def _by_person(connection: duckdb.DuckDBPyConnection, months: NDArray[np.int64], register: Register) -> pd.DataFrame:
    """Per person and wave with a job: sums over jobs, days in work as bits, and whether something is unknown."""
    n, wave = np.indices(months.shape)
    measured = pd.DataFrame({"n": n.ravel(), "wave": wave.ravel()})
    measured["start"] = (months.ravel() - _EPOCH).astype("datetime64[M]").astype("datetime64[ns]")
    connection.register("measured", measured)
    found = connection.execute(_query(register)).df()
    connection.unregister("measured")
    return found


def _query(register: Register) -> str:
    """SQL from `amount` and `measured` to a row per person and wave: records, parts of months, jobs, persons.

    Sums are of decimals: unlike those of floating-point numbers they do not depend on the order of the rows. Where a
    record is divided by days they are no exact fractions, so that a wage that was corrected away may leave a trace in
    the last decimals.
    """
    when = "last >= start" if register.spanning == "prorate" else "last >= start AND last <= stop"
    part = "inside / CAST(last - first + 1 AS DOUBLE)" if register.spanning == "prorate" else "1"
    open_ = "false" if register.missing == "zero" else "bool_or({} IS NULL)"
    sums = ", ".join(
        f"coalesce(round(sum(CAST({name} * times * ({part}) AS DECIMAL(38, 12))), {_TRACE + 2}), 0) AS {name}, "
        f"{open_.format(name)} AS no_{name}"
        for name in ("hours", "wage", "income")
    )
    per_job = "max(hours / weeks) FILTER (WHERE works)" if register.hours_per == "job" else "NULL"
    weeks = "days / 7.0" if register.weeks == "month" else "bit_count(worked) / 7.0"
    return f"""
        WITH month AS (
            SELECT n, wave, CAST(start AS DATE) AS start, last_day(CAST(start AS DATE)) AS stop FROM measured),
        piece AS (
            SELECT n, wave, job, first, last, times, hours, wage, income, stop - start + 1 AS days,
                greatest(first, start) - start AS skipped, least(last, stop) - greatest(first, start) + 1 AS inside
            FROM amount JOIN month USING (n) WHERE first <= stop AND {when}),
        job AS (
            SELECT n, wave, job, any_value(days) AS days, {sums},
                bit_or(CAST(((1::BIGINT << inside) - 1) << skipped AS BIGINT)) AS worked
            FROM piece GROUP BY n, wave, job),
        judged AS (
            SELECT *, hours > 0 AND wage > 0 AS works, {weeks} AS weeks,
                NOT (hours > 0 AND wage > 0) AND (hours > 0 OR no_hours) AND (wage > 0 OR no_wage) AS open
            FROM job)
        SELECT n, wave, count(*) FILTER (WHERE works) AS jobs,
            CAST(coalesce(sum(hours) FILTER (WHERE works), 0) AS DOUBLE) AS hours,
            coalesce(bit_count(bit_or(worked) FILTER (WHERE works)), 0) AS days_worked, any_value(days) AS days,
            CAST({per_job} AS DOUBLE) AS most, bool_or(open OR (works AND no_hours)) AS no_hours,
            CAST(sum(greatest(wage, 0)) AS DOUBLE) AS wage, bool_or(no_wage) AS no_wage,
            CAST(sum(greatest(income, 0)) AS DOUBLE) AS income, bool_or(no_income) AS no_income
        FROM judged GROUP BY n, wave ORDER BY n, wave
    """


def _outcomes(
    found: pd.DataFrame, link: pd.DataFrame, waves: tuple[str, ...], months: NDArray[np.int64], register: Register
) -> pd.DataFrame:
    """A row per person and wave; who has no record in the month has no work and no wage."""
    cells = pd.MultiIndex.from_product([range(len(link)), range(len(waves))], names=["n", "wave"])
    own = found.set_index(["n", "wave"]).reindex(cells)
    unknown = {name: own[f"no_{name}"].eq(True).to_numpy() for name in ("hours", "wage", "income")}
    hours, wage, income = (
        np.asarray(own[name].astype(float).fillna(0.0), dtype=np.float64) for name in ("hours", "wage", "income")
    )
    hours = hours.round(_TRACE)
    weekly = _weekly(own, hours, register)
    each, place = np.unique(months.ravel(), return_inverse=True)
    norms = norms_in_force(each.tolist(), register)
    norm = np.array([norms[month] for month in each.tolist()])[place]
    income = np.round(income, _DECIMALS)
    over = _decided(_beyond(weekly, register.hours_cut, register.hours_rule), unknown["hours"])
    if register.weeks == "worked":  # further hours come with further days, and can bring the average down
        over = np.where(unknown["hours"], np.nan, over)
    return pd.DataFrame(
        {
            "id": link["id"].repeat(len(waves)).to_numpy(),
            "wave": list(waves) * len(link),
            "month": np.array([month_name(month) for month in each.tolist()], dtype=object)[place],
            "work": _decided(hours > register.work_hours, unknown["hours"]),
            "hours": np.where(unknown["hours"], np.nan, weekly),
            "over_hours": over,
            "wage": np.where(unknown["wage"], np.nan, np.round(wage, _DECIMALS)),
            "income": np.where(unknown["income"], np.nan, income),
            "above_norm": _decided(_beyond(income, norm, register.norm_rule), unknown["income"]),
            "norm": norm,
            "jobs": own["jobs"].astype(float).fillna(0.0).to_numpy(),
        }
    )[list(COLUMNS)]  # fmt: skip


def _weekly(own: pd.DataFrame, hours: NDArray[np.float64], register: Register) -> NDArray[np.float64]:
    """Hours a week: over all jobs, or in the job with most."""
    if register.hours_per == "job":
        weekly = own["most"].to_numpy(dtype=float)
    else:
        days = own["days" if register.weeks == "month" else "days_worked"].to_numpy(dtype=float)
        weekly = 7.0 * hours / np.where(days > 0, days, np.nan)
    rounded: NDArray[np.float64] = np.nan_to_num(weekly).round(_DECIMALS)
    return rounded


def _beyond(values: NDArray[np.float64], cut: float | NDArray[np.float64], rule: str) -> NDArray[np.bool_]:
    passed: NDArray[np.bool_] = values > cut if rule == "over" else values >= cut
    return passed


def _decided(passed: NDArray[np.bool_], unknown: NDArray[np.bool_]) -> NDArray[np.float64]:
    """1 where what is known passes, whatever is unknown; 0 where it does not and all is known; NaN else."""
    return np.where(passed, 1.0, np.where(unknown, np.nan, 0.0))
