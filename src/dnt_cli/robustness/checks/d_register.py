"""Check (d): register outcomes beside those of the survey."""

from __future__ import annotations

from dnt_cli.effects.rows import joined
from dnt_cli.effects.run import endpoint_effects, trend_effects
from dnt_cli.messages import message
from dnt_cli.robustness.context import Context, KnownEffects, Plan, does_not_apply


def plan(context: Context) -> Plan:
    """The effects on the register outcomes, with the controls that the study names for them."""
    study, there = context.study, set(context.data.observed.columns)
    keys = [k for k in study.tested if study.is_register(k)]
    if not keys:
        raise does_not_apply("no_register")
    keys = [k for k in keys if {study.column(k, wave) for wave in study.outcomes[k].waves} <= there]
    if not keys:
        raise does_not_apply("register_not_there")
    parts = [endpoint_effects(context.data, context.options, outcomes=keys, label="d")]
    trends = [k for k in keys if study.has_trend(k)]
    if trends:
        parts.append(trend_effects(context.data, context.options, outcomes=trends, label="d"))
    return [KnownEffects("d", joined(parts), message("robustness.title_d"))]
