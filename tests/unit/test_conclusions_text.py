"""What is said of a verdict: one change turns the right sentence and no other; tables, rows, and what is refused."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dnt_cli.conclusions import conclude
from dnt_cli.conclusions.result import HypothesisConclusion
from dnt_cli.conclusions.speech import outcome_text, verdict_text
from dnt_cli.effects.errors import errors_note
from dnt_cli.effects.result import Estimates
from dnt_cli.errors import DataError
from dnt_cli.messages import message
from dnt_cli.polis.result import RegisterResult
from dnt_cli.study import Language, Study, parse_study
from dnt_cli.wording import Wording
from tests.support.conclusions import (
    BASE,
    CHECKS,
    RAW,
    STUDY,
    changed,
    checks,
    described,
    effect,
    estimates,
    frame,
    statements,
    text_of,
    verdict_of,
)


@pytest.fixture(scope="module")
def study() -> Study:
    return parse_study(STUDY)


def all_texts(study: Study, rows: Any = BASE, tried: Any = CHECKS, raw: Any = RAW) -> Mapping[tuple[str, str], str]:
    results = [estimates(study, *rows), checks(study, *BASE, *tried), described(study, *raw)]
    return statements(results, Wording(study, "en"))


def differing(one: Mapping[Any, str], other: Mapping[Any, str]) -> set[Any]:
    return {key for key in one if one[key] != other[key]}


def test_the_sentence_on_an_outcome_tells_verdict_effects_checks_register_and_what_was_observed(study: Study) -> None:
    assert all_texts(study)["H1", "work"] == (
        "Work (expected: increase): the expectation is supported at T1. "
        "At T1 OR 1.35** (95% CI 0.50 – 3.67); "
        "trend per wave OR 1.22 (95% CI 0.45 – 3.32: only what lies outside is excluded). "
        "None of the 2 checks (at T1) changes this. "
        "The register points the same way: paid at T1 OR 1.49. "
        "Observed: +15.5 against +3.6 percentage points."
    )
    late = all_texts(study)["H2", "late"]
    assert late.endswith("beta -0.20 (95% CI -0.30 – -0.10: only what lies outside is excluded). "
                         "Observed: mean 2.04 against 2.36.")  # fmt: skip


def test_another_sign_turns_the_verdict_on_its_outcome_and_hypothesis_only(study: Study) -> None:
    turned = all_texts(study, changed(BASE, 0, **effect("work", value=-0.3, mark="**")))
    assert differing(all_texts(study), turned) == {("H1", "work"), ("H1", "")}
    said = turned["H1", "work"]
    assert "at T1 it goes against the expectation." in said
    assert "The difference at T1 and the trend point in different directions." in said
    assert "The register points the other way: paid at T1 OR 1.49." in said
    assert "What was observed points another way than the estimated difference at T1: +15.5 against +3.6 perc" in said


def test_a_mark_less_turns_support_into_a_direction_with_its_interval(study: Study) -> None:
    turned = all_texts(study, changed(BASE, 0, p_value=0.3))
    assert differing(all_texts(study), turned) == {("H1", "work"), ("H1", "")}
    assert "in the expected direction, but cannot be distinguished from none. At T1 OR 1.35 (95% CI 0.50 – 3.67: only" \
        in turned["H1", "work"]  # fmt: skip


@pytest.mark.parametrize(
    ("verdict", "value", "said"),
    [
        ("lost", 0.1, "In 1 of 2 checks (at T1) the mark is lost: (c) check c, -1.2 SE."),
        ("reversed", -0.1, "In 1 of 2 checks (at T1) the effect turns round, with a mark: (c) check c, -1.2 SE."),
    ],
)
def test_a_check_that_takes_the_mark_away_makes_the_verdict_fragile(
    study: Study, verdict: str, value: float, said: str
) -> None:
    tried = changed(CHECKS, 5, verdict=verdict, estimate=value, shift=-1.2)
    turned = all_texts(study, tried=tried)
    assert differing(all_texts(study), turned) == {("H1", "work")}
    assert said in turned["H1", "work"]
    sources = [estimates(study, *BASE), checks(study, *BASE, *tried)]
    work = conclude(sources).outcomes[0]
    assert (work.verdict, work.fragile) == ("supported", True)
    assert not conclude([estimates(study, *BASE), checks(study, *BASE, *CHECKS)]).outcomes[0].fragile


@pytest.mark.parametrize(
    ("mark", "check", "said"),
    [
        # hours: expected direction, without a mark; a check that points the other way changes what was said.
        ("", {"estimate": -0.2}, "In 1 of 2 checks (at T1) the difference points the other way, without a mark: (c)"),
        ("", {"estimate": -0.02}, "None of the 2 checks (at T1) changes this."),  # next to nothing points nowhere
        ("**", {"p_value": 0.08}, "In 1 of 2 checks (at T1) the mark is weaker: (c) check c"),
        ("**", {"p_value": 0.04}, "None of the 2 checks (at T1) changes this."),
    ],
)
def test_no_check_changes_this_only_where_neither_mark_nor_direction_changes(
    study: Study, mark: str, check: dict[str, Any], said: str
) -> None:
    rows = [effect("hours", mark=mark)]
    tried = [row | {"verdict": "same", "model": model} for model in ("a", "c") for row in rows]
    told = text_of(study, "hours", estimates(study, *rows), checks(study, *rows, tried[0], tried[1] | check))
    assert said in told
    assert told.count("(at T1)") == 1


def test_a_mark_that_other_standard_errors_take_away_is_fragile_and_said(study: Study) -> None:
    rows = changed(BASE, 0, p_value_sites=0.4, p_value_persons=0.01)
    work = conclude([estimates(study, *rows)]).outcomes[0]
    assert (work.verdict, work.fragile) == ("supported", True)
    said = text_of(study, "work", estimates(study, *rows))
    assert "With standard errors by site the mark is lost (at T1)." in said
    assert "by person" not in said
    doubtful = conclude([estimates(study, *rows)]).tables(Wording(study, "en"))[1]
    assert any(note.startswith("!s, !p: ") for note in doubtful.notes)
    assert not any("!s" in note for note in conclude([estimates(study, *BASE)]).tables(Wording(study, "en"))[1].notes)
    tried = tuple(row | {"verdict": "lost", "shift": 0.0, "model": "h"} for row in BASE[:1])
    both = text_of(study, "work", estimates(study, *rows), checks(study, *BASE, *tried))
    assert "In 1 of 1 checks (at T1) the mark is lost: (h) check h, +0.0 SE." in both
    assert "by site" not in both  # the check says it
    weaker = changed(BASE, 0, p_value_sites=0.09)  # still a mark
    assert not conclude([estimates(study, *weaker)]).outcomes[0].fragile


@pytest.mark.parametrize(
    ("intervention", "comparison", "said"),
    [
        (3, 3, "Each of the 6 sites lies in one group, and they are too few for standard errors by site: mark and "
               "interval (at T1) hold only if persons of a site are not alike."),
        (1, 5, "One of the groups is a single site: an effect of the intervention cannot be told from a difference "
               "between sites (at T1)."),
    ],
)  # fmt: skip
def test_a_mark_that_cannot_be_told_from_sites_does_not_count_and_that_is_said(
    study: Study, intervention: int, comparison: int, said: str
) -> None:
    counts = {"n_sites": 6, "n_sites_intervention": intervention, "n_sites_comparison": comparison}
    rows = changed(BASE, 0, **counts)
    uncounted = "The mark therefore does not count for the verdict."
    assert verdict_of(study, "work", *rows) == "expected"
    assert f"{said} {uncounted}" in text_of(study, "work", estimates(study, *rows))
    beside = changed(rows, 1, **counts, p_value=0.03)  # a trend alike
    assert verdict_of(study, "work", *beside) == "expected"
    assert text_of(study, "work", estimates(study, *beside)).count(uncounted) == 2
    assert verdict_of(study, "work", *changed(beside, 1, p_value_sites=0.04)) == "over_time"
    notes = conclude([estimates(study, *rows)]).tables(Wording(study, "en"))[1].notes
    assert any("a mark does not count for the verdict" in note for note in notes)
    unmarked = changed(rows, 0, p_value=0.3)
    assert said in text_of(study, "work", estimates(study, *unmarked))
    assert uncounted not in text_of(study, "work", estimates(study, *unmarked))
    for other in ({"p_value_sites": 0.01}, {"n_sites_comparison": 6, "n_sites_intervention": 6}):
        known = changed(rows, 0, **other)
        assert verdict_of(study, "work", *known) == "supported"
        assert said not in text_of(study, "work", estimates(study, *known))


@pytest.mark.parametrize(
    ("intervention", "comparison", "told"), [(40, 50, True), (41, 50, False), (25, 25, True), (26, 26, False)]
)
def test_a_group_that_lost_many_more_answers_is_told(
    study: Study, intervention: int, comparison: int, told: bool
) -> None:
    """Of fifty persons each: a fifth more than the other group, or half of a group."""
    counts = {"n_persons_intervention": 50, "n_persons_comparison": 50}
    counts |= {"n_endpoint_intervention": intervention, "n_endpoint_comparison": comparison}
    table = conclude([estimates(study, *changed(BASE, 0, **counts))]).tables(Wording(study, "en"))[1]
    share = f"Work ({2 * (50 - intervention)}% / {2 * (50 - comparison)}%)"
    assert any("missing" in note and share in note for note in table.notes) == told


@pytest.mark.parametrize(("language", "level"), [("en", "at T1 (p < .10)"), ("nl", "op T1 (p < ,10)")])
def test_a_verdict_on_the_lenient_level_alone_says_so(study: Study, language: Language, level: str) -> None:
    wording = Wording(study, language)
    for p_value, lenient in ((0.049, False), (0.051, True)):
        work = conclude([estimates(study, *changed(BASE, 0, p_value=p_value))]).outcomes[0]
        assert (work.verdict, work.lenient) == ("supported", lenient)
        assert (level in outcome_text(work, wording, 0.95)) == lenient
        assert verdict_text(work, wording).endswith(",10)" if language == "nl" else ".10)") == lenient
        whole = HypothesisConclusion("H1", work.verdict, (work,))
        assert verdict_text(whole, wording) == verdict_text(work, wording)


def test_a_difference_in_own_units_is_not_called_a_beta(study: Study) -> None:
    own = changed(BASE, 5, standardise="none", beta=-2.0, beta_se=0.5)
    beside = checks(study, *own, own[5] | {"model": "a", "verdict": "same"})
    wording = Wording(study, "en")
    for table in (conclude([estimates(study, *own)]).tables(wording)[1], beside.tables(wording)[0]):
        [row] = [row for part in table.sections for row in part.rows if row[0].text == "Late"]
        assert "own units" in {cell.text for cell in row}
    assert "At T2 own units -2.00" in text_of(study, "late", estimates(study, *own))
    assert "At T2 beta" in text_of(study, "late", estimates(study, *BASE))


def test_marks_rest_on_the_standard_errors_of_the_study() -> None:
    by_site = parse_study(STUDY.replace("[outcomes.work]", '[models]\nerrors = "sites"\n\n[outcomes.work]', 1))
    sites = {
        "std_error_sites": 1.0,
        "p_value_sites": 0.4,
        "conf_low_sites": -1.7,
        "conf_high_sites": 2.3,
        "df_sites": 9,
    }
    rows = changed(BASE, 0, **sites)
    assert verdict_of(by_site, "work", *rows) == "expected"
    assert "At T1 OR 1.35 (95% CI 0.18 – 9.97: only" in text_of(by_site, "work", estimates(by_site, *rows))
    told = "SE, CI, p and marks: with standard errors by site (CR2, Satterthwaite's degrees of freedom)."
    beside = checks(by_site, *rows, *(row | {"verdict": "same", "model": "a"} for row in rows))
    for table in (conclude([estimates(by_site, *rows)]).tables(Wording(by_site, "en"))[1],
                  beside.tables(Wording(by_site, "en"))[0]):  # fmt: skip
        assert told in table.notes
    without = conclude([estimates(by_site, *BASE)]).tables(Wording(by_site, "en"))[1]
    assert told not in without.notes  # nothing rests on what is not known
    by_person = parse_study(STUDY.replace("[outcomes.work]", '[models]\nerrors = "persons"\n\n[outcomes.work]', 1))
    rows = changed(BASE, 1, std_error_persons=0.6, p_value_persons=0.5, conf_low_persons=-1.0, conf_high_persons=1.4)
    [told] = errors_note(conclude([estimates(by_person, *rows)]).sources.estimates, Wording(by_person, "en"))
    assert (
        told == "Of trends SE, CI, p and marks: with standard errors by person (CR1)."
    )  # one row a person at one wave


@pytest.mark.parametrize(
    ("verdict", "value", "said"),
    [
        ("gained", -0.9, "a mark in the expected direction is gained: (a) check a, -1.2 SE."),
        ("opposite", 0.9, "a mark against the expectation is gained: (a) check a, -1.2 SE."),
    ],
)
def test_a_mark_that_a_check_gains_is_told_with_its_direction(
    study: Study, verdict: str, value: float, said: str
) -> None:
    turned = all_texts(study, tried=changed(CHECKS, 3, verdict=verdict, estimate=value, shift=-1.2))
    assert differing(all_texts(study), turned) == {("H2", "debts")}
    assert said in turned["H2", "debts"]


@pytest.mark.parametrize(("verdict", "told"), [("gained", True), ("same", False)])
def test_an_effect_that_follows_no_straight_line_is_told(study: Study, verdict: str, told: bool) -> None:
    tried = checks(study, *BASE, BASE[1] | {"verdict": verdict, "shift": math.nan, "model": "l:category"})
    tried.labels["l:category"] = message("robustness.label_category")
    said = text_of(study, "work", estimates(study, *BASE), tried)
    assert ("has one (l): the effect does not follow a straight line" in said) == told


def test_a_check_of_the_trend_does_not_touch_a_verdict_on_the_endpoint(study: Study) -> None:
    assert not differing(all_texts(study), all_texts(study, tried=changed(CHECKS, 1, verdict="gained", shift=2.0)))


def test_those_who_answered_twice_are_told_where_they_point_another_way(study: Study) -> None:
    def said(first: float, second: float) -> str:
        twice = (
            ("change", "work", "i", "T0-T1", "paired_mean", first),
            ("change", "work", "c", "T0-T1", "paired_mean", second),
        )
        return all_texts(study, raw=(*RAW, *twice))["H1", "work"]

    # All who answered: +15.5 against +3.6.
    assert said(-8.04, -7.06).endswith(
        "Observed: +15.5 against +3.6 percentage points. Of those who answered at both T0 and T1 it is -8.0 against "
        "-7.1 percentage points: the difference lies in who answered."
    )
    assert "it is +2.0 against +2.0 percentage points" in said(2.01, 1.99)  # printed the same, no direction
    assert "at both" not in said(9.0, 8.0)
    assert "at both" not in said(math.nan, 8.0)


def test_observed_figures_that_are_printed_the_same_contradict_nothing(study: Study) -> None:
    raw = (RAW[0], RAW[1], ("trend", "late", "i", "T2", "mean", 2.364), ("trend", "late", "c", "T2", "mean", 2.36))
    assert "Observed: mean 2.36 against 2.36." in all_texts(study, raw=raw)["H2", "late"]
    turned = (*raw[:2], ("trend", "late", "i", "T2", "mean", 2.37), raw[3])
    said = all_texts(study, raw=turned)["H2", "late"]
    assert "What was observed points another way than the estimated difference at T2: mean 2.37" in said


def test_an_effect_at_the_follow_up_is_told_and_decides_nothing(study: Study) -> None:
    later = effect("work", value=-0.4) | {"wave": "T2"}
    rows = pd.concat([frame(*BASE), pd.DataFrame([later])], ignore_index=True)
    given = Estimates(study, rows.assign(message=rows["message"].fillna("")), pd.DataFrame())
    said = text_of(study, "work", given)
    assert "the expectation is supported at T1." in said
    assert "; at T2 OR 0.67 (95% CI" in said
    assert "At T1 and at T2 the difference points in different directions." in said


def test_the_effects_of_a_register_are_found_among_the_checks_too(study: Study) -> None:
    register = effect("paid", value=-0.6, mark="*") | {"model": "d", "verdict": "opposite", "shift": -2.0}
    results = [estimates(study, *BASE[:-1]), checks(study, *BASE[:-1], register)]
    assert "The register points the other way: paid at T1 OR 0.55*." in text_of(study, "work", *results)
    assert conclude(results).hypotheses[0].verdict == "mixed"


def test_tables_say_what_contradicts_what_is_missing_and_how_many_marks_chance_gives(study: Study) -> None:
    rows = changed(BASE, 1, **effect("work", "longitudinal", -0.2))
    whole, outcomes, words = conclude([estimates(study, *rows)]).tables(Wording(study, "en"))
    notes = "\n".join(whole.notes)
    assert "T1 and trend point in different directions: Work (marked)." in notes
    assert "Without robustness checks (`dnt robustness`)." in notes
    assert "Without figures as observed (`dnt describe`)." in notes
    assert "fit-t3" not in notes
    assert "1 of 7 tests (survey, T1 + trend) with p < .10; without any effect 0.7 were to be expected" in "\n".join(
        outcomes.notes
    )
    assert [row[0].text for row in whole.sections[0].rows] == ["H1: Label H1", "H2: Label H2", "H3: Label H3"]
    assert len(words.sections) == 4  # three hypotheses, and what has none
    trend_only = conclude([estimates(study, effect("work", "longitudinal"))]).tables(Wording(study, "en"))[0]
    assert "Without effects at T1 (`dnt fit-t3`): verdicts are about the trend only." in trend_only.notes
    assert any("none of these files has their effects" in note and "Paid" in note for note in trend_only.notes)


def test_a_file_with_checks_of_other_imputations_is_noticed(study: Study) -> None:
    other = checks(study, *changed(BASE, 0, p_value=0.3), *CHECKS)
    notes = conclude([estimates(study, *BASE), other]).tables(Wording(study, "en"))[1].notes
    assert any(note.endswith("has another mark (other imputations or settings): Work.") for note in notes)


def test_the_registers_own_file_tells_how_many_it_counts(study: Study) -> None:
    rows = pd.DataFrame({"id": ["a", "b", "c", "d"], "wave": "T1", "work": [1.0, 0.0, 0.0, np.nan]})
    raw = described(study, *RAW, ("trend", "work", "all", "T1", "pct", 50.0))
    notes = (
        conclude([estimates(study, *BASE), raw, RegisterResult(study, rows, {})]).tables(Wording(study, "en"))[1].notes
    )
    assert "Work: at T1 the register counts 1 of 3 (33.3%), the survey 50.0% of those who answered." in notes


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_cell_and_sentence_is_filled_in_both_languages(study: Study, language: Any) -> None:
    tried = changed(CHECKS, 5, verdict="lost", shift=-1.2)
    results = [estimates(study, *BASE), checks(study, *BASE, *tried), described(study, *RAW)]
    for table in conclude(results).tables(Wording(study, language)):
        for text in [*table.notes, *(cell.text for s in table.sections for row in s.rows for cell in row)]:
            assert "{" not in text
            assert "nan" not in text.split()
    assert "1,35**" in text_of(study, "work", *results, language="nl")


def test_every_number_tells_of_the_persons_behind_it(study: Study) -> None:
    told = {"n_persons": 90.0, "n_observed_intervention": 50.0, "n_observed_comparison": 40.0}
    main = effect("work", "t3", 0.5, "**") | told
    few = effect("work", "t3", 0.4, "", model="a", shift=-0.2, verdict="lost") | told | {"n_persons": 9.0}
    raw = [("trend", "work", group, "T1", "pct", 50.0) for group in study.design.groups]
    results = [estimates(study, main), checks(study, main, few), described(study, *raw)]
    fewest = []
    for table in conclude(results).tables(Wording(study, "nl")):
        for row in table.rows:
            numbers = [c for i, c in enumerate(row) if re.search(r"\d", c.text) and (i > 0 or len(row) == 1)]
            assert all(cell.counts is not None for cell in numbers)
            fewest += [c.text for c in numbers if c.counts is not None and c.counts.groups and c.counts.fewest == 9]
    beside, sentence = fewest
    assert "a-0,2" in beside
    assert "(a)" in sentence


def test_rows_hold_a_verdict_and_its_numbers_per_hypothesis_and_outcome(study: Study) -> None:
    rows = conclude([estimates(study, *BASE), checks(study, *BASE, *CHECKS), described(study, *RAW)]).rows()
    work = rows[rows["outcome"] == "work"].iloc[0]
    assert (work["verdict"], work["t3_mark"], work["t3_checks"]) == ("supported", "**", 2)
    assert work["t3_estimate"] == pytest.approx(math.exp(0.3))
    assert work["t3_low"] == pytest.approx(math.exp(-0.7))
    assert (rows["sentence"].str.len() > 20).all()
    assert rows[rows["outcome"] == ""]["outcomes_undecided"].tolist() == [2.0, 2.0, 0.0]


def test_the_same_twice_or_no_effects_are_refused(study: Study) -> None:
    own = estimates(study, *BASE)
    with pytest.raises(DataError, match="hold the same effects"):
        conclude([own, own])
    with pytest.raises(DataError, match="hold robustness checks"):
        conclude([own, checks(study, *CHECKS), checks(study, *CHECKS)])
    with pytest.raises(DataError, match="Conclusions need effects"):
        conclude([checks(study, *CHECKS)])
