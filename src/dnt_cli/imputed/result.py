"""Imputations: what `dnt impute` gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

import pandas as pd

from dnt_cli.errors import DataError
from dnt_cli.imputed.data import Completed, imputation_tables, measured_columns, plan_columns, read_completed
from dnt_cli.sentences import say
from dnt_cli.stagefile.form import Form, is_count, is_known, is_table_of
from dnt_cli.stagefile.result import Compared, Content, Green
from dnt_cli.study import Study
from dnt_cli.wording import Wording

if TYPE_CHECKING:
    from dnt_cli.figures.style import Drawing
    from dnt_cli.imputation.diagnostics import Comparison
    from dnt_cli.stagefile.container import Stage
    from dnt_cli.tables import Table


FORM = Form(
    numbers=frozenset({".imp", ".id"}),
    extra={
        "models": is_table_of(("variable", "method"), ("share_missing",), ("n_missing", "n_predictors")),
        "trace": is_table_of(("variable",), ("mean", "sd"), ("iteration", "imputation")),
        "events": is_table_of(("variable", "method", "event"), counts=("count",)),
    },
    values={".imp": is_count, ".id": is_known},
    columns=frozenset({".imp"}),
    keys=("id", "group"),
)


@dataclass(frozen=True)
class Imputations:
    """Completed data sets, and what there is to say about how they were made.

    Attributes:
        data: The data as observed, and completed m times.
        models: Per imputed column `variable`, `method`, `n_missing`, `share_missing`, `n_predictors`, `predictors`.
        trace: `variable`, `iteration`, `imputation`, `mean`, `sd` of the imputed values.
        events: `variable`, `method`, `event`, `count`.
        settings: What the imputation was told; empty where another program imputed.
        name: How messages call the file.
    """

    compared: ClassVar[Compared] = "records"
    form: ClassVar[Form] = FORM

    data: Completed
    models: pd.DataFrame = field(repr=False)
    trace: pd.DataFrame = field(repr=False)
    events: pd.DataFrame = field(repr=False)
    settings: Mapping[str, Any] = field(repr=False)
    name: str = "these imputations"

    @property
    def study(self) -> Study:
        """The study that it is about."""
        return self.data.study

    @cached_property
    def columns(self) -> Any:
        """How each column took part in the imputation."""
        return plan_columns(self.study, self.data.observed)

    @classmethod
    def from_stage(cls, stage: Stage) -> Self:
        """The result again, from the file that was read."""
        last = stage.steps[-1]
        models, trace, events = (stage.extra_frame(key) for key in ("models", "trace", "events"))
        settings = last["settings"] if last["command"] == "impute" and len(models) and len(trace) else {}
        return cls(read_completed(stage), models, trace, events, settings, stage.name)

    def content(self) -> Content:
        """The observed data and the completed data sets, a row group each; models, trace and events beside them."""
        from dnt_cli.stagefile.container import as_columns

        measured = measured_columns(self.data.observed, self.study)
        tables = imputation_tables(measured, iter(self.data.sets), self.study)
        extra = {"models": self.models, "trace": self.trace, "events": self.events}
        return Content(tables, {name: as_columns(frame) for name, frame in extra.items()})

    def rows(self, *, everything: bool = False) -> pd.DataFrame:
        """A row per imputed column."""
        return self.models

    def tables(self, wording: Wording, *, green: Green = "better") -> list[Table]:
        """What was missing and how it was filled, and whether the imputed values are plausible.

        Raises:
            DataError: Another program imputed, so that it is not known how.
        """
        from dnt_cli.imputation.diagnostics import R_HAT_ROUNDS, drift, r_hat
        from dnt_cli.imputation.likeness import likeness
        from dnt_cli.imputed.tables import imputation_summary, likeness_table, plausibility_table

        if not self.settings:
            raise DataError(say("foreign_no_record", file=self.name))
        drifting = drift(self.trace)
        settled = r_hat(self.trace) if drifting.rounds[1] >= R_HAT_ROUNDS else None
        compared = self._comparison().summary()
        alike = likeness(self.data.observed, self.columns, self.data.sets, self.study.design.group)
        tables = [
            imputation_summary(self.data.observed, self.models, self.events, self.settings, wording),
            plausibility_table(self.data.observed, compared, drifting, settled, wording),
        ]
        return [*tables, likeness_table(alike, wording)] if len(alike) else tables

    def _comparison(self) -> Comparison:
        from dnt_cli.imputation.diagnostics import Comparison

        return Comparison(self.data.observed, self.columns, self.data.sets)

    def drawing(self, wording: Wording) -> Drawing:
        """The chains, and the distributions of observed and imputed values."""
        from dnt_cli.figures import imputation_drawing

        return imputation_drawing(self.trace, self._comparison().distribution(), wording)
