"""Numbers that stand in the file as text: decimal commas, thousands, dates that a spreadsheet made of them."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from dnt_cli.reading.table import DataTable, Distinct, Variable

_SPACES = re.compile(r"[\s\u00a0\u202f']+")
_SPACED = re.compile(r"\s*[-+\u2212]?\d{1,3}(?:[\s\u00a0\u202f']\d{3})+(?:[.,]\d+)?\s*")  # 1 000
_SIGNED = re.compile(r"^[-+\u2212](?=[^-+\u2212])")
_SHAPES = (  # the first that fits; of a number without signs of thousands or decimals it does not matter which
    ("whole", re.compile(r"\d+")),
    ("point thousands", re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+,\d+|[1-9]\d{0,2}(?:\.\d{3}){2,}")),
    ("comma thousands", re.compile(r"[1-9]\d{0,2}(?:,\d{3})+\.\d+|[1-9]\d{0,2}(?:,\d{3}){2,}")),
    ("point or thousands", re.compile(r"[1-9]\d{0,2}\.\d{3}")),
    ("comma or thousands", re.compile(r"[1-9]\d{0,2},\d{3}")),
    ("point", re.compile(r"(?:\d+\.\d*|\.\d+|\d+(?=e))(?:e[-+]?\d+)?", re.IGNORECASE)),
    ("comma", re.compile(r"(?:\d+,\d*|,\d+)(?:e[-+]?\d+)?", re.IGNORECASE)),
)
_SIGN = {"point": ".", "comma thousands": ".", "comma": ",", "point thousands": ","}  # shape -> decimal sign it shows
_OPEN = ("point or thousands", "comma or thousands")
_ERRORS = {"#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#GETTING_DATA", "#SPILL!", "#CALC!"}
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T].*)?|(\d{1,2})-(\d{1,2})-(\d{4})")
_MONTH = "jan feb mrt mar apr mei may jun jul aug sep okt oct nov dec".replace(" ", "|")
_DATE_TEXT = re.compile(
    rf"\d{{1,4}}[-/]\d{{1,2}}[-/]\d{{1,4}}|\d{{1,2}}[-/ ](?:{_MONTH})\w*|(?:{_MONTH})\w*[-/ ]\d{{1,4}}", re.IGNORECASE
)


def shape(text: str) -> str | None:
    """How a number is written, without its sign; None for what is no number."""
    plain = _unsigned(text)
    for name, pattern in _SHAPES:
        if pattern.fullmatch(plain):
            return name
    return None


def _unsigned(text: str) -> str:
    plain = _SPACES.sub("", text) if _SPACED.fullmatch(text) else text.strip()
    return _SIGNED.sub("", plain)


def numbers(table: DataTable) -> None:
    """Texts become numbers where the file shows how they are written; where it does not, that is an error."""
    columns = []
    for column, variable in table.of("outcome", "covariate"):
        values = table.frame[column]
        if variable.key == table.study.design.interview_date and values.dtype.kind not in "fiub":
            _days(table, column)
        elif values.dtype.kind in "mM" or (not variable.numeric and values.dtype == "object"):
            _dates(table, column, variable)
        elif variable.numeric and values.dtype.kind not in "fiub":
            _dates(table, column, variable)
            columns.append((column, variable, Distinct.of(table.frame[column])))
    signs = set(table.decimals)
    for _, _, distinct in columns:
        signs |= {_SIGN[s] for s in _shapes(distinct) if s in _SIGN}
    for column, variable, distinct in columns:
        _column(table, column, variable, distinct, signs)


def _shapes(distinct: Distinct, *, sure: bool = False) -> Counter[str]:
    """How often numbers are written in which way; `sure` leaves out 5.0, which programs write beside 1.234 too."""
    found: Counter[str] = Counter()
    for value, count in zip(distinct.values, distinct.counts, strict=True):
        if isinstance(value, str) and (name := shape(value)) and not (sure and value.rstrip().endswith(".0")):
            found[name] += count
    return found


def _column(table: DataTable, column: str, variable: Variable, distinct: Distinct, signs: set[str]) -> None:
    own = {_SIGN[s] for s in _shapes(distinct, sure=True) if s in _SIGN}
    decimal = table.study.source.decimal or _only(own) or _only(signs)
    change: dict[int, Any] = {}
    for place, (value, count) in enumerate(zip(distinct.values, distinct.counts, strict=True)):
        if not isinstance(value, str):
            continue
        if value.strip() in _ERRORS:
            table.notes.add("error", variable.key, "excel_error", count)
            change[place] = None
        name = shape(value)
        if name is None:
            continue
        if name in _OPEN and decimal is None:
            table.notes.add("error", variable.key, "thousands_open", count, section="[files]")
            change[place] = None
            continue
        change[place] = number(value, name, decimal)
        if name == "comma" or (name == "comma or thousands" and decimal == ","):
            table.notes.add("warning", variable.key, "decimal_comma", count)
        elif "thousands" in name and not (name == "point or thousands" and decimal == "."):
            table.notes.add("warning", variable.key, "thousands_read", count)
    table.frame[column] = _tidy(distinct.replaced(change, table.frame[column]))


def _only(signs: set[str]) -> str | None:
    return next(iter(signs)) if len(signs) == 1 else None


def number(text: str, name: str, decimal: str | None) -> float:
    """The number that a text of this `shape` is; `decimal` tells what 1.785 and 1,785 are."""
    sign = _SIGN.get(name, decimal)
    assert sign is not None or name == "whole"
    plain = _unsigned(text).replace("," if sign == "." else ".", "").replace(",", ".")
    negative = text.strip()[:1] in "-\u2212"
    return -float(plain) if negative else float(plain)


def _tidy(values: pd.Series) -> pd.Series:
    """Floats, unless something is left that is no number."""
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values.dropna()):
        return values.astype(object).where(values.notna(), np.nan).astype("float64")  # gaps of any kind
    return values


def _dates(table: DataTable, column: str, variable: Variable) -> None:
    """A score that is a date was typed as 3-4 or 1/2, and a spreadsheet made something else of it."""
    distinct = Distinct.of(table.frame[column])
    change: dict[int, Any] = {}
    for place, (value, count) in enumerate(zip(distinct.values, distinct.counts, strict=True)):
        dated = isinstance(value, (datetime.date, datetime.time, pd.Timestamp))
        if dated or (variable.numeric and isinstance(value, str) and _DATE_TEXT.fullmatch(value.strip())):
            table.notes.add("error", variable.key, "dates", count)
            change[place] = None
    if change:
        table.frame[column] = distinct.replaced(change, table.frame[column])


def _days(table: DataTable, column: str) -> None:
    """Dates become days since 1970; what is no date stays as it is, which is an error when the column is cast."""
    distinct = Distinct.of(table.frame[column])
    change: dict[int, Any] = {}
    for place, value in enumerate(distinct.values):
        day = value.date() if isinstance(value, (datetime.datetime, pd.Timestamp)) else value
        if isinstance(value, str) and (match := _DATE.fullmatch(value.strip())):
            day = _date(*map(int, match.groups("0")))
        if isinstance(day, datetime.date):
            change[place] = float((day - datetime.date(1970, 1, 1)).days)
    table.frame[column] = _tidy(distinct.replaced(change, table.frame[column]))


def _date(year: int, month: int, day: int, day_first: int, month_second: int, year_last: int) -> datetime.date | None:
    """2020-03-12 or 12-03-2020; None for a date that does not exist."""
    try:
        return datetime.date(year or year_last, month or month_second, day or day_first)
    except ValueError:
        return None
