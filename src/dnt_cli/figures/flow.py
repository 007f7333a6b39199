"""Who was seen when: the flow of persons per wave and group, as a reporting guideline asks for."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from dnt_cli.description.left_out import LeftOut
from dnt_cli.description.lookup import Lookup, group_label, shown
from dnt_cli.description.persons import Behind
from dnt_cli.figures.parts import small_print, titled
from dnt_cli.figures.style import GREY, INK, WIDTH, Drawing
from dnt_cli.study.described import FLOW
from dnt_cli.tables import Cell, Column, Counts, Section, Table, resting, share_of
from dnt_cli.wording import Wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BESIDE: Any = {"va": "center", "fontsize": 8, "color": GREY, "linespacing": 1.3}
_ROW = 0.75  # inches between boxes


def flow_table(description: pd.DataFrame, wording: Wording) -> Table:
    """What the flow diagram shows, with the persons behind it: a section with those included, and one per wave.

    Each wave has four rows: seen, missed, missed in per cent, and missed but seen later.
    """
    sample, attrition = Lookup(description, "sample"), Lookup(description, "attrition")
    behind, groups = Behind(description, wording.study), wording.study.design.groups
    sizes = {group: sample.get("", "", group, "", "pct").n for group in groups}

    def row(name: str, texts: list[str], counts: list[Counts]) -> tuple[Cell, ...]:
        cells = (Cell(text, counts=own) for text, own in zip(texts, counts, strict=True))
        return (Cell(wording.text(f"description.flow_row_{name}")), *cells)

    everybody = [resting(behind.people(group), n) for group, n in sizes.items()]
    sections = [Section("", (row("included", [str(n) for n in sizes.values()], everybody),))]
    for wave in (w for w in wording.study.design.wave_keys if w in set(attrition.values("wave"))):
        present, missed, lost = (
            [attrition.get("", "", group, wave, statistic) for group in groups]
            for statistic in ("present", "dropout", "lost")
        )
        there = [behind.share(own, group, behind.seen_at(wave)) for own, group in zip(present, groups, strict=True)]
        back = [away.n - gone.n for away, gone in zip(missed, lost, strict=True)]
        returned = [
            share_of([*behind.people(group), behind.back_after(wave)], n, behind.people(group), sizes[group])
            for group, n in zip(groups, back, strict=True)
        ]
        rows = (
            row("seen", [str(own.n) for own in present], there),
            row("missed", [str(own.n) for own in missed], there),
            row("percentage", [shown(own.value, 1, wording) for own in missed], there),
            row("back", [str(n) for n in back], returned),
        )
        sections.append(Section(wave, rows))
    columns = (Column("", "left"), *(Column(group_label(group, wording)) for group in groups))
    return Table(wording.text("description.flow_title"), columns, tuple(sections))


def flow_drawing(description: pd.DataFrame, wording: Wording, table: Table | None = None) -> Drawing:
    """The flow diagram: per group those included, and per wave those seen and missed.

    Args:
        description: As `description.describe` makes it.
        wording: The study in a language.
        table: As of `flow_table`, whose texts are shown; by default that of the description.
    """
    own = _Flow(description, wording, flow_table(description, wording) if table is None else table)
    return Drawing(own.figure, FLOW, wording.text("description.flow_title"), own.told())


class _Flow:
    def __init__(self, description: pd.DataFrame, wording: Wording, table: Table) -> None:
        self.wording, self.groups = wording, wording.study.design.groups
        self.left_out = LeftOut(description, wording)
        self.notes = table.notes
        first, *waves = table.sections
        self.waves = [section.heading for section in waves]
        self.size = _by_group(first.rows[0], self.groups)  # persons of a group
        self._texts = {own.heading: [_by_group(row, self.groups) for row in own.rows] for own in waves}

    def first(self, group: str) -> str:
        """How many of a group stand in the file, where some were left out; else how many are in the study."""
        name = group_label(group, self.wording)
        if self.left_out.reasons:
            return self._say("flow_in_file", group=name, n=self.left_out.in_file(group))
        return self._say("flow_included", group=name, n=self.size[group])

    def seen(self, group: str, wave: str) -> str:
        """`T1: 58 seen`."""
        return self._say("flow_seen", wave=wave, n=self._texts[wave][0][group])

    def missed(self, group: str, wave: str) -> str:
        """`23 missed (28.4%), of whom 4 came back`; empty where nobody was missed."""
        n, percentage, back = (own[group] for own in self._texts[wave][1:])
        if n == "0":
            return ""
        text = self._say("flow_missed", n=n, percentage=percentage)
        return text if back == "0" else f"{text}\n{self._say('flow_back', n=back)}"

    def figure(self) -> Figure:
        from matplotlib.figure import Figure

        above = bool(self.left_out.reasons)  # a row for those in the file
        rows = len(self.waves) + 1 + above
        figure = Figure(figsize=(WIDTH, _ROW * rows + 0.2))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(0, 100)
        axes.set_ylim(-rows + 0.3, 0.5)
        for group, left in zip(self.groups, (0.0, 51.0), strict=True):
            self._box(axes, left, 0.0, textwrap.fill(self.first(group), 34), bold=True)
            if above:
                self._arrow(axes, left, 1)
                self._box(axes, left, -1.0, self._say("flow_analysed", n=self.size[group]))
                axes.text(left + 25, -1.0, textwrap.fill(self.left_out.told(group), 26), **_BESIDE)
            for i, wave in enumerate(self.waves, start=1 + above):
                self._arrow(axes, left, i)
                self._box(axes, left, -i, self.seen(group, wave))
                axes.text(left + 25, -i, self.missed(group, wave), **_BESIDE)
        titled(axes, self.wording.text("description.flow_title"))
        note = self.wording.text("description.flow_note")
        small_print(axes, 4.0, [note, *self.notes, *self.wording.synthetic_note()])
        return figure

    def _arrow(self, axes: Axes, left: float, row: int) -> None:
        axes.annotate(
            "", (left + 11, -row + 0.24), (left + 11, -row + 0.76),
            arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 0.9, "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip

    def _box(self, axes: Axes, left: float, place: float, text: str, *, bold: bool = False) -> None:
        from matplotlib.patches import Rectangle

        width = 46.0 if bold else 22.0
        corner = (left + 0.4, place - 0.22)
        axes.add_patch(Rectangle(corner, width, 0.44, facecolor="white", edgecolor=INK, linewidth=0.9))
        axes.text(left + 0.4 + width / 2, place, text, ha="center", va="center", fontsize=9,
                  fontweight="bold" if bold else "normal")  # fmt: skip

    def told(self) -> str:
        """The same in words."""
        texts = []
        for group in self.groups:
            parts = [self.first(group)]
            if told := self.left_out.told(group):
                parts += [told, self._say("flow_analysed", n=self.size[group])]
            for wave in self.waves:
                missed = self.missed(group, wave).replace("\n", ", ")
                parts.append(self.seen(group, wave) + (f", {missed}" if missed else ""))
            texts.append("; ".join(parts) + ".")
        return " ".join(texts)

    def _say(self, key: str, **values: object) -> str:
        return self.wording.text(f"description.{key}", **values)


def _by_group(row: Sequence[Cell], groups: Sequence[str]) -> dict[str, str]:
    return {group: cell.text for group, cell in zip(groups, row[1:], strict=True)}
