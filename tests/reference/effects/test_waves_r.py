"""The effect at every wave against lm, glm and mice per wave, and the joint test (make_waves.R)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dnt_cli.effects.columns import JOINT
from dnt_cli.effects.fitting import Options
from dnt_cli.effects.run import endpoint_effects
from dnt_cli.effects.wave_tables import at_waves
from dnt_cli.imputed.foreign import from_long
from dnt_cli.models import WAVES
from dnt_cli.pooling import pool_wald
from dnt_cli.study import load_study

HERE = Path(__file__).parent
EXPECTED = json.loads((HERE / "waves_expected.json").read_text(encoding="utf-8"))
STUDY = load_study(str(HERE.parents[2] / "examples" / "btheb" / "study.toml"))
OUTCOMES = ("bdi", "no_depression")


@pytest.fixture(scope="module")
def estimates() -> pd.DataFrame:
    frame = pd.read_csv(HERE / "imputed.csv", dtype={"id": str}, keep_default_na=False, na_values=[""])
    data = from_long(frame, STUDY, "imputed.csv")
    parts = [
        endpoint_effects(data, Options(), outcomes=[key], at=list(EXPECTED[key]["waves"])).estimates for key in OUTCOMES
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_the_effect_at_every_wave_is_that_of_r(estimates: pd.DataFrame, outcome: str) -> None:
    rows = at_waves(estimates, STUDY)
    own = rows[rows["outcome"] == outcome].set_index("wave")
    assert sorted(own.index) == sorted(EXPECTED[outcome]["waves"])
    for wave, expected in EXPECTED[outcome]["waves"].items():
        assert own.loc[wave, "estimate"] == pytest.approx(expected["estimate"], abs=1e-6 * expected["std_error"])
        assert own.loc[wave, "std_error"] == pytest.approx(expected["std_error"], rel=1e-6)
        assert own.loc[wave, "df"] == pytest.approx(expected["df"], rel=1e-6)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_the_joint_test_takes_the_covariance_of_stacked_equations(estimates: pd.DataFrame, outcome: str) -> None:
    joint = EXPECTED[outcome]["joint"]
    covariances = np.array([own["covariance"] for own in joint])
    for own, covariance in zip(joint, covariances, strict=True):
        np.testing.assert_allclose(np.diag(covariance), own["hc1"], rtol=1e-10)
    expected = pool_wald([own["estimate"] for own in joint], covariances, EXPECTED[outcome]["df"])
    row = estimates[(estimates["outcome"] == outcome) & (estimates["term"] == JOINT)].iloc[0]
    assert row["analysis"] == WAVES
    assert row["statistic"] == pytest.approx(expected.statistic, rel=1e-6)
    assert row["df"] == pytest.approx(expected.df2, rel=1e-6)
    assert row["p_value"] == pytest.approx(expected.p_value, rel=1e-5)
