"""What is left out of tables, and between which bounds it can be computed."""

from __future__ import annotations

import re
from dataclasses import replace
from string import Formatter

import numpy as np
import pandas as pd
import pytest

from dnt_cli.description.codebook import codebook_table
from dnt_cli.description.persons import Behind, Naming
from dnt_cli.description.run import describe
from dnt_cli.description.tables import description_tables, outcome_tables
from dnt_cli.disclosure.bounds import System
from dnt_cli.disclosure.figures import TracedFigure, traced_figures
from dnt_cli.disclosure.notes import NOT_PERSONS
from dnt_cli.disclosure.papers import proven
from dnt_cli.disclosure.protect import Decision, decided
from dnt_cli.disclosure.quantities import DATA, Quantity, Registry
from dnt_cli.disclosure.relations import relations_of
from dnt_cli.disclosure.release import HIDDEN, _seen, _within, released
from dnt_cli.disclosure.rounding import carried
from dnt_cli.disclosure.rules import broken_rule, told_inside
from dnt_cli.effects.columns import COLUMNS
from dnt_cli.effects.result import Estimates
from dnt_cli.errors import DataError
from dnt_cli.figures.outcomes import outcome_drawings
from dnt_cli.models import GROUP, TREND
from dnt_cli.polis.tables import answers as register_answers
from dnt_cli.study import Language, load_study, parse_study
from dnt_cli.study.disclosure import CBS
from dnt_cli.survey import cast_survey
from dnt_cli.synthetic import example_study, generate
from dnt_cli.tables import Cell, Column, Counts, Section, Table, mean_of, named, resting, share_of, together
from dnt_cli.tables.counts import Pair
from dnt_cli.wording import Wording, catalogue
from tests.support.bounds import bounds
from tests.support.oracles.disclosure_attack import STUDY, random_survey

YES, BOTH = ("work", ("1",)), ("work", ("0", "1"))
ENGLISH = Wording(load_study("dnt"), "en")


def arm(name: str) -> list[Pair]:
    return [("group", (name,))] if name else []


def yes(group: str, n: int, of: int) -> Counts:
    return share_of([*arm(group), YES], n, [*arm(group), BOTH], of)


def size(*who: Pair) -> Quantity:
    return Quantity(named(who))


def of(*numbers: Counts, earlier: dict[Quantity, float] | None = None) -> Decision:
    registry = Registry(CBS.persons)
    before = registry.known(earlier or {})
    registry.add(numbers)
    return decided(registry, CBS, before)


def table(rows: list[tuple[str, str, Counts | None]], notes: tuple[str, ...] = ()) -> Table:
    body = tuple((Cell(label), Cell(text, counts=counts)) for label, text, counts in rows)
    return Table("T", (Column("", "left"), Column("N")), (Section("", body),), notes)


def texts(own: Table, earlier: dict[Quantity, float] | None = None) -> list[str]:
    shown = released({"f": [own]}, CBS, ENGLISH, [earlier] if earlier else []).tables["f"][0]
    return [row[1].text for row in shown.rows]


@pytest.mark.parametrize(
    ("counts", "rule"),
    [
        (yes("a", 10, 30), ""),
        (yes("a", 9, 30), "persons"),
        (yes("a", 21, 30), "persons"),  # the nine who did not
        (yes("a", 0, 30), "persons"),
        (yes("a", 380, 400), "share"),
        (yes("a", 20, 400), "share"),  # 95 % gave the other answer
        (resting(arm("a"), 9), "persons"),
        (resting(arm("a"), 40, df=9.9), "df"),
        (Counts((), largest=0.51), "dominance"),
        (resting(arm("a"), 40, kind="extreme"), "extremes"),
        (resting(arm("a"), 40, kind="missing"), "missing"),
        (Counts(), ""),
    ],
)
def test_each_rule_at_its_threshold(counts: Counts, rule: str) -> None:
    assert broken_rule(counts, CBS) == rule


def test_a_number_of_which_nothing_is_known_is_left_out() -> None:
    assert texts(table([("Mean", "3.2", None), ("Other", "-", None)])) == [HIDDEN, "-"]


