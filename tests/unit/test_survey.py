"""Reading and casting a survey: right, or a finding that tells counts and column names only."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from dnt_cli.errors import DataError
from dnt_cli.reading.text import read_csv
from dnt_cli.study import Study, parse_study
from dnt_cli.survey import cast_survey, examine_survey, examine_wide, survey_table
from tests.support.studies import BASE

STUDY: Study = parse_study(BASE)


def survey(**columns: Any) -> pd.DataFrame:
    """Two persons, two rounds, with some columns replaced."""
    plain = {
        "person": ["7", "7", "8", "8"], "round": ["T0", "T2"] * 2, "arm": ["treated"] * 2 + ["control"] * 2,
        "town": ["A", "A", "B", "B"], "place": ["city"] * 2 + ["village"] * 2, "age": [30.5, 30.5, 41, 41],
        "work": [1, 1, 1, 0], "hours": [1, 0, 1, 0], "score": [10.5, 20, 30, 40], "rung": [1, 2, 3, 4],
    }  # fmt: skip
    return pd.DataFrame(plain | columns)


def errors(frame: pd.DataFrame, study: Study = STUDY) -> list[str]:
    findings, cast = examine_survey(frame, study)
    assert (cast is None) == any(f.level == "error" for f in findings)
    return [str(f) for f in findings if f.level == "error"]


def test_where_the_group_may_be_is_told_where_it_is_not_in_the_file() -> None:
    found, none = examine_survey(survey().drop(columns="arm"), STUDY)
    assert none is None
    assert [(own.level, own.name) for own in found] == [
        ("error", "reading.column_missing"), ("warning", "reading.group_elsewhere"),
    ]  # fmt: skip
    found, _ = examine_survey(survey().drop(columns="score"), STUDY)
    assert [own.name for own in found] == ["reading.column_missing"]


def test_types_and_order() -> None:
    shuffled = survey().iloc[[3, 0, 2, 1]]
    before = shuffled.copy(deep=True)
    cast, findings = cast_survey(shuffled.assign(unknown=1), STUDY)
    pd.testing.assert_frame_equal(shuffled, before)
    assert findings == []
    assert list(cast.columns) == ["person", "round", "arm", "town", "place", "age", "work", "hours", "score", "rung"]
    assert cast["person"].tolist() == ["7", "7", "8", "8"]
    assert cast["round"].tolist() == ["T0", "T2", "T0", "T2"]
    assert cast["round"].cat.ordered
    assert cast["arm"].cat.categories.tolist() == ["control", "treated"]
    assert cast["place"].cat.categories.tolist() == ["city", "town hall", "village"]
    assert all(cast[c].dtype == "float64" for c in ("age", "work", "score", "rung"))
    assert cast["score"].tolist() == [10.5, 20, 30, 40]


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        ("work", [True, False, True, False], [1, 0, 1, 0]),
        ("work", ["TRUE", "FALSE", "TRUE", None], [1, 0, 1, None]),
        ("work", [True, "FALSE", "1", 0], [1, 0, 1, 0]),
        ("work", ["NA", "1", "", " "], [None, 1, None, None]),
        ("work", pd.array([True, None, False, True], dtype="boolean"), [1, None, 0, 1]),
        ("work", pd.Categorical(["1", "0", "1", None]), [1, 0, 1, None]),
        ("score", pd.array([1, None, 2, 3], dtype="Int64"), [1, None, 2, 3]),
        ("score", [Decimal("1.5"), Decimal(2), None, Decimal(3)], [1.5, 2, None, 3]),
        ("score", ["1e1", " 2.5 ", "+3", None], [10, 2.5, 3, None]),
        ("score", [1.0, np.nan, pd.NA, None], [1, None, None, None]),
    ],
)
def test_values_as_other_programs_write_them(column: str, values: Any, expected: list[float | None]) -> None:
    cast, findings = cast_survey(survey(**{column: values}, hours=[None] * 3 + [0]), STUDY)
    assert findings == []
    np.testing.assert_array_equal(cast[column], np.array(expected, dtype=float))


@pytest.mark.parametrize("ids", [[7, 7, 8, 8], [7.0, 7.0, 8.0, 8.0], ["7", " 7", "8 ", "8"]])
def test_numbers_and_texts_are_the_same_person(ids: list[Any]) -> None:
    assert cast_survey(survey(person=ids), STUDY)[0]["person"].tolist() == ["7", "7", "8", "8"]


def test_huge_and_foreign_ids_stay_apart() -> None:
    ids = ["123456789012345678901", "123456789012345678901", "123456789012345678902", "123456789012345678902"]
    assert cast_survey(survey(person=ids), STUDY)[0]["person"].tolist() == ids
    assert cast_survey(survey(person=[int(i) for i in ids]), STUDY)[0]["person"].tolist() == ids
    assert set(cast_survey(survey(person=["zoë", "zoë", "李", "李"]), STUDY)[0]["person"]) == {"zoë", "李"}


def test_a_level_called_na_stays_a_level() -> None:
    study = parse_study(BASE.replace('"town hall"', '"NA"'))
    cast, _ = cast_survey(survey(place=["NA", "NA", "city", "city"]), study)
    assert cast["place"].tolist() == ["NA", "NA", "city", "city"]
    assert cast_survey(survey(place=["NA", "NA", "city", "city"]), STUDY)[0]["place"].isna().sum() == 2


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"work": [2, 1, 1, 0]}, "work: 1 row outside the range 0 to 1"),
        ({"work": [0.5, 1, 1, 0]}, "work: 1 row with a value that is no whole number"),
        ({"score": [-1, 101, 1, 0]}, "score: 2 rows outside the range 0 to 100"),
        ({"score": [np.inf, -np.inf, 1, 0]}, "score: 2 rows with an infinite value"),
        ({"score": ["a", "b", 1, 0]}, "score: 2 rows with a value that is no number"),
        ({"score": [[1], {2}, 1, 0]}, "score: 2 rows with a value that is no number"),
        ({"score": [b"1", 2j, 1, 0]}, "score: 2 rows with a value that is no number"),
        ({"score": pd.to_datetime(["2020-01-01"] * 4)}, "score: 4 rows with a value that is no number"),
        ({"score": pd.to_timedelta([1, 2, 3, 4], unit="s")}, "score: 4 rows with a value that is no number"),
        ({"score": [datetime.date(2020, 1, 1)] * 4}, "score: 4 rows with a value that is no number"),
        ({"rung": [1, 2, 2.5, 3]}, "rung: 1 row with a value that is no whole number"),
        ({"rung": [1, 2, 3e9, 3]}, "rung: 1 row outside the range"),
        ({"score": [None] * 4}, "score: nobody has a value"),
        ({"round": ["T0", "T1", "T0", "T1"], "rung": [None, 1, None, 2]}, "rung: nobody has a value"),
        ({"age": [15, 30, 41, 41]}, "age: 1 row outside the range 16 to 100"),
        ({"place": ["hamlet", "city", "city", "city"]}, "place: 1 row with an unknown level; known: city, town hall"),
        ({"arm": ["Treated", "treated", "control", None]}, "arm: 2 rows with no known group; known: treated, control"),
        ({"round": ["T9", "T2", None, "T2"]}, "round: 2 rows with no known wave; known: T0, T1, T2"),
        ({"person": [None, "7", "", "8"]}, "person: 2 rows without an id"),
        ({"round": ["T0", "T0", "T0", "T2"]}, "round: 2 rows share their person and wave with another row"),
        ({"arm": ["treated"] * 4}, "arm: everyone is in one group (treated); effects need both"),
        ({"arm": ["treated", "control", "control", "control"]}, "arm: 1 person with different values"),
        ({"town": ["A", "C", "B", "B"]}, "town: 1 person with different values at different waves"),
        ({"work": [0, 1, 1, 0]}, "hours: 1 row with a value although work is 0"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_errors(columns: dict[str, Any], message: str) -> None:
    found = errors(survey(**columns))
    assert any(message in error for error in found), found


def test_columns() -> None:
    found = errors(survey().drop(columns="score").assign(Score=1))
    assert found == ["score: this column is missing; did you mean Score?"]
    assert errors(survey().drop(columns=["score", "place"])) == [
        "place: this column is missing", "score: this column is missing",
    ]  # fmt: skip
    double = pd.concat([survey(), survey()[["score"]]], axis=1)
    assert errors(double) == ["score: two columns have this name"]
    assert errors(survey().iloc[:0]) == ["there are no rows"]
    assert errors(survey().rename(columns={"score": 0}))[0] == "score: this column is missing"


def test_warnings_do_not_stop() -> None:
    cast, findings = cast_survey(survey(age=[30, 31, 41, 41]).iloc[1:], STUDY)
    assert [str(f) for f in findings] == ["round: 1 person without a row at T0"]
    cast, findings = cast_survey(survey(age=[30, 31, 41, 41]), STUDY)
    assert [str(f) for f in findings] == [
        "age: 1 person with different values at different waves; the value at the first wave counts"
    ]
    cast, findings = cast_survey(survey(round=["T0", "T1", "T0", "T2"]), STUDY)
    assert [str(f) for f in findings] == [
        "rung: 1 row with a value at a wave at which the study does not ask it; left out"
    ]
    assert cast["rung"].isna().sum() == 1


def test_the_first_error_and_how_many_more() -> None:
    with pytest.raises(
        DataError, match=r"work: 1 row outside the range 0 to 1; and 1 more, which `dnt study check` li"
    ):
        cast_survey(survey(work=[7, 1, 1, 0], score=[101, 1, 1, 0]), STUDY)
    with pytest.raises(DataError, match=r"work: 1 row outside the range 0 to 1\.$"):
        cast_survey(survey(work=[7, 1, 1, 0]), STUDY)


CSV_CASES = [
    (b"id,b\n1,2\n", [["id", "b"], [1, 2]]),
    (b"\xef\xbb\xbfid,b\r\n1,2\r\n", [["id", "b"], [1, 2]]),
    (b"id,b\r1,2\r", [["id", "b"], [1, 2]]),
    (b"id;b\n1;2,5\n", [["id", "b"], [1, 2.5]]),
    (b'"id","b, c"\n"x","y ""z"""\n', [["id", "b, c"], ["x", 'y "z"']]),
    (b"id,b\nNone,nan\n", [["id", "b"], ["None", "nan"]]),
    (b"id,id\n1,2\n", [["id", "id"], [1, 2]]),
    (b"id\n123456789012345678901\n1\n", [["id"], ["123456789012345678901"], ["1"]]),
    (b'"","id"\n"1",5\n', [["", "id"], [1, 5]]),
]


