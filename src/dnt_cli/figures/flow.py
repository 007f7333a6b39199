"""Who was seen when: the flow of persons per wave and group, as a reporting guideline asks for."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import pandas as pd

from dnt_cli.description.left_out import LeftOut
from dnt_cli.description.lookup import Lookup, group_label, shown
from dnt_cli.figures.composed import small_print, titled
from dnt_cli.figures.style import GREY, INK, Drawing
from dnt_cli.study.described import FLOW
from dnt_cli.wording import Wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH = 6.3
_BESIDE: Any = {"va": "center", "fontsize": 8, "color": GREY, "linespacing": 1.3}
_ROW = 0.75  # inches between boxes


def flow_drawing(description: pd.DataFrame, wording: Wording) -> Drawing:
    """The flow diagram: per group those included, and per wave those seen and missed."""
    own = _Flow(description, wording)
    return Drawing(own.figure, FLOW, wording.text("description.flow_title"), own.told())


class _Flow:
    def __init__(self, description: pd.DataFrame, wording: Wording) -> None:
        self.wording, self.study = wording, wording.study
        self.attrition = Lookup(description, "attrition")
        self.sample = Lookup(description, "sample")
        self.groups = self.study.design.groups
        self.left_out = LeftOut(description, wording)
        self.waves = [w for w in self.study.design.wave_keys if w in set(self.attrition.values("wave"))]

    def size(self, group: str) -> int:
        """Persons of a group."""
        return self.sample.get("", "", group, "", "pct").n

    def first(self, group: str) -> str:
        """How many of a group stand in the file, where some were left out; else how many are in the study."""
        name = group_label(group, self.wording)
        if self.left_out.reasons:
            return self._say("flow_in_file", group=name, n=self.left_out.in_file(group))
        return self._say("flow_included", group=name, n=self.size(group))

    def seen(self, group: str, wave: str) -> str:
        """`T1: 58 seen`."""
        return self._say("flow_seen", wave=wave, n=self.attrition.get("", "", group, wave, "present").n)

    def missed(self, group: str, wave: str) -> str:
        """`23 missed (28.4%), of whom 4 came back`; empty where nobody was missed."""
        missed, lost = (self.attrition.get("", "", group, wave, statistic) for statistic in ("dropout", "lost"))
        if not missed.n:
            return ""
        text = self._say("flow_missed", n=missed.n, percentage=shown(missed.value, 1, self.wording))
        back = missed.n - lost.n
        return f"{text}\n{self._say('flow_back', n=back)}" if back else text

    def figure(self) -> Figure:
        from matplotlib.figure import Figure

        above = bool(self.left_out.reasons)  # a row for those in the file
        rows = len(self.waves) + 1 + above
        figure = Figure(figsize=(_WIDTH, _ROW * rows + 0.2))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(0, 100)
        axes.set_ylim(-rows + 0.3, 0.5)
        for group, left in zip(self.groups, (0.0, 51.0), strict=True):
            self._box(axes, left, 0.0, textwrap.fill(self.first(group), 34), bold=True)
            if above:
                self._arrow(axes, left, 1)
                self._box(axes, left, -1.0, self._say("flow_analysed", n=self.size(group)))
                axes.text(left + 25, -1.0, textwrap.fill(self.left_out.told(group), 26), **_BESIDE)
            for i, wave in enumerate(self.waves, start=1 + above):
                self._arrow(axes, left, i)
                self._box(axes, left, -i, self.seen(group, wave))
                axes.text(left + 25, -i, self.missed(group, wave), **_BESIDE)
        titled(axes, self.wording.text("description.flow_title"))
        small_print(axes, 4.0, [self.wording.text("description.flow_note")], self.wording)
        return figure

    def _arrow(self, axes: Axes, left: float, row: int) -> None:
        axes.annotate(
            "", (left + 11, -row + 0.24), (left + 11, -row + 0.76),
            arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 0.9, "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip

    def _box(self, axes: Axes, left: float, place: float, text: str, *, bold: bool = False) -> None:
        from matplotlib.patches import Rectangle

        width = 46.0 if bold else 22.0
        axes.add_patch(
            Rectangle((left + 0.4, place - 0.22), width, 0.44, facecolor="white", edgecolor=INK, linewidth=0.9)
        )
        axes.text(left + 0.4 + width / 2, place, text, ha="center", va="center", fontsize=9,
                  fontweight="bold" if bold else "normal")  # fmt: skip

    def told(self) -> str:
        """The same in words."""
        texts = []
        for group in self.groups:
            parts = [self.first(group)]
            if told := self.left_out.told(group):
                parts += [told, self._say("flow_analysed", n=self.size(group))]
            for wave in self.waves:
                missed = self.missed(group, wave).replace("\n", ", ")
                parts.append(self.seen(group, wave) + (f", {missed}" if missed else ""))
            texts.append("; ".join(parts) + ".")
        return " ".join(texts)

    def _say(self, key: str, **values: object) -> str:
        return self.wording.text(f"description.{key}", **values)
