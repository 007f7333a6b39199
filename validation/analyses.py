"""The study's own analyses of simulated data: effect at T3 and trend of the effect, of a yes/no outcome and a score.

All data sets of a replicate are fitted together by the engines of `dnt`, with 9 quadrature nodes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dnt_cli.engines import (
    DesignMatrix,
    Fit,
    fit_linear_sets,
    fit_logistic,
    fit_mixed_linear_sets,
    fit_mixed_logistic_sets,
)
from dnt_cli.pooling import pool

ESTIMANDS = ("t3_log_odds", "t3_linear", "trend_log_odds", "trend_linear")
FAILED = (np.nan, np.nan, np.nan)
NODES = 9
CONTROLS = ("edu", "partner", "child_1", "child_2")

Answer = tuple[float, float, float]
"""Estimate, squared SE and residual df."""


def right_side(data: pd.DataFrame, baseline: str | None) -> np.ndarray:
    """(n, k) constant, arm, the baseline if there is one, controls; NaN where unknown."""
    child = data["child"].cat.codes.to_numpy()
    kids = [np.where(child < 0, np.nan, child == k).astype(float) for k in (1, 2)]
    parts = [np.ones(len(data)), data["arm"], *([data[baseline]] if baseline else []), data["edu"], data["partner"]]
    return np.column_stack([np.asarray(part, dtype=float) for part in [*parts, *kids]])


def endpoint(data: pd.DataFrame, outcome: str) -> DesignMatrix:
    """The model of the effect at T3 on the rows without gaps."""
    X, y = right_side(data, f"{outcome}_0"), data[f"{outcome}_3"].to_numpy(dtype=float)
    whole = ~(np.isnan(X).any(axis=1) | np.isnan(y))
    return DesignMatrix(y[whole], X[whole], ("(Intercept)", "arm", "baseline", *CONTROLS), None)


def trend(data: pd.DataFrame, outcome: str) -> DesignMatrix:
    """The model of arm x wave with a random intercept per person on all waves without gaps."""
    n, X = len(data), right_side(data, None)
    y = data[[f"{outcome}_{t}" for t in range(5)]].to_numpy(dtype=float).ravel()
    person, wave = np.repeat(np.arange(n), 5), np.tile(np.arange(5.0), n)
    long = np.column_stack([X[person], wave, X[person, 1] * wave])
    whole = ~(np.isnan(y) | np.isnan(long).any(axis=1))
    return DesignMatrix(y[whole], long[whole], ("(Intercept)", "arm", *CONTROLS, "wave", "arm:wave"), person[whole])


def answer(fit: Fit, term: str) -> Answer:
    """What a fit says of one term."""
    if not fit.status.usable:
        return FAILED
    place = fit.terms.index(term)
    return float(fit.estimate[place]), float(fit.covariance[place, place]), float(fit.df_residual)


def analyse(sets: Sequence[pd.DataFrame]) -> list[dict[str, Answer]]:
    """All four estimands on each data set."""
    trends = [[trend(data, outcome) for data in sets] for outcome in "yz"]
    fits = {
        "t3_log_odds": [fit_logistic(endpoint(data, "y")) for data in sets],
        "t3_linear": fit_linear_sets([endpoint(data, "z") for data in sets]),
        "trend_log_odds": fit_mixed_logistic_sets(trends[0], nodes=NODES),
        "trend_linear": fit_mixed_linear_sets(trends[1]),
    }
    terms = {name: "arm" if name.startswith("t3") else "arm:wave" for name in ESTIMANDS}
    return [{name: answer(fits[name][i], terms[name]) for name in ESTIMANDS} for i in range(len(sets))]


def likeness(data: pd.DataFrame) -> dict[str, float]:
    """What else an imputation should keep: share of scores at the floor, and likeness of persons of one site, at T3."""
    found = {"floor": float((data["z_3"] == 0).sum() / data["z_3"].notna().sum())}
    if "site" in data:
        for outcome in "yz":
            own = data[["arm", "site", f"{outcome}_3"]].dropna()
            rest = own[f"{outcome}_3"] - own.groupby("arm")[f"{outcome}_3"].transform("mean")
            found[f"icc_{outcome}"] = intraclass(rest.to_numpy(), own["site"].to_numpy())
    return found


def intraclass(values: np.ndarray, groups: np.ndarray) -> float:
    """Intraclass correlation by analysis of variance (Donner 1986), of values that are centred by arm."""
    _, codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    n, k = values.size, sizes.size
    means = np.bincount(codes, values) / sizes
    between = float(sizes @ np.square(means)) / (k - 2)
    within = float(np.square(values - means[codes]).sum()) / (n - k)
    size = (n - float(np.square(sizes).sum()) / n) / (k - 1)
    return (between - within) / (between + (size - 1) * within)


def combine(results: Sequence[dict[str, Answer]]) -> dict[str, Answer]:
    """Estimate, SE and df per estimand: pooled if there are several data sets. Any failed fit fails the estimand."""
    answers = {}
    for name in results[0]:
        values = np.array([result[name] for result in results])
        if np.isnan(values).any():
            answers[name] = FAILED
        elif len(values) == 1:
            answers[name] = (values[0, 0], float(np.sqrt(values[0, 1])), values[0, 2])
        else:
            pooled = pool(values[:, :1], values[:, 1:2], float(values[:, 2].mean()))
            answers[name] = (float(pooled.estimate[0]), float(pooled.std_error[0]), float(pooled.df[0]))
    return answers
