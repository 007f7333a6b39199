"""Check (i): groups made alike at baseline by weights."""

from __future__ import annotations

from collections.abc import Sequence

from dnt_cli.robustness.context import Check, Context, DoesNotApplyError, Scenario
from dnt_cli.robustness.fitters import Weighted
from dnt_cli.study import Text

_LABELS = {
    "overlap": Text("overlapgewichten (propensity)", "overlap weights (propensity)"),
    "inverse": Text("inverse-kansgewichten (propensity)", "inverse-probability weights (propensity)"),
}


def _plan(context: Context) -> Sequence[Scenario]:
    study = context.study
    if not any(c.impute for c in study.covariates.values()) and not any(map(study.adjusts_for_baseline, study.tested)):
        raise DoesNotApplyError(
            "er zijn geen achtergrondkenmerken en geen uitkomsten op de beginmeting",
            "there are no covariates and no outcomes at baseline",
        )
    fitter = Weighted(study.robustness.weights)
    tasks = context.endpoint_tasks(fitter=fitter)
    label = _LABELS[study.robustness.weights]
    return [Scenario("i", tasks, context.source, label=label, measure=fitter.balance)]


CHECK = Check(
    "i",
    Text("weging", "weighting"),
    Text(
        "Gewichten maken de groepen op de beginmeting gelijk: naar de kans op de interventie, gegeven alle "
        "achtergrondkenmerken en de uitkomst op dat moment.\nAlleen voor de eindmeting; met de balans ervoor en erna.",
        "Weights make the groups alike at baseline: by the chance of the intervention, given all covariates and the "
        "outcome at that time.\nFor the endpoint only; the balance before and after is shown.",
    ),
    _plan,
)
