"""Pooling against mice (and mitml for D1), from R's own fits and from ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnt_cli.engines import DesignMatrix, Fit, fit_linear_sets, fit_logistic
from dnt_cli.pooling import adjust, interval, pool, pool_wald

HERE = Path(__file__).parent
EXPECTED: dict[str, Any] = json.loads((HERE / "pooling_expected.json").read_text(encoding="utf-8"))
MODELS: list[dict[str, Any]] = EXPECTED["models"]
by_formula = pytest.mark.parametrize("model", MODELS, ids=lambda m: m["formula"])


def assert_pooled(model: dict[str, Any], estimates: Any, variances: Any, rtol: float) -> None:
    ours, r = pool(estimates, variances, model["dfcom"]), model["pooled"]
    for name in ("estimate", "ubar", "b", "t", "df", "riv", "fmi"):
        np.testing.assert_allclose(getattr(ours, name), r[name], rtol=rtol, atol=1e-14, err_msg=name)
    np.testing.assert_allclose(ours.lambda_, r["lambda"], rtol=rtol, atol=1e-14)
    for name in ("std_error", "statistic", "p_value"):
        np.testing.assert_allclose(getattr(ours, name), model[name], rtol=rtol, err_msg=name)
    low, high = interval(ours, 0.90)
    np.testing.assert_allclose(low, model["low90"], rtol=10 * rtol)
    np.testing.assert_allclose(high, model["high90"], rtol=10 * rtol)


@by_formula
def test_pool_equals_mice(model: dict[str, Any]) -> None:
    variances = np.diagonal(np.array(model["covariances"]), axis1=1, axis2=2)
    assert_pooled(model, np.array(model["estimates"]), variances, rtol=1e-9)


@by_formula
def test_own_fits_pool_to_the_same(model: dict[str, Any]) -> None:
    fits = refit(model)
    assert {f.df_residual for f in fits} == {model["dfcom"]}
    assert_pooled(model, [f.estimate for f in fits], [np.diag(f.covariance) for f in fits], rtol=1e-6)


def refit(model: dict[str, Any]) -> list[Fit]:
    rows = np.genfromtxt(HERE / "data" / "nhanes_imputed.csv", delimiter=",", names=True, dtype=float)
    response, fits = model["formula"].split(" ~ ")[0], []
    for imputation in range(1, 11):
        d = rows[rows["imp"] == imputation]
        matrix = np.column_stack([np.ones(d.size), *(d[t] for t in model["terms"][1:])])
        design = DesignMatrix(d[response], matrix, tuple(model["terms"]), None)
        fits.append(fit_linear_sets([design])[0] if model["kind"] == "lm" else fit_logistic(design))
    return fits


@pytest.mark.parametrize("size", ["small", "large"])
@pytest.mark.parametrize(
    ("model", "test"),
    [pytest.param(m, t, id=f"{m['formula']} without {'+'.join(t['dropped'])}") for m in MODELS for t in m["d1"]],
)
def test_d1_equals_mice(model: dict[str, Any], test: dict[str, Any], size: str) -> None:
    index = [model["terms"].index(term) for term in test["dropped"]]
    estimates = np.array(model["estimates"])[:, index]
    covariances = np.array(model["covariances"])[:, index][:, :, index]
    ours, r = pool_wald(estimates, covariances, model["dfcom"] if size == "small" else np.inf), test[size]
    for name in ("statistic", "df1", "df2", "p_value", "riv"):
        assert getattr(ours, name) == pytest.approx(r[name], rel=1e-8), name


@pytest.mark.parametrize("method", ["holm", "bh"])
def test_adjust_equals_r(method: Any) -> None:
    p = np.array([np.nan if v is None else v for v in EXPECTED["adjust"]["p"]])
    r = np.array([np.nan if v is None else v for v in EXPECTED["adjust"][method]])
    np.testing.assert_allclose(adjust(p, method), r, rtol=1e-12)
