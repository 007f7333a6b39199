"""Check (i): groups made alike at baseline by weights."""

from __future__ import annotations

from dnt_cli.design import group_indicator
from dnt_cli.messages import Message, message
from dnt_cli.robustness.context import Context, Plan, Reanalysis, does_not_apply
from dnt_cli.robustness.fitters import Weighted
from dnt_cli.robustness.propensity import baseline_columns, characteristics
from dnt_cli.robustness.sources import Workspace

LEAST_PER_TERM = 5
"""Persons of the smaller group for each term of the propensity model, constant included."""


def plan(context: Context) -> Plan:
    """The endpoint models weighted, with the balance of the groups before and after."""
    study = context.study
    if not any(c.impute for c in study.covariates.values()) and not any(map(study.adjusts_for_baseline, study.tested)):
        raise does_not_apply("no_characteristics")
    kind = study.robustness.weights
    fitter = Weighted(kind)
    tasks, label = context.endpoint_tasks(fitter=fitter), message(f"robustness.label_weights_{kind}")
    notes = _too_many_terms(context)
    return [Reanalysis("i", tasks, context.source, label=label, measure=fitter.balance, notes=notes)]


def _too_many_terms(context: Context) -> tuple[Message, ...]:
    """A warning where the propensity model has few persons of the smaller group for each of its terms."""
    space = Workspace(context.data.sets[0], context.study)
    outcome = [column for column in baseline_columns(space) if context.study.columns[column][0] in context.study.tested]
    terms = len(characteristics(space, outcome[:1])[1]) + 1
    treated = group_indicator(space.wide, context.study) == 1
    fewer = int(min(treated.sum(), (~treated).sum()))
    if fewer >= LEAST_PER_TERM * terms:
        return ()
    return (message("robustness.propensity_terms", persons=fewer, terms=terms, least=LEAST_PER_TERM),)
