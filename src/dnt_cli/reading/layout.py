"""Wide files, with a row per person and a column per outcome and wave, become a row per person and wave."""

from __future__ import annotations

import pandas as pd

from dnt_cli.column_names import near_column
from dnt_cli.reading.dictionary import Dictionary
from dnt_cli.reading.table import DataTable, Role, Variable, variables
from dnt_cli.study import Study

DEFAULT = "{outcome}_{wave}"
PATTERNS = (
    DEFAULT, "{wave}_{outcome}", "{outcome}{wave}", "{outcome}.{wave}", "{wave}.{outcome}", "{wave}{outcome}",
    "{outcome}-{wave}", "{wave}-{outcome}", "{outcome} {wave}", "{wave} {outcome}",
)  # fmt: skip
IMPUTATION = (".imp", "Imputation_", "_mi_m")  # columns of data that were imputed: R, SPSS, Stata
_Named = dict[str, tuple[str, str]]  # column -> (key, wave)


def columns_named(table: DataTable) -> None:
    """Give columns the names of the study, where `[files] columns` says what they are called in the file."""
    given = table.study.source.columns
    names = [str(c) for c in table.frame.columns]
    if not given:
        table.frame.columns = pd.Index(names)
        return
    for column, name in given.items():
        if column not in names:
            table.notes.add("error", column, "named_missing", suggestion=near_column(column, names))
        elif name in names and name != column and name not in given:
            table.notes.add("error", name, "named_twice", file=column)
    table.frame.columns = pd.Index([given.get(name, name) for name in names])
    table.dictionary = table.dictionary.renamed(given, table.frame.columns)


def recognised(table: DataTable) -> None:
    """Which column is which variable at which wave, in a wide file; told, or an error that says what to add."""
    study, names = table.study, list(table.frame.columns)
    table.variables = variables(study, names)
    design, source = study.design, study.source
    if (
        any(name in names for name in IMPUTATION)
        or source.layout == "long"
        or (design.wave in names and source.layout is None)
    ):
        return
    if source.layout == "wide" or source.pattern is not None:
        pattern = source.pattern or DEFAULT
        if design.wave in names and not matches(study, names, pattern):
            table.notes.add("warning", design.wave, "read_as_long", len(table.frame), pattern=pattern)
        else:
            _read_as(table, pattern)
        return
    found = {pattern: matches(study, names, pattern) for pattern in PATTERNS}
    pattern = max(found, key=lambda one: len(found[one]))
    outcomes = {key for key, _ in found[pattern].values() if key in study.measured}
    waves = {wave for _, wave in found[pattern].values()}
    if not outcomes or len(waves) < 2:
        return
    if pattern != DEFAULT:
        table.notes.add("error", "", "looks_wide", pattern=pattern)
    table.notes.add("warning", "", "read_as_wide", len(table.frame), waves=len(waves), columns=len(found[pattern]))
    _read_as(table, pattern)


def matches(study: Study, names: list[str], pattern: str) -> _Named:
    """The columns that a pattern gives for outcomes, covariates and items of questionnaires at the waves.

    Where no column has the name itself, capitals do not matter.
    """
    folded: dict[str, list[str]] = {}
    for name in names:
        folded.setdefault(name.casefold(), []).append(name)
    out: _Named = {}
    present = set(names)
    for key in (*study.measured, *study.covariates):
        for wave in study.design.wave_keys:
            name = pattern.replace("{outcome}", key).replace("{wave}", wave)
            near = folded.get(name.casefold(), [])
            column = name if name in present else near[0] if len(near) == 1 else None
            if column is not None and column not in out:
                out[column] = (key, wave)
    return out


def _read_as(table: DataTable, pattern: str) -> None:
    study, names = table.study, list(table.frame.columns)
    found = matches(study, names, pattern)
    for column, place in study.columns.items():  # what [files] columns names
        if place[0] in study.measured and column in names:
            found.setdefault(column, place)
    taken = {place for place in found.values()}
    for key, outcome in study.measured.items():
        for wave in outcome.waves:
            if (key, wave) not in taken:
                name = pattern.replace("{outcome}", key).replace("{wave}", wave)
                table.notes.add("error", key, "wide_missing", expected=name, suggestion=near_column(name, names))
    for column, (key, wave) in found.items():
        role: Role = "outcome" if key in study.measured else "covariate"
        table.variables[column] = Variable(key, role, study.measured.get(key), study.covariates.get(key), wave)
    for key in study.measured:  # a column of the outcome's own name is nothing here
        if key in table.variables and table.variables[key].wave is None:
            del table.variables[key]
    table.wide = True


def long(table: DataTable) -> None:
    """One row per person and wave; a wave without any answer has no row, a person without any keeps the baseline's."""
    if not table.wide:
        return
    study, frame = table.study, table.frame
    at_waves = {c: v for c, v in table.variables.items() if v.wave is not None}
    elsewhere = {*at_waves, *study.measured, study.design.wave}
    fixed = [c for c in dict.fromkeys(frame.columns) if c not in elsewhere]
    named = {w: {c: v.key for c, v in at_waves.items() if v.wave == w} for w in study.design.wave_keys}
    answered = {wave: frame[list(own)].notna().any(axis=1) for wave, own in named.items()}
    seen = pd.DataFrame(answered).any(axis=1)
    pieces = []
    for wave, own in named.items():
        part = frame[[*(c for c in fixed if c not in own.values()), *own]].rename(columns=own)
        kept = answered[wave] | (~seen if wave == study.design.baseline else False)
        pieces.append(part[kept].assign(**{study.design.wave: wave}))
    table.notes.add("warning", "", "never_seen", int((~seen).sum()), wave=study.design.baseline)
    table.frame = pd.concat(pieces, ignore_index=True)
    table.dictionary = _by_variable(table)
    table.variables = variables(study, map(str, table.frame.columns))


def _by_variable(table: DataTable) -> Dictionary:
    out = Dictionary()
    for column in table.variables:
        name = table.variables[column].key
        out = out.over(table.dictionary.renamed({column: name}, [name]))
    return out
