"""A real terminal: colour, tables that fit, progress with the time left."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.terminal import ESCAPES, SHOW_CURSOR, in_terminal


def shown(*arguments: str, cwd: Path, width: int = 80, env: Mapping[str, str] | None = None) -> str:
    """All that a terminal got of a run that ended well."""
    seen = in_terminal(*arguments, cwd=cwd, width=width, env=env)
    assert seen.code == 0, seen.plain
    return seen.text


@pytest.mark.parametrize("width", [40, 80, 120, 250])
def test_tables_fit(made: Path, width: int) -> None:
    text = shown("show", "t3.parquet", "longitudinal.parquet", cwd=made, width=width)
    lines = ESCAPES.sub("", text).splitlines()
    assert max(map(len, lines)) <= width
    assert any("Score [of all]" in line for line in lines)
    assert "\x1b[" in text
    assert any(line and set(line) == {"─"} for line in lines) == (width >= 80), "a table, and a list where it is narrow"


@pytest.mark.parametrize("width", [40, 80])
def test_help_fits(made: Path, width: int) -> None:
    lines = ESCAPES.sub("", shown("impute", "--help", cwd=made, width=width)).splitlines()
    assert max(map(len, lines)) <= width


def test_no_colour(made: Path) -> None:
    for env, option in (({"NO_COLOR": "1"}, "auto"), ({}, "never")):
        assert "\x1b[" not in shown("show", "t3.parquet", "--color", option, cwd=made, env=env)


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
    text = shown(*command, "--jobs", jobs, cwd=folder, width=100)
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
    text = COLOURS.sub("", shown(*command.split(), "--jobs", "1", cwd=folder))
    said = text.split(SHOW_CURSOR)[0]  # until the cursor is back, the bar is there
    assert "\x1b[?25l" in said
    for message in messages:
        for found in re.finditer(re.escape(message), said):
            assert re.search(r"(\n|\x1b\[2K|\A)\Z", said[: found.start()]), (message, said)
        assert message in said


def test_ctrl_c_takes_the_bar_away(folder: Path) -> None:
    """Also after the terminal has put a ^C behind it, which must not begin a new line."""
    endless = ["impute", "survey.parquet", "-o", "endless.parquet", "-m", "5000", "--jobs", "1"]
    seen = in_terminal(*endless, cwd=folder, stop_at="Imputing")
    assert seen.code == 130
    bars, last = COLOURS.sub("", seen.text).rsplit("\x1b[2K", 1)
    assert ESCAPES.sub("", last).strip() == "Error: Stopped. Nothing was left half-written."
    assert all(len(ESCAPES.sub("", line)) <= 78 + len("^C") for bar in bars.split("\r") for line in bar.split("\n"))


def test_no_progress_when_quiet(folder: Path) -> None:
    text = shown("impute", "survey.parquet", "-o", "imputed.parquet", "-q", "--jobs", "1", cwd=folder)
    assert "Imputing" not in text
