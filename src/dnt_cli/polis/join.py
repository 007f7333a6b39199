"""Register outcomes beside the survey: carried along through the imputation, never imputed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dnt_cli.errors import DataError
from dnt_cli.findings import Finding, summary
from dnt_cli.reading.ids import matched
from dnt_cli.sentences import say
from dnt_cli.study import Study
from dnt_cli.survey import identifiers


def add_register(
    wide: pd.DataFrame, register: pd.DataFrame, study: Study, name: str
) -> tuple[pd.DataFrame, list[Finding]]:
    """The wide table with the columns `<outcome>_<wave>` of the outcomes from a register.

    Args:
        wide: One row per person of the survey.
        register: A row per person and wave, with the columns that the study's register outcomes name: what `dnt polis`
            makes, or a column of the outcome's own name.
        study: Outcomes with source "register".
        name: How messages call the register file.

    Returns:
        The table, and what was noticed: persons of the survey that the register lacks, the other way round, gaps.

    Raises:
        DataError: A column is missing or there twice, so is a person at a wave, nobody or no wave is in both, an id
            differs from one of the survey in zeros, capitals or blanks only, a value is neither 0 nor 1, or the
            register says another id, group or place of a person than the survey.
    """
    keys = {k: o.register or k for k, o in study.outcomes.items() if study.is_register(k)}
    if not keys:
        raise DataError(say("no_register_outcome"))
    ids, waves = _rows(register, ("id", "wave", *keys.values()), study, name)
    persons = wide[study.design.id].astype(str)
    both, alike = matched(pd.concat([persons, ids], ignore_index=True), study)
    if alike:
        raise DataError(say("beside_survey", file=name, finding=summary(alike)))
    ids = both.iloc[len(persons) :].set_axis(ids.index)
    known = persons.isin(set(ids))
    if not known.any():
        raise DataError(say("register_strangers", file=name))
    _refuse_contradictions(wide, register, ids, study, name)
    findings = []
    if missing := int((~known).sum()):
        findings.append(Finding("warning", name, "polis.not_in_register", {"count": missing}))
    if extra := int((~ids.drop_duplicates().isin(set(persons))).sum()):
        findings.append(Finding("warning", name, "polis.not_in_survey", {"count": extra}))
    columns = {}
    for key, column in keys.items():
        values = _values(register[column], study.outcomes[key].kind == "binary", f"{name}: {column}")
        table = pd.DataFrame({"id": ids, "wave": waves, "value": values})
        by_wave = {wave: part.set_index("id")["value"] for wave, part in table.groupby("wave")}
        for wave in study.outcomes[key].waves:
            told = by_wave[wave].reindex(persons) if wave in by_wave else np.full(len(wide), np.nan)
            columns[study.column(key, wave)] = np.asarray(told, dtype=float)
    joined = pd.concat([wide, pd.DataFrame(columns, index=wide.index)], axis=1)
    for key in keys:
        own = [study.column(key, wave) for wave in study.outcomes[key].waves]
        if gaps := int(joined.loc[known.to_numpy(), own].isna().to_numpy().sum()):
            findings.append(Finding("warning", key, "polis.unknown_values", {"count": gaps}))
    return joined, findings


def _rows(register: pd.DataFrame, columns: tuple[str, ...], study: Study, name: str) -> tuple[pd.Series, pd.Series]:
    """The person and the wave of every row, as texts.

    Raises:
        DataError: A column is missing or there twice, so is a person at a wave, or there is no wave of the study.
    """
    for column in columns:
        if column not in register.columns:
            raise DataError(say("column_missing", file=name, column=column))
        if list(register.columns).count(column) > 1:
            raise DataError(say("column_twice", file=name, column=column))
    ids, waves = identifiers(register["id"]), identifiers(register["wave"])  # 7.0 of SPSS is the survey's 7
    if twice := int(pd.DataFrame({"id": ids, "wave": waves}).duplicated().sum()):
        raise DataError(say("register_twice", file=name, twice=twice))
    if not waves.isin(study.design.wave_keys).any():
        listed = ", ".join(study.design.wave_keys)
        raise DataError(say("register_waves", file=name, listed=listed))
    return ids, waves


def _refuse_contradictions(wide: pd.DataFrame, register: pd.DataFrame, ids: pd.Series, study: Study, name: str) -> None:
    """What a register says of a person beside the outcomes is what the survey says of the same person.

    Raises:
        DataError: It is not, which a merge that went wrong looks like.
    """
    persons = wide[study.design.id].astype(str)
    for column in dict.fromkeys((study.design.id, study.design.group, study.design.site)):
        if column is None or column == "id" or column not in register.columns:
            continue
        own = ids if column == study.design.id else ids.map(pd.Series(wide[column].astype(object).to_numpy(), persons))
        told = identifiers(register[column])
        wrong = ids.isin(set(persons)) & own.notna() & told.notna() & (own.astype(str) != told.astype(str))
        if count := int(ids[wrong].nunique()):
            raise DataError(say("contradicts_survey", file=name, column=column, count=count))


def _values(raw: pd.Series, binary: bool, where: str) -> pd.Series:
    """Numbers, and for a binary outcome 0 and 1 only.

    Raises:
        DataError: There are others, or infinite ones.
    """
    values = pd.to_numeric(raw, errors="coerce").astype("float64")
    bad = (values.isna() & raw.notna()) | np.isinf(values)
    if binary:
        bad |= values.notna() & ~values.isin((0.0, 1.0))
    if bad.any():
        raise DataError(say("register_values", where=where, n=int(bad.sum())))
    return values
