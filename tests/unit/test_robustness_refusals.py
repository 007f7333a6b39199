"""Checks that do not apply to a study, and settings of checks that are refused: each with its reason."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from dnt_cli.errors import StudyError
from dnt_cli.messages import message
from dnt_cli.robustness.checks import k_multiplicity
from dnt_cli.robustness.context import DoesNotApplyError
from dnt_cli.study import Study, parse_study
from tests.support.robustness_study import STUDY, make_wide, pick, run, said


@pytest.fixture(scope="module")
def study() -> Study:
    return parse_study(STUDY)


def _without(text: str, *lines: str) -> str:
    for line in lines:
        assert line in text
        text = text.replace(line, "")
    return text


class TestDoesNotApply:
    def test_no_site(self) -> None:
        result = run(make_wide(), parse_study(_without(STUDY, 'site = "site"\n')), ["h", "b"])
        assert "no site" in said(result, "left_out", "h", "en")
        assert list(result.labels) == ["b"]

    def test_one_site(self, study: Study) -> None:
        result = run(make_wide().assign(site="s"), study, ["h", "b"])
        assert said(result, "left_out", "h", "en") == "all persons come from the same site"
        assert list(result.labels) == ["b"]

    def test_sites_that_cannot_be_missed(self, study: Study) -> None:
        wide = make_wide()
        wide["site"] = np.where(wide["group"] == "treated", "s1", wide["site"].replace("s1", "s2"))
        result = run(wide, study, ["h"])
        assert said(result, "left_out", "h:without s1", "en") == "without s1: no two groups are left"
        assert "h:without s2" in set(result.estimates["model"])

    def test_unknown_sites_are_one_more(self, study: Study) -> None:
        wide = make_wide()
        wide["site"] = wide["site"].astype(object).where(wide["site"] != "s3", None)
        result = run(wide, study, ["h"])
        assert said(result, "labels", "h", "en") == "7 sites as clusters (CR2)"

    def test_no_baseline_value(self) -> None:
        text = STUDY.replace('waves = ["T0", "T1", "T2"]\nrange', 'waves = ["T1", "T2"]\nrange')
        result = run(make_wide().drop(columns="score_T0"), parse_study(text), ["b", "e", "i"])
        assert "T0" in said(result, "left_out", "b", "nl")
        assert set(result.estimates.query("model == 'e:reference'")["outcome"]) == {"work"}
        assert pick(result, "i")["status"] == "ok"

    def test_nobody_working_at_baseline(self, study: Study) -> None:
        wide = make_wide()
        wide["work_T0"] = 0.0
        result = run(wide, study, ["a", "b"])
        assert said(result, "left_out", "a:not_working", "nl") == "zonder wie werkte: er valt niemand af"
        assert list(result.labels) == ["b"]

    def test_everybody_working_at_baseline(self, study: Study) -> None:
        wide = make_wide()
        wide["work_T0"] = 1.0
        result = run(wide, study, ["a"])
        assert "no two groups" in said(result, "left_out", "a:not_working", "en")

    def test_nobody_missing(self, study: Study) -> None:
        result = run(make_wide(share=0.0), study, ["a", "c", "e", "f", "k"])
        assert set(result.left_out) == {"c", "e", "f"}
        assert set(result.labels) == {"a:not_working", "k:holm", "k:bh"}
        assert pick(result, "main")["status"] == "ok"

    @pytest.mark.parametrize(("known", "reason"), [(0, "no_test"), (1, "one_test")])
    def test_too_few_tests_to_correct_for(self, known: int, reason: str) -> None:
        main = pd.DataFrame({"p_value": [0.01] * known + [np.nan] * 3})
        with pytest.raises(DoesNotApplyError) as caught:
            k_multiplicity.plan(SimpleNamespace(main=main))  # type: ignore[arg-type]
        assert caught.value.reason == message(f"robustness.{reason}")

    def test_no_subset(self) -> None:
        text = STUDY[: STUDY.index("[robustness")]
        result = run(make_wide(), parse_study(text), ["a"])
        assert "robustness.subsets" in said(result, "left_out", "a", "en")

    def test_a_check_that_fails_says_why_and_the_others_go_on(self, study: Study) -> None:
        wide = make_wide()
        # Among those who did not work, nobody answered at the endpoint.
        wide.loc[wide["work_T0"] != 1, "score_T2"] = np.nan
        result = run(wide, study, ["a", "b"])
        assert "score_T2" in said(result, "left_out", "a:not_working", "en")
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
            ('unknown = "no"', "leave_out"),
        ],
    )
    def test_wrong_settings_are_refused(self, line: str, message: str) -> None:
        text = STUDY.replace("[robustness.subsets", f"[robustness]\n{line}\n\n[robustness.subsets")
        with pytest.raises(StudyError, match=message):
            parse_study(text)

    def test_checks_by_default(self, study: Study) -> None:
        assert study.robustness.checks == ("a", "b", "c", "d", "h", "k")
