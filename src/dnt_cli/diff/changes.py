"""What every comparison of two results can do: effects, records and figures alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    import pandas as pd

    from dnt_cli.diff import Difference
    from dnt_cli.stagefile.container import Stage
    from dnt_cli.tables import Table
    from dnt_cli.wording import Wording


class Changes(Protocol):
    """What moved between two files of one kind."""

    @classmethod
    def between(cls, a: Stage, b: Stage) -> Self:
        """What changed from one file to the other."""

    @property
    def same(self) -> bool:
        """Whether all numbers are exactly the same."""

    def sizes(self, found: Difference) -> dict[str, tuple[str, str]]:
        """Sizes that stand beside where the files come from, if they differ: key of their word -> in A, in B."""

    def headline(self, found: Difference, wording: Wording) -> str:
        """How much changed, in a sentence."""

    def table(self, found: Difference, wording: Wording, *, everything: bool) -> list[Table]:
        """What changed, and with `everything` also what is the same; no table where there is nothing to show."""

    def frame(self) -> pd.DataFrame:
        """A row per change with `a`, `b` and `change`, for other programs."""
