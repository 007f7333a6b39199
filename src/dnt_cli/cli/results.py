"""What a command makes of its result: a stage file, tables on the screen, and the exit code."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import typer

from dnt_cli.cli.console import complain, detail, show_tables, tell, write_out
from dnt_cli.cli.options import OutputFormat
from dnt_cli.errors import DataError, UsageError
from dnt_cli.sentences import say

if TYPE_CHECKING:
    import pandas as pd

    from dnt_cli.stagefile.container import Provenance
    from dnt_cli.stagefile.result import Content, StageResult
    from dnt_cli.study import Language, Study
    from dnt_cli.tables import Table


def check_output(output: str | None, kind: str, command: str, *, force: bool, required: bool = False) -> None:
    """Refuse before any work is done what could not be written after it."""
    from dnt_cli.stagefile.container import refuse_foreign

    if output is None:
        if required:
            raise UsageError(say("add_output", command=command))
    elif output == "-":
        if sys.stdout.isatty():
            raise UsageError(say("garble"))
    else:
        refuse_foreign(output, kind, command, force=force)
        check_folder(output)


def check_folder(output: str) -> None:
    """Refuse a file in a folder that is not there."""
    folder = Path(output).parent
    if not folder.is_dir():
        raise DataError(say("no_folder", file=output, folder=folder))


def check_new(output: str, *, force: bool) -> None:
    """Refuse a file that is there already, unless it may be replaced."""
    if Path(output).exists() and not force:
        raise DataError(say("exists", file=output))


def check_figures(folder: str | None, output: str | None) -> None:
    """Refuse before any work is done a folder for figures that could not be made or written into after it."""
    if folder is None:
        return
    from dnt_cli.stagefile.atomic import make_folder, refuse_unwritable

    if not folder.strip():
        raise UsageError(say("figures_none"))
    path = Path(folder)
    if output not in (None, "-") and path.absolute().is_relative_to(Path(str(output)).absolute()):
        raise UsageError(say("figures_same", file=output, folder=folder))
    missing = [place for place in (path, *path.parents) if not os.path.exists(place)]
    try:
        make_folder(path)
        refuse_unwritable(path / "figure")
    finally:
        for place in missing:
            with contextlib.suppress(OSError):  # it was not made
                place.rmdir()


def save(
    output: str | None, kind: str, study: Study, content: Content, provenance: Provenance, *, force: bool = False
) -> None:
    """Write a stage file where `-o` says, if it says anything."""
    from dnt_cli.stagefile.container import write_stage
    from dnt_cli.study.comparison import written

    if output is None:
        return
    target: str | BinaryIO = sys.stdout.buffer if output == "-" else output
    write_stage(target, kind, study, content, provenance, force=force)
    for name, value in provenance.settings.items():
        if value is not None:
            detail(f"  {name}: {written(value)}")
    if output != "-":
        tell(say("wrote", file=output))


def save_result(output: str | None, result: StageResult, provenance: Provenance, *, force: bool = False) -> None:
    """Write the stage file of a result where `-o` says, if it says anything."""
    from dnt_cli.stagefile.kinds import kind_of

    if output is not None:
        save(output, kind_of(result), result.study, result.content(), provenance, force=force)


def rows_as_json(frame: pd.DataFrame) -> str:
    """The rows with every digit, where pandas writes a p-value of 1e-20 as 0; null for what is no number."""
    import json
    import math

    def plain(value: Any) -> Any:
        value = value.item() if hasattr(value, "item") else value
        return None if isinstance(value, float) and not math.isfinite(value) else value

    known = frame.astype(object).where(frame.notna(), None)
    columns = {str(name): [plain(value) for value in known[name]] for name in known.columns}
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return json.dumps(rows, ensure_ascii=False, indent=1, allow_nan=False)


def end_if_nothing_estimable(estimates: pd.DataFrame) -> None:
    """End with 1, which tells a script that there is no answer, when no effect could be estimated.

    Effects at other waves than the endpoint or of some of the persons, which stand beside it, do not make up for it.
    """
    from dnt_cli.models import ADDITIONAL

    main = estimates[~estimates["analysis"].isin(ADDITIONAL)] if "analysis" in estimates else estimates
    if (main["status"] == "not estimable").all():
        complain(say("none_estimable"))
        raise typer.Exit(1)


def rows_as_csv(frame: pd.DataFrame) -> str:
    """The rows with every digit; text that a spreadsheet would take for a formula is made harmless."""
    from dnt_cli.safe_text import neutral_frame

    text: str = neutral_frame(frame).to_csv(index=False, lineterminator="\n")
    return text


def present(
    output: str | None, form: OutputFormat, tables: list[Table], frame: pd.DataFrame, language: Language
) -> None:
    """Show a result, unless standard output is taken by a stage file; CSV and JSON are the rows for a program."""
    from dnt_cli.tables import document

    if output == "-":
        return
    if form == "table":
        show_tables(tables)
    elif form == "csv":
        write_out(rows_as_csv(frame))
    elif form == "json":
        write_out(rows_as_json(frame))
    else:
        write_out(document(form, tables, language).decode())


def table_named(name: str, tables: list[Table]) -> Table:
    """The table that `--table` names: in full, by the beginning of its name, or by its number.

    Raises:
        UsageError: No table, or more than one, is called so.
    """
    from dnt_cli.tables import slugs

    known = slugs([own.title for own in tables])
    if name.isascii() and name.isdigit() and 0 < int(name) <= len(known):
        return tables[int(name) - 1]
    found = [name] if name in known else [own for own in known if name and own.startswith(name)]
    if len(found) != 1:
        raise UsageError(say("table_unknown", name=name, known=", ".join(known)))
    return tables[known.index(found[0])]
