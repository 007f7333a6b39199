"""Codes and words that mean that there is no answer."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dnt_cli.reading.dictionary import Code, is_missing, known_levels
from dnt_cli.reading.table import DataTable, Distinct, Variable, shown
from dnt_cli.study.source_rules import same_code

WORDS = ("nan", "n/a", "#n/a", "#null!", "null", "none", ".", "-", "n.v.t.", "nvt", "<na>")
"""Words that mean no answer, whatever the column, unless the study has a level of that name."""


def declared_codes(table: DataTable) -> None:
    """Empty the cells with codes that the file itself declares to be missing."""
    for column, ranges in table.dictionary.missing.items():
        if column in table.frame.columns:
            _declared(table, column, ranges)


def named_codes(table: DataTable) -> None:
    """Empty the cells with codes that the study file names, and with words for no answer."""
    source = table.study.source
    words = {same_code(word) for word in (WORDS if source.missing_words is None else source.missing_words)}
    for column, variable in table.of("outcome", "covariate", "site", "group", "wave"):
        codes = {same_code(code) for code in variable.missing}
        if variable.role in ("outcome", "covariate", "site"):
            codes |= {same_code(code) for code in source.missing}
        _named(table, column, variable, codes, words - _meant(table, variable))


def _declared(table: DataTable, column: str, ranges: Any) -> None:
    values = table.frame[column]
    if isinstance(values, pd.DataFrame):  # two columns of one name
        return
    hit = is_missing(values, ranges)
    if not hit.any():
        return
    labels = table.dictionary.values.get(column, {})
    key = table.variables[column].key if column in table.variables else column
    found = values[hit].map(lambda value: value if value in labels else _plain(value)).value_counts(sort=False)
    counted: list[tuple[Any, int]] = list(found.items())
    for code, count in sorted(counted, key=lambda one: (isinstance(one[0], str), one[0])):
        name = f"{shown(code)} ({labels[code]})" if code in labels else shown(code)
        table.notes.add("warning", key, "user_missing", int(count), code=name)
    table.frame[column] = values.mask(hit)


def _plain(value: Any) -> Code:
    number = pd.to_numeric(value, errors="coerce")
    return str(value) if pd.isna(number) else float(number)


def _meant(table: DataTable, variable: Variable) -> set[Code]:
    """Words that are levels or codes of the study itself."""
    study = table.study
    names: list[Code] = []
    if variable.outcome is not None:
        spec = variable.outcome
        names += [
            *spec.codes,
            *spec.yes,
            *spec.no,
            *(name for text in spec.level_labels for name in (text.nl, text.en)),
        ]
    elif variable.key in (levels := known_levels(study)):
        names += levels[variable.key]
    if variable.covariate is not None:
        names += list(variable.covariate.codes)
    return {same_code(name) for name in names}


def _named(table: DataTable, column: str, variable: Variable, codes: set[Code], words: set[Code]) -> None:
    """Codes may be given by the number or by its label in the file."""
    values = table.frame[column]
    labels = table.labels(column)
    numeric = values.dtype.kind in "fiu"
    if numeric and not codes:
        return
    distinct = Distinct.of(values)
    change: dict[int, Any] = {}
    for place, value, count, code in distinct.coded():
        label = labels.get(code)
        if code in codes or (label is not None and label in codes):
            name = (
                f"{shown(code)} ({label})"
                if label is not None
                else str(value).strip()
                if isinstance(value, str)
                else shown(code)
            )
            table.notes.add("warning", variable.key, "study_missing", count, code=name)
            change[place] = None
        elif isinstance(value, str) and code in words:
            table.notes.add("warning", variable.key, "word_missing", count, code=value.strip())
            change[place] = None
    if change:
        table.frame[column] = _emptied(distinct, change, values)


def _emptied(distinct: Distinct, change: dict[int, Any], values: pd.Series) -> pd.Series:
    if values.dtype.kind in "fiu":
        gone = pd.Series([place in change for place in distinct.places], index=values.index)
        return values.astype("float64").mask(gone)
    return distinct.replaced(change, values)
