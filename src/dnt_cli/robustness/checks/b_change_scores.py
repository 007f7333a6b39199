"""Check (b): the change since baseline as the outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dnt_cli.robustness.context import Check, Context, DoesNotApplyError, Scenario
from dnt_cli.study import Text


def _plan(context: Context) -> Sequence[Scenario]:
    study = context.study
    keys = [k for k, o in study.tested.items() if o.kind == "linear" and study.adjusts_for_baseline(k)]
    tasks = context.endpoint_tasks(keys)
    if not tasks:
        baseline = study.design.baseline
        raise DoesNotApplyError(
            f"geen lineaire uitkomst is op {baseline} en op de eindmeting gevraagd",
            f"no linear outcome was asked at {baseline} and at the endpoint",
        )
    changes = tuple(replace(task, model=replace(task.model, difference=True)) for task in tasks)
    return [Scenario("b", changes, context.source, label=CHECK.title)]


CHECK = Check(
    "b",
    Text("verschilscore", "difference score"),
    Text(
        "Het verschil tussen eindmeting en beginmeting als uitkomst, in plaats van de eindmeting met de beginmeting "
        "als controle.\nAlleen voor lineaire uitkomsten, op de eindmeting.",
        "The change from baseline to endpoint as the outcome, instead of the endpoint with the baseline as control.\n"
        "For linear outcomes only, at the endpoint.",
    ),
    _plan,
)
