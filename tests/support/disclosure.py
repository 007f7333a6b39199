"""Numbers with the persons behind them, and what a release with them decides."""

from __future__ import annotations

from dnt_cli.disclosure.protect import Decision, decided
from dnt_cli.disclosure.quantities import Quantity, Registry
from dnt_cli.disclosure.release import released
from dnt_cli.study import load_study
from dnt_cli.study.disclosure import CBS
from dnt_cli.tables import Cell, Column, Counts, Section, Table, named, share_of
from dnt_cli.tables.counts import Pair
from dnt_cli.wording import Wording

YES, BOTH = ("work", ("1",)), ("work", ("0", "1"))
ENGLISH = Wording(load_study("dnt"), "en")


def arm(name: str) -> list[Pair]:
    return [("group", (name,))] if name else []


def yes(group: str, n: int, of: int) -> Counts:
    return share_of([*arm(group), YES], n, [*arm(group), BOTH], of)


def size(*who: Pair) -> Quantity:
    return Quantity(named(who))


def of(*numbers: Counts, earlier: dict[Quantity, float] | None = None) -> Decision:
    registry = Registry(CBS.persons)
    before = registry.known(earlier or {})
    registry.add(numbers)
    return decided(registry, CBS, before)


def table(rows: list[tuple[str, str, Counts | None]], notes: tuple[str, ...] = ()) -> Table:
    body = tuple((Cell(label), Cell(text, counts=counts)) for label, text, counts in rows)
    return Table("T", (Column("", "left"), Column("N")), (Section("", body),), notes)


def texts(own: Table, earlier: dict[Quantity, float] | None = None) -> list[str]:
    shown = released({"f": [own]}, CBS, ENGLISH, [earlier] if earlier else []).tables["f"][0]
    return [row[1].text for row in shown.rows]
