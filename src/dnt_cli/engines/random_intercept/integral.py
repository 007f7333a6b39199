"""The integral over one person's random intercept with its exact slope and curvature, for many persons at once.

Written for arrays (P, ...) of persons: J rows, v columns, d = v + 1 parameters (coefficients and SD), K nodes.
In the names, `mode` is the maximum of f (see `logistic`), `bend` = -f'' there, and a trailing `_slope` is the
derivative with respect to the parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from dnt_cli.arrays import Floats
from dnt_cli.engines.random_intercept.families import LOGISTIC, Family
from dnt_cli.engines.random_intercept.packing import over_rows, transposed


def persons_likelihood(
    columns: Floats, linear: Floats, response: Floats, mask: Floats | None, sd: Floats, start: Floats, nodes: int,
    family: Family = LOGISTIC,
) -> tuple[Floats, Floats, Floats, Floats]:  # fmt: skip
    """Log of each person's integral.

    Args:
        columns: (P, J, v) derivative of each row's linear predictor with respect to the coefficients.
        linear: (P, J) linear predictors without the random intercept.
        response: (P, J); 0 in padding.
        mask: (P, J) 1 for a row and 0 for padding; None without padding.
        sd: (P,) of the random intercept.
        start: (P,) modes to begin with.
        nodes: of the quadrature; 1 is the Laplace approximation.
        family: distribution of the response.

    Returns:
        Values (P,), slopes (P, d), curvatures (P, d, d) and modes (P,).
    """
    mode = family.modes(linear, response, mask, sd, start)
    local = _around(columns, linear, response, mask, sd, mode, family)
    if nodes == 1:
        value, slope, curvature, weights = _laplace(response, mask, local, family)
    else:
        value, slope, curvature, weights = _quadrature(columns, linear, response, mask, nodes, local, family)
    curvature += _of_moving_nodes(local, weights, family)
    return value, slope, 0.5 * (curvature + transposed(curvature)), mode


@dataclass(frozen=True, slots=True)
class _LocalModes:
    """What is known of f at its maximum, and how maximum and curvature move with the parameters.

    Attributes:
        sd: (P,).
        mode: (P,).
        at: (P, J) linear predictors at the mode.
        mean: (P, J) of the response there.
        weight: (P, J) derivative of the mean to the linear predictor, 0 in padding.
        skew: (P, J) its derivative.
        rest: (P, J) response minus mean, 0 in padding.
        bend: (P,) -f''.
        columns: (P, J, d) derivative of the linear predictor at a fixed u.
        moved: (P, J, d) the same at the mode, which moves.
        mode_slope: (P, d).
        bend_slope: (P, d).
        skewed: (P, d) sum of skew * moved.
    """

    sd: Floats
    mode: Floats
    at: Floats
    mean: Floats
    weight: Floats
    skew: Floats
    rest: Floats
    bend: Floats
    columns: Floats
    moved: Floats
    mode_slope: Floats
    bend_slope: Floats
    skewed: Floats


def _around(
    columns: Floats, linear: Floats, response: Floats, mask: Floats | None, sd: Floats, mode: Floats, family: Family
) -> _LocalModes:
    at = linear + (sd * mode)[:, None]
    mean = family.mean(at)
    weight, rest = family.weight(mean), response - mean
    if mask is not None:
        weight *= mask
        rest *= mask
    skew = family.skew(mean, weight)
    total = over_rows(weight)
    bend = 1.0 + sd * sd * total
    persons, rows, v = columns.shape
    wide = np.empty((persons, rows, v + 1))
    wide[..., :v] = columns
    wide[..., v] = mode[:, None]
    mode_slope = -sd[:, None] * (weight[:, None, :] @ wide)[:, 0]
    mode_slope[:, v] += over_rows(rest)
    mode_slope /= bend[:, None]
    moved = wide + (sd[:, None] * mode_slope)[:, None, :]
    skewed = (skew[:, None, :] @ moved)[:, 0]
    bend_slope = (sd * sd)[:, None] * skewed
    bend_slope[:, v] += 2.0 * sd * total
    return _LocalModes(sd, mode, at, mean, weight, skew, rest, bend, wide, moved, mode_slope, bend_slope, skewed)


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
    slope = (local.rest[:, None, :] @ local.columns)[:, 0] - 0.5 * local.bend_slope / bend[:, None]
    curvature = -transposed(local.columns) @ (local.weight[..., None] * local.moved)
    curvature[:, -1, :] += over_rows(local.rest)[:, None] * local.mode_slope
    return value, slope, curvature, _Weights(np.zeros_like(bend), -0.5 / bend, 0.5 / bend**2)


def over_nodes(height: Floats) -> tuple[Floats, Floats]:
    """(..) logarithms of sums of exponentials over the nodes, the last axis, and (.., K) the share of each node."""
    top = height.max(axis=-1, keepdims=True)
    share = np.exp(height - top)
    total = share.sum(axis=-1, keepdims=True)
    share /= total
    return (top + np.log(total))[..., 0], share


@cache
def rule(nodes: int) -> tuple[Floats, Floats]:
    """Positions of the nodes for a standard normal weight, and log weights times the inverse of that weight."""
    position, weight = (np.asarray(v, dtype=float) for v in np.polynomial.hermite_e.hermegauss(nodes))
    return position, np.log(weight / np.sqrt(2.0 * np.pi)) + 0.5 * position**2


def _quadrature(
    columns: Floats, linear: Floats, response: Floats, mask: Floats | None, nodes: int, local: _LocalModes,
    family: Family,
) -> tuple[Floats, Floats, Floats, _Weights]:  # fmt: skip
    position, log_weight = rule(nodes)
    sd, bend = local.sd, local.bend
    node = local.mode[:, None] + position / np.sqrt(bend)[:, None]  # (P, K)
    mean_there, cost = family.at_nodes(linear[..., None] + (sd[:, None] * node)[:, None, :], mask)
    events = over_rows(response)
    rest = events[:, None] - over_rows(mean_there)
    height = over_rows(response * linear)[:, None] + (sd * events)[:, None] * node - cost
    height += log_weight - 0.5 * node**2
    value, share = over_nodes(height)
    value = value - 0.5 * np.log(bend)
    persons, _, v = columns.shape
    across = transposed(columns)
    score = np.empty((persons, v + 1, nodes))  # slope of f at fixed nodes
    score[:, :v] = (across @ response[..., None]) - across @ mean_there
    score[:, v] = rest * node
    pull = sd[:, None] * rest - node  # f' at the nodes
    found, mixed, twice = _of_fixed_nodes(columns, mean_there, rest, share, node, local, family)
    # A node's slope is that of the mode, plus `turn` times its position times that of the bend.
    turn = (-0.5 / bend**1.5)[:, None]
    pulled = share * pull
    means = score @ np.stack([share, pulled, pulled * position], axis=-1)  # (P, d, 3)
    first, second = pulled.sum(axis=1), turn[:, 0] * (pulled * position).sum(axis=1)
    average = means[..., 0] + first[:, None] * local.mode_slope + second[:, None] * local.bend_slope
    slope = average - (0.5 / bend)[:, None] * local.bend_slope
    moved = share * (pull**2 + twice)
    even, odd, square = (moved * position**power for power in range(3))
    by_mode = means[..., 1] + mixed[..., 0] + 0.5 * even.sum(axis=1)[:, None] * local.mode_slope
    by_mode += turn * odd.sum(axis=1)[:, None] * local.bend_slope
    by_bend = turn * (means[..., 2] + mixed[..., 1] + 0.5 * turn * square.sum(axis=1)[:, None] * local.bend_slope)
    curvature = (score * share[:, None, :]) @ transposed(score) - average[..., :, None] * average[..., None, :] + found
    curvature += 2.0 * by_mode[..., :, None] * local.mode_slope[..., None, :]
    curvature += 2.0 * by_bend[..., :, None] * local.bend_slope[..., None, :]
    weights = _Weights(first, second - 0.5 / bend, 0.5 / bend**2 - 1.5 * second / bend)
    return value, slope, curvature, weights


def _of_fixed_nodes(
    columns: Floats, mean: Floats, rest: Floats, share: Floats, node: Floats, local: _LocalModes, family: Family
) -> tuple[Floats, Floats, Floats]:
    """The second derivatives of f in parameters and u, at nodes that stay; overwrites `mean`.

    Returns:
        (P, d, d) in the parameters, mean over the nodes; (P, d, 2) in both, mean over the nodes and mean of the product
        with their positions; and (P, K) in u.
    """
    persons, _, v = columns.shape
    sd, across, position = local.sd[:, None], transposed(columns), rule(share.shape[1])[0]
    weight = family.weight(mean, out=mean)
    total = over_rows(weight)
    placed = share * position
    means = weight @ np.stack([share, placed], axis=-1)  # (P, J, 2)
    sides = across @ means
    found = np.zeros((persons, v + 1, v + 1))
    found[:, :v, :v] = -across @ (means[..., :1] * columns)
    side = local.mode[:, None] * sides[..., 0] + sides[..., 1] / np.sqrt(local.bend)[:, None]
    found[:, :v, v] = found[:, v, :v] = -side
    found[:, v, v] = -(total * share * node**2).sum(axis=1)
    mixed = np.empty((persons, v + 1, 2))
    mixed[:, :v] = -sd[..., None] * sides
    of_sd = rest - sd * total * node
    mixed[:, v, 0], mixed[:, v, 1] = (share * of_sd).sum(axis=1), (placed * of_sd).sum(axis=1)
    return found, mixed, -sd * sd * total - 1.0


def _of_moving_nodes(local: _LocalModes, by: _Weights, family: Family) -> Floats:
    """(P, d, d) what the second derivatives of mode and bend add."""
    sd, bend, weight = local.sd, local.bend, local.weight
    total, skew = over_rows(weight), over_rows(local.skew)
    weighted = (weight[:, None, :] @ local.moved)[:, 0]
    # The mode's second derivative has the skew in it, as the bend's has; together they multiply it with this.
    joint = by.bend * sd**3 * skew + by.mode
    bow = family.bow(local.mean, weight)
    factor = (by.bend * sd * sd)[:, None] * bow - (joint * sd / bend)[:, None] * local.skew
    found: Floats = transposed(local.moved) @ (factor[..., None] * local.moved)
    found += (by.square[:, None] * local.bend_slope)[..., :, None] * local.bend_slope[..., None, :]
    skews = (sd * sd * skew)[:, None] * local.mode_slope
    side = by.bend[:, None] * (2.0 * sd[:, None] * local.skewed + skews)
    side -= (joint / bend)[:, None] * (weighted + (sd * total)[:, None] * local.mode_slope)
    found[:, -1, :] += side
    found[:, :, -1] += side
    found[:, -1, -1] += 2.0 * by.bend * total
    return found