def test_a_small_count_is_not_found_by_subtracting_from_the_total() -> None:
    found = of(yes("a", 4, 40), yes("b", 20, 40), yes("", 24, 80))
    assert found.hidden[size(*arm("a"), YES)] == "persons"
    assert {rule for q, rule in found.hidden.items() if q != size(*arm("a"), YES)} == {"secondary"}
    low, high = found.bounds[size(*arm("a"), YES)]
    assert high - low >= CBS.width
    assert not found.unprotected


def test_without_a_total_nothing_more_is_hidden() -> None:
    assert list(of(yes("a", 4, 40), yes("b", 20, 40)).hidden.values()) == ["persons"]


def test_the_bounds_are_those_of_the_totals() -> None:
    registry = Registry(CBS.persons)
    registry.add([yes("a", 4, 40), yes("b", 20, 40), yes("", 24, 80)])
    system = System(registry.values, relations_of(registry.values, registry.classes))
    everything = set(registry.values)
    one, other, both = (size(*arm(g), YES) for g in ("a", "b", ""))
    assert bounds(system, one, everything - {one}) == (4, 4)
    assert bounds(system, one, everything - {one, other}) == (0, 24)
    assert bounds(system, one, everything - {one, both}) == (0, 40)


def test_classes_are_not_found_from_their_mean_and_spread() -> None:
    """Three classes of which the sizes follow from the number, the mean and the standard deviation."""
    values = [0] * 20 + [1] * 4 + [2] * 16
    mean = sum(values) / 40
    deviation = (sum((v - mean) ** 2 for v in values) / 39) ** 0.5
    classes = tuple((("score", (str(c),)), float(c)) for c in range(3))
    every = ("score", ("0", "1", "2"))
    levels = [share_of([("score", (str(c),))], values.count(c), [every], 40) for c in range(3)]
    found = of(mean_of([every], 40, "score", mean, deviation, classes), *levels)
    low, high = found.bounds[size(("score", ("1",)))]
    assert high - low >= CBS.width
    assert any(q.what for q in found.hidden)  # the mean or its deviation is hidden too


def test_the_mean_of_nobody_tells_no_sum() -> None:
    assert mean_of(arm("a"), 0, "score", np.nan, np.nan).totals == ()
    assert mean_of(arm("a"), 1, "score", 3.0, np.nan).totals[1].total == 9.0


def test_a_group_within_a_group_is_not_found_from_what_it_is_taken_together_in() -> None:
    """`mid/high` and `mid` together tell `high`."""
    every = ("school", ("low", "mid", "high"))

    def of_level(n: int, *levels: str) -> Counts:
        return share_of([("school", levels)], n, [every], 80)

    found = of(of_level(40, "low"), of_level(34, "mid"), of_level(6, "high"), of_level(40, "mid", "high"))
    low, high = found.bounds[size(("school", ("high",)))]
    assert high - low >= CBS.width


def test_what_an_earlier_release_told_counts_as_known() -> None:
    one, other, both = (size(*arm(g), YES) for g in ("a", "b", ""))
    alone = of(yes("a", 4, 40), yes("b", 20, 40))
    assert other not in alone.hidden
    later = of(yes("a", 4, 40), yes("b", 20, 40), earlier={both: 24.0, size(BOTH): 80.0})
    assert later.hidden[other] == "secondary"
    low, high = later.bounds[one]
    assert high - low >= CBS.width


def test_what_was_told_before_cannot_be_hidden_and_is_said() -> None:
    assert of(yes("a", 4, 40), earlier={size(*arm("a"), YES): 4.0}).unprotected == {size(*arm("a"), YES)}


def test_two_numbers_of_one_group_that_differ_by_few_tell_of_those() -> None:
    rows = [("All", "100", resting(arm("a"), 100)), ("Without one", "99", resting(arm("a"), 99))]
    assert texts(table(rows)) == ["100", HIDDEN]
    rows = [("All", "100", resting(arm("a"), 100)), ("Half", "50", resting(arm("a"), 50))]
    assert texts(table(rows)) == ["100", "50"]


def test_the_same_group_a_little_larger_in_an_earlier_release() -> None:
    assert texts(table([("All", "100", resting(arm("a"), 100))]), {size(*arm("a")): 101.0}) == [HIDDEN]
    assert texts(table([("All", "100", resting(arm("a"), 100))]), {size(*arm("a")): 120.0}) == ["100"]


