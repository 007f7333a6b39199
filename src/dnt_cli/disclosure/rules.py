"""The rules: which number may not leave by itself, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from dnt_cli.disclosure.quantities import Quantity, Registry
from dnt_cli.study import Thresholds
from dnt_cli.tables import Counts, Table
from dnt_cli.wording import Wording


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule about one number.

    Attributes:
        name: What `disclosure.rule_<name>` says in Dutch and English, and the setting that it follows, if any.
        broken: Whether the number breaks it.
    """

    name: str
    broken: Callable[[Counts, Thresholds], bool]


def _too_few(counts: Counts, thresholds: Thresholds) -> bool:
    if counts.kind == "structural":
        return False
    return bool(counts.groups) and counts.fewest < thresholds.persons


def _alike(counts: Counts, thresholds: Thresholds) -> bool:
    if counts.kind == "structural":
        return False
    shares = [part.some.n / part.whole.n for part in counts.parts if part.whole.n]
    return any(max(own, 1 - own) > thresholds.share for own in shares)


RULES = (
    Rule("missing", lambda counts, thresholds: counts.kind == "missing"),
    Rule("extremes", lambda counts, thresholds: counts.kind == "extreme" and thresholds.extremes == "hidden"),
    Rule("persons", _too_few),
    Rule("share", _alike),
    Rule("df", lambda counts, thresholds: counts.df is not None and counts.df < thresholds.df),
    Rule("dominance", lambda counts, t: counts.largest is not None and counts.largest > t.dominance),
)


def broken_rule(counts: Counts, thresholds: Thresholds) -> str:
    """The name of the first rule that a number breaks; empty if none."""
    return next((rule.name for rule in RULES if rule.broken(counts, thresholds)), "")


def sensitive(registry: Registry, thresholds: Thresholds) -> dict[Quantity, str]:
    """What may not be told, whatever else is told, and the rule that forbids it."""
    sizes = {q.who: value for q, value in registry.values.items() if not q.what}
    found: dict[Quantity, str] = {}
    for some, whole in registry.parts:
        if some not in registry.structural:
            name = _part_rule(sizes[some], sizes[whole], thresholds)
            if name:
                found[Quantity(some)] = name
    for who, n in sizes.items():  # in their order: what is hidden follows from it, and a set has none
        if who in registry.bases and n < thresholds.persons:
            found[Quantity(who)] = "persons"
    found |= {q: "persons" for q in registry.values if q.what and sizes[q.who] < thresholds.persons}
    found |= {q: "differing" for q in registry.values if q.who in registry.differing}
    return found


def _part_rule(some: float, whole: float, thresholds: Thresholds) -> str:
    if min(some, whole - some) < thresholds.persons:
        return "persons"
    return "share" if max(some, whole - some) > thresholds.share * whole else ""


def told_inside(tables: Sequence[Table], wording: Wording) -> list[Table]:
    """The tables as they are, with the number of figures that are not for release below each.

    Nothing is said of made-up data, nor where the study sets no thresholds.
    """
    thresholds = wording.study.thresholds
    if thresholds is None or wording.study.synthetic:
        return list(tables)
    return [_noted(table, thresholds, wording) for table in tables]


def _noted(table: Table, thresholds: Thresholds, wording: Wording) -> Table:
    counts = [cell.counts for row in table.rows for cell in row]
    n = sum(own is not None and _too_few(own, thresholds) for own in counts)
    if not n:
        return table
    note = wording.text("disclosure.not_for_release", n=n, persons=thresholds.persons)
    return replace(table, notes=(*table.notes, note))
