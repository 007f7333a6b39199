"""Check (k): the marks after correction for the number of tests."""

from __future__ import annotations

from collections.abc import Sequence

from dnt_cli.effects import Effects
from dnt_cli.pooling import adjust
from dnt_cli.robustness.context import Check, Column, Context, DoesNotApplyError
from dnt_cli.study import Text

_LABELS = {
    "holm": Text("Holm, alle toetsen samen", "Holm, all tests together"),
    "bh": Text("Benjamini-Hochberg, alle toetsen samen", "Benjamini-Hochberg, all tests together"),
}


def _plan(context: Context) -> Sequence[Column]:
    main = context.main
    if main["p_value"].notna().sum() < 2:
        raise DoesNotApplyError("er is maar een toets", "there is one test only")
    adjusted = {f"p_{name}": adjust(main["p_value"].to_numpy(dtype=float), name) for name in ("holm", "bh")}
    family = main.assign(**adjusted)
    none = context.effects.fits.iloc[:0]
    return [
        Column(f"k:{name}", Effects(family.assign(p_value=family[f"p_{name}"]), none), label)
        for name, label in _LABELS.items()
    ]


CHECK = Check(
    "k",
    Text("aantal toetsen", "number of tests"),
    Text(
        "Dezelfde schattingen, met p-waarden gecorrigeerd over alle toetsen van eindmeting en trend samen.\n"
        "Holm begrenst de kans op ook maar een vals alarm, Benjamini-Hochberg het aandeel valse alarmen.",
        "The same estimates, with p-values corrected over all tests of endpoint and trend together.\n"
        "Holm bounds the chance of even one false alarm, Benjamini-Hochberg the share of false alarms.",
    ),
    _plan,
)
