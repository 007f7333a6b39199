"""The persons behind a number: what decides whether it may leave a secure environment.

A group of persons is named by their properties, such as `work@T0` being 1 and `group` being control, so that the same
group has the same name in every table, and what follows from several tables together can be computed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Properties = tuple[tuple[str, tuple[str, ...]], ...]
Kind = Literal["", "missing", "extreme"]


@dataclass(frozen=True, slots=True)
class Persons:
    """A group of persons, and how many they are.

    Attributes:
        who: Property -> its values, in the order of their names; nothing for all persons of a study. `*` is any
            answer.
        n: How many.
    """

    who: Properties
    n: int


@dataclass(frozen=True, slots=True)
class Part:
    """Some of a group, as a count or percentage tells."""

    some: Persons
    whole: Persons


@dataclass(frozen=True, slots=True)
class Total:
    """A sum over a group, as a mean (power 1) or standard deviation (power 2) tells.

    Attributes:
        what: The property that is summed.
        power: Of the values that are summed.
        of: Over whom.
        total: The sum.
    """

    what: str
    power: int
    of: Persons
    total: float


@dataclass(frozen=True, slots=True)
class Counts:
    """What stands behind a number.

    Attributes:
        persons: The groups on which it rests.
        parts: The parts of groups that it tells the size of.
        totals: The sums that it tells.
        df: Residual degrees of freedom of the model that it comes from; None if it comes from none.
        largest: Largest share of one person in the sum; None if it is no sum.
        kind: `missing` if it counts those without an answer, `extreme` if it is a minimum or maximum.
    """

    persons: tuple[Persons, ...] = ()
    parts: tuple[Part, ...] = ()
    totals: tuple[Total, ...] = ()
    df: float | None = None
    largest: float | None = None
    kind: Kind = ""

    @property
    def groups(self) -> tuple[Persons, ...]:
        """Every group whose size the number tells."""
        inside = [own for part in self.parts for own in (part.some, part.whole)]
        return tuple(dict.fromkeys([*self.persons, *inside, *(total.of for total in self.totals)]))

    @property
    def fewest(self) -> int:
        """The smallest group, part of a group or rest of one that the number tells of."""
        rests = [part.whole.n - part.some.n for part in self.parts]
        return min([*(own.n for own in self.groups), *rests], default=0)


def properties(**values: str | Iterable[str]) -> Properties:
    """The name of a group: property -> one value or several; a property without a value does not count."""
    return named(values.items())


def named(values: Iterable[tuple[str, str | Iterable[str]]]) -> Properties:
    """As `properties`, of properties whose names are not Python's."""
    found = {key: (own,) if isinstance(own, str) else tuple(sorted(own)) for key, own in values}
    return tuple(sorted((key, own) for key, own in found.items() if own))


def together(counts: Iterable[Counts | None]) -> Counts | None:
    """What stands behind a number that is made of several; None if that of one of them is not known."""
    known = list(counts)
    if not known or any(own is None for own in known):
        return None
    some = [own for own in known if own is not None]
    freedom = [own.df for own in some if own.df is not None]
    largest = [own.largest for own in some if own.largest is not None]
    return Counts(
        tuple(dict.fromkeys(p for own in some for p in own.persons)),
        tuple(dict.fromkeys(p for own in some for p in own.parts)),
        tuple(dict.fromkeys(p for own in some for p in own.totals)),
        min(freedom, default=None),
        max(largest, default=None),
        next((own.kind for own in some if own.kind), ""),
    )
