"""How the tables of a difference are laid out and worded."""

from __future__ import annotations

from dataclasses import replace

from dnt_cli.tables import Section, Table
from dnt_cli.wording import Wording


def without_empty_end(table: Table) -> Table:
    """The table without its last column where that says nothing."""
    if any(row[-1].text for row in table.rows):
        return table
    sections = tuple(Section(s.heading, tuple(row[:-1] for row in s.rows)) for s in table.sections)
    return replace(table, columns=table.columns[:-1], sections=sections)


def known(key: str, wording: Wording) -> str:
    """The text under `key`, or what follows its first underscore where there is none."""
    name = f"diff.{key}"
    return wording.text(name) if wording.known(name) else key.partition("_")[2]


def counted(n: int, key: str, wording: Wording) -> str:
    """`1 mark gained`, `2 marks gained`: what stands in brackets is for other numbers than one."""
    text = wording.text(f"diff.{key}", n=n)
    return text.replace("(en)", "" if n == 1 else "en").replace("(s)", "" if n == 1 else "s")
