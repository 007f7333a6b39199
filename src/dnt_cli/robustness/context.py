"""What every check starts from, and what it asks for: the same effects, estimated under another assumption."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from dnt_cli.arrays import Flags
from dnt_cli.effects.columns import effect_rows
from dnt_cli.effects.errors import resting_on
from dnt_cli.effects.fitting import Fitter, Options
from dnt_cli.effects.rows import Effects
from dnt_cli.imputation import Settings
from dnt_cli.imputed.data import Completed, measured_columns
from dnt_cli.messages import Message, message
from dnt_cli.models import ENDPOINT, LONGITUDINAL, Model, keys_in
from dnt_cli.robustness.sources import DataSets, NewImputations, View
from dnt_cli.study import Study


class DoesNotApplyError(Exception):
    """A check has nothing to work on in this study; the reason says why, and the other checks go on."""

    def __init__(self, reason: Message) -> None:
        """With the reason."""
        super().__init__(reason.key)
        self.reason = reason


def does_not_apply(key: str, **values: object) -> DoesNotApplyError:
    """The error with its reason, `robustness.<key>`."""
    return DoesNotApplyError(message(f"robustness.{key}", **values))


@dataclass(frozen=True, slots=True)
class Task:
    """One model and how it is fitted.

    Attributes:
        model: Which.
        fitter: Fits it in another way than the engines; its own degrees of freedom are pooled.
    """

    model: Model
    fitter: Fitter | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Reanalysis:
    """Models of the main analysis that are fitted again under one other assumption.

    Attributes:
        key: What the `model` column says, such as `a:not_working`.
        tasks: The models.
        source: Where the data sets come from.
        view: What is changed in each of them.
        keep: (n,) who stays in each of them; None for all persons.
        label: Heading of its column in the table; None where only a summary is shown.
        measure: Computed beside the fits, once per data set; its values are averaged over the imputations.
        notes: What is said of it under the table.
    """

    key: str
    tasks: tuple[Task, ...]
    source: DataSets | NewImputations
    view: View | None = None
    keep: Flags | None = None
    label: Message | None = None
    measure: Callable[..., pd.DataFrame] | None = None
    notes: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownEffects:
    """The effects under one other assumption, known without fitting anything more."""

    key: str
    effects: Effects
    label: Message | None = None


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """A part of a check that does not apply, and why; the other parts go on."""

    key: str
    reason: Message


@dataclass(frozen=True, slots=True)
class Measures:
    """Numbers about the effects that are no effects themselves.

    Attributes:
        key: What the `model` column says.
        rows: With columns of the estimates; `analysis` says what they are.
    """

    key: str
    rows: pd.DataFrame


def marked_rows(estimates: pd.DataFrame, study: Study) -> pd.DataFrame:
    """The rows of effects, with the errors that the marks of the study rest on where they are known."""
    return resting_on(effect_rows(estimates), study.models.errors).drop(columns="errors")


Plan = Sequence[Reanalysis | KnownEffects | Measures | NotApplicable]


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
        """The rows of the main effects, with the errors that the marks of the study rest on."""
        return marked_rows(self.effects.estimates, self.study)

    @cached_property
    def source(self) -> DataSets:
        """The completed data sets of the main analysis."""
        return DataSets(self.data.sets)

    @cached_property
    def measured(self) -> pd.DataFrame:
        """The observed answers without the derived outcomes, which are made anew after an imputation."""
        return measured_columns(self.data.observed, self.study)

    def spawned(self, *number: int) -> int:
        """A seed that follows from the main one and from the number of a check."""
        return int(np.random.SeedSequence([self.settings.seed, *number]).generate_state(1)[0])

    def imputed_again(self, *tables: pd.DataFrame, **changes: object) -> NewImputations:
        """Tables as `measured`, one for all imputations or one for each, imputed as the main one but for `changes`."""
        settings = replace(self.settings, **({"m": self.data.m} | changes))  # type: ignore[arg-type]
        return NewImputations(tables, self.study, settings)

    def keys(self, analysis: str) -> list[str]:
        """The outcomes with a main effect in an analysis."""
        return list(self.main.loc[self.main["analysis"] == analysis, "outcome"])

    def controls(self, analysis: str, outcome: str) -> tuple[str, ...]:
        """The controls that the main analysis ended with."""
        row = self.main[(self.main["analysis"] == analysis) & (self.main["outcome"] == outcome)].iloc[0]
        return keys_in(str(row["controls"]))

    def endpoint_tasks(self, keys: Sequence[str] | None = None, fitter: Fitter | None = None) -> tuple[Task, ...]:
        """The endpoint models of the main analysis."""
        wanted = [k for k in self.keys(ENDPOINT) if keys is None or k in keys]
        return tuple(Task(Model(ENDPOINT, k, self.controls(ENDPOINT, k)), fitter) for k in wanted)

    def trend_tasks(self, keys: Sequence[str] | None = None) -> tuple[Task, ...]:
        """The longitudinal models of the main analysis, with the controls that each ended with."""
        wanted = [k for k in self.keys(LONGITUDINAL) if keys is None or k in keys]
        return tuple(Task(Model(LONGITUDINAL, k, self.controls(LONGITUDINAL, k))) for k in wanted)

    def all_tasks(self, keys: Sequence[str] | None = None) -> tuple[Task, ...]:
        """Every model of the main analysis."""
        return (*self.endpoint_tasks(keys), *self.trend_tasks(keys))
