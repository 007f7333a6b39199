"""What stands beside the study: answers that the study file does not name, and figures of other populations."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dnt_cli.column_names import near_column
from dnt_cli.description.columns import Columns, joined, level_columns
from dnt_cli.description.moments import moments
from dnt_cli.description.rows import COLUMNS, Rows
from dnt_cli.description.sample import group_names, memberships
from dnt_cli.errors import DataError
from dnt_cli.sentences import say
from dnt_cli.study import Study, block_columns
from dnt_cli.study.described import YES
from dnt_cli.survey import LARGEST_SIZE, identifiers

MOST_LEVELS = 20
"""Different texts in a column that is described."""
NEARLY_UNIQUE = 0.7
"""Share of the answers that differ, above which a column tells who somebody is..."""
FEW_ANSWERS = 5
"""... if there are at least so many answers."""
REFERENCE_COLUMNS = ("variable", "level", "population", "statistic", "value")


def further_rows(further: pd.DataFrame, wide: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Answers outside the study file per group: levels of text, mean and SD of numbers, of those who answered.

    A column belongs to the wave at which it was answered; one that was answered at several waves, the same by every
    person, belongs to the person.

    Raises:
        DataError: Id or wave is missing, or a row belongs to nobody in the survey.
    """
    design, rows = study.design, Rows("further")
    for column in (design.id, design.wave):
        if column not in further.columns:
            raise DataError(say("further_column", column=column, id=design.id, wave=design.wave))
    index = pd.Index(wide[design.id])
    keyed = further.assign(**{c: identifiers(further[c]) for c in (design.id, design.wave)})
    if strangers := int((~keyed[design.id].isin(index)).sum()):
        raise DataError(say("further_strangers", id=design.id, strangers=strangers))
    names = [c for c in further.columns if c not in (design.id, design.wave, design.group)]
    # Of a block of the study the answers are counted, also where they are numbers.
    own = block_columns(study.description)
    keyed = keyed.assign(**{c: identifiers(keyed[c]) for c in names if c in own})
    _refuse_free_text(keyed, names)
    columns = []
    for name in names:
        answers = _readable(keyed[[design.id, design.wave, name]].dropna(), name)
        for wave, part in _by_wave(answers, name, study):
            values = part.drop_duplicates(design.id).set_index(design.id)[name].reindex(index).reset_index(drop=True)
            columns.append(_expanded(values, name, wave))
    if columns:
        all_columns, members = joined(*columns), memberships(wide, study)
        rows.add_moments(all_columns, moments(all_columns.values, members), group_names(study))
    return rows.frame([str(column) for column in further.columns])


def _refuse_free_text(frame: pd.DataFrame, names: list[str]) -> None:
    """Stop before free text, postcodes and keys are listed, a line for every person.

    Raises:
        DataError: A column of text has more than `MOST_LEVELS` different answers, or nearly one for every answer.
    """
    found = []
    for name in names:
        answers = frame[name].dropna()
        if pd.api.types.is_numeric_dtype(answers):
            continue
        different = answers.map(str).nunique()
        if different > MOST_LEVELS or (len(answers) >= FEW_ANSWERS and different > NEARLY_UNIQUE * len(answers)):
            found.append(str(name))
    if found:
        raise DataError(say("further_telling", columns=", ".join(found), most=MOST_LEVELS))


def _readable(answers: pd.DataFrame, name: str) -> pd.DataFrame:
    """The answers; numbers in whatever form as such, lists and the like as text, which can be counted.

    Raises:
        DataError: A number is too large for its square.
    """
    values = answers[name]
    if values.dtype == "object" and pd.api.types.infer_dtype(values) in ("decimal", "mixed-integer-float"):
        values = values.astype("float64")
    if pd.api.types.is_numeric_dtype(values) and (bad := int((values.astype(float).abs() > LARGEST_SIZE).sum())):
        raise DataError(say("further_large", column=name, bad=bad, most=LARGEST_SIZE))
    return answers.assign(**{name: values.map(str) if values.dtype == "object" else values})


def _by_wave(answers: pd.DataFrame, name: str, study: Study) -> list[tuple[str, pd.DataFrame]]:
    design = study.design
    waves = [wave for wave in design.wave_keys if (answers[design.wave] == wave).any()]
    if len(waves) > 1 and answers.groupby(design.id)[name].nunique().max() == 1:
        return [("", answers)]
    return [(wave, answers[answers[design.wave] == wave]) for wave in waves]


