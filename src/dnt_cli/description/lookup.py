"""Finding single figures in a description, and the labels of what they describe."""

from __future__ import annotations

import math
from typing import NamedTuple

import pandas as pd

from dnt_cli.description.columns import collapsed
from dnt_cli.description.rounding import half_up
from dnt_cli.description.rows import ALL, COLUMNS
from dnt_cli.wording import Wording


class Figure(NamedTuple):
    """One row of a description: its value, the number of persons (or the count) and the denominator."""

    value: float
    n: int
    denominator: int


NONE = Figure(math.nan, 0, 0)
_PLACES = {name: j for j, name in enumerate(COLUMNS[1:6])}  # of a key of a figure


class Lookup:
    """The rows of one table of a description by variable, level, group, wave and statistic."""

    def __init__(self, description: pd.DataFrame, table: str) -> None:
        self.rows = description[description["table"] == table]
        keys = zip(*(self.rows[column] for column in COLUMNS[1:6]), strict=True)
        counts = (self.rows[column].fillna(0).astype(int) for column in ("n", "denominator"))
        figures = map(Figure, self.rows["value"].astype(float), *counts)
        self._figures = dict(zip(keys, figures, strict=True))
        self._keys: dict[str, list[tuple[str, ...]]] = {}
        for key in self._figures:
            self._keys.setdefault(key[0], []).append(key)

    def get(self, variable: str, level: str, group: str, wave: str, statistic: str) -> Figure:
        """The figure, or one of NaN and zeros."""
        return self._figures.get((variable, level, group, wave, statistic), NONE)

    def values(self, column: str, **where: str) -> list[str]:
        """What occurs in `column` among the rows with these values, in order."""
        keys = self._keys.get(where.pop("variable"), ()) if "variable" in where else self._figures
        wanted = [(_PLACES[name], value) for name, value in where.items()]
        place = _PLACES[column]
        return list(dict.fromkeys(key[place] for key in keys if all(key[j] == value for j, value in wanted)))


def shown(value: float, decimals: int, wording: Wording, *, sign: bool = False) -> str:
    """A figure rounded half up, nothing where there is none."""
    return "" if math.isnan(value) else wording.number(float(half_up(value, decimals)), decimals, sign=sign)


def count_and_percentage(figure: Figure, wording: Wording) -> str:
    """`51 (63.0%)`."""
    return "" if math.isnan(figure.value) else f"{figure.n} ({shown(figure.value, 1, wording)}%)"


def mean_and_deviation(mean: Figure, deviation: Figure, decimals: int, wording: Wording) -> str:
    """`31.4 (9.0)`; one person has no standard deviation."""
    if math.isnan(mean.value):
        return ""
    spread = "-" if math.isnan(deviation.value) else shown(deviation.value, decimals, wording)
    return f"{shown(mean.value, decimals, wording)} ({spread})"


def group_label(group: str, wording: Wording) -> str:
    """The name of a group, of all together, or of another population."""
    study = wording.study
    names = {
        study.design.intervention: study.design.intervention_label[wording.language],
        study.design.comparison: study.design.comparison_label[wording.language],
        ALL: wording.text("description.total"),
    }
    names |= {key: own.label[wording.language] for key, own in study.populations.items()}
    return names.get(group, group)


def initials(wording: Wording) -> dict[str, str]:
    """The shortest beginnings of the two groups' names that differ: I and C."""
    study = wording.study
    codes = study.design.groups
    labels = [group_label(code, wording) for code in codes]
    for length in range(1, min(len(label) for label in labels) + 1):
        short = [label[:length] for label in labels]
        if short[0] != short[1]:
            return dict(zip(codes, short, strict=True))
    return dict(zip(codes, labels, strict=True))


def variable_label(variable: str, wording: Wording) -> str:
    """The name of a covariate, an outcome, or the group itself."""
    study = wording.study
    if variable in study.covariates or variable in study.outcomes:
        return wording.label(variable)
    return wording.text("description.group") if variable == study.design.group else variable


def level_label(variable: str, level: str, wording: Wording) -> str:
    """The name of a level of a covariate, of levels that are taken together, of a class or of a group."""
    study = wording.study
    if variable in study.outcomes:
        return _class_label(variable, level, wording)
    if variable not in study.covariates:
        return group_label(level, wording)
    covariate = study.covariates[variable]
    names = dict(zip(covariate.levels, (text[wording.language] for text in covariate.level_labels), strict=False))
    members = (level,) if level in covariate.levels else collapsed(covariate).get(level, (level,))
    return "/".join(names.get(member, member) for member in members)


def _class_label(variable: str, level: str, wording: Wording) -> str:
    study = wording.study
    outcome = study.outcomes[variable]
    position = int(level) - int(outcome.range[0]) if outcome.range is not None else -1
    if 0 <= position < len(outcome.level_labels):
        return outcome.level_labels[position][wording.language]
    return level
