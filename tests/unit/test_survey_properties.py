"""Random frames through the survey's casting: right, or an error that tells nobody's answer; there and back again."""

from __future__ import annotations

import contextlib
import io
import math
import re
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dnt_cli.errors import DataError
from dnt_cli.reading.text import read_csv
from dnt_cli.study import parse_study
from dnt_cli.survey import cast_survey, survey_table
from dnt_cli.wide import to_wide
from tests.support.studies import BASE

STUDY = parse_study(BASE)
few = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**30), 10**30), st.floats(allow_nan=True, allow_infinity=True),
    st.text(max_size=5), st.binary(max_size=3), st.dates(), st.decimals(-99, 99, places=3),
    st.sampled_from(["TRUE", "FALSE", "NA", "", " ", "T0", "treated", "city", "1", "0.5", "1e400", "inf"]),
    st.lists(st.integers(), max_size=2),
)  # fmt: skip
COLUMNS = ("person", "round", "arm", "town", "place", "age", "work", "hours", "score", "rung")


@st.composite
def surveys(draw: st.DrawFn) -> pd.DataFrame:
    """A survey that fits the study: any persons, any waves missed, any answers missing."""
    rows = []
    for person in range(draw(st.integers(2, 6))):
        fixed = {
            "person": f"p{person}", "arm": "treated" if person % 2 else "control", "town": draw(st.sampled_from("AB")),
            "place": draw(st.sampled_from(["city", "town hall", "village", None])),
            "age": draw(st.one_of(st.none(), st.floats(16, 100))),
        }  # fmt: skip
        waves = draw(st.sets(st.sampled_from(["T0", "T1", "T2"]), min_size=1))
        for wave in sorted(waves | {"T0"}):
            work = draw(st.sampled_from([0, 1, None]))
            rows.append(
                fixed
                | {
                    "round": wave, "work": work, "hours": 0 if work == 0 else draw(st.sampled_from([0, 1, None])),
                    "score": draw(st.one_of(st.none(), st.floats(0, 100), st.integers(0, 100).map(float))),
                    "rung": None if wave == "T1" else draw(st.sampled_from([1, 2, 3, None])),
                }
            )  # fmt: skip
    rows[0] |= {"work": 1, "hours": 1, "score": 5.0, "rung": 2}
    return pd.DataFrame(rows).sample(frac=1, random_state=draw(st.integers(0, 99)))


@few
@given(surveys())
def test_wide_and_back(frame: pd.DataFrame) -> None:
    cast, _ = cast_survey(frame, STUDY)
    wide = to_wide(cast, STUDY)
    assert wide["person"].tolist() == sorted(set(frame["person"]))
    given_cells = {(r["person"], r["round"], key): r[key] for _, r in cast.iterrows() for key in STUDY.measured}
    for _, row in wide.iterrows():
        for column, (key, wave) in STUDY.columns.items():
            if key in STUDY.measured:
                expected = given_cells.get((row["person"], wave, key), np.nan)
                assert row[column] == expected or (math.isnan(row[column]) and math.isnan(expected))


@few
@given(surveys())
def test_csv_and_parquet_bring_the_same_survey(frame: pd.DataFrame) -> None:
    cast, _ = cast_survey(frame, STUDY)
    by_csv, _ = cast_survey(read_csv(frame.to_csv(index=False).encode(), "x.csv").frame, STUDY)
    pd.testing.assert_frame_equal(by_csv, cast)
    buffer = io.BytesIO()
    survey_table(cast).to_pandas().to_parquet(buffer)
    by_parquet, _ = cast_survey(pd.read_parquet(buffer), STUDY)
    pd.testing.assert_frame_equal(by_parquet, cast)


@few
@given(surveys(), st.sampled_from(COLUMNS), st.integers(0, 50), ODD)
def test_any_cell_may_be_anything(frame: pd.DataFrame, column: str, place: int, odd: Any) -> None:
    """One cell becomes anything: cast to what it means, or refused without telling it."""
    values = frame[column].astype(object).tolist()
    values[place % len(values)] = odd
    changed = frame.assign(**{column: pd.Series(values, index=frame.index, dtype=object)})
    try:
        cast, _ = cast_survey(changed, STUDY)
    except DataError as error:
        told = str(error)
    else:
        assert_plausible(cast, len(frame))
        return
    if isinstance(odd, str) and len(odd) > 2 and odd not in BASE:
        assert not re.search(rf"\b{re.escape(odd)}\b", told)


def assert_plausible(cast: pd.DataFrame, rows: int) -> None:
    assert len(cast) == rows
    assert set(cast["round"]) <= {"T0", "T1", "T2"}
    for key, limits in (("work", (0, 1)), ("hours", (0, 1)), ("score", (0, 100)), ("age", (16, 100))):
        assert cast[key].dropna().between(*limits).all()
    assert to_wide(cast, STUDY)["person"].is_unique


@few
@given(st.dictionaries(st.sampled_from(COLUMNS), st.lists(ODD, min_size=3, max_size=3), min_size=1))
def test_any_frame_is_cast_or_refused(columns: dict[str, list[Any]]) -> None:
    frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
    with contextlib.suppress(DataError):
        cast_survey(frame, STUDY)


@few
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "ignore")))
def test_any_bytes_are_a_table_or_refused(content: bytes) -> None:
    with contextlib.suppress(DataError):
        assert isinstance(read_csv(content, "x.csv").frame.index, pd.RangeIndex)
