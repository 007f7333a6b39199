"""Models of yes/no and counts with a random intercept, by adaptive Gauss-Hermite quadrature.

For person i with rows j, linear predictor e_j and random intercept s * u, u standard normal, the likelihood is the
integral over u of exp(f(u)), f(u) = sum_j log P(y_j | e_j + s * u) - u^2 / 2. The nodes are put around the maximum of
f, scaled by its curvature there (Pinheiro and Bates 1995); with one node this is the Laplace approximation. Slope and
curvature of the value are exact: they follow the nodes as these move with the parameters. Newton's method then needs
few steps, and standard errors need no numerical derivatives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dnt_cli.arrays import Floats, Integers
from dnt_cli.engines.random_intercept.families import LOGISTIC, Family
from dnt_cli.engines.random_intercept.integral import persons_likelihood
from dnt_cli.engines.random_intercept.packing import Stack, transposed

# Rows of one data set whose integrals are computed together.
_ROWS_AT_ONCE = 8192

# .5 g'Vg, the rise in log-likelihood that another Newton step would bring, at which an optimum is accepted.
_TOLERANCE = 1e-10
_ROUGH_TOLERANCE = 1e-4
_MOST_STEPS = 60

# The share of the largest sum of squares of a column that is rounding.
_NOTHING = 1e-20

# An SD of the random intercept below this is zero.
SINGULAR_SD = 1e-4

# Above this SD steps are taken in its logarithm, below it in the SD itself, so that zero can be reached.
_LOG_SD = 0.5
# The largest step in log SD, and in SD.
_LONGEST = (1.5, 1.0)

# Starting values of the SD: the first, and those tried where there can be another optimum.
_START = 1.0
_RESTARTS = (0.3, 3.0, 10.0)
# Below this SD the Laplace approximation was never seen to have a second optimum.
_TWO_OPTIMA_SD = 3.0
# The Laplace optimum is a good start for quadrature between these SDs.
_NEAR_LAPLACE = (0.3, 2.5)

# By this factor of the SD coefficients given the random intercept exceed those averaged over it (Zeger, Liang and
# Albert 1988): sqrt(1 + .35 s^2).
ATTENUATION = 0.35


@dataclass(frozen=True, slots=True)
class Point:
    """The log-likelihood at one point, per data set.

    Attributes:
        value: (m,).
        slope: (m, k + 1) in the coefficients and the SD.
        curvature: (m, k + 1, k + 1) second derivatives.
    """

    value: Floats
    slope: Floats
    curvature: Floats

    def put(self, where: Integers, other: Point) -> None:
        """Replace some data sets by those of `other`."""
        self.value[where], self.slope[where], self.curvature[where] = other.value, other.slope, other.curvature

    def part(self, which: Integers) -> Point:
        """Some of the data sets."""
        return Point(self.value[which], self.slope[which], self.curvature[which])


@dataclass(frozen=True, slots=True)
class _Block:
    """Persons with about as many rows, whose linear predictors are a number of their own plus multiples of columns.

    Attributes:
        persons: (G,) their places among all persons.
        turn: (m, k, r + 1, G) from coefficients to that number and those multiples.
        columns: (r, J, m, G) of rows.
        response: (J, m, G).
        mask: (J, G) 1 for a row, 0 for padding; None without padding.
    """

    persons: Integers
    turn: Floats
    columns: Floats
    response: Floats
    mask: Floats | None

    @staticmethod
    def of(stack: Stack, persons: Integers) -> _Block:
        """Some persons of a stack."""
        sizes = stack.sizes[persons]
        place = np.arange(int(sizes.max()))
        inside = place < sizes[:, None]
        rows = stack.starts[persons][:, None] + np.where(inside, place, 0)
        turn, columns = _turned(stack, rows)
        mask = None if inside.all() else np.ascontiguousarray(inside.T, dtype=float)
        response = np.ascontiguousarray(stack.response[:, rows].transpose(2, 0, 1))
        if mask is not None:
            response *= mask[:, None]
        return _Block(persons, turn, columns, response, mask)

    def of_persons(self, own: Integers) -> _Block:
        """Some of the persons."""
        mask = None if self.mask is None else self.mask[:, own]
        return _Block(self.persons[own], self.turn[..., own], self.columns[..., own], self.response[..., own], mask)

    def of_sets(self, which: Integers) -> _Block:
        """Some of the data sets."""
        return _Block(self.persons, self.turn[which], self.columns[:, :, which], self.response[:, which], self.mask)


def _turned(stack: Stack, rows: Integers) -> tuple[Floats, Floats]:
    """`turn` and `columns` of the rows (G, J) of a block; columns have mean 0 and SD 1, so that they cost no digits."""
    (persons, most), (m, _, k), few = rows.shape, stack.matrix.shape, stack.steady
    changing = np.flatnonzero(stack.bases >= 0)
    bases = np.unique(stack.bases[changing])
    turn, columns = np.zeros((m, k, bases.size + 1, persons)), np.empty((bases.size, most, m, persons))
    turn[:, :few, 0] = transposed(stack.matrix[:, rows[:, 0], :few])
    if not bases.size:
        return turn, columns
    raw = (stack.matrix[:, rows.ravel()] @ stack.triangle).reshape(m, persons, most, k)
    own = np.zeros((m, changing.size, bases.size + 1, persons))
    for number, base in enumerate(bases):
        column = raw[..., base]
        centre, spread = (of(axis=(1, 2), keepdims=True) for of in (column.mean, column.std))
        spread = np.where(spread > 0.0, spread, 1.0)
        columns[number] = ((column - centre) / spread).transpose(2, 0, 1)
        square = np.square(column).sum(axis=2)
        square = np.where(square > _NOTHING * square.max(axis=1, keepdims=True), square, np.inf)
        alike = np.flatnonzero(stack.bases[changing] == base)
        constants = np.einsum("mgjc,mgj->mcg", raw[..., changing[alike]], column) / square[:, None]
        own[:, alike, 0], own[:, alike, number + 1] = constants * centre, constants * spread
    # The basis is (columns - constants @ side) @ upper^-1.
    side, upper = (transposed(part[..., changing]) for part in (stack.triangle[:, :few], stack.triangle[:, few:]))
    flat = (bases.size + 1) * persons
    own = own.reshape(m, changing.size, flat) - side @ turn[:, :few].reshape(m, few, flat)
    turn[:, few:] = np.linalg.solve(upper, own).reshape(m, changing.size, bases.size + 1, persons)
    return turn, columns


@dataclass(frozen=True, slots=True)
class LogisticData:
    """Data sets ready for repeated evaluation; persons in blocks by their number of rows."""

    blocks: tuple[_Block, ...]
    n_columns: int
    n_persons: int
    family: Family = LOGISTIC

    @staticmethod
    def of(stack: Stack, family: Family = LOGISTIC) -> LogisticData:
        """Lay out a stack; at most half of a block is padding."""
        blocks = tuple(_Block.of(stack, persons) for persons in _classes(stack.sizes))
        return LogisticData(blocks, stack.matrix.shape[2], stack.sizes.size, family)

    def part(self, which: Integers) -> LogisticData:
        """Some of the data sets."""
        blocks = tuple(block.of_sets(which) for block in self.blocks)
        return LogisticData(blocks, self.n_columns, self.n_persons, self.family)

    def modes(self, m: int) -> list[Floats]:
        """Zeros, the start of the search for each person's most likely random intercept."""
        return [np.zeros((m, block.persons.size)) for block in self.blocks]

    def at(self, coefficients: Floats, sd: Floats, nodes: int, modes: list[Floats]) -> tuple[Point, list[Floats]]:
        """The log-likelihood at a point.

        Args:
            coefficients: (m, k).
            sd: (m,) of the random intercept, at least 0.
            nodes: of the quadrature.
            modes: per block (m, G), of a point nearby.

        Returns:
            The point, and the modes there.
        """
        m, k = coefficients.shape
        point = Point(np.zeros(m), np.zeros((m, k + 1)), np.zeros((m, k + 1, k + 1)))
        found = []
        for block, start in zip(self.blocks, modes, strict=True):
            value, slopes, curves, mode = _in_block(block, coefficients, sd, nodes, start, self.family)
            found.append(mode)
            _add(point, block, value, slopes, curves)
        return point, found

    def by_person(
        self, coefficients: Floats, sd: Floats, nodes: int, members: Sequence[np.ndarray]
    ) -> tuple[Floats, Floats]:
        """Each person's slope of the log-likelihood, and the information of groups of persons.

        Args:
            coefficients: (m, k).
            sd: (m,) of the random intercept.
            nodes: of the quadrature.
            members: (G,) flags of the persons of each of C groups.

        Returns:
            (m, G, k + 1) slopes, and (m, C, k + 1, k + 1) minus the second derivatives.
        """
        m, k = coefficients.shape
        scores = np.empty((m, self.n_persons, k + 1))
        points = [Point(np.zeros(m), np.zeros((m, k + 1)), np.zeros((m, k + 1, k + 1))) for _ in members]
        for block in self.blocks:
            start = np.zeros((m, block.persons.size))
            value, slopes, curves, _ = _in_block(block, coefficients, sd, nodes, start, self.family)
            scores[:, block.persons] = _spread(block, slopes).swapaxes(1, 2)
            for point, member in zip(points, members, strict=True):
                own = np.flatnonzero(member[block.persons])
                if own.size:
                    _add(point, block.of_persons(own), value[:, own], slopes[..., own], curves[..., own])
        return scores, -np.stack([point.curvature for point in points], axis=1)


