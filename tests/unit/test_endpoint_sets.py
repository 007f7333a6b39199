"""Endpoint models of many data sets at once: each has the numbers, bit for bit, that it has alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from dnt_cli.effects.clusters import clustered
from dnt_cli.effects.estimators import ESTIMATORS
from dnt_cli.engines import DesignMatrix, Fit, fit_linear_sets, fit_logistic_sets
from dnt_cli.engines.alike import alike
from dnt_cli.models import ENDPOINT, GROUP, Model

N, SITES = 60, np.repeat(np.arange(12), 5)


def design(seed: int, *, binary: bool, covariate: int | None = None) -> DesignMatrix:
    """A data set; those with the same `covariate` have the same columns."""
    rng = np.random.default_rng(seed)
    x = np.random.default_rng(100 + seed if covariate is None else covariate).normal(size=N)
    group = np.repeat([0.0, 1.0], N // 2)
    score = 0.5 * group + x + rng.normal(size=N)
    response = (score > 0).astype(float) if binary else score
    return DesignMatrix(
        response, np.column_stack([np.ones(N), group, x]), ("(Intercept)", GROUP, "x"), None, sites=SITES
    )


def troubled(binary: bool) -> list[DesignMatrix]:
    """Designs that have a fit, between some that have none for different reasons."""
    whole = design(1, binary=binary)
    constant = replace(whole, response=np.ones(N))
    gap = replace(whole, response=np.where(np.arange(N) == 3, np.nan, whole.response))
    double = replace(whole, matrix=whole.matrix[:, [0, 1, 1]])
    separated = replace(whole, response=(whole.matrix[:, 2] > 0).astype(float))
    short = replace(whole, response=whole.response[:3], matrix=whole.matrix[:3], sites=SITES[:3])
    weighted = replace(whole, weights=np.linspace(0.5, 2.0, N))
    exact = replace(whole, response=whole.matrix @ np.array([1.0, 2.0, 3.0]))
    own = [whole, constant, gap, double, separated, short, weighted, design(2, binary=binary)]
    return own if binary else [*own, exact]


def same(one: Fit, other: Fit) -> None:
    assert one.status == other.status
    assert one.engine == other.engine
    for name in ("estimate", "covariance", "df", "log_likelihood", "gradient"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize(("binary", "fit"), [(True, fit_logistic_sets), (False, fit_linear_sets)])
def test_a_fit_is_the_same_among_others(binary: bool, fit: Callable[[list[DesignMatrix]], list[Fit]]) -> None:
    designs = troubled(binary) + [design(seed, binary=binary, covariate=9) for seed in (4, 5, 6)]
    together = fit(designs)
    for own, found in zip(designs, together, strict=True):
        same(found, fit([own])[0])
    assert [found.status.usable for found in together[:8]] == [True, *[False] * 3, not binary, False, True, True]
    assert together[4].status.separated == binary


@pytest.mark.parametrize("kind", ["binary", "linear"])
@pytest.mark.parametrize("covariate", [None, 9])
def test_errors_by_site_are_the_same_among_others(kind: str, covariate: int | None) -> None:
    """Also where all data sets have the same columns, which then are worked on once."""
    binary = kind == "binary"
    designs = [design(seed, binary=binary, covariate=covariate) for seed in range(5)]
    designs[2] = replace(designs[2], response=np.ones(N))
    fits = fit_logistic_sets(designs) if binary else fit_linear_sets(designs)
    found = clustered(designs, fits, Model(ENDPOINT, "y"), ESTIMATORS[kind])
    assert found[2] is None
    for own, fit, together in zip(designs, fits, found, strict=True):
        (alone,) = clustered([own], [fit], Model(ENDPOINT, "y"), ESTIMATORS[kind])
        if together is not None and alone is not None:
            assert (together.sites, together.counts, together.icc) == (alone.sites, alone.counts, alone.icc)
            np.testing.assert_array_equal(together.influence, alone.influence)


def test_columns_that_all_have_stand_once() -> None:
    (shared,) = alike([design(seed, binary=False, covariate=9) for seed in range(3)])
    (apart,) = alike([design(seed, binary=False) for seed in range(3)])
    assert (shared.matrix.shape, apart.matrix.shape) == ((1, N, 3), (3, N, 3))
