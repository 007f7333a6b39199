"""The synthetic survey: the same bytes for a seed, and answers that one woman could have given."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from dnt_cli.synthetic import generate, sf12
from dnt_cli.synthetic.frame import Survey
from dnt_cli.synthetic.latent import allocate
from dnt_cli.synthetic.scales import bounded_scores, round_to_sum, skewed_scores

OTHER_SEEDS = (1, 2, 3)
CAS_ITEMS = {"physical": 7, "emotional": 11, "intimidation": 4, "disciplinary": 5, "sexual": 3, "online": 3}
# Raw answers in the order of the instrument, physical and mental score: worked examples of other implementations.
SF12_EXAMPLES = [
    ((1, 3, 3, 2, 2, 2, 2, 1, 1, 1, 6, 5), 56.57706, 60.75781),
    ((5, 1, 1, 1, 1, 1, 1, 5, 6, 6, 1, 1), 23.99938, 19.06444),
    ((3, 1, 2, 1, 2, 1, 2, 4, 4, 1, 4, 3), 37.10464, 46.00098),
    ((3, 2, 2, 2, 2, 1, 1, 3, 3, 3, 3, 3), 48.60638, 33.57777),
    ((2, 2, 2, 1, 1, 1, 1, 2, 2, 2, 5, 4), 41.26173, 47.51643),
    ((5, 2, 2, 1, 1, 2, 2, 5, 6, 6, 1, 1), 25.91983, 28.27583),
    ((4, 1, 1, 1, 1, 2, 2, 4, 3, 5, 6, 5), 18.36726, 63.09202),
]


@pytest.fixture(scope="module")
def survey() -> pd.DataFrame:
    return generate()


def digest(frame: pd.DataFrame) -> str:
    return hashlib.sha256(frame.to_csv(index=False, lineterminator="\n").encode()).hexdigest()


def test_the_same_seed_gives_the_same_bytes_in_another_process(survey: pd.DataFrame) -> None:
    code = (
        "import hashlib; from dnt_cli.synthetic import generate; "
        "print(hashlib.sha256(generate().to_csv(index=False, lineterminator='\\n').encode()).hexdigest())"
    )
    environment = os.environ | {"PYTHONHASHSEED": "12345"}
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert other.stdout.strip() == digest(survey)


def test_other_seeds_give_other_women_with_the_same_levels(survey: pd.DataFrame) -> None:
    levels = survey.groupby(["wave", "group"])[["debt", "dkl_distress", "self_efficacy"]].agg(["count", "mean"])
    for seed in OTHER_SEEDS:
        other = generate(seed)
        assert digest(other) != digest(survey)
        again = other.groupby(["wave", "group"])[["debt", "dkl_distress", "self_efficacy"]].agg(["count", "mean"])
        pd.testing.assert_frame_equal(again["debt"], levels["debt"])
        pd.testing.assert_frame_equal(again["self_efficacy"], levels["self_efficacy"])


def test_one_row_per_woman_and_interview(survey: pd.DataFrame) -> None:
    assert list(survey.index) == list(range(516))
    assert not survey.duplicated(["id", "wave"]).any()
    assert survey[["id", "wave"]].equals(survey.sort_values(["id", "wave"])[["id", "wave"]])
    assert sorted(survey["id"].unique()) == [f"S{n:03d}" for n in range(1, 137)]
    assert (survey.groupby("id")["wave"].min() == "T0").all()


def test_background_is_the_same_on_every_row_of_a_woman(survey: pd.DataFrame) -> None:
    background = survey.loc[:, "group":"nonresponse_reason"]
    assert (background.groupby(survey["id"]).nunique(dropna=False) == 1).all().all()


def test_some_women_miss_a_wave_and_return(survey: pd.DataFrame) -> None:
    attended = survey.pivot(index="id", columns="wave", values="work_any").notna()
    returns = attended.apply(lambda row: "01" in "".join(str(int(here)) for here in row), axis=1)
    assert returns.sum() == 28


def test_answers_of_one_woman_agree(survey: pd.DataFrame) -> None:
    assert (survey["work_gt12h"] <= survey["work_any"]).all()
    assert (survey["work_any"] <= (survey["ladder_rung"] >= 5)).all()
    assert (survey["contact_weekly"].dropna() <= survey["contact_any"][survey["contact_weekly"].notna()]).all()
    assert (survey.loc[survey["ladder_rung"] == 1, "contact_weekly"].dropna() == 0).all()
    person = survey[survey.wave == "T0"]
    assert (person.loc[person["youngest_child_home"] != "none or 18+", "has_children"] == "yes").all()
    assert (person.loc[person["lives_in_shelter"] == "yes", "shelter_support"] == "yes").all()
    worked = person["work_experience"] == "yes"
    for implies_work in (person["work_any"] == 1, person["permanent_contract_last_job"] == "yes"):
        assert worked[implies_work].all()
    assert worked[person["last_job_over_5_years"] == "yes"].all()
    assert (person.loc[person["work_any"] == 1, "last_job_over_5_years"] == "no").all()
    assert person.loc[person["nonresponse_reason"] == "too much difficulty with Dutch", "born_in_nl"].eq("no").all()
    assert person["age"].between(18, 64).all()


def test_scores_are_those_that_items_can_give(survey: pd.DataFrame) -> None:
    items = {f"cas_{name}": (n, 0, 5) for name, n in CAS_ITEMS.items()}
    items |= {"locus_of_control": (18, 1, 6), "social_support": (12, 1, 4)}
    for column, (n, low, high) in items.items():
        sums = survey[column].dropna() * n
        assert np.allclose(sums, sums.round(), atol=1e-9), column
        assert survey[column].dropna().between(low, high).all(), column
    sums = {"self_efficacy": (10, 40), "dkl_distress": (0, 32), "dkl_depression": (0, 12), "dkl_anxiety": (0, 24),
            "dkl_somatisation": (0, 32), "fear_of_violence": (0, 4)}  # fmt: skip
    for column, (low, high) in sums.items():
        assert survey[column].dropna().isin(range(low, high + 1)).all(), column
    assert (survey[[f"cas_{name}" for name in CAS_ITEMS]] == 0).to_numpy().sum() > 300


def test_sf12_scores_come_from_answers() -> None:
    draw = Survey(2021)
    scores = draw.outcomes["sf12_mental"]
    for (group, wave), levels in draw.sf12_levels.items():
        kept = scores[(draw.people.group == group) & ~np.isnan(scores[:, wave]), wave]
        assert np.abs(sf12.score(levels)[:, 1] - kept).max() <= 0.005 + 1e-9


@pytest.mark.parametrize(("raw", "physical", "mental"), SF12_EXAMPLES)
def test_sf12_worked_examples(raw: tuple[int, ...], physical: float, mental: float) -> None:
    levels = np.array([raw]) - 1
    for item, name in enumerate(sf12.ITEMS):
        if name in sf12.REVERSED:
            levels[0, item] = len(sf12.WEIGHTS[name]) + 1 - raw[item]
    assert np.abs(sf12.score(levels)[0] - (physical, mental)).max() < 5e-6
    assert tuple(sf12.raw_answers(levels)[0]) == raw


@pytest.mark.parametrize(
    ("column", "low", "high"),
    [("debt", 0.2, 0.6), ("dkl_distress", 0.3, 0.8), ("sf12_mental", 0.3, 0.7), ("self_efficacy", 0.4, 0.8)],
)
def test_waves_hang_together(survey: pd.DataFrame, column: str, low: float, high: float) -> None:
    waves = survey.pivot(index="id", columns="wave", values=column).corr()
    assert low < waves.loc["T0", "T3"] < high
    assert waves.loc["T0", "T1"] > waves.loc["T0", "T4"] - 0.15


def test_outcomes_hang_together(survey: pd.DataFrame) -> None:
    baseline = survey[survey.wave == "T0"]
    r = baseline[["dkl_distress", "dkl_depression", "dkl_anxiety", "sf12_mental", "debt", "ends_meet_answer"]].corr()
    assert r.loc["dkl_distress", "dkl_depression"] > 0.4
    assert r.loc["dkl_distress", "sf12_mental"] < -0.35
    assert r.loc["debt", "ends_meet_answer"] < -0.25


def test_allocation_meets_the_counts_in_the_order_of_the_score() -> None:
    assert allocate(np.array([0.3, -1.0, 2.0, 0.1]), np.array([1, 0, 2, 1])).tolist() == [2, 0, 3, 2]


def test_sums_are_exact() -> None:
    assert round_to_sum(np.array([0.4, 1.5, 2.1]), 4).tolist() == [0, 2, 2]
    with pytest.raises(ValueError, match="do not add up"):
        round_to_sum(np.array([0.4, 1.5, 2.1]), 9)
    score = np.random.default_rng(0).standard_normal(50)
    bounded = bounded_scores(score, 38.5, 8.0, (10, 40))
    assert (bounded.sum(), bounded.min() >= 10, bounded.max()) == (1925, True, 40)
    assert (np.diff(bounded[np.argsort(score)]) >= 0).all()
    skewed = skewed_scores(score, 1.3, 0.5, 15)
    assert (skewed.sum(), int((skewed == 0).sum()) >= 25, skewed.max() <= 15) == (65, True, True)
