"""Text that a spreadsheet, a terminal or a browser would obey is made harmless, and only that."""

from __future__ import annotations

import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnt_cli.reading import Dictionary, read_table, write_table
from dnt_cli.safe_text import neutral, neutral_frame, restored, restored_frame, shown, shown_in_line
from dnt_cli.tables import RENDERERS, Cell, Column, Section, Table

FORMULAS = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "\r=1", "=HYPERLINK(1)", "'=1", "+31 6 1234")
PLAIN = ("", "a", "a=b", "-5", "+3.5", "-1,25", "1e5", "-1.5e-3", "12%", "'5", "it's", "p-value", "007")


@pytest.mark.parametrize("text", FORMULAS)
def test_what_could_be_a_formula_gets_an_apostrophe(text: str) -> None:
    assert neutral(text) == "'" + text
    assert restored(neutral(text)) == text


@pytest.mark.parametrize("text", PLAIN)
def test_numbers_and_words_stay(text: str) -> None:
    assert neutral(text) == text
    assert restored(text) == text


@given(st.text(max_size=20) | st.from_regex(r"'*[=+\-@\t][=+\-@0-9.,']*", fullmatch=True))
def test_any_text_comes_back(text: str) -> None:
    assert restored(neutral(text)) == text
    first = neutral(text).lstrip("'")[:1]
    if neutral(text) == text and first in "=+@-" and first and text[:1] != "'":
        float(text.replace(",", "").replace(".", "").rstrip("%") or 0)  # then it is a number


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_file_of_ours_reads_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, suffix: str) -> None:
    folder = tmp_path_factory.mktemp("files")
    frame = pd.DataFrame({"=id": ["=a", "b", "-x"], "n": [-1.5, 2.0, 3.0], "kind": pd.Categorical(["+x", "y", "+x"])})
    content = write_table(frame, Dictionary(), suffix, folder=folder)
    assert list(folder.iterdir()) == []
    back = read_table(content, f"t{suffix}").frame
    assert list(back.columns) == list(frame.columns)
    assert back["=id"].tolist() == ["=a", "b", "-x"]
    assert back["kind"].astype(str).tolist() == ["+x", "y", "+x"]
    assert back["n"].astype(float).tolist() == [-1.5, 2.0, 3.0]
    raw = write_table(frame, Dictionary(), ".csv", folder=folder, raw=True).decode()
    assert raw.startswith("=id,n,kind\n=a,-1.5,+x\n")
    plain = pd.read_csv(io.BytesIO(write_table(frame, Dictionary(), ".csv", folder=folder)))
    assert plain.columns[0] == "'=id"


def test_a_frame_of_numbers_is_not_touched() -> None:
    frame = pd.DataFrame({"a": [-1, 2], "b": [-0.5, None]})
    pd.testing.assert_frame_equal(neutral_frame(frame), frame)
    pd.testing.assert_frame_equal(restored_frame(frame), frame)


@pytest.mark.parametrize("bad", ["\x1b[31m", "\x9b31m", "\x07", "\u202e", "\u2066", "\x00", "\u2028", "\x7f"])
def test_no_table_holds_what_a_terminal_obeys(bad: str) -> None:
    text = f"a{bad}b"
    table = Table(text, (Column(text, "left"), Column(text)), (Section(text, ((Cell(text), Cell(text)),)),), (text,))
    for render in RENDERERS.values():
        assert bad[0] not in render([table])


def test_letters_of_any_language_stay() -> None:
    for text in ("café", "数据", "שלום", "été – naïve", "tab\tand\nline", "😀"):
        assert shown(text) == text
    assert shown_in_line("two\nlines") == "two lines"
