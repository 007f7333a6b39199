"""What anybody can compute: groups that make up another, and means that follow from the sizes of classes.

A group is named by its properties. Groups with the same properties lie in one grid, whose cells are the finest groups
that the values of these properties make; the size of a group is the sum of its cells, and of the cells of a grid with
one property more, where nobody lacks that property.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from dnt_cli.disclosure.quantities import DATA, VERSION, Quantity
from dnt_cli.tables import Properties
from dnt_cli.tables.counts import Pair

Values = frozenset[str]
_LARGEST_GRID = 4000
_GRID = "grid "  # in the name of what is a cell of a grid


@dataclass(frozen=True, slots=True)
class Relation:
    """`terms` and a constant add up to zero, or to zero at most.

    Attributes:
        terms: What is added up, and how often it counts.
        equal: Whether to zero.
        constant: What else is added.
    """

    terms: tuple[tuple[Quantity, float], ...]
    equal: bool = True
    constant: float = 0.0


@dataclass
class _Grid:
    """The groups with the same properties, of one measure (their size, or a sum over them)."""

    properties: tuple[str, ...]
    named: dict[Properties, float]
    classes: dict[str, list[Values]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.properties:
            self.classes[name] = _finest(frozenset(dict(who)[name]) for who in self.named)

    @property
    def size(self) -> int:
        return math.prod(len(own) for own in self.classes.values())

    def cells(self, chosen: Mapping[str, Values]) -> list[tuple[Values, ...]] | None:
        """The cells within some values per property (all of a property that is not named); None if one is cut."""
        inside = []
        for name in self.properties:
            own = chosen.get(name)
            fitting = [c for c in self.classes[name] if own is None or c <= own]
            if own is not None and frozenset().union(*fitting) != own:
                return None
            inside.append(fitting)
        return list(product(*inside))


def _finest(sets: Iterable[Values]) -> list[Values]:
    """The finest parts that sets of values make of each other."""
    sets = list(dict.fromkeys(sets))
    signatures: dict[tuple[bool, ...], set[str]] = defaultdict(set)
    for value in sorted(frozenset().union(*sets)):
        signatures[tuple(value in own for own in sets)].add(value)
    return [frozenset(own) for own in signatures.values()]


def relations_of(
    values: Mapping[Quantity, float],
    classes: Mapping[str, tuple[tuple[Pair, float], ...]],
    within: Sequence[tuple[Pair, Pair]] = (),
    seen: Sequence[tuple[Pair, Pair]] = (),
) -> list[Relation]:
    """Everything that holds between quantities because of what they are called.

    Args:
        values: Quantity -> its value; only for whether groups with one property more are everybody.
        classes: Property that is summed -> its classes and the number that each counts for.
        within: An answer that only those with another answer can give, and that other answer.
        seen: Those with any answer to a question, and those who were seen when it was asked.
    """
    measures: dict[tuple[str, int], dict[Properties, float]] = defaultdict(dict)
    for quantity, value in values.items():
        measures[quantity.what, quantity.power][quantity.who] = value
    found: list[Relation] = []
    counted: dict[frozenset[str], _Grid] = {}
    for measure, named in measures.items():
        grids = _grids(named)
        if measure == ("", 0):
            counted = grids
        for grid in grids.values():
            found += _sums(grid, measure)
            found += _margins(grid, grids, measure)
    for (what, power), named in measures.items():
        if what in classes:
            found += [r for who in named for r in _means(who, what, power, classes[what], counted)]
    return [*found, *_within(measures["", 0], within), *_seen(measures["", 0], seen)]


def _within(named: Mapping[Properties, float], within: Sequence[tuple[Pair, Pair]]) -> Iterator[Relation]:
    """Who gave an answer that depends on another are no more than those who gave that other, where all gave both."""
    for who in named:
        for inner, outer in within:
            if inner in who:
                other = tuple(sorted(outer if pair == inner else pair for pair in who))
                if named.get(other, -1.0) >= named[who]:
                    yield Relation(((Quantity(who), 1.0), (Quantity(other), -1.0)), equal=False)


def _seen(named: Mapping[Properties, float], seen: Sequence[tuple[Pair, Pair]]) -> Iterator[Relation]:
    """Those who were seen are at least as many as answered any question, which is taken as known."""
    least: dict[Properties, float] = {}
    for who, n in named.items():
        for answer, there in seen:
            if answer in who:
                other = tuple(sorted(there if pair == answer else pair for pair in who))
                if named.get(other, -1.0) >= n:
                    least[other] = max(n, least.get(other, 0.0))
    for other, n in least.items():
        yield Relation(((Quantity(other), -1.0),), equal=False, constant=n)


def _grids(named: Mapping[Properties, float]) -> dict[frozenset[str], _Grid]:
    by: dict[frozenset[str], dict[Properties, float]] = defaultdict(dict)
    for who, value in named.items():
        by[frozenset(name for name, _ in who)][who] = value
    grids = {names: _Grid(tuple(sorted(names)), own) for names, own in by.items()}
    return {names: grid for names, grid in grids.items() if grid.size <= _LARGEST_GRID}


def _cell(grid: _Grid, cell: tuple[Values, ...], measure: tuple[str, int]) -> Quantity:
    pairs = ((_GRID + name, tuple(sorted(own))) for name, own in zip(grid.properties, cell, strict=True))
    return Quantity(tuple(pairs), *measure)


def _sums(grid: _Grid, measure: tuple[str, int]) -> Iterator[Relation]:
    """Each group is the sum of its cells."""
    for who in grid.named:
        cells = grid.cells({name: frozenset(own) for name, own in who}) or []
        yield Relation(((Quantity(who, *measure), -1.0), *((_cell(grid, c, measure), 1.0) for c in cells)))


def _margins(grid: _Grid, grids: Mapping[frozenset[str], _Grid], measure: tuple[str, int]) -> Iterator[Relation]:
    """Groups with a property less hold the cells of all values of that property."""
    if VERSION in grid.properties:  # the same size elsewhere need not be of the same persons
        return
    for dropped in (name for name in grid.properties if name != DATA):
        lower = grids.get(frozenset(grid.properties) - {dropped})
        for who in lower.named if lower is not None else ():
            cells = grid.cells({name: frozenset(own) for name, own in who})
            if not cells:
                continue
            everybody = _covers(who, dropped, grid, lower.named[who] if lower is not None else math.nan)
            if everybody or measure == ("", 0):
                terms = ((Quantity(who, *measure), -1.0), *((_cell(grid, c, measure), 1.0) for c in cells))
                yield Relation(terms, everybody)


def _covers(who: Properties, dropped: str, grid: _Grid, value: float) -> bool:
    """Whether nobody of a group lacks the property."""

    def named(values: Values) -> float | None:
        return grid.named.get(tuple(sorted([*who, (dropped, tuple(sorted(values)))])))

    classes = grid.classes[dropped]
    whole = named(frozenset().union(*classes))
    if whole is not None:
        return math.isclose(whole, value, rel_tol=1e-9, abs_tol=1e-9)
    parts = [named(own) for own in classes]
    known = [own for own in parts if own is not None]
    return len(known) == len(parts) and math.isclose(sum(known), value, rel_tol=1e-9, abs_tol=1e-9)


def _means(
    who: Properties, what: str, power: int, classes: tuple[tuple[Pair, float], ...],
    counted: Mapping[frozenset[str], _Grid],
) -> Iterator[Relation]:  # fmt: skip
    """A sum over classes is what each class counts for, as often as it has persons."""
    grid = counted.get(frozenset(name for name, _ in who))
    if grid is None:
        return
    terms: list[tuple[Quantity, float]] = [(Quantity(who, what, power), -1.0)]
    for (name, values), number in classes:
        cells = grid.cells({key: frozenset(own) for key, own in who} | {name: frozenset(values)})
        if cells is None:
            return
        terms += [(_cell(grid, c, ("", 0)), number**power) for c in cells]
    yield Relation(tuple(terms))
