"""Register outcomes: what `dnt polis` gives."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd

from dnt_cli.polis.measures import COLUMNS, DECIDED
from dnt_cli.polis.records import KEPT
from dnt_cli.stagefile.form import Form, is_count, is_counts, is_finite, is_wave, one_of
from dnt_cli.stagefile.result import Compared, Green, OneTable
from dnt_cli.study import Study

if TYPE_CHECKING:
    from dnt_cli.tables import Table
    from dnt_cli.wording import Wording


def _is_month(value: Any, study: Study) -> bool:
    return re.fullmatch(r"\d{4}-\d{2}", str(value)) is not None


TEXT = frozenset({"id", "wave", "month"})
COUNTS = (*KEPT, *DECIDED)
FORM = Form(
    TEXT,
    frozenset(COLUMNS) - TEXT,
    {
        "month": _is_month,
        "wave": is_wave,
        **dict.fromkeys(("hours", "norm", "jobs"), is_count),
        "wage": is_finite,
        "income": is_finite,
        **{name: one_of(0, 1, None) for name in ("work", "over_hours", "above_norm")},
    },
    {"counts": is_counts(COUNTS, ("uncovered",))},
    frozenset(COLUMNS),
    notes=frozenset({"counts"}),
)


@dataclass(frozen=True, slots=True)
class RegisterResult(OneTable):
    """Work and income per person and wave, from register records.

    Attributes:
        study: Its waves, and the settings that decided.
        outcomes: A row per person and wave, as `register_outcomes` gives it.
        counts: `records.KEPT`, `measures.DECIDED` and `uncovered`.
    """

    compared: ClassVar[Compared] = "records"
    form: ClassVar[Form] = FORM

    study: Study
    outcomes: pd.DataFrame = field(repr=False)
    counts: Mapping[str, Any]

    def rows(self, *, everything: bool = False) -> pd.DataFrame:
        """A row per wave: how many persons are known, and who of them works; no person's record."""
        from dnt_cli.polis.tables import register_rows

        return register_rows(self.outcomes, self.study)

    def tables(self, wording: Wording, *, green: Green = "better") -> list[Table]:
        """Who works per wave, with every setting and count underneath."""
        from dnt_cli.polis.tables import register_tables

        return register_tables(self.outcomes, self.counts, wording)
