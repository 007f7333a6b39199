"""Errors of the effect when waves of a person, or persons of a site, are alike in other ways than the model has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dnt_cli.design import ENDPOINT, GROUP, WAVE, Model
from dnt_cli.effects.kinds import EffectKind
from dnt_cli.engines import DesignMatrix, Fit
from dnt_cli.engines.cluster_scores import ClusterErrors
from dnt_cli.engines.robust_covariance import bias_reduced
from dnt_cli.pooling import interval, pool_one

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LEAST_SITES = 5
"""In each group; the distribution of a test by site is not known well enough with fewer."""
LEAST_DF = 4.0
"""Below it Satterthwaite's approximation breaks down (Tipton 2015, Psychological Methods 20)."""

CLUSTERS = ("persons", "sites")
CLUSTER_COLUMNS = (
    *(f"{name}_{by}" for by in CLUSTERS for name in ("std_error", "df", "p_value", "conf_low", "conf_high")),
    "n_sites", "n_sites_intervention", "n_sites_comparison", "icc_sites",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Variance:
    """A variance of the effect by some kind of cluster, and its degrees of freedom in one data set."""

    value: float
    df: float


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
    designs: Sequence[DesignMatrix], fits: Sequence[Fit], model: Model, kind: EffectKind
) -> list[Clustered | None]:
    """The errors of the effect by cluster, per fit; None where a fit is not usable."""
    if model.analysis == ENDPOINT:
        found = _endpoint(designs, fits, kind)
    else:
        errors = kind.cluster_errors(designs, fits)
        found = [_trend(d, f, model, e) for d, f, e in zip(designs, fits, errors, strict=True)]
    return [
        None if own is None else _described(own, design, fit, model, kind)
        for own, design, fit in zip(found, designs, fits, strict=True)
    ]


def _endpoint(designs: Sequence[DesignMatrix], fits: Sequence[Fit], kind: EffectKind) -> list[Clustered | None]:
    found = [Clustered() if fit.status.usable else None for fit in fits]
    moments_of = kind.moments
    if moments_of is None:
        errors = kind.cluster_errors(designs, fits)
        return [
            None if own is None else _sites_alone(d, f, own) for d, f, own in zip(designs, fits, errors, strict=True)
        ]
    alike: dict[tuple[object, ...], list[int]] = {}
    for i, (design, fit) in enumerate(zip(designs, fits, strict=True)):
        if fit.status.usable and design.sites is not None and _enough(_counts(design)):
            alike.setdefault((design.sites.tobytes(), design.terms), []).append(i)
    for places in alike.values():
        matrix = np.stack([designs[i].matrix for i in places])
        moments = [moments_of(designs[i], fits[i]) for i in places]
        variance, slope = (np.stack([getattr(own, name) for own in moments]) for name in ("variance", "slope"))
        residual = np.stack([designs[i].response - own.mean for i, own in zip(places, moments, strict=True)])
        first = designs[places[0]]
        robust = bias_reduced(matrix * slope[..., None], variance, residual, np.asarray(first.sites))
        j = first.terms.index(GROUP)
        for place, covariance, df in zip(places, robust.covariance, robust.df, strict=True):
            found[place] = Clustered(sites=_variance(covariance[j, j], df[j]))
    return found


def _sites_alone(design: DesignMatrix, fit: Fit, errors: ClusterErrors) -> Clustered:
    """Errors by site of a model of one wave, in which each person has one row."""
    if errors.sites is None or errors.sites_df is None or not _enough(_counts(design)):
        return Clustered()
    j = fit.terms.index(GROUP)
    return Clustered(sites=_variance(errors.sites[j], errors.sites_df[j]))


def _trend(design: DesignMatrix, fit: Fit, model: Model, errors: Any) -> Clustered | None:
    if errors is None:
        return None
    j = fit.terms.index(model.effect)
    sites = None
    if errors.sites is not None and _enough(_counts(design)):
        sites = _variance(errors.sites[j], errors.sites_df[j])
    return Clustered(_variance(errors.persons[j], errors.n_persons - 1.0), sites)


def _variance(value: float, df: float) -> Variance | None:
    """None where the clusters determine nothing."""
    return Variance(float(value), float(df)) if np.isfinite(value) and value > 0 and np.isfinite(df) else None


def _described(found: Clustered, design: DesignMatrix, fit: Fit, model: Model, kind: EffectKind) -> Clustered:
    """With the influence of each person, the number of sites and the likeness of their persons."""
    residual = kind.residual(design, fit)
    if model.analysis == ENDPOINT:
        n, left = len(residual), fit.df_residual
        found = replace(found, influence=kind.influence(design, fit) * np.sqrt(n / left))
    if design.sites is None:
        return found
    treated, sites = design.matrix[:, design.terms.index(GROUP)] == 1, design.sites
    if model.analysis != ENDPOINT:
        residual, first = _slopes(design, residual)
        treated, sites = treated[first], sites[first]
    return replace(found, counts=_counts(design), icc=intraclass_correlation(residual, sites, treated))


def _slopes(design: DesignMatrix, residual: Floats) -> tuple[Floats, Integers]:
    """Per person with several waves the slope of the residuals over time, and the person's first row."""
    time = design.matrix[:, design.terms.index(WAVE)]
    _, first, codes = np.unique(np.asarray(design.groups), return_index=True, return_inverse=True)
    size = np.bincount(codes)
    centred = time - (np.bincount(codes, time) / size)[codes]
    spread = np.bincount(codes, centred**2)
    several = spread > 0
    slopes = np.bincount(codes, centred * residual)[several] / spread[several]
    return slopes, first[several].astype(np.int64)


def _counts(design: DesignMatrix) -> tuple[int, int, int]:
    """Sites, and those with persons of the intervention and of the comparison group."""
    sites, treated = np.asarray(design.sites), design.matrix[:, design.terms.index(GROUP)] == 1
    return len(np.unique(sites)), len(np.unique(sites[treated])), len(np.unique(sites[~treated]))


def _enough(counts: tuple[int, int, int]) -> bool:
    return min(counts[1:]) >= LEAST_SITES


def intraclass_correlation(values: Floats, sites: Integers, treated: NDArray[np.bool_]) -> float:
    """The share of the variance that lies between sites: the analysis-of-variance estimate (Donner 1986, eq. 2.1).

    Where every site lies in one group, the sites of a group are compared with each other only.

    Args:
        values: (n,) one per person.
        sites: (n,) codes.
        treated: (n,) who is in the intervention group.

    Returns:
        Below zero where sites differ less than chance would make them; nan where it is not determined.
    """
    _, codes = np.unique(sites, return_inverse=True)
    size = np.bincount(codes)
    mean = np.bincount(codes, values) / size
    share = np.bincount(codes, treated) / size
    nested = bool(np.isin(share, (0.0, 1.0)).all())
    parts = [share == 1.0, share == 0.0] if nested else [np.ones(size.size, dtype=bool)]
    between, df, within_size = 0.0, 0, 0.0
    for own in parts:
        n = size[own].sum()
        between += float((size[own] * (mean[own] - (size[own] * mean[own]).sum() / n) ** 2).sum())
        df += int(own.sum()) - 1
        within_size += float(n - np.square(size[own]).sum() / n)
    rest = len(values) - size.size
    if df < 1 or rest < 1:
        return float("nan")
    between, within = between / df, float(np.square(values - mean[codes]).sum()) / rest
    total = between + (within_size / df - 1.0) * within
    return (between - within) / total if total > 0 else float("nan")


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
