"""Figures that may leave: each is drawn from a table of the numbers that it shows, as that table may leave."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from dnt_cli.description.lookup import shown
from dnt_cli.disclosure.release import HIDDEN
from dnt_cli.effects.tables import interval_on_scale, shown_decimals
from dnt_cli.figures.style import Drawing
from dnt_cli.study.described import FLOW
from dnt_cli.tables import Cell, Column, Section, Table, without_charts, without_empty
from dnt_cli.wording import Wording

if TYPE_CHECKING:
    from dnt_cli.effects.result import Estimates


@dataclass(frozen=True, slots=True)
class TracedFigure:
    """A figure with its numbers.

    Attributes:
        key: By which a report knows it.
        table: The numbers that it shows, with the persons behind each.
        draw: The figure of that table as it may leave; None where it may not.
        parts: Whether parts of it may leave; else it leaves whole or not at all.
    """

    key: str
    table: Table
    draw: Callable[[Table], Drawing | None]
    parts: bool = False


def traced_figures(
    description: pd.DataFrame | None, estimates: Estimates | None, wording: Wording
) -> list[TracedFigure]:
    """The figures of a description (who was seen, outcomes, composed figures) and of effects.

    Args:
        description: Its rows, if there is one.
        estimates: All effects together, if there are any.
        wording: The study in a language.
    """
    found = [] if description is None else [_flow(description, wording), *_of_outcomes(description, wording)]
    return found if estimates is None else [*found, *_forest(estimates, wording)]


def _hides(row: Sequence[Cell]) -> bool:
    return any(HIDDEN in cell.text for cell in row)


def _whole(table: Table) -> bool:
    return not any(_hides(row) for row in table.rows)


def _flow(description: pd.DataFrame, wording: Wording) -> TracedFigure:
    """Who was seen when; with a mark for each number that is left out, unless there are persons outside the study."""
    from dnt_cli.description.left_out import LeftOut
    from dnt_cli.figures.flow import flow_drawing, flow_table

    outside = bool(LeftOut(description, wording).reasons)

    def draw(table: Table) -> Drawing | None:
        seen = [section.rows[0] for section in table.sections]
        return None if outside or all(map(_hides, seen[1:])) else flow_drawing(description, wording, table)

    return TracedFigure(FLOW, flow_table(description, wording), draw, parts=True)


def _of_outcomes(description: pd.DataFrame, wording: Wording) -> Iterator[TracedFigure]:
    """A figure per outcome and the composed ones, each of which leaves whole or not at all."""
    from dnt_cli.description.persons import Behind
    from dnt_cli.description.tables import outcome_tables
    from dnt_cli.description.trend_tables import change_table, trend_table
    from dnt_cli.figures.composed import composed_drawings
    from dnt_cli.figures.outcomes import outcome_drawings

    def traced(key: str, table: Table, drawing: Drawing) -> TracedFigure:
        plain = without_empty(without_charts(table))
        return TracedFigure(f"figure_{key}", plain, lambda own: drawing if _whole(own) else None)

    drawings = outcome_drawings(description, wording)
    for outcome, table in outcome_tables(description, wording).items():
        yield traced(outcome, table, drawings[outcome])
    behind = Behind(description, wording.study)
    for key, drawing in composed_drawings(description, wording).items():
        spec = wording.study.figures[key]
        rows = description[description["variable"].isin(spec.outcomes)]
        make = trend_table if spec.kind == "panel" else change_table
        yield traced(key, replace(make(rows, wording, behind), title=drawing.title), drawing)


def _forest(estimates: Estimates, wording: Wording) -> Iterator[TracedFigure]:
    """The effects of the outcomes of which no number is left out."""
    from dnt_cli.effects.columns import effect_rows
    from dnt_cli.effects.errors import resting_on
    from dnt_cli.effects.persons import with_counts
    from dnt_cli.effects.tables import answered, where_of
    from dnt_cli.figures.forest import forest_drawing

    rows = resting_on(effect_rows(estimates.estimates), wording.study.models.errors)
    if rows.empty or rows.duplicated(["analysis", "outcome"]).any():
        return
    outcomes = list(rows["outcome"])

    def cells(row: pd.Series) -> tuple[Cell, ...]:
        values = () if row["status"] == "not estimable" else interval_on_scale(row)
        texts = [shown(value, shown_decimals(row), wording) for value in values] or ["", "", ""]
        where = where_of(row["analysis"], wording, wording.study.endpoint(row["outcome"]))
        return Cell(f"{wording.label(row['outcome'])}, {where}"), *with_counts(
            [Cell(text) for text in (*texts, answered(row))], row, wording.study
        )

    def draw(table: Table) -> Drawing | None:
        left_out = {key for key, row in zip(outcomes, table.sections[0].rows, strict=True) if _hides(row)}
        kept = estimates.estimates[~estimates.estimates["outcome"].isin(left_out)]
        return None if left_out == set(outcomes) else forest_drawing(kept, wording, estimates.level)

    names = ("figure_estimate", "figure_low", "figure_high", "figure_answered")
    columns = (Column("", "left"), *(Column(wording.text(f"disclosure.{name}")) for name in names))
    body = tuple(cells(row) for _, row in rows.iterrows())
    table = Table(wording.text("description.forest_title"), columns, (Section("", body),))
    yield TracedFigure("forest", table, draw, parts=True)
