"""The `dnt` program: its commands, and what becomes of errors."""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator
from importlib import import_module
from typing import Annotated, Any

import typer

from dnt_cli import __version__
from dnt_cli.cli.console import complain, let_go, show_cursor
from dnt_cli.cli.encoding import ERRORS
from dnt_cli.cli.endings import of_line, outside_cause, remember_exit_code
from dnt_cli.cli.options import default_language, option
from dnt_cli.cli.terminal import Group, Program, terminal
from dnt_cli.errors import DataError, UsageError, UserError
from dnt_cli.sentences import Worded, say, why
from dnt_cli.workers import ENDINGS

EXIT_CODES = (
    "Exit codes: 0 done; 1 done, but an answer is unusable; 2 wrong command line; 10 study file; 11 data file; "
    "12 model; 13 engine or library missing; 14 not enough memory; 70 an error of dnt; 130 stopped by Ctrl-C."
)
_INTERNAL_ERROR = 70
_stopped: list[int] = []  # the signal that ends this process
_COMMANDS = {  # command -> its module, in the order of --help
    "score": "score", "impute": "impute", "fit-t3": "fit", "fit-longitudinal": "fit", "robustness": "robustness",
    "describe": "describe", "polis": "polis", "power": "power", "example": "example", "study": "study",
    "convert": "convert", "show": "show", "info": "show", "report": "report", "release": "release", "diff": "diff",
    "doctor": "doctor",
}  # fmt: skip


class _Group(Group):
    """Turns every end of a command into a message and an exit code."""

    def make_context(self, *arguments: Any, **settings: Any) -> Any:
        with _told(), _stoppable():
            for ending in ENDINGS:
                if signal.getsignal(ending) is not signal.SIG_IGN:
                    signal.signal(ending, _stop)
            return super().make_context(*arguments, **settings)

    def invoke(self, ctx: Any) -> Any:
        with _told(), _stoppable():
            return super().invoke(ctx)


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """Whatever comes of a signal is a stop: libraries that are interrupted make other errors of it."""
    try:
        yield
    except BaseException:
        if not _stopped:
            raise
        show_cursor()
        if _stopped[0] == signal.SIGINT:
            _end_saying(say("stopped"))
        raise typer.Exit(128 + _stopped[0]) from None


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """A message and an exit code for whatever ends a command."""
    try:
        yield
    except UserError as error:
        _end_saying(error, error)
        raise typer.Exit(error.exit_code) from None
    except BrokenPipeError:
        let_go()  # the reader of our output has seen enough
        raise typer.Exit(0) from None
    except OSError as error:
        let_go()
        _end_saying(say("system", reason=why(error)), error)
        raise typer.Exit(DataError.exit_code) from None
    except (typer.Exit, typer.Abort):
        raise
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # Rich, which prints the help, makes 1 of it
            raise typer.Exit(0) from None
        raise
    except Exception as error:  # the last resort: a bug of ours, told without anyone's data
        if type(error).__module__.startswith(("typer", "click")):
            if type(error).__name__ == "NoArgsIsHelpError" or not hasattr(error, "ctx"):
                raise
            _end_saying(of_line(error), error)
            raise typer.Exit(UsageError.exit_code) from None
        known = outside_cause(error)
        if known is None:
            raise _own_mistake(error) from None
        _end_saying(known, error)
        raise typer.Exit(known.exit_code) from None


def _own_mistake(error: BaseException) -> typer.Exit:
    place = traceback.extract_tb(error.__traceback__)[-1]
    _end_saying(
        say("own_mistake", kind=type(error).__name__, file=os.path.basename(place.filename), line=place.lineno),
        error,
    )
    return typer.Exit(_INTERNAL_ERROR)


def _end_saying(message: Worded, error: BaseException | None = None) -> None:
    """The last words; where they cannot be said, the exit code still tells."""
    try:
        complain(message)
        if error is not None:
            _trace_if_asked(error)
    except OSError:
        let_go()


def _trace_if_asked(error: BaseException) -> None:
    """With --debug: where it happened, but neither the values nor the message, which may hold data."""
    if terminal.debug:
        for place in traceback.extract_tb(error.__traceback__):
            print(f"  {place.filename}:{place.lineno} in {place.name}", file=sys.stderr)  # noqa: T201


app = Program(
    cls=_Group,
    name="dnt",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EXIT_CODES,
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"dnt {__version__}")
        raise typer.Exit


@app.callback()
def dnt(
    version: Annotated[
        bool, option("--version", "Show the version and stop.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Show honestly whether a social intervention worked.

    The stages read and write Parquet files, so each can run alone or in a pipe:

    dnt impute survey.parquet -o imputed.parquet, then dnt fit-t3 imputed.parquet -o t3.parquet
    """


def load_commands(asked: str = "") -> None:
    """Import the module that adds the command `asked` to `app`; of another word, those of all commands."""
    sys.unraisablehook = _unraised
    modules = [_COMMANDS[asked]] if asked in _COMMANDS else dict.fromkeys(_COMMANDS.values())
    for name in modules:
        import_module(f"dnt_cli.cli.{name}")


def run() -> None:
    """Parse the command line and run a command; the console script calls this."""
    # A service can start us without standard streams; then what we say goes nowhere. Their numbers must be taken, or
    # the next file or pipe that is opened, here or in a worker, gets what is said by mistake.
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest number that is free
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    # Warnings of libraries tell users nothing and may hold data; what matters is a status or a note of ours.
    warnings.simplefilter("ignore")
    os.environ["PYTHONWARNINGS"] = "ignore"  # in worker processes
    terminal.language = "nl" if default_language() == "nl" else "en"
    load_commands(*sys.argv[1:2])
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=ERRORS)  # a Windows code page lacks some characters
    heard = [ending for ending in ENDINGS if signal.getsignal(ending) is not signal.SIG_IGN]
    try:
        app(prog_name="dnt")
    except SystemExit as end:
        remember_exit_code(end.code)
        raise
    else:
        remember_exit_code(0)
    finally:
        # All is done or undone. While workers are seen off, a signal ends us silently, as it would any program.
        for ending in heard:
            signal.signal(ending, signal.SIG_DFL)


def _stop(number: int, _frame: Any) -> None:
    """End as an error would, so that temporary files are removed; tidying up is not disturbed by a second signal."""
    for ending in ENDINGS:
        signal.signal(ending, signal.SIG_IGN)
    _stopped.append(number)
    raise SystemExit(128 + number)  # Python would remember a KeyboardInterrupt, and end itself by the signal later


def _unraised(lost: Any) -> None:
    """Send a signal again that came where Python drops exceptions, such as a finaliser; hide other such exceptions."""
    if _stopped and isinstance(lost.exc_value, SystemExit):
        signal.signal(_stopped[0], _stop)
        threading.Timer(0.01, _thread.interrupt_main, _stopped[:1]).start()
