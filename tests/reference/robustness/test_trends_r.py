"""Check (l) against lmer and glmer (make_trends.R): time in months, an effect per wave, random slopes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dnt_cli.effects.fitting import Options
from dnt_cli.engines import DesignMatrix
from dnt_cli.engines.random_slope import fit_random_slope
from dnt_cli.imputed.data import recorded_settings
from dnt_cli.imputed.foreign import from_long
from dnt_cli.pooling import pool_wald
from dnt_cli.robustness.run import run_checks
from dnt_cli.study import parse_study

HERE = Path(__file__).parent
EXPECTED = json.loads((HERE / "trends_expected.json").read_text(encoding="utf-8"))
OUTCOMES = ("work_any", "makes_ends_meet", "sf12_mental", "self_efficacy")
SCORES = OUTCOMES[2:]


@pytest.fixture(scope="module")
def rows() -> dict[tuple[str, str], pd.Series]:
    frame = pd.read_csv(HERE / "example.csv", dtype={"id": str}, keep_default_na=False, na_values=[""])
    study = parse_study((HERE / "example.toml").read_text(encoding="utf-8"))
    data = from_long(frame, study, "example.csv")
    result = run_checks(data, recorded_settings(None, study), Options(nodes=25, quadrature_check=0), ["l"])
    return {(row["model"], row["outcome"]): row for _, row in result.estimates.iterrows()}


def assert_equal(row: pd.Series, expected: dict[str, float]) -> None:
    """Estimate, standard error and degrees of freedom."""
    assert row["estimate"] == pytest.approx(expected["estimate"], abs=1e-4 * expected["std_error"])
    assert row["std_error"] == pytest.approx(expected["std_error"], rel=1e-4)
    assert row["df"] == pytest.approx(expected["df"], rel=1e-4)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_time_in_months(rows: dict[tuple[str, str], pd.Series], outcome: str) -> None:
    assert_equal(rows["l:time", outcome], EXPECTED[outcome]["time"])


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_an_effect_per_wave_is_tested_as_d1_of_the_estimates_of_r(
    rows: dict[tuple[str, str], pd.Series], outcome: str
) -> None:
    row, own = rows["l:category", outcome], EXPECTED[outcome]["category"]
    estimates, covariances = (np.array([fit[name] for fit in own]) for name in ("estimate", "covariance"))
    expected = pool_wald(estimates, covariances, EXPECTED[outcome]["category_df"])
    assert row["statistic"] == pytest.approx(expected.statistic, rel=1e-3)
    assert row["df"] == pytest.approx(expected.df2, rel=1e-3)
    assert row["p_value"] == pytest.approx(expected.p_value, rel=1e-3)
    assert np.isnan(row["estimate"])


@pytest.mark.parametrize("outcome", SCORES)
def test_a_random_slope(rows: dict[tuple[str, str], pd.Series], outcome: str) -> None:
    assert_equal(rows["l:slope", outcome], EXPECTED[outcome]["slope"])


def sleep() -> DesignMatrix:
    frame = pd.read_csv(HERE.parent / "data" / "sleepstudy.csv")
    matrix = np.column_stack([np.ones(len(frame)), frame["days"]])
    return DesignMatrix(frame["y"].to_numpy(dtype=float), matrix, ("(Intercept)", "wave"), frame["g"].to_numpy())


def test_the_engine_alone() -> None:
    fit, expected = fit_random_slope(sleep(), "wave"), EXPECTED["sleep"]
    assert fit.estimate == pytest.approx(expected["estimate"], abs=1e-6)
    assert fit.std_error == pytest.approx(expected["std_error"], rel=1e-6)
    assert -2 * fit.log_likelihood == pytest.approx(expected["criterion"], abs=1e-7)
    assert (fit.random_sd, fit.residual_sd) == pytest.approx((expected["random_sd"], expected["residual_sd"]), rel=1e-5)
    assert set(fit.df) == {expected["df"]}


def test_the_unit_of_time_does_not_matter() -> None:
    """The search is on a scale of its own, so that months, or days from 1970, end in the same place."""
    design = sleep()
    fit, moved = fit_random_slope(design, "wave"), design.matrix.copy()
    moved[:, 1] = 365.25 * moved[:, 1] + 1000.0
    other = fit_random_slope(replace(design, matrix=moved), "wave")
    assert other.estimate[1] * 365.25 == pytest.approx(fit.estimate[1], rel=1e-6)
    assert other.std_error[1] * 365.25 == pytest.approx(fit.std_error[1], rel=1e-5)


def test_slopes_that_do_not_differ_are_a_singular_fit() -> None:
    """Persons who differ by their level alone: the variance of the slopes is zero, and the fit still holds."""
    rng = np.random.default_rng(5)
    persons, time = np.repeat(np.arange(40), 4), np.tile(np.arange(4.0), 40)
    noise = rng.normal(size=160)
    noise -= (np.bincount(persons, noise * (time - 1.5)) / 5.0)[persons] * (time - 1.5)  # no person has a slope
    matrix = np.column_stack([np.ones(160), time])
    fit = fit_random_slope(DesignMatrix(rng.normal(size=40)[persons] + noise, matrix, ("a", "wave"), persons), "wave")
    assert fit.status.usable
    assert fit.status.singular
