"""Verdicts, tipping points, sandwich covariances and jump to reference, each against a closed form."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import t as student_t

from dnt_cli.engines import DesignMatrix
from dnt_cli.engines.robust_covariance import bias_reduced, heteroscedastic
from dnt_cli.models import Model
from dnt_cli.robustness.fitters import firth
from dnt_cli.robustness.pairs import sign_flip
from dnt_cli.robustness.reference import after_dropout, draw_normal, jump
from dnt_cli.robustness.summaries import significance_ratio
from dnt_cli.robustness.verdicts import monte_carlo_error, register_verdict, shift, tipping_point, verdict
from dnt_cli.study import Significance

MARKS = Significance()


def _row(estimate: float, p: float, status: str = "ok", kind: str = "linear", error: float = 0.5) -> pd.Series:
    return pd.Series({"estimate": estimate, "p_value": p, "status": status, "kind": kind, "std_error": error})


@pytest.mark.parametrize(
    ("main", "check", "expected"),
    [
        (_row(1, 0.01), _row(2, 0.09), "same"),
        (_row(1, 0.01), _row(2, 0.10), "lost"),
        (_row(1, 0.2), _row(1, 0.099), "gained"),
        (_row(1, 0.01), _row(-1, 0.04), "reversed"),
        (_row(1, 0.2), _row(-1, 0.3), "same"),
        (_row(1, 0.01), _row(-1, 0.3), "lost"),
        (_row(1, 0.01), _row(np.nan, np.nan, "not estimable"), "not estimable"),
        (_row(np.nan, np.nan, "not estimable"), _row(1, 0.5), "same"),
        (_row(np.nan, np.nan, "not estimable"), _row(1, 0.01), "gained"),
        (_row(np.nan, np.nan, "not estimable"), _row(np.nan, np.nan, "not estimable"), "not estimable"),
        (None, _row(1, 0.01), "gained"),
        (_row(1, 0.2), _row(-1, 0.01), "opposite"),
        (_row(1, 0.01, "doubtful"), _row(1, 0.01, "singular"), "same"),
    ],
)
def test_verdict(main: pd.Series | None, check: pd.Series, expected: str) -> None:
    assert verdict(main, check, MARKS) == expected


@pytest.mark.parametrize(
    ("main", "check", "expected", "distance"),
    [
        # An odds ratio of 1.27 in the survey and of .23 in the register: the other direction, whatever the marks.
        (_row(np.log(1.27), 0.4, kind="binary"), _row(np.log(0.23), 0.01, kind="binary"), "opposite", -2.4165),
        (_row(0.4, 0.2), _row(0.8, 0.01), "same", 0.5657),
        (_row(0.4, 0.01), _row(0.3, 0.6, error=1.2), "same", -0.0769),
        # A trend in odds and one in percentage points.
        (_row(0.4, 0.2, kind="binary"), _row(-0.02, 0.01, kind="probability"), "not compared", np.nan),
        (None, _row(0.8, 0.01), "not compared", np.nan),
        (_row(np.nan, np.nan, "not estimable"), _row(0.8, 0.01), "not compared", np.nan),
        (_row(0.4, 0.2), _row(np.nan, np.nan, "not estimable"), "not estimable", np.nan),
    ],
)
def test_register_against_survey(main: pd.Series | None, check: pd.Series, expected: str, distance: float) -> None:
    assert register_verdict(main, check) == expected
    assert shift(main, check, register=True) == pytest.approx(distance, abs=1e-4, nan_ok=True)


def test_shift_is_in_standard_errors_of_the_main_effect() -> None:
    assert shift(_row(0.4, 0.2), _row(0.8, 0.01, error=3.0)) == pytest.approx(0.8)
    assert np.isnan(shift(_row(0.4, 0.2), _row(0.8, 0.01, kind="binary")))


def test_simulation_error_of_a_difference() -> None:
    """The spread of the difference between pooled means over repeated sets of imputations."""
    rng = np.random.default_rng(8)
    draws = rng.normal(0, 0.6, (20_000, 50)).mean(axis=1) - rng.normal(0, 0.9, (20_000, 5)).mean(axis=1)
    main = pd.Series({"b": 0.36, "m": 50, "std_error": 2.0})
    assert monte_carlo_error(main, pd.Series({"b": 0.81, "m": 5})) == pytest.approx(draws.std() / 2.0, rel=0.02)
    assert monte_carlo_error(main, pd.Series({"b": np.nan, "m": 1})) == pytest.approx(np.sqrt(0.36 / 50) / 2)


@pytest.mark.parametrize(
    ("ratios", "expected"),
    [
        ([1.5, 1.25, 0.75], 1.5),  # loses its mark halfway between the second and the third step
        ([1.5, 1.25, 1.0], None),
        ([0.5, 0.75, 1.25], 1.5),
        ([-0.5, -0.75, -1.25], 1.5),
        ([-1.5, -0.5, 1.5], 0.5),
        ([1.5, -1.5], 1 / 6),  # through its own limit before it reverses
        ([0.0, 0.0, 0.0], None),
        ([1.5, np.nan, 0.0], None),
    ],
)
def test_tipping_point(ratios: list[float], expected: float | None) -> None:
    found = tipping_point([0.0, 1.0, 2.0][: len(ratios)], ratios)
    assert found == (None if expected is None else pytest.approx(expected))


def test_ratio_is_one_at_the_level_of_significance() -> None:
    rows = pd.DataFrame({"statistic": [2.015048373, -1.644853627, np.nan], "df": [5.0, np.inf, np.nan]})
    np.testing.assert_allclose(significance_ratio(rows, 0.10), [1.0, -1.0, np.nan], rtol=1e-9)


def _regression(n: int = 40, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(n), rng.random(n) < 0.5, rng.normal(size=n)]).astype(float)
    return X, X @ [1.0, 0.5, -0.3] + rng.normal(size=n) * (1 + X[:, 1])


def test_hc3_is_that_of_statsmodels() -> None:
    X, y = _regression()
    fit = sm.OLS(y, X).fit()
    found = heteroscedastic(X, np.ones(40), y - X @ fit.params, np.ones(40))
    np.testing.assert_allclose(found, fit.get_robustcov_results("HC3").cov_params(), rtol=1e-10)


def test_scale_of_weights_does_not_matter() -> None:
    X, y = _regression()
    weights = np.random.default_rng(2).uniform(0.2, 3, 40)
    residual = y - X @ sm.WLS(y, X, weights=weights).fit().params
    one, two = (heteroscedastic(X, np.ones(40), residual, weights * c) for c in (1.0, 7.0))
    np.testing.assert_allclose(one, two, rtol=1e-10)


def test_cr2_with_persons_as_clusters_is_hc2() -> None:
    X, y = _regression()
    fit = sm.OLS(y, X).fit()
    found = bias_reduced(X, np.ones(40), fit.resid, np.arange(40))
    np.testing.assert_allclose(found.covariance, fit.get_robustcov_results("HC2").cov_params(), rtol=1e-10)


def test_cr2_of_two_means_has_the_degrees_of_freedom_of_the_clusters() -> None:
    """A balanced comparison between clusters is a t test on cluster means: G - 2 degrees of freedom."""
    rng = np.random.default_rng(4)
    clusters = np.repeat(np.arange(10), 6)
    treated = (clusters < 5).astype(float)
    y = rng.normal(size=10)[clusters] + rng.normal(size=60)
    X = np.column_stack([np.ones(60), treated])
    residual = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
    found = bias_reduced(X, np.ones(60), residual, clusters)
    means = np.array([y[clusters == g].mean() for g in range(10)])
    assert found.df[1] == pytest.approx(8.0)
    expected = (means[:5].var(ddof=1) + means[5:].var(ddof=1)) / 5
    assert found.covariance[1, 1] == pytest.approx(expected)


def test_firth_of_a_fourfold_table_adds_a_half_to_each_cell() -> None:
    group = np.repeat([0.0, 1.0], [12, 9])
    y = np.r_[np.repeat([1.0, 0.0], [3, 9]), np.zeros(9)]  # separated: nobody in the second group
    design = DesignMatrix(y, np.column_stack([np.ones(21), group]), ("(Intercept)", "group"), None)
    fit = firth(None, design, Model("t3", "y"))  # type: ignore[arg-type]
    cells = np.array([3, 9, 0, 9]) + 0.5
    assert fit.estimate[1] == pytest.approx(np.log(cells[2] * cells[1] / cells[3] / cells[0]), rel=1e-8)
    assert fit.df.tolist() == [19.0, 19.0]


def test_sign_flip_of_a_known_set() -> None:
    """Fisher's test of Darwin's maize: the observed sum of 15 pairs is exceeded by 5.27 % of all patterns."""
    darwin = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48], dtype=float)
    assert sign_flip(darwin) == pytest.approx(1726 / 2**15)


def test_sign_flip_of_equal_signs_and_of_many_pairs() -> None:
    assert sign_flip(np.ones(6)) == 2 / 2**6
    rng = np.random.default_rng(3)
    many = rng.normal(0.3, 1, 20)
    assert sign_flip(many) == sign_flip(many)
    t = many.mean() / (many.std(ddof=1) / np.sqrt(20))
    assert sign_flip(many) == pytest.approx(2 * student_t.sf(abs(t), 19), abs=0.02)


class TestJump:
    def test_cells_after_the_last_answer(self) -> None:
        seen = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 0], [1, 0, 0], [0, 0, 0], [1, 0, 0]], dtype=bool)
        treated = np.array([1, 1, 1, 1, 1, 0], dtype=bool)
        expected = [[0, 0, 0], [0, 0, 0], [0, 0, 1], [0, 1, 1], [0, 1, 1], [0, 0, 0]]
        np.testing.assert_array_equal(after_dropout(seen, treated), np.array(expected, dtype=bool))

    def test_nobody_missing_nothing_changes(self) -> None:
        rng = np.random.default_rng(1)
        values = rng.normal(size=(30, 4))
        treated = np.arange(30) < 15
        np.testing.assert_array_equal(jump(values, np.ones((30, 4), dtype=bool), treated, rng), values)

    def test_means_and_covariances_of_those_who_left(self) -> None:
        """With many persons the posterior is tight: deviations go on as in the reference group, around its means."""
        rng = np.random.default_rng(7)
        n, waves = 40_000, 3
        covariance = np.array([[1.0, 0.6, 0.4], [0.6, 1.2, 0.7], [0.4, 0.7, 1.5]])
        treated = np.arange(n) < n // 2
        means = np.where(treated[:, None], [0.0, 1.0, 2.0], [0.0, 0.1, 0.3])
        values = means + rng.standard_normal((n, waves)) @ np.linalg.cholesky(covariance).T
        seen = np.ones((n, waves), dtype=bool)
        left = treated & (np.arange(n) % 2 == 0)
        seen[left, 2] = False
        found = jump(values, seen, treated, rng)[left, 2]
        slope = np.linalg.solve(covariance[:2, :2], covariance[:2, 2])
        own = (values[left, :2] - [0.0, 1.0]) @ slope
        residual = found - 0.3 - own
        spread = covariance[2, 2] - covariance[2, :2] @ slope
        assert residual.mean() == pytest.approx(0.0, abs=0.05)
        assert residual.var() == pytest.approx(spread, rel=0.05)
        assert np.corrcoef(residual, own)[0, 1] == pytest.approx(0.0, abs=0.03)

    def test_parameters_are_drawn_from_their_posterior(self) -> None:
        rng = np.random.default_rng(3)
        values = rng.multivariate_normal([1.0, 2.0], [[2.0, 0.5], [0.5, 1.0]], size=25)
        drawn = [draw_normal(values, rng) for _ in range(4000)]
        scatter = np.cov(values.T) * 24
        means, covariances = np.array([d[0] for d in drawn]), np.array([d[1] for d in drawn])
        # Inverse Wishart with n - 1 = 24 degrees of freedom in two dimensions: mean scatter / (24 - 2 - 1).
        np.testing.assert_allclose(covariances.mean(axis=0), scatter / 21, rtol=0.04)
        np.testing.assert_allclose(means.mean(axis=0), values.mean(axis=0), atol=0.03)
        np.testing.assert_allclose(np.cov(means.T), scatter / 21 / 25, rtol=0.12)


def test_a_row_that_determines_a_coefficient_has_no_hc3() -> None:
    X, y = _regression()
    X = np.column_stack([X, np.eye(40)[0]])
    residual = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
    assert not np.isfinite(heteroscedastic(X, np.ones(40), residual, np.ones(40))).all()
