"""Tables as a model of headings, rows, cells and notes, and their plain renderings: CSV, Markdown, LaTeX, HTML, text.

The terminal's own rendering lives in `cli/console.py`. Every renderer escapes every cell, and no
table holds a character that a terminal or a browser would obey instead of showing.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from dnt_cli.safe_text import shown, shown_in_line

Tone = Literal["", "good", "bad", "muted"]
Justify = Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A text and what it means for the person: colour is never the only sign."""

    text: str
    tone: Tone = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", shown_in_line(self.text))


@dataclass(frozen=True, slots=True)
class Column:
    """A heading; `optional` columns are left out first where the terminal is narrow."""

    heading: str
    justify: Justify = "right"
    optional: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "heading", shown_in_line(self.heading))


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under a common heading."""

    heading: str
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "heading", shown_in_line(self.heading))


@dataclass(frozen=True, slots=True)
class Table:
    """What is shown: a title, columns, sections of rows, and notes below."""

    title: str
    columns: tuple[Column, ...]
    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", shown_in_line(self.title))
        object.__setattr__(self, "notes", tuple(shown(note) for note in self.notes))


def narrowed(table: Table) -> Table:
    """The table without its optional columns."""
    keep = [i for i, column in enumerate(table.columns) if not column.optional]
    sections = tuple(Section(s.heading, tuple(tuple(row[i] for i in keep) for row in s.rows)) for s in table.sections)
    return Table(table.title, tuple(table.columns[i] for i in keep), sections, table.notes)


def as_text(tables: Iterable[Table]) -> str:
    """Aligned plain text at its natural width, for pipes and logs."""
    return "\n".join(_text(table) for table in tables)


def _text(table: Table) -> str:
    rows = [row for section in table.sections for row in section.rows]
    widths = [max([len(column.heading), *(len(row[i].text) for row in rows)]) for i, column in enumerate(table.columns)]

    def line(texts: Sequence[str]) -> str:
        padded = [
            text.rjust(width) if column.justify == "right" else text.ljust(width)
            for text, width, column in zip(texts, widths, table.columns, strict=True)
        ]
        return "  ".join(padded).rstrip()

    lines = [table.title, "", line([column.heading for column in table.columns])]
    lines.append("  ".join("-" * width for width in widths))
    for section in table.sections:
        lines += [section.heading] if section.heading else []
        lines += [line([cell.text for cell in row]) for row in section.rows]
    lines += ["", *table.notes] if table.notes else []
    return "\n".join(lines) + "\n"


def as_markdown(tables: Iterable[Table]) -> str:
    """GitHub-flavoured Markdown."""
    return "\n".join(_markdown(table) for table in tables)


def _markdown(table: Table) -> str:
    def line(texts: Iterable[str]) -> str:
        return "| " + " | ".join(texts) + " |"

    def escape(text: str) -> str:
        for character in "\\|*_`[]<>":
            text = text.replace(character, "\\" + character)
        return text

    empty = [""] * (len(table.columns) - 1)
    lines = [f"**{escape(table.title)}**", "", line(escape(c.heading) for c in table.columns)]
    lines.append(line("---:" if c.justify == "right" else ":---" for c in table.columns))
    for section in table.sections:
        lines += [line([f"**{escape(section.heading)}**", *empty])] if section.heading else []
        lines += [line(escape(cell.text) for cell in row) for row in section.rows]
    lines += ["", *(f"{escape(note)}  " for note in table.notes)]
    return "\n".join(lines) + "\n"


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


_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "∞": r"$\infty$",
}  # fmt: skip


def as_latex(tables: Iterable[Table]) -> str:
    """A `tabular` with booktabs rules per table."""
    return "\n".join(_latex(table) for table in tables)


def _latex(table: Table) -> str:
    def escape(text: str) -> str:
        return "".join(_LATEX.get(character, character) for character in text)

    columns = "".join("r" if c.justify == "right" else "l" for c in table.columns)
    lines = [r"\begin{table}", rf"\caption{{{escape(table.title)}}}", rf"\begin{{tabular}}{{{columns}}}", r"\toprule"]
    lines += [" & ".join(escape(c.heading) for c in table.columns) + r" \\", r"\midrule"]
    for section in table.sections:
        if section.heading:
            lines.append(rf"\multicolumn{{{len(table.columns)}}}{{l}}{{\textbf{{{escape(section.heading)}}}}} \\")
        lines += [" & ".join(escape(cell.text) for cell in row) + r" \\" for row in section.rows]
    lines += [r"\bottomrule", r"\end{tabular}", ""]
    lines += [escape(note) + r"\\" for note in table.notes]
    return "\n".join([*lines, r"\end{table}"]) + "\n"


RENDERERS: dict[str, Callable[[Iterable[Table]], str]] = {
    "text": as_text,
    "md": as_markdown,
    "html": as_html,
    "tex": as_latex,
}
