"""Verdicts per outcome and hypothesis: the published effects against a key made by hand, and every rule."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest

from dnt_cli.conclusions import conclude
from dnt_cli.conclusions.result import Verdict
from dnt_cli.conclusions.rules import RULES, combine
from dnt_cli.effects.result import Estimates
from dnt_cli.study import Study, load_study, parse_study
from dnt_cli.wording import Wording, catalogue
from tests.support.conclusions import NAN, STUDY, absent, effect, estimates, statements, text_of, verdict_of
from tests.support.published import published


@pytest.fixture(scope="module")
def study() -> Study:
    return parse_study(STUDY)


KEY = {
    "H1a": "over_time", "H1b": "other", "H1c": "not_testable", "H1d": "expected", "H2": "over_time",
    "H3": "opposite_over_time", "H4": "expected", "H5": "mixed", "H6": "mixed", "H7": "expected", "H8": "expected",
    "H9": "expected", "H10": "expected", "H11": "expected",
}  # fmt: skip
WITH_REGISTER = KEY | {"H1a": "mixed", "H1b": "mixed", "H1c": "opposite"}


def published_effects(study: Study, *, register: bool) -> Estimates:
    rows = []
    kinds = {"OR": "binary", "effect": "probability", "beta": "linear"}
    for row in published("effects"):
        key, model, kind = row["outcome_key"], row["model"], kinds[row["scale"]]
        if not row["estimate"]:
            rows.append(absent(key, model))
        elif register or not study.is_register(key):
            value = math.log(float(row["estimate"])) if kind == "binary" else float(row["estimate"])
            rows.append(effect(key, model, value, row["stars"], kind=kind))
    return estimates(study, *rows)


@pytest.mark.parametrize("register", [False, True])
def test_the_published_effects_lead_to_the_verdicts_that_a_reader_gives_them(register: bool) -> None:
    study = load_study("dnt")
    found = conclude([published_effects(study, register=register)])
    assert {own.key: own.verdict for own in found.hypotheses} == (WITH_REGISTER if register else KEY)


def test_no_hypothesis_and_no_opposite_trend_is_forgotten() -> None:
    study = load_study("dnt")
    said = statements([published_effects(study, register=False)], Wording(study, "nl"))
    assert {hypothesis for hypothesis, _ in said} == set(study.hypotheses)
    assert said["H10", ""] == "H10: Sociale steun: verwachte richting, open (sociale steun (SSL))."
    spending = said["H3", "cut_spending"]
    assert spending.startswith(
        "Moet bezuinigen (verwacht: afname): over de tijd (p < ,10) gaat het tegen de verwachting in."
    )
    assert "Het verschil op T3 en de trend wijzen in verschillende richtingen." in spending
    assert "over de tijd ondersteund: SF12 Mentaal" in said["H5", ""]
    assert "Op T4 bèta" in said["H10", "social_support"]


STATES = {"for": (0.5, "*"), "against": (-0.5, "**"), "unmarked": (0.5, ""), "absent": (NAN, "")}


@pytest.mark.parametrize(("pair", "rule"), RULES.items())
@pytest.mark.parametrize("outcome", ["work", "debts"])
def test_each_pair_of_endpoint_and_trend_gets_its_verdict(study: Study, pair: Any, rule: str, outcome: str) -> None:
    sign = 1 if outcome == "work" else -1  # of debts a fall is expected
    rows = [
        absent(outcome, analysis) if state == "absent" else
        effect(outcome, analysis, sign * STATES[state][0], STATES[state][1])
        for analysis, state in zip(("t3", "longitudinal"), pair, strict=True)
    ]  # fmt: skip
    assert verdict_of(study, outcome, *rows) == ("expected" if rule == "direction" else rule)


def test_the_documented_rules_are_these() -> None:
    page = (
        (Path(__file__).parents[2] / "docs" / "statistics.md")
        .read_text(encoding="utf-8")
        .partition("## Conclusions")[2]
    )
    lines = [re.findall(r"[\w ]+", line) for line in page.splitlines() if line.startswith("| ")][1:]
    states = {"for", "against", "unmarked", "absent"}
    written = {(a.strip(), b.strip()): c.strip() for a, b, c, *_ in lines if a.strip() in states}
    words = catalogue("conclusions")
    assert written == {k: "by direction" if rule == "direction" else words[rule]["en"] for k, rule in RULES.items()}


def test_without_a_mark_the_endpoint_gives_the_direction_and_else_the_trend(study: Study) -> None:
    assert verdict_of(study, "work", effect("work", value=-0.1), effect("work", "longitudinal")) == "other"
    assert verdict_of(study, "work", effect("work", value=0.0), effect("work", "longitudinal")) == "open"
    assert verdict_of(study, "work", absent("work"), effect("work", "longitudinal", -0.1)) == "other"
    assert verdict_of(study, "work", effect("work", "longitudinal", 0.1)) == "expected"


def test_what_is_not_testable_says_why(study: Study) -> None:
    given = estimates(study, effect("free", mark="**"), absent("work"), absent("work", "longitudinal"))
    assert "free" in {own.evidence.outcome for own in conclude([given]).outcomes if own.verdict == "not_testable"}
    assert text_of(study, "free", given).startswith("Free: not testable: the study names no expected direction. At T1")
    notes = next(
        table for table in conclude([given]).tables(Wording(study, "en")) if "Outcome" in str(table.columns)
    ).notes
    assert any("[outcomes.free]: expected =" in note for note in notes)
    assert text_of(study, "work", given) == (
        "Work (expected: increase): not testable: the study asks for none (trend = false)."
    )
    assert text_of(study, "debts", given).endswith("not testable: none of these files holds an effect.")
    assert (
        statements([given], Wording(study, "en"))["H3", ""]
        == "H3: Label H3: not testable: no outcome of this hypothesis is tested."
    )


@pytest.mark.parametrize(
    ("verdicts", "whole"),
    [
        ((), "not_testable"),
        (("not_testable", "not_testable"), "not_testable"),
        (("supported", "not_testable"), "supported"),
        (("supported", "over_time"), "over_time"),
        (("opposite", "opposite_over_time", "not_testable"), "opposite_over_time"),
        (("expected", "expected"), "expected"),
        (("expected", "other"), "open"),
        (("other", "open"), "open"),
        (("supported", "expected"), "mixed"),
        (("supported", "opposite"), "mixed"),
        (("opposite", "other"), "mixed"),
        (("mixed", "supported"), "mixed"),
        (("mixed",), "mixed"),
    ],
)
def test_a_hypothesis_gets_what_its_outcomes_share_or_the_weaker(verdicts: tuple[Verdict, ...], whole: str) -> None:
    assert combine(verdicts) == whole
    assert combine(verdicts[::-1]) == whole


def test_what_hardly_differs_from_none_contradicts_nothing(study: Study) -> None:
    for value, mark, told in ((-0.024, "", ()), (-0.024, "*", ("trend",)), (-0.026, "", ("trend",))):
        rows = effect("work", value=0.3), effect("work", "longitudinal", value, mark)
        found = {own.evidence.outcome: own.contradictions for own in conclude([estimates(study, *rows)]).outcomes}
        assert found["work"] == told  # standard errors are 0.5


def test_a_register_that_no_file_tells_of_leaves_the_verdict_to_the_survey(study: Study) -> None:
    supported = effect("work", mark="**"), effect("hours", mark="**")
    alone = conclude([estimates(study, *supported)]).hypotheses[0]
    assert (alone.verdict, [own.evidence.outcome for own in alone.outcomes]) == ("supported", ["work", "hours"])
    both = conclude([estimates(study, *supported, effect("paid", value=-0.5))]).hypotheses[0]
    assert (both.verdict, both.count("for"), both.count("undecided")) == ("mixed", 2, 1)
