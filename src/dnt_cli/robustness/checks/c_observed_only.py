"""Check (c): observed answers only, nothing imputed."""

from __future__ import annotations

from collections.abc import Sequence

from dnt_cli.design import Designs, Model
from dnt_cli.errors import ModelError
from dnt_cli.imputed.data import gaps
from dnt_cli.robustness.context import Check, Context, DoesNotApplyError, Scenario
from dnt_cli.robustness.sources import Given
from dnt_cli.study import Text


def _plan(context: Context) -> Sequence[Scenario]:
    if gaps(context.data) == 0:
        raise DoesNotApplyError(
            "er ontbreekt niets, dus er is niets geïmputeerd", "nothing is missing, so nothing was imputed"
        )
    designs = Designs(context.data.observed, context.study)
    tasks = tuple(task for task in context.all_tasks() if _has_rows(designs, task.model))
    if not tasks:
        raise DoesNotApplyError(
            "niemand beantwoordde alles wat een model nodig heeft", "nobody answered all that a model needs"
        )
    return [Scenario("c", tasks, Given((context.data.observed,)), label=CHECK.title)]


def _has_rows(designs: Designs, model: Model) -> bool:
    try:
        designs.build(model)
    except ModelError:
        return False
    return True


CHECK = Check(
    "c",
    Text("zonder imputatie", "observed only"),
    Text(
        "Alleen beantwoorde vragen: de eindmeting bij wie toen is gezien, trends met maximum likelihood op de "
        "metingen die er zijn.\nLaat zien of het effect aan de imputatie hangt; zuiver als uitval alleen van het "
        "model afhangt.",
        "Observed answers only: the endpoint among those seen then, trends by maximum likelihood on the waves there "
        "are.\nShows whether the effect hangs on the imputation; unbiased if drop-out depends on the model only.",
    ),
    _plan,
)
