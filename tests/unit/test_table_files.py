"""Tables as Word, Excel, CSV, LaTeX and web page: read back, they hold what the table shows, in the same places."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from dataclasses import replace
from typing import Any

import docx
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnt_cli.study import Language, parse_study
from dnt_cli.tables import (
    Cell,
    Column,
    Section,
    Table,
    as_latex,
    document,
    narrowed,
    slugs,
    without_charts,
    without_empty,
)
from dnt_cli.tables.excel import number_in
from dnt_cli.tables.latex import latex_table
from dnt_cli.tables.legend import with_legend
from dnt_cli.tables.typography import longest_word, signs, typeset
from dnt_cli.tables.word import laid_out
from dnt_cli.wording import Wording
from tests.support.studies import BASE

COLUMNS = (
    Column("Uitkomst", "left"),
    Column("OR", group="T3"),
    Column("SE", group="T3"),
    Column("", "left", group="T3"),
    Column("OR", group="Trend"),
)
ROWS = (
    (Cell("Werk"), Cell("1,54", "good", 1.5432), Cell("(0,99)"), Cell("**", "good"), Cell("-0,25")),
    (Cell("  deel"), Cell("#", "muted"), Cell(""), Cell(""), Cell("-")),
)
TABLE = Table("Odds ratio's", COLUMNS, (Section("H1: Werk", ROWS),), ("** p < ,05.", "Verschil -0,5."))


def word(*tables: Table, language: Language = "nl") -> Any:
    return docx.Document(io.BytesIO(document("docx", tables, language)))


def sheet(table: Table, language: Language = "nl") -> Any:
    return openpyxl.load_workbook(io.BytesIO(document("xlsx", [table], language))).worksheets[0]


def test_headings_in_one_line_begin_each_group_with_its_name() -> None:
    assert TABLE.headings == ("Uitkomst", "T3 OR", "SE", "", "Trend OR")
    assert TABLE.groups == (("", 1), ("T3", 3), ("Trend", 1))
    assert replace(TABLE, columns=COLUMNS[:1], sections=()).groups == ()


def test_word_holds_the_table_with_two_rows_of_headings_and_its_notes() -> None:
    made = word(TABLE)
    (table,) = made.tables
    texts = [[cell.text for cell in row.cells] for row in table.rows]
    assert texts[0] == ["", "T3", "T3", "T3", "Trend"]
    assert texts[1] == ["Uitkomst", "OR", "SE", "", "OR"]
    assert set(texts[2]) == {"H1: Werk"}
    assert texts[3] == ["Werk", "1,54", "(0,99)", "**\u00a0▲", "−0,25"]
    assert texts[4] == ["deel", "#", "", "", "–"]
    paragraphs = [p.text for p in made.paragraphs]
    assert paragraphs[:3] == ["Odds ratio's", "** p < ,05.", "Verschil −0,5."]
    assert made.paragraphs[0].style.name == "Caption"


def test_word_repeats_the_headings_and_keeps_numbers_right_and_whole() -> None:
    xml = word(TABLE).tables[0]._tbl.xml
    assert xml.count("<w:tblHeader/>") == 2
    assert xml.count("<w:cantSplit/>") == 5
    cell = next(part for part in xml.split("<w:tc>") if "1,54" in part)
    assert '<w:jc w:val="right"/>' in cell
    assert '<w:color w:val="1B7837"/>' in cell
    assert 'w:tblCaption w:val="Odds ratio\'s"' in xml


def test_word_speaks_the_language_of_the_table() -> None:
    for language, code in (("nl", "nl-NL"), ("en", "en-GB")):
        made = word(TABLE, language=language)  # type: ignore[arg-type]
        assert made.core_properties.language == code
        assert f'w:val="{code}"' in made.styles.element.xml


@pytest.mark.parametrize("count", [3, 9, 12, 16, 40])
def test_no_column_of_numbers_is_narrower_than_its_longest_number(count: int) -> None:
    """Upright, on its side, or with smaller letters."""
    columns = (Column("Uitkomst", "left"), *(Column(f"kolom {i}", optional=i > 12) for i in range(count)))
    rows = tuple((Cell("Een lange naam van een uitkomst"), *[Cell("0,55 – 10,55")] * count) for _ in range(3))
    layout = laid_out(Table("Breed", columns, (Section("", rows),)))
    room = 13460 if layout.landscape else 9070
    assert sum(layout.widths) <= room
    digits = len("0,55 – 10,55") * 0.5 * layout.size * 20
    assert layout.landscape == (count > 6)
    assert all(width > digits for width in layout.widths[1:])
    if count == 40:
        assert len(layout.table.columns) == 14


def test_a_wide_table_stands_on_a_page_on_its_side() -> None:
    columns = (Column("Uitkomst", "left"), *(Column(f"kolom {i}") for i in range(12)))
    wide = Table("Breed", columns, (Section("", ((Cell("x"), *[Cell("0,55 – 10,55")] * 12),)),))
    made = word(TABLE, wide, TABLE)
    assert [s.page_width > s.page_height for s in made.sections] == [False, True, False]


def test_excel_holds_numbers_that_look_as_in_the_table() -> None:
    made = sheet(TABLE)
    rows = [[cell.value for cell in row] for row in made.iter_rows()]
    assert rows[0][0] == "Odds ratio's"
    assert rows[1] == [None, "T3", None, None, "Trend"]
    assert rows[2] == ["Uitkomst", "OR", "SE", None, "OR"]
    assert rows[3][0] == "H1: Werk"
    assert rows[4] == ["Werk", 1.5432, 0.99, "** ▲", -0.25]
    assert rows[5] == ["  deel", "#", None, None, "–"]
    assert [cell.number_format for cell in made[5]][1:3] == ["0.00", '"("0.00")"']
    assert made.freeze_panes == "B4"
    assert [row[0] for row in rows[6:]] == [None, "** p < ,05.", "Verschil −0,5."]


@pytest.mark.parametrize(
    ("text", "language", "value", "shown"),
    [
        ("1,54", "nl", 1.54, "0.00"), ("1.54", "en", 1.54, "0.00"), (",050", "nl", 0.05, ".000"),
        ("12", "nl", 12.0, "0"),
        ("+4,4", "nl", 4.4, "+0.0;-0.0;0.0"), ("25,3%", "nl", 0.253, "0.0%"), ("(0.11)", "en", 0.11, '"("0.00")"'),
        ("-0,5", "nl", -0.5, "0.0"),
        ("1,95**!p!s", "nl", 1.95, '0.00"**!p!s"'), ("12 (3,4%)", "nl", 12.0, '0" (3,4%)"'),
    ],
)  # fmt: skip
def test_a_number_as_shown_is_read_in_its_language(text: str, language: Language, value: float, shown: str) -> None:
    assert number_in(Cell(text), language) == (pytest.approx(value), shown)


@pytest.mark.parametrize(
    "text", ["", "-", "<,001", "0,39 – 5,29", "12/14", "007", "1.5", "(1,5", "(12 (3,4%)", "12 (3)", "1,2e+05"]
)
def test_what_is_no_plain_number_stays_text(text: str) -> None:
    assert number_in(Cell(text), "nl") is None


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_no_text_is_a_formula(form: str) -> None:
    nasty = Table(
        "=1+1", (Column("=2+2", "left"), Column("@x")), (Section("+cmd", ((Cell("=3"), Cell("-x")),)),), ("=9",)
    )
    content = document(form, [nasty], "en")
    if form == "xlsx":
        cells = [c for row in openpyxl.load_workbook(io.BytesIO(content)).worksheets[0].iter_rows() for c in row]
        assert {cell.data_type for cell in cells if cell.value is not None} == {"s"}
        texts = [str(cell.value) for cell in cells if cell.value is not None]
    else:
        texts = [text for row in csv.reader(io.StringIO(content.decode())) for text in row if text]
    assert not any(text[0] in "=+@" or text[:2] == "-x" for text in texts)


def test_csv_is_the_table_as_shown_in_the_language_of_the_reader() -> None:
    dutch = document("csv", [TABLE], "nl").decode().splitlines()
    assert dutch == [
        ";Uitkomst;T3 OR;SE;;Trend OR", "H1: Werk;Werk;1,54;0,99;**;-0,25", "H1: Werk;  deel;#;;;–",
    ]  # fmt: skip
    several = document("csv", [TABLE, TABLE], "en").decode().split("\n\n")
    assert [part.splitlines()[0] for part in several] == ["Odds ratio's"] * 2


@pytest.mark.parametrize(
    ("text", "written"),
    [("(0.77)", "0.77"), ("9/10", "'9/10"), ("0 / 16", "'0 / 16"), ("2% / 16%", "2% / 16%"), ("81 (2.5)", "81 (2.5)")],
)
def test_a_spreadsheet_takes_no_error_for_a_negative_number_and_no_counts_for_a_day(text: str, written: str) -> None:
    table = Table("t", (Column("x"),), (Section("", ((Cell(text),),)),))
    assert document("csv", [table], "en").decode() == f"x\n{written}\n"


def test_a_note_on_a_column_goes_where_the_column_goes() -> None:
    columns = (Column("x"), Column("d (95% CI)", optional=True), Column("", "left", optional=True), Column("y"))
    row = (Cell("1"), Cell("2"), Cell("▁▅█"), Cell(""))
    table = Table("t", columns, (Section("", (row,)),), ("d: so many SD.", "y: why.", "x and d: both.", "Bars."))
    assert narrowed(table).notes == ("y: why.", "x and d: both.", "Bars.")
    assert without_empty(table).notes == ("d: so many SD.", "x and d: both.", "Bars.")
    assert without_charts(table, "Bars.").notes == ("d: so many SD.", "y: why.", "x and d: both.")


def test_a_web_page_stands_alone() -> None:
    page = document("html", [TABLE], "nl").decode()
    assert page.startswith('<!DOCTYPE html>\n<html lang="nl">')
    assert '<meta charset="utf-8">' in page
    assert 'scope="colgroup" colspan="3">T3<' in page
    assert '<th scope="row">Werk</th>' in page
    assert '<th colspan="5" scope="rowgroup">H1: Werk</th>' in page
    assert not re.search(r"(src|href)=|url\(|@import", page)


def test_latex_has_a_label_notes_and_a_long_table_where_it_is_long() -> None:
    short = as_latex([TABLE, TABLE])
    assert r"\label{tab:odds-ratios}" in short
    assert r"\label{tab:odds-ratios-2}" in short
    assert r"\multicolumn{3}{c}{T3}" in short
    assert r"\cmidrule(lr){2-4}" in short
    assert r"\textcolor{dntgood}{1,54}" in short
    assert "$-$0,25" in short
    assert "longtable}" not in short.split("\n", 1)[1]
    long = as_latex([replace(TABLE, sections=(Section("", ROWS * 30),))])
    assert r"\begin{longtable}" in long
    assert long.count("Uitkomst & OR") == 2


def test_latex_sets_wide_tables_in_smaller_letters_and_turns_the_widest() -> None:
    def made(count: int, *, turned: bool = True) -> str:
        columns = (Column("x", "left"), *(Column("OR") for _ in range(count)))
        rows = ((Cell("x"), *(Cell("1234,56") for _ in range(count))),)
        return latex_table(Table("t", columns, (Section("", rows),)), "t", turned=turned)

    assert "\\footnotesize\\setlength" not in made(3)
    assert "\\footnotesize\\setlength" in made(10)
    assert "landscape" not in made(12)
    assert made(16).startswith("\\begin{landscape}")
    assert "landscape" not in made(16, turned=False)
    words = Table("t", (Column("x", "left"), Column("y", "left")), (Section("", ((Cell("x"), Cell("word " * 9)),)),))
    assert r"\raggedright" in latex_table(words, "t")


def test_a_colour_is_never_the_only_sign() -> None:
    assert signs(TABLE, ROWS[0]) == ["", "", "", "▲", ""]
    alone = Table("", (Column("", "left"), Column("OR")), ())
    assert signs(alone, (Cell("x"), Cell("1", "bad"))) == ["", "▼"]
    wording = Wording(parse_study(BASE), "nl")
    assert "gunstig voor de persoon" in with_legend(TABLE, wording, "better").notes[0]
    assert "positief effect" in with_legend(TABLE, wording, "positive").notes[0]
    plain = Table("", COLUMNS[:1], (Section("", ((Cell("x"),),)),))
    assert with_legend(plain, wording, "better") is plain


def test_minus_signs_are_true_and_words_keep_their_hyphens() -> None:
    assert typeset("-0,5 (-1) T0-T3 lower-middle 10-20 p<.05 -∞") == "−0,5 (−1) T0-T3 lower-middle 10-20 p<.05 −∞"
    assert typeset("-") == "–"
    assert typeset("--force") == "--force"


def test_a_code_and_its_number_are_not_parted() -> None:
    table = Table("t", (Column("x", "left"), Column("y", "left")), (Section("", ((Cell("a"), Cell("c-0.2+ k1-")),)),))
    assert word(table).tables[0].rows[-1].cells[1].text == "c\u20110.2+ k1-"
    assert longest_word("ab-cd") < longest_word("ab-12")


def test_names_of_tables_are_plain_and_differ() -> None:
    assert slugs(["Odds ratio's", "Coëfficiënten (bèta)", "Odds ratio's", "!"]) == [
        "odds-ratios", "coefficienten-beta", "odds-ratios-2", "table",
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["docx", "xlsx"])
def test_the_same_tables_are_the_same_bytes(form: str) -> None:
    first = document(form, [TABLE], "nl")
    assert document(form, [TABLE], "nl") == first
    parts = zipfile.ZipFile(io.BytesIO(first))
    assert {info.date_time[0] for info in parts.infolist()} == {1980}
    assert b"dcterms" not in re.sub(rb"xmlns:dcterms=\S+", b"", parts.read("docProps/core.xml"))


@settings(max_examples=6, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=12))
def test_any_text_comes_through_word_and_excel(text: str) -> None:
    cell = Cell(text)
    table = Table("t", (Column("a", "left"), Column("b", "left")), (Section("", ((Cell("x"), cell),)),), (text,))
    found = word(table).tables[0]
    shown = typeset(cell.text).strip().replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
    assert not shown or found.rows[1].cells[1].text == shown
    assert sheet(table).cell(3, 1).value == "x"


def test_columns_that_say_nothing_on_paper_are_left_out() -> None:
    columns = (Column("a", "left"), Column("b"), Column("c", "left"))
    table = Table("t", columns, (Section("", ((Cell("x"), Cell(""), Cell("▁▃█")), (Cell("y"), Cell(""), Cell("")))),))
    assert [c.heading for c in without_empty(table).columns] == ["a", "c"]
    assert [c.heading for c in without_charts(table).columns] == ["a", "b"]
