"""Sample sizes and power of a planned comparison, with drop-out, unequal groups and sites.

A cluster that is allocated as a whole tells less than its persons do. Its persons are counted as
n / (1 + (n / k - 1) ICC) independent ones (n persons at k sites of one group: the design effect of Donner and Klar
2000, Design and Analysis of Cluster Randomization Trials), and the test statistic has the t distribution with two
degrees of freedom fewer than there are sites.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy import stats

from dnt_cli.errors import UsageError
from dnt_cli.power.comparisons import Means, Method, Power, Proportions
from dnt_cli.sentences import say

_CERTAIN = 1 - 1e-15
MOST = 1_000_000  # persons per group; more means that no size will do
_LARGEST_DIFFERENCE = 5.0  # in standard deviations
_SCANNED = 3_000  # sizes from which the power of the exact test no longer jumps noticeably


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """What a study plans apart from the effect.

    Attributes:
        alpha: Two-sided level of significance.
        power: Wanted.
        ratio: Persons in the intervention group per person in the comparison group.
        dropout: Share of the persons who are lost before the endpoint.
        icc: Share of the variance between sites.
        sites: Number of sites, half of them in each group; None where persons were allocated one by one.
    """

    alpha: float = 0.05
    power: float = 0.80
    ratio: float = 1.0
    dropout: float = 0.0
    icc: float = 0.0
    sites: int | None = None

    def __post_init__(self) -> None:
        if (self.icc > 0) != (self.sites is not None):
            raise UsageError(say("power_icc_sites"))
        if self.sites is not None and self.sites < 4:
            raise UsageError(say("power_two_sites", sites=self.sites))
        if self.ratio <= 0:
            raise UsageError(say("power_ratio", ratio=self.ratio))

    def sizes(self, comparison: int) -> tuple[int, int]:
        """Sizes of both groups for one of the comparison group."""
        return comparison, math.ceil(round(comparison * self.ratio, 9))

    def recruited(self, analysed: int) -> int:
        """Persons to recruit so that `analysed` are left."""
        return math.ceil(round(analysed / (1 - self.dropout), 9))

    def power_of(self, test: Power, n0: float, n1: float) -> float:
        """Power with n0 and n1 persons analysed."""
        if self.sites is None:
            return test(n0, n1)
        first = self.sites // 2
        effective = [n / (1 + max(n / k - 1, 0) * self.icc) for n, k in ((n0, first), (n1, self.sites - first))]
        df = self.sites - 2
        independent = min(max(test(*effective), 1 - _CERTAIN), _CERTAIN)
        shift = stats.norm.ppf(independent) + stats.norm.isf(self.alpha / 2)
        return float(stats.nct.sf(stats.t.isf(self.alpha / 2, df), df, shift))


@dataclass(frozen=True, slots=True)
class Size:
    """The answer by one method.

    Attributes:
        method: Which.
        analysed: Persons in the comparison and the intervention group; None if no size reaches the wanted power.
        recruited: The same before drop-out.
        power: With those who are analysed.
        power_below: With one person fewer in the comparison group.
    """

    method: Method
    analysed: tuple[int, int] | None
    recruited: tuple[int, int] | None
    power: float
    power_below: float


def required_size(effect: Proportions | Means, method: Method, plan: StudyPlan) -> Size:
    """The smallest groups that reach the power that is wanted."""
    test = _test(effect, method, plan)

    def reached(n: int) -> float:
        return plan.power_of(test, *plan.sizes(n))

    low, high = 2, 2
    while reached(high) < plan.power:
        low, high = high, high * 2
        if high > MOST:
            return Size(method, None, None, reached(MOST), math.nan)
    if method == "exact" and high <= _SCANNED:  # the power of an exact test is not monotone: try each size
        n = next(n for n in range(2, high + 1) if reached(n) >= plan.power)
    else:
        n = bisect.bisect_left(range(high + 1), plan.power, lo=low, key=reached)
    analysed = plan.sizes(n)
    recruited = (plan.recruited(analysed[0]), plan.recruited(analysed[1]))
    return Size(method, analysed, recruited, reached(n), reached(n - 1) if n > 2 else math.nan)


def detectable(
    effect: Proportions | Means, method: Method, plan: StudyPlan, sizes: tuple[int, int]
) -> tuple[float | None, float | None]:
    """The smallest effects, downward and upward, that groups of these sizes show with the power that is wanted.

    Returns:
        Proportions of the intervention group, or differences in standard deviations; None where even the largest
        effect would not be seen.
    """
    if isinstance(effect, Means):
        found = _root(
            lambda d: power_at(Means(d, effect.correlation), method, plan, sizes), 1e-4, _LARGEST_DIFFERENCE, plan.power
        )
        return (None if found is None else -found), found
    p0, edge = effect.comparison, 1e-6
    down = _root(lambda p: power_at(Proportions(p0, p), method, plan, sizes), p0 - edge, edge, plan.power)
    up = _root(lambda p: power_at(Proportions(p0, p), method, plan, sizes), p0 + edge, 1 - edge, plan.power)
    return down, up


def power_at(effect: Proportions | Means, method: Method, plan: StudyPlan, sizes: tuple[int, int]) -> float:
    """Power of groups of given sizes."""
    return plan.power_of(_test(effect, method, plan), *sizes)


def _test(effect: Proportions | Means, method: Method, plan: StudyPlan) -> Power:
    """The power of the test between independent persons; with sites the t distribution comes in with the sites."""
    by_site = isinstance(effect, Means) and plan.sites is not None
    return effect.power("normal" if by_site else method, plan.alpha)


def _root(power: Callable[[float], float], near: float, far: float, target: float) -> float | None:
    """Where the power, which grows from `near` to `far`, reaches the target."""
    if power(far) < target:
        return None
    for _ in range(60):
        middle = (near + far) / 2
        near, far = (near, middle) if power(middle) >= target else (middle, far)
    return far
