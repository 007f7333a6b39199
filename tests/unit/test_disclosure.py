"""What is hidden of a release, and between which bounds it can be computed."""

from __future__ import annotations

import numpy as np
import pytest

from dnt_cli.description.codebook import codebook_table
from dnt_cli.description.persons import Behind, Naming
from dnt_cli.description.run import describe
from dnt_cli.disclosure.bounds import System
from dnt_cli.disclosure.papers import letter, persons_in, proven
from dnt_cli.disclosure.protect import decided
from dnt_cli.disclosure.quantities import DATA, Registry
from dnt_cli.disclosure.relations import relations_of
from dnt_cli.disclosure.release import HIDDEN, _seen, _within, released
from dnt_cli.disclosure.rules import broken_rule, sensitive
from dnt_cli.errors import DataError
from dnt_cli.polis.tables import answers as register_answers
from dnt_cli.study.disclosure import CBS
from dnt_cli.survey import cast_survey
from dnt_cli.synthetic import example_study, generate
from dnt_cli.tables import Counts, mean_of, resting, share_of, together
from dnt_cli.wording import Wording
from tests.support.bounds import bounds
from tests.support.disclosure import BOTH, ENGLISH, YES, arm, of, size, table, texts, yes


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


def test_numbers_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(DataError, match="different data"):
        of(yes("a", 4, 40), yes("b", 20, 40), yes("", 15, 80))


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


def test_what_may_not_be_told_stands_in_the_order_of_the_files() -> None:
    """What else is hidden follows from the order; that of a set is another in every run, and two runs tell more."""
    registry = Registry(CBS.persons)
    registry.add([resting([*arm("a"), ("place", (str(i),))], 3) for i in range(30)])
    assert list(sensitive(registry, CBS)) == list(registry.values)


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


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [(None, 136, "136"), (136, 136, "136"), (136, 120, "120"), (120, 136, "136"), (136, 135, HIDDEN)],
)
def test_the_checker_reads_how_many_persons_this_release_is_of(before: int | None, now: int, told: str) -> None:
    """Not how many an earlier one was of, nor how many of them were seen at a wave where their number is hidden."""
    tables = [table([("N", str(now), resting([], now)), ("T1", "99", resting([("attendance", ("T0+T1",))], 99))])]
    earlier = [{size(): float(before), size(("attendance", ("T0+T1",))): 99.0}] if before else []
    release = released({"f": tables}, CBS, ENGLISH, earlier)
    assert persons_in(release) == told
    assert f"The study: {told} persons." in letter(release, CBS, ENGLISH)
    assert release.tables["f"][0].rows[0][1].text == told
