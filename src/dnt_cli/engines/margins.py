"""Average marginal effects: what an odds ratio means in percentage points."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from dnt_cli.arrays import Floats


def average_marginal_effects(
    matrix: Floats, estimate: Floats, covariance: Floats, column: int, among: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Mean over persons of P(y = 1 | column = 1) - P(y = 1 | column = 0) in logistic models of m data sets.

    The standard error is the delta method's, with the covariates held fixed: what `avg_comparisons` of R's
    marginaleffects and `margins, dydx()` of Stata give for a factor.

    Args:
        matrix: (m, n, k) right-hand side; (1, n, k) where all have the same.
        estimate: (m, k) log odds ratios.
        covariance: (m, k, k).
        column: index of a 0/1 column that takes part in no product with others.
        among: (m, n) or (1, n) whose mean it is.

    Returns:
        (m,) effects and their standard errors, as probabilities.
    """
    share = among / among.sum(axis=1, keepdims=True)
    value, slope = np.zeros(len(estimate)), np.zeros_like(estimate)
    for arm, sign in ((1.0, 1.0), (0.0, -1.0)):
        there = matrix.copy()
        there[..., column] = arm
        chance = 1.0 / (1.0 + np.exp(-(there @ estimate[..., None])[..., 0]))
        value += sign * (share * chance).sum(axis=1)
        slope += sign * ((share * chance * (1.0 - chance))[:, None, :] @ there)[:, 0]
    variance = (slope[:, None, :] @ covariance @ slope[..., None])[:, 0, 0]
    return value, np.sqrt(variance)


def average_risk_ratio(matrix: Floats, estimate: Floats, covariance: Floats, column: int) -> tuple[float, float]:
    """Log of the mean over persons of P(y = 1 | column = 1) over that of P(y = 1 | column = 0), in a logistic model.

    The standard error is the delta method's, with the covariates held fixed.

    Args:
        matrix: (n, k) right-hand side.
        estimate: (k,) log odds ratios.
        covariance: (k, k).
        column: index of a 0/1 column that takes part in no product with others.
    """
    value, slope = 0.0, np.zeros(len(estimate))
    for arm, sign in ((1.0, 1.0), (0.0, -1.0)):
        there = matrix.copy()
        there[:, column] = arm
        chance = 1.0 / (1.0 + np.exp(-(there @ estimate)))
        value += sign * float(np.log(chance.mean()))
        slope += sign * ((chance * (1.0 - chance)) @ there) / chance.sum()
    return value, float(np.sqrt(slope @ covariance @ slope))


# (16 sqrt(3) / (15 pi))^2: a logistic distribution is close to a normal one with this scale.
_LOGISTIC_AS_NORMAL = (16.0 * np.sqrt(3.0) / (15.0 * np.pi)) ** 2
_NODES = 61
_PERSONS_AT_ONCE = 4096


@cache
def _nodes() -> tuple[Floats, Floats]:
    """Nodes and weights of the mean over a standard normal variable."""
    node, weight = np.polynomial.hermite_e.hermegauss(_NODES)
    return node, weight / weight.sum()


def attenuation(sd: Floats) -> Floats:
    """By what factor log odds ratios over persons are smaller than those given a random intercept of this SD.

    1 / sqrt(1 + .346 SD^2) (Zeger, Liang and Albert 1988, Biometrics 44).
    """
    factor: Floats = 1.0 / np.sqrt(1.0 + _LOGISTIC_AS_NORMAL * np.square(sd))
    return factor


def trend_risk_difference(
    persons: Floats, estimate: Floats, covariance: Floats, columns: tuple[int, int, int], ends: tuple[float, float],
    sd: float,
) -> tuple[float, float]:  # fmt: skip
    """Change per unit of time, from the first to the last, of the mean over persons of P(y = 1 | 1) - P(y = 1 | 0).

    The probabilities are those over the random intercept, by Gauss-Hermite quadrature. The standard error is the delta
    method's in the coefficients, the covariates and the SD held fixed.

    Args:
        persons: (n, k) a row of the right-hand side per person.
        estimate: (k,) coefficients given the random intercept.
        covariance: (k, k).
        columns: Places of the group, the time and their product.
        ends: First and last time.
        sd: Of the random intercept.

    Returns:
        The difference and its standard error, as probabilities.
    """
    node, weight = _nodes()
    group, time, product = columns
    value, slope = 0.0, np.zeros(len(estimate))
    for at, sign_at in zip(ends, (-1.0, 1.0), strict=True):
        for arm, sign_arm in ((1.0, 1.0), (0.0, -1.0)):
            total, moved = 0.0, np.zeros(len(estimate))
            for first in range(0, len(persons), _PERSONS_AT_ONCE):
                there = persons[first : first + _PERSONS_AT_ONCE].copy()
                there[:, group], there[:, time], there[:, product] = arm, at, arm * at
                chance = 1.0 / (1.0 + np.exp(-((there @ estimate)[:, None] + sd * node)))
                total += float((chance @ weight).sum())
                moved += ((chance * (1.0 - chance)) @ weight) @ there
            value += sign_at * sign_arm * total / len(persons)
            slope += sign_at * sign_arm * moved / len(persons)
    span = ends[1] - ends[0]
    return value / span, float(np.sqrt(slope @ covariance @ slope)) / span
