"""A figure per outcome: percentage or mean with its interval per group and wave, or the distribution over classes."""

from __future__ import annotations

import itertools
import math
import textwrap
from typing import TYPE_CHECKING

import pandas as pd

from dnt_cli.description.lookup import Lookup, group_label, level_label, shown
from dnt_cli.description.rounding import decimals_of
from dnt_cli.figures.alternatives import outcome_alternative
from dnt_cli.figures.parts import LEVEL, Part, bar_axes, divided_bars, numbers_under, reach, small_print
from dnt_cli.figures.style import GROUP_LOOKS, WIDTH, Drawing, Look, figure_number, shades, tick_labels
from dnt_cli.wording import Wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LINE = 12.0  # points between lines of text under a figure
_CLOSEST = 0.1  # part of the axis that two waves must be apart to be labelled
_WITHIN_TEXT = (5.1, 1.6)  # inches, of a figure within text


def outcome_drawings(description: pd.DataFrame, wording: Wording, *, within_text: bool = False) -> dict[str, Drawing]:
    """A drawing per outcome that has a value, in the order of the study file.

    Args:
        description: The figures of a description.
        wording: Its study in a language.
        within_text: Lower, and without the title and the remarks that the text around it gives.
    """
    figures = Lookup(description, "trend")
    return {
        outcome: Drawing(
            _Plot(figures, wording, outcome, within_text=within_text).figure,
            outcome,
            wording.label(outcome),
            outcome_alternative(figures, outcome, wording),
        )
        for outcome in figures.values("variable")
    }


