"""What a file says about its columns beside the values: labels, and codes that mean that there is no answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from dnt_cli.findings import Finding
from dnt_cli.study import Covariate, Language, Outcome, Study, Text

Code = float | str
_Name = TypeVar("_Name", bound=Code)
_ENDLESS = (np.inf, -np.inf)
_YES_NO = (Text("nee", "no"), Text("ja", "yes"))


@dataclass(frozen=True)
class Dictionary:
    """The dictionary of a data file, as SPSS calls it; each entry stands under the name of its column."""

    labels: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[Code, str]] = field(default_factory=dict)  # code -> label
    missing: Mapping[str, tuple[tuple[Code, Code], ...]] = field(default_factory=dict)  # ranges of user-missing codes

    def as_json(self) -> dict[str, Any]:
        """Plain values for the metadata of a stage file."""
        return {
            "labels": dict(self.labels),
            "values": {
                column: [[code, label] for code, label in codes.items()] for column, codes in self.values.items()
            },
            "missing": {
                column: [[str(end) if end in _ENDLESS else end for end in pair] for pair in ranges]
                for column, ranges in self.missing.items()
            },
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Dictionary:
        """The dictionary that `as_json` wrote; an empty one from nothing."""
        values = {column: {code: label for code, label in codes} for column, codes in plain.get("values", {}).items()}
        missing = {c: tuple((bound(a), bound(b)) for a, b in ranges) for c, ranges in plain.get("missing", {}).items()}
        return cls(plain.get("labels", {}), values, missing)

    def renamed(self, names: Mapping[str, str], only: Iterable[str]) -> Dictionary:
        """With other names for columns, and nothing but the columns `only`, under their new names."""
        kept = set(only)

        def move(part: Mapping[str, Any]) -> dict[str, Any]:
            return {names.get(c, c): value for c, value in part.items() if names.get(c, c) in kept}

        return Dictionary(move(self.labels), move(self.values), move(self.missing))

    def over(self, other: Dictionary) -> Dictionary:
        """This one, and what only the other says."""
        return Dictionary(
            {**other.labels, **self.labels}, {**other.values, **self.values}, {**other.missing, **self.missing}
        )


@dataclass(frozen=True)
class RawTable:
    """A table as it stands in a file: user-missing codes are still there, apart from empty cells.

    Attributes:
        frame: the values.
        dictionary: what the file says about them.
        findings: remarks on how it was read.
        decimals: the decimal signs that its numbers are seen to have, where they stand in the file as text.
    """

    frame: pd.DataFrame
    dictionary: Dictionary = Dictionary()
    findings: tuple[Finding, ...] = ()
    decimals: frozenset[str] = frozenset()

    def without_missing(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The values with user-missing codes as empty cells, and how many there were.

        Returns:
            The frame; and the counts, with columns `column`, `code` (its label where it has one), `count`.
        """
        frame, counts = self.frame.copy(), []
        for column, ranges in self.dictionary.missing.items():
            frame[column], found = without_codes(frame[column], ranges, self.dictionary.values.get(column, {}))
            counts += [(column, code, count) for code, count in found.items()]
        return frame, pd.DataFrame(counts, columns=["column", "code", "count"])


def bound(value: Code) -> Code:
    """One end of a range of user-missing codes: LOWEST and HIGHEST of SPSS, which JSON and cells hold as text."""
    return float(value) if value in ("-inf", "inf") else value


def without_codes(
    values: pd.Series, ranges: Iterable[tuple[Code, Code]], labels: Mapping[Code, str]
) -> tuple[pd.Series, dict[str, int]]:
    """The values with user-missing codes as empty cells; and how many there were of each, by its name and label.

    A number is the same code in every spelling: in a table of several files 9 and "9" are.
    """
    hit = is_missing(values, ranges)

    def code_of(value: Any) -> Code:
        number = pd.to_numeric(value, errors="coerce")
        return value if value in labels else str(value) if pd.isna(number) else float(number)

    found = Counter(map(code_of, values[hit]))
    counts = {}
    for code, count in sorted(found.items(), key=lambda one: (isinstance(one[0], str), one[0])):
        name = code if isinstance(code, str) else f"{code:.15g}"
        counts[f"{name} ({labels[code]})" if code in labels else name] = count
    return values.mask(hit), counts


def is_missing(values: pd.Series, ranges: Iterable[tuple[Code, Code]]) -> pd.Series:
    """Which values are user-missing codes."""
    number = pd.to_numeric(values, errors="coerce")
    hit = pd.Series(False, index=values.index)
    for low, high in ranges:
        if isinstance(low, str) or isinstance(high, str):
            hit |= values.astype("object") == low
        else:
            hit |= number.between(low, high)
    return hit


