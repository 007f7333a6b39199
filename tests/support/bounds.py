"""The bounds of a hidden quantity if some quantities are told and no others."""

from __future__ import annotations

from collections.abc import Set

from dnt_cli.disclosure.bounds import System
from dnt_cli.disclosure.quantities import Quantity


def bounds(system: System, quantity: Quantity, told: Set[Quantity]) -> tuple[float, float]:
    """The lowest and the highest value; the system tells these from now on."""
    now = list(enumerate(system.names))
    system.hide([j for j, q in now if system.told[j] and q not in told])
    system.tell([j for j, q in now if not system.told[j] and q in told])
    return system.extremes(system.place[quantity])[0]