def _classes(sizes: Integers) -> list[Integers]:
    """Persons by number of rows, each class from more than half its largest number up to it; in parts."""
    left = np.argsort(-sizes, kind="stable")
    found = []
    while left.size:
        longest = int(sizes[left[0]])
        own = np.sort(left[sizes[left] * 2 > longest])
        left = left[own.size :]
        most = max(1, _ROWS_AT_ONCE // longest)
        found += [own[i : i + most] for i in range(0, own.size, most)]
    return found


def _in_block(
    block: _Block, coefficients: Floats, sd: Floats, nodes: int, start: Floats, family: Family
) -> tuple[Floats, Floats, Floats, Floats]:
    """Per person values (m, G), slopes (d, m, G) and curvatures (d, d, m, G) as in `integral`, and modes (m, G)."""
    m, k, width, persons = block.turn.shape
    own = (coefficients[:, None] @ block.turn.reshape(m, k, -1)).reshape(m, width, persons)
    linear = own[:, 0] + np.einsum("rjmg,mrg->jmg", block.columns, own[:, 1:])
    shape, flat = (m, persons), (len(linear), m * persons)
    value, slopes, curves, mode = persons_likelihood(
        block.columns.reshape(width - 1, *flat),
        linear.reshape(flat),
        block.response.reshape(flat),
        None if block.mask is None else np.tile(block.mask, m),
        np.repeat(sd, persons),
        start.reshape(-1),
        nodes,
        family,
    )
    return (
        value.reshape(shape),
        slopes.reshape(-1, *shape),
        curves.reshape(width + 1, width + 1, *shape),
        mode.reshape(shape),
    )


def _spread(block: _Block, slopes: Floats) -> Floats:
    """(m, k + 1, G) slopes in the coefficients and the SD."""
    found = np.empty((slopes.shape[1], block.turn.shape[1] + 1, slopes.shape[2]))
    found[:, -1] = slopes[-1]
    np.einsum("mkvg,vmg->mkg", block.turn, slopes[:-1], out=found[:, :-1])
    return found


def _add(point: Point, block: _Block, value: Floats, slopes: Floats, curves: Floats) -> None:
    """Add the persons of a block to the sums over all persons."""
    m, k = block.turn.shape[:2]
    point.value[:] += value.sum(axis=1)
    point.slope[:] += _spread(block, slopes).sum(axis=2)
    turn = block.turn.reshape(m, k, -1)
    bent = np.einsum("vwmg,mkwg->mkvg", curves[:-1, :-1], block.turn).reshape(m, k, -1)
    point.curvature[:, :-1, :-1] += bent @ transposed(turn)
    side = (turn @ curves[:-1, -1].swapaxes(0, 1).reshape(m, -1, 1))[..., 0]
    point.curvature[:, :-1, -1] += side
    point.curvature[:, -1, :-1] += side
    point.curvature[:, -1, -1] += curves[-1, -1].sum(axis=1)


@dataclass(frozen=True, slots=True)
class LogisticOptimum:
    """Where the search ended, per data set, in the basis of the stack.

    Attributes:
        coefficients: (m, k).
        sd: (m,) of the random intercept; 0 where singular.
        point: the log-likelihood there.
        decrement: (m,) .5 g'Vg.
        converged: (m,) whether it is an optimum.
    """

    coefficients: Floats
    sd: Floats
    point: Point
    decrement: Floats
    converged: np.ndarray

    @property
    def singular(self) -> np.ndarray:
        """(m,) whether the SD is zero."""
        return self.sd < SINGULAR_SD

    def covariance(self) -> Floats:
        """(m, k + 1, k + 1) inverse of the observed information; nan for a zero SD, and where nothing converged."""
        m, d = self.point.slope.shape
        found = np.full((m, d, d), np.nan)
        for singular, free in ((True, d - 1), (False, d)):
            which = np.flatnonzero(self.converged & (self.singular == singular))
            if which.size:
                found[which, :free, :free] = np.linalg.inv(-self.point.curvature[which, :free, :free])
        return found

    def put(self, where: Integers, other: LogisticOptimum) -> None:
        """Replace some data sets by those of `other`."""
        self.coefficients[where], self.sd[where] = other.coefficients, other.sd
        self.decrement[where], self.converged[where] = other.decrement, other.converged
        self.point.put(where, other.point)

    def part(self, which: Integers) -> LogisticOptimum:
        """Some of the data sets."""
        return LogisticOptimum(
            self.coefficients[which],
            self.sd[which],
            self.point.part(which),
            self.decrement[which],
            self.converged[which],
        )


def fit_logistic_stack(
    stack: Stack, nodes: int, *, restarts: bool = True, family: Family = LOGISTIC
) -> LogisticOptimum:
    """Maximum likelihood for every data set of a stack.

    Args:
        stack: outcomes of the family, not separated.
        nodes: of the quadrature; 1 is the Laplace approximation.
        restarts: where there can be another optimum, try three more starting values and keep the highest.
        family: distribution of the outcomes.
    """
    data = LogisticData.of(stack, family)
    plain = without_intercepts(stack, family)
    m = len(plain)
    sd, tolerance = np.full(m, _START), _ROUGH_TOLERANCE if nodes > 1 else _TOLERANCE
    first = _climb(data, _started(plain, sd, family), sd, 1, tolerance)
    if nodes > 1:
        low, high = _NEAR_LAPLACE
        near = first.converged & (first.sd > low) & (first.sd < high)
        sd = np.where(near, first.sd, _START)
        coefficients = np.where(near[:, None], first.coefficients, _started(plain, sd, family))
        first = _climb(data, coefficients, sd, nodes, _TOLERANCE)
    if restarts:
        rough = (nodes == 1) & (first.sd >= _TWO_OPTIMA_SD)
        again = np.flatnonzero(~first.converged | first.singular | rough)
        if again.size:
            _restart(data.part(again), plain[again], first, again, nodes)
    first.sd[first.singular] = 0.0
    return first


def _started(plain: Floats, sd: Floats, family: Family) -> Floats:
    if family is not LOGISTIC:
        return plain
    started: Floats = plain * np.sqrt(1.0 + ATTENUATION * sd**2)[:, None]
    return started


def _restart(data: LogisticData, plain: Floats, best: LogisticOptimum, places: Integers, nodes: int) -> None:
    """Climb from other SDs, and put what is higher into `best`."""
    for start in _RESTARTS:
        sd = np.full(places.size, start)
        other = _climb(data, _started(plain, sd, data.family), sd, nodes, _TOLERANCE)
        # A gain at rounding level is no other optimum; the first start wins, so that results do not flicker.
        higher = other.point.value > best.point.value[places] + 1e-7
        better = np.flatnonzero(other.converged & (higher | ~best.converged[places]))
        best.put(places[better], other.part(better))


def without_intercepts(stack: Stack, family: Family = LOGISTIC, steps: int = 25) -> Floats:
    """(m, k) regression without random intercepts, in the basis; near enough for a start."""
    m, _, k = stack.matrix.shape
    found = np.zeros((m, k))
    if family is not LOGISTIC:  # from the mean of all, or a count of thousands would take many steps
        level = np.log(np.maximum(stack.response.mean(axis=1), 1e-3))
        found = level[:, None] * stack.matrix.mean(axis=1)
    todo = np.arange(m)
    for _ in range(steps):
        matrix, beta = stack.matrix[todo], found[todo]
        linear = (matrix @ beta[..., None])[..., 0]
        mean = 0.5 + 0.5 * np.tanh(0.5 * linear) if family is LOGISTIC else family.mean(linear)
        slope = ((stack.response[todo] - mean)[:, None, :] @ matrix)[:, 0]
        information = transposed(matrix) @ (family.weight(mean)[..., None] * matrix)
        information += (1e-9 * np.trace(information, axis1=1, axis2=2))[:, None, None] * np.eye(k)
        step = np.linalg.solve(information, slope[..., None])[..., 0]
        # Columns have mean square one, so that a step of a few units is a long one.
        step *= np.minimum(1.0, 3.0 / np.maximum(np.abs(step).max(axis=1), 1e-300))[:, None]
        found[todo] = beta + step
        todo = todo[np.abs(step).max(axis=1) > 1e-4]
        if not todo.size:
            break
    return found


def _climb(data: LogisticData, coefficients: Floats, sd: Floats, nodes: int, tolerance: float) -> LogisticOptimum:
    """Damped Newton from a start; data sets leave as they arrive."""
    m = len(sd)
    point, modes = data.at(coefficients, sd, nodes, data.modes(m))
    best = LogisticOptimum(coefficients.copy(), sd.copy(), point, np.full(m, np.inf), np.zeros(m, dtype=bool))
    todo = np.arange(m)
    for step_number in range(_MOST_STEPS + 1):
        step, decrement, concave = _newton_step(point, sd)
        done = (decrement < tolerance) & concave
        left = np.flatnonzero(~done)
        state = LogisticOptimum(coefficients, sd, point, decrement, done)
        if done.any():
            ready = np.flatnonzero(done)
            best.put(todo[ready], state.part(ready))
        if not left.size:
            break
        if step_number == _MOST_STEPS:
            best.put(todo[left], state.part(left))
            break
        if done.any():
            todo, data, coefficients, sd, step = todo[left], data.part(left), coefficients[left], sd[left], step[left]
            point, modes = point.part(left), [mode[left] for mode in modes]
        coefficients, sd, point, modes = _uphill(data, coefficients, sd, step, nodes, point, modes)
    return best


def _newton_step(point: Point, sd: Floats) -> tuple[Floats, Floats, np.ndarray]:
    """Steps (m, k + 1), decrements (m,) and whether the surface is concave there (m,).

    Directions of positive curvature are turned round. At an SD of zero the slope in it is zero by symmetry, so that
    such a direction gets a step of its own.
    """
    log = sd > _LOG_SD
    factor = np.where(log, sd, 1.0)
    slope, curvature = point.slope.copy(), point.curvature.copy()
    slope[:, -1] *= factor
    curvature[:, -1, :] *= factor[:, None]
    curvature[:, :, -1] *= factor[:, None]
    curvature[:, -1, -1] += np.where(log, slope[:, -1], 0.0)
    unit = 1.0 / np.sqrt(np.maximum(np.abs(np.diagonal(curvature, axis1=1, axis2=2)), 1e-8))
    scaled = -curvature * unit[:, :, None] * unit[:, None, :]
    values, vectors = np.linalg.eigh(np.where(np.isfinite(scaled), scaled, 0.0))
    size = np.maximum(np.abs(values), 1e-6)
    along = (transposed(vectors) @ (unit * slope)[..., None])[..., 0]
    step = unit * (vectors @ (along / size)[..., None])[..., 0]
    decrement = 0.5 * (along**2 / size).sum(axis=1)
    concave = values.min(axis=1) > 0.0
    stuck = ~concave & (sd < SINGULAR_SD)
    step[stuck, -1] = 0.1
    limit = np.where(log, *_LONGEST)
    step *= 1.0 / np.maximum(1.0, np.abs(step[:, -1]) / limit)[:, None]
    return step, decrement, concave


def _moved(coefficients: Floats, sd: Floats, step: Floats, share: Floats) -> tuple[Floats, Floats]:
    part = share[:, None] * step
    log = sd > _LOG_SD
    larger = sd * np.exp(np.where(log, part[:, -1], 0.0))
    return coefficients + part[:, :-1], np.where(log, larger, np.abs(sd + part[:, -1]))


def _uphill(
    data: LogisticData, coefficients: Floats, sd: Floats, step: Floats, nodes: int, point: Point, modes: list[Floats]
) -> tuple[Floats, Floats, Point, list[Floats]]:
    """Take the steps; where the log-likelihood falls, shorter ones."""
    share = np.ones(len(sd))
    there, sd_there = _moved(coefficients, sd, step, share)
    new, found = data.at(there, sd_there, nodes, modes)
    floor = point.value - 1e-9 * (1.0 + np.abs(point.value))
    worse = np.flatnonzero(~(new.value > floor))
    for _ in range(12):
        if not worse.size:
            break
        share[worse] *= 0.4
        there[worse], sd_there[worse] = _moved(coefficients[worse], sd[worse], step[worse], share[worse])
        start = [mode[worse] for mode in modes]
        part, own = data.part(worse).at(there[worse], sd_there[worse], nodes, start)
        new.put(worse, part)
        for mode, replaced in zip(found, own, strict=True):
            mode[worse] = replaced
        worse = worse[~(part.value > floor[worse])]
    return there, sd_there, new, found
