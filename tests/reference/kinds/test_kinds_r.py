"""Counts and ordered classes against R: glm, glm.nb, glmer, clm, polr and clmm, on 136 simulated persons."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnt_cli.effects.estimators import ESTIMATORS
from dnt_cli.engines import DesignMatrix, Fit
from dnt_cli.engines.alike import Alike
from dnt_cli.engines.counts import fit_counts
from dnt_cli.engines.mixed import fit_mixed_poisson_sets
from dnt_cli.engines.mixed_counts import fit_mixed_counts_sets
from dnt_cli.engines.ordered import fit_mixed_ordered, fit_ordered, influences
from dnt_cli.engines.robust_covariance import bias_reduced

HERE = Path(__file__).parent
EXPECTED: dict[str, Any] = json.loads((HERE / "kinds_expected.json").read_text(encoding="utf-8"))
ROWS = np.genfromtxt(HERE / "kinds.csv", delimiter=",", names=True)


def endpoint(name: str) -> DesignMatrix:
    end, first = ROWS[ROWS["wave"] == 3], ROWS[ROWS["wave"] == 0]
    matrix = np.column_stack([np.ones(len(end)), end["group"], first[name], end["age"], end["high"]])
    terms = ("(Intercept)", "group", f"{name}_T0", "age", "high")
    return DesignMatrix(end[name], matrix, terms, None, sites=end["site"].astype(np.int64))


def trend(name: str) -> DesignMatrix:
    columns = [np.ones(len(ROWS)), ROWS["group"], ROWS["wave"], ROWS["high"], ROWS["group"] * ROWS["wave"]]
    terms = ("(Intercept)", "group", "wave", "high", "group:wave")
    return DesignMatrix(ROWS[name], np.column_stack(columns), terms, ROWS["person"].astype(np.int64))


def apart(fit: Fit, expected: dict[str, Any], terms: slice = slice(None)) -> tuple[float, float]:
    """The largest difference of an estimate, in standard errors, and of a standard error, as a share."""
    error = np.sqrt(np.diag(expected["covariance"]))
    shift = np.abs((fit.estimate[terms] - expected["estimate"]) / error).max()
    return float(shift), float(np.abs(fit.std_error[terms] / error - 1.0).max())


def assert_near(fit: Fit, expected: dict[str, Any], *, shift: float, sd: float) -> None:
    """Estimates within `shift` standard errors, these within 1 %, and the SD of the intercept within a share `sd`."""
    moved, ratio = apart(fit, expected)
    assert moved < shift
    assert ratio < 0.01
    assert fit.random_sd == pytest.approx(expected["random_sd"], rel=sd)


@pytest.mark.parametrize(
    ("kind", "name"), [("negative", "count"), ("negative", "even"), ("negative", "huge"), ("poisson", "few")]
)
def test_counts_at_one_wave_are_those_of_glm_nb_and_glm(kind: str, name: str) -> None:
    fit, expected = fit_counts(endpoint(name)), EXPECTED[kind][name]
    assert fit.engine == {"negative": "dnt negative binomial", "poisson": "dnt Poisson"}[kind]
    assert max(apart(fit, expected)) < 1e-7
    assert fit.log_likelihood == pytest.approx(expected["log_likelihood"], rel=1e-9)
    assert fit.df_residual == expected["df_residual"]
    if kind == "negative":
        assert 1.0 / fit.details["dispersion"] == pytest.approx(expected["theta"], rel=1e-7)


@pytest.mark.parametrize("name", ["count", "even", "huge"])
def test_a_poisson_trend_is_that_of_glmer(name: str) -> None:
    (fit,) = fit_mixed_poisson_sets([trend(name)])
    assert_near(fit, EXPECTED["mixed_poisson"][name], shift=0.001, sd=1e-4)


@pytest.mark.parametrize("name", ["count", "huge"])
def test_a_negative_binomial_trend_is_the_maximum_of_its_likelihood_in_r(name: str) -> None:
    """R's likelihood is another integral: 61 fixed nodes, its optimum by optim, second derivatives by differences."""
    (fit,) = fit_mixed_counts_sets([trend(name)])
    expected = EXPECTED["mixed_negative"][name]
    assert_near(fit, expected, shift=0.01, sd=1e-3)
    assert 1.0 / fit.details["dispersion"] == pytest.approx(expected["theta"], rel=1e-3)
    assert fit.log_likelihood == pytest.approx(expected["log_likelihood"], rel=1e-7)


