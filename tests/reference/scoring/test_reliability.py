"""Alpha and omega against R, and against numbers computed by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dnt_cli.scoring.reliability import item_rest_correlations, one_factor, reliability

HERE = Path(__file__).parent
EXPECTED = json.loads((HERE / "reliability.json").read_text(encoding="utf-8"))
ITEMS = pd.read_csv(HERE / "reliability.csv").to_numpy(dtype=float)
SETS = {"all": list(range(6)), "three": [0, 1, 3]}


@pytest.mark.parametrize("name", list(SETS))
def test_against_r(name: str) -> None:
    items, expected = ITEMS[:, SETS[name]], EXPECTED[name]
    got = reliability(items)
    assert (got.n, got.items, got.improper) == (expected["n"], len(SETS[name]), False)
    assert got.alpha == pytest.approx(expected["alpha"], abs=1e-11)
    assert got.omega == pytest.approx(expected["omega"], abs=1e-7)
    complete = items[~np.isnan(items).any(axis=1)]
    fitted = one_factor(np.corrcoef(complete, rowvar=False))
    assert fitted is not None
    np.testing.assert_allclose(fitted[0], expected["loadings"], rtol=0, atol=1e-6)
    correlations, n = item_rest_correlations(items)
    assert n == expected["n"]
    np.testing.assert_allclose(correlations, expected["item_rest"], rtol=0, atol=1e-11)


def test_alpha_by_hand() -> None:
    """Variances 1 and 1, covariance 1/2, so the sum has variance 3: alpha = 2/1 * (1 - 2/3)."""
    got = reliability(np.array([[1.0, 1], [2, 3], [3, 2], [np.nan, 3]]))
    assert got.alpha == pytest.approx(2 / 3, abs=1e-14)
    assert (got.n, got.items) == (3, 2)
    assert np.isnan(got.omega)  # two items do not identify a factor
    # Sums 2, 4, 6 of (1, 1), (2, 2), (3, 3): perfectly reliable.
    assert reliability(np.array([[1.0, 1], [2, 2], [3, 3]])).alpha == pytest.approx(1, abs=1e-14)


def test_omega_of_known_loadings() -> None:
    """Where the correlations are those of one factor, omega is that of its loadings: .9, .8, .7 and .6."""
    loadings = np.array([0.9, 0.8, 0.7, 0.6])
    correlation = np.outer(loadings, loadings)
    np.fill_diagonal(correlation, 1)
    fitted = one_factor(correlation)
    assert fitted is not None
    np.testing.assert_allclose(fitted[0], loadings, rtol=0, atol=1e-6)
    np.testing.assert_allclose(fitted[1], 1 - loadings**2, rtol=0, atol=1e-6)
    # Data with exactly these correlations: omega = 3^2 / (3^2 + .19 + .36 + .51 + .64).
    raw = np.random.default_rng(0).standard_normal((40, 4))
    white = raw - raw.mean(axis=0)
    white = white @ np.linalg.inv(np.linalg.cholesky(np.cov(white, rowvar=False))).T
    data = white @ np.linalg.cholesky(correlation).T
    assert reliability(data).omega == pytest.approx(9 / (9 + 1.7), abs=1e-7)


def test_what_cannot_be_estimated_is_missing() -> None:
    assert reliability(np.empty((0, 3))).n == 0
    assert np.isnan(reliability(np.full((5, 3), np.nan)).alpha)
    one = reliability(np.array([[1.0, 2, 3]]))
    assert one.n == 1
    assert np.isnan(one.alpha)
    same = np.random.default_rng(1).integers(0, 3, (20, 1)) * np.ones((1, 3))
    assert np.isnan(reliability(same).omega)  # equal items: a singular matrix
    constant = np.column_stack([ITEMS[:, :4], np.full(len(ITEMS), 2.0)])
    got, without = reliability(constant), reliability(ITEMS[:, :4])
    assert got == without  # an item without variance is left out, as SPSS does
    assert got.items == 4


def test_a_heywood_case_is_marked() -> None:
    rng = np.random.default_rng(3)
    a = rng.standard_normal(30)
    items = np.column_stack([a, a + 0.3 * rng.standard_normal(30), 0.5 * a + rng.standard_normal(30)])
    items[:, 0] += 0.6 * (items[:, 2] - 0.5 * a)
    assert reliability(items).improper
