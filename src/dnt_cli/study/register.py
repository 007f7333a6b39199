"""How outcomes are taken from records of jobs and wages; every choice that changes the answer is a setting."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Fail = Callable[[tuple[str, ...], str], None]
Hours = Literal["SBASISUREN", "SREGULIEREUREN", "SAANTVERLU"]
Wage = Literal["SBASISLOON", "SLNINGLD", "SLNLBPH", "SLNSV"]
Measure = Literal["work", "hours", "over_hours", "wage", "income", "above_norm"]

# What holds for every Dutch social-assistance norm: single is 70% of couple, and holiday pay is 5% of the whole.
SINGLE_SHARE, WITHOUT_HOLIDAY_PAY = 0.70, 0.95
_ROUNDING = 0.02


@dataclass(frozen=True)
class Norm:
    """The social-assistance norm of one half-year, net euro a month, 21 years to pension age, no cost sharing."""

    since: str  # first month, such as "2018-01"
    single: float  # single person or parent, with holiday pay
    single_excl: float  # the same without holiday pay
    couple: float
    couple_excl: float

    def contradiction(self) -> str:
        """What the four amounts contradict, or nothing."""
        if abs(self.single - SINGLE_SHARE * self.couple) > _ROUNDING:
            return "the norm of a single person must be 70% of that of a couple"
        pairs = ((self.single, self.single_excl), (self.couple, self.couple_excl))
        if any(abs(without - WITHOUT_HOLIDAY_PAY * whole) > _ROUNDING for whole, without in pairs):
            return "a norm without holiday pay must be 95% of the norm with it"
        return ""


@dataclass(frozen=True)
class Register:
    """How records of jobs become outcomes per person and wave.

    The amounts of one month are added up per job, since some employers declare several records a month. A job counts
    as work in a month when both hours and wage are recorded.
    """

    timing: Literal["planned", "interview"] = "planned"  # month: inclusion date + months of the wave, or the interview
    lag: int = 0  # months that the month of measurement is shifted; -1 is the month before
    hours: Hours = "SBASISUREN"  # paid hours without overtime
    wage: Wage = "SBASISLOON"  # base pay, before tax
    income: Literal["net", "SBASISLOON", "SLNINGLD", "SLNLBPH", "SLNSV"] = "net"  # net: SLNLBPH - SINGLBPH
    holiday_pay: Literal["excluded", "included"] = "excluded"  # from the income and from the norm alike
    norm: Literal["single", "couple"] = "single"  # a single parent has the norm of a single person
    norm_rule: Literal["over", "at_least"] = "over"
    norms: tuple[Norm, ...] = ()  # other half-years than those built in, or other amounts
    work_hours: float = 0.0  # hours in the month above which someone works; 0: any recorded hours
    hours_cut: float = 12.0  # hours a week
    hours_rule: Literal["over", "at_least"] = "over"
    hours_per: Literal["person", "job"] = "person"  # over all jobs together, or in one job at least
    weeks: Literal["month", "worked"] = "month"  # hours a week: over the whole month, or over the days in a job
    exclude_job_types: tuple[str, ...] = ("2",)  # SSOORTBAAN: 1 director, 2 intern, 3 sheltered, 4 agency, 5 on call
    corrections: Literal["net", "drop"] = "net"  # negative amounts: subtracted, or left out
    missing: Literal["unknown", "zero"] = "unknown"  # of an amount that is missing, or coded as missing
    missing_amount: float = 999_999.0  # euro in one record from which on the amount is a code for missing
    missing_hours: float = 999.0  # the same for hours
    spanning: Literal["prorate", "end"] = "prorate"  # a record over several months: by days, or in its last month
    duplicates: Literal["once", "each"] = "once"  # records that are the same in every column used
    uncovered: Literal["stop", "missing"] = "stop"  # a month of measurement in which nobody has a record


def check_register(register: Register, months: tuple[float, ...], used: bool, fail: Fail) -> None:
    """Call `fail(path, message)` at the first setting that cannot be."""
    path = ("register",)
    if used and any(month != round(month) for month in months):
        fail(("design", "waves"), "outcomes from a register need whole months since inclusion")
    for name in ("work_hours", "hours_cut"):
        if not 0 <= getattr(register, name) <= 168:
            fail((*path, name), "expected a number of hours from 0 to 168")
    for name in ("missing_amount", "missing_hours"):
        if not getattr(register, name) > 0:
            fail((*path, name), "expected a number above 0")
    for code in register.exclude_job_types:
        if not re.fullmatch(r"\d+", code):
            fail((*path, "exclude_job_types"), 'expected codes of SSOORTBAAN, such as ["2"]')
    for norm in register.norms:
        if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", norm.since):
            fail((*path, "norms"), 'since: expected a month such as "2022-01"')
        if problem := norm.contradiction():
            fail((*path, "norms"), f"{norm.since}: {problem}")
