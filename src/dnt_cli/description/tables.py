"""A description as the tables of a report: who took part, how the groups differed, how outcomes went."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from dnt_cli.description import lookup, trend_tables
from dnt_cli.description.attrition import KINDS, seen_in
from dnt_cli.description.blocks import block_tables
from dnt_cli.description.codebook import codebook_table
from dnt_cli.description.comparison import ABSENT, PRESENT
from dnt_cli.description.left_out import LeftOut
from dnt_cli.description.lookup import (
    Lookup,
    count_and_percentage,
    group_label,
    level_label,
    mean_and_deviation,
    shown,
    variable_label,
)
from dnt_cli.description.persons import Behind
from dnt_cli.description.rounding import decimals_of
from dnt_cli.description.rows import ALL
from dnt_cli.description.sample import group_names
from dnt_cli.study import block_columns
from dnt_cli.tables import Cell, Column, Counts, Section, Table, resting, together
from dnt_cli.tables.counts import Pair
from dnt_cli.wording import Wording

INDENT = "  "
MARK = "+"


def description_tables(description: pd.DataFrame, wording: Wording) -> list[Table]:
    """Sample and attrition, attendance patterns, baseline, drop-out, outcomes per wave, and change between waves.

    Figures are rounded half up. Optional columns may be left out on a narrow terminal.
    """
    behind = Behind(description, wording.study)
    tables = [
        _sample(description, wording, behind),
        _patterns(description, wording, behind),
        _comparison(description, wording, "baseline", behind),
        _comparison(description, wording, "dropout", behind),
        trend_tables.trend_table(description, wording, behind),
        trend_tables.change_table(description, wording, behind),
        *block_tables(description, wording, behind),
        _further(description, wording, behind),
        codebook_table(description, wording, behind),
    ]
    made_up = tuple(wording.synthetic_note())
    return [replace(table, notes=made_up + table.notes) for table in tables if table.sections]


def outcome_tables(description: pd.DataFrame, wording: Wording) -> dict[str, Table]:
    """Per outcome the table behind its figure: percentages or means per group and wave, and their N."""
    behind = Behind(description, wording.study)
    trends = description[description["table"] == "trend"]
    return {
        str(outcome): replace(trend_tables.trend_table(own, wording, behind), title=wording.label(str(outcome)))
        for outcome, own in trends.groupby("variable", sort=False)
    }


def _group_columns(wording: Wording) -> list[Column]:
    study = wording.study
    return [Column(group_label(group, wording)) for group in group_names(study)]


def _sample(description: pd.DataFrame, wording: Wording, behind: Behind) -> Table:
    study, say = wording.study, wording.room("description")
    groups, waves = group_names(study), study.design.wave_keys
    sample, attrition = Lookup(description, "sample"), Lookup(description, "attrition")
    sizes = {group: sample.get("", "", group, "", "pct").n for group in groups}
    totals = [Cell(str(n), counts=resting(behind.people(group), n)) for group, n in sizes.items()]
    left_out = LeftOut(description, wording)
    before = tuple(left_out.cells(behind))
    sections = [Section("", (*before, (Cell(say("included")), *totals)))]

    def section(title: str, rows: Iterable[tuple[Cell, list[tuple[lookup.Figure, Counts]]]]) -> None:
        body = [(c, *(Cell(count_and_percentage(f, wording), counts=own) for f, own in found)) for c, found in rows]
        if body:
            sections.append(Section(say(title), tuple(body)))

    body = []
    for wave in waves:
        present, dropout = ([attrition.get("", "", g, wave, s) for g in groups] for s in ("present", "dropout"))
        texts = [f"{p.n} ({shown(d.value, 1, wording)}%)" for p, d in zip(present, dropout, strict=True)]
        there = [behind.share(p, g, behind.seen_at(wave)) for p, g in zip(present, groups, strict=True)]
        body.append((Cell(wave), *(Cell(text, counts=own) for text, own in zip(texts, there, strict=True))))
    sections.append(Section(say("wave_section"), tuple(body)))

    def attending(variable: str, level: str, statistic: str, who: Pair) -> list[tuple[lookup.Figure, Counts]]:
        found = [(attrition.get(variable, level, group, "", statistic), group) for group in groups]
        return [(figure, behind.share(figure, group, who)) for figure, group in found]

    section("complete_section", ((Cell(say(k)), attending("", "", k, behind.seen_as(k))) for k in KINDS))
    numbers = attrition.values("level", variable="waves_seen")
    rows = ((Cell(n), attending("waves_seen", n, "pct", behind.seen_often(int(n)))) for n in numbers)
    section("waves_section", [row for row in rows if row[1][-1][0].n])
    section("site_section", _sites(sample, study.design.site or "", groups, behind))
    columns = (Column("", "left"), *_group_columns(wording))
    notes = (say("dropout_note"), *left_out.notes())
    return Table(say("sample_title"), columns, tuple(sections), notes, name="sample")


def _sites(
    sample: Lookup, site: str, groups: list[str], behind: Behind
) -> list[tuple[Cell, list[tuple[lookup.Figure, Counts]]]]:
    """The persons of each site; its name is not told where the number of its persons is not."""
    rows = []
    for level in filter(None, sample.values("level", variable=site)):
        found = [sample.get(site, level, group, "", "pct") for group in groups]
        counts = [behind.site(f, site, level, group) for f, group in zip(found, groups, strict=True)]
        rows.append((Cell(level, counts=counts[-1]), list(zip(found, counts, strict=True))))
    return rows


def _patterns(description: pd.DataFrame, wording: Wording, behind: Behind) -> Table:
    study, say = wording.study, wording.room("description")
    attrition, waves = Lookup(description, "attrition"), study.design.wave_keys
    rows = []
    for pattern in attrition.values("level", variable="pattern"):
        seen = seen_in(pattern, waves) or ()
        kind = attrition.values("statistic", variable="pattern", level=pattern)[0]
        found = [(attrition.get("pattern", pattern, group, "", kind), group) for group in group_names(study)]
        counts = [behind.share(figure, group, behind.attending([pattern])) for figure, group in found]
        marks = [
            Cell("x", counts=counts[-1]) if wave in seen else Cell(".", "muted", counts=counts[-1]) for wave in waves
        ]
        cells = [Cell(str(f.n), counts=own) for (f, _), own in zip(found, counts, strict=True)]
        rows.append((*marks, *cells, Cell(say(f"kind_{kind}"), counts=counts[-1])))
    columns = (
        *(Column(wave) for wave in waves),
        *_group_columns(wording),
        Column(say("kind"), "left"),
    )
    notes = (say("patterns_note"),)
    return Table(say("patterns_title"), columns, (Section("", tuple(rows)),), notes, name="patterns")


class _Comparison:
    """Rows of two groups side by side."""

    def __init__(self, description: pd.DataFrame, wording: Wording, table: str, behind: Behind) -> None:
        self.study, self.wording, self.behind = wording.study, wording, behind
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
                cells.append(Cell(f"{text}%" if share and text else text, counts=Counts()))  # of no person of the study
            elif share:
                figure = get(variable, level, group, wave, "pct")
                counts = self.behind.answered(figure, variable, level, group, wave)
                cells.append(Cell(count_and_percentage(figure, self.wording), counts=counts))
            else:
                mean, sd = (get(variable, level, group, wave, s) for s in ("mean", "sd"))
                counts = self.behind.mean(mean, variable, group, wave, sd)
                cells.append(Cell(mean_and_deviation(mean, sd, decimals, self.wording), counts=counts))
        difference = get(variable, level, "", wave, "difference").value
        smd = get(variable, level, "", wave, "smd").value
        both = together(cell.counts for cell in cells[1:3])
        texts = [shown(difference, decimals, self.wording, sign=True), shown(smd, 2, self.wording, sign=True)]
        return (*cells, self.missing(variable, wave), *(Cell(t, counts=both) for t in (*texts, self.mark(smd))))

    def missing(self, variable: str, wave: str) -> Cell:
        """The number of those without an answer."""
        figure = self.figures.get(variable, "", ALL, wave, "missing")
        return Cell(str(figure.n or ""), counts=self.behind.missing(figure, variable, ALL, wave))

    def heading(self, label: str, variable: str, wave: str) -> tuple[Cell, ...]:
        """The row above the levels of a characteristic: its missing values."""
        return (Cell(label), *([Cell("")] * len(self.groups)), self.missing(variable, wave), *([Cell("")] * 3))

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


def _comparison(description: pd.DataFrame, wording: Wording, table: str, behind: Behind) -> Table:
    study, say = wording.study, wording.room("description")
    comparison = _Comparison(description, wording, table, behind)
    design, variables = study.design, comparison.figures.values("variable")
    background = [v for v in variables if v not in study.outcomes]
    outcomes = [v for v in variables if v in study.outcomes]
    sections = []
    for title, chosen, wave in (("background", background, ""), ("outcomes", outcomes, design.baseline)):
        body = [row for variable in chosen for row in comparison.rows(variable, wave)]
        if body:
            sections.append(Section(say(f"{title}_section", wave=design.baseline), tuple(body)))
    own = (ABSENT, PRESENT) if table == "dropout" else ()  # elsewhere these words may be the code of a group
    names = [say(g) if g in own else group_label(g, wording) for g in comparison.groups]
    columns = (
        Column(say("characteristic"), "left"),
        *(Column(name, optional=i > 1) for i, name in enumerate(names)),
        Column(say("missing"), optional=True),
        Column(say("difference"), optional=True),  # can be seen from the two groups; the SMD cannot
        Column(say("smd")),
        Column("", "left"),
    )
    notes = [say("cells_note"), *(say(f"{own}_note", first=names[0], second=names[1]) for own in ("difference", "smd"))]
    limits = [wording.number(threshold, 2) for threshold in comparison.thresholds]
    texts = [say("threshold_note", mark=MARK * (i + 1), threshold=limit) for i, limit in enumerate(limits)]
    notes += [", ".join(texts) + "."] if texts else []
    if table == "baseline":
        notes += _sources(comparison, wording)
        found = comparison.candidates(comparison.thresholds[-1]) if limits else []
        notes += [say("candidates_note", threshold=limits[-1], names=", ".join(found))] if found else []
    title = say(f"{table}_title", wave=design.baseline if table == "baseline" else design.endpoint)
    return Table(title, columns, tuple(sections), tuple(notes), name=table)


def _sources(comparison: _Comparison, wording: Wording) -> list[str]:
    """Where the figures of the study's populations come from."""
    say = wording.room("description")
    own = [wording.study.populations[key] for key in comparison.populations if key in wording.study.populations]
    return [
        say("population_note", population=population.label[wording.language], note=population.note[wording.language])
        for population in own
        if population.note is not None
    ]


