"""How many persons are in which group and place."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dnt_cli.arrays import Flags
from dnt_cli.description.columns import level_columns
from dnt_cli.description.moments import moments
from dnt_cli.description.rows import ALL, Rows
from dnt_cli.study import Study


def group_names(study: Study) -> list[str]:
    """The groups in the order of all arrays: intervention, comparison, both together."""
    return [*study.design.groups, ALL]


def memberships(wide: pd.DataFrame, study: Study) -> Flags:
    """(3, persons): who belongs to which of `group_names`."""
    group = wide[study.design.group]
    codes = [(group == name).to_numpy() for name in group_names(study)[:2]]
    return np.array([*codes, np.ones(len(wide), dtype=bool)])


def sample_rows(wide: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Persons per group, and per place of recruitment within each group."""
    rows = Rows("sample")
    members, groups = memberships(wide, study), group_names(study)
    whole = pd.DataFrame({"variable": [""], "level": [""], "wave": [""]})
    for g, group in enumerate(groups):
        n = members[g].sum()
        rows.add(whole, group, "pct", 100 * n / len(wide), n, len(wide))
    site = study.design.site
    if site is not None:
        columns = level_columns(wide[site], site, sorted(wide[site].dropna().unique()))
        rows.add_moments(columns, moments(columns.values, members), groups)
        rows.add_missing(columns, members, groups)
    return rows.frame([site or ""])
