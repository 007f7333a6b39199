"""Synthetic example data with the published margins of the De Nieuwe Toekomst evaluation.

Nobody in these data exists. Numbers of women, answers per wave and group, and means equal the published ones; how the
answers of one woman hang together was made up.
"""

from __future__ import annotations

import pandas as pd

from dnt_cli.synthetic.frame import Survey

__all__ = ["generate"]


def generate(seed: int = 2021) -> pd.DataFrame:
    """The survey at the level of scores: one row per woman and interview, sorted by `id` and `wave`.

    The same seed gives the same table everywhere; every seed meets the published margins.
    """
    return Survey(seed).frame()
