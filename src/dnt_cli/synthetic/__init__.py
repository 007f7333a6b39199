"""Synthetic example data with the published margins of the De Nieuwe Toekomst evaluation.

Nobody in these data exists. Numbers of women, answers per wave and group, and means equal the published ones; how the
answers of one woman hang together was made up.
"""

from __future__ import annotations

import pandas as pd

from dnt_cli.study import Study, load_study
from dnt_cli.synthetic.answers import with_items
from dnt_cli.synthetic.frame import Survey

__all__ = ["answers", "example_study", "generate"]


def generate(seed: int = 2021) -> pd.DataFrame:
    """The survey at the level of scores: one row per woman and interview, sorted by `id` and `wave`.

    The same seed gives the same table everywhere; every seed meets the published margins.
    """
    return Survey(seed).frame()


def answers(seed: int = 2021) -> pd.DataFrame:
    """The survey at the level of items: scored by `example_study`, it gives `generate(seed)`."""
    return with_items(Survey(seed), example_study().instruments, seed)


def example_study() -> Study:
    """The study of the example: its made-up locus of control has no reversed items, which no codebook says."""
    return load_study("dnt", ["synthetic=true", "instruments.locus.reversed=none"])
