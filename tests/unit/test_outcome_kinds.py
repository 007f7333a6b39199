"""Counts and ordered classes as tested outcomes: what is estimated, refused, told, imputed and shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dnt_cli.effects.cluster_notes import cluster_notes
from dnt_cli.effects.columns import effect_rows
from dnt_cli.effects.errors import resting_on
from dnt_cli.effects.fitting import Options
from dnt_cli.effects.kinds import KINDS
from dnt_cli.effects.result import Estimates
from dnt_cli.effects.run import endpoint_effects, trend_effects
from dnt_cli.engines import (
    DesignMatrix,
    fit_counts,
    fit_logistic,
    fit_mixed_counts_sets,
    fit_mixed_logistic,
    fit_mixed_ordered,
    fit_ordered,
    ordered,
)
from dnt_cli.engines.cluster_scores import cluster_errors
from dnt_cli.imputation import Settings
from dnt_cli.imputed.data import Completed, impute_wide
from dnt_cli.messages import decoded
from dnt_cli.robustness.checks import e_dropouts
from dnt_cli.robustness.context import Context, NotApplicable
from dnt_cli.study import Study, parse_study
from dnt_cli.study.spec import Outcome
from dnt_cli.wording import Wording, spoken
from tests.support.kinds import KINDS_STUDY, answers

Floats = np.ndarray[Any, np.dtype[np.float64]]


@pytest.fixture(scope="module")
def study() -> Study:
    return parse_study(KINDS_STUDY)


def completed(study: Study, *frames: pd.DataFrame) -> Completed:
    return Completed(study, frames[0], frames)


def design(response: Floats, *columns: Floats, groups: Floats | None = None) -> DesignMatrix:
    n = len(response)
    matrix = np.column_stack([np.ones(n), *columns])
    codes = None if groups is None else groups.astype(np.int64)
    return DesignMatrix(response, matrix, ("(Intercept)", "group", "x")[: matrix.shape[1]], codes)


def said(fit: Any) -> str:
    return spoken(fit.status.messages, "en")


# What is estimated


def test_a_rate_ratio_without_controls_is_the_ratio_of_the_means() -> None:
    rng = np.random.default_rng(2)
    group = np.repeat([0.0, 1.0], 60)
    for counts in (rng.negative_binomial(1.5, 0.3, 120), rng.binomial(5, 0.4, 120)):
        fit = fit_counts(design(counts.astype(float), group))
        ratio = counts[group == 1].mean() / counts[group == 0].mean()
        assert np.exp(fit.estimate[1]) == pytest.approx(ratio, rel=1e-9)


def test_counts_that_scatter_no_more_than_poissons_are_poissons() -> None:
    group = np.repeat([0.0, 1.0], 60)
    rng = np.random.default_rng(3)
    assert fit_counts(design(rng.binomial(5, 0.4, 120).astype(float), group)).engine == "dnt Poisson"
    assert fit_counts(design(rng.negative_binomial(1.5, 0.3, 120).astype(float), group)).details["dispersion"] > 0.1


def test_two_classes_are_logistic_regression() -> None:
    """Estimates, standard errors and likelihood of one wave, and of a trend, with its errors by person and by site."""
    rng = np.random.default_rng(5)
    group, x = np.repeat([0.0, 1.0], 60), rng.normal(size=120)
    answer = (0.8 * group + x + rng.logistic(size=120) > 0).astype(float)
    one, other = fit_ordered(design(answer + 3.0, group, x)), fit_logistic(design(answer, group, x))
    np.testing.assert_allclose(one.estimate, other.estimate, atol=1e-8)
    np.testing.assert_allclose(one.covariance, other.covariance, atol=1e-8)
    assert one.df_residual == other.df_residual
    person = np.repeat(np.arange(60), 4)
    group, x = (person % 2).astype(float), rng.normal(size=240)
    answer = (0.8 * group + x + 1.5 * rng.normal(size=60)[person] + rng.logistic(size=240) > 0).astype(float)
    waves = replace(design(answer, group, x, groups=person), sites=(person % 12).astype(np.int64))
    classes = replace(waves, response=answer + 1.0)
    mine, theirs = fit_mixed_ordered(classes, nodes=15), fit_mixed_logistic(waves, nodes=15)
    np.testing.assert_allclose(mine.estimate, theirs.estimate, atol=1e-4)
    np.testing.assert_allclose(mine.std_error, theirs.std_error, rtol=1e-3)
    assert mine.log_likelihood == pytest.approx(theirs.log_likelihood, abs=1e-6)
    (a,), (b,) = ordered.cluster_errors([classes], [mine]), cluster_errors([waves], [theirs])
    assert a is not None
    assert b is not None
    np.testing.assert_allclose(a.persons, b.persons, rtol=5e-3)
    np.testing.assert_allclose(a.sites, b.sites, rtol=5e-3)  # type: ignore[arg-type]
    np.testing.assert_allclose(a.sites_df, b.sites_df, rtol=5e-3)  # type: ignore[arg-type]


def test_the_numbering_of_classes_and_units_of_controls_do_not_matter() -> None:
    rng = np.random.default_rng(7)
    group, x = np.repeat([0.0, 1.0], 80), rng.normal(size=160)
    y = np.searchsorted([-1.0, 0.0, 1.5], group + x + rng.logistic(size=160)).astype(float)
    plain = fit_ordered(design(y, group, x), tested="group")
    other = fit_ordered(design(10.0 * y + 5.0, group, 1e6 + 1000.0 * x), tested="group")
    assert other.estimate[1] == pytest.approx(plain.estimate[1], abs=1e-7)
    assert other.estimate[2] * 1000 == pytest.approx(plain.estimate[2], abs=1e-6)
    np.testing.assert_allclose(other.details["separate"], plain.details["separate"], atol=1e-5)


def test_persons_without_own_level_are_a_singular_fit() -> None:
    rng = np.random.default_rng(9)
    person = np.repeat(np.arange(50), 4)
    group = (person % 2).astype(float)
    # Every person has the same four answers, so that persons differ less than chance would have it.
    counts, classes = np.tile([1.0, 3.0, 2.0, 5.0], 50), np.tile([1.0, 2.0, 3.0, 2.0], 50)
    counts[rng.integers(0, 200, 4)] += 1
    classes[rng.integers(0, 200, 4)] = 3.0
    (fit,) = fit_mixed_counts_sets([design(counts, group, groups=person)])
    assert fit.status.singular
    assert fit.random_sd == 0.0
    other = fit_mixed_ordered(design(classes, group, groups=person), nodes=15)
    assert other.status.singular
    assert other.random_sd == 0.0


def test_persons_very_far_apart_get_as_many_nodes_as_their_model_needs() -> None:
    """Seven nodes do not find the maximum of this likelihood, and fifteen do."""
    rng = np.random.default_rng(2)
    person, wave = np.repeat(np.arange(100), 4), np.tile(np.arange(4.0), 100)
    level = np.repeat(rng.normal(scale=3.0, size=100), 4) + 0.2 * wave + rng.logistic(size=400)
    classes = np.digitize(level, [-1.0, 0.5, 2.0]).astype(float)
    few, many = (fit_mixed_ordered(design(classes, wave, groups=person), nodes=nodes) for nodes in (7, 31))
    assert few.status.usable
    assert few.engine == f"dnt cumulative logit AGQ {few.nodes}"
    assert few.nodes > 7
    assert few.random_sd == pytest.approx(many.random_sd, rel=1e-3)
    assert few.estimate[1] == pytest.approx(many.estimate[1], abs=1e-3)
    assert few.std_error[1] == pytest.approx(many.std_error[1], rel=1e-3)


# What is refused


@pytest.mark.parametrize(
    ("counts", "says"),
    [
        ([0.0, 1.0, 2.5, 1.0] * 10, "must be whole numbers from 0"),
        ([0.0, 1.0, -2.0, 1.0] * 10, "must be whole numbers from 0"),
        ([0.0] * 40, "the same value in every row"),
        ([0.0] * 20 + [1.0, 2.0, 0.0, 4.0] * 5, "'group': on one side of it the outcome is zero only"),
    ],
)
def test_counts_of_which_nothing_can_be_estimated(counts: list[float], says: str) -> None:
    values, group = np.array(counts), np.repeat([0.0, 1.0], 20)
    fit = fit_counts(design(values, group))
    assert not fit.status.usable
    assert says in said(fit)
    person = np.repeat(np.arange(20), 2)
    (trend,) = fit_mixed_counts_sets([design(values, group, groups=person)])
    assert says in said(trend)


def test_huge_counts_and_a_rare_large_one_are_fitted() -> None:
    rng = np.random.default_rng(4)
    group = np.repeat([0.0, 1.0], 60)
    huge = rng.negative_binomial(1.2, 1e-6, 120).astype(float)
    assert np.exp(fit_counts(design(huge, group)).estimate[1]) == pytest.approx(
        huge[group == 1].mean() / huge[group == 0].mean(), rel=1e-7
    )
    few = np.zeros(120)
    few[[3, 70]] = 1.0, 100_000.0
    fit = fit_counts(design(few, group))
    assert fit.status.usable is (said(fit) == "")


@pytest.mark.parametrize(
    ("classes", "says"),
    [
        ([2.0] * 40, "the same value in every row"),
        ([1.0, 2.0] * 10 + [3.0, 4.0] * 10, "separate the classes"),
        (list(np.arange(40.0)), "has 40 different values"),
    ],
)
def test_classes_of_which_nothing_can_be_estimated(classes: list[float], says: str) -> None:
    fit = fit_ordered(design(np.array(classes), np.repeat([0.0, 1.0], 20)))
    assert not fit.status.usable
    assert says in said(fit)


# What is told


def remarks(study: Study, kind: str, *frames: pd.DataFrame, trend: bool = False) -> str:
    run = trend_effects if trend else endpoint_effects
    rows = effect_rows(run(completed(study, *frames), Options(quadrature_check=0)).estimates)
    return " ".join(spoken(decoded(own), "en") for own in rows.loc[rows["kind"] == kind, "message"])


def test_the_model_of_a_count_is_told(study: Study) -> None:
    frames = answers(1), answers(2)
    assert "negative binomial regression, since the counts scatter more" in remarks(study, "count", *frames)
    assert "Poisson regression: the counts scatter no more" in remarks(study, "count", *frames)
    given = remarks(study, "count", *frames, trend=True)
    assert "negative binomial model, since the counts of a person" in given
    assert "Poisson model: the counts of a person" in given


def test_counts_that_scatter_less_than_poissons_are_told(study: Study) -> None:
    """With a variance of a third of the mean; the note on the trend follows from the errors by person."""
    rng, frame = np.random.default_rng(3), answers()
    for wave in ("T0", "T1", "T2"):
        frame[f"creditors_{wave}"] = 3.0 + rng.integers(-1, 2, len(frame))
    told = remarks(study, "count", frame, frame)
    assert "the counts scatter less: variance = 0.2" in told
    assert "scatter less" not in remarks(study, "count", answers(), answers())
    rows = effect_rows(trend_effects(completed(study, frame, frame), Options(quadrature_check=0)).estimates)
    notes = [own.text for own in cluster_notes(resting_on(rows, "model"), Wording(study, "en"))]
    assert any("the SE is smaller (times) for Number of creditors (0." in note for note in notes)


def test_more_zeros_than_the_model_expects_are_told(study: Study) -> None:
    frame = answers()
    none = np.arange(len(frame)) % 4 < 2
    counts = np.where(none, 0.0, 8.0 + np.arange(len(frame)) % 3)
    told = remarks(study, "count", *[frame.assign(creditors_T2=counts)] * 2)
    assert "there are 80 zeros where the model expects" in told
    assert "zeros" not in remarks(study, "count", frame, frame)


def test_proportional_odds_are_tested_and_contradicted(study: Study) -> None:
    assert "proportional odds of the group not contradicted (Brant: F(" in remarks(
        study, "ordinal", answers(), answers()
    )
    crossed, treated = answers(), answers()["group"] == "i"
    rng = np.random.default_rng(8)
    classes, n = np.arange(1.0, 6.0), len(treated)
    middle = rng.choice(classes, n, p=[0.1, 0.2, 0.4, 0.2, 0.1])
    ends = rng.choice(classes, n, p=[0.35, 0.1, 0.1, 0.1, 0.35])
    told = remarks(study, "ordinal", *[crossed.assign(ends_T2=np.where(treated, ends, middle))] * 2)
    assert "proportional odds of the group contradicted" in told
    low, high = (float(part) for part in told.partition("runs from ")[2].partition(";")[0].split(" to "))
    assert low < 0.5
    assert high > 2.0


def test_proportional_odds_of_the_trend_are_tested_and_contradicted(study: Study) -> None:
    assert "proportional odds of the trend not contradicted (over persons: F(3, " in remarks(
        study, "ordinal", answers(), answers(), trend=True
    )
    spread, rng = answers(), np.random.default_rng(8)
    treated, n = spread["group"] == "i", len(spread)
    for wave in ("T1", "T2"):
        middle = rng.choice(np.arange(1.0, 6.0), n, p=[0.1, 0.2, 0.4, 0.2, 0.1])
        ends = rng.choice(np.arange(1.0, 6.0), n, p=[0.35, 0.1, 0.1, 0.1, 0.35])
        spread[f"ends_{wave}"] = np.where(treated, ends, middle)
    told = remarks(study, "ordinal", spread, spread, trend=True)
    assert "proportional odds of the trend contradicted" in told
    low, high = (float(part) for part in told.partition("runs from ")[2].partition(";")[0].split(" to "))
    assert low < 0.8
    assert high > 1.2


def test_the_covariance_over_thresholds_of_persons_with_one_row_is_that_of_white() -> None:
    """Persons' influences, of one row each, add up to HC0 at each threshold; its square root is R's sandwich."""
    rng = np.random.default_rng(2)
    x = np.column_stack([np.ones(200), rng.normal(size=200)])
    y = np.searchsorted([-1.0, 0.0, 1.0], x[:, 1] + rng.logistic(size=200)).astype(float)
    found = ordered.separate_odds(DesignMatrix(y, x, ("(Intercept)", "x"), np.arange(200)), "x")
    for place, cut in enumerate(found["separate_at"]):
        fit = fit_logistic(DesignMatrix((y >= cut) * 1.0, x, ("(Intercept)", "x"), None))
        residual = (y >= cut) - 1 / (1 + np.exp(-x @ fit.estimate))
        meat = (x * residual[:, None] ** 2).T @ x
        white = (fit.covariance @ meat @ fit.covariance)[1, 1]
        assert found["separate_covariance"][place, place] == pytest.approx(white * 200 / 199, rel=1e-10)


def test_classes_that_nobody_is_in_are_told(study: Study) -> None:
    frame = answers()
    told = remarks(study, "ordinal", *[frame.assign(ends_T2=frame["ends_T2"].clip(upper=4))] * 2)
    assert "nobody is in 1 of the 5 classes" in told
    told = remarks(study, "ordinal", frame.assign(ends_T2=frame["ends_T2"].clip(upper=4)), frame)
    assert "which classes occur differs between the imputations" in told


# From the study file to the tables


def test_effects_stand_on_the_scale_of_their_kind(study: Study) -> None:
    effects = endpoint_effects(completed(study, answers(1), answers(2)), Options())
    rows = effect_rows(effects.estimates).set_index("outcome")
    count, ordinal = rows.loc["creditors"], rows.loc["ends"]
    assert count["rate_ratio"] == pytest.approx(np.exp(count["estimate"]))
    assert count["rate_ratio_se"] == pytest.approx(count["rate_ratio"] * count["std_error"])
    assert np.log(count["rate_ratio_high"]) == pytest.approx(count["conf_high"])
    assert ordinal["odds_ratio"] == pytest.approx(np.exp(ordinal["estimate"]))
    assert pd.isna(count[["odds_ratio", "beta", "d", "n_events", "marginal_effect"]].astype(float)).all()
    assert pd.isna(ordinal[["rate_ratio", "beta", "d", "n_events", "marginal_effect"]].astype(float)).all()
    assert count["rate_ratio"] < 1 < ordinal["odds_ratio"]
    assert rows[["p_value_sites", "icc_sites"]].notna().all(axis=None)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_tables_have_a_part_per_kind(study: Study, language: str) -> None:
    data, wording = completed(study, answers(1), answers(2)), Wording(study, language)  # type: ignore[arg-type]
    parts = endpoint_effects(data, Options(), at=["T1"]), trend_effects(data, Options(quadrature_check=0))
    joined = Estimates.joined([Estimates.of(study, own, 0.95) for own in parts])
    titles = [table.title for table in joined.tables(wording)]
    for kind in ("count", "ordinal"):
        assert any(wording.text(f"common.{kind}_title") in title for title in titles)
        headings = {column.heading for table in joined.tables(wording) for column in table.columns}
        assert wording.text(f"common.{KINDS[kind].scale}") in headings


def test_errors_by_site_may_be_the_main_ones() -> None:
    study = parse_study(KINDS_STUDY.replace("[models]", '[models]\nerrors = "sites"'))
    effects = endpoint_effects(completed(study, answers(1), answers(2)), Options())
    joined = Estimates.of(study, effects, 0.95)
    assert any("IRR" in column.heading for table in joined.tables(Wording(study, "en")) for column in table.columns)


def test_imputed_counts_and_classes_are_possible_answers(study: Study) -> None:
    frame = answers(n=120)
    rng = np.random.default_rng(6)
    for name in [c for c in frame.columns if c.startswith(("creditors", "children", "ends")) and not c.endswith("T0")]:
        frame.loc[rng.random(len(frame)) < 0.3, name] = np.nan
    sets = tuple(impute_wide(frame, study, Settings(m=3, iterations=3, seed=1))[1])
    for own in sets:
        for name, low, high in (("creditors", 0, np.inf), ("children", 0, 6), ("ends", 1, 5)):
            values = own[[f"{name}_T1", f"{name}_T2"]].to_numpy(dtype=float)
            assert (values == np.round(values)).all()
            assert values.min() >= low
            assert values.max() <= high
    drawn = np.concatenate([own.loc[frame["creditors_T2"].isna(), "creditors_T2"] for own in sets])
    assert (drawn == 0).any()


def test_limits_follow_from_the_kind() -> None:
    def limits(kind: str, given: tuple[float, float] | None = None) -> tuple[float, float] | None:
        return Outcome(label="x", kind=kind, waves=("T0",), range=given).limits  # type: ignore[arg-type]

    assert limits("binary") == (0.0, 1.0)
    assert limits("count") == (0.0, 1e9)
    assert limits("count", (0.0, 4.0)) == (0.0, 4.0)
    assert limits("linear") is None


def test_a_check_says_of_which_outcomes_a_shift_has_no_meaning(study: Study) -> None:
    frame = answers(n=80)
    holes = frame.assign(creditors_T2=frame["creditors_T2"].where(frame.index % 4 > 0))
    holes["score_T0"], holes["score_T2"] = frame["age"], frame["age"].where(frame.index % 3 > 0) + frame["creditors_T0"]
    score = '[outcomes.score]\nlabel = "Score"\nkind = "linear"\nwaves = ["T0", "T2"]\n[covariates.age]'
    own = parse_study(KINDS_STUDY.replace("[covariates.age]", score))
    full = holes.fillna({"creditors_T2": 2.0, "score_T2": 45.0})
    data = Completed(own, holes, (full, full.assign(creditors_T2=full["creditors_T2"] + (holes.index % 4 == 0))))
    main = endpoint_effects(data, Options(clusters=False))
    context = Context(data, Settings(m=2), Options(clusters=False), main)
    left = {part.key: part.reason for part in e_dropouts.plan(context) if isinstance(part, NotApplicable)}
    told = spoken(left["e:kinds"], "en", own)
    assert told.startswith("number of creditors, children, making ends meet: counts and classes are not shifted")
