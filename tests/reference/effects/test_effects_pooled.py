"""Effects on completed data sets against lm, glm, lmer and glmer pooled by mice (make_effects.R)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dnt_cli.effects.fitting import Options
from dnt_cli.effects.rows import Effects
from dnt_cli.effects.run import as_observed, endpoint_effects, trend_effects
from dnt_cli.imputed.data import Completed
from dnt_cli.imputed.foreign import from_long
from tests.support.examples import imputed_trial

HERE = Path(__file__).parent
TERMS = {"group": "group", "drug": "drug[Yes]", "length": "length[>6m]", "time": "wave", "group:time": "group:wave"}


@pytest.fixture(scope="module")
def expected() -> dict:
    return json.loads((HERE / "effects_expected.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def data() -> Completed:
    study, frame = imputed_trial()
    return from_long(frame, study, "imputed.csv")


@pytest.fixture(scope="module")
def endpoint(data: Completed) -> Effects:
    return endpoint_effects(data, Options())


@pytest.fixture(scope="module")
def trend(data: Completed) -> Effects:
    return trend_effects(data, Options(nodes=1, quadrature_check=0))


def row(effects: Effects, outcome: str, term: str) -> pd.Series:
    found = effects.estimates[(effects.estimates["outcome"] == outcome) & (effects.estimates["term"] == term)]
    assert len(found) == 1
    return found.iloc[0]


def compare(effects: Effects, outcome: str, reference: dict, *, tolerance: float, terms: dict = TERMS) -> None:
    compared = 0
    for theirs, ours in terms.items():
        if theirs in reference:
            mine = row(effects, outcome, ours)
            for name, value in reference[theirs].items():
                assert mine[name] == pytest.approx(value, rel=tolerance, abs=1e-12), (theirs, name)
            compared += 1
    assert compared >= 3


def test_linear_endpoint_equals_lm_pooled(endpoint: Effects, expected: dict) -> None:
    compare(endpoint, "bdi", expected["t3_linear"], tolerance=1e-9)


def test_binary_endpoint_equals_glm_pooled(endpoint: Effects, expected: dict) -> None:
    # R takes the weights of the last but one iteration, so its standard errors agree to eight digits, df to seven.
    compare(endpoint, "no_depression", expected["t3_binary"], tolerance=1e-6)


def test_marginal_effect_equals_the_delta_method_in_r(endpoint: Effects, expected: dict) -> None:
    mine = row(endpoint, "no_depression", "group")
    assert mine["marginal_effect"] == pytest.approx(expected["t3_marginal"]["estimate"], rel=1e-7)
    assert mine["marginal_effect_se"] == pytest.approx(expected["t3_marginal"]["std_error"], rel=1e-7)


@pytest.mark.parametrize(
    ("standardise", "key", "term"),
    [("both", "t3_linear_scaled", "scale(group)"), ("outcome", "t3_linear_outcome", "group")],
)
def test_beta_equals_scale_within_each_imputation(
    data: Completed, expected: dict, standardise: str, key: str, term: str
) -> None:
    effects = endpoint_effects(data, Options(standardise=standardise), outcomes=["bdi"])  # type: ignore[arg-type]
    mine = row(effects, "bdi", "group")
    assert mine["beta"] == pytest.approx(expected[key][term]["estimate"], rel=1e-9)
    assert mine["beta_se"] == pytest.approx(expected[key][term]["std_error"], rel=1e-9)


def test_difference_score_equals_lm(data: Completed, expected: dict) -> None:
    effects = endpoint_effects(data, Options(), outcomes=["bdi"], difference=True)
    compare(effects, "bdi", expected["t3_difference"], tolerance=1e-9)
    assert "bdi_T0" not in set(effects.estimates["term"])


def test_linear_trend_equals_lmer_pooled(trend: Effects, expected: dict) -> None:
    compare(trend, "bdi", expected["trend_linear"], tolerance=1e-6)


def test_trend_beta_scales_group_and_outcome_only(trend: Effects, expected: dict) -> None:
    mine, theirs = row(trend, "bdi", "group:wave"), expected["trend_linear_scaled"]["scale(group):time"]
    assert mine["beta"] == pytest.approx(theirs["estimate"], rel=1e-6)
    assert mine["beta_se"] == pytest.approx(theirs["std_error"], rel=1e-6)


def test_binary_trend_equals_tight_glmer_pooled(trend: Effects, expected: dict) -> None:
    for theirs, ours in TERMS.items():
        mine, reference = row(trend, "no_depression", ours), expected["trend_binary"][theirs]
        assert abs(mine["estimate"] - reference["estimate"]) < 0.01 * reference["std_error"]
        assert mine["std_error"] == pytest.approx(reference["std_error"], rel=0.01)
        assert mine["df"] == pytest.approx(reference["df"], rel=0.02)


def test_observed_answers_equal_complete_case_lm(data: Completed, expected: dict) -> None:
    effects = endpoint_effects(as_observed(data), Options(), outcomes=["bdi"])
    compare(effects, "bdi", expected["observed_linear"], tolerance=1e-8)


def test_observed_waves_equal_lmer_with_satterthwaite_df(data: Completed, expected: dict) -> None:
    effects = trend_effects(as_observed(data), Options(satterthwaite=True), outcomes=["bdi"])
    compare(effects, "bdi", expected["observed_trend"], tolerance=1e-5)


def test_satterthwaite_df_are_pooled_from_their_mean(data: Completed, expected: dict) -> None:
    effects = trend_effects(data, Options(satterthwaite=True), outcomes=["bdi"])
    mine = row(effects, "bdi", "group:wave")
    complete, lam, m = expected["satterthwaite_mean"], mine["lambda"], mine["m"]
    old = (m - 1) / lam**2
    observed = (complete + 1) / (complete + 3) * complete * (1 - lam)
    assert mine["df"] == pytest.approx(old * observed / (old + observed), rel=1e-5)


def test_odds_ratio_and_its_error_follow_from_the_link_scale(endpoint: Effects) -> None:
    mine = row(endpoint, "no_depression", "group")
    assert mine["odds_ratio"] == pytest.approx(np.exp(mine["estimate"]))
    assert mine["odds_ratio_se"] == pytest.approx(mine["odds_ratio"] * mine["std_error"])
    assert np.log(mine["odds_ratio_low"]) == pytest.approx(mine["conf_low"])


def test_same_numbers_for_any_number_of_processes(data: Completed, endpoint: Effects) -> None:
    parallel = endpoint_effects(data, Options(jobs=2))
    pd.testing.assert_frame_equal(parallel.estimates, endpoint.estimates, check_exact=True)
