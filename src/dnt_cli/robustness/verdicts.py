"""What a check means for an effect, in one word, and where along a grid the conclusion changes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dnt_cli.study import Significance

VERDICTS = ("same", "lost", "gained", "reversed", "not estimable")


def verdict(main: pd.Series | None, check: pd.Series, marks: Significance) -> str:
    """Compare an effect under other assumptions with the main one.

    `lost` and `gained` are about the mark of significance, `reversed` is significant both times with the other sign.
    An effect without mark that stays without mark is the same, whatever its sign. A main effect that could not be
    estimated, or is not there, had no mark.
    """
    if check["status"] == "not estimable":
        return "not estimable"
    before = "" if main is None or main["status"] == "not estimable" else marks.mark(main["p_value"])
    after = marks.mark(check["p_value"])
    if main is not None and before and after:
        return "same" if main["estimate"] * check["estimate"] > 0 else "reversed"
    return "lost" if before else "gained" if after else "same"


def tipping_point(deltas: Sequence[float], ratios: Sequence[float]) -> float | None:
    """The smallest delta at which the conclusion is no longer that at the first delta.

    Args:
        deltas: Increasing steps.
        ratios: Per step the test statistic over its critical value: beyond 1 or -1 the effect is significant.

    Returns:
        By linear interpolation between the steps, None if the conclusion holds over the whole grid or is unknown.
    """
    values: NDArray[np.float64] = np.asarray(ratios, dtype=float)
    if not np.isfinite(values).all():
        return None
    start = _conclusion(values[0])
    for i in range(1, len(values)):
        if _conclusion(values[i]) == start:
            continue
        # A significant effect is lost where it passes its own limit; one without mark gains it on either side.
        limit = float(start) if start else float(np.sign(values[i]))
        share = (limit - values[i - 1]) / (values[i] - values[i - 1])
        return float(deltas[i - 1] + share * (deltas[i] - deltas[i - 1]))
    return None


def _conclusion(ratio: float) -> int:
    return int(np.sign(ratio)) if abs(ratio) >= 1 else 0
