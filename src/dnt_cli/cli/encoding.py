"""Characters that a terminal's encoding lacks, such as a Windows code page's, in ASCII instead."""

from __future__ import annotations

import codecs
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dnt_cli.tables import Table

ERRORS = "dnt-ascii"  # the name of the error handler, for `reconfigure(errors=...)`
_SPELLED = {"–": "-", "—": "-", "−": "-", "…": "...", "∞": "inf", "±": "+/-", "×": "x", "≥": ">=", "≤": "<=", "•": "*"}
_SPELLED |= dict(zip("▁▂▃▄▅▆▇█", "_.:-=+*#", strict=True))  # rising bars


def spelled(text: str, encoding: str) -> str:
    """The text with what `encoding` lacks in ASCII; `?` where nothing is like it."""
    return text.encode(encoding, errors=ERRORS).decode(encoding)


def spelled_table(table: Table, encoding: str) -> Table:
    """The same for all of a table, before its columns are aligned."""
    if codecs.lookup(encoding).name == "utf-8":  # which lacks nothing that a table can hold
        return table

    def plain(text: str) -> str:
        return spelled(text, encoding)

    return replace(
        table,
        title=plain(table.title),
        columns=tuple(
            replace(column, heading=plain(column.heading), group=plain(column.group)) for column in table.columns
        ),
        sections=tuple(
            replace(section, heading=plain(section.heading))
            for section in table.with_cells(lambda cell: replace(cell, text=plain(cell.text))).sections
        ),
        notes=tuple(plain(note) for note in table.notes),
    )


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(_SPELLED.get(character) or _without_accents(character) for character in text), error.end


def _without_accents(character: str) -> str:
    bare = unicodedata.normalize("NFKD", character).encode("ascii", errors="ignore").decode("ascii")
    return bare or "?"


codecs.register_error(ERRORS, _in_ascii)
