"""How well the items of a scale hang together: Cronbach's alpha, McDonald's omega, item-rest correlations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dnt_cli.arrays import Floats

_LOWEST_UNIQUENESS = 0.005  # as R's factanal
_PRECISION = 1e-12


@dataclass(frozen=True, slots=True)
class Reliability:
    """Reliability of one scale in one group of rows.

    Attributes:
        n: rows with an answer to every item.
        items: items whose answers differ between those rows; the others are left out, as SPSS does.
        alpha: Cronbach's alpha of those rows and items; NaN if there are fewer than two of either.
        omega: McDonald's omega of one factor; NaN where it cannot be estimated.
        improper: an item is explained entirely by the factor (a Heywood case), so omega is doubtful.
    """

    n: int
    items: int
    alpha: float
    omega: float
    improper: bool


def reliability(items: Floats) -> Reliability:
    """Alpha and omega of scored items, shape (n, items), listwise.

    Alpha: Cronbach (1951), Psychometrika 16, 297-334, from variances with n - 1, as SPSS RELIABILITY prints it.

    Omega: McDonald (1999), Test Theory, chapter 6: (sum of loadings)^2 over itself plus the sum of uniquenesses, in the
    metric of the items. Loadings are maximum-likelihood estimates of one factor (Joreskog 1967), as R's
    `factanal(factors = 1)` gives them; they need three items and more rows than items.
    """
    complete = items[~np.isnan(items).any(axis=1)]
    n = len(complete)
    complete = complete[:, np.ptp(complete, axis=0) > 0] if n else complete[:, :0]
    k = complete.shape[1]
    if n < 2 or k < 2:
        return Reliability(n, k, np.nan, np.nan, False)
    covariance = np.cov(complete, rowvar=False)
    total = complete.sum(axis=1)
    # Of items that cancel out, the sum of covariances is rounding of the computer, and alpha would be any number.
    alpha = float(k / (k - 1) * (1 - np.trace(covariance) / total.var(ddof=1))) if _varies(total) else np.nan
    omega, improper = _omega(covariance) if k > 2 and n > k else (np.nan, False)
    return Reliability(n, k, alpha, omega, improper)


def _varies(values: Floats) -> NDArray[np.bool_]:
    """Whether values differ by more than rounding of the computer, per column."""
    return np.asarray(np.ptp(values, axis=0) > _PRECISION * (1 + np.abs(values).max(axis=0)))


def _omega(covariance: Floats) -> tuple[float, bool]:
    scale = np.sqrt(np.diag(covariance))
    fitted = one_factor(covariance / np.outer(scale, scale))
    if fitted is None:
        return np.nan, False
    loadings, uniquenesses = fitted
    common = float((loadings * scale).sum() ** 2)
    omega = common / (common + float((uniquenesses * scale**2).sum()))
    return omega, bool((uniquenesses <= _LOWEST_UNIQUENESS * (1 + 1e-6)).any())


def one_factor(correlation: Floats) -> tuple[Floats, Floats] | None:
    """Loadings and uniquenesses of one factor by maximum likelihood; None if it cannot be estimated.

    The likelihood is maximised over the uniquenesses alone, with the loadings that are best given them (Lawley &
    Maxwell 1971, Factor Analysis as a Statistical Method, chapter 4), between 0.005 and 1.

    Args:
        correlation: Shape (k, k), k > 2.
    """
    from scipy.optimize import minimize  # slow to load, and most commands need it not

    k = len(correlation)
    if np.linalg.matrix_rank(correlation, hermitian=True) < k:
        return None

    def decomposed(uniquenesses: Floats) -> tuple[Floats, Floats]:
        values, vectors = np.linalg.eigh(correlation / np.sqrt(np.outer(uniquenesses, uniquenesses)))
        return values[::-1], np.sqrt(uniquenesses) * vectors[:, -1] * np.sqrt(max(values[-1] - 1, 0.0))

    def discrepancy(uniquenesses: Floats) -> tuple[float, Floats]:
        values, loadings = decomposed(uniquenesses)
        rest = values[1:]
        residual = loadings**2 + uniquenesses - np.diag(correlation)
        return float((rest - np.log(rest)).sum() - (k - 1)), residual / uniquenesses**2

    start = np.clip((1 - 0.5 / k) / np.diag(np.linalg.inv(correlation)), _LOWEST_UNIQUENESS, 1)
    best = minimize(
        discrepancy,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(_LOWEST_UNIQUENESS, 1.0)] * k,
        options={"ftol": _PRECISION, "gtol": 1e-9, "maxiter": 1000},
    )
    if not np.isfinite(best.fun):
        return None
    loadings = decomposed(best.x)[1]
    return loadings * (1 if loadings.sum() >= 0 else -1), np.asarray(best.x)


def item_rest_correlations(items: Floats) -> tuple[Floats, int]:
    """Correlation of each item with the sum of the others, listwise, and the number of rows; NaN for a constant."""
    complete = items[~np.isnan(items).any(axis=1)]
    n, k = complete.shape
    out = np.full(k, np.nan)
    if n < 3 or k < 2:
        return out, n
    rest = complete.sum(axis=1)[:, None] - complete
    a, b = complete - complete.mean(axis=0), rest - rest.mean(axis=0)
    spread = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    known = _varies(complete) & _varies(rest)
    out[known] = (a * b).sum(axis=0)[known] / spread[known]
    out[np.abs(out) < _PRECISION] = 0.0  # or else a negative one is told where there is none
    return out, n
