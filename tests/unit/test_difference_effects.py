"""Effects of two runs: what moved, and which marks were gained and lost."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from dnt_cli.diff.effects import MOVED, EffectChanges
from dnt_cli.study import Significance
from tests.support.differing import NAN, effect, odds

MARKS = Significance()


def compared(a: list[dict[str, Any]], b: list[dict[str, Any]], marks: Significance = MARKS) -> EffectChanges:
    return EffectChanges.of(pd.DataFrame(a), pd.DataFrame(b), MARKS, marks)


def one(a: dict[str, Any], b: dict[str, Any], marks: Significance = MARKS) -> dict[Any, Any]:
    found = compared([a], [b], marks).effects
    assert len(found) == 1
    return found.iloc[0].to_dict()


def test_same_is_exact_and_within_is_not_moved() -> None:
    assert one(effect(), effect())["change"] == "same"
    near = one(effect(), effect(beta=0.2 + 0.1 * 0.009))
    assert near["change"] == "within"
    assert near["shift"] == pytest.approx(0.009)
    far = one(effect(), effect(beta=0.2 - 0.1 * 0.011))
    assert far["change"] == "moved"
    assert far["shift"] == pytest.approx(-0.011)
    assert MOVED == 0.01


def test_odds_ratios_shift_on_the_log_scale_and_are_shown_as_they_are() -> None:
    row = one(odds(0.5, 0.4), odds(0.7, 0.4))
    assert row["shift"] == pytest.approx(0.5)
    assert (row["estimate_a"], row["estimate_b"]) == (math.exp(0.5), math.exp(0.7))
    assert row["se_b"] == math.exp(0.7) * 0.4


def test_beta_leads_where_the_outcome_is_linear() -> None:
    """Another unit of the outcome moves nothing that anyone reads; another standardisation does."""
    assert one(effect(), effect(estimate=20.0, std_error=15.0))["change"] == "within"
    assert one(effect(), effect(beta=0.4, beta_se=0.2))["shift"] == pytest.approx(2.0)


def test_another_standard_error_is_moved_too() -> None:
    row = one(effect(), effect(beta_se=0.1 * 1.02))
    assert (row["change"], row["shift"]) == ("moved", 0.0)
    assert row["se_ratio"] == pytest.approx(1.02)
    assert one(effect(), effect(beta_se=0.1 * 1.009))["change"] == "within"


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        (0.11, 0.09, "mark gained"),
        (0.04, 0.10, "mark lost"),
        (0.06, 0.04, "mark changed"),
        (0.04, 0.06, "mark changed"),
        (0.30, 0.10, ""),
        (0.049, 0.001, ""),
    ],
)
def test_marks(before: float, after: float, why: str) -> None:
    row = one(effect(p_value=before), effect(p_value=after))
    assert row["why"] == why
    assert row["change"] == ("conclusion" if why else "within")


def test_marks_follow_each_files_own_levels() -> None:
    row = one(effect(p_value=0.04), effect(p_value=0.04), Significance(strict=0.01, lenient=0.03))
    assert (row["mark_a"], row["mark_b"], row["why"]) == ("**", "", "mark lost")


def test_a_mark_with_the_other_sign_is_reversed() -> None:
    row = one(effect(p_value=0.04), effect(p_value=0.06, estimate=-2.0, beta=-0.2))
    assert row["why"] == "reversed"
    assert one(effect(), effect(estimate=-2.0, beta=-0.2))["why"] == ""


def test_status() -> None:
    none = dict.fromkeys(("estimate", "std_error", "df", "p_value", "beta", "beta_se"), NAN)
    lost = effect(status="not estimable", **none)
    row = one(effect(p_value=0.04), lost)
    assert (row["why"], row["mark_b"]) == ("status; mark lost", "")
    assert row["shift"] == math.inf
    assert one(lost, effect(p_value=0.04))["why"] == "status; mark gained"
    assert one(effect(), effect(status="doubtful"))["why"] == "status"
    both = one(lost, lost)
    assert (both["change"], both["shift"], both["se_ratio"]) == ("same", 0.0, 1.0)


def test_standard_error_of_zero_and_of_nothing() -> None:
    zero = effect(beta_se=0.0)
    assert one(zero, zero)["change"] == "same"
    row = one(zero, effect(beta_se=0.0, beta=0.3))
    assert (row["change"], row["shift"], row["se_ratio"]) == ("moved", math.inf, 1.0)
    assert one(zero, effect())["se_ratio"] == math.inf
    unknown = one(effect(beta_se=NAN), effect(beta_se=NAN))
    assert unknown["change"] == "same"
    assert one(effect(), effect(beta_se=NAN))["change"] == "moved"


def test_only_in_one_and_the_order_of_the_second() -> None:
    found = compared([effect("gone"), effect("stays")], [effect("new"), effect("stays")]).effects
    assert list(found["outcome"]) == ["new", "stays", "gone"]
    assert list(found["why"]) == ["only in B", "", "only in A"]
    assert list(found["status_a"]) == ["", "ok", "ok"]
    assert found["shift"].isna().tolist() == [True, False, True]


def test_another_scale_has_no_shift() -> None:
    row = one(odds(0.5, 0.4), effect("work", kind="probability", estimate=0.1, std_error=0.05))
    assert row["why"] == "other scale"
    assert math.isnan(row["shift"])


def test_verdicts_of_robustness_checks() -> None:
    a = [effect(verdict=""), effect(model="c", verdict="same")]
    b = [effect(verdict=""), effect(model="c", verdict="lost")]
    found = compared(a, b).effects
    assert list(found["why"]) == ["", "verdict"]
    assert list(found["model"]) == ["main", "c"]


def test_other_terms_are_counted_apart() -> None:
    control = effect(term="age")
    balance = effect(analysis="balance", term="age", kind=NAN, beta=NAN, beta_se=NAN, std_error=NAN, status=NAN)
    a = [effect(), control, balance]
    found = compared(a, [effect(), control | {"beta": 0.5}, balance])
    assert (len(found.effects), found.others, found.others_moved) == (1, 2, 1)
    assert compared(a, a).others_moved == 0
    assert compared(a, a[:2]).others_moved == 1
    assert compared(a, [*a[:2], balance | {"estimate": 9.0}]).others_moved == 1


def test_effects_at_several_waves_are_compared_wave_by_wave() -> None:
    rows = [effect(analysis="waves", wave=wave) for wave in ("T1", "T2")]
    moved = [rows[0] | {"beta": 0.9}, rows[1]]
    assert (compared(rows, moved).others, compared(rows, moved).others_moved) == (2, 1)
    older = {name: value for name, value in effect().items() if name != "wave"}
    assert one(older, effect(wave="T3"))["change"] == "same"


def test_inputs_are_not_changed() -> None:
    a = pd.DataFrame([effect(), effect(term="age")])
    before = a.copy()
    EffectChanges.of(a, a.iloc[::-1], MARKS, MARKS)
    pd.testing.assert_frame_equal(a, before)
