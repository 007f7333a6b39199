"""Check (d): register outcomes beside those of the survey."""

from __future__ import annotations

from collections.abc import Sequence

from dnt_cli.effects import endpoint_effects, joined, trend_effects
from dnt_cli.robustness.context import Check, Column, Context, DoesNotApplyError
from dnt_cli.study import Text


def _plan(context: Context) -> Sequence[Column]:
    study, there = context.study, set(context.data.observed.columns)
    keys = [k for k, o in study.tested.items() if o.source == "register"]
    if not keys:
        raise DoesNotApplyError("de studie heeft geen registeruitkomsten", "the study has no register outcomes")
    keys = [k for k in keys if {study.column(k, wave) for wave in study.outcomes[k].waves} <= there]
    if not keys:
        raise DoesNotApplyError(
            "het imputatiebestand bevat geen registeruitkomsten", "the imputations hold no register outcomes"
        )
    parts = [endpoint_effects(context.data, context.options, outcomes=keys, label="d")]
    trends = [k for k in keys if study.has_trend(k)]
    if trends:
        parts.append(trend_effects(context.data, context.options, outcomes=trends, label="d"))
    return [Column("d", joined(parts), CHECK.title)]


CHECK = Check(
    "d",
    Text("register", "register"),
    Text(
        "Registeruitkomsten in plaats van antwoorden, met de controles die de studie daarvoor noemt.\n"
        "Registers kennen geen uitval en geen sociaal wenselijke antwoorden, maar meten iets anders.",
        "Register outcomes instead of answers, with the controls that the study names for them.\n"
        "Registers know no drop-out and no socially desirable answers, but measure something else.",
    ),
    _plan,
)
