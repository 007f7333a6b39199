"""The smallest effects that a study could have shown, from the standard errors that it has."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dnt_cli.effects.kinds import KINDS
from dnt_cli.pooling import quick_critical_value

ALPHA, POWER = 0.05, 0.80
"""Two-sided level of significance, and the probability of a significant effect."""


def detectable(rows: pd.DataFrame) -> NDArray[np.float64]:
    """(rows,) The size of effect that had an 80 % probability of p < .05, on the scale of the estimates.

    The standard error times the sum of Student's t for both, which is how a power of .80 is planned for (Bloom 1995,
    Evaluation Review 19). It is a statement about the precision of the study; that an effect of the size that was
    found had such and such a power says no more than its p-value (Hoenig and Heisey 2001, American Statistician 55).

    Args:
        rows: Effects with `std_error` and `df`; NaN where there is no estimate.
    """
    df = rows["df"].to_numpy(dtype=float)
    factor = quick_critical_value(df, 1 - ALPHA) + quick_critical_value(df, 2 * POWER - 1)
    size: NDArray[np.float64] = factor * rows["std_error"].to_numpy(dtype=float)
    return size


def detectable_scaled(rows: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The same as it is shown, downward and upward: odds ratios, betas of scores, or differences in probability."""
    size = detectable(rows)
    kind = rows["kind"].iloc[0]
    if KINDS[kind].ratio:
        return np.exp(-size), np.exp(size)
    if kind == "linear":
        size = size * (rows["beta_se"] / rows["std_error"]).to_numpy(dtype=float)
    return -size, size
