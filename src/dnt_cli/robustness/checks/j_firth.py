"""Check (j): Firth's penalised likelihood where a yes/no outcome is rare or nearly universal."""

from __future__ import annotations

from collections.abc import Sequence

from dnt_cli.design import Designs
from dnt_cli.robustness.context import Check, Context, DoesNotApplyError, Scenario, Task
from dnt_cli.robustness.fitters import firth
from dnt_cli.study import Text


def _plan(context: Context) -> Sequence[Scenario]:
    study, least = context.study, context.study.robustness.sparse
    designs = Designs(context.data.sets[0], study)
    keys = [k for k in study.tested if study.outcomes[k].kind == "binary"]
    tasks = tuple(task for task in context.endpoint_tasks(keys, fitter=firth) if _ratio(designs, task) < least)
    if not tasks:
        dutch = f"{least:g}".replace(".", ",")
        raise DoesNotApplyError(
            f"elke binaire uitkomst heeft minstens {dutch} personen van elke soort per coëfficiënt",
            f"every binary outcome has at least {least:g} persons of either kind per coefficient",
        )
    return [Scenario("j", tasks, context.source, label=CHECK.title)]


def _ratio(designs: Designs, task: Task) -> float:
    """Events or non-events, whichever are fewer, per coefficient, in the first data set."""
    design = designs.build(task.model)
    events = float(design.response.sum())
    return min(events, len(design.response) - events) / len(design.terms)


CHECK = Check(
    "j",
    Text("Firth", "Firth"),
    Text(
        "Firths penalised likelihood voor binaire uitkomsten met weinig personen van een soort per coëfficiënt.\n"
        "Haalt de vertekening weg die gewone logistische regressie dan heeft, en schat ook bij separatie.",
        "Firth's penalised likelihood for binary outcomes with few persons of one kind per coefficient.\n"
        "Takes away the bias that ordinary logistic regression then has, and estimates under separation too.",
    ),
    _plan,
)
