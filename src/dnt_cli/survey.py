"""Survey answers: read, checked against the study and cast, a row per person and measured wave."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from dnt_cli.column_names import look_like_answers, near_column
from dnt_cli.errors import DataError
from dnt_cli.findings import Finding, error, summary, warning
from dnt_cli.sentences import say
from dnt_cli.study import Covariate, Outcome, Study

# Whole numbers of an outcome without a range; stage files store them in 32 bits.
LARGEST = (-(2.0**31), 2.0**31 - 1)
_SHARED_BY, _MOST_CODES, _LONGEST_CODE = 10, 5, 30  # persons that share a code, codes and letters in a message
_EXACT = 2.0**53  # from here on a float does not hold every whole number
# Of any number: squares of larger ones, and of smaller ones than its inverse, are no numbers any more.
LARGEST_SIZE = 1e100
_NUMERAL = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|[-+]?inf(?:inity)?", re.ASCII | re.IGNORECASE)
_WORDS = {"TRUE": 1, "FALSE": 0, "NA": None, "": None}


def cast_survey(frame: pd.DataFrame, study: Study) -> tuple[pd.DataFrame, list[Finding]]:
    """The survey with the study's columns and types, sorted by id and wave, and the warnings.

    Returns:
        Columns id (text), wave (ordered category), group (category), site if the study has one, covariates
        (categories or floats) and measured outcomes (floats); and what was noticed but does not stop the analysis.

    Raises:
        DataError: The data do not fit; the first error, and how many more there are.
    """
    findings, cast = examine_survey(frame, study)
    errors = [f for f in findings if f.level == "error"]
    if errors or cast is None:
        raise DataError(say("data_unfit", finding=summary(errors)))
    return cast, findings


def examine_survey(frame: pd.DataFrame, study: Study) -> tuple[list[Finding], pd.DataFrame | None]:
    """All findings, and the cast survey unless there are errors."""
    design = study.design
    needed = list(
        dict.fromkeys([design.id, design.wave, design.group, *design.places, *study.covariates, *study.measured])
    )
    findings = missing_columns(frame, needed)
    if findings:
        lacks = any(own.column == design.group for own in findings) and design.group not in frame.columns
        return [*findings, *([warning(design.group, "group_elsewhere")] if lacks else [])], None
    frame, findings = _compared(frame, study)
    if frame.empty:
        return findings, None
    cast = pd.DataFrame(
        {
            design.id: identifiers(frame[design.id]),
            design.wave: _codes(frame[design.wave], design.wave_keys),
            design.group: _codes(frame[design.group], (design.comparison, design.intervention)),
        }
    )
    findings += _structure(frame, cast, study)
    for place in design.places:
        cast[place] = identifiers(frame[place])
    for key, covariate in study.covariates.items():
        cast[key], found = _cast_covariate(frame[key], key, covariate)
        findings += found
    for key, outcome in study.measured.items():
        cast[key], found = _cast_outcome(frame[key], cast[design.wave], key, outcome)
        findings += found
    if cast[[design.id, design.wave]].notna().all(axis=None):
        findings += _within_person(cast, study)
    if not any(f.level == "error" for f in findings):
        findings += _contradictions(cast, study)
    if any(f.level == "error" for f in findings):
        return findings, None
    return findings, cast.sort_values([design.id, design.wave], kind="stable").reset_index(drop=True)


def examine_wide(
    frame: pd.DataFrame, study: Study, sets: int = 1, ids: pd.Series | None = None
) -> tuple[list[Finding], pd.DataFrame | None]:
    """As `examine_survey`, for a table with one row per person and columns `<outcome>_<wave>`; rows stay in order.

    `sets` such tables of the same size may lie below each other, which is quicker than one by one. `ids` are those of
    the rows where another table with the same was examined before.
    """
    design = study.design
    columns = {
        c: key
        for c, (key, _) in study.columns.items()
        if key in study.measured or (study.is_register(key) and c in frame.columns)
    }
    needed = dict.fromkeys([design.id, design.group, *design.places, *study.covariate_columns, *columns])
    findings = missing_columns(frame, list(needed))
    if findings:
        return findings, None
    cast = {
        design.id: identifiers(frame[design.id]) if ids is None else ids,
        design.group: _codes(frame[design.group], (design.comparison, design.intervention)),
    }
    number = np.arange(len(frame)) // max(len(frame) // sets, 1)
    if ids is None:
        if pd.DataFrame({"id": cast[design.id], "set": number}).duplicated().any() or cast[design.id].isna().any():
            findings.append(error(design.id, "person_twice"))
        if inexact := _inexact(frame[design.id]):
            findings.append(error(design.id, "id_inexact", count=inexact))
    if unknown := int(cast[design.group].isna().sum()):
        findings.append(error(design.group, "group_unknown_wide", count=unknown))
    for place in design.places:
        cast[place] = identifiers(frame[place])
    for name, (key, _) in study.covariate_columns.items():
        cast[name], found = _cast_covariate(frame[name], key, study.covariates[key])
        findings += found
    for column, key in columns.items():
        outcome = study.outcomes[key]
        cast[column], found = _cast_number(frame[column], column, outcome.limits, integer=outcome.whole)
        findings += found
    if any(f.level == "error" for f in findings):
        return findings, None
    return findings, pd.DataFrame(cast).reset_index(drop=True)


def missing_columns(frame: pd.DataFrame, needed: Iterable[str | None]) -> list[Finding]:
    """Errors of a table: columns that are not there, or twice, or no rows; no name that may be a person's answer."""
    present = [str(c) for c in frame.columns]
    wanted = [name for name in needed if name is not None]
    if look_like_answers(present) and not any(name in present for name in wanted):
        return [error("", "headless")]
    findings = [
        error(name, "column_missing", suggestion=near_column(name, present)) for name in wanted if name not in present
    ]
    twice = sorted({c for c in present if present.count(c) > 1})
    if look_like_answers(twice):
        findings.append(error("", "columns_twice", count=len(twice)))
    else:
        findings += [error(name, "column_twice") for name in twice]
    if not findings and frame.empty:
        findings.append(error("", "no_rows"))
    return findings


