"""Power of the comparison of two groups, by the test that is used and the approximation that is chosen.

A test is the power as a function of the two group sizes. Sizes may be fractions, as they are for effective sample
sizes; the exact enumeration takes whole numbers.

Sources: Fleiss, Levin and Paik (2003), Statistical Methods for Rates and Proportions, ch. 4; Cohen (1988), Statistical
Power Analysis for the Behavioral Sciences; R's `power.prop.test` and `power.t.test` for the pooled and the t test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from dnt_cli.errors import UsageError
from dnt_cli.sentences import say

Power = Callable[[float, float], float]
"""Power as a function of the sizes of the comparison and the intervention group."""

Method = Literal["exact", "normal", "unpooled", "arcsine", "corrected"]
METHODS: tuple[Method, ...] = ("exact", "normal", "unpooled", "arcsine", "corrected")
_TAIL = 1e-12  # probability of the outcomes that the enumeration leaves out, of each group


@dataclass(frozen=True, slots=True)
class Proportions:
    """Two proportions, compared by a two-sided test of a two-by-two table.

    Attributes:
        comparison: Probability in the comparison group.
        intervention: Probability in the intervention group.
    """

    comparison: float
    intervention: float

    def __post_init__(self) -> None:
        for share in (self.comparison, self.intervention):
            if not 0 < share < 1:
                raise UsageError(say("proportion_outside", share=share))
        if self.comparison == self.intervention:
            raise UsageError(say("proportions_equal"))

    def power(self, method: Method, alpha: float) -> Power:
        """The power of a two-sided test at level `alpha`.

        Args:
            method: `exact` enumerates all two-by-two tables for Pearson's chi-square without correction; `normal` is
                its usual approximation with a pooled variance under the null hypothesis (R's `power.prop.test`);
                `unpooled` takes the variance of the alternative throughout; `arcsine` is Cohen's h; `corrected` is
                for the chi-square with Yates' continuity correction (Fleiss).
            alpha: Level of significance.
        """
        functions = {
            "exact": _exact, "normal": _pooled, "unpooled": _unpooled, "arcsine": _arcsine, "corrected": _corrected,
        }  # fmt: skip
        return partial(functions[method], self.comparison, self.intervention, alpha)


@dataclass(frozen=True, slots=True)
class Means:
    """Two means, compared by a two-sided t test.

    Attributes:
        difference: In standard deviations of the outcome.
        correlation: Between the outcome at baseline, which is controlled for, and at the endpoint; the residual
            variance is 1 - correlation squared (Borm, Fransen and Lemmens 2007, Journal of Clinical Epidemiology 60).
    """

    difference: float
    correlation: float = 0.0

    def __post_init__(self) -> None:
        if self.difference == 0 or not np.isfinite(self.difference):
            raise UsageError(say("difference_zero"))
        if not -1 < self.correlation < 1:
            raise UsageError(say("baseline_r", correlation=self.correlation))

    def power(self, method: Method, alpha: float) -> Power:
        """The power of a two-sided test at level `alpha`.

        Args:
            method: `exact` is by the noncentral t distribution, `normal` by the normal distribution.
            alpha: Level of significance.
        """
        effect = abs(self.difference) / np.sqrt(1 - self.correlation**2)
        return partial(_noncentral if method == "exact" else _normal_means, effect, alpha)


def _exact(p0: float, p1: float, alpha: float, n0: float, n1: float) -> float:
    """Probability of every table that Pearson's chi-square rejects."""
    a, b = round(n0), round(n1)
    x, y = (_likely(n, p) for n, p in ((a, p0), (b, p1)))
    total, events = a + b, x[:, None] + y[None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        square = total * np.square(x[:, None] * b - y[None, :] * a) / (a * b * events * (total - events))
    rejected = np.nan_to_num(square) > stats.chi2.isf(alpha, 1)
    return float(stats.binom.pmf(x, a, p0) @ rejected @ stats.binom.pmf(y, b, p1))


def _likely(n: int, p: float) -> NDArray[np.float64]:
    """The counts of events among n that together miss next to no probability."""
    low, high = stats.binom.ppf((_TAIL, 1 - _TAIL), n, p)
    return np.arange(int(low), int(high) + 1, dtype=float)


def _pooled(p0: float, p1: float, alpha: float, n0: float, n1: float) -> float:
    pooled = (n0 * p0 + n1 * p1) / (n0 + n1)
    null = np.sqrt(pooled * (1 - pooled) * (1 / n0 + 1 / n1))
    true = np.sqrt(p0 * (1 - p0) / n0 + p1 * (1 - p1) / n1)
    return float(stats.norm.cdf((abs(p1 - p0) - stats.norm.isf(alpha / 2) * null) / true))


def _unpooled(p0: float, p1: float, alpha: float, n0: float, n1: float) -> float:
    true = np.sqrt(p0 * (1 - p0) / n0 + p1 * (1 - p1) / n1)
    return float(stats.norm.cdf(abs(p1 - p0) / true - stats.norm.isf(alpha / 2)))


def _arcsine(p0: float, p1: float, alpha: float, n0: float, n1: float) -> float:
    from statsmodels.stats.power import NormalIndPower
    from statsmodels.stats.proportion import proportion_effectsize

    h = abs(proportion_effectsize(p1, p0))
    return float(NormalIndPower().power(h, n0, alpha, ratio=n1 / n0))


def _corrected(p0: float, p1: float, alpha: float, n0: float, n1: float) -> float:
    """The pooled approximation at the sizes that the continuity correction leaves (Fleiss et al., eq. 4.14)."""
    ratio = n1 / n0
    left = n0 - (1 + 1 / ratio) / abs(p1 - p0) + (1 + 1 / ratio) ** 2 / (4 * n0 * (p1 - p0) ** 2)
    return _pooled(p0, p1, alpha, left, ratio * left) if n0 * abs(p1 - p0) > (1 + 1 / ratio) / 2 else 0.0


def _noncentral(effect: float, alpha: float, n0: float, n1: float) -> float:
    # Not statsmodels' TTestIndPower, which is NaN where the other side of the distribution is too small to tell.
    df = n0 + n1 - 2
    if df <= 0:
        return 0.0
    shift, critical = effect / np.sqrt(1 / n0 + 1 / n1), stats.t.isf(alpha / 2, df)
    other_side = np.nan_to_num(stats.nct.cdf(-critical, df, shift))
    return float(stats.nct.sf(critical, df, shift) + other_side)


def _normal_means(effect: float, alpha: float, n0: float, n1: float) -> float:
    from statsmodels.stats.power import NormalIndPower

    return float(NormalIndPower().power(effect, n0, alpha, ratio=n1 / n0))
