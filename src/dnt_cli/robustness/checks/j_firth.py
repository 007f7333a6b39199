"""Check (j): Firth's penalised likelihood where a yes/no outcome is rare or nearly universal."""

from __future__ import annotations

from dnt_cli.design import Designs
from dnt_cli.messages import message
from dnt_cli.robustness.context import Context, Plan, Reanalysis, Task, does_not_apply
from dnt_cli.robustness.fitters import firth


def plan(context: Context) -> Plan:
    """The endpoint models of sparse yes/no outcomes."""
    study, least = context.study, context.study.robustness.sparse
    designs = Designs(context.data.sets[0], study)
    keys = [k for k in study.tested if study.outcomes[k].kind == "binary"]
    tasks = tuple(task for task in context.endpoint_tasks(keys, fitter=firth) if _ratio(designs, task) < least)
    if not tasks:
        raise does_not_apply("not_sparse", least=float(least))
    return [Reanalysis("j", tasks, context.source, label=message("robustness.title_j"))]


def _ratio(designs: Designs, task: Task) -> float:
    """Events or non-events, whichever are fewer, per coefficient, in the first data set."""
    design = designs.build(task.model)
    events = float(design.response.sum())
    return min(events, len(design.response) - events) / len(design.terms)
