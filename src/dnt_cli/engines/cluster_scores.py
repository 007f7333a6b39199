"""Errors of models with a random intercept that hold where the model's own do not, from the scores of its clusters.

A cluster is a person, whose waves may be correlated in another way than equally, or a site, whose persons may be alike.
What enters is each cluster's score, the slope of its log-likelihood at the estimates, and its information, minus the
second derivatives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dnt_cli.arrays import Floats, Integers
from dnt_cli.engines.base import DesignMatrix, Fit
from dnt_cli.engines.random_intercept import LogisticData, Stack, stacked
from dnt_cli.engines.random_intercept.families import LOGISTIC, Family
from dnt_cli.engines.random_intercept.packing import transposed

# A cluster that determines a direction by itself says nothing about its variance.
_SMALLEST_REST = 1e-6


@dataclass(frozen=True, slots=True)
class ClusterErrors:
    """Variances of the coefficients of one fit.

    Attributes:
        persons: (k,) CR1 by person.
        n_persons: How many persons.
        sites: (k,) CR2 by site; None without sites.
        sites_df: (k,) Satterthwaite's degrees of freedom.
    """

    persons: Floats
    n_persons: int
    sites: Floats | None = None
    sites_df: Floats | None = None


@dataclass(frozen=True, slots=True)
class _Scores:
    """Scores and information of persons, of m data sets in d parameters.

    Attributes:
        score: (m, G, d).
        information: (m, C, d, d) per site; (m, 1, d, d) of all without sites.
        covariance: (m, d, d) inverse of the whole information.
        contrast: (m, k, d) the coefficients of the designs in these parameters.
    """

    score: Floats
    information: Floats
    covariance: Floats
    contrast: Floats


def cluster_errors(
    designs: Sequence[DesignMatrix], fits: Sequence[Fit], family: Family = LOGISTIC
) -> list[ClusterErrors | None]:
    """Errors by person and by site of fits with a random intercept, whatever engine fitted them.

    By person: the sandwich of the persons' scores times G / (G - 1) (CR1). By site: `bias_reduced_scores`. For linear
    models on data without gaps both equal `vcovCR` of R's clubSandwich on lmer.

    Args:
        designs: With persons as groups; without sites they have errors by person only.
        fits: Of those designs; a fit that is not usable has no errors.
        family: Of the outcomes of models without residual SD.
    """
    found: list[ClusterErrors | None] = [None] * len(designs)
    alike: dict[tuple[object, ...], list[int]] = {}
    for i, (design, fit) in enumerate(zip(designs, fits, strict=True)):
        if fit.status.usable:
            sites = None if design.sites is None else design.sites.tobytes()
            key = (fit.residual_sd is None, fit.random_sd == 0.0, fit.nodes, sites)
            alike.setdefault(key, []).append(i)
    for (logistic, singular, nodes, _), places in alike.items():
        for stack in stacked([designs[i] for i in places]):
            own = [places[i] for i in stack.places]
            first = own[0]
            order = np.argsort(designs[first].groups, kind="stable")
            known = designs[first].sites
            codes = None if known is None else known[order][stack.starts]
            parts = [fits[i] for i in own]
            if logistic:
                scores = _logistic(stack, parts, codes, int(nodes), family, singular=bool(singular))  # type: ignore[call-overload]
            else:
                scores = _linear(stack, parts, codes)
            for i, errors in zip(own, _errors(scores, codes), strict=True):
                found[i] = errors
    return found


def _errors(scores: _Scores, codes: Integers | None) -> list[ClusterErrors]:
    m, persons, _ = scores.score.shape
    moved = scores.score @ scores.covariance @ transposed(scores.contrast)  # (m, G, k)
    by_person = np.square(moved).sum(axis=1) * persons / (persons - 1)
    if codes is None:
        return [ClusterErrors(by_person[i], persons) for i in range(m)]
    starts, order = runs(codes)
    sums = np.add.reduceat(scores.score[:, order], starts, axis=1)
    variance, df = bias_reduced_scores(sums, scores.information, scores.covariance, scores.contrast)
    return [ClusterErrors(by_person[i], persons, variance[i], df[i]) for i in range(m)]


def errors_of_scores(score: Floats, information: Floats, contrast: Floats, codes: Integers | None) -> ClusterErrors:
    """The errors of one fit, by person (CR1) and by site (CR2).

    Args:
        score: (G, d) slopes of each person's log-likelihood.
        information: (G, d, d) minus its second derivatives.
        contrast: (k, d) the coefficients in these parameters.
        codes: (G,) site of each person; None without sites.
    """
    of_sites = np.stack([information[own].sum(axis=0) for own in _members(codes, len(score))])
    covariance = np.linalg.inv(information.sum(axis=0))
    return _errors(_Scores(score[None], of_sites[None], covariance[None], contrast[None]), codes)[0]


def bias_reduced_scores(
    scores: Floats, information: Floats, covariance: Floats, contrast: Floats
) -> tuple[Floats, Floats]:
    """CR2 in the space of the parameters, with Satterthwaite's degrees of freedom.

    With covariance V = F F' and K_c = F' H_c F, the score of cluster c at the estimates has, if the model is right, the
    variance K_c (I - K_c) in the basis F, and covariance -K_c K_d with that of cluster d. Multiplied by
    (I - K_c)^(-1/2) its variance is K_c again: the correction of Bell and McCaffrey (2002) and Kauermann and Carroll
    (2001, JASA 96), for any likelihood. For least squares, and linear mixed models without gaps, it is clubSandwich's.

    Args:
        scores: (m, C, d) per cluster, at the estimates.
        information: (m, C, d, d) per cluster.
        covariance: (m, d, d) inverse of the sum of the information.
        contrast: (m, k, d) what variances are asked of.

    Returns:
        Variances and degrees of freedom, (m, k) each.
    """
    root: Floats = np.asarray(np.linalg.cholesky(covariance), dtype=float)[:, None]
    share: Floats = transposed(root) @ information @ root  # (m, C, d, d)
    values, vectors = np.linalg.eigh(0.5 * (share + transposed(share)))
    left = 1.0 - values
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(left > _SMALLEST_REST, 1.0 / np.sqrt(left), 0.0)
    asked = transposed(vectors) @ transposed(contrast[:, None] @ root)  # (m, C, d, k) in the basis of the cluster
    adjusted = vectors @ (factor[..., None] * asked)
    parts = ((scores[:, :, None] @ root) @ adjusted)[:, :, 0]  # (m, C, k) each cluster's part of the error
    variance = np.square(parts).sum(axis=1)
    weights: Floats = np.moveaxis(share @ adjusted, 3, 1)  # (m, k, C, d)
    product = -(weights @ transposed(weights))  # (m, k, C, C) covariances of the parts, if the model is right
    place = np.arange(scores.shape[1])
    product[:, :, place, place] += (adjusted * (share @ adjusted)).sum(axis=2).transpose(0, 2, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        df = product[:, :, place, place].sum(axis=2) ** 2 / np.square(product).sum(axis=(2, 3))
    return variance, df


def runs(codes: Integers) -> tuple[Integers, Integers]:
    """First place of each code among the sorted codes, and the order that sorts them."""
    order = np.argsort(codes, kind="stable").astype(np.int64)
    return np.flatnonzero(np.diff(codes[order], prepend=codes.min() - 1)).astype(np.int64), order


def _linear(stack: Stack, fits: Sequence[Fit], codes: Integers | None) -> _Scores:
    """X'V^-1 e per person and X'V^-1 X per site, V^-1 = (I - r / (1 + n r) J) / residual variance."""
    variance = np.array([float(fit.residual_sd or 0.0) ** 2 for fit in fits])[:, None, None]
    ratio = np.array([float(fit.random_sd or 0.0) ** 2 for fit in fits])[:, None, None] / variance
    estimate = stack.triangle @ np.array([fit.estimate for fit in fits])[..., None]
    residual = stack.response - (stack.matrix @ estimate)[..., 0]
    shrink = ratio / (1.0 + stack.sizes[:, None] * ratio)  # (m, G, 1)
    sums = np.add.reduceat(stack.matrix, stack.starts, axis=1)
    rest = np.add.reduceat(residual, stack.starts, axis=1)[..., None]
    score = np.add.reduceat(stack.matrix * residual[..., None], stack.starts, axis=1) - shrink * rest * sums
    information = []
    person = np.repeat(np.arange(stack.sizes.size), stack.sizes)
    for own in _members(codes, stack.sizes.size):
        rows, few = stack.matrix[:, own[person]], sums[:, own]
        information.append(transposed(rows) @ rows - transposed(shrink[:, own] * few) @ few)
    return _inverted(stack, score / variance, np.stack(information, axis=1) / variance[..., None])


def _logistic(
    stack: Stack, fits: Sequence[Fit], codes: Integers | None, nodes: int, family: Family, *, singular: bool
) -> _Scores:
    """Slopes and minus the second derivatives of the log-likelihood, in the coefficients and the SD unless it is 0."""
    data = LogisticData.of(stack, family)
    coefficients = (stack.triangle @ np.array([fit.estimate for fit in fits])[..., None])[..., 0]
    sd = np.array([float(fit.random_sd or 0.0) for fit in fits])
    score, information = data.by_person(coefficients, sd, nodes, list(_members(codes, stack.sizes.size)))
    free = score.shape[2] - singular
    return _inverted(stack, score[..., :free], information[..., :free, :free])


def _members(codes: Integers | None, persons: int) -> list[np.ndarray]:
    """Per site (persons,) who belongs to it; all without sites."""
    return [np.ones(persons, dtype=bool)] if codes is None else [codes == code for code in np.unique(codes)]


def _inverted(stack: Stack, score: Floats, information: Floats) -> _Scores:
    covariance = np.linalg.inv(information.sum(axis=1))
    back = np.linalg.inv(stack.triangle)
    contrast = np.zeros((*back.shape[:2], score.shape[2]))
    contrast[..., : back.shape[2]] = back
    return _Scores(score, information, covariance, contrast)
