"""Pooling: hand-worked cases, limits and refusals."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from scipy import stats

from dnt_cli.errors import ModelError
from dnt_cli.pooling import adjust, critical_value, interval, pool, pool_wald, quick_critical_value, two_sided


def test_worked_by_hand() -> None:
    # q = 1, 2, 3 and u = 1: b = 1, t = 1 + 4/3, lambda = (4/3)/(7/3) = 4/7
    pooled = pool([[1.0], [2.0], [3.0]], [[1.0], [1.0], [1.0]], 10)
    assert pooled.m == 3
    assert pooled.estimate[0] == pytest.approx(2)
    assert pooled.b[0] == pytest.approx(1)
    assert pooled.t[0] == pytest.approx(7 / 3)
    assert pooled.lambda_[0] == pytest.approx(4 / 7)
    assert pooled.riv[0] == pytest.approx(4 / 3)
    old, observed = 2 / (4 / 7) ** 2, 11 / 13 * 10 * 3 / 7
    df = old * observed / (old + observed)
    assert pooled.df[0] == pytest.approx(df)
    assert pooled.fmi[0] == pytest.approx((4 / 3 + 2 / (df + 3)) / (7 / 3))


@pytest.mark.parametrize("df", [1.0, 3.7, 80.0, 4e8, np.inf])
def test_t_is_scipys_own(df: float) -> None:
    for statistic in (0.0, -1.3, 2.5, 40.0):
        assert two_sided(statistic, df) == pytest.approx(2 * stats.t.sf(abs(statistic), df), rel=1e-12)
    for level in (0.5, 0.9, 0.95, 0.999):
        assert critical_value(df, level) == pytest.approx(stats.t.ppf(0.5 + level / 2, df), rel=1e-9)


@pytest.mark.parametrize("level", [0.001, 0.5, 0.6, 0.9, 0.95, 0.99, 0.999])
def test_the_quick_critical_value_is_scipys(level: float) -> None:
    df = np.concatenate([np.geomspace(1, 1e15, 200), [0.01, 0.4, np.inf, np.nan]])
    for own in (df[:200], df):
        np.testing.assert_allclose(quick_critical_value(own, level), critical_value(own, level), rtol=2e-11)
    if level < 0.999:
        usual = df[(df >= 5) & (df < 1e9)]
        np.testing.assert_allclose(quick_critical_value(usual, level), critical_value(usual, level), rtol=1e-12)
    assert quick_critical_value(np.inf, level) == pytest.approx(NormalDist().inv_cdf(0.5 + level / 2), rel=1e-11)


def test_nothing_between_the_imputations() -> None:
    pooled = pool(np.full((5, 1), 2.0), np.ones((5, 1)), np.inf)
    assert pooled.b[0] == 0
    assert pooled.lambda_[0] == 0
    assert pooled.df[0] == pytest.approx(4e8)  # (m - 1) / 1e-4^2, mice's floor
    assert pooled.p_value[0] == pytest.approx(0.0455002639, abs=1e-8)
    low, high = interval(pooled, 0.95)
    assert (low[0], high[0]) == (pytest.approx(0.040036, abs=1e-6), pytest.approx(3.959964, abs=1e-6))


def test_finite_df_never_exceed_the_complete_ones() -> None:
    pooled = pool(np.full((5, 2), 1.0), np.ones((5, 2)), [30.0, np.inf])
    assert pooled.df[0] < 30
    assert pooled.df[0] == pytest.approx(31 / 33 * 30, rel=1e-3)
    assert pooled.df[1] == pytest.approx(4e8)


def test_differing_complete_df_are_averaged() -> None:
    q, u = np.random.default_rng(1).normal(size=(4, 2)), np.ones((4, 2))
    differing = np.array([[10.0, 20.0], [14.0, 20.0], [10.0, 40.0], [14.0, 40.0]])
    np.testing.assert_array_equal(pool(q, u, differing).df, pool(q, u, [12.0, 30.0]).df)
    assert pool_wald(q, [np.eye(2)] * 4, differing).df2 == pool_wald(q, [np.eye(2)] * 4, 21.0).df2


def test_no_variance_within() -> None:
    pooled = pool([[1.0], [2.0]], [[0.0], [0.0]], np.inf)
    assert pooled.lambda_[0] == 1
    assert pooled.fmi[0] == 1
    assert np.isinf(pooled.riv[0])


@pytest.mark.parametrize(
    ("q", "u", "df", "message"),
    [
        ([[1.0]], [[1.0]], 10, "at least two imputations"),
        ([1.0, 2.0], [1.0, 1.0], 10, "at least two imputations"),
        ([[1.0], [np.nan]], [[1.0], [1.0]], 10, "not a number"),
        ([[1.0], [2.0]], [[1.0], [np.inf]], 10, "not a number"),
        ([[1.0], [2.0]], [[1.0], [-1.0]], 10, "negative"),
        ([[1.0], [2.0]], [[1.0, 1.0]], 10, "do not belong together"),
        ([[1.0], [2.0]], [[1.0], [1.0]], 0, "must be positive"),
        ([[1.0], [2.0]], [[1.0], [1.0]], np.nan, "must be positive"),
        ([[1.0], [2.0]], [[1.0], [1.0]], [[5.0, 5.0], [5.0, 5.0]], "do not belong to estimates"),
    ],
)
def test_refusals(q: Any, u: Any, df: Any, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        pool(q, u, df)


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0, -0.1])
def test_levels_are_shares(level: float) -> None:
    with pytest.raises(ModelError, match="between 0 and 1"):
        interval(pool([[1.0], [2.0]], [[1.0], [1.0]], 10), level)


class TestWald:
    def test_one_coefficient_is_the_square_of_t(self) -> None:
        q, u = [[1.0], [2.0], [2.5], [1.5]], [[0.3], [0.2], [0.3], [0.4]]
        pooled, test = pool(q, u, np.inf), pool_wald(q, [[[v[0]]] for v in u], np.inf)
        assert test.statistic == pytest.approx(pooled.statistic[0] ** 2)
        assert test.riv == pytest.approx(pooled.riv[0])
        assert test.df1 == 1

    def test_without_missing_values_it_is_the_plain_wald_test(self) -> None:
        covariance = np.array([[0.5, 0.2], [0.2, 0.4]])
        mean = np.array([1.0, -0.5])
        test = pool_wald([mean] * 6, [covariance] * 6, np.inf)
        assert test.statistic == pytest.approx(mean @ np.linalg.solve(covariance, mean) / 2)
        assert np.isinf(test.df2)
        assert test.p_value == pytest.approx(np.exp(-test.statistic), rel=1e-7)  # chi-squared with 2 df

    @pytest.mark.parametrize(("m", "complete"), [(3, 50.0), (3, np.inf), (20, 3.0)])
    def test_df_stay_within_bounds_where_reiter_does_not_apply(self, m: int, complete: float) -> None:
        q = np.random.default_rng(2).normal(size=(m, 1)) * 2
        test = pool_wald(q, np.ones((m, 1, 1)), complete)
        assert 0 < test.df2 <= complete
        assert 0 <= test.p_value <= 1

    def test_singular_covariance(self) -> None:
        with pytest.raises(ModelError, match="singular"):
            pool_wald(np.random.default_rng(3).normal(size=(4, 2)), np.ones((4, 2, 2)), 10)

    def test_shapes(self) -> None:
        with pytest.raises(ModelError, match=r"\(4, 2, 2\) is needed"):
            pool_wald(np.zeros((4, 2)), np.ones((4, 2)), 10)
        with pytest.raises(ModelError, match="at least two"):
            pool_wald(np.zeros((1, 2)), np.ones((1, 2, 2)), 10)


class TestAdjust:
    def test_nothing_to_adjust(self) -> None:
        assert adjust([], "holm").size == 0
        assert np.isnan(adjust([np.nan], "bh")).all()
        assert adjust([0.03], "holm").tolist() == [0.03]

    def test_unknown_method(self) -> None:
        method: Any = "bonferroni"
        with pytest.raises(ModelError, match="choose holm or bh"):
            adjust([0.1], method)

    def test_input_is_left_alone(self) -> None:
        p = np.array([0.2, 0.1])
        adjust(p, "bh")
        assert p.tolist() == [0.2, 0.1]
