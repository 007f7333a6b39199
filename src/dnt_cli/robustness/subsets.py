"""Check (a): without some of the persons, imputed again on those who are left."""

from __future__ import annotations

from collections.abc import Iterator

from dnt_cli.completed import subset
from dnt_cli.effects import endpoint_effects, joined
from dnt_cli.robustness.context import Check, Column, Context, DoesNotApplyError
from dnt_cli.study import Text


def _run(context: Context) -> Iterator[Column]:
    subsets = context.study.robustness.subsets
    if not subsets:
        raise DoesNotApplyError("the study names no subset; add [robustness.subsets.NAME] with label and where")
    applied = False
    for number, (key, rule) in enumerate(subsets.items(), start=1):
        observed = subset(context.data.observed, rule)
        if len(observed) == len(context.data.observed):
            continue
        applied = True
        data = context.reimpute(observed, number)
        label = f"a:{key}"
        endpoint = endpoint_effects(data, context.options, label=label)
        yield Column(label, rule.label, joined([endpoint, context.trends(data, label)]))
    if not applied:
        raise DoesNotApplyError("the subsets leave nobody out")


CHECK = Check(
    "a",
    Text("deelgroep", "subset"),
    Text(
        "Zonder een deel van de personen (zoals wie op T0 werkte), opnieuw geïmputeerd op wie overblijft.\n"
        "Laat zien of het effect aan die personen hangt. De regels staan in het studiebestand.",
        "Without some of the persons (such as those who worked at T0), imputed again on those who are left.\n"
        "Shows whether the effect hangs on those persons. The rules stand in the study file.",
    ),
    _run,
)
