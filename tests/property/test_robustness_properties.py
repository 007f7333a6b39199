"""What must hold for any numbers: tipping points on lines, robust covariances, weights, and redrawn answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dnt_cli.engines.robust_covariance import bias_reduced, heteroscedastic
from dnt_cli.robustness.propensity import Propensity
from dnt_cli.robustness.reference import after_dropout, jump
from dnt_cli.robustness.verdicts import tipping_point, verdict
from dnt_cli.study import Significance

seeds = st.integers(0, 2**32 - 1)


@given(st.floats(-4, 4), st.floats(-4, 4), st.integers(1, 40))
def test_tipping_point_of_a_line_is_where_it_meets_the_limit(start: float, slope: float, steps: int) -> None:
    deltas = np.linspace(0, 2, steps + 1)
    ratios = start + slope * deltas
    limits = [1.0, -1.0] if abs(start) < 1 else [np.sign(start)]
    assume(slope == 0 or abs(slope) > 1e-9)
    # Away from rounding at the limit itself.
    assume(all(abs(abs(r) - 1) > 1e-6 for r in ratios))
    crossings = sorted((x - start) / slope for x in limits if slope and 0 < (x - start) / slope < 2)
    found = tipping_point(list(deltas), list(ratios))
    assert found == (pytest.approx(crossings[0], abs=1e-6) if crossings else None)


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(0, 1), st.floats(0, 1))
def test_verdict_does_not_depend_on_the_direction(one: float, two: float, p: float, q: float) -> None:
    marks = Significance()

    def row(estimate: float, p_value: float) -> pd.Series:
        return pd.Series({"estimate": estimate, "p_value": p_value, "status": "ok"})

    assert verdict(row(one, p), row(two, q), marks) == verdict(row(-one, p), row(-two, q), marks)


@settings(max_examples=40, deadline=None)
@given(seeds, st.integers(2, 12), st.integers(2, 8))
def test_cluster_covariance_is_equivariant(seed: int, clusters: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    n = clusters * size
    assume(n > 6)
    codes = rng.permutation(np.repeat(np.arange(clusters), size))
    X = np.column_stack([np.ones(n), rng.normal(size=(n, 2))])
    y = rng.normal(size=n)
    residual = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
    turn = rng.normal(size=(3, 3)) + 3 * np.eye(3)
    assume(np.linalg.cond(turn) < 100)
    plain = bias_reduced(X, np.ones(n), residual, codes)
    turned = bias_reduced(X @ turn, np.ones(n), residual, codes)
    back = np.linalg.inv(turn)
    np.testing.assert_allclose(turned.covariance, back @ plain.covariance @ back.T, rtol=1e-6, atol=1e-9)
    order = rng.permutation(n)
    moved = bias_reduced(X[order], np.ones(n), residual[order], codes[order] + 5)
    np.testing.assert_allclose(moved.covariance, plain.covariance, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(moved.df, plain.df, rtol=1e-8)
    assert np.linalg.eigvalsh(plain.covariance).min() > -1e-12


@settings(max_examples=40, deadline=None)
@given(seeds, st.floats(0.01, 100))
def test_only_ratios_of_weights_matter(seed: int, factor: float) -> None:
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(30), rng.normal(size=(30, 2))])
    weights, residual = rng.uniform(0.1, 3, 30), rng.normal(size=30)
    one, two = (heteroscedastic(X, np.ones(30), residual, w) for w in (weights, factor * weights))
    np.testing.assert_allclose(one, two, rtol=1e-7, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_effective_numbers_never_exceed_the_persons(seed: int) -> None:
    rng = np.random.default_rng(seed)
    group = (np.arange(40) % 3 == 0).astype(float)
    found = Propensity(group, rng.uniform(0.05, 0.95, 40))
    for kind in ("overlap", "inverse"):
        assert found.weights(kind).mean() == pytest.approx(1.0)
        balance = found.balance(kind, rng.normal(size=(40, 1)), ("x",)).set_index("term")
        for name, size in (("intervention", group.sum()), ("comparison", 40 - group.sum())):
            assert balance.loc[f"n[{name}]", "before"] == pytest.approx(size)
            assert 1 <= balance.loc[f"n[{name}]", "after"] <= size + 1e-9


@settings(max_examples=40, deadline=None)
@given(seeds, st.integers(2, 5))
def test_jump_redraws_what_follows_dropout_and_nothing_else(seed: int, waves: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(40, waves))
    seen = rng.random((40, waves)) < 0.6
    treated = rng.permutation(np.arange(40) < 20)
    found = jump(values, seen, treated, rng)
    np.testing.assert_array_equal(found != values, after_dropout(seen, treated))
    assert np.isfinite(found).all()
