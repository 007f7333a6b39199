"""What scoring found, as tables: the settings used, what was odd, and the reliability of the scales."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

import pandas as pd

from dnt_cli.scoring.score import Scored
from dnt_cli.study import Language, Study
from dnt_cli.tables import Cell, Column, Section, Table
from dnt_cli.texts import number, words
from dnt_cli.wording import catalogue

TEXTS = catalogue("scoring")


def score_tables(scored: Scored, study: Study, language: Language) -> list[Table]:
    """Settings, peculiarities and reliability."""
    return [
        _settings_table(scored.settings, study, language),
        _report_table(scored.report, study, language),
        _reliability_table(scored.reliability, study, language),
    ]


def odd_answers(report: pd.DataFrame, language: Language) -> list[str]:
    """What was odd in the answers, a line each: where, how many, what."""
    lines = []
    for row in report.to_dict("records"):
        where = " ".join(str(row[key]) for key in ("column", "wave") if row[key]) or row["scale"] or row["instrument"]
        lines.append(f"{where}: {row['count']} {_finding(row, language)}.")
    return lines


def _finding(row: Mapping[Hashable, object], language: Language) -> str:
    """A row of the report in words."""
    value = number(float(row["value"]), 2, language) if row["what"] == "negative" else ""  # type: ignore[arg-type]
    return _say(str(row["what"]), language).format(value=value, scale=row["scale"])


def files_table(report: pd.DataFrame, language: Language) -> Table:
    """Who is in which file."""
    counts = ("rows", "persons", "only_here", "missing_here", "duplicates")
    columns = _columns(language, ("file", "wave"), counts)
    rows = tuple(tuple(Cell(str(row[name])) for name in ("file", "wave", *counts)) for row in report.to_dict("records"))
    return Table(_say("files_title", language), columns, (Section("", rows),), (_say("files_note", language),))


def _say(key: str, language: Language) -> str:
    return TEXTS[key][language]


def _columns(language: Language, left: Iterable[str], right: Iterable[str] = ()) -> tuple[Column, ...]:
    words = [Column(_say(key, language), "left") for key in left]
    return (*words, *(Column(_say(key, language)) for key in right))


def _sections(rows: Iterable[tuple[str, tuple[Cell, ...]]], study: Study, language: Language) -> tuple[Section, ...]:
    """Rows under the title of their instrument."""
    by: dict[str, list[tuple[Cell, ...]]] = {}
    for key, row in rows:
        by.setdefault(key, []).append(row)
    titles = {key: f"{study.instruments[key].title[language]} [{key}]" for key in by}
    return tuple(Section(titles[key], tuple(found)) for key, found in by.items())


def _settings_table(settings: pd.DataFrame, study: Study, language: Language) -> Table:
    rows = []
    for row in settings.to_dict("records"):
        doubt = str(row[f"doubt_{language}"])
        cells = (Cell(str(row["setting"])), Cell(str(row["value"])), Cell(f"! {doubt}" if doubt else "", "bad"))
        rows.append((str(row["instrument"]), cells))
    columns = _columns(language, ("setting", "value", "status"))
    notes = ([words("synthetic", language)] if study.synthetic else []) + [_say("settings_note", language)]
    return Table(_say("settings_title", language), columns, _sections(rows, study, language), tuple(notes))


def _report_table(report: pd.DataFrame, study: Study, language: Language) -> Table:
    rows = []
    for row in report.to_dict("records"):
        texts = (row["column"] or row["scale"], row["wave"], _finding(row, language), str(row["count"]))
        rows.append((str(row["instrument"]), tuple(Cell(str(text)) for text in texts)))
    columns = _columns(language, ("column", "wave", "finding"), ("count",))
    notes = () if rows else (_say("none", language),)
    return Table(_say("report_title", language), columns, _sections(rows, study, language), notes)


def _reliability_table(reliability: pd.DataFrame, study: Study, language: Language) -> Table:
    rows = []
    for row in reliability.to_dict("records"):
        outcome = study.outcomes.get(str(row["outcome"]))
        label = outcome.label[language] if outcome is not None else str(row["outcome"])
        doubt = "!" if row["improper"] else ""
        counts = (row["n_scored"], row["items"], row["n_listwise"])
        figures = (number(row["alpha"], 2, language), number(row["omega"], 2, language) + doubt)
        cells = (Cell(label), Cell(str(row["wave"])), *(Cell(str(c)) for c in counts), *(Cell(f) for f in figures))
        rows.append((str(row["instrument"]), cells))
    columns = _columns(language, ("scale", "wave"), ("n_scored", "items", "n", "alpha", "omega"))
    notes = [_say("reliability_note", language)]
    notes += [_say("improper_note", language)] if reliability["improper"].any() else []
    sections = _sections(rows, study, language)
    return Table(_say("reliability_title", language), columns, sections, tuple(notes))
