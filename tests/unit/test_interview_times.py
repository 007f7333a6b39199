"""When people were interviewed: actual months as time of the trend, and effects before and since a date."""

from __future__ import annotations

import datetime
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dnt_cli.effects.fitting import Options
from dnt_cli.effects.persons import behind
from dnt_cli.effects.result import Estimates
from dnt_cli.effects.rows import Effects
from dnt_cli.effects.run import endpoint_effects, subgroup_effects, trend_effects
from dnt_cli.imputed.data import Completed
from dnt_cli.models import CALENDAR
from dnt_cli.reading import Dictionary, RawTable, prepare
from dnt_cli.study import Language, Study
from dnt_cli.survey import cast_survey
from dnt_cli.wide import to_wide
from dnt_cli.wording import Wording
from tests.support.studies import study_text

PERSONS = 160
SPLIT = datetime.date(2020, 3, 12)
CHANGES = {"kind": "continuous", "timing": "wave", "impute": False, "describe": False}
STUDY = study_text(
    {"score": {"kind": "linear"}, "work": {"kind": "binary"}},
    waves={"T0": 0, "T1": 6, "T2": 12, "T3": 18},
    covariates={"months": CHANGES, "asked_on": CHANGES},
    design={
        "endpoint": "T2", "follow_up": "T3", "wave_time": "months", "interview_date": "asked_on",
        "calendar_split": "2020-03-12",
    },
)  # fmt: skip


