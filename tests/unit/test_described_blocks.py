"""Blocks of a study file as tables of a description, each number counted by hand; and other populations."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from dnt_cli.description.run import describe
from dnt_cli.description.tables import description_tables
from dnt_cli.study import parse_study
from dnt_cli.survey import cast_survey
from dnt_cli.tables import Table
from dnt_cli.wording import Wording
from tests.support.studies import study_text

YES = {"1": {"nl": "ja", "en": "yes"}, "2": {"nl": "nee", "en": "no"}}


def tables(blocks: dict[str, Any], language: Any = "en", **columns: list[Any]) -> dict[str, Table]:
    """The tables of a survey of four persons at two waves, by title; the first two are the intervention group."""
    text = study_text(
        {"work": {"kind": "binary"}},
        waves={"T0": 0, "T1": 6},
        covariates={"age": {"kind": "continuous"}},
        description={key: {"label": key} | dict(block) for key, block in blocks.items()},
        populations={"nl": {"label": "The Netherlands", "means": {"age": 42}, "note": "In 2018."}},
    )
    study = parse_study(text)
    frame = pd.DataFrame({"id": [*"abcd"] * 2, "wave": ["T0"] * 4 + ["T1"] * 4, "group": [*"iicc"] * 2})
    frame["work"], frame["age"] = [0, 1] * 4, 30.0
    survey = cast_survey(frame, study)[0]
    further = frame[["id", "wave", "group"]].assign(**columns)
    figures = describe(survey, study, further=further)
    return {table.title: table for table in description_tables(figures, Wording(study, language))}


def texts(table: Table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.rows]


def test_numbers_are_answers_and_their_names_come_in_both_languages() -> None:
    block = {"items": {"doctor": {"nl": "Huisarts", "en": "Doctor"}}, "shown": "1", "answers": YES}
    found = tables({"care": block}, doctor=[None] * 4 + [1.0, 2.0, 1.0, None])["care"]
    assert [column.heading for column in found.columns] == ["", "Intervention", "Comparison"]
    assert texts(found) == [["Doctor", "50.0%", "100.0%"]]
    assert "Shown: who answered: yes." in found.notes
    assert "Percentages of those who answered: Intervention 2, Comparison 1." in found.notes
    dutch = tables({"care": block}, "nl", doctor=[None] * 4 + [1.0, 2.0, 1.0, None])["care"]
    assert texts(dutch) == [["Huisarts", "50,0%", "100,0%"]]
    assert "Getoond: wie antwoordde: ja." in dutch.notes


def test_what_nobody_answered_is_zero_per_cent_of_those_who_were_asked() -> None:
    block = {"items": {"doctor": "Doctor"}, "shown": "yes"}
    found = tables({"care": block}, doctor=[None] * 4 + ["no", "no", "yes", "no"])["care"]
    assert texts(found) == [["Doctor", "0.0%", "50.0%"]]


def test_answers_in_columns_keep_the_order_of_the_block_and_are_empty_for_nobody() -> None:
    block = {
        "items": {"course": "Course"}, "layout": "answers", "group": "intervention",
        "answers": {"paid": "Paid", "free": "Free"},
    }  # fmt: skip
    found = tables({"care": block}, course=[None] * 4 + ["none", "free", "paid", "paid"])["care"]
    assert [column.heading for column in found.columns] == ["", "Paid", "Free", "none"]
    assert texts(found) == [["Course", "", "50.0%", "50.0%"]]
    assert "Empty: nobody." in found.notes


def test_counts_have_a_total_and_an_answer_of_the_person_counts_once() -> None:
    block = {"items": {"reason": "Reason"}, "layout": "counts", "answers": {"moved": "Moved"}, "note": "Of all."}
    found = tables({"loss": block}, reason=["moved", "ill", "moved", None] * 2)["loss"]
    assert texts(found) == [["Moved", "1", "1", "2"], ["ill", "1", "0", "1"], ["Total", "2", "1", "3"]]
    assert found.notes == ("Of all.", "Numbers of persons with an answer.")


def test_answers_over_the_waves_stand_beside_each_other_per_group() -> None:
    block = {"items": {"shelter": "Shelter", "pet": "Pet"}, "layout": "waves", "shown": "yes"}
    found = tables(
        {"again": block}, shelter=["yes", "yes", "no", "yes", "no", "yes", "no", None], pet=["yes", "no"] * 4
    )["again"]
    assert found.headings == ("", "Intervention T0", "T1", "Comparison T0", "T1")
    assert texts(found) == [
        ["Shelter", "100.0%", "50.0%", "50.0%", "0.0%"],
        ["Pet", "50.0%", "50.0%", "50.0%", "50.0%"],
    ]
    assert "Percentages of those who answered: Intervention 2, Comparison 1 to 2." in found.notes


def test_a_question_asked_at_several_waves_has_a_heading_per_wave() -> None:
    block = {"items": {"shelter": "Shelter"}, "shown": "yes"}
    found = tables({"again": block}, shelter=["yes", "yes", "no", "yes", "no", "yes", "no", "no"])["again"]
    assert [section.heading for section in found.sections] == ["T0", "T1"]
    one = tables({"again": block | {"wave": "T1"}}, shelter=["yes", "yes", "no", "yes", "no", "yes", "no", "no"])[
        "again"
    ]
    assert texts(one) == [["Shelter", "50.0%", "0.0%"]]


def test_what_the_data_lack_is_told_and_a_block_of_nothing_is_no_table() -> None:
    blocks = {
        "care": {"items": {"doctor": "Doctor", "lawyer": "Lawyer"}, "shown": "yes"},
        "none": {"items": {"pet": "Pet"}},
    }
    found = tables(blocks, doctor=[None] * 4 + ["no", "no", "yes", "no"])
    assert "none" not in found
    assert "Not in the data: Lawyer." in found["care"].notes


def test_other_columns_stay_in_the_table_of_further_answers() -> None:
    block = {"items": {"doctor": "Doctor"}, "shown": "yes"}
    found = tables({"care": block}, doctor=["yes"] * 8, pet=["dog"] * 8)
    further = found["Further answers"]
    assert [section.heading for section in further.sections] == ["pet"]


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_population_stands_beside_the_groups_with_its_source(language: Any) -> None:
    found = tables({}, language)
    baseline = next(t for t in found.values() if "The Netherlands" in [c.heading for c in t.columns])
    place = [column.heading for column in baseline.columns].index("The Netherlands")
    age = next(row for row in texts(baseline) if row[0] == "Age")
    assert age[place] == ("42,0" if language == "nl" else "42.0")
    assert "The Netherlands: In 2018." in baseline.notes
