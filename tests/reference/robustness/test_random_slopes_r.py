"""Yes/no with random intercepts and slopes: Laplace against glmer (make_random_slopes.R), quadrature against a grid."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dnt_cli.engines import DesignMatrix
from dnt_cli.engines.random_slope import fit_random_slope_logistic

HERE = Path(__file__).parent
EXPECTED = json.loads((HERE / "random_slopes_expected.json").read_text(encoding="utf-8"))
PUBLIC = {  # the term with the slope, columns, products
    "contraception": ("urban", ("urban", "age", "l1", "l2", "l3"), ()),
    "bacteria": ("week", ("week", "drug", "drugplus"), ()),
    "respiratory": ("month", ("month", "treat", "male", "age", "centre2", "base"), (("month", "treat"),)),
    "toenail": ("time", ("time", "treat"), (("time", "treat"),)),
}
SETS = [(outcome, number) for outcome in ("work_any", "makes_ends_meet") for number in range(4)]


def public(name: str) -> DesignMatrix:
    frame = pd.read_csv(HERE.parent / "data" / f"{name}.csv").astype(float)
    _, columns, products = PUBLIC[name]
    own = [np.ones(len(frame)), *(frame[c] for c in columns), *(frame[a] * frame[b] for a, b in products)]
    terms = ("(Intercept)", *columns, *(f"{a}:{b}" for a, b in products))
    return DesignMatrix(frame["y"].to_numpy(), np.column_stack(own), terms, frame["g"].to_numpy(dtype=np.int64))


def example(outcome: str, number: int) -> DesignMatrix:
    frame = pd.read_csv(HERE / "example.csv", dtype={"id": str}, keep_default_na=False, na_values=[""])
    own = frame[frame[".imp"] == number + 1]
    n = len(own)
    persons = [own["group"] == "intervention", own["education"] != "low", own["partner"] == "yes"]
    treated, high, partner = (np.tile(column.to_numpy(dtype=float), 5) for column in persons)
    wave = np.repeat(np.arange(5.0), n)
    matrix = np.column_stack([np.ones(5 * n), treated, wave, high, partner, treated * wave])
    response = np.concatenate([own[f"{outcome}_T{t}"].to_numpy(dtype=float) for t in range(5)])
    return DesignMatrix(
        response, matrix, ("(Intercept)", "treated", "wave", "high", "with", "treated:wave"), np.tile(np.arange(n), 5)
    )


def assert_laplace(design: DesignMatrix, time: str, expected: dict[str, list[float]]) -> None:
    """Estimates, standard errors, variance components and likelihood of lme4."""
    fit, errors = fit_random_slope_logistic(design, time, nodes=1), np.array(expected["std_error"])
    order = [fit.terms.index(term) for term in expected["terms"]]
    assert np.abs((fit.estimate[order] - expected["estimate"]) / errors).max() < 1e-4
    assert fit.std_error[order] == pytest.approx(errors, rel=1e-4)
    size = np.abs(expected["covariance"]).max()
    assert fit.details["random_covariance"] == pytest.approx(np.array(expected["covariance"]), abs=1e-4 * size)
    assert fit.log_likelihood == pytest.approx(expected["log_likelihood"], abs=1e-4)
    assert (set(fit.df), fit.status.singular) == ({expected["df"]}, expected["singular"])


@pytest.mark.parametrize("name", PUBLIC)
def test_laplace_on_public_data(name: str) -> None:
    assert_laplace(public(name), PUBLIC[name][0], EXPECTED[name])


@pytest.mark.parametrize(("outcome", "number"), SETS)
def test_laplace_on_completed_data(outcome: str, number: int) -> None:
    assert_laplace(example(outcome, number), "wave", EXPECTED[outcome][number])


def dense(design: DesignMatrix, time: str, estimate: np.ndarray, covariance: np.ndarray) -> float:
    """The log-likelihood by a plain sum over a fine grid of intercepts and slopes, the same for everybody."""
    step = np.linspace(-7.5, 7.5, 301)
    u = np.stack(np.meshgrid(step, step)).reshape(2, -1)
    weight = np.exp(-0.5 * (u**2).sum(axis=0)) / (2 * np.pi) * (step[1] - step[0]) ** 2
    values, vectors = np.linalg.eigh(covariance)
    effects = vectors @ (np.sqrt(np.maximum(values, 0.0))[:, None] * u)
    linear, when = design.matrix @ estimate, design.matrix[:, design.terms.index(time)]
    total = 0.0
    for person in np.unique(design.groups):
        own = design.groups == person
        at = linear[own, None] + effects[0] + when[own, None] * effects[1]
        total += float(
            np.log(np.exp(-np.logaddexp(0.0, np.where(design.response[own, None] == 1, -at, at)).sum(0)) @ weight)
        )
    return total


def test_the_likelihood_by_quadrature_is_that_of_a_fine_grid() -> None:
    design = public("bacteria")
    fit = fit_random_slope_logistic(design, "week", nodes=25)
    assert fit.log_likelihood == pytest.approx(
        dense(design, "week", fit.estimate, fit.details["random_covariance"]), abs=1e-6
    )
