"""Persons in two groups, to whom a test gives answers."""

from __future__ import annotations

import numpy as np
import pandas as pd


def two_groups(persons: int) -> pd.DataFrame:
    """A row per person, p000, p001 and so on; the first is in group c, the next in i, and so by turns."""
    frame = pd.DataFrame({"id": [f"p{i:03d}" for i in range(persons)]})
    frame["group"] = pd.Categorical(np.where(np.arange(persons) % 2, "i", "c"), ["c", "i"])
    return frame
