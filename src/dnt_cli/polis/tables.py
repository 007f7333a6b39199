"""What the register says per wave, with every choice behind it printed underneath."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from dnt_cli.polis.norms import month_number, unconfirmed
from dnt_cli.tables import Cell, Column, Section, Table
from dnt_cli.wording import Wording


def register_tables(frame: pd.DataFrame, counts: Mapping[str, Any], wording: Wording) -> list[Table]:
    """One table: per wave who works, over the cut-off, above the norm; below it every setting and count.

    Args:
        frame: As `register_outcomes` gives it.
        counts: The fields of `Kept` and `Decisions`; `uncovered` as text.
        wording: Knows the study, with its waves and settings.
    """
    study, register, say = wording.study, wording.study.register, wording.room("polis")
    heading = say("over_hours", rule=say(register.hours_rule), cut=register.hours_cut)
    columns = [Column(say("wave"), "left"), Column(say("months"), "left"), Column(say("known"))]
    columns += [Column(say("work")), Column(heading), Column(say("above_norm")), Column(say("hours"))]
    columns += [Column(say("wage"))]
    rows = []
    for wave in study.design.wave_keys:
        own = frame[frame["wave"] == wave]
        working = own[own["work"] == 1]
        span = f"{own['month'].min()} – {own['month'].max()}"
        cells = [wave, span, str(int(own["work"].notna().sum()))]
        cells += [_share(own[name], wording) for name in ("work", "over_hours", "above_norm")]
        cells += [wording.number(working["hours"].mean(), 1), wording.number(working["wage"].mean(), 0)]
        rows.append(tuple(Cell(cell) for cell in cells))
    notes = wording.synthetic_note()
    notes += [say("averages"), *_settings(wording), say("limits")]
    months = {month_number(month) for month in frame["month"]}
    notes += [say("unconfirmed", since=since) for since in unconfirmed(months, register)]
    linked = frame["id"].nunique() - int(counts["outside"])
    notes += [say("found", linked=linked, **counts), say("decided", **counts)]
    if counts["uncovered"]:
        notes.append(say("uncovered", months=counts["uncovered"]))
    return [Table(say("title"), tuple(columns), (Section("", tuple(rows)),), tuple(notes))]


def _share(values: pd.Series, wording: Wording) -> str:
    known = values.dropna()
    if known.empty:
        return "-"
    return f"{int(known.sum())} ({wording.number(100 * float(known.mean()), 1)}%)"


def _settings(wording: Wording) -> list[str]:
    """Every setting in words."""
    register, say = wording.study.register, wording.room("polis")
    types = register.exclude_job_types
    return [
        say(
            "timing",
            interview=say("interview") if register.timing == "interview" else "",
            lag=say("lag", lag=f"{register.lag:+d}") if register.lag else "",
        ),
        say(
            "work_rule", hours=register.hours, wage=register.wage, least=register.work_hours,
            types=say("types", codes=", ".join(types)) if types else say("all_types"),
        ),
        say("hours_rule", per=say(f"per_{register.hours_per}"), weeks=say(f"weeks_{register.weeks}")),
        say(
            "income_rule", income=say("net") if register.income == "net" else register.income,
            holiday=say(register.holiday_pay), norm=say(register.norm),
            rule=say("above" if register.norm_rule == "over" else "from"),
        ),
        say(
            "dirt", corrections=say(f"corrections_{register.corrections}"), amount=register.missing_amount,
            code=register.missing_hours, missing=say(f"missing_{register.missing}"),
            duplicates=say(f"duplicates_{register.duplicates}"), spanning=say(f"spanning_{register.spanning}"),
        ),
    ]  # fmt: skip
