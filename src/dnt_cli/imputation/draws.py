"""Bayesian draws of regression parameters and of missing values, for a stack of imputations at once.

Every function works on each of the c imputations by itself (stacked matmul, Cholesky and solve run slice by slice), so
a result never depends on which imputations share a stack. Randomness comes in as arguments.
Predictors X have shape (c, p, n): imputation, predictor, person; row 0 is ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

FULL_STEP = 1.5
"""A Newton step that moves no log-odds further than this is taken in full, a longer one d is damped to log(1 + d) / d
of it, which cannot overshoot (Bach 2010, self-concordant analysis for logistic regression)."""
TOLERANCE = 1e-3
"""Newton stops after a step as short as this; convergence being quadratic, what is left is about its square."""
MAX_NEWTON = 25
RIDGE = 1e-5
"""Added to the diagonal of the cross-products of a linear model, as a share of it."""
INTERCEPT_SCALE = 10.0
"""SD of the normal prior of a logistic intercept."""


def draw_linear(
    X: Array, y: Array, normals: Array, chi_square: Array, ridge: float = RIDGE
) -> tuple[Array, Array, Array]:
    """Draw from the posterior of a linear model with flat priors (Rubin 1987, p. 167; mice's `norm.draw`).

    Args:
        X: (c, p, n).
        y: (n,).
        normals: (c, p) standard normal.
        chi_square: (c,) with max(n - p, 1) degrees of freedom.
        ridge: share of the diagonal of X X' added to it.

    Returns:
        estimate (c, p), drawn coefficients (c, p), drawn residual SD (c,).
    """
    gram = np.matmul(X, X.transpose(0, 2, 1))
    diagonal = np.arange(gram.shape[1])
    gram[:, diagonal, diagonal] *= 1.0 + ridge
    gram[:, diagonal, diagonal] += 1e-9
    factor = np.linalg.cholesky(gram)
    # A^-1 (L z) = L^-T z: one solve gives both the estimate and the direction of the draw.
    right = np.stack([np.matmul(X, y), np.matmul(factor, normals[:, :, None])[:, :, 0]], axis=2)
    solved = np.linalg.solve(gram, right)
    estimate, direction = solved[:, :, 0], solved[:, :, 1]
    residual = y - np.matmul(estimate[:, None, :], X)[:, 0]
    sigma = np.sqrt(np.square(residual).sum(axis=1) / chi_square)
    return estimate, estimate + sigma[:, None] * direction, sigma


def draw_logistic(
    X: Array, y: Array, start: Array, normals: Array, scale: float
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Draw from the normal approximation to the posterior of a logistic model with normal priors.

    The prior keeps the draw finite when an outcome is separated.

    Args:
        X: (c, p, n).
        y: (n,) 0/1.
        start: (c, p) where Newton starts.
        normals: (c, p) standard normal.
        scale: SD of the prior of each coefficient but the intercept.

    Returns:
        mode (c, p), drawn coefficients (c, p), whether Newton converged (c,).
    """
    precision = np.full(X.shape[1], scale**-2.0)
    precision[0] = INTERCEPT_SCALE**-2.0
    mode, drawn = start.copy(), np.empty_like(start)
    eta = np.matmul(mode[:, None, :], X)[:, 0]
    active = np.arange(X.shape[0])
    diagonal = np.arange(X.shape[1])
    for _ in range(MAX_NEWTON):
        design = X if active.size == X.shape[0] else X[active]
        beta = mode[active]
        fitted = logistic(eta[active])
        gradient = np.matmul(design, (y - fitted)[:, :, None])[:, :, 0] - precision * beta
        hessian = np.matmul(design * (fitted * (1.0 - fitted))[:, None, :], design.transpose(0, 2, 1))
        hessian[:, diagonal, diagonal] += precision
        noise = np.matmul(np.linalg.cholesky(hessian), normals[active][:, :, None])[:, :, 0]
        solved = np.linalg.solve(hessian, np.stack([gradient, noise], axis=2))
        step, change = _damped(solved[:, :, 0], np.matmul(solved[:, None, :, 0], design)[:, 0])
        mode[active] = beta + step
        eta[active] += change
        drawn[active] = beta + step + solved[:, :, 1]
        active = active[np.abs(change).max(axis=1) > TOLERANCE]
        if not active.size:
            break
    converged = np.ones(X.shape[0], dtype=bool)
    converged[active] = False
    return mode, drawn, converged


def _damped(step: Array, change: Array) -> tuple[Array, Array]:
    """A Newton step (c, p) and the change in log-odds (c, ...) it makes, shortened where that is long."""
    longest = np.abs(change).reshape(len(change), -1).max(axis=1)
    factor = np.where(longest > FULL_STEP, np.log1p(longest) / np.maximum(longest, 1.0), 1.0)
    return step * factor[:, None], change * factor.reshape(-1, *[1] * (change.ndim - 1))


def draw_multinomial(
    X: Array, codes: NDArray[np.intp], start: Array, normals: Array, scale: float
) -> tuple[Array, Array]:
    """Draw from the normal approximation to the posterior of a multinomial logit with normal priors.

    All K classes have coefficients, so that no class is the reference; a contrast of two has prior SD `scale`.

    Args:
        X: (c, p, n).
        codes: (n,) 0..K-1.
        start: (c, K, p).
        normals: (c, K * p) standard normal.
        scale: SD of the prior of a contrast.

    Returns:
        mode (c, K, p), drawn coefficients (c, K, p).
    """
    c, p, _ = X.shape
    classes = start.shape[1]
    precision = np.tile(np.r_[2.0 * INTERCEPT_SCALE**-2.0, np.full(p - 1, 2.0 * scale**-2.0)], classes)
    indicator = (codes == np.arange(classes)[:, None]).astype(float)
    mode, drawn = start.reshape(c, -1).copy(), np.empty((c, classes * p))
    active = np.arange(c)
    diagonal = np.arange(classes * p)
    for _ in range(MAX_NEWTON):
        design = X[active]
        beta = mode[active]
        share = softmax(np.matmul(beta.reshape(-1, classes, p), design))
        gradient = np.matmul(indicator - share, design.transpose(0, 2, 1)).reshape(-1, classes * p) - precision * beta
        hessian = multinomial_information(design, share)
        hessian[:, diagonal, diagonal] += precision
        noise = np.matmul(np.linalg.cholesky(hessian), normals[active][:, :, None])[:, :, 0]
        solved = np.linalg.solve(hessian, np.stack([gradient, noise], axis=2))
        step, change = _damped(solved[:, :, 0], np.matmul(solved[:, :, 0].reshape(-1, classes, p), design))
        mode[active] = beta + step
        drawn[active] = beta + step + solved[:, :, 1]
        active = active[np.abs(change).reshape(len(active), -1).max(axis=1) > TOLERANCE]
        if not active.size:
            break
    return mode.reshape(c, classes, p), drawn.reshape(c, classes, p)


def multinomial_information(X: Array, share: Array) -> Array:
    """(c, K * p, K * p) information of a multinomial logit at class probabilities `share` (c, K, n)."""
    c, p, _ = X.shape
    classes = share.shape[1]
    information = np.empty((c, classes * p, classes * p))
    transposed = X.transpose(0, 2, 1)
    for k in range(classes):
        for other in range(k, classes):
            weight = share[:, k] * ((k == other) - share[:, other])
            block = np.matmul(X * weight[:, None, :], transposed)
            information[:, k * p : (k + 1) * p, other * p : (other + 1) * p] = block
            information[:, other * p : (other + 1) * p, k * p : (k + 1) * p] = block.transpose(0, 2, 1)
    return information


def draw_ordered(X: Array, codes: NDArray[np.intp], start: Array, normals: Array, scale: float) -> tuple[Array, Array]:
    """Draw from the normal approximation to the posterior of a proportional-odds model with normal priors.

    P(class <= k) = logistic(threshold k - coefficients' x), McCullagh (1980); K classes, K - 1 thresholds.

    Args:
        X: (c, p, n) without the row of ones.
        codes: (n,) 0..K-1, every class occurs.
        start: (c, p + K - 1) coefficients and thresholds where Newton starts.
        normals: (c, p + K - 1) standard normal.
        scale: SD of the prior of each coefficient.

    Returns:
        mode (c, p + K - 1), draw (c, p + K - 1) with its thresholds in order.
    """
    c, p, _ = X.shape
    cuts = start.shape[1] - p
    precision = np.r_[np.full(p, scale**-2.0), np.full(cuts, INTERCEPT_SCALE**-2.0)]
    upper, lower, has_upper, has_lower = ordered_design(X, codes, cuts)
    mode, drawn = start.copy(), np.empty_like(start)
    active = np.arange(c)
    diagonal = np.arange(p + cuts)
    for _ in range(MAX_NEWTON):
        up, low, beta = upper[active], lower[active], mode[active]
        gradient, hessian = ordered_derivatives(up, low, beta, has_upper, has_lower)
        gradient -= precision * beta
        hessian[:, diagonal, diagonal] += precision
        noise = np.matmul(np.linalg.cholesky(hessian), normals[active][:, :, None])[:, :, 0]
        solved = np.linalg.solve(hessian, np.stack([gradient, noise], axis=2))
        change = np.matmul(np.stack([up, low], axis=1).transpose(0, 1, 3, 2), solved[:, None, :, :1])[..., 0]
        step, change = _damped(solved[:, :, 0], change)
        step, shorter = _keep_order(beta[:, p:], step, p)
        mode[active] = beta + step
        drawn[active] = beta + step + solved[:, :, 1]
        active = active[(np.abs(change).reshape(len(active), -1).max(axis=1) > TOLERANCE) | shorter]
        if not active.size:
            break
    drawn[:, p:] = np.sort(drawn[:, p:], axis=1)
    return mode, drawn


def _keep_order(cuts: Array, step: Array, p: int) -> tuple[Array, NDArray[np.bool_]]:
    """A step (c, p + K - 1) that takes at most nine tenths of the room between thresholds, and whether it was cut."""
    gap, closing = np.diff(cuts, axis=1), -np.diff(step[:, p:], axis=1)
    room = np.where(closing > 0, 0.9 * gap / np.maximum(closing, 1e-300), np.inf)
    factor = np.minimum(room.min(axis=1, initial=np.inf), 1.0)
    return step * factor[:, None], factor < 1.0


def ordered_design(
    X: Array, codes: NDArray[np.intp], cuts: int
) -> tuple[Array, Array, NDArray[np.bool_], NDArray[np.bool_]]:
    """Designs (c, p + K - 1, n) of a person's upper and lower limit, and (n,) which persons have one.

    A person of class k contributes F(upper) - F(lower); the design of either is -x and one threshold.
    """
    c, _, n = X.shape
    at = np.arange(cuts)[:, None]
    upper, lower = (
        np.concatenate([-X, np.broadcast_to((codes - k == at).astype(float), (c, cuts, n))], axis=1) for k in (0, 1)
    )
    return upper, lower, codes < cuts, codes > 0


def ordered_derivatives(
    upper: Array, lower: Array, beta: Array, has_upper: NDArray[np.bool_], has_lower: NDArray[np.bool_]
) -> tuple[Array, Array]:
    """Gradient (c, q) and negative Hessian (c, q, q) of the log-likelihood of a proportional-odds model."""
    up, low = (np.matmul(beta[:, None, :], rows)[:, 0] for rows in (upper, lower))
    d_up, d_low = _ordered_slopes(up, low, has_upper, has_lower)[:2]
    gradient = np.matmul(upper, d_up[:, :, None])[:, :, 0] - np.matmul(lower, d_low[:, :, None])[:, :, 0]
    h_up, h_low, weight = ordered_weights(up, low, has_upper, has_lower)
    cross = np.matmul(upper * weight[:, None, :], lower.transpose(0, 2, 1))
    hessian = np.matmul(upper * h_up[:, None, :], upper.transpose(0, 2, 1))
    hessian += np.matmul(lower * h_low[:, None, :], lower.transpose(0, 2, 1))
    hessian -= cross + cross.transpose(0, 2, 1)
    return gradient, hessian


def ordered_weights(
    up: Array, low: Array, has_upper: NDArray[np.bool_], has_lower: NDArray[np.bool_]
) -> tuple[Array, Array, Array]:
    """(c, n) negative second derivatives of log(F(up) - F(low)): to up, to low, and minus that to both."""
    d_up, d_low, f_up, f_low = _ordered_slopes(up, low, has_upper, has_lower)
    return d_up * d_up - d_up * (1 - 2 * f_up), d_low * d_low + d_low * (1 - 2 * f_low), d_up * d_low


def _ordered_slopes(
    up: Array, low: Array, has_upper: NDArray[np.bool_], has_lower: NDArray[np.bool_]
) -> tuple[Array, Array, Array, Array]:
    """(c, n) slopes of log(F(up) - F(low)) to up and to -low, and F at both."""
    f_up = np.where(has_upper, logistic(up), 1.0)
    f_low = np.where(has_lower, logistic(low), 0.0)
    probability = np.maximum(f_up - f_low, 1e-12)
    return f_up * (1 - f_up) / probability, f_low * (1 - f_low) / probability, f_up, f_low


def match_donors(
    fitted: Array, drawn: Array, shuffle: NDArray[np.intp], uniforms: Array, donors: int
) -> NDArray[np.intp]:
    """Predictive mean matching: for each drawn prediction one of the `donors` persons with the nearest fitted value.

    The nearest values are a window in the sorted ones, found from one sort: time n log n, not persons x persons.
    Persons with equal fitted values are ordered at random.

    Args:
        fitted: (c, f) of the possible donors.
        drawn: (c, u) predictions with drawn coefficients (type 1 matching).
        shuffle: (c, f) permutation of the donors, to break ties.
        uniforms: (c, u) in [0, 1), which donor of the pool.
        donors: size of the pool.

    Returns:
        (c, u) index of the donor.
    """
    c, f = fitted.shape
    pool = min(donors, f)
    # Rounded, so that persons with the same predictors tie whatever the order of summation was.
    mixed = np.round(np.take_along_axis(fitted, shuffle, axis=1), 10)
    order = np.argsort(mixed, axis=1, kind="stable")
    ranked = np.take_along_axis(mixed, order, axis=1)
    everyone = np.argsort(np.concatenate([ranked, drawn], axis=1), axis=1, kind="stable")
    is_donor = everyone < f
    below = np.empty((c, drawn.shape[1]), dtype=np.intp)
    row, place = np.nonzero(~is_donor)
    below[row, everyone[row, place] - f] = np.cumsum(is_donor, axis=1)[row, place]
    infinite = np.full((c, pool), np.inf)
    padded = np.concatenate([-infinite, ranked, infinite], axis=1)
    # Slide the window up while the value that would leave is further away than the one that would enter.
    window = below[:, :, None] + np.arange(pool)
    near = np.take_along_axis(padded, window.reshape(c, -1), axis=1).reshape(window.shape)
    far = np.take_along_axis(padded, (window + pool).reshape(c, -1), axis=1).reshape(window.shape)
    first = below - pool + ((drawn[:, :, None] - near) > (far - drawn[:, :, None])).sum(axis=2)
    pick = first + (uniforms * pool).astype(np.intp)
    return np.take_along_axis(shuffle, np.take_along_axis(order, pick, axis=1), axis=1)


def nearest(support: Array, values: Array) -> Array:
    """The member of `support` (sorted) nearest to each of `values`."""
    place = np.clip(np.searchsorted(support, values), 1, max(support.size - 1, 1))
    below, above = support[place - 1], support[np.minimum(place, support.size - 1)]
    return np.where(values - below <= above - values, below, above)


def logistic(x: Array) -> Array:
    """1 / (1 + exp(-x)), without overflow."""
    return 1.0 / (1.0 + np.exp(-np.clip(x, -35.0, 35.0)))


def softmax(x: Array) -> Array:
    """Class probabilities from log-odds (c, K, n) along axis 1."""
    weight = np.exp(x - x.max(axis=1, keepdims=True))
    total: Array = weight / weight.sum(axis=1, keepdims=True)
    return total
