"""Frame -> numbers and back: checks, codes, and the cells that follow from others without any model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dnt_cli.errors import DataError
from dnt_cli.imputation.columns import ModelColumn
from dnt_cli.sentences import say

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


MANY_NONZERO = 10
"""So many known values, none of them 0, show that a score is not 0 where its condition holds."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something an analyst should know about one column: never a person, only how many cells or columns."""

    variable: str
    method: str
    event: str
    count: int


@dataclass(frozen=True, slots=True)
class EncodedTable:
    """The columns as numbers, sorted by name so that their order in the frame changes nothing.

    Attributes:
        columns: K columns.
        values: (K, n); categories as codes 0..L-1, NaN where unknown. Cells that follow from others are filled.
        absent: (K, n) True where the frame has no value.
        levels: per column the names of the codes; empty for numbers.
        group: index of the group column.
        sites: (n,) code of each person's site from 0 on, -1 where it is unknown; None without sites.
    """

    columns: tuple[ModelColumn, ...]
    values: NDArray[np.float64]
    absent: NDArray[np.bool_]
    levels: tuple[tuple[object, ...], ...]
    group: int
    sites: NDArray[np.intp] | None = None

    @property
    def index(self) -> dict[str, int]:
        """Position of each column by name."""
        return {column.name: position for position, column in enumerate(self.columns)}

    @property
    def unknown(self) -> NDArray[np.bool_]:
        """(K, n) cells to be imputed by a model."""
        return np.isnan(self.values)

    def generation(self, position: int) -> int:
        """The number of conditions, one on another, that a column depends on; columns with fewer are imputed first."""
        parent = self.columns[position].conditional_on
        return 0 if parent is None else 1 + self.generation(self.index[parent])


def encode(frame: pd.DataFrame, columns: Sequence[ModelColumn], group: str) -> tuple[EncodedTable, list[Event]]:
    """Check `frame` against `columns` and turn it into numbers.

    Raises:
        DataError: a column is not there, is of another kind, has too few values, or contradicts another.
    """
    chosen = {column.name: column for column in columns}
    if len(chosen) < len(columns):
        raise DataError(say("impute_named_twice"))
    if group not in chosen:
        chosen[group] = ModelColumn(group, "binary", impute=False)
    ordered = tuple(chosen[name] for name in sorted(chosen))
    if frame.columns.has_duplicates:
        raise DataError(say("impute_columns_twice"))
    if len(frame) < 2:
        raise DataError(say("impute_few", n=len(frame)))
    for column in ordered:
        if column.name not in frame.columns:
            raise DataError(say("impute_absent", column=column.name))
    coded = [_codes(frame[column.name], column) for column in ordered]
    values = np.stack([code for code, _ in coded])
    absent = np.isnan(values)
    table = EncodedTable(ordered, values, absent, tuple(levels for _, levels in coded), sorted(chosen).index(group))
    if absent[table.group].any():
        count = int(absent[table.group].sum())
        raise DataError(say("impute_no_group", group=group, count=count))
    _check_links(table)
    events = _deduce(table)
    _check_conditions(table)
    for position, column in enumerate(ordered):
        _check_support(column, values[position])
    return table, events


def _codes(series: pd.Series, column: ModelColumn) -> tuple[NDArray[np.float64], tuple[object, ...]]:
    """One column as floats with NaN, and the names of its codes."""
    import pandas as pd

    if isinstance(series.dtype, pd.CategoricalDtype) or column.kind == "categorical":
        return _category_codes(series, column)
    if not (pd.api.types.is_numeric_dtype(series.dtype) or pd.api.types.is_bool_dtype(series.dtype)):
        if series.isna().all():
            return np.full(len(series), np.nan), ()
        raise DataError(say("impute_type", column=column.name, dtype=series.dtype, kind=column.kind))
    if pd.api.types.is_complex_dtype(series.dtype):
        raise DataError(say("impute_complex", column=column.name))
    values = series.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    if np.isinf(values).any():
        raise DataError(say("impute_infinite", column=column.name, n=int(np.isinf(values).sum())))
    if column.kind == "binary" and not np.isin(values[~np.isnan(values)], (0.0, 1.0)).all():
        raise DataError(say("impute_not_binary", column=column.name))
    return values, ()


def _category_codes(series: pd.Series, column: ModelColumn) -> tuple[NDArray[np.float64], tuple[object, ...]]:
    """Codes 0..L-1 of a categorical (or two-level binary) column."""
    import pandas as pd

    categorical = isinstance(series.dtype, pd.CategoricalDtype)
    if column.kind == "continuous":
        raise DataError(say("impute_categories", column=column.name))
    present = series.dropna()
    if categorical:
        levels: tuple[object, ...] = tuple(series.cat.categories)
    else:
        levels = column.levels or tuple(sorted({str(value) for value in present}))
    if not categorical and not present.map(lambda value: isinstance(value, str)).all():
        raise DataError(say("impute_no_text", column=column.name, dtype=series.dtype))
    if column.levels and (stray := int((~present.isin(column.levels)).sum())):
        raise DataError(say("impute_levels", column=column.name, stray=stray, levels=", ".join(column.levels)))
    if column.kind == "binary" and len(levels) != 2:
        raise DataError(say("impute_levels_binary", column=column.name, n=len(levels)))
    codes = pd.Categorical(series, categories=list(levels)).codes.astype(np.float64)
    codes[codes < 0] = np.nan
    return codes, levels


