"""Check (b): the change since baseline as the outcome."""

from __future__ import annotations

from collections.abc import Iterator

from dnt_cli.effects import endpoint_effects
from dnt_cli.robustness.context import Check, Column, Context, DoesNotApplyError
from dnt_cli.study import Text


def _run(context: Context) -> Iterator[Column]:
    study = context.study
    keys = [k for k, o in study.tested.items() if o.kind == "linear" and study.adjusts_for_baseline(k)]
    if not keys:
        raise DoesNotApplyError(f"no linear outcome was asked at {study.design.baseline} and at the endpoint")
    effects = endpoint_effects(context.data, context.options, outcomes=keys, difference=True, label="b")
    yield Column("b", CHECK.title, effects)


CHECK = Check(
    "b",
    Text("verschilscore", "difference score"),
    Text(
        "Het verschil tussen eindmeting en beginmeting als uitkomst, in plaats van de eindmeting met de beginmeting "
        "als controle.\nAlleen voor lineaire uitkomsten, op de eindmeting.",
        "The change from baseline to endpoint as the outcome, instead of the endpoint with the baseline as control.\n"
        "For linear outcomes only, at the endpoint.",
    ),
    _run,
)
