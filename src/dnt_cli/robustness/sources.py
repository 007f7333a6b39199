"""Where completed data sets come from: from the main analysis, or from an imputation of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from dnt_cli.design import Designs
from dnt_cli.imputation import Settings
from dnt_cli.imputed.data import impute_wide
from dnt_cli.study import Study

View = Callable[[pd.DataFrame, int], pd.DataFrame]
"""Changes a completed data set; is given its number, counted from 0."""

_MOST = 25
"""Most data sets in one part: imputing more at once gains nothing, and all are in memory together."""
_SHARES = 4
"""Parts per process, or it would long be unknown how long all takes; half as many where each is imputed as a whole."""


@dataclass(frozen=True, slots=True, eq=False)
class Given:
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

    def part(self, numbers: range) -> Given:
        """Some of them."""
        return Given(self.sets[numbers.start : numbers.stop], numbers.start)

    def load(self) -> tuple[pd.DataFrame, ...]:
        """The data sets."""
        return self.sets


@dataclass(frozen=True, slots=True, eq=False)
class Reimputed:
    """Data sets that are imputed where they are needed, in whatever process; number i depends on the seed and on i.

    Attributes:
        wide: Observed answers, without the derived outcomes.
        study: The study.
        settings: How; `m` is the number of data sets.
        first: Number of the first, counted from 0.
    """

    wide: pd.DataFrame
    study: Study
    settings: Settings
    first: int = 0

    @property
    def m(self) -> int:
        """How many."""
        return self.settings.m

    def part(self, numbers: range) -> Reimputed:
        """Some of them."""
        return Reimputed(self.wide, self.study, replace(self.settings, m=len(numbers)), numbers.start)

    def load(self) -> tuple[pd.DataFrame, ...]:
        """Impute.

        Raises:
            DataError: The answers cannot be imputed as asked.
        """
        # Part of the persons can lack a group's answers; those effects are not estimable then.
        _, completed = impute_wide(self.wide, self.study, self.settings, start=self.first, allow_empty_arm=True)
        return tuple(completed)


def parts(source: Given | Reimputed, jobs: int) -> list[range]:
    """The numbers of the data sets in parts, so that every process gets some."""
    shares = _SHARES if isinstance(source, Given) else _SHARES // 2
    size = min(_MOST, -(-source.m // (jobs * shares)))
    return [range(i, min(i + size, source.m)) for i in range(0, source.m, size)]


class Workspace(Designs):
    """The designs of one data set, and a place for what several fitters need."""

    def __init__(self, wide: pd.DataFrame, study: Study, known: pd.DataFrame | None = None) -> None:
        """Designs of `wide`, a row per person; `known` says which answers were observed."""
        super().__init__(wide, study, known)
        self.wide = wide
        self.study = study
        self.known: dict[Any, Any] = {}

    def once(self, key: object, make: Callable[[], Any]) -> Any:
        """What `make` gives, made when it is first asked for."""
        if key not in self.known:
            self.known[key] = make()
        return self.known[key]