def survey() -> pd.DataFrame:
    """Half is asked late; at T2 the score is 2 higher in the intervention group, if asked before the date."""
    rng = np.random.default_rng(3)
    rows = []
    for i in range(PERSONS):
        level, late = rng.normal(), i // 2 % 2
        for t, wave in enumerate(("T0", "T1", "T2", "T3")):
            day = SPLIT + datetime.timedelta(days=int(180 * (t - 2) + 60 * late - 30))
            effect = 2.0 * (i % 2) * (t == 2) * (day < SPLIT)
            rows.append(
                {
                    "id": f"p{i:03d}", "wave": wave, "group": "i" if i % 2 else "c", "months": 6.0 * t + 2 * late,
                    "asked_on": day, "score": level + effect + rng.normal(), "work": float(rng.random() < 0.5),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def data(study: Study) -> Completed:
    wide = to_wide(cast_survey(read(survey(), study), study)[0], study)
    return Completed(study, wide, (wide, wide))


def read(frame: pd.DataFrame, study: Study) -> pd.DataFrame:
    return prepare(RawTable(frame, Dictionary()), study).frame


@pytest.fixture(scope="module")
def effects(data: Completed) -> Effects:
    return subgroup_effects(data, endpoint_effects(data, Options(), at=["T3"]), [], Options())


def own(effects: Effects, outcome: str = "score") -> pd.DataFrame:
    rows = effects.estimates
    return rows[(rows["analysis"] == CALENDAR) & (rows["outcome"] == outcome)].set_index(["wave", "term"])


@pytest.mark.parametrize("written", ["%Y-%m-%d", "%d-%m-%Y", "%Y-%m-%d 00:00:00"])
def test_dates_are_read_however_they_are_written(study: Study, written: str) -> None:
    frame = survey()
    texts = read(frame.assign(asked_on=[day.strftime(written) for day in frame["asked_on"]]), study)
    stamps = read(frame.assign(asked_on=pd.to_datetime(frame["asked_on"])), study)
    expected = [float((day - datetime.date(1970, 1, 1)).days) for day in frame["asked_on"]]
    assert list(texts["asked_on"].astype(float)) == expected
    assert list(stamps["asked_on"].astype(float)) == expected


def test_what_is_no_date_is_an_error(study: Study) -> None:
    frame = survey()
    frame["asked_on"] = ["31-02-2020", *[str(day) for day in frame["asked_on"][1:]]]
    with pytest.raises(Exception, match="asked_on: 1 "):
        cast_survey(read(frame, study), study)


def test_the_effect_before_and_since_the_date(effects: Effects) -> None:
    rows = own(effects)
    before, since = "group@asked_on[<2020-03-12]", "group@asked_on[>=2020-03-12]"
    assert rows.loc[("T2", before), "estimate"] == pytest.approx(2, abs=0.8)
    assert rows.loc[("T2", since), "estimate"] == pytest.approx(0, abs=0.8)
    assert rows.loc[("T2", "group:asked_on"), "p_value"] < 0.01
    assert rows.loc[("T3", before), "status"] == "not estimable"  # everybody was asked later
    assert rows.loc[("T3", "group:asked_on"), "status"] == "not estimable"


def test_it_is_the_analysis_with_a_product_of_group_and_period(data: Completed, effects: Effects) -> None:
    wide = data.observed
    late = (wide["asked_on_T2"] >= (SPLIT - datetime.date(1970, 1, 1)).days).to_numpy(dtype=float)
    group = (wide["group"] == "i").to_numpy(dtype=float)
    matrix = np.column_stack([np.ones(len(wide)), group, wide["score_T0"], late, group * late])
    expected = np.linalg.lstsq(matrix, wide["score_T2"], rcond=None)[0]
    rows = own(effects)
    assert rows.loc[("T2", "group@asked_on[<2020-03-12]"), "estimate"] == pytest.approx(expected[1])
    assert rows.loc[("T2", "group:asked_on"), "estimate"] == pytest.approx(expected[4])


def test_who_was_not_interviewed_is_in_neither(study: Study, data: Completed) -> None:
    gappy = data.observed.copy()
    gappy.loc[gappy.index[:20], ["score_T2", "asked_on_T2"]] = np.nan
    filled = gappy.assign(score_T2=data.observed["score_T2"])
    completed = Completed(study, gappy, (filled, filled))
    main = endpoint_effects(completed, Options(), outcomes=["score"])
    rows = own(subgroup_effects(completed, main, [], Options()))
    assert set(rows["n_persons"]) == {PERSONS - 20}


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_table_says_what_it_is(study: Study, effects: Effects, language: Language) -> None:
    tables = Estimates.of(study, effects, 0.95).tables(Wording(study, language))
    mine = [table for table in tables if "asked" in table.title]
    assert len(mine) == 4  # two waves, two kinds
    assert ["T2" in table.title for table in mine].count(True) == 2
    groups = ["before 2020-03-12", "since 2020-03-12"] if language == "en" else ["vóór 2020-03-12", "sinds 2020-03-12"]
    assert list(dict.fromkeys(column.group for column in mine[0].columns if column.group)) == groups
    said = "Check by calendar time" if language == "en" else "Controle op kalendertijd"
    assert all(any(note.startswith(said) for note in table.notes) for table in mine)
    assert not any("Exploratory" in note or "Verkennend" in note for table in mine for note in table.notes)


def test_the_persons_behind_a_period_are_named_by_wave_and_period(study: Study, effects: Effects) -> None:
    rows = effects.estimates[effects.estimates["analysis"] == CALENDAR].reset_index(drop=True)
    row = rows[(rows["wave"] == "T2") & rows["term"].str.endswith("[<2020-03-12]") & (rows["outcome"] == "score")]
    counts = behind(row.iloc[0], study)
    assert counts is not None
    assert {n.n for n in counts.persons if any(key == "asked_on@T2" for key, _ in n.who)} == {40}


def test_the_trend_takes_the_months_of_each_interview_and_the_plan_where_there_was_none(
    study: Study, data: Completed
) -> None:
    actual = replace(study, models=replace(study.models, time="actual"))
    planned = replace(study, models=replace(study.models, time="months"))

    def slope(study: Study, wide: pd.DataFrame) -> float:
        completed = Completed(study, wide, (wide, wide))
        rows = trend_effects(completed, Options(quadrature_check=0), outcomes=["score"]).estimates
        return float(rows.set_index("term").loc["group:wave", "estimate"])

    wide = data.observed
    columns = ["months", "months_T1", "months_T2", "months_T3"]
    as_planned = wide.assign(**dict(zip(columns, [0.0, 6.0, 12.0, 18.0], strict=True)))
    unknown = wide.assign(**dict.fromkeys(columns, np.nan))
    assert slope(actual, as_planned) == pytest.approx(slope(planned, wide), rel=1e-9)
    assert slope(actual, unknown) == pytest.approx(slope(planned, wide), rel=1e-9)
    assert slope(actual, wide) != pytest.approx(slope(planned, wide), rel=1e-3)
    assert Wording(actual, "en").unit() == "month"
