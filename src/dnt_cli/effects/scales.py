"""The effect on scales that people read: standard deviations of the outcome, percentage points, odds over persons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dnt_cli.engines.margins import attenuation
from dnt_cli.pooling import Pooled, interval, pool_one

Floats = NDArray[np.float64]

SCALE_COLUMNS = (
    "marginal_low", "marginal_high", "d", "d_se", "d_low", "d_high",
    "odds_ratio_population", "odds_ratio_population_low", "odds_ratio_population_high",
)  # fmt: skip


def effect_size(estimates: Floats, variances: Floats, spreads: Floats, df: Floats, level: float) -> dict[str, float]:
    """The effect in standard deviations of the outcome, those of each data set.

    Args:
        estimates: (m,) in the outcome's own units.
        variances: (m,).
        spreads: (m,) standard deviations of the outcome.
        df: (m,) complete-data degrees of freedom.
        level: Of the interval.
    """
    found = _pooled(estimates / spreads, variances / spreads**2, df)
    if found is None:
        return {}
    low, high = interval(found, level)
    return {
        "d": float(found.estimate[0]),
        "d_se": float(found.std_error[0]),
        "d_low": float(low[0]),
        "d_high": float(high[0]),
    }


def risk_difference(values: Sequence[tuple[float, float]], level: float) -> dict[str, float]:
    """The difference in probability over persons, from each data set's and its standard error, as shares."""
    both = np.array(values)
    found = _pooled(both[:, 0], both[:, 1] ** 2, np.full(len(both), np.inf))
    if found is None:
        return {}
    low, high = interval(found, level)
    return {
        "marginal_effect": float(found.estimate[0]),
        "marginal_effect_se": float(found.std_error[0]),
        "marginal_low": float(low[0]),
        "marginal_high": float(high[0]),
    }


def population_odds(estimates: Floats, variances: Floats, sds: Floats, df: Floats, level: float) -> dict[str, float]:
    """The odds ratio over persons that goes with one given the person (Zeger, Liang and Albert 1988).

    Args:
        estimates: (m,) log odds ratios given the random intercept.
        variances: (m,).
        sds: (m,) of the random intercept.
        df: (m,) complete-data degrees of freedom.
        level: Of the interval.
    """
    shrunk = attenuation(sds)
    found = _pooled(estimates * shrunk, variances * shrunk**2, df)
    if found is None:
        return {}
    low, high = interval(found, level)
    ends: dict[str, Any] = {"": found.estimate[0], "_low": low[0], "_high": high[0]}
    return {f"odds_ratio_population{end}": float(np.exp(value)) for end, value in ends.items()}


def _pooled(estimates: Floats, variances: Floats, df: Floats) -> Pooled | None:
    """As `pool_one`; what is not known is not pooled."""
    known = np.isfinite(estimates).all() and np.isfinite(variances).all()
    return pool_one(estimates, variances, df) if known else None
