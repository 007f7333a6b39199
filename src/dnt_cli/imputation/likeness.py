"""Whether imputed answers are as like a person's other answers as observed ones are, and as often the lowest.

An imputation that makes a person's waves less alike pulls trends toward zero, and one that keeps fewer at a floor moves
shares and cut-offs, although all means look right.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from dnt_cli.imputation.block_plan import HEAP
from dnt_cli.imputation.columns import ModelColumn

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

FEWEST_PAIRS = 10
"""Persons from whom a correlation is computed."""
COLUMNS = [
    "series", "group", "pairs_observed", "pairs_imputed", "r_observed", "r_imputed", "floor_observed", "floor_imputed",
]  # fmt: skip


def likeness(
    frame: pd.DataFrame, columns: Sequence[ModelColumn], completed: Sequence[pd.DataFrame], group: str
) -> pd.DataFrame:
    """Per series of columns and group how alike two occasions are, and how often the lowest value occurs.

    Args:
        frame: the data as observed, a row per person.
        columns: those that took part; only series of two or more occasions count.
        completed: the m completed data sets, rows as in `frame`.
        group: name of the group column.

    Returns:
        `series`, `group`; `pairs_observed` and `pairs_imputed`, the fewest persons behind one of the correlations;
        `r_observed`, the mean over all pairs of occasions of the correlation among persons with both answers, weighted
        by persons; `r_imputed`, the same among persons with at least one answer imputed, mean over the data sets;
        `floor_observed` and `floor_imputed`, the share of answers with the lowest value, where `HEAP` or more of the
        observed ones have it. NaN: nothing to compute it from.
    """
    import pandas as pd

    rows = []
    codes = frame[group].astype("object").to_numpy()
    for series, names in _series(frame, columns).items():
        observed = frame[names].to_numpy(dtype=float, na_value=np.nan)
        filled = np.stack([data[names].to_numpy(dtype=float, na_value=np.nan) for data in completed])
        known = ~np.isnan(observed)
        lowest = np.nanmin(observed)
        floor = (observed[known] == lowest).mean() >= HEAP and np.unique(observed[known]).size > 2
        for code in pd.unique(codes):
            own = codes == code
            both = _correlation(observed[None], known, own, imputed=False)
            some = _correlation(filled, known, own, imputed=True)
            shares = (np.nan, np.nan)
            if floor:
                seen, gaps = own[:, None] & known, own[:, None] & ~known
                shares = (
                    _share(observed[seen] == lowest),
                    _share(filled[:, gaps] == lowest),
                )
            rows.append((series, code, both[1], some[1], both[0], some[0], *shares))
    return pd.DataFrame(rows, columns=COLUMNS)


def _series(frame: pd.DataFrame, columns: Sequence[ModelColumn]) -> dict[str, list[str]]:
    """Names of the columns of each series with numbers, in order of time, where something was imputed."""
    found: dict[str, list[ModelColumn]] = {}
    for column in columns:
        if column.series and column.kind != "categorical" and frame[column.name].notna().any():
            found.setdefault(column.series, []).append(column)
    names = {key: [c.name for c in sorted(own, key=lambda c: c.occasion)] for key, own in found.items()}
    return {key: own for key, own in names.items() if len(own) > 1 and frame[own].isna().any(axis=None)}


def _correlation(
    values: Array, known: NDArray[np.bool_], own: NDArray[np.bool_], *, imputed: bool
) -> tuple[float, int]:
    """Mean correlation over pairs of occasions and data sets, and the fewest persons behind one.

    Args:
        values: (m, n, T).
        known: (n, T) which answers were observed.
        own: (n,) the persons.
        imputed: among persons with at least one of both answers imputed; else with both observed.
    """
    total, weight, fewest = 0.0, 0, 0
    for s, t in combinations(range(values.shape[2]), 2):
        both = known[:, s] & known[:, t]
        persons = own & (~both if imputed else both)
        n = int(persons.sum())
        if n < FEWEST_PAIRS:
            continue
        pair = values[:, persons][:, :, [s, t]]
        pair = pair - pair.mean(axis=1, keepdims=True)
        square = np.square(pair).sum(axis=1)
        product = square[:, 0] * square[:, 1]
        varies = product > 0
        if not varies.any():
            continue
        r = pair.prod(axis=2).sum(axis=1)[varies] / np.sqrt(product[varies])
        total, weight, fewest = total + n * float(r.mean()), weight + n, min(fewest or n, n)
    return (total / weight, fewest) if weight else (float("nan"), 0)


def _share(hits: NDArray[np.bool_]) -> float:
    return float(hits.mean()) if hits.size else float("nan")
