"""Effect estimates as the tables of a report: odds ratios and standardised betas, grouped by hypothesis."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

import pandas as pd

from dnt_cli.effects.columns import LARGEST_LOGARITHM, effect_rows
from dnt_cli.effects.errors import FLAGS, flags_of, resting_on
from dnt_cli.effects.further_columns import Further, cluster_columns, decimals_for, level_columns, scale_columns
from dnt_cli.effects.kinds import KINDS
from dnt_cli.effects.note import details
from dnt_cli.effects.notes import notes_of
from dnt_cli.effects.persons import with_counts
from dnt_cli.models import ENDPOINT, LONGITUDINAL
from dnt_cli.pooling import quick_critical_value
from dnt_cli.stagefile.result import Green
from dnt_cli.study import Study
from dnt_cli.tables import Cell, Column, Section, Table, Tone
from dnt_cli.wording import Wording


def effect_tables(
    estimates: pd.DataFrame, wording: Wording, *, level: float = 0.95, green: Green = "better"
) -> list[Table]:
    """One table per analysis, source and kind of outcome.

    Args:
        estimates: As the fitting stages write them.
        wording: Labels, hypotheses and marks of the study, in a language.
        level: Of the intervals in `estimates`.
        green: What is better for the person, or a positive effect.
    """
    shown = resting_on(effect_rows(estimates), wording.study.models.errors)
    register = shown["outcome"].map(wording.study.is_register)
    return [
        _table(rows, wording, level, green) for _, rows in shown.groupby(["analysis", register, "kind"], sort=False)
    ]


def report_tables(estimates: pd.DataFrame, wording: Wording, *, green: Green = "better") -> list[Table]:
    """One table per source and kind of outcome, endpoint and trend side by side, as a report has them.

    Args:
        estimates: Of both analyses.
        wording: Labels, hypotheses and marks of the study, in a language.
        green: What is better for the person, or a positive effect.
    """
    shown = resting_on(effect_rows(estimates), wording.study.models.errors)
    register = shown["outcome"].map(wording.study.is_register)
    family = shown["kind"].map({name: kind.family for name, kind in KINDS.items()})
    return [
        _report_table(rows, wording, str(own), green=green)
        for (_, own), rows in shown.groupby([register, family], sort=False)
    ]


def _report_table(rows: pd.DataFrame, wording: Wording, family: str, *, green: Green) -> Table:
    scales = {a: _standardised(rows[rows["analysis"] == a]) for a in (ENDPOINT, LONGITUDINAL)}
    columns = [Column(wording.text("common.outcome"), "left")]
    for analysis, heading in _report_headings(rows, scales, wording, family).items():
        name = wording.study.design.endpoint if analysis == ENDPOINT else wording.text("common.trend")
        there = (rows["analysis"] == analysis).any()
        columns += effect_columns(heading, name, wording, optional=True)[: 4 if there else 3]
    # Files that are standardised otherwise are told apart: by row where an analysis has both, else by heading.
    several = any(len(own) > 1 for own in scales.values())
    part = rows["standardise"] if several else pd.Series("", index=rows.index)

    def body(group: pd.DataFrame) -> Iterator[tuple[Cell, ...]]:
        for (key, own), pair in group.groupby(["outcome", part.loc[group.index]], sort=False):
            label = wording.label(str(key))
            cells = [Cell(wording.text(f"effects.standardised_{own}", label=label) if own else label)]
            for analysis in scales:
                found = pair[pair["analysis"] == analysis]
                shown = estimate_cells(found.iloc[0] if len(found) else None, wording, green)
                cells += shown if (rows["analysis"] == analysis).any() else shown[:3]
            yield tuple(cells)

    title = source_of(rows, wording) + title_of(family, wording, rows)
    sections = by_hypothesis(rows, wording, body)
    return Table(title, tuple(columns), sections, *_report_notes(rows, scales, wording), name=_name(rows, wording))


def _report_headings(rows: pd.DataFrame, scales: dict[str, list[str]], wording: Wording, family: str) -> dict[str, str]:
    """Per analysis the heading of its estimates; with the standardisation where the analyses differ in it."""
    trend = "probability" if (rows["kind"] == "probability").any() else family
    headings = {ENDPOINT: scale_of(family, wording, rows), LONGITUDINAL: scale_of(trend, wording, rows)}
    first, second = scales[ENDPOINT], scales[LONGITUDINAL]
    if family == "linear" and len(first) == len(second) == 1 and first != second:
        headings = {
            a: wording.text(f"effects.standardised_{scales[a][0]}", label=label) for a, label in headings.items()
        }
    return headings


def _report_notes(
    rows: pd.DataFrame, scales: dict[str, list[str]], wording: Wording
) -> tuple[tuple[str, ...], frozenset[str]]:
    """The notes of each analysis under its own heading, each note once; and those of them that are details."""
    notes, apart = wording.synthetic_note(), frozenset[str]()
    for analysis in scales:
        own = rows[rows["analysis"] == analysis]
        if len(own):
            # These are about columns that are not in this table.
            told = [note for note in notes_of(own, wording) if note.key not in _OF_OTHER_COLUMNS]
            notes += [f"{where_of(analysis, wording)}:", *(note.text for note in told if note.text not in notes)]
            apart |= details(told)
    return tuple(notes), apart


def _standardised(rows: pd.DataFrame) -> list[str]:
    """The ways in which the linear effects that there are are standardised."""
    known = (rows["kind"] == "linear") & rows["estimate"].notna()
    return [own for own in rows.loc[known, "standardise"].unique() if own]


def estimate_cells(row: pd.Series | None, wording: Wording, green: Green) -> list[Cell]:
    """Estimate, standard error, mark and observed N; `#` where nothing can be estimated, empty without a model."""
    if row is None:
        return [Cell("")] * 4
    if row["status"] == "not estimable":
        return [Cell("#", "muted"), Cell(""), Cell(""), *with_counts([Cell(answered(row))], row, wording.study)]
    tone = tone_of(row, wording.study, green)
    estimate, error = displayed(row, wording)
    value, spread = _values(row)
    cells = [
        Cell(estimate, tone, value),
        Cell(f"({error})", value=spread),
        Cell(mark_of(row, wording.study), tone),
        Cell(answered(row)),
    ]
    return list(with_counts(cells, row, wording.study))


def answered(row: pd.Series) -> str:
    """Observed answers per group; empty where a file of an older version does not tell."""
    counts = (row["n_observed_intervention"], row["n_observed_comparison"])
    return "" if pd.isna(counts[0]) else "{:.0f}/{:.0f}".format(*counts)


_OF_OTHER_COLUMNS = ("effects.marginal_note", "effects.marginal_trend", "effects.d_note")


def scale_of(kind: str, wording: Wording, rows: pd.DataFrame | pd.Series | None = None) -> str:
    """What effects of this kind are shown as: OR, percentage points, beta, or own units where all `rows` have them."""
    return wording.text("effects.units" if _in_own_units(kind, rows) else f"common.{KINDS[kind].scale}")


def title_of(kind: str, wording: Wording, rows: pd.DataFrame) -> str:
    """What a table of such effects is called."""
    return wording.text("effects.units_title" if _in_own_units(kind, rows) else f"common.{kind}_title")


def _in_own_units(kind: str, rows: pd.DataFrame | pd.Series | None) -> bool:
    if rows is None or not KINDS[kind].standardised:
        return False
    return _standardised(rows.to_frame().T if isinstance(rows, pd.Series) else rows) == ["none"]


def decimals_of(kind: str) -> int:
    """Decimals of an effect on the scale of `scale_of`."""
    return KINDS[kind].decimals


def interval_on_scale(row: pd.Series) -> tuple[float, float, float]:
    """Estimate and interval on the scale of `scale_of`."""
    scale = KINDS[row["kind"]]
    return float(scale.factor * row[scale.columns[0]]), *limits_on_scale(row, row["conf_low"], row["conf_high"])


def _exponential(value: float) -> float:
    return math.exp(value) if value < LARGEST_LOGARITHM or math.isnan(value) else math.inf


def limits_on_scale(row: pd.Series, low: float, high: float) -> tuple[float, float]:
    """Limits on the link scale, on the scale of `scale_of`."""
    if KINDS[row["kind"]].ratio:
        return _exponential(low), _exponential(high)
    factor: float = KINDS[row["kind"]].factor
    if row["kind"] == "linear":
        factor = row["beta"] / row["estimate"] if row["estimate"] else math.nan
    low, high = sorted((low * factor, high * factor))
    return low, high


def displayed(row: pd.Series, wording: Wording) -> tuple[str, str]:
    """Estimate and standard error as the tables show them."""
    scale = KINDS[row["kind"]]
    decimals = shown_decimals(row)
    estimate, error = (wording.number(scale.factor * row[name], decimals) for name in scale.columns)
    return estimate, error


def shown_decimals(row: pd.Series) -> int:
    """Decimals of an effect: those of its kind, or as many as the standard error of a score asks for."""
    usual = decimals_of(row["kind"])
    if row["kind"] != "linear" or pd.isna(row["beta_se"]):
        return usual
    found = decimals_for(float(row["beta_se"]))
    return found if row["standardise"] == "none" else max(usual, found)


def _values(row: pd.Series) -> tuple[float, float]:
    """Estimate and standard error on the scale of the tables, with every digit."""
    scale = KINDS[row["kind"]]
    estimate, error = (scale.factor * float(row[name]) for name in scale.columns)
    return estimate, error


def as_shown(kind: str, value: float, wording: Wording) -> str:
    """An odds ratio, beta or difference in probability, or its standard error, as the tables show it."""
    return wording.number(KINDS[kind].factor * value, decimals_of(kind))


def mark_of(row: pd.Series, study: Study) -> str:
    """The mark of significance, `!` where the estimate is doubtful, and the errors that it does not stand up to."""
    flags = "".join(FLAGS[by] for by in flags_of(row, study))
    return study.significance.mark(row["p_value"]) + ("!" if row["status"] == "doubtful" else "") + flags


def source_of(rows: pd.DataFrame, wording: Wording) -> str:
    """What stands before the title of a table on register outcomes."""
    return wording.text("common.register") + " " if _name(rows, wording) == "register" else ""


def _name(rows: pd.DataFrame, wording: Wording) -> str:
    """The name of their table: register, or the family of their kind of outcome."""
    first = rows.iloc[0]
    return "register" if wording.study.is_register(first["outcome"]) else KINDS[first["kind"]].family


def where_of(analysis: str, wording: Wording, wave: str | None = None) -> str:
    """What the effects of an analysis are: at a wave, by default the endpoint, or a trend."""
    wave = wave or wording.study.design.endpoint
    return wording.text(f"common.effect_{analysis}", wave=wave, unit=wording.unit())


def by_hypothesis(
    rows: pd.DataFrame, wording: Wording, body: Callable[[pd.DataFrame], Iterable[tuple[Cell, ...]]]
) -> tuple[Section, ...]:
    """A section per hypothesis, in the order of the study; `body` makes the lines of one from its rows."""
    parts = dict(list(rows.groupby(rows["hypothesis"].fillna(""), sort=False)))
    return tuple(Section(wording.hypothesis(key), tuple(body(parts[key]))) for key in wording.in_order(parts))


def effect_columns(heading: str, group: str, wording: Wording, *, optional: bool = False) -> list[Column]:
    """The columns of `estimate_cells`; the last, observed N, is left out first if it is `optional`."""
    return [
        Column(heading, group=group),
        Column(wording.text("common.std_error"), group=group),
        Column("", "left", group=group),
        Column(wording.text("effects.n_observed"), optional=optional, group=group),
    ]


def _table(rows: pd.DataFrame, wording: Wording, level: float, green: Green) -> Table:
    analysis, kind = rows["analysis"].iloc[0], rows["kind"].iloc[0]
    say = wording.text
    lenient = wording.study.significance.lenient
    title = f"{source_of(rows, wording)}{title_of(kind, wording, rows)}. {where_of(analysis, wording)}"
    scales = scale_columns(rows, wording, level)

    clusters = cluster_columns(rows, wording, level, interval_text)
    levels = level_columns(rows, wording)
    columns = [
        Column(say("common.outcome"), "left"),
        Column(scale_of(kind, wording, rows)),
        Column(say("common.std_error")),
        Column("", "left"),
        Column(say("common.interval", level=100 * level)),
        Column(say("common.interval", level=100 * (1 - lenient)), optional=True),
        Column(say("common.p_value")),
        *(own.column for own in scales),
        Column(say("effects.n_observed")),
        *(own.column for own in clusters),
        Column(say("common.fmi"), optional=True),
        Column(say("common.n"), optional=True),
        *(own.column for own in levels),
    ]
    several = len(_standardised(rows)) > 1

    def body(group: pd.DataFrame) -> Iterator[tuple[Cell, ...]]:
        return (_row(row, wording, scales, green, several, clusters, levels) for _, row in group.iterrows())

    told = notes_of(rows, wording)
    notes = (*wording.synthetic_note(), *(own.text for own in told))
    return Table(title, tuple(columns), by_hypothesis(rows, wording, body), notes, details(told), _name(rows, wording))


def _row(
    row: pd.Series, wording: Wording, scales: Sequence[Further], green: Green, several: bool,
    clusters: Sequence[Further], levels: Sequence[Further],
) -> tuple[Cell, ...]:  # fmt: skip
    """One effect; its label says how it is standardised where the table holds several standardisations."""
    study = wording.study
    name = wording.label(row["outcome"])
    label = Cell(wording.text(f"effects.standardised_{row['standardise']}", label=name) if several else name)
    if row["status"] == "not estimable":
        blanks = [Cell("")] * (4 + len(scales))
        behind = [Cell("")] * (len(clusters) + 2)
        (observed,) = with_counts([Cell(answered(row))], row, study)
        seen = [own.cell(row) for own in levels]
        return (label, Cell("#", "muted"), Cell("", "muted"), *blanks, observed, *behind, *seen)
    tone = tone_of(row, study, green)
    (estimate, error), (value, spread) = displayed(row, wording), _values(row)
    cells = [Cell(estimate, tone, value), Cell(error, value=spread)]
    cells += [Cell(mark_of(row, study), tone), Cell(interval_text(row, row["conf_low"], row["conf_high"], wording))]
    cells.append(Cell(interval_text(row, *_limits(row, 1 - study.significance.lenient), wording)))
    cells.append(Cell(wording.p_value(row["p_value"]), value=float(row["p_value"])))
    cells += [own.cell(row) for own in scales]
    cells += [Cell(answered(row)), *(own.cell(row) for own in clusters)]
    cells += [Cell(wording.number(row["fmi"], 2)), Cell(f"{row['n_persons']:.0f}")]
    return (label, *with_counts(cells, row, study), *(own.cell(row) for own in levels))


def _limits(row: pd.Series, level: float) -> tuple[float, float]:
    """The interval at another level than the stored one, on the link scale."""
    reach = float(quick_critical_value(row["df"], level)) * row["std_error"]
    return row["estimate"] - reach, row["estimate"] + reach


def interval_text(row: pd.Series, low: float, high: float, wording: Wording) -> str:
    """Limits on the link scale as the table shows them."""
    return " – ".join(wording.number(limit, shown_decimals(row)) for limit in limits_on_scale(row, low, high))


def tone_of(row: pd.Series, study: Study, green: Green) -> Tone:
    """Green or red for a significant effect, by what is better for the person or by its sign."""
    if not study.significance.mark(row["p_value"]):
        return ""
    upward = row["estimate"] > 0
    if green == "better":
        upward = upward == (study.outcomes[row["outcome"]].better == "higher")
    return "good" if upward else "bad"


def cross_check_table(checked: pd.DataFrame, wording: Wording) -> Table:
    """How far the trends lie from lme4's, per outcome."""
    decimals = {"imputations": 0, "shift": 4, "error_ratio": 4, "log_likelihood": 6, "unusable": 0}
    columns = (
        Column(wording.text("common.outcome"), "left"),
        *(Column(wording.text(f"common.{name}")) for name in decimals),
    )
    rows = tuple(
        (Cell(wording.label(row["outcome"])), *(Cell(wording.number(row[name], decimals[name])) for name in decimals))
        for _, row in checked.iterrows()
    )
    note = wording.text("common.cross_check_note")
    return Table(wording.text("common.cross_check_title"), columns, (Section("", rows),), (note,))
