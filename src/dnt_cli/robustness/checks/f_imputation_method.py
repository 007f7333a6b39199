"""Check (f): the other imputation method."""

from __future__ import annotations

from dnt_cli.messages import message
from dnt_cli.robustness.context import Context, Plan, Reanalysis, does_not_apply

_NUMBER = 6


def plan(context: Context) -> Plan:
    """Every model on data sets that were imputed by the other method."""
    if not context.measured[list(context.study.columns.keys() & set(context.measured.columns))].isna().any(axis=None):
        raise does_not_apply("nothing_missing")
    method = "pmm" if context.settings.method == "forest" else "forest"
    m = context.study.robustness.second_m
    source = context.imputed_again(context.measured, method=method, m=m, seed=context.spawned(_NUMBER))
    label = message("robustness.label_method", method=method, m=m)
    return [Reanalysis("f", context.all_tasks(), source, label=label)]
