"""A forest plot of the effects of the intervention: endpoint and trend side by side, under their hypotheses."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from dnt_cli.description.lookup import shown
from dnt_cli.effects.columns import effect_rows
from dnt_cli.effects.errors import resting_on
from dnt_cli.effects.kinds import KINDS
from dnt_cli.effects.tables import interval_on_scale, mark_of, scale_of, shown_decimals, tone_of
from dnt_cli.errors import DataError
from dnt_cli.figures.alternatives import effects_alternative
from dnt_cli.figures.effects import LOOKS, effect_ticks
from dnt_cli.figures.style import GREY, SMALL, Drawing
from dnt_cli.models import ENDPOINT, LONGITUDINAL
from dnt_cli.sentences import say
from dnt_cli.wording import Wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ANALYSES = (ENDPOINT, LONGITUDINAL)
# Inches.
_LABELS, _PANEL, _TEXT = 2.75, 1.65, 1.55
_LINE, _GAP, _TOP = 0.19, 0.62, 0.35
_LABEL_WIDTH = 42  # characters
_WIDEST = 20.0  # odds ratios beyond this, or its inverse, are cut off with an arrow


def forest_drawing(estimates: pd.DataFrame, wording: Wording, level: float = 0.95) -> Drawing:
    """The effects: odds ratios on a logarithmic axis above standardised betas, endpoint left, trend right.

    Args:
        estimates: Rows of `effects.COLUMNS`, of one or both analyses below each other, one row per effect.
        wording: Labels, hypotheses and marks of the study, in a language.
        level: Of the intervals in `estimates`.

    Raises:
        DataError: There is no effect to draw, or an effect stands there twice.
    """
    rows = resting_on(effect_rows(estimates), wording.study.models.errors)
    if rows.empty:
        raise DataError(say("no_effects_drawn"))
    if rows.duplicated(["analysis", "outcome"]).any():
        raise DataError(say("effects_repeated"))
    about = effects_alternative(rows, wording, level)
    return Drawing(_Forest(rows, wording, level).figure, "effects", wording.text("description.forest_title"), about)


@dataclass(frozen=True, slots=True)
class _Line:
    """A row of the plot: a heading, or an outcome.

    Attributes:
        outcome: key, empty for a heading.
        label: in as many lines as it needs.
        place: of its middle, in lines from the top.
    """

    outcome: str
    label: str
    place: float


class _Forest:
    def __init__(self, rows: pd.DataFrame, wording: Wording, level: float) -> None:
        self.study, self.wording, self.level = wording.study, wording, level
        self.analyses = [a for a in ANALYSES if (rows["analysis"] == a).any()]
        self.rows = {(r["analysis"], r["outcome"]): r for _, r in rows.iterrows()}
        first = rows.drop_duplicates("outcome")  # an outcome stands once, on the scale of its first analysis
        self.kinds = {kind: list(first.loc[first["kind"] == kind, "outcome"]) for kind in KINDS}
        self.clipped = False

    def figure(self) -> Figure:
        """The whole plot."""
        from matplotlib.figure import Figure

        blocks = {kind: self._lines(outcomes) for kind, outcomes in self.kinds.items() if outcomes}
        heights = {kind: size * _LINE for kind, (_, size) in blocks.items()}
        height = _TOP + sum(heights.values()) + _GAP * len(heights)
        width = _LABELS + len(self.analyses) * (_PANEL + _TEXT)
        figure = Figure(figsize=(width, height))
        top = height - _TOP
        for kind, (lines, size) in blocks.items():
            bottom = top - heights[kind]
            for i, analysis in enumerate(self.analyses):
                left = _LABELS + i * (_PANEL + _TEXT)
                box = (left / width, bottom / height, _PANEL / width, heights[kind] / height)
                axes = figure.add_axes(box)
                self._panel(axes, analysis, kind, lines, size)
                if i == 0:
                    self._labels(axes, lines)
                if kind == next(iter(blocks)):
                    self._heading(axes, analysis)
            top = bottom - _GAP
        self._notes(figure, width, height)
        return figure

    def _lines(self, outcomes: list[str]) -> tuple[list[_Line], float]:
        """Headings and outcomes from top to bottom, and how many lines of text they take."""
        order = {key: i for i, key in enumerate(self.study.hypotheses)}
        by_hypothesis: dict[str, list[str]] = {}
        for outcome in outcomes:
            by_hypothesis.setdefault(self.study.outcomes[outcome].hypothesis or "", []).append(outcome)
        lines, used = [], 0.0
        for hypothesis in sorted(by_hypothesis, key=lambda key: order.get(key, len(order))):
            heading = self.wording.hypothesis(hypothesis)
            for outcome in ["", *by_hypothesis[hypothesis]] if heading else by_hypothesis[hypothesis]:
                label = textwrap.fill(self._label(outcome) if outcome else heading, _LABEL_WIDTH)
                size = 1 + 0.75 * label.count("\n")
                lines.append(_Line(outcome, label, used + size / 2))
                used += size
        return lines, used

    def _label(self, outcome: str) -> str:
        """The outcome's name; with its wave if that is not the study's endpoint."""
        label, wave = self.wording.label(outcome), self.study.endpoint(outcome)
        return label if wave == self.study.design.endpoint else f"{label} ({wave})"

    def _labels(self, axes: Axes, lines: list[_Line]) -> None:
        for line in lines:
            axes.annotate(
                line.label, (0, line.place), (-72 * _LABELS + (8 if line.outcome else 0), 0),
                xycoords=("axes fraction", "data"), textcoords="offset points", va="center", linespacing=1.1,
                fontsize=8, fontweight="normal" if line.outcome else "bold", annotation_clip=False,
            )  # fmt: skip

    def _heading(self, axes: Axes, analysis: str) -> None:
        values = {"wave": self.study.design.endpoint, "unit": self.wording.unit()}
        text = self.wording.text(f"description.forest_{analysis}", **values)
        axes.annotate(
            text, (0, 1), (0, 8), xycoords="axes fraction", textcoords="offset points", fontweight="bold", fontsize=10
        )

    def _panel(self, axes: Axes, analysis: str, kind: str, lines: list[_Line], size: float) -> None:
        ratio = bool(KINDS[kind].ratio)
        found = {line.outcome: self.rows.get((analysis, line.outcome)) for line in lines if line.outcome}
        estimable = {key: row for key, row in found.items() if row is not None and row["status"] != "not estimable"}
        numbers = {key: interval_on_scale(row) for key, row in estimable.items()}
        limits = _limits([numbers[key] for key, row in estimable.items() if row["kind"] == kind], kind)
        if ratio:
            axes.set_xscale("log")
        axes.set_xlim(*limits)
        axes.set_ylim(size, 0)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.axvline(KINDS[kind].none, color=GREY, linewidth=0.9, zorder=1)
        self._ticks(axes, limits, ratio=ratio)
        axes.set_xlabel(self.wording.text(f"description.forest_{kind}"), fontsize=SMALL)
        for line in lines:
            if line.outcome:
                axes.axhline(line.place, color="#EBEBEB", linewidth=0.7, zorder=0)
                self._effect(axes, line, analysis, kind, found[line.outcome], numbers.get(line.outcome), limits)

    def _effect(
        self, axes: Axes, line: _Line, analysis: str, kind: str, row: pd.Series | None,
        figures: tuple[float, float, float] | None, limits: tuple[float, float],
    ) -> None:  # fmt: skip
        """One effect and its numbers; the numbers alone where its scale is not the panel's."""
        place: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "va": "center"}
        if row is None or figures is None:
            modelled = row is not None and (analysis == ENDPOINT or self.study.has_trend(line.outcome))
            text = self.wording.text("common.not_estimable" if modelled else "description.not_modelled")
            axes.annotate(text, (1, line.place), (6, 0), fontsize=SMALL, color=GREY, annotation_clip=False, **place)
            return
        texts = [shown(value, shown_decimals(row), self.wording) for value in figures]
        scale = "" if row["kind"] == kind else f" {scale_of(row['kind'], self.wording, row)}"
        text = f"{texts[0]} ({texts[1]} \N{EN DASH} {texts[2]}){scale} {mark_of(row, self.study)}".rstrip()
        axes.annotate(text, (1, line.place), (6, 0), fontsize=SMALL, annotation_clip=False, **place)
        if row["kind"] == kind:
            self._line(axes, line.place, row, figures, limits)

    def _line(
        self, axes: Axes, place: float, row: pd.Series, figures: tuple[float, float, float],
        limits: tuple[float, float],
    ) -> None:  # fmt: skip
        colour, marker, face = LOOKS[tone_of(row, self.study, "better")]
        estimate, low, high = figures
        inside = [min(max(value, limits[0]), limits[1]) for value in (low, high)]
        axes.plot(inside, [place] * 2, color=colour, linewidth=1.3, zorder=2, solid_capstyle="butt")
        for end, value, arrow in zip(inside, (low, high), ("<", ">"), strict=True):
            if end != value:
                self.clipped = True
                axes.plot([end], [place], arrow, color=colour, markersize=5, clip_on=False, zorder=2)
        if limits[0] <= estimate <= limits[1]:
            axes.plot(
                [estimate], [place], marker, color=colour, markerfacecolor=face, markersize=6, markeredgewidth=1.2,
                zorder=3,
            )  # fmt: skip

    def _ticks(self, axes: Axes, limits: tuple[float, float], *, ratio: bool) -> None:
        from matplotlib.ticker import MaxNLocator

        axes.minorticks_off()
        given = () if ratio else MaxNLocator(4).tick_values(*limits)
        axes.set_xticks(*effect_ticks(limits, given, self.wording.language, ratio=ratio), fontsize=SMALL)

    def _notes(self, figure: Figure, width: float, height: float) -> None:
        from matplotlib.lines import Line2D

        word = self.wording.room("description")
        names = {"good": word("better"), "bad": word("worse"), "": word("undecided")}
        handles = [
            Line2D([], [], color=colour, marker=marker, markerfacecolor=face, label=names[tone])
            for tone, (colour, marker, face) in LOOKS.items()
        ]
        figure.legend(
            handles=handles, loc="upper left", bbox_to_anchor=(0, 0), ncols=3, fontsize=8, borderpad=0,
            borderaxespad=0.2,
        )  # fmt: skip
        parts = [word("forest_note", level=100 * self.level), self.wording.marks_note()]
        parts += [word("doubtful")] if any(row["status"] == "doubtful" for row in self.rows.values()) else []
        parts += [word("clipped")] if self.clipped else []
        parts += self.wording.synthetic_note()
        text = "\n".join(textwrap.fill(part, int(15.5 * width)) for part in parts)
        figure.text(0, -0.28 / height, text, va="top", fontsize=SMALL, color=GREY, linespacing=1.3)


def _limits(figures: list[tuple[float, float, float]], kind: str) -> tuple[float, float]:
    """Of the axis: all intervals, as far as they are not too wide to draw, and the line of no effect."""
    values = [value for triple in figures for value in triple if math.isfinite(value)]
    least = KINDS[kind].least_axis
    if KINDS[kind].ratio:
        inside = [math.log(min(max(value, 1 / _WIDEST), _WIDEST)) for value in values]
        low, high = min([*inside, -least]), max([*inside, least])
        room = 0.04 * (high - low)
        return math.exp(low - room), math.exp(high + room)
    low, high = min([*values, -least]), max([*values, least])
    room = 0.04 * (high - low)
    return low - room, high + room
