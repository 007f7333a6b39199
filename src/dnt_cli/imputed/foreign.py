"""Completed data sets that other programs made: read in the layouts of mice, SPSS, Stata, SAS and Amelia, and checked.

An imputation fills gaps and leaves what was observed as it was. Where a file says otherwise, an edit or a merge went
wrong between the programs, and pooled standard errors would be wrong without a sign; so it is refused, with counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from dnt_cli.errors import DataError
from dnt_cli.imputed.data import Completed, completed_sets, measured_columns
from dnt_cli.sentences import Listed, Sentence, say
from dnt_cli.study import Study
from dnt_cli.survey import identifiers

_COINCIDENCE = 1e-6  # two imputations that agree in every gap with a smaller probability than this are one made twice
_NAMED = 3  # columns that a message names
_STATA_WIDE = re.compile(r"_(\d+)_(.+)")


@dataclass(frozen=True, slots=True)
class LongLayout:
    """How a program numbers its imputations.

    Attributes:
        column: The column with the number, 0 for the data as observed.
        program: Who writes it so.
        advice: How it comes to hold the observed data too.
    """

    column: str
    program: str
    advice: Sentence


_MICE = LongLayout(".imp", "mice", say("observed_mice"))
LAYOUTS = (
    _MICE,
    LongLayout("Imputation_", "SPSS", say("observed_spss")),
    LongLayout("_mi_m", "Stata", say("observed_stata")),
    LongLayout("_Imputation_", "SAS", say("observed_above", column="_Imputation_")),
    LongLayout("imp", "Amelia", say("observed_above", column="imp")),
)


def holds_imputations(frame: pd.DataFrame) -> bool:
    """Whether a table is one of imputations: by a column that means nothing else, which `imp` may."""
    found = _layout(frame)
    return "_mi_miss" in frame.columns or (found is not None and found.column != "imp")


def _layout(frame: pd.DataFrame) -> LongLayout | None:
    names = {str(column) for column in frame.columns}
    return next((layout for layout in LAYOUTS if layout.column in names), None)


def from_long(frame: pd.DataFrame, study: Study, name: str) -> Completed:
    """Completed data sets from a table of another program, a row per person in each imputation.

    The rows of an imputation may stand in any order. Stata's styles mlong and wide are read too.

    Args:
        frame: As `mice::complete(imp, action = "long", include = TRUE)` gives, or another of `LAYOUTS`.
        study: What the columns mean.
        name: How messages call the file.

    Raises:
        DataError: No number of the imputation, no observed data (number 0), sets of different persons, gaps that were
            not filled, observed values that differ between the imputations, the same imputation twice, or data that
            do not fit.
    """
    frame = frame.reset_index(drop=True)
    if "_mi_m" not in frame.columns and any(_STATA_WIDE.fullmatch(str(c)) for c in frame.columns):
        frame = _from_stata_wide(frame)
    layout = _layout(frame)
    if layout is None:
        known = ", ".join(f"{known.column} ({known.program})" for known in LAYOUTS)
        raise DataError(say("foreign_number", file=name, advice=_MICE.advice, known=known))
    numbers = pd.to_numeric(frame[layout.column], errors="coerce")
    if layout.column == "_mi_m" and "_mi_id" in frame.columns:
        frame, numbers = _from_stata_mlong(frame, numbers)
    if not (numbers % 1 == 0).all():  # which infinity and a gap are not either
        raise DataError(say("foreign_whole", file=name, column=layout.column))
    if not (numbers == 0).any():
        raise DataError(say("foreign_observed", file=name, column=layout.column, advice=layout.advice))
    _refuse_long_by_wave(frame, study, name)
    data = completed_sets(*_in_one_order(frame, numbers, study, name), study, name)
    if gappy := _unfilled(data):
        raise DataError(say("foreign_gaps", file=name, columns=_listed(gappy)))
    _refuse_changed(data, name)
    _refuse_identical(data, name)
    return data


def _from_stata_wide(frame: pd.DataFrame) -> pd.DataFrame:
    """Stata's style wide, with imputation 1 of `work` as `_1_work`, below each other."""
    imputed: dict[int, dict[str, str]] = {}
    for column in map(str, frame.columns):
        if (match := _STATA_WIDE.fullmatch(column)) and match[2] in frame.columns:
            imputed.setdefault(int(match[1]), {})[match[2]] = column
    base = frame.drop(columns=[column for columns in imputed.values() for column in columns.values()])
    sets = [base.assign(_mi_m=0)]
    for number, columns in sorted(imputed.items()):
        sets.append(base.assign(_mi_m=number, **{own: frame[column] for own, column in columns.items()}))
    return pd.concat(sets, ignore_index=True)


