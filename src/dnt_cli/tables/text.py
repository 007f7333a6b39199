"""Tables as aligned plain text, for pipes and logs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dnt_cli.tables.model import Table


def as_text(tables: Iterable[Table]) -> str:
    """Aligned plain text at its natural width, for pipes and logs."""
    return "\n".join(_text(table) for table in tables)


def _text(table: Table) -> str:
    rows = table.rows
    widths = [max([len(heading), *(len(row[i].text) for row in rows)]) for i, heading in enumerate(table.headings)]

    def line(texts: Sequence[str]) -> str:
        padded = [
            text.rjust(width) if column.justify == "right" else text.ljust(width)
            for text, width, column in zip(texts, widths, table.columns, strict=True)
        ]
        return "  ".join(padded).rstrip()

    lines = [table.title, ""]
    if any(table.headings):  # a column of sentences has none
        lines += [line(table.headings), "  ".join("-" * width for width in widths)]
    for section in table.sections:
        lines += [section.heading] if section.heading else []
        lines += [line([cell.text for cell in row]) for row in section.rows]
    lines += ["", *table.notes] if table.notes else []
    return "\n".join(lines) + "\n"
