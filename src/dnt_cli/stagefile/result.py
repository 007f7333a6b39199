"""What every kind of stage file can do: the one face that show, info, diff, convert, report and release know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from dnt_cli.stagefile.container import Stage
    from dnt_cli.study import Study
    from dnt_cli.tables import Table
    from dnt_cli.wording import Wording


@dataclass(frozen=True, slots=True)
class Content:
    """What goes into a stage file.

    Attributes:
        tables: Row groups, all of one schema; may be made while they are written.
        extra: Small second tables and notes for the metadata, as JSON values; may be filled while `tables` is consumed.
    """

    tables: Iterable[pa.Table]
    extra: Mapping[str, Any]


class Result(Protocol):
    """The result of a stage. Each kind of stage file has one class of this form, in `result.py` of its room."""

    @property
    def study(self) -> Study:
        """The study that it is about."""

    def content(self) -> Content:
        """What goes into the stage file."""

    @classmethod
    def from_stage(cls, stage: Stage) -> Self:
        """The result again, from the file that was read."""

    def rows(self) -> pd.DataFrame:
        """What `--format csv` and `--format json` give: a row per effect, figure or model."""

    def tables(self, wording: Wording) -> list[Table]:
        """The tables that a person reads."""
