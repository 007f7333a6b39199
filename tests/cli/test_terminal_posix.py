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


def in_terminal(*arguments: str, cwd: Path, width: int = 80, env: Mapping[str, str] | None = None) -> str:
    """Everything that a terminal of this width got, escapes included."""
    primary, secondary = pty.openpty()
    fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    process = subprocess.Popen(
        [*DNT, *arguments], cwd=cwd, stdin=secondary, stdout=secondary, stderr=secondary,
        env=environment({"TERM": "xterm-256color", **(env or {})}),
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
    os.close(primary)
    assert process.wait(timeout=60) == 0
    return b"".join(parts).decode("utf-8").replace("\r\n", "\n")


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
        (("describe", "survey.parquet", "--figures", "figures"), "Drawing"),
    ],
)
def test_progress(folder: Path, command: tuple[str, ...], title: str, jobs: str) -> None:
    text = in_terminal(*command, "--jobs", jobs, cwd=folder, width=100)
    assert re.search(rf"{title} .*[0-9]+/[0-9]+ .*[0-9-]+:[0-9-]+:[0-9-]+", ESCAPES.sub("", text)), text[:2000]


def test_no_progress_when_quiet(folder: Path) -> None:
    text = in_terminal("impute", "survey.parquet", "-o", "imputed.parquet", "-q", "--jobs", "1", cwd=folder)
    assert "Imputing" not in text
