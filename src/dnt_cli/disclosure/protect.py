"""Which quantities are hidden: those that a rule forbids, and as many more as keep these from being computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np

from dnt_cli.arrays import Floats
from dnt_cli.description.persons import ATTENDANCE
from dnt_cli.disclosure.bounds import System
from dnt_cli.disclosure.quantities import DATA, Quantity, Registry
from dnt_cli.disclosure.relations import relations_of
from dnt_cli.disclosure.rules import sensitive
from dnt_cli.study import Thresholds
from dnt_cli.tables.counts import GROUP

_TRIED = 4  # candidates for hiding around one quantity
_MOST_BOUNDS = 500  # computed while trying what can be told after all: in large releases each takes long
_SAME = 1e-7  # of a value, within which another is the same
ROUNDING = 1e-5  # persons by which a linear program may be off
_BASE = 1e6  # what it costs to hide the size of a group that percentages are of


@dataclass(frozen=True, slots=True)
class Decision:
    """What is told of a release.

    Attributes:
        values: Quantity -> its value.
        hidden: Quantity -> the rule that forbids it, or `secondary`: it would tell another.
        bounds: What a rule forbids -> values between which it can lie; it cannot be computed more closely than that.
        unprotected: What a rule forbids and nothing can protect: it was told before.
        earlier: What an earlier release told and this one does not.
    """

    values: Mapping[Quantity, float]
    hidden: Mapping[Quantity, str]
    bounds: Mapping[Quantity, tuple[float, float]]
    unprotected: Set[Quantity]
    earlier: Set[Quantity] = frozenset()


def decided(registry: Registry, thresholds: Thresholds, earlier: Mapping[Quantity, float] | None = None) -> Decision:
    """Decide what is hidden.

    Each quantity that a rule forbids gets bounds at least `thresholds.width` persons apart (for a sum: so many times
    the mean of the largest group), computed from all that is told; where they are closer, the smallest count around
    that widens them is hidden too (the hypercube and linear programming methods of cell suppression; Fischetti and
    Salazar 2001, Management Science 47:1008). What was hidden for one and is not needed any more, since others were
    hidden later, is told after all.

    Args:
        registry: All quantities of the release.
        thresholds: Of the study.
        earlier: What an earlier release told, which is hidden no more.
    """
    earlier = earlier or {}
    values = {**earlier, **registry.values}
    forbidden = sensitive(registry, thresholds)
    system = System(values, relations_of(values, registry.classes, registry.within, registry.seen))
    hidden = {q: rule for q, rule in forbidden.items() if q not in earlier}
    search = _Search(system, registry, thresholds, hidden, frozenset(earlier))
    for quantity in sorted(hidden):  # hiding more widens the bounds of all, so that what is wide enough stays so
        search.protect(quantity)
    search.show_again()
    bounds = {q: search.known(q) for q in sorted(forbidden) if q not in earlier}
    narrow = [q for q, own in bounds.items() if not search.wide(q, own)]
    bounds |= {q: system.extremes(system.place[q])[0] for q in narrow}
    lost = {q for q in forbidden if q in earlier}
    lost |= {q for q, own in bounds.items() if not search.wide(q, own)}
    return Decision(values, dict(search.hidden), bounds, lost, earlier.keys() - registry.values.keys())


def _attending(quantity: Quantity) -> bool:
    """Whether it is the number of those who were seen at some waves, of a group or of all."""
    names = {name for name, _ in quantity.who}
    return not quantity.what and ATTENDANCE in names and names <= {ATTENDANCE, GROUP, DATA}


class _Search:
    """The search for what else is to be hidden.

    Attributes:
        hidden: Quantity -> the rule that forbids it, or `secondary`.
    """

    def __init__(
        self, system: System, registry: Registry, thresholds: Thresholds, hidden: dict[Quantity, str],
        fixed: Set[Quantity],
    ) -> None:  # fmt: skip
        self.system, self.registry, self.thresholds = system, registry, thresholds
        self.hidden = hidden
        self._fixed = fixed
        self._values = np.array(list(system.values.values()))
        self._points = _Points(self._values)
        self._points_free = _Points(self._values)  # if no number seen was told
        self._hidden_for: dict[Quantity, Quantity] = {}
        self._widths: dict[tuple[str, int], float] = {}
        self._free: dict[Quantity, float] = {}
        self._bounds_left = _MOST_BOUNDS
        system.hide(system.place[q] for q in hidden)

    def known(self, quantity: Quantity) -> tuple[float, float]:
        """Between which values it was seen to lie, each with values of all others that agree with what is told."""
        j = self.system.place[quantity]
        return float(self._points.low[j]), float(self._points.high[j])

    def width(self, quantity: Quantity) -> float:
        """How far the bounds of a quantity must lie apart."""
        if not quantity.what:
            return float(self.thresholds.width)
        measure = (quantity.what, quantity.power)
        if measure not in self._widths:
            sizes = self.system.values
            own = [q for q in sizes if (q.what, q.power) == measure]
            means = [abs(sizes[q]) / sizes[Quantity(q.who)] for q in own if sizes.get(Quantity(q.who))]
            self._widths[measure] = self.thresholds.width * max(means, default=0.0)
        return self._widths[measure]

    def wide(self, quantity: Quantity, bounds: tuple[float, float]) -> bool:
        """Whether the bounds lie far enough apart.

        Of those who were seen, as far as the numbers of persons with an answer leave, which are not hidden for them,
        is enough.
        """
        distance = bounds[1] - bounds[0]
        if distance >= self.width(quantity) or not _attending(quantity):
            return distance >= self.width(quantity)
        if quantity not in self._free:
            self._free[quantity] = self._freedom(quantity)
        return distance >= self._free[quantity]

    def _freedom(self, quantity: Quantity) -> float:
        """How far the bounds of a number seen would lie apart, up to the width, if no number seen was told."""
        place, wanted = self.system.place[quantity], self.width(quantity)
        if self._points_free.distance(place) < wanted:
            attendance = [j for q, j in self.system.place.items() if ATTENDANCE in dict(q.who) and self.system.told[j]]
            with self.system.hiding(attendance):
                bounds, points = self.system.extremes(place, wanted)
            self._points_free.add(points)
            self._points_free.widen(place, bounds)
        return self._points_free.distance(place) - ROUNDING

    def protect(self, quantity: Quantity) -> None:
        """Hide what is needed around a quantity."""
        wanted, place = self.width(quantity), self.system.place[quantity]
        if self.wide(quantity, self.known(quantity)):
            return
        bounds, points = self.system.extremes(place, wanted)
        while not self.wide(quantity, bounds):
            best: tuple[Quantity, tuple[float, float], list[Floats]] | None = None
            for candidate in self._candidates(quantity):
                with self.system.hiding([self.system.place[candidate]]):
                    found = self.system.extremes(place, wanted)
                if best is None or _distance(found[0]) > _distance(best[1]):
                    best = candidate, *found
                if self.wide(quantity, found[0]):
                    break
            if best is None:
                break
            self.hidden[best[0]] = "secondary"
            self._hidden_for[best[0]] = quantity
            self.system.hide([self.system.place[best[0]]])
            bounds, points = best[1:]
        self._points.add(points)
        self._points.widen(place, bounds)

    def _candidates(self, quantity: Quantity) -> list[Quantity]:
        """What is told in the relations around a quantity and costs least to hide."""
        _, edge = self.system.around(self.system.place[quantity])
        found = [q for q in (self.system.names[j] for j in edge) if q not in self._fixed]
        if _attending(quantity):
            found = [q for q in found if ATTENDANCE in dict(q.who)]
        return sorted(found, key=lambda q: (self._cost(q), q))[:_TRIED]

    def show_again(self) -> None:
        """Tell what is hidden for others only and not needed for them; first what most figures tell of."""
        order = sorted(self._hidden_for, key=lambda q: (-self.registry.uses[q], q))
        for quantity in order:
            if self._bounds_left > 0:
                self._try(quantity)

    def _try(self, quantity: Quantity) -> None:
        """Tell a quantity if all that a rule forbids stays wide enough."""
        place = self.system.place[quantity]
        together, _ = self.system.around(place)
        names = (self.system.names[j] for j in together)
        guarded = [q for q in names if self.hidden.get(q, "secondary") != "secondary"]
        guarded.sort(
            key=lambda q: (q != self._hidden_for[quantity], _distance(self.known(q)) / (self.width(q) or 1.0), q)
        )
        left = self._points.agreeing(place)
        self.system.tell([place])
        for own in guarded:
            j = self.system.place[own]
            if self.wide(own, (left.low[j], left.high[j])):
                continue
            self._bounds_left -= 1
            bounds, points = self.system.extremes(j, self.width(own))
            left.add(points)
            left.widen(j, bounds)
            if not self.wide(own, bounds):
                self.system.hide([place])
                return
        del self.hidden[quantity]
        left.take(self._points, apart=together)
        self._points = left

    def _cost(self, quantity: Quantity) -> float:
        """Small counts first, then spreads and sums, and last the sizes that percentages are of."""
        value = self.system.values[quantity]
        if quantity.what:
            return 1e3 * (3 - quantity.power)
        return value + (_BASE if quantity.who in self.registry.bases else 0.0)


class _Points:
    """Values of all quantities that agree with what is told, and between which values each was seen to lie.

    Hiding more leaves them possible.
    """

    def __init__(self, values: Floats, points: Sequence[Floats] = ()) -> None:
        self._values, self._points = values, list(points)
        self.low, self.high = values.copy(), values.copy()
        for point in points:
            self._see(point)

    def _see(self, point: Floats) -> None:
        np.minimum(self.low, point, out=self.low)
        np.maximum(self.high, point, out=self.high)

    def add(self, points: Sequence[Floats]) -> None:
        self._points += points
        for point in points:
            self._see(point)

    def widen(self, place: int, bounds: tuple[float, float]) -> None:
        """Of one quantity more is known than from the points: it has no end."""
        self.low[place] = min(self.low[place], bounds[0])
        self.high[place] = max(self.high[place], bounds[1])

    def take(self, other: _Points, apart: Sequence[int]) -> None:
        """Take over what others show of all quantities but some."""
        low, high = other.low.copy(), other.high.copy()
        low[apart], high[apart] = self.low[apart], self.high[apart]
        self.low, self.high = low, high

    def distance(self, place: int) -> float:
        return float(self.high[place] - self.low[place])

    def agreeing(self, place: int) -> _Points:
        """The points at which a quantity has its true value."""
        value = self._values[place]
        near = _SAME * max(1.0, abs(value))
        return _Points(self._values, [point for point in self._points if abs(point[place] - value) <= near])


def _distance(bounds: tuple[float, float]) -> float:
    return bounds[1] - bounds[0]
