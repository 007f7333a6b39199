"""What changed in the records of persons: counts only, never an id or a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from dnt_cli.arrays import Flags
from dnt_cli.diff.layout import known, without_empty_end
from dnt_cli.study import Study
from dnt_cli.tables import Cell, Column, Section, Table
from dnt_cli.wording import Wording

if TYPE_CHECKING:
    from dnt_cli.diff import Difference
    from dnt_cli.stagefile.container import Stage

IMPUTATION, ROW = ".imp", ".id"  # of mice's long format


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many two files share."""

    both: int
    only_a: int
    only_b: int

    @property
    def same(self) -> bool:
        """Whether they have the same ones."""
        return not self.only_a and not self.only_b


@dataclass(frozen=True, slots=True)
class RecordChanges:
    """The records of two files side by side.

    Attributes:
        persons: By id.
        rows: By person and wave; in imputations, by person and imputation.
        imputations: m of each file; None for other kinds.
        columns: A row per column: `column`, `outcome` and `wave` (where it is one at a wave), `type_a`, `type_b` (empty
            where the file lacks it), `cells` in both files and how many `differ`; `imputed` cells and
            `imputed_differ`, which the former two leave out; `change` (`same`, `values`, `type`, `added`, `removed`).
    """

    persons: Overlap
    rows: Overlap
    imputations: tuple[int, int] | None
    columns: pd.DataFrame

    @classmethod
    def between(cls, a: Stage, b: Stage) -> Self:
        """Join two files of records."""
        return cls.of(a.frame, b.frame, (a.study, b.study), (a.parquet.schema_arrow, b.parquet.schema_arrow))

    @classmethod
    def of(
        cls, a: pd.DataFrame, b: pd.DataFrame, studies: tuple[Study, Study], schemas: tuple[pa.Schema, pa.Schema]
    ) -> Self:
        """Join two survey, answers, register or imputations files on person and wave, or on person and imputation.

        Args:
            a: The first file; the order of its rows does not matter.
            b: The second.
            studies: Name the columns with person and wave.
            schemas: Types of the columns as they are stored.
        """
        imputed = IMPUTATION in a.columns and IMPUTATION in b.columns
        first, persons_a = _keyed(a, studies[0], imputed=imputed)
        second, persons_b = _keyed(b, studies[1], imputed=imputed)
        common = first.index.intersection(second.index)
        keys = {ROW, IMPUTATION, *(name for s in studies for name in (s.design.id, s.design.wave))}
        one, two = first.loc[common], second.loc[common]
        completed = _completed(one, two, common) if imputed else None
        rows = []
        for name in dict.fromkeys([*b.columns, *a.columns]):
            if name not in keys:
                types = [_type(schema.field(name).type) if name in schema.names else "" for schema in schemas]
                rows.append(_column(str(name), one, two, types, completed, studies[1]))
        m = (_last(a[IMPUTATION]), _last(b[IMPUTATION])) if imputed else None
        persons = Overlap(len(persons_a & persons_b), len(persons_a - persons_b), len(persons_b - persons_a))
        overlap = Overlap(len(common), len(first) - len(common), len(second) - len(common))
        return cls(persons, overlap, m, pd.DataFrame(rows, columns=list(_COLUMNS)))

    @property
    def same(self) -> bool:
        """Whether all records are exactly the same."""
        return bool((self._counts()["change"] == "same").all() and (self.columns["change"] == "same").all())

    def sizes(self, found: Difference) -> dict[str, tuple[str, str]]:
        """None: the headline has them."""
        return {}

    def headline(self, found: Difference, wording: Wording) -> str:
        """How many persons and rows are in both, and how many columns and cells differ."""
        columns, m, say = self.columns, self.imputations, wording.text
        parts = [_shared("persons", self.persons, wording)]
        if m is None:
            parts.append(_shared("rows", self.rows, wording))
            other = int((columns["change"] != "same").sum())
            cells = int(columns["differ"].sum())
            parts.append(say(f"diff.columns_{'differ' if other else 'same'}", n=other, all=len(columns), cells=cells))
        else:
            answers, cells, all_imputed, imputed = (int(columns[name].sum()) for name in _COUNTS)
            parts.append(say(f"diff.observed_{'differ' if cells else 'same'}", cells=cells, all=answers))
            parts.append(say(f"diff.imputed_{'differ' if imputed else 'same'}", cells=imputed, all=all_imputed))
            removed, added = (int((columns["change"] == word).sum()) for word in ("removed", "added"))
            parts += [say("diff.columns_only", a=removed, b=added)] if removed or added else []
            parts += [say("diff.imputations", a=m[0], b=m[1])] if m[0] != m[1] else []
        return "; ".join(parts) + "."

    def table(self, found: Difference, wording: Wording, *, everything: bool) -> list[Table]:
        """The columns that differ; imputations by outcome, since another seed changes every wave."""
        columns, say = self.columns, wording.text
        kept = columns if everything else columns[columns["change"] != "same"]
        if not len(kept):
            return []
        headings, notes = [Column(say("diff.column"), "left")], [say("diff.records_note")]
        counts: tuple[str, ...] = ("cells",)
        if self.imputations is not None:
            headings.append(Column(say("diff.waves"), "left"))
            counts = ("answers", "imputed")
            notes.append(say("diff.imputed_note", m=min(self.imputations)))
        headings += [*(Column(say(f"diff.{key}")) for key in counts), Column(say("diff.change"), "left")]
        rows = kept.to_dict("records") if everything or self.imputations is None else _by_outcome(kept)
        body = tuple(_row(row, wording, imputed=self.imputations is not None) for row in rows)
        hidden = len(columns) - len(kept)
        notes += [say("diff.hidden", n=hidden)] if hidden else []
        title = say("diff.records_all" if everything else "diff.records_title")
        return [without_empty_end(Table(title, tuple(headings), (Section("", body),), tuple(notes)))]

    def frame(self) -> pd.DataFrame:
        """How many persons, rows and imputations there are in each file, then the columns."""
        return pd.concat([self._counts(), self.columns], ignore_index=True)

    def _counts(self) -> pd.DataFrame:
        counts = {
            name: (n.both + n.only_a, n.both + n.only_b, n.both, n.same)
            for name, n in (("persons", self.persons), ("rows", self.rows))
        }
        if (m := self.imputations) is not None:
            counts["m"] = (*m, min(m), m[0] == m[1])
        rows = [(name, a, b, both, "same" if same else "changed") for name, (a, b, both, same) in counts.items()]
        return pd.DataFrame(rows, columns=["item", "a", "b", "both", "change"])


