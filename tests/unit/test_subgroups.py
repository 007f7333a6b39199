"""For whom: which subgroups there are, what thin ones do, how looks are corrected, and what the tables say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dnt_cli.cli.fit import moderators_of
from dnt_cli.effects.fitting import Options
from dnt_cli.effects.persons import behind
from dnt_cli.effects.result import Estimates
from dnt_cli.effects.rows import Effects
from dnt_cli.effects.run import endpoint_effects, subgroup_effects, trend_effects
from dnt_cli.effects.tables import interval_on_scale
from dnt_cli.errors import UsageError
from dnt_cli.figures.effects import effect_ticks
from dnt_cli.imputed.data import Completed, plan_columns
from dnt_cli.models import MODERATORS
from dnt_cli.pooling import adjust
from dnt_cli.study import Language, Moderator, Study
from dnt_cli.tables import Table
from dnt_cli.wording import Wording
from tests.support.persons import two_groups
from tests.support.studies import study_text

PERSONS = 240
MODERATED = {"school": {"declared": True}, "age": {"cutoffs": [40]}}
STUDY = study_text(
    {"score": {"kind": "linear"}, "work": {"kind": "binary"}},
    covariates={
        "school": {
            "kind": "ordered", "levels": ["low", "mid", "high"], "level_labels": [
                {"nl": "laag", "en": "low"}, {"nl": "midden", "en": "mid"}, {"nl": "hoog", "en": "high"}],
        },
        "age": {"kind": "continuous", "range": [16, 100]},
        "town": {"kind": "categorical", "levels": ["a", "b"]},
    },
    models={"controls": ["town"], "ladder": [["town"], []]},
    moderators=MODERATED,
)  # fmt: skip


def table(seed: int = 1) -> pd.DataFrame:
    """The score rises by 2 among the high and by nothing among the others."""
    rng = np.random.default_rng(4)
    frame, treated = two_groups(PERSONS), np.arange(PERSONS) % 2
    school = np.array(["low", "mid", "high"])[np.arange(PERSONS) % 3]
    frame["school"] = pd.Categorical(school, ["low", "mid", "high"])
    frame["age"] = 20.0 + np.arange(PERSONS) % 40
    frame["town"] = pd.Categorical(np.where(rng.random(PERSONS) < 0.5, "a", "b"), ["a", "b"])
    level = rng.normal(size=PERSONS)
    for t, wave in enumerate(("T0", "T1", "T2")):
        frame[f"score_{wave}"] = level + t * treated * (school == "high") + rng.normal(size=PERSONS)
        frame[f"work_{wave}"] = (rng.random(PERSONS) < 0.5).astype(float)
    frame["score_T2"] += np.random.default_rng(seed).normal(0, 0.05, PERSONS)
    return frame


@pytest.fixture(scope="module")
def data(study: Study) -> Completed:
    return Completed(study, table(), (table(), table(2)))


@pytest.fixture(scope="module")
def effects(data: Completed) -> Effects:
    return subgroup_effects(data, endpoint_effects(data, Options()), ["school", "age"], Options())


def shown(effects: Effects, study: Study, language: Language = "en") -> list[Table]:
    tables = Estimates.of(study, effects, 0.95).tables(Wording(study, language))
    return [own for own in tables if ", by " in own.title or ", naar " in own.title]


def test_the_effect_is_where_it_was_put_and_the_test_sees_that(effects: Effects) -> None:
    rows = effects.estimates[effects.estimates["outcome"] == "score"].set_index("term")
    assert rows.loc["group@school[high]", "estimate"] == pytest.approx(2, abs=0.5)
    assert rows.loc["group@school[low]", "estimate"] == pytest.approx(0, abs=0.5)
    assert rows.loc["group:school", "p_value"] < 1e-3
    assert rows.loc["group:age", "p_value"] > 0.01
    difference = rows.loc["group@age[>=40]", "estimate"] - rows.loc["group@age[<40]", "estimate"]
    assert rows.loc["group:age", "estimate"] == pytest.approx(difference)
    betas = rows.loc["group@age[>=40]", "beta"] - rows.loc["group@age[<40]", "beta"]
    assert rows.loc["group:age", "beta"] == pytest.approx(betas)


def test_the_effects_of_all_persons_stay_what_they_are(data: Completed, effects: Effects) -> None:
    alone = endpoint_effects(data, Options()).estimates
    rest = effects.estimates[effects.estimates["analysis"] != MODERATORS]
    pd.testing.assert_frame_equal(rest, alone)
    unasked = endpoint_effects(data, Options())
    assert subgroup_effects(data, unasked, [], Options()) is unasked


def test_tests_are_corrected_over_moderators_and_outcomes(effects: Effects) -> None:
    rows = effects.estimates[effects.estimates["analysis"] == MODERATORS]
    tests = rows[~rows["term"].str.contains("@")]
    assert len(tests) == 4
    np.testing.assert_allclose(tests["p_holm"], adjust(tests["p_value"], "holm"))
    assert rows.loc[rows["term"].str.contains("@"), "p_holm"].isna().all()


def test_the_risk_difference_is_that_of_the_persons_of_the_subgroup(data: Completed, effects: Effects) -> None:
    """With the group, the subgroup and their product alone, the model gives the observed shares."""
    bare = replace(data.study, models=replace(data.study.models, controls=()))
    plain = replace(bare, outcomes=bare.outcomes | {"work": replace(bare.outcomes["work"], adjust_for_baseline=False)})
    own = Completed(plain, data.observed, data.sets)
    found = subgroup_effects(own, endpoint_effects(own, Options(), outcomes=["work"]), ["school"], Options()).estimates
    row = found.set_index("term").loc["group@school[mid]"]
    people = data.observed[data.observed["school"] == "mid"]
    means = people.groupby("group", observed=True)["work_T2"].mean()
    assert row["marginal_effect"] == pytest.approx(means["i"] - means["c"], abs=1e-6)


def test_a_thin_subgroup_has_no_effect_and_is_left_out_of_the_others(study: Study, data: Completed) -> None:
    gappy = data.observed.copy()
    few = gappy.index[(gappy["school"] == "low") & (gappy["group"] == "i")][3:]
    gappy.loc[few, "score_T2"] = np.nan
    own = Completed(study, gappy, data.sets)
    main = endpoint_effects(own, Options(), outcomes=["score"])
    found = subgroup_effects(own, main, ["school"], Options())
    rows = found.estimates.set_index("term")
    assert rows.loc["group@school[low]", "status"] == "not estimable"
    assert rows.loc["group@school[mid]", "n_persons"] == 160
    assert rows.loc["group:school", "n_persons"] == 160
    assert rows.loc["group:school", "status"] == "ok"
    text = [cell.text for cell in shown(found, study)[0].sections[0].rows[0]]
    assert text[1:5] == ["#", "", "", "3/40"]
    assert any("low: not estimable: Too few observed" in note for note in shown(found, study)[0].notes)


def test_who_is_counted_is_known_to_be_in_the_subgroup(study: Study, data: Completed) -> None:
    unknown = data.observed.copy()
    unknown.loc[unknown.index[:30], "school"] = np.nan
    own = Completed(study, unknown, data.sets)
    found = subgroup_effects(own, endpoint_effects(own, Options(), outcomes=["score"]), ["school"], Options()).estimates
    own_rows = found[found["term"].str.startswith("group@school")]
    columns = ["n_observed_intervention", "n_observed_comparison"]
    assert own_rows[columns].to_numpy().sum() == PERSONS - 30
    assert set(own_rows["n_persons"]) == {PERSONS}


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_table_has_a_column_per_subgroup_and_says_what_was_declared(
    study: Study, effects: Effects, language: Language
) -> None:
    tables = shown(effects, study, language)
    assert len(tables) == 4  # two moderators, scores and yes/no
    school = next(own for own in tables if "school" in own.title)
    names = ["low", "mid", "high"] if language == "en" else ["laag", "midden", "hoog"]
    assert list(dict.fromkeys(column.group for column in school.columns if column.group)) == names
    declared = "declared a moderator beforehand, says" if language == "en" else "volgens het onderzoeksbestand vooraf"
    assert any(declared in note for note in school.notes)
    age = next(own for own in tables if own.title.endswith("age"))
    exploratory = "Exploratory: age" if language == "en" else "Verkennend: age"
    assert any(note.startswith(exploratory) and "[moderators.age]" in note for note in age.notes)
    assert any("4 tests" in note or "4 toetsen" in note for note in age.notes)


@pytest.mark.parametrize("errors", ["model", "sites"])
def test_the_table_says_which_errors_the_test_rests_on(study: Study, effects: Effects, errors: Any) -> None:
    own = replace(study, models=replace(study.models, errors=errors))
    for table in shown(effects, own):
        assert any("rests on the standard errors of the model" in note for note in table.notes) == (errors != "model")


def test_the_table_says_that_there_are_too_few_sites(study: Study, effects: Effects) -> None:
    counts = {"n_sites": 6.0, "n_sites_intervention": 3.0, "n_sites_comparison": 3.0}
    few = replace(effects, estimates=effects.estimates.assign(**counts))
    for own, there in ((few, True), (effects, False)):
        for table in shown(own, study):
            assert any("The marks and intervals hold only if persons of a site" in n for n in table.notes) == there


@pytest.mark.parametrize(("carried", "said"), [(False, "do not hold group x age"), (True, "hold group x predictor")])
def test_the_table_says_whether_the_imputation_carried_the_difference(
    study: Study, effects: Effects, carried: bool, said: str
) -> None:
    own = replace(study, imputation=replace(study.imputation, group_interactions=carried))
    assert all(any(said.replace("age", name) in note for note in table.notes) for table, name in zip(
        shown(effects, own), ["school", "school", "age", "age"], strict=True))  # fmt: skip


def test_the_figure_has_a_line_for_all_and_for_each_subgroup(study: Study, effects: Effects) -> None:
    score, work = Estimates.of(study, effects, 0.95).drawing(Wording(study, "en")).plot().axes
    for axes in (score, work):
        intervals = [line for line in axes.lines if len(line.get_xdata()) == 2 and len(set(line.get_ydata())) == 1]
        assert len(intervals) == 1 + 3 + 2  # all, three schools, two ages
        texts = [text.get_text() for text in axes.texts]
        assert {"School", "low", "high", "Age", "<40", ">=40"} <= set(texts)
    rows = effects.estimates.set_index(["outcome", "term"])
    low, high = next(line for line in score.lines if set(line.get_ydata()) == {4.5}).get_xdata()
    expected = interval_on_scale(rows.loc[("score", "group@school[high]")])
    assert (low, high) == pytest.approx(expected[1:])
    assert "<.001" in [text.get_text() for text in score.texts]


@pytest.mark.parametrize("by", ["model", "sites"])
def test_the_figure_says_what_its_intervals_and_tests_rest_on(study: Study, effects: Effects, by: str) -> None:
    own = replace(study, models=replace(study.models, errors=by))
    ends = {f"conf_{end}_sites": effects.estimates[f"conf_{end}"] for end in ("low", "high")}
    known = {name: effects.estimates[name] for name in ("std_error", "df", "p_value")}
    rows = effects.estimates.assign(**ends, **{f"{name}_sites": values for name, values in known.items()})
    figure = Estimates(own, rows, effects.fits, 0.95).drawing(Wording(own, "en")).plot()
    (told,) = (" ".join(text.get_text().split()) for text in figure.texts)
    assert ("with standard errors by site" in told) == ("p diff. rests on" in told) == (by == "sites")


@pytest.mark.parametrize(
    ("reach", "expected"),
    [(30, ["0.05", "0.2", "1", "5", "20"]), (1e4, ["0.001", "0.05", "1", "20", "1000"]), (1e9, ["0.001", "1", "1000"])],
)
def test_labels_of_ratios_do_not_run_into_each_other(reach: float, expected: list[str]) -> None:
    """An interval by few sites reaches far, and all ratios with a label are then close together."""
    assert effect_ticks((1 / reach, reach), (), "en", ratio=True, most=5)[1] == expected


def test_trends_in_subgroups(study: Study, data: Completed) -> None:
    main = trend_effects(data, Options(), outcomes=["score"])
    found = subgroup_effects(data, main, ["school"], Options())
    rows = found.estimates.set_index("term")
    assert rows.loc["group:wave@school[high]", "estimate"] == pytest.approx(1, abs=0.3)
    assert rows.loc["group:wave:school", "p_value"] < 0.01
    assert "per wave, by school" in shown(found, study)[0].title


def test_the_persons_behind_a_subgroup_are_a_part_of_those_behind_the_effect(study: Study, effects: Effects) -> None:
    rows = effects.estimates[effects.estimates["outcome"] == "score"].set_index("term", drop=False)
    main, part = behind(rows.loc["group"], study), behind(rows.loc["group@school[low]"], study)
    assert main is not None
    assert part is not None
    names = {frozenset(own.who) for own in main.persons}
    arms = [own for own in part.persons if any(key == "school" for key, _ in own.who)]
    assert [own.n for own in arms] == [40, 40]
    assert all(frozenset(pair for pair in own.who if pair[0] != "school") in names for own in arms)


def test_a_file_that_names_another_moderator_shows_what_it_can(study: Study, effects: Effects) -> None:
    terms = effects.estimates["term"].str.replace("@school[low]", "@shoe[size]", regex=False)
    odd = Effects(effects.estimates.assign(term=terms.str.replace("group:age", "group:shoe")), effects.fits)
    assert len(shown(odd, study)) == 4


def test_moderators_of_the_command(study: Study) -> None:
    assert moderators_of(None, study) == ["school", "age"]
    assert moderators_of("", study) == []
    assert moderators_of("town", study) == ["town"]
    with pytest.raises(UsageError, match="schoool"):
        moderators_of("schoool", study)
    with pytest.raises(UsageError, match="cutoffs"):
        moderators_of("age", replace(study, moderators={}))


def test_subgroups_lie_between_the_cutoffs(study: Study) -> None:
    own = replace(study, moderators={"age": Moderator(cutoffs=(30.0, 45.5))})
    assert own.subgroups("age") == ("<30", "30-<45.5", ">=45.5")
    assert own.subgroups("school") == ("low", "mid", "high")


def test_moderators_predict_whatever_is_imputed(study: Study, data: Completed) -> None:
    columns = {column.name: column for column in plan_columns(study, data.observed)}
    assert {"school", "age"} <= set(columns["score_T2"].always)
