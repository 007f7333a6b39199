"""Models of yes/no with a random intercept and a random slope over time per person, by adaptive quadrature.

For person i with rows j, w_j = (1, time_j) and intercept and slope L u, u two independent standard normal variables,
the likelihood is the integral over u of exp(f(u)), f(u) = sum_j log P(y_j | x_j'b + w_j'L u) - |u|^2 / 2. A grid of
Gauss-Hermite nodes is put around the maximum of f, turned and scaled by its curvature there (Pinheiro and Bates 1995);
one node is Laplace's approximation. Slopes of the value are exact: they follow the nodes, which the parameters move.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dnt_cli.arrays import Floats
from dnt_cli.engines.base import DesignMatrix, Fit, Status, imprecise_message, imprecise_terms, unusable
from dnt_cli.engines.mixed import method_name, refused_logistic
from dnt_cli.engines.random_intercept import stacked
from dnt_cli.engines.random_intercept.families import LOGISTIC
from dnt_cli.engines.random_intercept.integral import over_nodes, rule
from dnt_cli.engines.random_intercept.logistic import ATTENUATION, without_intercepts
from dnt_cli.engines.random_intercept.packing import Stack, transposed
from dnt_cli.engines.random_slope.time import SINGULAR, Time
from dnt_cli.messages import message

NODES = 9
"""Per dimension."""
_MORE_NODES = (17, 25, 41)
_SHIFT = 0.03
"""Standard errors by which about twice as many nodes may move a coefficient of time; beyond it they are used."""

_STARTS = ((1.0, 0.0, 0.5), (3.0, 0.0, 1.0), (0.5, 0.0, 2.0))
_STEPS = 40
_MODE_STEPS = 60
_TOLERANCE = 1e-10  # of .5 g'Vg
_MODE_TOLERANCE = 1e-9
_DIFFERENCE = 1e-4
_FLAT = 1e-8  # share of the largest curvature below which a direction has none
_ASIDE = 0.3  # step away from a saddle
_LONGEST = 2.0  # change of a coefficient per mean square of its column, or of L, in one step
_LARGEST = 50.0  # SD of intercept or slope, on the logit scale, that no data determine


@dataclass(frozen=True, slots=True)
class _Persons:
    """The rows of each person; padding has zero columns, and half a response, so that it has no slope.

    Attributes:
        columns: (G, J, k).
        basis: (G, J, 2) one and time.
        response: (G, J).
        constant: What the value lacks, since each row of padding adds log(1/2) to it.
    """

    columns: Floats
    basis: Floats
    response: Floats
    constant: float

    @staticmethod
    def of(stack: Stack, time: Floats) -> _Persons:
        """Lay out the only data set of a stack; time is (n,)."""
        place = np.arange(int(stack.sizes.max()))
        inside = place < stack.sizes[:, None]
        rows = stack.starts[:, None] + np.where(inside, place, 0)
        basis = np.stack([np.ones_like(time), time], axis=1)[rows]
        response = np.where(inside, stack.response[0, rows], 0.5)
        shown = inside[..., None]
        return _Persons(stack.matrix[0, rows] * shown, basis * shown, response, float((~inside).sum() * np.log(2.0)))


@dataclass(frozen=True, slots=True)
class _Optimum:
    """Where a search ended.

    Attributes:
        point: (k + 3,) coefficients, then the elements of L.
        value: Log-likelihood there.
        inverse: (k + 3, k + 3) of minus its second derivatives.
        decrement: .5 g'Vg.
        converged: Whether it is an optimum.
    """

    point: Floats
    value: float
    inverse: Floats
    decrement: float
    converged: bool

    @property
    def sizes(self) -> Floats:
        """(2,) roots of the covariance of intercept and slope, the largest first."""
        found: Floats = np.linalg.svd(_factors(self.point[None, -3:])[0], compute_uv=False)
        return found

    @property
    def singular(self) -> bool:
        """Whether intercept and slope are not both determined."""
        largest, smallest = self.sizes
        return bool(smallest < SINGULAR * max(largest, 1.0))


@dataclass(frozen=True, slots=True)
class _Nodes:
    """The integrals of all persons at S points, K nodes each.

    Attributes:
        value: (S, G) logarithms of the integrals.
        across: (S, G, J, 2) derivative of the linear predictor to u.
        position: (2, K) of the nodes on the grid.
        node: (S, G, 2, K) u at the nodes.
        share: (S, G, K) of each node in its integral.
        mean: (S, G, J, K) probabilities at the nodes.
        mode: (S, G, 2) u where f is largest.
        at_mode: (S, G, J) probabilities there.
        root: (S, G, 2, 2) inverse of the lower triangular root of minus the second derivatives of f there.
    """

    value: Floats
    across: Floats
    position: Floats
    node: Floats
    share: Floats
    mean: Floats
    mode: Floats
    at_mode: Floats
    root: Floats


def fit_random_slope_logistic(design: DesignMatrix, time: str, *, nodes: int = NODES) -> Fit:
    """Logistic model with a random intercept and slope per person, by maximum likelihood.

    As `glmer(y ~ ... + (time | id), binomial)` of R's lme4 with one node. With more, the answer is compared with
    that of about twice as many, which are used where they move a coefficient.

    Args:
        design: With groups and a 0/1 outcome.
        time: The term that has the slope.
        nodes: Per dimension, odd.

    Returns:
        Log odds ratios given the person's intercept and slope, with `df.residual()` of R; `random_sd` is the SD of the
        intercept at time zero, and the detail `random_covariance` (2, 2) that of both. A singular fit, in which they
        are not both determined, is valid and says so; unusable where no optimum is found.
    """
    (refused,) = refused_logistic([design], _name(nodes), nodes)
    if refused is not None:
        return refused
    scale, stack = Time.of(design, time), stacked([design])[0]
    raw = (stack.matrix[0] @ stack.triangle[0])[:, design.terms.index(time)]
    persons = _Persons.of(stack, scale.scaled(raw))
    plain = without_intercepts(stack)[0]
    best = _best(persons, plain, nodes)
    if not best.converged and nodes > 1:
        nodes = _MORE_NODES[0]
        best = _climb(persons, _start(plain, _STARTS[0]), nodes)
    for more in _MORE_NODES:
        if best.converged and 1 < nodes < more and _moved_by(more, persons, stack, best) > _SHIFT:
            best, nodes = _climb(persons, best.point, more), more
    return _fit(design, stack, scale, best, nodes)


def _name(nodes: int) -> str:
    return f"dnt random slope {method_name(nodes)}" + (f" x {nodes}" if nodes > 1 else "")


def _best(persons: _Persons, plain: Floats, nodes: int) -> _Optimum:
    """From the first start; where that does not converge, or can be one of several optima, the highest of all."""
    best: _Optimum | None = None
    for start in _STARTS:
        found = _climb(persons, _start(plain, start), nodes)
        # A gain at rounding level is no other optimum; the first start wins, so that results do not flicker.
        if best is None or (found.converged and (not best.converged or found.value > best.value + 1e-7)):
            best = found
        if best.converged and not best.singular:
            break
    assert best is not None
    return best


def _start(plain: Floats, factor: tuple[float, float, float]) -> Floats:
    """Coefficients without random effects, moved from 0 as those given a random intercept are."""
    found: Floats = np.append(plain * np.sqrt(1.0 + ATTENUATION * factor[0] ** 2), factor)
    return found


def _moved_by(nodes: int, persons: _Persons, stack: Stack, best: _Optimum) -> float:
    """The most standard errors by which another number of nodes moves a coefficient of what changes over time."""
    k = stack.matrix.shape[2]
    _, score, _ = _likelihood(persons, best.point[None], nodes, None)
    step = best.inverse @ score[0].sum(axis=0)
    moved, covariance = stack.original(step[None, :k], best.inverse[None, :k, :k])
    changing = (stack.triangle[0, stack.steady :] != 0).any(axis=0)
    return float((np.abs(moved[0]) / np.sqrt(np.diag(covariance[0])))[changing].max())


def _fit(design: DesignMatrix, stack: Stack, scale: Time, best: _Optimum, nodes: int) -> Fit:
    name, k = _name(nodes), len(design.terms)
    if not best.sizes[0] < _LARGEST:
        return unusable(design, name, message("engines.no_finite_slope"), nodes=nodes)
    if not best.converged:
        return unusable(design, name, message("engines.no_convergence"), nodes=nodes)
    estimate, covariance = stack.original(best.point[None, :k], best.inverse[None, :k, :k])
    vague = imprecise_terms(design.matrix, covariance[0], design.terms)
    if vague:
        return unusable(design, name, imprecise_message(vague), nodes=nodes)
    spread = scale.covariance(_factors(best.point[None, k:])[0])
    return Fit(
        terms=design.terms,
        estimate=estimate[0],
        covariance=covariance[0],
        df=np.full(k, float(len(design.response) - k - 3)),
        log_likelihood=best.value,
        random_sd=float(np.sqrt(spread[0, 0])),
        status=Status(True, best.singular, False, (message("engines.singular_slope"),) if best.singular else ()),
        engine=name,
        n_observations=len(design.response),
        nodes=nodes,
        gradient=best.decrement,
        details={"random_covariance": spread},
    )


def _climb(persons: _Persons, start: Floats, nodes: int) -> _Optimum:
    """Damped Newton steps; with one node, whose second derivatives are no mean over nodes, these are differences."""
    point, modes = start, None
    none, decrement, value = np.full((start.size, start.size), np.nan), np.inf, -np.inf
    for _ in range(_STEPS):
        placed = _placed(persons, point[None], nodes, modes)
        value, modes = float(placed.value.sum()) + persons.constant, placed.mode
        slope = _scores(persons, placed)[0].sum(axis=0)
        curvature = _differences(persons, point, modes) if nodes == 1 else _curvature(persons, placed)
        step, decrement, inverse = _newton_step(slope, curvature)
        if decrement < _TOLERANCE and inverse is not None:
            return _Optimum(point, value, inverse, decrement, True)
        if not np.isfinite(decrement) or np.abs(point[-3:]).max() > _LARGEST:
            break
        for _ in range(15):
            there = _placed(persons, (point + step)[None], nodes, modes)
            if there.value.sum() + persons.constant > value - 1e-10 * (1.0 + abs(value)):
                break
            step *= 0.4
        else:
            break
        point, modes = point + step, there.mode
    return _Optimum(point, value, none, decrement, False)


def _newton_step(slope: Floats, curvature: Floats) -> tuple[Floats, float, Floats | None]:
    """The step, uphill along every direction by the size of its curvature, .5 g'Vg, and the inverse at a maximum.

    Where intercepts do not differ the slopes have a direction in which nothing changes; it does not count.
    """
    values, vectors = np.linalg.eigh(np.where(np.isfinite(curvature), -curvature, 0.0))
    flat = np.abs(values) < _FLAT * np.abs(values).max()
    size = np.where(flat, np.inf, np.abs(values))
    along = vectors.T @ slope
    step = vectors @ (along / size)
    step *= 1.0 / max(1.0, np.abs(step).max() / _LONGEST)
    decrement = float(0.5 * (along**2 / size).sum())
    if (values[~flat] > 0.0).all():
        return step, decrement, (vectors / size) @ vectors.T
    # Where L has a column of zeros the slope in it is zero by symmetry, at a saddle too.
    return (_ASIDE * vectors[:, 0] if decrement < _TOLERANCE else step), decrement, None


def _likelihood(persons: _Persons, points: Floats, nodes: int, start: Floats | None) -> tuple[Floats, Floats, Floats]:
    """Values (S,), slopes per person (S, G, k + 3) and modes (S, G, 2) at points (S, k + 3)."""
    placed = _placed(persons, points, nodes, start)
    return placed.value.sum(axis=1) + persons.constant, _scores(persons, placed), placed.mode


def _differences(persons: _Persons, point: Floats, modes: Floats) -> Floats:
    """(d, d) second derivatives of Laplace's approximation, by central differences of the slope."""
    d = point.size
    ends = point + _DIFFERENCE * np.concatenate([np.eye(d), -np.eye(d)])
    slopes = _likelihood(persons, ends, 1, np.repeat(modes, 2 * d, axis=0))[1].sum(axis=1)
    found: Floats = (slopes[:d] - slopes[d:]) / (2.0 * _DIFFERENCE)
    return 0.5 * (found + transposed(found))