def _compared(frame: pd.DataFrame, study: Study) -> tuple[pd.DataFrame, list[Finding]]:
    """The rows of the two arms that are compared; how many persons of other arms there are is told."""
    design = study.design
    if not design.further_interventions:
        return frame, []
    other = identifiers(frame[design.group]).isin(design.further_interventions)
    if other.all():
        return frame[~other], [error(design.group, "one_group", group=", ".join(design.further_interventions))]
    count = int(frame.loc[other, design.id].nunique())
    arms = f"{design.intervention}, {design.comparison}"
    return frame[~other], [warning(design.group, "other_arms", count=count, arms=arms)] if count else []


def _structure(frame: pd.DataFrame, cast: pd.DataFrame, study: Study) -> list[Finding]:
    """Ids, waves and groups: known, given, and each person once per wave."""
    design = study.design
    findings: list[Finding] = []

    def check(column: str, count: int, name: str, **values: Any) -> None:
        if count:
            findings.append(error(column, name, count=count, **values))

    check(design.id, int(cast[design.id].isna().sum()), "id_missing")
    check(design.id, _inexact(frame[design.id]), "id_inexact")
    found = _shared_codes(frame, cast, design.wave, design.id)
    known = ", ".join(design.wave_keys)
    check(design.wave, int(cast[design.wave].isna().sum()), "wave_unknown", known=known, found=found)
    groups = f"{design.intervention}, {design.comparison}"
    found = _shared_codes(frame, cast, design.group, design.id)
    check(design.group, int(cast[design.group].isna().sum()), "group_unknown", known=groups, found=found)
    twice = cast.duplicated([design.id, design.wave], keep=False) & cast[design.id].notna() & cast[design.wave].notna()
    same = frame.loc[twice].astype(str).duplicated(keep=False).sum()
    check(design.wave, int(twice.sum()), "person_wave_twice", same=int(same))
    if not findings and cast[design.group].nunique() < 2:
        present = cast[design.group].dropna().unique()[0]
        findings.append(error(design.group, "one_group", group=present))
    return findings


def _shared_codes(frame: pd.DataFrame, cast: pd.DataFrame, column: str, person: str) -> str:
    """` (found: 1, 2)`: the codes that are not known and that many persons share, so that they tell of nobody."""
    unknown = identifiers(frame[column])[cast[column].isna()].dropna()
    counts = cast.loc[unknown.index, person].groupby(unknown).nunique()
    shared = sorted(c for c in counts.index[counts >= _SHARED_BY] if len(c) <= _LONGEST_CODE)[:_MOST_CODES]
    return f" (found: {', '.join(shared)})" if shared else ""