_COLUMNS = (
    "column", "outcome", "wave", "type_a", "type_b", "cells", "differ", "imputed", "imputed_differ", "change",
)  # fmt: skip


def _keyed(frame: pd.DataFrame, study: Study, *, imputed: bool) -> tuple[pd.DataFrame, set[str]]:
    """The frame under its keys, and its persons; rows that share their keys are numbered in their order."""
    person = frame[study.design.id].astype(str)
    wave = IMPUTATION if imputed else study.design.wave
    moment = frame[wave].astype(str) if wave in frame.columns else pd.Series("", index=frame.index)
    number = frame.groupby([person.rename("p"), moment.rename("m")], observed=True).cumcount()
    index = pd.MultiIndex.from_arrays([person, moment, number], names=["person", "moment", "number"])
    return frame.set_axis(index, axis=0), set(person)


@dataclass(frozen=True, slots=True)
class _Completed:
    """Which of the common rows are completed data, and where each finds its person as observed (-1: nowhere)."""

    later: Flags
    observed: NDArray[np.intp]


def _last(numbers: pd.Series) -> int:
    """The number of the last imputation; 0 in an empty file."""
    return int(numbers.max()) if len(numbers) else 0


def _completed(one: pd.DataFrame, two: pd.DataFrame, common: pd.Index) -> _Completed:
    numbers = one[IMPUTATION].to_numpy()
    zero = np.flatnonzero(numbers == 0)
    persons = common.get_level_values("person")
    places = pd.Index(persons[zero]).get_indexer(persons)
    return _Completed(numbers > 0, np.where(places < 0, -1, zero[places] if len(zero) else -1))


