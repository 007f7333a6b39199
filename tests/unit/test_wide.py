"""One row per person, derived outcomes, subsets, and the layout of mice's long format."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from dnt_cli.study import Condition, Study, parse_study
from dnt_cli.survey import cast_survey
from dnt_cli.wide import derive, fulfils, to_wide, wide_table
from tests.support.studies import BASE

MORE = """
[outcomes.low]
label = "Low"
kind = "binary"
waves = ["T0"]
role = "descriptive"
derive = { source = "score", rule = "at_most", value = 50 }

[outcomes.exact]
label = "Exact"
kind = "binary"
waves = ["T2"]
derive = { source = "score", rule = "equals", value = 50 }

[outcomes.up]
label = "Up"
kind = "binary"
waves = ["T2"]
derive = { source = "score", rule = "rise", since = "T0" }

[outcomes.down]
label = "Down"
kind = "binary"
waves = ["T2"]
derive = { source = "score", rule = "fall", since = "T0" }

[outcomes.change]
label = "Change"
kind = "linear"
waves = ["T2"]
derive = { source = "score", rule = "change", since = "T0" }

[covariates.place]"""
STUDY: Study = parse_study(BASE.replace("\n[covariates.place]", MORE, 1))


@pytest.fixture
def survey() -> pd.DataFrame:
    rows = [
        ("b", "T0", "control", "X", None, 41, 1, 0, 50, 3), ("b", "T2", "control", "X", "city", 41, 0, 0, 50, 1),
        ("a", "T0", "treated", "Y", "village", 30, 0, 0, 60, 1),
        ("a", "T1", "treated", "Y", "village", 30, 1, None, None, None),
        ("c", "T0", "treated", "Y", "city", None, 1, 1, None, 2),
        ("c", "T2", "treated", "Y", "city", None, 1, 1, 20, 2),
    ]  # fmt: skip
    columns = ["person", "round", "arm", "town", "place", "age", "work", "hours", "score", "rung"]
    return cast_survey(pd.DataFrame(rows, columns=columns), STUDY)[0]


@pytest.fixture
def wide(survey: pd.DataFrame) -> pd.DataFrame:
    return to_wide(survey, STUDY)


def test_one_row_per_person(survey: pd.DataFrame, wide: pd.DataFrame) -> None:
    assert wide["person"].tolist() == ["a", "b", "c"]
    measured = [c for c, (key, _) in STUDY.columns.items() if key in STUDY.measured]
    assert list(wide.columns) == ["person", "arm", "town", "place", "age", *measured]
    np.testing.assert_array_equal(wide["score_T0"], [60, 50, np.nan])
    np.testing.assert_array_equal(wide["score_T2"], [np.nan, 50, 20])
    np.testing.assert_array_equal(wide["work_T1"], [1, np.nan, np.nan])
    assert wide["arm"].tolist() == ["treated", "control", "treated"]
    assert wide["arm"].dtype == survey["arm"].dtype


def test_the_first_answer_there_is_is_the_covariate(wide: pd.DataFrame) -> None:
    assert wide["place"].tolist() == ["village", "city", "city"]


def test_a_wave_that_nobody_attended_is_a_column_of_gaps(survey: pd.DataFrame) -> None:
    assert to_wide(survey[survey["round"] != "T1"], STUDY)["work_T1"].isna().all()


def test_derived_outcomes(wide: pd.DataFrame) -> None:
    before = wide.copy(deep=True)
    derived = derive(wide, STUDY)
    pd.testing.assert_frame_equal(wide, before)
    expected = {
        "high_T0": [1, 1, np.nan], "high_T2": [np.nan, 1, 0], "low_T0": [0, 1, np.nan], "exact_T2": [np.nan, 1, 0],
        "up_T2": [np.nan, 0, np.nan], "down_T2": [np.nan, 0, np.nan], "change_T2": [np.nan, 0, np.nan],
    }  # fmt: skip
    for name, values in expected.items():
        np.testing.assert_array_equal(derived[name], np.array(values, dtype=float), err_msg=name)
    assert list(derived.columns[5:]) == list(STUDY.columns)
    pd.testing.assert_frame_equal(derive(derived, STUDY), derived)


def test_directions_of_change(wide: pd.DataFrame) -> None:
    derived = derive(wide.assign(score_T0=[10.0, 20, 30], score_T2=[15.0, 20, 10]), STUDY)
    assert derived["up_T2"].tolist() == [1, 0, 0]
    assert derived["down_T2"].tolist() == [0, 0, 1]
    assert derived["change_T2"].tolist() == [5, 0, -20]


@pytest.mark.parametrize(
    ("conditions", "kept", "unknown"),
    [
        ([("age", "<", 40.0)], "a", "c"),
        ([("age", "<=", 41.0)], "ab", "c"),
        ([("age", ">", 30.0)], "b", "c"),
        ([("age", ">=", 30.0)], "ab", "c"),
        ([("age", "==", 41.0)], "b", "c"),
        ([("age", "!=", 41.0)], "a", "c"),
        ([("place", "==", "city")], "bc", ""),
        ([("place", "!=", "city")], "a", ""),
        ([("work_T0", "!=", 1.0)], "a", ""),
        ([("work_T1", "==", 1.0)], "a", "bc"),
        ([("work_T1", "!=", 1.0)], "", "bc"),
        ([("place", "==", "city"), ("age", "!=", 41.0)], "", "c"),
        ([("place", "!=", "city"), ("age", "!=", 41.0)], "a", ""),  # c is ruled out by what is known
        ([], "abc", ""),
    ],
)
def test_who_fulfils_a_rule(
    wide: pd.DataFrame, conditions: list[tuple[str, str, float | str]], kept: str, unknown: str
) -> None:
    keep = fulfils(wide, [Condition(*condition) for condition in conditions])  # type: ignore[arg-type]
    assert "".join(wide.loc[keep.fillna(False), "person"]) == kept
    assert "".join(wide.loc[keep.isna(), "person"]) == unknown


def test_the_layout_of_mice(wide: pd.DataFrame) -> None:
    observed = wide_table(derive(wide, STUDY), STUDY, 0)
    filled = wide_table(derive(wide.fillna({c: 1.0 for c in wide.columns if "_T" in c}), STUDY), STUDY, 3)
    assert observed.column_names[:3] == [".imp", ".id", "person"]
    assert observed.column(".imp").to_pylist() == [0, 0, 0]
    assert filled.column(".imp").to_pylist() == [3, 3, 3]
    assert filled.column(".id").to_pylist() == [1, 2, 3]
    assert observed.schema.remove_metadata() == filled.schema.remove_metadata()
    assert observed.column("work_T1").to_pylist() == [1, None, None]
    assert observed.schema.field("work_T1").type == pa.int16()
    assert observed.schema.field("score_T1").type == pa.float64()


def test_types_follow_from_the_study_and_not_the_values(wide: pd.DataFrame) -> None:
    study = parse_study(BASE.replace("range = [0, 100]", "range = [0, 90000]\ninteger = true"))
    small = wide_table(derive(wide, study), study, 0)
    large = wide_table(derive(wide.assign(score_T2=80_000.0), study), study, 1)
    assert small.schema.field("score_T2").type == large.schema.field("score_T2").type == pa.int32()
    assert large.column("score_T2").to_pylist() == [80_000] * 3
    unbounded = parse_study(BASE.replace("range = [0, 100]", "integer = true"))
    assert wide_table(derive(wide, unbounded), unbounded, 0).schema.field("score_T2").type == pa.int32()
