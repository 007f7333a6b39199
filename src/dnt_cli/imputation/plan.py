"""The plan of a chained-equations run: per incomplete column its model, its rows and its predictors, as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dnt_cli.errors import DataError
from dnt_cli.imputation.block_plan import make_blocks
from dnt_cli.imputation.columns import Method, ModelColumn, Settings
from dnt_cli.imputation.encoding import EncodedTable, Event
from dnt_cli.imputation.person_blocks import PersonBlock
from dnt_cli.imputation.predictors import PredictorMatrix, Selector, build_design
from dnt_cli.sentences import say

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEW_KNOWN = 5
"""A column with fewer known values is drawn from them, without a model."""
ALLOWED: dict[str, tuple[Method, ...]] = {
    "continuous": ("pmm", "norm", "forest"),
    "binary": ("logreg", "pmm", "forest"),
    "ordinal": ("pmm", "polr", "norm", "polyreg", "forest"),
    "categorical": ("polyreg", "forest"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """How one column is imputed.

    Attributes:
        position: column index in the table.
        method: the method, "sample" (from the known values) or "given" (imputed before, by another engine).
        predictors: (p,) design rows, 0 (ones) first.
        interactions: (q,) design rows that are also multiplied by the group.
        fit: (f,) persons that the model is fitted on, who are also the donors.
        missing: (u,) persons to impute.
        known: (f,) their values in the column's own units or codes.
        response: (f,) what the model sees: standardised, 0/1, or class index.
        classes: (L,) codes that occur, for methods that draw a class.
        own: (r,) design rows that show this column to the other models.
        parent: design row of the column it is conditional on, or -1.
        bounds: lowest and highest value that may be imputed.
        whole: drawn values are rounded to whole numbers.
    """

    position: int
    method: str
    predictors: NDArray[np.intp]
    interactions: NDArray[np.intp]
    fit: NDArray[np.intp]
    missing: NDArray[np.intp]
    known: NDArray[np.float64]
    response: NDArray[np.float64]
    classes: NDArray[np.float64]
    own: NDArray[np.intp]
    parent: int
    bounds: tuple[float, float]
    whole: bool

    @property
    def size(self) -> int:
        """Number of predictors, ones and interactions included."""
        return int(self.predictors.size + self.interactions.size)

    @property
    def parameters(self) -> int:
        """Number of coefficients that are drawn."""
        if self.method in ("sample", "given"):
            return 0
        if self.method == "polr":
            return self.size - 1 + self.classes.size - 1
        return self.size * (self.classes.size if self.method == "polyreg" else 1)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a chunk of imputations needs; plain arrays, so that it can be sent to another process.

    Attributes:
        design: the columns as predictors, NaN where to be imputed.
        group: (n,) centred group.
        steps: in the order in which columns are visited.
        blocks: outcomes whose waves are imputed together; their columns have no step but the opening one.
        opening: steps of all columns with only those predictors that are filled when a column is first visited.
        settings: how.
    """

    design: PredictorMatrix
    group: NDArray[np.float64]
    steps: tuple[Step, ...]
    opening: tuple[Step, ...]
    blocks: tuple[PersonBlock, ...]
    settings: Settings


def default_method(column: ModelColumn, settings: Settings) -> Method:
    """The method of a column: its own, or what follows from its kind.

    Raises:
        DataError: the column's own method does not fit its kind.
    """
    if column.method is not None:
        if column.method not in ALLOWED[column.kind]:
            raise DataError(
                say(
                    "impute_method",
                    column=column.name,
                    kind=column.kind,
                    method=column.method,
                    allowed=", ".join(ALLOWED[column.kind]),
                )
            )
        return column.method
    if settings.method == "forest":
        return "forest"
    by_kind: dict[str, Method] = {"binary": "logreg", "categorical": "polyreg", "ordinal": "pmm"}
    return by_kind.get(column.kind, settings.method)


