"""The study's own analyses, as arrays for speed: effect at T3 and trend of the effect, binary and linear."""

from __future__ import annotations

import warnings

import glmm
import numpy as np
import pandas as pd
import statsmodels.api as sm

from dnt_cli.pooling import pool

ESTIMANDS = ("t3_log_odds", "t3_linear", "trend_log_odds", "trend_linear")
SCALE = {"t3_log_odds": 1.0, "t3_linear": 10.0, "trend_log_odds": 1.0, "trend_linear": 10.0}
FAILED = (np.nan, np.nan, np.nan)


def right_side(data: pd.DataFrame, baseline: str | None) -> np.ndarray:
    """(n, p) constant, arm, the baseline if there is one, controls."""
    parts = [np.ones(len(data)), data["arm"]]
    parts += [data[baseline]] if baseline else []
    child = data["child"].cat.codes.to_numpy()
    kids = [np.where(child < 0, np.nan, child == k).astype(float) for k in (1, 2)]
    return np.column_stack([np.asarray(p, dtype=float) for p in [*parts, data["edu"], data["partner"], *kids]])


def effect_at_t3(data: pd.DataFrame, outcome: str) -> tuple[float, float, float]:
    """Estimate, squared SE and residual df of the arm; incomplete rows are left out."""
    X, y = right_side(data, f"{outcome}_0"), data[f"{outcome}_3"].to_numpy(dtype=float)
    whole = ~(np.isnan(X).any(axis=1) | np.isnan(y))
    family = sm.families.Binomial() if outcome == "y" else sm.families.Gaussian()
    try:
        fit = sm.GLM(y[whole], X[whole], family=family).fit(tol=1e-10)
    except (np.linalg.LinAlgError, sm.tools.sm_exceptions.PerfectSeparationError):
        return FAILED
    variance = float(fit.bse[1] ** 2)
    if outcome == "y" and not (fit.converged and variance < 25):
        return FAILED
    return float(fit.params[1]), variance, float(fit.df_resid)


def trend(data: pd.DataFrame, outcome: str) -> tuple[float, float, float]:
    """Estimate, squared SE and residual df of arm x wave in a model with a random intercept, all waves."""
    n = len(data)
    X = right_side(data, None)
    y = data[[f"{outcome}_{t}" for t in range(5)]].to_numpy(dtype=float).T.ravel()
    names = ["one", "arm", "edu", "partner", "k1", "k2"]
    long = {name: np.tile(X[:, k], 5) for k, name in enumerate(names)}
    long |= {"y": y, "wave": np.repeat(np.arange(5.0), n), "id": np.tile(np.arange(n), 5)}
    whole = ~(np.isnan(y) | np.isnan(np.tile(X, (5, 1))).any(axis=1))
    long = {name: values[whole] for name, values in long.items()}
    family = "binomial" if outcome == "y" else "gaussian"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = glmm.fit(long, "y ~ arm * wave + edu + partner + k1 + k2 + (1 | id)", family=family, satterthwaite=False)
    if not fit.converged:
        return FAILED
    place = list(fit.names).index("arm:wave")
    return float(fit.beta[place]), float(fit.se[place] ** 2), float(whole.sum() - 8)


def analyse(data: pd.DataFrame) -> dict[str, tuple[float, float, float]]:
    """All four estimands on one data set."""
    return {
        "t3_log_odds": effect_at_t3(data, "y"),
        "t3_linear": effect_at_t3(data, "z"),
        "trend_log_odds": trend(data, "y"),
        "trend_linear": trend(data, "z"),
    }


def combine(results: list[dict[str, tuple[float, float, float]]]) -> dict[str, tuple[float, float, float]]:
    """Estimate, SE and df per estimand: pooled if there are several data sets. Any failed fit fails the estimand."""
    answers = {}
    for name in ESTIMANDS:
        values = np.array([result[name] for result in results])
        if np.isnan(values).any():
            answers[name] = FAILED
        elif len(values) == 1:
            answers[name] = (values[0, 0], float(np.sqrt(values[0, 1])), values[0, 2])
        else:
            pooled = pool(values[:, :1], values[:, 1:2], float(values[:, 2].mean()))
            answers[name] = (float(pooled.estimate[0]), float(pooled.std_error[0]), float(pooled.df[0]))
    return answers
