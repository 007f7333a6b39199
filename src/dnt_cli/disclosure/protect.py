"""Which quantities are hidden: those that a rule forbids, and as many more as keep these from being computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from dnt_cli.description.persons import ATTENDANCE
from dnt_cli.disclosure.bounds import Point, System
from dnt_cli.disclosure.quantities import DATA, Quantity, Registry
from dnt_cli.disclosure.relations import relations_of
from dnt_cli.disclosure.rules import sensitive
from dnt_cli.study import Thresholds
from dnt_cli.tables.counts import GROUP

_TRIED = 4  # candidates for hiding around one quantity
_MOST_BOUNDS = 500  # computed while trying what can be told after all: in large releases each takes long
_SAME = 1e-7  # of a value, within which another is the same
_ROUNDING = 1e-5  # persons by which a linear program may be off
_BASE = 1e6  # what it costs to hide the size of a group that percentages are of


@dataclass(frozen=True, slots=True)
class Decision:
    """What is told of a release.

    Attributes:
        values: Quantity -> its value.
        hidden: Quantity -> the rule that forbids it, or `secondary`: it would tell another.
        bounds: What a rule forbids -> values between which it can lie; it cannot be computed more closely than that.
        unprotected: What a rule forbids and nothing can protect: it was told before.
    """

    values: Mapping[Quantity, float]
    hidden: Mapping[Quantity, str]
    bounds: Mapping[Quantity, tuple[float, float]]
    unprotected: Set[Quantity]


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
    bounds = {q: search.known[q] for q in sorted(forbidden) if q not in earlier}
    narrow = [q for q, own in bounds.items() if not search.wide(q, own)]
    bounds |= {q: system.bounds(q, search.told) for q in narrow}
    lost = {q for q in forbidden if q in earlier}
    lost |= {q for q, own in bounds.items() if not search.wide(q, own)}
    return Decision(values, dict(search.hidden), bounds, lost)


def _attending(quantity: Quantity) -> bool:
    """Whether it is the number of those who were seen at some waves, of a group or of all."""
    names = {name for name, _ in quantity.who}
    return not quantity.what and ATTENDANCE in names and names <= {ATTENDANCE, GROUP, DATA}


@dataclass
class _Search:
    """The search for what else is to be hidden.

    Attributes:
        known: Hidden quantity -> between which values it was seen to lie, each with values of all others that agree
            with what is told. Hiding more leaves these possible.
    """

    system: System
    registry: Registry
    thresholds: Thresholds
    hidden: dict[Quantity, str]
    fixed: Set[Quantity]
    known: dict[Quantity, tuple[float, float]] = field(init=False, default_factory=dict)
    _points: list[Point] = field(init=False, default_factory=list)
    _hidden_for: dict[Quantity, Quantity] = field(init=False, default_factory=dict)
    told: set[Quantity] = field(init=False)
    _widths: dict[tuple[str, int], float] = field(init=False, default_factory=dict)
    _free: dict[Quantity, float] = field(init=False, default_factory=dict)
    _bounds_left: int = field(init=False, default=_MOST_BOUNDS)

    def __post_init__(self) -> None:
        self.told = {q for q in self.system.values if q not in self.hidden}

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
        distance = self._distance(bounds)
        if distance >= self.width(quantity) or not _attending(quantity):
            return distance >= self.width(quantity)
        if quantity not in self._free:
            low, high = self.system.bounds(quantity, {q for q in self.told if ATTENDANCE not in dict(q.who)})
            self._free[quantity] = high - low - _ROUNDING
        return distance >= self._free[quantity]

    def protect(self, quantity: Quantity) -> None:
        """Hide what is needed around a quantity."""
        wanted = self.width(quantity)
        if quantity in self.known and self.wide(quantity, self.known[quantity]):
            return
        bounds, points = self.system.extremes(quantity, self.told, wanted)
        while not self.wide(quantity, bounds):
            candidates = [q for q in self.system.neighbours(quantity, self.told) if q not in self.fixed]
            if _attending(quantity):
                candidates = [q for q in candidates if ATTENDANCE in dict(q.who)]
            best: tuple[Quantity, tuple[float, float], list[Point]] | None = None
            for candidate in sorted(candidates, key=lambda q: (self._cost(q), q))[:_TRIED]:
                found = self.system.extremes(quantity, self.told - {candidate}, wanted)
                if best is None or self._distance(found[0]) > self._distance(best[1]):
                    best = candidate, *found
                if self.wide(quantity, found[0]):
                    break
            if best is None:
                break
            self.hidden[best[0]] = "secondary"
            self._hidden_for[best[0]] = quantity
            self.told.discard(best[0])
            bounds, points = best[1:]
        self._seen(quantity, bounds, points)

    def _seen(self, quantity: Quantity, bounds: tuple[float, float], points: Sequence[Point]) -> None:
        """Keep what was seen of a quantity, and of all others at the same time."""
        self.known[quantity] = bounds
        self._points += points
        for other, value in (pair for point in points for pair in point.items()):
            if other in self.hidden:
                low, high = self.known.get(other, (value, value))
                self.known[other] = (min(low, value), max(high, value))

    def show_again(self) -> None:
        """Tell what is hidden for others only and not needed for them; first what most figures tell of."""
        order = sorted(self._hidden_for, key=lambda q: (-self.registry.uses[q], q))
        for quantity in order:
            if self._bounds_left > 0:
                self._try(quantity)

    def _try(self, quantity: Quantity) -> None:
        """Tell a quantity if all that a rule forbids stays wide enough."""
        together, _ = self.system.component(quantity, self.told)
        guarded = [q for q in together if self.hidden.get(q, "secondary") != "secondary"]
        guarded.sort(key=lambda q: (q != self._hidden_for[quantity], self._distance(self.known[q]) / self.width(q), q))
        value, told = self.system.values[quantity], self.told | {quantity}
        left = [p for p in self._points if abs(p.get(quantity, value) - value) <= _SAME * max(1.0, abs(value))]
        found: dict[Quantity, tuple[float, float]] = {}
        for own in guarded:
            seen = [self.system.values[own], *(point[own] for point in left if own in point)]
            found[own] = (min(seen), max(seen))
            if not self.wide(own, found[own]):
                self._bounds_left -= 1
                found[own], points = self.system.extremes(own, told, self.width(own))
                left += points
            if not self.wide(own, found[own]):
                return
        del self.hidden[quantity]
        self.told.add(quantity)
        self.known |= found
        self._points = left

    @staticmethod
    def _distance(bounds: tuple[float, float]) -> float:
        return bounds[1] - bounds[0]

    def _cost(self, quantity: Quantity) -> float:
        """Small counts first, then spreads and sums, and last the sizes that percentages are of."""
        value = self.system.values[quantity]
        if quantity.what:
            return 1e3 * (3 - quantity.power)
        return value + (_BASE if quantity.who in self.registry.bases else 0.0)
