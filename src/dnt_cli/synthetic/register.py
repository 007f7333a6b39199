"""Synthetic register records in the layout of CBS's SPOLISBUS.

Nobody in these files exists. They hold what makes the real ones hard: several jobs at once, four-weekly payers with two
or three records a month, negative corrections, codes for missing amounts, on-call jobs without hours, internships.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dnt_cli.arrays import Floats, Integers

MISSING_AMOUNT = 9_999_999.0
FOUR_WEEKS = 28
# Kinds of job as SSOORTBAAN codes them, and how common each is here.
JOB_TYPES = {"1": 0.03, "2": 0.04, "3": 0.03, "4": 0.10, "5": 0.10, "9": 0.70}
JOBS_PER_PERSON = (0.30, 0.55, 0.12, 0.03)
TAX_SHARE = 0.12
HOLIDAY_SHARE = 0.08  # paid in May
# Multiplies the number of a person into a shuffled key; prime to 10^9, so that no two persons share one.
_SPREAD, _KEYS = 716_384_377, 1_000_000_000


@dataclass(frozen=True, slots=True)
class Jobs:
    """Jobs within one year; every array has one entry per job.

    Attributes:
        person: key of the person, RINPERSOON as a number.
        number: key of the job, IKVID.
        start: first day, counted from 1 January (0).
        end: last day.
        four_weekly: whether wages are declared per four weeks instead of per month.
        hours: paid hours a week.
        rate: euro per hour.
        kind: SSOORTBAAN.
    """

    person: Integers
    number: Integers
    start: Integers
    end: Integers
    four_weekly: NDArray[np.bool_]
    hours: Floats
    rate: Floats
    kind: NDArray[np.str_]


def person_keys(count: int, first: int = 1) -> Integers:
    """Keys of the persons numbered from `first`: nine digits, in no order."""
    return np.asarray(np.arange(first, first + count, dtype=np.int64) * _SPREAD % _KEYS, dtype=np.int64)


def random_jobs(keys: Integers, year: int, rng: np.random.Generator) -> Jobs:
    """Jobs of the persons with these keys within a year; some persons have none, a few have three at once."""
    days = days_of(year)
    person = np.repeat(keys, rng.choice(len(JOBS_PER_PERSON), keys.size, p=JOBS_PER_PERSON))
    n = person.size
    start = np.where(rng.random(n) < 0.7, 0, rng.integers(0, days, n))
    end = np.where(rng.random(n) < 0.7, days - 1, rng.integers(start, days))
    kind = rng.choice(np.array(list(JOB_TYPES)), n, p=list(JOB_TYPES.values()))
    hours = np.round(np.clip(rng.normal(24, 11, n), 1, 40), 0)
    hours[(kind == "5") & (rng.random(n) < 0.3)] = 0.0  # an on-call job without calls
    number = rng.integers(10**9, 10**10, n)
    rate = np.asarray(np.round(rng.uniform(10, 30, n), 2), dtype=np.float64)
    return Jobs(person, number, start, end, rng.random(n) < 0.2, np.asarray(hours, dtype=np.float64), rate, kind)


def days_of(year: int) -> int:
    """Number of days of a year."""
    return (date(year + 1, 1, 1) - date(year, 1, 1)).days


def segments(year: int, *, four_weekly: bool) -> tuple[Integers, Integers]:
    """First and last days of the parts in which a job is recorded: months, cut where a declaration period ends."""
    firsts = {(date(year, month, 1) - date(year, 1, 1)).days for month in range(1, 13)}
    if four_weekly:
        firsts |= set(range(0, 13 * FOUR_WEEKS, FOUR_WEEKS))
    start = np.array(sorted(firsts), dtype=np.int64)
    return start, np.append(start[1:] - 1, days_of(year) - 1)


def records_of(jobs: Jobs, year: int, rng: np.random.Generator, *, dirty: bool) -> pa.Table:
    """The records of jobs, a row per job and part of a month, in random order.

    Args:
        jobs: Who worked where.
        year: Of the records.
        rng: For the order of the rows, and what goes wrong in them.
        dirty: Add negative corrections, missing amounts and keys that are not in the population register.
    """
    parts = [_spread(jobs, year, four_weekly) for four_weekly in (False, True)]
    job, first, last = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    sign = np.ones(job.size)
    if dirty:
        wrong = np.flatnonzero(rng.random(job.size) < 0.01)
        job, first, last = (np.append(values, values[wrong]) for values in (job, first, last))
        sign = np.append(sign, np.full(wrong.size, -0.25))
    order = rng.permutation(job.size)
    return _table(jobs, year, job[order], first[order], last[order], sign[order], rng, dirty=dirty)


def _spread(jobs: Jobs, year: int, four_weekly: bool) -> tuple[Integers, Integers, Integers]:
    start, end = segments(year, four_weekly=four_weekly)
    job = np.repeat(np.flatnonzero(jobs.four_weekly == four_weekly), start.size)
    first = np.maximum(np.tile(start, job.size // start.size), jobs.start[job])
    last = np.minimum(np.tile(end, job.size // start.size), jobs.end[job])
    there = first <= last
    return job[there], first[there], last[there]


def _table(
    jobs: Jobs, year: int, job: Integers, first: Integers, last: Integers, sign: Floats,
    rng: np.random.Generator, *, dirty: bool,
) -> pa.Table:  # fmt: skip
    names = np.array([f"{date(year, 1, 1) + timedelta(days=d):%Y%m%d}" for d in range(days_of(year))])
    days = last - first + 1
    hours = np.round(jobs.hours[job] * days / 7 * sign, 2)
    base = np.round(hours * jobs.rate[job], 2)
    may = np.array([name[4:6] == "05" for name in names])[last]
    holiday = np.round(np.where(may, 12 * HOLIDAY_SHARE * base, 0.0), 2)
    gross = base + holiday
    amounts = {"SBASISLOON": base, "SLNINGLD": gross, "SLNLBPH": gross, "SLNSV": gross}
    outside = np.zeros(job.size, dtype=np.bool_)
    if dirty:
        amounts["SBASISLOON"] = np.where(rng.random(job.size) < 0.003, MISSING_AMOUNT, base)
        outside = rng.random(job.size) < 0.005
    weekly = np.searchsorted([12, 20, 25, 30, 35], jobs.hours[job], side="right") + 1
    key = pc.utf8_lpad(pa.array(jobs.person[job]).cast(pa.string()), 9, "0")
    columns = {
        "RINPERSOONS": pa.array(np.where(outside, "F", "R")),
        "RINPERSOON": key,
        "IKVID": pa.array(jobs.number[job]).cast(pa.string()),
        "SDATUMAANVANGIKO": pa.array(names[first]),
        "SDATUMEINDEIKO": pa.array(names[last]),
        "SDATUMAANVANGIKV": pa.array(names[jobs.start[job]]),
        "SDATUMEINDEIKV": pa.array(names[jobs.end[job]]),
        "SBAANDAGEN": pa.array(days),
        "SVOLTIJDDAGEN": pa.array(np.round(days * np.minimum(jobs.hours[job] / 36, 1), 2)),
        "SBASISUREN": pa.array(hours),
        "SAANTVERLU": pa.array(hours),
        "SREGULIEREUREN": pa.array(hours),
        "SOVERWERKUREN": pa.array(np.zeros(job.size)),
        "SAANTCTRCTURENPWK": pa.array(jobs.hours[job]),
        "SWEKARBDUURKLASSE": pa.array(weekly.astype(np.str_)),
        **{name: pa.array(np.round(values, 2)) for name, values in amounts.items()},
        "SINGLBPH": pa.array(np.round(TAX_SHARE * gross, 2)),
        "SVAKBSL": pa.array(holiday),
        "SEXTRSAL": pa.array(np.zeros(job.size)),
        "SCONTRACTSOORT": pa.array(np.where(job % 3 == 0, "b", "O")),
        "SPOLISDIENSTVERBAND": pa.array(np.where(jobs.hours[job] < 35, "2", "1")),
        "SSOORTBAAN": pa.array(jobs.kind[job]),
    }
    return pa.table(columns)


# Women per group and wave (T0 to T4) who work, who work over 12 hours, and who earn more than the norm, according to
# the register. The report prints no counts; these give effects of the sign and about the size that it prints.
EXAMPLE_COUNTS = {
    "intervention": ((7, 6, 6, 7, 10), (4, 4, 4, 4, 6), (2, 2, 2, 3, 4)),
    "control": ((10, 11, 13, 16, 11), (8, 9, 11, 12, 10), (5, 5, 6, 8, 7)),
}
_MONTHS = (0, 3, 6, 12, 18)
# Per class of work the hours a week and the hourly wage, each from and to: the class above the norm earns over it in
# February too, the others stay below it in a month of 31 days.
_CLASSES = {1: ((4, 11), (10.5, 15.0)), 2: ((14, 20), (10.0, 11.0)), 3: ((28, 36), (13.0, 17.0))}
_OTHERS = 150  # other persons in the files
_FIRST_OTHER = 1000
_INCLUSION = (2018 * 12 + 7, 16)  # first month (August 2018), number of months


def example_register(survey: pd.DataFrame, seed: int = 2021) -> tuple[pd.DataFrame, dict[int, pd.DataFrame]]:
    """Link file and records for the women of the synthetic survey, and of others who are not in it.

    Args:
        survey: As `dnt_cli.synthetic.generate` gives it; the register mostly agrees with what the women answered.
        seed: Another seed gives other jobs.

    Returns:
        A row per woman with id, RINPERSOONS, RINPERSOON and date_T0; and per year the records.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 43]))
    persons = survey.groupby("id", sort=True)["group"].first()
    classes = _work_classes(survey, persons, rng)
    keys = person_keys(len(persons))
    start = _INCLUSION[0] + rng.integers(0, _INCLUSION[1], len(persons))
    start[0] = _INCLUSION[0]
    days = np.where(np.arange(len(persons)) == 0, 31, rng.integers(1, 29, len(persons)))  # one on 31 August
    dates = [date(int(m) // 12, int(m) % 12 + 1, int(d)) for m, d in zip(start, days, strict=True)]
    link = pd.DataFrame(
        {
            "id": persons.index,
            "RINPERSOONS": "R",
            "RINPERSOON": [f"{key:09d}" for key in keys],
            "date_T0": [d.isoformat() for d in dates],
        }
    )
    jobs = _example_jobs(classes, keys, start, rng)
    years = {}
    for year in range(2018, 2022):
        tables = [records_of(_within(jobs, year), year, rng, dirty=False)]
        tables.append(records_of(random_jobs(person_keys(_OTHERS, _FIRST_OTHER), year, rng), year, rng, dirty=True))
        years[year] = pa.concat_tables(tables).to_pandas().sample(frac=1, random_state=rng).reset_index(drop=True)
    return link, years


def _work_classes(survey: pd.DataFrame, persons: pd.Series, rng: np.random.Generator) -> Integers:
    """Class of work per woman and wave: 0 none, 1 up to 12 hours, 2 more, 3 above the norm."""
    answers = [
        survey.pivot(index="id", columns="wave", values=name).reindex(persons.index).to_numpy(dtype=float)
        for name in ("work_any", "work_gt12h")
    ]
    said = answers[0] + answers[1]
    usual = np.nanmean(said, axis=1)[:, None]
    score = np.where(np.isnan(said), usual, 0.7 * said + 0.3 * usual)
    score = score + 0.35 * rng.standard_normal((len(persons), 1)) + 0.25 * rng.standard_normal(said.shape)
    classes = np.zeros(said.shape, dtype=np.int64)
    for group, (some, many, enough) in EXAMPLE_COUNTS.items():
        own = np.flatnonzero(persons.to_numpy() == group)
        for wave in range(said.shape[1]):
            order = own[np.argsort(-score[own, wave], kind="stable")]
            for number, count in enumerate((some[wave], many[wave], enough[wave]), start=1):
                classes[order[:count], wave] = number
    return classes


class _Span(NamedTuple):
    """A job of a woman of the example: months counted from year 0."""

    person: int
    first: int
    last: int
    hours: float
    rate: float
    kind: str


def _example_jobs(classes: Integers, keys: Integers, start: Integers, rng: np.random.Generator) -> list[_Span]:
    """A job per stretch of waves in one class, some weeks longer than the waves; and jobs that are no work."""
    spans = []
    for key, own, month in zip(keys, classes, start, strict=True):
        for work, stretch in groupby(zip(own.tolist(), _MONTHS, strict=True), key=itemgetter(0)):
            months = [int(month) + since for _, since in stretch]
            first, last = months[0] - 1, months[-1] + 1
            if work:
                hours, rate = _CLASSES[work]
                spans.append(
                    _Span(
                        int(key), first, last, float(rng.integers(hours[0], hours[1] + 1)),
                        float(np.round(rng.uniform(*rate), 2)), str(rng.choice(["4", "5", "9"], p=[0.2, 0.2, 0.6])),
                    )
                )  # fmt: skip
            elif rng.random() < 0.08:
                kind = str(rng.choice(["2", "5"]))
                spans.append(_Span(int(key), first, last, 24.0 if kind == "2" else 0.0, 3.0, kind))
    return spans


def _within(spans: list[_Span], year: int) -> Jobs:
    """The parts of the jobs that fall within a year."""
    days, opening = days_of(year), date(year, 1, 1)

    def day(month: int, *, last: bool) -> int:
        month += last
        there = (date(month // 12, month % 12 + 1, 1) - opening).days - last
        return min(max(there, 0), days - 1)

    here = [(n, s) for n, s in enumerate(spans) if s.first // 12 <= year <= s.last // 12]
    return Jobs(
        person=np.array([s.person for _, s in here], dtype=np.int64),
        number=np.array([10**9 + n for n, _ in here], dtype=np.int64),
        start=np.array([day(s.first, last=False) for _, s in here], dtype=np.int64),
        end=np.array([day(s.last, last=True) for _, s in here], dtype=np.int64),
        four_weekly=np.array([n % 4 == 0 for n, _ in here], dtype=np.bool_),
        hours=np.array([s.hours for _, s in here]),
        rate=np.array([s.rate for _, s in here]),
        kind=np.array([s.kind for _, s in here], dtype=np.str_),
    )
