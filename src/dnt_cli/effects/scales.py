"""The effect on scales that people read: standard deviations of the outcome, percentage points, odds over persons."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dnt_cli.arrays import Floats
from dnt_cli.engines.margins import attenuation
from dnt_cli.pooling import interval, pool_one


def effect_size(estimates: Floats, variances: Floats, spreads: Floats, df: Floats, level: float) -> dict[str, float]:
    """The effect in standard deviations of the outcome, those of each data set.

    Args:
        estimates: (m,) in the outcome's own units.
        variances: (m,).
        spreads: (m,) standard deviations of the outcome.
        df: (m,) complete-data degrees of freedom.
        level: Of the interval.
    """
    return _pooled(estimates / spreads, variances / spreads**2, df, level, ("d", "d_se", "d_low", "d_high"))


def risk_difference(values: Sequence[tuple[float, float]], level: float) -> dict[str, float]:
    """The difference in probability over persons, from each data set's and its standard error, as shares."""
    both = np.array(values)
    columns = ("marginal_effect", "marginal_effect_se", "marginal_low", "marginal_high")
    return _pooled(both[:, 0], both[:, 1] ** 2, np.full(len(both), np.inf), level, columns)


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
    found = _pooled(estimates * shrunk, variances * shrunk**2, df, level, ("", "_se", "_low", "_high"))
    return {f"odds_ratio_population{end}": float(np.exp(value)) for end, value in found.items() if end != "_se"}


def _pooled(
    estimates: Floats, variances: Floats, df: Floats, level: float, columns: tuple[str, str, str, str]
) -> dict[str, float]:
    """Column -> estimate, standard error and limits of what `pool_one` gives; none where one of (m,) is not known."""
    if not (np.isfinite(estimates).all() and np.isfinite(variances).all()):
        return {}
    found = pool_one(estimates, variances, df)
    values = (found.estimate, found.std_error, *interval(found, level))
    return {column: float(value[0]) for column, value in zip(columns, values, strict=True)}
