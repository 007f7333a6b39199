"""Counts and ordered classes against R: glm, glm.nb, glmer, clm, polr and clmm, on 136 simulated persons."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnt_cli.engines import DesignMatrix, Fit
from dnt_cli.engines.counts import fit_counts
from dnt_cli.engines.mixed import fit_mixed_poisson_sets

HERE = Path(__file__).parent
EXPECTED: dict[str, Any] = json.loads((HERE / "kinds_expected.json").read_text(encoding="utf-8"))
ROWS = np.genfromtxt(HERE / "kinds.csv", delimiter=",", names=True)


def endpoint(name: str) -> DesignMatrix:
    end, first = ROWS[ROWS["wave"] == 3], ROWS[ROWS["wave"] == 0]
    matrix = np.column_stack([np.ones(len(end)), end["group"], first[name], end["age"], end["high"]])
    terms = ("(Intercept)", "group", f"{name}_T0", "age", "high")
    return DesignMatrix(end[name], matrix, terms, None, sites=end["site"].astype(np.int64))


def trend(name: str) -> DesignMatrix:
    columns = [np.ones(len(ROWS)), ROWS["group"], ROWS["wave"], ROWS["high"], ROWS["group"] * ROWS["wave"]]
    terms = ("(Intercept)", "group", "wave", "high", "group:wave")
    return DesignMatrix(ROWS[name], np.column_stack(columns), terms, ROWS["person"].astype(np.int64))


def apart(fit: Fit, expected: dict[str, Any], terms: slice = slice(None)) -> tuple[float, float]:
    """The largest difference of an estimate, in standard errors, and of a standard error, as a share."""
    error = np.sqrt(np.diag(expected["covariance"]))
    shift = np.abs((fit.estimate[terms] - expected["estimate"]) / error).max()
    return float(shift), float(np.abs(fit.std_error[terms] / error - 1.0).max())


@pytest.mark.parametrize(
    ("kind", "name"), [("negative", "count"), ("negative", "even"), ("negative", "huge"), ("poisson", "few")]
)
def test_counts_at_one_wave_are_those_of_glm_nb_and_glm(kind: str, name: str) -> None:
    fit, expected = fit_counts(endpoint(name)), EXPECTED[kind][name]
    assert fit.engine == {"negative": "dnt negative binomial", "poisson": "dnt Poisson"}[kind]
    assert max(apart(fit, expected)) < 1e-7
    assert fit.log_likelihood == pytest.approx(expected["log_likelihood"], rel=1e-9)
    assert fit.df_residual == expected["df_residual"]
    if kind == "negative":
        assert 1.0 / fit.details["dispersion"] == pytest.approx(expected["theta"], rel=1e-7)


@pytest.mark.parametrize("name", ["count", "even", "huge"])
def test_a_poisson_trend_is_that_of_glmer(name: str) -> None:
    (fit,) = fit_mixed_poisson_sets([trend(name)])
    expected = EXPECTED["mixed_poisson"][name]
    shift, ratio = apart(fit, expected)
    assert shift < 0.001
    assert ratio < 0.01
    assert fit.random_sd == pytest.approx(expected["random_sd"], rel=1e-4)
