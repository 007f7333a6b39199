"""The controls per outcome of a published analysis."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dnt_cli.cli.fit import _published
from dnt_cli.design import LONGITUDINAL
from dnt_cli.effects import effect_rows, trend_effects
from dnt_cli.errors import StudyError, UsageError
from dnt_cli.imputed.data import Completed
from dnt_cli.study import load_study, parse_study
from tests.support.robustness_study import OPTIONS, STUDY, make_wide

OWN = '[models.controls_as_published]\nwork = ["place"]\n\n[imputation]'


def test_each_outcome_has_its_own_controls_and_the_others_the_ladder() -> None:
    study = parse_study(STUDY.replace("[imputation]", OWN))
    wide = make_wide(share=0.0)
    data = Completed(study, wide, (wide, wide))
    found = effect_rows(trend_effects(data, OPTIONS, own_controls=_published(study)).estimates).set_index("outcome")
    ladder = effect_rows(trend_effects(data, OPTIONS).estimates).set_index("outcome")
    assert list(found.index) == list(ladder.index)
    assert found.loc["work", "controls"] == "place"
    assert ladder.loc["work", "controls"] == "age, place"
    assert found.loc["score", "estimate"] == ladder.loc["score", "estimate"]
    assert set(found["analysis"]) == {LONGITUDINAL}


def test_a_study_without_them_says_so() -> None:
    with pytest.raises(UsageError, match="controls_as_published"):
        _published(parse_study(STUDY))


@pytest.mark.parametrize(
    ("line", "word"), [('work = ["height"]', "unknown covariate height"), ('height = ["age"]', "longitudinal model")]
)
def test_what_does_not_exist_is_refused(line: str, word: str) -> None:
    with pytest.raises(StudyError, match=word):
        parse_study(STUDY.replace("[imputation]", OWN.replace('work = ["place"]', line)))


def test_the_built_in_study_repeats_its_report() -> None:
    """Education and partner for yes/no outcomes, none for anxiety, all five for scores."""
    study = load_study("dnt")
    published = study.models.controls_as_published
    assert set(published) == {k for k in study.tested if study.has_trend(k) and not study.is_register(k)}
    for key, controls in published.items():
        if study.outcomes[key].kind == "linear":
            assert controls == study.models.controls
        else:
            assert controls == (() if key == "dkl_anxiety_normal" else ("education", "partner"))
    assert set(replace(study.models, controls_as_published={}).all_controls) == set(study.models.all_controls)
