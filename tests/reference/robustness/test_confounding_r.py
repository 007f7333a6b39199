"""Check (m) against lm and glm (make_confounding.R), the published examples, and what they must mean by algebra."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dnt_cli.effects.fitting import Options
from dnt_cli.engines import DesignMatrix, fit_linear_sets
from dnt_cli.imputed.data import recorded_settings
from dnt_cli.imputed.foreign import from_long
from dnt_cli.robustness import confounding
from dnt_cli.robustness.result import RobustnessResult
from dnt_cli.robustness.run import run_checks
from dnt_cli.study import Language, Significance, parse_study
from dnt_cli.wording import Wording

HERE = Path(__file__).parent
EXPECTED = json.loads((HERE / "confounding_expected.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def result() -> RobustnessResult:
    frame = pd.read_csv(HERE / "example.csv", dtype={"id": str}, keep_default_na=False, na_values=[""])
    study = parse_study((HERE / "example.toml").read_text(encoding="utf-8"))
    data = from_long(frame, study, "example.csv")
    return run_checks(data, recorded_settings(None, study), Options(nodes=1, quadrature_check=0), ["m"])


def numbers(result: RobustnessResult, outcome: str) -> dict[str, pd.Series]:
    own = result.estimates[(result.estimates["model"] == "m") & (result.estimates["outcome"] == outcome)]
    return {row["term"]: row for _, row in own.iterrows()}


@pytest.mark.parametrize("outcome", ["sf12_mental", "self_efficacy"])
def test_robustness_values_and_the_strongest_control_are_those_of_lm(result: RobustnessResult, outcome: str) -> None:
    own, expected = numbers(result, outcome), EXPECTED[outcome]
    for term in ("partial_r2", "robustness_value", "robustness_value_limit"):
        assert own[term]["estimate"] == pytest.approx(expected[term], abs=1e-9), term
    control = own["benchmark_outcome"]["controls"]
    for place, side in enumerate(("outcome", "group")):
        assert own[f"benchmark_{side}"]["estimate"] == pytest.approx(expected["strengths"][control][place], abs=1e-9)


@pytest.mark.parametrize("outcome", ["work_any", "makes_ends_meet"])
def test_e_values_are_those_of_glm(result: RobustnessResult, outcome: str) -> None:
    own, expected = numbers(result, outcome), EXPECTED[outcome]
    ratio = own["risk_ratio"]
    assert (ratio["estimate"], ratio["conf_low"], ratio["conf_high"]) == pytest.approx(
        (expected["risk_ratio"], expected["low"], expected["high"]), rel=1e-6
    )
    for part in ("e_value", "e_limit"):
        for scale in ("odds_ratio", "risk_ratio"):
            assert own[f"{part}_{scale}"]["estimate"] == pytest.approx(expected[f"{part}_{scale}"], rel=1e-6)


@pytest.mark.parametrize(
    ("ratio", "low", "high", "value", "limit"),
    [(3.9, 1.8, 8.7, 7.26, 3.00), (0.80, 0.71, 0.91, 1.81, 1.43), (10.73, 8.02, 14.36, 20.95, 15.52)],
)
def test_the_published_e_values(ratio: float, low: float, high: float, value: float, limit: float) -> None:
    """VanderWeele and Ding (2017), table 1 and its examples."""
    assert confounding.e_value(ratio) == pytest.approx(value, abs=0.005)
    assert confounding.e_value_of_limit(low, high) == pytest.approx(limit, abs=0.005)


@pytest.mark.parametrize("ratio", [1.0, 1.3, 4.0, 0.4])
def test_a_cause_of_that_strength_explains_the_ratio_exactly(ratio: float) -> None:
    """Ding and VanderWeele's bounding factor of a cause tied by E to both is the ratio itself."""
    e = confounding.e_value(ratio)
    assert e * e / (2 * e - 1) == pytest.approx(max(ratio, 1 / ratio))


def test_an_odds_ratio_of_a_common_outcome_counts_as_its_root() -> None:
    assert confounding.risk_ratio_of(4.0, 0.10) == 4.0
    assert confounding.risk_ratio_of(4.0, 0.40) == 2.0
    assert confounding.e_value_of_limit(0.9, 1.2) == 1.0


def test_the_published_robustness_values() -> None:
    """Darfur (Cinelli and Hazlett 2020, table 1): t = 4.18 with 783 df gives 13.9 % and, at .05, 7.6 %."""
    strength = 4.184445 / np.sqrt(783)
    assert strength**2 / (1 + strength**2) == pytest.approx(0.0219, abs=5e-5)
    assert confounding.robustness_value(strength) == pytest.approx(0.1388, abs=5e-5)
    assert confounding.robustness_value(strength, 1.963 / np.sqrt(782)) == pytest.approx(0.0763, abs=5e-5)
    assert confounding.as_strong_as(0.10903, 0.0090767) == pytest.approx((0.1246, 0.00916), abs=5e-4)


def test_a_cause_of_that_share_takes_the_effect_away() -> None:
    """One that explains RV of the rest of both accounts for the estimate, whatever the strength."""
    for strength in (0.05, 0.3, 1.2):
        share = confounding.robustness_value(strength)
        assert confounding.explained(share, share, error=2.0, df=100.0) == pytest.approx(
            strength * np.sqrt(100.0) * 2.0
        )


def test_the_formula_gives_what_leaving_a_column_out_really_does() -> None:
    """An identity of least squares: the coefficient moves by what the partial R2 of the left-out column say."""
    rng = np.random.default_rng(2)
    cause = rng.normal(size=80)
    group = (rng.normal(size=80) + 0.6 * cause > 0).astype(float)
    response = group + cause + rng.normal(size=80)
    full = DesignMatrix(response, np.column_stack([np.ones(80), group, cause]), ("(Intercept)", "group", "z"), None)
    short = DesignMatrix(response, full.matrix[:, :2], full.terms[:2], None)
    own = confounding.strengths(full, "group", {"z": ["z"]})["z"]
    whole, part = fit_linear_sets([full])[0], fit_linear_sets([short])[0]
    bias = confounding.explained(own.outcome, own.group, float(part.std_error[1]), part.df_residual)
    assert bias == pytest.approx(float(part.estimate[1] - whole.estimate[1]))


def test_a_control_that_tells_the_groups_apart_has_no_bound() -> None:
    assert confounding.as_strong_as(0.2, 0.5) == (1.0, 1.0)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_sentence_for_every_mark(result: RobustnessResult, language: Language) -> None:
    """Each effect with a mark has a sentence with its own numbers, the others have none."""
    main = result.estimates[(result.estimates["model"] == "main") & (result.estimates["analysis"] == "t3")]
    marks = Significance(lenient=float(main["p_value"].median()) + 0.001)  # half of them have a mark
    wording = Wording(replace(result.study, significance=marks), language)
    tables = result.tables(wording)[-2:]
    said = [note for table in tables for note in table.notes]
    for _, row in main.iterrows():
        own = [note for note in said if note.startswith(f"{wording.label(row['outcome'])}: ")]
        assert len(own) == bool(marks.mark(row["p_value"]))
        term = "e_value_odds_ratio" if row["kind"] == "binary" else "robustness_value"
        value = numbers(result, row["outcome"])[term]["estimate"]
        shown = wording.number(value, 2) if row["kind"] == "binary" else wording.number(100 * value, 1)
        assert all(shown in note for note in own)
        within = row["conf_low"] < 0 < row["conf_high"]  # of the effect itself
        assert all(("holds" in note or "bevat" in note) == within for note in own)
    assert 0 < sum(bool(marks.mark(p)) for p in main["p_value"]) < len(main)
