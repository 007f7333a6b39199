"""Tables as semantic HTML, alone or as a page that stands by itself: one file, nothing loaded from elsewhere."""

from __future__ import annotations

import html
from collections.abc import Iterable

from dnt_cli.study import Language
from dnt_cli.tables.model import Cell, Column, Section, Table, Tone
from dnt_cli.tables.typography import BAD, GOOD, MUTED, set_row, typeset

_LONG = 20  # characters
STYLE = f"""\
:root {{ color-scheme: light; }}
body {{ font: 16px/1.5 system-ui, "Segoe UI", Arial, sans-serif; color: #222; background: #fff;
  max-width: 62rem; margin: 0 auto; padding: 1rem 1.25rem 4rem; }}
h1, h2, h3 {{ line-height: 1.25; }}
h1 {{ font-size: 1.9rem; }} h2 {{ font-size: 1.4rem; margin-top: 2.5rem; }}
h3 {{ font-size: 1.15rem; margin-top: 2rem; }} h4 {{ font-size: 1rem; margin: 1.6rem 0 .4rem; }}
.wide {{ overflow-x: auto; margin: 1.2rem 0 .4rem; }}
table {{ border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums lining-nums; }}
caption {{ text-align: left; font-weight: 700; padding-bottom: .4rem; }}
th, td {{ padding: .18rem .7rem .18rem 0; vertical-align: top; text-align: left; font-weight: normal; }}
th:first-child, td:first-child {{ min-width: 11rem; }}
.number {{ text-align: right; white-space: nowrap; }}
.words {{ min-width: 9rem; }}
.mark {{ white-space: nowrap; padding-left: 0; }}
td.number:has(+ .mark), th.number:has(+ .mark) {{ padding-right: .15rem; }}
thead {{ border-top: 2px solid #222; border-bottom: 1px solid #222; }}
thead th {{ font-weight: 700; vertical-align: bottom; }}
thead th[colspan] {{ border-bottom: 1px solid #999; text-align: center; }}
tbody:last-of-type {{ border-bottom: 2px solid #222; }}
tbody th[scope=rowgroup] {{ font-weight: 700; padding-top: .6rem; }}
.good {{ color: #{GOOD}; font-weight: 700; }} .bad {{ color: #{BAD}; font-weight: 700; }} .muted {{ color: #{MUTED}; }}
.notes {{ font-size: .82rem; color: #444; margin: .3rem 0 1.5rem; max-width: 46rem; }} .notes p {{ margin: .15rem 0; }}
figure {{ margin: 1.5rem 0; }} figure svg, figure img {{ max-width: 100%; height: auto; }}
figcaption {{ font-weight: 700; font-size: .9rem; }}
.stamp {{ border: 2px solid #{BAD}; color: #{BAD}; font-weight: 700; padding: .4rem .8rem; margin: 0 0 1rem; }}
nav ol {{ columns: 2; }} a {{ color: #0b5394; }}
@media (max-width: 40rem) {{ body {{ font-size: 15px; padding: .6rem .7rem 3rem; }} nav ol {{ columns: 1; }}
  th:first-child, td:first-child {{ min-width: 8rem; }} }}
@media print {{ body {{ max-width: none; padding: 0; font-size: 9.5pt; }} .wide {{ overflow: visible; }}
  table {{ font-size: 8pt; }} tr, figure {{ break-inside: avoid; }} thead {{ display: table-header-group; }}
  h2, h3 {{ break-after: avoid; }} nav {{ display: none; }}
  .stamp {{ position: fixed; top: 0; left: 0; right: 0; font-size: 8pt; padding: 1mm 2mm; background: #fff; }}
  main {{ padding-top: 8mm; }} @page {{ margin: 16mm; }} }}
"""


def as_page(tables: Iterable[Table], language: Language) -> str:
    """A whole page with the tables."""
    tables = list(tables)
    return page(tables[0].title if tables else "", as_html(tables), language)


def page(title: str, body: str, language: Language) -> str:
    """A whole page around HTML, readable on a phone, on paper and by a screen reader."""
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="generator" content="dnt">\n'
        f"<title>{html.escape(title)}</title>\n<style>\n{STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )


def as_html(tables: Iterable[Table]) -> str:
    """A fragment of semantic HTML; tones become classes, and a sign beside the text."""
    return "\n".join(table_html(table, html.escape(typeset(table.title))) for table in tables)


def table_html(table: Table, caption: str) -> str:
    """One table with its notes; the caption is HTML already."""
    label = html.escape(typeset(table.title))
    lines = [f'<div class="wide" role="region" tabindex="0" aria-label="{label}"><table>']
    lines.append(f"<caption>{caption}</caption>")
    if any(table.headings):
        marks = table.marks
        heads = (_cell("th", c.heading, c, "mark" * (i in marks), scope="col") for i, c in enumerate(table.columns))
        lines += ["<thead>", *_group_row(table), "<tr>", *heads, "</tr></thead>"]
    for section in table.sections:
        lines += _section(table, section)
    lines.append("</table></div>")
    notes = "".join(f"<p>{html.escape(typeset(note))}</p>" for note in table.notes)
    return "\n".join([*lines, *([f'<div class="notes">{notes}</div>'] if notes else [])]) + "\n"


def _group_row(table: Table) -> list[str]:
    if not table.groups:
        return []
    cells = (
        f'<th scope="colgroup" colspan="{span}">{html.escape(name)}</th>' if name else "<td></td>" * span
        for name, span in table.groups
    )
    return [f"<tr>{''.join(cells)}</tr>"]


def _section(table: Table, section: Section) -> list[str]:
    lines = ["<tbody>"]
    if section.heading:
        lines.append(
            f'<tr><th colspan="{len(table.columns)}" scope="rowgroup">{html.escape(section.heading)}</th></tr>'
        )
    lines += [f"<tr>{_row(table, row)}</tr>" for row in section.rows]
    return [*lines, "</tbody>"]


def _row(table: Table, row: tuple[Cell, ...]) -> str:
    cells, marks, wordy = [], table.marks, _wordy(table)
    alone = len(table.columns) == 1  # a column of sentences
    for i, (cell, column, text) in enumerate(zip(row, table.columns, set_row(table, row), strict=True)):
        head = i == 0 and column.justify == "left" and not alone
        kind = "mark" if i in marks else "words" if i in wordy else ""
        cells.append(_cell("th" if head else "td", text, column, kind, cell.tone, "row" if head else ""))
    return "".join(cells)


def _wordy(table: Table) -> frozenset[int]:
    """The places of columns that hold longer texts, which are not to be broken into very short lines."""
    rows = table.rows
    places = range(1, len(table.columns))
    return frozenset(i for i in places if any(len(row[i].text) > _LONG for row in rows))


def _cell(tag: str, text: str, column: Column, kind: str, tone: Tone = "", scope: str = "") -> str:
    if tag == "th" and not text:
        tag, scope = "td", ""  # a heading without words is none
    kinds = ["number"] if column.justify == "right" else [kind] if kind else []
    css = " ".join([*kinds, *([tone] if tone else [])])
    indent = len(text) - len(text.lstrip(" "))
    style = f' style="padding-left:{indent / 2:g}em"' if indent else ""
    attributes = (f' class="{css}"' if css else "") + (f' scope="{scope}"' if scope else "") + style
    return f"<{tag}{attributes}>{html.escape(text.lstrip(' '))}</{tag}>"
