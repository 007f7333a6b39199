"""Two groups side by side: the study's at baseline, and those seen at the endpoint beside those who were not."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dnt_cli.arrays import Flags
from dnt_cli.description.attrition import Attendance
from dnt_cli.description.columns import Columns, covariate_columns, joined, level_columns, outcome_columns
from dnt_cli.description.moments import Moments, moments, standardised_difference
from dnt_cli.description.rows import ALL, Rows
from dnt_cli.description.sample import group_names, memberships
from dnt_cli.study import Study

ABSENT, PRESENT = "absent", "present"


def baseline_rows(wide: pd.DataFrame, study: Study, thresholds: tuple[float, ...]) -> pd.DataFrame:
    """Covariates and baseline outcomes per group; differences are intervention minus comparison."""
    rows = Rows("baseline")
    _compare(rows, _characteristics(wide, study), memberships(wide, study), group_names(study), thresholds)
    return rows.frame([*study.covariates, *study.outcomes])


def dropout_rows(
    wide: pd.DataFrame, attendance: Attendance, study: Study, thresholds: tuple[float, ...]
) -> pd.DataFrame:
    """The same of those absent and present at the endpoint, and their group; differences are absent minus present."""
    design = study.design
    present = attendance.at(study, design.endpoint)
    group = level_columns(wide[design.group].astype("object"), design.group, list(design.groups))
    columns = joined(group, _characteristics(wide, study))
    members = np.array([~present, present, np.ones(len(wide), dtype=bool)])
    rows = Rows("dropout")
    _compare(rows, columns, members, [ABSENT, PRESENT, ALL], thresholds)
    return rows.frame([design.group, *study.covariates, *study.outcomes])


def _characteristics(wide: pd.DataFrame, study: Study) -> Columns:
    return joined(covariate_columns(wide, study), outcome_columns(wide, study, [study.design.baseline]))


def _compare(rows: Rows, columns: Columns, members: Flags, groups: list[str], thresholds: tuple[float, ...]) -> None:
    m = moments(columns.values, members)
    rows.add_moments(columns, m, groups)
    rows.add_missing(columns, members, groups)
    both = m.n[:2].sum(axis=0)
    factor = np.where(columns.share, 100.0, 1.0)
    smd = standardised_difference(m, columns.share)
    rows.add(columns.keys, "", "difference", factor * (m.mean[0] - m.mean[1]), both)
    rows.add(columns.keys, "", "smd", smd, both)
    _add_flags(rows, columns, smd, m, thresholds)


def _add_flags(rows: Rows, columns: Columns, smd: np.ndarray, m: Moments, thresholds: tuple[float, ...]) -> None:
    """Per characteristic the largest standardised difference of its levels, and which thresholds that exceeds."""
    keys = columns.keys.assign(size=np.abs(smd), n=m.n[:2].sum(axis=0))
    largest = keys.groupby(["variable", "wave"], sort=False)[["size", "n"]].max().reset_index().assign(level="")
    rows.add(largest, "", "smd_max", largest["size"].to_numpy(), largest["n"].to_numpy())
    for threshold in thresholds:
        above = np.where(largest["size"].isna(), np.nan, largest["size"] > threshold)
        rows.add(largest, "", f"above_{threshold:g}", above, largest["n"].to_numpy())
