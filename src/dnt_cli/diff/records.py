"""What changed in the records of persons: counts only, never an id or a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from dnt_cli.study import Study

Bools = NDArray[np.bool_]
IMPUTATION, ROW = ".imp", ".id"  # of mice's long format


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many two files share."""

    both: int
    only_a: int
    only_b: int

    @property
    def same(self) -> bool:
        """Whether they have the same ones."""
        return not self.only_a and not self.only_b


@dataclass(frozen=True, slots=True)
class RecordChanges:
    """The records of two files side by side.

    Attributes:
        persons: By id.
        rows: By person and wave; in imputations, by person and imputation.
        imputations: m of each file; None for other kinds.
        columns: A row per column: `column`, `outcome` and `wave` (where it is one at a wave), `type_a`, `type_b` (empty
            where the file lacks it), `cells` in both files and how many `differ`; `imputed` cells and
            `imputed_differ`, which the former two leave out; `change` (`same`, `values`, `type`, `added`, `removed`).
    """

    persons: Overlap
    rows: Overlap
    imputations: tuple[int, int] | None
    columns: pd.DataFrame


def record_changes(
    a: pd.DataFrame, b: pd.DataFrame, study_a: Study, study_b: Study, schema_a: pa.Schema, schema_b: pa.Schema
) -> RecordChanges:
    """Join two survey, answers, register or imputations files on person and wave, or on person and imputation.

    Args:
        a: The first file; the order of its rows does not matter.
        b: The second.
        study_a: Names the columns with person and wave.
        study_b: The same of the second.
        schema_a: Types of the columns as they are stored.
        schema_b: The same of the second.
    """
    imputed = IMPUTATION in a.columns and IMPUTATION in b.columns
    first, persons_a = _keyed(a, study_a, imputed=imputed)
    second, persons_b = _keyed(b, study_b, imputed=imputed)
    common = first.index.intersection(second.index)
    keys = {ROW, IMPUTATION, *(name for s in (study_a, study_b) for name in (s.design.id, s.design.wave))}
    one, two = first.loc[common], second.loc[common]
    completed = _completed(one, two, common) if imputed else None
    rows = []
    for name in dict.fromkeys([*b.columns, *a.columns]):
        if name not in keys:
            types = [_type(schema.field(name).type) if name in schema.names else "" for schema in (schema_a, schema_b)]
            rows.append(_column(str(name), one, two, types, completed, study_b))
    m = (int(a[IMPUTATION].max()), int(b[IMPUTATION].max())) if imputed else None
    overlap = Overlap(len(common), len(first) - len(common), len(second) - len(common))
    return RecordChanges(_overlap(persons_a, persons_b), overlap, m, pd.DataFrame(rows, columns=list(_COLUMNS)))


_COLUMNS = (
    "column", "outcome", "wave", "type_a", "type_b", "cells", "differ", "imputed", "imputed_differ", "change",
)  # fmt: skip


def _keyed(frame: pd.DataFrame, study: Study, *, imputed: bool) -> tuple[pd.DataFrame, set[str]]:
    """The frame under its keys, and its persons; rows that share their keys are numbered in their order."""
    person = frame[study.design.id].astype(str)
    wave = IMPUTATION if imputed else study.design.wave
    moment = frame[wave].astype(str) if wave in frame.columns else pd.Series("", index=frame.index)
    number = frame.groupby([person.rename("p"), moment.rename("m")], observed=True).cumcount()
    index = pd.MultiIndex.from_arrays([person, moment, number], names=["person", "moment", "number"])
    return frame.set_axis(index, axis=0), set(person)


def _overlap(a: set[str], b: set[str]) -> Overlap:
    return Overlap(len(a & b), len(a - b), len(b - a))


@dataclass(frozen=True, slots=True)
class _Completed:
    """Which of the common rows are completed data, and where each finds its person as observed (-1: nowhere)."""

    later: Bools
    observed: NDArray[np.intp]


def _completed(one: pd.DataFrame, two: pd.DataFrame, common: pd.Index) -> _Completed:
    numbers = one[IMPUTATION].to_numpy()
    zero = np.flatnonzero(numbers == 0)
    persons = common.get_level_values("person")
    places = pd.Index(persons[zero]).get_indexer(persons)
    return _Completed(numbers > 0, np.where(places < 0, -1, zero[places] if len(zero) else -1))


def _column(
    name: str, one: pd.DataFrame, two: pd.DataFrame, types: list[str], completed: _Completed | None, study: Study
) -> dict[str, Any]:
    outcome, wave = study.columns.get(name, ("", ""))
    row: dict[str, Any] = {"column": name, "outcome": outcome, "wave": wave, "type_a": types[0], "type_b": types[1]}
    row |= dict.fromkeys(("cells", "differ", "imputed", "imputed_differ"), 0)
    if "" in types:
        return row | {"change": "removed" if types[0] else "added"}
    other = _differ(one[name], two[name])
    given = np.ones(len(other), dtype=bool)
    if completed is not None:
        gap = one[name].isna().to_numpy() & two[name].isna().to_numpy()
        filled = completed.later & (completed.observed >= 0) & gap[completed.observed]
        given = ~completed.later
        row |= {"imputed": int(filled.sum()), "imputed_differ": int((other & filled).sum())}
    row |= {"cells": int(given.sum()), "differ": int((other & given).sum())}
    values = row["differ"] or row["imputed_differ"]
    return row | {"change": "type" if types[0] != types[1] else "values" if values else "same"}


def _differ(a: pd.Series, b: pd.Series) -> Bools:
    """Which cells are not exactly the same; two gaps are the same."""
    gaps = [series.isna().to_numpy() for series in (a, b)]
    if all(pd.api.types.is_numeric_dtype(series) for series in (a, b)):
        values = [series.to_numpy(dtype=float, na_value=np.nan) for series in (a, b)]
    else:
        values = [series.astype(str).to_numpy(dtype=object) for series in (a, b)]
    return np.asarray(np.where(gaps[0] | gaps[1], gaps[0] != gaps[1], values[0] != values[1]), dtype=bool)


def _type(stored: pa.DataType) -> str:
    """What a column holds, apart from how many bytes it takes."""
    if pa.types.is_dictionary(stored):
        return "levels"
    tests = {
        "yes/no": pa.types.is_boolean,
        "whole": pa.types.is_integer,
        "number": pa.types.is_floating,
        "text": lambda t: pa.types.is_string(t) or pa.types.is_large_string(t),
        "date": pa.types.is_temporal,
    }
    return next((name for name, test in tests.items() if test(stored)), str(stored))
