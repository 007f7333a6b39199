"""Errors of the effect when waves of a person, or persons of a site, are alike in other ways than the model has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dnt_cli.arrays import Floats, Integers
from dnt_cli.effects.columns import CLUSTERS, LEAST_DF, LEAST_SITES
from dnt_cli.effects.estimators import Estimator
from dnt_cli.engines import DesignMatrix, Fit
from dnt_cli.engines.alike import Alike, alike
from dnt_cli.engines.cluster_scores import ClusterErrors, runs
from dnt_cli.engines.robust_covariance import bias_reduced
from dnt_cli.models import ENDPOINT, GROUP, WAVE, Model
from dnt_cli.pooling import interval, pool_one


@dataclass(frozen=True, slots=True)
class Variance:
    """A variance of the effect by some kind of cluster, and its degrees of freedom in one data set."""

    value: float
    df: float

    @classmethod
    def of(cls, value: float, df: float) -> Variance | None:
        """None where the clusters determine nothing."""
        return cls(float(value), float(df)) if np.isfinite(value) and value > 0 and np.isfinite(df) else None


@dataclass(frozen=True, slots=True)
class Clustered:
    """What one fit says of the effect when persons, or sites, are its independent units.

    Attributes:
        persons: CR1 by person; None for the endpoint, where each person has one row.
        sites: CR2 by site, with Satterthwaite's degrees of freedom; None where there are too few for it.
        counts: Number of sites, and of sites with persons of the intervention and of the comparison group.
        icc: Likeness of persons of a site, in what the model leaves unexplained.
        influence: (n,) of each person on an effect at one wave; their squares add up to HC1's variance.
    """

    persons: Variance | None = None
    sites: Variance | None = None
    counts: tuple[int, int, int] | None = None
    icc: float = float("nan")
    influence: Floats | None = field(default=None, repr=False)


def clustered(
    designs: Sequence[DesignMatrix], fits: Sequence[Fit], model: Model, estimator: Estimator
) -> list[Clustered | None]:
    """The errors of the effect by cluster, per fit; None where a fit is not usable."""
    usable = [i for i, fit in enumerate(fits) if fit.status.usable]
    endpoint = model.analysis == ENDPOINT
    alone = endpoint and estimator.moments is not None
    errors = [None] * len(fits) if alone else estimator.cluster_errors(designs, fits)
    found: list[Clustered | None] = [None] * len(fits)
    for stack in alike([designs[i] for i in usable]):
        own = [usable[place] for place in stack.places]
        parts = [fits[i] for i in own]
        described = _endpoint(stack, parts, estimator) if endpoint else _trends(stack, parts, estimator)
        sites = _sites(stack, parts, estimator) if alone else None
        for place, (i, one) in enumerate(zip(own, described, strict=True)):
            found[i] = _with_errors(one, fits[i], model, errors[i], None if sites is None else sites[place])
    return found


def _with_errors(
    found: Clustered, fit: Fit, model: Model, errors: ClusterErrors | None, sites: Variance | None
) -> Clustered:
    """With variances from the scores of its clusters, of models that have these; by site where there are enough."""
    if errors is None:
        return replace(found, sites=sites)
    j = fit.terms.index(model.effect)
    persons = None if model.analysis == ENDPOINT else Variance.of(errors.persons[j], errors.n_persons - 1.0)
    if errors.sites is not None and errors.sites_df is not None and _enough(found.counts):
        sites = Variance.of(errors.sites[j], errors.sites_df[j])
    return replace(found, persons=persons, sites=sites)


def _sites(stack: Alike, fits: Sequence[Fit], estimator: Estimator) -> list[Variance | None]:
    """By site of models of one wave, in which each person has one row."""
    codes = stack.sites
    counts = _counts(stack)
    if codes is None or not any(_enough(own) for own in counts):
        return [None] * len(fits)
    rows = estimator.rows(stack, fits)
    contrast = np.eye(len(stack.terms))[[stack.terms.index(GROUP)]]
    slopes = stack.matrix * rows.slope[..., None]
    robust = bias_reduced(slopes, rows.variance, stack.response - rows.mean, codes, contrast)
    variances = robust.covariance[:, 0, 0]
    df = np.broadcast_to(robust.df[:, 0], variances.shape)
    return [Variance.of(*own) if _enough(count) else None for *own, count in zip(variances, df, counts, strict=True)]


def _endpoint(stack: Alike, fits: Sequence[Fit], estimator: Estimator) -> list[Clustered]:
    """The influence of each person, the number of sites and the likeness of their persons."""
    n = stack.response.shape[1]
    influence = estimator.influence(stack, fits) * np.sqrt(n / np.array([fit.df_residual for fit in fits]))[:, None]
    if stack.sites is None:
        return [Clustered(influence=own) for own in influence]
    icc = intraclass_correlation(estimator.residual(stack, fits), stack.sites, stack.column(GROUP) == 1)
    return [
        Clustered(counts=count, icc=float(alike), influence=own)
        for count, alike, own in zip(_counts(stack), icc, influence, strict=True)
    ]


def _trends(stack: Alike, fits: Sequence[Fit], estimator: Estimator) -> list[Clustered]:
    """The number of sites, and the likeness of their persons in the slopes of what is unexplained."""
    if stack.sites is None:
        return [Clustered() for _ in fits]
    _, first, codes = np.unique(np.asarray(stack.designs[0].groups), return_index=True, return_inverse=True)
    found = []
    for design, residual, count in zip(stack.designs, estimator.residual(stack, fits), _counts(stack), strict=True):
        slopes, several = _slopes(design.matrix[:, stack.terms.index(WAVE)], residual, codes)
        own = first[several]
        treated = design.matrix[own, stack.terms.index(GROUP)] == 1
        icc = intraclass_correlation(slopes, stack.sites[own], treated)
        found.append(Clustered(counts=count, icc=float(icc)))
    return found


def _slopes(time: Floats, residual: Floats, codes: Integers) -> tuple[Floats, NDArray[np.bool_]]:
    """Of persons with several waves the slope of the residuals over time, and which (G,) persons these are."""
    size = np.bincount(codes)
    centred = time - (np.bincount(codes, time) / size)[codes]
    spread = np.bincount(codes, centred**2)
    several = spread > 0
    return np.bincount(codes, centred * residual)[several] / spread[several], several


def _counts(stack: Alike) -> list[tuple[int, int, int]]:
    """Sites, and those with persons of the intervention and of the comparison group, per data set."""
    if stack.sites is None:
        return [(0, 0, 0)] * len(stack.designs)
    starts, order = runs(stack.sites)
    treated = stack.column(GROUP)[:, order] == 1
    some, all_of_them = (reduce.reduceat(treated, starts, axis=1) for reduce in (np.logical_or, np.logical_and))
    counts = [
        (len(starts), int(own), len(starts) - int(rest))
        for own, rest in zip(some.sum(1), all_of_them.sum(1), strict=True)
    ]
    return counts * len(stack.designs) if len(counts) == 1 else counts


def _enough(counts: tuple[int, int, int] | None) -> bool:
    return counts is not None and min(counts[1:]) >= LEAST_SITES


def intraclass_correlation(values: Floats, sites: Integers, treated: NDArray[np.bool_]) -> Floats:
    """The share of the variance that lies between sites: the analysis-of-variance estimate (Donner 1986, eq. 2.1).

    Where every site lies in one group, the sites of a group are compared with each other only.

    Args:
        values: (..., n) one per person.
        sites: (n,) codes.
        treated: (n,), or (..., n), who is in the intervention group.

    Returns:
        (...,) below zero where sites differ less than chance would make them; nan where it is not determined.
    """
    starts, order = runs(sites)
    size = np.diff(starts, append=len(sites)).astype(float)
    values = values[..., order]
    mean = np.add.reduceat(values, starts, axis=-1) / size
    share = np.add.reduceat(treated[..., order].astype(float), starts, axis=-1) / size
    nested = np.isin(share, (0.0, 1.0)).all(axis=-1, keepdims=True)
    between, df, within_size = 0.0, 0.0, 0.0
    for own in (np.where(nested, share == 1.0, True), nested & (share == 0.0)):
        part = size * own
        n = np.maximum(part.sum(axis=-1, keepdims=True), 1.0)
        centre = (part * mean).sum(axis=-1, keepdims=True) / n
        between = between + (part * (mean - centre) ** 2).sum(axis=-1)
        df = df + np.maximum(own.sum(axis=-1) - 1.0, 0.0)
        within_size = within_size + part.sum(axis=-1) - (part**2).sum(axis=-1) / n[..., 0]
    rest = len(sites) - len(starts)
    within = np.square(values - np.repeat(mean, size.astype(int), axis=-1)).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        between, within = between / df, within / rest if rest else np.nan
        total = between + (within_size / df - 1.0) * within
        found: Floats = np.where(total > 0, (between - within) / total, np.nan)
    return found


def cluster_row(estimates: Floats, found: Sequence[Clustered | None], level: float) -> dict[str, Any]:
    """The pooled errors of an effect by cluster, as columns of its row; what is not known has no column.

    Args:
        estimates: (m,) the effect in each data set.
        found: One per data set.
        level: Of the intervals.
    """
    known = [own for own in found if own is not None]
    if len(known) < len(found):
        return {}
    row: dict[str, Any] = {}
    for by in CLUSTERS:
        variances = [getattr(own, by) for own in known]
        if any(v is None for v in variances):
            continue
        df = np.array([v.df for v in variances])
        if by == "sites" and df.mean() < LEAST_DF:
            continue
        pooled = pool_one(estimates, np.array([v.value for v in variances]), df)
        low, high = interval(pooled, level)
        names = ("std_error", "df", "p_value")
        row |= {f"{name}_{by}": float(getattr(pooled, name)[0]) for name in names}
        row |= {f"conf_low_{by}": float(low[0]), f"conf_high_{by}": float(high[0])}
    if known and known[0].counts is not None:
        row |= dict(zip(("n_sites", "n_sites_intervention", "n_sites_comparison"), known[0].counts, strict=True))
        row["icc_sites"] = float(np.mean([own.icc for own in known]))
    return row
