"""From study and data to response and matrix."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dnt_cli.design import Designs, control_matrix, group_indicator
from dnt_cli.errors import ModelError
from dnt_cli.models import Model
from dnt_cli.observed import known_answers
from dnt_cli.study import Study, parse_study
from tests.support.studies import BASE

STUDY: Study = parse_study(BASE)


@pytest.fixture
def wide() -> pd.DataFrame:
    frame = pd.DataFrame({"person": list("abcd"), "arm": ["treated", "control", "treated", "control"]})
    frame["place"] = pd.Categorical(["village", "city", None, "town hall"], ["city", "town hall", "village"])
    frame["age"] = [20.0, 30, 40, 50]
    for i, wave in enumerate(("T0", "T1", "T2")):
        frame[f"score_{wave}"] = np.array([10.0, 20, 30, 40]) + i
        frame[f"work_{wave}"] = [1.0, 0, 1, 0]
    frame.loc[3, "score_T1"] = np.nan
    frame["rung_T0"] = frame["rung_T2"] = 1.0
    return frame


def test_the_endpoint(wide: pd.DataFrame) -> None:
    design = Designs(wide, STUDY).build(Model("t3", "score", ("age",)))
    assert design.terms == ("(Intercept)", "group", "score_T0", "age")
    np.testing.assert_array_equal(design.response, [12, 22, 32, 42])
    np.testing.assert_array_equal(design.matrix, [[1, 1, 10, 20], [1, 0, 20, 30], [1, 1, 30, 40], [1, 0, 40, 50]])
    assert design.groups is None


def test_a_gap_in_a_control_leaves_the_person_out(wide: pd.DataFrame) -> None:
    design = Designs(wide, STUDY).build(Model("t3", "score", ("place",)))
    assert design.terms == ("(Intercept)", "group", "score_T0", "place[town hall]", "place[village]")
    np.testing.assert_array_equal(design.matrix[:, 3:], [[0, 1], [0, 0], [1, 0]])


def test_a_difference_has_no_baseline_beside_it(wide: pd.DataFrame) -> None:
    design = Designs(wide, STUDY).build(Model("t3", "score", difference=True))
    assert design.terms == ("(Intercept)", "group")
    np.testing.assert_array_equal(design.response, [2, 2, 2, 2])


def test_observed_answers_are_the_same_where_persons_and_groups_are(wide: pd.DataFrame) -> None:
    known = known_answers(wide, STUDY)
    own = Designs(wide, STUDY, known)
    assert own.same_persons(Designs(wide.assign(score_T1=1.0), STUDY, known))
    assert not own.same_persons(Designs(wide.iloc[::-1], STUDY, known))
    assert not own.same_persons(Designs(wide.assign(arm=wide["arm"].to_numpy()[::-1]), STUDY, known))
    assert not own.same_persons(Designs(wide, STUDY, known_answers(wide, STUDY)))
    assert not own.same_persons(Designs(wide, STUDY))


def test_the_trend(wide: pd.DataFrame) -> None:
    design = Designs(wide, STUDY).build(Model("longitudinal", "score", ("age",)))
    assert design.terms == ("(Intercept)", "group", "wave", "group:wave", "age")
    assert design.groups is not None
    np.testing.assert_array_equal(design.groups, [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3])
    np.testing.assert_array_equal(design.response, [10, 11, 12, 20, 21, 22, 30, 31, 32, 40, 42])
    np.testing.assert_array_equal(design.matrix[:3], [[1, 1, 0, 0, 20], [1, 1, 1, 1, 20], [1, 1, 2, 2, 20]])
    np.testing.assert_array_equal(design.matrix[-2:], [[1, 0, 0, 0, 50], [1, 0, 2, 0, 50]])


def test_the_trend_in_months(wide: pd.DataFrame) -> None:
    study = parse_study(BASE, overrides=["models.time=months"])
    design = Designs(wide, study).build(Model("longitudinal", "score"))
    np.testing.assert_array_equal(design.matrix[:3, 2], [0, 6, 12])


def test_what_is_the_same_for_all_is_left_out_but_never_the_group(wide: pd.DataFrame) -> None:
    design = Designs(wide.assign(age=30.0, score_T0=1.0), STUDY).build(Model("t3", "score", ("age",)))
    assert design.terms == ("(Intercept)", "group")
    design = Designs(wide[wide["arm"] == "treated"], STUDY).build(Model("t3", "score"))
    assert "group" in design.terms


def test_models_that_do_not_exist(wide: pd.DataFrame) -> None:
    with pytest.raises(ModelError, match="rung has no longitudinal model"):
        Designs(wide, STUDY).build(Model("longitudinal", "rung"))
    with pytest.raises(ModelError, match="score: nobody has a value on everything"):
        Designs(wide.assign(score_T2=np.nan), STUDY).build(Model("t3", "score"))


def test_levels_taken_together(wide: pd.DataFrame) -> None:
    text = BASE.replace(
        'levels = ["city", "town hall", "village"]',
        'levels = ["city", "town hall", "village"]\nreference = "village"\ncollapse = { town = ["city", "town hall"] }',
    )
    matrix, names = control_matrix(wide, parse_study(text), ["place"])
    assert names == ("place[town]",)
    np.testing.assert_array_equal(matrix[:, 0], [0, 1, np.nan, 1])


def test_the_group(wide: pd.DataFrame) -> None:
    np.testing.assert_array_equal(group_indicator(wide, STUDY), [1, 0, 1, 0])
    matrix, names = control_matrix(wide, STUDY, [])
    assert matrix.shape == (4, 0)
    assert names == ()
