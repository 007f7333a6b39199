"""The tables of a report as an Excel workbook: a sheet per table, and a list of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnt_cli.report.model import Report
from dnt_cli.tables import Cell, Column, Section, Table
from dnt_cli.tables.excel import add_sheet, saved

if TYPE_CHECKING:
    from dnt_cli.report.writers import Images


def as_workbook(report: Report, _pictures: Images, _folder: str = "") -> bytes:
    """The workbook; text and figures are not in it."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    numbers = report.numbers()
    rows = tuple((Cell(numbers[own.key]), Cell(own.table.title)) for own in report.tables)
    columns = (Column(report.kinds[0], "left"), Column(report.contents, "left"))
    notes = tuple(line for line in (report.stamp, *report.lines) if line)
    add_sheet(book, Table(report.title, columns, (Section("", rows),), notes), report.language, report.contents)
    for own in report.tables:
        add_sheet(book, own.table, report.language, numbers[own.key])
    return saved(book)
