"""The effect at each wave side by side, with the joint test over the waves."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from dnt_cli.effects.cluster_notes import cluster_notes
from dnt_cli.effects.columns import JOINT
from dnt_cli.effects.errors import resting_on
from dnt_cli.effects.note import Note, details, note, once_each, said_of
from dnt_cli.effects.persons import behind
from dnt_cli.effects.tables import by_hypothesis, effect_columns, estimate_cells, mark_of, scale_of, source_of, title_of
from dnt_cli.models import ENDPOINT, GROUP, WAVES
from dnt_cli.stagefile.result import Green
from dnt_cli.study import Study
from dnt_cli.tables import Cell, Column, Table, together
from dnt_cli.wording import Wording


def at_waves(estimates: pd.DataFrame, study: Study) -> pd.DataFrame:
    """The effects at the waves and the endpoint, a row per outcome and wave; none where only the endpoint was asked."""
    if not (estimates["analysis"] == WAVES).any():
        return estimates.iloc[:0]
    own = estimates[estimates["analysis"].isin([ENDPOINT, WAVES]) & (estimates["term"] == GROUP)]
    wave = own["wave"].where(own["wave"] != "", [study.endpoint(key) for key in own["outcome"]])
    return own.assign(wave=wave)


def wave_tables(estimates: pd.DataFrame, wording: Wording, *, green: Green = "better") -> Iterator[Table]:
    """A table per source and kind of outcome, with a column per wave."""
    study = wording.study
    rows = resting_on(at_waves(estimates, study), study.models.errors)
    joint = estimates[estimates["term"] == JOINT].set_index("outcome")["p_value"]
    register = rows["outcome"].map(study.is_register)
    for (_, _), own in rows.groupby([register, "kind"], sort=False):
        yield _table(own, joint, wording, green)


def _table(rows: pd.DataFrame, joint: pd.Series, wording: Wording, green: Green) -> Table:
    study, kind = wording.study, str(rows["kind"].iloc[0])
    waves = [wave for wave in study.design.wave_keys if (rows["wave"] == wave).any()]
    columns = [Column(wording.text("common.outcome"), "left")]
    for wave in waves:
        columns += effect_columns(scale_of(kind, wording, rows), wave, wording, optional=True)
    columns.append(Column(wording.text("effects.joint_p")))

    def body(own: pd.DataFrame) -> Iterator[tuple[Cell, ...]]:
        for key, of_outcome in own.groupby("outcome", sort=False):
            found = {row["wave"]: row for _, row in of_outcome.iterrows()}
            cells = [cell for wave in waves for cell in estimate_cells(found.get(wave), wording, green)]
            counts = together(behind(row, study) for row in found.values())
            tested = Cell(wording.p_value(joint[key]), counts=counts) if key in joint.index else Cell("")
            yield (Cell(wording.label(str(key))), *cells, tested)

    title = f"{source_of(rows, wording)}{title_of(kind, wording, rows)}. {wording.text('effects.waves_title')}"
    told = _notes(rows, joint, wording)
    notes = [*wording.synthetic_note(), *(own.text for own in told)]
    return Table(title, tuple(columns), by_hypothesis(rows, wording, body), tuple(notes), details(told))


def _without_joint(rows: pd.DataFrame, joint: pd.Series, wording: Wording) -> list[Note]:
    """Why an outcome with several waves has no joint test."""
    notes = []
    for key, own in rows.groupby("outcome", sort=False):
        if key in joint.index or len(own) < 2:
            continue
        label, absent = wording.label(str(key)), list(own.loc[own["status"] == "not estimable", "wave"])
        if absent:
            notes.append(note("effects.no_joint_at", wording, outcome=label, waves=", ".join(absent)))
        else:
            notes.append(note("effects.no_joint_persons", wording, outcome=label))
    return notes


def _notes(rows: pd.DataFrame, joint: pd.Series, wording: Wording) -> list[Note]:
    notes = [note("effects.waves_note", wording), Note("common.marks", wording.marks_note())]
    if rows["outcome"].isin(joint.index).any():
        notes.append(note("effects.waves_joint", wording))
    notes += _without_joint(rows, joint, wording)
    flags = ("effects.flag_sites", "effects.flag_persons")
    notes += [own for own in cluster_notes(rows, wording) if own.key not in flags]
    if any("!s" in mark_of(row, wording.study) for _, row in rows.iterrows()):
        notes.append(note("effects.waves_flag", wording))
    absent = rows[rows["status"] == "not estimable"]
    told = (said_of(row, f"{wording.label(row['outcome'])} {row['wave']}", wording) for _, row in absent.iterrows())
    return [*notes, *once_each(told, wording)]
