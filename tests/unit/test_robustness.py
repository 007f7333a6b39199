"""The checks on small studies: what each compares, and that nothing depends on --jobs."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.optimize import brentq
from scipy.stats import t as student_t

from dnt_cli.design import Designs
from dnt_cli.effects.columns import effect_rows
from dnt_cli.effects.fitting import fit_sets
from dnt_cli.effects.run import endpoint_effects, trend_effects
from dnt_cli.pooling import adjust
from dnt_cli.robustness.checks import CHECKS
from dnt_cli.robustness.context import Context, Reanalysis
from dnt_cli.robustness.result import MEASURES, RobustnessResult, grid_key
from dnt_cli.robustness.run import run_checks
from dnt_cli.robustness.shifted import ShiftMissing, imputed_answers, turned
from dnt_cli.robustness.summaries import site_ranges, tipping_points
from dnt_cli.study import Study, parse_study
from dnt_cli.tables import as_text
from dnt_cli.wording import Wording
from tests.support.robustness_study import OPTIONS, STUDY, complete, make_wide, pick, run, said


@pytest.fixture(scope="module")
def study() -> Study:
    return parse_study(STUDY)


@pytest.fixture(scope="module")
def everything(study: Study) -> RobustnessResult:
    # Check (j) is done at 20 whatever is imputed, which `test_the_sparse_check_does_not_hang_on_imputed_values` counts.
    small = replace(study, robustness=replace(study.robustness, deltas=(0.5, 1.0), second_m=2, sparse=20.0))
    return run(make_wide(), small, list(CHECKS))


class TestResults:
    def test_every_check_but_the_register_gives_a_column(self, everything: RobustnessResult) -> None:
        assert sorted({key[0] for key in everything.labels}) == list("abcefghijkl")
        assert set(everything.left_out) == {"d", "n"}
        assert said(everything, "left_out", "d", "nl") == "het onderzoek heeft geen registeruitkomsten"

    def test_the_sparse_check_does_not_hang_on_imputed_values(self, study: Study) -> None:
        """At 10, the default, it would: the fewer of events and non-events can be 28 to 45 over 4 coefficients."""
        wide = make_wide()
        answers = wide[study.column("work", study.design.endpoint)]
        events, others, persons = int((answers == 1).sum()), int((answers == 0).sum()), len(wide)
        fitted = endpoint_effects(complete(wide, study)[0], OPTIONS, outcomes=["work"])
        coefficients = fitted.estimates.query("analysis == 't3'")["term"].nunique()
        assert (events, others, persons, coefficients) == (35, 28, 90, 4)
        least, most = min(events, others) / coefficients, persons / 2 / coefficients
        assert least < study.robustness.sparse < most < 20

    def test_every_row_is_compared(self, everything: RobustnessResult) -> None:
        effects = everything.estimates[everything.estimates["analysis"] != "balance"]
        assert (effects["verdict"] == "").equals(effects["model"] == "main")
        assert effects.loc[effects["model"] == "main", "shift"].eq(0).all()

    def test_jobs_change_nothing(self, study: Study) -> None:
        wide = make_wide()
        one, two = (run(wide, study, ["a", "b"], replace(OPTIONS, jobs=jobs)) for jobs in (1, 2))
        pd.testing.assert_frame_equal(one.estimates, two.estimates, check_exact=True)
        pd.testing.assert_frame_equal(one.fits, two.fits, check_exact=True)

    def test_subset_is_imputed_again_on_who_is_left(self, everything: RobustnessResult) -> None:
        wide = make_wide()
        assert pick(everything, "a:not_working")["n_persons"] == (wide["work_T0"] != 1).sum()
        assert pick(everything, "a:not_working")["fmi"] > 0

    def test_controls_are_the_others(self, everything: RobustnessResult) -> None:
        rows = everything.estimates
        found = {(r["analysis"], r["model"]): r["controls"] for _, r in rows[rows["outcome"] == "score"].iterrows()}
        assert found["t3", "main"] == "age"
        assert found["t3", "g:age+place"] == "age, place"
        assert found["t3", "g:none"] == ""
        assert ("t3", "g:age") not in found
        # The trend used the first rung, so the second is another choice, and none is too.
        assert found["longitudinal", "main"] == "age, place"
        assert found["longitudinal", "g:age"] == "age"

    def test_one_site_is_left_out_at_a_time(self, everything: RobustnessResult) -> None:
        rows = everything.estimates
        left = rows[
            rows["model"].str.startswith("h:without ") & (rows["outcome"] == "score") & (rows["analysis"] == "t3")
        ]
        sizes = make_wide()["site"].value_counts()
        assert len(left) == 7
        for _, row in left.iterrows():
            assert row["n_persons"] == 90 - sizes[row["model"].removeprefix("h:without ")]

    def test_numbers_of_tests(self, everything: RobustnessResult) -> None:
        rows = everything.estimates
        main = rows[rows["model"] == "main"]
        for name in ("holm", "bh"):
            own = rows[rows["model"] == f"k:{name}"]
            np.testing.assert_array_equal(own["p_value"], adjust(main["p_value"].to_numpy(), name))
            np.testing.assert_array_equal(own["estimate"], main["estimate"])
        assert len(main) == 4

    def test_overlap_weights_balance_what_they_were_made_with(self, everything: RobustnessResult) -> None:
        balance = everything.estimates[everything.estimates["analysis"] == "balance"]
        after = balance[(balance["model"] == "i:after") & ~balance["term"].str.startswith("n[")]
        before = balance[(balance["model"] == "i:before") & ~balance["term"].str.startswith("n[")]
        assert len(after) == 8  # two characteristics and two outcomes at baseline, under the weights of each outcome
        crossed = after["term"].isin(["score_T0", "work_T0"]) & (after["term"] != after["outcome"] + "_T0")
        assert after.loc[~crossed, "estimate"].abs().max() < 1e-9
        assert after.loc[crossed, "estimate"].abs().min() > 1e-3
        assert before["estimate"].abs().max() > 0.05

    def test_balance_of_one_outcome_under_the_weights_of_another(
        self, study: Study, everything: RobustnessResult
    ) -> None:
        wide = make_wide()
        sets = complete(wide, study)[0].sets
        treated = (wide["group"] == "treated").to_numpy(dtype=float)
        expected = []
        for own in sets:
            X = np.column_stack([np.ones(90), own["place"] == "village", own["age"], own["score_T0"]]).astype(float)
            p = sm.Logit(treated, X).fit(disp=False).predict()
            w, y = np.where(treated == 1, 1 - p, p), own["work_T0"].to_numpy()
            means = [np.average(y[treated == g], weights=w[treated == g]) for g in (1, 0)]
            expected.append(
                (means[0] - means[1]) / np.sqrt((y[treated == 1].var(ddof=1) + y[treated == 0].var(ddof=1)) / 2)
            )
        rows = everything.estimates
        found = rows[(rows["model"] == "i:after") & (rows["outcome"] == "score") & (rows["term"] == "work_T0")]
        assert found["estimate"].item() == pytest.approx(np.mean(expected), rel=1e-6)

    def test_other_method_uses_its_own_number_of_imputations(self, everything: RobustnessResult) -> None:
        assert pick(everything, "f")["m"] == 2
        assert "forest" in said(everything, "labels", "f", "en")

    def test_sparse_outcomes_only(self, study: Study) -> None:
        generous = replace(study, robustness=replace(study.robustness, sparse=0.5))
        result = run(make_wide(40), generous, ["j"])
        assert "0.5" in said(result, "left_out", "j", "en")


class TestDropouts:
    def test_delta_zero_is_the_main_result(self, everything: RobustnessResult) -> None:
        rows = everything.estimates.drop(columns=["model", "verdict"])
        main = rows[everything.estimates["model"] == "main"].reset_index(drop=True)
        zero = rows[everything.estimates["model"] == "e:0"].reset_index(drop=True)
        pd.testing.assert_frame_equal(zero, main, check_exact=True)
        assert "e:0" not in everything.labels

    @pytest.mark.parametrize(("scope", "delta"), [("intervention", 0.5), ("both", 1.0)])
    def test_scores_move_by_what_is_asked_and_nothing_else_does(
        self, study: Study, everything: RobustnessResult, scope: str, delta: float
    ) -> None:
        """The same as moving the imputed scores by hand; what was observed, and the baseline, stay."""
        wide = make_wide()
        who = np.ones(len(wide), dtype=bool) if scope == "both" else (wide["group"] == "treated").to_numpy()
        data, _ = complete(wide, study)
        size = delta * wide["score_T2"].std()
        names = ["score_T1", "score_T2"]
        sets = tuple(own.assign(**{c: own[c] - size * (wide[c].isna() & who) for c in names}) for own in data.sets)
        moved = replace(data, sets=sets)
        for rows in (endpoint_effects(moved, OPTIONS), trend_effects(moved, OPTIONS)):
            row = effect_rows(rows.estimates).set_index("outcome").loc["score"]
            found = pick(everything, grid_key(scope, delta), "score", row["analysis"])
            assert found["estimate"] == pytest.approx(row["estimate"], abs=1e-12)
            assert found["std_error"] == pytest.approx(row["std_error"], abs=1e-12)

    def test_yes_no_answers_are_turned_by_the_log_odds_that_are_asked(self) -> None:
        """Over many draws the share of yes is that of the shifted log-odds, and an answer once turned stays so."""
        rng = np.random.default_rng(1)
        chance = np.repeat([0.1, 0.4, 0.8], 100_000)
        values, uniform = (rng.random(chance.size) < chance).astype(float), rng.random(chance.size)
        before = values
        for shift in (-0.5, -1.0):
            after = turned(values, chance, shift, uniform)
            for p in (0.1, 0.4, 0.8):
                expected = 1 / (1 + (1 - p) / p * np.exp(-shift))
                assert after[chance == p].mean() == pytest.approx(expected, abs=0.005)
            assert (after <= before).all()
            before = after
        upward = turned(values, chance, 1.0, uniform)
        assert (upward >= values).all()
        assert upward[chance == 0.1].mean() == pytest.approx(1 / (1 + 9 * np.exp(-1.0)), abs=0.005)
        assert turned(values, chance, 0.0, uniform) == pytest.approx(values)

    def test_a_yes_no_answer_is_no_where_the_one_that_it_is_conditional_on_is(self) -> None:
        lower = STUDY.replace("[outcomes.work]", '[outcomes.work]\nbetter = "lower"')
        text = lower.replace(
            "[covariates.place]",
            '[outcomes.hours]\nlabel = "Hours"\nkind = "binary"\nbetter = "lower"\nconditional_on = "work"\n'
            'waves = ["T0", "T1", "T2"]\n\n[covariates.place]',
        )
        study, wide = parse_study(text), make_wide()
        for wave in ("T0", "T1", "T2"):
            wide[f"hours_{wave}"] = wide[f"work_{wave}"] * (np.arange(len(wide)) % 3 > 0)
        data, _ = complete(wide, study)
        columns = imputed_answers(data.observed, data.sets, study)
        view = ShiftMissing(columns, np.ones(len(wide), dtype=bool), 3.0, seed=1)
        changed = view(data.sets[0], 0)
        assert changed["hours_T2"].sum() > data.sets[0]["hours_T2"].sum()
        assert not ((changed["hours_T2"] == 1) & (data.sets[0]["work_T2"] == 0)).any()

    def test_effect_falls_as_the_intervention_group_does_worse(self, study: Study) -> None:
        result = run(make_wide(), study, ["e"])
        keys = [grid_key("intervention", delta) for delta in (0.0, *study.robustness.deltas)]
        for analysis in ("t3", "longitudinal"):
            for outcome in ("score", "work"):
                found = [pick(result, key, outcome, analysis)["estimate"] for key in keys]
                assert np.all(np.diff(found) < 0), (analysis, outcome)

    def test_worse_means_higher_where_lower_is_better(self) -> None:
        lower = parse_study(STUDY.replace("range = [-1000, 1000]", 'range = [-1000, 1000]\nbetter = "lower"'))
        wide = make_wide()
        data, _ = complete(wide, lower)
        columns = imputed_answers(data.observed, data.sets, lower)
        assert set(columns) == {"score_T1", "score_T2", "work_T1", "work_T2"}
        assert columns["score_T2"].unit == pytest.approx(wide["score_T2"].std())
        assert columns["work_T2"].unit == -1.0

    def test_a_score_moves_in_a_straight_line_and_the_tipping_point_is_told_in_points(
        self, everything: RobustnessResult
    ) -> None:
        study = everything.study
        keys = [grid_key("intervention", delta) for delta in (0.0, *study.robustness.deltas)]
        found = np.array([pick(everything, key)["estimate"] for key in keys])
        steps = np.diff(found) / np.diff((0.0, *study.robustness.deltas))
        assert steps == pytest.approx(np.full(len(steps), steps[0]), abs=1e-12)
        points = tipping_points(everything.estimates, study)
        own = points[points["outcome"] == "score"]
        size = make_wide()["score_T2"].std()
        assert own["tipping_units"].to_numpy() == pytest.approx(own["tipping_point"].to_numpy() * size, nan_ok=True)
        assert points.loc[points["outcome"] == "work", "tipping_units"].isna().all()

    def test_tipping_point_on_a_constructed_set(self) -> None:
        """Normal draws that only the endpoint depends on move exactly as far as delta says."""
        text = STUDY.replace('waves = ["T0", "T1", "T2"]\nrange', 'waves = ["T2"]\nrange')
        text = text.replace("min_correlation = 0.0", 'min_correlation = 0.0\nmethod = "norm"')
        grid = tuple(np.round(np.arange(0.1, 2.01, 0.1), 1))
        plain = parse_study(text)
        plain = replace(plain, robustness=replace(plain.robustness, deltas=grid))
        wide = make_wide().drop(columns=["score_T0", "score_T1", "work_T1", "work_T2"])
        wide["score_T2"] += wide["group"].eq("treated")
        plain = replace(plain, outcomes={k: replace(o, waves=("T0",), role="descriptive") if k == "work" else o
                                         for k, o in plain.outcomes.items()})  # fmt: skip
        data, settings = complete(wide, plain)
        result = run_checks(data, settings, OPTIONS, ["e"])
        found = tipping_points(result.estimates, plain).set_index("scope")["tipping_point"]

        missing = (wide["score_T2"].isna() & (wide["group"] == "treated")).to_numpy()
        X = np.column_stack([np.ones(90), (wide["group"] == "treated").to_numpy(float), wide["age"]])
        scores = np.array([own["score_T2"].to_numpy() for own in data.sets])

        def excess(delta: float) -> float:
            moved = scores - delta * wide["score_T2"].std() * missing
            inverse = np.linalg.inv(X.T @ X)
            beta = moved @ X @ inverse
            sigma = np.square(moved - beta @ X.T).sum(axis=1) / (90 - 3)
            u, b = (sigma * inverse[1, 1]).mean(), beta[:, 1].var(ddof=1) * 1.25
            share, complete_df = b / (u + b), 87.0
            old, seen = 3 / share**2, 88 / 90 * complete_df * (1 - share)
            return float(beta[:, 1].mean() / np.sqrt(u + b) / student_t.ppf(0.95, old * seen / (old + seen)) - 1)

        assert excess(0.0) > 0 > excess(2.0)
        assert found["intervention"] == pytest.approx(brentq(excess, 0, 2), abs=2e-3)

    def test_jump_leaves_what_was_observed(self, study: Study) -> None:
        wide = make_wide()
        data, settings = complete(wide, study)
        context = Context(data, settings, OPTIONS, endpoint_effects(data, OPTIONS))
        view = next(s.view for s in CHECKS["e"](context) if s.key == "e:reference")
        changed = view(data.sets[0], 0)
        differs = changed["score_T2"] != data.sets[0]["score_T2"]
        assert differs.equals(wide["score_T2"].isna() & (wide["group"] == "treated"))
        # Someone who was seen again later had not left.
        back = wide["score_T1"].isna() & wide["score_T2"].notna()
        assert back.any()
        assert (changed["score_T1"] == data.sets[0]["score_T1"])[back].all()
        # Answers of yes or no too, by models of the comparison group.
        told = data.sets[0]["work_T2"] != changed["work_T2"]
        assert told.any()
        assert not (told & ~differs).any()
        assert set(changed["work_T2"]) == {0.0, 1.0}
        assert view(data.sets[0], 0).equals(changed)
        assert not view(data.sets[0], 1).equals(changed)


class TestUnknownAtBaseline:
    """`work_T0 != 1`, where five persons did not answer at T0."""

    PERSONS = (3, 5, 8, 10, 20)

    @pytest.fixture
    def wide(self) -> pd.DataFrame:
        wide = make_wide()
        wide.loc[list(self.PERSONS), "work_T0"] = np.nan
        return wide

    def test_the_imputed_value_decides(self, study: Study, wide: pd.DataFrame) -> None:
        data, settings = complete(wide, study)
        context = Context(data, settings, OPTIONS, endpoint_effects(data, OPTIONS))
        (planned,) = CHECKS["a"](context)
        assert isinstance(planned, Reanalysis)
        chosen = [own["work_T0"] != 1 for own in data.sets]
        assert len({tuple(own) for own in chosen}) > 1, "the imputations would all agree"
        unknown = [int(own.iloc[list(self.PERSONS)].sum()) for own in chosen]
        for own, kept in zip(planned.source.load(), chosen, strict=True):
            assert list(own["id"]) == list(wide.loc[kept, "id"])
            assert not own["work_T0"].eq(1).any()
            # What was observed stays, and what decided does not change.
            known = wide.loc[kept, "score_T2"].notna().to_numpy()
            assert (own["score_T2"].to_numpy()[known] == wide.loc[kept, "score_T2"].to_numpy()[known]).all()
            assert own.notna().all(axis=None)
        (told,) = planned.notes
        assert dict(told.values) == {
            "inside": int((wide["work_T0"] == 0).sum()), "outside": int((wide["work_T0"] == 1).sum()), "unknown": 5,
            "low": min(unknown), "high": max(unknown),
        }  # fmt: skip
        result = run_checks(data, settings, OPTIONS, ["a"])
        assert pick(result, "a:not_working")["n_persons"] == round(np.mean([own.sum() for own in chosen]))

    def test_estimates_are_those_of_each_table_by_itself(self, study: Study, wide: pd.DataFrame) -> None:
        """Number i is the i-th imputation of its own table: the numbers do not depend on how they are shared out."""
        data, settings = complete(wide, study)
        context = Context(data, settings, OPTIONS, endpoint_effects(data, OPTIONS))
        (planned,) = CHECKS["a"](context)
        estimates = [fit_sets([Designs(own, study)], study, planned.tasks[0].model, OPTIONS)[0].fit
                     for i in range(4) for own in planned.source.part(range(i, i + 1)).load()]  # fmt: skip
        row = pick(run_checks(data, settings, OPTIONS, ["a"]), "a:not_working")
        assert row["estimate"] == pytest.approx(np.mean([fit.estimate[1] for fit in estimates]), rel=1e-12)

    def test_left_out_by_a_setting(self, study: Study, wide: pd.DataFrame) -> None:
        without = replace(study, robustness=replace(study.robustness, unknown="leave_out"))
        result = run(wide, without, ["a"])
        inside = int((wide["work_T0"] == 0).sum())
        assert pick(result, "a:not_working")["n_persons"] == inside
        (told,) = result.notes["a:not_working"]
        assert (told.key, dict(told.values)["unknown"]) == ("robustness.subset_left_out", 5)

    def test_one_table_where_nothing_is_unknown(self, study: Study) -> None:
        data, settings = complete(make_wide(), study)
        (planned,) = CHECKS["a"](Context(data, settings, OPTIONS, endpoint_effects(data, OPTIONS)))
        assert len(planned.source.tables) == 1

    def test_a_derived_outcome_decides_by_what_it_is_derived_from(self, wide: pd.DataFrame) -> None:
        text = STUDY.replace("[covariates.place]", (
            '[outcomes.high]\nlabel = "High"\nkind = "binary"\nwaves = ["T0", "T1", "T2"]\n'
            'derive = { source = "score", rule = "at_least", value = 0 }\n\n[covariates.place]'
        )).replace("work_T0 != 1", "high_T0 == 1")  # fmt: skip
        derived = parse_study(text)
        wide = wide.copy()
        wide.loc[list(self.PERSONS), "score_T0"] = np.nan
        data, settings = complete(wide, derived)
        (planned,) = CHECKS["a"](Context(data, settings, OPTIONS, endpoint_effects(data, OPTIONS)))
        for own, main in zip(planned.source.load(), data.sets, strict=True):
            assert list(own["id"]) == list(main.loc[main["high_T0"] == 1, "id"])
            assert own["high_T0"].eq(1).all()


def test_a_change_score_is_on_the_scale_of_the_endpoint(everything: RobustnessResult) -> None:
    main, change = pick(everything, "main"), pick(everything, "b")
    assert change["beta"] / change["estimate"] == pytest.approx(main["beta"] / main["estimate"], rel=0.02)
    assert change["beta"] != change["estimate"]


def test_too_few_observed_answers_in_every_check(study: Study) -> None:
    wide = make_wide()
    treated = wide.index[wide["group"] == "treated"]
    wide.loc[treated[3:], "score_T2"] = np.nan
    result = run(wide, study, list("abcehi"))
    rows = result.estimates[(result.estimates["outcome"] == "score") & ~result.estimates["analysis"].isin(MEASURES)]
    assert set(rows["status"]) == {"not estimable"}
    assert rows["estimate"].isna().all()
    texts = {text for text in rows["message"] if "effects.too_few" in text}
    assert len(texts) >= 1
    told = as_text(result.tables(Wording(study, "en")))
    assert "Score: not estimable: Too few observed answers for an effect" in told


class TestSites:
    @pytest.mark.parametrize(("sites", "counts"), [(4, (4, 4)), (2, (2, 2))])
    def test_few_sites_are_no_clusters(self, study: Study, sites: int, counts: tuple[int, int]) -> None:
        wide = make_wide()
        wide["site"] = [f"s{i // 2 % sites}" for i in range(90)]
        result = run(wide, study, ["h"])
        assert "h" not in result.labels
        reason = dict(result.left_out["h"].values)
        assert (reason["intervention"], reason["comparison"]) == counts
        assert "at least 5 sites in each group" in said(result, "left_out", "h")
        assert any(key.startswith("h:without ") for key in result.estimates["model"])

    def test_signs_flipped_within_pairs(self, study: Study) -> None:
        """Against the p-value of all 2^6 patterns, from residuals of a regression without the group."""
        own = replace(study, design=replace(study.design, pair="pair"))
        wide = make_wide()
        wide["pair"] = [f"p{i // 2 % 6}" for i in range(90)]
        wide["site"] = wide["pair"] + np.where(wide["group"] == "treated", "-i", "-c")
        data, settings = complete(wide, own)
        result = run_checks(data, settings, OPTIONS, ["h"])
        treated = (wide["group"] == "treated").to_numpy()
        differences = []
        for name in sorted(set(wide["pair"])):
            per_set = []
            for completed in data.sets:
                X = sm.add_constant(completed[["score_T0", "age"]].to_numpy())
                residual = sm.OLS(completed["score_T2"].to_numpy(), X).fit().resid
                inside = (wide["pair"] == name).to_numpy()
                per_set.append(residual[inside & treated].mean() - residual[inside & ~treated].mean())
            differences.append(np.mean(per_set))
        sums = [abs(np.dot(signs, differences)) for signs in product((1, -1), repeat=6)]
        expected = np.mean([value >= abs(sum(differences)) - 1e-12 for value in sums])
        row, main = pick(result, "h:pairs"), pick(result, "main")
        assert row["p_value"] == expected
        assert row["estimate"] == main["estimate"]
        assert np.isnan(row["std_error"])
        assert said(result, "labels", "h:pairs") == "signs flipped within 6 matched pairs"
        assert 0 < pick(result, "h:pairs", "work")["p_value"] <= 1

    def test_few_pairs_are_no_test(self, study: Study) -> None:
        own = replace(study, design=replace(study.design, pair="pair"))
        wide = make_wide()
        wide["pair"] = [f"p{i // 2 % 4}" for i in range(90)]
        result = run(wide, own, ["h"])
        assert "at least 5 pairs" in said(result, "left_out", "h:pairs")
        assert "h:pairs" not in set(result.estimates["model"])

    def test_all_that_is_compared_rests_on_the_errors_that_the_marks_rest_on(self, study: Study) -> None:
        by_site = replace(study, models=replace(study.models, errors="sites"))
        letters = ["a", "h", "j", "k", "l"]
        result, plain = (run(make_wide(), own, letters) for own in (by_site, study))
        rows, names = result.estimates, ("std_error", "df", "p_value", "conf_low", "conf_high")
        known = rows[rows["p_value_sites"].notna() & ~rows["model"].str.startswith("k:")]
        assert {"main", "a:not_working", "h", "l:time"} <= set(known["model"])
        for name in names:
            assert known[name].equals(known[f"{name}_sites"]), name
        main = rows[rows["model"] == "main"]
        for name, method in (("k:holm", "holm"), ("k:bh", "bh")):
            expected = adjust(main["p_value_sites"].to_numpy(), method)
            assert rows.loc[rows["model"] == name, "p_value"].to_numpy() == pytest.approx(expected, abs=1e-15)
        score, other = pick(result, "a:not_working"), pick(plain, "a:not_working")
        assert score["estimate"] == other["estimate"]
        assert score["shift"] == pytest.approx(other["shift"] * pick(plain, "main")["std_error"]
                                               / pick(plain, "main")["std_error_sites"])  # fmt: skip
        # What is fitted in another way knows no sites, so that its marks tell nothing about those of the effects.
        assert set(rows.loc[rows["model"].isin(["l:slope", "l:category"]), "verdict"]) == {"not compared"}
        assert said(result, "left_out", "l:persons") == "the marks rest on standard errors by site already"
        assert plain.estimates["verdict"].ne("not compared").all()
        rows.loc[rows["model"] == "h:without s0", "verdict"] = "not compared"
        changed = rows[rows["model"].str.startswith("h:without")]["verdict"].isin(["same", "not compared"])
        assert site_ranges(rows)["changed"].sum() == (~changed).sum()  # which is no other verdict

    def test_few_degrees_of_freedom_are_no_test(self, study: Study) -> None:
        """Nearly all persons of the intervention group at one of its five sites."""
        wide = make_wide()
        treated = (wide["group"] == "treated").to_numpy()
        wide["site"] = [f"c{i % 12}" for i in range(90)]
        own = np.zeros(treated.sum(), dtype=int)
        own[:4] = [1, 2, 3, 4]
        wide.loc[treated, "site"] = [f"t{i}" for i in own]
        result = run(wide, study, ["h"])
        assert "h" not in result.labels
        assert said(result, "left_out", "h") == "the sites give fewer than 4 degrees of freedom, too few for a test"


def test_against_the_hypothesis_holds_for_the_register_too(study: Study) -> None:
    text = STUDY.replace("[covariates.place]", (
        '[outcomes.pay]\nlabel = "Pay"\nkind = "linear"\nsource = "register"\ncounterpart = "score"\n'
        'waves = ["T0", "T1", "T2"]\n\n[covariates.place]'
    )).replace('label = { nl = "Score", en = "Score" }', 'label = "Score"\nexpected = "increase"')  # fmt: skip
    own = parse_study(text)
    wide = make_wide()
    rng = np.random.default_rng(2)
    for i, wave in enumerate(("T0", "T1", "T2")):
        wide[f"pay_{wave}"] = rng.normal(size=90) - i * (wide["group"] == "treated")
    result = run(wide, own, ["d"])
    row = pick(result, "d", "pay")
    assert row["verdict"] == "opposite"
    assert row["shift"] < -2
    notes = result.tables(Wording(own, "en"))[0].notes
    assert "    against the hypothesis: Pay." in notes
    assert any(note.startswith("    other direction than the survey") and "Pay (-" in note for note in notes)
    assert not any("mark gained" in note for note in notes)


def test_a_propensity_model_with_too_many_terms_is_told(study: Study) -> None:
    """Twelve persons of the smaller group for four terms: the constant, place, age and the outcome at baseline."""
    wide = make_wide(share=0.0)
    few = pd.concat([wide[wide["group"] == "treated"][:12], wide[wide["group"] == "control"]], ignore_index=True)
    for frame, told in ((few, "has 4 terms for 12 persons"), (wide, None)):
        data, settings = complete(frame, study)
        context = Context(data, settings, OPTIONS, endpoint_effects(data, OPTIONS))
        (planned,) = CHECKS["i"](context)
        assert isinstance(planned, Reanalysis)
        texts = [Wording(study, "en").messages(own) for own in planned.notes]
        assert all(told in text for text in texts) if told else not texts
        assert len(texts) == bool(told)
