"""What the register says per wave, with every choice behind it printed underneath."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from dnt_cli.polis.norms import month_number, unconfirmed
from dnt_cli.study import Study
from dnt_cli.tables import Cell, Column, Section, Table, mean_of, resting, share_of
from dnt_cli.tables.counts import ANY, Pair
from dnt_cli.wording import Wording


def register_tables(frame: pd.DataFrame, counts: Mapping[str, Any], wording: Wording) -> list[Table]:
    """One table: per wave who works, over the cut-off, above the norm; below it every setting and count.

    Args:
        frame: As `register_outcomes` gives it.
        counts: As in `RegisterResult`.
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
        known = int(own["work"].notna().sum())
        cells = [Cell(wave), Cell(span, counts=resting([], known, kind="extreme"))]
        cells.append(Cell(str(known), counts=resting([answers("work", wave)], known)))
        cells += [_share(own[name], wave, wording) for name in ("work", "over_hours", "above_norm")]
        cells += [_mean(working[name], wave, digits, wording) for name, digits in (("hours", 1), ("wage", 0))]
        rows.append(tuple(cells))
    notes = wording.synthetic_note()
    notes += [say("averages"), *_settings(wording), say("limits")]
    months = {month_number(month) for month in frame["month"]}
    notes += [say("unconfirmed", since=since) for since in unconfirmed(months, register)]
    linked = frame["id"].nunique() - int(counts["outside"])
    notes += [say("found", linked=linked, **counts), say("decided", **counts)]
    if counts["uncovered"]:
        notes.append(say("uncovered", months=counts["uncovered"]))
    return [Table(say("title"), tuple(columns), (Section("", tuple(rows)),), tuple(notes))]


def register_rows(frame: pd.DataFrame, study: Study) -> pd.DataFrame:
    """The figures of the table, a row per wave.

    Returns:
        `wave`; of each yes/no outcome `<name>` (how many) and `<name>_known` (of how many persons); of those who work
        the means `hours` and `wage`.
    """
    rows = []
    for wave in study.design.wave_keys:
        own = frame[frame["wave"] == wave]
        row: dict[str, Any] = {"wave": wave}
        for name in ("work", "over_hours", "above_norm"):
            row |= {name: int(own[name].sum()), f"{name}_known": int(own[name].notna().sum())}
        working = own[own["work"] == 1]
        rows.append(row | {name: float(working[name].mean()) for name in ("hours", "wage")})
    return pd.DataFrame(rows)


def answers(name: str, wave: str) -> Pair:
    """Those of whom an outcome is known at a wave, as `description.persons` names them."""
    return f"register {name}@{wave}", ("0", "1")


def _share(values: pd.Series, wave: str, wording: Wording) -> Cell:
    """How many of those of whom it is known, and who they are."""
    known = values.dropna()
    if known.empty:
        return Cell("-")
    name, _ = every = answers(str(values.name), wave)
    counts = share_of([(name, "1")], int(known.sum()), [every], len(known))
    return Cell(f"{int(known.sum())} ({wording.number(100 * float(known.mean()), 1)}%)", counts=counts)


def _mean(values: pd.Series, wave: str, decimals: int, wording: Wording) -> Cell:
    """The mean of those who work, how many they are, and the largest part that one of them has in the sum."""
    known, mean = values.dropna(), values.mean()
    if known.empty:
        return Cell(wording.number(mean, decimals))
    counts = mean_of([(answers("work", wave)[0], "1"), (f"register {values.name}@{wave}", ANY)], len(known),
                     f"register {values.name}@{wave}", float(mean))  # fmt: skip
    largest = float(known.max() / known.sum()) if known.sum() > 0 else 1.0
    return Cell(wording.number(mean, decimals), counts=replace(counts, largest=largest))


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