def test_a_difference_of_two_groups_goes_with_either() -> None:
    both = together([yes("a", 4, 40), yes("b", 20, 40)])
    assert texts(table([("a", "4 (10.0%)", yes("a", 4, 40)), ("difference", "-40.0", both)])) == [HIDDEN, HIDDEN]


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


def test_numbers_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(DataError, match="different data"):
        of(yes("a", 4, 40), yes("b", 20, 40), yes("", 15, 80))


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


def test_models_of_parts_that_overlap_do_not_contradict_each_other() -> None:
    """All, those without one part and those without another: 125 and 95 of the same 136."""
    rows = [(f"N = {n}", str(n), resting([("in the model", "yes")], n)) for n in (136, 125, 95)]
    assert texts(table(rows)) == ["136", "125", "95"]


def test_a_release_of_newer_data_is_protected_by_its_own_totals() -> None:
    """The earlier data had other sizes; in the newer, four are the total without the others."""
    before = {size(*arm("b"), YES): 30.0, size(*arm("b"), BOTH): 60.0, size(YES): 60.0, size(BOTH): 120.0}
    found = of(yes("a", 4, 40), yes("b", 15, 40), yes("", 19, 80), earlier=before)
    (few,) = [q for q, rule in found.hidden.items() if rule == "persons"]
    low, high = found.bounds[few]
    assert high - low >= CBS.width


def test_an_earlier_release_that_contradicts_the_later_is_of_other_data() -> None:
    """Only a part of it was told, so that no size differs but their sum does."""
    shown = texts(table([("a", "4", yes("a", 4, 40)), ("b", "45", yes("b", 45, 80))]), {size(YES): 30.0})
    assert shown == [HIDDEN, "45"]


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


def test_an_answer_within_another_is_no_more_frequent() -> None:
    """Who works more than 12 hours works."""
    inner, outer = ("work_gt12h@T0", ("1",)), ("work_any@T0", ("1",))
    values = {size(inner): 14.0, size(outer): 20.0, size(): 80.0}
    system = System(values, relations_of(values, {}, [(inner, outer)]))
    assert bounds(system, size(outer), {size(inner), size()}) == (14, 80)
    assert bounds(system, size(inner), {size(outer), size()}) == (0, 20)
    assert (inner, outer) in _within(ENGLISH.study)


def test_who_was_seen_is_not_found_from_the_numbers_of_answers_and_a_total() -> None:
    """19 of 24 and 15 of 23 answered, who all were seen; with 35 seen in all, 19 or 20 of the 24 were."""
    there, asked = ("attendance", ("T0+T1",)), ("work@T1", ("0", "1"))
    registry = Registry(CBS.persons)
    registry.add([
        *(share_of([*arm(g), there], seen, arm(g), n) for g, seen, n in (("a", 20, 24), ("b", 15, 23), ("", 35, 47))),
        *(resting([*arm(g), asked], n) for g, n in (("a", 19), ("b", 15))),
    ])  # fmt: skip
    registry.seen = [(asked, there)]
    found = decided(registry, CBS)
    for low, high in (found.bounds[size(*arm(g), there)] for g in ("a", "b")):
        assert high - low >= CBS.width - 1e-4
    assert size(there) in found.hidden
    assert not {size(*arm(g), asked) for g in ("a", "b")} & set(found.hidden)  # they are told in any case
    assert not found.unprotected


def test_the_letter_says_between_which_bounds_what_is_forbidden_was_shown_to_lie() -> None:
    """19 of the 21 answered, so that it is known anyhow that 19 to 21 were seen."""
    there, asked = ("attendance", ("T0+T1",)), ("work@T1", ("0", "1"))
    registry = Registry(CBS.persons)
    registry.add([share_of([*arm("a"), there], 20, arm("a"), 21), resting([*arm("a"), asked], 19)])
    registry.seen = [(asked, there)]
    seen, wide = decided(registry, CBS), of(yes("a", 4, 40), yes("b", 20, 40))
    lost = of(yes("a", 4, 40), earlier={size(*arm("a"), YES): 4.0})
    dutch = Wording(ENGLISH.study, "nl")
    for found, ends, einde in (
        (wide, "at least 5 persons apart.", "ten minste 5 personen uit elkaar liggen."),
        (seen, "2 persons. That far it follows already from how many persons answered, which is always shown.",
         "2 personen. Zo ver volgt het al uit hoeveel personen antwoord gaven, wat altijd wordt getoond."),
        (lost, "1 figures: an earlier release told them, or nothing can protect them.",
         "1 getallen: zij stonden al in een eerdere vrijgave, of zijn niet te beschermen."),
    ):  # fmt: skip
        assert proven(found, CBS, ENGLISH).endswith(ends)
        assert proven(found, CBS, dutch).endswith(einde)


