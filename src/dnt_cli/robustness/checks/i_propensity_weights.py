"""Check (i): groups made alike at baseline by weights."""

from __future__ import annotations

from dnt_cli.messages import message
from dnt_cli.robustness.context import Context, Plan, Reanalysis, does_not_apply
from dnt_cli.robustness.fitters import Weighted


def plan(context: Context) -> Plan:
    """The endpoint models weighted, with the balance of the groups before and after."""
    study = context.study
    if not any(c.impute for c in study.covariates.values()) and not any(map(study.adjusts_for_baseline, study.tested)):
        raise does_not_apply("no_characteristics")
    kind = study.robustness.weights
    fitter = Weighted(kind)
    tasks, label = context.endpoint_tasks(fitter=fitter), message(f"robustness.label_weights_{kind}")
    return [Reanalysis("i", tasks, context.source, label=label, measure=fitter.balance)]