@pytest.mark.parametrize(("content", "expected"), CSV_CASES, ids=lambda v: repr(v)[:40])
def test_csv(content: bytes, expected: list[list[Any]]) -> None:
    raw = read_csv(content, "x.csv")
    frame = raw.frame
    assert raw.findings == ()
    assert [list(frame.columns), *frame.to_numpy().tolist()] == expected


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b'"id\n1', b"a,b\n1,2,3\n", b"a,b\n1,2,\n1,2,3\n", b"a,b\n1,2\n1,2,3\n", b"a\n\0\n"]
)
def test_no_csv_table(content: bytes) -> None:
    with pytest.raises(DataError, match=r"x\.csv is not a CSV table with one header line"):
        read_csv(content, "x.csv")


def test_csv_of_another_encoding() -> None:
    raw = read_csv("naïef\n1\n".encode("latin-1"), "x.csv")
    assert list(raw.frame.columns) == ["naïef"]
    assert "not UTF-8" in str(raw.findings[0])
    with pytest.raises(DataError, match="no file that dnt can read"):
        read_csv(b"\x81\x8d\n1\n", "x.csv")


def test_whole_numbers_are_stored_as_such() -> None:
    big = survey(score=[1, 2, 3, 4], age=[16, 17, 18, 19.5])
    table = survey_table(cast_survey(big, STUDY)[0])
    assert table.schema.field("score").type == pa.int16()
    assert table.schema.field("age").type == pa.float64()
    study = parse_study(BASE.replace("range = [0, 100]", ""))
    for top, kind in ((40_000, pa.int32()), (3e9, pa.float64()), (1e99, pa.float64())):
        table = survey_table(cast_survey(survey(score=[top, 1, None, 2]), study)[0])
        assert table.schema.field("score").type == kind
        assert table.column("score").to_pylist() == [top, 1, None, 2]


