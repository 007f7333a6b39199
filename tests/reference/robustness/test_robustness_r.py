"""The checks against lm, glm, lmer, glmer, sandwich and clubSandwich, pooled by Rubin's rules (make_robustness.R)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dnt_cli.effects.fitting import Options, fit_sets
from dnt_cli.imputed.data import Completed
from dnt_cli.imputed.foreign import from_long
from dnt_cli.models import Model
from dnt_cli.robustness.result import RobustnessResult as Checked
from dnt_cli.robustness.run import run_checks
from dnt_cli.robustness.sources import Workspace
from dnt_cli.robustness.summaries import site_ranges
from dnt_cli.study import parse_study

HERE = Path(__file__).parent
BTHEB = HERE.parents[2] / "examples" / "btheb" / "study.toml"
OUTCOMES = {
    "btheb": ["bdi", "no_depression"],
    "example": ["work_any", "makes_ends_meet", "sf12_mental", "self_efficacy"],
}
CASES = [(name, outcome) for name, keys in OUTCOMES.items() for outcome in keys]
BINARY = {"no_depression", "work_any", "makes_ends_meet"}
EXPECTED = json.loads((HERE / "robustness_expected.json").read_text(encoding="utf-8"))


def _data(name: str) -> Completed:
    if name == "btheb":
        text = BTHEB.read_text(encoding="utf-8").replace('group = "treatment"', 'group = "treatment"\nsite = "site"')
    else:
        text = (HERE / "example.toml").read_text(encoding="utf-8")
    frame = pd.read_csv(HERE / f"{name}.csv", dtype={"id": str}, keep_default_na=False, na_values=[""])
    return from_long(frame, parse_study(text), name)


@pytest.fixture(scope="module")
def data() -> dict[str, Completed]:
    return {name: _data(name) for name in OUTCOMES}


@pytest.fixture(scope="module")
def results(data: dict[str, Completed]) -> dict[str, Checked]:
    from dnt_cli.imputed.data import recorded_settings

    options = Options(nodes=1, quadrature_check=0)
    return {
        name: run_checks(own, recorded_settings(None, own.study), options, ["b", "c", "h", "i", "j"])
        for name, own in data.items()
    }


@pytest.fixture(scope="module")
def inverse(data: dict[str, Completed]) -> dict[str, Checked]:
    from dnt_cli.imputed.data import recorded_settings

    found = {}
    for name, own in data.items():
        study = replace(own.study, robustness=replace(own.study.robustness, weights="inverse"))
        other = replace(own, study=study)
        found[name] = run_checks(other, recorded_settings(None, study), Options(nodes=1, quadrature_check=0), ["i"])
    return found


def _row(result: Checked, outcome: str, model: str, analysis: str = "t3") -> pd.Series:
    rows = result.estimates
    own = rows[(rows["outcome"] == outcome) & (rows["model"] == model) & (rows["analysis"] == analysis)]
    assert len(own) == 1
    return own.iloc[0]


def _agree(row: pd.Series, expected: dict[str, float | None], tolerance: float) -> None:
    assert row["status"] == "ok"
    for name in ("estimate", "std_error", "df"):
        if expected.get(name) is not None:
            assert row[name] == pytest.approx(expected[name], rel=tolerance), name


@pytest.mark.parametrize(("name", "outcome"), [c for c in CASES if c[1] not in BINARY])
def test_difference_scores_are_those_of_lm(results: dict[str, Checked], name: str, outcome: str) -> None:
    _agree(_row(results[name], outcome, "b"), EXPECTED[name][outcome]["b"], 1e-9)


@pytest.mark.parametrize(("name", "outcome"), CASES)
def test_observed_endpoints_are_those_of_lm_and_glm(results: dict[str, Checked], name: str, outcome: str) -> None:
    row = _row(results[name], outcome, "c")
    _agree(row, EXPECTED[name][outcome]["c"], 1e-8)
    assert np.isinf(row["df"]) == (outcome in BINARY)


@pytest.mark.parametrize(("name", "outcome"), CASES)
def test_observed_trends_are_those_of_lmer_and_glmer(results: dict[str, Checked], name: str, outcome: str) -> None:
    row, expected = _row(results[name], outcome, "c", "longitudinal"), EXPECTED[name][outcome]["c_trend"]
    # glmer stops within about a thousandth of a standard error of the optimum of the Laplace likelihood.
    error = expected["std_error"]
    assert row["estimate"] == pytest.approx(expected["estimate"], abs=(5e-3 if outcome in BINARY else 1e-4) * error)
    assert row["std_error"] == pytest.approx(error, rel=5e-3 if outcome in BINARY else 1e-4)


@pytest.mark.parametrize(("name", "outcome"), CASES)
def test_clustered_errors_are_those_of_club_sandwich(results: dict[str, Checked], name: str, outcome: str) -> None:
    _agree(_row(results[name], outcome, "h"), EXPECTED[name][outcome]["h"], 1e-7)


@pytest.mark.parametrize(("name", "outcome"), CASES)
def test_clustered_errors_and_df_per_set(data: dict[str, Completed], name: str, outcome: str) -> None:
    own = data[name]
    expected = EXPECTED[name][outcome]["h_sets"]
    for i, wide in enumerate(own.sets):
        model = Model("t3", outcome, own.study.models.controls)
        found = fit_sets([Workspace(wide, own.study)], own.study, model, Options())[0].clustered
        assert found is not None
        assert found.sites is not None
        assert found.sites.value == pytest.approx(expected["std_error"][i] ** 2, rel=1e-8)
        assert found.sites.df == pytest.approx(expected["df"][i], rel=1e-8)


@pytest.mark.parametrize(("name", "outcome"), CASES)
def test_range_without_a_site(results: dict[str, Checked], name: str, outcome: str) -> None:
    estimates = results[name].estimates
    ranges = site_ranges(estimates[estimates["analysis"] == "t3"]).set_index("outcome").loc[outcome]
    for end in ("lowest", "highest"):
        found = estimates.loc[ranges[end], "estimate"]
        assert found == pytest.approx(EXPECTED[name][outcome]["h_range"][end], rel=1e-8)


@pytest.mark.parametrize(("name", "outcome"), CASES)
def test_weighted_fits_are_those_of_sandwich(
    results: dict[str, Checked], inverse: dict[str, Checked], name: str, outcome: str
) -> None:
    _agree(_row(results[name], outcome, "i"), EXPECTED[name][outcome]["i_overlap"], 1e-7)
    _agree(_row(inverse[name], outcome, "i"), EXPECTED[name][outcome]["i_inverse"], 1e-7)


@pytest.mark.parametrize(("name", "outcome"), [c for c in CASES if c[1] in BINARY])
def test_firth_maximises_the_penalised_likelihood(results: dict[str, Checked], name: str, outcome: str) -> None:
    # BFGS with numerical gradients finds the optimum to about six digits.
    _agree(_row(results[name], outcome, "j"), EXPECTED[name][outcome]["j"], 2e-5)
