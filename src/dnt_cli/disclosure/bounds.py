"""Between which bounds what is hidden can be computed from all that is told, by linear programming."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dnt_cli.arrays import Floats
from dnt_cli.disclosure.program import Program
from dnt_cli.disclosure.quantities import Quantity
from dnt_cli.disclosure.relations import Relation
from dnt_cli.errors import DataError
from dnt_cli.sentences import say

_SLACK = 1e-6  # of a sum that is told, in shares of its size: rounding in the last digits


class ContradictionError(DataError):
    """What is told contradicts itself: it comes from different data."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A relation: place -> factor, and what their sum lies between if each quantity counts from its value on."""

    terms: Mapping[int, float]
    low: float
    high: float


@dataclass
class System:
    """All relations between quantities, and which of these are told; at the start, all.

    What is not told is unknown in one linear program, a quantity as its distance from its value. The program holds
    the relations that were ever needed, and each is solved from the last solution.

    Attributes:
        values: Quantity -> its value, of those that have one.
        relations: Between them and the cells of grids.
        names: Those with a value, in order.
        place: Quantity -> its place; the cells have the places after the names.
        told: By place, whether it is told; cells never are.
    """

    values: Mapping[Quantity, float]
    relations: Sequence[Relation]
    names: list[Quantity] = field(init=False, repr=False)
    place: dict[Quantity, int] = field(init=False, repr=False)
    told: NDArray[np.bool_] = field(init=False, repr=False)
    _rows: list[_Row] = field(init=False, repr=False)
    _of: dict[int, list[int]] = field(init=False, repr=False)  # place -> rows
    _below: Floats = field(init=False, repr=False)  # how far each can lie below its value, or zero for a cell
    _numbers: Floats = field(init=False, repr=False)
    _used: set[int] = field(init=False, repr=False, default_factory=set)
    _program: Program = field(init=False, repr=False, default_factory=Program)

    def __post_init__(self) -> None:
        self.names = list(self.values)
        self._numbers = np.array(list(self.values.values()))
        same = _same(self.relations, self.values)
        cells = dict.fromkeys(q for r in self.relations for q, _ in r.terms if q not in self.values and q not in same)
        everything = [*self.names, *cells]
        self.place = {q: j for j, q in enumerate(everything)}
        self.place |= {cell: self.place[q] for cell, q in same.items()}
        self.told = np.arange(len(everything)) < len(self.names)
        negative = {(q.what, q.power) for q, value in self.values.items() if value < 0}
        below = (np.inf if (q.what, q.power) in negative else self.values.get(q, 0.0) for q in everything)
        self._below = np.fromiter(below, float)
        self._rows = [row for row in map(self._row, self.relations) if row.terms]
        self._of = defaultdict(list)
        for i, row in enumerate(self._rows):
            for j in row.terms:
                self._of[j].append(i)

    def _row(self, relation: Relation) -> _Row:
        terms: dict[int, float] = defaultdict(float)
        constant, slack = relation.constant, 0.0
        for quantity, factor in relation.terms:
            place = self.place[quantity]
            terms[place] += factor
            if place < len(self.names):
                constant += factor * self._numbers[place]
                slack += _SLACK * abs(factor * self._numbers[place]) if quantity.what else 0.0
        used = {j: factor for j, factor in terms.items() if factor}
        return _Row(used, -constant - slack if relation.equal else -np.inf, -constant + slack)

    def hide(self, places: Iterable[int]) -> None:
        """Tell these no more."""
        for place in places:
            self.told[place] = False
            self._free(place)
            waiting = [place]
            while waiting:
                for i in self._of[waiting.pop()]:
                    if i not in self._used:
                        waiting += self._use(i)

    @contextmanager
    def hiding(self, places: Sequence[int]) -> Iterator[None]:
        """Tell these no more for a while."""
        self.hide(places)
        try:
            yield
        finally:
            self.tell(places)

    def tell(self, places: Iterable[int]) -> None:
        """Tell these, which were hidden."""
        for place in places:
            self.told[place] = True
            self._program.limit(place, 0.0, 0.0)

    def _free(self, place: int) -> None:
        """Let something be unknown."""
        if place in self._program:
            self._program.limit(place, self._below[place], np.inf)
        else:
            factors = {i: self._rows[i].terms[place] for i in self._of[place] if i in self._used}
            self._program.add_unknown(place, self._below[place], np.inf, factors)

    def _use(self, row: int) -> list[int]:
        """Take a relation into the program; what is unknown in it."""
        own = self._rows[row]
        unknown = [j for j in own.terms if not self.told[j]]
        for j in unknown:
            if j not in self._program:
                self._free(j)
        factors = {j: factor for j, factor in own.terms.items() if j in self._program}
        self._program.add_row(row, own.low, own.high, factors)
        self._used.add(row)
        return unknown

    def around(self, start: int) -> tuple[list[int], list[int]]:
        """What is not told and hangs together with `start`, and what is told in its relations, by place."""
        found: dict[int, None] = {start: None}
        edge: dict[int, None] = {}
        rows: set[int] = set()
        waiting = [start]
        while waiting:
            for i in self._of[waiting.pop()]:
                if i not in rows:
                    rows.add(i)
                    for j in self._rows[i].terms:
                        if self.told[j]:
                            edge[j] = None
                        elif j not in found:
                            found[j] = None
                            waiting.append(j)
        return [j for j in found if j < len(self.names)], list(edge)

    def extremes(self, place: int, enough: float = np.inf) -> tuple[tuple[float, float], list[Floats]]:
        """The bounds of what is hidden, and values of all quantities with which it reaches them.

        Nobody has less than zero persons, nor a sum below zero where no sum of that property is.

        Args:
            place: Of the hidden quantity.
            enough: Distance from the true value to the upper bound from which the lower is not looked for, but the
                true value stands for it.

        Raises:
            ContradictionError: What is told contradicts itself.
        """
        value = float(self._numbers[place])
        if not self._of[place]:
            return (float(value - self._below[place]), np.inf), []
        high, last = self._end(place, -1.0)
        low, first = value, None
        if high - low < enough or np.isinf(enough):
            low, first = self._end(place, 1.0)
        return (low, high), [point for point in (first, last) if point is not None]

    def _end(self, place: int, direction: float) -> tuple[float, Floats | None]:
        """The lowest (1) or highest (-1) value, and those of all quantities with it; None if it has no end."""
        found = self._program.end(place, direction)
        if found is None:
            raise ContradictionError(say("release_contradiction"))
        value = float(self._numbers[place] + found[0])
        if found[1] is None:
            return value, None
        point = self._numbers.copy()
        unknowns = np.array(self._program.unknowns)
        named = unknowns < len(point)
        point[unknowns[named]] += found[1][named]
        return value, point


def _same(relations: Iterable[Relation], values: Mapping[Quantity, float]) -> dict[Quantity, Quantity]:
    """Cells that are all of a group -> that group."""
    found: dict[Quantity, Quantity] = {}
    for relation in relations:
        if relation.equal and not relation.constant and len(relation.terms) == 2:
            (one, first), (other, second) = relation.terms
            if one in values and other not in values and first == -second:
                found.setdefault(other, one)
    return found
