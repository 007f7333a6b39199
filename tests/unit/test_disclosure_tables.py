"""What of a table leaves: figures, their decimals, labels, headings and notes."""

from __future__ import annotations

import re
from dataclasses import replace
from string import Formatter

import pytest

from dnt_cli.description.run import describe
from dnt_cli.description.tables import description_tables
from dnt_cli.disclosure.notes import NOT_PERSONS
from dnt_cli.disclosure.release import HIDDEN, released
from dnt_cli.disclosure.rounding import carried
from dnt_cli.disclosure.rules import told_inside
from dnt_cli.study import Language, load_study
from dnt_cli.study.disclosure import CBS
from dnt_cli.survey import cast_survey
from dnt_cli.synthetic import example_study, generate
from dnt_cli.tables import Cell, Column, Counts, Section, Table, mean_of, resting, together
from dnt_cli.wording import Wording, catalogue
from tests.support.disclosure import ENGLISH, arm, table, texts, yes


def test_a_number_of_which_nothing_is_known_is_left_out() -> None:
    assert texts(table([("Mean", "3.2", None), ("Other", "-", None)])) == [HIDDEN, "-"]


def test_a_note_that_names_a_few_persons_is_left_out() -> None:
    notes = ("Of 3 persons nothing is known.", "** p < .05; T3; H2: 95% CI.", "N = 136 persons.")
    shown = released({"f": [table([("All", "136", resting([], 136))], notes)]}, CBS, ENGLISH)
    assert shown.tables["f"][0].notes[:2] == notes[1:]
    assert [own.rule for own in shown.left] == ["note"]


def test_a_label_that_stands_for_a_few_goes_with_its_row() -> None:
    small = resting([("site", ("X",))], 3)
    row = (Cell("Site X", counts=small), Cell("3", counts=small))
    own = Table("T", (Column("", "left"), Column("N")), (Section("", (row,)),))
    assert released({"f": [own]}, CBS, ENGLISH).tables["f"][0].sections[0].rows == ()


@pytest.mark.parametrize(
    ("text", "counts", "shown"),
    [
        ("37 (45.7%)", yes("a", 37, 81), "37 (46%)"),
        ("610 (45.3%)", yes("a", 610, 1347), "610 (45.3%)"),
        ("63.0", yes("a", 51, 81), "63"),
        ("2.44 (1.16)", mean_of(arm("a"), 81, "x", 2.4449, 1.161), "2.4 (1.2)"),
        ("2.44", mean_of(arm("a"), 181, "x", 2.4449), "2.44"),
        ("-13.4", together([yes("a", 51, 81), yes("b", 42, 55)]), "-13"),
        ("0.61", resting(arm("a"), 81), "0.61"),
    ],
)
def test_decimals_are_those_that_the_number_of_persons_carries(text: str, counts: Counts, shown: str) -> None:
    assert texts(table([("x", text, counts)])) == [shown]


def test_a_half_is_rounded_from_the_figure_and_not_from_what_was_printed() -> None:
    assert texts(table([("x", "46.5", yes("a", 67, 144))])) == ["47"]  # 46.53
    assert texts(table([("x", "45.5", yes("a", 46, 101))])) == ["46"]  # 45.54
    assert texts(table([("x", "54.5", yes("a", 391, 718))])) == ["54"]  # 54.457


def test_decimals_by_the_number_of_persons() -> None:
    assert [carried(n, percent=True) for n in (10, 99, 100, 999, 1000)] == [0, 0, 0, 0, 1]
    assert [carried(n, percent=False) for n in (10, 99, 100, 999)] == [1, 1, 2, 2]


def test_no_digit_behind_the_text_leaves_in_a_workbook() -> None:
    row = (Cell("x"), Cell("0.61", value=0.6123456, counts=resting(arm("a"), 81)))
    own = Table("T", (Column("", "left"), Column("OR")), (Section("", (row,)),))
    assert released({"f": [own]}, CBS, ENGLISH).tables["f"][0].sections[0].rows[0][1].value is None


def test_inside_the_number_of_figures_that_are_not_for_release_is_said() -> None:
    own = table([("a", "4", yes("a", 4, 40)), ("b", "20", yes("b", 20, 40))], ("First.",))
    (noted,) = told_inside([own], ENGLISH)
    assert noted.notes[0] == "First."
    assert noted.notes[1].startswith("Not for release: 1 figures rest on fewer than 10 persons")
    made_up = Wording(load_study("dnt", ["synthetic=true"]), "en")
    assert told_inside([own], made_up) == [own]
    assert told_inside([table([("b", "20", yes("b", 20, 40))])], ENGLISH)[0].notes == ()


