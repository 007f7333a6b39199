"""One row per person: the wide table that imputation and models work on, and what follows from its columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from dnt_cli.study import Condition, Outcome, Study
from dnt_cli.study.files import level_name
from dnt_cli.survey import LARGEST, whole_numbers


def to_wide(survey: pd.DataFrame, study: Study) -> pd.DataFrame:
    """The survey with one row per person, sorted by id, gaps as NaN.

    Returns:
        Columns id, group, site and pair if any, covariates (`<covariate>_<wave>` at later waves of those that change),
        and `<outcome>_<wave>` for every measured outcome and wave.
    """
    design = study.design
    persons = survey.groupby(design.id, sort=True, observed=True)
    constant = list(dict.fromkeys([design.group, *design.places, *study.covariates]))
    wide = persons[constant].first().reset_index()  # the first value that is there, in order of time
    for column in constant:
        wide[column] = wide[column].astype(survey[column].dtype)
    index = pd.Index(wide[design.id])
    by_wave = {wave: part.set_index(design.id) for wave, part in survey.groupby(design.wave, observed=True)}
    columns: dict[str, Any] = {}
    for name, (key, wave) in study.covariate_columns.items():
        if study.covariates[key].timing == "wave":
            at_wave = by_wave.get(wave, survey.iloc[:0].set_index(design.id))
            own = at_wave[key].reindex(index).array
            if name == key:
                wide[key] = own
            else:
                columns[name] = own
    for name, (key, wave) in study.columns.items():
        if key in study.measured:
            part = by_wave.get(wave)
            values = part[key].reindex(index) if part is not None else pd.Series(np.nan, index=index)
            columns[name] = values.to_numpy(dtype=float)
    return pd.concat([wide, pd.DataFrame(columns)], axis=1)


def derive(wide: pd.DataFrame, study: Study, filled: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """The wide table with the derived outcomes beside their sources; missing where a source is missing.

    `filled` are columns of the table, (n,) each, that replace its own before anything is derived.
    """
    own = {str(name): values.array for name, values in wide.items()} | dict(filled or {})
    derived = {
        name: _apply(study.outcomes[key], own, study, wave)
        for name, (key, wave) in study.columns.items()
        if study.outcomes[key].derive is not None
    }
    every = own | derived
    order = [c for c in own if c not in study.columns] + [c for c in study.columns if c in every]
    return pd.DataFrame({c: every[c] for c in order}, index=wide.index, columns=pd.Index(order))


def _apply(outcome: Outcome, columns: Mapping[str, Any], study: Study, wave: str) -> NDArray[np.float64]:
    rule = outcome.derive
    assert rule is not None
    values = np.asarray(columns[study.column(rule.source, wave)], dtype=float)
    missing = np.isnan(values)
    if rule.rule in ("rise", "fall", "change"):
        start = np.asarray(columns[study.column(rule.source, str(rule.since))], dtype=float)
        change: NDArray[np.float64] = values - start
        if rule.rule == "change":
            return change
        missing |= np.isnan(start)
        result: NDArray[Any] = change > 0 if rule.rule == "rise" else change < 0
    elif rule.rule == "classes":
        lowest = outcome.range[0] if outcome.range is not None else 0.0
        result = lowest + np.searchsorted(rule.cutoffs, values, side="right")
    else:
        cut = float(rule.value)  # type: ignore[arg-type]  # the study reader requires it for these rules
        result = {"at_least": values >= cut, "at_most": values <= cut, "equals": values == cut}[rule.rule]
    return np.where(missing, np.nan, result)


def register_outcomes(wide: pd.DataFrame, study: Study) -> tuple[str, ...]:
    """The outcomes from a register whose columns a wide table holds."""
    keys = [key for key in study.outcomes if study.is_register(key)]
    return tuple(
        key for key in keys if {study.column(key, wave) for wave in study.outcomes[key].waves} <= set(wide.columns)
    )


def fulfils(wide: pd.DataFrame, conditions: Iterable[Condition]) -> pd.Series:
    """Which persons fulfil all conditions.

    Returns:
        (n,) of dtype `boolean`: missing where an unknown value could decide it, and no known value rules it out.
    """
    keep = pd.Series(True, index=wide.index, dtype="boolean")
    for condition in conditions:
        values = wide[condition.column]
        if isinstance(values.dtype, pd.CategoricalDtype):
            values, target = values.astype("object"), level_name(condition.value)
        else:
            target = condition.value  # type: ignore[assignment]
        compare = {"==": values.eq, "!=": values.ne, "<": values.lt, "<=": values.le, ">": values.gt, ">=": values.ge}
        keep &= compare[condition.operator](target).astype("boolean").mask(values.isna())
    return keep


def wide_table(wide: pd.DataFrame, study: Study, imputation: int, sets: int = 1) -> pa.Table:
    """Imputations as an Arrow table in the layout of mice's long format: `.imp`, `.id`, then the columns.

    `sets` of them lie below each other, of which the first has the number `imputation`.
    """
    n = len(wide) // sets
    columns: dict[str, pa.Array] = {
        ".imp": pa.array(np.repeat(np.arange(imputation, imputation + sets, dtype=np.int32), n)),
        ".id": pa.array(np.tile(np.arange(1, n + 1, dtype=np.int32), sets)),
    }
    for name, values in wide.items():
        columns[str(name)] = _array(values, str(name), study)
    return pa.table(columns)


def _array(values: pd.Series, name: str, study: Study) -> pa.Array:
    """Whole numbers as such; the type follows from the study, so that every imputation has the same."""
    outcome = study.outcomes[study.columns[name][0]] if name in study.columns else None
    if outcome is not None and outcome.whole:
        return whole_numbers(values, outcome.limits or LARGEST)
    return pa.array(values.to_numpy() if values.dtype == "float64" else values, from_pandas=True)
