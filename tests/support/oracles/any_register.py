"""What register records mean: work, hours and income per person and wave, by the rules and not by the program.

`expected` recomputes them with plain loops over exact fractions, from what the README and the docstrings say about
the settings.
"""

from __future__ import annotations

import calendar
import datetime
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.support.oracles.any_input import Case

KIND, KEY, JOB, FIRST, LAST, TYPE = (
    "RINPERSOONS", "RINPERSOON", "IKVID", "SDATUMAANVANGIKO", "SDATUMEINDEIKO", "SSOORTBAAN",
)  # fmt: skip
HOURS = ("SBASISUREN", "SREGULIEREUREN", "SAANTVERLU")
WAGES = ("SBASISLOON", "SLNINGLD", "SLNLBPH", "SLNSV")
AMOUNTS = (*HOURS, *WAGES, "SINGLBPH", "SVAKBSL")
COLUMNS = (KIND, KEY, JOB, FIRST, LAST, TYPE, *AMOUNTS)
BINARY = ("work", "over_hours", "above_norm")
MEASURES = (*BINARY, "hours", "wage", "income")
# Norms per half-year: single and couple, with and without holiday pay (Participatiewet, article 21).
NORMS = {
    "2018-01": ("992.12", "942.51", "1417.32", "1346.45"), "2018-07": ("996.56", "946.73", "1423.66", "1352.48"),
    "2019-01": ("1025.55", "974.27", "1465.07", "1391.82"), "2019-07": ("1030.42", "978.90", "1472.03", "1398.43"),
    "2020-01": ("1052.32", "999.70", "1503.31", "1428.14"), "2020-07": ("1059.03", "1006.08", "1512.90", "1437.26"),
    "2021-01": ("1075.44", "1021.67", "1536.34", "1459.52"), "2021-07": ("1078.70", "1024.77", "1541.00", "1463.95"),
}  # fmt: skip
NORM_KEYS = ("single", "single_excl", "couple", "couple_excl")
DEFAULTS: dict[str, Any] = {
    "timing": "planned", "lag": 0, "hours": "SBASISUREN", "wage": "SBASISLOON", "income": "net",
    "holiday_pay": "excluded", "norm": "single", "norm_rule": "over", "norms": [], "work_hours": 0, "hours_cut": 12,
    "hours_rule": "over", "hours_per": "person", "weeks": "month", "exclude_job_types": ["2"], "corrections": "net",
    "missing": "unknown", "missing_amount": 999_999, "missing_hours": 999, "spanning": "prorate", "duplicates": "once",
    "uncovered": "stop",
}  # fmt: skip


@dataclass
class Records:
    """Files of records, a link file and a study, and what they mean.

    Attributes:
        case: The study, and what no message may hold.
        files: Path in the folder -> content, in the order in which they are named.
        words: How the records are named on the command line.
        link: The file and its meaning, a row per person: id, key (None outside), included, held (date per wave).
        rows: All records that count, as they should be read.
        verdict: "right", "refused", "right or refused", or "any".
        damage: What was done to the files.
        secrets: Keys that nothing may show.
        survey: Answers, mostly of the same persons.
    """

    case: Case
    files: dict[str, bytes]
    words: tuple[str, ...]
    link: list[dict[str, Any]]
    rows: pd.DataFrame
    verdict: str
    damage: str
    secrets: tuple[str, ...]
    survey: pd.DataFrame

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        sizes = {name: len(content) for name, content in self.files.items()}
        printer.text(
            f"Records(damage={self.damage!r}, verdict={self.verdict!r}, words={self.words}, files={sizes},\n"
            f"register={self.case.raw['register']}, waves={self.case.raw['design']['waves']}\n"
            f"{pd.DataFrame(self.link).to_string()}\n{self.rows.head(40).to_string()})"
        )


def day_of(text: Any) -> datetime.date | None:
    """A day as records spell it: eight digits."""
    if not isinstance(text, str) or len(text) != 8 or not text.isdigit():
        return None
    try:
        return datetime.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def _amount(value: Any, limit: float, drop: bool) -> Fraction | None:
    """None where there is no number, or a code for none."""
    if not isinstance(value, Decimal) or abs(value) >= Decimal(repr(limit)):
        return None
    return Fraction(max(value, Decimal(0)) if drop else value)


