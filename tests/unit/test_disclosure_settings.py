"""What a study file says about disclosure."""

from __future__ import annotations

from dnt_cli.study import load_study, parse_study
from dnt_cli.study.disclosure import CBS
from tests.support.studies import TWO_WAVES, study_text

STUDY = study_text(
    {"work": {"kind": "binary"}}, key="s", waves=TWO_WAVES, design={"intervention": "a", "comparison": "b"}
)


def test_the_built_in_study_follows_the_rules_of_cbs() -> None:
    assert load_study("dnt").thresholds == CBS


def test_without_a_register_and_a_preset_everything_may_leave() -> None:
    assert parse_study(STUDY).thresholds is None


def test_an_outcome_of_a_register_brings_the_rules_of_cbs() -> None:
    assert parse_study(STUDY + 'source = "register"').thresholds == CBS
    assert parse_study(STUDY + 'source = "register"\n[disclosure]\npreset = "none"').thresholds is None


def test_a_threshold_of_ones_own_replaces_that_of_the_preset_and_no_other() -> None:
    found = parse_study(STUDY, overrides=["disclosure.preset=cbs", "disclosure.persons=5"]).thresholds
    assert found is not None
    assert (found.persons, found.df, found.share) == (5, CBS.df, CBS.share)
