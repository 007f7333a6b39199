"""What the colours of a table mean, as a note under it."""

from __future__ import annotations

from dataclasses import replace

from dnt_cli.stagefile.result import Green
from dnt_cli.tables.model import Table
from dnt_cli.tables.typography import coloured
from dnt_cli.wording import Wording


def with_legend(table: Table, wording: Wording, green: Green) -> Table:
    """The table with a note on its colours and signs, if it has any."""
    if not coloured(table):
        return table
    return replace(table, notes=(wording.text(f"tables.green_{green}"), *table.notes))
