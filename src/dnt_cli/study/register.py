"""How outcomes are taken from records of jobs and wages; every choice that changes the answer is a setting."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dnt_cli.study.problems import expect

if TYPE_CHECKING:
    from dnt_cli.study.spec import Study

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


def check_register(study: Study) -> None:
    """Refuse settings that cannot be, and norms whose four amounts contradict each other."""
    place = ("register", "norms")
    used = any(outcome.register is not None for outcome in study.outcomes.values())
    whole = all(wave.months == round(wave.months) for wave in study.design.waves)
    expect(whole or not used, ("design", "waves"), "register_months")
    for code in study.register.exclude_job_types:
        expect(re.fullmatch(r"\d+", code), ("register", "exclude_job_types"), "job_types")
    for norm in study.register.norms:
        expect(re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", norm.since), place, "norm_since")
        expect(abs(norm.single - SINGLE_SHARE * norm.couple) <= _ROUNDING, place, "norm_single", since=norm.since)
        for whole_norm, without in ((norm.single, norm.single_excl), (norm.couple, norm.couple_excl)):
            fits = abs(without - WITHOUT_HOLIDAY_PAY * whole_norm) <= _ROUNDING
            expect(fits, place, "norm_holiday_pay", since=norm.since)
