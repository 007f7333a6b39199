"""A real terminal: colour, tables that fit, progress with the time left."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Mapping
from pathlib import Path

import pytest
from process import DNT, environment

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def in_terminal(
    *arguments: str, cwd: Path, width: int = 80, env: Mapping[str, str] | None = None, stop_at: str = "", code: int = 0
) -> str:
    """Everything that a terminal of this width got, escapes included; Ctrl-C is typed once it shows `stop_at`."""
    primary, secondary = pty.openpty()
    fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    process = subprocess.Popen(
        [*DNT, *arguments], cwd=cwd, stdin=secondary, stdout=secondary, stderr=secondary,
        env=environment({"TERM": "xterm-256color", **(env or {})}),
        preexec_fn=take_terminal,
    )  # fmt: skip
    os.close(secondary)
    parts = []
    while True:
        try:
            part = os.read(primary, 65536)
        except OSError:  # Linux says so when the other end is closed
            break
        if not part:
            break
        parts.append(part)
        if stop_at and re.search(stop_at, ESCAPES.sub("", b"".join(parts).decode("utf-8", errors="ignore"))):
            os.write(primary, b"\x03")
            stop_at = ""
    os.close(primary)
    assert process.wait(timeout=60) == code
    return b"".join(parts).decode("utf-8").replace("\r\n", "\n")


def take_terminal() -> None:
    """In the new process: the terminal is its own, so that Ctrl-C reaches it."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.mark.parametrize("width", [40, 80, 120, 250])
def test_tables_fit(made: Path, width: int) -> None:
    text = in_terminal("show", "t3.parquet", "longitudinal.parquet", cwd=made, width=width)
    lines = ESCAPES.sub("", text).splitlines()
    assert max(map(len, lines)) <= width
    assert any("Score [of all]" in line for line in lines)
    assert "\x1b[" in text


@pytest.mark.parametrize("width", [40, 80])
def test_help_fits(made: Path, width: int) -> None:
    lines = ESCAPES.sub("", in_terminal("impute", "--help", cwd=made, width=width)).splitlines()
    assert max(map(len, lines)) <= width


def test_no_colour(made: Path) -> None:
    for env, option in (({"NO_COLOR": "1"}, "auto"), ({}, "never")):
        assert "\x1b[" not in in_terminal("show", "t3.parquet", "--color", option, cwd=made, env=env)


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize(
    ("command", "title"),
    [
        (("impute", "survey.parquet", "-o", "imputed.parquet", "-m", "6"), "Imputing"),
        (("fit-longitudinal", "imputed.parquet", "-o", "longitudinal.parquet"), "Fitting"),
        (("robustness", "imputed.parquet", "-o", "robustness.parquet"), "Checking"),
        (("robustness", "imputed.parquet", "-o", "robustness.parquet"), "Fitting"),
        (("describe", "survey.parquet", "--figures", "figures"), "Drawing"),
    ],
)
def test_progress(folder: Path, command: tuple[str, ...], title: str, jobs: str) -> None:
    text = in_terminal(*command, "--jobs", jobs, cwd=folder, width=100)
    assert re.search(rf"{title} .*[0-9]+/[0-9]+ .*[0-9-]+:[0-9-]+:[0-9-]+", ESCAPES.sub("", text)), text[:2000]


COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize(
    ("command", "messages"),
    [
        ("impute survey.parquet -o imputed.parquet -m 6 -v", ["Wrote imputed.parquet.", "[ "]),
        ("robustness imputed.parquet -o robustness.parquet", ["(b) ", "(c) "]),
    ],
)
def test_what_is_said_meanwhile_stands_on_a_line_of_its_own(folder: Path, command: str, messages: list[str]) -> None:
    text = COLOURS.sub("", in_terminal(*command.split(), "--jobs", "1", cwd=folder))
    said = text.split("\x1b[?25h")[0]  # until the cursor is back, the bar is there
    assert "\x1b[?25l" in said
    for message in messages:
        for found in re.finditer(re.escape(message), said):
            assert re.search(r"(\n|\x1b\[2K|\A)\Z", said[: found.start()]), (message, said)
        assert message in said


def test_ctrl_c_takes_the_bar_away(folder: Path) -> None:
    """Also after the terminal has put a ^C behind it, which must not begin a new line."""
    endless = ["impute", "survey.parquet", "-o", "endless.parquet", "-m", "5000", "--jobs", "1"]
    text = in_terminal(*endless, cwd=folder, code=130, stop_at="Imputing")
    bars, last = COLOURS.sub("", text).rsplit("\x1b[2K", 1)
    assert last.strip() == "Error: Stopped. Nothing was left half-written."
    assert all(len(ESCAPES.sub("", line)) <= 78 + len("^C") for bar in bars.split("\r") for line in bar.split("\n"))


def test_no_progress_when_quiet(folder: Path) -> None:
    text = in_terminal("impute", "survey.parquet", "-o", "imputed.parquet", "-q", "--jobs", "1", cwd=folder)
    assert "Imputing" not in text
