"""Yes/no with a random intercept and slope per person: the integral, its slopes, and what is said of a fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dnt_cli.engines import DesignMatrix, fit_mixed_logistic
from dnt_cli.engines.random_slope import fit_random_slope_logistic, logistic
from dnt_cli.engines.random_slope.logistic import _climb, _curvature, _likelihood, _Persons, _placed

TERMS = ("(Intercept)", "group", "wave", "group:wave")
POINT = np.array([0.1, -0.3, 0.2, 0.4, 1.3, -0.4, 0.7])


def answers(slope: float = 0.6, *, persons: int = 60, gaps: float = 0.2, seed: int = 1) -> DesignMatrix:
    """Persons whose log odds of yes have a level and a trend of their own, at up to five waves."""
    rng = np.random.default_rng(seed)
    person, time = np.repeat(np.arange(persons), 5), np.tile(np.arange(5.0), persons)
    arm = (person % 2).astype(float)
    level, trend = rng.normal(size=(2, persons))
    log_odds = 0.2 * arm * time - 0.3 + 1.2 * level[person] + slope * trend[person] * (time - 2)
    yes = (rng.random(person.size) < 1 / (1 + np.exp(-log_odds))).astype(float)
    own = rng.random(person.size) >= gaps
    matrix = np.column_stack([np.ones(person.size), arm, time, arm * time])
    return DesignMatrix(yes[own], matrix[own], TERMS, person[own])


def laid(design: DesignMatrix) -> _Persons:
    stack = logistic.stacked([design])[0]
    time = (stack.matrix[0] @ stack.triangle[0])[:, 2]
    return _Persons.of(stack, (time - 2.0) / 1.4)


@pytest.mark.parametrize("nodes", [1, 3, 9])
def test_slopes_are_those_of_the_value_whatever_the_number_of_nodes(nodes: int) -> None:
    persons = laid(answers())
    slopes = _likelihood(persons, POINT[None], nodes, None)[1][0].sum(axis=0)
    step = 1e-5 * np.eye(POINT.size)
    ends = _likelihood(persons, np.concatenate([POINT + step, POINT - step]), nodes, None)[0]
    assert slopes == pytest.approx((ends[: POINT.size] - ends[POINT.size :]) / 2e-5, abs=1e-6)


def test_second_derivatives_are_those_of_the_value() -> None:
    persons = laid(answers())
    step = 1e-4 * np.eye(POINT.size)
    slopes = _likelihood(persons, np.concatenate([POINT + step, POINT - step]), 25, None)[1].sum(axis=1)
    expected = (slopes[: POINT.size] - slopes[POINT.size :]) / 2e-4
    assert _curvature(persons, _placed(persons, POINT[None], 25, None)) == pytest.approx(expected, abs=1e-5)


def test_without_differences_in_slope_it_is_the_model_with_a_random_intercept() -> None:
    design = answers()
    persons, k = laid(design), len(TERMS)
    alone = fit_mixed_logistic(design, nodes=25)
    stack = logistic.stacked([design])[0]
    point = np.append(stack.triangle[0] @ alone.estimate, [alone.random_sd, 0.0, 0.0])
    value, scores, _ = _likelihood(persons, point[None], 25, None)
    assert value[0] == pytest.approx(alone.log_likelihood, abs=1e-8)
    assert scores[0].sum(axis=0)[: k + 1] == pytest.approx(np.zeros(k + 1), abs=1e-4)


def test_the_unit_of_time_does_not_matter() -> None:
    design = answers()
    moved = design.matrix.copy()
    moved[:, 2] = 30.0 * moved[:, 2] + 100.0
    moved[:, 3] = moved[:, 1] * moved[:, 2]
    fit, other = (fit_random_slope_logistic(own, "wave") for own in (design, replace(design, matrix=moved)))
    assert 30.0 * other.estimate[3] == pytest.approx(fit.estimate[3], rel=1e-6)
    assert 30.0 * other.std_error[3] == pytest.approx(fit.std_error[3], rel=1e-6)
    assert other.log_likelihood == pytest.approx(fit.log_likelihood, abs=1e-8)
    slopes = [own.details["random_covariance"][1, 1] for own in (fit, other)]
    assert 900.0 * slopes[1] == pytest.approx(slopes[0], rel=1e-5)


def test_slopes_that_do_not_differ_are_a_singular_fit() -> None:
    fit = fit_random_slope_logistic(answers(slope=0.0, seed=2), "wave")
    assert fit.status.usable
    assert [own.key for own in fit.status.messages] == ["engines.singular_slope"]
    assert np.linalg.eigvalsh(fit.details["random_covariance"]).min() == pytest.approx(0.0, abs=1e-6)


def test_more_nodes_are_used_where_the_few_are_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    design = answers(slope=2.0)
    few = fit_random_slope_logistic(design, "wave", nodes=3)
    assert few.engine == "dnt random slope AGQ 17 x 17"
    monkeypatch.setattr(logistic, "_SHIFT", np.inf)
    assert fit_random_slope_logistic(design, "wave", nodes=3).engine == "dnt random slope AGQ 3 x 3"


def test_answers_that_never_change_have_no_estimate() -> None:
    design = answers(gaps=0.0)
    fixed = replace(design, response=np.repeat(design.response[::5], 5))
    fit = fit_random_slope_logistic(fixed, "wave")
    assert not fit.status.usable
    assert [own.key for own in fit.status.messages] == ["engines.never_changes"]


def test_a_search_that_does_not_end_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logistic, "_STEPS", 1)
    fit = fit_random_slope_logistic(answers(), "wave")
    assert [own.key for own in fit.status.messages] == ["engines.no_convergence"]
    assert np.isnan(fit.estimate).all()


def test_a_slope_without_bound_is_no_estimate() -> None:
    """Half of the persons turn from no to yes and half the other way round: no slope is too steep."""
    person, time = np.repeat(np.arange(40), 4), np.tile(np.arange(4.0), 40)
    late = (time >= 2).astype(float)
    yes = np.where(person % 2 == 0, late, 1 - late)
    yes[[0, 4, 9]] = 1 - yes[[0, 4, 9]]
    matrix = np.column_stack([np.ones(160), (person // 2 % 2).astype(float), time])
    fit = fit_random_slope_logistic(DesignMatrix(yes, matrix, TERMS[:3], person), "wave")
    assert not fit.status.usable
    assert fit.status.messages[0].key in {"engines.no_finite_slope", "engines.no_convergence"}


def test_every_start_ends_at_the_same_optimum() -> None:
    persons = laid(answers())
    found = [_climb(persons, np.append(np.zeros(4), start), 9) for start in logistic._STARTS]
    assert all(own.converged for own in found)
    assert [own.value for own in found] == pytest.approx([found[0].value] * 3, abs=1e-7)
