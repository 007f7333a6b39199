"""What a table tells: the sizes of groups of persons, and sums over them, each under one name in all tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from dnt_cli.tables import Cell, Counts, Persons, Properties, Share, Table, Total
from dnt_cli.tables.counts import Pair

_VERSION = "version"


@dataclass(frozen=True, slots=True, order=True)
class Quantity:
    """The size of a group, or the sum of a power of a property over it.

    Attributes:
        who: The group.
        what: The property that is summed; nothing for the size.
        power: Of the values in the sum.
    """

    who: Properties
    what: str = ""
    power: int = 0


def quantities_of(counts: Counts) -> dict[Quantity, float]:
    """What a number tells, with its values."""
    found: dict[Quantity, float] = {Quantity(own.who): float(own.n) for own in counts.groups}
    return found | {Quantity(own.of.who, own.what, own.power): own.total for own in counts.totals}


@dataclass
class Registry:
    """All quantities of a release.

    Attributes:
        least: Fewest persons by which groups of the same name may differ.
        values: Quantity -> its value.
        parts: The parts of groups that are told.
        classes: Property that is summed -> its classes, and the number that each counts for.
        bases: The groups that a percentage, a mean or a model is of.
        structural: Sizes that follow from the design.
        differing: Groups that differ by fewer persons from one of the same name.
    """

    least: int
    values: dict[Quantity, float] = field(default_factory=dict)
    parts: dict[tuple[Properties, Properties], None] = field(default_factory=dict)
    classes: dict[str, tuple[tuple[Pair, float], ...]] = field(default_factory=dict)
    bases: set[Properties] = field(default_factory=set)
    structural: set[Properties] = field(default_factory=set)
    differing: set[Properties] = field(default_factory=set)
    _sizes: dict[Properties, list[int]] = field(default_factory=dict)

    def known(self, quantity: Quantity, value: float) -> None:
        """Take up what an earlier release told: groups of the same name are set against it."""
        if not quantity.what:
            self._sizes.setdefault(quantity.who, []).append(int(value))

    def add(self, counts: Counts) -> Counts:
        """Take up what a number tells; a group that goes by a name of another size gets a name of its own."""
        if counts.kind in ("missing", "extreme"):
            return counts
        own = _renamed(counts, {people.who: self._name(people) for people in counts.groups})
        for people in own.groups:
            self.values.setdefault(Quantity(people.who), float(people.n))
        for total in own.totals:
            self.values.setdefault(Quantity(total.of.who, total.what, total.power), total.total)
            if total.classes:
                self.classes[total.what] = total.classes
        self.bases |= {people.who for people in own.persons} | {part.whole.who for part in own.parts}
        self.parts |= {(part.some.who, part.whole.who): None for part in own.parts}
        if counts.kind == "structural":
            self.structural |= {part.some.who for part in own.parts}
        return own

    def _name(self, people: Persons) -> Properties:
        """The name, with the number of the version where the size is another than that of the first."""
        sizes = self._sizes.setdefault(people.who, [])
        if people.n not in sizes:
            near = any(0 < abs(people.n - size) < self.least for size in sizes)
            sizes.append(people.n)
            if near:
                self.differing.add(_version(people.who, len(sizes) - 1))
        return _version(people.who, sizes.index(people.n))


def _version(who: Properties, number: int) -> Properties:
    return tuple(sorted([*who, (_VERSION, (str(number),))])) if number else who


def _renamed(counts: Counts, names: dict[Properties, Properties]) -> Counts:
    def own(people: Persons) -> Persons:
        return replace(people, who=names[people.who])

    if all(old == new for old, new in names.items()):
        return counts
    parts = tuple(Share(own(part.some), own(part.whole)) for part in counts.parts)
    totals: tuple[Total, ...] = tuple(replace(total, of=own(total.of)) for total in counts.totals)
    return replace(counts, persons=tuple(map(own, counts.persons)), parts=parts, totals=totals)


def registered(registry: Registry, tables: Iterable[Table]) -> list[Table]:
    """The tables with all they tell taken up, under names that are the same throughout."""
    found = []
    for table in tables:
        sections = tuple(
            replace(s, rows=tuple(tuple(_taken(registry, cell) for cell in row) for row in s.rows))
            for s in table.sections
        )
        found.append(replace(table, sections=sections))
    return found


def _taken(registry: Registry, cell: Cell) -> Cell:
    return cell if cell.counts is None else replace(cell, counts=registry.add(cell.counts))
