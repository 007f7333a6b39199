"""Which columns predict which: as mice's quickpred chooses, capped by the sample size.

The cap matters more than the method: with every survey variable as predictor, every regression-type method loses 15 to
20 % of an effect at N = 136 (validation/README.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dnt_cli.imputation.columns import Settings
from dnt_cli.imputation.encoding import EncodedTable, Event

if TYPE_CHECKING:
    from numpy.typing import NDArray

PERSONS_PER_PREDICTOR = 9
"""Default cap: one predictor for so many persons."""
MOST_PREDICTORS = 60
"""The default cap stops growing here, so that time stays linear in persons."""
KNOWN_PER_PREDICTOR = 4
"""A column known for few persons gets fewer predictors: one for so many known values."""
KNOWN_PER_ALWAYS = 2
"""`always` may exceed the cap, but never one predictor for fewer known values than this."""
COLLINEAR = 0.9999
"""Two predictors correlated as strongly as this are one."""


@dataclass(frozen=True, slots=True)
class PredictorMatrix:
    """The columns as predictors: row 0 is ones; a category with L levels is L - 1 indicator rows.

    Attributes:
        rows: (D, n) standardised by the known values, NaN where unknown; row 0 is ones.
        owner: (D,) column index of each row; -1 for row 0.
        code: (D,) the code an indicator row stands for; NaN for a number.
        mean: (D,) subtracted.
        scale: (D,) divided by; 1 for a constant row.
    """

    rows: NDArray[np.float64]
    owner: NDArray[np.intp]
    code: NDArray[np.float64]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]

    def of(self, position: int) -> NDArray[np.intp]:
        """Rows that hold column `position`."""
        return np.flatnonzero(self.owner == position)


def build_design(table: EncodedTable) -> PredictorMatrix:
    """Numbers as they are, categories as indicators of all known levels but the most common."""
    rows, owner, code = [np.ones(table.values.shape[1])], [-1], [np.nan]
    for position, column in enumerate(table.columns):
        values = table.values[position]
        if column.kind == "categorical":
            present, counts = np.unique(values[~np.isnan(values)], return_counts=True)
            kept = np.delete(present, np.argmax(counts)) if present.size > 1 else present
            indicators = [np.where(np.isnan(values), np.nan, values == level) for level in kept]
            rows, owner, code = rows + indicators, owner + [position] * kept.size, code + kept.tolist()
        else:
            rows, owner, code = [*rows, values], [*owner, position], [*code, np.nan]
    stacked = np.stack(rows)
    known = ~np.isnan(stacked)
    count = np.maximum(known.sum(axis=1), 1)
    mean = np.where(known, stacked, 0.0).sum(axis=1) / count
    centred = np.where(known, stacked - mean[:, None], 0.0)
    scale = np.sqrt((centred**2).sum(axis=1) / count)
    scale[~(scale > 1e-12 * np.maximum(np.abs(mean), 1.0))] = 1.0
    mean[0] = 0.0
    scaled = np.where(known, (stacked - mean[:, None]) / scale[:, None], np.nan)
    return PredictorMatrix(scaled, np.array(owner), np.array(code), mean, scale)


def correlations(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """(A, B) absolute pairwise-complete correlations of the rows of `left` (A, n) and `right` (B, n); 0 if none."""
    seen_left, seen_right = (~np.isnan(left)).astype(float), (~np.isnan(right)).astype(float)
    x, y = np.nan_to_num(left), np.nan_to_num(right)
    count = seen_left @ seen_right.T
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_x, mean_y = (x @ seen_right.T) / count, (seen_left @ y.T) / count
        covariance = (x @ y.T) / count - mean_x * mean_y
        variance_x = (x * x) @ seen_right.T / count - mean_x**2
        variance_y = seen_left @ (y * y).T / count - mean_y**2
        product = np.where((variance_x > 1e-10) & (variance_y > 1e-10), variance_x * variance_y, np.inf)
        r = np.abs(covariance) / np.sqrt(product)
    return np.where((count >= 3) & np.isfinite(r), np.minimum(r, 1.0), 0.0)


def default_cap(persons: int) -> int:
    """Most predictors in a model if the settings do not say."""
    return min(max(round(persons / PERSONS_PER_PREDICTOR), 3), MOST_PREDICTORS)


class _Fitted:
    """The design rows that a model takes, judged by the persons that it is fitted on.

    Attributes:
        rows: indices of the rows taken so far.
    """

    def __init__(self, design: NDArray[np.float64], fit: NDArray[np.intp]) -> None:
        self.rows: list[int] = []
        self._design, self._fit = design, fit
        # Orthonormal basis of ones and of the rows without gaps that were taken.
        self._basis = np.full((1, fit.size), 1.0 / np.sqrt(max(fit.size, 1)))

    def varying(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """Those of the rows with at least two different known values."""
        values = self._design[np.ix_(rows, self._fit)]
        low, high = np.fmin.reduce(values, axis=1, initial=np.inf), np.fmax.reduce(values, axis=1, initial=-np.inf)
        varying: NDArray[np.intp] = rows[high > low]
        return varying

    def added(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """Take those of the rows that are no combination of the ones taken; rows with gaps are not judged."""
        taken = []
        for row in rows:
            values = self._design[row, self._fit]
            if not np.isnan(values).any():
                length = float(np.linalg.norm(values - values.mean()))
                for _ in range(2):  # the second time takes off what rounding left
                    values = values - self._basis.T @ (self._basis @ values)
                rest = float(np.linalg.norm(values))
                if rest <= np.sqrt(1.0 - COLLINEAR**2) * length:
                    continue
                self._basis = np.vstack([self._basis, values / rest])
            taken.append(int(row))
        self.rows += taken
        return np.array(taken, dtype=np.intp)


class Selector:
    """Chooses predictors column by column; computes the correlations once.

    Attributes:
        cap: most predictors in a model, dummies counted.
    """

    def __init__(self, table: EncodedTable, design: PredictorMatrix, settings: Settings) -> None:
        self._table, self._design, self._settings = table, design, settings
        observed = (~np.isnan(design.rows)).astype(float)
        self._with_value = correlations(design.rows, design.rows)
        self._with_response = correlations(observed, design.rows)
        constant = np.ptp(np.nan_to_num(design.rows), axis=1) == 0
        fixed = [
            not column.impute and bool(row.any()) for column, row in zip(table.columns, table.unknown, strict=True)
        ]
        self._usable = np.array([not fixed[p] and not constant[design.of(p)].all() for p in range(len(fixed))])
        self.cap = settings.max_predictors or default_cap(table.values.shape[1])
        unknown = table.unknown.astype(float)
        count = unknown.sum(axis=1)[:, None]
        known_there = unknown @ (1.0 - unknown).T
        # (K, K) share of the persons unknown on one column who are known on another.
        self._share = np.divide(known_there, count, out=np.ones(known_there.shape), where=count > 0)

    def choose(self, position: int, fit: NDArray[np.intp]) -> tuple[list[int], NDArray[np.intp], list[Event]]:
        """What predicts column `position`; `always` come first.

        A predictor is judged in the rows that are fitted. One that is constant there, or a combination of those
        before it, has no coefficient that the data determine: what would be drawn for it is noise, and very large.

        Args:
            position: column index.
            fit: (f,) persons on whom its model is fitted.

        Returns:
            column indices; the design rows that show them to the model, without levels that nobody of `fit` has;
            what the analyst should know.
        """
        table, column = self._table, self._table.columns[position]
        index = table.index
        barred = {position, *(index[name] for name in column.never if name in index), *self.relatives(position)}
        wanted = [table.group, *(index[name] for name in column.always if name in index)]
        absent = [name for name in column.always if name not in index]
        events = (
            [Event(column.name, "predictors", "always predictor is not in the table", len(absent))] if absent else []
        )
        strength = self.strength(position)
        fitting = strength >= self._settings.min_correlation
        fitting &= self._share[position] >= self._settings.min_usable
        rest = sorted(np.flatnonzero(fitting).tolist(), key=lambda p: -strength[p])
        cap = min(self.cap, max(fit.size // KNOWN_PER_PREDICTOR, 1))
        limit = max(cap, fit.size // KNOWN_PER_ALWAYS)
        if self._settings.group_interactions:  # every predictor then comes twice
            cap, limit = -(-cap // 2), -(-limit // 2)
        chosen: list[int] = []
        fitted = _Fitted(self._design.rows, fit)
        size = dropped = collinear = constant = 0
        for rank, candidate in enumerate(dict.fromkeys(wanted + rest)):
            if candidate in barred or not self._usable[candidate]:
                continue
            rows = fitted.varying(self._design.of(candidate))
            if not rows.size:
                constant += 1
                continue
            cost = rows.size
            if size + cost > (limit if rank < len(set(wanted)) else cap):
                dropped += candidate in wanted
                continue
            if self.repeats(candidate, chosen) or not (rows := fitted.added(rows)).size:
                collinear += 1
                continue
            chosen.append(candidate)
            size += rows.size
        if dropped:
            events.append(Event(column.name, "predictors", "too few observed: always predictor dropped", dropped))
        if collinear:
            events.append(Event(column.name, "predictors", "collinear predictor dropped", collinear))
        if constant:
            events.append(
                Event(column.name, "predictors", "constant where it is observed: predictor dropped", constant)
            )
        return sorted(chosen), np.array(sorted(fitted.rows), dtype=np.intp), events

    def usable(self, position: int) -> bool:
        """Whether column `position` varies and is, or will be, complete."""
        return bool(self._usable[position])

    def relatives(self, position: int) -> set[int]:
        """What `position` is conditional on, and what is conditional on it: each would fix the other."""
        index, columns = self._table.index, self._table.columns
        ancestors: set[int] = set()
        parent = columns[position].conditional_on
        while parent is not None:
            ancestors.add(index[parent])
            parent = columns[index[parent]].conditional_on
        family = {position}
        while (
            grown := {p for p, c in enumerate(columns) if c.conditional_on and index[c.conditional_on] in family}
            - family
        ):
            family |= grown
        return ancestors | family

    def strength(self, position: int) -> NDArray[np.float64]:
        """(K,) largest absolute correlation of each column with the values of `position` or with their being known."""
        own = self._design.of(position)
        by_row = np.maximum(self._with_value[own].max(axis=0), self._with_response[own].max(axis=0))
        strength = np.zeros(len(self._table.columns))
        np.maximum.at(strength, self._design.owner[1:], by_row[1:])
        return strength

    def repeats(self, candidate: int, chosen: list[int]) -> bool:
        """Whether `candidate` repeats one of `chosen`."""
        if not chosen:
            return False
        others = np.concatenate([self._design.of(p) for p in chosen])
        return bool((self._with_value[np.ix_(self._design.of(candidate), others)] > COLLINEAR).any(axis=1).all())
