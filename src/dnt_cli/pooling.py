"""Rubin's rules: one answer from the answers of m completed data sets.

Everything is on the scale on which estimates are roughly normal: log odds ratios, not odds ratios. Symbols and names
are those of mice (van Buuren and Groothuis-Oudshoorn 2011): ubar, b, t, riv, lambda, fmi.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from dnt_cli.arrays import Floats
from dnt_cli.errors import ModelError

# mice's floor on lambda in the degrees of freedom: without between-imputation variance they would be infinite.
_SMALLEST_LAMBDA = 1e-4


@dataclass(frozen=True, slots=True)
class Pooled:
    """Pooled coefficients; every array has shape (k,).

    Attributes:
        m: number of imputations.
        estimate: mean over the imputations.
        std_error: square root of t.
        statistic: estimate / std_error.
        df: Barnard and Rubin's (1999) degrees of freedom.
        p_value: two-sided, from Student's t.
        ubar: mean of the squared standard errors (within-imputation variance).
        b: variance of the estimates (between-imputation variance), divisor m - 1.
        t: total variance, ubar + (1 + 1/m) b.
        riv: relative increase in variance due to nonresponse, (1 + 1/m) b / ubar.
        lambda_: share of the total variance due to nonresponse, (1 + 1/m) b / t.
        fmi: fraction of missing information.
    """

    m: int
    estimate: Floats
    std_error: Floats
    statistic: Floats
    df: Floats
    p_value: Floats
    ubar: Floats
    b: Floats
    t: Floats
    riv: Floats
    lambda_: Floats
    fmi: Floats


@dataclass(frozen=True, slots=True)
class WaldTest:
    """A pooled test of several coefficients at once.

    Attributes:
        statistic: F.
        df1: numerator degrees of freedom, the number of coefficients.
        df2: denominator degrees of freedom.
        p_value: of the F distribution.
        riv: average relative increase in variance.
    """

    statistic: float
    df1: float
    df2: float
    p_value: float
    riv: float


def pool(estimates: ArrayLike, variances: ArrayLike, df_complete: ArrayLike) -> Pooled:
    """Pool k coefficients over m imputations, as `mice::pool` does.

    Args:
        estimates: (m, k) coefficients.
        variances: (m, k) squared standard errors.
        df_complete: degrees of freedom if no value had been missing: one number, (k,), or (m, k) when they differ
            between imputations, as Satterthwaite's do; then their mean over the imputations is used. mice takes
            the residual degrees of freedom of the first fit, for logistic and mixed models too.

    Raises:
        ModelError: fewer than two imputations, or an estimate or variance that is not a number.
    """
    q = np.atleast_2d(np.asarray(estimates, dtype=float))
    u = np.atleast_2d(np.asarray(variances, dtype=float))
    m = _imputations(q, u)
    if (u < 0).any():
        raise ModelError("A variance to be pooled is negative.")
    complete = _complete_df(df_complete, q.shape)
    ubar, b = u.mean(axis=0), q.var(axis=0, ddof=1)
    increase = (1.0 + 1.0 / m) * b
    t = ubar + increase
    estimate, std_error = q.mean(axis=0), np.sqrt(t)
    with np.errstate(divide="ignore", invalid="ignore"):
        lambda_, riv, statistic = increase / t, increase / ubar, estimate / std_error
    df = _barnard_rubin(m, lambda_, complete)
    # fmi = (riv + 2/(df + 3)) / (riv + 1), written in lambda so that ubar = 0 gives 1 and not inf/inf.
    fmi = lambda_ + (1.0 - lambda_) * 2.0 / (df + 3.0)
    return Pooled(
        m=m, estimate=estimate, std_error=std_error, statistic=statistic, df=df, p_value=two_sided(statistic, df),
        ubar=ubar, b=b, t=t, riv=riv, lambda_=lambda_, fmi=fmi,
    )  # fmt: skip


def unpooled(estimate: Floats, variance: Floats, df: Floats) -> Pooled:
    """The same quantities for one fit, where nothing was imputed: no between-imputation variance; all (k,)."""
    error, none = np.sqrt(variance), np.full(len(estimate), np.nan)
    with np.errstate(invalid="ignore"):  # the intercept has no standardised coefficient: 0 / 0
        statistic = estimate / error
    p_value = two_sided(statistic, df)  # with infinite df of the normal distribution, as glm and glmer report
    return Pooled(1, estimate, error, statistic, df, p_value, variance, none, variance, none, none, none)


def pool_one(estimates: Floats, variances: Floats, df_complete: Floats) -> Pooled:
    """Pool one quantity, (m,) each; a single data set keeps its own error."""
    if len(estimates) == 1:
        return unpooled(estimates, variances, df_complete)
    return pool(estimates[:, None], variances[:, None], df_complete[:, None])


def interval(pooled: Pooled, level: float = 0.95) -> tuple[Floats, Floats]:
    """Lower and upper limits, (k,) each, of the two-sided confidence interval at the given level, such as .95."""
    if not 0.0 < level < 1.0:
        raise ModelError(f"The confidence level must lie between 0 and 1, not {level}.")
    reach = critical_value(pooled.df, level) * pooled.std_error
    return pooled.estimate - reach, pooled.estimate + reach


def critical_value(df: ArrayLike, level: float) -> Floats:
    """The two-sided critical value of Student's t; of the normal distribution where `df` is infinite."""
    from scipy.special import stdtrit  # scipy.stats gives the same, and takes half a second to load

    value: Floats = stdtrit(np.asarray(df, dtype=float), 0.5 + 0.5 * level)
    return value


