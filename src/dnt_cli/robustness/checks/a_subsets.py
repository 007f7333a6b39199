"""Check (a): without some of the persons, imputed again on those who are left.

A rule such as `work_T0 != 1` asks for an answer that some persons did not give. With `robustness.unknown = "impute"`
such a person is judged in every imputation by the value that the main analysis imputed, as R's `subset` does on a
`mids` object; with `leave_out` the person is left out. Who belongs to the subset is thus drawn first, given all
answers; then the other gaps are drawn again among the persons of the subset, in a table in which the imputed value
that decided counts as an answer, so that no person can leave the subset again. Where no answer is unknown, the table
is the same for all imputations.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from dnt_cli.arrays import Flags
from dnt_cli.messages import Label, Message, message
from dnt_cli.robustness.context import Context, NotApplicable, Plan, Reanalysis, does_not_apply
from dnt_cli.study import Study, Subset
from dnt_cli.wide import fulfils


def plan(context: Context) -> Plan:
    """A reanalysis per subset of the study file."""
    subsets = context.study.robustness.subsets
    if not subsets:
        raise does_not_apply("no_subset")
    return [_subset(context, key, rule, number) for number, (key, rule) in enumerate(subsets.items(), start=1)]


def _subset(context: Context, key: str, rule: Subset, number: int) -> Reanalysis | NotApplicable:
    named = Label("subset", key)
    member = fulfils(context.data.observed, rule.where)
    kept = _kept(context, rule, member)
    if all(own.all() for own in kept):
        return NotApplicable(f"a:{key}", message("robustness.nobody_left_out", subset=named))
    groups = context.data.observed[context.study.design.group]
    if min(groups[own].nunique() for own in kept) < 2:
        return NotApplicable(f"a:{key}", message("robustness.no_two_groups", subset=named))
    columns = list(dict.fromkeys(c for own in rule.where for c in _behind(context.study, own.column)))
    columns = [c for c in columns if c in context.measured.columns]
    tables = [context.measured[kept[0]]] if len(kept) == 1 else [
        context.measured.assign(**{c: context.measured[c].fillna(wide[c]) for c in columns})[own]
        for own, wide in zip(kept, context.data.sets, strict=True)
    ]  # fmt: skip
    source = context.imputed_again(*(t.reset_index(drop=True) for t in tables), seed=context.spawned(number))
    label = message("robustness.label_subset", subset=named)
    return Reanalysis(
        f"a:{key}", context.all_tasks(), source, label=label, notes=(_counted(member, kept),)
    )  # fmt: skip


def _kept(context: Context, rule: Subset, member: pd.Series) -> list[Flags]:
    """(n,) who stays: once for all imputations, or for each where an imputed value decides."""
    sure: Flags = member.fillna(False).to_numpy(dtype=bool)
    if context.study.robustness.unknown == "leave_out" or not member.isna().any():
        return [sure]
    drawn = [fulfils(wide, rule.where).fillna(False).to_numpy(dtype=bool) for wide in context.data.sets]
    return [np.where(member.isna(), own, sure) for own in drawn]


def _behind(study: Study, column: str) -> Iterator[str]:
    """The measured columns that decide about a column: itself, what it is derived from, what it is conditional on."""
    if column not in study.columns:
        yield column
        return
    key, wave = study.columns[column]
    outcome = study.outcomes[key]
    if outcome.conditional_on is not None:
        yield from _behind(study, study.column(outcome.conditional_on, wave))
    if outcome.derive is None:
        yield column
        return
    for own in filter(None, (wave, outcome.derive.since)):
        yield from _behind(study, study.column(outcome.derive.source, own))


def _counted(member: pd.Series, kept: list[Flags]) -> Message:
    """How many persons fulfil the rule, how many do not, and what became of those of whom it is unknown."""
    unknown = member.isna().to_numpy(dtype=bool)
    inside = int(member.fillna(False).sum())
    counts = {"inside": inside, "outside": len(member) - inside - int(unknown.sum()), "unknown": int(unknown.sum())}
    if not unknown.any():
        return message("robustness.subset_known", inside=inside, outside=counts["outside"])
    if len(kept) == 1:
        return message("robustness.subset_left_out", **counts)
    chosen = [int(own[unknown].sum()) for own in kept]
    return message("robustness.subset_imputed", **counts, low=min(chosen), high=max(chosen))
