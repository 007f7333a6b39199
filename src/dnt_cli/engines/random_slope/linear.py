"""Linear models with a random intercept and a random slope over time per person, by restricted maximum likelihood.

With covariance G of intercept and slope, over the residual variance, a person's rows have the covariance
V = s2 (I + Z G Z'); persons with the same times share it, so that everything follows from cross products per pair of
times (Bates et al. 2015, section 3). G = L L', and the three elements of L are searched for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dnt_cli.arrays import Floats
from dnt_cli.engines.base import DesignMatrix, Fit, Status, check_shapes, group_codes, problem, unusable
from dnt_cli.engines.random_slope.time import SINGULAR, Time
from dnt_cli.messages import message

NAME = "dnt REML, random slope"
_VARIANCES = 4  # of intercept, slope, their covariance, and the residual
_STARTS = ((1.0, 0.0, 0.1), (0.5, 0.0, 0.5), (1.0, -0.3, 0.3))
_DECREMENT = 1e-5  # largest .5 g' H^-1 g at an optimum, in units of the log-likelihood
_STEP = 1e-4


@dataclass(frozen=True, slots=True)
class _Pattern:
    """Persons who were seen at the same times.

    Attributes:
        basis: (T, 2) intercept and time.
        cross: (T, T, k + 1, k + 1) sums over the persons of the products of their rows, the response last.
        persons: How many.
    """

    basis: Floats
    cross: Floats
    persons: int


def fit_random_slope(design: DesignMatrix, time: str) -> Fit:
    """Linear model with a random intercept and slope per person; unusable where no optimum is found.

    Args:
        design: With groups.
        time: The term that has the slope.

    Returns:
        `random_sd` is the SD of the intercept at time zero, and the detail `random_covariance` (2, 2) that of both. A
        singular fit, in which intercept and slope are not both determined, is valid and says so.
    """
    check_shapes(design, grouped=True)
    trouble = problem(design, binary=False, grouped=True)
    if trouble:
        return unusable(design, NAME, trouble)
    from scipy.optimize import minimize

    scale = Time.of(design, time)
    patterns = _patterns(design, scale.scaled(design.matrix[:, design.terms.index(time)]))

    def deviance(theta: Floats) -> float:
        return _solved(patterns, theta, len(design.response))[0]

    best: Any = None
    for start in _STARTS:
        rough = minimize(deviance, np.array(start), method="BFGS", options={"gtol": 1e-6})
        if best is None or rough.fun < best.fun:
            best = rough
    options = {"xatol": 1e-9, "fatol": 1e-11, "maxiter": 2000}
    best = minimize(deviance, best.x, method="Nelder-Mead", options=options)
    _, estimate, inverse, variance = _solved(patterns, best.x, len(design.response))
    decrement = _decrement(deviance, best.x)
    factor = _factor(best.x)
    sizes = np.linalg.svd(factor, compute_uv=False)
    if not (decrement < _DECREMENT and np.isfinite(estimate).all() and variance > 0 and sizes.max() < 1e4):
        return unusable(design, NAME, message("engines.no_convergence"))
    singular = bool(sizes.min() < SINGULAR * max(sizes.max(), 1.0))
    spread = variance * scale.covariance(factor)
    return Fit(
        terms=design.terms,
        estimate=estimate,
        covariance=variance * inverse,
        df=np.full(len(design.terms), float(len(design.response) - len(design.terms) - _VARIANCES)),
        log_likelihood=-0.5 * float(best.fun),
        random_sd=float(np.sqrt(spread[0, 0])),
        residual_sd=float(np.sqrt(variance)),
        status=Status(True, singular, False, (message("engines.singular_slope"),) if singular else ()),
        engine=NAME,
        n_observations=len(design.response),
        gradient=decrement,
        details={"random_covariance": spread},
    )


def _patterns(design: DesignMatrix, time: Floats) -> list[_Pattern]:
    codes = group_codes(np.asarray(design.groups))
    order = np.lexsort((time, codes))
    rows = np.column_stack([design.matrix, design.response])[order]
    sorted_time, starts = time[order], np.flatnonzero(np.diff(codes[order], prepend=-1))
    sizes = np.diff(np.append(starts, len(rows)))
    found: dict[tuple[float, ...], list[Floats]] = {}
    for start, size in zip(starts, sizes, strict=True):
        own = slice(start, start + size)
        found.setdefault(tuple(sorted_time[own]), []).append(rows[own])
    patterns = []
    for times, persons in found.items():
        stack = np.stack(persons)  # (persons, T, k + 1)
        cross = np.einsum("isa,itb->stab", stack, stack, optimize=True)
        patterns.append(_Pattern(np.column_stack([np.ones(len(times)), times]), cross, len(persons)))
    return patterns


def _factor(theta: Floats) -> Floats:
    return np.array([[theta[0], 0.0], [theta[1], theta[2]]])


def _solved(patterns: list[_Pattern], theta: Floats, n: int) -> tuple[float, Floats, Floats, float]:
    """The profiled REML deviance without constants, the estimates, the inverse of X'WX and the residual variance."""
    factor = _factor(theta)
    k = patterns[0].cross.shape[2] - 1
    products, logs = np.zeros((k + 1, k + 1)), 0.0
    for pattern in patterns:
        covariance = np.eye(len(pattern.basis)) + (pattern.basis @ factor) @ (pattern.basis @ factor).T
        products += np.tensordot(np.linalg.inv(covariance), pattern.cross, axes=2)
        logs += pattern.persons * float(np.linalg.slogdet(covariance)[1])
    inverse = np.asarray(np.linalg.inv(products[:k, :k]), dtype=float)
    estimate: Floats = inverse @ products[:k, k]
    rest = float(products[k, k] - products[:k, k] @ estimate)
    variance = rest / (n - k)
    logs += float(np.linalg.slogdet(products[:k, :k])[1])
    value = logs + (n - k) * (np.log(variance) + 1.0 + np.log(2.0 * np.pi))
    return value, estimate, inverse, variance


def _decrement(deviance: Any, theta: Floats) -> float:
    """.5 g' H^-1 g of the log-likelihood by central differences; directions without curvature do not count."""
    steps = _STEP * np.eye(len(theta))
    base = deviance(theta)
    slope = np.array([(deviance(theta + s) - deviance(theta - s)) / (2 * _STEP) for s in steps]) / 2
    bend = np.array(
        [[(deviance(theta + s + t) - deviance(theta + s) - deviance(theta + t) + base) for s in steps] for t in steps]
    ) / (2 * _STEP**2)
    values, vectors = np.linalg.eigh(0.5 * (bend + bend.T))
    along = vectors.T @ slope
    kept = values > 1e-3
    return float(0.5 * np.square(along[kept]) @ (1.0 / values[kept]))
