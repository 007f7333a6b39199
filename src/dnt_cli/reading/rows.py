"""Which rows count, and what holds for all rows of a person."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dnt_cli.reading.ids import matched
from dnt_cli.reading.table import DataTable
from dnt_cli.study import Condition, Exclusion
from dnt_cli.study.files import level_name
from dnt_cli.survey import identifiers

_LOOK = 3  # rows below the names of the columns in which a survey platform may have written the questions
_WORDS_AT_LEAST = 2


def questions_below_header(table: DataTable) -> None:
    """Drop rows right below the names that hold words wherever all other rows hold numbers."""
    columns = [c for c, v in table.of("outcome", "covariate") if v.numeric and table.frame[c].dtype.kind not in "fiub"]
    if len(columns) < _WORDS_AT_LEAST or len(table.frame) <= _LOOK:
        return
    values = table.frame[columns]
    rest = values.iloc[_LOOK:]
    numeric = {c: rest[c].map(_numberlike, na_action="ignore").dropna() for c in columns}
    scores = [c for c in columns if len(numeric[c]) and numeric[c].mean() >= 0.5]
    extra = []
    for row in range(_LOOK):
        cells = [values[c].iloc[row] for c in scores]
        words = [
            c for c, cell in zip(scores, cells, strict=True) if isinstance(cell, str) and _is_question(cell, rest[c])
        ]
        if len(words) < max(_WORDS_AT_LEAST, len(scores) / 2) or any(_numberlike(cell) for cell in cells):
            break
        extra.append(row)
    if extra:
        table.frame = table.frame.drop(index=table.frame.index[extra]).reset_index(drop=True)
        table.notes.add("warning", "", "questions_dropped", len(extra))


def _numberlike(value: object) -> bool:
    if isinstance(value, str):
        return value.strip().lstrip("+-\u2212")[:1].isdigit()
    return isinstance(value, (int, float)) and not isinstance(value, bool) and not pd.isna(value)


def _is_question(cell: str, rest: pd.Series) -> bool:
    return bool(cell.strip()) and not _numberlike(cell) and not (rest == cell).any()


def ids(table: DataTable) -> None:
    """Ids as text; nearly equal ones are an error."""
    for column, _ in table.of("id"):
        texts, findings = matched(table.frame[column], table.study)
        table.frame[column] = texts
        for finding in findings:
            name = finding.name.partition(".")[2]
            table.notes.add("error", column, name, **finding.values)


def persons_filled(table: DataTable) -> None:
    """What stands on some rows of a person, and is the same on all of them, holds for her empty rows too."""
    design = table.study.design
    if not table.of("id"):
        return
    for column, variable in table.of("group", "site", "covariate"):
        if variable.covariate is not None and variable.covariate.timing == "wave":
            continue
        values, ids = table.frame[column], table.frame[design.id]
        texts = identifiers(values) if values.dtype == "object" else values
        empty = texts.isna() & ids.notna()
        if not empty.any():
            continue
        known = pd.DataFrame({"id": ids, "value": values.mask(texts.isna())}).dropna().drop_duplicates()
        one = known[~known["id"].duplicated(keep=False)].set_index("id")["value"]
        fill = ids.map(one).where(empty)
        if fill.notna().any():
            table.frame[column] = values.where(fill.isna(), fill)
            if variable.role == "group":
                table.notes.add("warning", column, "group_filled", int(fill.notna().sum()))


def waves_outside(table: DataTable) -> None:
    """Drop rows of waves that the study does not name, if it says so."""
    design, frame = table.study.design, table.frame
    if design.waves_outside != "drop" or not table.of("wave"):
        return
    waves = identifiers(frame[design.wave])
    outside = waves.notna() & ~waves.isin(design.wave_keys)
    table.notes.add("warning", design.wave, "waves_dropped", int(outside.sum()))
    table.frame = frame[~outside].reset_index(drop=True)


def excluded(table: DataTable) -> None:
    """Leave out the persons whom the study excludes; a person whom two rules exclude is counted under the first."""
    design, frame = table.study.design, table.frame
    if not design.exclude or not {"id", "wave"} <= {v.role for v in table.variables.values()}:
        return
    order = {wave: i for i, wave in enumerate(design.wave_keys)}
    at = identifiers(frame[design.wave]).map(order)
    first = frame.assign(**{design.wave: at}).sort_values(design.wave, kind="stable")
    persons = first.groupby(design.id, sort=False)
    baseline = frame[at == order[design.baseline]].drop_duplicates(design.id).set_index(design.id)
    known = design.group in frame.columns
    groups = identifiers(persons[design.group].first()).fillna("") if known else pd.Series("", index=persons.groups)
    out: set[object] = set()
    for rule in design.exclude:
        hit = _fulfil(rule, table, persons, baseline) - out
        out |= hit
        by_group = tuple((str(group), int(n)) for group, n in groups[groups.index.isin(hit)].value_counts().items())
        table.notes.add("warning", "", "excluded", len(hit), rule=rule.text, reason=rule.reason, by_group=by_group)
    table.frame = frame[~frame[design.id].isin(out)].reset_index(drop=True)


def _fulfil(rule: Exclusion, table: DataTable, persons: Any, baseline: pd.DataFrame) -> set[object]:
    """The ids of those for whom all conditions hold."""
    keep: set[object] | None = None
    for condition in rule.where:
        column = condition.column
        if column in table.study.covariates and column in table.frame.columns:
            values = persons[column].first()
        elif (place := table.study.columns.get(column)) is not None and place[0] in baseline.columns:
            values = baseline[place[0]]
        else:
            return set()
        hit = set(values.index[_holds(values, condition)])
        keep = hit if keep is None else keep & hit
    return keep or set()


def _holds(values: pd.Series, condition: Condition) -> pd.Series:
    if isinstance(condition.value, str) or not (numbers := pd.to_numeric(values, errors="coerce")).notna().any():
        texts = identifiers(values)
        target = level_name(condition.value)
        return texts.eq(target) if condition.operator == "==" else texts.ne(target)
    operators = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
    held: pd.Series = getattr(numbers, operators[condition.operator])(condition.value)
    return held
