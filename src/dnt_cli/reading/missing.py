"""Codes and words that mean that there is no answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from dnt_cli.reading.dictionary import Code, known_levels, without_codes
from dnt_cli.reading.table import DataTable, Distinct, Variable, shown
from dnt_cli.study.source_rules import same_code

WORDS = ("nan", "n/a", "#n/a", "#null!", "null", "none", ".", "-", "n.v.t.", "nvt", "<na>")
"""Words that mean no answer, whatever the column, unless the study has a level of that name."""


def declared_codes(table: DataTable) -> None:
    """Empty the cells with codes that the file itself declares to be missing."""
    for column, ranges in table.dictionary.missing.items():
        if column in table.frame.columns:
            values = table.frame[column]
            if isinstance(values, pd.DataFrame):  # two columns of one name
                continue
            key = table.variables[column].key if column in table.variables else column
            emptied, counts = without_codes(values, ranges, table.dictionary.values.get(column, {}))
            for code, count in counts.items():
                table.notes.add("warning", key, "user_missing", count, code=code)
            if counts:
                table.frame[column] = emptied


def named_codes(table: DataTable) -> None:
    """Empty the cells with codes that the study file names, and with words for no answer."""
    source = table.study.source
    words = {same_code(word) for word in (WORDS if source.missing_words is None else source.missing_words)}
    for column, variable in table.of("outcome", "covariate", "site", "group", "wave"):
        codes = {same_code(code) for code in variable.missing}
        if variable.role in ("outcome", "covariate", "site"):
            codes |= {same_code(code) for code in source.missing}
        _named(table, column, variable, codes, words - _meant(table, variable))


def _meant(table: DataTable, variable: Variable) -> set[Code]:
    """Words that are levels or codes of the study itself."""
    study = table.study
    names: list[Code] = []
    if variable.outcome is not None:
        spec = variable.outcome
        names += [*spec.codes, *spec.yes, *spec.no]
        names += [name for text in spec.level_labels for name in (text.nl, text.en)]
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
            name = value.strip() if label is None and isinstance(value, str) else shown(code)
            name = name if label is None else f"{name} ({label})"
            table.notes.add("warning", variable.key, "study_missing", count, code=name)
            change[place] = None
        elif isinstance(value, str) and code in words:
            table.notes.add("warning", variable.key, "word_missing", count, code=value.strip())
            change[place] = None
    if change and numeric:
        table.frame[column] = values.astype("float64").mask(np.isin(distinct.places, list(change)))
    elif change:
        table.frame[column] = distinct.replaced(change, values)