def _factors(elements: Floats) -> Floats:
    """(S, 2, 2) L of its elements (S, 3)."""
    found = np.zeros((len(elements), 2, 2))
    found[:, 0, 0], found[:, 1, 0], found[:, 1, 1] = elements.T
    return found


def _placed(persons: _Persons, points: Floats, nodes: int, start: Floats | None) -> _Nodes:
    """The integrals at points (S, k + 3), with `nodes` per dimension around modes that are sought from `start`."""
    k, response = persons.columns.shape[2], persons.response
    linear = np.moveaxis(persons.columns @ points[:, :k].T, 2, 0)  # (S, G, J)
    across = persons.basis @ _factors(points[:, k:])[:, None]
    mode = _modes(linear, across, response, np.zeros((*linear.shape[:2], 2)) if start is None else start)
    at_mode = LOGISTIC.mean(linear + _times(across, mode))
    root = _inverse_root(_bend(across, LOGISTIC.weight(at_mode)))
    position, log_weight = _grid(nodes)
    node = mode[..., None] + transposed(root) @ position
    mean, cost = LOGISTIC.at_nodes(linear[..., None] + across @ node, None)
    height = (response * linear).sum(axis=2)[..., None] + (_summed(response, across)[..., None, :] @ node)[..., 0, :]
    height += log_weight - 0.5 * (node**2).sum(axis=2) - cost
    value, share = over_nodes(height)
    value = value + np.log(root[..., 0, 0] * root[..., 1, 1])
    return _Nodes(value, across, position, node, share, mean, mode, at_mode, root)