def test_counts_that_a_person_explains_are_a_poisson_trend() -> None:
    """glmmTMB's size of the same counts is 4e7: Poisson."""
    (fit,) = fit_mixed_counts_sets([trend("even")])
    assert fit.engine == "dnt Poisson AGQ 15"
    assert fit.details["dispersion"] == 0.0


def test_errors_by_site_of_a_poisson_model_are_those_of_clubsandwich() -> None:
    design = endpoint("few")
    fit, expected = fit_counts(design), EXPECTED["poisson"]["few"]
    rows = ESTIMATORS["count"].rows(Alike.of([design], [0]), [fit])
    slopes = design.matrix * rows.slope[..., None]
    found = bias_reduced(slopes, rows.variance, design.response - rows.mean, np.asarray(design.sites))
    np.testing.assert_allclose(found.covariance[0], expected["sites"], rtol=1e-6)
    np.testing.assert_allclose(found.df[0], expected["sites_df"], rtol=1e-6)


def summed(influence: np.ndarray, sites: np.ndarray | None) -> float:
    return float(sum(influence[sites == site].sum() ** 2 for site in np.unique(np.asarray(sites))))


def test_scores_of_negative_binomial_and_classes_are_those_of_sandwich() -> None:
    """The variance of the group by site without correction, from estfun() of R's sandwich."""
    design = endpoint("count")
    (influence,) = ESTIMATORS["count"].influence(Alike.of([design], [0]), [fit_counts(design)])
    assert summed(influence, design.sites) == pytest.approx(EXPECTED["negative"]["count"]["robust"][1][1], rel=1e-5)
    design = endpoint("class")
    influence = influences(design, fit_ordered(design))[:, 1]
    assert summed(influence, design.sites) == pytest.approx(EXPECTED["classes"]["robust"][0][0], rel=1e-5)


def test_classes_at_one_wave_are_those_of_clm_and_polr() -> None:
    fit, expected = fit_ordered(endpoint("class"), tested="group"), EXPECTED["classes"]
    assert max(apart(fit, expected, slice(1, None))) < 1e-6
    np.testing.assert_allclose(fit.details["thresholds"], expected["thresholds"], atol=1e-6)
    assert fit.estimate[0] == -fit.details["thresholds"][0]
    assert fit.std_error[0] == pytest.approx(np.sqrt(expected["full"][0][0]), rel=1e-6)
    assert fit.log_likelihood == pytest.approx(expected["log_likelihood"], rel=1e-10)
    assert fit.df_residual == expected["df_residual"]
    np.testing.assert_allclose(fit.estimate[1:], expected["polr"], atol=1e-3)
    np.testing.assert_allclose(fit.std_error[1:], expected["polr_se"], rtol=1e-3)


def test_brants_test_is_that_of_separate_glms() -> None:
    details, expected = fit_ordered(endpoint("class"), tested="group").details, EXPECTED["classes"]
    contrast = np.hstack([-np.ones((3, 1)), np.eye(3)])
    difference = contrast @ details["separate"]
    spread = contrast @ details["separate_covariance"] @ contrast.T
    assert difference @ np.linalg.solve(spread, difference) == pytest.approx(expected["brant"], rel=1e-6)
    assert len(difference) == expected["brant_df"]


def test_a_trend_of_classes_is_that_of_clmm() -> None:
    fit, expected = fit_mixed_ordered(trend("class"), nodes=15), EXPECTED["mixed_classes"]
    shift, ratio = apart(fit, expected, slice(1, None))
    assert shift < 0.001
    assert ratio < 0.001
    assert fit.random_sd == pytest.approx(expected["random_sd"], rel=1e-4)
    assert fit.log_likelihood == pytest.approx(expected["log_likelihood"], abs=1e-5)
