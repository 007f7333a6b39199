"""Firth's method against R's brglm2, and against the published analysis of the endometrial cancer data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnt_cli.engines import DesignMatrix, fit_firth, fit_logistic
from dnt_cli.wording import spoken

HERE = Path(__file__).parent
MODELS: list[dict[str, Any]] = json.loads((HERE / "firth_expected.json").read_text(encoding="utf-8"))["models"]


def design(model: dict[str, Any]) -> DesignMatrix:
    rows = np.genfromtxt(HERE / "data" / f"{model['data']}.csv", delimiter=",", names=True, dtype=float)
    columns = [np.ones(rows.size) if term == "1" else rows[term] for term in model["terms"]]
    return DesignMatrix(rows["y"], np.column_stack(columns), tuple(model["terms"]), None)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m["name"])
def test_equals_brglm2(model: dict[str, Any]) -> None:
    fit = fit_firth(design(model))
    assert fit.status.usable
    np.testing.assert_allclose(fit.estimate, model["estimate"], rtol=1e-7)
    np.testing.assert_allclose(fit.std_error, model["std_error"], rtol=1e-7)


def test_endometrial_cancer_as_published() -> None:
    # Heinze and Schemper 2002, Statistics in Medicine 21, table II: nv is separated
    data = design(MODELS[0])
    plain = fit_logistic(data)
    assert plain.status.separated
    assert np.isnan(plain.estimate).all()
    fit = fit_logistic(data, separation="firth")
    np.testing.assert_array_equal(fit.estimate.round(2), [3.77, 2.93, -0.03, -2.60])
    np.testing.assert_array_equal(fit.std_error.round(2), [1.49, 1.55, 0.04, 0.78])
    assert "Firth" in spoken(fit.status.messages, "en")
