"""Run `dnt` in a terminal, as a person does who may type Ctrl-C."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.process import DNT, environment

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
_LONGEST = 120.0  # seconds that a run may take


@dataclass(frozen=True)
class Seen:
    """What a terminal got, escapes included, and how the run ended."""

    text: str
    code: int
    pid: int
    seconds: float

    @property
    def plain(self) -> str:
        """Without escapes."""
        return ESCAPES.sub("", self.text)


def in_terminal(
    *arguments: str, cwd: Path, width: int = 80, env: Mapping[str, str] | None = None, stop_at: str = "",
    stop_after: float | None = None,
) -> Seen:  # fmt: skip
    """A run in a terminal of this width; Ctrl-C is typed once it shows `stop_at`, or `stop_after` so many seconds."""
    primary, secondary = pty.openpty()
    fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    start = time.monotonic()
    process = subprocess.Popen(
        [*DNT, *arguments], cwd=cwd, stdin=secondary, stdout=secondary, stderr=secondary, preexec_fn=_take_terminal,
        env=environment({"TERM": "xterm-256color", **(env or {})}),
    )  # fmt: skip
    os.close(secondary)
    got, typed = b"", not stop_at and stop_after is None
    while time.monotonic() - start < _LONGEST:
        if select.select([primary], [], [], 0.01)[0]:
            try:
                part = os.read(primary, 65536)
            except OSError:  # Linux says so when the other end is closed
                break
            if not part:
                break
            got += part
        shown = bool(stop_at) and re.search(stop_at, ESCAPES.sub("", got.decode("utf-8", errors="ignore")))
        if not typed and (shown or (stop_after is not None and time.monotonic() - start > stop_after)):
            os.write(primary, b"\x03")
            typed = True
    os.close(primary)
    code = process.wait(timeout=60)
    text = got.decode("utf-8").replace("\r\n", "\n")
    return Seen(text, code, process.pid, time.monotonic() - start)


def _take_terminal() -> None:
    """In the new process: the terminal is its own, so that Ctrl-C reaches it."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
