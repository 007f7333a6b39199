"""From the mode of a posterior to its mean: draws of logistic models are centred where the posterior is.

With few answers and many predictors the posterior of logistic coefficients leans outward: its mean lies further from
zero than its mode, at which the normal approximation is centred. To second order (Laplace; Tierney and Kadane 1986,
JASA 81, 82-86) the mean is the mode plus (1/2) V g, where V is the inverse of the negative Hessian and g is the
gradient of tr(V d2 log p) with V held fixed, which needs third derivatives of the likelihood only (the normal priors
have none).

The correction is an expansion, so it is capped: at most `CAP` posterior standard deviations per coefficient on
average, in the metric of the posterior. Shapes are those of `draws`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dnt_cli.imputation.draws import (
    INTERCEPT_SCALE,
    logistic,
    multinomial_information,
    ordered_derivatives,
    ordered_design,
    ordered_weights,
    softmax,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    AnyFloats = NDArray[np.floating[Any]]  # what NumPy's stubs say of an inverse

CAP = 1.0
"""Largest correction, in root mean square posterior SDs."""
_STEP = 1e-4  # of a difference quotient, in log-odds


def logistic_shift(X: Array, mode: Array, scale: float) -> Array:
    """(c, p) mean minus mode of a logistic regression's coefficients.

    Args:
        X: (c, p, n).
        mode: (c, p).
        scale: SD of the prior of each coefficient but the intercept.
    """
    fitted = logistic(np.matmul(mode[:, None, :], X)[:, 0])
    weight = fitted * (1 - fitted)
    hessian: Array = np.matmul(X * weight[:, None, :], X.transpose(0, 2, 1))
    diagonal = np.arange(X.shape[1])
    hessian[:, diagonal, diagonal] += scale**-2.0
    hessian[:, 0, 0] += INTERCEPT_SCALE**-2.0 - scale**-2.0
    covariance = np.linalg.inv(hessian)
    spread = (np.matmul(covariance, X) * X).sum(axis=1)  # variance of each log-odds
    gradient = np.matmul(X, (weight * (2 * fitted - 1) * spread)[:, :, None])[:, :, 0]
    return _capped(covariance, hessian, gradient)


def multinomial_shift(X: Array, mode: Array, scale: float) -> Array:
    """(c, K, p) mean minus mode of a multinomial logit's coefficients.

    Args:
        X: (c, p, n).
        mode: (c, K, p).
        scale: SD of the prior of a contrast.
    """
    c, classes, p = mode.shape
    share = softmax(np.matmul(mode, X))
    hessian: Array = multinomial_information(X, share)
    diagonal = np.arange(classes * p)
    precision = np.tile(np.r_[2.0 * INTERCEPT_SCALE**-2.0, np.full(p - 1, 2.0 * scale**-2.0)], classes)
    hessian[:, diagonal, diagonal] += precision
    covariance = np.linalg.inv(hessian)
    # Covariance of the K linear predictors of each person.
    blocks = covariance.reshape(c, classes, p, classes, p)
    spread = np.stack(
        [
            np.stack([(np.matmul(blocks[:, k, :, j], X) * X).sum(axis=1) for j in range(classes)], axis=1)
            for k in range(classes)
        ],
        axis=1,
    )  # (c, K, K, n)
    along = (spread * share[:, None]).sum(axis=2)  # (c, K, n)
    size = spread[:, np.arange(classes), np.arange(classes)] - 2 * along  # the part equal for all classes cancels
    gradient = -share * (size - (share * size).sum(axis=1, keepdims=True))
    turned: Array = np.matmul(gradient, X.transpose(0, 2, 1)).reshape(c, classes * p)
    return _capped(covariance, hessian, turned).reshape(c, classes, p)


def ordered_shift(X: Array, codes: NDArray[np.intp], mode: Array, scale: float) -> Array:
    """(c, p + K - 1) mean minus mode of the coefficients and thresholds of a proportional-odds model.

    Args:
        X: (c, p, n) without the row of ones.
        codes: (n,) 0..K-1.
        mode: (c, p + K - 1).
        scale: SD of the prior of each coefficient.
    """
    p, cuts = X.shape[1], mode.shape[1] - X.shape[1]
    upper, lower, has_upper, has_lower = ordered_design(X, codes, cuts)
    _, hessian = ordered_derivatives(upper, lower, mode, has_upper, has_lower)
    diagonal = np.arange(p + cuts)
    hessian[:, diagonal, diagonal] += np.r_[np.full(p, scale**-2.0), np.full(cuts, INTERCEPT_SCALE**-2.0)]
    covariance = np.linalg.inv(hessian)
    with_upper, with_lower = np.matmul(covariance, upper), np.matmul(covariance, lower)
    spread = ((with_upper * upper).sum(axis=1), (with_lower * lower).sum(axis=1), (with_upper * lower).sum(axis=1))
    up, low = (np.matmul(mode[:, None, :], rows)[:, 0] for rows in (upper, lower))

    def curvature(up: Array, low: Array) -> Array:
        """(c, n) what each person adds to tr(V x negative Hessian)."""
        h_up, h_low, cross = ordered_weights(up, low, has_upper, has_lower)
        total: Array = h_up * spread[0] + h_low * spread[1] - 2 * cross * spread[2]
        return total

    by_up: Array = (curvature(up + _STEP, low) - curvature(up - _STEP, low)) / (2 * _STEP)
    by_low: Array = (curvature(up, low + _STEP) - curvature(up, low - _STEP)) / (2 * _STEP)
    gradient: Array = -(np.matmul(upper, by_up[:, :, None]) + np.matmul(lower, by_low[:, :, None]))[:, :, 0]
    return _capped(covariance, hessian, gradient)


def _capped(covariance: AnyFloats, hessian: Array, gradient: Array) -> Array:
    """(c, q) half of V g, no longer than `CAP` allows."""
    shift: Array = np.matmul(covariance, gradient[:, :, None] / 2)[:, :, 0]
    length = np.sqrt(np.maximum((shift * np.matmul(hessian, shift[:, :, None])[:, :, 0]).sum(axis=1), 1e-300))
    most = CAP * np.sqrt(shift.shape[1])
    capped: Array = shift * np.minimum(1.0, most / length)[:, None]
    return capped
