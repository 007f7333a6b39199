"""The effect in subgroups and the test that they do not differ, against lm, glm, lmer and glmer (make_subgroups.R)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dnt_cli.effects.fitting import Options
from dnt_cli.effects.run import endpoint_effects, subgroup_effects, trend_effects
from dnt_cli.imputed.data import Completed
from dnt_cli.imputed.foreign import from_long
from dnt_cli.pooling import pool_wald
from dnt_cli.study import Covariate, Moderator, Text
from tests.support.examples import imputed_trial

HERE = Path(__file__).parent
EXPECTED = json.loads((HERE / "subgroups_expected.json").read_text(encoding="utf-8"))
AGE = Covariate(Text("Leeftijd", "Age"), "continuous", impute=True)


@pytest.fixture(scope="module")
def data() -> Completed:
    study, frame = imputed_trial()
    study = replace(
        study,
        covariates=study.covariates | {"age": AGE},
        moderators={"drug": Moderator(), "age": Moderator(cutoffs=(30.0, 45.0))},
        models=replace(study.models, ladder=(("length",),)),
    )
    return from_long(frame.assign(age=20.0 + (7 * frame["id"].astype(int)) % 40), study, "imputed.csv")


@pytest.fixture(scope="module")
def endpoint(data: Completed) -> pd.DataFrame:
    effects = subgroup_effects(data, endpoint_effects(data, Options()), ["drug", "age"], Options())
    return effects.estimates.set_index(["outcome", "term"])


def same(row: pd.Series, expected: Mapping[str, Any], tolerance: float) -> None:
    assert row["estimate"] == pytest.approx(expected["estimate"], abs=tolerance * expected["std_error"])
    assert row["std_error"] == pytest.approx(expected["std_error"], rel=tolerance)
    assert row["df"] == pytest.approx(expected["df"], rel=5 * tolerance)


@pytest.mark.parametrize("outcome", ["bdi", "no_depression"])
@pytest.mark.parametrize("moderator", ["drug", "age"])
def test_the_effect_in_each_subgroup_is_that_of_r(endpoint: pd.DataFrame, outcome: str, moderator: str) -> None:
    for level, expected in EXPECTED["endpoint"][outcome][moderator]["subgroups"].items():
        same(endpoint.loc[(outcome, f"group@{moderator}[{level}]")], expected, 1e-6)


@pytest.mark.parametrize("outcome", ["bdi", "no_depression"])
def test_the_tests_are_those_of_r(endpoint: pd.DataFrame, outcome: str) -> None:
    same(endpoint.loc[(outcome, "group:drug")], EXPECTED["endpoint"][outcome]["drug"]["test"], 1e-6)
    sets = EXPECTED["endpoint"][outcome]["age"]["test"]
    estimates, covariances = ([own[name] for own in sets] for name in ("estimate", "covariance"))
    expected = pool_wald(np.array(estimates), np.array(covariances), sets[0]["df"])
    row = endpoint.loc[(outcome, "group:age")]
    assert row["statistic"] == pytest.approx(expected.statistic, rel=1e-6)
    assert row["df"] == pytest.approx(expected.df2, rel=1e-6)
    assert row["p_value"] == pytest.approx(expected.p_value, rel=1e-5)


@pytest.mark.parametrize(("outcome", "tolerance"), [("bdi", 1e-5), ("no_depression", 0.01)])
def test_trends_in_subgroups_are_those_of_lme4(data: Completed, outcome: str, tolerance: float) -> None:
    options = Options(nodes=1, quadrature_check=0)
    main = trend_effects(data, options, outcomes=[outcome])
    rows = subgroup_effects(data, main, ["drug"], options).estimates.set_index("term")
    for level, expected in EXPECTED["trend"][outcome]["subgroups"].items():
        same(rows.loc[f"group:wave@drug[{level}]"], expected, tolerance)
    same(rows.loc["group:wave:drug"], EXPECTED["trend"][outcome]["test"], tolerance)
