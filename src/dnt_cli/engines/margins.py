"""Average marginal effects: what an odds ratio means in percentage points."""

from __future__ import annotations

import numpy as np

from dnt_cli.engines.base import Floats


def average_marginal_effect(matrix: Floats, estimate: Floats, covariance: Floats, column: int) -> tuple[float, float]:
    """Mean over persons of P(y = 1 | column = 1) - P(y = 1 | column = 0) in a logistic model.

    The standard error is the delta method's, with the covariates held fixed: what `avg_comparisons` of R's
    marginaleffects and `margins, dydx()` of Stata give for a factor.

    Args:
        matrix: (n, k) right-hand side.
        estimate: (k,) log odds ratios.
        covariance: (k, k).
        column: index of a 0/1 column that takes part in no product with others.

    Returns:
        The effect and its standard error, as probabilities.
    """
    means, slopes = [], []
    for value in (1.0, 0.0):
        there = matrix.copy()
        there[:, column] = value
        chance = 1.0 / (1.0 + np.exp(-(there @ estimate)))
        means.append(float(chance.mean()))
        slopes.append((chance * (1.0 - chance)) @ there / matrix.shape[0])
    slope = slopes[0] - slopes[1]
    return means[0] - means[1], float(np.sqrt(slope @ covariance @ slope))