def _further(description: pd.DataFrame, wording: Wording, behind: Behind) -> Table:
    """Answers outside the study file under their own names."""
    study, say = wording.study, wording.room("description")
    figures, groups = Lookup(description, "further"), group_names(study)
    sections, in_blocks = [], block_columns(study.description)
    for variable in (name for name in figures.values("variable") if name not in in_blocks):
        for wave in figures.values("wave", variable=variable):
            rows = []
            for level in figures.values("level", variable=variable, wave=wave):
                cells = [_further_cell(figures, (variable, level, group, wave), wording, behind) for group in groups]
                total = together([cells[-1].counts]) if level else None  # a word of a few is not told
                rows.append((Cell(INDENT + level if level else say("mean"), counts=total), *cells))
            sections.append(Section(f"{variable} ({wave})" if wave else variable, tuple(rows)))
    columns = (Column("", "left"), *_group_columns(wording))
    notes = (say("cells_note"),)
    return Table(say("further_title"), columns, tuple(sections), notes, name="further")


def _further_cell(figures: Lookup, key: tuple[str, str, str, str], wording: Wording, behind: Behind) -> Cell:
    """A count, or a mean, of answers outside the study file."""
    variable, level, group, wave = key
    if level:
        figure = figures.get(variable, level, group, wave, "pct")
        return Cell(count_and_percentage(figure, wording), counts=behind.answered(figure, variable, level, group, wave))
    mean, sd = (figures.get(variable, level, group, wave, s) for s in ("mean", "sd"))
    return Cell(mean_and_deviation(mean, sd, 2, wording), counts=behind.mean(mean, variable, group, wave, sd))
