"""Check (c): observed answers only, nothing imputed."""

from __future__ import annotations

from collections.abc import Iterator

from dnt_cli.completed import gaps
from dnt_cli.effects import as_observed, endpoint_effects, joined
from dnt_cli.robustness.context import Check, Column, Context, DoesNotApplyError
from dnt_cli.study import Text


def _run(context: Context) -> Iterator[Column]:
    if gaps(context.data) == 0:
        raise DoesNotApplyError("nothing is missing, so nothing was imputed")
    data = as_observed(context.data)
    endpoint = endpoint_effects(data, context.options, label="c")
    yield Column("c", CHECK.title, joined([endpoint, context.trends(data, "c")]))


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
    _run,
)
