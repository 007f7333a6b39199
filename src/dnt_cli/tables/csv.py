"""Tables as they are shown, as CSV for a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

from dnt_cli.safe_text import neutral
from dnt_cli.study import Language
from dnt_cli.tables.model import Table

_IN_BRACKETS = re.compile(r"\((\d[\d.,]*)\)")  # a standard error, which a spreadsheet takes for a negative number
_LIKE_DATE = re.compile(r"\d{1,2}\s?/\s?\d+")  # two counts, which it takes for a day
_SEPARATOR: dict[Language, str] = {"nl": ";", "en": ","}  # a comma is the decimal sign in Dutch


def as_csv(tables: Iterable[Table], language: Language) -> str:
    """A line per row, the common heading of the rows in front; with several tables each under its title.

    Text that a spreadsheet would take for a formula, a date or another number is made harmless.
    """
    tables = list(tables)
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=_SEPARATOR[language], lineterminator="\n")

    def write(texts: Sequence[str]) -> None:
        writer.writerow([_plain(text) for text in texts])

    for i, table in enumerate(tables):
        if len(tables) > 1:
            stream.write("\n" if i else "")
            write([table.title])
        grouped = any(section.heading for section in table.sections)
        write([*([""] if grouped else []), *table.headings])
        for section in table.sections:
            for row in section.rows:
                write([*([section.heading] if grouped else []), *(cell.text for cell in row)])
    return stream.getvalue()


def _plain(text: str) -> str:
    if text == "-":
        return "–"
    if number := _IN_BRACKETS.fullmatch(text):
        return number[1]
    return f"'{text}" if _LIKE_DATE.fullmatch(text) else neutral(text)
