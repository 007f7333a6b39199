"""Tables on terminals of any width and encoding: no line runs over, no number is cut, nothing is lost."""

from __future__ import annotations

import io
import re
import sys
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnt_cli.cli.console import show_tables
from dnt_cli.cli.encoding import spelled
from dnt_cli.cli.terminal import When
from dnt_cli.cli.terminal import terminal as asked
from dnt_cli.tables import Cell, Column, Section, Table, narrowed

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
WORDS = st.text("abcdefghij é[]", min_size=1, max_size=60).map(str.strip).filter(bool)
NUMBERS = st.from_regex(r"-?[0-9]{1,3}\.[0-9]{2}(\*\*)?", fullmatch=True)
CELLS = st.one_of(
    NUMBERS, st.just(""), st.builds("{} – {}".format, NUMBERS, NUMBERS), st.sampled_from(["#", "∞", "! *"])
)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    headings = draw(st.lists(st.text("ABC %", max_size=12).map(str.strip), min_size=1, max_size=12))
    columns = [Column(draw(WORDS), "left")]
    columns += [Column(heading, optional=draw(st.booleans())) for heading in headings]
    rows = st.tuples(WORDS.map(Cell), *[st.builds(Cell, CELLS, st.sampled_from(["", "good", "bad"]))] * len(headings))
    sections = st.builds(Section, st.one_of(st.just(""), WORDS), st.lists(rows, max_size=3).map(tuple))
    notes = st.lists(WORDS, max_size=2).map(tuple)
    return Table(draw(WORDS), tuple(columns), tuple(draw(st.lists(sections, max_size=3))), draw(notes))


class Terminal(io.TextIOWrapper):
    """A terminal that keeps what it is shown."""

    def __init__(self, encoding: str) -> None:
        super().__init__(io.BytesIO(), encoding=encoding, errors="strict", newline="")

    def isatty(self) -> bool:
        return True

    def shown(self) -> str:
        self.flush()
        return self.buffer.getvalue().decode(self.encoding)  # type: ignore[attr-defined]


def shown(table: Table, width: int, encoding: str = "utf-8", color: When = "never") -> str:
    terminal = Terminal(encoding)
    surroundings = {"COLUMNS": str(width), "TERM": "xterm-256color", "LINES": "40"}
    with (
        patch.object(sys, "stdout", terminal),
        patch.dict("os.environ", surroundings),
        patch.object(asked, "color", color),
    ):
        show_tables([table])
    return terminal.shown()


@settings(max_examples=150, deadline=None)
@given(table=tables(), width=st.integers(40, 250))
def test_no_line_runs_over_and_no_number_is_cut(table: Table, width: int) -> None:
    text = shown(table, width)
    assert all(len(line) <= width for line in text.splitlines())
    least = narrowed(table)
    for section in least.sections:
        for row in section.rows:
            for cell in row[1:]:
                assert cell.text in text
    squeezed = re.sub(r"\s", "", text)
    for words in (table.title, *table.notes, *(s.heading for s in table.sections)):
        assert re.sub(r"\s", "", words) in squeezed


@settings(max_examples=50, deadline=None)
@given(table=tables(), width=st.integers(40, 250))
def test_colour_changes_nothing_but_colour(table: Table, width: int) -> None:
    assert ESCAPES.sub("", shown(table, width, color="always")) == shown(table, width)


@settings(max_examples=50, deadline=None)
@given(table=tables(), width=st.integers(40, 250), encoding=st.sampled_from(["cp1252", "cp850", "cp437", "ascii"]))
def test_code_pages_show_everything_in_their_own_letters(table: Table, width: int, encoding: str) -> None:
    text = shown(table, width, encoding)  # strict: an unspelled character would raise
    assert "?" not in text
    assert all(len(line) <= width for line in text.splitlines())


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        ("0.31 – 5.68", "cp850", "0.31 - 5.68"),
        ("0.31 – 5.68", "cp1252", "0.31 – 5.68"),
        ("coëfficiënt ±2, ∞", "ascii", "coefficient +/-2, inf"),
        ("▁▄█", "cp1252", "_-#"),
        ("机", "cp1252", "?"),
    ],
)
def test_spelled(text: str, encoding: str, expected: str) -> None:
    assert spelled(text, encoding) == expected
