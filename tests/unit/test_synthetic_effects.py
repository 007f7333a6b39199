"""The example's effects point where the report's do, through the whole chain: impute, fit, pool."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from dnt_cli import synthetic
from dnt_cli.effects.columns import effect_rows
from dnt_cli.effects.fitting import Options
from dnt_cli.effects.run import endpoint_effects, trend_effects
from dnt_cli.imputed.data import Completed, impute_wide, settings_of
from dnt_cli.survey import cast_survey
from dnt_cli.wide import derive, to_wide
from tests.support.published import FOLDER

NOTHING = 0.15  # standard errors: so near to nothing, even fifty imputations leave the sign open


def published() -> pd.DataFrame:
    """Effects that the report prints, those of the register apart, which `dnt example` does not hold."""
    rows = pd.read_csv(FOLDER / "effects.csv").dropna(subset="estimate")
    return rows[~rows["outcome_key"].str.startswith("cbs_")].set_index(["model", "outcome_key"])


@pytest.fixture(scope="module")
def effects() -> pd.DataFrame:
    study = synthetic.example_study()
    wide = to_wide(cast_survey(synthetic.generate(), study)[0], study)
    _, sets = impute_wide(wide, study, settings_of(study, m=50, iterations=5))
    data, options = Completed(study, derive(wide, study), tuple(sets)), Options(quadrature_check=0)
    both = [endpoint_effects(data, options).estimates, trend_effects(data, options).estimates]
    return effect_rows(pd.concat(both)).set_index(["analysis", "outcome"])


def test_every_effect_has_the_direction_of_the_report(effects: pd.DataFrame) -> None:
    rows = published()
    assert len(rows) == 37
    for key, row in rows.iterrows():
        here, odds = effects.loc[key], row["scale"] == "OR"
        direction = math.log(row["estimate"]) if odds else row["estimate"]
        assert here["status"] == "ok", key
        assert direction * here["estimate"] > 0 or abs(here["estimate"]) < NOTHING * here["std_error"], key


def test_what_the_report_marks_twice_is_marked_here(effects: pd.DataFrame) -> None:
    rows = published()
    strong = rows.index[rows["stars"] == "**"]
    assert set(strong) == {("longitudinal", "work_any"), ("longitudinal", "sf12_mental")}
    assert (effects.loc[strong, "p_value"] < 0.10).all()
