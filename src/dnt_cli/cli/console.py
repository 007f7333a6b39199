"""What reaches the terminal: tables and notes. Data goes to standard output, all talk to standard error."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from dnt_cli.cli.terminal import terminal
from dnt_cli.safe_text import shown
from dnt_cli.sentences import Worded, say

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable

    from dnt_cli.tables import Table

_UNLIMITED = 10_000  # columns
_LABEL = 20  # characters that the first column keeps
_TONES = {"good": "bold green", "bad": "bold red", "muted": "dim", "": ""}


def complain(message: str | Worded) -> None:
    """An error on standard error."""
    _say(say("error").text(terminal.language), "bold red", message)


def warn(message: str | Worded) -> None:
    """A warning on standard error."""
    _say(say("note").text(terminal.language), "yellow", message)


def tell(message: str | Worded) -> None:
    """A remark on standard error, unless asked to be quiet."""
    if not terminal.quiet:
        _say("", "", message)


def detail(message: str | Worded) -> None:
    """A remark for who asked to hear more, with the seconds since the command began."""
    if terminal.verbose:
        _say(f"[{time.monotonic() - terminal.started:5.1f} s] ", "dim", message)


def _say(prefix: str, style: str, said: str | Worded) -> None:
    message = shown(said if isinstance(said, str) else said.text(terminal.language))  # it may name a column or a label
    if sys.stderr.isatty() or terminal.color == "always":
        from rich.text import Text

        error_console().print(Text.assemble((prefix, style), message))
    else:
        try:
            sys.stderr.write(f"{prefix}{message}\n")
            sys.stderr.flush()
        except BrokenPipeError:  # nobody listens; the exit code still tells
            let_go()


def let_go() -> None:
    """Redirect unwritten output to the null device, or Python reports the broken pipe again when it flushes at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())


def show_cursor() -> None:
    """Show the cursor of a terminal again, since a signal may come between hiding it and drawing the bar."""
    with contextlib.suppress(OSError):
        if sys.stderr.isatty():
            sys.stderr.write("\x1b[?25h")
            sys.stderr.flush()


@cache
def error_console() -> Console:
    """The one console on standard error, so that what is said stands above a bar and not in it."""
    return _console(stderr=True)


def _console(*, stderr: bool = False) -> Console:
    """Rich's console in the asked colours; as wide as it takes where there is no terminal."""
    from rich.console import Console

    plain = terminal.color == "never" or (terminal.color == "auto" and bool(os.environ.get("NO_COLOR")))
    known = (sys.stderr if stderr else sys.stdout).isatty() or "COLUMNS" in os.environ
    return Console(
        stderr=stderr,
        force_terminal=True if terminal.color == "always" else None,
        color_system=None if plain else "auto",
        width=None if known else _UNLIMITED,
        highlight=False,
        markup=False,
        emoji=False,
    )


def write_out(text: str) -> None:
    """Text on standard output; a terminal gets no character that it would obey."""
    text = shown(text) if sys.stdout.isatty() else text
    sys.stdout.write(text if text.endswith("\n") else text + "\n")
    sys.stdout.flush()


def show_tables(tables: Iterable[Table], *, pager: bool = False) -> None:
    """Tables in colour and fitted to a terminal; plain and never cut anywhere else.

    Args:
        tables: In their order.
        pager: More than a screen is shown by the pager of the system, if it has one.
    """
    from dnt_cli.cli.encoding import spelled_table
    from dnt_cli.tables import as_text

    tables = [spelled_table(table, sys.stdout.encoding) for table in tables]
    if not sys.stdout.isatty() and terminal.color != "always":
        write_out(as_text(tables))
        return
    console = _console()
    with console.capture() as drawn:
        for table in tables:
            _show(console, table)
    if not (pager and _paged(drawn.get(), console.height)):
        sys.stdout.write(drawn.get())
        sys.stdout.flush()


def _paged(text: str, height: int) -> bool:
    """Whether the text was shown by a pager: $PAGER, else less where there is one; an empty $PAGER is none."""
    command = shlex.split(os.environ.get("PAGER", "less"))
    ends = all(stream.isatty() for stream in (sys.stdin, sys.stdout))
    if text.count("\n") < height or not ends or not command or shutil.which(command[0]) is None:
        return False
    asked = {"LESS": "FRX", "LESSCHARSET": "utf-8"}  # colours are shown; the text stays on the screen
    before = signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is the pager's
    try:
        done = subprocess.run(command, input=text.encode(), env={**asked, **os.environ}, check=False)
    finally:
        signal.signal(signal.SIGINT, before)
    return done.returncode == 0


def _show(console: Console, table: Table) -> None:
    """All columns if they fit, else the main ones, else a line per row; a number is never cut."""
    from rich.measure import Measurement
    from rich.text import Text

    from dnt_cli.tables import narrowed

    console.print(Text(table.title, "bold"), end="\n\n")
    for model in (table, narrowed(table)):
        drawn = _grid(model)
        if Measurement.get(console, console.options.update(width=_UNLIMITED), drawn).minimum <= console.width:
            console.print(drawn)
            break
    else:
        _show_as_list(console, narrowed(table))
    console.print()
    for note in model.notes:
        console.print(Text(note, "dim"))
    console.print()


def _grid(table: Table) -> RichTable:
    """A table of which only the first column can be wrapped, to no less than `_LABEL` characters."""
    from rich import box
    from rich.cells import cell_len
    from rich.table import Table as RichTable
    from rich.text import Text

    rows = table.rows
    drawn = RichTable(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    for i, (column, heading) in enumerate(zip(table.columns, table.headings, strict=True)):
        width = max(cell_len(text) for text in (heading, *(row[i].text for row in rows)))
        least = min(_LABEL, width) if i == 0 else width
        drawn.add_column(Text(heading), justify=column.justify, no_wrap=i > 0, overflow="fold", min_width=least)
    for section in table.sections:
        if section.heading:
            drawn.add_row(Text(section.heading, "bold"), *[""] * (len(table.columns) - 1))
        for row in section.rows:
            drawn.add_row(*[Text(cell.text, _TONES[cell.tone]) for cell in row])
    return drawn


def _show_as_list(console: Console, table: Table) -> None:
    """Each row's label, and below it every cell that holds something, behind its heading."""
    from rich.padding import Padding
    from rich.text import Text

    def packed(pieces: Iterable[Text]) -> Iterator[Text]:
        line = Text()
        for piece in pieces:
            if line and line.cell_len + 2 + piece.cell_len > console.width - 2:
                yield line
                line = Text()
            line.append("  " if line else "").append_text(piece)
        yield line

    for i, section in enumerate(table.sections):
        if section.heading:
            console.print(Text("\n" * (i > 0) + section.heading, "bold"))
        for row in section.rows:
            console.print(Text(row[0].text))
            pieces = [
                Text.assemble((f"{heading} " if heading else "", "dim"), (cell.text, _TONES[cell.tone]))
                for heading, cell in zip(table.headings[1:], row[1:], strict=True)
                if cell.text
            ]
            for line in packed(pieces):
                console.print(Padding(line, (0, 0, 0, 2), expand=False))
