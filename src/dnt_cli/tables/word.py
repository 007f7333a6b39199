"""Tables in a Word document: three rules, numbers to the right, headings repeated on every page, notes below."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from dnt_cli.study import Language
from dnt_cli.tables.model import Cell, Section, Table, narrowed, without_empty
from dnt_cli.tables.reproducible import reproducible
from dnt_cli.tables.typography import SIGNS, TONES, longest_word, set_heading, set_row, typeset, whole, width_of

if TYPE_CHECKING:
    from docx.document import Document

FONT = "Arial"
_TWIPS = 20  # in a point
_PORTRAIT, _LANDSCAPE = 9070, 13460  # twips: A4 within margins of 2.5 and 3 cm
_SIZES = (9.0, 8.0, 7.0)  # points
# What is tried in this order: on its side or not, points, and how far a text may be broken into narrow lines.
_TRIED = (
    *((False, size, ease) for ease in (1.0, 0.6) for size in _SIZES[:2]),
    *((True, size, ease) for ease in (1.0, 0.6) for size in _SIZES[:2]),
    (False, 9.0, 0.0), (False, 8.0, 0.0), (True, 9.0, 0.0), (True, 8.0, 0.0), (True, 7.0, 0.0),
)  # fmt: skip
_AROUND = 12  # twips above and below a line
_PADDING = 70  # twips on either side of a cell
_LABEL = 13.0  # ems that the first column keeps
_EASE, _HEADING = 24.0, 8.0  # ems in which a longer text, or heading, is read at ease
_BOLD = 1.1  # times as wide
_TOGETHER = 32  # rows of a table that stays on one page
_BEGINNING = 3  # rows of a longer one that stay with its headings
_LANGUAGES: dict[Language, str] = {"nl": "nl-NL", "en": "en-GB"}
_UNKNOWN = re.compile("[\ufffe\uffff]")  # characters that XML has no place for
_SPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def as_docx(tables: Iterable[Table], language: Language) -> bytes:
    """A document with the tables, each under its title."""
    tables = [without_empty(table) for table in tables]
    document = new_document(tables[0].title if tables else "", language)
    for table in tables:
        layout = laid_out(table)
        turn(document, landscape=layout.landscape)
        document.add_paragraph(typeset(table.title), style="Caption")
        add_table(document, layout)
    return saved(document)


def saved(document: Document) -> bytes:
    """The bytes of a document, the same for the same content."""
    stream = io.BytesIO()
    document.save(stream)
    return reproducible(stream.getvalue())


def new_document(title: str, language: Language) -> Document:
    """An empty A4 document with the styles of a report and the page number below."""
    import docx
    from docx.shared import Cm, Pt, RGBColor

    document = docx.Document()
    properties = document.core_properties
    properties.title, properties.author, properties.comments = typeset(title), "dnt", ""
    properties.language = _LANGUAGES[language]
    ink = RGBColor(0x22, 0x22, 0x22)
    styles: dict[str, tuple[float, bool, float, float]] = {  # size, bold, space before and after
        "Normal": (10, False, 0, 6), "Title": (22, True, 0, 10), "Heading 1": (16, True, 18, 8),
        "Heading 2": (12.5, True, 14, 5), "Heading 3": (10.5, True, 10, 4), "Caption": (9.5, True, 12, 4),
    }  # fmt: skip
    for name, (size, bold, before, after) in styles.items():
        style: Any = document.styles[name]
        _plain_font(style)
        style.font.size, style.font.bold, style.font.color.rgb = Pt(size), bold, ink
        style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(after)
        style.paragraph_format.keep_with_next = name != "Normal"
    document.styles["Normal"].paragraph_format.line_spacing = 1.1
    document.styles["List Bullet"].paragraph_format.space_after = Pt(2)
    for name, size, after in (("Table text", 9.0, 0), ("Table note", 8.0, 2)):
        added: Any = document.styles.add_style(name, 1)
        added.base_style = document.styles["Normal"]
        added.font.size = Pt(size)
        added.paragraph_format.space_after, added.paragraph_format.line_spacing = Pt(after), 1.0
    _speak(document, language)
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Cm(2.5)
    _number_pages(section)
    return document


def _plain_font(style: Any) -> None:
    """The font by its name, not by the theme of the template."""
    from docx.oxml.ns import qn

    style.font.name = FONT
    fonts = style.element.rPr.rFonts
    for name in [key for key in fonts.attrib if key.endswith("Theme")]:
        del fonts.attrib[name]
    fonts.set(qn("w:cs"), FONT)
    if style.element.pPr is not None:  # the rule under a title in the template
        for border in style.element.pPr.findall(qn("w:pBdr")):
            style.element.pPr.remove(border)


def _speak(document: Document, language: Language) -> None:
    """The language of spelling and of screen readers."""
    from docx.oxml.ns import qn

    for found in document.styles.element.iter(qn("w:lang")):
        found.set(qn("w:val"), _LANGUAGES[language])


def _number_pages(section: Any) -> None:
    paragraph = section.footer.paragraphs[0]
    paragraph.alignment = 2
    field(paragraph, "PAGE", "1")


def field(paragraph: Any, instruction: str, shown: str, *, dirty: bool = False) -> None:
    """A field that Word counts anew, with what it shows until then; a dirty one is counted when the file is opened."""
    from docx.oxml import parse_xml

    text, own = escape(shown), ' w:dirty="true"' if dirty else ""
    paragraph._p.append(
        parse_xml(
            f"<w:fldSimple {_SPACE} w:instr={quoteattr(instruction)}{own}><w:r><w:t>{text}</w:t></w:r></w:fldSimple>"
        )
    )


def link(paragraph: Any, anchor: str, text: str) -> None:
    """A text that leads to a bookmark of the same document."""
    from docx.oxml import parse_xml

    run = f'<w:r><w:t xml:space="preserve">{escape(_clean(text))}</w:t></w:r>'
    paragraph._p.append(parse_xml(f"<w:hyperlink {_SPACE} w:anchor={quoteattr(anchor)}>{run}</w:hyperlink>"))


@contextlib.contextmanager
def anchored(paragraph: Any, name: str, number: int) -> Iterator[None]:
    """A bookmark around what is added to the paragraph meanwhile."""
    from docx.oxml import parse_xml

    paragraph._p.append(parse_xml(f'<w:bookmarkStart {_SPACE} w:id="{number}" w:name={quoteattr(name)}/>'))
    yield
    paragraph._p.append(parse_xml(f'<w:bookmarkEnd {_SPACE} w:id="{number}"/>'))


def turn(document: Document, *, landscape: bool) -> None:
    """Begin a page of the other orientation, if what follows needs it."""
    from docx.enum.section import WD_ORIENT, WD_SECTION
    from docx.shared import Cm

    last: Any = document.sections[-1]
    if (last.orientation == WD_ORIENT.LANDSCAPE) == landscape:
        return
    empty = len(document.element.body) <= 1  # nothing but the settings of the page
    section: Any = last if empty else document.add_section(WD_SECTION.NEW_PAGE)
    section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = (Cm(29.7), Cm(21)) if landscape else (Cm(21), Cm(29.7))


@dataclass(frozen=True, slots=True)
class Layout:
    """A table and the room that it takes.

    Attributes:
        table: Perhaps without its optional columns, where nothing else fits.
        widths: Of the columns, twips.
        size: Of the letters, points.
        landscape: Whether it needs a page on its side.
    """

    table: Table
    widths: tuple[int, ...]
    size: float
    landscape: bool


def laid_out(table: Table) -> Layout:
    """The largest letters, on an upright page where possible, at which no word and no number is broken."""
    for model in (table, narrowed(table)):
        for landscape, size, ease in _TRIED:
            widths = _widths(model, size, _LANDSCAPE if landscape else _PORTRAIT, ease)
            if widths is not None:
                return Layout(model, widths, size, landscape)
    model, size = narrowed(table), _SIZES[-1]
    least = [own.least for own in _demands(model, size)]
    return Layout(model, tuple(int(own * _LANDSCAPE / sum(least)) for own in least), size, True)


@dataclass(frozen=True, slots=True)
class _Demand:
    """The room that a column takes, in twips: at least, to be read at ease, and for each text in one line."""

    least: int
    wished: int
    most: int


def _widths(table: Table, size: float, room: int, ease: float) -> tuple[int, ...] | None:
    """The widths of the columns, from their least (ease 0) to what is read at ease (1); None if they do not fit."""
    demands = _demands(table, size)
    floor = [own.least + int(ease * (own.wished - own.least)) for own in demands]
    if sum(floor) > room:
        return None
    wanted = [own.most for own in demands]
    more = sum(wanted) - sum(floor)
    share = min((room - sum(floor)) / more, 1.0) if more else 0.0
    return tuple(low + int(share * (high - low)) for low, high in zip(floor, wanted, strict=True))


def _demands(table: Table, size: float) -> list[_Demand]:
    """What each column needs."""
    rows = [
        [
            width_of(text) * (_BOLD if cell.tone in SIGNS else 1)
            for text, cell in zip(map(whole, set_row(table, row)), row, strict=True)
        ]
        for row in table.rows
    ]
    texts = table.rows
    found, marks = [], table.marks
    for i, column in enumerate(table.columns):
        natural = max((row[i] for row in rows), default=0.0)
        least = wished = natural
        if column.justify == "left" and i not in marks:
            words = max((longest_word(row[i].text) for row in texts), default=0.0) * _BOLD
            least = max(words, min(natural, _LABEL if i == 0 else _LABEL / 2))
            wished = max(words, min(natural, _EASE))
        word, heading = longest_word(set_heading(column)) * _BOLD, width_of(column.heading) * _BOLD
        wished = max(wished, word, min(heading, _HEADING))
        ems = (max(least, word), wished, max(natural, wished))
        found.append(_Demand(*(int(own * size * _TWIPS) + 2 * _PADDING + 30 for own in ems)))
    return found


def add_table(document: Document, layout: Layout) -> None:
    """The table at the end of the document, its notes below."""
    from docx.oxml import parse_xml
    from docx.shared import Pt

    table = layout.table
    document.element.body.insert_element_before(parse_xml(_table_xml(layout)), "w:sectPr")
    for i, note in enumerate(table.notes):
        paragraph = document.add_paragraph(typeset(_clean(note)), style="Table note")
        if i == 0:
            paragraph.paragraph_format.space_before = Pt(3)
    document.add_paragraph(style="Table note")  # Word joins tables that touch


def _table_xml(layout: Layout) -> str:
    table = layout.table
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in layout.widths)
    margins = f'<w:left w:w="{_PADDING}" w:type="dxa"/><w:right w:w="{_PADDING}" w:type="dxa"/>'
    rule = '<w:{} w:val="single" w:sz="8" w:space="0" w:color="222222"/>'
    count = sum(len(section.rows) + bool(section.heading) for section in table.sections)
    drawn = _Rows(layout, together=count <= _TOGETHER)
    body = "".join(drawn.section(section) for section in table.sections)
    return (
        f'<w:tbl {_SPACE}><w:tblPr><w:tblW w:w="{sum(layout.widths)}" w:type="dxa"/>'
        f"<w:tblBorders>{rule.format('top')}{rule.format('bottom')}</w:tblBorders>"
        f'<w:tblLayout w:type="fixed"/><w:tblCellMar>{margins}</w:tblCellMar>'
        f'<w:tblLook w:firstRow="1" w:firstColumn="1" w:lastRow="0" w:lastColumn="0" w:noHBand="1" w:noVBand="1"/>'
        f"<w:tblCaption w:val={quoteattr(_clean(typeset(table.title)))}/></w:tblPr>"
        f"<w:tblGrid>{grid}</w:tblGrid>{drawn.head()}{body}</w:tbl>"
    )


def _clean(text: str) -> str:
    return _UNKNOWN.sub("\ufffd", text)


class _Rows:
    """The rows of a table as XML."""

    def __init__(self, layout: Layout, *, together: bool) -> None:
        self.layout = layout
        self.left = 10**6 if together else _BEGINNING  # rows that stay on the page of the row after them

    def head(self) -> str:
        """The headings, which Word repeats on every page."""
        table, widths = self.layout.table, self.layout.widths
        lines: list[str] = []
        if not any(table.headings):
            return ""
        if table.groups:
            cells, place = [], 0
            for name, span in table.groups:
                own = sum(widths[place : place + span])
                cells.append(self._cell(name, own, bold=True, align="center", span=span, ruled=bool(name)))
                place += span
            lines.append("".join(cells))
        lines.append(
            "".join(
                self._cell(set_heading(c), width, bold=True, align=c.justify, ruled=True, column=i)
                for i, (c, width) in enumerate(zip(table.columns, widths, strict=True))
            )
        )
        return "".join(f"<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>{line}</w:tr>" for line in lines)

    def section(self, section: Section) -> str:
        """The rows under one heading."""
        table, widths = self.layout.table, self.layout.widths
        lines = []
        if section.heading:
            self.left += 1
            lines.append(self._cell(section.heading, sum(widths), bold=True, span=len(widths), before=4))
            self.left -= 1
        for row in section.rows:
            lines.append(self._row(row, list(map(whole, set_row(table, row)))))
            self.left -= 1
        return "".join(f"<w:tr><w:trPr><w:cantSplit/></w:trPr>{line}</w:tr>" for line in lines)

    def _row(self, row: tuple[Cell, ...], texts: Sequence[str]) -> str:
        table = self.layout.table
        cells = []
        for i, (cell, column, width) in enumerate(zip(row, table.columns, self.layout.widths, strict=True)):
            colour, strong = TONES.get(cell.tone, ""), cell.tone in ("good", "bad")
            cells.append(self._cell(texts[i], width, bold=strong, align=column.justify, colour=colour, column=i))
        return "".join(cells)

    def _cell(
        self, text: str, width: int, *, bold: bool = False, align: str = "left", colour: str = "", span: int = 1,
        ruled: bool = False, column: int | None = None, before: int = 0,
    ) -> str:  # fmt: skip
        size = int(2 * self.layout.size)
        look = ("<w:b/>" if bold else "") + (f'<w:color w:val="{colour}"/>' if colour else "")
        indent = len(text) - len(text.lstrip(" "))
        paragraph = "<w:keepNext/>" if self.left > 0 else ""
        paragraph += f'<w:spacing w:before="{max(before * _TWIPS, _AROUND)}" w:after="{_AROUND}"/>'
        paragraph += f'<w:ind w:left="{indent * 90}"/>' if indent else ""
        words = escape(_clean(text.strip()))
        run = f'<w:r><w:rPr>{look}<w:sz w:val="{size}"/></w:rPr><w:t xml:space="preserve">{words}</w:t></w:r>'
        rule = '<w:tcBorders><w:bottom w:val="single" w:sz="4" w:color="222222"/></w:tcBorders>' if ruled else ""
        return (
            f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>'
            + (f'<w:gridSpan w:val="{span}"/>' if span > 1 else "")
            + f"{rule}{self._margins(column)}"
            + ('<w:vAlign w:val="bottom"/>' if ruled else "")
            + f'</w:tcPr><w:p><w:pPr><w:pStyle w:val="Tabletext"/>{paragraph}<w:jc w:val="{align}"/></w:pPr>'
            + (run if text.strip() else "")
            + "</w:p></w:tc>"
        )

    def _margins(self, place: int | None) -> str:
        """Marks stand close behind the number before them."""
        if place is None:
            return ""
        if place in self.layout.table.marks:
            return '<w:tcMar><w:left w:w="0" w:type="dxa"/></w:tcMar>'
        return '<w:tcMar><w:right w:w="15" w:type="dxa"/></w:tcMar>' if place + 1 in self.layout.table.marks else ""
