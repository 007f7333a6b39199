"""How a cell is set in a document: true minus signs, numbers that never break, and a sign beside every colour."""

from __future__ import annotations

import re

from dnt_cli.tables.model import Cell, Column, Table

GOOD, BAD, MUTED = "1B7837", "B2182B", "6E6E6E"  # of texts; 5.6, 6.5 and 5.1 times as dark as white paper
TONES = {"good": GOOD, "bad": BAD, "muted": MUTED}
SIGNS = {"good": "▲", "bad": "▼"}
NO_BREAK, NO_BREAK_HYPHEN = "\u00a0", "\u2011"
_MINUS = re.compile(r"(?<![\w.,\u2212-])-(?=[\d.,∞])")
_JOINT = re.compile(r"-(?=\d)|(?<=%)-")  # in c-0.2, and in the name of a unit


def typeset(text: str) -> str:
    """A text with true minus signs, and a dash where a lone hyphen says that there is nothing."""
    return "–" if text == "-" else _MINUS.sub("−", text)


def set_row(table: Table, row: tuple[Cell, ...]) -> list[str]:
    """The texts of a row, each with its sign; numbers and marks hold no place where a line could break."""
    marks, texts = table.marks, []
    for i, (cell, column, sign) in enumerate(zip(row, table.columns, signs(table, row), strict=True)):
        text = typeset(cell.text)
        if column.justify == "right" or i in marks:
            text = text.replace(" ", NO_BREAK)
        texts.append(f"{text}{NO_BREAK}{sign}" if sign else text)
    return texts


def whole(text: str) -> str:
    """A text on paper: lines do not break within a code such as c-0.2."""
    return _JOINT.sub(NO_BREAK_HYPHEN, text)


def signs(table: Table, row: tuple[Cell, ...]) -> list[str]:
    """Per cell the sign that says what its colour says, or nothing.

    An estimate and the mark behind it, or behind its standard error, have one sign between them.
    """
    found = [SIGNS.get(cell.tone, "") if cell.text else "" for cell in row]
    for i in table.marks:
        for place in range(max(i - 2, 0), i):
            if found[i] and found[place] == found[i]:
                found[place] = ""
    return found


def set_heading(column: Column) -> str:
    """A heading; over numbers it breaks at spaces alone."""
    return column.heading.replace("-", "\u2011") if column.justify == "right" else column.heading


def coloured(table: Table) -> bool:
    """Whether a colour says something in this table."""
    return any(cell.tone in SIGNS for row in table.rows for cell in row)


# Of DejaVu Sans, which takes the place of Arial where that is not installed, and is the wider of the two.
_WIDTHS = {
    **dict.fromkeys("iljIJ'|", 0.3),
    **dict.fromkeys(".,:;! /\u00a0", 0.34),
    **dict.fromkeys("frt()[]-\u2011", 0.41),
    **dict.fromkeys("*–_", 0.5),
    **dict.fromkeys("0123456789", 0.64),
    **dict.fromkeys("ABCDEFGHKLNOPQRSTUVXYZ&▲▼", 0.76),
    **dict.fromkeys("−+<=>#wM", 0.86),
    **dict.fromkeys("mW%—", 0.98),
}
_OTHER_WIDTH = 0.62


def width_of(text: str) -> float:
    """The width of a text in a sans-serif type, in ems; rather too wide than too narrow."""
    return sum(_WIDTHS.get(character, _OTHER_WIDTH) for character in text)


def longest_word(text: str) -> float:
    """The width of the longest part that has no place to break, in ems."""
    return max((width_of(word) for word in re.split(r"[ \n]|(?<=[^%]-)(?!\d)", text)), default=0.0)