def _within_person(cast: pd.DataFrame, study: Study) -> list[Finding]:
    """Group and covariates belong to the person: one value over all waves."""
    design = study.design
    findings = []
    persons = cast.groupby(design.id, observed=True)
    for column in dict.fromkeys((design.group, *design.places, *study.covariates)):
        changing = int((persons[column].nunique() > 1).sum())
        if changing:
            if column in study.covariates and study.covariates[column].timing == "wave":
                continue
            if column in study.covariates and column not in design.places:
                findings.append(warning(column, "changing_covariate", count=changing))
            else:
                findings.append(error(column, "changing", count=changing))
    with_baseline = cast.loc[cast[design.wave] == design.baseline, design.id].nunique()
    without = persons.ngroups - with_baseline
    if without:
        findings.append(warning(design.wave, "no_baseline", count=without, wave=design.baseline))
    return findings


def _contradictions(cast: pd.DataFrame, study: Study) -> list[Finding]:
    """An outcome that is conditional on another cannot be there without it."""
    findings = []
    for key, outcome in study.measured.items():
        if outcome.conditional_on is not None:
            count = int(((cast[key] > 0) & (cast[outcome.conditional_on] == 0)).sum())
            if count:
                findings.append(error(key, "contradiction", count=count, parent=outcome.conditional_on))
    return findings


def identifiers(values: pd.Series) -> pd.Series:
    """Ids as text: 7, 7.0 and "7" are the same person."""
    return _each(values, lambda value: None if _is_missing(value) else _plain(value) or None)


def _each(values: pd.Series, function: Callable[[Any], Any]) -> pd.Series:
    """`function` of every value, as objects; called once per distinct value where equal values are the same."""
    distinct: Iterable[Any]
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes, distinct = values.cat.codes.to_numpy(), values.cat.categories
    # Among objects True, 1 and 1.0 are equal, but mean different things.
    elif values.dtype != "object" or pd.api.types.infer_dtype(values, skipna=True) == "string":
        codes, distinct = pd.factorize(values)
    else:
        codes, distinct = np.arange(len(values)), values
    results = pd.Series([*(function(value) for value in distinct), function(None)], dtype="object")
    return pd.Series(results.to_numpy()[codes], index=values.index, dtype="object")  # a missing value's code is -1


def _inexact(values: pd.Series) -> int:
    """How many floats are so large that different whole numbers may have become one."""
    return int(
        _each(values, lambda value: isinstance(value, (float, np.floating)) and abs(float(value)) >= _EXACT).sum()
    )


def _is_missing(value: Any) -> bool:
    """A list in a cell is no missing value, though pandas would ask each of its elements."""
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


def _plain(value: object) -> str:
    if isinstance(value, (float, np.floating, Decimal)) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def _codes(values: pd.Series, levels: Iterable[str], *, ordered: bool = True) -> pd.Series:
    """A categorical of `levels`; what is not among them becomes missing."""
    levels = list(levels)
    texts = identifiers(_spelled(values, levels))
    return pd.Series(pd.Categorical(texts, categories=levels, ordered=ordered), index=values.index)


def _spelled(values: pd.Series, levels: Iterable[str]) -> pd.Series:
    """True and False, which programs make of TRUE and FALSE, as the level that is written so, or else 1 or 0."""
    known = {level.lower(): level for level in levels}
    names = {True: known.get("true", known.get("1")), False: known.get("false", known.get("0"))}
    return _each(values, lambda value: names[bool(value)] or value if isinstance(value, (bool, np.bool_)) else value)


def _cast_covariate(values: pd.Series, key: str, covariate: Covariate) -> tuple[pd.Series, list[Finding]]:
    if covariate.kind == "continuous":
        return _cast_number(values, key, covariate.range, integer=False)
    plain = _plain_values(values, covariate.levels)
    cast = _codes(plain, covariate.levels, ordered=covariate.kind == "ordered")
    unknown = int((cast.isna() & identifiers(plain).notna()).sum())
    return cast, [error(key, "level_unknown", count=unknown, **unknown_level(key, covariate.levels))] if unknown else []


def unknown_level(key: str, levels: Iterable[str]) -> dict[str, str]:
    """The values of the finding about a level that the study does not name."""
    return {"known": ", ".join(dict.fromkeys(levels)), "section": f"[covariates.{key}]"}


def _cast_outcome(values: pd.Series, waves: pd.Series, key: str, outcome: Outcome) -> tuple[pd.Series, list[Finding]]:
    cast, findings = _cast_number(values, key, outcome.limits, integer=outcome.whole)
    elsewhere = cast.notna() & ~waves.isin(outcome.waves)
    if elsewhere.any():
        findings.append(warning(key, "not_asked", count=int(elsewhere.sum())))
        cast = cast.mask(elsewhere)
    if cast.isna().all() and not any(f.level == "error" for f in findings):
        findings.append(error(key, "nobody"))
    return cast, findings


