"""Descriptions on numbers small enough to compute by hand, and their tables."""

from __future__ import annotations

import io
import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnt_cli.description.attrition import seen_in
from dnt_cli.description.moments import Moments, mean_interval, moments, share_interval, standardised_difference
from dnt_cli.description.rounding import half_up
from dnt_cli.description.run import describe
from dnt_cli.description.tables import description_tables
from dnt_cli.errors import DataError
from dnt_cli.study import Study, parse_study
from dnt_cli.survey import cast_survey
from dnt_cli.tables import Table, as_text, narrowed
from dnt_cli.wording import Wording
from tests.support.studies import OWN_LABELS, OWN_NAMES, STEP, study_text

STUDY = study_text(
    {
        "well": {"label": {"nl": "Gezond", "en": "Healthy"}, "kind": "binary", "hypothesis": "H1"},
        "step": STEP,
        "rose": {
            "label": {"nl": "Gestegen", "en": "Rose"}, "kind": "binary", "waves": ["B"],
            "derive": {"source": "step", "rule": "rise", "since": "A"},
        },
        "score": {"kind": "linear", "range": [0, 100], "hypothesis": "H1"},
    },
    key="trial",
    waves={"A": 0, "B": 4, "C": 12},
    design=OWN_NAMES | OWN_LABELS | {"site": "place", "endpoint": "B", "follow_up": "C"},
    covariates={
        "school": {
            "label": {"nl": "School", "en": "Schooling"}, "kind": "ordered", "levels": ["low", "mid", "high"],
            "level_labels": [{"nl": "laag", "en": "low"}, {"nl": "midden", "en": "mid"}, {"nl": "hoog", "en": "high"}],
            "collapse": {"upper": ["mid", "high"]},
        },
        "age": {"kind": "continuous"},
    },
    hypotheses={"H1": {"label": "Health"}},
    models={"controls": []},
)  # fmt: skip

# who, arm, place, school, age, then per wave: well, step, score ("-" = no interview, None = no answer)
PEOPLE = [
    ("1", "new", "x", "low", 20, (1, 1, 10), (1, 2, 20), (1, None, 30)),
    ("2", "new", "x", "mid", 30, (0, 2, 20), (1, 2, None), "-"),
    ("3", "new", "y", "mid", 40, (0, 1, 30), (0, 3, 40), (None, None, 20)),
    ("4", "new", "y", None, 50, (1, 3, 40), "-", (0, None, 10)),
    ("5", "old", "z", "high", 60, (1, 2, 15), (0, 1, 25), "-"),
    ("6", "old", "z", "low", None, (0, 2, 25), "-", "-"),
    ("7", "old", "z", "high", 70, (1, 3, 35), (1, 3, 45), (1, None, 50)),
]