def _check_support(column: ModelColumn, values: NDArray[np.float64]) -> None:
    """Range and number of known values of one column."""
    known = values[~np.isnan(values)]
    outside = np.zeros(known.shape, dtype=bool)
    if column.lower is not None:
        outside |= known < column.lower
    if column.upper is not None:
        outside |= known > column.upper
    if outside.any():
        raise DataError(
            say("impute_range", column=column.name, n=int(outside.sum()), lower=column.lower, upper=column.upper)
        )
    if column.impute and known.size < min(2, values.size):
        raise DataError(say("impute_nothing", column=column.name, n=known.size))


def _check_links(table: EncodedTable) -> None:
    """`conditional_on` names binary columns that are there, without a circle; `always`/`never` name columns."""
    index = table.index
    for column in table.columns:
        seen = {column.name}
        parent = column.conditional_on
        while parent is not None:
            if parent not in index or table.columns[index[parent]].kind != "binary":
                raise DataError(say("impute_parent", column=column.name, parent=parent))
            if parent in seen:
                raise DataError(say("impute_circle", column=column.name, parent=parent))
            seen.add(parent)
            parent = table.columns[index[parent]].conditional_on


def _check_conditions(table: EncodedTable) -> None:
    """What an incomplete column is conditional on is complete, or will be."""
    for position, column in enumerate(table.columns):
        if column.conditional_on is None or not column.impute or not table.unknown[position].any():
            continue
        parent = table.index[column.conditional_on]
        if table.unknown[parent].any() and not table.columns[parent].impute:
            raise DataError(say("impute_parent_gaps", column=column.name, parent=column.conditional_on))


def _deduce(table: EncodedTable) -> list[Event]:
    """Fill what is certain, in place: a condition holds where its column is not 0; a column is 0 where it fails.

    A condition also fails where its column is 0, if that column is a score that is never 0 where the condition holds.
    """
    index, values, columns, events = table.index, table.values, table.columns, []

    def fill(target: int, where: NDArray[np.bool_], value: float, cause: str) -> None:
        certain = where & np.isnan(values[target])
        values[target, certain] = value
        if certain.any():
            events.append(Event(columns[target].name, "deduced", f"deduced: {cause}", int(certain.sum())))

    children = sorted((p for p, c in enumerate(columns) if c.conditional_on is not None), key=table.generation)
    for position in reversed(children):
        parent, name = index[columns[position].conditional_on or ""], columns[position].name
        nonzero = np.nan_to_num(values[position]) != 0
        if clash := int((nonzero & (values[parent] == 0)).sum()):
            raise DataError(say("impute_contradiction", column=name, clash=clash, parent=columns[parent].name))
        fill(parent, nonzero, 1.0, f"1 where '{name}' is not 0")
        held = values[position, values[parent] == 1]
        if columns[position].kind == "continuous" and (held != 0).all() and np.isfinite(held).sum() >= MANY_NONZERO:
            fill(parent, values[position] == 0, 0.0, f"0 where '{name}' is 0, which it never is otherwise")
    for position in children:
        parent = index[columns[position].conditional_on or ""]
        fill(position, values[parent] == 0, 0.0, f"0 where '{columns[parent].name}' is 0")
    return events


class Decoder:
    """Puts imputed cells into copies of the frame's incomplete columns, several data sets below each other."""

    def __init__(self, frame: pd.DataFrame, table: EncodedTable) -> None:
        self._table = table
        incomplete = [p for p, column in enumerate(table.columns) if column.impute and (table.absent[p]).any()]
        self._arrays = {p: frame[table.columns[p].name].array for p in incomplete}

    def __call__(
        self, cells: Mapping[int, NDArray[np.float64]], sets: int
    ) -> dict[str, pd.api.extensions.ExtensionArray]:
        """The completed columns (sets * n,) by name, with the dtypes of the frame.

        Args:
            cells: per column index (sets, u) the values of its unknown cells, in row order.
            sets: number of data sets.
        """
        filled, rows = {}, np.tile(np.arange(self._table.values.shape[1]), sets)
        for position, array in self._arrays.items():
            values, absent = self._table.values[position][rows], self._table.absent[position][rows]
            if position in cells:
                values[np.isnan(values)] = cells[position].ravel()
            name, levels = self._table.columns[position].name, self._table.levels[position]
            filled[name] = _filled(array.take(rows), absent, values, levels)
        return filled


def _filled(
    array: pd.api.extensions.ExtensionArray,
    absent: NDArray[np.bool_],
    values: NDArray[np.float64],
    levels: tuple[object, ...],
) -> pd.api.extensions.ExtensionArray:
    """`array` with `values` where it is absent; what was observed is not decoded."""
    import pandas as pd

    if isinstance(array, pd.Categorical):
        codes = array.codes.copy()
        codes[absent] = values[absent].astype(codes.dtype)
        return pd.Categorical.from_codes(codes, dtype=array.dtype, validate=False)
    if levels:
        array[absent] = [levels[int(code)] for code in values[absent]]
    elif pd.api.types.is_float_dtype(array.dtype):
        array[absent] = values[absent]
    else:
        whole = np.rint(values[absent])
        array[absent] = whole.astype(bool) if pd.api.types.is_bool_dtype(array.dtype) else whole.astype(np.int64)
    return array