def quick_critical_value(df: ArrayLike, level: float) -> Floats:
    """As `critical_value`, to eleven digits, for showing results: scipy.special takes a tenth of a second to load.

    With t = sqrt(df) sinh(u), the distribution is the integral of cosh(u) ** -df. That is concave, so Newton's method
    comes to its quantile from below.
    """
    freedom = np.minimum(np.asarray(df, dtype=float), 1e12)  # of which the quantiles are the normal ones
    if (freedom < 1.0).any():  # too long a tail for the nodes
        return critical_value(df, level)
    nodes, weights = _nodes()

    def integral(end: Floats) -> Floats:
        heights = np.exp(-0.5 * freedom[..., None] * np.log1p(np.sinh(end[..., None] * nodes) ** 2))
        return np.asarray(end * (heights @ weights))

    wanted = level * integral(np.arccosh(np.exp(40.0 / freedom)))  # where nothing is left
    end = np.zeros_like(freedom)
    for _ in range(50):
        step = (wanted - integral(end)) * np.cosh(end) ** freedom
        end = end + step
        if not (np.abs(step) > 1e-15 * end).any():
            break
    return np.asarray(np.sqrt(freedom) * np.sinh(end))


@cache
def _nodes() -> tuple[Floats, Floats]:
    """(64,) nodes and weights of Gauss-Legendre quadrature from 0 to 1."""
    nodes, weights = np.polynomial.legendre.leggauss(64)
    return (1.0 + nodes) / 2.0, weights / 2.0


def two_sided(statistic: ArrayLike, df: ArrayLike) -> Floats:
    """The two-sided p-value of Student's t; of the normal distribution where `df` is infinite."""
    from scipy.special import stdtr

    p_value: Floats = 2.0 * stdtr(np.asarray(df, dtype=float), -np.abs(np.asarray(statistic, dtype=float)))
    return p_value


def pool_wald(estimates: ArrayLike, covariances: ArrayLike, df_complete: ArrayLike) -> WaldTest:
    """Test that k coefficients are all zero: D1 of Li, Raghunathan and Rubin (1991), as `mice::D1`.

    The denominator degrees of freedom are Reiter's (2007, Biometrika 94) for a finite df_complete. His approximation
    needs k (m - 1) > 4 and enough complete-data degrees of freedom; outside that range, and for an infinite
    df_complete, Li's are used, capped at the complete-data degrees of freedom.

    Args:
        estimates: (m, k).
        covariances: (m, k, k).
        df_complete: as in `pool`; one number is made of it by averaging.

    Raises:
        ModelError: fewer than two imputations, or a singular mean covariance.
    """
    from scipy.special import fdtrc

    q = np.atleast_2d(np.asarray(estimates, dtype=float))
    u = np.asarray(covariances, dtype=float)
    m, k = _imputations(q, u), q.shape[1]
    if u.shape != (m, k, k):
        raise ModelError(f"The covariances have shape {u.shape}; {(m, k, k)} is needed.")
    ubar, mean = u.mean(axis=0), q.mean(axis=0)
    deviations = q - mean
    b = deviations.T @ deviations / (m - 1)
    try:
        riv = float((1.0 + 1.0 / m) * np.trace(np.linalg.solve(ubar, b)) / k)
        statistic = float(mean @ np.linalg.solve(ubar, mean) / (k * (1.0 + riv)))
    except np.linalg.LinAlgError as error:
        raise ModelError("The coefficients cannot be tested together: their covariance is singular.") from error
    df2 = _wald_df(k, m, riv, float(_complete_df(df_complete, q.shape).mean()))
    # scipy's F has no limit for infinite denominator degrees of freedom; 1e9 is that limit to ten digits.
    p_value = float(fdtrc(k, min(df2, 1e9), statistic))
    return WaldTest(statistic=statistic, df1=float(k), df2=df2, p_value=p_value, riv=riv)