def _from_stata_mlong(frame: pd.DataFrame, numbers: pd.Series) -> tuple[pd.DataFrame, pd.Series]:
    """Stata's style mlong with the rows that it leaves out because they have no gap; flong as it is."""
    observed = frame[numbers == 0]
    complete = observed[~observed["_mi_id"].isin(frame.loc[numbers > 0, "_mi_id"])]
    if complete.empty:
        return frame, numbers
    later = sorted(numbers[numbers > 0].dropna().unique())
    parts = [frame, *(complete.assign(_mi_m=number) for number in later)]
    whole = pd.concat(parts, ignore_index=True)
    return whole, pd.to_numeric(whole["_mi_m"], errors="coerce")


def _refuse_long_by_wave(frame: pd.DataFrame, study: Study, name: str) -> None:
    """A row per person and wave has the outcomes under their own names."""
    column, (key, _) = next((item for item in study.columns.items() if item[1][0] in study.measured), ("", ("", "")))
    if study.design.wave in frame.columns and key in frame.columns and column not in frame.columns:
        raise DataError(say("foreign_long", file=name, column=column, wave=study.design.wave))


def _in_one_order(frame: pd.DataFrame, numbers: pd.Series, study: Study, name: str) -> tuple[pd.DataFrame, pd.Series]:
    """The rows of every imputation in the order of the observed data.

    Raises:
        DataError: A person is there twice, or not in every imputation.
    """
    if study.design.id not in frame.columns:
        return frame, numbers  # which is told with the other columns that are missing
    ids = identifiers(frame[study.design.id])
    if twice := int(pd.DataFrame({"id": ids, "set": numbers}).duplicated().sum()):
        raise DataError(say("foreign_twice", file=name, twice=twice, id=study.design.id))
    places = pd.Series(np.arange(int((numbers == 0).sum())), index=ids[numbers == 0])
    place = ids.map(places)
    strangers = int(ids[place.isna()].nunique())
    sizes = (numbers[place.notna()]).value_counts()
    short = {f"{number:g}": len(places) - size for number, size in sizes.items() if size < len(places)}
    if strangers or short:
        told = [say("foreign_strangers", n=strangers)] if strangers else []
        told += [say("foreign_lacking", n=n, number=number) for number, n in sorted(short.items())[:_NAMED]]
        raise DataError(say("foreign_persons", file=name, told=Listed(tuple(told), "; ")))
    order = pd.DataFrame({"set": numbers, "place": place}).sort_values(["set", "place"], kind="stable").index
    return frame.loc[order].reset_index(drop=True), numbers.loc[order].reset_index(drop=True)


def _unfilled(data: Completed) -> list[str]:
    """Columns of the survey's models with a gap in a completed set: those persons would silently be left out."""
    study = data.study
    tested = {key for key in study.tested if not study.is_register(key)}
    controls = study.all_controls
    used = [*controls, *(column for column, (key, _) in study.columns.items() if key in tested)]
    return [column for column in used if any(frame[column].isna().any() for frame in data.sets)]


def _refuse_changed(data: Completed, name: str) -> None:
    """Group, place and every observed value are the same in all imputations."""
    observed = measured_columns(data.observed, data.study)
    changed: dict[str, int] = {}
    for column in observed.columns.drop(data.study.design.id):
        before = observed[column]
        there = before.notna().to_numpy()
        numeric = before.dtype.kind == "f"
        for completed in data.sets:
            old, new = before[there].to_numpy(), completed[column][there].to_numpy()
            # Programs that store a column in 32 bits in one place and in 64 in another differ in the eighth digit.
            same = np.isclose(old, new, rtol=1e-6, atol=1e-9) if numeric else np.asarray(old == new)
            changed[column] = changed.get(column, 0) + int((~same).sum())
    if told := {column: count for column, count in changed.items() if count}:
        listed = _listed([f"{column} ({count})" for column, count in told.items()])
        raise DataError(say("foreign_changed", file=name, count=sum(told.values()), listed=listed))


def _refuse_identical(data: Completed, name: str) -> None:
    """No imputation stands there twice, unless the few gaps may well have got the same values twice."""
    observed = measured_columns(data.observed, data.study)
    first = data.sets[0]
    gaps = {column: (observed[column].isna() & first[column].notna()).to_numpy() for column in observed.columns}
    gaps = {column: gap for column, gap in gaps.items() if gap.any()}
    probability = 1.0
    for column, gap in gaps.items():
        shares = observed[column].value_counts(normalize=True).to_numpy()
        probability *= float((shares**2).sum() or 1.0) ** int(gap.sum())
    if not gaps or probability > _COINCIDENCE:
        return
    filled = [[completed[column][gap].tolist() for column, gap in gaps.items()] for completed in data.sets]
    if twins := {j for i, j in combinations(range(data.m), 2) if filled[i] == filled[j]}:
        raise DataError(say("foreign_twins", file=name, twins=len(twins), m=data.m))


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
