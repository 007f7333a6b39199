"""What a figure shows in words and numbers, for who cannot see it."""

from __future__ import annotations

import math

import pandas as pd

from dnt_cli.description.lookup import Lookup, group_label, level_label, shown
from dnt_cli.description.rounding import decimals_of
from dnt_cli.effects.tables import decimals_of as effect_decimals
from dnt_cli.effects.tables import interval_on_scale, mark_of, scale_of
from dnt_cli.wording import Wording


def outcome_alternative(figures: Lookup, outcome: str, wording: Wording) -> str:
    """The percentages, means or classes per group and wave, each with the number of persons."""
    spec = wording.study.outcomes[outcome]
    seen = set(figures.values("wave", variable=outcome))
    waves = [wave for wave in wording.study.design.wave_keys if wave in seen]
    parts = []
    for group in wording.study.design.groups:
        texts = [text for wave in waves if (text := _at(figures, outcome, group, wave, wording))]
        parts.append(f"{group_label(group, wording)}: {', '.join(texts)}.")
    unit = {"binary": "percent", "ordinal": "classes"}.get(spec.kind, "mean")
    return " ".join([f"{spec.label[wording.language]}, {wording.text(f'description.alternative_{unit}')}.", *parts])


def _at(figures: Lookup, outcome: str, group: str, wave: str, wording: Wording) -> str:
    spec = wording.study.outcomes[outcome]
    if spec.kind == "ordinal":
        levels = [level for level in figures.values("level", variable=outcome) if level]
        own = [(level, figures.get(outcome, level, group, wave, "pct").value) for level in levels]
        named = [
            f"{level_label(outcome, level, wording)} {shown(value, 1, wording)}%"
            for level, value in own
            if not math.isnan(value)
        ]
        return f"{wave} {' / '.join(named)}" if named else ""
    binary = spec.kind == "binary"
    figure = figures.get(outcome, "", group, wave, "pct" if binary else "mean")
    if math.isnan(figure.value):
        return ""
    persons = figure.denominator if binary else figure.n
    value = shown(figure.value, decimals_of(spec), wording) + ("%" if binary else "")
    return f"{wave} {value} (N = {persons})"


def effects_alternative(rows: pd.DataFrame, wording: Wording, level: float) -> str:
    """The effects with their intervals."""
    texts = []
    for _, row in rows.iterrows():
        if row["status"] == "not estimable":
            continue
        estimate, low, high = (wording.number(value, effect_decimals(row["kind"])) for value in interval_on_scale(row))
        where = wording.text(f"description.alternative_{row['analysis']}", wave=wording.study.endpoint(row["outcome"]))
        scale = scale_of(row["kind"], wording, row)
        mark = mark_of(row, wording.study)
        texts.append(f"{wording.label(row['outcome'])}, {where}: {scale} {estimate}{mark} ({low} – {high})")
    return f"{wording.text('description.alternative_effects', level=100 * level)} {'; '.join(texts)}."
