"""No message names the columns of a file that has no header line, nor lists what tells who somebody is."""

from __future__ import annotations

import pandas as pd
import pytest

from dnt_cli.cli.convert import _checked
from dnt_cli.cli.inputs import Input
from dnt_cli.column_names import look_like_answers, near_column
from dnt_cli.description.further import MOST_LEVELS, _refuse_free_text
from dnt_cli.errors import DataError
from dnt_cli.reading import RawTable
from dnt_cli.study import parse_study
from tests.support.answers import STUDY as SCORED


@pytest.mark.parametrize(
    "names",
    [["p017", "T0", "34"], ["p017", "1,5"], ["Jansen", "2021-03-04"], ["a", ""], ["a", "NA"], ["a", "12-05-1980"]],
)
def test_answers_are_known_from_names(names: list[str]) -> None:
    assert look_like_answers(names)
    assert near_column("Janssen", names) == ""


@pytest.mark.parametrize("names", [["id", "wave", "stress_T0"], ["q1", "q2a"], ["Respondent ID", "sf12.physical"]])
def test_names_are_names(names: list[str]) -> None:
    assert not look_like_answers(names)


def test_a_near_name_is_told() -> None:
    assert str(near_column("stres", ["id", "stress"])) == "; did you mean stress?"


@pytest.mark.parametrize(
    "texts",
    [
        [f"word {i}" for i in range(MOST_LEVELS + 1)] * 3,
        [f"{i}A" for i in range(8)],
        ["1234 AB", "1235 AC", "1236 AD", "1237 AE", "1237 AE"],
    ],
)
def test_free_text_is_refused_by_name(texts: list[str]) -> None:
    frame = pd.DataFrame({"remarks": texts})
    with pytest.raises(DataError) as error:
        _refuse_free_text(frame, ["remarks"])
    assert "remarks" in str(error.value)
    assert not any(text in str(error.value) for text in texts)


def test_classes_and_numbers_are_described() -> None:
    frame = pd.DataFrame({"support": ["yes", "no"] * 10, "income": range(20), "few": ["a", "b", None, None] * 5})
    _refuse_free_text(frame, list(frame))


@pytest.mark.parametrize(
    ("columns", "told", "never"),
    [
        (["id", "wave", "s1", "s1"], "s1: two columns have this name", ()),
        (["id", "wave", "3", "31337", "31337"], "1 names stand above two columns each", ("31337",)),
        (["CANARY-7", "1", "31337"], "the first line looks like data", ("CANARY", "31337")),
        (["id", "waves", "s1"], "wave: this column is missing; did you mean waves?", ()),
    ],
)
def test_converted_answers_name_no_answer(columns: list[str], told: str, never: tuple[str, ...]) -> None:
    """`dnt convert` says what is wrong with columns, but not what may be the first person's answers."""
    study = parse_study(SCORED)
    raw = RawTable(pd.DataFrame([["a"] * len(columns)], columns=columns))
    with pytest.raises(DataError) as caught:
        _checked(Input("answers.csv", "", study, joined=raw))
    assert told in str(caught.value)
    assert not any(word in caught.value.text("nl") + str(caught.value) for word in never)
