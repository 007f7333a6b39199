"""Where completed data sets come from: from the main analysis, or from an imputation of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from dnt_cli.arrays import Flags
from dnt_cli.design import Designs
from dnt_cli.effects.fitting import PERSONS_TOGETHER, TOGETHER
from dnt_cli.engines import DesignMatrix
from dnt_cli.imputation import Settings
from dnt_cli.imputed.data import impute_wide
from dnt_cli.models import Model
from dnt_cli.study import Study

View = Callable[[pd.DataFrame, int], pd.DataFrame]
"""Changes a completed data set; is given its number, counted from 0."""

_MOST = 25
"""Most data sets in one part: imputing more at once gains nothing, and all are in memory together."""
_SHARES = 4
"""Pieces of work per process, or it would long be unknown how long all takes; at most half as many to impute."""


@dataclass(frozen=True, slots=True, eq=False)
class DataSets:
    """Data sets that are there.

    Attributes:
        sets: One row per person each.
        first: Number of the first, counted from 0.
    """

    sets: tuple[pd.DataFrame, ...]
    first: int = 0

    @property
    def m(self) -> int:
        """How many."""
        return len(self.sets)

    def part(self, numbers: range) -> DataSets:
        """Some of them."""
        return DataSets(self.sets[numbers.start : numbers.stop], numbers.start)

    def load(self) -> tuple[pd.DataFrame, ...]:
        """The data sets."""
        return self.sets


@dataclass(frozen=True, slots=True, eq=False)
class NewImputations:
    """Data sets that are imputed where they are needed, in whatever process; number i depends on the seed and on i.

    Attributes:
        tables: Answers to complete, without the derived outcomes: one table for all data sets, or one for each.
        study: The study.
        settings: How; `m` is the number of data sets.
        first: Number of the first, counted from 0.
    """

    tables: tuple[pd.DataFrame, ...]
    study: Study
    settings: Settings
    first: int = 0

    @property
    def m(self) -> int:
        """How many."""
        return self.settings.m

    def part(self, numbers: range) -> NewImputations:
        """Some of them."""
        own = self.tables if len(self.tables) == 1 else self.tables[numbers.start : numbers.stop]
        return NewImputations(own, self.study, replace(self.settings, m=len(numbers)), numbers.start)

    def load(self) -> tuple[pd.DataFrame, ...]:
        """Impute.

        Raises:
            DataError: The answers cannot be imputed as asked.
        """
        if len(self.tables) == 1:
            return self._imputed(self.tables[0], self.settings, self.first)
        one = replace(self.settings, m=1)
        return tuple(frame for i, table in enumerate(self.tables, self.first) for frame in self._imputed(table, one, i))

    def _imputed(self, wide: pd.DataFrame, settings: Settings, start: int) -> tuple[pd.DataFrame, ...]:
        # Part of the persons can lack a group's answers; those effects are not estimable then.
        return tuple(impute_wide(wide, self.study, settings, start=start, allow_empty_arm=True)[1])


def pieces(source: DataSets | NewImputations, wanted: Sequence[int], jobs: int) -> list[tuple[list[int], range]]:
    """What is wanted of a source, with the numbers of the data sets, in pieces of which every process gets some.

    What is imputed is imputed once for all that is wanted of it.
    """
    if isinstance(source, NewImputations):
        return [(list(wanted), part) for part in _parts(source.m, _imputed_together(source, jobs))]
    together = min(TOGETHER, PERSONS_TOGETHER // max(1, len(source.sets[0])))
    parts = _parts(source.m, max(together, -(-source.m // (jobs * _SHARES))))
    shares = min(len(wanted), -(-jobs * _SHARES // len(parts)))
    return [(list(wanted[i::shares]), part) for part in parts for i in range(shares)]


def _imputed_together(source: NewImputations, jobs: int) -> int:
    """How many data sets are imputed in one piece."""
    least = -(-source.m // (jobs * _SHARES // 2))
    if source.settings.method == "forest":  # takes long, and each by itself
        return least
    return max(least, min(-(-source.m // jobs), PERSONS_TOGETHER // max(1, len(source.tables[0]))))


def _parts(m: int, size: int) -> list[range]:
    size = min(_MOST, size)
    return [range(i, min(i + size, m)) for i in range(0, m, size)]


class Workspace(Designs):
    """The designs of one data set, and a place for what several fitters need."""

    def __init__(self, wide: pd.DataFrame, study: Study, known: pd.DataFrame | None = None) -> None:
        """Designs of `wide`, a row per person; `known` says which answers were observed."""
        super().__init__(wide, study, known)
        self.wide = wide
        self.study = study
        self.known = known
        self._made: dict[object, Any] = {}

    def once(self, key: object, make: Callable[[], Any]) -> Any:
        """What `make` gives, made when it is first asked for."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]


class Kept(Designs):
    """The designs of some of the persons of a data set, which are rows of those of all."""

    def __init__(self, whole: Workspace, keep: Flags) -> None:
        """Designs of the persons that the (n,) flags keep."""
        design = whole.study.design
        super().__init__(whole.wide.loc[keep, [design.id, design.group]], whole.study, whole.known)
        self._whole = whole
        self._keep = keep

    def raw(self, model: Model) -> DesignMatrix:
        """As `Designs.raw`."""
        design = self._whole.raw(model)
        rows = self._keep if design.groups is None else self._keep[design.groups]
        groups, sites = (None if own is None else own[rows] for own in (design.groups, design.sites))
        return DesignMatrix(design.response[rows], design.matrix[rows], design.terms, groups, sites=sites)
