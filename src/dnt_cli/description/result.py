"""Description: what `dnt describe` gives."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd

from dnt_cli.description.rows import COLUMNS, TEXT
from dnt_cli.stagefile.form import Form, is_count, is_known
from dnt_cli.stagefile.result import Compared, Green, OneTable
from dnt_cli.study import Study

if TYPE_CHECKING:
    from dnt_cli.tables import Table
    from dnt_cli.wording import Wording


def are_figures(rows: Iterable[Mapping[str, Any]], study: Study) -> bool:
    """Whether rows are about waves and outcomes of the study, classes of an outcome are numbers, and values are finite.

    A standardised difference is infinite where all of a group gave one answer.
    """
    return all(_is_figure(row, study) for row in rows)


def _is_figure(row: Mapping[str, Any], study: Study) -> bool:
    variable, wave, keys = row["variable"], row["wave"], study.design.wave_keys
    seen = not wave or (wave.startswith(keys) and wave.endswith(keys))  # an interval is two waves in one name
    about = row["table"] not in ("trend", "change") or variable in study.outcomes
    # In the codebook a level is a code for no answer, with its words.
    classes = row["table"] != "codebook" and variable in study.outcomes and study.outcomes[variable].range is not None
    level = not classes or re.fullmatch(r"(-?\d+)?", row["level"]) is not None
    shown = row["statistic"] in ("smd", "smd_max") or row["value"] is None or not math.isinf(row["value"])
    return seen and about and level and shown


FORM = Form(
    frozenset(TEXT),
    frozenset(COLUMNS) - set(TEXT),
    {"n": is_count, "denominator": is_count, **dict.fromkeys(TEXT, is_known)},
    columns=frozenset(COLUMNS),
    rows=are_figures,
    beside=("table", "variable", "level", "wave", "statistic", "value"),
)


@dataclass(frozen=True, slots=True)
class Description(OneTable):
    """Population, attrition, differences at baseline and trends, as observed.

    Attributes:
        study: What they are about.
        figures: A row per statistic, with the columns `rows.COLUMNS`.
    """

    compared: ClassVar[Compared] = "figures"
    form: ClassVar[Form] = FORM

    study: Study
    figures: pd.DataFrame = field(repr=False)

    def rows(self, *, everything: bool = False) -> pd.DataFrame:
        """A row per statistic."""
        return self.figures

    def tables(self, wording: Wording, *, green: Green = "better") -> list[Table]:
        """Sample, patterns, baseline, drop-out, trends and changes."""
        from dnt_cli.description.tables import description_tables

        return description_tables(self.figures, wording)
