"""What scoring found, as tables: the settings used, what was odd, and the reliability of the scales."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

import pandas as pd

from dnt_cli.tables import Cell, Column, Counts, Section, Table, resting
from dnt_cli.wording import Wording


def score_tables(told: Mapping[str, pd.DataFrame], wording: Wording) -> list[Table]:
    """Settings, peculiarities and reliability, which `told` holds by these names."""
    makers = {"settings": _settings_table, "peculiarities": _report_table, "reliability": _reliability_table}
    return [make(told[name], wording) for name, make in makers.items()]


def odd_answers(report: pd.DataFrame, wording: Wording) -> list[str]:
    """What was odd in the answers, a line each: where, how many, what."""
    lines = []
    for row in report.to_dict("records"):
        where = " ".join(str(row[key]) for key in ("column", "wave") if row[key]) or row["scale"] or row["instrument"]
        lines.append(f"{where}: {row['count']} {_finding(row, wording)}.")
    return lines


def _finding(row: Mapping[Hashable, object], wording: Wording) -> str:
    """A row of the report in words."""
    value = wording.number(row["value"], 2) if row["what"] == "negative" else ""  # type: ignore[arg-type]
    return wording.text(f"scoring.{row['what']}", value=value, scale=row["scale"])


def files_table(report: pd.DataFrame, wording: Wording) -> Table:
    """Who is in which file."""
    counts = ("rows", "persons", "only_here", "missing_here", "duplicates")
    columns = _columns(wording, ("file", "wave"), counts)
    rows = tuple(tuple(Cell(str(row[name])) for name in ("file", "wave", *counts)) for row in report.to_dict("records"))
    return Table(
        wording.text("scoring.files_title"), columns, (Section("", rows),), (wording.text("scoring.files_note"),)
    )


def _columns(wording: Wording, left: Iterable[str], right: Iterable[str] = ()) -> tuple[Column, ...]:
    texts = [Column(wording.text(f"scoring.{key}"), "left") for key in left]
    return (*texts, *(Column(wording.text(f"scoring.{key}")) for key in right))


def _sections(rows: Iterable[tuple[str, tuple[Cell, ...]]], wording: Wording) -> tuple[Section, ...]:
    """Rows under the title of their instrument."""
    by: dict[str, list[tuple[Cell, ...]]] = {}
    for key, row in rows:
        by.setdefault(key, []).append(row)
    titles = {key: f"{wording.study.instruments[key].title[wording.language]} [{key}]" for key in by}
    return tuple(Section(titles[key], tuple(found)) for key, found in by.items())


def _settings_table(settings: pd.DataFrame, wording: Wording) -> Table:
    rows = []
    for row in settings.to_dict("records"):
        doubt = str(row[f"doubt_{wording.language}"])
        cells = (Cell(str(row["setting"])), Cell(str(row["value"]), counts=Counts()), _doubt(doubt))
        rows.append((str(row["instrument"]), cells))
    columns = _columns(wording, ("setting", "value", "status"))
    notes = [*wording.synthetic_note(), wording.text("scoring.settings_note")]
    return Table(wording.text("scoring.settings_title"), columns, _sections(rows, wording), tuple(notes))


def _doubt(text: str) -> Cell:
    """What nobody confirmed; it tells of no person."""
    return Cell(f"! {text}" if text else "", "bad", counts=Counts() if text else None)


def _report_table(report: pd.DataFrame, wording: Wording) -> Table:
    rows = []
    for row in report.to_dict("records"):
        texts = (row["column"] or row["scale"], row["wave"], _finding(row, wording), str(row["count"]))
        rows.append((str(row["instrument"]), tuple(Cell(str(text)) for text in texts)))
    columns = _columns(wording, ("column", "wave", "finding"), ("count",))
    notes = () if rows else (wording.text("scoring.none"),)
    return Table(wording.text("scoring.report_title"), columns, _sections(rows, wording), notes)


def _reliability_table(reliability: pd.DataFrame, wording: Wording) -> Table:
    rows = []
    for row in reliability.to_dict("records"):
        key = str(row["outcome"])
        label = wording.label(key) if key in wording.study.outcomes else key
        doubt = "!" if row["improper"] else ""
        scored, complete = (
            resting([(f"{name} {key}@{row['wave']}", "yes")], int(row[n]))
            for name, n in (("scored", "n_scored"), ("all items answered", "n_listwise"))
        )
        figures = (wording.number(row["alpha"], 2), wording.number(row["omega"], 2) + doubt)
        cells = (
            Cell(label),
            Cell(str(row["wave"]), counts=Counts()),
            Cell(str(row["n_scored"]), counts=scored),
            Cell(str(row["items"]), counts=Counts()),
            *(Cell(text, counts=complete) for text in (str(row["n_listwise"]), *figures)),
        )
        rows.append((str(row["instrument"]), cells))
    columns = _columns(wording, ("scale", "wave"), ("n_scored", "items", "n", "alpha", "omega"))
    notes = [wording.text("scoring.reliability_note")]
    notes += [wording.text("scoring.improper_note")] if reliability["improper"].any() else []
    sections = _sections(rows, wording)
    return Table(wording.text("scoring.reliability_title"), columns, sections, tuple(notes))
