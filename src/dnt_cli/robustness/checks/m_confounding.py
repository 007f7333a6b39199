"""Check (m): how strong something unmeasured would have to be to explain the effects at the endpoint away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from dnt_cli.design import Designs
from dnt_cli.effects.estimators import ESTIMATORS
from dnt_cli.engines import DesignMatrix, Fit
from dnt_cli.engines.margins import average_risk_ratio
from dnt_cli.models import ENDPOINT, GROUP, INTERCEPT, Model, control_of
from dnt_cli.pooling import critical_value, interval, pool_one
from dnt_cli.robustness.confounding import (
    Strength,
    as_strong_as,
    e_value,
    e_value_of_limit,
    explained,
    risk_ratio_of,
    robustness_value,
    strengths,
)
from dnt_cli.robustness.context import Context, Measures, Plan, does_not_apply
from dnt_cli.robustness.result import UNMEASURED

_MOST_SETS = 10  # imputations on which controls are left out
_KINDS = ("binary", "linear")


def plan(context: Context) -> Plan:
    """E-values of yes/no outcomes, robustness values of scores, and those of the strongest observed control."""
    rows = context.main[(context.main["analysis"] == ENDPOINT) & (context.main["status"] != "not estimable")]
    rows = rows[rows["kind"].isin(_KINDS)]
    if rows.empty:
        raise does_not_apply("no_endpoint_effect")
    designs = [Designs(wide, context.study) for wide in context.data.sets]
    found = []
    for _, row in rows.iterrows():
        model = Model(ENDPOINT, row["outcome"], context.controls(ENDPOINT, row["outcome"]))
        own = [one.build(model) for one in designs]
        numbers = _ratios(row, own, context) if row["kind"] == "binary" else _shares(row, own, context)
        told = {"analysis": UNMEASURED, "model": "m", "outcome": row["outcome"]}
        found += [told | one for one in numbers]
    return [Measures("m", pd.DataFrame(found))]


def _ratios(row: pd.Series, designs: Sequence[DesignMatrix], context: Context) -> list[dict[str, Any]]:
    """E-values of the odds ratio and of the risk ratio over persons."""
    share = float(row["n_events"] / row["n_observations"])
    odds = [risk_ratio_of(float(row[f"odds_ratio{end}"]), share) for end in ("", "_low", "_high")]
    fits = _fitted(designs, context)
    ratios = np.array(
        [average_risk_ratio(d.matrix, f.estimate, f.covariance, d.terms.index(GROUP))
         for d, f in zip(designs, fits, strict=True) if f.status.usable]
    )  # fmt: skip
    pooled = pool_one(ratios[:, 0], ratios[:, 1] ** 2, np.full(len(ratios), np.inf))
    low, high = (float(np.exp(own[0])) for own in interval(pooled, context.options.level))
    risk = float(np.exp(pooled.estimate[0]))
    found = [
        {"term": "e_value_odds_ratio", "estimate": e_value(odds[0])},
        {"term": "e_limit_odds_ratio", "estimate": e_value_of_limit(odds[1], odds[2])},
        {"term": "risk_ratio", "estimate": risk, "std_error": float(pooled.std_error[0]), "conf_low": low,
         "conf_high": high},
        {"term": "e_value_risk_ratio", "estimate": e_value(risk)},
        {"term": "e_limit_risk_ratio", "estimate": e_value_of_limit(low, high)},
    ]  # fmt: skip
    moved = _moved(designs[:_MOST_SETS], fits[:_MOST_SETS], context)
    if moved:
        control = max(moved, key=lambda key: moved[key])
        ratio = risk_ratio_of(float(np.exp(moved[control])), share)
        found.append({"term": "e_value_benchmark", "estimate": e_value(ratio), "controls": control})
    return found


def _fitted(designs: Sequence[DesignMatrix], context: Context) -> list[Fit]:
    return ESTIMATORS["binary"].endpoint(designs, context.options)


def _moved(designs: Sequence[DesignMatrix], fits: Sequence[Fit], context: Context) -> dict[str, float]:
    """Control -> by how much the log odds ratio moves when it is left out, over the imputations."""
    found = {}
    for control, terms in _controls(designs).items():
        others = _fitted([_without(design, terms) for design in designs], context)
        shifts = [
            b.estimate[b.terms.index(GROUP)] - a.estimate[a.terms.index(GROUP)]
            for a, b in zip(fits, others, strict=True)
            if a.status.usable and b.status.usable
        ]
        if shifts:
            found[control] = float(abs(np.mean(shifts)))
    return found


def _without(design: DesignMatrix, terms: Sequence[str]) -> DesignMatrix:
    kept = [j for j, term in enumerate(design.terms) if term not in terms]
    return replace(design, matrix=design.matrix[:, kept], terms=tuple(design.terms[j] for j in kept))


def _controls(designs: Sequence[DesignMatrix]) -> dict[str, list[str]]:
    """Control, or the outcome at baseline -> its terms, of those that every imputation has."""
    shared = [term for term in designs[0].terms if all(term in design.terms for design in designs)]
    found: dict[str, list[str]] = {}
    for term in shared:
        if term not in (INTERCEPT, GROUP):
            found.setdefault(control_of(term), []).append(term)
    return found


def _shares(row: pd.Series, designs: Sequence[DesignMatrix], context: Context) -> list[dict[str, Any]]:
    """Robustness values, for the estimate and for its significance, and the bound by the strongest control."""
    df = float(len(designs[0].response) - len(designs[0].terms))
    error = float(np.sqrt(row["ubar"]))  # of one completed data set
    strength = abs(float(row["estimate"])) / error / np.sqrt(df)
    critical = float(critical_value(row["df"], context.options.level)) * float(row["std_error"]) / error
    found: list[dict[str, Any]] = [
        {"term": "partial_r2", "estimate": strength**2 / (1.0 + strength**2)},
        {"term": "robustness_value", "estimate": robustness_value(strength)},
        {"term": "robustness_value_limit", "estimate": robustness_value(strength, critical / np.sqrt(df - 1.0))},
    ]
    controls = _controls(designs)
    if not controls:
        return found
    each = [strengths(design, GROUP, controls) for design in designs]
    mean = {
        c: Strength(*(float(np.mean([getattr(own[c], side) for own in each])) for side in ("outcome", "group")))
        for c in controls
    }
    control, bias = _strongest(mean, error, df)
    left = np.sign(row["estimate"]) * (abs(row["estimate"]) - bias)
    numbers = {"outcome": mean[control].outcome, "group": mean[control].group, "effect": float(left)}
    return found + [{"term": f"benchmark_{k}", "estimate": v, "controls": control} for k, v in numbers.items()]


def _strongest(controls: Mapping[str, Strength], error: float, df: float) -> tuple[str, float]:
    """The control as strong as which an unmeasured cause would take away most, and how much."""
    bias = {}
    for control, own in controls.items():
        outcome, group = as_strong_as(own.outcome, own.group)
        bias[control] = explained(outcome, group, error, df) if group < 1.0 else float("inf")
    control = max(bias, key=lambda key: bias[key])
    return control, bias[control]
