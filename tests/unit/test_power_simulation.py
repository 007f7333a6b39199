"""Simulated power: the worlds are what they say, and the power is that of the closed form where there is one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dnt_cli.errors import UsageError
from dnt_cli.power.comparisons import Means, Proportions
from dnt_cli.power.simulation import World, replicates, simulated, single_outcome
from dnt_cli.power.sizes import StudyPlan, power_at
from dnt_cli.study import Study, load_study, parse_study
from tests.support.kinds import KINDS_STUDY

WORK, LOCUS = "work_any", "self_efficacy"


def world(outcome: str, sizes: tuple[int, int], *, baseline: bool = True, **settings: object) -> World:
    study: Study = single_outcome(load_study("dnt"), outcome, sites=settings.get("sites") is not None)
    if not baseline:
        own = replace(study.outcomes[outcome], adjust_for_baseline=False)
        study = replace(study, outcomes={outcome: own})
    return World(study, outcome, **{"analysis": "t3", "sizes": sizes} | settings)  # type: ignore[arg-type]


def test_a_simulated_study_is_as_it_was_asked() -> None:
    own = world(WORK, (40_000, 40_000), level=0.3, correlation=0.6, dropout=0.4, icc=0.1, sites=800)
    wide = simulated(own, 0.5, np.random.default_rng(1))
    treated = wide["group"] == own.study.design.intervention
    assert wide["site"].nunique() == 800
    assert (wide.groupby("site", observed=True)["group"].nunique() == 1).all()
    for wave, passed in {"T0": 0, "T1": 1 / 3, "T3": 1, "T4": 1}.items():
        answers = wide[f"{WORK}_{wave}"]
        assert answers.isna().mean() == pytest.approx(0.4 * passed, abs=0.01)
        assert answers[~treated].mean() == pytest.approx(0.3, abs=0.03)
        assert answers[treated].mean() == pytest.approx(0.3 + 0.2 * passed, abs=0.03)


@pytest.mark.parametrize(("between", "expected"), [("waves", 0.6), ("persons of a site", 0.2)])
def test_waves_and_sites_correlate_as_asked(between: str, expected: float) -> None:
    own = world(LOCUS, (20_000, 20_000), correlation=0.6, icc=0.2, sites=20_000)  # two persons a site
    wide = simulated(own, 0.0, np.random.default_rng(2))
    if between == "waves":
        first, second = wide[f"{LOCUS}_T0"], wide[f"{LOCUS}_T3"]
    else:
        pairs = wide.sort_values("site", kind="stable")[f"{LOCUS}_T3"].to_numpy().reshape(-1, 2)
        first, second = pd.Series(pairs[:, 0]), pd.Series(pairs[:, 1])
    assert first.corr(second) == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize(
    ("own", "effect", "formula"),
    [
        (world(LOCUS, (50, 70), baseline=False), 0.5, power_at(Means(0.5), "exact", StudyPlan(), (50, 70))),
        (world(LOCUS, (40, 40), correlation=0.7), 0.4, power_at(Means(0.4, 0.7), "exact", StudyPlan(), (40, 40))),
        (world(WORK, (90, 90), baseline=False, level=0.3), 0.5,
         power_at(Proportions(0.3, 0.5), "normal", StudyPlan(), (90, 90))),
    ],
    ids=["means", "means with baseline", "proportions"],
)  # fmt: skip
def test_without_gaps_the_power_is_that_of_the_formula(own: World, effect: float, formula: float) -> None:
    found = pd.concat(replicates(own, [effect], range(100)))
    assert (found["p_value"] < 0.05).mean() == pytest.approx(formula, abs=3.5 * np.sqrt(formula * (1 - formula) / 100))


def test_no_effect_is_found_as_often_as_the_level_of_significance_says() -> None:
    found = pd.concat(replicates(world(LOCUS, (40, 40), dropout=0.3, m=2), [0.0], range(40)))
    assert (found["p_value"] < 0.5).mean() == pytest.approx(0.5, abs=3.5 * np.sqrt(0.25 / 40))
    assert found["estimate"].mean() == pytest.approx(0, abs=3.5 * found["std_error"].mean() / np.sqrt(40))


def test_a_replicate_is_the_same_in_every_run_and_has_the_same_persons_under_every_effect() -> None:
    own = world(LOCUS, (30, 30), dropout=0.3, m=2, analysis="longitudinal")
    together = pd.concat(replicates(own, [0.0, 1.0], range(3)), ignore_index=True)
    alone = pd.concat(replicates(own, [1.0], [2]), ignore_index=True)
    pd.testing.assert_frame_equal(
        together[(together.replicate == 2) & (together.effect == 1)].reset_index(drop=True), alone
    )
    first, second = (simulated(own, effect, np.random.default_rng(5)) for effect in (0.0, 1.0))
    np.testing.assert_array_equal(first[f"{LOCUS}_T0"], second[f"{LOCUS}_T0"])
    assert together["usable"].all()


@pytest.mark.parametrize("settings", [{"icc": 0.5, "correlation": 0.3, "sites": 8}, {"sites": 40, "icc": 0.1}])
def test_impossible_worlds_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        world(LOCUS, (10, 10), **settings)


@pytest.mark.parametrize("outcome", ["creditors", "ends"])
def test_counts_and_classes_are_not_simulated(outcome: str) -> None:
    with pytest.raises(UsageError, match=f"--outcome {outcome} is of kind"):
        single_outcome(parse_study(KINDS_STUDY), outcome, sites=False)


def test_an_outcome_that_is_not_tested_is_refused_with_those_that_are() -> None:
    with pytest.raises(UsageError, match="work_any"):
        single_outcome(load_study("dnt"), "ladder", sites=False)
