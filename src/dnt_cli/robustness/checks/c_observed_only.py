"""Check (c): observed answers only, nothing imputed."""

from __future__ import annotations

from dnt_cli.design import Designs
from dnt_cli.errors import ModelError
from dnt_cli.imputed.data import gaps
from dnt_cli.messages import message
from dnt_cli.models import Model
from dnt_cli.robustness.context import Context, Plan, Reanalysis, does_not_apply
from dnt_cli.robustness.sources import DataSets


def plan(context: Context) -> Plan:
    """Every model on the answers as observed."""
    if gaps(context.data) == 0:
        raise does_not_apply("nothing_missing")
    designs = Designs(context.data.observed, context.study)
    tasks = tuple(task for task in context.all_tasks() if _has_rows(designs, task.model))
    if not tasks:
        raise does_not_apply("nobody_complete")
    return [Reanalysis("c", tasks, DataSets((context.data.observed,)), label=message("robustness.title_c"))]


def _has_rows(designs: Designs, model: Model) -> bool:
    try:
        designs.build(model)
    except ModelError:
        return False
    return True
