"""Characteristics of persons as columns of numbers: measurements as they are, categories as 0/1."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dnt_cli.arrays import Floats
from dnt_cli.study import Covariate, Outcome, Study

_Item = tuple[str, str, str, bool, Floats]  # variable, level, wave, share, values


@dataclass(frozen=True, slots=True)
class Columns:
    """c columns over n persons.

    Attributes:
        keys: (c rows) `variable`, `level`, `wave`, and `share`: whether the column is 0/1 and its mean a proportion.
            The level is empty for a measurement, a binary outcome and the mean of an ordinal one.
        values: (n, c), NaN where unknown.
    """

    keys: pd.DataFrame
    values: Floats

    @property
    def share(self) -> NDArray[np.bool_]:
        """(c,) which columns are 0/1."""
        return self.keys["share"].to_numpy(dtype=bool)


def covariate_columns(wide: pd.DataFrame, study: Study) -> Columns:
    """The covariates that are described: their levels, and the levels that models take together."""
    items = [
        item
        for key, covariate in study.covariates.items()
        if covariate.describe
        for item in _covariate(wide[key], key, covariate)
    ]
    return _columns(items, len(wide))


def outcome_columns(wide: pd.DataFrame, study: Study, waves: Iterable[str] | None = None) -> Columns:
    """The outcomes that stand in the wide table, measured and derived, at `waves` (default: all)."""
    chosen = set(study.design.wave_keys if waves is None else waves)
    there = {name: place for name, place in study.columns.items() if name in wide.columns}
    found = {
        key: classes(outcome, wide[[name for name, (k, _) in there.items() if k == key]].to_numpy(dtype=float))
        for key, outcome in study.outcomes.items()
        if outcome.kind == "ordinal"
    }
    items = [
        item
        for name, (key, wave) in there.items()
        if wave in chosen
        for item in _outcome(wide[name].to_numpy(dtype=float), key, wave, study.outcomes[key], found.get(key, []))
    ]
    return _columns(items, len(wide))


def level_columns(values: pd.Series, variable: str, levels: Iterable[str]) -> Columns:
    """The levels of one categorical characteristic."""
    return _columns(list(_levels(values, variable, {level: (level,) for level in levels})), len(values))


def joined(*parts: Columns) -> Columns:
    """Columns of the same persons side by side."""
    keys = pd.concat([part.keys for part in parts], ignore_index=True)
    return Columns(keys, np.hstack([part.values for part in parts]))


def collapsed(covariate: Covariate) -> dict[str, tuple[str, ...]]:
    """Name -> levels that models take together.

    They may go by the name of one of them in the study file, but here that level stands beside them.
    """
    names: dict[str, tuple[str, ...]] = {}
    for name, members in covariate.collapse.items():
        if members == (name,):
            continue
        while name in covariate.levels or name in names:
            name = "/".join(members) if name in members else f"{name}/"
        names[name] = members
    return names


def classes(outcome: Outcome, values: Floats) -> list[int]:
    """The classes of an ordinal outcome: its range, or what occurs at any wave where the study gives none."""
    if outcome.range is not None:
        return list(range(int(outcome.range[0]), int(outcome.range[1]) + 1))
    return [int(value) for value in np.unique(values[~np.isnan(values)])]


def _covariate(values: pd.Series, key: str, covariate: Covariate) -> Iterator[_Item]:
    if covariate.kind == "continuous":
        yield key, "", "", False, values.to_numpy(dtype=float)
    else:
        yield from _levels(values, key, {level: (level,) for level in covariate.levels} | collapsed(covariate))


def _levels(values: pd.Series, key: str, levels: dict[str, tuple[str, ...]]) -> Iterator[_Item]:
    missing = values.isna().to_numpy()
    for level, members in levels.items():
        inside = values.isin(members).to_numpy(dtype=float)
        yield key, level, "", True, np.where(missing, np.nan, inside)


def _outcome(values: Floats, key: str, wave: str, outcome: Outcome, found: list[int]) -> Iterator[_Item]:
    yield key, "", wave, outcome.kind == "binary", values
    for value in found:
        yield key, str(value), wave, True, np.where(np.isnan(values), np.nan, values == value)


def _columns(items: list[_Item], persons: int) -> Columns:
    keys = pd.DataFrame([item[:4] for item in items], columns=["variable", "level", "wave", "share"])
    values = np.column_stack([item[4] for item in items]) if items else np.empty((persons, 0))
    return Columns(keys, values)
