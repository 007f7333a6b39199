"""The effect at each wave with its interval, a panel per outcome: does it come, stay or fade?"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pandas as pd

from dnt_cli.effects.errors import resting_on
from dnt_cli.effects.kinds import KINDS
from dnt_cli.effects.tables import interval_on_scale, scale_of, tone_of
from dnt_cli.effects.wave_tables import at_waves
from dnt_cli.errors import DataError
from dnt_cli.figures.effects import LOOKS, add_note, effect_ticks
from dnt_cli.figures.style import GREY, SMALL, Drawing
from dnt_cli.sentences import say
from dnt_cli.wording import Wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 4
_PANEL = (2.3, 2.0)  # inches
_NOTE = 0.5


def wave_drawing(estimates: pd.DataFrame, wording: Wording, level: float = 0.95) -> Drawing:
    """The effect of every outcome over the waves. Arguments and errors as of `forest_drawing`."""
    rows = resting_on(at_waves(estimates, wording.study), wording.study.models.errors)
    rows = rows[rows["status"] != "not estimable"]
    if rows.empty:
        raise DataError(say("no_wave_effects"))
    several = rows.groupby("outcome")["wave"].transform("nunique") > 1
    rows = rows[several] if several.any() else rows
    return Drawing(lambda: _figure(rows, wording, level), "effects", wording.text("effects.waves_title"))


def _figure(rows: pd.DataFrame, wording: Wording, level: float) -> Figure:
    from matplotlib.figure import Figure

    outcomes = list(dict.fromkeys(rows["outcome"]))
    columns = min(_COLUMNS, len(outcomes))
    lines = -(-len(outcomes) // columns)
    height = lines * _PANEL[1] + _NOTE
    width = columns * _PANEL[0]
    figure = Figure(figsize=(width, height))
    figure.subplots_adjust(
        left=0.55 / width, right=1 - 0.1 / width, bottom=(_NOTE + 0.25) / height, top=1 - 0.4 / height, wspace=0.38,
        hspace=0.6,
    )  # fmt: skip
    for place, outcome in enumerate(outcomes):
        axes = figure.add_subplot(lines, columns, place + 1)
        _panel(axes, rows[rows["outcome"] == outcome], wording)
    note = wording.text("effects.waves_figure_note", level=100 * level)
    add_note(figure, note, wording, columns * 38)
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, wording: Wording) -> None:
    """One outcome: odds ratios on a logarithmic axis, other effects on a plain one."""
    study, name = wording.study, str(rows["kind"].iloc[0])
    kind = KINDS[name]
    months = {wave.key: wave.months for wave in study.design.waves}
    if kind.ratio:
        axes.set_yscale("log")
    axes.axhline(kind.none, color=GREY, linewidth=0.9, zorder=1)
    points = []
    for _, row in rows.sort_values("wave", key=lambda waves: waves.map(months), kind="stable").iterrows():
        estimate, low, high = interval_on_scale(row)
        colour, marker, face = LOOKS[tone_of(row, study, "better")]
        at = months[row["wave"]]
        axes.plot([at, at], [low, high], color=colour, linewidth=1.3, zorder=2)
        axes.plot([at], [estimate], marker, color=colour, markerfacecolor=face, markersize=5, zorder=3)
        points.append((at, estimate))
    axes.plot(*zip(*points, strict=True), color=GREY, linewidth=0.8, linestyle=":", zorder=1)
    axes.set_xlim(0, 1.06 * max(months.values()))
    axes.set_xticks([at for at, _ in points], [wave for wave in months if wave in set(rows["wave"])])
    axes.set_title("\n".join(textwrap.wrap(wording.label(str(rows["outcome"].iloc[0])), 26)), fontsize=SMALL + 1)
    axes.set_ylabel(scale_of(name, wording, rows), fontsize=SMALL)
    axes.tick_params(labelsize=SMALL)
    axes.minorticks_off()
    axes.set_yticks(*effect_ticks(axes.get_ylim(), axes.get_yticks(), wording.language, ratio=bool(kind.ratio)))