def _expanded(values: pd.Series, name: str, wave: str) -> Columns:
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        keys = pd.DataFrame({"variable": [name], "level": [""], "wave": [wave], "share": [False]})
        return Columns(keys, values.to_numpy(dtype=float, na_value=np.nan)[:, None])
    text = values.map(str, na_action="ignore").astype("object")
    columns = level_columns(text, name, sorted(text.dropna().unique()))
    return Columns(columns.keys.assign(wave=wave), columns.values)


def _as_known(reference: pd.DataFrame, known: list[tuple[str, str]]) -> pd.DataFrame:
    """The figures of other populations with texts as the study has them, whatever a reader made of them.

    Levels that are numbers became decimals where others are empty, and the words TRUE and FALSE became truths.
    """
    text = {column: identifiers(reference[column]).fillna("") for column in REFERENCE_COLUMNS[:4]}
    spelled = {(variable, str(level.lower() == "true")): level for variable, level in known
               if level.lower() in ("true", "false")}  # fmt: skip
    pairs = zip(text["variable"], text["level"], strict=True)
    text["level"] = pd.Series([spelled.get(pair, pair[1]) for pair in pairs], index=reference.index, dtype="object")
    return pd.DataFrame({**text, "value": pd.to_numeric(reference["value"], errors="coerce").astype("float64")})


def populations(study: Study, known: pd.DataFrame) -> pd.DataFrame:
    """The figures of the study's own populations, with the columns `REFERENCE_COLUMNS`.

    Args:
        study: Its populations.
        known: The baseline rows beside which they will stand; what these lack is left out.
    """
    found: list[tuple[str, str, str, str, float]] = []
    for name, population in study.populations.items():
        found += [(variable, "", name, "mean", value) for variable, value in population.means.items()]
        for variable, shares in population.percentages.items():
            binary = variable in study.outcomes and study.outcomes[variable].kind == "binary"
            levels = {level: "" if binary and level == YES else level for level in shares}
            found += [(variable, levels[level], name, "pct", value) for level, value in shares.items()]
    there = set(zip(known["variable"], known["level"], known["statistic"], strict=True))
    kept = [row for row in found if (row[0], row[1], row[3]) in there]
    return pd.DataFrame(kept, columns=list(REFERENCE_COLUMNS))


def reference_rows(reference: pd.DataFrame, study: Study, known: pd.DataFrame) -> pd.DataFrame:
    """Figures of other populations as rows of the baseline table, their name in the place of the group.

    Args:
        reference: `REFERENCE_COLUMNS`, a row per figure; the statistic is pct or mean, the level empty for a mean.
        study: Which variables there are.
        known: The baseline rows beside which they will stand.

    Raises:
        DataError: A column is missing, a value is no number or no percentage, a population has the name of a group, a
            figure stands there twice, or a row names a variable, level or statistic that the baseline table lacks.
    """
    for column in REFERENCE_COLUMNS:
        if column not in reference.columns:
            raise DataError(say("reference_column", column=column, allowed=", ".join(REFERENCE_COLUMNS)))
    there = set(zip(known["variable"], known["level"], known["statistic"], strict=True))
    frame = _as_known(reference, sorted({(variable, level) for variable, level, _ in there}))
    if bad := int((~np.isfinite(frame["value"])).sum()):
        raise DataError(say("reference_no_number", bad=bad))
    if bad := int(((frame["statistic"] == "pct") & ~frame["value"].between(0, 100)).sum()):
        raise DataError(say("reference_percentages", bad=bad))
    if {"", *group_names(study)} & set(frame["population"]):  # their figures would stand in the place of the study's
        raise DataError(say("reference_names"))
    if twice := int(frame.duplicated([*REFERENCE_COLUMNS[:4]]).sum()):
        raise DataError(say("reference_twice", twice=twice))
    for row in frame.itertuples():
        name = f"{row.variable} {row.level}".strip()
        if (row.variable, row.level, row.statistic) not in there:
            near = near_column(row.variable, sorted({variable for variable, _, _ in there}))
            raise DataError(say("population_unknown", statistic=row.statistic, name=name, near=near))
        if row.statistic not in ("pct", "mean"):
            raise DataError(say("reference_statistic", statistic=row.statistic, variable=name))
    wave = np.where(frame["variable"].isin(list(study.outcomes)), study.design.baseline, "")
    named = frame.rename(columns={"population": "group"})
    return named.assign(table="baseline", wave=wave, n=np.nan, denominator=np.nan)[list(COLUMNS)]