def known_levels(study: Study) -> dict[str, dict[str, str]]:
    """Column -> name of a level -> level."""
    design = study.design
    known = {
        design.group: _names(design.arms),
        design.wave: _names({wave: Text(wave, wave) for wave in design.wave_keys}),
    }
    for key, covariate in study.covariates.items():
        if covariate.kind != "continuous":
            labels = covariate.level_labels or tuple(Text(level, level) for level in covariate.levels)
            known[key] = _names(dict(zip(covariate.levels, labels, strict=True)))
    return known


def _names(labels: Mapping[str, Text]) -> dict[str, str]:
    """Name -> level: the level itself, its label in either language, and both in lower case where only one is meant."""
    itself = {level: level for level in labels}
    labelled = [(name, level) for level, text in labels.items() for name in (text.nl, text.en)]
    lower = [(name.lower(), level) for name, level in (*itself.items(), *labelled)]
    return unambiguous(lower) | unambiguous(labelled) | itself


def unambiguous(names: Iterable[tuple[_Name, str]]) -> dict[_Name, str]:
    """Name -> level, of the names that mean one level only."""
    meant: dict[_Name, set[str]] = {}
    for name, level in names:
        meant.setdefault(name, set()).add(level)
    return {name: levels.pop() for name, levels in meant.items() if len(levels) == 1}


def as_levels(values: pd.Series, labels: Mapping[Code, str], levels: Mapping[str, str]) -> pd.Series:
    """What a label says goes before the code itself: 1 that is labelled "0" is the level "0"."""
    named = {code: label.strip() for code, label in labels.items()}
    meant = {code: levels.get(name, levels.get(name.lower())) for code, name in named.items()}
    change = {code: level for code, level in meant.items() if level is not None}
    return values.astype("object").map(lambda v: change.get(v, v), na_action="ignore")


def study_dictionary(frame: pd.DataFrame, study: Study, language: Language) -> tuple[pd.DataFrame, Dictionary]:
    """A table of the study with numbers for its levels, and what they mean.

    Args:
        frame: A survey, or imputations in wide form.
        study: Its labels and levels.
        language: Of the labels.

    Returns:
        The frame, in which columns of levels have become codes; and the dictionary.
    """
    design = study.design
    labels: dict[str, str] = {}
    values: dict[str, Mapping[Code, str]] = {}
    levels: dict[str, Mapping[str, str]] = {}
    pair = {design.comparison: design.comparison_label, design.intervention: design.intervention_label}
    levels[design.group] = {level: text[language] for level, text in pair.items()}
    for key, covariate in study.covariates.items():
        labels[key] = covariate.label[language]
        if covariate.kind != "continuous":
            levels[key] = _level_labels(covariate, language)
    for column in map(str, frame.columns):
        key, wave = study.columns.get(column, (column, ""))
        if key in study.outcomes:
            outcome = study.outcomes[key]
            labels[column] = outcome.label[language] + (f" ({wave})" if wave else "")
            if codes := _class_labels(outcome, language):
                values[column] = codes
    frame = frame.copy()
    for column, names in levels.items():
        if column in frame.columns and set(frame[column].dropna().astype(str)) <= set(names):
            start = 0.0 if column == design.group else 1.0
            numbers = {level: start + i for i, level in enumerate(names)}
            coded = frame[column].astype("object").map(lambda v, known=numbers: known[str(v)], na_action="ignore")
            frame[column] = coded.where(frame[column].notna(), np.nan).astype("float64")  # pandas' own NA is no float
            values[column] = {numbers[level]: label for level, label in names.items()}
    return frame, Dictionary({c: label for c, label in labels.items() if c in frame.columns}, values)


def _level_labels(covariate: Covariate, language: Language) -> dict[str, str]:
    """Level -> label; the level itself where two labels are the same."""
    texts = [text[language] for text in covariate.level_labels] or list(covariate.levels)
    texts = texts if len(set(texts)) == len(texts) else list(covariate.levels)
    return dict(zip(covariate.levels, texts, strict=True))


def _class_labels(outcome: Outcome, language: Language) -> dict[Code, str]:
    if outcome.kind == "binary":
        return {float(code): text[language] for code, text in enumerate(_YES_NO)}
    low = outcome.range[0] if outcome.range is not None else 0.0
    return {low + i: text[language] for i, text in enumerate(outcome.level_labels)}


def whole(values: pd.Series) -> bool:
    """Whether a column holds numbers, and whole ones only."""
    if not pd.api.types.is_numeric_dtype(values):
        return False
    number = values.to_numpy(dtype=float, na_value=np.nan)
    return bool((number[~np.isnan(number)] % 1 == 0).all())
