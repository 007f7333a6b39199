"""Tables as LaTeX with booktabs rules: a `table`, or a `longtable` where one page is too short."""

from __future__ import annotations

from collections.abc import Iterable

from dnt_cli.tables.model import Cell, Table, slugs
from dnt_cli.tables.typography import signs, typeset

_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "∞": r"$\infty$", "−": r"$-$", "–": "--", "▲": r"$\uparrow$", "▼": r"$\downarrow$", "\u00a0": "~",
}  # fmt: skip
_SENTENCE = 60  # characters of a text that is broken into lines
_PAGE = 40  # rows that fit on a page
PREAMBLE = r"\usepackage{booktabs,longtable,array,xcolor}"
_COLOURS = r"\definecolor{dntgood}{HTML}{1B7837}\definecolor{dntbad}{HTML}{B2182B}\definecolor{dntmuted}{HTML}{6E6E6E}"


def escaped(text: str) -> str:
    """A text that LaTeX sets as it stands, with true minus signs."""
    return "".join(_LATEX.get(character, character) for character in typeset(text))


def document_colours() -> str:
    """The definitions of the colours of tables."""
    return _COLOURS


def as_latex(tables: Iterable[Table]) -> str:
    """A `table` or `longtable` per table, each with a label and its notes."""
    tables = list(tables)
    labels = slugs(table.title for table in tables)
    parts = [latex_table(table, f"tab:{label}") for table, label in zip(tables, labels, strict=True)]
    return "\n".join([f"% Needs {PREAMBLE}\n{_COLOURS}\n", *parts])


def latex_table(table: Table, label: str) -> str:
    """One table under its caption, with its notes."""
    caption = rf"\caption{{{escaped(table.title)}}}\label{{{label}}}"
    head, body = _head(table), _body(table)
    notes = [rf"\par\smallskip\parbox{{\linewidth}}{{\footnotesize {escaped(note)}}}" for note in table.notes]
    if len(body) > _PAGE:
        lines = [rf"\begin{{longtable}}{{{_columns(table)}}}", caption + r"\\", *head, r"\endfirsthead", *head]
        lines += [r"\endhead", *body, r"\bottomrule", r"\end{longtable}", *notes]
    else:
        lines = [r"\begin{table}[htbp]", caption, rf"\begin{{tabular}}{{{_columns(table)}}}", *head, *body]
        lines += [r"\bottomrule", r"\end{tabular}", *notes, r"\end{table}"]
    return "\n".join(lines) + "\n"


def _columns(table: Table) -> str:
    """Alignment of the columns; marks stand close behind the number before them."""
    marks = table.marks
    return "".join(
        "r" if c.justify == "right" else "@{\\,}l" if i in marks else _text(table, i)
        for i, c in enumerate(table.columns)
    )


def _text(table: Table, place: int) -> str:
    """How a column of text is set: in lines of one width where it holds sentences."""
    longest = max((len(row[place].text) for section in table.sections for row in section.rows), default=0)
    room = 0.9 if len(table.columns) == 1 else 0.3
    return rf"p{{{room}\linewidth}}" if longest > _SENTENCE else "l"


def _head(table: Table) -> list[str]:
    lines = [r"\toprule"]
    if table.groups:
        cells, rules, place = [], [], 1
        for name, span in table.groups:
            cells.append(rf"\multicolumn{{{span}}}{{c}}{{{escaped(name)}}}" if name else "&" * (span - 1))
            rules += [rf"\cmidrule(lr){{{place}-{place + span - 1}}}"] if name else []
            place += span
        lines += [" & ".join(cells) + r" \\", "".join(rules)]
    return [*lines, " & ".join(escaped(c.heading) for c in table.columns) + r" \\", r"\midrule"]


def _body(table: Table) -> list[str]:
    lines = []
    for section in table.sections:
        if section.heading:
            lines.append(rf"\multicolumn{{{len(table.columns)}}}{{l}}{{\textbf{{{escaped(section.heading)}}}}} \\")
        lines += [_row(table, row) for row in section.rows]
    return lines


def _row(table: Table, row: tuple[Cell, ...]) -> str:
    texts = [
        _toned(cell, f"{escaped(cell.text)}{escaped(sign)}") for cell, sign in zip(row, signs(table, row), strict=True)
    ]
    return " & ".join(texts) + r" \\"


def _toned(cell: Cell, text: str) -> str:
    return rf"\textcolor{{dnt{cell.tone}}}{{{text}}}" if cell.tone and cell.text else text
