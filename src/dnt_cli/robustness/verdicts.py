"""What a check means for an effect, in one word."""

from __future__ import annotations

import pandas as pd

from dnt_cli.study import Significance

VERDICTS = ("same", "lost", "gained", "reversed", "not estimable")


def verdict(main: pd.Series, check: pd.Series, marks: Significance) -> str:
    """Compare an effect under other assumptions with the main one.

    `lost` and `gained` are about the mark of significance, `reversed` is significant both times with the other sign.
    An effect without mark that stays without mark is the same, whatever its sign.
    """
    if "not estimable" in (main["status"], check["status"]):
        return "not estimable"
    before, after = marks.mark(main["p_value"]), marks.mark(check["p_value"])
    if before and after:
        return "same" if main["estimate"] * check["estimate"] > 0 else "reversed"
    return "lost" if before else "gained" if after else "same"
