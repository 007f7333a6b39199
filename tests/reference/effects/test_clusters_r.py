"""Errors by person and by site against clubSandwich on lmer, and against scores by a dense grid (make_clusters.R)."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from dnt_cli.effects.columns import effect_rows
from dnt_cli.effects.fitting import Options
from dnt_cli.effects.run import endpoint_effects, trend_effects
from dnt_cli.imputed.foreign import from_long
from dnt_cli.models import ENDPOINT, LONGITUDINAL
from dnt_cli.study import parse_study

HERE = Path(__file__).parent
DATA = HERE.parent / "robustness"
EXPECTED = json.loads((HERE / "clusters_expected.json").read_text(encoding="utf-8"))
LINEAR, LOGISTIC = ("sf12_mental", "self_efficacy"), ("work_any", "makes_ends_meet")


@pytest.fixture(scope="module")
def rows() -> dict[tuple[str, str], pd.Series]:
    frame = pd.read_csv(DATA / "example.csv", dtype={"id": str}, keep_default_na=False, na_values=[""])
    data = from_long(frame, parse_study((DATA / "example.toml").read_text(encoding="utf-8")), "example.csv")
    options = Options(nodes=51, quadrature_check=0)
    found = pd.concat([endpoint_effects(data, options).estimates, trend_effects(data, options).estimates])
    return {(row["analysis"], row["outcome"]): row for _, row in effect_rows(found).iterrows()}


def agree(row: pd.Series, by: str, expected: dict[str, float], tolerance: float) -> None:
    assert row["estimate"] == pytest.approx(expected["estimate"], abs=tolerance * expected["std_error"])
    for name in ("std_error", "df", "p_value"):
        assert row[f"{name}_{by}"] == pytest.approx(expected[name], rel=tolerance), name


@pytest.mark.parametrize("outcome", LINEAR)
def test_linear_trends_are_those_of_club_sandwich(rows: dict[tuple[str, str], pd.Series], outcome: str) -> None:
    row, expected = rows[LONGITUDINAL, outcome], EXPECTED["linear"][outcome]
    agree(row, "persons", expected["persons"], 1e-6)
    assert row["icc_sites"] == pytest.approx(expected["icc"], abs=1e-6)
    if expected["sites"]["df"] > 4:
        agree(row, "sites", expected["sites"], 1e-6)


@pytest.mark.parametrize("outcome", LOGISTIC)
def test_logistic_trends_are_those_of_a_dense_grid(rows: dict[tuple[str, str], pd.Series], outcome: str) -> None:
    row, expected = rows[LONGITUDINAL, outcome], EXPECTED["logistic"][outcome]
    for by in ("persons", "sites"):
        agree(row, by, expected[by], 1e-5)


@pytest.mark.parametrize("outcome", EXPECTED["endpoint_icc"])
def test_likeness_within_sites_is_that_of_an_analysis_of_variance(
    rows: dict[tuple[str, str], pd.Series], outcome: str
) -> None:
    assert rows[ENDPOINT, outcome]["icc_sites"] == pytest.approx(EXPECTED["endpoint_icc"][outcome], abs=1e-8)


def test_sites_are_counted(rows: dict[tuple[str, str], pd.Series]) -> None:
    """The counts of the sixteen sites, eight in each group."""
    for row in rows.values():
        assert (row["n_sites"], row["n_sites_intervention"], row["n_sites_comparison"]) == (16, 8, 8)
