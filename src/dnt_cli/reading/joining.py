"""Several files become one table with a row per person and wave, and a report of who is in which file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from dnt_cli.column_names import near_column
from dnt_cli.errors import DataError, StudyError
from dnt_cli.findings import Finding
from dnt_cli.reading.dictionary import Code, Dictionary, RawTable, as_levels, is_missing, known_levels
from dnt_cli.reading.table import Notes
from dnt_cli.sentences import say
from dnt_cli.study import DataFile, Study
from dnt_cli.survey import identifiers

REPORT = ("file", "wave", "rows", "persons", "only_here", "missing_here", "duplicates")


@dataclass(frozen=True)
class Joined:
    """One table from several files.

    Attributes:
        raw: a row per person and wave, sorted; first the id and the wave, then the columns of the files in order.
        report: per file and wave, with counts: rows; persons; only_here, persons at this wave (for a file without
            waves: anywhere) in no other file; missing_here, persons at this wave in other files but not in this one;
            duplicates, rows beyond the first of their person and wave.
        findings: what must be mended (errors) or known (warnings).
    """

    raw: RawTable
    report: pd.DataFrame
    findings: list[Finding]


@dataclass
class _JoinedFile:
    """One file, with its index made the id and the wave (or the id alone) and its columns renamed."""

    frame: pd.DataFrame
    dictionary: Dictionary
    by_wave: bool
    duplicates: pd.Series  # number of surplus rows per wave, under "" for a file without waves
    rows: pd.Series


def join_files(study: Study, read: Callable[[str], RawTable]) -> Joined:
    """All files of the study as one table.

    Args:
        study: Its `files` say where ids, waves and columns are.
        read: The table at a path, as the study gives it.

    Raises:
        StudyError: The study names no files.
        DataError: A file lacks a column that the study names.
    """
    if not study.files:
        raise StudyError(say("no_files_to_join"))
    found, parts, told = Notes(), dict[str, _JoinedFile](), list[Finding]()
    for key, file in study.files.items():
        raw = read(file.path)
        told += raw.findings
        parts[key] = _part(key, file, raw, study, found)
    waves = [key for key, part in parts.items() if part.by_wave]
    if not waves:
        raise StudyError(say("files_without_wave"))
    index = parts[waves[0]].frame.index
    for key in waves[1:]:
        index = index.union(parts[key].frame.index)
    joined = _combined(parts, index, study, found)
    dictionary = Dictionary()
    for part in parts.values():
        dictionary = dictionary.over(part.dictionary)
    dictionary = replace(dictionary, missing=_all_missing(parts))
    for key, part in parts.items():
        _check_codes(key, part, dictionary, study, found)
    return Joined(RawTable(joined, dictionary, tuple(told)), _report(parts, study), found.all())


def _part(key: str, file: DataFile, raw: RawTable, study: Study, found: Notes) -> _JoinedFile:
    design = study.design
    frame = raw.frame
    names = [str(c) for c in frame.columns]
    wave_column = file.wave_column or (design.wave if file.wave is None and design.wave in names else None)
    for needed in (file.id or design.id, *([wave_column] if wave_column else []), *file.columns):
        if needed not in names:
            raise DataError(
                say("file_column_missing", file=file.path, column=needed, near=near_column(needed, names), key=key)
            )
        if names.count(needed) > 1:
            raise DataError(say("file_column_twice", file=file.path, column=needed))
    ids = identifiers(_given(raw, file.id or design.id))
    by_wave = file.wave is not None or wave_column is not None
    waves = pd.Series(file.wave or "", index=frame.index)
    if wave_column is not None:
        waves = _waves(raw, wave_column, file, study)
        waves = waves.where(waves.isin(design.wave_keys))
    found.add("error", key, "id_missing", int(ids.isna().sum()))
    found.add("error", key, "wave_unknown", int(waves.isna().sum()), known=", ".join(design.wave_keys), found="")
    own = [c for c in names if c not in (file.id or design.id, wave_column)]
    renamed = frame[own].rename(columns=file.columns)
    kept = [c for c in renamed.columns if not file.only or c in file.only]
    if clash := [c for c in kept if c in (design.id, design.wave)]:
        raise DataError(say("file_column_clash", file=file.path, column=clash[0]))
    if twice := sorted({c for c in kept if kept.count(c) > 1}):
        raise DataError(say("file_columns_alike", file=file.path, column=twice[0]))
    known = ids.notna() & waves.notna()
    place = pd.DataFrame({design.id: ids[known], design.wave: waves[known]})
    surplus = place.duplicated()
    found.add("error", key, "join_twice", int(surplus.sum()))
    out = renamed.loc[known, kept]
    out.index = pd.MultiIndex.from_frame(place) if by_wave else pd.Index(place[design.id])
    out = out[~surplus.to_numpy()]
    dictionary = raw.dictionary.renamed(file.columns, kept)
    counts = place[design.wave].value_counts()
    return _JoinedFile(out, dictionary, by_wave, place[surplus][design.wave].value_counts(), counts)


def _given(raw: RawTable, column: str) -> pd.Series:
    """The values of a column without user-missing codes."""
    return raw.frame[column].mask(is_missing(raw.frame[column], raw.dictionary.missing.get(column, ())))


def _waves(raw: RawTable, column: str, file: DataFile, study: Study) -> pd.Series:
    """The wave of each row by its code in the study file, or else what its label in the data file says."""
    values = _given(raw, column)
    levels = known_levels(study)[study.design.wave]
    labelled = identifiers(as_levels(values, raw.dictionary.values.get(column, {}), levels))
    codes = identifiers(values)
    return codes.map(file.wave_codes).where(codes.isin(list(file.wave_codes)), labelled)


def _all_missing(parts: Mapping[str, _JoinedFile]) -> dict[str, tuple[tuple[Code, Code], ...]]:
    """Column -> the codes that mean no answer in any file."""
    ranges: dict[str, tuple[tuple[Code, Code], ...]] = {}
    for part in parts.values():
        for column, own in part.dictionary.missing.items():
            ranges[column] = tuple(dict.fromkeys((*ranges.get(column, ()), *own)))
    return ranges


def _check_codes(key: str, part: _JoinedFile, joined: Dictionary, study: Study, found: Notes) -> None:
    """A code means the same in all files: the joined table can say one thing only about it."""
    known = known_levels(study)
    for column in part.frame.columns:
        values, own = part.frame[column], part.dictionary
        elsewhere = is_missing(values, joined.missing.get(column, ()))
        if elsewhere.any():
            answers = elsewhere & ~is_missing(values, own.missing.get(column, ()))
            found.add("error", column, "join_missing_codes", int(answers.sum()), file=key)
        if column in known and column in joined.values:
            levels = known[column]
            here = identifiers(as_levels(values, own.values.get(column, {}), levels))
            there = identifiers(as_levels(values, joined.values[column], levels))
            differ = here.isin(list(levels.values())) & (here != there)
            found.add("error", column, "join_labels", int(differ.sum()), file=key)


def _combined(parts: dict[str, _JoinedFile], index: Any, study: Study, found: Notes) -> pd.DataFrame:
    """The columns of all files at every person and wave; where two files have one, they must agree."""
    design = study.design
    ids = index.get_level_values(0)
    columns: dict[str, pd.Series] = {}
    for key, part in parts.items():
        for column in part.frame.columns:
            values = part.frame[column].reindex(index if part.by_wave else ids).set_axis(index).astype("object")
            if column in columns:
                before = columns[column]
                conflict = before.notna() & values.notna() & (before != values)
                found.add("error", column, "join_conflict", int(conflict.sum()), file=key)
                values = before.where(before.notna(), values)
            columns[column] = values
        if not part.by_wave:
            lost = int((~part.frame.index.isin(ids)).sum())
            found.add("warning", key, "join_no_wave", lost)
    table = pd.DataFrame({c: v.infer_objects() for c, v in columns.items()}, index=index).reset_index()
    order = {wave: i for i, wave in enumerate(design.wave_keys)}
    return table.sort_values(
        [design.id, design.wave], key=lambda c: c.map(order) if c.name == design.wave else c, ignore_index=True
    )


def _report(parts: dict[str, _JoinedFile], study: Study) -> pd.DataFrame:
    design = study.design
    persons: dict[tuple[str, str], set[str]] = {}
    for key, part in parts.items():
        if part.by_wave:
            ids, waves = (part.frame.index.get_level_values(level) for level in (0, 1))
            persons |= {(key, wave): set(ids[waves == wave]) for wave in design.wave_keys if wave in waves}
        else:
            persons[key, ""] = set(part.frame.index)
    rows = []
    for (key, wave), here in persons.items():
        others = [who for (k, w), who in persons.items() if k != key and (w == wave or not wave)]
        elsewhere = set[str]().union(*others)
        known = elsewhere | set[str]().union(*(who for (k, w), who in persons.items() if k != key and not w))
        rows.append(
            {
                "file": key,
                "wave": wave,
                "rows": int(parts[key].rows.get(wave, 0)),
                "persons": len(here),
                "only_here": len(here - known),
                "missing_here": len(elsewhere - here),
                "duplicates": int(parts[key].duplicates.get(wave, 0)),
            }
        )
    return pd.DataFrame(rows, columns=list(REPORT))
