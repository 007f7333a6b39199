"""A description as the tables of a report: who took part, how the groups differed, how outcomes went."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd

from dnt_cli.description import lookup, trend_tables
from dnt_cli.description.attrition import KINDS, seen_in
from dnt_cli.description.comparison import ABSENT, PRESENT
from dnt_cli.description.lookup import (
    Lookup,
    count_and_percentage,
    group_label,
    level_label,
    mean_and_deviation,
    shown,
    variable_label,
)
from dnt_cli.description.rounding import decimals_of
from dnt_cli.description.rows import ALL
from dnt_cli.description.sample import group_names
from dnt_cli.tables import Cell, Column, Section, Table
from dnt_cli.wording import Wording

INDENT = "  "
MARK = "+"


def description_tables(description: pd.DataFrame, wording: Wording) -> list[Table]:
    """Sample and attrition, attendance patterns, baseline, drop-out, outcomes per wave, and change between waves.

    Figures are rounded half up. Optional columns may be left out on a narrow terminal.
    """
    tables = [
        _sample(description, wording),
        _patterns(description, wording),
        _comparison(description, wording, "baseline"),
        _comparison(description, wording, "dropout"),
        trend_tables.trend_table(description, wording),
        trend_tables.change_table(description, wording),
        _further(description, wording),
    ]
    made_up = tuple(wording.synthetic_note())
    return [Table(t.title, t.columns, t.sections, made_up + t.notes) for t in tables if t.sections]


def _group_columns(wording: Wording) -> list[Column]:
    study = wording.study
    return [Column(group_label(group, wording)) for group in group_names(study)]


def _sample(description: pd.DataFrame, wording: Wording) -> Table:
    study = wording.study
    groups, waves = group_names(study), study.design.wave_keys
    sample, attrition = Lookup(description, "sample"), Lookup(description, "attrition")
    totals = [Cell(str(sample.get("", "", group, "", "pct").n)) for group in groups]
    sections = [Section("", ((Cell(wording.text("description.included")), *totals),))]

    def section(title: str, rows: Iterable[tuple[str, list[lookup.Figure]]]) -> None:
        body = [(Cell(label), *(Cell(count_and_percentage(f, wording)) for f in figures)) for label, figures in rows]
        if body:
            sections.append(Section(wording.text(f"description.{title}"), tuple(body)))

    body = []
    for wave in waves:
        present, dropout = ([attrition.get("", "", g, wave, s) for g in groups] for s in ("present", "dropout"))
        texts = [f"{p.n} ({shown(d.value, 1, wording)}%)" for p, d in zip(present, dropout, strict=True)]
        body.append((Cell(wave), *map(Cell, texts)))
    sections.append(Section(wording.text("description.wave_section"), tuple(body)))
    kinds = ((wording.text(f"description.{k}"), [attrition.get("", "", g, "", k) for g in groups]) for k in KINDS)
    section("complete_section", kinds)
    numbers = attrition.values("level", variable="waves_seen")
    rows = ((n, [attrition.get("waves_seen", n, g, "", "pct") for g in groups]) for n in numbers)
    section("waves_section", [row for row in rows if row[1][-1].n])
    site = study.design.site or ""
    sites = [level for level in sample.values("level", variable=site) if level]
    section("site_section", [(s, [sample.get(site, s, g, "", "pct") for g in groups]) for s in sites])
    columns = (Column("", "left"), *_group_columns(wording))
    return Table(
        wording.text("description.sample_title"), columns, tuple(sections), (wording.text("description.dropout_note"),)
    )


def _patterns(description: pd.DataFrame, wording: Wording) -> Table:
    study = wording.study
    attrition, waves = Lookup(description, "attrition"), study.design.wave_keys
    rows = []
    for pattern in attrition.values("level", variable="pattern"):
        seen = seen_in(pattern, waves) or ()
        kind = attrition.values("statistic", variable="pattern", level=pattern)[0]
        counts = [attrition.get("pattern", pattern, group, "", kind).n for group in group_names(study)]
        marks = [Cell("x") if wave in seen else Cell(".", "muted") for wave in waves]
        rows.append((*marks, *(Cell(str(n)) for n in counts), Cell(wording.text(f"description.kind_{kind}"))))
    columns = (
        *(Column(wave) for wave in waves),
        *_group_columns(wording),
        Column(wording.text("description.kind"), "left"),
    )
    notes = (wording.text("description.patterns_note"),)
    return Table(wording.text("description.patterns_title"), columns, (Section("", tuple(rows)),), notes)


class _Comparison:
    """Rows of two groups side by side."""

    def __init__(self, description: pd.DataFrame, wording: Wording, table: str) -> None:
        self.study, self.wording = wording.study, wording
        self.figures = Lookup(description, table)
        own = group_names(wording.study) if table == "baseline" else [ABSENT, PRESENT, ALL]
        self.populations = [group for group in self.figures.values("group") if group and group not in own]
        self.groups = [*own, *self.populations]
        statistics = self.figures.values("statistic")
        self.thresholds = sorted(float(s.removeprefix("above_")) for s in statistics if s.startswith("above_"))

    def row(self, label: str, variable: str, level: str, wave: str) -> tuple[Cell, ...]:
        """The figures of one level, or of a measurement."""
        get = self.figures.get
        share = not math.isnan(get(variable, level, ALL, wave, "pct").value)
        outcome = self.study.outcomes.get(variable)
        decimals = 1 if share or outcome is None else decimals_of(outcome)
        cells = [Cell(label)]
        for group in self.groups:
            if group in self.populations:
                value = get(variable, level, group, wave, "pct" if share else "mean").value
                text = shown(value, decimals, self.wording)
                cells.append(Cell(f"{text}%" if share and text else text))
            elif share:
                cells.append(Cell(count_and_percentage(get(variable, level, group, wave, "pct"), self.wording)))
            else:
                mean, sd = (get(variable, level, group, wave, s) for s in ("mean", "sd"))
                cells.append(Cell(mean_and_deviation(mean, sd, decimals, self.wording)))
        missing = get(variable, "", ALL, wave, "missing").n
        difference = get(variable, level, "", wave, "difference").value
        smd = get(variable, level, "", wave, "smd").value
        cells += [Cell(str(missing or "")), Cell(shown(difference, decimals, self.wording, sign=True))]
        return (*cells, Cell(shown(smd, 2, self.wording, sign=True)), Cell(self.mark(smd)))

    def heading(self, label: str, variable: str, wave: str) -> tuple[Cell, ...]:
        """The row above the levels of a characteristic: its missing values."""
        missing = self.figures.get(variable, "", ALL, wave, "missing").n
        return (Cell(label), *([Cell("")] * len(self.groups)), Cell(str(missing or "")), *([Cell("")] * 3))

    def mark(self, smd: float) -> str:
        """A plus for every threshold that the difference exceeds."""
        return "" if math.isnan(smd) else MARK * sum(abs(smd) > threshold for threshold in self.thresholds)

    def rows(self, variable: str, wave: str) -> list[tuple[Cell, ...]]:
        """All rows of a characteristic; of two levels only the second is shown."""
        label = variable_label(variable, self.wording)
        levels = [level for level in self.figures.values("level", variable=variable, wave=wave) if level]
        named = [(level, level_label(variable, level, self.wording)) for level in levels]
        if len(levels) == 2 and variable not in self.study.outcomes:
            # Group: the intervention is listed first; other pairs are no/yes, and the yes is of interest.
            level, name = named[0 if variable == self.study.design.group else 1]
            title = label if level == "yes" else f"{label}: {name}"
            return [self.row(title, variable, level, wave)]
        measured = not levels or variable in self.study.outcomes
        first = self.row(label, variable, "", wave) if measured else self.heading(label, variable, wave)
        rows = [self.row(INDENT + name, variable, level, wave) for level, name in named]
        place = 1 + len(self.groups)  # missing values belong to the first row only
        return [first, *((*row[:place], Cell(""), *row[place + 1 :]) for row in rows)]

    def candidates(self, threshold: float) -> list[str]:
        """Characteristics with a difference above the threshold."""
        rows = self.figures.rows
        above = rows[(rows["statistic"] == f"above_{threshold:g}") & (rows["value"] == 1)]
        return [variable_label(variable, self.wording) for variable in above["variable"]]


def _comparison(description: pd.DataFrame, wording: Wording, table: str) -> Table:
    study = wording.study
    comparison = _Comparison(description, wording, table)
    design, variables = study.design, comparison.figures.values("variable")
    background = [v for v in variables if v not in study.outcomes]
    outcomes = [v for v in variables if v in study.outcomes]
    sections = []
    for title, chosen, wave in (("background", background, ""), ("outcomes", outcomes, design.baseline)):
        body = [row for variable in chosen for row in comparison.rows(variable, wave)]
        if body:
            sections.append(Section(wording.text(f"description.{title}_section", wave=design.baseline), tuple(body)))
    own = (ABSENT, PRESENT) if table == "dropout" else ()  # elsewhere these words may be the code of a group
    names = [wording.text(f"description.{g}") if g in own else group_label(g, wording) for g in comparison.groups]
    columns = (
        Column(wording.text("description.characteristic"), "left"),
        *(Column(name, optional=i > 1) for i, name in enumerate(names)),
        Column(wording.text("description.missing"), optional=True),
        Column(
            wording.text("description.difference"), optional=True
        ),  # can be seen from the two groups; the SMD cannot
        Column(wording.text("description.smd")),
        Column("", "left"),
    )
    notes = [
        wording.text("description.cells_note"),
        wording.text("description.difference_note", first=names[0], second=names[1]),
    ]
    limits = [wording.number(threshold, 2) for threshold in comparison.thresholds]
    texts = [
        wording.text("description.threshold_note", mark=MARK * (i + 1), threshold=limit)
        for i, limit in enumerate(limits)
    ]
    notes += [", ".join(texts) + "."] if texts else []
    if table == "baseline" and comparison.thresholds:
        found = comparison.candidates(comparison.thresholds[-1])
        notes += (
            [wording.text("description.candidates_note", threshold=limits[-1], names=", ".join(found))] if found else []
        )
    title = wording.text(f"description.{table}_title", wave=design.baseline if table == "baseline" else design.endpoint)
    return Table(title, columns, tuple(sections), tuple(notes))


def _further(description: pd.DataFrame, wording: Wording) -> Table:
    """Answers outside the study file under their own names."""
    study = wording.study
    figures, groups = Lookup(description, "further"), group_names(study)
    sections = []
    for variable in figures.values("variable"):
        for wave in figures.values("wave", variable=variable):
            rows = []
            for level in figures.values("level", variable=variable, wave=wave):
                found = {s: [figures.get(variable, level, g, wave, s) for g in groups] for s in ("pct", "mean", "sd")}
                if level:
                    texts = [count_and_percentage(figure, wording) for figure in found["pct"]]
                else:
                    pairs = zip(found["mean"], found["sd"], strict=True)
                    texts = [mean_and_deviation(mean, sd, 2, wording) for mean, sd in pairs]
                rows.append((Cell(INDENT + level if level else wording.text("description.mean")), *map(Cell, texts)))
            sections.append(Section(f"{variable} ({wave})" if wave else variable, tuple(rows)))
    columns = (Column("", "left"), *_group_columns(wording))
    return Table(
        wording.text("description.further_title"), columns, tuple(sections), (wording.text("description.cells_note"),)
    )
