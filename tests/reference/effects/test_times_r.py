"""Trends over the actual months of each interview against lmer and glmer (make_times.R)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from dnt_cli.effects.fitting import Options
from dnt_cli.effects.run import trend_effects
from dnt_cli.imputed.data import Completed
from dnt_cli.imputed.foreign import from_long
from dnt_cli.study import Covariate, Text
from tests.support.examples import imputed_trial

HERE = Path(__file__).parent
EXPECTED = json.loads((HERE / "times_expected.json").read_text(encoding="utf-8"))
MONTHS = Covariate(Text("Maanden", "Months"), "continuous", timing="wave", impute=False, describe=False)


@pytest.fixture(scope="module")
def data() -> Completed:
    study, frame = imputed_trial()
    study = replace(
        study,
        covariates=study.covariates | {"months": MONTHS},
        design=replace(study.design, wave_time="months"),
        models=replace(study.models, time="actual", ladder=((),)),
    )
    late = (frame["id"].astype(int) % 5 - 2) / 4
    months = {f"months_{w.key}": w.months + late for w in study.design.waves[1:]}
    return from_long(frame.assign(months=0.0, **months), study, "imputed.csv")


@pytest.mark.parametrize(("outcome", "tolerance"), [("bdi", 1e-5), ("no_depression", 0.01)])
def test_the_trend_over_actual_months_is_that_of_lme4(data: Completed, outcome: str, tolerance: float) -> None:
    rows = trend_effects(data, Options(nodes=1, quadrature_check=0), outcomes=[outcome]).estimates
    row, expected = rows.set_index("term").loc["group:wave"], EXPECTED[outcome]
    assert row["estimate"] == pytest.approx(expected["estimate"], abs=tolerance * expected["std_error"])
    assert row["std_error"] == pytest.approx(expected["std_error"], rel=tolerance)
    assert row["df"] == pytest.approx(expected["df"], rel=5 * tolerance)
