"""Check (l): the trends when the waves of a person are alike in another way, or time is counted in another way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from dnt_cli.effects.errors import resting_on
from dnt_cli.effects.estimators import ESTIMATORS
from dnt_cli.effects.kinds import KINDS
from dnt_cli.effects.rows import Effects
from dnt_cli.messages import Message, message
from dnt_cli.models import LONGITUDINAL
from dnt_cli.robustness.context import Context, KnownEffects, NotApplicable, Plan, Reanalysis, Task, does_not_apply
from dnt_cli.robustness.fitters import random_slope
from dnt_cli.study import Study

_LEAST_WAVES = 3
"""A line has something to be compared with only then, and the slopes of persons can be told from their noise."""


def plan(context: Context) -> Plan:
    """The trends with errors by person, on the other scale of time, with an effect per wave, and with random slopes."""
    tasks = context.trend_tasks()
    if not tasks:
        raise does_not_apply("no_trends")
    study = context.study
    several = [task for task in tasks if len(task.model.waves(study)) >= _LEAST_WAVES]
    sloped = [task for task in several if ESTIMATORS[task.model.kind(study)].random_slope is not None]
    notes = [message("robustness.slope_given")] if any(_yes_no(task, study) for task in sloped) else []
    notes += [message("robustness.slope_kinds")] if len(sloped) < len(several) else []
    other = "months" if study.models.time == "wave" else "waves"
    short = message("robustness.two_waves")
    return [
        _by_person(context),
        _counted(context, "l:time", tasks, "other", message(f"robustness.label_time_{other}")),
        _counted(context, "l:category", several, "category", message("robustness.label_category"))
        if several else NotApplicable("l:category", short),
        Reanalysis("l:slope", tuple(replace(task, fitter=random_slope) for task in sloped), context.source,
                   label=message("robustness.label_slope"), notes=tuple(notes))
        if sloped else NotApplicable("l:slope", message("robustness.no_slope")),
    ]  # fmt: skip


def _yes_no(task: Task, study: Study) -> bool:
    return KINDS[task.model.kind(study)].yes_no


def _by_person(context: Context) -> KnownEffects | NotApplicable:
    """The trends with standard errors by person, which the main analysis has beside its own."""
    if context.study.models.errors == "sites":  # persons of a site are alike in ways that errors by person do not know
        return NotApplicable("l:persons", message("robustness.marks_by_site"))
    rows = context.main[context.main["analysis"] == LONGITUDINAL]
    rows = rows[(rows["status"] != "not estimable") & rows["p_value_persons"].notna()]
    if rows.empty:
        return NotApplicable("l:persons", message("robustness.no_trend_errors"))
    known = resting_on(rows, "persons").drop(columns="errors")
    known["engine"] = known["engine"] + ", CR1 by person"
    return KnownEffects(
        "l:persons", Effects(known, context.effects.fits.iloc[:0]), message("robustness.label_by_person")
    )


def _counted(
    context: Context, key: str, tasks: Sequence[Task], time: Literal["other", "category"], label: Message
) -> Reanalysis:
    """The same models with another time."""
    own = tuple(replace(task, model=replace(task.model, time=time)) for task in tasks)
    return Reanalysis(key, own, context.source, label=label)
