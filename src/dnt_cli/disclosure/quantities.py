"""What a table tells: the sizes of groups of persons, and sums over them, each under one name in all tables."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dnt_cli.tables import Cell, Counts, Persons, Properties, Share, Table, Total
from dnt_cli.tables.counts import Pair

DATA = "data"  # in the name of a group of other data than that of the first file
VERSION = "version"  # in the name of a group that has another size than the first of that name in its file


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

    Files of the same data share the names of groups, so that what follows from them together can be computed. A file
    that gives a group of the same name another size was made of other data; its groups get a name of their own.

    Attributes:
        least: Fewest persons by which groups of the same name may differ.
        apart: Whether each file and each earlier release is of other data.
        within: An answer that only those with another answer can give, and that other answer.
        seen: Those with any answer to a question, and those who were seen when it was asked.
        values: Quantity -> its value.
        parts: The parts of groups that are told.
        classes: Property that is summed -> its classes, and the number that each counts for.
        bases: The groups that a percentage, a mean or a model is of.
        structural: Sizes that follow from the design.
        differing: Groups that differ by fewer persons from one of the same name.
        uses: Quantity -> the number of figures that tell it.
    """

    least: int
    apart: bool = False
    within: Sequence[tuple[Pair, Pair]] = ()
    seen: Sequence[tuple[Pair, Pair]] = ()
    values: dict[Quantity, float] = field(default_factory=dict)
    parts: dict[tuple[Properties, Properties], None] = field(default_factory=dict)
    classes: dict[str, tuple[tuple[Pair, float], ...]] = field(default_factory=dict)
    bases: set[Properties] = field(default_factory=set)
    structural: set[Properties] = field(default_factory=set)
    differing: set[Properties] = field(default_factory=set)
    uses: Counter[Quantity] = field(default_factory=Counter)
    _data: list[dict[Properties, int]] = field(default_factory=list)
    _sizes: dict[Properties, set[int]] = field(default_factory=dict)

    def known(self, told: Mapping[Quantity, float]) -> dict[Quantity, float]:
        """Take up what an earlier release told; the same under the names that hold here."""
        sizes: dict[tuple[str, ...], dict[Properties, int]] = defaultdict(dict)
        for quantity, value in told.items():
            data, who = _without_data(quantity.who)
            own = sizes[data]
            if not quantity.what:
                own[who] = int(value)
                self._sizes.setdefault(_without_version(who), set()).add(int(value))
        places: dict[tuple[str, ...], int] = {}
        for data, own in sizes.items():
            places[data] = self._join(own, barred=places.values())
        found = {}
        for quantity, value in told.items():
            data, who = _without_data(quantity.who)
            found[replace(quantity, who=_tagged(who, DATA, places[data]))] = value
        return found

    def add(self, numbers: Sequence[Counts]) -> list[Counts]:
        """Take up what the numbers of a file tell; the same under the names that hold in the whole release."""
        first: dict[Properties, int] = {}
        for people in (people for own in numbers if _tells(own) for people in own.groups):
            first.setdefault(people.who, people.n)
        data = self._join(first)
        return [self._add(own, first, data) if _tells(own) else own for own in numbers]

    def _join(self, sizes: Mapping[Properties, int], barred: Collection[int] = ()) -> int:
        """The first data in which no group has another size; new data if there is none."""
        for number, own in enumerate(self._data):
            if not self.apart and number not in barred and all(own.get(who, n) == n for who, n in sizes.items()):
                own.update(sizes)
                return number
        self._data.append(dict(sizes))
        return len(self._data) - 1

    def _add(self, counts: Counts, first: Mapping[Properties, int], data: int) -> Counts:
        names = {(people.who, people.n): self._name(people, first, data) for people in counts.groups}
        own = _renamed(counts, names)
        self.uses.update(list(quantities_of(own)))
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

    def _name(self, people: Persons, first: Mapping[Properties, int], data: int) -> Properties:
        """The name, with the size where it is another than the first of that name in the file."""
        name = _tagged(people.who, DATA, data)
        if people.n != first[people.who]:
            name = _tagged(name, VERSION, people.n)
        sizes = self._sizes.setdefault(_without_version(people.who), set())
        if people.n not in sizes and any(abs(people.n - size) < self.least for size in sizes):
            self.differing.add(name)
        sizes.add(people.n)
        return name


class Names:
    """The names by which a decision knows the groups behind numbers that were not registered with it."""

    def __init__(self, values: Mapping[Quantity, float], hidden: Collection[Quantity]) -> None:
        self._values, self._names = values, dict[tuple[Properties, int], Properties]()
        for quantity in sorted(values, key=lambda own: own not in hidden):  # of two of one size, that which is hidden
            if not quantity.what:
                who = untagged(quantity.who)
                self._names.setdefault((who, int(values[quantity])), quantity.who)

    def of(self, counts: Counts | None) -> Counts | None:
        """The same under these names; None where any of it is not known to the decision."""
        if counts is None or not _tells(counts):
            return counts
        try:
            own = _renamed(counts, self._names_of(counts))
        except KeyError:
            return None
        told = quantities_of(own).items()
        same = (math.isclose(self._values.get(q, math.nan), value, rel_tol=1e-9, abs_tol=1e-9) for q, value in told)
        return own if all(same) else None

    def _names_of(self, counts: Counts) -> dict[tuple[Properties, int], Properties]:
        return {(people.who, people.n): self._names[people.who, people.n] for people in counts.groups}


def _tells(counts: Counts) -> bool:
    return counts.kind not in ("missing", "extreme")


def _tagged(who: Properties, key: str, number: int) -> Properties:
    return tuple(sorted([*who, (key, (str(number),))])) if number or key == VERSION else who


def untagged(who: Properties) -> Properties:
    """The name that tables give a group, whatever the data and the size."""
    return tuple(pair for pair in who if pair[0] not in (DATA, VERSION))


def _without_data(who: Properties) -> tuple[tuple[str, ...], Properties]:
    """The number of the data, and the name without it."""
    return dict(who).get(DATA, ()), tuple(pair for pair in who if pair[0] != DATA)


def _without_version(who: Properties) -> Properties:
    return tuple(pair for pair in who if pair[0] != VERSION)


def _renamed(counts: Counts, names: Mapping[tuple[Properties, int], Properties]) -> Counts:
    def own(people: Persons) -> Persons:
        return replace(people, who=names[people.who, people.n])

    parts = tuple(Share(own(part.some), own(part.whole)) for part in counts.parts)
    totals: tuple[Total, ...] = tuple(replace(total, of=own(total.of)) for total in counts.totals)
    return replace(counts, persons=tuple(map(own, counts.persons)), parts=parts, totals=totals)


def registered(registry: Registry, tables: Iterable[Table]) -> list[Table]:
    """The tables of a file with all they tell taken up, under names that are the same throughout."""
    tables = list(tables)
    cells = (cell for table in tables for row in table.rows for cell in row)
    taken = iter(registry.add([cell.counts for cell in cells if cell.counts is not None]))

    def renamed(cell: Cell) -> Cell:
        return cell if cell.counts is None else replace(cell, counts=next(taken))

    return [table.with_cells(renamed) for table in tables]
