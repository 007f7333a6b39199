"""Tables as LaTeX with booktabs rules."""

from __future__ import annotations

from collections.abc import Iterable

from dnt_cli.tables.model import Table

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
