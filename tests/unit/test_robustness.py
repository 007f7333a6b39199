"""The checks on small studies: what each compares, what does not apply, and that nothing depends on --jobs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from robustness_study import OPTIONS, STUDY, complete, make_wide, pick, run
from scipy.optimize import brentq
from scipy.stats import t as student_t

from dnt_cli.effects import endpoint_effects, trend_effects
from dnt_cli.errors import StudyError
from dnt_cli.pooling import adjust
from dnt_cli.robustness import CHECKS, Robust, run_checks, tipping_points
from dnt_cli.robustness.checks.e_dropouts import grid_key, shifts
from dnt_cli.robustness.context import Context
from dnt_cli.study import Study, parse_study


@pytest.fixture(scope="module")
def study() -> Study:
    return parse_study(STUDY)


@pytest.fixture(scope="module")
def everything(study: Study) -> Robust:
    small = replace(study, robustness=replace(study.robustness, deltas=(0.5, 1.0), second_m=2))
    return run(make_wide(), small, list(CHECKS))


class TestResults:
    def test_every_check_but_the_register_gives_a_column(self, everything: Robust) -> None:
        assert sorted({key[0] for key in everything.labels}) == list("abcefghijk")
        assert set(everything.left_out) == {"d"}
        assert everything.left_out["d"].nl == "de studie heeft geen registeruitkomsten"

    def test_every_row_is_compared(self, everything: Robust) -> None:
        effects = everything.estimates[everything.estimates["analysis"] != "balance"]
        assert (effects["verdict"] == "").equals(effects["model"] == "main")
        assert effects.loc[effects["model"] == "main", "shift"].eq(0).all()

    def test_jobs_change_nothing(self, study: Study) -> None:
        wide = make_wide()
        one, two = (run(wide, study, ["a", "b"], replace(OPTIONS, jobs=jobs)) for jobs in (1, 2))
        pd.testing.assert_frame_equal(one.estimates, two.estimates, check_exact=True)
        pd.testing.assert_frame_equal(one.fits, two.fits, check_exact=True)

    def test_subset_is_imputed_again_on_who_is_left(self, everything: Robust) -> None:
        wide = make_wide()
        assert pick(everything, "a:not_working")["n_persons"] == (wide["work_T0"] != 1).sum()
        assert pick(everything, "a:not_working")["fmi"] > 0

    def test_controls_are_the_others(self, everything: Robust) -> None:
        rows = everything.estimates
        found = {(r["analysis"], r["model"]): r["controls"] for _, r in rows[rows["outcome"] == "score"].iterrows()}
        assert found["t3", "main"] == "age"
        assert found["t3", "g:age+place"] == "age, place"
        assert found["t3", "g:none"] == ""
        assert ("t3", "g:age") not in found
        # The trend used the first rung, so the second is another choice, and none is too.
        assert found["longitudinal", "main"] == "age, place"
        assert found["longitudinal", "g:age"] == "age"

    def test_one_site_is_left_out_at_a_time(self, everything: Robust) -> None:
        rows = everything.estimates
        left = rows[
            rows["model"].str.startswith("h:without ") & (rows["outcome"] == "score") & (rows["analysis"] == "t3")
        ]
        sizes = make_wide()["site"].value_counts()
        assert len(left) == 7
        for _, row in left.iterrows():
            assert row["n_persons"] == 90 - sizes[row["model"].removeprefix("h:without ")]

    def test_numbers_of_tests(self, everything: Robust) -> None:
        rows = everything.estimates
        main = rows[rows["model"] == "main"]
        for name in ("holm", "bh"):
            own = rows[rows["model"] == f"k:{name}"]
            np.testing.assert_array_equal(own["p_value"], adjust(main["p_value"].to_numpy(), name))
            np.testing.assert_array_equal(own["estimate"], main["estimate"])
        assert len(main) == 4

    def test_overlap_weights_balance_exactly(self, everything: Robust) -> None:
        balance = everything.estimates[everything.estimates["analysis"] == "balance"]
        after = balance[(balance["model"] == "i:after") & ~balance["term"].str.startswith("n[")]
        before = balance[(balance["model"] == "i:before") & ~balance["term"].str.startswith("n[")]
        assert len(after) == 6
        assert after["estimate"].abs().max() < 1e-9
        assert before["estimate"].abs().max() > 0.05

    def test_other_method_uses_its_own_number_of_imputations(self, everything: Robust) -> None:
        assert pick(everything, "f")["m"] == 2
        assert "forest" in everything.labels["f"].en

    def test_sparse_outcomes_only(self, study: Study) -> None:
        generous = replace(study, robustness=replace(study.robustness, sparse=0.5))
        result = run(make_wide(40), generous, ["j"])
        assert "0.5" in result.left_out["j"].en


class TestDropouts:
    def test_delta_zero_is_the_main_result(self, everything: Robust) -> None:
        rows = everything.estimates.drop(columns=["model", "verdict"])
        main = rows[everything.estimates["model"] == "main"].reset_index(drop=True)
        zero = rows[everything.estimates["model"] == "e:0"].reset_index(drop=True)
        pd.testing.assert_frame_equal(zero, main, check_exact=True)
        assert "e:0" not in everything.labels

    def test_delta_zero_by_shifts_of_zero_is_the_main_result(self, study: Study) -> None:
        data, settings = complete(make_wide(), study)
        context = Context(data, settings, OPTIONS, endpoint_effects(data, OPTIONS))
        none = shifts(context, "both", 0.0)
        assert set(none) == {"score_T1", "score_T2", "work_T1", "work_T2"}
        sets = context.reimputed(context.observed, shifts=none).load()
        for again, main in zip(sets, data.sets, strict=True):
            pd.testing.assert_frame_equal(again, main, check_exact=True)

    @pytest.mark.parametrize(("scope", "delta"), [("intervention", 0.5), ("both", 1.0)])
    def test_grid_agrees_with_imputing_by_hand(
        self, study: Study, everything: Robust, scope: str, delta: float
    ) -> None:
        wide = make_wide()
        who = np.ones(len(wide)) if scope == "both" else (wide["group"] == "treated").to_numpy(float)
        by_hand = {f"score_{w}": -delta * wide[f"score_{w}"].std() * who for w in ("T1", "T2")}
        by_hand |= {f"work_{w}": -delta * who for w in ("T1", "T2")}
        data, _ = complete(wide, study, shifts=by_hand)
        effects = [
            endpoint_effects(data, OPTIONS).estimates.query("term == 'group'"),
            trend_effects(data, OPTIONS).estimates.query("term == 'group:wave'"),
        ]
        for rows in effects:
            for _, row in rows.iterrows():
                found = pick(everything, grid_key(scope, delta), row["outcome"], row["analysis"])
                assert found["estimate"] == row["estimate"]
                assert found["std_error"] == row["std_error"]

    def test_effect_falls_as_the_intervention_group_does_worse(self, study: Study) -> None:
        result = run(make_wide(), study, ["e"])
        keys = [grid_key("intervention", delta) for delta in (0.0, *study.robustness.deltas)]
        for analysis in ("t3", "longitudinal"):
            found = [pick(result, key, "score", analysis)["estimate"] for key in keys]
            assert np.all(np.diff(found) < 0), analysis

    def test_worse_means_higher_where_lower_is_better(self) -> None:
        lower = parse_study(STUDY.replace("range = [-1000, 1000]", 'range = [-1000, 1000]\nbetter = "lower"'))
        data, settings = complete(make_wide(), lower)
        context = Context(data, settings, OPTIONS, endpoint_effects(data, OPTIONS))
        found = shifts(context, "intervention", 1.0)
        treated = (make_wide()["group"] == "treated").to_numpy()
        assert np.all(found["score_T2"][treated] > 0)
        assert np.all(found["score_T2"][~treated] == 0)
        assert np.all(found["work_T2"][treated] == -1.0)

    def test_other_imputations_get_a_zero_of_their_own(self, study: Study) -> None:
        data, settings = complete(make_wide(), study)
        short = replace(study, robustness=replace(study.robustness, deltas=(1.0,)))
        result = run_checks(replace(data, study=short), replace(settings, seed=99), OPTIONS, ["e"])
        assert pick(result, "e:0")["estimate"] != pick(result, "main")["estimate"]
        assert result.labels["e:0"].en == "delta 0, imputed anew"

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
        view = next(s.view for s in CHECKS["e"].plan(context) if s.key == "e:reference")
        changed = view(data.sets[0], 0)
        differs = changed["score_T2"] != data.sets[0]["score_T2"]
        assert differs.equals(wide["score_T2"].isna() & (wide["group"] == "treated"))
        # Someone who was seen again later had not left.
        back = wide["score_T1"].isna() & wide["score_T2"].notna()
        assert back.any()
        assert (changed["score_T1"] == data.sets[0]["score_T1"])[back].all()
        assert changed["work_T2"].equals(data.sets[0]["work_T2"])
        assert view(data.sets[0], 0).equals(changed)
        assert not view(data.sets[0], 1).equals(changed)


def _without(text: str, *lines: str) -> str:
    for line in lines:
        assert line in text
        text = text.replace(line, "")
    return text


class TestDoesNotApply:
    def test_no_site(self) -> None:
        result = run(make_wide(), parse_study(_without(STUDY, 'site = "site"\n')), ["h", "b"])
        assert "no site" in result.left_out["h"].en
        assert list(result.labels) == ["b"]

    def test_one_site(self, study: Study) -> None:
        result = run(make_wide().assign(site="s"), study, ["h", "b"])
        assert result.left_out["h"].en == "all persons come from the same site"
        assert list(result.labels) == ["b"]

    def test_sites_that_cannot_be_missed(self, study: Study) -> None:
        wide = make_wide()
        wide["site"] = np.where(wide["group"] == "treated", "s1", wide["site"].replace("s1", "s2"))
        result = run(wide, study, ["h"])
        assert result.left_out["h:without s1"].en == "without s1: no two groups are left"
        assert "h:without s2" in set(result.estimates["model"])

    def test_unknown_sites_are_one_more(self, study: Study) -> None:
        wide = make_wide()
        wide["site"] = wide["site"].astype(object).where(wide["site"] != "s3", None)
        result = run(wide, study, ["h"])
        assert result.labels["h"].en == "7 sites as clusters (CR2)"

    def test_no_baseline_value(self) -> None:
        text = STUDY.replace('waves = ["T0", "T1", "T2"]\nrange', 'waves = ["T1", "T2"]\nrange')
        result = run(make_wide().drop(columns="score_T0"), parse_study(text), ["b", "e", "i"])
        assert "T0" in result.left_out["b"].nl
        assert "jump to reference" in result.left_out["e:reference"].en
        assert pick(result, "i")["status"] == "ok"

    def test_nobody_working_at_baseline(self, study: Study) -> None:
        wide = make_wide()
        wide["work_T0"] = 0.0
        result = run(wide, study, ["a", "b"])
        assert result.left_out["a:not_working"].nl == "zonder wie werkte: er valt niemand af"
        assert list(result.labels) == ["b"]

    def test_everybody_working_at_baseline(self, study: Study) -> None:
        wide = make_wide()
        wide["work_T0"] = 1.0
        result = run(wide, study, ["a"])
        assert "no two groups" in result.left_out["a:not_working"].en

    def test_nobody_missing(self, study: Study) -> None:
        result = run(make_wide(share=0.0), study, ["a", "c", "e", "f", "k"])
        assert set(result.left_out) == {"c", "e", "f"}
        assert set(result.labels) == {"a:not_working", "k:holm", "k:bh"}
        assert pick(result, "main")["status"] == "ok"

    def test_no_subset(self) -> None:
        text = STUDY[: STUDY.index("[robustness")]
        result = run(make_wide(), parse_study(text), ["a"])
        assert "robustness.subsets" in result.left_out["a"].en

    def test_a_check_that_fails_says_why_and_the_others_go_on(self, study: Study) -> None:
        wide = make_wide()
        # Among those who did not work, nobody answered at the endpoint.
        wide.loc[wide["work_T0"] != 1, "score_T2"] = np.nan
        result = run(wide, study, ["a", "b"])
        assert "score_T2" in result.left_out["a:not_working"].en
        assert "b" in result.labels


class TestStudyFile:
    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ('checks = ["a", "z"]', "unknown check z"),
            ('checks = ["a", "a"]', "each check once"),
            ("deltas = []", "increasing numbers above 0"),
            ("deltas = [0.5, 0.25]", "increasing numbers above 0"),
            ("deltas = [0.0, 0.5]", "increasing numbers above 0"),
            ("second_m = 1", "at least 2"),
            ("sparse = 0", "above 0"),
            ('weights = "equal"', "overlap"),
        ],
    )
    def test_wrong_settings_are_refused(self, line: str, message: str) -> None:
        text = STUDY.replace("[robustness.subsets", f"[robustness]\n{line}\n\n[robustness.subsets")
        with pytest.raises(StudyError, match=message):
            parse_study(text)

    def test_checks_by_default(self, study: Study) -> None:
        assert study.robustness.checks == ("a", "b", "c", "d", "k")
