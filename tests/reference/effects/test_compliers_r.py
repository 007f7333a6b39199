"""The effect on those who took part against two-stage least squares in R, pooled by mice (make_compliers.R)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dnt_cli.effects.fitting import Options
from dnt_cli.effects.run import complier_effects, endpoint_effects
from dnt_cli.imputed.foreign import from_long
from dnt_cli.models import COMPLIERS
from dnt_cli.study import Covariate, Text
from tests.support.examples import imputed_trial

HERE = Path(__file__).parent
EXPECTED = json.loads((HERE / "compliers_expected.json").read_text(encoding="utf-8"))
TOOK_PART = Covariate(Text("Meegedaan", "Took part"), "categorical", levels=("no", "yes"))


@pytest.fixture(scope="module")
def estimates() -> pd.DataFrame:
    study, frame = imputed_trial()
    study = replace(
        study,
        covariates=study.covariates | {"received": TOOK_PART},
        design=replace(study.design, received="received", site="site"),
    )
    number = frame["id"].astype(int)
    took = np.where(frame["treatment"] == "BtheB", number % 4 != 0, number % 9 == 0)
    site = frame["treatment"] + (number % 10).astype(str)
    data = from_long(frame.assign(received=np.where(took, "yes", "no"), site=site), study, "imputed.csv")
    rows = complier_effects(data, endpoint_effects(data, Options()), Options()).estimates
    return rows[rows["analysis"] == COMPLIERS].set_index(["outcome", "term"])


@pytest.mark.parametrize("outcome", ["bdi", "no_depression"])
@pytest.mark.parametrize("term", ["received", "assigned", "uptake"])
def test_each_stage_is_that_of_r(estimates: pd.DataFrame, outcome: str, term: str) -> None:
    row, expected = estimates.loc[(outcome, term)], EXPECTED[outcome][term]
    assert row["estimate"] == pytest.approx(expected["estimate"], abs=1e-8 * expected["std_error"])
    assert row["std_error"] == pytest.approx(expected["std_error"], rel=1e-8)
    assert row["df"] == pytest.approx(expected["df"], rel=1e-6)
    assert row["std_error_sites"] == pytest.approx(expected["std_error_sites"], rel=1e-8)
    assert row["df_sites"] == pytest.approx(expected["df_sites"], rel=1e-6)
