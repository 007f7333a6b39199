"""The own engine against the PyPI package glmm, a second implementation, and against very many nodes, over a grid.

glmm (Lenartowicz 2026) is written in Rust and shares no code with ours. It is a dependency of the tests only.
"""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
import pytest

from dnt_cli.engines import DesignMatrix, Fit, fit_mixed_linear, fit_mixed_logistic_sets

# The whole range, up to 2,000 persons and prevalences .02 to .98, is not run by any script yet.
SD = (0.0, 1.0, 4.0, 10.0)
PREVALENCE = (0.05, 0.5, 0.9)
PERSONS = (20, 100)
WAVES = 5

# What the analyst sees as doubtful: the effect moves by this many standard errors, or its error by this share.
MARKED = 0.03
ALLOWED = 0.05


def simulated(seed: int, sd: float, prevalence: float, persons: int, dropout: float) -> DesignMatrix:
    """A trial of five waves; `dropout` is the chance to leave for good after each."""
    rng = np.random.default_rng(seed)
    there = np.cumprod(np.column_stack([np.ones(persons), rng.random((persons, WAVES - 1)) > dropout]), axis=1) > 0
    person, wave = np.nonzero(there)
    group, time = (person % 2).astype(float), wave.astype(float)
    level = np.log(prevalence / (1 - prevalence)) * np.sqrt(1 + 0.35 * sd**2)
    linear = level + 0.3 * group * time - 0.1 * time + rng.normal(0, sd, persons)[person]
    response = (rng.random(person.size) < 1 / (1 + np.exp(-linear))).astype(float)
    matrix = np.column_stack([np.ones(person.size), group, time, group * time])
    return DesignMatrix(response, matrix, ("(Intercept)", "group", "wave", "group:wave"), person)


def glmm_fit(design: DesignMatrix, **options: Any) -> Any:
    import glmm

    data = {f"x{j}": column for j, column in enumerate(design.matrix.T)} | {"y": design.response, "g": design.groups}
    formula = f"y ~ 0 + {' + '.join(f'x{j}' for j in range(len(design.terms)))} + (1 | g)"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", glmm.DiagnosticWarning)
        return glmm.fit(data, formula, anova_test="Wald", **options)


@pytest.mark.parametrize("nodes", [1, 25])
def test_as_glmm(nodes: int) -> None:
    designs = [
        simulated(s, sd, p, 136, 0.1) for s, (sd, p) in enumerate(itertools.product((0.5, 1.5, 3), (0.2, 0.5, 0.7)))
    ]
    for design, ours in zip(designs, fit_mixed_logistic_sets(designs, nodes=nodes), strict=True):
        theirs = glmm_fit(design, family="binomial", nagq=nodes)
        assert ours.status.singular == theirs.singular
        assert np.abs((ours.estimate - theirs.beta) / ours.std_error).max() < 1e-4
        np.testing.assert_allclose(ours.std_error, theirs.se, rtol=1e-4)
        assert ours.log_likelihood == pytest.approx(theirs.loglik, abs=1e-6)


@pytest.mark.parametrize("reml", [True, False])
def test_linear_as_glmm(reml: bool) -> None:
    for seed in range(5):
        binary = simulated(seed, 1.0, 0.5, 60, 0.1)
        rng = np.random.default_rng(seed)
        score = rng.normal(size=60)[binary.groups] + rng.normal(size=binary.response.size)
        design = DesignMatrix(score, binary.matrix, binary.terms, binary.groups)
        ours = fit_mixed_linear(design, reml=reml, df="satterthwaite")
        theirs = glmm_fit(design, family="gaussian", reml=reml, satterthwaite=True)
        assert np.abs((ours.estimate - theirs.beta) / ours.std_error).max() < 1e-6
        np.testing.assert_allclose(ours.std_error, theirs.se, rtol=1e-6)
        np.testing.assert_allclose(ours.df, theirs.coef_df, rtol=1e-5)
        assert ours.log_likelihood == pytest.approx(theirs.loglik, abs=1e-8)


def distance(one: Fit, other: Fit) -> float:
    """Largest shift in standard errors, or relative change of one, of the group and its trend."""
    shift = np.abs((one.estimate - other.estimate) / one.std_error)[[1, 3]].max()
    return float(max(shift, np.abs(one.std_error / other.std_error - 1)[[1, 3]].max()))


def grid(persons: int, dropout: float) -> list[DesignMatrix]:
    cells = itertools.product(SD, PREVALENCE)
    return [simulated(1000 + s, sd, p, persons, dropout) for s, (sd, p) in enumerate(cells)]


@pytest.mark.parametrize("dropout", [0.0, 0.15])
@pytest.mark.parametrize("persons", PERSONS)
def test_an_answer_is_near_that_of_101_nodes_or_marked_or_refused(persons: int, dropout: float) -> None:
    designs = grid(persons, dropout)
    ours, more, exact = (fit_mixed_logistic_sets(designs, nodes=nodes) for nodes in (15, 31, 101))
    wrong = []
    for place, (one, two, three) in enumerate(zip(ours, more, exact, strict=True)):
        if not one.status.usable:
            assert one.status.messages
            continue
        assert one.gradient < 1e-9
        marked = not two.status.usable or distance(one, two) > MARKED
        if not marked and (not three.status.usable or distance(one, three) > ALLOWED):
            wrong.append((place, one.random_sd, distance(one, three)))
    assert wrong == []
    assert sum(fit.status.usable for fit in ours) > len(designs) / 3
