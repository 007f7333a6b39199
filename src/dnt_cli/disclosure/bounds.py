"""Between which bounds what is hidden can be computed from all that is told, by linear programming."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dnt_cli.disclosure.quantities import Quantity
from dnt_cli.disclosure.relations import Relation
from dnt_cli.errors import DataError
from dnt_cli.sentences import say

if TYPE_CHECKING:
    from scipy.sparse import csc_array

Point = dict[Quantity, float]  # values that agree with all that is told
_SLACK = 1e-6  # of a sum that is told, in shares of its size: rounding in the last digits


class ContradictionError(DataError):
    """What is told contradicts itself: it comes from different data."""


@dataclass
class System:
    """All relations between quantities.

    Attributes:
        values: Quantity -> its value, of those that have one.
        relations: Between them and the cells of grids.
    """

    values: Mapping[Quantity, float]
    relations: Sequence[Relation]
    _of: dict[Quantity, list[int]] = field(init=False, repr=False)
    _lowest: dict[tuple[str, int], float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._of = defaultdict(list)
        for i, relation in enumerate(self.relations):
            for quantity, _ in relation.terms:
                self._of[quantity].append(i)
        negative = {(q.what, q.power) for q, value in self.values.items() if value < 0}
        self._lowest = {}
        for quantity in self._of:
            measure = (quantity.what, quantity.power)
            self._lowest[measure] = -np.inf if measure in negative else 0.0

    def component(self, start: Quantity, told: Set[Quantity]) -> tuple[list[Quantity], list[int]]:
        """What is not told and hangs together with `start`, and the relations in which it stands."""
        found: dict[Quantity, None] = {start: None}
        rows: dict[int, None] = {}
        waiting = [start]
        while waiting:
            for i in self._of.get(waiting.pop(), ()):
                if i in rows:
                    continue
                rows[i] = None
                for quantity, _ in self.relations[i].terms:
                    if quantity not in told and quantity not in found:
                        found[quantity] = None
                        waiting.append(quantity)
        return list(found), list(rows)

    def neighbours(self, start: Quantity, told: Set[Quantity]) -> list[Quantity]:
        """What is told in the relations around `start`."""
        _, rows = self.component(start, told)
        return list(dict.fromkeys(q for i in rows for q, _ in self.relations[i].terms if q in told))

    def bounds(self, quantity: Quantity, told: Set[Quantity]) -> tuple[float, float]:
        """The lowest and the highest value of a hidden quantity that agree with all that is told.

        Nobody has less than zero persons, nor a sum below zero where no sum of that property is.

        Raises:
            ContradictionError: What is told contradicts itself.
        """
        return self.extremes(quantity, told)[0]

    def extremes(
        self, quantity: Quantity, told: Set[Quantity], enough: float = np.inf
    ) -> tuple[tuple[float, float], list[Point]]:
        """The bounds, and values of all that hangs together with the quantity with which it reaches them.

        Args:
            quantity: That is hidden.
            told: All that is told.
            enough: Distance from the true value to the upper bound from which the lower is not looked for, but the
                true value stands for it.

        Raises:
            ContradictionError: What is told contradicts itself.
        """
        unknown, rows = self.component(quantity, told)
        if not rows:
            return (self._lowest.get((quantity.what, quantity.power), -np.inf), np.inf), []
        program = self._program(unknown, rows, told)
        high, last = program.end(-1.0)
        low, first = self.values[quantity], None
        if high - low < enough:
            low, first = program.end(1.0)
        found = [dict(zip(unknown, map(float, point), strict=True)) for point in (first, last) if point is not None]
        return (low, high), found

    def _program(self, unknown: Sequence[Quantity], rows: Iterable[int], told: Set[Quantity]) -> _Program:
        """The linear program over the unknown; the first is the one of interest."""
        from scipy.sparse import csc_array

        place = {quantity: j for j, quantity in enumerate(unknown)}
        cells: list[tuple[int, int, float]] = []
        limits: list[tuple[float, float]] = []
        for relation in (self.relations[i] for i in rows):
            constant, slack = relation.constant, 0.0
            own = [(place[q], factor) for q, factor in relation.terms if q not in told]
            if not own:
                continue
            for quantity, factor in relation.terms:
                if quantity in told:
                    constant += factor * self.values[quantity]
                    slack += _SLACK * abs(factor * self.values[quantity]) if quantity.what else 0.0
            cells += [(len(limits), j, factor) for j, factor in own]
            limits.append((-constant - slack if relation.equal else -np.inf, -constant + slack))
        index = ([i for i, _, _ in cells], [j for _, j, _ in cells])
        matrix = csc_array(([f for _, _, f in cells], index), shape=(len(limits), len(unknown)))
        lowest = np.array([self._lowest.get((q.what, q.power), -np.inf) for q in unknown])
        low, high = np.array(limits).reshape(-1, 2).T
        return _Program(matrix, low, high, lowest)


@dataclass(frozen=True)
class _Program:
    """`low <= terms @ x <= high`, and the least of each x."""

    terms: csc_array
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    least: NDArray[np.float64]

    def end(self, direction: float) -> tuple[float, NDArray[np.float64] | None]:
        """The lowest (1) or highest (-1) value of the first unknown, and a point with it; none if it has no end."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        goal = np.zeros(len(self.least))
        goal[0] = direction
        constraints = LinearConstraint(self.terms, self.low, self.high)
        # Small programs are solved in less time than it takes to simplify them; what that leaves undecided is rare.
        for presolve in (False, True):
            found = milp(goal, constraints=constraints, bounds=Bounds(self.least), options={"presolve": presolve})
            if found.status == 0:
                return float(direction * found.fun), found.x
            if found.status == 3:
                return -direction * np.inf, None
        raise ContradictionError(say("release_contradiction"))
