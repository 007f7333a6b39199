"""What the colours of a table mean, as a note under it."""

from __future__ import annotations

from dataclasses import replace

from dnt_cli.stagefile.result import Green
from dnt_cli.tables.model import Table
from dnt_cli.tables.typography import coloured
from dnt_cli.wording import Wording


def with_legend(table: Table, wording: Wording, green: Green, *, verdicts: bool = False) -> Table:
    """The table with a note on its colours and signs, if it has any.

    Args:
        table: Of effects, of verdicts, or of both.
        wording: The language of the note.
        green: What green means of an effect.
        verdicts: Whether verdicts on hypotheses are coloured too.
    """
    if not coloured(table):
        return table
    names = [f"green_{green}", *(["green_verdict"] if verdicts else [])]
    return replace(table, notes=(*(wording.text(f"tables.{name}") for name in names), *table.notes))
