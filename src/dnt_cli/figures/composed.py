"""Figures of more than one outcome per wave: who rose and fell, by how many steps, and several outcomes as a panel."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from dnt_cli.description.lookup import Figure as Value
from dnt_cli.description.lookup import Lookup, group_label, initials, shown
from dnt_cli.description.rounding import PERCENT_DECIMALS, decimals_of
from dnt_cli.description.trends import interval_names
from dnt_cli.figures.parts import LEVEL, Part, bar_axes, divided_bars, numbers_under, reach, small_print, titled
from dnt_cli.figures.style import BLUE, GREY, GROUP_LOOKS, LIGHT, SMALL, VERMILLION, WIDTH, Drawing, tick_labels
from dnt_cli.study import ComposedFigure
from dnt_cli.wording import Wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOVES = {"rise": (BLUE, ""), "same": (LIGHT, ""), "fall": (VERMILLION, "////")}  # colour and hatch
_COLUMNS = 3  # of a panel


def composed_drawings(description: pd.DataFrame, wording: Wording) -> dict[str, Drawing]:
    """A drawing per figure of the study file whose outcomes have values, by its key; arguments as of `draw`."""
    found = {}
    tables = {name: Lookup(description, name) for name in ("change", "trend")}
    for key, spec in wording.study.figures.items():
        own = _KINDS[spec.kind](tables["trend" if spec.kind == "panel" else "change"], wording, spec)
        if own.there:
            found[key] = Drawing(own.figure, key, spec.label[wording.language], own.told())
    return found


@dataclass(frozen=True)
class _Composed:
    """A figure of several outcomes, as a study file asks for it."""

    figures: Lookup
    wording: Wording
    spec: ComposedFigure

    @property
    def groups(self) -> tuple[str, str]:
        return self.wording.study.design.groups


class _Changes(_Composed):
    """What happened between two waves to the outcomes of a figure, per group."""

    @property
    def there(self) -> bool:
        return bool(self.rows())

    def rows(self) -> list[tuple[str, str, str]]:
        """Outcome, interval and group of each bar: from baseline to endpoint, and on to the follow-up."""
        design = self.wording.study.design
        pairs = [(design.baseline, design.endpoint)]
        pairs += [(design.endpoint, design.follow_up)] if design.follow_up is not None else []
        return [
            (outcome, interval, group)
            for outcome in self.spec.outcomes
            for interval in interval_names(self.wording.study, pairs)
            for group in self.groups
            if not math.isnan(self.figures.get(outcome, "", group, interval, "paired_mean").value)
        ]

    def get(self, row: tuple[str, str, str], statistic: str) -> Value:
        outcome, interval, group = row
        return self.figures.get(outcome, "", group, interval, statistic)

    def places(self) -> list[float]:
        """Bars of an interval beside each other, intervals apart."""
        places: list[float] = []
        before: tuple[str, str] | None = None
        for row in self.rows():
            places.append((places[-1] + (1.0 if row[:2] == before else 1.6)) if places else 0.0)
            before = row[:2]
        return places

    def headings(self) -> list[tuple[float, str]]:
        """Where the bars of an interval stand, and its name; of several outcomes with the outcome."""
        by_interval: dict[str, list[float]] = {}
        for (outcome, interval, _), place in zip(self.rows(), self.places(), strict=True):
            label = f"{self.wording.label(outcome)}\n" if len(self.spec.outcomes) > 1 else ""
            by_interval.setdefault(label + interval, []).append(place)
        return [(sum(own) / len(own), name) for name, own in by_interval.items()]

    def axes(self) -> tuple[Figure, Axes]:
        """Axes with a bar per interval and group, at the left the group and how many answered at both waves."""
        from matplotlib.figure import Figure

        places = self.places()
        figure = Figure(figsize=(WIDTH, 0.34 * len(places) + 0.7))
        axes = figure.add_subplot()
        names = [
            f"{group_label(row[2], self.wording)} (N = {self.get(row, 'rise').denominator})" for row in self.rows()
        ]
        bar_axes(axes, places, names, self.headings())
        titled(axes, self.spec.label[self.wording.language])
        return figure, axes


class _Moves(_Changes):
    """Who rose, fell or stayed the same."""

    def figure(self) -> Figure:
        figure, axes = self.axes()
        rows, places = self.rows(), self.places()
        parts = (
            Part([self.get(row, move).value for row in rows], self.wording.text(f"description.moves_{move}"), *look)
            for move, look in _MOVES.items()
        )
        divided_bars(axes, places, parts, self.wording)
        axes.legend(
            loc="upper left", bbox_to_anchor=(0, -0.55 / (0.34 * len(places) + 0.1)), ncols=3, borderaxespad=0.0
        )
        small_print(axes, 62.0, [self.wording.text("description.moves_note"), *self.wording.synthetic_note()])
        return figure

    def told(self) -> str:
        """The same in words."""
        texts = []
        for row in self.rows():
            parts = (
                f"{self.wording.text(f'description.moves_{move}')} "
                f"{shown(self.get(row, move).value, PERCENT_DECIMALS, self.wording)}%"
                for move in _MOVES
            )
            n = self.get(row, "rise").denominator
            texts.append(f"{row[1]} {group_label(row[2], self.wording)} (N = {n}): {', '.join(parts)}.")
        return " ".join(texts)


class _Steps(_Changes):
    """By how many steps persons rose or fell on average, with the interval of the mean."""

    def figure(self) -> Figure:
        figure, axes = self.axes()
        rows, places = self.rows(), self.places()
        means, lows, highs = ([self.get(row, f"paired_{s}").value for row in rows] for s in ("mean", "low", "high"))
        errors = reach(means, lows, highs)
        colours = [BLUE if row[2] == self.groups[0] else VERMILLION for row in rows]
        axes.barh(places, means, 0.7, color=colours, xerr=errors, error_kw={"elinewidth": 1.0, "capsize": 3})
        axes.axvline(0, color=GREY, linewidth=0.8)
        for place, row, mean, error in zip(places, rows, means, errors[1], strict=True):
            text = shown(mean, decimals_of(self.wording.study.outcomes[row[0]]), self.wording, sign=True)
            axes.annotate(text, (mean + error, place), (5, 0), textcoords="offset points", va="center", fontsize=SMALL)
        low, high = axes.get_xlim()
        high += 0.08 * (high - low)  # room for the number at the end of the longest bar
        ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
        axes.set_xlim(low, high)
        axes.set_xticks(ticks, tick_labels(ticks, self.wording.language))
        axes.set_xlabel(self.wording.text("description.steps_axis"))
        note = self.wording.text("description.steps_note", level=100 * LEVEL)
        small_print(axes, 36.0, [note, *self.wording.synthetic_note()])
        return figure

    def told(self) -> str:
        """The same in words."""
        texts = []
        for row in self.rows():
            decimals = decimals_of(self.wording.study.outcomes[row[0]])
            mean, low, high = (
                shown(self.get(row, f"paired_{s}").value, decimals, self.wording, sign=True)
                for s in ("mean", "low", "high")
            )
            n = self.get(row, "paired_mean").n
            texts.append(f"{row[1]} {group_label(row[2], self.wording)} (N = {n}): {mean} ({low} – {high}).")
        return " ".join(texts)


class _Panel(_Composed):
    """Several outcomes beside each other, on one scale."""

    @property
    def there(self) -> bool:
        return bool(self.outcomes())

    def outcomes(self) -> list[str]:
        known = set(self.figures.values("variable"))
        return [key for key in self.spec.outcomes if key in known]

    def waves(self) -> list[str]:
        """The waves at which any of the outcomes has a value."""
        seen = {wave for key in self.outcomes() for wave in self.figures.values("wave", variable=key)}
        return [wave for wave in self.wording.study.design.wave_keys if wave in seen]

    def get(self, outcome: str, group: str, wave: str, end: str = "") -> Value:
        binary = self.wording.study.outcomes[outcome].kind == "binary"
        statistic = ("pct" if binary else "mean") + end
        return self.figures.get(outcome, "", group, wave, statistic)

    def figure(self) -> Figure:
        from matplotlib.figure import Figure

        outcomes = self.outcomes()
        rows = -(-len(outcomes) // _COLUMNS)
        figure = Figure(figsize=(WIDTH, 2.3 * rows + 0.4))
        grid = figure.subplots(rows, min(_COLUMNS, len(outcomes)), sharey=True, squeeze=False)
        figure.subplots_adjust(hspace=0.95, wspace=0.12)
        flat = list(grid.flat)
        for axes in flat[len(outcomes) :]:
            axes.set_visible(False)
        for letter, outcome, axes in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", outcomes, flat, strict=False):
            self._one(axes, letter, outcome)
        flat[0].set_ylim(bottom=min(0.0, flat[0].get_ylim()[0]))
        low, high = flat[0].get_ylim()
        ticks = [tick for tick in flat[0].get_yticks() if low <= tick <= high]
        flat[0].set_yticks(ticks, tick_labels(ticks, self.wording.language))
        flat[0].legend(loc="lower left", bbox_to_anchor=(0, 1.25), ncols=2, borderaxespad=0.0, handlelength=3.2)
        titled(flat[0], self.spec.label[self.wording.language], above=46)
        note = self.wording.text("description.figure_note", level=100 * LEVEL)
        small_print(grid[-1][0], 62.0, [note, *self.wording.synthetic_note()])
        return figure

    def _one(self, axes: Axes, letter: str, outcome: str) -> None:
        """One outcome: a line per group with intervals, and its figures under the axis."""
        waves, short = self.waves(), initials(self.wording)
        below = 17.0
        for group, look, side in zip(self.groups, GROUP_LOOKS, (-0.06, 0.06), strict=True):
            values, lows, highs = (
                [self.get(outcome, group, wave, end).value for wave in waves] for end in ("", "_low", "_high")
            )
            axes.errorbar(
                [i + side for i in range(len(waves))], values, yerr=reach(values, lows, highs), markersize=5,
                linewidth=1.4, elinewidth=1.0, capsize=2, label=group_label(group, self.wording), **look.style,
            )  # fmt: skip
            decimals = decimals_of(self.wording.study.outcomes[outcome])
            texts = [shown(value, decimals, self.wording) or "-" for value in values]
            numbers_under(axes, short[group], range(len(waves)), texts, below, look.colour, beside=3)
            below += 11
        axes.set_xlim(-0.5, len(waves) - 0.5)
        axes.set_xticks(range(len(waves)), waves)
        axes.tick_params(axis="x", length=0)
        axes.grid(axis="y", color="#DDDDDD", linewidth=0.6)
        label = textwrap.fill(f"{letter} {self.wording.label(outcome)}", 25)
        axes.set_title(label, fontsize=8, x=0, pad=5, fontweight="normal")

    def told(self) -> str:
        """The same in words."""
        texts = []
        for outcome in self.outcomes():
            decimals = decimals_of(self.wording.study.outcomes[outcome])
            for group in self.groups:
                own = [(wave, self.get(outcome, group, wave).value) for wave in self.waves()]
                parts = [f"{wave} {shown(v, decimals, self.wording)}" for wave, v in own if not math.isnan(v)]
                texts.append(f"{self.wording.label(outcome)}, {group_label(group, self.wording)}: {', '.join(parts)}.")
        return " ".join(texts)


_KINDS: dict[str, Callable[[Lookup, Wording, ComposedFigure], _Moves | _Steps | _Panel]] = {
    "moves": _Moves,
    "steps": _Steps,
    "panel": _Panel,
}
