"""Our engines against R: lm, glm, lme4 under tight control and lmerTest, on public and simulated data."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnt_cli.engines import (
    DesignMatrix,
    Fit,
    Lme4Session,
    fit_linear_sets,
    fit_logistic,
    fit_mixed_linear,
    fit_mixed_logistic,
)
from tests.support.oracles.marginal import MarginalModel, marginal_model

HERE = Path(__file__).parent
MODELS: list[dict[str, Any]] = json.loads((HERE / "models.json").read_text(encoding="utf-8"))
EXPECTED: dict[str, dict[str, Any]] = {
    m["name"]: m for m in json.loads((HERE / "models_expected.json").read_text(encoding="utf-8"))["models"]
}

# Sets on which lme4 itself is wrong even under tight control, with the evidence in test_where_lme4_is_wrong: it stops
# at a false boundary (s055) or short of the optimum (s008), or its numerical second derivatives fail (s124, s008).
LME4_WRONG = {"s008 glmer": 1e-4, "s055 glmer": 0.03, "s124 glmer": 1e-8}


@cache
def table(name: str) -> np.ndarray:
    return np.genfromtxt(HERE / "data" / f"{name}.csv", delimiter=",", names=True, dtype=float)


def design(model: dict[str, Any]) -> DesignMatrix:
    rows = table(model["data"])
    for column, value in model["where"].items():
        rows = rows[rows[column] == value]
    columns = []
    for term in model["terms"]:
        parts = [np.ones(rows.size) if part == "1" else rows[part] for part in term.split(":")]
        columns.append(np.prod(parts, axis=0))
    mixed = model["kind"] in ("lmer", "glmer")
    return DesignMatrix(
        response=rows[model["response"]].astype(float),
        matrix=np.column_stack(columns),
        terms=tuple(model["terms"]),
        groups=rows["g"].astype(np.int64) if mixed else None,
        weights=rows[model["weights"]] if model["weights"] else None,
    )


def of_kind(*kinds: str) -> list[Any]:
    return [pytest.param(m, id=m["name"]) for m in MODELS if m["kind"] in kinds and m["name"] not in LME4_WRONG]


def fit(model: dict[str, Any], **options: Any) -> Fit:
    if model["kind"] == "lm":
        return fit_linear_sets([design(model)])[0]
    if model["kind"] == "glm":
        return fit_logistic(design(model))
    if model["kind"] == "lmer":
        return fit_mixed_linear(design(model), reml=model["reml"], df="satterthwaite", **options)
    return fit_mixed_logistic(design(model), nodes=model["nodes"], **options)


def test_suite_is_complete() -> None:
    assert {m["name"] for m in MODELS} == set(EXPECTED)
    assert len(MODELS) >= 90


@pytest.mark.parametrize("model", of_kind("lm", "glm"))
def test_regression(model: dict[str, Any]) -> None:
    r, ours = EXPECTED[model["name"]], fit(model)
    error = np.array(r["std_error"])
    assert ours.status.usable
    assert np.abs((ours.estimate - r["estimate"]) / error).max() < 1e-8
    np.testing.assert_allclose(ours.std_error, error, rtol=1e-8)
    np.testing.assert_allclose(ours.covariance, r["covariance"], rtol=0, atol=1e-8 * (error.max() ** 2))
    assert ours.df_residual == r["df_residual"]
    assert ours.n_observations == r["n"]
    if model["kind"] == "lm":
        np.testing.assert_array_equal(ours.df, r["df_residual"])
        assert ours.residual_sd == pytest.approx(r["residual_sd"], rel=1e-9)
    assert ours.log_likelihood == pytest.approx(r["log_likelihood"], rel=1e-9)


@pytest.mark.parametrize("model", of_kind("lmer"))
def test_linear_mixed(model: dict[str, Any]) -> None:
    r, ours = EXPECTED[model["name"]], fit(model)
    error = np.array(r["std_error"])
    assert ours.status.usable
    assert ours.status.singular == r["singular"]
    assert np.abs((ours.estimate - r["estimate"]) / error).max() < 1e-6
    np.testing.assert_allclose(ours.std_error, error, rtol=1e-6)
    np.testing.assert_allclose(ours.df, r["df"], rtol=1e-5)
    assert ours.log_likelihood == pytest.approx(r["log_likelihood"], rel=1e-10)
    assert ours.random_sd == pytest.approx(r["random_sd"], rel=1e-5, abs=1e-6)
    assert ours.residual_sd == pytest.approx(r["residual_sd"], rel=1e-6)
    assert ours.df_residual == r["df_residual"]


@pytest.mark.parametrize("model", of_kind("glmer"))
def test_logistic_mixed(model: dict[str, Any]) -> None:
    r, ours = EXPECTED[model["name"]], fit(model)
    assert ours.status.usable
    assert_same(ours, r)
    assert ours.log_likelihood >= r["log_likelihood"] - 1e-6
    assert ours.df_residual == r["df_residual"]
    assert ours.gradient < 1e-9


def assert_same(ours: Fit, r: dict[str, Any]) -> None:
    """Within .01 standard error and 1 % of every standard error, and the same verdict on the variance."""
    error = np.array(r["std_error"])
    assert ours.status.singular == r["singular"]
    assert np.abs((ours.estimate - r["estimate"]) / error).max() < 0.01
    np.testing.assert_allclose(ours.std_error, error, rtol=0.01)
    assert ours.random_sd == pytest.approx(r["random_sd"], rel=0.01, abs=1e-3)


@pytest.mark.parametrize("name", LME4_WRONG)
def test_where_lme4_is_wrong(name: str) -> None:
    model = next(m for m in MODELS if m["name"] == name)
    r, ours = EXPECTED[name], fit(model)
    assert ours.status.usable
    with pytest.raises(AssertionError):
        assert_same(ours, r)
    # The evidence: a higher log-likelihood, from a formula that gives lme4's own value at lme4's own answer.
    assert ours.log_likelihood > r["log_likelihood"] + LME4_WRONG[name]
    likelihood = marginal_model(design(model))
    at_r = likelihood.likelihood(np.array(r["estimate"]), r["random_sd"])
    assert at_r.value == pytest.approx(r["log_likelihood"], abs=1e-6)
    # And it is an optimum with this curvature, by differences of the log-likelihood alone.
    assert ours.random_sd is not None
    error = second_differences(likelihood, ours.estimate, ours.random_sd)
    np.testing.assert_allclose(ours.std_error, error, rtol=0.01)


def second_differences(model: MarginalModel, estimate: np.ndarray, sd: float) -> np.ndarray:
    """Standard errors of the coefficients from second differences of the Laplace log-likelihood."""
    point = np.append(estimate, sd)
    size = np.append(0.02 / np.sqrt((model.matrix**2).mean(axis=0)), 0.02 * sd)

    def value(*moves: tuple[int, int]) -> float:
        at = point.copy()
        for index, sign in moves:
            at[index] += sign * size[index]
        return model.likelihood(at[:-1], float(at[-1])).value

    k = point.size
    hessian = np.empty((k, k))
    for i in range(k):
        for j in range(k):
            corners = sum(a * b * value((i, a), (j, b)) for a in (1, -1) for b in (1, -1))
            hessian[i, j] = corners / (4 * size[i] * size[j])
    return np.sqrt(np.diag(np.linalg.inv(-hessian)))[:-1]


@pytest.mark.lme4
@pytest.mark.parametrize("name", ["btheb lmer REML", "s000 lmer ML", "bacteria glmer", "cbpp glmer AGQ", "s007 glmer"])
def test_live_lme4(name: str, lme4_session: Lme4Session) -> None:
    model = next(m for m in MODELS if m["name"] == name)
    r, live = EXPECTED[name], fit(model, engine="lme4", session=lme4_session)
    error = np.array(r["std_error"])
    assert live.status.usable
    assert live.status.singular == r["singular"]
    assert live.engine.startswith("lme4 1.")
    assert np.abs((live.estimate - r["estimate"]) / error).max() < 1e-4
    np.testing.assert_allclose(live.std_error, error, rtol=1e-3)
    assert live.log_likelihood == pytest.approx(r["log_likelihood"], abs=1e-6)
    if r["df"] is not None:
        np.testing.assert_allclose(live.df, r["df"], rtol=1e-5)
    assert_agree(live, fit(model))


def assert_agree(one: Fit, other: Fit) -> None:
    assert np.abs((one.estimate - other.estimate) / other.std_error).max() < 0.01
    np.testing.assert_allclose(one.std_error, other.std_error, rtol=0.01)


@pytest.mark.lme4
@pytest.mark.parametrize("name", ["s008 glmer", "s124 glmer"])
def test_live_lme4_is_right_or_refused(name: str, lme4_session: Lme4Session) -> None:
    # Whether lme4 fails here depends on its version and on the order of columns; a wrong answer must not pass.
    model = next(m for m in MODELS if m["name"] == name)
    live = fit(model, engine="lme4", session=lme4_session)
    if live.status.usable:
        assert_agree(live, fit(model))
    else:
        assert np.isnan(live.estimate).all()