def make_plan(
    table: EncodedTable, settings: Settings, methods: Mapping[int, str]
) -> tuple[Plan, dict[int, tuple[str, ...]], list[Event]]:
    """Plan the imputation of the columns whose indices are the keys of `methods`.

    Returns:
        the plan; per column index the names of its predictors; what the analyst should know.
    """
    design = build_design(table)
    selector = Selector(table, design, settings)
    steps, names, events = [], {}, []
    unknown = table.unknown
    for position in sorted(methods, key=lambda p: (table.generation(p), int(unknown[p].sum()), p)):
        fit = np.flatnonzero(_fit_mask(table, position))
        step_method, reason = workable(table, position, methods[position])
        if reason:
            events.append(Event(table.columns[position].name, step_method, reason, int(unknown[position].sum())))
        rows = np.zeros(0, dtype=np.intp)
        if step_method not in ("sample", "given"):
            chosen, rows, notes = selector.choose(position, fit)
            events += notes
            names[position] = tuple(table.columns[p].name for p in chosen)
        steps.append(_step(table, design, settings, position, step_method, fit, rows))
    group = table.values[table.group] - table.values[table.group].mean()
    blocks: tuple[PersonBlock, ...] = ()
    if settings.blocks == "auto":
        blocks, together = make_blocks(table, design, selector, settings, methods)
        names |= {position: chosen for position, chosen in together.items() if position in methods}
    within = {int(position) for block in blocks for position in block.positions}
    alone = tuple(step for step in steps if step.position not in within)
    return Plan(design, group, alone, _opening(table, design, steps), blocks, settings), names, events


def _opening(table: EncodedTable, design: PredictorMatrix, steps: Sequence[Step]) -> tuple[Step, ...]:
    """First visits: each column's model with the predictors that are complete or visited before it.

    So the chains start near where they are going: in the simulations an effect after one round does not differ from
    that after 25. (Random starting values had nearly caught up after six.)
    """
    filled = {-1} | {position for position, row in enumerate(table.unknown) if not row.any()}
    filled |= {step.position for step in steps if step.method == "given"}
    opening = []
    for step in steps:
        predictors, interactions = (
            rows[np.isin(design.owner[rows], list(filled))] for rows in (step.predictors, step.interactions)
        )
        opening.append(replace(step, predictors=predictors, interactions=interactions))
        filled.add(step.position)
    return tuple(opening)


def _fit_mask(table: EncodedTable, position: int) -> NDArray[np.bool_]:
    """(n,) persons known on the column and, if it is conditional, known to meet the condition."""
    mask: NDArray[np.bool_] = ~np.isnan(table.values[position])
    parent = table.columns[position].conditional_on
    if parent is not None:
        mask &= table.values[table.index[parent]] == 1
    return mask


def workable(table: EncodedTable, position: int, method: str) -> tuple[str, str]:
    """The method that the known values allow, and the reason if it is another one than asked."""
    if method == "given":
        return method, ""
    known = table.values[position, _fit_mask(table, position)]
    conditional = table.columns[position].conditional_on is not None
    if known.size == 0 and conditional:
        return "sample", "never observed where its condition holds: 0 imputed"
    if np.unique(known).size <= 1:
        return "sample", "constant: the one observed value imputed"
    if known.size < FEW_KNOWN:
        return "sample", "too few observed: drawn from the observed values"
    return method, ""


def _step(
    table: EncodedTable,
    design: PredictorMatrix,
    settings: Settings,
    position: int,
    method: str,
    fit: NDArray[np.intp],
    rows: NDArray[np.intp],
) -> Step:
    """Arrays of one column's model, whose predictors are the design rows `rows`."""
    column, values = table.columns[position], table.values[position]
    missing = np.flatnonzero(np.isnan(values))
    known = values[fit] if fit.size else np.zeros(1)
    own = design.of(position)
    classes = np.unique(known)
    response = known
    if method in ("pmm", "norm"):
        response = design.rows[own[0], fit]
    elif method in ("polyreg", "polr"):
        response = np.searchsorted(classes, known).astype(float)
    interactions = (
        rows[design.owner[rows] != table.group]
        if settings.group_interactions and method not in ("sample", "given")
        else np.zeros(0, dtype=np.intp)
    )
    parent = column.conditional_on
    return Step(
        position=position,
        method=method,
        predictors=np.concatenate([[0], rows]).astype(np.intp),
        interactions=interactions,
        fit=fit,
        missing=missing,
        known=known,
        response=response,
        classes=classes,
        own=own,
        parent=-1 if parent is None else int(design.of(table.index[parent])[0]),
        bounds=(
            float(known.min()) if column.lower is None else column.lower,
            float(known.max()) if column.upper is None else column.upper,
        ),
        whole=column.kind == "ordinal",
    )
