"""Which figures of a description differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from dnt_cli.description.comparison import ABSENT, PRESENT
from dnt_cli.description.lookup import group_label, level_label, variable_label
from dnt_cli.description.rows import COLUMNS
from dnt_cli.diff.layout import counted
from dnt_cli.tables import Cell, Column, Section, Table
from dnt_cli.wording import Wording

if TYPE_CHECKING:
    from dnt_cli.diff import Difference
    from dnt_cli.stagefile.container import Stage

KEYS = list(COLUMNS[:6])
# Relative: what is less is a sum taken in another order, not another answer.
NOISE = 1e-9


@dataclass(frozen=True, slots=True)
class FigureChanges:
    """The figures of two files side by side.

    Attributes:
        figures: As `figure_changes` gives them.
    """

    figures: pd.DataFrame

    @classmethod
    def between(cls, a: Stage, b: Stage) -> Self:
        """Join two files of figures."""
        from dnt_cli.stagefile.kinds import result_class

        return cls(figure_changes(*(result_class(stage.kind).from_stage(stage).figures for stage in (a, b))))

    @property
    def same(self) -> bool:
        """Whether all numbers are exactly the same."""
        return bool((self.figures["change"] == "same").all())

    def sizes(self, found: Difference) -> dict[str, tuple[str, str]]:
        """None: they are figures themselves."""
        return {}

    def headline(self, found: Difference, wording: Wording) -> str:
        """How many figures differ."""
        counts, n = self.figures["change"].value_counts(), len(self.figures)
        if set(counts.index) <= {"same"}:
            return wording.text("diff.figures", n=n, parts=wording.text("diff.all_same"))
        keys = {"same": "same", "within": "figures_within", "moved": "figures_moved"}
        parts = [wording.text(f"diff.{text}", n=counts[key]) for key, text in keys.items() if key in counts]
        parts += [counted(int(counts[key]), key, wording) for key in ("only in A", "only in B") if key in counts]
        return wording.text("diff.figures", n=n, parts=", ".join(parts))

    def table(self, found: Difference, wording: Wording, *, everything: bool) -> list[Table]:
        """The figures that differ, by table; unless all are asked for, the main ones and no more than a few screens."""
        differ = self.figures[~self.figures["change"].isin(["same", "within"])]
        asked = kept = self.figures if everything else differ
        if not everything and len(differ) > _MOST:
            main = differ[differ["statistic"].isin(_MAIN)]
            main = main if len(main) else differ
            visible = main[[_decimals(row) <= 2 for row in main.to_dict("records")]]
            kept = (visible if len(visible) else main).head(_MOST)
        if not len(kept):
            return []
        sections = tuple(
            Section(_title(str(name), wording), tuple(_row(row, found, wording) for row in part.to_dict("records")))
            for name, part in kept.groupby("table", sort=False)
        )
        columns = (
            Column(wording.text("diff.characteristic"), "left"),
            Column(wording.text("diff.group"), "left"),
            Column(wording.text("common.wave_unit").capitalize(), "left"),
            Column(wording.text("diff.statistic"), "left"),
            Column("A"),
            Column("B"),
            *(Column(wording.text("diff.n_of", side=side), optional=True) for side in "AB"),
        )
        hidden = len(asked) - len(kept)
        notes = (wording.text("diff.hidden", n=hidden),) if hidden else ()
        title = wording.text("diff.figures_all" if everything else "diff.figures_title")
        return [Table(title, columns, sections, notes)]

    def frame(self) -> pd.DataFrame:
        """The figures."""
        return self.figures.rename(columns={"value_a": "a", "value_b": "b"})


def figure_changes(a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    """Join two descriptions on table, variable, level, group, wave and statistic, in the order of the second.

    Returns:
        `KEYS`, then `value_a`, `n_a`, `denominator_a` and the same of `b`, and `change`: `same`, `within` (the noise of
        floating point), `moved`, `only in A` or `only in B`.
    """
    first, second = (frame[list(COLUMNS)].astype({key: str for key in KEYS}) for frame in (a, b))
    joined = second.merge(first, on=KEYS, how="outer", suffixes=("_b", "_a"), indicator=True, sort=False)
    order = {key: i for i, key in enumerate(second[KEYS].itertuples(index=False, name=None))}
    rank = [order.get(key, len(order)) for key in joined[KEYS].itertuples(index=False, name=None)]
    joined = joined.iloc[np.argsort(rank, kind="stable")].reset_index(drop=True)
    exact, close = np.ones(len(joined), dtype=bool), np.ones(len(joined), dtype=bool)
    for name in COLUMNS[6:]:
        one, two = (joined[f"{name}_{side}"].to_numpy(dtype=float, na_value=np.nan) for side in "ab")
        exact &= (one == two) | (np.isnan(one) & np.isnan(two))
        close &= np.isclose(one, two, rtol=NOISE, atol=NOISE, equal_nan=True)
    change = np.select([exact, close], ["same", "within"], "moved")
    sides = joined["_merge"].astype(str).map({"left_only": "only in B", "right_only": "only in A"})
    joined["change"] = np.where(sides.notna(), sides, change)
    names = [f"{name}_{side}" for side in "ab" for name in COLUMNS[6:]]
    return joined[[*KEYS, *names, "change"]]


_MOST = 40  # figures, unless all are asked for
_TITLES = {"attrition": "sample_title"}
# What readers look at; intervals, standard deviations and rounded figures follow from these.
_MAIN = ("pct", "mean", "present", "dropout", "missing", "difference", "mean_change", "pct_point_change")


def _title(table: str, wording: Wording) -> str:
    key, design = _TITLES.get(table, f"{table}_title"), wording.study.design
    wave = design.baseline if table == "baseline" else design.endpoint
    return wording.text(f"description.{key}", wave=wave) if wording.known(f"description.{key}") else table


def _row(row: Mapping[Any, Any], found: Difference, wording: Wording) -> tuple[Cell, ...]:
    study, variable, level = found.b.study, row["variable"], row["level"]
    if variable not in study.outcomes and variable in found.a.study.outcomes:
        study = found.a.study
    wording = Wording(study, wording.language)
    label = variable_label(variable, wording) if variable else ""
    label += f": {level_label(variable, level, wording)}" if level and variable else ""
    group = row["group"]
    group = wording.text(f"description.{group}") if group in (ABSENT, PRESENT) else group_label(group, wording)
    cells = [Cell(label), Cell(group), Cell(row["wave"]), Cell(row["statistic"])]
    cells += [Cell(_figure(row, side, wording)) for side in "ab"]
    return (*cells, *(Cell("" if pd.isna(row[f"n_{side}"]) else f"{row[f'n_{side}']:.0f}") for side in "ab"))


def _decimals(row: Mapping[Any, Any]) -> int:
    """As many decimals as it takes to see that two values differ, at least two."""
    a, b = float(row["value_a"]), float(row["value_b"])
    return next((n for n in range(2, 9) if a == b or round(a, n) != round(b, n)), 2)


def _figure(row: Mapping[Any, Any], side: str, wording: Wording) -> str:
    """The value; nothing where the file lacks it."""
    if row["change"] == f"only in {'B' if side == 'a' else 'A'}":
        return ""
    return wording.number(float(row[f"value_{side}"]), _decimals(row))
