"""What was observed per group at baseline and at the endpoint, beside every effect; and how imputed answers compare."""

from __future__ import annotations

from typing import Any

import numpy as np

from dnt_cli.design import group_indicator
from dnt_cli.effects.columns import ARMS, PLACES
from dnt_cli.imputed.data import Completed
from dnt_cli.models import GROUP, LONGITUDINAL, TREND


def with_levels(rows: list[dict[str, Any]], data: Completed) -> list[dict[str, Any]]:
    """The rows of effects with what was observed; other rows stay as they are.

    Args:
        rows: As `rows.pooled_rows` makes them.
        data: What they were fitted on.
    """
    study = data.study
    known: dict[tuple[str, str], dict[str, float]] = {}
    for row in rows:
        if row["term"] != (TREND if row["analysis"] == LONGITUDINAL else GROUP):
            continue
        key = row["outcome"]
        wave = row["wave"] or study.endpoint(key)
        if (key, wave) not in known:
            known[key, wave] = _observed(data, key, wave)
        row |= known[key, wave]
    return rows


def _observed(data: Completed, key: str, wave: str) -> dict[str, float]:
    study, wide = data.study, data.observed
    treated = group_indicator(wide, study) == 1
    arms = dict(zip(ARMS, (treated, ~treated), strict=True))
    found = {f"n_persons_{arm}": float(who.sum()) for arm, who in arms.items()}
    for place, own in zip(PLACES, (study.design.baseline, wave), strict=True):
        column = study.column(key, own)
        if column not in wide.columns:
            continue
        values = wide[column].to_numpy(dtype=float)
        for arm, who in arms.items():
            given = values[who & np.isfinite(values)]
            found[f"n_{place}_{arm}"] = float(given.size)
            if given.size:
                found[f"{place}_{arm}"] = float(given.mean())
    return found | _gap(data, study.column(key, wave))


def _gap(data: Completed, column: str) -> dict[str, float]:
    """(mean of what was imputed - mean of what was observed) / SD of that, over all imputations."""
    values = data.observed[column].to_numpy(dtype=float)
    missing = ~np.isfinite(values)
    spread = float(np.std(values[~missing], ddof=1)) if (~missing).sum() > 1 else 0.0
    if data.m < 2 or not missing.any() or not spread > 0:
        return {}
    imputed = np.mean([own[column].to_numpy(dtype=float)[missing].mean() for own in data.sets])
    return {"imputed_gap": float((imputed - values[~missing].mean()) / spread)}
