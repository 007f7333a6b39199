"""Real data through dnt against R: lm, lmer and glmer on the observed answers, mice's pool() on imputations.

make_house.R and pool_imputations.R made the expected values. Imputations travel both ways: dnt_long.csv was written by
`dnt convert` and pooled by mice, mice_long.csv was imputed by mice and is pooled here.
"""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dnt_cli.effects.fitting import Options
from dnt_cli.effects.run import as_observed, endpoint_effects, trend_effects
from dnt_cli.engines import DesignMatrix, fit_mixed_logistic
from dnt_cli.imputed.data import Completed
from dnt_cli.imputed.foreign import from_long
from dnt_cli.reading.text import read_csv
from dnt_cli.study import load_study
from dnt_cli.survey import cast_survey
from dnt_cli.wide import derive, to_wide

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[2] / "examples"
EXPECTED: dict[str, Any] = json.loads((HERE / "house_expected.json").read_text(encoding="utf-8"))
POOLED: dict[str, Any] = json.loads((HERE / "dnt_long_expected.json").read_text(encoding="utf-8"))
BTHEB = str(EXAMPLES / "btheb" / "study.toml")
TERMS = {
    "(Intercept)": "(Intercept)", "group": "group", 'I(treatment == "BtheB")TRUE': "group", "bdi_T0": "bdi_T0",
    "no_depression_T0": "no_depression_T0", "I(bdi_T0 <= 13)TRUE": "no_depression_T0", "drugYes": "drug[Yes]",
    "length>6m": "length[>6m]", "time": "wave", "group:time": "group:wave",
}  # fmt: skip


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Beat the Blues as the example's own converter writes it."""
    target = tmp_path_factory.mktemp("btheb") / "btheb.csv"
    convert = runpy.run_path(str(EXAMPLES / "btheb" / "convert.py"))["convert"]
    convert(EXAMPLES / "btheb" / "btheb.csv", target)
    frame, findings = cast_survey(read_csv(target.read_bytes(), "btheb.csv").frame, load_study(BTHEB))
    assert findings == []
    return frame


@pytest.fixture(scope="module")
def observed(survey: pd.DataFrame) -> Completed:
    study = load_study(BTHEB)
    wide = derive(to_wide(survey, study), study)
    return as_observed(Completed(study, wide, ()))


def assert_equal(rows: pd.DataFrame, expected: dict[str, Any], rtol: float) -> None:
    """Every coefficient and standard error, term by term."""
    ours = rows.set_index("term").loc[[TERMS[term] for term in expected["term"]]]
    assert len(ours) == len(rows)
    for name in ("estimate", "std_error"):
        np.testing.assert_allclose(ours[name], expected[name], rtol=rtol, err_msg=name)
    if isinstance(expected["df"], list):
        np.testing.assert_allclose(ours["df"], expected["df"], rtol=rtol, err_msg="df")


def test_complete_cases_at_eight_months_equal_lm(observed: Completed) -> None:
    rows = endpoint_effects(observed, Options(), outcomes=["bdi"]).estimates
    assert_equal(rows, EXPECTED["complete_case"], 1e-8)
    assert (rows["df"] == EXPECTED["complete_case"]["df"]).all()
    assert (rows["n_persons"] == EXPECTED["complete_case"]["n"]).all()


def test_observed_trend_in_months_equals_lmer(observed: Completed) -> None:
    rows = trend_effects(observed, Options(), outcomes=["bdi"], ladder=[("drug", "length")]).estimates
    assert_equal(rows, EXPECTED["trend"], 1e-5)
    assert (rows["n_persons"] == EXPECTED["trend"]["persons"]).all()
    assert (rows["n_observations"] == EXPECTED["trend"]["n"]).all()
    for name in ("random_sd", "residual_sd"):
        np.testing.assert_allclose(rows[name], EXPECTED["trend"][name], rtol=1e-5)


def test_bacteria_equal_glmer() -> None:
    frame = pd.read_csv(EXAMPLES / "bacteria" / "bacteria.csv")
    arms = [(frame["trt"] == arm).to_numpy(float) for arm in ("drug", "drug+")]
    matrix = np.column_stack([np.ones(len(frame)), *arms, frame["week"]])
    person = frame["ID"].astype("category").cat.codes.to_numpy(np.int64)
    design = DesignMatrix((frame["y"] == "y").to_numpy(float), matrix, ("(Intercept)", "drug", "drug+", "week"), person)
    fit, expected = fit_mixed_logistic(design, nodes=1), EXPECTED["bacteria"]
    error = np.array(expected["std_error"])
    np.testing.assert_allclose((fit.estimate - expected["estimate"]) / error, 0, atol=0.01)
    np.testing.assert_allclose(fit.std_error, error, rtol=0.01)
    assert fit.random_sd == pytest.approx(expected["random_sd"], rel=0.01)


@pytest.mark.parametrize(("outcome", "model"), [("bdi", "linear"), ("no_depression", "binary")])
def test_mice_pools_our_imputations_to_the_same(outcome: str, model: str) -> None:
    content = (HERE / "dnt_long.csv").read_bytes()
    data = from_long(read_csv(content, "dnt_long.csv").frame, load_study(BTHEB), "dnt_long.csv")
    assert data.m == POOLED["m"] == 5
    rows = endpoint_effects(data, Options(), outcomes=[outcome]).estimates
    assert_equal(rows, POOLED[model], 1e-8)


@pytest.mark.parametrize(("outcome", "model"), [("bdi", "mice_linear"), ("no_depression", "mice_binary")])
def test_we_pool_the_imputations_of_mice_to_the_same(outcome: str, model: str) -> None:
    content = (HERE / "mice_long.csv").read_bytes()
    assert b",NA," in content
    data = from_long(read_csv(content, "mice_long.csv").frame, load_study(BTHEB), "mice_long.csv")
    rows = endpoint_effects(data, Options(), outcomes=[outcome]).estimates
    assert_equal(rows, EXPECTED[model], 1e-6)