def _cast_number(
    values: pd.Series, key: str, limits: tuple[float, float] | None, *, integer: bool
) -> tuple[pd.Series, list[Finding]]:
    if values.dtype.kind in "fi":  # numbers already, as in a stage file
        text = number = values.astype("float64")
    else:
        text = _plain_values(values)
        number = _each(text, _number).astype("float64")
    x = number.to_numpy()  # many columns, so without what pandas adds to every comparison
    size = np.abs(x)
    if integer and limits is None:
        limits = LARGEST
    findings = []

    def check(wrong: NDArray[np.bool_], name: str, **values: str) -> None:
        if count := int(np.count_nonzero(wrong)):
            findings.append(error(key, name, count=count, **values))

    check(np.isnan(x) & text.notna().to_numpy(), "no_number")
    check(np.isinf(x), "infinite")
    check((size > LARGEST_SIZE) & (size < np.inf), "too_large", limit=f"{LARGEST_SIZE:g}")
    if 0 < np.nanmax(size, initial=0.0) < 1 / LARGEST_SIZE:
        findings.append(error(key, "too_small", limit=f"{1 / LARGEST_SIZE:g}"))
    if limits is not None:
        check((x < limits[0]) | (x > limits[1]), "out_of_range", low=f"{limits[0]:g}", high=f"{limits[1]:g}")
    if integer and not findings:
        check(~np.isnan(x) & (x != np.round(x)), "not_whole")
    return number, findings


def _plain_values(values: pd.Series, levels: Iterable[str] = ()) -> pd.Series:
    """Values as other programs mean them: TRUE and FALSE of R are 1 and 0, an empty text or R's NA is missing.

    A word that is one of `levels` stays as it is, and so does a truth where there are levels.
    """
    known = set(levels)
    words = {word: number for word, number in _WORDS.items() if word not in known}

    def plain(value: object) -> object:
        if isinstance(value, (bool, np.bool_)):
            return value if known else int(value)
        return words.get(value.strip(), value) if isinstance(value, str) else value

    return _each(values, lambda value: None if _is_missing(value) else plain(value))


def _number(value: object) -> float:
    """A number as it was written, to the last digit (which pandas.to_numeric is not); NaN for anything else.

    Dates and bytes can be made into numbers too, but then they mean something else.
    """
    if isinstance(value, str) and not _NUMERAL.fullmatch(value.strip()):
        return np.nan
    if not isinstance(value, (str, int, float, np.integer, np.floating, Decimal)):
        return np.nan
    try:
        return float(value)
    except (ValueError, OverflowError):
        return np.nan


def with_further(survey: pd.DataFrame, frame: pd.DataFrame, study: Study) -> pd.DataFrame:
    """A cast survey with the other columns of the table that it was cast from, row for row."""
    design = study.design
    if design.further_interventions:  # whose persons the cast survey does not hold
        frame = frame[identifiers(frame[design.id]).isin(survey[design.id])]
    keys = pd.DataFrame(
        {
            design.id: identifiers(frame[design.id]).to_numpy(),
            design.wave: _codes(frame[design.wave], design.wave_keys).to_numpy(),
        }
    )
    keys[design.wave] = pd.Categorical(keys[design.wave], categories=list(design.wave_keys), ordered=True)
    order = keys.sort_values([design.id, design.wave], kind="stable").index
    further = frame[[c for c in frame.columns if c not in survey.columns]].iloc[order].reset_index(drop=True)
    return pd.concat([survey, further], axis=1)


def survey_table(survey: pd.DataFrame) -> pa.Table:
    """The Arrow table of a cast survey; whole numbers as such, so that other programs see 1 and not 1.0."""
    columns = {}
    for name in survey.columns:
        values = survey[name]
        if values.dtype == "float64" and (values.dropna() == values.dropna().round()).all():
            columns[name] = whole_numbers(values)
        else:
            columns[name] = _array(values)
    return pa.table(columns)


def _array(values: pd.Series) -> pa.Array:
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # numbers and words in one column
        return pa.array(values.map(str, na_action="ignore"), pa.string(), from_pandas=True)


def whole_numbers(values: pd.Series, limits: tuple[float, float] | None = None) -> pa.Array:
    """Whole numbers in the smallest type that holds them, or all between `limits`; floats where none does."""
    low, high = limits or (float(values.min()), float(values.max()))
    for kind in (np.int16, np.int32):
        if not (low < np.iinfo(kind).min or high > np.iinfo(kind).max):
            numbers = values.to_numpy(dtype=float, na_value=np.nan)
            missing = np.isnan(numbers)
            return pa.array(np.where(missing, 0.0, np.rint(numbers)).astype(kind), mask=missing)
    return pa.array(values, from_pandas=True)
