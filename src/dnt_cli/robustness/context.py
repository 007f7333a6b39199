"""What every check starts from, and what it asks for: the same effects, estimated under another assumption."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from dnt_cli.design import Model, keys_in
from dnt_cli.effects import Effects, Options, effect_rows
from dnt_cli.effects.fitting import Fitter
from dnt_cli.imputation import Settings
from dnt_cli.imputed.data import Completed
from dnt_cli.robustness.sources import Given, Reimputed, View
from dnt_cli.study import Study, Text


class DoesNotApplyError(Exception):
    """A check has nothing to work on in this study; the reason says why, and the other checks go on."""

    def __init__(self, nl: str, en: str) -> None:
        super().__init__(en)
        self.reason = Text(nl, en)


@dataclass(frozen=True, slots=True)
class Task:
    """One model and how it is fitted.

    Attributes:
        model: Which.
        fitter: Fits it in another way than the engines; its own degrees of freedom are pooled.
    """

    model: Model
    fitter: Fitter | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """The effects under one other assumption, still to be estimated.

    Attributes:
        key: What the `model` column says, such as `a:not_working`.
        tasks: The models.
        source: Where the completed data sets come from.
        view: What is changed in each of them.
        label: Heading of its column in the table; None where only a summary is shown.
        measure: Computed beside the fits, once per data set; its values are averaged over the imputations.
    """

    key: str
    tasks: tuple[Task, ...]
    source: Given | Reimputed
    view: View | None = None
    label: Text | None = None
    measure: Callable[..., pd.DataFrame] | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """The effects under one other assumption, known without fitting anything."""

    key: str
    effects: Effects
    label: Text | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A part of a check that does not apply, and why; the other parts go on."""

    key: str
    reason: Text


@dataclass(frozen=True, slots=True)
class Check:
    """One robustness check.

    Attributes:
        letter: Its name on the command line.
        title: A few words for the table.
        explanation: Two lines for `--list`.
        plan: Gives what is to be estimated; raises `DoesNotApplyError` when there is nothing to do.
    """

    letter: str
    title: Text
    explanation: Text
    plan: Callable[[Context], Sequence[Scenario | Column | LeftOut]]


@dataclass(frozen=True)
class Context:
    """The main analysis, which every check is compared with.

    Attributes:
        data: The completed data sets of the main analysis.
        settings: The imputation settings that made them.
        options: How models are fitted.
        effects: The main effects, endpoint and trends.
    """

    data: Completed
    settings: Settings
    options: Options
    effects: Effects = field(repr=False)

    @property
    def study(self) -> Study:
        """The study."""
        return self.data.study

    @cached_property
    def main(self) -> pd.DataFrame:
        """The rows of the main effects."""
        return effect_rows(self.effects.estimates)

    @cached_property
    def source(self) -> Given:
        """The completed data sets of the main analysis."""
        return Given(self.data.sets)

    @cached_property
    def observed(self) -> pd.DataFrame:
        """The observed answers without the derived outcomes, which are made anew after an imputation."""
        study = self.study
        derived = [c for c, (key, _) in study.columns.items() if study.outcomes[key].derive is not None]
        return self.data.observed.drop(columns=[c for c in derived if c in self.data.observed.columns])

    def repeats(self, source: Reimputed) -> bool:
        """Whether an imputation gives the main data sets again; judged by the first."""
        return source.part(range(1)).load()[0].equals(self.data.sets[0])

    def spawned(self, *number: int) -> int:
        """A seed that follows from the main one and from the number of a check."""
        return int(np.random.SeedSequence([self.settings.seed, *number]).generate_state(1)[0])

    def reimputed(self, wide: pd.DataFrame, **changes: object) -> Reimputed:
        """Another wide table imputed as the main one was, apart from the changes."""
        settings = replace(self.settings, **({"m": self.data.m} | changes))  # type: ignore[arg-type]
        return Reimputed(wide, self.study, settings)

    def keys(self, analysis: str) -> list[str]:
        """The outcomes with a main effect in an analysis."""
        return list(self.main.loc[self.main["analysis"] == analysis, "outcome"])

    def controls(self, analysis: str, outcome: str) -> tuple[str, ...]:
        """The controls that the main analysis ended with."""
        row = self.main[(self.main["analysis"] == analysis) & (self.main["outcome"] == outcome)].iloc[0]
        return keys_in(str(row["controls"]))

    def endpoint_tasks(self, keys: Sequence[str] | None = None, fitter: Fitter | None = None) -> tuple[Task, ...]:
        """The endpoint models of the main analysis."""
        wanted = [k for k in self.keys("t3") if keys is None or k in keys]
        return tuple(Task(Model("t3", k, self.controls("t3", k)), fitter) for k in wanted)

    def trend_tasks(self, keys: Sequence[str] | None = None) -> tuple[Task, ...]:
        """The longitudinal models of the main analysis, with the controls that each ended with."""
        wanted = [k for k in self.keys("longitudinal") if keys is None or k in keys]
        return tuple(Task(Model("longitudinal", k, self.controls("longitudinal", k))) for k in wanted)

    def all_tasks(self, keys: Sequence[str] | None = None) -> tuple[Task, ...]:
        """Every model of the main analysis."""
        return (*self.endpoint_tasks(keys), *self.trend_tasks(keys))
