"""Sample sizes and powers: the published plan, identities, simulations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from dnt_cli.errors import UsageError
from dnt_cli.power.comparisons import METHODS, Means, Method, Proportions
from dnt_cli.power.sizes import StudyPlan, detectable, power_at, required_size
from dnt_cli.power.tables import power_rows, power_table, size_table

PLANNED = Proportions(0.05, 0.18)


def test_the_published_plan_is_that_of_the_exact_test() -> None:
    size = required_size(PLANNED, "exact", StudyPlan(dropout=0.4))
    assert size.analysed == (88, 88)
    assert size.recruited == (147, 147)
    assert (round(size.power, 4), round(size.power_below, 4)) == (0.8023, 0.7974)


@pytest.mark.parametrize(("method", "n"), [("normal", 94), ("unpooled", 91), ("arcsine", 87), ("corrected", 109)])
def test_closed_formulas_ask_for_other_numbers(method: Method, n: int) -> None:
    assert required_size(PLANNED, method, StudyPlan()).analysed == (n, n)


def test_exact_power_is_the_share_of_rejections() -> None:
    rng = np.random.default_rng(1)
    n0, n1, draws = 55, 81, 200_000
    x, y = rng.binomial(n0, 0.05, draws), rng.binomial(n1, 0.18, draws)
    events = x + y
    with np.errstate(invalid="ignore", divide="ignore"):
        square = (n0 + n1) * (x * n1 - y * n0) ** 2 / (n0 * n1 * events * (n0 + n1 - events))
    share = np.mean(np.nan_to_num(square) > stats.chi2.isf(0.05, 1))
    assert PLANNED.power("exact", 0.05)(n0, n1) == pytest.approx(share, abs=4 * np.sqrt(0.25 / draws))


def test_power_of_sites_is_that_of_a_t_test_between_site_means() -> None:
    rng = np.random.default_rng(2)
    sites, size, icc, effect, draws = 16, 9, 0.05, 0.6, 40_000
    means = rng.normal(0, np.sqrt(icc + (1 - icc) / size), (draws, sites))
    means[:, : sites // 2] += effect
    share = np.mean(stats.ttest_ind(means[:, : sites // 2], means[:, sites // 2 :], axis=1).pvalue < 0.05)
    n = sites // 2 * size
    power = power_at(Means(effect), "exact", StudyPlan(icc=icc, sites=sites), (n, n))
    assert power == pytest.approx(share, abs=4 * np.sqrt(0.25 / draws))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("ratio", [1.0, 1.5])
def test_the_size_is_the_first_that_reaches_the_power(method: Method, ratio: float) -> None:
    plan = StudyPlan(ratio=ratio)
    size = required_size(Proportions(0.3, 0.5), method, plan)
    assert size.analysed is not None
    assert size.power >= plan.power > size.power_below
    assert power_at(Proportions(0.3, 0.5), method, plan, size.analysed) == size.power


def test_what_is_detectable_has_the_wanted_power() -> None:
    down, up = detectable(Proportions(0.4, 0.5), "normal", StudyPlan(), (55, 81))
    assert down is not None
    assert up is not None
    for share in (down, up):
        assert power_at(Proportions(0.4, share), "normal", StudyPlan(), (55, 81)) == pytest.approx(0.8, abs=1e-6)
    lower, upper = detectable(Means(1.0), "exact", StudyPlan(), (55, 81))
    assert lower == pytest.approx(-upper if upper else None)
    assert power_at(Means(upper or 0), "exact", StudyPlan(), (55, 81)) == pytest.approx(0.8, abs=1e-6)


def told_of(effect: Proportions | Means, plan: StudyPlan, *methods: Method) -> str:
    table = size_table(effect, [required_size(effect, method, plan) for method in methods], plan, "en")
    return "\n".join([table.title, *table.notes])


def test_why_no_size_will_do_is_said_as_it_is() -> None:
    without = told_of(Means(0.002), StudyPlan(), "exact")
    assert "even with 1000000 persons per group the power is no higher than 0.29" in without
    assert "sites" not in without.replace("with sites, with their", "")
    assert without.startswith("Sample size: a difference of 0.002 SD")
    assert "with so few sites and this ICC" in told_of(Means(0.2), StudyPlan(icc=0.3, sites=8), "exact")


def test_the_design_effect_is_that_of_each_method_s_size() -> None:
    plan = StudyPlan(icc=0.05, sites=16)
    sizes = [required_size(PLANNED, method, plan).analysed for method in ("exact", "corrected")]
    small, large = (f"{1 + (2 * size[0] / 16 - 1) * 0.05:.2f}" for size in sizes if size is not None)
    assert f"(design effect {small} – {large})" in told_of(PLANNED, plan, "exact", "corrected")
    assert f"(design effect {small})" in told_of(PLANNED, plan, "exact")


def test_groups_of_unequal_size_are_named_in_their_order() -> None:
    for n, named in (((81, 55), True), ((60, 60), False)):
        found = power_rows(PLANNED, ["exact"], StudyPlan(), n)
        notes = power_table(PLANNED, found, StudyPlan(), "en").notes
        assert ("N per group: comparison + intervention." in notes) == named


def test_too_few_sites_never_reach_it() -> None:
    plan = StudyPlan(icc=0.2, sites=16)
    size = required_size(PLANNED, "exact", plan)
    assert size.analysed is None
    assert 0.05 < size.power < 0.8


def test_a_baseline_value_saves_the_share_that_it_explains() -> None:
    plain, controlled = (required_size(Means(0.2, r), "normal", StudyPlan()).analysed for r in (0.0, 0.6))
    assert plain is not None
    assert controlled is not None
    assert controlled[0] == pytest.approx(plain[0] * (1 - 0.36), abs=1)


@pytest.mark.parametrize("wrong", [(0.0, 0.5), (0.5, 1.0), (0.3, 0.3)])
def test_impossible_proportions_are_refused(wrong: tuple[float, float]) -> None:
    with pytest.raises(UsageError):
        Proportions(*wrong)
