"""An effect rests on observed answers of both groups: without them it is not estimable, and that is told beforehand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dnt_cli.design import Designs
from dnt_cli.effects.fitting import Options
from dnt_cli.effects.result import Estimates
from dnt_cli.effects.run import endpoint_effects, trend_effects
from dnt_cli.errors import DataError
from dnt_cli.imputed.data import Completed, impute_wide, settings_of
from dnt_cli.models import Model
from dnt_cli.observed import empty_arms, known_answers, refuse_empty_arms, thin_arms, thin_controls
from dnt_cli.study import Study, parse_study
from dnt_cli.wide import derive
from dnt_cli.wording import Wording, spoken
from tests.support.studies import study_text

STUDY = study_text(
    {
        "work": {"kind": "binary"},
        "hours": {"kind": "binary", "conditional_on": "work"},
        "score": {"kind": "linear"},
        "high": {"kind": "binary", "derive": {"source": "score", "rule": "at_least", "value": 0}},
        "late": {"kind": "linear", "waves": ["T2"]},
    },
    covariates={
        "age": {"kind": "continuous"},
    },
    models={"controls": ["age"], "ladder": [["age"], []]},
    imputation={"m": 2, "iterations": 2},
)
N = 60


def observed_table(treated: int = N // 2) -> pd.DataFrame:
    """Sixty persons without gaps, the first `treated` of them in the intervention group."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"id": [f"p{i:02d}" for i in range(N)]})
    frame["group"] = pd.Categorical(np.where(np.arange(N) < treated, "i", "c"), ["c", "i"])
    frame["age"] = rng.normal(40, 8, N)
    person = rng.normal(size=N)
    for wave in ("T0", "T1", "T2"):
        frame[f"work_{wave}"] = (person + rng.normal(size=N) > 0).astype(float)
        frame[f"hours_{wave}"] = frame[f"work_{wave}"] * (rng.random(N) < 0.5)
        frame[f"score_{wave}"] = person + rng.normal(size=N)
    frame["late_T2"] = person + rng.normal(size=N)
    return frame


def without(group: str, column: str, kept: int = 0) -> pd.DataFrame:
    """The table with all but `kept` answers of a group to one column taken away."""
    frame = observed_table()
    rows = frame.index[frame["group"] == group][kept:]
    frame.loc[rows, column] = np.nan
    return frame


def completed(study: Study, gappy: pd.DataFrame) -> Completed:
    """Gaps filled with the values that were taken away, twice; only what is observed is judged."""
    whole = derive(observed_table(), study)
    whole["group"] = gappy["group"]
    return Completed(study, derive(gappy, study), (whole, whole.copy()))


def statuses(study: Study, gappy: pd.DataFrame) -> tuple[dict[str, str], dict[str, str], Estimates, Estimates]:
    """Per outcome the status of its effect at the endpoint and of its trend."""
    data = completed(study, gappy)
    results = [
        Estimates.of(study, make(data, Options(quadrature_check=0)), 0.95) for make in (endpoint_effects, trend_effects)
    ]
    found = [dict(zip(r.rows()["outcome"], r.rows()["status"], strict=True)) for r in results]
    return found[0], found[1], results[0], results[1]


