"""Effects on constructed data: the ladder, what cannot be estimated, and what is said about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dnt_cli.effects.checks import LARGE_SD, more_nodes
from dnt_cli.effects.fitting import FittedEffect, Options, fit_all
from dnt_cli.effects.run import endpoint_effects, trend_effects
from dnt_cli.engines import DesignMatrix, fit_mixed_logistic
from dnt_cli.errors import ModelError
from dnt_cli.imputed.data import Completed
from dnt_cli.models import Model
from dnt_cli.study import Study, parse_study
from dnt_cli.wording import spoken
from tests.support.studies import study_text

STUDY = study_text(
    {
        "work": {"kind": "binary", "expected": "increase"},
        "score": {"kind": "linear"},
    },
    covariates={
        "rare": {"kind": "categorical", "levels": ["no", "yes"]},
        "age": {"kind": "continuous"},
    },
    models={"controls": ["age"], "ladder": [["rare", "age"], ["age"], []]},
)


def make(study: Study, m: int = 4, *, rare_works: bool = True) -> Completed:
    """Eighty persons; those with the rare trait always (or hardly ever differently) work, which separates them."""
    sets = []
    for seed in range(m + 1):
        rng = np.random.default_rng(7)
        n = 80
        noise = np.random.default_rng(seed)
        group = np.repeat(["i", "c"], n // 2)
        person = rng.normal(size=n)
        rare = np.arange(n) % 16 == 0
        frame = pd.DataFrame({"id": [f"p{i:02d}" for i in range(n)], "group": pd.Categorical(group, ["c", "i"])})
        frame["rare"] = pd.Categorical(np.where(rare, "yes", "no"), ["no", "yes"])
        frame["age"] = rng.normal(40, 8, n)
        for t in range(3):
            eta = 0.8 * person + 0.4 * t * (group == "i") - 0.2
            work = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
            work[noise.integers(n, size=3)] = noise.integers(0, 2, size=3)
            frame[f"work_T{t}"] = np.where(rare, 1.0, work) if rare_works else work
            frame[f"score_T{t}"] = person + 0.5 * t * (group == "i") + rng.normal(size=n) + 0.1 * noise.normal(size=n)
        sets.append(frame)
    return Completed(study, sets[0], tuple(sets[1:]))


def test_the_ladder_goes_down_until_all_imputations_converge(study: Study) -> None:
    effects = trend_effects(make(study), Options(quadrature_check=0), outcomes=["work", "score"])
    rows = effects.estimates.set_index(["outcome", "term"])
    assert rows.loc[("work", "group:wave"), "controls"] == "age"
    assert rows.loc[("score", "group:wave"), "controls"] == "rare, age"
    message = rows.loc[("work", "group:wave"), "message"]
    assert "controls 'rare, age' left: 4 of 4 fits unusable, 4 separated" in spoken(message, "en")
    assert "verlaten" in spoken(message, "nl")
    tried = effects.fits[(effects.fits["outcome"] == "work") & (effects.fits["controls"] == "rare, age")]
    assert len(tried) == 4
    assert not tried["usable"].any()
    assert tried["separated"].all()


def test_the_last_rung_is_not_estimable_rather_than_pooled_over_what_worked(study: Study) -> None:
    effects = trend_effects(make(study), Options(quadrature_check=0), outcomes=["work"], ladder=[["rare"]])
    row = effects.estimates.iloc[0]
    assert len(effects.estimates) == 1
    assert row["status"] == "not estimable"
    assert np.isnan(row["estimate"])
    assert np.isnan(row["p_value"])
    assert spoken(row["message"], "en").startswith("4 of 4 imputations separated: 'rare[yes]': predicts")


def test_one_separated_imputation_of_many_stops_the_pooling(study: Study) -> None:
    data = make(study, rare_works=False)
    separated = data.sets[0].copy()
    separated.loc[separated["rare"] == "yes", "work_T2"] = 1.0
    mixed = Completed(study, data.observed, (separated, *data.sets[1:]))
    good = endpoint_effects(data, Options(), outcomes=["work"], controls=["rare"]).estimates
    assert (good["status"] == "ok").all()
    row = endpoint_effects(mixed, Options(), outcomes=["work"], controls=["rare"]).estimates.iloc[0]
    assert row["status"] == "not estimable"
    assert "1 of 4 imputations separated" in spoken(row["message"], "en")


def test_firth_is_used_where_separated_and_said(study: Study) -> None:
    options = Options(separation="firth")
    rows = endpoint_effects(make(study), options, outcomes=["work"], controls=["rare"]).estimates
    assert (rows["status"] == "firth").all()
    assert np.isfinite(rows["estimate"]).all()
    assert "Firth" in spoken(rows["message"].iloc[0], "en")


def test_outcome_equal_to_group_is_not_estimable(study: Study) -> None:
    data = make(study)
    sets = tuple(s.assign(work_T2=(s["group"] == "i").astype(float)) for s in data.sets)
    row = endpoint_effects(Completed(study, data.observed, sets), Options(), outcomes=["work"]).estimates.iloc[0]
    assert row["status"] == "not estimable"


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_constant_outcome_is_not_estimable(study: Study, value: float) -> None:
    data = make(study)
    sets = tuple(s.assign(**{f"work_T{t}": value for t in range(3)}) for s in data.sets)
    constant = Completed(study, data.observed, sets)
    for effects in (
        endpoint_effects(constant, Options(), outcomes=["work"]),
        trend_effects(constant, Options(), outcomes=["work"]),
    ):
        row = effects.estimates.iloc[0]
        assert row["status"] == "not estimable"
        assert "nothing to explain" in spoken(row["message"], "en")


def test_a_single_imputation_is_refused(study: Study) -> None:
    data = make(study, m=1)
    with pytest.raises(ModelError, match="One imputation"):
        endpoint_effects(data, Options())


def test_large_random_intercepts_are_marked_doubtful(study: Study) -> None:
    rng = np.random.default_rng(3)
    data = make(study, m=2)
    person = rng.normal(0, 7, 80)

    def steady(frame: pd.DataFrame) -> pd.DataFrame:
        draws = {f"work_T{t}": (rng.random(80) < 1 / (1 + np.exp(-person))).astype(float) for t in range(3)}
        return frame.assign(**draws)

    sets = tuple(steady(s) for s in data.sets)
    completed = Completed(study, data.observed, sets)
    for nodes, words in ((1, "Laplace approximation doubtful"), (3, "3 quadrature nodes are too few"), (15, None)):
        effects = trend_effects(completed, Options(nodes=nodes), outcomes=["work"], ladder=[[]])
        row = effects.estimates[effects.estimates["term"] == "group:wave"].iloc[0]
        assert row["random_sd"] > 3
        assert row["status"] == ("doubtful" if words else "ok")
        assert (words or "") in spoken(row["message"], "en")


def test_the_quadrature_is_checked_against_the_fits_that_are_there(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []

    def counted(data: Completed, tasks: Sequence[tuple[Model, Options]], *rest: Any) -> list[list[FittedEffect]]:
        asked.extend((data.m, options.nodes) for _, options in tasks)
        return fit_all(data, tasks, *rest)

    monkeypatch.setattr("dnt_cli.effects.checks.fit_all", counted)
    trend_effects(make(study), Options(nodes=5, quadrature_check=2), outcomes=["work", "score"], ladder=[["age"]])
    assert asked == [(2, 25)]


def test_few_persons_with_a_large_spread_are_compared_with_enough_nodes() -> None:
    """15 nodes are .07 SE off at an SD of 9, which 31 do not show."""
    rng = np.random.default_rng(1)
    person, wave = np.repeat(np.arange(20), 5), np.tile(np.arange(5.0), 20)
    linear = 0.1 * wave + 12 * rng.normal(size=20)[person] - 6
    matrix = np.column_stack([np.ones(100), person % 2, wave, (person % 2) * wave])
    response = (rng.random(100) < 1 / (1 + np.exp(-linear))).astype(float)
    design = DesignMatrix(response, matrix, ("a", "b", "c", "d"), person)
    exact = fit_mixed_logistic(design, nodes=101)
    assert exact.random_sd is not None
    assert exact.random_sd > LARGE_SD

    def away(nodes: int) -> float:
        fit = fit_mixed_logistic(design, nodes=nodes)
        return float(np.abs(fit.log_likelihood - exact.log_likelihood))

    assert away(31) > 1e-3 > away(more_nodes(15, exact.random_sd))
    assert [more_nodes(nodes, 0.5) for nodes in (1, 15, 101)] == [25, 31, 101]


def test_adjusted_p_values_are_over_the_family_of_one_analysis(study: Study) -> None:
    effects = endpoint_effects(make(study, rare_works=False), Options())
    rows = effects.estimates[effects.estimates["term"] == "group"].set_index("outcome")
    p = rows["p_value"].sort_values()
    assert rows.loc[p.index[0], "p_holm"] == pytest.approx(min(1, 2 * p.iloc[0]))
    assert rows.loc[p.index[0], "p_bh"] == pytest.approx(min(2 * p.iloc[0], p.iloc[1]))
    others = effects.estimates[effects.estimates["term"] != "group"]
    assert others["p_holm"].isna().all()


def test_unknown_outcome_is_named_with_the_known_ones(study: Study) -> None:
    with pytest.raises(ModelError, match="work, score"):
        endpoint_effects(make(study), Options(), outcomes=["wrk"])


def test_a_control_without_variation_is_left_out_as_r_does(study: Study) -> None:
    data = make(study, rare_works=False)
    sets = tuple(s.assign(age=40.0) for s in data.sets)
    effects = endpoint_effects(Completed(study, data.observed, sets), Options(), outcomes=["score"])
    assert "age" not in set(effects.estimates["term"])
    assert (effects.estimates["status"] == "ok").all()


def test_a_factor_with_several_terms_gets_one_joint_test(study: Study) -> None:
    three = parse_study(STUDY.replace('levels = ["no", "yes"]', 'levels = ["no", "yes", "maybe"]'))
    data = make(study, rare_works=False)

    def widen(frame: pd.DataFrame) -> pd.DataFrame:
        levels = np.array(["no", "yes", "maybe"])[np.arange(len(frame)) % 3]
        return frame.assign(rare=pd.Categorical(levels, ["no", "yes", "maybe"]))

    sets = tuple(widen(s) for s in data.sets)
    effects = endpoint_effects(
        Completed(three, widen(data.observed), sets), Options(), outcomes=["score"], controls=["rare", "age"]
    )
    rows = effects.estimates.set_index("term")
    assert np.isnan(rows.loc["rare", "estimate"])
    assert 0 < rows.loc["rare", "p_value"] < 1
    assert "2 terms" in spoken(rows.loc["rare", "message"], "en")
    pair = rows.loc[["rare[yes]", "rare[maybe]"], "p_value"]
    assert rows.loc["rare", "p_value"] != pytest.approx(pair.min())


@pytest.mark.parametrize("fit", [endpoint_effects, trend_effects])
def test_a_study_that_tests_nothing_has_no_effects(study: Study, fit: Callable[..., object]) -> None:
    described = {key: replace(outcome, role="descriptive") for key, outcome in study.outcomes.items()}
    with pytest.raises(ModelError, match="tests no outcome"):
        fit(make(replace(study, outcomes=described)), Options())
