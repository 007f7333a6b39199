"""Tables and their renderings: nothing is lost, everything is escaped, numbers are written as the language does."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnt_cli.study import load_study
from dnt_cli.tables import RENDERERS, Cell, Column, Section, Table, as_html, as_latex, as_markdown, as_text, narrowed
from dnt_cli.tables.typography import typeset
from dnt_cli.wording import Wording, number

NASTY = "[intervention] a|b <b>&amp; *x* _y_ `z` \\ 5% $1 #2 {k} ~ ^"
TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp", "Zs"), blacklist_characters=""), max_size=8)
DNT = load_study("dnt")
few = settings(max_examples=40, deadline=None)


def table(*texts: str, note: str = "note") -> Table:
    rows = tuple((Cell(text), Cell("1", "good")) for text in texts)
    columns = (Column("Outcome", "left"), Column("OR", optional=True))
    return Table("Title", columns, (Section("Heading", rows),), (note,))


class Reader(HTMLParser):
    """Texts and tags of an HTML fragment as a browser sees them."""

    def __init__(self, fragment: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(fragment)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_plain_text_is_aligned_and_never_cut() -> None:
    text = as_text([table("short", "x" * 300)])
    lines = text.splitlines()
    assert lines[:2] == ["Title", ""]
    assert lines[2] == "Outcome" + " " * 295 + "OR"
    assert lines[4] == "Heading"
    assert lines[5] == "short" + " " * 298 + "1"
    assert lines[6] == "x" * 300 + "   1"
    assert lines[-1] == "note"


@pytest.mark.parametrize("form", RENDERERS)
def test_every_part_is_in_every_rendering(form: str) -> None:
    text = RENDERERS[form]([table("alpha", "beta"), table("gamma")])
    for word in ("Title", "Outcome", "OR", "Heading", "alpha", "beta", "gamma", "note"):
        assert word in text
    assert len(re.findall('(?<!aria-label=")Title', text)) == 2


def test_nothing_nasty_gets_through_html() -> None:
    read = Reader(as_html([table(NASTY, note=NASTY)]))
    assert set(read.tags) <= {"div", "table", "caption", "thead", "tbody", "tr", "th", "td", "p"}
    assert read.texts.count(NASTY) == 2
    assert "<b>" not in as_html([table(NASTY)])
    assert '<td class="number good">1\u00a0▲</td>' in as_html([table("a")])


def test_nothing_nasty_gets_through_markdown() -> None:
    row = next(line for line in as_markdown([table(NASTY)]).splitlines() if "intervention" in line)
    assert r"\[intervention\] a\|b \<b\>" in row
    assert len(re.findall(r"(?<!\\)\|", row)) == 3
    assert not re.search(r"(?<!\\)[*_`\[\]<>]", row.strip("| "))


def test_nothing_nasty_gets_through_latex() -> None:
    row = next(line for line in as_latex([table(NASTY)]).splitlines() if "intervention" in line)
    cell = row.split(" & ")[0]
    assert r"\textbackslash{} 5\% \$1 \#2 \{k\} \textasciitilde{} \textasciicircum{}" in cell
    assert r"\textless{}b\textgreater{}\&amp; *x* \_y\_" in cell
    assert not re.search(r"(?<!\\)[%$#_&]", cell)


@few
@given(TEXT)
def test_html_shows_any_text_as_it_is(text: str) -> None:
    cell = next(part for part in as_html([table(text)]).split("<tr>") if 'class="number good"' in part)
    shown = typeset(text)
    assert cell.startswith(f'<th scope="row">{html.escape(shown)}</th>' if shown else "<td></td>")
    assert html.unescape(html.escape(text)) == text


@few
@given(TEXT)
def test_markdown_keeps_the_number_of_cells(text: str) -> None:
    rows = [line for line in as_markdown([table(text)]).split("\n") if line.startswith("| ")]
    unescaped = [re.sub(r"\\.", "", row) for row in rows]
    assert {row.count("|") for row in unescaped} == {3}


@few
@given(TEXT)
def test_latex_keeps_the_number_of_cells(text: str) -> None:
    row = as_latex([table(text)]).split("\\midrule\n")[1].split("\n")[1]
    assert len(re.findall(r"(?<!\\)&", row)) == 1
    assert row.endswith(r" \\")


def test_a_narrow_table_keeps_what_is_not_optional() -> None:
    narrow = narrowed(table("a"))
    assert [c.heading for c in narrow.columns] == ["Outcome"]
    assert narrow.sections[0].rows == ((Cell("a"),),)
    assert narrow.notes == ("note",)


@pytest.mark.parametrize(
    ("value", "decimals", "language", "sign", "text"),
    [
        (1.005, 2, "en", False, "1.00"), (1.5, 2, "nl", False, "1,50"), (-0.001, 2, "en", False, "0.00"),
        (2.0, 1, "en", True, "+2.0"), (-2.0, 1, "nl", True, "-2,0"), (None, 2, "en", False, "-"),
        (float("nan"), 2, "nl", False, "-"), (float("inf"), 2, "en", False, "∞"), (float("-inf"), 2, "en", False, "-∞"),
        (9999.0, 2, "en", False, "9999.00"), (123456.0, 2, "en", False, "1.2e+05"),
        (123456.0, 2, "nl", False, "1,2e+05"),
    ],
)  # fmt: skip
def test_numbers(value: float | None, decimals: int, language: str, sign: bool, text: str) -> None:
    assert number(value, decimals, language, sign=sign) == text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "english", "dutch"),
    [
        (0.0, "<.001", "<,001"), (0.0004, "<.001", "<,001"), (0.0005, ".001", ",001"), (0.0499, ".050", ",050"),
        (0.5, ".500", ",500"), (1.0, "1.000", "1,000"), (None, "-", "-"), (float("nan"), "-", "-"),
    ],
)  # fmt: skip
def test_p_values(value: float | None, english: str, dutch: str) -> None:
    assert Wording(DNT, "en").p_value(value) == english
    assert Wording(DNT, "nl").p_value(value) == dutch


@few
@given(st.floats(0, 1))
def test_p_values_are_near_what_they_say(value: float) -> None:
    text = Wording(DNT, "en").p_value(np.float64(value))
    assert value < 0.0005 if text == "<.001" else abs(float(text) - value) <= 0.0005 + 1e-12


@few
@given(st.floats(-1e12, 1e12), st.integers(0, 3))
def test_numbers_are_near_what_they_say(value: float, decimals: int) -> None:
    for language in ("en", "nl"):
        text = number(value, decimals, language)  # type: ignore[arg-type]
        near = max(0.5 * 10**-decimals, 0.05 * abs(value) if "e" in text else 0) * (1 + 1e-9)
        assert abs(float(text.replace(",", ".")) - value) <= near
        assert len(text) <= 10
