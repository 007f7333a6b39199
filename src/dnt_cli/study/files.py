"""Where the answers are and how their files are written: several files, wide files, codes, ids, decimals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Code = float | str
Codes = tuple[Code, ...]


@dataclass(frozen=True)
class DataFile:
    """One file, joined to the others on id and wave."""

    path: str  # in the folder that the command is given
    wave: str | None = None  # the wave of all its rows
    wave_column: str | None = None  # which says it of each row; default: the design's, if it is there; else all waves
    wave_codes: dict[str, str] = field(default_factory=dict)  # code in that column -> wave of the study
    id: str | None = None  # the column with the person's id, if it is not the design's
    columns: dict[str, str] = field(default_factory=dict)  # name in the file -> name in the study
    only: tuple[str, ...] = ()  # the columns to take, by their name in the study; default: all


@dataclass(frozen=True)
class Source:
    """How the files of another program are to be read; these keys stand in `[files]` itself."""

    layout: Literal["long", "wide"] | None = None  # a row per person and wave, or per person; default: as recognised
    pattern: str | None = None  # columns of a wide file, such as "{outcome}_{wave}"; default: as recognised
    columns: dict[str, str] = field(default_factory=dict)  # name in the file -> name in the study (or outcome_wave)
    wave_codes: dict[str, str] = field(default_factory=dict)  # code in the wave column -> wave of the study
    sheet: str | None = None  # of a workbook; default: the first
    header_row: int | None = None  # the row with the names of the columns, counted from 1; default: as recognised
    missing: Codes = ()  # codes and words for no answer, in every outcome and covariate
    missing_words: tuple[str, ...] | None = None  # words that always mean no answer; default: NaN, N/A, n.v.t., ...
    decimal: Literal[".", ","] | None = None  # the other one then stands between thousands; default: as the file shows
    id_width: int | None = None  # digits of an id; restores zeros that a spreadsheet dropped
    id_match: Literal["careful", "exact", "folded"] = "careful"  # ids that differ in zeros, capitals or blanks:
    # careful: an error; exact: other persons; folded: the same person


SOURCE_KEYS = frozenset(Source.__dataclass_fields__)


def level_name(value: Code) -> str:
    """A level as the study file writes it in `levels`: 1.0 of TOML is the level 1."""
    return f"{value:g}" if isinstance(value, float) else value
