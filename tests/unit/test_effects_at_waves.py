"""The effect at each wave: which waves, what does not stop the others, the joint test, the table and the figure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dnt_cli.cli.fit import waves_beside
from dnt_cli.effects.columns import JOINT
from dnt_cli.effects.fitting import Options
from dnt_cli.effects.result import Estimates
from dnt_cli.effects.run import endpoint_effects
from dnt_cli.effects.wave_tables import wave_tables
from dnt_cli.errors import UsageError
from dnt_cli.imputed.data import Completed
from dnt_cli.models import WAVES
from dnt_cli.study import Language, Study
from dnt_cli.wording import Wording
from tests.support.persons import two_groups
from tests.support.studies import study_text

WAVE_KEYS = ("T0", "T1", "T2", "T3")
STUDY = study_text(
    {
        "score": {"kind": "linear"},
        "late": {"kind": "linear", "waves": ["T0", "T2", "T3"]},
        "work": {"kind": "binary"},
    },
    waves={"T0": 0, "T1": 3, "T2": 6, "T3": 12},
    design={"endpoint": "T2", "follow_up": "T3"},
)


def table(persons: int = 120) -> pd.DataFrame:
    """An effect that fades: 1.5 at T1, .5 at T2, none at T3; work at T1 hangs on the group alone."""
    rng = np.random.default_rng(6)
    frame = two_groups(persons)
    treated, level = (np.arange(persons) % 2).astype(float), rng.normal(size=persons)
    for wave, push in zip(WAVE_KEYS, (0.0, 1.5, 0.5, 0.0), strict=True):
        frame[f"score_{wave}"] = level + push * treated + rng.normal(size=persons)
        frame[f"late_{wave}"] = level + rng.normal(size=persons)
        frame[f"work_{wave}"] = (rng.random(persons) < 0.5).astype(float)
    frame["work_T1"] = treated
    return frame.drop(columns="late_T1")


@pytest.fixture(scope="module")
def result(study: Study) -> Estimates:
    first, second = table(), table()
    second["score_T3"] += np.random.default_rng(1).normal(0, 0.2, len(second))
    effects = endpoint_effects(Completed(study, first, (first, second)), Options(), at=["T1", "T3"])
    return Estimates.of(study, effects, 0.95)


def own(result: Estimates, outcome: str) -> pd.DataFrame:
    rows = result.estimates[(result.estimates["analysis"] == WAVES) & (result.estimates["outcome"] == outcome)]
    return rows.set_index("wave")


def test_each_wave_has_the_effect_that_the_model_has_with_that_wave_as_endpoint(
    study: Study, result: Estimates
) -> None:
    for wave in ("T1", "T3"):
        there = replace(study, design=replace(study.design, endpoint=wave))
        data = Completed(there, table(), (table(), table()))
        expected = endpoint_effects(data, Options(), outcomes=["score"]).estimates
        estimate = expected[expected["term"] == "group"].iloc[0]["estimate"]
        assert own(result, "score").loc[wave, "estimate"] == pytest.approx(estimate, abs=0.1)
    assert own(result, "score").loc["T1", "estimate"] == pytest.approx(
        endpoint_effects(
            Completed(replace(study, design=replace(study.design, endpoint="T1")), table(), (table(), table())),
            Options(), outcomes=["score"],
        ).estimates.iloc[1]["estimate"]
    )  # fmt: skip


def test_what_was_not_asked_or_cannot_be_estimated_does_not_stop_the_others(result: Estimates) -> None:
    assert list(own(result, "late").index) == ["T3", ""]
    work = own(result, "work")
    assert work.loc["T1", "status"] == "not estimable"
    assert work.loc["T3", "status"] == "ok"
    assert JOINT not in set(work["term"])  # one of the waves has no estimate


def test_the_joint_test_sees_an_effect_that_fades(result: Estimates) -> None:
    joint = own(result, "score").loc[""]
    assert joint["term"] == JOINT
    assert joint["p_value"] < 1e-4
    assert own(result, "late").loc["", "p_value"] > 0.05


def test_the_main_effects_stay_what_they_are(study: Study, result: Estimates) -> None:
    alone = endpoint_effects(Completed(study, table(), (table(), table())), Options(), outcomes=["late", "work"])
    both = result.estimates[(result.estimates["analysis"] == "t3") & result.estimates["outcome"].isin(["late", "work"])]
    names = ["estimate", "std_error", "p_value"]
    np.testing.assert_allclose(
        both[names].to_numpy(dtype=float), alone.estimates[names].to_numpy(dtype=float), rtol=1e-12
    )


@pytest.mark.parametrize("language", ["en", "nl"])
def test_a_column_per_wave(study: Study, result: Estimates, language: Language) -> None:
    tables = result.tables(Wording(study, language))
    linear = next(own for own in tables[2:] if "beta" in own.columns[1].heading or "bèta" in own.columns[1].heading)
    assert list(dict.fromkeys(column.group for column in linear.columns if column.group)) == ["T1", "T2", "T3"]
    rows = {row[0].text: [cell.text for cell in row] for row in linear.sections[0].rows}
    assert rows["Late"][1:5] == ["", "", "", ""]
    assert rows["Score"][3] == "**"
    assert rows["Score"][-1] in ("<.001", "<,001")


def test_waves_of_the_command(study: Study) -> None:
    assert waves_beside(None, study) == ["T3"]
    assert waves_beside("all", study) == ["T1", "T2", "T3"]
    assert waves_beside("T3,T1", study) == ["T1", "T3"]
    assert waves_beside("", study) == []
    with pytest.raises(UsageError, match="T0"):
        waves_beside("T0", study)
    assert waves_beside(None, replace(study, design=replace(study.design, follow_up=None))) == []


def test_the_figure_has_a_panel_per_outcome_with_several_waves(study: Study, result: Estimates) -> None:
    figure = result.drawing(Wording(study, "en")).plot()
    titles = {axes.get_title(loc="center") for axes in figure.axes}
    assert titles == {"Score", "Late", "Work"}
    score = next(axes for axes in figure.axes if axes.get_title(loc="center") == "Score")
    assert [label.get_text() for label in score.get_xticklabels()] == ["T1", "T2", "T3"]
    intervals = [
        line.get_ydata() for line in score.lines if len(set(line.get_xdata())) == 1 and len(line.get_ydata()) == 2
    ]
    assert len(intervals) == 3
    assert intervals[0][0] > 0  # the effect at T1 is far from zero
    assert intervals[2][0] < 0 < intervals[2][1]


@pytest.mark.parametrize("language", ["en", "nl"])
def test_an_empty_joint_test_says_why(study: Study, result: Estimates, language: Language) -> None:
    wording = Wording(study, language)
    notes = [note for table in wave_tables(result.estimates, wording) for note in table.notes]
    (said,) = [note for note in notes if "--at" in note]
    assert "Work" in said
    assert "T1" in said
    observed = table()
    observed.loc[:4, "score_T1"] = np.nan
    effects = endpoint_effects(Completed(study, observed, (observed,)), Options(), outcomes=["score"], at=["T1", "T3"])
    notes = [note for table in wave_tables(effects.estimates, wording) for note in table.notes]
    assert any(wording.text("effects.no_joint_persons", outcome="Score") == note for note in notes)
