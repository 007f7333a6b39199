"""The tidy table of a description: one statistic of one characteristic in one group at one wave per row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from dnt_cli.arrays import Flags, Floats
from dnt_cli.description.columns import Columns
from dnt_cli.description.moments import Moments, mean_interval, share_interval

COLUMNS = ("table", "variable", "level", "group", "wave", "statistic", "value", "n", "denominator")
TEXT = COLUMNS[:6]
ALL = "all"


def parted(keys: Sequence[str], sign: str) -> str:
    """The separator of wave keys in the name of an interval, such that no two intervals have one name.

    The sign itself, unless a key and the sign are how another key begins: `a` and `a+b`, seen at both or at `b` too.
    Then the sign as often as no key holds it, between spaces, with which no key begins or ends.
    """
    if not any(other.startswith(key + sign) for key in keys for other in keys):
        return sign
    often = sign
    while any(often in key for key in keys):
        often += sign
    return f" {often} "


class Rows:
    """Collects blocks of rows of one table.

    A block has one value per column of `keys` (its `variable`, `level` and `wave`), or none where the value is NaN and
    there is nothing to count.
    """

    def __init__(self, table: str) -> None:
        self.table = table
        self.blocks: list[dict[str, np.ndarray]] = []  # column -> values

    def add(
        self, keys: pd.DataFrame, group: str, statistic: str, value: Any, n: Any = np.nan, denominator: Any = np.nan
    ) -> None:
        """One block; scalars are repeated."""
        own: dict[str, Any] = {name: keys[name].to_numpy() for name in ("variable", "level", "wave")}
        own |= {"table": self.table, "group": group, "statistic": statistic, "value": value}
        own |= {"n": n, "denominator": denominator, "_order": np.arange(len(keys))}
        self.blocks.append(
            {k: np.broadcast_to(np.asarray(v, "O" if k in TEXT else None), len(keys)) for k, v in own.items()}
        )

    def add_moments(self, columns: Columns, m: Moments, groups: list[str]) -> None:
        """Percentages of the 0/1 columns, means and standard deviations of the others, per group."""
        share, keys = columns.share, columns.keys
        for g, group in enumerate(groups):
            n, count = m.n[g], m.count[g]
            self.add(keys[share], group, "pct", 100 * m.mean[g, share], count[share], n[share])
            self.add(keys[~share], group, "mean", m.mean[g, ~share], n[~share])
            self.add(keys[~share], group, "sd", m.sd[g, ~share], n[~share])

    def add_intervals(self, columns: Columns, m: Moments, groups: list[str]) -> None:
        """95 % confidence intervals: Wilson's for percentages, Student's for means."""
        for name, factor, which, interval in (
            ("pct", 100.0, columns.share, share_interval),
            ("mean", 1.0, ~columns.share, mean_interval),
        ):
            keys, some = columns.keys[which], m.take(which)
            for end, limit in zip(("low", "high"), interval(some), strict=True):
                for g, group in enumerate(groups):
                    self.add(keys, group, f"{name}_{end}", factor * limit[g], some.n[g])

    def add_missing(self, columns: Columns, members: Flags, groups: list[str], asked: Floats | None = None) -> None:
        """How many of a group have no value, per characteristic and wave.

        Args:
            columns: A column per level; one of each characteristic and wave counts for all.
            members: (g, persons).
            groups: Names of the groups.
            asked: (persons, columns) 1 for those who could have answered; default: everybody.
        """
        first = ~columns.keys.duplicated(["variable", "wave"]).to_numpy()
        missing = np.isnan(columns.values[:, first]).astype(float)
        could = np.ones_like(missing) if asked is None else asked[:, first]
        n, denominator = members @ (missing * could), members @ could
        keys = columns.keys[first].assign(level="")
        for g, group in enumerate(groups):
            self.add(keys, group, "missing", _percentage(n[g], denominator[g]), n[g], denominator[g])

    def frame(self, order: list[str]) -> pd.DataFrame:
        """All rows, by characteristic in the given order, then by wave and level as they came."""
        if not any(len(block["table"]) for block in self.blocks):  # nothing changes in a study that asks all once
            return pd.DataFrame(columns=list(COLUMNS))
        table = pd.DataFrame({k: np.concatenate([block[k] for block in self.blocks]) for k in self.blocks[0]})
        table = table[table["value"].notna()]
        rank = {variable: i for i, variable in enumerate(order)}
        table = table.assign(_rank=table["variable"].map(rank).fillna(-1))
        return table.sort_values(["_rank", "_order"], kind="stable")[list(COLUMNS)].reset_index(drop=True)


def finished(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """The parts below each other, with counts as whole numbers."""
    frame = pd.concat([part for part in parts if len(part)], ignore_index=True)
    text = {column: "object" for column in TEXT}
    return frame.astype({**text, "value": "float64", "n": "Int64", "denominator": "Int64"})


def _percentage(n: Floats, denominator: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(100 * n / denominator)
