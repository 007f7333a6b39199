"""The own engine of mixed models: derivatives, modes, stacks, unequal persons, against a second likelihood."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from dnt_cli.engines import DesignMatrix, Fit, fit_mixed_linear_sets, fit_mixed_logistic_sets
from dnt_cli.engines.random_intercept import LogisticData, stacked
from dnt_cli.engines.random_intercept.families import LOGISTIC
from dnt_cli.engines.random_intercept.packing import over_rows
from tests.support.oracles.marginal import marginal_model
from tests.support.oracles.profile import linear_profile


def simulated(seed: int, *, sd: float = 1.5, persons: int = 40, most: int = 5, binary: bool = True) -> DesignMatrix:
    """Persons with 1 to `most` rows: intercept, group, time, their product, and a covariate in seconds since 1970."""
    rng = np.random.default_rng(seed)
    sizes = np.r_[most, rng.integers(1, most + 1, persons - 1)]
    person = np.repeat(np.arange(persons), sizes)
    time = np.concatenate([np.arange(float(size)) for size in sizes])
    group = (person % 2).astype(float)
    matrix = np.column_stack(
        [np.ones(person.size), group, time, group * time, 1.7e9 + 1e7 * rng.normal(size=persons)[person]]
    )
    linear = 0.3 * group - 0.2 * time + rng.normal(0, sd, persons)[person]
    chance = 1 / (1 + np.exp(-linear))
    response = (rng.random(person.size) < chance).astype(float) if binary else linear + rng.normal(size=person.size)
    return DesignMatrix(response, matrix, ("(Intercept)", "group", "wave", "group:wave", "date"), person)


def changing(design: DesignMatrix) -> DesignMatrix:
    """With a covariate of its own at every row, in place of a person's."""
    own = np.random.default_rng(3).normal(2020, 5, design.response.size)
    return replace(design, matrix=np.column_stack([design.matrix[:, :4], own]))


def without_product(design: DesignMatrix) -> DesignMatrix:
    """With nothing that is constant within persons, and no column that is another's multiple."""
    own = np.random.default_rng(4).normal(size=(design.response.size, 4))
    return replace(design, matrix=np.column_stack([own, design.matrix[:, 2] + 2020]))


def test_columns_that_are_multiples_of_another_within_persons_are_found() -> None:
    design = simulated(1)
    assert stacked([design])[0].bases.tolist() == [-1, -1, 2, 2, -1]
    assert stacked([changing(design)])[0].bases.tolist() == [-1, -1, 2, 2, 4]
    assert stacked([without_product(design)])[0].bases.tolist() == [0, 1, 2, 3, 4]
    first = design.matrix[:, [0, 3, 2, 1, 4]]  # the product before the time
    assert stacked([replace(design, matrix=first)])[0].bases.tolist() == [-1, 2, 2, -1, -1]
    off = design.matrix + np.outer(np.arange(design.response.size) == 7, [0, 0, 0, 1e-9, 0])
    assert stacked([replace(design, matrix=off)])[0].bases.tolist() == [-1, -1, 2, 3, -1]


@pytest.mark.parametrize("nodes", [1, 5, 15])
@pytest.mark.parametrize("sd", [0.0, 0.3, 2.0, 8.0])
@pytest.mark.parametrize(
    "of", [simulated, lambda seed: changing(simulated(seed)), lambda s: without_product(simulated(s))]
)
def test_value_slope_and_curvature_are_those_of_the_second_likelihood(
    nodes: int, sd: float, of: Callable[[int], DesignMatrix]
) -> None:
    design = of(1)
    stack = stacked([design])[0]
    data = LogisticData.of(stack)
    gamma = np.array([0.2, -0.3, 0.1, 0.4, 0.2])
    point, modes = data.at(gamma[None], np.array([sd]), nodes, data.modes(1))
    order = np.argsort(design.groups, kind="stable")
    assert design.groups is not None
    oracle = marginal_model(DesignMatrix(design.response[order], stack.matrix[0], design.terms, design.groups[order]))
    there = oracle.likelihood(gamma, sd, nodes)
    assert point.value[0] == pytest.approx(there.value, abs=1e-9)
    np.testing.assert_allclose(point.slope[0], there.slope, atol=1e-8)
    halves = [np.arange(40) % 2 == 0, np.arange(40) % 2 == 1]
    scores, information = data.by_person(gamma[None], np.array([sd]), nodes, halves)
    np.testing.assert_allclose(scores[0].sum(axis=0), point.slope[0], atol=1e-10)
    np.testing.assert_allclose(information[0].sum(axis=0), -point.curvature[0], atol=1e-9)
    step = 1e-5
    for j in range(6 if sd else 5):
        ends = []
        for sign in (1, -1):
            moved = np.append(gamma, sd) + sign * step * np.eye(6)[j]
            ends.append(oracle.likelihood(moved[:-1], moved[-1], nodes).slope)
        np.testing.assert_allclose(point.curvature[0, j], (ends[0] - ends[1]) / (2 * step), atol=2e-4)
    assert sum(mode.size for mode in modes) == 40


