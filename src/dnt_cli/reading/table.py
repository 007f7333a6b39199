"""A table on its way from the cells of a file to a survey: what each column is, and what was noticed so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from dnt_cli.findings import Finding
from dnt_cli.reading.dictionary import Dictionary
from dnt_cli.study import Code, Covariate, Outcome, Study
from dnt_cli.study.source_rules import same_code

Role = Literal["id", "wave", "group", "site", "outcome", "covariate"]
Level = Literal["error", "warning"]


@dataclass(frozen=True)
class Variable:
    """What a column of the file is in the study.

    Attributes:
        key: the name in the study; of a wide column without its wave.
        role: an outcome, a covariate, or one of the design's columns.
        outcome: its settings, if it is one.
        covariate: its settings, if it is one.
        wave: of a wide column.
    """

    key: str
    role: Role
    outcome: Outcome | None = None
    covariate: Covariate | None = None
    wave: str | None = None

    @property
    def section(self) -> str:
        """The section of the study file that describes it."""
        return f"[{self.role}s.{self.key}]" if self.role in ("outcome", "covariate") else "[design]"

    @property
    def numeric(self) -> bool:
        """Whether its values are numbers."""
        return self.outcome is not None or (self.covariate is not None and self.covariate.kind == "continuous")

    @property
    def missing(self) -> tuple[Code, ...]:
        """Its own codes for no answer."""
        spec = self.outcome or self.covariate
        return () if spec is None else spec.missing


class Notes:
    """Findings under way; the same one of several columns or waves of a variable is counted once."""

    def __init__(self) -> None:
        self._found: dict[tuple[Level, str, str, tuple[tuple[str, Any], ...]], Counter[str]] = {}

    def add(self, level: Level, column: str, name: str, count: int = 1, *, code: str = "", **values: Any) -> None:
        """Count something; `code` is what it is listed under, `name` the key in `words/reading.toml`."""
        if count:
            key = (level, column, f"reading.{name}", tuple(values.items()))
            self._found.setdefault(key, Counter())[code] += count

    def all(self) -> list[Finding]:
        """The findings in the order in which they were first met."""
        out = []
        for (level, column, name, values), counts in self._found.items():
            listed = ", ".join(f"{code}: {count}" for code, count in counts.items() if code)
            counted = {"count": counts.total(), "codes": listed, "by_code": dict(counts)}
            out.append(Finding(level, column, name, dict(values) | counted))
        return out


@dataclass
class DataTable:
    """The state that the steps of `prepare` change.

    Attributes:
        frame: the values.
        dictionary: what the file says about them.
        study: what they should be.
        notes: what was noticed.
        variables: by column of the frame.
        decimals: decimal signs that other columns of the file are known to have.
        wide: a row per person still, with columns for the waves.
    """

    frame: pd.DataFrame
    dictionary: Dictionary
    study: Study
    notes: Notes = field(default_factory=Notes)
    variables: dict[str, Variable] = field(default_factory=dict)
    decimals: frozenset[str] = frozenset()
    wide: bool = False

    def of(self, *roles: Role) -> list[tuple[str, Variable]]:
        """The columns with these roles; those that stand there twice are left to the check of the survey."""
        names = Counter(map(str, self.frame.columns))
        return [(c, v) for c, v in self.variables.items() if v.role in roles and names[c] == 1]

    def labels(self, column: str) -> dict[Code, Code]:
        """Code -> its label in the file, both in the form in which they are compared."""
        pairs = ((code_of(code), same_code(label)) for code, label in self.dictionary.values.get(column, {}).items())
        return {code: label for code, label in pairs if code is not None}


def variables(study: Study, columns: Iterable[str]) -> dict[str, Variable]:
    """What each column is, if the study knows it under its own name or as `<outcome>_<wave>`."""
    design = study.design
    roles: dict[str, Role] = {design.id: "id", design.wave: "wave", design.group: "group"}
    roles |= dict.fromkeys(design.places, "site")
    known = {name: Variable(name, role) for name, role in roles.items()}
    known |= {key: Variable(key, "covariate", covariate=spec) for key, spec in study.covariates.items()}
    known |= {key: Variable(key, "outcome", outcome=spec) for key, spec in study.measured.items()}
    for column, (key, wave) in study.columns.items():
        if key in study.measured and column not in known:
            known[column] = Variable(key, "outcome", outcome=study.measured[key], wave=wave)
    return {column: known[column] for column in dict.fromkeys(columns) if column in known}


@dataclass(frozen=True)
class Distinct:
    """The different values of a column: how often each is there, and where.

    Attributes:
        values: (k,) as they stand in the file; none is missing.
        counts: (k,) rows.
        places: (n,) which of the values stands in each row; -1 for an empty cell.
    """

    values: list[Any]
    counts: list[int]
    places: np.ndarray[Any, np.dtype[np.intp]]

    @classmethod
    def of(cls, column: pd.Series) -> Distinct:
        """Equal values of different types, such as True and 1, stay apart."""
        if isinstance(column.dtype, pd.CategoricalDtype):
            places, values = column.cat.codes.to_numpy().astype(np.intp), list(column.cat.categories)
        elif column.dtype != "object" or pd.api.types.infer_dtype(column, skipna=True) in ("string", "empty"):
            places, found = pd.factorize(column)
            values = list(found)
        else:
            places, values = _by_type(column)
        counts = np.bincount(places[places >= 0], minlength=len(values))
        return cls(values, [int(count) for count in counts], places)

    def coded(self) -> Iterator[tuple[int, Any, int, Code]]:
        """Of each value that can be a code: its position in `values`, it itself, its rows, and the code."""
        for place, (value, count) in enumerate(zip(self.values, self.counts, strict=True)):
            code = code_of(value)
            if code is not None:
                yield place, value, count, code

    def replaced(self, change: dict[int, Any], column: pd.Series) -> pd.Series:
        """The column with other values at these positions of `values`; None empties the cells."""
        if not change:
            return column
        new = pd.Series([*(change.get(i, value) for i, value in enumerate(self.values)), None], dtype="object")
        return pd.Series(new.to_numpy()[self.places], index=column.index, name=column.name, dtype="object")


def _by_type(column: pd.Series) -> tuple[np.ndarray[Any, np.dtype[np.intp]], list[Any]]:
    known: dict[tuple[type, Any], int] = {}
    values: list[Any] = []
    places = np.empty(len(column), dtype=np.intp)
    for row, value in enumerate(column):
        if pd.api.types.is_scalar(value) and pd.isna(value):
            places[row] = -1
            continue
        try:
            place = known.setdefault((type(value), value), len(values))
        except TypeError:  # a list in a cell
            place = len(values)
        if place == len(values):
            values.append(value)
        places[row] = place
    return places, values


def code_of(value: Any) -> Code | None:
    """What a value is compared by with codes of the study file; None for what no code can be."""
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value)).casefold()
    if isinstance(value, (int, float, np.integer, np.floating)):
        return float(value)
    return same_code(value) if isinstance(value, str) else None


def shown(code: Code) -> str:
    """A code as messages write it."""
    return f"{code:.15g}" if isinstance(code, float) else code
