"""Effects and imputations for tests of two runs side by side."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

NAN = math.nan


def effect(outcome: str = "score", **values: Any) -> dict[str, Any]:
    """An effect at the endpoint, without a mark."""
    row: dict[str, Any] = {
        "analysis": "t3", "model": "main", "outcome": outcome, "kind": "linear", "term": "group", "estimate": 2.0,
        "std_error": 1.5, "df": 50.0, "p_value": 0.2, "odds_ratio": NAN, "odds_ratio_se": NAN, "beta": 0.2,
        "beta_se": 0.1, "status": "ok",
    }  # fmt: skip
    return row | values


def odds(log_ratio: float, error: float, p_value: float = 0.2) -> dict[str, Any]:
    ratio = math.exp(log_ratio)
    return effect(
        "work", kind="binary", estimate=log_ratio, std_error=error, p_value=p_value, odds_ratio=ratio,
        odds_ratio_se=ratio * error, beta=NAN, beta_se=NAN,
    )  # fmt: skip


def imputed(seed: int, m: int) -> pd.DataFrame:
    """Three persons; of score at T1 the second is a gap."""
    rng = np.random.default_rng(seed)
    observed = pd.DataFrame(
        {"person": ["p1", "p2", "p3"], "arm": "treated", "work_T0": [1, 0, 1], "score_T1": [10.0, NAN, 30.0]}
    )
    sets = [observed.assign(score_T1=observed["score_T1"].fillna(rng.random())) for _ in range(m)]
    parts = [part.assign(**{".imp": i, ".id": [1, 2, 3]}) for i, part in enumerate([observed, *sets])]
    return pd.concat(parts, ignore_index=True)
