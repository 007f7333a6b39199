"""Completed data sets: planned, imputed, written, read, and refused when they are none."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from dnt_cli.errors import DataError, ModelError
from dnt_cli.imputed.data import (
    Completed,
    completed_sets,
    gaps,
    imputation_tables,
    impute_wide,
    plan_columns,
    read_completed,
    require_inference,
    settings_of,
)
from dnt_cli.imputed.foreign import from_long
from dnt_cli.stagefile.container import Provenance, read_stage, write_stage
from dnt_cli.stagefile.result import Content
from dnt_cli.study import Study, parse_study
from dnt_cli.wide import derive
from tests.support.studies import BASE

STUDY: Study = parse_study(BASE)


def wide_frame(persons: int = 40) -> pd.DataFrame:
    rng = np.random.default_rng(8)
    frame = pd.DataFrame({"person": [f"p{i:02d}" for i in range(persons)]})
    frame["arm"] = pd.Categorical(
        np.where(np.arange(persons) % 2, "treated", "control"), ["control", "treated"], ordered=True
    )
    frame["town"] = "A"
    frame["place"] = pd.Categorical(
        rng.choice(["city", "town hall", "village"], persons), ["city", "town hall", "village"]
    )
    frame["age"] = rng.uniform(20, 60, persons)
    level = rng.normal(50, 15, persons)
    for wave in ("T0", "T1", "T2"):
        frame[f"work_{wave}"] = rng.integers(0, 2, persons).astype(float)
    for wave in ("T0", "T1", "T2"):
        frame[f"hours_{wave}"] = frame[f"work_{wave}"] * rng.integers(0, 2, persons)
    for wave in ("T0", "T1", "T2"):
        frame[f"score_{wave}"] = np.clip(level + rng.normal(0, 8, persons), 0, 100).round(1)
    for wave in ("T0", "T2"):
        frame[f"rung_{wave}"] = rng.integers(1, 4, persons).astype(float)
    absent = rng.random(persons) < 0.3
    later = [c for c in frame.columns if c.endswith(("_T1", "_T2"))]
    frame.loc[absent, later] = np.nan
    frame.loc[[3], "place"] = None
    return frame


@pytest.fixture(scope="module")
def wide() -> pd.DataFrame:
    return wide_frame()


@pytest.fixture(scope="module")
def content(wide: pd.DataFrame) -> bytes:
    """An imputations file."""
    _, sets = impute_wide(wide, STUDY, settings_of(STUDY, m=3, iterations=2, seed=4))
    buffer = io.BytesIO()
    tables = imputation_tables(wide, sets, STUDY)
    write_stage(buffer, "imputations", STUDY, Content(tables), Provenance("impute", {"m": 3}))
    return buffer.getvalue()


@pytest.fixture(scope="module")
def data(content: bytes) -> Completed:
    return read_completed(read_stage(content, "i.parquet", ["imputations"], "dnt fit-t3"))


def test_observed_cells_stay_as_they_are(wide: pd.DataFrame, data: Completed) -> None:
    assert data.m == 3
    observed = derive(wide, STUDY)
    numbers = [c for c in STUDY.columns if c in observed]
    np.testing.assert_allclose(data.observed[numbers], observed[numbers])
    there = observed[numbers].notna().to_numpy()
    assert not there.all()
    for completed in data.sets:
        assert completed["person"].tolist() == wide["person"].tolist()
        assert not completed.drop(columns="person").isna().any().any()
        np.testing.assert_allclose(completed[numbers].to_numpy()[there], observed[numbers].to_numpy()[there])


def test_what_follows_can_never_contradict(data: Completed) -> None:
    for completed in data.sets:
        for wave in ("T0", "T1", "T2"):
            assert (completed[f"high_{wave}"] == (completed[f"score_{wave}"] >= 50)).all()
            assert not ((completed[f"hours_{wave}"] == 1) & (completed[f"work_{wave}"] == 0)).any()
            assert completed[f"score_{wave}"].between(0, 100).all()


def test_the_plan_is_congenial(wide: pd.DataFrame) -> None:
    """The group, the outcome at other waves and the controls always predict an outcome; derived ones never do."""
    columns = {column.name: column for column in plan_columns(STUDY, wide)}
    assert "high_T2" not in columns
    assert not columns["arm"].impute
    assert set(columns["score_T2"].always) == {"arm", "score_T0", "score_T1", "age", "place"}
    assert columns["score_T2"].kind == "continuous"
    assert (columns["score_T2"].lower, columns["score_T2"].upper) == (0, 100)
    assert columns["hours_T1"].conditional_on == "work_T1"
    assert columns["rung_T2"].kind == "ordinal"
    assert columns["place"].levels == ("city", "town hall", "village")


def test_settings_of_a_run_override_those_of_the_study() -> None:
    settings = settings_of(STUDY, m=9, method=None, seed=0)
    assert (settings.m, settings.method, settings.seed) == (9, "pmm", 0)
    assert settings_of(STUDY).m == 5


def long(data: Completed) -> pd.DataFrame:
    parts = [part.assign(**{".imp": i}) for i, part in enumerate((data.observed, *data.sets))]
    return pd.concat(parts, ignore_index=True)


def test_a_long_table_is_the_same(data: Completed) -> None:
    again = from_long(long(data), STUDY, "x.csv")
    pd.testing.assert_frame_equal(again.observed, data.observed)
    for ours, theirs in zip(again.sets, data.sets, strict=True):
        pd.testing.assert_frame_equal(ours, theirs)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.drop(columns=".imp"), r"x has no column \.imp; write it with complete\(imp, action"),
        (lambda d: d.assign(**{".imp": "a"}), r"the column \.imp holds something that is no whole number"),
        (lambda d: d[d[".imp"] > 0], r"x holds no observed data \(\.imp 0\); write it with complete\(imp"),
        (lambda d: d[d[".imp"] != 2], "not numbered 1, 2, 3, ... without gaps"),
        (lambda d: d.iloc[:-1], "the imputations do not hold the same persons"),
        (
            lambda d: d.assign(score_T2=d["score_T2"] + 90),
            r"x does not fit the study: score_T2: \d+ rows outside the range",
        ),
        (lambda d: d.drop(columns="score_T2"), "score_T2: this column is missing"),
    ],
)
def test_long_tables_that_are_refused(data: Completed, change: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        from_long(change(long(data)), STUDY, "x")  # type: ignore[operator]


@pytest.mark.parametrize("together", [1, 80, 120])
def test_large_sets_are_read_in_parts_and_are_the_same(
    content: bytes, data: Completed, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dnt_cli.imputed.data._ROWS_TOGETHER", together)
    stage = read_stage(content, "i.parquet", ["imputations"], "dnt fit-t3")
    for again in (read_completed(stage), from_long(long(data).sample(frac=1.0, random_state=1), STUDY, "x")):
        in_order = [frame.set_index("person").loc[data.observed["person"]] for frame in (again.observed, *again.sets)]
        for ours, theirs in zip(in_order, (data.observed, *data.sets), strict=True):
            pd.testing.assert_frame_equal(ours.reset_index(), theirs)
    swapped = long(data)
    swapped.loc[swapped.index[-2:], "person"] = swapped["person"].iloc[[-1, -2]].to_numpy()
    with pytest.raises(DataError, match="do not hold the same persons"):
        completed_sets(swapped, swapped[".imp"], STUDY, "x")
    late = long(data)
    late.loc[late.index[-1], "score_T2"] = 900.0
    with pytest.raises(DataError, match=r"score_T2: 1 rows? outside the range"):
        completed_sets(late, late[".imp"], STUDY, "x")


def test_one_imputation_allows_no_inference(data: Completed) -> None:
    require_inference(data)
    with pytest.raises(ModelError, match="One imputation allows no inference"):
        require_inference(Completed(STUDY, data.observed, data.sets[:1]))


def test_gaps(wide: pd.DataFrame, data: Completed) -> None:
    observed = derive(wide, STUDY)
    expected = int(observed[["place", "age", *STUDY.columns]].isna().to_numpy().sum())
    assert gaps(data) == expected > 0
