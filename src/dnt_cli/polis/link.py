"""Who is who in the register, and in which months each person was measured."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from dnt_cli.column_names import near_column
from dnt_cli.errors import DataError, StudyError
from dnt_cli.findings import summary
from dnt_cli.reading.ids import matched
from dnt_cli.sentences import say
from dnt_cli.study import Study
from dnt_cli.survey import identifiers

KIND, KEY = "RINPERSOONS", "RINPERSOON"
IN_POPULATION = "R"  # RINPERSOONS of a person who stands in the population register
DIGITS = 9
_DATES = (
    r"(?P<y>[0-9]{4})-?(?P<m>[0-9]{2})-?(?P<d>[0-9]{2})(?:[T ].*)?",
    r"(?P<d>[0-9]{1,2})[-/](?P<m>[0-9]{1,2})[-/](?P<y>[0-9]{4})",
)


def month_columns(waves: Sequence[str]) -> list[str]:
    """The columns of `read_link` with the months of measurement; a wave may be called id or person."""
    return [f"month_{wave}" for wave in waves]


def read_link(frame: pd.DataFrame, study: Study, name: str) -> pd.DataFrame:
    """The persons of a link file and their months of measurement.

    Args:
        frame: A row per person: the study's id, RINPERSOONS, RINPERSOON, `date_<baseline>` with the date of inclusion,
            and, where months follow the interviews, `date_<wave>` for the other waves.
        study: Waves and settings.
        name: How messages call the file.

    Returns:
        Columns id, person (the nine digits of RINPERSOON, None when not linked) and, named by `month_columns`, the
        month of every wave as a count.

    Raises:
        DataError: A column is missing, there is nobody, persons stand there twice, or a date or key cannot be read.
        StudyError: A wave is not a whole number of months after inclusion.
    """
    baseline = study.design.baseline
    inclusion = f"date_{baseline}"
    for column in (study.design.id, KIND, KEY, inclusion):
        if column not in frame.columns:
            raise DataError(
                say("column_missing_near", file=name, column=column, near=near_column(column, frame.columns))
            )
        if list(frame.columns).count(column) > 1:
            raise DataError(say("column_twice", file=name, column=column))
    if frame.empty:
        raise DataError(say("link_empty", file=name))
    ids, alike = matched(frame[study.design.id], study)
    if alike:
        raise DataError(say("file_unfit", file=name, finding=summary(alike)))
    if ids.isna().any():
        raise DataError(say("link_no_id", file=name, n=int(ids.isna().sum()), id=study.design.id))
    if twice := int(ids.duplicated().sum()):
        raise DataError(say("link_twice", file=name, twice=twice))
    out = pd.DataFrame({"id": ids, "person": _keys(frame, name)})
    included = _months(frame[inclusion], name, inclusion)
    if missing := int(included.isna().sum()):
        raise DataError(say("link_no_inclusion", file=name, missing=missing, inclusion=inclusion))
    for wave in study.design.waves:
        if wave.months != round(wave.months):
            raise StudyError(say("register_months", wave=wave.key))
        months = included + round(wave.months)
        column = f"date_{wave.key}"
        if study.register.timing == "interview" and column in frame.columns:
            months = _months(frame[column], name, column).fillna(months)
        out[month_columns([wave.key])[0]] = (months + study.register.lag).astype(np.int64)
    return out.sort_values("id", kind="stable").reset_index(drop=True)


def _keys(frame: pd.DataFrame, name: str) -> pd.Series:
    """RINPERSOON of those in the population register, with the zeros that a spreadsheet drops."""
    kind, key = identifiers(frame[KIND]), identifiers(frame[KEY])
    inside = (kind == IN_POPULATION) & key.notna()
    wrong = inside & ~key.fillna("").str.fullmatch(rf"[0-9]{{1,{DIGITS}}}")
    if wrong.any():
        raise DataError(say("link_key", file=name, n=int(wrong.sum()), key=KEY, digits=DIGITS))
    keys = key.str.zfill(DIGITS).where(inside, None)
    if twice := int(keys.dropna().duplicated().sum()):
        raise DataError(say("link_shared", file=name, twice=twice, key=KEY))
    return keys.astype("object").where(keys.notna(), None)


def _months(values: pd.Series, name: str, column: str) -> pd.Series:
    """Dates as counts of months; NaN where there is none."""
    months = list(map(_month, values, identifiers(values)))
    if wrong := months.count(None):
        raise DataError(say("link_dates", file=name, wrong=wrong, column=column))
    return pd.Series(months, index=values.index, dtype="float64")


def _month(value: Any, text: str | None) -> float | None:
    """The month of a date, NaN for an empty cell, None for what is no date; `text` is the value as text."""
    if hasattr(value, "year") and not pd.isna(value):  # a date or timestamp
        return float(value.year * 12 + value.month - 1)
    if text is None or text == "NA":
        return float("nan")
    for pattern in _DATES:
        if match := re.fullmatch(pattern, text):
            try:
                day = datetime.date(*(int(match[part]) for part in "ymd"))
            except ValueError:  # such as 31 June
                return None
            return float(day.year * 12 + day.month - 1)
    return None
