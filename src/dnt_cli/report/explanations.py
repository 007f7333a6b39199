"""Long notes under the tables of a report: they go to its appendix, and each table refers to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from dnt_cli.report.model import Block, Heading, Report, TableBlock
from dnt_cli.tables import Cell, Column, Section, Table
from dnt_cli.wording import Wording

KEY = "explanations"


def with_explanations(report: Report, wording: Wording) -> Report:
    """The report with the details of all tables in one table at the end of the appendix.

    Without an appendix they stay under their tables. What several tables say alike stands there once.
    """
    detailed = [own for own in report.tables if own.table.details]
    if not detailed or not report.has_appendix:
        return report
    table = TableBlock(KEY, _explanations(detailed, report.numbers(), wording))
    whole = report.appended(Heading(wording.text("report.explanations_head")), table)
    further = wording.text("report.explained", table=whole.numbers()[KEY])
    chapters = [
        replace(own, blocks=tuple(_shortened(b, further, wording) for b in own.blocks)) for own in whole.sections
    ]
    return replace(whole, sections=tuple(chapters))


def _shortened(block: Block, further: str, wording: Wording) -> Block:
    """A table with what it says of itself as a whole, and where the rest stands; other blocks as they are."""
    if not isinstance(block, TableBlock) or not block.table.details:
        return block
    table = block.table
    kept = _lines(own for own in _under_headings(table) if own[1] not in table.details)
    cells = [cell.text for row in table.rows for cell in row]
    signs = [wording.text("conclusions.flags_note")] if any("!" in text for text in cells) else []
    return replace(block, table=replace(table, notes=(*kept, *signs, further), details=frozenset()))


def _under_headings(table: Table) -> Iterator[tuple[str, str]]:
    """The notes of a table, each with the heading among the notes that it stands under, which is empty for the first.

    A heading ends with a colon and is followed by what it is of: if the first of that is indented, as far as the
    indented notes go.
    """
    heading, indented, opens = "", False, False
    for note in table.notes:
        if note.endswith(":"):
            heading, opens = note, True
            continue
        indented, opens = note.startswith(" ") if opens else indented, False
        if indented and not note.startswith(" "):
            heading, indented = "", False
        yield heading, note


def _explanations(detailed: Sequence[TableBlock], numbers: Mapping[str, str], wording: Wording) -> Table:
    """A section per table, or per group of tables that say the same; a column of sentences."""
    by_tables: dict[tuple[str, ...], dict[str, tuple[str, str]]] = {}  # of each note the first of the tables
    for block in detailed:
        for heading, note in _under_headings(block.table):
            if note in block.table.details:
                alike = [own.key for own in detailed if note in own.table.details and not _in_order(own.table)]
                keys = (block.key,) if _in_order(block.table) else tuple(alike)
                by_tables.setdefault(keys, {}).setdefault(note, (heading, note))
    sections = (
        Section(", ".join(numbers[key] for key in keys), tuple((Cell(line),) for line in _lines(told.values())))
        for keys, told in by_tables.items()
    )
    return Table(wording.text("report.explanations_title"), (Column("", "left"),), tuple(sections))


def _in_order(table: Table) -> bool:
    """Whether some notes belong to the one before them, so that they cannot be told apart."""
    return any(note.startswith(" ") for note in table.notes)


def _lines(told: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Notes, each heading before the first of those that stand under it."""
    last = ""
    for heading, note in told:
        if heading not in ("", last):
            yield heading
            last = heading
        yield note
