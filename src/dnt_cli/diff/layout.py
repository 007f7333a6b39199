"""How the tables of a difference are laid out."""

from __future__ import annotations

from dnt_cli.tables import Section, Table


def without_empty_end(table: Table) -> Table:
    """The table without its last column where that says nothing."""
    if any(row[-1].text for section in table.sections for row in section.rows):
        return table
    sections = tuple(Section(s.heading, tuple(row[:-1] for row in s.rows)) for s in table.sections)
    return Table(table.title, table.columns[:-1], sections, table.notes)
