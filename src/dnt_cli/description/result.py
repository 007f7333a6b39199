"""Description: what `dnt describe` gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Self

import pandas as pd

from dnt_cli.description.rows import COLUMNS, TEXT
from dnt_cli.stagefile.form import Form
from dnt_cli.stagefile.result import Compared, Content, Green
from dnt_cli.study import Study

if TYPE_CHECKING:
    from dnt_cli.stagefile.container import Stage
    from dnt_cli.tables import Table
    from dnt_cli.wording import Wording

FORM = Form(frozenset(TEXT), frozenset(COLUMNS) - set(TEXT), columns=frozenset(COLUMNS))


@dataclass(frozen=True, slots=True)
class Description:
    """Population, attrition, differences at baseline and trends, as observed.

    Attributes:
        study: What they are about.
        figures: A row per statistic, with the columns `rows.COLUMNS`.
    """

    compared: ClassVar[Compared] = "figures"
    form: ClassVar[Form] = FORM

    study: Study
    figures: pd.DataFrame = field(repr=False)

    @classmethod
    def from_stage(cls, stage: Stage) -> Self:
        """The result again, from the file that was read."""
        return cls(stage.study, stage.frame)

    def content(self) -> Content:
        """The figures as a table."""
        from dnt_cli.stagefile.container import as_table

        return Content([as_table(self.figures)], {})

    def rows(self, *, everything: bool = False) -> pd.DataFrame:
        """A row per statistic."""
        return self.figures

    def tables(self, wording: Wording, *, green: Green = "better") -> list[Table]:
        """Sample, patterns, baseline, drop-out, trends and changes."""
        from dnt_cli.description.tables import description_tables

        return description_tables(self.figures, wording)
