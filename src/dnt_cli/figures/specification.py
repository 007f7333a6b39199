"""A specification curve per outcome: every analysis of one effect, ordered by its estimate, and which choices it made.

Simonsohn, Simmons and Nelson (2020, Nature Human Behaviour 4).
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dnt_cli.effects.kinds import KINDS
from dnt_cli.effects.tables import decimals_of, interval_on_scale, scale_of, where_of
from dnt_cli.figures.style import BLUE, FORMATS, GREY, INK, SMALL, VERMILLION, Drawing, draw_all, tick_labels
from dnt_cli.progress import Progress
from dnt_cli.robustness.checks import CHECKS
from dnt_cli.robustness.checks.h_sites import PAIRS
from dnt_cli.robustness.result import MEASURES, ZERO, RobustnessResult
from dnt_cli.wording import Wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Inches.
_CURVE, _ROW, _GAP, _LABELS, _PANEL = 2.0, 0.19, 0.12, 3.1, 3.2
_LABEL_WIDTH = 54  # characters
_REPEATS = (ZERO, PAIRS, "k:")  # the main estimate again
_WIDEST = 20.0  # intervals of odds ratios are cut off here


def specification_curves(
    result: RobustnessResult, wording: Wording, folder: str | Path, formats: Sequence[str] = FORMATS, *,
    jobs: int = 1, progress: Progress | None = None, force: bool = False,
) -> list[Path]:  # fmt: skip
    """Draw a figure per outcome with a main effect; endpoint left, trend right.

    Args:
        result: Of the checks; analyses without a column in the table are shown under their check.
        wording: The study in a language.
        folder: Of the files, which are named after the outcomes; made if it is not there.
        formats: One or both of `svg` and `png`.
        jobs: Processes, which change no figure.
        progress: Told how many figures are done.
        force: Replace files that dnt did not draw.

    Returns:
        The files, in the order of the study file.

    Raises:
        DataError: The folder or a file cannot be written, a file is no figure of dnt, or an unknown format.
    """
    estimates, outcomes = result.estimates, wording.study.outcomes
    rows = estimates[~estimates["analysis"].isin(MEASURES) & (estimates["status"] != "not estimable")]
    rows = rows[~rows["model"].str.startswith(_REPEATS) & rows["estimate"].notna()]  # a joint test has no estimate
    drawings = []
    for outcome in dict.fromkeys(rows.loc[rows["model"] == "main", "outcome"]):
        own = rows[[outcomes[k].counterpart == outcome or k == outcome for k in rows["outcome"]]]
        curve = _Curve(own, result, wording, outcome)
        drawings.append(Drawing(curve.figure, f"robustness_{outcome}", wording.label(outcome)))
    return draw_all(drawings, Path(folder), formats, jobs=jobs, progress=progress, force=force)


class _Curve:
    """The figure of one outcome."""

    def __init__(self, rows: pd.DataFrame, result: RobustnessResult, wording: Wording, outcome: str) -> None:
        self.wording, self.outcome, self.level = wording, outcome, result.level
        self.study, self.language = wording.study, wording.language
        kinds = rows[rows["model"] == "main"].set_index("analysis")["kind"]
        self.analyses = list(kinds.index)
        rows = rows[rows["analysis"].isin(self.analyses)]
        same = rows["kind"].to_numpy() == kinds[rows["analysis"]].to_numpy()
        self.elsewhere = rows[~same]  # on another scale than the main effect: told, not drawn
        rows = rows[same]
        self.rows = {a: rows[rows["analysis"] == a].sort_values("estimate", kind="stable") for a in self.analyses}
        self.labels = result.labels
        self.names = {model: self._name(model) for model in dict.fromkeys(rows["model"])}
        order = ["main", *CHECKS]
        letters = {name: model if model == "main" else model[0] for model, name in self.names.items()}
        self.lines = sorted(letters, key=lambda name: order.index(letters[name]))

    def _name(self, model: str) -> str:
        """The line of an analysis: its label, or that of its check where the table only summarises it."""
        if model == "main":
            return self.wording.text("common.main")
        told = self.wording.messages(self.labels[model]) if model in self.labels else ""
        return f"({model[0]}) {told or self.wording.text(f'robustness.title_{model[0]}')}"

    def figure(self) -> Figure:
        """Curves above, choices below."""
        from matplotlib.figure import Figure

        choices = _ROW * len(self.lines)
        height, width = _CURVE + _GAP + choices, _LABELS + len(self.analyses) * _PANEL
        figure = Figure(figsize=(width, height))
        for i, analysis in enumerate(self.analyses):
            left, share = (_LABELS + i * _PANEL) / width, (_PANEL - 0.55) / width
            curve = figure.add_axes((left, (choices + _GAP) / height, share, _CURVE / height))
            below = figure.add_axes((left, 0, share, choices / height))
            self._curve(curve, analysis)
            self._choices(below, analysis, labelled=i == 0)
        title = textwrap.fill(self.wording.label(self.outcome), int(11 * width))
        figure.text(0, 1 + 0.42 / height, title, fontsize=11, fontweight="bold", va="bottom")
        figure.text(0, -0.12 / height, self._notes(width), fontsize=SMALL, color=GREY, va="top", linespacing=1.3)
        return figure

    def _curve(self, axes: Axes, analysis: str) -> None:
        rows = self.rows[analysis]
        name = str(rows["kind"].iloc[0])
        kind = KINDS[name]
        if kind.ratio:
            axes.set_yscale("log")
        for place, (_, row) in enumerate(rows.iterrows()):
            estimate, low, high = _figures(row)
            colour = VERMILLION if row["model"] == "main" else BLUE
            filled = colour if self.study.significance.mark(row["p_value"]) else "white"
            main = row["model"] == "main"
            axes.plot([place, place], [low, high], color=colour, linewidth=1.6 if main else 0.9, zorder=2)
            marker: dict[str, Any] = {"marker": "D" if main else "o", "markersize": 5.5 if main else 3.5}
            axes.plot([place], [estimate], color=colour, markerfacecolor=filled, zorder=3, **marker)
        axes.axhline(kind.none, color=GREY, linewidth=0.9, zorder=1)
        axes.set_xlim(-0.7, len(rows) - 0.3)
        axes.set_xticks([])
        self._ticks(axes, ratio=bool(kind.ratio))
        axes.set_title(f"{self._where(analysis)} ({scale_of(name, self.wording, rows)})", fontsize=9)

    def _where(self, analysis: str) -> str:
        return where_of(analysis, self.wording, self.study.endpoint(self.outcome))

    def _ticks(self, axes: Axes, *, ratio: bool) -> None:
        from matplotlib.ticker import MaxNLocator, NullLocator

        low, high = axes.get_ylim()
        if not ratio:
            ticks = [tick for tick in MaxNLocator(5).tick_values(low, high) if low <= tick <= high]
            axes.set_yticks(ticks, tick_labels(ticks, self.language), fontsize=SMALL)
            return
        axes.yaxis.set_minor_locator(NullLocator())
        choices: tuple[float, ...] = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
        if high / low < 6:
            choices = (0.25, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0)
        ticks = [tick for tick in choices if low <= tick <= high]
        axes.set_yticks(ticks, [self.wording.number(tick, 2 if tick < 10 else 0) for tick in ticks], fontsize=SMALL)

    def _choices(self, axes: Axes, analysis: str, *, labelled: bool) -> None:
        rows = self.rows[analysis]
        for line in range(len(self.lines)):
            axes.axhline(line, color="#EBEBEB", linewidth=0.7, zorder=0)
        for place, model in enumerate(rows["model"]):
            colour = VERMILLION if model == "main" else INK
            axes.plot([place], [self.lines.index(self.names[model])], "s", color=colour, markersize=3.5, zorder=2)
        axes.set_xlim(-0.7, len(rows) - 0.3)
        axes.set_ylim(len(self.lines) - 0.5, -0.5)
        axes.set_xticks([])
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
        short = [textwrap.shorten(line, _LABEL_WIDTH, placeholder=" …") for line in self.lines] if labelled else []
        axes.set_yticks(np.arange(len(self.lines)) if labelled else [], short, fontsize=SMALL)
        axes.tick_params(axis="y", length=0)

    def _notes(self, width: float) -> str:
        lenient = self.wording.threshold(self.study.significance.lenient)
        parts = [self.wording.text("robustness.curve_note", lenient=lenient, level=100 * self.level)]
        for _, row in self.elsewhere.iterrows():
            shown = [self.wording.number(value, decimals_of(row["kind"])) for value in interval_on_scale(row)]
            where, scale = self._where(row["analysis"]), scale_of(row["kind"], self.wording, row)
            told = {"check": self._name(row["model"]), "where": where, "scale": scale}
            limits = {"estimate": shown[0], "low": shown[1], "high": shown[2]}
            parts.append(self.wording.text("robustness.curve_elsewhere", **limits, **told))
        parts += self.wording.synthetic_note()
        return "\n".join(textwrap.fill(part, int(15 * width)) for part in parts)


def _figures(row: pd.Series) -> tuple[float, float, float]:
    """Estimate and interval on the scale that is drawn."""
    estimate, low, high = interval_on_scale(row)
    if KINDS[row["kind"]].ratio:
        estimate, low, high = (min(max(value, 1 / _WIDEST), _WIDEST) for value in (estimate, low, high))
    return estimate, low, high
