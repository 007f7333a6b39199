"""Tables as LaTeX with booktabs rules: a `table`, or a `longtable` where one page is too short."""

from __future__ import annotations

from collections.abc import Iterable

from dnt_cli.tables.model import Cell, Table, slugs
from dnt_cli.tables.typography import signs, typeset, width_of

_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "∞": r"$\infty$", "−": r"$-$", "–": "--", "▲": r"$\uparrow$", "▼": r"$\downarrow$", "\u00a0": "~",
}  # fmt: skip
_SENTENCE, _WORDS = 60, 22  # characters of a text that is broken into lines, of the first column and of others
_LABEL_EMS, _WORDS_EMS = 18.0, 9.0  # in which they are then set
_NARROW = 0.85  # Latin Modern beside the type that widths are known of
_UPRIGHT, _TURNED = 440.0, 680.0  # points between the margins of an A4 page
_SIZES = (("", 10.0, 6.0), (r"\footnotesize", 8.0, 4.0), (r"\scriptsize", 7.0, 2.5), (r"\tiny", 5.0, 2.0))
"""Commands, the points of their letters, and the room on either side of a column."""
_PAGE = 40  # rows that fit on a page
PREAMBLE = r"\usepackage{booktabs,longtable,array,xcolor}"
COLOURS = r"\definecolor{dntgood}{HTML}{1B7837}\definecolor{dntbad}{HTML}{B2182B}\definecolor{dntmuted}{HTML}{6E6E6E}"


def escaped(text: str) -> str:
    """A text that LaTeX sets as it stands, with true minus signs."""
    return "".join(_LATEX.get(character, character) for character in typeset(text))


def as_latex(tables: Iterable[Table]) -> str:
    """A `table` or `longtable` per table, each with a label and its notes."""
    tables = list(tables)
    labels = slugs(table.title for table in tables)
    parts = [latex_table(table, f"tab:{label}") for table, label in zip(tables, labels, strict=True)]
    return "\n".join([f"% Needs {PREAMBLE}\n{COLOURS}\n", *parts])


def latex_table(table: Table, label: str, *, turned: bool = False) -> str:
    """One table under its caption, with its notes, in letters small enough for the page.

    Args:
        table: What is shown.
        label: For references.
        turned: Whether a table that is too wide may stand on a page on its side, which needs the package pdflscape.
    """
    wide = turned and _size(table, _UPRIGHT)[1] < _SIZES[2][1]
    command, _, around = _size(table, _TURNED if wide else _UPRIGHT)
    lines = _set(table, label, rf"{command}\setlength{{\tabcolsep}}{{{around:g}pt}}" if command else "")
    lines = [r"\begin{landscape}", *lines, r"\end{landscape}"] if wide else lines
    return "\n".join(lines) + "\n"


def _size(table: Table, room: float) -> tuple[str, float, float]:
    """The largest letters at which the columns fit into so many points; the smallest where none does."""
    ems = sum(_ems(table, i) for i in range(len(table.columns)))
    fitting = (own for own in _SIZES if _NARROW * ems * own[1] + 2 * own[2] * len(table.columns) <= room)
    return next(fitting, _SIZES[-1])


def _ems(table: Table, place: int) -> float:
    column = table.columns[place]
    texts = [column.heading, *(row[place].text for row in table.rows)]
    natural = max(map(width_of, texts))
    if column.justify == "left" and _broken(table, place):
        return min(natural, _LABEL_EMS if place == 0 else _WORDS_EMS)
    return natural


def _set(table: Table, label: str, small: str) -> list[str]:
    """The lines of a table, with the command that makes its letters small; a `table` has letters of its own size."""
    caption = rf"\caption{{{escaped(table.title)}}}\label{{{label}}}"
    head, body = _head(table), _body(table)
    notes = [rf"\par\smallskip\parbox{{\linewidth}}{{\footnotesize {escaped(note)}}}" for note in table.notes]
    if len(body) > _PAGE:
        lines = [r"\begingroup" + small] if small else []
        lines += [rf"\begin{{longtable}}{{{_columns(table)}}}", caption + r"\\", *head, r"\endfirsthead", *head]
        lines += [r"\endhead", *body, r"\bottomrule", r"\end{longtable}", *notes]
        lines += [r"\endgroup"] if small else []
    else:
        lines = [r"\begin{table}[htbp]", caption, *([small] if small else [])]
        lines += [rf"\begin{{tabular}}{{{_columns(table)}}}", *head, *body]
        lines += [r"\bottomrule", r"\end{tabular}", *notes, r"\end{table}"]
    return lines


def _columns(table: Table) -> str:
    """Alignment of the columns; marks stand close behind the number before them."""
    marks = table.marks
    return "".join(
        "r" if c.justify == "right" else "@{\\,}l" if i in marks else _text(table, i)
        for i, c in enumerate(table.columns)
    )


def _text(table: Table, place: int) -> str:
    """How a column of text is set: in lines of one width where it holds sentences."""
    if not _broken(table, place):
        return "l"
    if len(table.columns) == 1:
        return r"p{0.9\linewidth}"
    return rf">{{\raggedright\arraybackslash}}p{{{_NARROW * (_LABEL_EMS if place == 0 else _WORDS_EMS):.1f}em}}"


def _broken(table: Table, place: int) -> bool:
    """Whether the texts of a column are broken into lines."""
    longest = max((len(row[place].text) for row in table.rows), default=0)
    return longest > (_SENTENCE if place == 0 else _WORDS)


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
