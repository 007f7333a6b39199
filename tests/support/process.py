"""Run `dnt` as a user does: a real process, real pipes. Every run is searched for what no message may hold."""

from __future__ import annotations

import atexit
import functools
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import dnt_cli
from dnt_cli.workers import ENDINGS

WARM = (sys.executable, str(Path(__file__).with_name("warm.py")))
WARM_DNT = Path(__file__).with_name("warm_dnt.py")
DNT = (sys.executable, "-m", "dnt_cli")
SOURCE = Path(dnt_cli.__file__).parents[1]
GUARD = Path(__file__).with_name("guard")  # ends every Python that reaches for the network
SEARCHES: Counter[str] = Counter()  # of this session, by what was searched; `pytest` prints it at the end
# Planted in the data of `small.py`: ids, an answer in both notations, and a word where a known code is due.
CANARIES = ("CANARY", "31337.125", "31337,125")
for ending in ENDINGS:
    if signal.getsignal(ending) is signal.SIG_IGN:  # as a shell or nohup leaves it to what runs in the background
        signal.signal(ending, signal.default_int_handler if ending == signal.SIGINT else signal.SIG_DFL)
# Variables that dnt reads when it needs them, so that a fork can be given them.
READ_LATE = ("COMP_", "DNT_DEBUG", "NO_COLOR", "PYTHONIOENCODING", "_DNT_COMPLETE", "_TYPER_COMPLETE")
BUGS = ("Traceback", "mistake in dnt", "fout in dnt", "Exception ignored", "Warning:", "resource_tracker")


@dataclass(frozen=True)
class Run:
    """A finished process."""

    arguments: tuple[str, ...]
    code: int
    stdout: bytes
    stderr: str

    @property
    def text(self) -> str:
        """Standard output as text."""
        return self.stdout.decode("utf-8")

    def check(self, code: int = 0) -> Run:
        """This run, if it ended with `code`."""
        assert self.code == code, f"dnt {' '.join(self.arguments)} ended with {self.code}, not {code}:\n{self.stderr}"
        return self


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables of a plain English session that runs this copy of dnt."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DNT_", "LC_", "NO_COLOR", "COLUMNS"))}
    path = os.pathsep.join((str(GUARD), str(SOURCE)))
    return kept | {"PYTHONPATH": path, "DNT_LANG": "en", "PAGER": "", "PYTHONIOENCODING": "utf-8"} | dict(extra or {})


class WarmPython:
    """A Python with all modules loaded, which forks a process for each run: loading them takes most of a short run.

    Each run is a process of its own, from `main` to its exit code, with its own group, folder and streams.
    """

    def __init__(self, extra: Mapping[str, str] | None = None, before: Sequence[str] = ()) -> None:
        self._process = subprocess.Popen(
            [*before, *WARM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(extra)
        )
        self._place = tempfile.TemporaryDirectory()
        self._numbers = itertools.count()

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The reply to a request; `warm.py` says what both hold."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        reply = self._process.stdout.readline()
        assert reply, f"the Python that forks ended with {self._process.wait(timeout=20)}"
        return dict(json.loads(reply))

    def run(
        self,
        words: tuple[str, ...],
        folder: Path,
        stdin: bytes = b"",
        variables: Mapping[str, str] | None = None,
        timeout: float = 120,
    ) -> Run:
        """One run of `dnt`."""
        given, out, err = (Path(self._place.name, f"{next(self._numbers)}") for _ in range(3))
        request = {
            "arguments": words, "folder": str(folder), "out": str(out), "err": str(err), "timeout": timeout,
            "variables": dict(variables or {}),
        }  # fmt: skip
        if stdin:
            given.write_bytes(stdin)
            request["stdin"] = str(given)
        reply = self.ask(request)
        if reply["late"]:
            raise subprocess.TimeoutExpired(words, timeout)
        run = Run(words, reply["code"], out.read_bytes(), err.read_text("utf-8"))
        for path in (given, out, err):
            path.unlink(missing_ok=True)
        assert_discreet(run)
        return run

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=20)
        self._place.cleanup()


@functools.cache
def warm_python() -> WarmPython:
    """The one of this session."""
    python = WarmPython()
    atexit.register(python.close)
    return python


def dnt(
    *arguments: str | Path,
    cwd: Path,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    before: Sequence[str] = (),
    timeout: float = 120,
) -> Run:
    """Run `dnt` with `arguments`; `before` stands before the command, such as another program that starts it.

    With a program before it, or variables that are read at the start, it starts a Python of its own; otherwise, where
    the system can fork, it runs in a process of the warm one.
    """
    words = tuple(map(str, arguments))
    if not before and all(name.startswith(READ_LATE) for name in env or ()) and hasattr(os, "fork"):
        return warm_python().run(words, cwd, stdin, env, timeout)
    done = subprocess.run(
        [*before, *DNT, *words],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        env=environment(env),
        timeout=timeout,
        check=False,
    )
    run = Run(words, done.returncode, done.stdout, done.stderr.decode("utf-8"))
    assert_discreet(run)
    return run


def assert_discreet(run: Run) -> None:
    """No traceback, no bug of ours, no person's id or answer; data go to standard output when all is well."""
    said = run.stderr if run.code == 0 else run.stderr + run.stdout.decode("utf-8", errors="replace")
    SEARCHES["what a run said"] += 1
    for word in (*BUGS, *CANARIES):
        assert word not in said, f"dnt {' '.join(run.arguments)} said {word!r}:\n{said}"


def assert_nothing_left(folder: Path) -> None:
    """No person's id or answer in the name of a file below `folder`, or in the metadata of a stage file."""
    for path in sorted(folder.rglob("*")):
        SEARCHES["names of files"] += 1
        for word in CANARIES:
            assert word not in path.name, f"a file is called {path}"
        if path.suffix == ".parquet" and (metadata := stage_metadata(path)):
            SEARCHES["metadata of stage files"] += 1
            for word in CANARIES:
                assert word not in metadata, f"the metadata of {path} hold {word!r}"


def stage_metadata(path: Path) -> str:
    """All that Parquet says beside the columns, as text; nothing for a file that cannot be read."""
    try:
        metadata = pq.read_metadata(path).metadata or {}
    except (pa.ArrowException, OSError):
        return ""
    return "\n".join(value.decode("utf-8", errors="replace") for value in metadata.values())


def together(calls: Sequence[tuple[tuple[str, ...], Path]]) -> list[Run]:
    """Many runs, each (arguments, folder)."""
    return [dnt(*arguments, cwd=folder) for arguments, folder in calls]


def pipe(stages: Sequence[Sequence[str]], cwd: Path) -> list[Run]:
    """`dnt A | dnt B | ...` with an operating system's pipe between each two; the last one's output is kept."""
    running: list[subprocess.Popen[bytes]] = []
    for stage in stages:
        source = running[-1].stdout if running else subprocess.DEVNULL
        running.append(
            subprocess.Popen(
                [*DNT, *stage], cwd=cwd, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
            )
        )
        if len(running) > 1:
            running[-2].stdout.close()  # type: ignore[union-attr]  # the next process holds the only reading end
    out, err = running[-1].communicate(timeout=120)
    runs = []
    for process, stage in zip(running[:-1], stages[:-1], strict=True):
        message = process.stderr.read().decode("utf-8")  # type: ignore[union-attr]
        runs.append(Run(tuple(stage), process.wait(timeout=60), b"", message))
    runs.append(Run(tuple(stages[-1]), running[-1].returncode, out, err.decode("utf-8")))
    for run in runs:
        assert_discreet(run)
    return runs


def listing(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too, with its content."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
