"""Check (g): other sets of controls."""

from __future__ import annotations

from dataclasses import replace

from dnt_cli.messages import Label, Message, message
from dnt_cli.models import LONGITUDINAL
from dnt_cli.robustness.context import Context, Plan, Reanalysis, Task, does_not_apply


def plan(context: Context) -> Plan:
    """A reanalysis per set of controls, of the models that had another one."""
    study, models = context.study, context.study.models
    sets = {"+".join(controls) or "none": controls for controls in (models.controls, *models.ladder, ())}
    if models.register_controls and models.register_controls not in sets.values():
        sets["register"] = models.register_controls
    planned = []
    for name, controls in sets.items():
        tasks = tuple(
            replace(task, model=replace(task.model, controls=study.without_itself(controls, task.model.outcome)))
            for task in context.all_tasks()
            if study.without_itself(controls, task.model.outcome) not in _known(context, task)
        )
        if tasks:
            planned.append(Reanalysis(f"g:{name}", tasks, context.source, label=_label(name, controls)))
    if not planned:
        raise does_not_apply("no_controls")
    return planned


def _known(context: Context, task: Task) -> list[tuple[str, ...]]:
    """The sets of controls that the main analysis used, or tried in vain before."""
    used, ladder = task.model.controls, context.study.trend_controls(task.model.outcome)
    if task.model.analysis == LONGITUDINAL and used in ladder:
        return list(ladder[: ladder.index(used) + 1])
    return [used]


def _label(name: str, controls: tuple[str, ...]) -> Message:
    if name in ("none", "register"):
        return message(f"robustness.label_controls_{name}")
    return message("robustness.label_controls", controls=[Label("name", c) for c in controls])
