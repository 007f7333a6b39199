"""Which outcomes are imputed as person blocks, and with which predictors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np

from dnt_cli.imputation.columns import Settings
from dnt_cli.imputation.encoding import EncodedTable
from dnt_cli.imputation.person_blocks import PersonBlock
from dnt_cli.imputation.predictors import PredictorMatrix, Selector

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

LEAST_WAVES = 3
"""Two waves say little about how alike a person's answers are that a model per wave does not."""
LEAST_SITES = 8
"""With fewer sites the spread between them is hardly known, and a site is as good as a group."""
METHODS = ("pmm", "norm", "logreg", "polr")
"""Column methods that a block may stand in for."""
HEAP = 0.10
"""A score of which so large a share of the answers is one extreme value is drawn by ranks."""
SKEWNESS = 1.5
"""So is a score whose skewness is larger than this."""


def make_blocks(
    table: EncodedTable, design: PredictorMatrix, selector: Selector, settings: Settings, methods: Mapping[int, str]
) -> tuple[tuple[PersonBlock, ...], dict[int, tuple[str, ...]]]:
    """The blocks, and per column index the names of its predictors.

    Args:
        table: the columns.
        design: the columns as predictors.
        selector: their correlations.
        settings: how.
        methods: method per column to impute.
    """
    blocks: list[PersonBlock] = []
    names: dict[int, tuple[str, ...]] = {}
    for positions in _series(table, methods).values():
        person, beside = _chosen(table, design, selector, settings, positions)
        block = _block(table, design, settings, positions, methods, person, beside)
        blocks.append(block)
        used = [table.columns[p].name for p in person] + [table.columns[p].name for s in beside for p in s if p >= 0]
        names |= {p: tuple(sorted({*used, *(table.columns[q].name for q in positions if q != p)})) for p in positions}
    return tuple(blocks), names


def _series(table: EncodedTable, methods: Mapping[int, str]) -> dict[str, list[int]]:
    """Outcomes with enough waves that a model can be fitted to, as column indices in order of time."""
    found: dict[str, list[int]] = {}
    for position, column in enumerate(table.columns):
        if column.series:
            found.setdefault(column.series, []).append(position)
    return {
        name: sorted(positions, key=lambda p: table.columns[p].occasion)
        for name, positions in found.items()
        if len(positions) >= LEAST_WAVES
        and any(p in methods for p in positions)
        and all(_fits(table, p, methods) for p in positions)
    }


def _fits(table: EncodedTable, position: int, methods: Mapping[int, str]) -> bool:
    """Whether a column can be part of a block: no condition, no method of its own that a block does not stand for."""
    column = table.columns[position]
    known = table.values[position, ~np.isnan(table.values[position])]
    method = methods.get(position, METHODS[0])
    return column.conditional_on is None and method in METHODS and column.impute and np.unique(known).size > 1


def _chosen(
    table: EncodedTable, design: PredictorMatrix, selector: Selector, settings: Settings, positions: list[int]
) -> tuple[list[int], list[list[int]]]:
    """Columns that describe the person, and per other outcome its column at each wave of the block (-1: not asked).

    The rule is that of a single column: what is always a predictor first, then the strongest correlates as long as
    there is room under the cap; an outcome takes two places, its value at the wave and its mean.
    """
    columns, index = table.columns, table.index
    own = set(positions)
    always = [index[name] for p in positions for name in columns[p].always if name in index and index[name] not in own]
    barred = own | {index[name] for p in positions for name in columns[p].never if name in index}
    for p in positions:
        barred |= selector.relatives(p)
    person = [p for p in dict.fromkeys(always) if p != table.group and p not in barred and selector.usable(p)]
    person = [p for i, p in enumerate(person) if not selector.repeats(p, person[:i])]
    strength = np.mean([selector.strength(p) for p in positions], axis=0)
    occasions = [columns[p].occasion for p in positions]
    candidates: list[tuple[float, list[int]]] = []
    others: dict[str, list[int]] = {}
    for p, column in enumerate(columns):
        if p in barred or p in person or p == table.group or not selector.usable(p):
            continue
        if column.series and column.kind != "categorical":
            others.setdefault(column.series, [-1] * len(positions))
            if column.occasion in occasions:
                others[column.series][occasions.index(column.occasion)] = p
        elif not column.series:
            candidates.append((float(strength[p]), [p]))
    for waves in others.values():
        there = [p for p in waves if p >= 0]
        if len(there) >= 2:
            pairs = [float(selector.strength(positions[i])[p]) for i, p in enumerate(waves) if p >= 0]
            candidates.append((float(np.mean(pairs)), waves))
    room = selector.cap - 1 - sum(design.of(p).size for p in person)
    beside = []
    for value, members in sorted(candidates, key=lambda item: (-item[0], item[1])):
        cost = 2 if len(members) > 1 else design.of(members[0]).size
        if value < settings.min_correlation or cost > room:
            continue
        if len(members) > 1:
            beside.append(members)
        elif not selector.repeats(members[0], person):
            person.append(members[0])
        else:
            continue
        room -= cost
    return person, beside


