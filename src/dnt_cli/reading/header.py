"""Where the table begins in a file that has a title, or lines for another program, above the names of its columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dnt_cli.study import Study

LOOK = 20  # rows in which the names are looked for
_KNOWN = 3  # names of the study that make a row the one with the names
_ENOUGH = 5  # rows that tell whether the words of a row come back
_NAME = re.compile(r"[^\W\d][\w.]*")
_BLANK = re.compile(r"\S\s+\S|\?")
IMPORT_ID = "ImportId"  # in the third row of an export of Qualtrics


@dataclass(frozen=True)
class Hints:
    """What the study knows of a file before it is read.

    Attributes:
        names: columns that may be there.
        sheet: of a workbook.
        header_row: the row with the names, counted from 1.
        decimal: the decimal sign.
    """

    names: frozenset[str] = frozenset()
    sheet: str | None = None
    header_row: int | None = None
    decimal: Literal[".", ","] | None = None


NO_HINTS = Hints()


def hints_of(study: Study) -> Hints:
    """The hints in a study file."""
    design, source = study.design, study.source
    own = (design.id, design.wave, design.group, *design.places, *study.covariates, *study.measured, *study.columns)
    return Hints(frozenset(filter(None, (*own, *source.columns))), source.sheet, source.header_row, source.decimal)


def header_at(rows: Sequence[Sequence[str]], hints: Hints) -> int:
    """Which of the first rows holds the names of the columns.

    The study's names decide; without a study a row with one cell above rows with several is a title, and one that is
    mostly empty above a full one with words that do not come back below says what the columns under it share; so do
    questions above names.
    """
    if hints.header_row is not None:
        return hints.header_row - 1
    first = [[cell.strip() for cell in row] for row in rows[:LOOK]]
    if hints.names:
        for i, row in enumerate(first):
            if len(hints.names.intersection(row)) >= min(_KNOWN, len(hints.names)):
                return i
    filled = [sum(bool(cell) for cell in row) for row in first]
    widest = max(filled, default=0)
    for i, count in enumerate(filled):
        if count > 1 or widest < _KNOWN:
            return i + (_merged_above(first[i:], widest) or _questions_above(first[i:])) if count else 0
    return 0


def questions(names: Sequence[str], texts: Sequence[str]) -> dict[str, str]:
    """The question of each column as its label, from the row below the names in an export of Qualtrics."""
    asked = {name: " ".join(text.split()) for name, text in zip(names, texts, strict=False)}
    return {name: text for name, text in asked.items() if text and text != name}


def labels_above(names: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, str]:
    """The label of each column from the last row above the names, if it says something of most of them."""
    found = questions(names, [cell.strip() for cell in rows[-1]]) if rows else {}
    return found if len(found) > len(names) / 2 else {}


def _questions_above(rows: Sequence[Sequence[str]]) -> int:
    """1 where the first row holds questions, and the second the names: words without blanks that do not come back."""
    if len(rows) < _ENOUGH or not any(_BLANK.search(cell) for cell in rows[0]):
        return 0
    names, below = rows[1], rows[2:]
    words = len(set(names)) == len(names) == len(rows[0]) and all(map(_NAME.fullmatch, names))
    again = any(name in row[i : i + 1] for i, name in enumerate(names) for row in below)
    return int(words and not again and any(cell[:1].isdigit() for row in below for cell in row))


def _merged_above(rows: Sequence[Sequence[str]], width: int) -> int:
    """How many of the first rows are mostly empty and stand above the names, as over the questions of one list."""
    at = next((i for i, row in enumerate(rows) if sum(map(bool, row)) > width / 2), 0)
    names, below = rows[at], rows[at + 1 :]
    words = len(set(names)) == width == sum(not name[:1].isdigit() for name in names if name)
    again = any(cell and cell in row[i : i + 1] for i, cell in enumerate(names) for row in below)
    return at if below and words and not again else 0
