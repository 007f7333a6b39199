"""What Rubin's rules promise for every input."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dnt_cli.pooling import adjust, interval, pool, pool_wald

SHAPE = st.tuples(st.integers(2, 12), st.integers(1, 5))
VALUE = st.floats(-100, 100, allow_subnormal=False)
VARIANCE = st.floats(1e-4, 1e4)
DF = st.one_of(st.floats(1, 1e4), st.just(float("inf")))


@st.composite
def completed(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, float]:
    shape = draw(SHAPE)
    return draw(arrays(float, shape, elements=VALUE)), draw(arrays(float, shape, elements=VARIANCE)), draw(DF)


@given(completed())
def test_bounds(data: tuple[np.ndarray, np.ndarray, float]) -> None:
    q, u, df = data
    p = pool(q, u, df)
    assert (p.t >= p.ubar).all()
    assert ((p.lambda_ >= 0) & (p.lambda_ < 1)).all()
    assert ((p.fmi >= p.lambda_ - 1e-12) & (p.fmi <= 1)).all()
    assert ((p.df > 0) & (p.df <= df)).all()
    assert ((p.p_value >= 0) & (p.p_value <= 1)).all()
    low, high = interval(p, 0.95)
    assert ((low <= p.estimate) & (p.estimate <= high)).all()


@given(completed(), st.randoms(use_true_random=False))
def test_order_of_imputations_does_not_matter(data: tuple[np.ndarray, np.ndarray, float], random: Any) -> None:
    q, u, df = data
    order = list(range(q.shape[0]))
    random.shuffle(order)
    one, two = pool(q, u, df), pool(q[order], u[order], df)
    np.testing.assert_allclose(one.estimate, two.estimate, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(one.t, two.t, rtol=1e-9)
    np.testing.assert_allclose(one.df, two.df, rtol=1e-6)


@given(completed(), st.floats(0.01, 100))
def test_units_do_not_matter(data: tuple[np.ndarray, np.ndarray, float], factor: float) -> None:
    q, u, df = data
    one, two = pool(q, u, df), pool(q * factor, u * factor**2, df)
    np.testing.assert_allclose(two.estimate, one.estimate * factor, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(two.std_error, one.std_error * factor, rtol=1e-9)
    np.testing.assert_allclose(two.df, one.df, rtol=1e-6)


@given(completed())
def test_an_interval_excludes_zero_exactly_when_p_is_below_its_level(
    data: tuple[np.ndarray, np.ndarray, float],
) -> None:
    p = pool(*data)
    low, high = interval(p, 0.95)
    clear = np.abs(p.p_value - 0.05) > 1e-9
    np.testing.assert_array_equal(((low > 0) | (high < 0))[clear], (p.p_value < 0.05)[clear])


@given(completed())
def test_the_joint_test_of_one_coefficient_agrees_with_its_own(data: tuple[np.ndarray, np.ndarray, float]) -> None:
    q, u, df = data
    p, test = pool(q[:, :1], u[:, :1], df), pool_wald(q[:, :1], u[:, :1, None], df)
    np.testing.assert_allclose(test.statistic, p.statistic[0] ** 2, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(test.riv, p.riv[0], rtol=1e-8, atol=1e-12)
    assert test.df2 > 0
    assert 0 <= test.p_value <= 1


@given(arrays(float, st.integers(1, 20), elements=st.floats(0, 1)))
def test_adjusted_p_values_keep_their_order(p: np.ndarray) -> None:
    order = np.argsort(p, kind="stable")
    holm, bh = adjust(p, "holm"), adjust(p, "bh")
    assert ((p <= bh + 1e-15) & (bh <= holm + 1e-15) & (holm <= 1)).all()
    assert (np.diff(holm[order]) >= 0).all()
    assert (np.diff(bh[order]) >= -1e-15).all()
