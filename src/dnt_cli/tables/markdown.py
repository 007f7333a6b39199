"""Tables as GitHub-flavoured Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from dnt_cli.tables.model import Table


def as_markdown(tables: Iterable[Table]) -> str:
    """GitHub-flavoured Markdown."""
    return "\n".join(markdown_table(table, table.title) for table in tables)


def escape(text: str) -> str:
    """A text that Markdown shows as it stands."""
    for character in "\\|*_`[]<>":
        text = text.replace(character, "\\" + character)
    return text


def markdown_table(table: Table, caption: str) -> str:
    """One table under its caption, with its notes."""

    def line(texts: Iterable[str]) -> str:
        return "| " + " | ".join(texts) + " |"

    empty = [""] * (len(table.columns) - 1)
    lines = [f"**{escape(caption)}**", "", line(escape(heading) for heading in table.headings)]
    lines.append(line("---:" if c.justify == "right" else ":---" for c in table.columns))
    for section in table.sections:
        lines += [line([f"**{escape(section.heading)}**", *empty])] if section.heading else []
        lines += [line(escape(cell.text) for cell in row) for row in section.rows]
    lines += ["", *(f"{escape(note)}  " for note in table.notes)]
    return "\n".join(lines) + "\n"