def _column(
    name: str, one: pd.DataFrame, two: pd.DataFrame, types: list[str], completed: _Completed | None, study: Study
) -> dict[str, Any]:
    outcome, wave = study.columns.get(name, ("", ""))
    row: dict[str, Any] = {"column": name, "outcome": outcome, "wave": wave, "type_a": types[0], "type_b": types[1]}
    row |= dict.fromkeys(_COUNTS, 0)
    if "" in types:
        return row | {"change": "removed" if types[0] else "added"}
    other = _differ(one[name], two[name])
    given = np.ones(len(other), dtype=bool)
    if completed is not None:
        gap = one[name].isna().to_numpy() & two[name].isna().to_numpy()
        filled = completed.later & (completed.observed >= 0) & gap[completed.observed]
        given = ~completed.later
        row |= {"imputed": int(filled.sum()), "imputed_differ": int((other & filled).sum())}
    row |= {"cells": int(given.sum()), "differ": int((other & given).sum())}
    values = row["differ"] or row["imputed_differ"]
    return row | {"change": "type" if types[0] != types[1] else "values" if values else "same"}


def _differ(a: pd.Series, b: pd.Series) -> Flags:
    """Which cells are not exactly the same; two gaps are the same."""
    gaps = [series.isna().to_numpy() for series in (a, b)]
    if all(pd.api.types.is_numeric_dtype(series) for series in (a, b)):
        values = [series.to_numpy(dtype=float, na_value=np.nan) for series in (a, b)]
    else:
        values = [series.astype(str).to_numpy(dtype=object) for series in (a, b)]
    return np.asarray(np.where(gaps[0] | gaps[1], gaps[0] != gaps[1], values[0] != values[1]), dtype=bool)


def _type(stored: pa.DataType) -> str:
    """What a column holds, apart from how many bytes it takes."""
    if pa.types.is_dictionary(stored):
        return "levels"
    tests = {
        "yes/no": pa.types.is_boolean,
        "whole": pa.types.is_integer,
        "number": pa.types.is_floating,
        "text": lambda t: pa.types.is_string(t) or pa.types.is_large_string(t),
        "date": pa.types.is_temporal,
    }
    return next((name for name, test in tests.items() if test(stored)), str(stored))


_COUNTS = ("cells", "differ", "imputed", "imputed_differ")


def _shared(key: str, found: Overlap, wording: Wording) -> str:
    only = "" if found.same else wording.text("diff.only", a=found.only_a, b=found.only_b)
    return wording.text(f"diff.{key}", both=found.both, only=only)


def _by_outcome(columns: pd.DataFrame) -> list[dict[Any, Any]]:
    """One row per outcome and kind of change, its waves beside each other."""
    named = columns.assign(column=columns["outcome"].where(columns["outcome"] != "", columns["column"]))
    parts = named.groupby(["column", "change", "type_a", "type_b"], sort=False, as_index=False)
    how: dict[str, Any] = {"outcome": "first", "wave": " ".join, **dict.fromkeys(_COUNTS, "sum")}
    return parts.agg(how).to_dict("records")


def _row(row: Mapping[Any, Any], wording: Wording, *, imputed: bool) -> tuple[Cell, ...]:
    name = row["outcome"] if imputed and row["outcome"] else row["column"]
    cells = [Cell(name), Cell(_span(row["wave"].split(), wording.study))] if imputed else [Cell(name)]
    one_sided = row["change"] in ("added", "removed")
    for differ, of in (("differ", "cells"), ("imputed_differ", "imputed"))[: 2 if imputed else 1]:
        cells.append(Cell("" if one_sided else f"{row[differ]}/{row[of]}"))
    word = ""
    if one_sided:
        word = wording.text(f"diff.{row['change']}")
    elif row["change"] == "type":
        a, b = (known(f"type_{row[side]}", wording) for side in ("type_a", "type_b"))
        word = wording.text("diff.type", a=a, b=b)
    return (*cells, Cell(word))


def _span(waves: list[str], study: Study) -> str:
    """`T1-T4` for waves that follow each other, else all of them."""
    order = [wave for wave in study.design.wave_keys if wave in waves]
    places = [study.design.wave_keys.index(wave) for wave in order]
    if len(order) > 2 and places == list(range(places[0], places[-1] + 1)):
        return f"{order[0]}-{order[-1]}"
    return " ".join(waves)