def newton(linear: np.ndarray, response: np.ndarray, sd: float) -> float:
    """Plain Newton from zero, 100 steps; the slope that is left."""
    mode = 0.0
    for _ in range(100):
        chance = 1 / (1 + np.exp(-(linear + sd * mode)))
        slope = sd * (response - chance).sum() - mode
        mode += slope / (1 + sd * sd * (chance * (1 - chance)).sum())
    return abs(float(slope))


def test_modes_where_newton_goes_round_in_circles() -> None:
    """No test of slopes shows this: value and slope are right for whatever mode is found."""
    trap = np.full(5, -4.0), np.array([1.0, 1.0, 1.0, 0.0, 0.0]), 6.0
    assert newton(*trap) > 0.1
    rng = np.random.default_rng(5)
    linear = np.vstack([trap[0], rng.uniform(-30, 30, (4000, 5))])
    response = np.vstack([trap[1], rng.integers(0, 2, (4000, 5))])
    sd = np.append(trap[2], np.exp(rng.uniform(np.log(0.01), np.log(60), 4000)))
    mask = np.vstack([np.ones(5), rng.integers(0, 2, (4000, 5))])
    mode = LOGISTIC.modes(linear.T, (response * mask).T, mask.T, sd, rng.normal(0, 5, 4001))
    with np.errstate(over="ignore"):
        chance = 1 / (1 + np.exp(-(linear + (sd * mode)[:, None])))
    slope = sd * (mask * (response - chance)).sum(axis=1) - mode
    bend = 1 + sd**2 * (mask * chance * (1 - chance)).sum(axis=1)
    assert np.abs(slope / bend).max() < 1e-9


def assert_equal(one: Fit, other: Fit) -> None:
    np.testing.assert_array_equal(one.estimate, other.estimate)
    np.testing.assert_array_equal(one.covariance, other.covariance)
    np.testing.assert_array_equal(one.df, other.df)
    assert (one.log_likelihood, one.random_sd, one.gradient) == (other.log_likelihood, other.random_sd, other.gradient)


def alike(count: int, binary: bool) -> list[DesignMatrix]:
    """Data sets with the same persons and rows, as imputations are."""
    first = simulated(0, binary=binary)
    rng = np.random.default_rng(9)
    persons = rng.normal(0, 3, (count, 40))[:, first.groups]
    linear = persons - 0.5
    chance = 1 / (1 + np.exp(-linear))
    return [
        replace(first, response=(rng.random(c.size) < c).astype(float) if binary else own + rng.normal(size=c.size))
        for c, own in zip(chance, linear, strict=True)
    ]


@pytest.mark.parametrize("nodes", [1, 15])
def test_a_logistic_fit_is_to_the_bit_what_it_is_alone(nodes: int) -> None:
    designs = [*alike(9, binary=True), simulated(2), simulated(3, persons=50), simulated(4, sd=0.0)]
    alone = [fit_mixed_logistic_sets([design], nodes=nodes)[0] for design in designs]
    for size in (2, 5, len(designs)):
        parts = [fit_mixed_logistic_sets(designs[i : i + size], nodes=nodes) for i in range(0, len(designs), size)]
        for one, other in zip([fit for part in parts for fit in part], alone, strict=True):
            assert_equal(one, other)


def test_a_linear_fit_is_to_the_bit_what_it_is_alone() -> None:
    designs = [*alike(9, binary=False), simulated(2, binary=False), simulated(3, persons=50, binary=False)]
    alone = [fit_mixed_linear_sets([design], df="satterthwaite")[0] for design in designs]
    for one, other in zip(fit_mixed_linear_sets(designs, df="satterthwaite"), alone, strict=True):
        assert_equal(one, other)


