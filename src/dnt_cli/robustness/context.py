"""What every check starts from, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from dnt_cli.completed import Completed, impute_wide
from dnt_cli.effects import Effects, Options, joined, trend_effects
from dnt_cli.imputation import Settings
from dnt_cli.study import Study, Text

Progress = Callable[[int, int], None]


class DoesNotApplyError(Exception):
    """A check has nothing to work on in this study; the message says why, and the other checks go on."""


@dataclass(frozen=True, slots=True)
class Context:
    """The main analysis, which every check is compared with.

    Attributes:
        data: The completed data sets of the main analysis.
        settings: The imputation settings that made them.
        options: How models are fitted.
        main: The main effects, endpoint and trends.
        progress: Called with (done, all) while a check works.
    """

    data: Completed
    settings: Settings
    options: Options
    main: pd.DataFrame
    progress: Progress | None = None

    @property
    def study(self) -> Study:
        """The study."""
        return self.data.study

    def reimpute(self, wide: pd.DataFrame, number: int, **changes: object) -> Completed:
        """Impute another wide table as the main one was, with a seed of its own.

        Args:
            wide: Observed answers; derived outcomes are made anew.
            number: The check's own number, from which and from the main seed its seed follows.
            changes: Settings that differ from those of the main analysis.
        """
        seed = int(np.random.SeedSequence([self.settings.seed, number]).generate_state(1)[0])
        settings = replace(self.settings, **({"seed": seed} | changes))  # type: ignore[arg-type]
        measured = wide.drop(columns=[c for c in wide.columns if self._derived(c)])
        _, completed = impute_wide(measured, self.study, settings, jobs=self.options.jobs, progress=self.progress)
        return Completed(self.study, wide, tuple(completed))

    def _derived(self, column: str) -> bool:
        key = self.study.columns.get(column, ("", ""))[0]
        return key in self.study.outcomes and key not in self.study.measured

    def trends(self, data: Completed, label: str, keys: list[str] | None = None) -> Effects:
        """Trends on other data with the controls that the main analysis ended with, outcome by outcome."""
        rows = self.main[(self.main["analysis"] == "longitudinal") & (self.main["term"] == "group:wave")]
        if keys is not None:
            rows = rows[rows["outcome"].isin(keys)]
        parts = [
            trend_effects(
                data, self.options, outcomes=list(part["outcome"]), label=label,
                ladder=[tuple(filter(None, str(controls).split(", ")))],
            )  # fmt: skip
            for controls, part in rows.groupby("controls", sort=False)
        ]
        return joined(parts)


@dataclass(frozen=True, slots=True)
class Column:
    """The effects under one other assumption: one column of the robustness table."""

    key: str  # such as `a` or `a:subset`
    label: Text
    effects: Effects


@dataclass(frozen=True, slots=True)
class Check:
    """One robustness check.

    Attributes:
        letter: Its name on the command line.
        title: A few words for the table.
        explanation: Two lines for `--list`.
        run: Yields the columns; raises `DoesNotApplyError` when there is nothing to do.
    """

    letter: str
    title: Text
    explanation: Text
    run: Callable[[Context], Iterator[Column]]
