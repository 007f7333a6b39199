"""What scoring found, as tables: the settings used, what was odd, and the reliability of the scales."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

import pandas as pd

from dnt_cli.scoring.score import Scored
from dnt_cli.study import Language, Study, Text
from dnt_cli.tables import Cell, Column, Section, Table
from dnt_cli.texts import number, words

TEXTS: dict[str, Text] = {
    "settings_title": Text("Instellingen van de scores", "Settings of the scores"),
    "setting": Text("Instelling", "Setting"),
    "value": Text("Waarde", "Value"),
    "status": Text("Niet bevestigd", "Not confirmed"),
    "settings_note": Text(
        "Wat niet bevestigd is, moet met het codeboek worden vergeleken; zet het daarna in het studiebestand.",
        "What is not confirmed must be compared with the codebook; then put it into the study file.",
    ),
    "report_title": Text("Bijzonderheden in de antwoorden", "Peculiarities of the answers"),
    "column": Text("Kolom", "Column"),
    "wave": Text("Meting", "Wave"),
    "finding": Text("Bevinding", "Finding"),
    "count": Text("Aantal", "Count"),
    "none": Text("Geen", "None"),
    "no_number": Text("geen getal; als leeg behandeld", "no number; taken as unanswered"),
    "outside": Text("geen code van dit item; als leeg behandeld", "no code of this item; taken as unanswered"),
    "nobody": Text("door niemand beantwoord", "answered by nobody"),
    "negative": Text("negatieve item-restcorrelatie: {value}", "negative item-rest correlation: {value}"),
    "incomplete": Text("te weinig items beantwoord voor een score", "too few items answered for a score"),
    "absent": Text("geen van de items staat in het bestand", "none of the items is in the file"),
    "also_fits": Text("de codes passen even goed bij {scale}", "the codes fit {scale} just as well"),
    "reliability_title": Text("Scores en betrouwbaarheid per meting", "Scores and reliability per wave"),
    "scale": Text("Schaal", "Scale"),
    "n_scored": Text("Scores", "Scores"),
    "items": Text("Items", "Items"),
    "n": Text("N", "N"),
    "alpha": Text("alfa", "alpha"),
    "omega": Text("omega", "omega"),
    "reliability_note": Text(
        "N: personen die alle items beantwoordden. Alfa: Cronbach, listwise. Omega: McDonald, één factor, maximum "
        "likelihood; minstens drie items en meer personen dan items.",
        "N: persons who answered all items. Alpha: Cronbach, listwise. Omega: McDonald, one factor, maximum "
        "likelihood; at least three items and more persons than items.",
    ),
    "improper_note": Text(
        "! Een item valt geheel samen met de factor; de omega is twijfelachtig.",
        "! An item coincides with the factor; the omega is doubtful.",
    ),
    "files_title": Text("Personen per bestand", "Persons per file"),
    "file": Text("Bestand", "File"),
    "rows": Text("Rijen", "Rows"),
    "persons": Text("Personen", "Persons"),
    "only_here": Text("Alleen hier", "Here only"),
    "missing_here": Text("Wel elders", "Elsewhere only"),
    "duplicates": Text("Dubbel", "Duplicate"),
    "files_note": Text(
        "Alleen hier: in geen ander bestand van die meting, noch in een bestand zonder meting. Wel elders: in een "
        "ander bestand van die meting, maar niet in dit.",
        "Here only: in no other file of that wave, nor in a file without waves. Elsewhere only: in another file of "
        "that wave, but not in this one.",
    ),
}  # fmt: skip


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
