"""Outcomes per wave and group, and their change, as tables with the outcomes under their hypotheses."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pandas as pd

from dnt_cli.description.lookup import Figure, Lookup, group_label, initials, level_label, shown, variable_label
from dnt_cli.description.persons import Behind
from dnt_cli.description.rounding import PERCENT_DECIMALS, decimals_of
from dnt_cli.description.trends import interval_names
from dnt_cli.tables import Cell, Column, Counts, Section, Table, together
from dnt_cli.wording import Wording

INDENT = "  "
_MOVED = ("rise", "fall", "same", "paired_mean")  # statistics of those who answered twice
_BLOCKS = "▁▂▃▄▅▆▇█"
_Rows = list[tuple[Cell, ...]]


def trend_table(description: pd.DataFrame, wording: Wording, behind: Behind) -> Table:
    """Percentages, means and distributions over classes: per group the waves side by side, N underneath."""
    study, say = wording.study, wording.room("description")
    figures = Lookup(description, "trend")
    groups, waves = study.design.groups, [w for w in study.design.wave_keys if w in set(figures.values("wave"))]
    places = [(group, wave) for group in groups for wave in waves]

    def rows(variable: str) -> _Rows:
        outcome = study.outcomes[variable]
        binary = outcome.kind == "binary"
        statistic, decimals = "pct" if binary else "mean", decimals_of(outcome)
        unit = say("percent" if binary else "mean")

        def cells(level: str, statistic: str) -> list[tuple[Figure, Counts]]:
            return [level_at(figures, behind, variable, level, place, statistic) for place in places]

        main = cells("", statistic)
        charts = _chart_cells(main, len(waves))
        body = [(Cell(f"{variable_label(variable, wording)} ({unit})"), *_texts(main, decimals, wording), *charts)]
        blanks = [Cell("")] * len(groups)
        for level in _levels(figures, variable):
            name = f"{INDENT}{level_label(variable, level, wording)} (%)"
            body.append((Cell(name), *_texts(cells(level, "pct"), PERCENT_DECIMALS, wording), *blanks))
        n = [f.denominator if binary else f.n for f, _ in main]
        counts = [behind.everybody(k, variable, *place) for k, place in zip(n, places, strict=True)]
        numbers = [Cell(str(k or ""), "muted", counts=own if k else None) for k, own in zip(n, counts, strict=True)]
        body.append((Cell(f"{INDENT}N", "muted"), *numbers, *blanks))
        return body

    short = initials(wording)
    columns = [Column(wording.text("common.outcome"), "left")]
    columns += [Column(f"{short[group]} {wave}") for group, wave in places]
    columns += [Column(short[group], "left", optional=True) for group in groups]
    notes = (say("trend_note", groups=_legend(wording)), say("spark_note"))
    sections = _sections(figures, wording, rows)
    return Table(say("trend_title"), tuple(columns), sections, notes, name="trend")


def change_table(description: pd.DataFrame, wording: Wording, behind: Behind) -> Table:
    """Change from baseline to endpoint and from there to follow-up, and who rose and fell on ordinal outcomes."""
    study, changes = wording.study, _Changes(description, wording, behind)
    short = initials(wording)
    columns = [Column(wording.text("common.outcome"), "left")]
    columns += [Column(f"{short[group]} {wave}") for wave in changes.pairs for group in study.design.groups]
    ordinal = any(study.outcomes[variable].kind == "ordinal" for variable in changes.figures.values("variable"))
    notes = [wording.text("description.change_note", groups=_legend(wording))]
    notes += [wording.text("description.paired_note")] if ordinal else []
    sections = _sections(changes.figures, wording, changes.rows)
    return Table(wording.text("description.change_title"), tuple(columns), sections, tuple(notes), name="change")


class _Changes:
    """Rows of change, a cell per pair of waves and group.

    Attributes:
        figures: Of change.
        trend: Of the levels at the waves.
        pairs: Name of an interval -> its two waves.
    """

    def __init__(self, description: pd.DataFrame, wording: Wording, behind: Behind) -> None:
        self.wording, self.behind = wording, behind
        self.figures, self.trend = Lookup(description, "change"), Lookup(description, "trend")
        design = wording.study.design
        pairs = [(design.baseline, design.endpoint)]
        if design.follow_up is not None:
            pairs += [(design.endpoint, design.follow_up), (design.baseline, design.follow_up)]
        self.pairs = dict(zip(interval_names(wording.study, pairs), pairs, strict=True))

    def rows(self, variable: str) -> _Rows:
        """Those of an outcome; none if nothing is known of its change."""
        outcome, say = self.wording.study.outcomes[variable], self.wording.room("description")
        decimals, kind = decimals_of(outcome), "pct_point" if outcome.kind == "binary" else "mean"
        unit = say("points" if outcome.kind == "binary" else "mean")
        title = f"{variable_label(variable, self.wording)} ({unit})"
        body = [self._row(title, variable, "", f"{kind}_change_rounded", decimals)]
        for level in _levels(self.figures, variable):
            name = f"{INDENT}{level_label(variable, level, self.wording)} ({say('points')})"
            body.append(self._row(name, variable, level, "pct_point_change_rounded", PERCENT_DECIMALS))
        if outcome.kind == "ordinal":
            body += [
                self._row(INDENT + say(way), variable, "", way, PERCENT_DECIMALS, sign=False)
                for way in ("rise", "fall", "same")
            ]
            body.append(self._row(INDENT + say("steps"), variable, "", "paired_mean", decimals))
        return body if any(cell.text for row in body for cell in row[1:]) else []

    def _row(
        self, label: str, variable: str, level: str, statistic: str, decimals: int, *, sign: bool = True
    ) -> tuple[Cell, ...]:
        found = []
        for interval in self.pairs:
            for group in self.wording.study.design.groups:
                figure = self.figures.get(variable, level, group, interval, statistic)
                found.append((figure, self._counts(figure, variable, level, group, interval, statistic)))
        return (Cell(label), *_texts(found, decimals, self.wording, sign=sign))

    def _counts(
        self, figure: Figure, variable: str, level: str, group: str, interval: str, statistic: str
    ) -> Counts | None:
        """Who is behind a change: those who answered twice, or those who answered at either wave."""
        if statistic in _MOVED:
            how = "" if statistic == "paired_mean" else statistic
            return self.behind.moved(figure, variable, how, group, interval)
        own = "pct" if statistic.startswith("pct") else "mean"
        ends = ((group, wave) for wave in self.pairs[interval])
        return together(level_at(self.trend, self.behind, variable, level, end, own)[1] for end in ends)


def _legend(wording: Wording) -> str:
    """`I = Intervention, C = Control`."""
    study = wording.study
    short = initials(wording)
    return ", ".join(f"{short[group]} = {group_label(group, wording)}" for group in study.design.groups)


def _levels(figures: Lookup, variable: str) -> list[str]:
    return [level for level in figures.values("level", variable=variable) if level]


def level_at(
    figures: Lookup, behind: Behind, variable: str, level: str, place: tuple[str, str], statistic: str
) -> tuple[Figure, Counts]:
    """A percentage or mean of a group at a wave, and who is behind it."""
    figure = figures.get(variable, level, *place, statistic)
    if statistic == "pct":
        return figure, behind.answered(figure, variable, level, *place)
    return figure, behind.mean(figure, variable, *place)


def _texts(
    figures: Sequence[tuple[Figure, Counts | None]], decimals: int, wording: Wording, *, sign: bool = False
) -> list[Cell]:
    """The figures as cells; nothing stands behind an empty one."""
    texts = [(shown(figure.value, decimals, wording, sign=sign), counts) for figure, counts in figures]
    return [Cell(text, counts=counts if text else None) for text, counts in texts]


def _sections(figures: Lookup, wording: Wording, rows: Callable[[str], _Rows]) -> tuple[Section, ...]:
    """The rows of the outcomes, under their hypotheses in the order of the study file."""
    study = wording.study
    bodies: dict[str, _Rows] = {}
    for variable in figures.values("variable"):
        bodies.setdefault(study.outcomes[variable].hypothesis or "", []).extend(rows(variable))
    order = wording.in_order(key for key, body in bodies.items() if body)
    return tuple(Section(wording.hypothesis(key), tuple(bodies[key])) for key in order)


def _chart_cells(main: Sequence[tuple[Figure, Counts]], waves: int) -> list[Cell]:
    """A chart per group, which tells as much as the figures that it draws."""
    known = [[own for f, own in main[i : i + waves] if not math.isnan(f.value)] for i in range(0, len(main), waves)]
    texts = _charts([figure.value for figure, _ in main], waves)
    return [Cell(text, counts=together(own)) for text, own in zip(texts, known, strict=True)]


def _charts(values: Sequence[float], waves: int) -> list[str]:
    """A bar per wave for each group, on one scale; nothing where there is no trend to see."""
    known = [value for value in values if not math.isnan(value)]
    parts = [values[i : i + waves] for i in range(0, len(values), waves)]
    if not known or max(sum(not math.isnan(v) for v in part) for part in parts) < 2:
        return [""] * len(parts)
    low, span = min(known), (max(known) - min(known)) or 1.0

    def bar(value: float) -> str:
        return " " if math.isnan(value) else _BLOCKS[min(int((value - low) / span * len(_BLOCKS)), len(_BLOCKS) - 1)]

    return ["".join(bar(value) for value in part).rstrip() for part in parts]