def _scores(persons: _Persons, placed: _Nodes) -> Floats:
    """(S, G, k + 3) slopes of the logarithms of the integrals.

    They are the means of those of f over the nodes, and what comes from the nodes, which move with mode and root. A
    change dH of minus the second derivatives of f at the mode changes the value by the sum of elements of turn * dH.
    """
    response, across, share, root = persons.response, placed.across, placed.share, placed.root
    weight = LOGISTIC.weight(placed.at_mode)
    steep = _summed(response, across)[..., None] - transposed(across) @ placed.mean - placed.node  # slopes of f in u
    shift = root @ (steep * share[..., None, :]) @ placed.position.T
    half = np.zeros_like(shift)
    half[..., 0, 0], half[..., 1, 1], half[..., 1, 0] = 0.5 * shift[..., 0, 0], 0.5 * shift[..., 1, 1], shift[..., 0, 1]
    inverse = transposed(root) @ root
    half = transposed(root) @ half @ root
    turn = -0.5 * (half + transposed(half) + inverse)
    turned = across @ turn  # (S, G, J, 2)
    skewed = LOGISTIC.skew(placed.at_mode, weight) * (turned * across).sum(axis=3)
    move = _times(inverse, _times(steep, share) + _summed(skewed, across))  # by which the value rises with f_u
    bent = skewed - weight * _times(across, move)
    by_row = response - _times(placed.mean, share) + bent
    average = _times(placed.node, share)
    by_effects = response[..., None] * average[..., None, :] - placed.mean @ transposed(
        placed.node * share[..., None, :]
    )
    by_effects += bent[..., None] * placed.mode[..., None, :] + 2.0 * weight[..., None] * turned
    by_effects += (response - placed.at_mode)[..., None] * move[..., None, :]
    by_factor = transposed(persons.basis) @ by_effects  # (S, G, 2, 2)
    lower = (by_factor[..., 0, 0], by_factor[..., 1, 0], by_factor[..., 1, 1])
    return np.concatenate([_summed(by_row, persons.columns), np.stack(lower, axis=-1)], axis=2)


