"""What of a study file can change after the data were imputed: every key concerns something, and what is refused."""

from __future__ import annotations

from dataclasses import fields

import pytest

from dnt_cli.errors import StudyError
from dnt_cli.study import Study, parse_study
from dnt_cli.study.reanalysis import ANALYSIS, CONCERNS, IMPUTATION, RECORDS, SCORES, concern, require_reanalysis
from tests.support.studies import BASE, changed

IMPUTED: Study = parse_study(BASE)


def test_every_section_of_the_study_file_is_in_the_table() -> None:
    sections = {pattern.partition(".")[0].rstrip("*") for pattern, _ in CONCERNS}
    own = {f.name for f in fields(Study)} - {"key", "title", "synthetic", "text", "overrides"}
    assert own | {"study"} <= sections


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("models.controls", ANALYSIS),
        ("covariates.place.collapse", ANALYSIS),
        ("covariates.place.levels", IMPUTATION),
        ("outcomes.score.range", IMPUTATION),
        ("imputation.seed", IMPUTATION),
        ("register.hours_cut", RECORDS),
        ("instruments.panas.scales", SCORES),
    ],
)
def test_what_a_key_concerns(key: str, expected: str) -> None:
    assert concern(key) == expected


@pytest.mark.parametrize(
    ("override", "key"),
    [
        ('models.controls=["age"]', "models.controls"),
        ('models.ladder=[["age"], []]', "models.ladder"),
        ("significance.strict=0.01", "significance.strict"),
        ('robustness.checks=["a"]', "robustness.checks"),
        ('robustness.subsets.young.where="age < 30"', "robustness.subsets.young.where"),
        ('outcomes.score.label="Other"', "outcomes.score.label"),
        ('outcomes.score.role="descriptive"', "outcomes.score.role"),
        ('models.time="months"', "models.time"),
        ("outcomes.high.derive.value=60", "outcomes.high.derive.value"),
    ],
)
def test_what_changes_only_the_analysis(override: str, key: str) -> None:
    assert key in [change.key for change in require_reanalysis(IMPUTED, parse_study(BASE, overrides=[override]), "x")]


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("imputation.m=9", r"imputation\.m: 5 in the file, 9 asked \(concerns `dnt impute`\)"),
        ("imputation.seed=77", r"imputation\.seed: \d+ in the file, 77 asked"),
        ("outcomes.score.range=[0, 200]", r"outcomes\.score\.range: \[0, 100\] in the file, \[0, 200\] asked"),
        ("covariates.age.range=[0, 99]", r"covariates\.age\.range"),
        ('design.group="other"', r"design\.group: arm in the file, other asked \(concerns the data themselves\)"),
        ("register.hours_cut=20", r"register\.hours_cut: 12 in the file, 20 asked \(concerns `dnt polis`\)"),
        ("synthetic=true", r"study\.synthetic: false in the file, true asked"),
    ],
)
def test_what_would_need_another_imputation(override: str, told: str) -> None:
    with pytest.raises(StudyError, match=told):
        require_reanalysis(IMPUTED, parse_study(BASE, overrides=[override]), "x")


def test_an_outcome_that_was_added_is_named_as_such() -> None:
    more = BASE + '\n[outcomes.debts]\nlabel = "Debts"\nkind = "linear"\nwaves = ["T0", "T1", "T2"]\n'
    with pytest.raises(StudyError, match=r"outcomes\.debts added \(concerns `dnt impute`\)"):
        require_reanalysis(IMPUTED, parse_study(more), "x")


def test_a_derived_outcome_can_be_added() -> None:
    """It is made anew from the completed values of its source."""
    more = (
        BASE + '\n[outcomes.very_high]\nlabel = "Very high"\nkind = "binary"\nwaves = ["T0", "T1", "T2"]\n'
        'derive = { source = "score", rule = "at_least", value = 80 }\n'
    )
    assert [c.key for c in require_reanalysis(IMPUTED, parse_study(more), "x")] == ["outcomes.very_high"]


def test_all_that_is_refused_is_told_at_once() -> None:
    asked = parse_study(changed("range = [0, 100]", "range = [0, 90]"), overrides=["imputation.m=9"])
    with pytest.raises(StudyError, match=r"outcomes\.score\.range.*imputation\.m"):
        require_reanalysis(IMPUTED, asked, "x")
