"""What every kind of stage file can do: the one face that show, info, diff, convert, report and release know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, Self, runtime_checkable

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from dnt_cli.figures.style import Drawing
    from dnt_cli.stagefile.container import Stage
    from dnt_cli.stagefile.form import Form
    from dnt_cli.study import Study
    from dnt_cli.tables import Table
    from dnt_cli.wording import Wording


Compared = Literal["effects", "records", "figures"]  # what `dnt diff` sets side by side
Green = Literal["better", "positive"]  # which significant effects are green: better for the person, or positive


@dataclass(frozen=True, slots=True)
class Content:
    """What goes into a stage file.

    Attributes:
        tables: Row groups, all of one schema; may be made while they are written.
        extra: Small second tables and notes for the metadata, as JSON values; may be filled while `tables` is consumed.
    """

    tables: Iterable[pa.Table]
    extra: Mapping[str, Any] = field(default_factory=dict)


class StageResult(Protocol):
    """The result of a stage. Each kind of stage file has one class of this form, in `result.py` of its room."""

    compared: ClassVar[Compared]
    form: ClassVar[Form]

    @property
    def study(self) -> Study:
        """The study that it is about."""

    def content(self) -> Content:
        """What goes into the stage file."""

    @classmethod
    def from_stage(cls, stage: Stage) -> Self:
        """The result again, from the file that was read."""

    def rows(self, *, everything: bool = False) -> pd.DataFrame:
        """What `--format csv` and `--format json` give: a row per effect, figure or model.

        Args:
            everything: Also what stands beside them in the file, such as the effects of controls.
        """

    def tables(self, wording: Wording, *, green: Green = "better") -> list[Table]:
        """The tables that a person reads; `green` counts where significant effects are coloured."""


class OneTable:
    """What goes into and comes from the file of a result that is one table.

    The fields of such a class are the study, the table, and perhaps named values, which are stored as lists of one
    under the name of their field.
    """

    __slots__ = ()

    @classmethod
    def from_stage(cls, stage: Stage) -> Self:
        """The result again, from the file that was read."""
        result: Any = cls
        values = [{key: own[0] for key, own in stage.extra[one.name].items()} for one in fields(result)[2:]]
        made: Self = result(stage.study, stage.frame, *values)
        return made

    def content(self) -> Content:
        """The table, the values beside it."""
        from dnt_cli.stagefile.container import as_table

        _, table, *values = fields(self)  # type: ignore[arg-type]
        beside = {one.name: {key: [own] for key, own in getattr(self, one.name).items()} for one in values}
        return Content([as_table(getattr(self, table.name))], beside)


@runtime_checkable
class Drawn(Protocol):
    """A result that `dnt show --figure` draws."""

    def drawing(self, wording: Wording) -> Drawing:
        """Its figure, to be drawn into a file (.svg, .png)."""
