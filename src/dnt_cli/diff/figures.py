"""Which figures of a description differ."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dnt_cli.description.rows import COLUMNS

KEYS = list(COLUMNS[:6])
# Relative: what is less is a sum taken in another order, not another answer.
NOISE = 1e-9


def figure_changes(a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    """Join two descriptions on table, variable, level, group, wave and statistic, in the order of the second.

    Returns:
        `KEYS`, then `value_a`, `n_a`, `denominator_a` and the same of `b`, and `change`: `same`, `within` (the noise of
        floating point), `moved`, `only in A` or `only in B`.
    """
    first, second = (frame[list(COLUMNS)].astype({key: str for key in KEYS}) for frame in (a, b))
    joined = second.merge(first, on=KEYS, how="outer", suffixes=("_b", "_a"), indicator=True, sort=False)
    order = {key: i for i, key in enumerate(second[KEYS].itertuples(index=False, name=None))}
    rank = [order.get(key, len(order)) for key in joined[KEYS].itertuples(index=False, name=None)]
    joined = joined.iloc[np.argsort(rank, kind="stable")].reset_index(drop=True)
    exact, close = np.ones(len(joined), dtype=bool), np.ones(len(joined), dtype=bool)
    for name in COLUMNS[6:]:
        one, two = (joined[f"{name}_{side}"].to_numpy(dtype=float, na_value=np.nan) for side in "ab")
        exact &= (one == two) | (np.isnan(one) & np.isnan(two))
        close &= np.isclose(one, two, rtol=NOISE, atol=NOISE, equal_nan=True)
    change = np.select([exact, close], ["same", "within"], "moved")
    sides = joined["_merge"].astype(str).map({"left_only": "only in B", "right_only": "only in A"})
    joined["change"] = np.where(sides.notna(), sides, change)
    names = [f"{name}_{side}" for side in "ab" for name in COLUMNS[6:]]
    return joined[[*KEYS, *names, "change"]]