def wide(**columns: Any) -> pd.DataFrame:
    names = [f"{k}_{w}" for k in ("work", "hours", "score") for w in ("T0", "T1", "T2")] + ["rung_T0", "rung_T2"]
    plain = {"person": ["1", "2"], "arm": ["treated", "control"], "town": ["A", "B"], "place": ["city"] * 2}
    plain |= {"age": [20, 30]}
    return pd.DataFrame(plain | {name: [1, 0] for name in names} | columns)


def test_a_wide_table() -> None:
    findings, cast = examine_wide(wide(), STUDY)
    assert findings == []
    assert cast is not None
    assert cast["score_T2"].tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"person": ["1", "1"]}, "person: expected each person once in every imputation"),
        ({"arm": ["treated", "x"]}, "arm: 1 row with no known group"),
        ({"score_T1": [1, 101]}, "score_T1: 1 row outside the range 0 to 100"),
        ({"work_T1": [1, 0.5]}, "work_T1: 1 row with a value that is no whole number"),
        ({"place": ["city", "x"]}, "place: 1 row with an unknown level"),
    ],
)
def test_errors_of_a_wide_table(columns: dict[str, Any], message: str) -> None:
    findings, cast = examine_wide(wide(**columns), STUDY)
    assert cast is None
    assert message in str(findings[0])


def test_a_wide_table_without_a_column() -> None:
    findings, cast = examine_wide(wide().drop(columns="score_T1"), STUDY)
    assert cast is None
    assert str(findings[0]).startswith("score_T1: this column is missing; did you mean score_T")


@pytest.mark.parametrize(
    ("persons", "told"),
    [(10, "10 rows with no known group (found: 1); known"), (9, "9 rows with no known group; known")],
)
def test_unknown_codes_are_named_where_ten_persons_share_them(persons: int, told: str) -> None:
    """A code that fewer share may be a person's answer."""
    many = pd.concat(
        [survey().iloc[[0, 2]], *(survey().iloc[[0]].assign(person=f"q{i}", arm=1) for i in range(persons))]
    )
    assert [message for message in errors(many.reset_index(drop=True)) if told in message]


def test_a_code_that_one_person_has_in_many_rows_is_not_named() -> None:
    many = pd.concat([survey(), *(survey().iloc[[0]].assign(round="secret") for _ in range(12))], ignore_index=True)
    assert not any("secret" in message for message in errors(many))
