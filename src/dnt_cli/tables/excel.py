"""Tables as an Excel workbook: a sheet per table, numbers as numbers, shown as the table shows them."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dnt_cli.safe_text import neutral
from dnt_cli.study import Language
from dnt_cli.tables.model import Cell, Column, Table
from dnt_cli.tables.reproducible import reproducible
from dnt_cli.tables.typography import TONES, signs, typeset, width_of

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

_SHOWN = re.compile(r"(\(?)([+-]?)(\d*)(?:[.,](\d+))?(\)?)(%?)")
# Behind a number: marks, or the percentage that a count is.
_BEHIND = re.compile(r"(?:\*+|![ps]?)+|(?<=\d) \(\d+(?:[.,]\d+)?%\)")
_WIDEST = 60  # characters
_LINE, _HIGHEST = 15, 409  # points: of a line, and of a row as Excel allows it
_SHEET = 31  # characters of the name of a sheet


def as_xlsx(tables: Iterable[Table], language: Language) -> bytes:
    """A workbook with a sheet per table."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    for table in tables:
        add_sheet(book, table, language)
    return saved(book)


def saved(book: Workbook) -> bytes:
    """The bytes of a workbook, the same for the same sheets."""
    stream = io.BytesIO()
    book.properties.creator = "dnt"
    book.save(stream)
    return reproducible(stream.getvalue())


def number_in(cell: Cell, language: Language) -> tuple[float, str] | None:
    """The number in a cell and the format that shows it as the table does; None where it is text.

    A cell that tells no `value` holds the number as it is shown, in the decimals of the language. Marks behind it, or
    the percentage behind a count, are shown by the format.
    """
    behind = next((own[0] for own in _BEHIND.finditer(cell.text) if own.end() == len(cell.text)), "")
    match = _SHOWN.fullmatch(cell.text.removesuffix(behind))
    if match is None or not (match[3] or match[4]) or ("." if language == "nl" else ",") in cell.text:
        return None
    opening, sign, whole, decimals, closing, percent = match.groups()
    if bool(opening) != bool(closing) or (len(whole) > 1 and whole[0] == "0"):
        return None  # such as a code 007
    value = cell.value
    if value is None:
        value = float(f"{sign}{whole or '0'}.{decimals or '0'}") / (100 if percent else 1)
    shown = ("0" if whole else "") + ("." + "0" * len(decimals) if decimals else "") + percent
    if opening:
        shown = f'"("{shown}")"'
    shown += f'"{behind}"' if behind else ""
    return value, f"+{shown};-{shown};{shown}" if sign == "+" else shown


def add_sheet(book: Workbook, table: Table, language: Language, name: str = "") -> None:
    """A sheet with the title, the headings (which stay in sight), the rows and the notes."""
    from openpyxl.styles import Border, Font, Side
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(_sheet_name(name or table.title, book.sheetnames))
    sheet.append([neutral(table.title)])
    sheet["A1"].font = Font(bold=True, size=12)
    head = _add_headings(sheet, table)
    line = _add_rows(sheet, table, language, head)
    for i in range(1, len(table.columns) + 1):
        sheet.cell(line + 1, i).border = Border(top=Side(style="thin"))
    for number, note in enumerate(table.notes, start=line + 2):
        sheet.cell(number, 1, neutral(typeset(note))).font = Font(size=9, color=TONES["muted"])
    for i, column in enumerate(table.columns):
        texts = [column.heading, *(f"{row[i].text} ▲" for s in table.sections for row in s.rows)]
        sheet.column_dimensions[get_column_letter(i + 1)].width = min(max(max(map(_width, texts)), 4), _WIDEST)
    sheet.freeze_panes = sheet.cell(head + 1, 2)
    sheet.print_title_rows = f"{head}:{head}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True


def _add_headings(sheet: Worksheet, table: Table) -> int:
    """The groups of columns and the headings; the line of these."""
    from openpyxl.styles import Alignment, Border, Font, Side

    place = 1
    for name, span in table.groups:
        sheet.cell(2, place, neutral(name)).font = Font(bold=True)
        if name:
            sheet.merge_cells(start_row=2, end_row=2, start_column=place, end_column=place + span - 1)
            sheet.cell(2, place).alignment = Alignment(horizontal="center")
        place += span
    head: int = sheet.max_row + 1
    rule = Side(style="thin")
    for i, column in enumerate(table.columns, start=1):
        cell = sheet.cell(head, i, neutral(column.heading))
        cell.font, cell.border = Font(bold=True), Border(top=rule, bottom=rule)
        cell.alignment = Alignment(horizontal=column.justify, vertical="bottom", wrap_text=True)
    return head


def _add_rows(sheet: Worksheet, table: Table, language: Language, line: int) -> int:
    """The sections below a line, each as high as its longest cell; the last line."""
    from openpyxl.styles import Font

    for section in table.sections:
        if section.heading:
            line += 1
            sheet.cell(line, 1, neutral(section.heading)).font = Font(bold=True)
        for row in section.rows:
            line += 1
            most = 1
            for i, (own, column, sign) in enumerate(zip(row, table.columns, signs(table, row), strict=True), start=1):
                lines = _lines(own, column, last=i == len(row))
                _fill(sheet.cell(line, i), own, column, sign, language, wrap=lines > 1)
                most = max(most, lines)
            if most > 1:
                sheet.row_dimensions[line].height = min(_LINE * most, _HIGHEST)
    return line


def _width(text: str) -> float:
    """The width of a column in which it fits."""
    return width_of(text) / 0.5 + 1


def _lines(cell: Cell, column: Column, *, last: bool) -> int:
    """The lines of a text in the widest column; the last column has room to its right, unless it is very long."""
    if column.justify != "left" or _width(cell.text) <= (2 if last else 1) * _WIDEST:
        return 1
    return math.ceil(_width(cell.text) / _WIDEST)


def _fill(target: Any, cell: Cell, column: Column, sign: str, language: Language, *, wrap: bool) -> None:
    from openpyxl.styles import Alignment, Font

    found = number_in(cell, language) if column.justify == "right" else None
    if found is not None:
        target.value, shown = found
        target.number_format = ";".join(f'{part}" {sign}"' for part in shown.split(";")) if sign else shown
    elif cell.text:
        text = neutral(typeset(cell.text) if cell.text == "-" else cell.text)
        target.value = f"{text} {sign}" if sign else text
        target.data_type = "s"
    indent = (len(cell.text) - len(cell.text.lstrip(" "))) // 2
    target.alignment = Alignment(horizontal=column.justify, vertical="top", indent=indent, wrap_text=wrap or None)
    if cell.tone:
        target.font = Font(color=TONES[cell.tone], bold=cell.tone != "muted")


def _sheet_name(title: str, used: Iterable[str]) -> str:
    """A name that Excel accepts and that no other sheet has."""
    taken = {name.lower() for name in used}
    plain = re.sub(r"[\\/*?:\[\]']", " ", title).strip() or "table"
    name, number = plain[:_SHEET].strip(), 1
    while name.lower() in taken:
        number += 1
        name = f"{plain[: _SHEET - 4].strip()} {number}"
    return name
