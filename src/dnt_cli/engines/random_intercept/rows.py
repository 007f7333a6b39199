"""Models whose rows have a log density in some linear functions of the parameters, with or without random intercept.

The density of row r is g_r(z_1, .., z_L), z_l = M_l[r] phi + a_l s u: phi are all parameters, u is the standard normal
intercept of the person and s its SD. Ordered classes have two such functions, the thresholds above and below the class;
negative binomial counts have the logarithms of mean and size.

The integral is by adaptive Gauss-Hermite quadrature around each person's mode (Pinheiro and Bates 1995). Slopes are the
mean, over a person's intercept given the answers, of those of the complete likelihood; second derivatives add the
covariance of these slopes (Louis 1982, JRSS B 44).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from dnt_cli.arrays import Floats, Integers
from dnt_cli.engines.random_intercept.integral import over_nodes, rule

Density = Callable[[Floats], tuple[Floats, Floats, Floats]]
"""(L, n, K) -> log densities (n, K), their slopes (L, n, K) and second derivatives (L, L, n, K)."""

_STEPS = 100
_MODE_STEPS = 60
_TOLERANCE = 1e-12
SINGULAR_SD = 1e-3
LARGEST_SD = 50.0
LEAST_NODES = 7
"""Second derivatives by Louis' formula ask for more than Laplace's approximation."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows sorted by person.

    Attributes:
        density: of the rows.
        maps: (L, n, d) from parameters to the functions.
        along: (L,) what the random intercept adds to each, times its SD.
        starts: (P,) first row of each person.
        weights: (n,) of the log densities.
    """

    density: Density
    maps: Floats
    along: Floats
    starts: Integers
    weights: Floats

    @property
    def sizes(self) -> Integers:
        """(P,) rows per person."""
        sizes: Integers = np.diff(self.starts, append=self.maps.shape[1])
        return sizes


@dataclass(frozen=True, slots=True)
class PersonPoint:
    """The log-likelihood at a point; parameters are phi and then the SD.

    Attributes:
        value: of all.
        score: (P, d + 1) slopes per person.
        information: (P, d + 1, d + 1) minus the second derivatives per person.
        modes: (P,).
    """

    value: float
    score: Floats
    information: Floats
    modes: Floats


@dataclass(frozen=True, slots=True)
class RowsOptimum:
    """Where the search ended.

    Attributes:
        parameters: (d + 1,) phi and the SD, 0 where it is singular or there is none.
        point: the log-likelihood there.
        decrement: .5 g'Vg.
        converged: whether it is an optimum.
        free: which parameters were estimated; not an SD of 0.
    """

    parameters: Floats
    point: PersonPoint
    decrement: float
    converged: bool
    free: np.ndarray

    def covariance(self) -> Floats:
        """(d + 1, d + 1) inverse of the observed information; 0 for what was not estimated."""
        information: Floats = self.point.information.sum(axis=0)
        found: Floats = np.zeros_like(information)
        found[np.ix_(self.free, self.free)] = np.linalg.inv(information[np.ix_(self.free, self.free)])
        return found


def evaluate(rows: Rows, parameters: Floats, nodes: int, modes: Floats | None = None) -> PersonPoint:
    """The log-likelihood, with its slopes and second derivatives, at a point.

    Args:
        rows: The model and its data.
        parameters: (d + 1,); with an SD of 0 no integral is taken.
        nodes: Of the quadrature.
        modes: (P,) of a point nearby.
    """
    phi, sd = parameters[:-1], float(parameters[-1])
    fixed = rows.maps @ phi  # (L, n)
    start = np.zeros(rows.starts.size) if modes is None else modes
    if sd == 0.0:
        mode, node, log_weight = start * 0.0, np.zeros((rows.starts.size, 1)), np.zeros((rows.starts.size, 1))
    else:
        mode, bend = _modes(rows, fixed, sd, start)
        position, weight = rule(nodes)
        node = mode[:, None] + position / np.sqrt(bend)[:, None]
        log_weight = weight - 0.5 * node**2 - 0.5 * np.log(bend)[:, None]
    at = np.repeat(node, rows.sizes, axis=0)  # (n, K)
    value, slope, curve = rows.density(fixed[..., None] + rows.along[:, None, None] * sd * at)
    value, slope, curve = (own * rows.weights[:, None] for own in (value, slope, curve))
    height = np.add.reduceat(value, rows.starts, axis=0) + log_weight
    persons, share = over_nodes(height)
    score, information = _derivatives(rows, slope, curve, at, node, share)
    return PersonPoint(float(persons.sum()), score, information, mode)


def _derivatives(
    rows: Rows, slope: Floats, curve: Floats, at: Floats, node: Floats, share: Floats
) -> tuple[Floats, Floats]:
    """Per person the slopes and the information, by weights `share` (P, K) of the nodes."""
    d = rows.maps.shape[2]
    along = rows.along
    each = np.einsum("lnd,lnk->ndk", rows.maps, slope)
    complete = np.empty((rows.starts.size, d + 1, share.shape[1]))
    complete[:, :d] = np.add.reduceat(each, rows.starts, axis=0)
    pull = np.einsum("l,lnk->nk", along, slope)
    complete[:, d] = np.add.reduceat(pull, rows.starts, axis=0) * node
    score = (complete @ share[..., None])[..., 0]
    spread = (complete * share[:, None, :]) @ complete.swapaxes(1, 2) - score[:, :, None] * score[:, None, :]
    weight = np.repeat(share, rows.sizes, axis=0)
    mean = (curve * weight).sum(axis=-1)  # (L, L, n)
    side = np.einsum("lmnk,m,nk->ln", curve, along, weight * at)
    last = np.einsum("lmnk,l,m,nk->n", curve, along, along, weight * at**2)
    whole = np.zeros((rows.maps.shape[1], d + 1, d + 1))
    whole[:, :d, :d] = np.einsum("lnd,lmn,mne->nde", rows.maps, mean, rows.maps, optimize=True)
    whole[:, :d, d] = whole[:, d, :d] = np.einsum("lnd,ln->nd", rows.maps, side)
    whole[:, d, d] = last
    return score, -(np.add.reduceat(whole, rows.starts, axis=0) + spread)


def _modes(rows: Rows, fixed: Floats, sd: float, start: Floats) -> tuple[Floats, Floats]:
    """(P,) each person's most likely intercept, by Newton's method, and minus the second derivative there."""
    mode, along = start.copy(), rows.along * sd
    bend = np.ones_like(mode)
    for _ in range(_MODE_STEPS):
        at = np.repeat(mode, rows.sizes)
        _, slope, curve = rows.density((fixed + along[:, None] * at)[..., None])
        pull = rows.weights * np.einsum("l,lnk->n", along, slope)
        bow = rows.weights * np.einsum("l,m,lmnk->n", along, along, curve)
        first = np.add.reduceat(pull, rows.starts) - mode
        bend = 1.0 - np.add.reduceat(bow, rows.starts)
        step = np.clip(first / bend, -2.0, 2.0)
        mode = mode + step
        if np.abs(step).max() < 1e-9:
            break
    return mode, bend


def fit_rows(rows: Rows, start: Floats, nodes: int, *, grouped: bool) -> RowsOptimum:
    """Maximum likelihood by damped Newton steps.

    Args:
        rows: The model and its data.
        start: (d,) parameters without random intercept.
        nodes: Of the quadrature; fewer than `LEAST_NODES` are as many.
        grouped: With a random intercept per person.
    """
    nodes = max(nodes, LEAST_NODES)
    plain = _climb(rows, np.append(start, 0.0), nodes, free=np.arange(start.size + 1) < start.size)
    if not grouped or not plain.converged:
        return plain
    best = None
    for sd in (0.7, 2.0):
        found = _climb(rows, np.append(plain.parameters[:-1], sd), nodes, free=np.ones(start.size + 1, dtype=bool))
        if found.converged and found.parameters[-1] >= SINGULAR_SD:
            best = found
            break
        if found.parameters[-1] < SINGULAR_SD:  # personal intercepts add nothing
            return plain
    return replace(plain, converged=False) if best is None else best


def _climb(rows: Rows, parameters: Floats, nodes: int, *, free: np.ndarray) -> RowsOptimum:
    point = evaluate(rows, parameters, nodes)
    decrement = np.inf
    for _ in range(_STEPS):
        if not np.isfinite(point.value) or parameters[-1] > LARGEST_SD:
            break
        slope = point.score.sum(axis=0)[free]
        information = point.information.sum(axis=0)[np.ix_(free, free)]
        step, decrement, concave = _newton(slope, information)
        if decrement < _TOLERANCE * max(1.0, abs(point.value)) and concave:
            return RowsOptimum(parameters, point, decrement, True, free)
        if free[-1] and parameters[-1] < SINGULAR_SD:
            break
        for _ in range(30):
            there = parameters.copy()
            there[free] += step
            there[-1] = abs(there[-1])
            new = evaluate(rows, there, nodes, point.modes)
            if new.value >= point.value - 1e-11 * abs(point.value):
                break
            step = 0.5 * step
        else:
            break
        parameters, point = there, new
    return RowsOptimum(parameters, point, float(decrement), False, free)


def _newton(slope: Floats, information: Floats) -> tuple[Floats, float, bool]:
    """The step uphill, along every direction of the information by its size, and .5 g'Vg; whether it is a maximum."""
    unit = 1.0 / np.sqrt(np.maximum(np.abs(np.diag(information)), 1e-10))
    values, vectors = np.linalg.eigh(np.where(np.isfinite(information), information, 0.0) * np.outer(unit, unit))
    size = np.maximum(np.abs(values), 1e-8)
    part = vectors.T @ (unit * slope)
    step = unit * (vectors @ (part / size))
    return step, float(0.5 * (part**2 / size).sum()), bool(values.min() > 0.0)
