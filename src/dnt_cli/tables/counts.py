"""The persons behind a number: what decides whether it may leave a secure environment.

A group of persons is named by their properties, such as `work@T0` being 1 and `group` being control, so that the same
group has the same name in every table, and what follows from several tables together can be computed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Properties = tuple[tuple[str, tuple[str, ...]], ...]
Kind = Literal["", "missing", "extreme", "structural"]
Pair = tuple[str, tuple[str, ...]]  # a property and its values
Pairs = Iterable[tuple[str, str | Iterable[str]]]

GROUP = "group"  # the property of being in a group of the study
ANY = ("*",)  # every answer, where answers are not counted one by one


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
class Share:
    """Some of a group, as a count or percentage tells.

    Attributes:
        some: Those who are counted.
        whole: The group that they are part of, of which the percentage is.
    """

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
        classes: Of a number that has classes, the property of each class and the number that it counts for.
    """

    what: str
    power: int
    of: Persons
    total: float
    classes: tuple[tuple[Pair, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """What stands behind a number.

    Attributes:
        persons: The groups on which it rests.
        parts: The parts of groups that it tells the size of.
        totals: The sums that it tells.
        df: Residual degrees of freedom of the model that it comes from; None if it comes from none.
        largest: Largest share of one person in the sum; None if it is no sum.
        kind: `missing` if it counts those without an answer, `extreme` if it is a minimum or maximum, `structural` if
            it follows from the design.
    """

    persons: tuple[Persons, ...] = ()
    parts: tuple[Share, ...] = ()
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


def named(values: Pairs) -> Properties:
    """The name of a group: property -> one value or several; a property without a value does not count."""
    found = {key: (own,) if isinstance(own, str) else tuple(sorted(own)) for key, own in values}
    return tuple(sorted((key, own) for key, own in found.items() if own))


def resting(who: Pairs, n: int, *, df: float | None = None, kind: Kind = "") -> Counts:
    """Behind a number that rests on a group."""
    return Counts(persons=(Persons(named(who), n),), df=df, kind=kind)


def share_of(some: Pairs, n: int, whole: Pairs, of: int) -> Counts:
    """Behind a count or percentage of a group; of all of it where both are the same by name."""
    part, every = Persons(named(some), n), Persons(named(whole), of)
    return Counts(persons=(every,)) if part == every else Counts(parts=(Share(part, every),))


def mean_of(
    who: Pairs, n: int, what: str, value: float, deviation: float | None = None,
    classes: tuple[tuple[Pair, float], ...] = (),
) -> Counts:  # fmt: skip
    """Behind a mean, and a standard deviation (divisor n - 1) if it stands beside it."""
    people = Persons(named(who), n)
    if not n:  # of nobody there is no sum
        return Counts(persons=(people,))
    totals = [Total(what, 1, people, n * value, classes)]
    if deviation is not None:
        spread = (n - 1) * deviation**2 if n > 1 else 0.0
        totals.append(Total(what, 2, people, spread + n * value**2, classes))
    return Counts(persons=(people,), totals=tuple(totals))


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