def _used(register: dict[str, Any]) -> dict[str, str]:
    """The amounts that these settings ask for."""
    used = {"hours": register["hours"], "wage": register["wage"]}
    used |= {"gross": "SLNLBPH", "withheld": "SINGLBPH"} if register["income"] == "net" else {}
    used.setdefault("gross", register["income"])
    # Holiday pay is no part of base pay; it is one of every other wage.
    if (register["income"] == "SBASISLOON") == (register["holiday_pay"] == "included"):
        used["holiday"] = "SVAKBSL"
    return used


def _income(amounts: dict[str, Fraction | None], register: dict[str, Any]) -> Fraction | None:
    if any(amounts[role] is None for role in amounts if role not in ("hours", "wage")):
        return None
    gross, holiday = amounts["gross"], amounts.get("holiday")
    assert gross is not None
    if register["income"] == "net":
        withheld = amounts["withheld"]
        assert withheld is not None
        share = holiday / gross if holiday is not None and gross > 0 else 0
        return (gross - withheld) * (1 - share)
    if holiday is None:
        return gross
    return gross + holiday if register["income"] == "SBASISLOON" else gross - holiday


def _is_key(value: Any) -> bool:
    return isinstance(value, str) and value.isdigit() and len(value) <= 9


def _known(rows: pd.DataFrame, link: list[dict[str, Any]], register: dict[str, Any]) -> list[dict[str, Any]]:
    """The records of linked persons, one for all that are the same, with `times`."""
    place = {int(person["key"]): n for n, person in enumerate(link) if person["key"] is not None}
    used, found = _used(register), Counter[tuple[Any, ...]]()
    for row in rows.to_dict("records"):
        if row[KIND] == "R" and _is_key(row[KEY]) and int(row[KEY]) in place:
            kind = (row[TYPE].lstrip("0") or "0") if isinstance(row[TYPE], str) else ""
            amounts = [row[name] if isinstance(row[name], Decimal) else None for name in used.values()]
            found[place[int(row[KEY])], row[JOB], day_of(row[FIRST]), day_of(row[LAST]), kind, *amounts] += 1
    names = ("n", "job", "first", "last", "kind", *used)
    return [dict(zip(names, key, strict=True)) | {"times": times} for key, times in found.items()]


@dataclass
class Expected:
    """What is right: rows per person and wave, the counts, or a word of the refusal."""

    rows: list[dict[str, Any]]
    counts: dict[str, Any]
    refused: str = ""


def expected(records: Records) -> Expected:
    """Every person and wave, by the rules."""
    register = DEFAULTS | records.case.raw["register"]
    waves = records.case.raw["design"]["waves"]
    link = sorted(records.link, key=lambda person: person["id"])
    known = _known(records.rows, link, register)
    keys = any(person["key"] is not None for person in link)
    if keys and not known:
        return Expected([], {}, "None of the linked persons")
    ends = {day.year * 12 + day.month - 1 for text in records.rows[LAST] if (day := day_of(text))}
    months = [[month_of(person, wave, register) for wave in waves] for person in link]
    gaps = {month for row in months for month in row} - ends
    if gaps and register["uncovered"] == "stop":
        return Expected([], {}, "Nobody has a record in")
    norms = {month: _norm(month, register) for row in months for month in row}
    if None in norms.values():
        return Expected([], {}, "There is no social-assistance norm")
    readable = [r for r in known if r["first"] and r["last"] and r["first"] <= r["last"]]
    excluded = {code.lstrip("0") or "0" for code in register["exclude_job_types"]}
    rows, undecided = [], 0
    for n, person in enumerate(link):
        own = [r for r in readable if r["n"] == n and r["kind"] not in excluded]
        for wave, month in zip(waves, months[n], strict=True):
            outcome = _outcome(own, month, float(norms[month] or 0), register)
            if person["key"] is None or month in gaps:
                outcome |= dict.fromkeys([*MEASURES, "jobs"], None)
            else:
                undecided += any(outcome[name] is None for name in MEASURES)
            name = f"{month // 12:04d}-{month % 12 + 1:02d}"
            rows.append({"id": person["id"], "wave": wave["key"], "month": name, **outcome, "norm": norms[month]})
    used = _used(register)
    limits = {r: register["missing_hours" if r == "hours" else "missing_amount"] for r in used}
    counts = {
        "undecided": undecided, "uncovered": ", ".join(f"{m // 12:04d}-{m % 12 + 1:02d}" for m in sorted(gaps)),
        "persons": len({r["n"] for r in known}), "records": sum(r["times"] for r in known),
        "duplicates": sum(r["times"] - 1 for r in known),
        "unreadable": sum(r["times"] for r in known) - sum(r["times"] for r in readable),
        "corrections": sum(any(r[role] is not None and r[role] < 0 for role in used) for r in known),
        "excluded": sum(r["kind"] in excluded for r in known),
        "missing": sum(any(_amount(r[role], limits[role], False) is None for role in used) for r in known),
        "outside": sum(person["key"] is None for person in link),
    }  # fmt: skip
    return Expected(rows, counts)


