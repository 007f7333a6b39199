"""The effect in the subgroups of a moderator side by side, with the test that they do not differ."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from dnt_cli.effects.cluster_notes import cluster_notes
from dnt_cli.effects.columns import subgroup_of
from dnt_cli.effects.errors import FLAGS, resting_on
from dnt_cli.effects.note import Note, note, once_each, other_endpoints, said_of
from dnt_cli.effects.tables import (
    by_hypothesis,
    effect_columns,
    estimate_cells,
    mark_of,
    scale_of,
    source_of,
    title_of,
    where_of,
)  # fmt: skip
from dnt_cli.models import CALENDAR, ENDPOINT, LONGITUDINAL, MODERATORS, TREND
from dnt_cli.stagefile.result import Green
from dnt_cli.study import Moderator, Study
from dnt_cli.tables import Cell, Column, Table, together
from dnt_cli.wording import Wording, within_sentence

_FLAGS = {"waves_flag": FLAGS["sites"], "subgroups_flag_persons": FLAGS["persons"]}  # note -> the flag it explains


def in_subgroups(estimates: pd.DataFrame, study: Study, analysis: str = MODERATORS) -> pd.DataFrame:
    """The rows about subgroups of the study, with the columns `trend`, `moderator` and `level` (empty: the test)."""
    rows = estimates[estimates["analysis"] == analysis]
    places = [subgroup_of(term) for term in rows["term"]]
    found = [key in study.covariates and level in ("", *study.subgroups(key)) for key, level in places]
    known = np.array(found, dtype=bool)
    rows, places = rows.loc[rows.index[known]], [place for place, own in zip(places, known, strict=True) if own]
    return rows.assign(
        trend=rows["term"].str.startswith(TREND),
        moderator=[moderator for moderator, _ in places],
        level=[level for _, level in places],
    )


def subgroup_tables(estimates: pd.DataFrame, wording: Wording, green: Green = "better") -> Iterator[Table]:
    """A table per analysis, source, kind of outcome and moderator, with a column per subgroup.

    Args:
        estimates: As the fitting stages write them.
        wording: The study in a language.
        green: What is better for the person, or a positive effect.
    """
    study = wording.study
    for analysis in (MODERATORS, CALENDAR) if study.design.calendar_split else (MODERATORS,):
        rows = resting_on(in_subgroups(estimates, study, analysis), study.models.errors)
        register = rows["outcome"].map(study.is_register)
        wave = rows["wave"] if analysis == CALENDAR else pd.Series("", index=rows.index)
        tests = rows[rows["level"] == ""]
        for (trend, source, _, _, _), own in rows.groupby(["trend", register, "kind", "moderator", wave], sort=False):
            family = tests[(tests["trend"] == trend) & (register.loc[tests.index] == source)]
            yield _table(own, family, wording, green)


def _table(rows: pd.DataFrame, family: pd.DataFrame, wording: Wording, green: Green) -> Table:
    moderator, kind = str(rows["moderator"].iloc[0]), str(rows["kind"].iloc[0])
    levels = [own for own in wording.study.subgroups(moderator) if (rows["level"] == own).any()]
    columns = [Column(wording.text("common.outcome"), "left")]
    for level in levels:
        columns += effect_columns(scale_of(kind, wording, rows), wording.subgroup(moderator, level), wording)
    columns += [Column(wording.text("effects.p_interaction")), Column(wording.text("effects.p_interaction_holm"))]

    def body(part: pd.DataFrame) -> Iterator[tuple[Cell, ...]]:
        return (_row(own, levels, wording, green) for _, own in part.groupby("outcome", sort=False))

    title = wording.text("effects.subgroups_title", where=_where(rows, wording), moderator=_spoken(moderator, wording))
    notes = [*wording.synthetic_note(), *(own.text for own in _notes(rows, family, wording))]
    return Table(title, tuple(columns), by_hypothesis(rows, wording, body), tuple(notes))


def _row(rows: pd.DataFrame, levels: list[str], wording: Wording, green: Green) -> tuple[Cell, ...]:
    found = {row["level"]: row for _, row in rows.iterrows()}
    cells = [cell for level in levels for cell in estimate_cells(found.get(level), wording, green)]
    test, counts = found.get(""), together(cell.counts for cell in cells if cell.text and cell.text != "#")
    tested = [] if test is None or pd.isna(test["p_value"]) else [test["p_value"], test["p_holm"]]
    shown = [Cell(wording.p_value(p), value=float(p), counts=counts) for p in tested] or [Cell("#", "muted"), Cell("")]
    return (Cell(wording.label(str(rows["outcome"].iloc[0]))), *cells, *shown)


def _where(rows: pd.DataFrame, wording: Wording) -> str:
    kind = str(rows["kind"].iloc[0])
    analysis = LONGITUDINAL if rows["trend"].iloc[0] else ENDPOINT
    wave = str(rows["wave"].iloc[0]) if rows["analysis"].iloc[0] == CALENDAR else None
    return f"{source_of(rows, wording)}{title_of(kind, wording, rows)}. {where_of(analysis, wording, wave)}"


def _spoken(moderator: str, wording: Wording) -> str:
    return within_sentence(wording.label(moderator))


def _notes(rows: pd.DataFrame, family: pd.DataFrame, wording: Wording) -> list[Note]:
    study, moderator = wording.study, str(rows["moderator"].iloc[0])
    named, lenient = _spoken(moderator, wording), study.significance.lenient
    notes = [note("effects.subgroups_note", wording, moderator=named), Note("common.marks", wording.marks_note())]
    tested = family[family["p_value"].notna()]
    if len(tested):
        left = [
            f"{wording.label(own['outcome'])} ({_spoken(own['moderator'], wording)})"
            for _, own in tested[tested["p_holm"] < lenient].iterrows()
        ]
        values = {"tests": len(tested), "lenient": wording.threshold(lenient)}
        stay = ", ".join(left) or wording.text("effects.none_left")
        notes.append(note("effects.subgroups_test", wording, left=stay, **values))
        if study.models.errors != "model":
            notes.append(note("effects.subgroups_errors", wording))
    if rows["analysis"].iloc[0] == CALENDAR:
        return [*notes, note("effects.calendar_note", wording, day=study.design.calendar_split), *_rest(rows, wording)]
    declared = study.moderators.get(moderator, Moderator()).declared
    capital = wording.label(moderator)
    status = "declared" if declared else "exploratory"
    notes.append(note(f"effects.subgroups_{status}", wording, moderator=capital if declared else named, code=moderator))
    if rows["m"].max() > 1 and not study.is_register(str(rows["outcome"].iloc[0])):
        carried = "carried" if study.imputation.group_interactions else "imputed"
        notes.append(note(f"effects.subgroups_{carried}", wording, moderator=named))
    return [*notes, *_rest(rows, wording)]


def _rest(rows: pd.DataFrame, wording: Wording) -> list[Note]:
    """What is said of flags, of observed answers, and of what cannot be estimated."""
    study, moderator = wording.study, str(rows["moderator"].iloc[0])
    marks = "".join(mark_of(row, study) for _, row in rows[rows["level"] != ""].iterrows())
    notes = [note(f"effects.{key}", wording) for key, flag in _FLAGS.items() if flag in marks]
    few = ("effects.few_sites", "effects.site_is_group")
    notes += [own for own in cluster_notes(rows[rows["level"] != ""], wording) if own.key in few]
    notes.append(note("effects.observed_note", wording, least=study.models.min_observed))
    at_end = rows[~rows["trend"].astype(bool) & (rows["analysis"] != CALENDAR)]
    notes += other_endpoints(at_end["outcome"], wording)
    told = []
    for _, row in rows[(rows["status"] == "not estimable")].iterrows():
        where = wording.label(row["outcome"])
        where += f", {wording.subgroup(moderator, row['level'])}" if row["level"] else ""
        told.append(said_of(row, where, wording))
    return [*notes, *once_each(told, wording, between="; ")]