def _curvature(persons: _Persons, placed: _Nodes) -> Floats:
    """(k + 3, k + 3) second derivatives at the only point.

    Mean of those of f over the nodes plus the covariance of its slopes (Louis 1982, JRSS B 44).
    """
    node, share = placed.node[0], placed.share[0]
    rest = persons.response[..., None] - placed.mean[0]  # (G, J, K)
    by_effects = transposed(persons.basis) @ rest  # (G, 2, K)
    first, second = (0, 1, 1), (0, 0, 1)  # of the elements of L: the row and the column
    slopes = np.concatenate([transposed(persons.columns) @ rest, by_effects[:, first] * node[:, second]], axis=1)
    centred = slopes - _times(slopes, share)[..., None]
    found: Floats = ((centred * share[:, None, :]) @ transposed(centred)).sum(axis=0)
    weight = LOGISTIC.weight(placed.mean[0]) * share[:, None, :]
    crossed = node[:, second]  # (G, 3, K) what the elements of L multiply, beside the row's basis
    times = persons.basis[..., first]  # (G, J, 3)
    k = persons.columns.shape[2]
    found[:k, :k] -= (transposed(persons.columns) @ (weight.sum(axis=2)[..., None] * persons.columns)).sum(axis=0)
    side = (transposed(persons.columns) @ (times * (weight @ transposed(crossed)))).sum(axis=0)
    found[:k, k:] -= side
    found[k:, :k] -= side.T
    both = weight @ transposed((crossed[:, :, None] * crossed[:, None]).reshape(len(node), 9, -1))  # (G, J, 9)
    pairs = (times[..., :, None] * times[..., None, :]).reshape(both.shape)
    found[k:, k:] -= (pairs * both).sum(axis=(0, 1)).reshape(3, 3)
    return found


