"""Tables as semantic HTML."""

from __future__ import annotations

import html
from collections.abc import Iterable

from dnt_cli.tables.model import Column, Table, Tone


def as_html(tables: Iterable[Table]) -> str:
    """A fragment of semantic HTML; tones become classes."""
    return "\n".join(_html(table) for table in tables)


def _html(table: Table) -> str:
    def cell(tag: str, text: str, column: Column, tone: Tone = "") -> str:
        style = ' style="text-align:right"' if column.justify == "right" else ""
        css = f' class="{tone}"' if tone else ""
        return f"<{tag}{css}{style}>{html.escape(text)}</{tag}>"

    lines = ["<table>", f"<caption>{html.escape(table.title)}</caption>", "<thead><tr>"]
    lines += [cell("th", column.heading, column) for column in table.columns]
    lines.append("</tr></thead>")
    for section in table.sections:
        lines.append("<tbody>")
        if section.heading:
            lines.append(
                f'<tr><th colspan="{len(table.columns)}" scope="rowgroup">{html.escape(section.heading)}</th></tr>'
            )
        for row in section.rows:
            cells = "".join(cell("td", c.text, column, c.tone) for c, column in zip(row, table.columns, strict=True))
            lines.append(f"<tr>{cells}</tr>")
        lines.append("</tbody>")
    notes = "<br>".join(html.escape(note) for note in table.notes)
    lines += ["</table>", f"<p>{notes}</p>" if notes else ""]
    return "\n".join(lines) + "\n"
