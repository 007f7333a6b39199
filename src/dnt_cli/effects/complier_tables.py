"""The effect on those who took part because they were offered it, beside that of being offered it."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from dnt_cli.effects.cluster_notes import cluster_notes
from dnt_cli.effects.columns import ASSIGNED, RECEIVED, UPTAKE
from dnt_cli.effects.errors import resting_on
from dnt_cli.effects.note import once_each, said_of
from dnt_cli.effects.persons import with_counts
from dnt_cli.effects.tables import (
    answered,
    by_hypothesis,
    effect_columns,
    estimate_cells,
    interval_text,
    mark_of,
    source_of,
)
from dnt_cli.models import COMPLIERS
from dnt_cli.stagefile.result import Green
from dnt_cli.tables import Cell, Column, Table
from dnt_cli.wording import Wording


def complier_tables(
    estimates: pd.DataFrame, wording: Wording, level: float, green: Green = "better"
) -> Iterator[Table]:
    """A table per source and kind of outcome.

    Args:
        estimates: As the fitting stages write them.
        wording: The study in a language.
        level: Of the intervals in `estimates`.
        green: What is better for the person, or a positive effect.
    """
    rows = estimates[(estimates["analysis"] == COMPLIERS) & estimates["term"].isin([RECEIVED, ASSIGNED, UPTAKE])]
    rows = resting_on(rows, wording.study.models.errors)
    register = rows["outcome"].map(wording.study.is_register)
    for (_, _), own in rows.groupby([register, "kind"], sort=False):
        yield _table(own, wording, level, green)


def _table(rows: pd.DataFrame, wording: Wording, level: float, green: Green) -> Table:
    say, kind, design = wording.text, str(rows["kind"].iloc[0]), wording.study.design
    scale = say("common.marginal") if kind == "probability" else say("effects.units")
    offered, took = say("effects.assigned"), say("effects.received")
    columns = (
        Column(say("common.outcome"), "left"),
        *effect_columns(scale, offered, wording)[:3], *effect_columns(scale, took, wording)[:3],
        Column(say("common.interval", level=100 * level), group=took), Column(say("common.p_value"), group=took),
        Column(say("effects.uptake")), Column(say("effects.n_observed")),
    )  # fmt: skip

    def body(part: pd.DataFrame) -> Iterator[tuple[Cell, ...]]:
        return (_row(own, wording, green) for _, own in part.groupby("outcome", sort=False))

    named = say("common.probability_title" if kind == "probability" else "effects.units_title")
    title = say("effects.compliers_title", what=source_of(rows, wording) + named, wave=design.endpoint)
    notes = [*wording.synthetic_note(), say("effects.compliers_note", received=wording.label(str(design.received)))]
    notes += wording.other_endpoints(rows["outcome"])
    notes += [say("effects.compliers_method"), wording.marks_note()]
    notes += [own.text for own in cluster_notes(rows[rows["term"] == RECEIVED], wording)]
    shown = rows[rows["term"] != UPTAKE]
    flagged = any("!" in mark_of(row, wording.study) for _, row in shown.iterrows())
    notes += [say("conclusions.flags_note")] if flagged else []
    notes += _messages(rows, wording)
    return Table(title, columns, by_hypothesis(rows, wording, body), tuple(notes))


def _row(rows: pd.DataFrame, wording: Wording, green: Green) -> tuple[Cell, ...]:
    found = {row["term"]: row for _, row in rows.iterrows()}
    received, study = found[RECEIVED], wording.study
    label = Cell(wording.label(str(received["outcome"])))
    if received["status"] == "not estimable":
        blanks = [Cell("")] * 5
        (observed,) = with_counts([Cell(answered(received))], received, study)
        return (label, Cell(""), Cell(""), Cell(""), Cell("#", "muted"), *blanks, observed)
    limits = interval_text(received, received["conf_low"], received["conf_high"], wording)
    share = Cell(f"{wording.number(100 * found[UPTAKE]['estimate'], 0)}%")
    cells = [Cell(limits), Cell(wording.p_value(received["p_value"]), value=float(received["p_value"])), share]
    took = estimate_cells(received, wording, green)
    further = with_counts(cells, received, study)
    return (label, *estimate_cells(found[ASSIGNED], wording, green)[:3], *took[:3], *further, took[3])


def _messages(rows: pd.DataFrame, wording: Wording) -> list[str]:
    """What is said of single outcomes."""
    told = rows[rows["message"] != ""].iterrows()
    return [own.text for own in once_each((said_of(r, wording.label(r["outcome"]), wording) for _, r in told), wording)]
