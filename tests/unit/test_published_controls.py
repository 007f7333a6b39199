"""The controls per outcome of a published analysis."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dnt_cli.cli.fit import published_controls
from dnt_cli.effects.columns import effect_rows
from dnt_cli.effects.notes import notes_of
from dnt_cli.effects.run import endpoint_effects, trend_effects
from dnt_cli.errors import StudyError, UsageError
from dnt_cli.imputed.data import Completed, plan_columns
from dnt_cli.models import ENDPOINT, LONGITUDINAL
from dnt_cli.study import load_study, parse_study
from dnt_cli.survey import examine_survey
from dnt_cli.wording import Wording
from tests.support.robustness_study import OPTIONS, STUDY, make_wide

OWN = '[models.controls_as_published]\nwork = ["place"]\n\n[imputation]'


def test_each_outcome_has_its_own_controls_and_the_others_the_ladder() -> None:
    study = parse_study(STUDY.replace("[imputation]", OWN))
    wide = make_wide(share=0.0)
    data = Completed(study, wide, (wide, wide))
    found = effect_rows(
        trend_effects(data, OPTIONS, own_controls=published_controls(study, LONGITUDINAL)).estimates
    ).set_index("outcome")
    ladder = effect_rows(trend_effects(data, OPTIONS).estimates).set_index("outcome")
    assert list(found.index) == list(ladder.index)
    assert found.loc["work", "controls"] == "place"
    assert ladder.loc["work", "controls"] == "age, place"
    assert found.loc["score", "estimate"] == ladder.loc["score", "estimate"]
    assert set(found["analysis"]) == {LONGITUDINAL}


def test_a_study_without_them_says_so() -> None:
    with pytest.raises(UsageError, match="controls_as_published"):
        published_controls(parse_study(STUDY), LONGITUDINAL)


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
    assert set(replace(study, models=replace(study.models, controls_as_published={})).all_controls) == set(
        study.all_controls
    )


def test_the_endpoint_of_the_report_had_the_controls_of_the_study() -> None:
    study = load_study("dnt")
    found = published_controls(study, ENDPOINT)
    assert set(found) == {k for k in study.tested if not study.is_register(k)}
    assert set(found.values()) == {study.models.controls}


def own_controls(text: str, outcome: str = "score") -> str:
    """The study with controls of one outcome's own."""
    return STUDY.replace(f"[outcomes.{outcome}]", f"[outcomes.{outcome}]\ncontrols = {text}")


def test_an_outcome_has_controls_of_its_own_in_both_models() -> None:
    """The baseline of another outcome among them: the same as least squares on the columns themselves."""
    study = parse_study(own_controls('["place", "work_T0"]'))
    wide = make_wide(share=0.0)
    data = Completed(study, wide, (wide, wide))
    ends = effect_rows(endpoint_effects(data, OPTIONS).estimates).set_index("outcome")
    trends = effect_rows(trend_effects(data, OPTIONS).estimates).set_index("outcome")
    assert ends.loc["score", "controls"] == trends.loc["score", "controls"] == "place, work_T0"
    assert (ends.loc["work", "controls"], trends.loc["work", "controls"]) == ("age", "age, place")
    treated, village = wide["group"] == "treated", wide["place"] == "village"
    matrix = np.column_stack([np.ones(len(wide)), treated, wide["score_T0"], village, wide["work_T0"]]).astype(float)
    expected = np.linalg.lstsq(matrix, wide["score_T2"].to_numpy(), rcond=None)[0][1]
    assert ends.loc["score", "estimate"] == pytest.approx(expected, abs=1e-10)


def test_an_outcome_is_not_its_own_control() -> None:
    """Its baseline value stands in the endpoint model once, and in the trend it is an answer."""
    study = parse_study(STUDY.replace('controls = ["age"]', 'controls = ["age", "work_T0"]'))
    assert study.endpoint_controls("work") == ("age",)
    assert study.endpoint_controls("score") == ("age", "work_T0")
    by_name = {column.name: column for column in plan_columns(study, make_wide())}
    assert "work_T0" not in by_name["work_T0"].always
    assert "work_T0" in by_name["score_T2"].always


def test_a_site_can_be_a_control_as_well() -> None:
    levels = ", ".join(f'"s{i}"' for i in range(7))
    site = f'[covariates.site]\nlabel = "Site"\nkind = "categorical"\nlevels = [{levels}]\n\n'
    text = STUDY.replace("[covariates.place]", f"{site}[covariates.place]")
    study = parse_study(text.replace('controls = ["age"]', 'controls = ["age", "site"]'))
    wide = make_wide(share=0.0).assign(site=lambda frame: pd.Categorical(frame["site"]))
    found = effect_rows(endpoint_effects(Completed(study, wide, (wide, wide)), OPTIONS).estimates)
    assert set(found["controls"]) == {"age, site"}
    assert (found["status"] == "ok").all()
    assert found["n_sites"].eq(7).all()


def test_a_site_that_is_a_control_may_not_change_within_a_person() -> None:
    site = '[covariates.site]\nlabel = "Site"\nkind = "categorical"\nlevels = ["a", "b"]\n\n'
    study = parse_study(STUDY.replace("[covariates.place]", f"{site}[covariates.place]"))
    rows = {"id": ["1", "1", "2"], "wave": ["T0", "T1", "T0"], "group": ["treated", "treated", "control"]}
    rows |= {"site": ["a", "b", "a"], "place": "town", "age": 40.0, "score": [1.0, 2.0, 3.0], "work": 0}
    findings, _ = examine_survey(pd.DataFrame(rows), study)
    assert [(f.level, f.column) for f in findings if f.column == "site"] == [("error", "site")]


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_table_says_where_the_publication_had_other_controls(language: str) -> None:
    study = parse_study(STUDY.replace("[imputation]", OWN))
    wide = make_wide(share=0.0)
    data, wording = Completed(study, wide, (wide, wide)), Wording(study, language)  # type: ignore[arg-type]

    def said(**changes: object) -> dict[str, str]:
        rows = effect_rows(trend_effects(data, OPTIONS, **changes).estimates)  # type: ignore[arg-type]
        return {own.key: own.text for own in notes_of(rows[rows["kind"] == "binary"], wording)}

    default, repeated = said(), said(own_controls=published_controls(study, LONGITUDINAL))
    assert "fit-longitudinal ... --controls published" in default["effects.published_other"]
    assert "effects.published_same" in repeated
    assert "effects.published_other" not in repeated
