"""Tables as they may leave: what rests on too few is left out, and so is what would tell it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from dnt_cli.description.attrition import seen_in
from dnt_cli.description.persons import ATTENDANCE
from dnt_cli.disclosure.bounds import ContradictionError
from dnt_cli.disclosure.notes import NoteFilter
from dnt_cli.disclosure.protect import Decision, decided
from dnt_cli.disclosure.quantities import Quantity, Registry, quantities_of, registered
from dnt_cli.disclosure.rounding import rounded
from dnt_cli.disclosure.rules import broken_rule
from dnt_cli.study import Study, Thresholds
from dnt_cli.tables import Cell, Column, Counts, Section, Table
from dnt_cli.tables.counts import Pair
from dnt_cli.wording import Wording

HIDDEN = "[x]"
_CHART = re.compile("[▁▂▃▄▅▆▇█]")
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Left:
    """Something that is left out.

    Attributes:
        source: The file that was asked for.
        table: The title of the table.
        row: The label of the row, after the heading above it; of a note, its beginning.
        column: The heading of the column, with that above it; nothing for a note.
        rule: What `disclosure.rule_<rule>` says.
    """

    source: str
    table: str
    row: str
    column: str
    rule: str


@dataclass(frozen=True, slots=True)
class Release:
    """What may leave, and what not.

    Attributes:
        tables: Source -> its tables.
        left: Cells and notes that are left out.
        shown: Number of cells with a number that are shown, per source and table.
        decision: What is told and hidden, and within which bounds that can be computed.
    """

    tables: Mapping[str, Sequence[Table]]
    left: Sequence[Left]
    shown: Mapping[tuple[str, str], int]
    decision: Decision

    @property
    def told(self) -> dict[Quantity, float]:
        """What the release tells."""
        return {q: value for q, value in self.decision.values.items() if q not in self.decision.hidden}

    def of(self, sources: Collection[str]) -> Release:
        """What leaves of some sources alone."""
        return replace(
            self,
            tables={source: own for source, own in self.tables.items() if source in sources},
            left=[own for own in self.left if own.source in sources],
            shown={key: n for key, n in self.shown.items() if key[0] in sources},
        )

    def keeping(self, source: str, kept: Collection[str]) -> Release:
        """What leaves if of a source only these tables do, by their titles."""
        tables = {key: [t for t in own if key != source or t.title in kept] for key, own in self.tables.items()}

        def stays(name: str, title: str) -> bool:
            return name != source or title in kept

        return replace(
            self,
            tables={key: own for key, own in tables.items() if own},
            left=[own for own in self.left if stays(own.source, own.table)],
            shown={key: n for key, n in self.shown.items() if stays(*key)},
        )

    def with_source(self, source: str, tables: Sequence[Table], seen: Filter) -> Release:
        """The release with one more source, of which a filter decided."""
        left, shown = (*self.left, *seen.left), {**self.shown, **seen.shown}
        return replace(self, tables={**self.tables, source: tables}, left=left, shown=shown)

    def leaving(self, source: str) -> list[Table]:
        """The tables of a source of which a figure is shown."""
        return [table for table in self.tables[source] if self.shown[source, table.title]]


def released(
    sources: Mapping[str, Sequence[Table]],
    thresholds: Thresholds,
    wording: Wording,
    earlier: Sequence[Mapping[Quantity, float]] = (),
) -> Release:
    """The tables of all sources as they may leave together.

    Args:
        sources: Name of a file -> its tables.
        thresholds: Of the study.
        wording: Of the tables.
        earlier: What each earlier release told.
    """
    try:
        known, decision = _decision(sources, thresholds, wording.study, earlier)
    except ContradictionError:
        if not earlier:
            raise
        known, decision = _decision(sources, thresholds, wording.study, earlier, apart=True)
    filter_ = Filter(decision, thresholds, wording)
    tables = {source: [filter_.table(source, table) for table in own] for source, own in known.items()}
    return Release(tables, tuple(filter_.left), filter_.shown, decision)


def _decision(
    sources: Mapping[str, Sequence[Table]], thresholds: Thresholds, study: Study,
    earlier: Sequence[Mapping[Quantity, float]], *, apart: bool = False,
) -> tuple[dict[str, list[Table]], Decision]:  # fmt: skip
    """The tables under names that hold in all, and what of them is told."""
    registry = Registry(thresholds.persons, apart, _within(study))
    before: dict[Quantity, float] = {}
    for told in earlier:
        before |= registry.known(told)
    known = {source: registered(registry, tables) for source, tables in sources.items()}
    registry.seen = _seen(study, registry.values)
    return known, decided(registry, thresholds, before)


def _within(study: Study) -> list[tuple[Pair, Pair]]:
    """Each yes that only those can give who said yes to another question, at each wave."""
    return [
        ((f"{key}@{wave}", ("1",)), (f"{outcome.conditional_on}@{wave}", ("1",)))
        for key, outcome in study.outcomes.items()
        if outcome.conditional_on is not None and outcome.kind == "binary"
        for wave in outcome.waves
    ]


def _seen(study: Study, values: Iterable[Quantity]) -> list[tuple[Pair, Pair]]:
    """At each wave, those with any answer to a question, and those who were seen."""
    answers: dict[str, tuple[str, ...]] = {}
    patterns: set[str] = set()
    for name, own in (pair for quantity in values for pair in quantity.who):
        patterns |= set(own) if name == ATTENDANCE else set()
        answers[name] = max(own, answers.get(name, ()), key=len)
    waves = study.design.wave_keys
    there = {wave: tuple(sorted(p for p in patterns if wave in (seen_in(p, waves) or ()))) for wave in waves}
    asked = [(f"{key}@{wave}", wave) for key, outcome in study.measured.items() for wave in outcome.waves]
    return [((name, answers[name]), (ATTENDANCE, there[wave])) for name, wave in asked if name in answers]


def is_number(cell: Cell, place: int, width: int) -> bool:
    """Whether a cell tells a number: anything with a digit but the label of a row, and small charts.

    Args:
        cell: Of a row.
        place: In the row.
        width: Cells of the row; one alone is no label, but a sentence.
    """
    return bool(_CHART.search(cell.text) or (_DIGIT.search(cell.text) and (place > 0 or width == 1)))


@dataclass
class Filter:
    """Leaves out of tables and sentences what a decision hides.

    Attributes:
        decision: What is told and hidden.
        thresholds: Of the study.
        wording: Of the tables.
        left: What was left out.
        shown: Number of figures shown, per source and table.
    """

    decision: Decision
    thresholds: Thresholds
    wording: Wording
    left: list[Left] = field(default_factory=list)
    shown: dict[tuple[str, str], int] = field(default_factory=dict)

    @cached_property
    def judge(self) -> NoteFilter:
        """Of notes, and of sizes in headings."""
        return NoteFilter(self.decision, self.thresholds.persons, self.wording)

    def trial(self) -> Filter:
        """The same filter, which has seen nothing yet."""
        return Filter(self.decision, self.thresholds, self.wording)

    def keep(self, trial: Filter) -> None:
        """What a trial left out and showed counts here too."""
        self.left += trial.left
        self.shown |= trial.shown

    def sentence(self, source: str, table: str, cell: Cell) -> str:
        """A sentence as it may leave; empty where it may not.

        Args:
            source: The file that was asked for.
            table: Under which it is counted.
            cell: The sentence, with the persons behind its numbers.
        """
        self.shown.setdefault((source, table), 0)
        if cell.counts == Counts() and not self.judge.may_leave(cell.text):
            self.left.append(Left(source, table, cell.text[:40], "", "note"))
            return ""
        (found,) = self._row(source, Table(table, (Column(""),), ()), "", (cell,))
        return "" if found.text == HIDDEN else found.text

    def table(self, source: str, table: Table) -> Table:
        """The table, without rows of which nothing is left but a label that may not be told."""
        table = replace(table, title=self.judge.masked(table.title, HIDDEN), columns=self._columns(table))
        sections = []
        self.shown[source, table.title] = 0
        for section in table.sections:
            rows = [self._row(source, table, section.heading, row) for row in section.rows]
            kept = [row for row in rows if row[0].text != HIDDEN]
            sections.append(Section(self.judge.masked(section.heading, HIDDEN), tuple(kept)))
        notes = self._notes(source, table)
        if any(own.table == table.title and own.source == source for own in self.left):
            notes = (*notes, self.wording.text("disclosure.hidden_note", mark=HIDDEN, n=self.thresholds.persons))
        return replace(table, sections=tuple(sections), notes=notes)

    def _columns(self, table: Table) -> tuple[Column, ...]:
        """The headings without sizes of groups that may not be told."""
        mask = self.judge.masked
        return tuple(replace(c, heading=mask(c.heading, HIDDEN), group=mask(c.group, HIDDEN)) for c in table.columns)

    def _row(self, source: str, table: Table, above: str, row: Sequence[Cell]) -> tuple[Cell, ...]:
        found: list[Cell] = []
        for place, (cell, column) in enumerate(zip(row, table.columns, strict=True)):
            number = is_number(cell, place, len(row))
            if not number and (cell.counts is None or not cell.text.strip()):
                found.append(replace(cell, text=self.judge.masked(cell.text, HIDDEN)))
                continue
            rule = self._rule(cell)
            if rule:
                label = found[0].text.strip() if found else HIDDEN
                label = f"{self.judge.masked(above, HIDDEN)} / {label}" if above else label
                heading = f"{column.group} {column.heading}".strip()
                self.left += [Left(source, table.title, label, heading, rule)] if number else []
                found.append(Cell(HIDDEN if number or place == 0 else "", "muted"))  # a mark is simply not there
            else:
                self.shown[source, table.title] += number
                found.append(rounded(cell, self.wording))
        if found[0].text == HIDDEN:  # a label of few: nothing of the row stays
            return tuple(Cell(HIDDEN, "muted") for _ in found)
        return tuple(found)

    def _rule(self, cell: Cell) -> str:
        """Why a cell is left out; empty if it is not."""
        if cell.counts is None:
            return "unknown"
        own = broken_rule(cell.counts, self.thresholds)
        if own:
            return own
        hidden = [self.decision.hidden[q] for q in quantities_of(cell.counts) if q in self.decision.hidden]
        return next((rule for rule in hidden if rule != "secondary"), hidden[0] if hidden else "")

    def _notes(self, source: str, table: Table) -> tuple[str, ...]:
        """The notes without those that name a number of persons that may not be told.

        A note on a column, which begins with its heading such as `(a)`, is left out where figures of that column are;
        so is what stands indented under a note that is left out.
        """
        own = [o.column for o in self.left if (o.source, o.table) == (source, table.title)]
        headings = tuple(f"{heading} " for heading in own if heading.startswith("("))
        kept: list[str] = []
        above = True
        for note in table.notes:
            indented = note.startswith(" ")
            leaves = (above if indented else not note.startswith(headings)) and self.judge.may_leave(note)
            above = above if indented else leaves
            if leaves:
                kept.append(note)
            else:
                self.left.append(Left(source, table.title, note[:40], "", "note"))
        return tuple(kept)
