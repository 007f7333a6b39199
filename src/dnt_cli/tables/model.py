"""A table as a model of headings, rows, cells and notes.

No table holds a character that a terminal or a browser would obey instead of showing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import Literal

from dnt_cli.safe_text import shown, shown_in_line
from dnt_cli.tables.counts import Counts

_CHART = re.compile("[▁▂▃▄▅▆▇█ ]+")
Tone = Literal["", "good", "bad", "muted"]
Justify = Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A text and what it means for the person: colour is never the only sign.

    Attributes:
        text: As it is shown.
        tone: Good or bad for the person, or of less weight.
        value: The number behind the text with every digit, for a spreadsheet; None where the text says it all.
        counts: The persons behind the number; None where there is no number, or where they are not known.
    """

    text: str
    tone: Tone = ""
    value: float | None = None
    counts: Counts | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", shown_in_line(self.text))


@dataclass(frozen=True, slots=True)
class Column:
    """A heading; `optional` columns are left out first where the terminal is narrow.

    Attributes:
        heading: Above the column; empty over marks, which belong to the number before them.
        justify: Numbers stand right.
        optional: Left out first.
        group: The heading over this column and its neighbours of the same group.
    """

    heading: str
    justify: Justify = "right"
    optional: bool = False
    group: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "heading", shown_in_line(self.heading))
        object.__setattr__(self, "group", shown_in_line(self.group))


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under a common heading."""

    heading: str
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "heading", shown_in_line(self.heading))


@dataclass(frozen=True, slots=True)
class Table:
    """What is shown: a title, columns, sections of rows, and notes below.

    Attributes:
        title: Above it.
        columns: From left to right.
        sections: From above to below.
        notes: Below it.
        details: Those of the notes that a document with an appendix sets there: lists per outcome, technical remarks.
        name: What it shows, the same in every language, for code that looks for it among others; empty if none does.
    """

    title: str
    columns: tuple[Column, ...]
    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()
    details: frozenset[str] = frozenset()
    name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", shown_in_line(self.title))
        object.__setattr__(self, "notes", tuple(shown(note) for note in self.notes))
        object.__setattr__(self, "details", frozenset(shown(note) for note in self.details))

    @property
    def headings(self) -> tuple[str, ...]:
        """The headings in one line: the first of each group begins with the group."""
        before = ("", *(column.group for column in self.columns))
        return tuple(
            f"{column.group} {column.heading}".strip() if column.group != last else column.heading
            for column, last in zip(self.columns, before, strict=False)
        )

    @property
    def rows(self) -> list[tuple[Cell, ...]]:
        """The rows of all sections."""
        return [row for section in self.sections for row in section.rows]

    def with_cells(self, changed: Callable[[Cell], Cell]) -> Table:
        """The table with each of its cells changed, row by row from above."""
        sections = (replace(s, rows=tuple(tuple(map(changed, row)) for row in s.rows)) for s in self.sections)
        return replace(self, sections=tuple(sections))

    @property
    def marks(self) -> frozenset[int]:
        """The places of columns of marks: without a heading, behind numbers."""
        places = enumerate(pairwise(self.columns), start=1)
        return frozenset(i for i, (a, b) in places if a.justify == "right" and b.justify == "left" and not b.heading)

    @property
    def groups(self) -> tuple[tuple[str, int], ...]:
        """The headings over the headings, each with the number of its columns; none where no column has a group."""
        if not any(column.group for column in self.columns):
            return ()
        return tuple((name, len(list(own))) for name, own in groupby(column.group for column in self.columns))


def slugs(titles: Iterable[str]) -> list[str]:
    """A name in plain letters for each title, such as `odds-ratios`; numbered where titles are the same."""
    found: list[str] = []
    for title in titles:
        plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode("ascii").lower()
        name = re.sub(r"[^a-z0-9]+", "-", plain.replace("'", "")).strip("-") or "table"
        number = 1
        while (slug := name if number == 1 else f"{name}-{number}") in found:
            number += 1
        found.append(slug)
    return found


def narrowed(table: Table) -> Table:
    """The table without its optional columns."""
    keep = [i for i, column in enumerate(table.columns) if not column.optional]
    return _with_columns(table, keep)


def without_empty(table: Table) -> Table:
    """The table without the columns that hold nothing."""
    rows = table.rows
    return _with_columns(table, [i for i in range(len(table.columns)) if i == 0 or any(row[i].text for row in rows)])


def without_charts(table: Table, note: str = "") -> Table:
    """The table without the columns of small charts made of characters, which few printed types have, or their note."""
    rows = table.rows
    drawn = [i for i in range(len(table.columns)) if _CHART.fullmatch("".join(row[i].text for row in rows))]
    plain = _with_columns(table, [i for i in range(len(table.columns)) if i not in drawn])
    return replace(plain, notes=tuple(own for own in plain.notes if own != note))


def _with_columns(table: Table, keep: list[int]) -> Table:
    """These columns, and the notes but those on another column, which begin with its heading and a colon."""
    names = [column.heading.partition(" (")[0] for column in table.columns]  # d of d (95% CI)
    gone = {*names} - {names[i] for i in keep} - {""}
    notes = tuple(note for note in table.notes if note.partition(":")[0] not in gone)
    sections = tuple(Section(s.heading, tuple(tuple(row[i] for i in keep) for row in s.rows)) for s in table.sections)
    return replace(table, columns=tuple(table.columns[i] for i in keep), sections=sections, notes=notes)
