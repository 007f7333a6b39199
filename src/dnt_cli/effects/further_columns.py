"""Columns of a table of effects beside the estimate: percentage points, own units, d, and errors by cluster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from dnt_cli.effects.columns import ARMS, CLUSTERS, wave_of
from dnt_cli.effects.kinds import KINDS
from dnt_cli.effects.persons import behind_levels
from dnt_cli.models import ENDPOINT
from dnt_cli.tables import Cell, Column
from dnt_cli.wording import Wording

Limits = Callable[[pd.Series, float, float, Wording], str]


@dataclass(frozen=True, slots=True)
class Further:
    """A column, and what stands in it for an effect that was estimated."""

    column: Column
    cell: Callable[[pd.Series], Cell]


def decimals_for(error: float, most: int = 5) -> int:
    """Decimals with which a standard error of this size has two digits, at most `most`; never below zero.

    Two decimals do as long as the standard error is at least .016; a smaller one would be shown as .01 or .00.
    """
    if not error > 0 or error == float("inf"):
        return 2
    for decimals in range(most):
        if error * 10**decimals >= (1.6 if decimals > 1 else 10.0):
            return decimals
    return most


def scale_columns(rows: pd.DataFrame, wording: Wording, level: float) -> list[Further]:
    """The effect on other scales; what the file of an older version does not tell has no column."""
    kind, endpoint = rows["kind"].iloc[0], rows["analysis"].iloc[0] == ENDPOINT
    say, interval = wording.text, wording.text("common.interval", level=100 * level)
    columns = []
    if KINDS[kind].yes_no:
        if _told(rows, "marginal_effect"):
            columns += _percentage_points(say("common.marginal"), interval, wording, narrow=endpoint)
        if not endpoint:
            heading = f"{say('effects.population')} ({interval})"
            columns.append(_with_interval(heading, "odds_ratio_population", "odds_ratio_population", "", wording))
    elif kind == "linear":
        if not (rows["standardise"] == "none").all():
            heading = f"{say('effects.units')} ({interval})"
            columns.append(_with_interval(heading, "estimate", "conf", "std_error", wording))
        if _told(rows, "d"):
            columns.append(_with_interval(f"d ({interval})", "d", "d", "d_se", wording))
    return columns


def level_columns(rows: pd.DataFrame, wording: Wording) -> list[Further]:
    """The observed share or mean in the intervention and the comparison group, at baseline and at the endpoint."""
    study = wording.study
    at = {wave_of(row, study) for _, row in rows.iterrows()}
    ends = " / ".join(wave for wave in study.design.wave_keys if wave in at)
    waves = {"baseline": study.design.baseline, "endpoint": ends}
    return [
        Further(Column(wording.text("effects.level", wave=wave), optional=True), _level(place, wording))
        for place, wave in waves.items()
        if _told(rows, f"{place}_intervention")
    ]


def _level(place: str, wording: Wording) -> Callable[[pd.Series], Cell]:
    study = wording.study

    def cell(row: pd.Series) -> Cell:
        levels = [row[f"{place}_{arm}"] for arm in ARMS]
        if any(pd.isna(level) for level in levels):
            return Cell("")
        if KINDS[row["kind"]].family == "binary":
            text = " / ".join(f"{wording.number(100 * level, 0)}%" for level in levels)
        else:
            spread = abs(row["estimate"] / row["d"]) if pd.notna(row["d"]) and row["d"] else float("nan")
            text = " / ".join(wording.number(level, decimals_for(spread / 10)) for level in levels)
        wave = study.design.baseline if place == "baseline" else wave_of(row, study)
        return Cell(text, counts=behind_levels(row, study, place, wave))

    return cell


def cluster_columns(rows: pd.DataFrame, wording: Wording, level: float, limits: Limits) -> list[Further]:
    """p-values by person and by site, and the interval by site; of clusters on which no row rests already.

    `limits` shows an interval on the link scale as the table has it.
    """
    columns = []
    for by in CLUSTERS:
        if _told(rows, f"p_value_{by}") and not (rows["errors"] == by).any():
            columns.append(Further(Column(wording.text(f"effects.p_{by}"), optional=True), _p_by(by, wording)))
            if by == "sites":
                heading = wording.text("effects.interval_sites", level=100 * level)
                columns.append(Further(Column(heading, optional=True), _limits_by(by, limits, wording)))
    return columns


def _told(rows: pd.DataFrame, name: str) -> bool:
    return bool(rows[name].notna().any())


def _percentage_points(heading: str, interval: str, wording: Wording, *, narrow: bool) -> list[Further]:
    """The difference, which a `narrow` table has too, and its interval."""

    def points(row: pd.Series) -> Cell:
        return Cell(wording.number(100 * row["marginal_effect"], 1, sign=True))

    def between(row: pd.Series) -> Cell:
        ends = [100 * row[f"marginal_{end}"] for end in ("low", "high")]
        return Cell("" if pd.isna(ends[0]) else " – ".join(wording.number(end, 1) for end in ends))

    return [
        Further(Column(heading, optional=not narrow), points),
        Further(Column(f"{heading} {interval}", optional=True), between),
    ]


def _with_interval(heading: str, name: str, ends: str, error: str, wording: Wording) -> Further:
    """A column with its limits, in as many decimals as the column with its standard error asks for, if it has one."""

    def cell(row: pd.Series) -> Cell:
        if pd.isna(row[name]):
            return Cell("")
        decimals = decimals_for(row[error]) if error else 2
        value, low, high = (wording.number(row[own], decimals) for own in (name, f"{ends}_low", f"{ends}_high"))
        return Cell(f"{value} ({low} – {high})")

    return Further(Column(heading, optional=True), cell)


def _p_by(by: str, wording: Wording) -> Callable[[pd.Series], Cell]:
    def cell(row: pd.Series) -> Cell:
        p = row[f"p_value_{by}"]
        return Cell("" if pd.isna(p) else wording.p_value(p))

    return cell


def _limits_by(by: str, limits: Limits, wording: Wording) -> Callable[[pd.Series], Cell]:
    def cell(row: pd.Series) -> Cell:
        low, high = row[f"conf_low_{by}"], row[f"conf_high_{by}"]
        return Cell("" if pd.isna(low) else limits(row, low, high, wording))

    return cell
