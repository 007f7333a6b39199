"""Between which bounds what is hidden can be computed from all that is told, by linear programming."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

import numpy as np

from dnt_cli.disclosure.quantities import Quantity
from dnt_cli.disclosure.relations import Relation
from dnt_cli.errors import DataError

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
        unknown, rows = self.component(quantity, told)
        if not rows:
            return self._lowest.get((quantity.what, quantity.power), -np.inf), np.inf
        program = self._program(unknown, rows, told)
        return _end(program, 1.0), _end(program, -1.0)

    def _program(self, unknown: Sequence[Quantity], rows: Iterable[int], told: Set[Quantity]) -> _Program:
        """The linear program over the unknown; the first is the one of interest."""
        place = {quantity: j for j, quantity in enumerate(unknown)}
        above: list[tuple[dict[int, float], float]] = []
        for i in rows:
            relation = self.relations[i]
            terms: dict[int, float] = defaultdict(float)
            constant = slack = 0.0
            for quantity, factor in relation.terms:
                if quantity in told:
                    constant += factor * self.values[quantity]
                    slack += _SLACK * abs(factor * self.values[quantity]) if quantity.what else 0.0
                else:
                    terms[place[quantity]] += factor
            if not terms:
                continue
            above.append((terms, -constant + slack))
            if relation.equal:
                above.append(({j: -f for j, f in terms.items()}, constant + slack))
        limits = [(self._lowest.get((q.what, q.power), -np.inf), np.inf) for q in unknown]
        return _Program(above, limits)


@dataclass(frozen=True)
class _Program:
    """`terms @ x <= limit` for each row, and limits of each x."""

    rows: list[tuple[dict[int, float], float]]
    limits: list[tuple[float, float]]


def _end(program: _Program, direction: float) -> float:
    """The lowest (1) or highest (-1) value of the first unknown."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_array

    data = [(i, j, f) for i, (terms, _) in enumerate(program.rows) for j, f in terms.items()]
    index = ([i for i, _, _ in data], [j for _, j, _ in data])
    matrix = csr_array(([f for _, _, f in data], index), shape=(len(program.rows), len(program.limits)))
    goal = np.zeros(len(program.limits))
    goal[0] = direction
    limit = np.array([limit for _, limit in program.rows])
    found = linprog(goal, A_ub=matrix, b_ub=limit, bounds=program.limits, method="highs")
    if found.status == 3:  # unbounded
        return -direction * np.inf
    if found.status != 0:
        raise ContradictionError(
            "The numbers of these files contradict each other, so they were made from different data; "
            "release them apart, the second with --with the folder of the first."
        )
    return float(direction * found.fun)
