"""Ends of a run that come from outside dnt: too little memory, a library that is missing or ends the process."""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import sys
from typing import Any

from dnt_cli.cli.terminal import BEFORE, terminal
from dnt_cli.errors import EngineError, MemoryLimitError, UserError
from dnt_cli.sentences import Listed, Sentence, say

_LITTLE_MEMORY = re.compile(
    r"map segment|cannot allocate|out of memory|bad_alloc|unable to allocate|resource temporarily unavailable"
    r"|start new thread|memory allocation",
    re.IGNORECASE,
)
_SAVING = {"jobs": "fewer_jobs", "m": "fewer_imputations", "outcomes": "fewer_outcomes", "checks": "fewer_checks"}
# Of address space, loaded and with a small study: with 700 MB OpenBLAS gives up, with 800 an analysis is done.
NEEDED_BY_LIBRARIES = 800_000 * 1024
NEEDED_TO_READ = 500_000 * 1024  # by a command that computes nothing; below 480 MB loading libraries fails or hangs
COPIES = 4
"""How often the data are in memory at the same time while they are read, checked and cast (measured: 3 to 4)."""
# What Typer says of a command line, and the sentence that says it in either language.
_OF_LINE = {
    r"No such option: (?P<name>\S+)": "line_no_option",
    r"No such option: (?P<name>\S+) \(Possible options: (?P<near>.+)\)": "line_near_option",
    r"No such command '(?P<name>.+)'\.": "line_no_command",
    r"No such command '(?P<name>.+)'\. Did you mean '(?P<near>.+)'\?": "line_near_command",
    r"Missing (?:argument|option) '(?P<name>.+)'\.": "line_missing",
    r"Missing command\.": "line_no_command_given",
    r"Got unexpected extra argument\(?s?\)? \((?P<given>.+)\)": "line_extra",
    r"Option '(?P<name>.+)' requires an argument\.": "line_no_value",
    r"Option '(?P<name>.+)' does not take a value\.": "line_flag",
    r"Invalid value for (?P<name>.+?): '(?P<given>.*)' is not one of (?P<known>.+)\.": "line_choice",
    r"Invalid value for (?P<name>.+?): Input should be a valid number.*": "line_number",
    r"Invalid value for (?P<name>.+?): Input should be a valid integer.*": "line_integer",
    r"Invalid value for (?P<name>.+?): Input should be greater than or equal to (?P<limit>\S+)": "line_least",
    r"Invalid value for (?P<name>.+?): Input should be less than or equal to (?P<limit>\S+)": "line_most",
}
_exit_code = [1]  # of this process, once it is known
_kept_words = [b""]  # what is said then, worded beforehand, since it takes memory
_kept: list[Any] = []  # what C calls must live as long as the process


def outside_cause(error: BaseException) -> UserError | None:
    """What the user can do about an error that no part of dnt foresaw; None if it is a mistake in dnt."""
    if isinstance(error, MemoryError):
        return MemoryLimitError(shortage())
    of_system = isinstance(error, (ImportError, OSError, RuntimeError)) or type(error).__module__.startswith("pyarrow")
    if of_system and _LITTLE_MEMORY.search(str(error)):
        return MemoryLimitError(shortage())
    if isinstance(error, ImportError):
        return _missing_library(error)
    return None


def of_line(error: Any) -> Sentence:
    """What is wrong with a command line, and which help tells more; in the words of Typer where we have none."""
    said = error.format_message().replace("Value error, ", "")  # the words of a library of theirs
    found = ((key, re.fullmatch(pattern, said, re.DOTALL)) for pattern, key in _OF_LINE.items())
    own = next((say(key, **match.groupdict()) for key, match in found if match), said)
    return say("line_wrong", said=own, command=error.ctx.command_path if error.ctx else "dnt")


def shortage() -> Sentence:
    """What can be done about too little memory: with the options that the running command has."""
    return say("shortage", advice=_advice())


def _advice() -> Listed:
    advice = [say(sentence) for option, sentence in _SAVING.items() if option in terminal.options]
    return Listed((*advice, say("close_others")))


def _missing_library(error: ImportError) -> EngineError | None:
    module = (error.name or "").partition(".")[0]
    if not module or module == "dnt_cli":
        return None
    missing = isinstance(error, ModuleNotFoundError) and error.name == module
    from dnt_cli.packages import install_command

    return EngineError(
        say("not_installed" if missing else "does_not_load", package=module, install=install_command(module))
    )


def address_limit() -> int | None:
    """The bytes of memory that the system lets this process use at most (`ulimit -v`); None where there is no limit."""
    if sys.platform == "win32":
        return None
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if limit == resource.RLIM_INFINITY else limit


def free_memory() -> int | None:
    """The bytes that this process can still get, by its limit and by what the system has free; None if not known."""
    limits = [] if (limit := address_limit()) is None else [limit]
    with contextlib.suppress(OSError, ValueError, IndexError), open("/proc/meminfo", encoding="ascii") as stream:
        limits += [1024 * int(line.split()[1]) for line in stream if line.startswith("MemAvailable:")]
    return min(limits, default=None)


def warn_of_need(cells: int) -> None:
    """Say before the work that its data may not fit into memory.

    Args:
        cells: Numbers that are held at the same time, of 8 bytes each, `COPIES` times while they are checked and cast.
    """
    from dnt_cli.cli.console import warn

    need, free = 8 * COPIES * cells, free_memory()
    if free is not None and need > free:
        warn(say("much_memory", need=f"{need / 1e9:.1f}", free=f"{free / 1e9:.1f}", advice=_advice()))


def refuse_low_limit() -> None:
    """Stop a command before it loads libraries that do not survive so little memory.

    C++ libraries abort, and OpenBLAS and the loader of the system try again for minutes.

    Raises:
        MemoryLimitError: The limit of this session is below what the libraries need by themselves.
    """
    limit, needed = address_limit(), NEEDED_BY_LIBRARIES if "jobs" in terminal.options else NEEDED_TO_READ
    if limit is None:
        return
    # Arrow's own allocator takes a gigabyte of addresses at once where the limit lets it, and leaves too little.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    if limit < needed:
        raise MemoryLimitError(say("low_limit", limit=limit // 2**20, needed=needed // 2**20))


def remember_exit_code(code: object) -> None:
    """The code with which Python is about to end this process."""
    _exit_code[0] = code if isinstance(code, int) else 0 if code is None else 1


def tell_exits_of_libraries() -> None:
    """End with the code of a lack of memory, and a sentence, when a C library calls `exit(1)`, as OpenBLAS does.

    Only where the C library has `on_exit` (Linux). C runs such handlers after Python has gone, when ours can no longer
    be called; so Python's last own handler, which is the one that was registered first, ends the process itself.
    """
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    register = getattr(ctypes.CDLL(None), "on_exit", None)
    if register is None:
        return
    BEFORE.extend((refuse_low_limit, _word))
    _word()
    handler = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_void_p)(_ended_by_library)
    _kept.append(handler)
    atexit.register(_end)
    register(handler, None)


def _word() -> None:
    """Word beforehand what is said of a lack of memory, since that takes memory."""
    _kept_words[0] = f"{say('error').text(terminal.language)}{shortage().text(terminal.language)}\n".encode()


def _ended_by_library(_status: int, _argument: object) -> None:
    with contextlib.suppress(OSError):
        os.write(2, _kept_words[0])
    os._exit(MemoryLimitError.exit_code)


def _end() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(_exit_code[0])
