"""Records of two files side by side, in counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from dnt_cli.diff import Difference
from dnt_cli.diff.layout import known, without_empty_end
from dnt_cli.diff.records import Overlap, RecordChanges
from dnt_cli.study import Study
from dnt_cli.tables import Cell, Column, Section, Table
from dnt_cli.wording import Wording

_COUNTS = ("cells", "differ", "imputed", "imputed_differ")


def records_headline(found: Difference, content: RecordChanges, wording: Wording) -> str:
    """How many persons and rows are in both, and how many columns and cells differ."""
    columns, m = content.columns, content.imputations
    parts = [_shared("persons", content.persons, wording)]
    if m is None:
        parts.append(_shared("rows", content.rows, wording))
        other = int((columns["change"] != "same").sum())
        cells = int(columns["differ"].sum())
        key = "columns_differ" if other else "columns_same"
        parts.append(wording.text(f"diff.{key}", n=other, all=len(columns), cells=cells))
    else:
        cells, imputed, all_imputed = (int(columns[name].sum()) for name in ("differ", "imputed_differ", "imputed"))
        answers = int(columns["cells"].sum())
        parts.append(wording.text("diff.observed_differ" if cells else "diff.observed_same", cells=cells, all=answers))
        key = "imputed_differ" if imputed else "imputed_same"
        parts.append(wording.text(f"diff.{key}", cells=imputed, all=all_imputed))
        removed, added = (int((columns["change"] == word).sum()) for word in ("removed", "added"))
        parts += [wording.text("diff.columns_only", a=removed, b=added)] if removed or added else []
        parts += [wording.text("diff.imputations", a=m[0], b=m[1])] if m[0] != m[1] else []
    return "; ".join(parts) + "."


def _shared(key: str, found: Overlap, wording: Wording) -> str:
    only = "" if found.same else wording.text("diff.only", a=found.only_a, b=found.only_b)
    return wording.text(f"diff.{key}", both=found.both, only=only)


def record_table(
    found: Difference, content: RecordChanges, wording: Wording, *, everything: bool = False
) -> list[Table]:
    """The columns that differ; imputations by outcome, since another seed changes every wave."""
    columns, imputed = content.columns, content.imputations is not None
    kept = columns if everything else columns[columns["change"] != "same"]
    if not len(kept):
        return []
    rows = kept.to_dict("records") if everything or not imputed else _by_outcome(kept)
    headings = [Column(wording.text("diff.column"), "left")]
    headings += [Column(wording.text("diff.waves"), "left")] if imputed else []
    headings += [Column(wording.text(f"diff.{key}")) for key in (("answers", "imputed") if imputed else ("cells",))]
    headings.append(Column(wording.text("diff.change"), "left"))
    body = tuple(_row(row, found.b.study, wording, imputed=imputed) for row in rows)
    notes = [wording.text("diff.records_note")]
    if content.imputations is not None:
        notes.append(wording.text("diff.imputed_note", m=min(content.imputations)))
    hidden = len(columns) - len(kept)
    notes += [wording.text("diff.hidden", n=hidden)] if hidden else []
    title = wording.text("diff.records_all" if everything else "diff.records_title")
    return [without_empty_end(Table(title, tuple(headings), (Section("", body),), tuple(notes)))]


def _by_outcome(columns: pd.DataFrame) -> list[dict[str, Any]]:
    """One row per outcome and kind of change, its waves beside each other."""
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in columns.to_dict("records"):
        name = row["outcome"] or row["column"]
        key = (name, row["change"], row["type_a"], row["type_b"])
        if key not in rows:
            rows[key] = {str(k): v for k, v in row.items()} | {"column": name}
            continue
        rows[key]["wave"] += f" {row['wave']}"
        for count in _COUNTS:
            rows[key][count] += row[count]
    return list(rows.values())


def _row(row: Mapping[Any, Any], study: Study, wording: Wording, *, imputed: bool) -> tuple[Cell, ...]:
    name = row["outcome"] if imputed and row["outcome"] else row["column"]
    cells = [Cell(name), Cell(_span(row["wave"].split(), study))] if imputed else [Cell(name)]
    one_sided = row["change"] in ("added", "removed")
    for differ, of in (("differ", "cells"), ("imputed_differ", "imputed"))[: 2 if imputed else 1]:
        cells.append(Cell("" if one_sided else f"{row[differ]}/{row[of]}"))
    word = ""
    if one_sided:
        word = wording.text(f"diff.{row['change']}")
    elif row["change"] == "type":
        a, b = (known(f"type_{row[side]}", wording) for side in ("type_a", "type_b"))
        word = wording.text("diff.type", a=a, b=b)
    return (*cells, Cell(word))


def _span(waves: list[str], study: Study) -> str:
    """`T1-T4` for waves that follow each other, else all of them."""
    order = [wave for wave in study.design.wave_keys if wave in waves]
    places = [study.design.wave_keys.index(wave) for wave in order]
    if len(order) > 2 and places == list(range(places[0], places[-1] + 1)):
        return f"{order[0]}-{order[-1]}"
    return " ".join(waves)