class _Plot:
    """The figure of one outcome."""

    def __init__(self, figures: Lookup, wording: Wording, outcome: str, *, within_text: bool = False) -> None:
        self.figures, self.wording, self.outcome, self.within_text = figures, wording, outcome, within_text
        study = wording.study
        self.spec = study.outcomes[outcome]
        self.groups = study.design.groups
        self.names = [group_label(group, wording) for group in self.groups]
        seen = set(figures.values("wave", variable=outcome))
        self.waves = [wave for wave in study.design.waves if wave.key in seen]
        self.statistic = "pct" if self.spec.kind == "binary" else "mean"

    def get(self, level: str, group: str, wave: str, statistic: str) -> float:
        """The value of a statistic, NaN where there is none."""
        return self.figures.get(self.outcome, level, group, wave, statistic).value

    def answered(self, group: str, wave: str) -> int:
        """Persons with an answer."""
        if self.spec.kind == "binary":
            return self.figures.get(self.outcome, "", group, wave, "pct").denominator
        return self.figures.get(self.outcome, "", group, wave, "mean").n

    def figure(self) -> Figure:
        """The figure that suits the kind of outcome."""
        return self.classes() if self.spec.kind == "ordinal" else self.trend()

    def trend(self) -> Figure:
        """Percentages or means over time with their intervals."""
        from matplotlib.figure import Figure

        full, height = _WITHIN_TEXT if self.within_text else (WIDTH, 3.2)
        width = full if len(self.waves) > 2 else 0.6 * full
        figure = Figure(figsize=(width, height))
        axes = figure.add_subplot()
        places = _places([wave.months for wave in self.waves])
        span = (places[-1] - places[0]) or 1.0
        shift = 0.012 * span * full / width  # the groups beside each other, so that intervals do not overlap
        for group, name, look, side in zip(self.groups, self.names, GROUP_LOOKS, (-1, 1), strict=True):
            self._line(axes, group, name, look, [place + side * shift for place in places])
        axes.set_xlim(places[0] - 0.07 * span, places[-1] + 0.07 * span)
        axes.set_xticks(places, [self._tick(wave.key, wave.months) for wave in self.waves])
        axes.tick_params(axis="x", length=0)
        self._vertical_axis(axes)
        axes.grid(axis="y", color="#DDDDDD", linewidth=0.6)
        axes.set_axisbelow(True)
        below = self._numbers(axes, places)
        self._title(axes, width, pad=24)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, borderaxespad=0.2, handlelength=3.2)
        self._notes(axes, below, self.wording.text("description.figure_note", level=100 * LEVEL), width)
        return figure

    def _line(self, axes: Axes, group: str, name: str, look: Look, x: list[float]) -> None:
        waves = [wave.key for wave in self.waves]
        y, low, high = (
            [self.get("", group, wave, f"{self.statistic}{end}") for wave in waves] for end in ("", "_low", "_high")
        )
        axes.errorbar(
            x, y, yerr=reach(y, low, high), markersize=6, markeredgewidth=1.3, linewidth=1.5, elinewidth=1.0,
            capsize=3, label=name, **look.style,
        )  # fmt: skip

    def _tick(self, wave: str, months: float) -> str:
        return f"{wave}\n{self.wording.text('description.months', months=figure_number(months, self.wording.language))}"

    def _vertical_axis(self, axes: Axes) -> None:
        """Percentages from zero; means over what is drawn, within the scale."""
        from matplotlib.ticker import MaxNLocator

        low, high = axes.dataLim.y0, axes.dataLim.y1
        if self.spec.kind == "binary":
            low, high = 0.0, min(100.0, max(20.0, 10 * math.ceil(high / 10)))
            axes.set_ylabel(self.wording.text("description.percentage_axis"))
        else:
            room = 0.15 * ((high - low) or 1.0)
            floor, ceiling = self.spec.range or (-math.inf, math.inf)
            low, high = max(low - room, floor), min(high + room, ceiling)
            axes.set_ylabel(self.wording.text("description.mean_axis"))
        ticks = [t for t in MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(low, high) if low <= t <= high + 1e-9]
        axes.set_ylim(low, high)
        axes.set_yticks(ticks, tick_labels(ticks, self.wording.language))

    def _numbers(self, axes: Axes, places: list[float]) -> float:
        """The figures and N per group and wave under the axis; returns how far down that reaches, in points."""
        below = 32.0
        unit = self.wording.text("description.percent" if self.spec.kind == "binary" else "description.mean")
        for group, name, look in zip(self.groups, self.names, GROUP_LOOKS, strict=True):
            values = [self.get("", group, wave.key, self.statistic) for wave in self.waves]
            texts = [shown(value, decimals_of(self.spec), self.wording) or "-" for value in values]
            counts = [str(self.answered(group, wave.key)) for wave in self.waves]
            for label, row in ((f"{name}, {unit}", texts), ("N", counts)):
                numbers_under(axes, label, places, row, below, look.colour)
                below += _LINE
            below += 2
        return below

    def classes(self) -> Figure:
        """The distribution over the classes of an ordinal outcome, a bar per wave and group."""
        from matplotlib.figure import Figure

        levels = [level for level in self.figures.values("level", variable=self.outcome) if level]
        bars = [(w, g) for w in range(len(self.waves)) for g in range(2)]
        places = [w * 2.5 + g for w, g in bars]
        width, thick = (_WITHIN_TEXT[0], 0.17) if self.within_text else (WIDTH, 0.27)
        figure = Figure(figsize=(width, thick * len(bars) + 0.12 * len(self.waves) + 0.5))
        axes = figure.add_subplot()
        parts = []
        for level, colour in zip(levels, shades(len(levels)), strict=True):
            sizes = [self.get(level, self.groups[g], self.waves[w].key, "pct") for w, g in bars]
            sizes = [0.0 if math.isnan(size) else size for size in sizes]
            name = level_label(self.outcome, level, self.wording)
            parts.append(Part(sizes, f"{level} {name}" if name != level else level, colour))
        divided_bars(axes, places, parts, self.wording)
        names = [f"{self.names[g]} (N = {self.answered(self.groups[g], self.waves[w].key)})" for w, g in bars]
        bar_axes(axes, places, names, [(i * 2.5 + 0.5, wave.key) for i, wave in enumerate(self.waves)])
        self._title(axes, width, pad=6)
        below = self._legend(figure, axes, len(levels))
        self._notes(axes, below, self.wording.text("description.figure_note_ordinal"), width)
        return figure

    def _legend(self, figure: Figure, axes: Axes, levels: int) -> float:
        """The classes in two columns under the axis; returns how far down that reaches, in points."""
        from matplotlib.transforms import ScaledTranslation

        below, columns = 34.0, 2 if levels > 3 else 1
        place = axes.transAxes + ScaledTranslation(0, -below / 72, figure.dpi_scale_trans)
        axes.legend(
            loc="upper left", bbox_to_anchor=(0, 0), bbox_transform=place, ncols=columns, borderaxespad=0.0,
            borderpad=0.2, fontsize=8, handlelength=1.4,
        )  # fmt: skip
        return below + 13.5 * math.ceil(levels / columns) + 4

    def _title(self, axes: Axes, width: float, pad: float) -> None:
        """The name of the outcome, in as many lines as it needs."""
        if self.within_text:
            return
        axes.set_title(textwrap.fill(self.spec.label[self.wording.language], int(9.5 * width)), x=0, pad=pad)

    def _notes(self, axes: Axes, below: float, note: str, width: float) -> None:
        """Remarks in small print under all else, from `below` points under the axes."""
        better = f"{self.wording.text(f'description.{self.spec.better}_better').capitalize()}."
        parts = [] if self.within_text else [f"{note} {better}"]
        if self.spec.note is not None:
            parts.append(self.spec.note[self.wording.language])
        parts += [] if self.within_text else self.wording.synthetic_note()
        if parts:
            small_print(axes, below + 6, parts, width)


def _places(months: list[float]) -> list[float]:
    """Where the waves stand on the axis: in proportion to time, or evenly where some would be too close to label."""
    span = months[-1] - months[0]
    gaps = [later - earlier for earlier, later in itertools.pairwise(months)]
    return list(map(float, range(len(months)))) if gaps and min(gaps) < _CLOSEST * span else months
