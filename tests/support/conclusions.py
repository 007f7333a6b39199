"""Effects, checks and descriptions made by hand, and what is concluded from them."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from dnt_cli.conclusions import conclude
from dnt_cli.conclusions.speech import hypothesis_text, outcome_text
from dnt_cli.description.result import Description
from dnt_cli.effects.columns import COLUMNS, TEXT
from dnt_cli.effects.result import Estimates
from dnt_cli.messages import encoded, message
from dnt_cli.robustness.result import RobustnessResult
from dnt_cli.study import Study
from dnt_cli.wording import Wording
from tests.support.studies import study_text

P_VALUES = {"**": 0.03, "*": 0.08, "": 0.5}
NAN = math.nan


def effect(outcome: str, analysis: str = "t3", value: float = 0.3, mark: str = "", **own: Any) -> dict[str, Any]:
    """An effect on the link scale: a log odds ratio unless it says otherwise."""
    kind = own.get("kind", "binary")
    row: dict[str, Any] = {
        "analysis": analysis, "model": "main", "outcome": outcome, "kind": kind, "status": "ok", "message": "",
        "term": "group" if analysis == "t3" else "group:wave", "estimate": value, "std_error": 0.5,
        "conf_low": value - 1, "conf_high": value + 1, "df": 100.0, "p_value": P_VALUES[mark],
    }  # fmt: skip
    if kind == "binary":
        row |= {"odds_ratio": math.exp(value), "odds_ratio_se": math.exp(value) / 2}
    elif kind == "linear":
        row |= {"beta": value / 10, "beta_se": 0.05}
    return row | own


def absent(outcome: str, analysis: str = "t3") -> dict[str, Any]:
    why = encoded([message("effects.trend_off")])
    return effect(outcome, analysis, NAN) | {"status": "not estimable", "message": why, "p_value": NAN}


def frame(*rows: dict[str, Any]) -> pd.DataFrame:
    found = pd.DataFrame(list(rows)).reindex(columns=[*COLUMNS, "shift", "verdict"])
    texts = {column: found[column].fillna("") for column in TEXT if column != "hypothesis"}
    return found.assign(**texts)


def estimates(study: Study, *rows: dict[str, Any]) -> Estimates:
    return Estimates(study, frame(*rows).drop(columns=["shift", "verdict"]), pd.DataFrame())


def checks(study: Study, *rows: dict[str, Any]) -> RobustnessResult:
    labels = {key: message("common.verbatim", text=f"check {key}") for key in dict.fromkeys(r["model"] for r in rows)}
    labels.pop("main", None)
    return RobustnessResult(study, frame(*rows), pd.DataFrame(), labels, {}, {})


def described(study: Study, *rows: tuple[str, str, str, str, str, float]) -> Description:
    """Rows of table, variable, group, wave, statistic and value."""
    names = ["table", "variable", "group", "wave", "statistic", "value"]
    figures = pd.DataFrame(list(rows), columns=names).assign(level="", n=40, denominator=40)
    return Description(study, figures)


STUDY = study_text(
    {
        "work": {"kind": "binary", "hypothesis": "H1", "expected": "increase"},
        "hours": {"kind": "binary", "hypothesis": "H1", "expected": "increase"},
        "debts": {"kind": "binary", "hypothesis": "H2", "expected": "decrease"},
        "free": {"kind": "binary"},
        "paid": {"kind": "binary", "source": "register", "counterpart": "work", "hypothesis": "H1", "register": "work"},
        "late": {"kind": "linear", "waves": ["T2"], "endpoint": "T2", "hypothesis": "H2", "expected": "decrease"},
    },
    design={"follow_up": "T2", "endpoint": "T1"},
    hypotheses={name: {"label": f"Label {name}"} for name in ("H1", "H2", "H3")},
)


def verdict_of(study: Study, outcome: str, *rows: dict[str, Any]) -> str:
    return {own.evidence.outcome: own.verdict for own in conclude([estimates(study, *rows)]).outcomes}[outcome]


def statements(results: Any, wording: Wording) -> dict[tuple[str, str], str]:
    """What is said by hypothesis and outcome; on a hypothesis as a whole the outcome is empty."""
    found = conclude(results)
    texts = {(own.key, ""): hypothesis_text(own, wording) for own in found.hypotheses if own.verdict is not None}
    level = found.sources.level
    return texts | {
        (own.key, c.evidence.outcome): outcome_text(c, wording, level) for own in found.hypotheses for c in own.outcomes
    }


def text_of(study: Study, outcome: str, *results: Any, language: Any = "en") -> str:
    found = statements(results, Wording(study, language))
    return next(text for (_, key), text in found.items() if key == outcome)


BASE = (
    effect("work", mark="**"), effect("work", "longitudinal", 0.2),
    effect("hours"), effect("debts", value=-0.3), effect("debts", "longitudinal", -0.1),
    effect("late", value=-2.0, kind="linear"), effect("free"), effect("paid", value=0.4),
)  # fmt: skip
CHECKS = tuple(row | {"verdict": "same", "shift": 0.1, "model": model} for model in ("a", "c") for row in BASE[:5])
RAW = (
    ("change", "work", "i", "T0-T1", "pct_point_change_rounded", 15.5),
    ("change", "work", "c", "T0-T1", "pct_point_change_rounded", 3.6),
    ("trend", "late", "i", "T2", "mean", 2.04),
    ("trend", "late", "c", "T2", "mean", 2.36),
)


def changed(rows: tuple[Any, ...], place: int, **values: Any) -> tuple[Any, ...]:
    return tuple(row | values if i == place else row for i, row in enumerate(rows))
