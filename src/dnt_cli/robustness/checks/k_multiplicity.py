"""Check (k): the marks after correction for the number of tests."""

from __future__ import annotations

from dnt_cli.effects.rows import Effects
from dnt_cli.messages import message
from dnt_cli.pooling import adjust
from dnt_cli.robustness.context import Context, KnownEffects, Plan, does_not_apply


def plan(context: Context) -> Plan:
    """The main effects with corrected p-values."""
    main = context.main
    tests = main["p_value"].notna().sum()
    if tests < 2:
        raise does_not_apply("one_test" if tests else "no_test")
    adjusted = {f"p_{name}": adjust(main["p_value"].to_numpy(dtype=float), name) for name in ("holm", "bh")}
    family = main.assign(**adjusted)
    none = context.effects.fits.iloc[:0]
    return [
        KnownEffects(
            f"k:{name}",
            Effects(family.assign(p_value=family[f"p_{name}"]), none),
            message(f"robustness.label_{name}"),
        )
        for name in ("holm", "bh")
    ]
