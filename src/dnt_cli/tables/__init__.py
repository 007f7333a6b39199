"""Tables: one model, and a rendering per format.

The terminal's own rendering lives in `cli/console.py`. Every renderer escapes every cell.
"""

from collections.abc import Callable, Iterable

from dnt_cli.study import Language
from dnt_cli.tables.counts import Counts, Persons, Properties, Share, Total, mean_of, named, resting, share_of, together
from dnt_cli.tables.csv import as_csv
from dnt_cli.tables.html import as_html, as_page
from dnt_cli.tables.latex import as_latex
from dnt_cli.tables.markdown import as_markdown
from dnt_cli.tables.model import Cell, Column, Section, Table, Tone, narrowed, slugs, without_charts, without_empty
from dnt_cli.tables.text import as_text

__all__ = [
    "RENDERERS", "Cell", "Column", "Counts", "Persons", "Properties", "Section", "Share", "Table", "Tone", "Total",
    "as_html", "as_latex", "as_markdown", "as_text", "document", "mean_of", "named", "narrowed", "resting",
    "share_of", "slugs", "together", "without_charts", "without_empty",
]  # fmt: skip

RENDERERS: dict[str, Callable[[Iterable[Table]], str]]
RENDERERS = {"text": as_text, "md": as_markdown, "html": as_html, "tex": as_latex}


def document(form: str, tables: Iterable[Table], language: Language) -> bytes:
    """A whole file with the tables: `docx`, `xlsx`, `html`, `md`, `tex` or `csv`."""
    if form == "docx":
        from dnt_cli.tables.word import as_docx

        return as_docx(tables, language)
    if form == "xlsx":
        from dnt_cli.tables.excel import as_xlsx

        return as_xlsx(tables, language)
    if form == "html":
        return as_page(tables, language).encode()
    if form == "csv":
        return as_csv(tables, language).encode()
    return RENDERERS["text" if form == "table" else form](tables).encode()
