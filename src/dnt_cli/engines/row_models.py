"""Models fitted through `random_intercept.rows`: ordered classes, and negative binomial counts given the person.

Each is laid out as rows in a basis in which its columns are orthogonal, so that units and offsets cost no digits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dnt_cli.arrays import Floats, Integers
from dnt_cli.engines.base import DesignMatrix, Fit, Status, imprecise_message, imprecise_terms, unusable
from dnt_cli.engines.cluster_scores import ClusterErrors, errors_of_scores
from dnt_cli.engines.random_intercept.integral import MOST_NODES
from dnt_cli.engines.random_intercept.rows import LEAST_NODES, Density, Rows, RowsOptimum, evaluate, fit_rows
from dnt_cli.messages import Message, message


@dataclass(frozen=True, slots=True)
class Laid:
    """A design laid out as rows.

    Attributes:
        rows: Of the likelihood, sorted by person; each row its own person without groups.
        order: (n,) places of these rows in the design.
        start: (d,) parameters to begin with.
        back: (k, d) from parameters to the coefficients of the design.
        more: (q, d) from parameters to those that are no coefficients: thresholds, or the logarithm of a size.
        detail: Name of these among the details of a fit.
    """

    rows: Rows
    order: Integers
    start: Floats
    back: Floats
    more: Floats
    detail: str

    def parameters(self, fit: Fit) -> Floats:
        """(d + 1,) of a fit, its SD the last."""
        both = np.vstack([self.more, self.back])
        known = np.concatenate([fit.details[self.detail], fit.estimate])
        found, *_ = np.linalg.lstsq(both, known, rcond=None)
        return np.append(found, float(fit.random_sd or 0.0))


def persons_of(design: DesignMatrix) -> tuple[Integers, Integers]:
    """Order of the rows by person, and the first row of each."""
    n = design.response.size
    groups = np.arange(n) if design.groups is None else design.groups
    order = np.argsort(groups, kind="stable").astype(np.int64)
    return order, np.flatnonzero(np.diff(groups[order], prepend=groups[order[0]] - 1)).astype(np.int64)


def laid_rows(design: DesignMatrix, maps: Floats, along: Floats, density: Density) -> tuple[Rows, Integers]:
    """Rows of the design, given (L, n, d) maps and a density in the order of the sorted rows."""
    order, starts = persons_of(design)
    weights = np.ones(order.size) if design.weights is None else design.weights[order]
    return Rows(density, maps[:, order], along, starts, weights), order


def fitted(
    design: DesignMatrix, laid: Laid, engine: str, nodes: int, *, details: Callable[[Floats], dict[str, Floats]]
) -> Fit:
    """Fit a design that was laid out.

    Args:
        design: With groups for a random intercept.
        laid: Its rows.
        engine: Its name.
        nodes: Of the quadrature; more where these are too few for the search to end, as for persons very far apart.
        details: Those of the fit, from its additional parameters.
    """
    grouped = design.groups is not None
    used = max(nodes, LEAST_NODES) if grouped else 1
    optimum = fit_rows(laid.rows, laid.start, used, grouped=grouped)
    while grouped and not optimum.converged and used < MOST_NODES:
        used = min(2 * used + 1, MOST_NODES)
        optimum = fit_rows(laid.rows, laid.start, used, grouped=grouped)
    engine = f"{engine} AGQ {used}" if grouped else engine
    if not optimum.converged:
        return unusable(design, engine, message("engines.no_convergence"), nodes=used)
    covariance = laid.back @ optimum.covariance()[:-1, :-1] @ laid.back.T
    vague = imprecise_terms(design.matrix, covariance, design.terms)
    if vague or not np.isfinite(covariance).all():
        return unusable(design, engine, imprecise_message(vague or design.terms))
    return _fit(design, laid, optimum, covariance, engine, used, details(laid.more @ optimum.parameters[:-1]))


def _fit(
    design: DesignMatrix, laid: Laid, optimum: RowsOptimum, covariance: Floats, engine: str, nodes: int,
    details: dict[str, Floats],
) -> Fit:  # fmt: skip
    grouped, sd = design.groups is not None, float(optimum.parameters[-1])
    singular = grouped and sd == 0.0
    told: tuple[Message, ...] = (message("engines.singular"),) if singular else ()
    return Fit(
        terms=design.terms,
        estimate=laid.back @ optimum.parameters[:-1],
        covariance=covariance,
        df=np.full(len(design.terms), np.inf),
        log_likelihood=optimum.point.value,
        random_sd=sd if grouped else None,
        status=Status(True, singular, False, told),
        engine=engine,
        n_observations=design.response.size,
        nodes=nodes,
        gradient=optimum.decrement,
        details=details,
    )


def cluster_errors_of_rows(
    designs: Sequence[DesignMatrix], fits: Sequence[Fit], laid: Callable[[DesignMatrix], Laid]
) -> list[ClusterErrors | None]:
    """Errors by person (CR1) and by site (CR2) from the scores of the persons, as `cluster_scores.cluster_errors`."""
    found: list[ClusterErrors | None] = []
    for design, fit in zip(designs, fits, strict=True):
        if not fit.status.usable:
            found.append(None)
            continue
        own = laid(design)
        parameters = own.parameters(fit)
        point = evaluate(own.rows, parameters, fit.nodes)
        free = parameters.size - (parameters[-1] == 0.0)
        sites = None if design.sites is None else design.sites[own.order][own.rows.starts]
        contrast = np.zeros((own.back.shape[0], free))
        contrast[:, : own.back.shape[1]] = own.back
        found.append(errors_of_scores(point.score[:, :free], point.information[:, :free, :free], contrast, sites))
    return found


def influences(design: DesignMatrix, fit: Fit, laid: Callable[[DesignMatrix], Laid]) -> Floats:
    """(n, k) of each row of a model of one wave on the estimates, to first order."""
    own = laid(design)
    point = evaluate(own.rows, own.parameters(fit), 1)
    covariance = np.linalg.inv(point.information.sum(axis=0)[:-1, :-1])
    moved: Floats = point.score[:, :-1] @ covariance @ own.back.T
    found = np.empty_like(moved)
    found[own.order] = moved
    return found
