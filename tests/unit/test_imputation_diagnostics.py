"""Diagnostics on numbers that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dnt_cli.imputation import ModelColumn, Settings, impute
from dnt_cli.imputation.diagnostics import (
    Comparison,
    drift,
    imputations_needed,
    r_hat,
)


def trace_of(chains: np.ndarray) -> pd.DataFrame:
    m, draws = chains.shape
    return pd.DataFrame(
        {
            "variable": "x",
            "iteration": np.tile(np.arange(1, draws + 1), m),
            "imputation": np.repeat(np.arange(1, m + 1), draws),
            "mean": chains.ravel(),
            "sd": 1.0,
        }
    )


def test_r_hat_by_hand():
    # Halves 0 1 | 0 1 and 2 3 | 2 3: within 1/2, means .5 .5 2.5 2.5 with variance 4/3.
    table = r_hat(trace_of(np.array([[0.0, 1.0, 0.0, 1.0], [2.0, 3.0, 2.0, 3.0]])))
    assert table.loc[0, "mean"] == pytest.approx(np.sqrt(0.5 + (4 / 3) / 0.5))
    assert np.isnan(table.loc[0, "sd"])


def test_r_hat_sees_drift_and_is_near_one_without():
    noise = np.random.default_rng(1).normal(size=(200, 20))
    assert r_hat(trace_of(noise)).loc[0, "mean"] == pytest.approx(1.0, abs=0.02)
    assert r_hat(trace_of(noise + np.arange(20))).loc[0, "mean"] > 1.5


def test_settled_chains_do_not_drift():
    """Stationary chains that hang together: t has its distribution, where R-hat would see a third in trouble."""
    rng = np.random.default_rng(2)
    frames = []
    for k in range(200):
        chains = np.zeros((50, 10))
        state = rng.normal(size=50)
        for i in range(10):
            state = 0.3 * state + np.sqrt(1 - 0.09) * rng.normal(size=50)
            chains[:, i] = state
        frames.append(trace_of(chains).assign(variable=f"x{k}"))
    found = drift(pd.concat(frames))
    assert found.rounds == (5, 10)
    assert found.size == pytest.approx(found.expected, abs=0.12)
    assert found.columns["settled"].mean() > 0.98


def test_moving_chains_drift():
    noise = np.random.default_rng(3).normal(size=(20, 10))
    moving = trace_of(noise + np.arange(10)).assign(variable="moving")
    found = drift(pd.concat([trace_of(noise), moving]))
    assert found.columns.set_index("variable")["settled"].to_dict() == {"moving": False, "x": True}
    change = (noise + np.arange(10))[:, 9] - (noise + np.arange(10))[:, 4]
    t = change.mean() / (change.std(ddof=1) / np.sqrt(20))
    assert found.columns.set_index("variable").loc["moving", "drift"] == pytest.approx(t)


def test_drift_of_few_chains_is_unknown():
    assert np.isnan(drift(trace_of(np.zeros((3, 10)))).size)
    assert np.isnan(drift(trace_of(np.zeros((10, 1)))).size)


def test_imputations_needed_is_von_hippels_rule():
    # With a pilot so large that the upper limit is the estimate: 1 + (.49 / .05)^2 / 2 = 49.02.
    assert imputations_needed([0.2, 0.49], 10**12) == 50
    # m = 20, fmi .5: logit 0 + 1.96 sqrt(.1) -> .650; 1 + (.650 / .05)^2 / 2 = 85.5.
    assert imputations_needed([0.5], 20) == 86
    assert imputations_needed([0.0], 20) == 2


def test_comparison_counts_only_what_was_missing():
    frame = pd.DataFrame({"x": [1.0, 3.0, np.nan, np.nan], "c": pd.Categorical(["a", "b", None, "a"])})
    columns = [ModelColumn("x", "ordinal"), ModelColumn("c", "categorical")]
    sets = [frame.fillna({"x": value, "c": level}) for value, level in ((1.0, "a"), (3.0, "b"))]
    comparison = Comparison(frame, columns, sets)
    table = comparison.summary().set_index("variable")
    assert table.loc["x", ["n_observed", "n_imputed", "mean_observed", "mean_imputed"]].tolist() == [2, 2, 2, 2]
    assert table.loc["x", "difference"] == 0
    shares = comparison.distribution().set_index(["variable", "value"])
    assert shares.loc[("c", "a"), ["observed", "imputed"]].tolist() == [pytest.approx(2 / 3), 0.5]
    assert shares.loc[("x", "3"), ["observed", "imputed"]].tolist() == [0.5, 0.5]


def test_r_hat_of_a_real_run_is_near_one():
    rng = np.random.default_rng(2)
    x = rng.normal(size=200)
    frame = pd.DataFrame({"arm": np.arange(200) % 2 * 1.0, "x": x, "y": x + rng.normal(size=200)})
    frame.loc[rng.random(200) < 0.3, "y"] = np.nan
    imputation = impute(
        frame,
        [ModelColumn("x", "continuous"), ModelColumn("y", "continuous")],
        group="arm",
        settings=Settings(m=50),
    )
    assert sum(1 for _ in imputation.completed) == 50
    assert r_hat(imputation.trace).loc[0, "mean"] < 1.1
