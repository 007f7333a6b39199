"""Check (a): without some of the persons, imputed again on those who are left."""

from __future__ import annotations

from collections.abc import Sequence

from dnt_cli.robustness.context import Check, Context, DoesNotApplyError, LeftOut, Scenario
from dnt_cli.study import Text
from dnt_cli.wide import fulfils


def _plan(context: Context) -> Sequence[Scenario | LeftOut]:
    study = context.study
    if not study.robustness.subsets:
        raise DoesNotApplyError(
            "de studie noemt geen deelgroep; voeg [robustness.subsets.NAAM] met label en where toe",
            "the study names no subset; add [robustness.subsets.NAME] with label and where",
        )
    planned: list[Scenario | LeftOut] = []
    for number, (key, rule) in enumerate(study.robustness.subsets.items(), start=1):
        keep = fulfils(context.data.observed, rule.where)
        groups = context.data.observed.loc[keep, study.design.group].nunique()
        if keep.all():
            reason = Text(f"{rule.label.nl}: er valt niemand af", f"{rule.label.en}: this leaves nobody out")
            planned.append(LeftOut(f"a:{key}", reason))
        elif groups < 2:
            reason = Text(
                f"{rule.label.nl}: er blijven geen twee groepen over", f"{rule.label.en}: no two groups are left"
            )
            planned.append(LeftOut(f"a:{key}", reason))
        else:
            source = context.reimputed(context.observed[keep].reset_index(drop=True), seed=context.spawned(number))
            planned.append(Scenario(f"a:{key}", context.all_tasks(), source, label=rule.label))
    return planned


CHECK = Check(
    "a",
    Text("deelgroep", "subset"),
    Text(
        "Zonder een deel van de personen (zoals wie op T0 werkte), opnieuw geïmputeerd op wie overblijft.\n"
        "Laat zien of het effect aan die personen hangt. De regels staan in het studiebestand.",
        "Without some of the persons (such as those who worked at T0), imputed again on those who are left.\n"
        "Shows whether the effect hangs on those persons. The rules stand in the study file.",
    ),
    _plan,
)
