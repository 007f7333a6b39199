"""How outcomes went: levels per wave and group, and what changed between two waves."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dnt_cli.arrays import Floats
from dnt_cli.description.attrition import Attendance
from dnt_cli.description.columns import Columns, outcome_columns
from dnt_cli.description.moments import Moments, mean_interval, moments
from dnt_cli.description.rounding import PERCENT_DECIMALS, decimals_of, half_up
from dnt_cli.description.rows import Rows, parted
from dnt_cli.description.sample import group_names, memberships
from dnt_cli.study import Study

UNTIL = "-"  # in the name of an interval: T0-T3
Positions = NDArray[np.intp]


def trend_rows(wide: pd.DataFrame, attendance: Attendance, study: Study) -> pd.DataFrame:
    """Percentages or means per wave and group with intervals, and the raw differences between the groups."""
    rows = Rows("trend")
    columns, groups = outcome_columns(wide, study), group_names(study)
    m = moments(columns.values, attendance.members)
    rows.add_moments(columns, m, groups)
    rows.add_intervals(columns, m, groups)
    position = [study.design.wave_keys.index(wave) for wave in columns.keys["wave"]]
    rows.add_missing(columns, attendance.members, groups, attendance.seen[:, position].astype(float))
    figures, rounded = _figures(columns, m, study)
    n = m.n[:2].sum(axis=0)
    rows.add(columns.keys, "", "difference", figures[0] - figures[1], n)
    rows.add(columns.keys, "", "difference_rounded", _difference(rounded[0], rounded[1]), n)
    return rows.frame(list(study.outcomes))


def intervals(study: Study, waves: tuple[str, ...]) -> list[tuple[str, str]]:
    """The pairs of waves between which change is described.

    From baseline and from the endpoint to each later wave, and from each wave to the next.
    """
    design = study.design
    asked = [wave for wave in design.wave_keys if wave in waves]
    anchors = (design.baseline, design.endpoint)
    return [
        (start, end)
        for i, start in enumerate(asked)
        for j, end in enumerate(asked)
        if i < j and (start in anchors or j == i + 1)
    ]


def interval_names(study: Study, pairs: list[tuple[str, str]]) -> list[str]:
    """What stands in the place of the wave where a change between two is described."""
    until = parted(study.design.wave_keys, UNTIL)
    return [until.join(pair) for pair in pairs]


def change_rows(wide: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Change between two waves, of all who answered and within those who answered both."""
    rows = Rows("change")
    columns = outcome_columns(wide, study)
    start, end, keys = _pairs(columns, study)
    members = memberships(wide, study)
    m = moments(columns.values, members)
    _add_changes(rows, columns, m, start, end, keys, study)
    single = (columns.keys["level"] == "").to_numpy()[end]
    unit = np.where(columns.share, 100.0, 1.0)[end[single]]  # a change of 0 to 1 counts as 100 percentage points
    steps = unit * (columns.values[:, end[single]] - columns.values[:, start[single]])
    _add_paired(rows, steps, members, keys[single], study)
    return rows.frame(list(study.outcomes))


def _pairs(columns: Columns, study: Study) -> tuple[Positions, Positions, pd.DataFrame]:
    """Positions of the earlier and the later column of each pair, and the keys with the interval as wave."""
    keys = columns.keys
    until = parted(study.design.wave_keys, UNTIL)
    where = {(row.variable, row.level, row.wave): i for i, row in enumerate(keys.itertuples())}
    pairs = [
        (where[variable, level, first], where[variable, level, last], (variable, level, f"{first}{until}{last}"))
        for variable, level in keys[["variable", "level"]].drop_duplicates().itertuples(index=False)
        for first, last in intervals(study, study.outcomes[variable].waves)
        if (variable, level, first) in where and (variable, level, last) in where
    ]
    start, end = (np.array([pair[i] for pair in pairs], dtype=np.intp) for i in (0, 1))
    return start, end, pd.DataFrame([pair[2] for pair in pairs], columns=["variable", "level", "wave"])


def _add_changes(
    rows: Rows, columns: Columns, m: Moments, start: Positions, end: Positions, keys: pd.DataFrame, study: Study
) -> None:
    figures, rounded = _figures(columns, m, study)
    share = columns.share[end]
    for g, group in enumerate(group_names(study)):
        n = np.column_stack([m.n[g, end], m.n[g, start]])
        exact = figures[g, end] - figures[g, start]
        printed = _difference(rounded[g, end], rounded[g, start])
        for name, which in (("pct_point_change", share), ("mean_change", ~share)):
            rows.add(keys[which], group, name, exact[which], *n[which].T)
            rows.add(keys[which], group, f"{name}_rounded", printed[which], *n[which].T)
        counted = share & (n > 0).all(axis=1)
        change = m.count[g, end] - m.count[g, start]
        rows.add(keys[counted], group, "count_change", change[counted], *n[counted].T)


def _add_paired(rows: Rows, steps: Floats, members: NDArray[np.bool_], keys: pd.DataFrame, study: Study) -> None:
    known = ~np.isnan(steps)
    directions = {"rise": steps > 0, "fall": steps < 0, "same": steps == 0}
    m = moments(steps, members)
    low, high = mean_interval(m)
    shares = {k: moments(np.where(known, who, np.nan), members) for k, who in directions.items()}
    for g, group in enumerate(group_names(study)):
        for name, share in shares.items():
            rows.add(keys, group, name, 100 * share.mean[g], share.count[g], share.n[g])
        for name, values in (("mean", m.mean), ("sd", m.sd), ("low", low), ("high", high)):
            rows.add(keys, group, f"paired_{name}", values[g], m.n[g])


def _figures(columns: Columns, m: Moments, study: Study) -> tuple[Floats, Floats]:
    """(g, c) percentages and means, exact and rounded as they are printed."""
    figures = np.where(columns.share, 100.0, 1.0) * m.mean
    decimals = [
        PERCENT_DECIMALS if share else decimals_of(study.outcomes[variable])
        for variable, share in zip(columns.keys["variable"], columns.share, strict=True)
    ]
    return figures, half_up(figures, np.array(decimals, dtype=int))


def _difference(first: Floats, second: Floats) -> Floats:
    """The difference of two rounded figures, without floating-point dust."""
    return np.round(first - second, 6) + 0.0