@pytest.mark.parametrize("fit", [fit_mixed_linear_sets, fit_mixed_logistic_sets])
def test_many_rows_are_decomposed_in_parts(
    fit: Callable[[list[DesignMatrix]], list[Fit]], monkeypatch: pytest.MonkeyPatch
) -> None:
    design = simulated(4, binary=fit is fit_mixed_logistic_sets)
    (whole,) = fit([design])
    monkeypatch.setattr("dnt_cli.engines.random_intercept.packing._ROWS_AT_ONCE", 30)
    (in_parts,) = fit([design])
    np.testing.assert_allclose(in_parts.estimate, whole.estimate, rtol=1e-7)
    np.testing.assert_allclose(in_parts.covariance, whole.covariance, rtol=1e-6)


def test_persons_of_very_different_size_are_not_padded_to_the_largest() -> None:
    design = simulated(6, persons=200, most=3)
    assert design.groups is not None
    one = np.flatnonzero(design.groups == 0)[:1].repeat(700)
    rng = np.random.default_rng(2)
    large = DesignMatrix(
        np.append(design.response, rng.integers(0, 2, 700)),
        np.vstack([design.matrix, design.matrix[one] + np.outer(rng.normal(size=700), [0, 0, 1, 0, 0])]),
        design.terms,
        np.append(design.groups, design.groups[one]),
    )
    blocks = LogisticData.of(stacked([large])[0]).blocks
    assert sum(block.response[:, 0].size for block in blocks) < 2 * large.response.size
    fit = fit_mixed_logistic_sets([large])[0]
    assert fit.status.usable
    oracle = marginal_model(large)
    there = oracle.likelihood(fit.estimate, float(fit.random_sd or 0), 15)
    assert fit.log_likelihood == pytest.approx(there.value, abs=1e-8)
    assert 0.5 * there.slope[:-1] @ fit.covariance @ there.slope[:-1] < 1e-9


@pytest.mark.parametrize("seed", range(8))
def test_a_variance_of_zero_is_told_where_the_likelihood_says_so(seed: int) -> None:
    design = simulated(100 + seed, sd=0.0, persons=60)
    fit = fit_mixed_logistic_sets([design])[0]
    oracle = marginal_model(design)
    plain = fit.estimate if fit.status.singular else None
    grid = [oracle.likelihood(fit.estimate, sd, 15).value for sd in (0.0, 0.05, 0.1, 0.2, 0.4, 0.8)]
    if fit.status.singular:
        assert plain is not None
        assert fit.random_sd == 0.0
        assert max(grid) == grid[0]
    else:
        assert fit.random_sd is not None
        assert fit.random_sd > 0.01
        assert fit.log_likelihood > grid[0]


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("sd", [0.0, 0.5, 5.0])
def test_the_linear_optimum_is_the_best_of_a_grid(reml: bool, sd: float) -> None:
    design = simulated(7, sd=sd, persons=30, binary=False)
    fit = fit_mixed_linear_sets([design], reml=reml)[0]
    profile = linear_profile(replace(design, matrix=design.matrix - [0, 0, 0, 0, 1.7e9]), reml=reml)
    grid = [profile.at(float(ratio), 1.0).log_likelihood for ratio in np.r_[0.0, np.geomspace(1e-3, 1e2, 1500)]]
    assert fit.log_likelihood == pytest.approx(max(grid), abs=2e-3)
    assert fit.log_likelihood >= max(grid) - 1e-7
    assert fit.status.singular == (int(np.argmax(grid)) == 0)


@pytest.mark.parametrize("rows", [1, 2, 5, 7, 8, 12])
@pytest.mark.parametrize("by", [np.add, np.multiply])
def test_rows_of_a_person_are_taken_together_to_the_bits_that_numpy_gives(rows: int, by: np.ufunc) -> None:
    rng = np.random.default_rng(rows)
    flat, nodes = rng.normal(size=(rows, 50)), rng.normal(size=(15, rows, 50))
    assert (over_rows(flat, by) == by.reduce(flat, axis=0)).all()
    assert (over_rows(nodes, by) == by.reduce(nodes, axis=1)).all()
