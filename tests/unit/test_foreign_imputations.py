"""Imputations of other programs: each layout gives the same data; what contradicts itself is refused with counts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from dnt_cli.errors import DataError
from dnt_cli.imputed.data import Completed
from dnt_cli.imputed.foreign import from_long, holds_imputations
from dnt_cli.study import parse_study
from tests.support.studies import TWO_WAVES, study_text

STUDY = parse_study(
    study_text(
        {"score": {"kind": "linear"}, "work": {"kind": "binary"}},
        key="small",
        waves=TWO_WAVES,
        design={"site": "site", "intervention": "treated", "comparison": "control"},
        covariates={"age": {"kind": "continuous"}},
    )
)
PERSONS, M = 12, 3


def mice_long() -> pd.DataFrame:
    """What mice writes: the observed data as `.imp` 0, and three imputations of the gaps of every second person."""
    rng = np.random.default_rng(4)
    one = pd.DataFrame(
        {
            ".id": range(1, PERSONS + 1),
            "id": [f"p{i:02d}" for i in range(PERSONS)],
            "group": ["treated", "control"] * (PERSONS // 2),
            "site": ["north", "south", "west"] * (PERSONS // 3),
            "age": rng.integers(20, 60, PERSONS).astype(float),
            "score_T0": rng.normal(50, 10, PERSONS).round(2),
            "work_T0": rng.integers(0, 2, PERSONS).astype(float),
            "score_T1": rng.normal(50, 10, PERSONS).round(2),
            "work_T1": rng.integers(0, 2, PERSONS).astype(float),
        }
    )
    gap = np.arange(PERSONS) % 2 == 0
    observed = one.assign(score_T1=one["score_T1"].mask(gap), work_T1=one["work_T1"].mask(gap))
    sets = [observed.assign(**{".imp": 0})]
    for i in range(1, M + 1):
        drawn = one.assign(
            score_T1=observed["score_T1"].fillna(pd.Series(rng.normal(50, 10, PERSONS).round(2))),
            work_T1=observed["work_T1"].fillna(pd.Series(rng.integers(0, 2, PERSONS).astype(float))),
        )
        sets.append(drawn.assign(**{".imp": i}))
    return pd.concat(sets, ignore_index=True)


def same(a: Completed, b: Completed) -> bool:
    return all(x.equals(y) for x, y in zip((a.observed, *a.sets), (b.observed, *b.sets), strict=True))


def stata_wide(long: pd.DataFrame) -> pd.DataFrame:
    wide = long[long[".imp"] == 0].drop(columns=[".imp", ".id"]).assign(_mi_miss=0)
    for i in range(1, M + 1):
        for column in ("score_T1", "work_T1"):
            wide[f"_{i}_{column}"] = long.loc[long[".imp"] == i, column].to_numpy()
    return wide


def stata_mlong(long: pd.DataFrame) -> pd.DataFrame:
    gap = long.loc[(long[".imp"] == 0) & long["score_T1"].isna(), "id"]
    kept = long[(long[".imp"] == 0) | long["id"].isin(gap)]
    return kept.rename(columns={".imp": "_mi_m", ".id": "_mi_id"})


LAYOUTS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "mice, shuffled": lambda long: pd.concat(
        [long[long[".imp"] == 0], long[long[".imp"] > 0].sample(frac=1, random_state=1)]
    ),
    "mice, numbers as text": lambda long: long.assign(**{".imp": long[".imp"].astype(str)}),
    "mice, row names": lambda long: long.reset_index(names=""),
    "mice, no .id": lambda long: long.drop(columns=".id"),
    "SPSS": lambda long: long.rename(columns={".imp": "Imputation_"}),
    "SAS": lambda long: long.rename(columns={".imp": "_Imputation_"}),
    "Amelia": lambda long: long.rename(columns={".imp": "imp"}),
    "Stata, flong": lambda long: long.rename(columns={".imp": "_mi_m", ".id": "_mi_id"}),
    "Stata, mlong": stata_mlong,
    "Stata, wide": stata_wide,
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_data(layout: str) -> None:
    assert same(from_long(LAYOUTS[layout](mice_long()), STUDY, "x"), from_long(mice_long(), STUDY, "x"))


def test_what_is_taken_for_imputations_without_being_asked() -> None:
    """`imp` may be an answer; the other columns mean nothing else."""
    assert not holds_imputations(pd.DataFrame({"id": [1], "imp": [1]}))
    for layout in ("SPSS", "SAS", "Stata, wide", "Stata, mlong"):
        assert holds_imputations(LAYOUTS[layout](mice_long())), layout


def edited(long: pd.DataFrame, imputation: int, person: str, **values: object) -> pd.DataFrame:
    changed = long.copy()
    for column, value in values.items():
        changed.loc[(changed[".imp"] == imputation) & (changed["id"] == person), column] = value
    return changed


def repeated(long: pd.DataFrame) -> pd.DataFrame:
    """The second imputation is the first again."""
    second = long[long[".imp"] == 1].assign(**{".imp": 2})
    return pd.concat([long[long[".imp"] != 2], second], ignore_index=True)


REFUSED: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "an observed value": (lambda d: edited(d, 2, "p01", score_T1=7.0), r"imputations: 1 \(score_T1 \(1\)\)"),
    "the group": (lambda d: edited(d, 1, "p01", group="treated"), r"between the imputations: 1 \(group \(1\)\)"),
    "the site": (lambda d: edited(d, 3, "p01", site="east"), r"between the imputations: 1 \(site \(1\)\)"),
    "two columns": (
        lambda d: edited(edited(d, 1, "p01", age=1.0), 2, "p01", work_T0=1 - d.loc[1, "work_T0"]),
        r"observed values that differ between the imputations: 2 \(age \(1\), work_T0 \(1\)\)",
    ),
    "the same imputation": (repeated, r"x: 1 of 3 imputations are the same as another"),
    "a person is missing": (
        lambda d: d[~((d[".imp"] == 2) & (d["id"] == "p03"))],
        r"do not hold the same persons \(imputation 2 lacks 1\)",
    ),
    "another person": (
        lambda d: edited(d, 2, "p03", id="p99"),
        r"the same persons \(1 not among the observed data; imputation 2 lacks 1\)",
    ),
    "a person twice": (lambda d: edited(d, 2, "p03", id="p04"), r"1 rows repeat a person within an imputation \(id\)"),
    "SPSS without the original": (
        lambda d: d[d[".imp"] > 0].rename(columns={".imp": "Imputation_"}),
        r"no observed data \(Imputation_ 0\); save the imputed data set whole",
    ),
    "Amelia without the original": (
        lambda d: d[d[".imp"] > 0].rename(columns={".imp": "imp"}), r"no observed data \(imp 0\); put the original",
    ),
    "long by wave": (
        lambda d: d.filter(regex="^(?!.*_T1)").rename(columns=lambda c: c.removesuffix("_T0")).assign(wave="T0"),
        r"a row per person and wave; .* columns per wave, such as score_T0",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_contradicts_itself_is_refused_with_counts(case: str) -> None:
    change, message = REFUSED[case]
    with pytest.raises(DataError, match=message) as caught:
        from_long(change(mice_long()), STUDY, "x")
    assert not any(f"p{i:02d}" in str(caught.value) for i in range(PERSONS))


def test_few_gaps_may_get_the_same_values_twice() -> None:
    """One yes/no gap filled alike in two imputations is no sign of anything."""
    long = mice_long()
    whole = long[long[".imp"] == 1]
    observed = whole.assign(**{".imp": 0})
    observed.iloc[0, observed.columns.get_loc("work_T1")] = np.nan
    sets = [observed, *(whole.assign(**{".imp": i}) for i in (1, 2, 3))]
    assert from_long(pd.concat(sets, ignore_index=True), STUDY, "x").m == 3


def test_a_column_stored_in_32_bits_in_the_imputations_is_the_same() -> None:
    long = mice_long()
    long["score_T0"] = np.where(long[".imp"] > 0, long["score_T0"].astype("float32"), long["score_T0"])
    assert from_long(long, STUDY, "x").m == M
