"""How alike a person's waves are before and after imputation, and how often the lowest value occurs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dnt_cli.imputation import ModelColumn
from dnt_cli.imputation.likeness import COLUMNS, likeness
from dnt_cli.imputed.tables import likeness_table
from dnt_cli.study import parse_study
from dnt_cli.wording import Wording
from tests.support.robustness_study import STUDY

SCORES = [ModelColumn(f"score_{t}", "continuous", series="score", occasion=t) for t in (2, 0, 1)]


def frames() -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """Three waves of 60 persons in two arms, half of the last wave missing, and two completed data sets."""
    rng = np.random.default_rng(1)
    own = rng.normal(size=60)
    full = pd.DataFrame({"arm": np.repeat(["a", "b"], 30)})
    for t in range(3):
        full[f"score_{t}"] = np.maximum(0, np.round(own + 0.6 + 0.5 * rng.normal(size=60), 1))
    gaps = full.copy()
    gaps.loc[::2, "score_2"] = np.nan
    sets = []
    for _ in range(2):
        data = full.copy()
        data.loc[::2, "score_2"] = rng.choice([0.0, 3.0], 30)
        sets.append(data)
    return gaps, sets


def test_correlations_are_those_of_persons_with_both_answers_and_with_one_imputed() -> None:
    gaps, sets = frames()
    found = likeness(gaps, SCORES, sets, "arm").set_index("group")
    for arm, part in gaps.groupby("arm"):
        r = part[["score_0", "score_1", "score_2"]].corr()
        sizes = np.array([30, 15, 15])
        by_hand = np.array([r.iloc[0, 1], r.iloc[0, 2], r.iloc[1, 2]]) @ sizes / 60
        assert found.loc[arm, "r_observed"] == pytest.approx(by_hand)
        assert found.loc[arm, "pairs_observed"] == 15
        lost = part.index[part["score_2"].isna()]
        each = [data.loc[lost].corr(numeric_only=True) for data in sets]
        assert found.loc[arm, "r_imputed"] == pytest.approx(
            np.mean([[c.loc["score_0", "score_2"], c.loc["score_1", "score_2"]] for c in each])
        )
        assert found.loc[arm, "pairs_imputed"] == len(lost)


def test_the_share_at_the_floor_is_of_observed_and_of_imputed_answers() -> None:
    gaps, sets = frames()
    found = likeness(gaps, SCORES, sets, "arm").set_index("group")
    for arm, part in gaps.groupby("arm"):
        values = part.filter(like="score").to_numpy()
        assert found.loc[arm, "floor_observed"] == pytest.approx(np.mean(values[~np.isnan(values)] == 0))
        lost = part.index[part["score_2"].isna()]
        assert found.loc[arm, "floor_imputed"] == pytest.approx(
            np.mean([(data.loc[lost, "score_2"] == 0).mean() for data in sets])
        )
    high = likeness(gaps.replace(0.0, np.nan).fillna({"score_0": 5.0}), SCORES, sets, "arm")
    assert high["floor_observed"].isna().all()


def test_too_few_persons_or_no_spread_give_no_correlation() -> None:
    gaps, sets = frames()
    few = likeness(gaps.iloc[:12], SCORES, [data.iloc[:12] for data in sets], "arm")
    assert few["r_imputed"].isna().all()
    assert few["pairs_imputed"].eq(0).all()
    flat = gaps.assign(score_0=1.0, score_1=1.0)
    same = likeness(flat, SCORES, [data.assign(score_0=1.0, score_1=1.0) for data in sets], "arm")
    assert same["r_observed"].isna().all()
    assert likeness(sets[0], SCORES, sets, "arm").empty


def test_the_table_names_outcomes_that_became_less_alike() -> None:
    study = parse_study(STUDY)
    first, second = list(study.measured)[:2]
    arms = (study.design.intervention, study.design.comparison)
    rows = [(first, arm, 40, 20, 0.6, 0.3, 0.5, 0.4) for arm in arms]
    rows += [(second, arm, 40, 20, 0.6, 0.5, np.nan, np.nan) for arm in arms]
    table = likeness_table(pd.DataFrame(rows, columns=COLUMNS), Wording(study, "en"))
    assert [len(section.rows) for section in table.sections] == [2, 2]
    assert [cell.text for cell in table.sections[0].rows[0]][1:] == ["0.60", "0.30", "50%", "40%"]
    assert [cell.text for cell in table.sections[1].rows[1]][1:] == ["0.60", "0.50", "", ""]
    told = table.notes[-1]
    assert Wording(study, "en").label(first) in told
    assert Wording(study, "en").label(second) not in told
