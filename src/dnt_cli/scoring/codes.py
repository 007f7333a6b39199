"""Answers to items as numbers: what is out of range, and whether the file is coded as the study says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dnt_cli.arrays import Floats
from dnt_cli.errors import DataError
from dnt_cli.sentences import say
from dnt_cli.study import Instrument
from dnt_cli.study.instruments import definition

# Another coding is taken to be the true one if there are at most so many codes of the declared one only per code of the
# other only. A code of neither, such as 99 for no answer, tells nothing.
_UNEXPLAINED = 0.1
_COMMA = re.compile(r"^([-+]?\d+),(\d+)$")
_TRUTHS = {"true": 1, "false": 0}  # as R and Excel spell them


@dataclass(frozen=True, slots=True)
class Answers:
    """The items of one questionnaire.

    Attributes:
        codes: shape (n, items), in the instrument's own coding, NaN where unanswered or not a code.
        no_number: per item, the number of values that are no number.
        outside: per item, the number of values that are no code of the item.
        also: wave -> another coding or version, where no answer tells it from the declared one.
    """

    codes: Floats
    no_number: NDArray[np.int64]
    outside: NDArray[np.int64]
    also: dict[str, str]


def read_answers(frame: pd.DataFrame, key: str, instrument: Instrument, waves: pd.Series) -> Answers:
    """The items of `instrument` from their columns.

    The coding is checked wave by wave, since each wave may come from a file of its own.

    Raises:
        DataError: The codes contradict the coding or the version that the study declares.
    """
    raw = np.full((len(frame), len(instrument.item_names)), np.nan)
    no_number = np.zeros(raw.shape[1], dtype=np.int64)
    for i, column in enumerate(instrument.column_names.values()):
        values = frame[column]
        text = values.astype("object").where(values.notna(), None).map(_plain)
        text = text.where(text != "", None)
        raw[:, i] = pd.to_numeric(text, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        no_number[i] = int((text.notna() & np.isnan(raw[:, i])).sum())
    shift = 0.0 if instrument.coding is None else instrument.codings[instrument.coding]
    fits = _fits(raw, _limits(instrument, instrument.coding))
    also: dict[str, str] = {}
    for name, limits in _alternatives(instrument):
        other = _fits(raw, limits)
        for wave in dict.fromkeys(waves):
            rows = (waves == wave).to_numpy()
            against, for_it = other[rows] & ~fits[rows], fits[rows] & ~other[rows]
            if against.any() and for_it.sum() <= _UNEXPLAINED * against.sum():
                _refuse(key, instrument, name, wave, against)
            if fits[rows].any() and not against.any() and not for_it.any():
                also[wave] = name
    low = np.array([instrument.limits(item)[0] for item in instrument.item_names])
    codes = np.where(fits, raw - shift + (low if instrument.coding is not None else 0.0), np.nan)
    return Answers(codes, no_number, (~fits & ~np.isnan(raw)).sum(axis=0), also)


def _plain(value: object) -> object:
    """Text without spaces around it and with a decimal point, and the words for true and false as 1 and 0.

    In a column that also holds words no reader has turned the decimal commas of the other answers into points.
    """
    if not isinstance(value, str):
        return value
    text = value.strip()
    return _TRUTHS.get(text.lower(), _COMMA.sub(r"\1.\2", text))


def _limits(instrument: Instrument, coding: str | None) -> Floats:
    """Lowest and highest code per item as they stand in a file, shape (items, 2)."""
    limits = np.array([instrument.limits(item) for item in instrument.item_names])
    return limits if coding is None else limits - limits[:, :1] + instrument.codings[coding]


def _fits(raw: Floats, limits: Floats) -> NDArray[np.bool_]:
    return np.asarray((raw >= limits[:, 0]) & (raw <= limits[:, 1]) & (raw == np.round(raw)))


def _alternatives(instrument: Instrument) -> Iterator[tuple[str, Floats]]:
    """Other codings of the same questionnaire, and other versions of it that have the same items."""
    for coding in instrument.codings:
        if coding != instrument.coding:
            yield f'coding = "{coding}"', _limits(instrument, coding)
    for version in instrument.versions:
        other = definition(version)["range"]
        limits = np.array([other.get(item, other["all"]) for item in instrument.item_names], dtype=float)
        yield f'definition = "{version}"', limits


def _refuse(key: str, instrument: Instrument, other: str, wave: str, wrong: NDArray[np.bool_]) -> None:
    columns = np.array(list(instrument.column_names.values()))[wrong.any(axis=0)]
    declared = f'coding = "{instrument.coding}"' if instrument.coding else f'definition = "{instrument.definition}"'
    more = f" and {len(columns) - 3} more" if len(columns) > 3 else ""
    raise DataError(
        say(
            "coding_contradicted",
            wave=wave,
            declared=declared,
            key=key,
            wrong=wrong.sum(),
            columns=", ".join(columns[:3]),
            more=more,
            other=other,
            setting=other.replace(" = ", "="),
        )
    )
