"""Check (f): the other imputation method."""

from __future__ import annotations

from collections.abc import Sequence

from dnt_cli.robustness.context import Check, Context, DoesNotApplyError, Scenario
from dnt_cli.study import Text

_NUMBER = 6


def _plan(context: Context) -> Sequence[Scenario]:
    if not context.observed[list(context.study.columns.keys() & set(context.observed.columns))].isna().any(axis=None):
        raise DoesNotApplyError(
            "er ontbreekt niets, dus er is niets geïmputeerd", "nothing is missing, so nothing was imputed"
        )
    method = "pmm" if context.settings.method == "forest" else "forest"
    m = context.study.robustness.second_m
    source = context.reimputed(context.observed, method=method, m=m, seed=context.spawned(_NUMBER))
    label = Text(f"imputatie met {method}, m = {m}", f"imputed by {method}, m = {m}")
    return [Scenario("f", context.all_tasks(), source, label=label)]


CHECK = Check(
    "f",
    Text("andere imputatie", "other imputation"),
    Text(
        "Geïmputeerd met de andere methode (forest naast pmm, en omgekeerd), met een klein aantal imputaties.\n"
        "Laat zien of het effect aan de imputatiemethode hangt; forest kost minuten.",
        "Imputed by the other method (forest beside pmm, and the other way round), a small number of times.\n"
        "Shows whether the effect hangs on the imputation method; forest takes minutes.",
    ),
    _plan,
)