def test_a_release_knows_that_only_who_was_seen_answered() -> None:
    seen, gone, asked = (size((name, values)) for name, values in (
        ("attendance", ("T0", "T0+T1")), ("attendance", ("T0",)), ("work_any@T1", ("0", "1")),
    ))  # fmt: skip
    known = _seen(ENGLISH.study, [seen, gone, asked])
    assert known == [(("work_any@T1", ("0", "1")), ("attendance", ("T0+T1",)))]


def test_showing_again_leaves_every_bound_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    levels = [str(i) for i in range(8)]
    rng = np.random.default_rng(5)
    numbers: list[Counts] = []
    for _ in range(3):
        for group in ("a", "b"):
            own = rng.integers(2, 40, len(levels))
            question = f"q{len(numbers)}"
            every = (question, tuple(levels))
            numbers += [
                share_of([*arm(group), (question, (level,))], int(n), [*arm(group), every], int(own.sum()))
                for level, n in zip(levels, own, strict=True)
            ]
            numbers.append(
                share_of(
                    [*arm(group), (question, ("0", "1"))], int(own[:2].sum()), [*arm(group), every], int(own.sum())
                )
            )
    found = of(*numbers)
    with monkeypatch.context() as patch:
        patch.setattr("dnt_cli.disclosure.protect._Search.show_again", lambda self: None)
        before = of(*numbers)
    assert set(found.hidden) < set(before.hidden)
    registry = Registry(CBS.persons)
    registry.add(numbers)
    system = System(registry.values, relations_of(registry.values, registry.classes))
    told = set(registry.values) - set(found.hidden)
    for own in found.bounds:
        low, high = bounds(system, own, told)
        assert high - low >= CBS.width - 1e-6


def test_of_the_tables_behind_figures_those_of_figures_that_leave_are_kept() -> None:
    one, other = (replace(table([("a", "20", yes("a", 20, 40)), ("b", "4", yes("b", 4, 40))]), title=t) for t in "AB")
    found = released({"figures": [one, other], "more": [other]}, CBS, ENGLISH)
    kept = found.keeping("figures", ["A"])
    assert [own.title for own in kept.tables["figures"]] == ["A"]
    assert [own.title for own in kept.tables["more"]] == ["B"]
    assert {(own.source, own.table) for own in kept.left} == {("figures", "A"), ("more", "B")}
    assert "figures" not in found.keeping("figures", []).tables


def marked(own: Table, *rows: int) -> Table:
    """The table with the mark for what is left out in these rows of each section."""
    return replace(own, sections=tuple(
        replace(section, rows=tuple(
            (row[0], *(Cell(HIDDEN) for _ in row[1:])) if i in rows else row for i, row in enumerate(section.rows)
        ))
        for section in own.sections
    ))  # fmt: skip


@pytest.fixture(scope="module")
def small() -> list[TracedFigure]:
    study = parse_study(STUDY)
    description = describe(cast_survey(random_survey(3), study)[0], study)
    return traced_figures(description, None, Wording(study, "en"))


def test_a_flow_has_a_mark_for_each_number_that_is_left_out(small: list[TracedFigure]) -> None:
    flow = small[0]
    assert all(cell.counts is not None for s in flow.table.sections for row in s.rows for cell in row[1:])
    whole = flow.draw(flow.table)
    assert whole is not None
    assert HIDDEN not in whole.about
    drawing = flow.draw(marked(flow.table, 1, 2, 3))  # what is left out of each wave
    assert drawing is not None
    assert f"T1: 44 seen, {HIDDEN} missed ({HIDDEN}%), of whom {HIDDEN}" in drawing.about
    assert flow.draw(marked(flow.table, 0, 1, 2, 3)) is None


