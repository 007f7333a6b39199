"""Documents for people: which format a file gets, and writing it whole or not at all."""

from __future__ import annotations

import sys
from pathlib import Path

from dnt_cli.cli.console import tell, write_out
from dnt_cli.cli.results import check_folder, check_new
from dnt_cli.errors import DataError, UsageError
from dnt_cli.sentences import say

BINARY = ("docx", "xlsx")


def format_of(output: str, known: tuple[str, ...], command: str) -> str:
    """The format that the ending of a file names.

    Raises:
        UsageError: Another ending.
    """
    form = Path(output).suffix.lower().removeprefix(".")
    if form not in known:
        raise UsageError(
            say("document_formats", output=output, command=command, formats=", ".join(f".{name}" for name in known))
        )
    return form


def check_document(output: str | None, form: str, *, force: bool) -> None:
    """Refuse before any work is done a document that could not be written after it.

    Raises:
        UsageError: A Word or Excel file would go to the terminal.
        DataError: The file exists, or its folder does not.
    """
    if output is None or output == "-":
        if form in BINARY and (output is None or sys.stdout.isatty()):
            raise UsageError(say("document_terminal", form=form))
        return
    check_folder(output)
    if Path(output).is_dir():
        raise DataError(say("document_folder", output=output))
    check_new(output, force=force)


def write_document(output: str | None, content: bytes, form: str) -> None:
    """The document into its file, or on standard output."""
    from dnt_cli.stagefile.atomic import write_file

    if output not in (None, "-"):
        write_file(Path(str(output)), content)
        tell(say("wrote", file=output))
    elif form in BINARY:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        write_out(content.decode())
