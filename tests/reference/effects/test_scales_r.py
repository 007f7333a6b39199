"""Effects on scales over persons against glmer with integrals over the random intercept (make_scales.R), and GEE."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dnt_cli.effects.columns import effect_rows
from dnt_cli.effects.fitting import Options
from dnt_cli.effects.run import trend_effects
from dnt_cli.engines import DesignMatrix, fit_logistic
from dnt_cli.engines.margins import attenuation, trend_risk_difference
from dnt_cli.imputed.foreign import from_long
from dnt_cli.models import LONGITUDINAL
from dnt_cli.study import parse_study

HERE = Path(__file__).parent
DATA = HERE.parent / "robustness"
EXPECTED = json.loads((HERE / "scales_expected.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def row() -> pd.Series:
    frame = pd.read_csv(DATA / "example.csv", dtype={"id": str}, keep_default_na=False, na_values=[""])
    data = from_long(frame, parse_study((DATA / "example.toml").read_text(encoding="utf-8")), "example.csv")
    options = Options(nodes=25, quadrature_check=0, clusters=False)
    rows = effect_rows(trend_effects(data, options, outcomes=["work_any"]).estimates)
    assert list(rows["analysis"]) == [LONGITUDINAL]
    return rows.iloc[0]


def test_difference_in_probability_per_wave(row: pd.Series) -> None:
    """glmer's covariance is that of its optimiser's second differences, good to some 1e-3."""
    expected = EXPECTED["difference"]
    error = expected["std_error"]
    assert row["marginal_effect"] == pytest.approx(expected["estimate"], abs=1e-3 * error)
    assert row["marginal_effect_se"] == pytest.approx(error, rel=2e-3)
    for end in ("low", "high"):
        assert row[f"marginal_{end}"] == pytest.approx(expected[end], abs=5e-3 * error)


def test_odds_ratio_over_persons(row: pd.Series) -> None:
    expected = EXPECTED["odds_ratio"]
    assert row["odds_ratio_population"] == pytest.approx(expected["estimate"], rel=1e-3)
    for end in ("low", "high"):
        assert row[f"odds_ratio_population_{end}"] == pytest.approx(expected[end], rel=2e-3)


@pytest.mark.parametrize("sd", [0.5, 1.5, 3.0])
def test_over_persons_it_is_what_estimating_equations_tend_to(sd: float) -> None:
    """Generalised estimating equations with independence tend to the logistic regression of the expected shares.

    The odds ratio by the formula is an approximation, as good as the tolerances; the change in probability is exact.
    """
    cells = np.array([(g, t) for g in (0.0, 1.0) for t in range(4)])
    matrix = np.column_stack([np.ones(8), cells, cells.prod(axis=1)])
    estimate = np.array([-0.5, 0.1, -0.2, 0.5])
    u = np.linspace(-9, 9, 2001)
    density = np.exp(-0.5 * u**2) / np.exp(-0.5 * u**2).sum()
    shares = (1 / (1 + np.exp(-((matrix @ estimate)[:, None] + sd * u)))) @ density
    response, weights = np.repeat([1.0, 0.0], 8), np.concatenate([shares, 1 - shares])
    terms = ("(Intercept)", "group", "wave", "group:wave")
    limit = fit_logistic(DesignMatrix(response, np.vstack([matrix, matrix]), terms, None, weights))
    assert estimate[3] * attenuation(np.array(sd)) == pytest.approx(
        limit.estimate[3], rel={0.5: 0.02, 1.5: 0.06, 3.0: 0.08}[sd]
    )
    change, error = trend_risk_difference(matrix[::4], estimate, np.eye(4), (1, 2, 3), (0.0, 3.0), sd)
    assert change == pytest.approx((shares[7] - shares[3] - shares[4] + shares[0]) / 3, abs=1e-6)
    many = np.repeat(matrix[::4], 3000, axis=0)  # so many that they are averaged in parts
    assert trend_risk_difference(many, estimate, np.eye(4), (1, 2, 3), (0.0, 3.0), sd) == pytest.approx((change, error))
