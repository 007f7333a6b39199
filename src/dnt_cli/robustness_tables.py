"""The robustness checks as one table per analysis: effects in rows, checks in columns."""

from __future__ import annotations

import pandas as pd

from dnt_cli.effect_tables import hypothesis_heading, tone_of, unit
from dnt_cli.robustness.verdicts import VERDICTS
from dnt_cli.study import Language, Study, Text
from dnt_cli.tables import Cell, Column, Section, Table
from dnt_cli.texts import number, threshold, words

_SIGNS = {"same": "", "lost": "–", "gained": "+", "reversed": "±", "not estimable": ""}


def robustness_tables(
    estimates: pd.DataFrame, study: Study, labels: dict[str, Text], left_out: dict[str, str], language: Language
) -> list[Table]:
    """One table per analysis.

    Args:
        estimates: Effect rows with `model` and `verdict`.
        study: Labels, hypotheses and marks.
        labels: Check key -> label, in the order of the columns.
        left_out: Check letter -> why it does not apply.
        language: Of the words and the decimal sign.
    """
    tables = []
    for analysis, rows in estimates.groupby("analysis", sort=False):
        shown = {key: label for key, label in labels.items() if (rows["model"] == key).any()}
        tables.append(_table(rows, study, str(analysis), shown, left_out, language))
    return tables


def _table(
    rows: pd.DataFrame, study: Study, analysis: str, labels: dict[str, Text], left_out: dict[str, str],
    language: Language,
) -> Table:  # fmt: skip
    where = words(f"effect_{analysis}", language, wave=study.design.endpoint, unit=unit(study, language))
    columns = [Column(words("outcome", language), "left"), Column(""), Column(words("main", language))]
    columns += [Column(f"({key[0]}) {label[language]}") for key, label in labels.items()]
    by_cell = {(r["model"], r["outcome"]): r for _, r in rows.iterrows()}
    main = rows[rows["model"] == "main"]
    sections = []
    for hypothesis, group in main.groupby(main["hypothesis"].fillna(""), sort=False):
        body = []
        for key in group["outcome"]:
            scale = words("odds_ratio" if by_cell["main", key]["kind"] == "binary" else "beta", language)
            cells = [_cell(by_cell.get((model, key)), study, language) for model in ("main", *labels)]
            body.append((Cell(study.outcomes[key].label[language]), Cell(scale, "muted"), *cells))
        sections.append(Section(hypothesis_heading(study, str(hypothesis), language), tuple(body)))
    title = f"{words('robustness_title', language)}. {where}"
    return Table(title, tuple(columns), tuple(sections), tuple(_notes(rows, study, labels, left_out, language)))


def _cell(row: pd.Series | None, study: Study, language: Language) -> Cell:
    if row is None:
        return Cell("")
    if row["status"] == "not estimable":
        return Cell("#", "muted")
    value = row["odds_ratio"] if row["kind"] == "binary" else row["beta"]
    mark = study.significance.mark(row["p_value"])
    sign = _SIGNS[row["verdict"]] if row["verdict"] else ""
    return Cell(f"{number(value, 2, language)}{mark:<2} {sign:<1}".rstrip() if sign else f"{number(value, 2, language)}{mark}", tone_of(row, study, "better"))


def _notes(
    rows: pd.DataFrame, study: Study, labels: dict[str, Text], left_out: dict[str, str], language: Language
) -> list[str]:
    notes = [words("synthetic", language)] if study.synthetic else []
    for key, label in labels.items():
        own = rows[rows["model"] == key]
        counts = own["verdict"].value_counts()
        told = ", ".join(f"{counts[v]} {words('verdict_' + v, language)}" for v in VERDICTS if v in counts)
        persons = int(own["n_persons"].max())
        notes.append(words("check_counts", language, check=f"({key[0]}) {label[language]}", counts=told, n=persons))
    for letter, reason in left_out.items():
        notes.append(words("check_left_out", language, check=letter, reason=reason))
    strict, lenient = (threshold(x, language) for x in (study.significance.strict, study.significance.lenient))
    notes.append(words("marks", language, strict=strict, lenient=lenient))
    notes.append(words("verdict_signs", language))
    return notes