def test_the_figure_of_an_outcome_leaves_whole_or_not_at_all(small: list[TracedFigure]) -> None:
    figures = {own.table.title: own for own in small[1:]}
    assert list(figures) == ["Work", "Ladder", "High"]
    for own in figures.values():
        assert own.draw(own.table) is not None
        assert own.draw(marked(own.table, 0)) is None


def test_a_forest_leaves_out_an_outcome_with_a_number_that_is_left_out() -> None:
    rows = [
        dict.fromkeys(COLUMNS, np.nan)
        | {"outcome": outcome, "analysis": analysis, "kind": "binary", "term": term, "status": "ok", "message": ""}
        | {"estimate": 0.1, "odds_ratio": 1.1, "conf_low": -0.5, "conf_high": 0.7, "p_value": 0.5, "left_out": ""}
        | {"n_persons": 136.0, "n_observed_intervention": n, "n_observed_comparison": 45.0, "controls": ""}
        for outcome, analysis, term, n in (
            ("work_any", "t3", GROUP, 50.0), ("work_any", "longitudinal", TREND, 8.0), ("debt", "t3", GROUP, 50.0)
        )
    ]  # fmt: skip
    (forest,) = traced_figures(None, Estimates(ENGLISH.study, pd.DataFrame(rows), pd.DataFrame(), 0.95), ENGLISH)
    shown = released({"figures": [forest.table]}, CBS, ENGLISH).tables["figures"][0]
    assert [HIDDEN in row[1].text for row in shown.sections[0].rows] == [False, True, False]
    drawing = forest.draw(shown)
    assert drawing is not None
    assert "Has debts" in drawing.about
    assert "paid job" not in drawing.about


def test_the_table_behind_a_figure_holds_what_the_figure_shows() -> None:
    study = example_study()
    description = describe(cast_survey(generate(), study)[0], study)
    wording = Wording(study, "en")
    behind = outcome_tables(description, wording)
    drawings = outcome_drawings(description, wording)
    assert list(behind) == list(drawings)
    assert [own.title for own in behind.values()] == [own.title for own in drawings.values()]
    shown = [c.text for s in behind["debt"].sections for row in s.rows for c in row[1:]]
    trend = description[(description["table"] == "trend") & (description["variable"] == "debt")]
    figures = trend[(trend["statistic"] == "pct") & (trend["group"] != "all")]
    for value, n in zip(figures["value"], figures["denominator"], strict=True):
        assert {f"{value:.1f}", str(int(n))} <= set(shown)


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


def test_of_a_group_with_one_person_more_than_before_nothing_is_told() -> None:
    """Neither what changed nor what stayed the same, of which she would be known to have said the one or the other."""
    before = {size(*arm("a"), BOTH): 40.0, size(*arm("a"), YES): 20.0, size(*arm("b"), BOTH): 40.0}
    rows = [("a", "20", yes("a", 20, 41)), ("N", "41", resting([*arm("a"), BOTH], 41)), ("b", "15", yes("b", 15, 40))]
    assert texts(table(rows), before) == [HIDDEN, HIDDEN, "15"]


def test_a_register_outcome_has_the_same_name_in_the_tables_of_the_register() -> None:
    naming = Naming(ENGLISH.study, {})
    assert naming.answer("cbs_work_gt1h", "", "T3") == register_answers("work", "T3")
    assert naming.answer("cbs_work_gt12h", "1", "T3") == (register_answers("over_hours", "T3")[0], ("1",))


def test_an_outcome_that_a_file_does_not_hold_does_not_make_it_a_file_of_other_data() -> None:
    """The codebook of a survey lists the register outcomes, which other files of the same study have answers of."""
    study = example_study()
    described = describe(cast_survey(generate(), study)[0], study)
    codebook = codebook_table(described, ENGLISH, Behind(described, study))
    (row,) = (row for row in codebook.rows if row[0].text == "cbs_work_gt1h")
    other = table([("work", "20", share_of([*arm("intervention"), ("register work@T3", ("1",))], 20,
                                           [*arm("intervention"), ("register work@T3", ("0", "1"))], 81))])  # fmt: skip
    assert row[-2].text == "0 + 0"
    told = released({"d": [codebook], "t3": [other]}, CBS, ENGLISH).told
    assert not any(name == DATA for quantity in told for name, _ in quantity.who)
