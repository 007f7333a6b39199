"""Two sentences per outcome on how it went, each number counted by hand from a small survey."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pytest

from dnt_cli.conclusions import change_sentences
from dnt_cli.description.result import Description
from dnt_cli.description.run import describe
from dnt_cli.study import parse_study
from dnt_cli.survey import cast_survey
from dnt_cli.wording import Wording
from tests.support.studies import study_text

STUDY = study_text(
    {
        "work": {"kind": "binary", "hypothesis": "H1", "expected": "increase"},
        "debts": {"kind": "binary", "hypothesis": "H2", "expected": "decrease"},
        "score": {"kind": "linear", "expected": "increase", "range": [0, 20]},
        "rung": {"kind": "ordinal", "role": "descriptive", "range": [1, 3]},
        "fear": {"kind": "linear", "role": "descriptive", "waves": ["T0", "T1"], "better": "lower", "range": [0, 2]},
        "late": {"kind": "binary", "waves": ["T2"], "endpoint": "T2", "hypothesis": "H2", "expected": "increase"},
    },
    design={"endpoint": "T1", "follow_up": "T2"},
    hypotheses={"H2": {"label": "Debts"}, "H1": {"label": "Work"}},
)

# Per outcome and wave the answers of four persons of the intervention group and four of the comparison group.
NO = None
ANSWERS: dict[str, Mapping[str, tuple[list[Any], list[Any]]]] = {
    "work": {
        "T0": ([0, 0, 0, 1], [0, 0, 1, 1]),
        "T1": ([1, 1, NO, NO], [0, NO, NO, 1]),  # 25% to 100%; 50% to 50%
        "T2": ([0, 1, 0, 1], [1, 1, 1, 1]),
    },
    "debts": {
        "T0": ([1, 1, 1, 1], [1, 0, 0, 0]),
        "T1": ([1, 1, 1, 0], [1, NO, NO, NO]),
        "T2": ([0, 0, 0, 0], [1, 1, 0, 0]),
    },
    "score": {
        "T0": ([10, 10, 10, 10], [8, 8, 8, 8]),
        "T1": ([10.04, 10.04, 10.04, 10.04], [8, 8, 8, 8]),  # the same when rounded to one decimal
        "T2": ([9, 9, 9, 9], [8, 8, 8, 8]),
    },
    "rung": {
        "T0": ([1, 1, 2, 3], [1, 1, 1, 1]),
        "T1": ([2, 3, 1, NO], [1, 1, 2, 2]),
        "T2": ([2, 3, 1, 1], [1, 1, 2, 2]),
    },
    "fear": {"T0": ([2, 2, 2, 2], [1, 1, 1, 1]), "T1": ([1, 1, 1, 1], [1, 1, 1, 1])},
    "late": {"T2": ([1, 1, 1, 0], [1, 0, 0, 0])},
}


def texts(language: Any, **other: Mapping[str, tuple[list[Any], list[Any]]]) -> dict[str, str]:
    study = parse_study(STUDY)
    rows = []
    for wave in ("T0", "T1", "T2"):
        for place in range(8):
            row = {"id": f"p{place}", "wave": wave, "group": "ic"[place // 4]}
            for key, by_wave in (ANSWERS | other).items():
                both = by_wave.get(wave)
                row[key] = None if both is None else both[place // 4][place % 4]
            rows.append(row)
    survey = cast_survey(pd.DataFrame(rows), study)[0]
    described = Description(study, describe(survey, study))
    return change_sentences(described, Wording(study, language))


@pytest.fixture(scope="module")
def english() -> dict[str, str]:
    return texts("en")


def test_changes_of_both_groups_their_levels_and_the_hypothesis(english: dict[str, str]) -> None:
    assert english["work"].startswith(
        "Work, from T0 to T1: intervention +75.0 percentage points (25.0% to 100.0%) against comparison "
        "+0.0 percentage points (50.0% to 50.0%), in line with H1. From T1 to T2 it is -50.0 against +50.0 percentage "
        "points, and over the whole period since T0 +25.0 against +50.0 percentage points, not in line with H1."
    )


def test_outcomes_stand_in_the_order_of_the_hypotheses(english: dict[str, str]) -> None:
    assert list(english) == ["debts", "late", "work", "score", "rung", "fear"]


def test_those_who_answered_twice_are_told_where_they_went_the_other_way(english: dict[str, str]) -> None:
    # Of those who stayed nobody changed; the two of the intervention group who did not work left.
    left = {**ANSWERS["work"], "T1": ([NO, NO, 0, 1], [0, NO, 1, 1])}
    left["T0"] = ([0, 0, 0, 1], [0, 1, 1, 1])
    told = texts("en", work=left)["work"]
    assert "+25.0 percentage points (25.0% to 50.0%) against comparison -8.3" in told
    assert (
        "Of those who answered at both T0 and T1 it is +0.0 against +0.0 percentage points, the same in both groups; "
        "the difference lies in who answered." in told
    )
    # Judged alike, also over the whole period, they need no sentence.
    assert "at both" not in english["debts"]
    assert "Van wie op T0 en op T1 antwoordde is het +0,0 tegen +0,0 procentpunt" in texts("nl", work=left)["work"]


def test_a_count_that_falls_while_its_percentage_rises_is_noted(english: dict[str, str]) -> None:
    assert english["debts"].count("Note:") == 1
    assert english["debts"].endswith(
        "Note: for comparison the percentage falls from T1 to T2 while the number rises, from 1 to 2, "
        "since 4 instead of 1 persons answered."
    )
    fewer = {**ANSWERS["debts"], "T1": ([1, 1, 1, 0], [1, 1, NO, NO]), "T0": ([1, 1, 1, 1], [1, 1, 1, 0])}
    assert (
        "Note: for comparison the percentage rises from T0 to T1 while the number falls, from 3 to 2, since 2 instead "
        "of 4 persons answered." in texts("en", debts=fewer)["debts"]
    )


def test_what_is_printed_the_same_is_the_same(english: dict[str, str]) -> None:
    first, _, second = english["score"].partition(". From")
    assert first == (
        "Score, from T0 to T1: intervention +0.0 (10.0 to 10.0) against comparison +0.0 (8.0 to 8.0), "
        "the same in both groups"
    )
    assert second.endswith("-1.0 against +0.0, not in line with the expectation.")


def test_a_graded_outcome_counts_steps_of_those_who_answered_twice(english: dict[str, str]) -> None:
    # Intervention: +1, +2, -1 of three persons; comparison: 0, 0, +1, +1.
    assert english["rung"].startswith(
        "Rung, from T0 to T1: intervention +0.67 steps on average (of those who answered twice 66.7% rose and "
        "33.3% fell) against comparison +0.50 steps on average (of those who answered twice 50.0% rose and 0.0% fell), "
        "better for intervention."
    )


def test_without_an_expectation_it_says_what_is_better(english: dict[str, str]) -> None:
    assert english["fear"] == (
        "Fear, from T0 to T1: intervention -1.00 (2.00 to 1.00) against comparison +0.00 (1.00 to 1.00), "
        "better for intervention."
    )


def test_without_a_baseline_the_levels_are_told(english: dict[str, str]) -> None:
    assert english["late"] == "Late, at T2: intervention 75.0% against comparison 25.0%, in line with H2."


def test_without_a_follow_up_it_tells_where_the_groups_moved_apart() -> None:
    study = parse_study(study_text({"score": {"kind": "linear", "expected": "increase", "range": [0, 20]}}))
    rows = [
        {"id": f"{group}{i}", "wave": wave, "group": group, "score": level}
        for wave, levels in {"T0": (10, 10), "T1": (11, 10), "T2": (15, 10)}.items()
        for group, level in zip("ic", levels, strict=True)
        for i in range(3)
    ]
    survey = cast_survey(pd.DataFrame(rows), study)[0]
    [own] = change_sentences(Description(study, describe(survey, study)), Wording(study, "en")).values()
    assert own == (
        "Score, from T0 to T2: intervention +5.0 (10.0 to 15.0) against comparison +0.0 (10.0 to 10.0), "
        "in line with the expectation. The groups moved furthest apart from T1 to T2: +4.0 against +0.0."
    )


def test_the_same_in_dutch(english: dict[str, str]) -> None:
    dutch = texts("nl")
    assert list(dutch) == list(english)
    assert dutch["work"].startswith(
        "Work, van T0 tot T1: interventie +75,0 procentpunt (25,0% naar 100,0%) tegen vergelijking +0,0 procentpunt "
        "(50,0% naar 50,0%), in lijn met H1. Van T1 tot T2 is het -50,0 tegen +50,0 procentpunt"
    )
    assert "Let op: bij vergelijking daalt van T1 tot T2 het percentage terwijl het aantal stijgt" in dutch["debts"]
