"""A report as a Word document: headings, a list of sections, numbered captions, references that can be clicked."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dnt_cli.report.model import Block, Chapter, FigureBlock, Heading, Paragraph, Report, TableBlock, pieces
from dnt_cli.tables import without_empty
from dnt_cli.tables.typography import BAD, typeset
from dnt_cli.tables.word import Layout, add_table, anchored, field, laid_out, link, new_document, saved, turn

if TYPE_CHECKING:
    from docx.document import Document

    from dnt_cli.report.writers import Images

_WIDTH, _HEIGHT = 14.0, 20.0  # centimetres that a figure may take
_LEAD = 2  # headings and paragraphs before a wide table that stand on its page
_PIXELS = 200 / 2.54  # in a centimetre, as figures are drawn


def as_word(report: Report, pictures: Images, _folder: str = "") -> bytes:
    """The document; `pictures` are PNG."""
    return saved(_WordWriter(report, pictures).document())


class _WordWriter:
    def __init__(self, report: Report, pictures: Images) -> None:
        self.report, self.pictures = report, pictures
        self.numbers, self.layouts = report.numbers(), dict[str, Layout]()
        self.marks = {key: i for i, key in enumerate(self.numbers, start=1)}  # numbers of the bookmarks
        self.made: Document = new_document(report.title, report.language)

    def document(self) -> Document:
        """The whole document."""
        from docx.enum.text import WD_TAB_ALIGNMENT, WD_TAB_LEADER
        from docx.shared import Cm, Pt, RGBColor

        made, report = self.made, self.report
        if report.stamp:
            stamp = made.sections[0].header.paragraphs[0].add_run(report.stamp)
            stamp.bold, stamp.font.size, stamp.font.color.rgb = True, Pt(9), RGBColor.from_string(BAD)
        made.add_paragraph(typeset(report.title), style="Title")
        for line in report.lines:
            made.add_paragraph(typeset(line))
        made.add_paragraph(report.contents, style="Heading 2")
        for i, section in enumerate(report.sections, start=1):
            entry = made.add_paragraph()
            entry.paragraph_format.space_after = Pt(3)
            entry.paragraph_format.tab_stops.add_tab_stop(Cm(16), WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS)
            link(entry, _anchor(section), f"{i}  {section.title}")
            entry.add_run("\t")
            field(entry, f" PAGEREF {_anchor(section)} \\h ", "…", dirty=True)
        for i, section in enumerate(report.sections, start=1):
            self._section(i, section)
        return made

    def _section(self, number: int, section: Chapter) -> None:
        turn(self.made, landscape=self._wide_ahead(section.blocks))
        heading = self.made.add_heading(level=1)
        heading.paragraph_format.page_break_before = True
        with anchored(heading, _anchor(section), 1000 + number):
            heading.add_run(f"{number}  {typeset(section.title)}")
        count = 0
        for i, block in enumerate(section.blocks):
            if isinstance(block, Heading) and block.level == 2:
                count += 1
                turn(self.made, landscape=self._wide_ahead(section.blocks[i:]))
                self.made.add_heading(f"{number}.{count}  {typeset(block.text)}", level=2)
                continue
            if not isinstance(block, TableBlock) and not self._wide_ahead(section.blocks[i:]):
                turn(self.made, landscape=False)
            self._block(block, follows=next(iter(section.blocks[i + 1 :]), None))

    def _block(self, block: Block, follows: Block | None) -> None:
        if isinstance(block, TableBlock):
            layout = self._layout(block)
            turn(self.made, landscape=layout.landscape)
            self._caption(block.key, block.table.title)
            add_table(self.made, layout)
            return
        if isinstance(block, FigureBlock):
            self._figure(block)
        elif isinstance(block, Heading):
            self.made.add_heading(typeset(block.text), level=block.level)
        else:
            self._paragraph(block, keep=isinstance(follows, FigureBlock))

    def _paragraph(self, block: Paragraph, *, keep: bool) -> None:
        paragraph = self.made.add_paragraph(style="List Bullet" if block.style == "item" else None)
        paragraph.paragraph_format.keep_with_next = keep or None
        for text, refers in pieces(block.text):
            if refers:
                field(paragraph, f" REF {self._bookmark(text)} \\h ", self.numbers.get(text, text))
            else:
                paragraph.add_run(typeset(text))

    def _caption(self, key: str, title: str, *, below: bool = False) -> None:
        """The number and title of a table, or of the figure that it stands below."""
        from docx.shared import Pt

        paragraph = self.made.add_paragraph(style="Caption")
        if below:
            paragraph.paragraph_format.keep_with_next = False
            paragraph.paragraph_format.space_before, paragraph.paragraph_format.space_after = Pt(0), Pt(8)
        kind, number = self.numbers[key].rsplit(" ", 1)
        with anchored(paragraph, self._bookmark(key), self.marks[key]):
            paragraph.add_run(f"{kind} ")
            field(paragraph, f" SEQ {kind} \\* ARABIC ", number)
        paragraph.add_run(f"  {typeset(title)}")

    def _figure(self, block: FigureBlock) -> None:
        from docx.shared import Cm, Pt

        content = self.pictures[block.key]
        width, height = (int.from_bytes(content[at : at + 4], "big") / _PIXELS for at in (16, 20))  # of a PNG
        scale = min(_WIDTH / width, _HEIGHT / height, 1.0)
        shape: Any = self.made.add_picture(io.BytesIO(content), width=Cm(width * scale))
        shape._inline.docPr.set("descr", typeset(block.drawing.about))
        shape._inline.docPr.set("name", block.key)
        around = self.made.paragraphs[-1].paragraph_format
        around.keep_with_next = True
        around.space_after = Pt(2)
        self._caption(block.key, block.title, below=True)

    def _layout(self, block: TableBlock) -> Layout:
        """How a table is laid out, found out once."""
        if block.key not in self.layouts:
            self.layouts[block.key] = laid_out(without_empty(block.table))
        return self.layouts[block.key]

    def _wide_ahead(self, blocks: Sequence[Block]) -> bool:
        """Whether a table on a page on its side follows at once, or after a line or two, which then begin there."""
        for i, block in enumerate(blocks):
            if isinstance(block, TableBlock):
                return i <= _LEAD and self._layout(block).landscape
            if isinstance(block, FigureBlock):
                return False
        return False

    def _bookmark(self, key: str) -> str:
        return f"dnt_{self.marks.get(key, 0)}"


def _anchor(section: Chapter) -> str:
    return f"dnt_section_{section.name}"
