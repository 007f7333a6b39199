"""Check (g): other sets of controls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dnt_cli.robustness.context import Check, Context, DoesNotApplyError, Scenario, Task
from dnt_cli.study import Study, Text


def _plan(context: Context) -> Sequence[Scenario]:
    study, models = context.study, context.study.models
    sets = {"+".join(controls) or "none": controls for controls in (models.controls, *models.ladder, ())}
    if models.register_controls and models.register_controls not in sets.values():
        sets["register"] = models.register_controls
    planned = []
    for name, controls in sets.items():
        tasks = tuple(
            replace(task, model=replace(task.model, controls=_others(study, controls, task.model.outcome)))
            for task in context.all_tasks()
            if controls not in _known(context, task)
        )
        if tasks:
            planned.append(Scenario(f"g:{name}", tasks, context.source, label=_label(study, name, controls)))
    if not planned:
        raise DoesNotApplyError("de studie heeft geen controlevariabelen", "the study has no controls")
    return planned


def _others(study: Study, controls: tuple[str, ...], outcome: str) -> tuple[str, ...]:
    """The controls without the outcome itself at baseline."""
    return tuple(c for c in controls if study.columns.get(c, ("", ""))[0] != outcome)


def _known(context: Context, task: Task) -> list[tuple[str, ...]]:
    """The sets of controls that the main analysis used, or tried in vain before."""
    used, ladder = task.model.controls, context.study.models.ladder
    if task.model.analysis == "longitudinal" and used in ladder:
        return list(ladder[: ladder.index(used) + 1])
    return [used]


def _label(study: Study, name: str, controls: tuple[str, ...]) -> Text:
    if name == "none":
        return Text("zonder controles", "no controls")
    if name == "register":
        return Text("controles van de registermodellen", "controls of the register models")
    nl, en = (", ".join(study.covariates[c].label[language].lower() for c in controls) for language in ("nl", "en"))
    return Text(f"controles: {nl}", f"controls: {en}")


CHECK = Check(
    "g",
    Text("andere controles", "other controls"),
    Text(
        "De andere sporten van de ladder van controles, helemaal geen, en die van de registermodellen.\n"
        "Laat zien of het effect aan de keuze van controlevariabelen hangt.",
        "The other rungs of the ladder of controls, none at all, and those of the register models.\n"
        "Shows whether the effect hangs on the choice of controls.",
    ),
    _plan,
)
