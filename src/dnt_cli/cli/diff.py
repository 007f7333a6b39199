"""`dnt diff`: what changed between two runs."""

from __future__ import annotations

from typing import Annotated

import typer

from dnt_cli.cli.app import app
from dnt_cli.cli.groups import ShowOptions
from dnt_cli.cli.inputs import open_stage_file
from dnt_cli.cli.options import OUTPUT, argument, option
from dnt_cli.errors import UsageError
from dnt_cli.sentences import say


@app.command(rich_help_panel="Files")
def diff(
    old: Annotated[str, argument("A", "Any stage file; - is a pipe.")],
    new: Annotated[str, argument("B", "The same of another run; - is a pipe.")],
    *,
    everything: Annotated[bool, option("--all", "Also what is the same.", OUTPUT)] = False,
    exit_code: Annotated[
        bool, option("--exit-code", "End with 1 unless the files are the same, byte for byte.", OUTPUT)
    ] = False,
    result: ShowOptions,
) -> None:
    """Say what changed between two runs: which conclusions and numbers moved, and why. Never shows a person's data.

    Example: dnt diff old/t3.parquet t3.parquet
    """
    if old == new == "-":
        raise UsageError(say("one_pipe"))
    from dnt_cli.diff import compare
    from dnt_cli.diff.tables import difference_frame, difference_tables, distinct_names

    stages = open_stage_file(old, "dnt diff"), open_stage_file(new, "dnt diff")
    a, b = (stage.name if source == "-" else source for source, stage in zip((old, new), stages, strict=True))
    found = compare(*stages, distinct_names(a, b))
    tables = difference_tables(found, result.language, everything=everything)
    result.show(tables, difference_frame(found, everything=everything))
    if exit_code and not found.identical:
        raise typer.Exit(1)
