"""What a check means for an effect: how far it moved, and what became of its mark; and tipping points along a grid."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dnt_cli.study import Significance

VERDICTS = ("same", "lost", "gained", "opposite", "reversed", "not compared", "not estimable")


def verdict(main: pd.Series | None, check: pd.Series, marks: Significance, errors: str = "model") -> str:
    """Compare the mark of an effect under other assumptions with that of the main effect.

    `lost` and `gained` are about the mark of significance; `opposite` gains it with the other sign, `reversed` has it
    both times with the other sign. An effect without mark that stays without mark is the same, whatever its sign. A
    main effect that could not be estimated, or is not there, had no mark. A mark that rests on other errors than the
    study names cannot be compared with one that does: a check that fits in its own way knows no sites.
    """
    if check["status"] == "not estimable":
        return "not estimable"
    if errors != "model" and main is not None and pd.notna(main[(by := f"p_value_{errors}")]) and pd.isna(check[by]):
        return "not compared"
    known = main is not None and main["status"] != "not estimable"
    before, after = marks.mark(main["p_value"]) if main is not None and known else "", marks.mark(check["p_value"])
    other_way = main is not None and known and main["estimate"] * check["estimate"] < 0
    if before and after:
        return "reversed" if other_way else "same"
    return "lost" if before else ("opposite" if other_way else "gained") if after else "same"


def register_verdict(main: pd.Series | None, check: pd.Series) -> str:
    """Compare the direction of a register's effect with that of its counterpart in the survey: `same` or `opposite`.

    The two measure something else, so that one has a mark and the other not is no change. They are
    `not compared` without counterpart, or where the scales differ, as a trend in odds and one in percentage points do.
    """
    if check["status"] == "not estimable":
        return "not estimable"
    if not _comparable(main, check):
        return "not compared"
    assert main is not None
    return "opposite" if main["estimate"] * check["estimate"] < 0 else "same"


def shift(main: pd.Series | None, check: pd.Series, *, register: bool = False) -> float:
    """The difference between two effects in standard errors of the main one; NaN where they cannot be compared.

    A register's effect is an estimate of its own and not the main one under another assumption, so its distance is in
    standard errors of the difference between the two, as if they were independent.
    """
    if not _comparable(main, check) or check["status"] == "not estimable":
        return math.nan
    assert main is not None
    error = math.hypot(main["std_error"], check["std_error"]) if register else main["std_error"]
    return float((check["estimate"] - main["estimate"]) / error)


def monte_carlo_error(main: pd.Series, check: pd.Series) -> float:
    """The simulation error of the difference between two pooled estimates, in standard errors of the main one.

    A pooled estimate over m imputations has simulation variance B / m (van Buuren 2018, section 2.8); the imputations
    of the two are independent.
    """
    variance = sum(row["b"] / row["m"] for row in (main, check) if not math.isnan(row["b"]))
    return float(math.sqrt(variance) / main["std_error"])


def _comparable(main: pd.Series | None, check: pd.Series) -> bool:
    return main is not None and main["status"] != "not estimable" and main["kind"] == check["kind"]


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
