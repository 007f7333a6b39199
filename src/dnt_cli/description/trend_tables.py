"""Outcomes per wave and group, and their change, as tables with the outcomes under their hypotheses."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pandas as pd

from dnt_cli.description.lookup import Figure, Lookup, group_label, initials, level_label, shown, variable_label
from dnt_cli.description.rounding import PERCENT_DECIMALS, decimals_of
from dnt_cli.description.texts import words
from dnt_cli.description.trends import interval_names
from dnt_cli.effects.tables import hypothesis_heading
from dnt_cli.study import Language, Study
from dnt_cli.tables import Cell, Column, Section, Table
from dnt_cli.texts import words as common_words

INDENT = "  "
_BLOCKS = "▁▂▃▄▅▆▇█"
_Rows = list[tuple[Cell, ...]]
_OneRow = Callable[[str, str, str, int], tuple[Cell, ...]]  # label, level, statistic, decimals


def trend_table(description: pd.DataFrame, study: Study, language: Language) -> Table:
    """Percentages, means and distributions over classes: per group the waves side by side, N underneath."""
    figures = Lookup(description, "trend")
    groups, waves = _groups(study), [w for w in study.design.wave_keys if w in set(figures.values("wave"))]

    def rows(variable: str) -> _Rows:
        outcome = study.outcomes[variable]
        binary = outcome.kind == "binary"
        statistic, decimals = "pct" if binary else "mean", decimals_of(outcome)
        unit = words("percent" if binary else "mean", language)

        def cells(level: str, statistic: str, decimals: int) -> list[Figure]:
            return [figures.get(variable, level, group, wave, statistic) for group in groups for wave in waves]

        main = cells("", statistic, decimals)
        charts = [Cell(text) for text in _charts([f.value for f in main], len(waves))]
        body = [
            (Cell(f"{variable_label(study, variable, language)} ({unit})"), *_texts(main, decimals, language), *charts)
        ]
        blanks = [Cell("")] * len(groups)
        for level in _levels(figures, variable):
            name = f"{INDENT}{level_label(study, variable, level, language)} (%)"
            body.append((Cell(name), *_texts(cells(level, "pct", 1), PERCENT_DECIMALS, language), *blanks))
        n = [f.denominator if binary else f.n for f in main]
        body.append((Cell(f"{INDENT}N", "muted"), *(Cell(str(k or ""), "muted") for k in n), *blanks))
        return body

    short = initials(study, language)
    columns = [Column(common_words("outcome", language), "left")]
    columns += [Column(f"{short[group]} {wave}") for group in groups for wave in waves]
    columns += [Column(short[group], "left", optional=True) for group in groups]
    notes = (words("trend_note", language, groups=_legend(study, language)), words("spark_note", language))
    sections = _sections(figures, study, language, rows)
    return Table(words("trend_title", language), tuple(columns), sections, tuple(notes))


def change_table(description: pd.DataFrame, study: Study, language: Language) -> Table:
    """Change from baseline to endpoint and from there to follow-up, and who rose and fell on ordinal outcomes."""
    figures, design = Lookup(description, "change"), study.design
    pairs = [(design.baseline, design.endpoint)]
    if design.follow_up is not None:
        pairs += [(design.endpoint, design.follow_up), (design.baseline, design.follow_up)]
    wanted = interval_names(study, pairs)
    groups = _groups(study)

    def rows(variable: str) -> _Rows:
        outcome = study.outcomes[variable]
        decimals = decimals_of(outcome)

        def row(label: str, level: str, statistic: str, decimals: int, sign: bool = True) -> tuple[Cell, ...]:
            found = [figures.get(variable, level, group, wave, statistic) for wave in wanted for group in groups]
            return (Cell(label), *_texts(found, decimals, language, sign=sign))

        binary = outcome.kind == "binary"
        unit = words("points" if binary else "mean", language)
        statistic = f"{'pct_point' if binary else 'mean'}_change_rounded"
        body = [row(f"{variable_label(study, variable, language)} ({unit})", "", statistic, decimals)]
        for level in _levels(figures, variable):
            name = f"{INDENT}{level_label(study, variable, level, language)} ({words('points', language)})"
            body.append(row(name, level, "pct_point_change_rounded", PERCENT_DECIMALS))
        if outcome.kind == "ordinal":
            body += [
                row(INDENT + words(s, language), "", s, PERCENT_DECIMALS, sign=False) for s in ("rise", "fall", "same")
            ]
            body.append(row(INDENT + words("steps", language), "", "paired_mean", decimals))
        return body if any(cell.text for row_ in body for cell in row_[1:]) else []

    short = initials(study, language)
    columns = [Column(common_words("outcome", language), "left")]
    columns += [Column(f"{short[group]} {wave}") for wave in wanted for group in groups]
    sections = _sections(figures, study, language, rows)
    ordinal = any(study.outcomes[variable].kind == "ordinal" for variable in figures.values("variable"))
    notes = [words("change_note", language, groups=_legend(study, language))]
    notes += [words("paired_note", language)] if ordinal else []
    return Table(words("change_title", language), tuple(columns), sections, tuple(notes))


def _groups(study: Study) -> list[str]:
    return [study.design.intervention, study.design.comparison]


def _legend(study: Study, language: Language) -> str:
    """`I = Intervention, C = Control`."""
    short = initials(study, language)
    return ", ".join(f"{short[group]} = {group_label(study, group, language)}" for group in _groups(study))


def _levels(figures: Lookup, variable: str) -> list[str]:
    return [level for level in figures.values("level", variable=variable) if level]


def _texts(figures: Sequence[Figure], decimals: int, language: Language, *, sign: bool = False) -> list[Cell]:
    return [Cell(shown(figure.value, decimals, language, sign=sign)) for figure in figures]


def _sections(figures: Lookup, study: Study, language: Language, rows: Callable[[str], _Rows]) -> tuple[Section, ...]:
    """The rows of the outcomes, under their hypotheses in the order of the study file."""
    bodies: dict[str, _Rows] = {}
    for variable in figures.values("variable"):
        bodies.setdefault(study.outcomes[variable].hypothesis or "", []).extend(rows(variable))
    order = [*study.hypotheses, *(key for key in bodies if key not in study.hypotheses)]
    return tuple(
        Section(hypothesis_heading(study, key, language), tuple(bodies[key])) for key in order if bodies.get(key)
    )


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
