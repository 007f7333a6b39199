"""Check (b): the change since baseline as the outcome, standardised as the endpoint is."""

from __future__ import annotations

from dataclasses import replace

from dnt_cli.messages import message
from dnt_cli.robustness.context import Context, Plan, Reanalysis, does_not_apply


def plan(context: Context) -> Plan:
    """The endpoint models of scores that were asked at baseline, of their change."""
    study = context.study
    keys = [k for k, o in study.tested.items() if o.kind == "linear" and study.adjusts_for_baseline(k)]
    tasks = context.endpoint_tasks(keys)
    if not tasks:
        raise does_not_apply("no_change_score", wave=study.design.baseline)
    changes = tuple(replace(task, model=replace(task.model, difference=True)) for task in tasks)
    return [Reanalysis("b", changes, context.source, label=message("robustness.title_b"))]