def month_of(person: dict[str, Any], wave: dict[str, Any], register: dict[str, Any]) -> int:
    """The month of measurement, as a count: planned, or that of the interview where it is known."""
    day, month = person["included"], wave["months"]
    if register["timing"] == "interview" and (held := person["held"].get(wave["key"])):
        day, month = held, 0
    return int(day.year * 12 + day.month - 1 + month + register["lag"])


def _norm(month: int, register: dict[str, Any]) -> float | None:
    own = {norm["since"]: [norm[key] for key in NORM_KEYS] for norm in register["norms"]}
    table = {since: [float(v) for v in values] for since, values in NORMS.items()} | own
    number = {since: int(since[:4]) * 12 + int(since[5:]) - 1 for since in table}
    valid = [since for since in sorted(table) if number[since] <= month < number[since] + 6]
    place = (register["norm"] == "couple") * 2 + (register["holiday_pay"] == "excluded")
    return table[valid[-1]][place] if valid else None


def _outcome(own: list[dict[str, Any]], month: int, norm: float, register: dict[str, Any]) -> dict[str, Any]:
    """One person in one month; numbers as exact fractions, `parts` is how many were added up."""
    first = datetime.date(month // 12, month % 12 + 1, 1)
    length = calendar.monthrange(first.year, first.month)[1]
    last = first.replace(day=length)
    jobs: dict[Any, dict[str, Any]] = {}
    drop, parts = register["corrections"] == "drop", 0
    for r in own:
        if r["first"] > last or r["last"] < first or (register["spanning"] == "end" and r["last"] > last):
            continue
        days = {max(r["first"], first) + datetime.timedelta(d) for d in range(31)}
        days = {d for d in days if d <= min(r["last"], last)}
        share = Fraction(
            len(days), (r["last"] - r["first"]).days + 1 if register["spanning"] == "prorate" else len(days)
        )
        share *= 1 if register["duplicates"] == "once" else r["times"]
        amounts = {
            role: _amount(r[role], register["missing_hours" if role == "hours" else "missing_amount"], drop)
            for role in _used(register)
        }
        values = {"hours": amounts["hours"], "wage": amounts["wage"], "income": _income(amounts, register)}
        job = jobs.setdefault(r["job"], {"hours": 0, "wage": 0, "income": 0, "days": set(), "open": set()})
        job["days"] |= days
        parts += 1
        for name, value in values.items():
            job[name] += 0 if value is None else value * share
            if value is None and register["missing"] == "unknown":
                job["open"].add(name)
    return _summed(list(jobs.values()), length, norm, register) | {"parts": parts}


def _summed(jobs: list[dict[str, Any]], length: int, norm: float, register: dict[str, Any]) -> dict[str, Any]:
    works = [job for job in jobs if job["hours"] > 0 and job["wage"] > 0]
    # A job that may turn out to be work, or to have more hours.
    open_ = any(
        all(job[name] > 0 or name in job["open"] for name in ("hours", "wage"))
        and (job not in works or "hours" in job["open"])
        for job in jobs
    )
    hours = sum((job["hours"] for job in works), Fraction(0))
    own = [{*job["days"]} for job in works]
    if register["hours_per"] == "job":
        weekly = max((job["hours"] * 7 / _days(job["days"], length, register) for job in works), default=Fraction(0))
    else:
        weekly = hours * 7 / _days(set().union(*own), length, register) if works else Fraction(0)
    wage = sum((max(job["wage"], 0) for job in jobs), Fraction(0))
    income = sum((max(job["income"], 0) for job in jobs), Fraction(0))
    unknown = {name: any(name in job["open"] for job in jobs) for name in ("wage", "income")}
    over = _decided(_beyond(weekly, register["hours_cut"], register["hours_rule"]), open_)
    if register["weeks"] == "worked" and open_:
        over = None  # further hours come with further days
    return {
        "work": _decided(hours > Fraction(str(register["work_hours"])), open_),
        "hours": None if open_ else weekly, "over_hours": over, "wage": None if unknown["wage"] else wage,
        "income": None if unknown["income"] else income,
        "above_norm": _decided(_beyond(income, norm, register["norm_rule"]), unknown["income"]), "jobs": len(works),
        "weekly": weekly, "earned": income, "all hours": hours,
    }  # fmt: skip


def _days(days: set[datetime.date], length: int, register: dict[str, Any]) -> int:
    return length if register["weeks"] == "month" else len(days)


def _beyond(value: Fraction, cut: float, rule: str) -> bool:
    """Compared as it is recorded, in hundredths."""
    hundredths = Fraction(round(value * 100), 100)
    limit = Fraction(str(cut))
    return hundredths > limit if rule == "over" else hundredths >= limit


def _decided(passed: bool, unknown: bool) -> int | None:
    return 1 if passed else None if unknown else 0


def check_register(records: Records, right: Expected, found: pd.DataFrame) -> int:
    """The outcomes are right; how many were compared."""
    register = DEFAULTS | records.case.raw["register"]
    assert [*found["id"]] == [row["id"] for row in right.rows], "persons"
    compared = 0
    for row, own in zip(right.rows, found.to_dict("records"), strict=True):
        where = (own, row, records.damage)
        assert (own["wave"], own["month"], own["norm"]) == (row["wave"], row["month"], row["norm"]), where
        assert _same(own["jobs"], row["jobs"], 0), where
        rounded = 1e-6 + row["parts"] * 0.0001  # the income of a record is kept in four decimals
        slack = {"hours": 1e-6, "wage": 1e-6, "income": rounded}
        for name in slack:
            assert _same(own[name], row[name], 0.005 + slack[name]), (name, where)
        near = {
            "work": False,
            "over_hours": abs(abs(float(row["weekly"]) - register["hours_cut"]) - 0.005) < 1e-6,
            "above_norm": abs(abs(float(row["earned"]) - row["norm"]) - 0.005) < rounded,
        }
        for name in BINARY:  # at the cut itself two roundings may go either way
            assert near[name] or _same(own[name], row[name], 0), (name, where)
            compared += not near[name]
        compared += 4
    return compared


def _same(found: float, right: Any, slack: float) -> bool:
    if right is None or found != found:
        return right is None and found != found
    return abs(found - float(right)) <= slack


def check_joined(records: Records, register: pd.DataFrame, path: Path) -> int:
    """Every data set holds the register's values beside the answers, exactly; how many were compared."""
    table, compared = pd.read_parquet(path), 0
    values = register.set_index(["id", "wave"])
    for key, outcome in records.case.raw["outcomes"].items():
        if outcome.get("source") != "register":
            continue
        for wave in outcome["waves"]:
            cells = pd.MultiIndex.from_arrays([table["person"], [wave] * len(table)])
            own = values[outcome["register"]].reindex(cells).to_numpy(float)
            np.testing.assert_array_equal(table[f"{key}_{wave}"].to_numpy(float), own, err_msg=f"{key} {wave}")
            compared += len(own)
    return compared