@pytest.mark.parametrize("group", ["i", "c"])
@pytest.mark.parametrize(("wave", "endpoint"), [("T2", "not estimable"), ("T1", "ok")])
@pytest.mark.parametrize("kept", [0, 4])
def test_an_arm_without_answers_at_a_wave_has_no_effect_there_and_no_trend(
    study: Study, group: str, wave: str, endpoint: str, kept: int
) -> None:
    at_end, over_time, first, second = statuses(study, without(group, f"score_{wave}", kept))
    assert at_end["score"] == at_end["high"] == endpoint  # the derived outcome follows its source
    assert over_time["score"] == over_time["high"] == "not estimable"
    assert at_end["work"] == "ok"
    row = second.rows().set_index("outcome").loc["score"]
    assert pd.isna(row["estimate"])
    assert pd.isna(row["p_value"])
    name = "intervention" if group == "i" else "comparison"
    assert f"{wave}: {kept} in the {name} group" in row["message"]
    assert row[f"n_observed_{name}"] == kept
    for language, sign in (("en", "not estimable"), ("nl", "niet te schatten")):
        shown = [t for t in second.tables(Wording(study, language)) if "Score" in str(t.sections)]
        assert any(cell.text == "#" for section in shown[0].sections for row_ in section.rows for cell in row_)
        assert any(sign in note and f"{kept} in" in note for note in shown[0].notes)
    assert (first.rows()["n_observed_intervention"] <= N // 2).all()


def test_five_answers_in_an_arm_are_enough(study: Study) -> None:
    at_end, over_time, _, _ = statuses(study, without("i", "score_T2", kept=5))
    assert at_end["score"] == over_time["score"] == "ok"


def test_the_limit_is_a_setting_and_printed(study: Study) -> None:
    strict = replace(study, models=replace(study.models, min_observed=31))
    at_end, _, first, _ = statuses(strict, observed_table())
    assert set(at_end.values()) == {"not estimable"}
    assert any("at least 31 in each" in note for table in first.tables(Wording(strict, "en")) for note in table.notes)


def test_one_treated_person(study: Study) -> None:
    at_end, over_time, _, _ = statuses(study, observed_table(treated=1))
    assert set(at_end.values()) == set(over_time.values()) == {"not estimable"}


def test_a_difference_score_needs_both_waves(study: Study) -> None:
    gappy = without("c", "score_T0", kept=2)
    data = completed(study, gappy)
    row = endpoint_effects(data, Options(), outcomes=["score"], difference=True).estimates.iloc[0]
    assert row["status"] == "not estimable"
    assert row["n_observed_comparison"] == 2
    assert endpoint_effects(data, Options(), outcomes=["score"]).estimates.iloc[0]["status"] == "ok"


def test_answers_that_follow_from_another_count(study: Study) -> None:
    frame = observed_table()
    frame.loc[frame["work_T2"] == 0, "hours_T2"] = np.nan
    known = known_answers(derive(frame, study), study)
    assert known["hours_T2"].all()
    frame.loc[:, "work_T2"] = np.nan
    assert known_answers(derive(frame, study), study)["hours_T2"].sum() == frame["hours_T2"].notna().sum()


def test_persons_are_counted_by_id_in_a_part_of_them(study: Study) -> None:
    gappy = without("i", "score_T2", kept=7)
    known = known_answers(derive(gappy, study), study)
    part = derive(observed_table(), study).iloc[5:40]
    counts = Designs(part, study, known).observed(Model("t3", "score"))[0]
    assert (counts.intervention, counts.comparison) == (2, 10)


def test_an_outcome_without_trend_has_a_row_that_says_why(study: Study) -> None:
    _, over_time, _, second = statuses(study, observed_table())
    assert over_time["late"] == "not estimable"
    said = second.rows().set_index("outcome").loc["late", "message"]
    assert said == "not asked at T0"


def test_an_empty_arm_is_refused_unless_allowed_and_told_beforehand(study: Study) -> None:
    gappy = without("c", "score_T1")
    assert [(own.outcome, own.wave, own.group) for own in empty_arms(gappy, study)] == [("score", "T1", "c")]
    with pytest.raises(DataError, match=r"score at T1: nobody of group 'c'.*allow_empty_arm=true"):
        impute_wide(gappy, study, settings_of(study))
    told = list(map(str, thin_arms(gappy, study)))
    assert any(line.startswith("score: too few") and "T1 0 of group 'c'" in line for line in told)
    stops = "score at T1: nobody of group 'c' has an observed answer: `dnt impute` stops there, unless"
    assert any(line.startswith(stops) for line in told)
    in_dutch = [line.text("nl") for line in thin_arms(gappy, study)]
    assert any(line.startswith("score op T1: niemand van groep 'c'") for line in in_dutch)
    allowed = replace(study, imputation=replace(study.imputation, allow_empty_arm=True))
    refuse_empty_arms(gappy, allowed)
    _, sets = impute_wide(gappy, allowed, settings_of(allowed))
    assert not next(iter(sets))["score_T1"].isna().any()
    assert thin_arms(observed_table(), study) == []


@pytest.mark.parametrize(
    ("towns", "told"),
    [
        (["b"] * 30 + ["c"] * 30, ["town: nobody has the reference a; the models take the first level that somebody"]),
        (["a"] * 59 + ["b"], ["town: one person has the level b", "town: nobody has the level c"]),
        (["a"] * 60, ["town: the same for all, so the models leave it out"]),
        (["a", "b", "c"] * 20, []),
    ],
)
def test_levels_that_nobody_has_are_told_beforehand(towns: list[str], told: list[str]) -> None:
    covariates = {"town": {"kind": "categorical", "levels": ["a", "b", "c"]}}
    study = parse_study(study_text({"late": {"kind": "linear"}}, covariates=covariates, models={"controls": ["town"]}))
    table = observed_table().assign(town=pd.Categorical(towns, ["a", "b", "c"]))
    found = list(map(str, thin_controls(table, study)))
    assert len(found) == len(told)
    for line, start in zip(found, told, strict=True):
        assert line.startswith(start)


def test_what_nobody_answered_is_refused_by_the_imputation_itself(study: Study) -> None:
    gappy = observed_table().assign(score_T1=np.nan)
    allowed = replace(study, imputation=replace(study.imputation, allow_empty_arm=True))
    with pytest.raises(DataError, match="score_T1"):
        impute_wide(gappy, allowed, settings_of(allowed))


def test_a_reference_that_nobody_has_and_a_control_that_is_the_same_for_all() -> None:
    text = STUDY.replace(
        "[models]", '[covariates.town]\nlabel = "Town"\nkind = "categorical"\nlevels = ["a", "b", "c"]\n[models]'
    )
    study = parse_study(text.replace('controls = ["age"]', 'controls = ["age", "town"]'))
    frame = observed_table()
    for levels, reference, left_out in ((["b", "c"], "b", ""), (["c"], None, "town"), (["a", "b"], None, "")):
        own = frame.assign(town=pd.Categorical(np.resize(levels, N), ["a", "b", "c"]))
        whole = derive(own, study)
        effects = endpoint_effects(Completed(study, whole, (whole, whole)), Options(), outcomes=["score"])
        row = effects.estimates.iloc[0]
        assert row["status"] == "ok"
        said = spoken(row["message"], "en")
        assert ("the reference is now" in said) == (reference is not None)
        assert reference is None or f"now {reference}" in said
        assert row["left_out"] == left_out
        notes = Estimates.of(study, effects, 0.95).tables(Wording(study, "en"))[0].notes
        listed = next(note for note in notes if note.startswith("Controlled for"))
        assert ("town" in listed) == (left_out == "")
