"""A covariate that changes is read, imputed and controlled for at each wave; others stay as they were at baseline."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dnt_cli.design import Designs
from dnt_cli.effects.columns import effect_rows
from dnt_cli.effects.fitting import Options
from dnt_cli.effects.run import trend_effects
from dnt_cli.errors import StudyError
from dnt_cli.imputed.data import Completed, completed_sets, imputation_tables, impute_wide, settings_of
from dnt_cli.models import ENDPOINT, LONGITUDINAL, Model
from dnt_cli.study import Study, parse_study
from dnt_cli.survey import examine_survey
from dnt_cli.wide import derive, to_wide
from dnt_cli.wording import Wording
from tests.support.studies import study_text

STUDY = study_text(
    {"score": {"kind": "linear"}},
    design={"group": "arm", "intervention": "a", "comparison": "b"},
    covariates={
        "home": {
            "label": "Lives", "kind": "categorical", "levels": ["alone", "partner", "shelter"], "timing": "wave",
        },
        "age": {"kind": "continuous"},
    },
    models={"controls": ["home", "age"], "ladder": [["home", "age"]]},
    imputation={"iterations": 2},
)  # fmt: skip
N = 90


def long(gaps: float) -> pd.DataFrame:
    """The score depends on where a person lives now, and nothing else but chance."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"id": np.repeat(np.arange(N), 3), "wave": ["T0", "T1", "T2"] * N})
    frame["arm"] = np.where(frame["id"] % 2, "a", "b")
    frame["age"] = np.repeat(rng.normal(40, 9, N).round(), 3)
    later = (frame["wave"] != "T0") & (frame["arm"] == "a")
    frame["home"] = np.where(rng.random(3 * N) < np.where(later, 0.8, 0.2), "partner", "alone")
    frame.loc[rng.random(3 * N) < 0.1, "home"] = "shelter"
    frame["score"] = 3.0 * (frame["home"] == "partner") + rng.normal(0, 1, 3 * N)
    lost = (rng.random(3 * N) < gaps) & (frame["wave"] != "T0")
    return frame[~lost].reset_index(drop=True)


@pytest.fixture(scope="module")
def wide(study: Study) -> pd.DataFrame:
    findings, survey = examine_survey(long(0.2), study)
    assert not [f for f in findings if f.column == "home"]
    assert survey is not None
    return to_wide(survey, study)


def test_each_wave_has_its_own_column_and_baseline_keeps_the_name(wide: pd.DataFrame) -> None:
    asked = long(0.2).astype({"id": str}).pivot_table(index="id", columns="wave", values="home", aggfunc="first")
    for wave, column in (("T0", "home"), ("T1", "home_T1"), ("T2", "home_T2")):
        expected = asked[wave].reindex(wide["id"])
        pd.testing.assert_series_equal(
            wide[column].astype(object), expected.reset_index(drop=True), check_names=False, check_dtype=False
        )
        assert list(wide[column].cat.categories) == ["alone", "partner", "shelter"]


def test_a_trend_controls_for_the_value_at_the_wave_and_the_endpoint_for_that_at_baseline(study: Study) -> None:
    survey = examine_survey(long(0.0), study)[1]
    assert survey is not None
    table = to_wide(survey, study)
    designs = Designs(table, study)
    trend = designs.build(Model(LONGITUDINAL, "score", ("home", "age")))
    now = trend.matrix[:, trend.terms.index("home[partner]")]
    np.testing.assert_array_equal(now, (survey["home"] == "partner").to_numpy(dtype=float))
    endpoint = designs.build(Model(ENDPOINT, "score", ("home",)))
    first = endpoint.matrix[:, endpoint.terms.index("home[partner]")]
    np.testing.assert_array_equal(first, (table["home"] == "partner").to_numpy(dtype=float))


def test_gaps_are_imputed_per_wave_and_the_effect_that_it_explains_goes(study: Study, wide: pd.DataFrame) -> None:
    imputation, completed = impute_wide(wide, study, settings_of(study, m=5))
    sets = list(completed)
    assert {"home_T1", "home_T2", "score_T1"} <= set(imputation.models["variable"])
    stacked = pd.concat([t.to_pandas() for t in imputation_tables(wide, iter(sets), study)], ignore_index=True)
    data = completed_sets(stacked, stacked[".imp"], study, "file")
    for one in data.sets:
        assert not one[["home", "home_T1", "home_T2"]].isna().any().any()
    row = effect_rows(trend_effects(data, Options()).estimates).iloc[0]
    assert abs(row["estimate"]) < 2.5 * row["std_error"]
    fixed = parse_study(STUDY.replace('timing = "wave"\n', ""))
    kept = [c for c in wide.columns if not c.startswith("home_")]
    same = Completed(fixed, derive(wide[kept], fixed), tuple(one[kept] for one in data.sets))
    naive = effect_rows(trend_effects(same, Options()).estimates).iloc[0]
    assert naive["estimate"] > 2.5 * naive["std_error"]


def test_the_table_of_an_imputation_shows_its_gaps_per_wave(study: Study, wide: pd.DataFrame) -> None:
    from dnt_cli.imputed.tables import imputation_summary

    imputation, completed = impute_wide(wide, study, settings_of(study, m=2))
    list(completed)
    said = {"m": 2, "iterations": 2, "seed": 1, "method": "pmm"}
    table = imputation_summary(wide, imputation.models, imputation.events, said, Wording(study, "en"))
    [row] = [row for row in table.rows if row[0].text == "Lives"]
    shares = [f"{100 * wide[c].isna().mean():.0f}%" for c in ("home_T1", "home_T2")]
    assert [cell.text for cell in row[3:5]] == shares
    blocks = (imputation.models["method"] == "block").any()
    assert ("method block, otherwise pmm" in " ".join(table.notes)) == blocks


def test_a_wave_of_it_has_no_name_of_another_column() -> None:
    with pytest.raises(StudyError, match="home_T1"):
        parse_study(STUDY.replace("[covariates.age]", "[covariates.home_T1]").replace('"age"]', '"home_T1"]'))