def raw_survey() -> pd.DataFrame:
    rows = [
        {"who": who, "when": wave, "arm": arm, "place": place, "school": school, "age": age,
         "well": answers[0], "step": answers[1], "score": answers[2]}
        for who, arm, place, school, age, *waves in PEOPLE
        for wave, answers in zip("ABC", waves, strict=True)
        if answers != "-"
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def survey(study: Study) -> pd.DataFrame:
    return cast_survey(raw_survey(), study)[0]


@pytest.fixture(scope="module")
def description(survey: pd.DataFrame, study: Study) -> pd.DataFrame:
    return describe(survey, study)


def row(frame: pd.DataFrame, table: str, variable: str, level: str, group: str, wave: str, statistic: str) -> pd.Series:
    found = frame[
        (frame["table"] == table) & (frame["variable"] == variable) & (frame["level"] == level)
        & (frame["group"] == group) & (frame["wave"] == wave) & (frame["statistic"] == statistic)
    ]  # fmt: skip
    assert len(found) == 1, (table, variable, level, group, wave, statistic)
    return found.iloc[0]


def numbers(frame: pd.DataFrame, *key: str) -> tuple[float, int, int]:
    found = row(frame, *key)
    return round(float(found["value"]), 6), found["n"], found["denominator"]


class TestRounding:
    @pytest.mark.parametrize(
        ("value", "decimals", "expected"),
        [(6.25, 1, 6.3), (6.35, 1, 6.4), (-6.25, 1, -6.3), (0.5, 0, 1), (1.005, 2, 1.01), (2.5, 0, 3), (-0.04, 1, 0)],
    )
    def test_halves_go_away_from_zero(self, value: float, decimals: int, expected: float) -> None:
        assert float(half_up(value, decimals)) == expected

    def test_missing_stays_missing_and_zero_has_no_sign(self) -> None:
        rounded = half_up([math.nan, -0.01], 1)
        assert math.isnan(rounded[0])
        assert not np.signbit(rounded[1])

    @given(st.integers(0, 400), st.integers(1, 400))
    def test_percentages_equal_exact_arithmetic(self, count: int, denominator: int) -> None:
        exact = (2000 * count + denominator) // (2 * denominator) / 10
        assert float(half_up(100 * (count / denominator), 1)) == exact


class TestMoments:
    def test_equal_numpy_per_group(self) -> None:
        random = np.random.default_rng(3)
        values = np.where(random.random((40, 6)) < 0.2, np.nan, random.normal(1e6, 2.0, (40, 6)))
        members = np.array([random.random(40) < 0.5, np.ones(40, dtype=bool)])
        m = moments(values, members)
        for g in range(2):
            part = values[members[g]]
            np.testing.assert_array_equal(m.n[g], (~np.isnan(part)).sum(axis=0))
            np.testing.assert_allclose(m.mean[g], np.nanmean(part, axis=0), rtol=1e-14)
            np.testing.assert_allclose(m.sd[g], np.nanstd(part, axis=0, ddof=1), rtol=1e-9)

    def test_too_few_persons(self) -> None:
        m = moments(np.array([[1.0, np.nan], [np.nan, np.nan]]), np.ones((1, 2), dtype=bool))
        assert (m.n.tolist(), m.mean[0, 0]) == ([[1, 0]], 1)
        assert np.isnan([m.mean[0, 1], m.sd[0, 0], m.sd[0, 1]]).all()

    @pytest.mark.parametrize(
        ("count", "n", "low", "high"),
        [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
    )
    def test_wilson_interval_of_newcombe_1998_table_1(self, count: int, n: int, low: float, high: float) -> None:
        m = Moments(np.array([[float(n)]]), np.array([[count / n]]), np.array([[np.nan]]))
        assert [round(float(limit[0, 0]), 4) for limit in share_interval(m)] == [low, high]

    def test_interval_of_a_mean(self) -> None:
        m = moments(np.array([[1.0], [2.0], [3.0], [4.0]]), np.ones((1, 4), dtype=bool))
        low, high = mean_interval(m)  # 2.5 -+ 3.182446 x 1.290994 / 2
        assert (round(float(low[0, 0]), 5), round(float(high[0, 0]), 5)) == (0.44574, 4.55426)

    def test_standardised_differences(self) -> None:
        values = np.array([[1, 1, 1], [0, 2, 1], [0, 3, 1], [1, 5, 1], [1, 7, 1], [1, 9, 0]], dtype=float)
        members = np.array([[True] * 3 + [False] * 3, [False] * 3 + [True] * 3])
        share = np.array([True, False, True])
        obtained = standardised_difference(moments(values, members), share)
        assert obtained[0] == pytest.approx((1 / 3 - 1) / math.sqrt((2 / 9 + 0) / 2))
        assert obtained[1] == pytest.approx((2 - 7) / math.sqrt((1 + 4) / 2))
        assert obtained[2] == pytest.approx((1 - 2 / 3) / math.sqrt((0 + 2 / 9) / 2))

    def test_constants_that_are_equal_and_that_differ(self) -> None:
        values = np.array([[1.0, 1.0], [1.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
        members = np.array([[True, True, False, False], [False, False, True, True]])
        assert standardised_difference(moments(values, members), np.array([True, True])).tolist() == [0, math.inf]


class TestSampleAndAttrition:
    def test_groups_and_places(self, description: pd.DataFrame) -> None:
        assert numbers(description, "sample", "", "", "new", "", "pct") == (round(400 / 7, 6), 4, 7)
        assert numbers(description, "sample", "place", "z", "old", "", "pct") == (100, 3, 3)
        assert numbers(description, "sample", "place", "x", "all", "", "pct") == (round(200 / 7, 6), 2, 7)

    def test_dropout_and_return(self, description: pd.DataFrame) -> None:
        assert numbers(description, "attrition", "", "", "new", "B", "dropout") == (25, 1, 4)
        assert numbers(description, "attrition", "", "", "new", "B", "lost") == (0, 0, 4)  # person 4 comes back
        assert numbers(description, "attrition", "", "", "old", "B", "lost") == (round(100 / 3, 6), 1, 3)
        # Person 3 has a row at C without a well, but with a score: she was seen.
        assert numbers(description, "attrition", "", "", "all", "C", "present") == (round(400 / 7, 6), 4, 7)

    def test_patterns(self, description: pd.DataFrame) -> None:
        patterns = description.query("variable == 'pattern' and group == 'all'")
        found = [tuple(r) for r in patterns[["level", "statistic", "n"]].itertuples(index=False)]
        assert found == [
            ("A+B+C", "complete", 3),
            ("A+B", "monotone", 2),
            ("A", "monotone", 1),
            ("A+C", "intermittent", 1),
        ]
        assert numbers(description, "attrition", "", "", "all", "", "intermittent") == (round(100 / 7, 6), 1, 7)
        assert numbers(description, "attrition", "waves_seen", "2", "new", "", "pct") == (50, 2, 4)

    def test_a_row_without_answers_is_no_interview(self, survey: pd.DataFrame, study: Study) -> None:
        empty = survey.iloc[[0]].assign(when=pd.Categorical(["C"], categories=["A", "B", "C"], ordered=True))
        more = pd.concat([survey, empty.assign(who="6", arm="old", well=np.nan, step=np.nan, score=np.nan)])
        more["arm"] = more["arm"].astype(survey["arm"].dtype)
        described = describe(more, study)
        assert numbers(described, "attrition", "", "", "old", "C", "present") == (round(100 / 3, 6), 1, 3)


class TestComparison:
    def test_levels_and_levels_taken_together(self, description: pd.DataFrame) -> None:
        assert numbers(description, "baseline", "school", "mid", "new", "", "pct") == (round(200 / 3, 6), 2, 3)
        assert numbers(description, "baseline", "school", "upper", "old", "", "pct") == (round(200 / 3, 6), 2, 3)
        assert numbers(description, "baseline", "school", "", "new", "", "missing")[1:] == (1, 4)
        assert row(description, "baseline", "school", "upper", "", "", "smd")["value"] == 0
        high = (0 - 2 / 3) / math.sqrt((0 + 2 / 9) / 2)
        mid = (2 / 3 - 0) / math.sqrt((2 / 9 + 0) / 2)
        assert row(description, "baseline", "school", "high", "", "", "smd")["value"] == pytest.approx(high)
        assert row(description, "baseline", "school", "", "", "", "smd_max")["value"] == pytest.approx(max(-high, mid))
        assert row(description, "baseline", "school", "", "", "", "above_0.25")["value"] == 1

    def test_a_measurement(self, description: pd.DataFrame) -> None:
        assert numbers(description, "baseline", "age", "", "old", "", "mean")[:2] == (65, 2)
        assert numbers(description, "baseline", "age", "", "", "", "difference")[:2] == (-30, 6)
        sd = math.sqrt((np.var([20, 30, 40, 50], ddof=1) + 50) / 2)
        assert row(description, "baseline", "age", "", "", "", "smd")["value"] == pytest.approx(-30 / sd)

    def test_outcomes_at_baseline(self, description: pd.DataFrame) -> None:
        assert numbers(description, "baseline", "well", "", "old", "A", "pct") == (round(200 / 3, 6), 2, 3)
        assert numbers(description, "baseline", "step", "3", "new", "A", "pct") == (25, 1, 4)
        assert numbers(description, "baseline", "step", "", "new", "A", "mean")[:2] == (1.75, 4)
        assert description.query("table == 'baseline' and variable == 'rose'").empty  # not asked at baseline

    def test_thresholds_are_a_choice(self, survey: pd.DataFrame, study: Study) -> None:
        flags = describe(survey, study, thresholds=(5.0,)).query("table == 'baseline' and variable == 'school'")
        assert set(flags.loc[flags["statistic"].str.startswith("above"), "statistic"]) == {"above_5"}
        assert flags.loc[flags["statistic"] == "above_5", "value"].tolist() == [0]

    def test_absent_and_present_at_the_endpoint(self, description: pd.DataFrame) -> None:
        assert numbers(description, "dropout", "arm", "new", "absent", "", "pct") == (50, 1, 2)
        assert numbers(description, "dropout", "arm", "new", "present", "", "pct") == (60, 3, 5)
        assert numbers(description, "dropout", "arm", "new", "", "", "difference")[0] == -10
        assert numbers(description, "dropout", "score", "", "absent", "A", "mean")[:2] == (32.5, 2)


class TestTrends:
    def test_levels_per_wave(self, description: pd.DataFrame) -> None:
        assert numbers(description, "trend", "well", "", "new", "B", "pct") == (round(200 / 3, 6), 2, 3)
        assert numbers(description, "trend", "score", "", "new", "B", "mean")[:2] == (30, 2)
        assert numbers(description, "trend", "score", "", "new", "B", "missing") == (round(100 / 3, 6), 1, 3)
        assert numbers(description, "trend", "step", "3", "all", "B", "pct") == (40, 2, 5)
        assert numbers(description, "trend", "well", "", "", "B", "difference_rounded")[0] == 16.7

    def test_derived_outcomes(self, description: pd.DataFrame) -> None:
        assert numbers(description, "trend", "rose", "", "new", "B", "pct") == (round(200 / 3, 6), 2, 3)
        assert numbers(description, "trend", "rose", "", "old", "B", "pct") == (0, 0, 2)

    def test_nothing_is_said_where_nobody_answered(self, description: pd.DataFrame) -> None:
        assert description["value"].notna().all()
        assert description.query("variable == 'step' and wave == 'C'").empty

    def test_change_of_all_who_answered(self, description: pd.DataFrame) -> None:
        change = ("change", "well", "", "new", "A-B")
        assert numbers(description, *change, "pct_point_change") == (round(200 / 3 - 50, 6), 3, 4)
        assert numbers(description, *change, "pct_point_change_rounded") == (16.7, 3, 4)
        assert numbers(description, *change, "count_change") == (0, 3, 4)
        assert numbers(description, "change", "score", "", "old", "A-B", "mean_change")[0] == 10

    def test_difference_of_rounded_percentages(self, study: Study) -> None:
        """1 of 16 and 3 of 16 are 6.25 and 18.75: 12.5 apart, and 6.3 and 18.8 also; 1 of 8 to 3 of 16 are not."""
        base = {"arm": "new", "place": "x", "school": "low", "age": 1, "step": 1, "score": 1}
        rows = [
            {"who": str(i), "when": wave, **base, "well": int(i < k)}
            for wave, k, n in (("A", 2, 16), ("B", 3, 16), ("C", 1, 3))
            for i in range(n)
        ]
        rows.append({"who": "z", "when": "A", **base, "arm": "old", "well": 1})
        described = describe(cast_survey(pd.DataFrame(rows), study)[0], study)
        assert numbers(described, "change", "well", "", "new", "A-B", "pct_point_change")[0] == 6.25
        assert numbers(described, "change", "well", "", "new", "A-B", "pct_point_change_rounded")[0] == 6.3
        assert numbers(described, "change", "well", "", "new", "B-C", "pct_point_change")[0] == 14.583333
        assert numbers(described, "change", "well", "", "new", "B-C", "pct_point_change_rounded")[0] == 14.5

    def test_change_within_persons(self, description: pd.DataFrame) -> None:
        step = ("change", "step", "", "new", "A-B")
        assert numbers(description, *step, "rise") == (round(200 / 3, 6), 2, 3)
        assert numbers(description, *step, "fall") == (0, 0, 3)
        assert numbers(description, *step, "same") == (round(100 / 3, 6), 1, 3)
        assert numbers(description, *step, "paired_mean")[:2] == (1, 3)
        assert numbers(description, *step, "paired_sd")[:2] == (1, 3)
        assert numbers(description, "change", "well", "", "new", "A-B", "paired_mean")[:2] == (round(100 / 3, 6), 3)

    def test_intervals_of_time(self, description: pd.DataFrame) -> None:
        assert set(description.query("table == 'change' and variable == 'well'")["wave"]) == {"A-B", "A-C", "B-C"}
        assert set(description.query("table == 'change' and variable == 'step'")["wave"]) == {"A-B"}


class TestBesideTheStudy:
    def test_further_answers(self, survey: pd.DataFrame, study: Study) -> None:
        further = raw_survey()[["who", "when", "arm"]].assign(
            why=lambda f: f["who"].map({"2": "moved", "6": "ill"}),
            visits=lambda f: np.where(f["when"] == "B", f["who"].astype(int), np.nan),
        )
        described = describe(survey, study, further=further)
        assert numbers(described, "further", "why", "moved", "all", "", "pct") == (50, 1, 2)
        assert numbers(described, "further", "visits", "", "new", "B", "mean")[:2] == (2, 3)
        text = as_text(description_tables(described, Wording(study, "en"))[-2:])
        assert "visits (B)" in text
        assert "moved" in text

    def test_ids_as_numbers_are_the_same_persons(self, survey: pd.DataFrame, study: Study) -> None:
        further = pd.DataFrame({"who": [1.0, 7.0], "when": ["A", "A"], "help": ["yes", "no"]})
        described = describe(survey, study, further=further)
        assert numbers(described, "further", "help", "yes", "new", "A", "pct") == (100, 1, 1)

    def test_further_answers_that_do_not_fit(self, survey: pd.DataFrame, study: Study) -> None:
        with pytest.raises(DataError, match="no column when"):
            describe(survey, study, further=pd.DataFrame({"who": ["1"]}))
        strangers = pd.DataFrame({"who": ["99"], "when": ["A"], "help": ["yes"]})
        with pytest.raises(DataError, match="nobody in the survey") as error:
            describe(survey, study, further=strangers)
        assert "99" not in str(error.value)

    def test_other_populations(self, survey: pd.DataFrame, study: Study) -> None:
        reference = pd.DataFrame(
            [("school", "high", "The country", "pct", 30.5), ("age", None, "The country", "mean", 41.0)],
            columns=["variable", "level", "population", "statistic", "value"],
        )
        described = describe(survey, study, reference=reference)
        assert row(described, "baseline", "school", "high", "The country", "", "pct")["value"] == 30.5
        baseline = description_tables(described, Wording(study, "nl"))[2]
        assert [c.heading for c in baseline.columns][1:5] == ["Nieuw", "Gewoon", "Totaal", "The country"]
        cells = {cells[0].text.strip(): cells[4].text for cells in baseline.sections[0].rows}
        assert (cells["hoog"], cells["Age"], cells["laag"]) == ("30,5%", "41,0", "")

    @pytest.mark.parametrize(("variable", "level"), [("shool", "high"), ("school", "hihg")])
    def test_other_populations_that_do_not_fit(
        self, survey: pd.DataFrame, study: Study, variable: str, level: str
    ) -> None:
        reference = pd.DataFrame(
            {"variable": [variable], "level": [level], "population": ["P"], "statistic": ["pct"], "value": [1.0]}
        )
        with pytest.raises(DataError, match=f"pct of {variable} {level}"):
            describe(survey, study, reference=reference)
        with pytest.raises(DataError, match="no column population"):
            describe(survey, study, reference=reference.drop(columns="population"))


class TestWhole:
    def test_keys_are_unique_and_types_as_promised(self, description: pd.DataFrame) -> None:
        keys = ["table", "variable", "level", "group", "wave", "statistic"]
        assert not description.duplicated(keys).any()
        assert [str(t) for t in description.dtypes] == ["object"] * 6 + ["float64", "Int64", "Int64"]
        assert description["table"].drop_duplicates().tolist() == [
            "sample", "attrition", "baseline", "dropout", "trend", "change"
        ]  # fmt: skip

    def test_input_is_left_alone_and_order_does_not_matter(self, survey: pd.DataFrame, study: Study) -> None:
        before = survey.copy(deep=True)
        first = describe(survey, study)
        pd.testing.assert_frame_equal(survey, before)
        pd.testing.assert_frame_equal(first, describe(survey.sample(frac=1, random_state=1), study))

    def test_a_study_without_covariates_or_places(self) -> None:
        text = STUDY.replace('site = "place"\n', "")
        start, end = text.index("[covariates.school]"), text.index("[hypotheses.H1]")
        bare = parse_study(text[:start] + text[end:])
        described = describe(cast_survey(raw_survey(), bare)[0], bare)
        assert set(described.query("table == 'sample'")["variable"]) == {""}
        assert len(description_tables(described, Wording(bare, "nl"))) == 7

    def test_a_wave_that_nobody_attended(self, study: Study) -> None:
        raw = raw_survey().query("when != 'C'")
        described = describe(cast_survey(raw, study)[0], study)
        assert numbers(described, "attrition", "", "", "all", "C", "dropout") == (100, 7, 7)
        assert set(described.query("table == 'trend'")["wave"]) == {"A", "B"}
        trend = next(t for t in description_tables(described, Wording(study, "en")) if t.title == "Outcomes per wave")
        assert [c.heading for c in trend.columns] == ["Outcome", "N A", "N B", "U A", "U B", "N", "U"]


def cells_of(table: Table) -> dict[str, list[str]]:
    return {cells[0].text: [cell.text for cell in cells[1:]] for s in table.sections for cells in s.rows}


class TestTables:
    def test_dutch_figures(self, description: pd.DataFrame, study: Study) -> None:
        sample, patterns, baseline, dropout, trend, change, _ = description_tables(description, Wording(study, "nl"))
        assert cells_of(sample)["B"] == ["3 (25,0%)", "2 (33,3%)", "5 (28,6%)"]
        assert [[cell.text for cell in cells] for cells in patterns.sections[0].rows][1] == [
            "x", "x", ".", "1", "1", "2", "monotoon"
        ]  # fmt: skip
        assert cells_of(baseline)["  midden/hoog"][:3] == ["2 (66,7%)", "2 (66,7%)", "4 (66,7%)"]
        assert cells_of(baseline)["School"] == ["", "", "", "1", "", "", ""]
        assert cells_of(dropout)["Groep: Nieuw"][:2] == ["1 (50,0%)", "3 (60,0%)"]
        assert cells_of(trend)["Gezond (%)"][:6] == ["50,0", "66,7", "50,0", "66,7", "50,0", "100,0"]
        assert cells_of(change)["Gezond (%-punt)"] == ["+16,7", "-16,7", "-16,7", "+50,0", "+0,0", "+33,3"]
        assert cells_of(change)["  gestegen (%)"][:2] == ["66,7", "0,0"]

    def test_the_chart_is_on_one_scale(self, description: pd.DataFrame, study: Study) -> None:
        trend = description_tables(description, Wording(study, "en"))[4]
        assert cells_of(trend)["Score (mean)"][-2:] == ["▂▃▁", "▂▅█"]
        assert cells_of(trend)["Rose (%)"][-2:] == ["", ""]

    def test_outcomes_stand_under_their_hypothesis(self, description: pd.DataFrame, study: Study) -> None:
        trend = description_tables(description, Wording(study, "en"))[4]
        assert [(s.heading, s.rows[0][0].text) for s in trend.sections] == [
            ("H1: Health", "Healthy (%)"),
            ("No hypothesis", "Step (mean)"),
        ]

    def test_candidate_controls_are_named(self, description: pd.DataFrame, study: Study) -> None:
        notes = description_tables(description, Wording(study, "en"))[2].notes
        assert any("Candidate controls" in note and "Schooling" in note and "Age" in note for note in notes)

    def test_stage_file_read_back_gives_the_same_tables(self, description: pd.DataFrame, study: Study) -> None:
        table = pa.Table.from_pandas(description, preserve_index=False).replace_schema_metadata(None)
        buffer = io.BytesIO()
        pq.write_table(table, buffer)
        again = pq.read_table(io.BytesIO(buffer.getvalue())).to_pandas()
        assert description_tables(again, Wording(study, "nl")) == description_tables(description, Wording(study, "nl"))

    def test_every_row_fits_its_columns_and_synthetic_data_say_so(self, description: pd.DataFrame) -> None:
        made_up = parse_study(STUDY.replace('title = "Trial"', 'title = "Trial"\nsynthetic = true'))
        for language in ("nl", "en"):
            for table in description_tables(description, Wording(made_up, language)):
                assert {len(cells) for s in table.sections for cells in s.rows} == {len(table.columns)}
                assert table.notes[0].startswith("SYNTHETI")

    def test_what_a_column_means_is_told_wherever_the_column_is(self, study: Study, description: pd.DataFrame) -> None:
        """On a narrow terminal the difference is left out, and the standardised one stays."""
        (table,) = (own for own in description_tables(description, Wording(study, "en")) if own.name == "baseline")
        for shown, told in ((table, ["Difference", "SMD"]), (narrowed(table), ["SMD"])):
            headings = [column.heading for column in shown.columns if column.heading in ("Difference", "SMD")]
            assert (
                headings == [head for head in (note.partition(":")[0] for note in shown.notes) if head in told] == told
            )

    def test_attrition_and_baseline_fit_a_terminal_of_80_columns(self) -> None:
        from dnt_cli.study import load_study
        from dnt_cli.synthetic import generate

        dnt = load_study("dnt")
        tables = description_tables(describe(cast_survey(generate(), dnt)[0], dnt), Wording(dnt, "nl"))
        for table in tables[:4]:
            lines = as_text([narrowed(Table(table.title, table.columns, table.sections))]).splitlines()
            assert max(map(len, lines)) <= 80, table.title
        trend = as_text([Table(tables[4].title, tables[4].columns, tables[4].sections)]).splitlines()
        assert max(map(len, trend)) <= 120


@pytest.mark.parametrize(
    ("pattern", "seen"),
    [
        ("T0+T2", ("T0", "T2")),
        ("T0", ("T0",)),
        ("", None),
        ("T9", None),
        ("a+b", ("a+b",)),  # a key that holds the sign
        ("a+a+b", ("a", "a+b")),
        ("T2+T0", None),
    ],
)
def test_waves_of_a_pattern(pattern: str, seen: tuple[str, ...] | None) -> None:
    assert seen_in(pattern, ("a", "T0", "a+b", "T2")) == seen


def test_many_waves_are_no_burden() -> None:
    waves = tuple(f"month {i}" for i in range(60))
    assert seen_in("+".join(waves[::2]), waves) == waves[::2]