def test_a_mark_beside_a_number_that_is_left_out_is_not_there() -> None:
    small = yes("a", 4, 40)
    row = (Cell("a"), Cell("-0.40", counts=small), Cell("++", counts=small))
    own = Table("T", (Column("", "left"), Column("SMD"), Column("", "left")), (Section("", (row,)),))
    shown = released({"f": [own]}, CBS, ENGLISH).tables["f"][0].sections[0].rows[0]
    assert [cell.text for cell in shown] == ["a", HIDDEN, ""]


def kept_notes(*notes: str, rows: int = 136) -> list[str]:
    own = table([("All", str(rows), resting([], rows)), ("a", "4", yes("a", 4, 40))], notes)
    return [note for note in released({"f": [own]}, CBS, ENGLISH).tables["f"][0].notes if note in notes]


def test_only_the_values_of_a_sentence_that_are_of_persons_decide_on_a_note() -> None:
    sizes = [ENGLISH.text("effects.sample", n=n, m=5) for n in (136, 9)]
    assert kept_notes(*sizes) == sizes[:1]
    checks = [
        ENGLISH.text("robustness.counts", code="a", label="part", n=n, counts="mark lost for 2 of 14") for n in (136, 7)
    ]
    assert kept_notes(*checks) == checks[:1]


def test_the_sentence_of_a_check_is_judged_by_the_persons_in_it() -> None:
    own = [
        ENGLISH.text("robustness.own", text=ENGLISH.text("robustness.subset_known", inside=i, outside=136 - i))
        for i in (100, 130, 6)
    ]
    assert kept_notes(*own) == own[:1]


def test_a_note_tells_no_size_that_is_all_but_a_few_or_hidden_elsewhere() -> None:
    assert kept_notes("130 women answered.", "100 women answered.", rows=136) == ["100 women answered."]


def test_events_per_coefficient_never_leave() -> None:
    assert kept_notes(ENGLISH.text("effects.few_events", least=20, outcomes="Work (11.5)")) == []
    lost = ENGLISH.text("effects.unequal_loss", most=50, more=20, outcomes="Work (67% / 16%)")
    assert kept_notes(lost) == []


def test_each_sentence_of_which_numbers_are_no_persons_has_these_values() -> None:
    for key, names in NOT_PERSONS.items():
        room, _, name = key.partition(".")
        for language in ("nl", "en"):
            fields = {field for _, field, _, _ in Formatter().parse(catalogue(room)[name][language]) if field}
            assert set(names) <= fields, key


def test_a_note_on_a_column_of_which_figures_are_left_out_is_not_there() -> None:
    small = Cell("0.50", counts=resting([], 4))
    columns = (Column("", "left"), Column("(a)"))
    notes = ("(a) part: moves by 1.02 SE.", "    more than 1 SE: Work.", "(b) other: the same.")
    own = Table("T", columns, (Section("", ((Cell("Work"), small),)),), notes)
    assert released({"f": [own]}, CBS, ENGLISH).tables["f"][0].notes[0] == notes[2]


def test_a_size_in_a_title_heading_or_label_is_judged_as_a_number() -> None:
    rows = ((Cell("Older (N = 7)"), Cell("20", counts=yes("a", 20, 40))),)
    columns = (Column("", "left"), Column("OR (n=40)", group="N = 3"))
    own = Table("Part (N = 9)", columns, (Section("Younger (N = 35)", rows), Section("Other (N = 40)", rows)))
    (shown,) = released({"f": [own]}, CBS, ENGLISH).tables["f"]
    assert shown.title == f"Part (N = {HIDDEN})"
    assert [section.heading for section in shown.sections] == [f"Younger (N = {HIDDEN})", "Other (N = 40)"]
    assert (shown.columns[1].heading, shown.columns[1].group) == ("OR (n=40)", f"N = {HIDDEN}")
    assert shown.sections[0].rows[0][0].text == f"Older (N = {HIDDEN})"


@pytest.mark.parametrize("language", ["nl", "en"])
def test_no_figure_leaves_of_a_table_of_which_the_persons_are_not_told(language: Language) -> None:
    """A new table that tells nothing of the persons behind its numbers gives none of them away."""
    study = example_study()
    wording = Wording(study, language)
    for own in description_tables(describe(cast_survey(generate(), study)[0], study), wording):
        bare = [
            replace(section, rows=tuple(tuple(replace(c, counts=None) for c in row) for row in section.rows))
            for section in own.sections
        ]
        found = released({"new": [replace(own, sections=tuple(bare))]}, CBS, wording)
        cells = [c.text for s in found.tables["new"][0].sections for row in s.rows for c in row[1:]]
        assert not [text for text in cells if re.search(r"[0-9▁-█]", text)]
        assert sum(found.shown.values()) == 0
        assert {left.rule for left in found.left} <= {"unknown", "note"}
