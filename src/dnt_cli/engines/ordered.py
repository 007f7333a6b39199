"""Ordered classes: the proportional odds model, with and without a random intercept, and a test of its assumption.

P(Y <= c) = 1 / (1 + exp(-(threshold_c - x'b - s u))), so that exp(b) is an odds ratio of a higher class, the same at
every threshold (McCullagh 1980, JRSS B 42).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from dnt_cli.arrays import Floats
from dnt_cli.engines.base import DesignMatrix, Fit, problem, unusable
from dnt_cli.engines.cluster_scores import ClusterErrors
from dnt_cli.engines.regression import fit_logistic
from dnt_cli.engines.row_models import Laid, cluster_errors_of_rows, fitted, laid_rows, persons_of
from dnt_cli.engines.row_models import influences as influences_of
from dnt_cli.engines.separation import is_separated
from dnt_cli.messages import message

MOST_CLASSES = 30


def fit_ordered(design: DesignMatrix, *, tested: str | None = None) -> Fit:
    """The proportional odds model of one row per person, by maximum likelihood, as `ordinal::clm` of R gives.

    Args:
        design: Numbers of classes as outcome; weights multiply the rows' log-likelihoods.
        tested: Term of which proportional odds are tested.

    Returns:
        A fit whose intercept is minus the first threshold: the log odds of a class above the lowest. Its details are
        `thresholds`, `classes` (those that occur), and of the tested term what `separate_odds` gives.
    """
    return _tested(design, _ordered(design, 1), tested)


def _tested(design: DesignMatrix, fit: Fit, tested: str | None) -> Fit:
    """The fit with the details of a test of proportional odds, where it has an estimate and two thresholds."""
    if tested is None or tested not in design.terms or not fit.status.usable or fit.details["classes"].size < 3:
        return fit
    return replace(fit, details=dict(fit.details) | separate_odds(design, tested))


def fit_mixed_ordered(design: DesignMatrix, *, nodes: int, tested: str | None = None) -> Fit:
    """The same with a random intercept per person, as `ordinal::clmm` of R gives.

    Args:
        design: With groups.
        nodes: Of adaptive Gauss-Hermite quadrature; at least `LEAST_NODES`.
        tested: Term of which proportional odds are tested, over persons.
    """
    return _tested(design, _ordered(design, nodes), tested)


def _ordered(design: DesignMatrix, nodes: int) -> Fit:
    grouped = design.groups is not None
    engine = "dnt cumulative logit"
    trouble = problem(design, binary=False, grouped=grouped)
    if trouble:
        return unusable(design, engine, trouble)
    classes = np.unique(design.response)
    if classes.size > MOST_CLASSES:
        return unusable(design, engine, message("engines.many_classes", classes=int(classes.size), most=MOST_CLASSES))
    laid = laid_classes(design)
    if _classes_separated(laid):
        return unusable(design, engine, message("engines.separated_classes"), separated=True)

    def details(thresholds: Floats) -> dict[str, Floats]:
        return {"thresholds": thresholds, "classes": classes}

    return fitted(design, laid, engine, nodes, details=details)


def laid_classes(design: DesignMatrix) -> Laid:
    """Rows whose functions are the thresholds above and below their class, less the linear predictor."""
    classes, place = np.unique(design.response, return_inverse=True)
    n, cuts = design.response.size, classes.size - 1
    constant = np.ptp(design.matrix, axis=0) == 0
    own = design.matrix[:, ~constant]
    centre = own.mean(axis=0)
    basis, triangle = np.linalg.qr(own - centre)
    k = own.shape[1]
    inverse = np.linalg.inv(triangle / np.sqrt(n))
    maps = np.zeros((2, n, cuts + k))
    row = np.arange(n)
    for function, (cut, there) in enumerate(((place, place < cuts), (place - 1, place > 0))):
        maps[function, row[there], cut[there]] = 1.0
        maps[function, there, cuts:] = -(basis * np.sqrt(n))[there]
    order, _ = persons_of(design)
    density = partial(_density, above=(place < cuts)[order], below=(place > 0)[order])
    rows, order = laid_rows(design, maps, np.array([-1.0, -1.0]), density)
    weights = np.ones(n) if design.weights is None else design.weights
    share = np.cumsum(np.bincount(place, weights))[:-1] / weights.sum()
    start = np.concatenate([np.log(share / (1.0 - share)), np.zeros(k)])
    more = np.hstack([np.eye(cuts), np.tile(centre @ inverse, (cuts, 1))])
    back = np.zeros((design.matrix.shape[1], cuts + k))
    back[~constant, cuts:] = inverse
    back[constant] = -more[0]
    return Laid(rows, order, start, back, more, "thresholds")


def _density(z: Floats, *, above: np.ndarray, below: np.ndarray) -> tuple[Floats, Floats, Floats]:
    """log(F(a) - F(b)) = log F(a) + log(1 - F(b)) + log(1 - exp(b - a)).

    In the highest class a is infinite, in the lowest b.
    """
    a = np.where(above[:, None], z[0], np.inf)
    b = np.where(below[:, None], z[1], -np.inf)
    both = (above & below)[:, None]
    gap = np.where(both, np.clip(z[0] - z[1], -1.0, None), 1.0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        apart = np.where(both, np.where(gap > 0, np.log(-np.expm1(-gap)), -np.inf), 0.0)
        value = -np.logaddexp(0.0, -a) - np.logaddexp(0.0, b) + apart
        upper, lower = _probability(a), _probability(b)
        k = np.where(both & (gap > 0), 1.0 / np.expm1(np.minimum(np.abs(gap), 500.0)), 0.0)
    slope = np.stack([1.0 - upper + k, -lower - k])
    bow = k * (1.0 + k)
    curve = np.empty((2, *slope.shape))
    curve[0, 0] = -upper * (1.0 - upper) - bow
    curve[1, 1] = -lower * (1.0 - lower) - bow
    curve[0, 1] = curve[1, 0] = bow
    return value, slope, curve


def _probability(linear: Floats) -> Floats:
    found: Floats = 0.5 + 0.5 * np.tanh(0.5 * linear)
    return found


def _classes_separated(laid: Laid) -> bool:
    """Whether thresholds and coefficients can run off together without lowering any row's likelihood.

    A row's density rises in its upper threshold and falls in its lower one, so that this is the separation of a yes/no
    outcome: each threshold that a row has is a row of its own, an upper one a 1 and a lower one a 0.
    """
    upper, lower = ((own != 0).any(axis=1) for own in laid.rows.maps)
    matrix = np.vstack([laid.rows.maps[0][upper], laid.rows.maps[1][lower]])
    return is_separated(matrix, np.concatenate([np.ones(upper.sum()), np.zeros(lower.sum())]))


def separate_odds(design: DesignMatrix, term: str) -> dict[str, Floats]:
    """A term in logistic models of each threshold, and their covariance (Brant 1990, Biometrics 46).

    Of a design with several rows per person the models are those over persons, and the covariance is that of the sums
    of a person's influences, so that likeness of the rows of a person is in it.

    Returns:
        `separate` (t,) the coefficients of the thresholds whose models have an estimate, `separate_covariance` (t, t),
        `separate_at` (t,) the lowest class above each threshold; of several rows per person also `separate_df`.
    """
    j = design.terms.index(term)
    slopes, probabilities, inverses, places = [], [], [], []
    for cut in np.unique(design.response)[1:]:
        higher = DesignMatrix((design.response >= cut).astype(float), design.matrix, design.terms, None)
        fit = fit_logistic(higher)
        if fit.status.usable:
            slopes.append(fit.estimate[j])
            probabilities.append(_probability(design.matrix @ fit.estimate))
            inverses.append(fit.covariance)
            places.append(cut)
    covariance = (_brant if design.groups is None else _by_person)(design, j, probabilities, inverses, places)
    found = {"separate": slopes, "separate_covariance": covariance, "separate_at": places}
    found |= {} if design.groups is None else {"separate_df": len(np.unique(design.groups)) - 1}
    return {name: np.array(value, dtype=float) for name, value in found.items()}


def _brant(
    design: DesignMatrix, j: int, probabilities: list[Floats], inverses: list[Floats], places: list[float]
) -> Floats:
    """(t, t) covariance of a coefficient over thresholds, of independent rows."""
    t = len(places)
    covariance = np.empty((t, t))
    for first in range(t):
        for second in range(first, t):
            weight = probabilities[second] * (1.0 - probabilities[first])
            middle = (design.matrix * weight[:, None]).T @ design.matrix
            covariance[first, second] = (inverses[first] @ middle @ inverses[second])[j, j]
            covariance[second, first] = covariance[first, second]
    return covariance


def _by_person(
    design: DesignMatrix, j: int, probabilities: list[Floats], inverses: list[Floats], places: list[float]
) -> Floats:
    """The same of rows that belong to persons: CR1, from the sums of a person's influences."""
    assert design.groups is not None
    _, person = np.unique(design.groups, return_inverse=True)
    count = int(person.max()) + 1
    moved = np.zeros((count, len(places)))
    for place, (cut, probability, inverse) in enumerate(zip(places, probabilities, inverses, strict=True)):
        rows = (design.matrix @ inverse[j]) * ((design.response >= cut) - probability)
        moved[:, place] = np.bincount(person, rows, count)
    covariance: Floats = moved.T @ moved * count / (count - 1)
    return covariance


def residuals(design: DesignMatrix, fit: Fit) -> Floats:
    """(n,) P(lower class) - P(higher class) by the fixed part.

    It is the probability-scale residual of Li and Shepherd (2012, Biometrika 99).
    """
    laid = laid_classes(design)
    phi = laid.parameters(fit)[:-1]
    z = laid.rows.maps @ phi
    _, slope, _ = laid.rows.density(z[..., None])
    found = np.empty(design.response.size)
    found[laid.order] = -slope.sum(axis=0)[:, 0]
    return found


def cluster_errors(designs: Sequence[DesignMatrix], fits: Sequence[Fit]) -> list[ClusterErrors | None]:
    """Errors of the coefficients by person and by site."""
    return cluster_errors_of_rows(designs, fits, laid_classes)


def influences(design: DesignMatrix, fit: Fit) -> Floats:
    """(n, k) of each row of a model of one wave on the estimates; the products of these add up to HC0."""
    return influences_of(design, fit, laid_classes)
