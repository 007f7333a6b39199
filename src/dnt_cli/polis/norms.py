"""Social-assistance norms (Participatiewet, article 21) per half-year, and the one in force in a month."""

from __future__ import annotations

from collections.abc import Iterable

from dnt_cli.errors import DataError
from dnt_cli.sentences import say
from dnt_cli.study.register import Norm, Register

HALF_YEAR = 6

# Sources: Staatscourant 2017, 68641 and municipal or professional tables for each half-year; amounts without holiday
# pay of 2020-07 and 2021-01 are 95% of those with it.
NORMS = (
    Norm("2018-01", 992.12, 942.51, 1417.32, 1346.45),
    Norm("2018-07", 996.56, 946.73, 1423.66, 1352.48),
    Norm("2019-01", 1025.55, 974.27, 1465.07, 1391.82),
    Norm("2019-07", 1030.42, 978.90, 1472.03, 1398.43),
    Norm("2020-01", 1052.32, 999.70, 1503.31, 1428.14),
    Norm("2020-07", 1059.03, 1006.08, 1512.90, 1437.26),
    Norm("2021-01", 1075.44, 1021.67, 1536.34, 1459.52),
    Norm("2021-07", 1078.70, 1024.77, 1541.00, 1463.95),
)
# Half-years of which only the whole euros were found in a source; their cents fit the arithmetic but are unconfirmed.
UNCONFIRMED = ("2020-01",)


def month_number(month: str) -> int:
    """`2018-07` as a count of months."""
    year, number = month.split("-")
    return int(year) * 12 + int(number) - 1


def month_name(number: int) -> str:
    """A count of months as `2018-07`."""
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def norms_in_force(months: Iterable[int], register: Register) -> dict[int, float]:
    """Month -> the norm that income is compared with; norms of the study replace and complete those built in.

    Raises:
        DataError: A month before the first norm, or more than half a year after the start of the last one.
    """
    norms = {month_number(norm.since): norm for norm in (*NORMS, *register.norms)}
    amount = register.norm + ("" if register.holiday_pay == "included" else "_excl")
    found = {}
    for month in sorted(set(months)):
        since = max((start for start in norms if start <= month < start + HALF_YEAR), default=None)
        if since is None:
            until = month_name(month_number(NORMS[-1].since) + HALF_YEAR - 1)
            raise DataError(say("no_norm", month=month_name(month), since=NORMS[0].since, until=until))
        found[month] = float(getattr(norms[since], amount))
    return found


def unconfirmed(months: Iterable[int], register: Register) -> list[str]:
    """The half-years with unconfirmed cents that the given months fall in."""
    given = {norm.since for norm in register.norms}
    doubtful = [since for since in UNCONFIRMED if since not in given]
    return [s for s in doubtful if any(0 <= month - month_number(s) < HALF_YEAR for month in months)]
