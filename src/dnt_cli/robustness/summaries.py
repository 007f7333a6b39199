"""What lies behind one column of the table: the grid of deltas with its tipping points, and the sites left out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dnt_cli.pooling import critical_value
from dnt_cli.robustness.result import SCOPES, SHIFT, WITHOUT, grid_key
from dnt_cli.robustness.verdicts import tipping_point
from dnt_cli.study import Study


def significance_ratio(rows: pd.DataFrame, level: float) -> pd.Series:
    """The test statistic over its two-sided critical value; NaN where there is no estimate."""
    critical = critical_value(rows["df"].to_numpy(dtype=float), 1 - level)
    return pd.Series(rows["statistic"].to_numpy(dtype=float) / critical, index=rows.index)


def tipping_points(estimates: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Where along the grid of check (e) the conclusion of an effect changes.

    Returns:
        `analysis`, `outcome`, `scope`, `tipping_point` (NaN where it is not within the grid), `tipping_units` (the same
        in points of a score; NaN for log-odds), of the outcomes that were shifted; empty without check (e).
    """
    found = []
    deltas = (0.0, *study.robustness.deltas)
    ratios = estimates.assign(ratio=significance_ratio(estimates, study.significance.lenient))
    by_key = {(r["analysis"], r["outcome"], r["model"]): r["ratio"] for _, r in ratios.iterrows()}
    main = estimates[estimates["model"] == "main"]
    units = estimates[estimates["analysis"] == SHIFT].set_index("outcome")["estimate"]
    for scope in SCOPES:
        if not (estimates["model"] == grid_key(scope, deltas[-1])).any():
            continue
        for _, row in main.iterrows():
            if (row["analysis"], row["outcome"], grid_key(scope, deltas[-1])) not in by_key:
                continue
            own = [by_key.get((row["analysis"], row["outcome"], grid_key(scope, d)), np.nan) for d in deltas]
            point = tipping_point(deltas, own)
            point = np.nan if point is None else point
            unit = units.get(row["outcome"], np.nan)
            found.append((row["analysis"], row["outcome"], scope, point, point * unit))
    return pd.DataFrame(found, columns=["analysis", "outcome", "scope", "tipping_point", "tipping_units"])


def site_ranges(estimates: pd.DataFrame) -> pd.DataFrame:
    """The range of each effect when every site is left out once.

    Returns:
        `analysis`, `outcome`, `lowest`, `lowest_site`, `highest`, `highest_site` (index labels of the rows of
        `estimates` under lowest and highest), `changed` and `sites` (numbers); empty without check (h).
    """
    left = estimates[estimates["model"].str.startswith(WITHOUT)]
    found = []
    for (analysis, outcome), rows in left.groupby(["analysis", "outcome"], sort=False):
        known = rows[rows["estimate"].notna()]
        changed = int((~rows["verdict"].isin(["same", "not compared"])).sum())
        if known.empty:
            continue
        places = [int(known["estimate"].argmin()), int(known["estimate"].argmax())]
        low, high = known.index[places]
        names = [str(known["model"].iloc[i]).removeprefix(WITHOUT) for i in places]
        found.append((analysis, outcome, low, names[0], high, names[1], changed, len(rows)))
    columns = ["analysis", "outcome", "lowest", "lowest_site", "highest", "highest_site", "changed", "sites"]
    return pd.DataFrame(found, columns=columns)