def _times(matrices: Floats, vectors: Floats) -> Floats:
    """(.., a, b) @ (.., b)."""
    found: Floats = (matrices @ vectors[..., None])[..., 0]
    return found


def _summed(weights: Floats, rows: Floats) -> Floats:
    """(.., J) weights of rows (.., J, b): their weighted sum (.., b)."""
    found: Floats = (weights[..., None, :] @ rows)[..., 0, :]
    return found


def _grid(nodes: int) -> tuple[Floats, Floats]:
    """(2, K) positions and (K,) log weights of a square of nodes."""
    position, log_weight = rule(nodes)
    first, second = np.meshgrid(position, position)
    return np.stack([first.ravel(), second.ravel()]), np.add.outer(log_weight, log_weight).ravel()


def _bend(across: Floats, weight: Floats) -> Floats:
    """(S, G, 2, 2) minus the second derivatives of f."""
    found: Floats = transposed(across) @ (weight[..., None] * across) + np.eye(2)
    return found


def _inverse_root(bend: Floats) -> Floats:
    """The inverse of the lower triangular root C, C C' = bend."""
    found = np.zeros_like(bend)
    first = np.sqrt(bend[..., 0, 0])
    side = bend[..., 1, 0] / first
    second = np.sqrt(bend[..., 1, 1] - side**2)
    found[..., 0, 0], found[..., 1, 1] = 1.0 / first, 1.0 / second
    found[..., 1, 0] = -side / (first * second)
    return found


def _modes(linear: Floats, across: Floats, response: Floats, start: Floats) -> Floats:
    """(S, G, 2) where f is largest, by Newton steps that are halved where f falls."""

    def height(mode: Floats) -> Floats:
        at = linear + _times(across, mode)
        found: Floats = LOGISTIC.log_density(response, at).sum(axis=2) - 0.5 * (mode**2).sum(axis=2)
        return found

    mode, value = np.array(start), height(start)
    for _ in range(_MODE_STEPS):
        probability = LOGISTIC.mean(linear + _times(across, mode))
        root = _inverse_root(_bend(across, LOGISTIC.weight(probability)))
        step = _times(transposed(root), _times(root, _summed(response - probability, across) - mode))
        if np.abs(step).max() < _MODE_TOLERANCE:
            return mode + step
        for _ in range(40):
            new = height(mode + step)
            worse = new < value - 1e-12 * (1.0 + np.abs(value))
            if not worse.any():
                break
            step[worse] *= 0.5
        mode, value = mode + step, new
    return mode
