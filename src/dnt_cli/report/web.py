"""A report as a web page: one file with its pictures inside, readable without a network."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dnt_cli.figures.inline import inline_svg
from dnt_cli.report.model import Block, Chapter, FigureBlock, Heading, Paragraph, Report, TableBlock, pieces
from dnt_cli.tables import without_empty
from dnt_cli.tables.html import page, table_html
from dnt_cli.tables.typography import typeset

if TYPE_CHECKING:
    from dnt_cli.report.writers import Images


def as_web(report: Report, pictures: Images, _folder: str = "") -> bytes:
    """The page; `pictures` are SVG."""
    return page(report.title, "\n".join(_WebWriter(report, pictures).lines()) + "\n", report.language).encode()


class _WebWriter:
    def __init__(self, report: Report, pictures: Images) -> None:
        self.report, self.pictures, self.numbers = report, pictures, report.numbers()

    def lines(self) -> Iterator[str]:
        """The body of the page."""
        report = self.report
        if report.stamp:
            yield f'<p class="stamp" role="note">{_text(report.stamp)}</p>'
        yield f"<h1>{_text(report.title)}</h1>"
        yield from (f"<p>{_text(line)}</p>" for line in report.lines)
        entries = "".join(f'<li><a href="#{s.name}">{_text(s.title)}</a></li>' for s in report.sections)
        contents = _text(report.contents)
        yield f'<nav aria-label="{contents}"><h2>{contents}</h2><ol>{entries}</ol></nav>'
        for i, section in enumerate(report.sections, start=1):
            yield from self._section(i, section)

    def _section(self, number: int, section: Chapter) -> Iterator[str]:
        yield f'<section id="{section.name}" aria-labelledby="{section.name}-title">'
        yield f'<h2 id="{section.name}-title">{number}&ensp;{_text(section.title)}</h2>'
        count, listed = 0, False
        for block in section.blocks:
            item = isinstance(block, Paragraph) and block.style == "item"
            if item != listed:
                yield "<ul>" if item else "</ul>"
                listed = item
            if isinstance(block, Heading) and block.level == 2:
                count += 1
                yield f"<h3>{number}.{count}&ensp;{_text(block.text)}</h3>"
            else:
                yield self._block(block)
        yield "</ul></section>" if listed else "</section>"

    def _block(self, block: Block) -> str:
        if isinstance(block, TableBlock):
            caption = f"{self.numbers[block.key]}&ensp;{_text(block.table.title)}"
            return f'<div id="{block.key}">{table_html(without_empty(block.table), caption)}</div>'
        if isinstance(block, FigureBlock):
            picture = inline_svg(self.pictures[block.key], block.key)
            caption = f"{self.numbers[block.key]}&ensp;{_text(block.title)}"
            return f'<figure id="{block.key}">{picture}<figcaption>{caption}</figcaption></figure>'
        if isinstance(block, Heading):
            return f"<h4>{_text(block.text)}</h4>"
        text = "".join(
            f'<a href="#{part}">{self.numbers.get(part, part)}</a>' if refers else _text(part)
            for part, refers in pieces(block.text)
        )
        if block.style == "item":
            return f"<li>{text}</li>"
        return f'<p class="lead">{text}</p>' if block.style == "lead" else f"<p>{text}</p>"


def _text(text: str) -> str:
    return html.escape(typeset(text))
