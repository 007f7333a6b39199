"""Which quantities are hidden: those that a rule forbids, and as many more as keep these from being computed."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

from dnt_cli.disclosure.bounds import System
from dnt_cli.disclosure.quantities import Quantity, Registry
from dnt_cli.disclosure.relations import relations_of
from dnt_cli.disclosure.rules import sensitive
from dnt_cli.study import Thresholds

_TRIED = 4  # candidates for hiding around one quantity
_BASE = 1e6  # what it costs to hide the size of a group that percentages are of


@dataclass(frozen=True, slots=True)
class Decision:
    """What is told of a release.

    Attributes:
        values: Quantity -> its value.
        hidden: Quantity -> the rule that forbids it, or `secondary`: it would tell another.
        bounds: What a rule forbids -> the bounds within which it can be computed.
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
    Salazar 2001, Management Science 47:1008).

    Args:
        registry: All quantities of the release.
        thresholds: Of the study.
        earlier: What an earlier release told, which is hidden no more.
    """
    earlier = earlier or {}
    values = {**earlier, **registry.values}
    forbidden = sensitive(registry, thresholds)
    system = System(values, relations_of(values, registry.classes, registry.within))
    hidden = {q: rule for q, rule in forbidden.items() if q not in earlier}
    search = _Search(system, registry, thresholds, hidden, frozenset(earlier))
    bounds: dict[Quantity, tuple[float, float]] = {}
    waiting = sorted(hidden)
    while waiting:  # hiding more widens the bounds of all, so that what is wide enough stays so
        bounds |= {q: search.protect(q) for q in waiting}
        waiting = []
    bounds = {q: system.bounds(q, search.told) for q in bounds}
    lost = {q for q in forbidden if q in earlier}
    lost |= {q for q, (low, high) in bounds.items() if high - low < search.width(q)}
    return Decision(values, dict(search.hidden), bounds, lost)


@dataclass
class _Search:
    """The search for what else is to be hidden."""

    system: System
    registry: Registry
    thresholds: Thresholds
    hidden: dict[Quantity, str]
    fixed: Set[Quantity]

    @property
    def told(self) -> set[Quantity]:
        return {q for q in self.system.values if q not in self.hidden}

    def width(self, quantity: Quantity) -> float:
        """How far the bounds of a quantity must lie apart."""
        if not quantity.what:
            return float(self.thresholds.width)
        sizes = self.system.values
        own = [q for q in sizes if (q.what, q.power) == (quantity.what, quantity.power)]
        means = [abs(sizes[q]) / sizes[Quantity(q.who)] for q in own if sizes.get(Quantity(q.who))]
        return self.thresholds.width * max(means, default=0.0)

    def protect(self, quantity: Quantity) -> tuple[float, float]:
        """Hide what is needed; the bounds that are left."""
        wanted = self.width(quantity)
        told = self.told
        low, high = self.system.bounds(quantity, told)
        while high - low < wanted:
            candidates = [q for q in self.system.neighbours(quantity, told) if q not in self.fixed]
            candidates = sorted(candidates, key=lambda q: (self._cost(q), q))[:_TRIED]
            if not candidates:
                break
            best: tuple[float, Quantity, tuple[float, float]] | None = None
            for candidate in candidates:
                low, high = self.system.bounds(quantity, told - {candidate})
                if best is None or high - low > best[0]:
                    best = (high - low, candidate, (low, high))
                if high - low >= wanted:
                    break
            assert best is not None
            self.hidden[best[1]] = "secondary"
            told.discard(best[1])
            low, high = best[2]
        return low, high

    def _cost(self, quantity: Quantity) -> float:
        """Small counts first, then spreads and sums, and last the sizes that percentages are of."""
        value = self.system.values[quantity]
        if quantity.what:
            return 1e3 * (3 - quantity.power)
        return value + (_BASE if quantity.who in self.registry.bases else 0.0)
