"""Effect estimates as the tables of a report: odds ratios and standardised betas, grouped by hypothesis."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from dnt_cli.effects import effect_rows
from dnt_cli.effects.messages import translated
from dnt_cli.pooling import critical_value
from dnt_cli.study import Language, Study
from dnt_cli.tables import Cell, Column, Section, Table, Tone
from dnt_cli.texts import number, p_value, threshold, words

Green = Literal["better", "positive"]


def effect_tables(
    estimates: pd.DataFrame, study: Study, language: Language, *, level: float = 0.95, green: Green = "better"
) -> list[Table]:
    """One table per analysis, source and kind of outcome.

    Args:
        estimates: As the fitting stages write them.
        study: Labels, hypotheses and marks.
        language: Of the words and the decimal sign.
        level: Of the intervals in `estimates`.
        green: What is better for the person, or a positive effect.
    """
    shown = effect_rows(estimates)
    tables = []
    register = shown["outcome"].map(study.is_register)
    for (analysis, _, kind), rows in shown.groupby(["analysis", register, "kind"], sort=False):
        tables.append(_table(rows, study, language, str(analysis), str(kind), level, green))
    return tables


def report_tables(estimates: pd.DataFrame, study: Study, language: Language, *, green: Green = "better") -> list[Table]:
    """One table per source and kind of outcome, endpoint and trend side by side, as a report has them.

    Args:
        estimates: Of both analyses.
        study: Labels, hypotheses and marks.
        language: Of the words and the decimal sign.
        green: What is better for the person, or a positive effect.
    """
    shown = effect_rows(estimates)
    register = shown["outcome"].map(study.is_register)
    binary = shown["kind"] != "linear"
    return [
        _report_table(rows, study, language, binary=bool(own), green=green)
        for (_, own), rows in shown.groupby([register, binary], sort=False)
    ]


def _report_table(rows: pd.DataFrame, study: Study, language: Language, *, binary: bool, green: Green) -> Table:
    kind = "binary" if binary else "linear"
    trend = "probability" if (rows["kind"] == "probability").any() else kind
    headings = {
        "t3": f"{study.design.endpoint} {scale_of(kind, language)}",
        "longitudinal": f"{words('trend', language)} {scale_of(trend, language)}",
    }
    columns = [Column(words("outcome", language), "left")]
    for heading in headings.values():
        columns += [Column(heading), Column(words("std_error", language)), Column("", "left")]
    cells = {(row["analysis"], row["outcome"]): row for _, row in rows.iterrows()}
    sections = []
    for hypothesis, group in rows.groupby(rows["hypothesis"].fillna(""), sort=False):
        body = []
        for key in group["outcome"].unique():
            pairs = [_estimate_cells(cells.get((analysis, key)), study, language, green) for analysis in headings]
            body.append((Cell(study.outcomes[key].label[language]), *pairs[0], *pairs[1]))
        sections.append(Section(hypothesis_heading(study, str(hypothesis), language), tuple(body)))
    notes = [words("synthetic", language)] if study.synthetic else []
    skipped = words("marginal_note", language)  # about a column that is not in this table
    for analysis in headings:
        own = rows[rows["analysis"] == analysis]
        if len(own):
            title = words(f"effect_{analysis}", language, wave=study.design.endpoint, unit=unit(study, language))
            told = _notes(own, study, language, analysis, str(own["kind"].iloc[0]))
            notes += [f"{title}:", *(note for note in told if note not in notes and note != skipped)]
    title = _source(rows, study, language) + words("binary_title" if binary else "linear_title", language)
    return Table(title, tuple(columns), tuple(sections), tuple(notes))


def _estimate_cells(row: pd.Series | None, study: Study, language: Language, green: Green) -> tuple[Cell, Cell, Cell]:
    """Estimate, standard error and mark; `#` where nothing can be estimated, empty where there is no such model."""
    if row is None:
        return Cell(""), Cell(""), Cell("")
    if row["status"] == "not estimable":
        return Cell("#", "muted"), Cell(""), Cell("")
    tone = tone_of(row, study, green)
    estimate, error = displayed(row, language)
    return Cell(estimate, tone), Cell(f"({error})"), Cell(mark_of(row, study), tone)


@dataclass(frozen=True, slots=True)
class _Scale:
    """How effects of one kind are shown."""

    heading: str  # a key of the texts
    estimate: str  # columns of the estimates
    error: str
    factor: int = 1
    decimals: int = 2


_SCALES = {
    "binary": _Scale("odds_ratio", "odds_ratio", "odds_ratio_se"),
    "linear": _Scale("beta", "beta", "beta_se"),
    "probability": _Scale("marginal", "estimate", "std_error", factor=100, decimals=1),
}


def scale_of(kind: str, language: Language) -> str:
    """What effects of this kind are shown as: OR, beta or percentage points."""
    return words(_SCALES[kind].heading, language)


def decimals_of(kind: str) -> int:
    """Decimals of an effect on the scale of `scale_of`."""
    return _SCALES[kind].decimals


def interval_on_scale(row: pd.Series) -> tuple[float, float, float]:
    """Estimate and interval on the scale of `scale_of`."""
    scale = _SCALES[row["kind"]]
    return float(scale.factor * row[scale.estimate]), *limits_on_scale(row, row["conf_low"], row["conf_high"])


def limits_on_scale(row: pd.Series, low: float, high: float) -> tuple[float, float]:
    """Limits on the link scale, on the scale of `scale_of`."""
    if row["kind"] == "binary":
        return math.exp(low), math.exp(high)
    factor: float = _SCALES[row["kind"]].factor
    if row["kind"] == "linear":
        factor = row["beta"] / row["estimate"] if row["estimate"] else math.nan
    low, high = sorted((low * factor, high * factor))
    return low, high


def displayed(row: pd.Series, language: Language) -> tuple[str, str]:
    """Estimate and standard error as the tables show them."""
    scale = _SCALES[row["kind"]]
    return as_shown(row["kind"], row[scale.estimate], language), as_shown(row["kind"], row[scale.error], language)


def as_shown(kind: str, value: float, language: Language) -> str:
    """An odds ratio, beta or difference in probability, or its standard error, as the tables show it."""
    return number(_SCALES[kind].factor * value, decimals_of(kind), language)


def mark_of(row: pd.Series, study: Study) -> str:
    """The mark of significance, and `!` where the estimate is doubtful."""
    return study.significance.mark(row["p_value"]) + ("!" if row["status"] == "doubtful" else "")


def _source(rows: pd.DataFrame, study: Study, language: Language) -> str:
    """What stands before the title of a table on register outcomes."""
    return words("register", language) + " " if study.is_register(rows["outcome"].iloc[0]) else ""


def unit(study: Study, language: Language) -> str:
    """The step of time of the longitudinal model."""
    return words("month_unit" if study.models.time == "months" else "wave_unit", language)


def _table(
    rows: pd.DataFrame, study: Study, language: Language, analysis: str, kind: str, level: float, green: Green
) -> Table:
    binary = kind == "binary"
    where = words(f"effect_{analysis}", language, wave=study.design.endpoint, unit=unit(study, language))
    title = f"{_source(rows, study, language)}{words(f'{kind}_title', language)}. {where}"
    columns = [
        Column(words("outcome", language), "left"),
        Column(scale_of(kind, language)),
        Column(words("std_error", language)),
        Column("", "left"),
        Column(words("interval", language, level=f"{100 * level:g}")),
        Column(words("interval", language, level=f"{100 * (1 - study.significance.lenient):g}"), optional=True),
        Column(words("p_value", language)),
    ]
    marginal = binary and analysis == "t3"
    columns += [Column(words("marginal", language))] if marginal else []
    columns += [Column(words("fmi", language), optional=True), Column(words("n", language), optional=True)]
    sections = []
    for hypothesis, group in rows.groupby(rows["hypothesis"].fillna(""), sort=False):
        body = tuple(_row(row, study, language, binary, marginal, green) for _, row in group.iterrows())
        sections.append(Section(hypothesis_heading(study, str(hypothesis), language), body))
    return Table(title, tuple(columns), tuple(sections), tuple(_notes(rows, study, language, analysis, kind)))


def hypothesis_heading(study: Study, key: str, language: Language) -> str:
    """`H1a: Paid work`."""
    if key not in study.hypotheses:
        return words("no_hypothesis", language) if study.hypotheses else ""
    return f"{key}: {study.hypotheses[key].label[language]}"


def _row(
    row: pd.Series, study: Study, language: Language, binary: bool, marginal: bool, green: Green
) -> tuple[Cell, ...]:
    label = Cell(study.outcomes[row["outcome"]].label[language])
    blanks = 4 + marginal + 2
    if row["status"] == "not estimable":
        return (label, Cell("#", "muted"), Cell("", "muted"), *([Cell("")] * blanks))
    tone = tone_of(row, study, green)
    estimate, error = displayed(row, language)
    cells = [label, Cell(estimate, tone), Cell(error)]
    cells += [Cell(mark_of(row, study), tone), Cell(_interval(row, row["conf_low"], row["conf_high"], language))]
    cells.append(Cell(_interval(row, *_limits(row, 1 - study.significance.lenient), language)))
    cells.append(Cell(p_value(row["p_value"], language)))
    if marginal:
        cells.append(Cell(number(100 * row["marginal_effect"], 1, language, sign=True)))
    cells += [Cell(number(row["fmi"], 2, language)), Cell(f"{row['n_persons']:.0f}")]
    return tuple(cells)


def _limits(row: pd.Series, level: float) -> tuple[float, float]:
    """The interval at another level than the stored one, on the link scale."""
    reach = float(critical_value(row["df"], level)) * row["std_error"]
    return row["estimate"] - reach, row["estimate"] + reach


def _interval(row: pd.Series, low: float, high: float, language: Language) -> str:
    """Limits on the link scale as the table shows them."""
    return " – ".join(number(limit, decimals_of(row["kind"]), language) for limit in limits_on_scale(row, low, high))


def tone_of(row: pd.Series, study: Study, green: Green) -> Tone:
    """Green or red for a significant effect, by what is better for the person or by its sign."""
    if not study.significance.mark(row["p_value"]):
        return ""
    upward = row["estimate"] > 0
    if green == "better":
        upward = upward == (study.outcomes[row["outcome"]].better == "higher")
    return "good" if upward else "bad"


def _notes(rows: pd.DataFrame, study: Study, language: Language, analysis: str, kind: str) -> list[str]:
    marks = study.significance
    say: Callable[..., str] = lambda key, **values: words(key, language, **values)  # noqa: E731
    notes = [say("synthetic")] if study.synthetic else []
    m, n = int(rows["m"].max()), int(rows["n_persons"].max())
    notes.append(say("sample", n=n, m=m) if m > 1 else say("sample_single", n=n))
    notes += _control_notes(rows, study, language, analysis)
    if kind == "probability":
        notes.append(say("probability_note", unit=unit(study, language)))
    elif kind == "binary":
        notes.append(say("rate") if analysis == "t3" else say("rate_trend", unit=unit(study, language)))
        notes += [say("marginal_note")] if analysis == "t3" else []
    else:
        notes.append(say("beta_note"))
    strict, lenient = (threshold(x, language) for x in (marks.strict, marks.lenient))
    notes.append(say("marks", strict=strict, lenient=lenient))
    holm, bh = (int((rows[c] < marks.lenient).sum()) for c in ("p_holm", "p_bh"))
    tests = int(rows["p_value"].notna().sum())
    notes += [say("adjusted", holm=holm, bh=bh, lenient=lenient)] if tests > 1 else []
    notes += _against(rows, study, language)
    for _, row in rows.iterrows():
        outcome = study.outcomes[row["outcome"]]
        if row["message"]:
            prefix = f"{say('not_estimable')}: " if row["status"] == "not estimable" else ""
            message = prefix + translated(row["message"], language).rstrip(".")
            notes.append(say("message", outcome=outcome.label[language], message=message))
        if outcome.note is not None:
            notes.append(f"{outcome.label[language]}: {outcome.note[language]}")
    return [*notes, say("engine", engine=", ".join(dict.fromkeys(rows["engine"])))]


def _control_notes(rows: pd.DataFrame, study: Study, language: Language, analysis: str) -> list[str]:
    """The most common set of controls first, then the outcomes that have another."""
    sets = rows["controls"].value_counts(sort=False)
    common = sets.idxmax()
    extra = ""
    if analysis == "t3":
        extra = " " + words("baseline_control", language, wave=study.design.baseline)
    notes = []
    for controls in [common, *(c for c in sets.index if c != common)]:
        named = ", ".join(_inside(_control(k, study, language)) for k in controls.split(", ") if k)
        if controls == common:
            text = words("controls", language, controls=named + extra) if named else words("no_controls", language)
        else:
            own = rows.loc[rows["controls"] == controls, "outcome"]
            outcomes = ", ".join(study.outcomes[k].label[language] for k in own)
            key = "controls_of" if named else "uncontrolled_of"
            text = words(key, language, outcomes=outcomes, controls=named)
        notes.append(text)
    return notes


def _control(key: str, study: Study, language: Language) -> str:
    """The label of a covariate, or of an outcome at a wave."""
    if key in study.covariates:
        return study.covariates[key].label[language]
    outcome, wave = study.columns[key]
    return f"{study.outcomes[outcome].label[language]} {wave}"


def _inside(label: str) -> str:
    """A label within a sentence: no capital, unless it is an abbreviation."""
    return label if label[:2].isupper() else label[:1].lower() + label[1:]


def _against(rows: pd.DataFrame, study: Study, language: Language) -> list[str]:
    """Significant effects whose direction contradicts the hypothesis."""
    found = []
    for _, row in rows.iterrows():
        outcome = study.outcomes[row["outcome"]]
        if outcome.expected and study.significance.mark(row["p_value"]):
            expected = 1 if outcome.expected == "increase" else -1
            if row["estimate"] * expected < 0:
                found.append(outcome.label[language])
    return [words("against", language, outcomes=", ".join(found))] if found else []


def cross_check_table(checked: pd.DataFrame, study: Study, language: Language) -> Table:
    """How far the trends lie from lme4's, per outcome."""
    names = ("imputations", "shift", "error_ratio", "log_likelihood", "unusable")
    columns = (Column(words("outcome", language), "left"), *(Column(words(name, language)) for name in names))
    decimals = {"imputations": 0, "shift": 4, "error_ratio": 4, "log_likelihood": 6, "unusable": 0}
    rows = tuple(
        (
            Cell(study.outcomes[row["outcome"]].label[language]),
            *(Cell(number(row[name], decimals[name], language)) for name in names),
        )
        for _, row in checked.iterrows()
    )
    note = words("cross_check_note", language)
    return Table(words("cross_check_title", language), columns, (Section("", rows),), (note,))
