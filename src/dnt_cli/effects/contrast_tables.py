"""The effects of several contrasts of a study with more than two arms side by side, a column per contrast."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from dnt_cli.effects.columns import effect_rows
from dnt_cli.effects.errors import resting_on
from dnt_cli.effects.tables import effect_columns, estimate_cells, scale_of, source_of, where_of
from dnt_cli.models import ENDPOINT, LONGITUDINAL
from dnt_cli.stagefile.result import Green
from dnt_cli.study import Study
from dnt_cli.tables import Cell, Column, Section, Table
from dnt_cli.wording import Wording

Part = tuple[Study, pd.DataFrame]


def contrast_tables(parts: Sequence[Part], wording: Wording, green: Green = "better") -> Iterator[Table]:
    """A table per analysis, source and kind of outcome.

    Args:
        parts: Per contrast its study and its estimates.
        wording: The study in a language.
        green: What is better for the person, or a positive effect.
    """
    shown = [resting_on(effect_rows(rows), study.models.errors) for study, rows in parts]
    for analysis in (ENDPOINT, LONGITUDINAL):
        whole = pd.concat([rows[rows["analysis"] == analysis] for rows in shown])
        register = whole["outcome"].map(wording.study.is_register)
        for (_, kind), own in whole.groupby([register, "kind"], sort=False):
            outcomes = list(dict.fromkeys(own["outcome"]))
            found = [
                (study, rows[(rows["analysis"] == analysis) & (rows["kind"] == kind)])
                for (study, _), rows in zip(parts, shown, strict=True)
            ]
            yield _table(outcomes, found, analysis, str(kind), wording, green)


def name_of(study: Study, wording: Wording) -> str:
    """The two arms by their labels."""
    labels = (study.design.intervention_label, study.design.comparison_label)
    return wording.text("effects.contrast", first=labels[0][wording.language], second=labels[1][wording.language])


def _table(
    outcomes: Sequence[str], parts: Sequence[Part], analysis: str, kind: str, wording: Wording, green: Green
) -> Table:
    columns = [Column(wording.text("common.outcome"), "left")]
    for study, _ in parts:
        columns += effect_columns(scale_of(kind, wording, parts[0][1]), name_of(study, wording), wording)
    sections: dict[str, list[tuple[Cell, ...]]] = {}
    for key in outcomes:
        cells = [Cell(wording.label(key))]
        for study, rows in parts:
            own = rows[rows["outcome"] == key]
            row = own.iloc[0] if len(own) else None
            cells += estimate_cells(row, Wording(study, wording.language), green)
        heading = wording.hypothesis(wording.study.outcomes[key].hypothesis or "")
        sections.setdefault(heading, []).append(tuple(cells))
    source = source_of(next(rows for _, rows in parts if len(rows)), wording)
    named = f"{source}{wording.text(f'common.{kind}_title')}. {where_of(analysis, wording)}"
    title = f"{named}. {wording.text('effects.contrasts')}"
    notes = [*wording.synthetic_note(), wording.text("effects.contrasts_note"), wording.marks_note()]
    observed = "effects.observed_note_trend"
    if analysis == ENDPOINT:
        notes += wording.other_endpoints(key for _, rows in parts for key in rows["outcome"])
        observed = "effects.observed_note"
    notes.append(wording.text(observed, least=wording.study.models.min_observed))
    return Table(title, tuple(columns), tuple(Section(h, tuple(rows)) for h, rows in sections.items()), tuple(notes))