def _block(
    table: EncodedTable,
    design: PredictorMatrix,
    settings: Settings,
    positions: list[int],
    methods: Mapping[int, str],
    person: list[int],
    beside: list[list[int]],
) -> PersonBlock:
    """The arrays of a block."""
    from scipy.special import ndtri  # slow to load, and whoever reads imputations needs it not

    columns = [table.columns[p] for p in positions]
    values = table.values[positions]  # (T, n)
    observed = ~np.isnan(values)
    known = values.T[observed.T]  # person by person, as sums were always taken
    kind = _kind(columns[0].kind, known)
    support = np.unique(known)
    low = high = np.zeros((len(positions), 0))
    thresholds, mean, scale = np.zeros(0), 0.0, 1.0
    if kind == "binary":
        latent = np.where(observed, np.where(values > 0, 0.8, -0.8), 0.0)
        low, high = np.where(values > 0, 0.0, -np.inf), np.where(values == 0, 0.0, np.inf)
    elif kind == "ranked":
        below = np.cumsum([(known == v).sum() for v in support[:-1]]) / known.size
        thresholds = ndtri(below)
        limits = np.r_[-np.inf, thresholds, np.inf]
        place = np.searchsorted(support, np.where(observed, values, support[0]))
        middle = ndtri(np.diff(np.r_[0.0, below, 1.0]) / 2 + np.r_[0.0, below])
        latent = np.where(observed, middle[place], 0.0)
        low = np.where(observed, limits[place], -np.inf)
        high = np.where(observed, limits[place + 1], np.inf)
    else:
        mean, scale = float(known.mean()), float(known.std())
        latent = np.where(observed, (values - mean) / scale, 0.0)
    if kind == "linear" and all(methods.get(p, "norm") == "norm" for p in positions):
        support = np.zeros(0)
    lower = [float(known.min()) if c.lower is None else c.lower for c in columns]
    upper = [float(known.max()) if c.upper is None else c.upper for c in columns]
    wave_rows = np.array([[0 if p < 0 else design.of(p)[0] for p in waves] for waves in beside], dtype=np.intp)
    return PersonBlock(
        positions=np.array(positions, dtype=np.intp),
        own=np.array([design.of(p)[0] for p in positions], dtype=np.intp),
        kind=kind,
        observed=observed,
        latent=latent,
        low=low,
        high=high,
        person_rows=np.concatenate([np.zeros(0, dtype=np.intp), *(design.of(p) for p in person)]).astype(np.intp),
        wave_rows=wave_rows.reshape(len(beside), len(positions)),
        waves_asked=np.array([[p >= 0 for p in waves] for waves in beside], dtype=float).reshape(-1, len(positions)),
        thresholds=thresholds,
        support=support,
        mean=mean,
        scale=scale,
        bounds=(min(lower), max(upper)),
        missing=tuple(np.flatnonzero(~row) for row in observed),
        sites=_sites(table, settings),
    )


def _sites(table: EncodedTable, settings: Settings) -> NDArray[np.intp] | None:
    """Codes of the sites, if there are enough for a random intercept."""
    if settings.sites == "off" or table.sites is None or table.sites.max(initial=-1) + 1 < LEAST_SITES:
        return None
    return table.sites


def _kind(kind: str, known: Array) -> Literal["binary", "linear", "ranked"]:
    """How the answers hang together with the latent variable."""
    if kind == "binary":
        return "binary"
    if kind == "ordinal":
        return "ranked"
    extremes = max((known == known.min()).mean(), (known == known.max()).mean())
    centred = known - known.mean()
    skewness = (centred**3).mean() / (centred**2).mean() ** 1.5
    return "ranked" if extremes > HEAP or abs(skewness) > SKEWNESS else "linear"
