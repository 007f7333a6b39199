"""Surveys on which a description can go wrong: equal values, ambiguous keys, classes without a range, one person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dnt_cli.description.attrition import seen_in
from dnt_cli.description.moments import moments, standardised_difference
from dnt_cli.description.rows import parted
from dnt_cli.description.run import describe
from dnt_cli.description.tables import description_tables
from dnt_cli.errors import DataError
from dnt_cli.study import Study, parse_study
from dnt_cli.survey import cast_survey
from dnt_cli.tables import Table
from dnt_cli.wording import Wording
from tests.support.studies import OWN_NAMES, study_text

Person = tuple[str, dict[str, Any]]  # group, and the answer to `score` per wave


def study_of(waves: Sequence[str] = ("A", "B", "C"), groups: tuple[str, str] = ("new", "old"), kind: str = "linear",
             covariates: Mapping[str, Any] | None = None) -> Study:  # fmt: skip
    role = {"role": "descriptive"} if kind == "ordinal" else {}
    return parse_study(
        study_text(
            {"score": {"kind": kind} | role},
            key="trial",
            waves={wave: i for i, wave in enumerate(waves)},
            design=OWN_NAMES | {"intervention": groups[0], "comparison": groups[1]},
            covariates=covariates,
        )
    )


def described(study: Study, people: Sequence[Person], **options: Any) -> pd.DataFrame:
    rows = [
        {"who": str(i), "when": wave, "arm": arm, "score": score, "truth": ["FALSE", "TRUE"][i % 2], "rank": str(i % 3)}
        for i, (arm, answers) in enumerate(people)
        for wave, score in answers.items()
    ]
    return describe(cast_survey(pd.DataFrame(rows), study)[0], study, **options)


def values(frame: pd.DataFrame, **where: str) -> list[float]:
    for name, value in where.items():
        frame = frame[frame[name] == value]
    return frame["value"].tolist()


def cells(table: Table, label: str) -> list[str]:
    found = [row for row in table.rows if row[0].text == label]
    assert len(found) == 1, label
    return [cell.text for cell in found[0][1:]]


class TestEqualValues:
    """The sum of three times 0.1 is not 0.3 to the last digit."""

    def test_one_value_has_itself_as_mean_and_no_spread(self) -> None:
        column = np.array([[0.1]] * 3 + [[0.1]] * 4 + [[np.nan]])
        members = np.array([[True] * 3 + [False] * 5, [False] * 3 + [True] * 5])
        m = moments(column, members)
        assert m.mean.tolist() == [[0.1], [0.1]]
        assert m.sd.tolist() == [[0.0], [0.0]]
        assert standardised_difference(m, np.array([False])).tolist() == [0.0]

    def test_groups_of_one_value_do_not_differ(self) -> None:
        study = study_of()
        frame = described(study, [("new", {"A": 0.1, "C": 1.0})] * 3 + [("old", {"A": 0.1, "C": 2.0})] * 4)
        assert values(frame, table="baseline", variable="score", statistic="smd") == [0.0]
        assert values(frame, table="baseline", statistic="above_0.1") == [0.0]
        assert cells(description_tables(frame, Wording(study, "en"))[2], "Score")[-3:] == ["+0.00", "+0.00", ""]

    def test_two_values_differ_infinitely(self) -> None:
        frame = described(study_of(), [("new", {"A": 0.1})] * 3 + [("old", {"A": 0.7})] * 6)
        assert values(frame, table="baseline", variable="score", statistic="smd") == [-np.inf]


def test_a_class_that_nobody_chose_at_a_wave_is_a_percentage_of_zero() -> None:
    study = study_of(kind="ordinal", waves=("A", "B"))
    people: list[Person] = [("new", {"A": 1, "B": 3}), ("old", {"A": 1, "B": 1})]
    frame = described(study, people)
    share = {"table": "trend", "level": "3", "group": "new", "statistic": "pct"}
    assert [values(frame, **share, wave=wave) for wave in "AB"] == [[0.0], [100.0]]
    change = {"table": "change", "level": "3", "group": "new", "wave": "A-B"}
    assert values(frame, **change, statistic="count_change") == [1.0]
    assert cells(description_tables(frame, Wording(study, "nl"))[-2], "  3 (%-punt)") == ["+100,0", "+0,0"]


class TestAmbiguousKeys:
    def test_patterns_of_waves_whose_keys_hold_the_sign(self) -> None:
        study = study_of(waves=("a", "a+b", "b"))
        people: list[Person] = [("new", {"a": 1, "b": 2}), ("old", {"a+b": 1}), ("old", {"a": 1, "a+b": 1, "b": 3})]
        frame = described(study, people)
        kinds = frame[(frame["variable"] == "pattern") & (frame["group"] == "all")].set_index("level")
        assert kinds["n"].to_dict() == {"a ++ a+b ++ b": 1, "a ++ b": 1, "a+b": 1}
        assert kinds["statistic"].tolist() == ["complete", "intermittent", "intermittent"]
        rows = [
            [cell.text for cell in row][:3]
            for row in description_tables(frame, Wording(study, "en"))[1].sections[0].rows
        ]
        assert rows == [["x", "x", "x"], ["x", ".", "x"], [".", "x", "."]]

    def test_intervals_of_waves_whose_keys_hold_the_sign(self) -> None:
        waves = ("2019", "2019-2020", "2020-2021", "2021")
        frame = described(
            study_of(waves=waves),
            [("new", dict(zip(waves, (1, 2, 4, 8), strict=True))), ("old", dict.fromkeys(waves, 1))],
        )
        change = {"table": "change", "group": "new", "statistic": "mean_change"}
        assert values(frame, **change, wave="2019 -- 2020-2021") == [3.0]
        assert values(frame, **change, wave="2019 -- 2021") == [7.0]

    def test_the_plain_sign_where_it_is_clear(self) -> None:
        assert parted(("T0", "T+1", "T-0"), "+") == "+"
        assert parted(("a", "a+b ++ c"), "+") == " +++ "

    def test_files_of_older_versions(self) -> None:
        assert seen_in("a+b", ("a", "b", "a+c")) == ("a", "b")


def test_one_person_has_no_standard_deviation() -> None:
    study = study_of()
    further = pd.DataFrame({"who": ["0", "1"], "when": ["A", "A"], "visits": [3.0, np.nan]})
    frame = described(study, [("new", {"A": 1.5, "C": 1}), ("old", {"A": 2.5}), ("old", {"A": 3.5})], further=further)
    tables = description_tables(frame, Wording(study, "en"))
    assert cells(tables[2], "Score")[:2] == ["1.50 (-)", "3.00 (0.71)"]
    assert cells(tables[-2], "mean") == ["3.00 (-)", "", "3.00 (-)"]


def test_groups_whose_codes_are_words_of_another_table() -> None:
    study = study_of(groups=("present", "absent"))
    people: list[Person] = [("present", {"A": 1, "C": 2}), ("absent", {"A": 2})]
    tables = description_tables(described(study, people), Wording(study, "en"))
    assert [column.heading for column in tables[2].columns[1:4]] == ["Intervention", "Comparison", "Total"]
    assert [column.heading for column in tables[3].columns[1:4]] == ["Not seen", "Seen", "Total"]


RANK = {"kind": "ordered", "levels": ["0", "1", "2"]}
COVARIATES = {"truth": {"kind": "categorical", "levels": ["FALSE", "TRUE"]}, "rank": RANK}


def test_levels_that_are_taken_together_under_the_name_of_one_of_them() -> None:
    study = study_of(covariates=COVARIATES | {"rank": RANK | {"collapse": {"1": ["1", "2"], "0": ["0"]}}})
    frame = described(study, [("new", {"A": 1}), ("old", {"A": 2}), ("new", {"A": 4}), ("old", {"A": 4})])
    share = {"table": "baseline", "variable": "rank", "group": "all", "statistic": "pct"}
    assert values(frame, **share) == [50.0, 25.0, 25.0, 50.0]
    table = description_tables(frame, Wording(study, "en"))[2]
    assert [row[0].text for row in table.sections[0].rows][-5:] == ["Rank", "  0", "  1", "  2", "  1/2"]


def test_decimals_are_numbers() -> None:
    further = pd.DataFrame({"who": ["0", "1"], "when": ["A", "A"], "costs": [Decimal("1.50"), Decimal("2.25")]})
    frame = described(study_of(), [("new", {"A": 1}), ("old", {"A": 2})], further=further)
    assert values(frame, table="further", group="all", statistic="mean") == [1.875]


class TestOtherPopulations:
    PEOPLE: tuple[Person, ...] = (("new", {"A": 1}), ("old", {"A": 2}), ("new", {"A": 4}))

    def test_levels_as_a_reader_makes_them(self) -> None:
        """2 beside an empty cell becomes 2.0, TRUE a truth."""
        study = study_of(covariates=COVARIATES)
        reference = pd.DataFrame(
            {
                "variable": ["rank", "truth", "score"], "level": [2.0, True, None], "population": [2020, 2020, 2020],
                "statistic": ["pct", "pct", "mean"], "value": [12.5, 40, 3],
            }
        )  # fmt: skip
        frame = described(study, self.PEOPLE, reference=reference)
        own = frame[frame["group"] == "2020"]
        assert list(zip(own["variable"], own["level"], own["value"], strict=True)) == [
            ("rank", "2", 12.5), ("truth", "TRUE", 40), ("score", "", 3)
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("statistic", "value", "message"),
        [("above_0.25", 1, "expected pct or mean"), ("smd", 1, "expected pct or mean"), ("pct", 101, "outside 0 to 1")],
    )
    def test_figures_that_are_none_of_a_population(self, statistic: str, value: float, message: str) -> None:
        level = "" if statistic == "above_0.25" else "2"
        row = ("rank", level, "The country", statistic, value)
        reference = pd.DataFrame([row], columns=["variable", "level", "population", "statistic", "value"])
        with pytest.raises(DataError, match=message):
            described(study_of(covariates=COVARIATES), self.PEOPLE, reference=reference)
