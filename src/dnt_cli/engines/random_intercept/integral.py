"""The integral over one person's random intercept with its exact slope and curvature, for many persons at once.

In the shapes J are rows, P persons (last, so that loops are long), K nodes, r columns that change within persons, and
d = r + 2 parameters: a number that is added to all rows of a person, the coefficients of the columns, and the SD.
In the names, `mode` is the maximum of f (see `logistic`), `bend` = -f'' there, and a trailing `_slope` is the
derivative with respect to the parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from dnt_cli.arrays import Floats
from dnt_cli.engines.random_intercept.families import LOGISTIC, Family
from dnt_cli.engines.random_intercept.packing import over_rows

MOST_NODES = 101
"""Beyond which a rule gains nothing: its outer weights are below rounding."""


def persons_likelihood(
    columns: Floats, linear: Floats, response: Floats, mask: Floats | None, sd: Floats, start: Floats, nodes: int,
    family: Family = LOGISTIC,
) -> tuple[Floats, Floats, Floats, Floats]:  # fmt: skip
    """Log of each person's integral.

    Args:
        columns: (r, J, P) what changes within persons.
        linear: (J, P) linear predictors without the random intercept.
        response: (J, P); 0 in padding.
        mask: (J, P) 1 for a row and 0 for padding; None without padding.
        sd: (P,) of the random intercept.
        start: (P,) modes to begin with.
        nodes: of the quadrature; 1 is the Laplace approximation.
        family: distribution of the response.

    Returns:
        Values (P,), slopes (d, P), curvatures (d, d, P) and modes (P,).
    """
    mode = family.modes(linear, response, mask, sd, start)
    local = _around(columns, linear, response, mask, sd, mode, family)
    if nodes == 1:
        value, slope, curvature, weights = _laplace(response, mask, local, family)
    else:
        value, slope, curvature, weights = _quadrature(linear, response, mask, nodes, local, family)
    curvature += _of_moving_nodes(local, weights, family)
    return value, slope, 0.5 * (curvature + curvature.swapaxes(0, 1)), mode


@dataclass(frozen=True, slots=True)
class _Derivatives:
    """Of the rows' linear predictors with respect to the parameters.

    Attributes:
        first: (P,) with respect to the number that is added to all rows.
        columns: (r, J, P) to the coefficients.
        last: (P,) to the SD.
    """

    first: Floats
    columns: Floats
    last: Floats

    def moved(self, by: Floats) -> _Derivatives:
        """With (d, P) added to all rows of a person."""
        return _Derivatives(self.first + by[0], self.columns + by[1:-1, None], self.last + by[-1])

    def sums(self, weight: Floats) -> Floats:
        """(d, P) sums over the rows, weighted by (J, P)."""
        return self._summed(over_rows(weight), self.columns * weight)

    def _summed(self, total: Floats, weighted: Floats) -> Floats:
        found = np.empty((len(weighted) + 2, total.size))
        found[0], found[-1] = total * self.first, total * self.last
        found[1:-1] = over_rows(weighted)
        return found

    def products(self, weight: Floats, other: _Derivatives) -> Floats:
        """(d, d, P) sums over the rows of the products with others, weighted by (J, P)."""
        weighted = other.columns * weight
        sums = other._summed(over_rows(weight), weighted)
        found = np.empty((len(sums), *sums.shape))
        found[0], found[-1] = self.first * sums, self.last * sums
        found[1:-1, 0] = found[1:-1, -1] = over_rows(self.columns * weight)
        found[1:-1, 0] *= other.first
        found[1:-1, -1] *= other.last
        found[1:-1, 1:-1] = np.einsum("ajp,bjp->abp", self.columns, weighted)
        return found


@dataclass(frozen=True, slots=True)
class _LocalModes:
    """What is known of f at its maximum, and how maximum and curvature move with the parameters.

    Attributes:
        sd: (P,).
        mode: (P,).
        at: (J, P) linear predictors at the mode.
        mean: (J, P) of the response there.
        weight: (J, P) derivative of the mean to the linear predictor, 0 in padding.
        skew: (J, P) its derivative.
        rest: (J, P) response minus mean, 0 in padding.
        bend: (P,) -f''.
        fixed: derivatives of the linear predictor at a fixed u.
        moved: the same at the mode, which moves.
        mode_slope: (d, P).
        bend_slope: (d, P).
        skewed: (d, P) sum of skew * moved.
    """

    sd: Floats
    mode: Floats
    at: Floats
    mean: Floats
    weight: Floats
    skew: Floats
    rest: Floats
    bend: Floats
    fixed: _Derivatives
    moved: _Derivatives
    mode_slope: Floats
    bend_slope: Floats
    skewed: Floats


def _around(
    columns: Floats, linear: Floats, response: Floats, mask: Floats | None, sd: Floats, mode: Floats, family: Family
) -> _LocalModes:
    at = linear + sd * mode
    mean = family.mean(at)
    weight, rest = family.weight(mean), response - mean
    if mask is not None:
        weight *= mask
        rest *= mask
    skew = family.skew(mean, weight)
    total = over_rows(weight)
    bend = 1.0 + sd * sd * total
    fixed = _Derivatives(np.ones_like(mode), columns, mode)
    mode_slope = -sd * fixed.sums(weight)
    mode_slope[-1] += over_rows(rest)
    mode_slope /= bend
    moved = fixed.moved(sd * mode_slope)
    skewed = moved.sums(skew)
    bend_slope = sd * sd * skewed
    bend_slope[-1] += 2.0 * sd * total
    return _LocalModes(sd, mode, at, mean, weight, skew, rest, bend, fixed, moved, mode_slope, bend_slope, skewed)


@dataclass(frozen=True, slots=True)
class _Weights:
    """What the second derivatives of mode and bend are multiplied with: (P,) each.

    Attributes:
        mode: of the mode's second derivative.
        bend: of the bend's second derivative.
        square: of the outer product of the bend's slope.
    """

    mode: Floats
    bend: Floats
    square: Floats


def _laplace(
    response: Floats, mask: Floats | None, local: _LocalModes, family: Family
) -> tuple[Floats, Floats, Floats, _Weights]:
    bend = local.bend
    height = family.log_density(response, local.at)
    if mask is not None:
        height *= mask
    value = over_rows(height) - 0.5 * local.mode**2 - 0.5 * np.log(bend)
    slope = local.fixed.sums(local.rest) - 0.5 * local.bend_slope / bend
    curvature = -local.fixed.products(local.weight, local.moved)
    curvature[-1] += over_rows(local.rest) * local.mode_slope
    return value, slope, curvature, _Weights(np.zeros_like(bend), -0.5 / bend, 0.5 / bend**2)


def over_nodes(height: Floats, axis: int = -1) -> tuple[Floats, Floats]:
    """Logarithms of sums of exponentials over the nodes, which are an axis, and the share of each node."""
    top = height.max(axis=axis, keepdims=True)
    share = np.exp(height - top)
    total = share.sum(axis=axis, keepdims=True)
    share /= total
    return (top + np.log(total)).squeeze(axis), share


@cache
def rule(nodes: int) -> tuple[Floats, Floats]:
    """Positions of the nodes for a standard normal weight, and log weights times the inverse of that weight."""
    position, weight = (np.asarray(v, dtype=float) for v in np.polynomial.hermite_e.hermegauss(nodes))
    return position, np.log(weight / np.sqrt(2.0 * np.pi)) + 0.5 * position**2


def _quadrature(
    linear: Floats, response: Floats, mask: Floats | None, nodes: int, local: _LocalModes, family: Family
) -> tuple[Floats, Floats, Floats, _Weights]:
    position, log_weight = (own[:, None] for own in rule(nodes))
    sd, bend, columns = local.sd, local.bend, local.fixed.columns
    node = local.mode + position / np.sqrt(bend)  # (K, P)
    mean_there, cost = family.at_nodes(linear + (sd * node)[:, None], mask)
    events = over_rows(response)
    rest = events - over_rows(mean_there)
    height = over_rows(response * linear) + (sd * events) * node - cost
    height += log_weight - 0.5 * node**2
    value, share = over_nodes(height, axis=0)
    value = value - 0.5 * np.log(bend)
    score = np.empty((len(columns) + 2, *node.shape))  # slope of f at fixed nodes
    score[0], score[-1] = rest, rest * node
    expected = np.einsum("rjp,kjp->rkp", columns, mean_there)
    np.subtract(over_rows(columns * response)[:, None], expected, out=score[1:-1])
    pull = sd * rest - node  # f' at the nodes
    found, mixed, twice = _of_fixed_nodes(mean_there, rest, share, node, local, family)
    # A node's slope is that of the mode, plus `turn` times its position times that of the bend.
    turn = -0.5 / bend**1.5
    pulled = share * pull
    placed = pulled * position
    shared = score * share
    first, second = pulled.sum(axis=0), turn * placed.sum(axis=0)
    average = shared.sum(axis=1) + first * local.mode_slope + second * local.bend_slope
    slope = average - (0.5 / bend) * local.bend_slope
    moved = share * (pull**2 + twice)
    even, odd, square = ((moved * position**power).sum(axis=0) for power in range(3))
    by_mode = _weighted(score, pulled) + mixed[0] + 0.5 * even * local.mode_slope + turn * odd * local.bend_slope
    by_bend = turn * (_weighted(score, placed) + mixed[1] + 0.5 * turn * square * local.bend_slope)
    curvature = np.einsum("akp,bkp->abp", shared, score) - average[:, None] * average + found
    curvature += 2.0 * (by_mode[:, None] * local.mode_slope + by_bend[:, None] * local.bend_slope)
    weights = _Weights(first, second - 0.5 / bend, 0.5 / bend**2 - 1.5 * second / bend)
    return value, slope, curvature, weights


def _weighted(values: Floats, weight: Floats) -> Floats:
    """(.., P) sums over the nodes of (.., K, P) times (K, P)."""
    found: Floats = np.einsum("...kp,kp->...p", values, weight)
    return found


def _of_fixed_nodes(
    mean: Floats, rest: Floats, share: Floats, node: Floats, local: _LocalModes, family: Family
) -> tuple[Floats, tuple[Floats, Floats], Floats]:
    """The second derivatives of f in parameters and u, at nodes that stay; overwrites `mean`.

    Returns:
        (d, d, P) in the parameters, mean over the nodes; (d, P) in both, mean over the nodes and mean of the product
        with their positions; and (K, P) in u.
    """
    sd, position = local.sd, rule(len(share))[0][:, None]
    weight = family.weight(mean, out=mean)
    total = over_rows(weight)
    placed = share * position
    # Row by row, mean over the nodes of the weight, and of its product with the position.
    by_row, by_row_placed = (np.einsum("kjp,kp->jp", weight, own) for own in (share, placed))
    nowhere = _Derivatives(local.fixed.first, local.fixed.columns, np.zeros_like(sd))
    found = -nowhere.products(by_row, nowhere)
    sides, sides_placed = nowhere.sums(by_row), nowhere.sums(by_row_placed)
    found[-1] = found[:, -1] = -(local.mode * sides + sides_placed / np.sqrt(local.bend))
    found[-1, -1] = -(total * share * node**2).sum(axis=0)
    of_sd = rest - sd * total * node
    mixed = -sd * sides, -sd * sides_placed
    mixed[0][-1], mixed[1][-1] = (share * of_sd).sum(axis=0), (placed * of_sd).sum(axis=0)
    return found, mixed, -sd * sd * total - 1.0


def _of_moving_nodes(local: _LocalModes, by: _Weights, family: Family) -> Floats:
    """(d, d, P) what the second derivatives of mode and bend add."""
    sd, bend, weight = local.sd, local.bend, local.weight
    total, skew = over_rows(weight), over_rows(local.skew)
    # The mode's second derivative has the skew in it, as the bend's has; together they multiply it with this.
    joint = by.bend * sd**3 * skew + by.mode
    bow = family.bow(local.mean, weight)
    factor = (by.bend * sd * sd) * bow - (joint * sd / bend) * local.skew
    found = local.moved.products(factor, local.moved)
    found += by.square * local.bend_slope[:, None] * local.bend_slope
    side = by.bend * (2.0 * sd * local.skewed + sd * sd * skew * local.mode_slope)
    side -= (joint / bend) * (local.moved.sums(weight) + sd * total * local.mode_slope)
    found[-1] += side
    found[:, -1] += side
    found[-1, -1] += 2.0 * by.bend * total
    return found