def adjust(p_values: ArrayLike, method: Literal["holm", "bh"]) -> Floats:
    """p-values adjusted for the number of tests, as R's `p.adjust`; a nan stays nan and does not count as a test.

    Args:
        p_values: (n,).
        method: "holm" controls the chance of any false alarm (Holm 1979), "bh" the expected share of false alarms
            among the findings (Benjamini and Hochberg 1995).
    """
    p = np.asarray(p_values, dtype=float)
    if method not in ("holm", "bh"):
        raise ModelError(f"Unknown adjustment '{method}'; choose holm or bh.")
    result = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    n = known.size
    order = known[np.argsort(p[known], kind="stable")]
    if method == "holm":
        adjusted = np.maximum.accumulate(np.arange(n, 0, -1) * p[order])
    else:
        adjusted = np.minimum.accumulate((n / np.arange(1, n + 1) * p[order])[::-1])[::-1]
    result[order] = np.minimum(adjusted, 1.0)
    return result


def _imputations(q: Floats, u: Floats) -> int:
    if u.shape[: q.ndim] != q.shape:
        raise ModelError(f"Estimates of shape {q.shape} and variances of shape {u.shape} do not belong together.")
    if q.shape[0] < 2:
        raise ModelError("Pooling needs at least two imputations; with one, the uncertainty cannot be assessed.")
    if not (np.isfinite(q).all() and np.isfinite(u).all()):
        raise ModelError("An estimate to be pooled is not a number; only fits that converged can be pooled.")
    return int(q.shape[0])


def _complete_df(df_complete: ArrayLike, shape: tuple[int, ...]) -> Floats:
    """(k,) complete-data degrees of freedom."""
    df = np.asarray(df_complete, dtype=float)
    if df.ndim == 2:
        if df.shape != shape:
            raise ModelError(f"Degrees of freedom of shape {df.shape} do not belong to estimates of shape {shape}.")
        df = df.mean(axis=0)
    if np.isnan(df).any() or (df <= 0).any():
        raise ModelError("The complete-data degrees of freedom must be positive.")
    return np.broadcast_to(df, shape[1:]).astype(float)


def _barnard_rubin(m: int, lambda_: Floats, complete: Floats) -> Floats:
    """Barnard and Rubin (1999), with mice's floor on lambda."""
    share = np.maximum(lambda_, _SMALLEST_LAMBDA)
    old = (m - 1) / share**2
    finite = np.where(np.isfinite(complete), complete, 1.0)
    observed = (finite + 1.0) / (finite + 3.0) * finite * (1.0 - share)
    return np.where(np.isfinite(complete), old * observed / (old + observed), old)


def _wald_df(k: int, m: int, riv: float, complete: float) -> float:
    shrunk = (complete + 1.0) / (complete + 3.0) * complete if np.isfinite(complete) else np.inf
    if riv < 1e-12:  # nothing but rounding between the imputations
        return float(shrunk)
    t = k * (m - 1)
    if t > 4:
        large = 4.0 + (t - 4.0) * (1.0 + (1.0 - 2.0 / t) / riv) ** 2
    else:
        large = t * (1.0 + 1.0 / k) * (1.0 + 1.0 / riv) ** 2 / 2.0
    if not np.isfinite(shrunk):
        return float(large)
    a = riv * t / (t - 2.0) if t > 2 else np.inf
    c1, c2 = shrunk - 2.0 * (1.0 + a), shrunk - 4.0 * (1.0 + a)
    if t <= 4 or c2 <= 0.0:
        return float(min(large, shrunk))
    ratio = a / (1.0 + a)
    series = ratio**2 * c1 / c2 + 4.0 * a * ratio * (2.0 * c1 / c2 + 1.0) / c2
    series += 4.0 * a**2 * (1.0 / c1 + 2.0 / c2 + 4.0 * c1 / c2**2) / c2
    return float(4.0 + 1.0 / (1.0 / c2 + series / (t - 4.0)))
