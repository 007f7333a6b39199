"""Did the imputation settle, and are its values plausible: chains beside distributions, a row per outcome."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dnt_cli.figures.style import BLUE, GREY, INK, VERMILLION, Drawing
from dnt_cli.wording import Wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW, _WIDTH = 1.05, 7.5  # inches
_CHAINS = 20  # lines in one panel; more cannot be told apart


def imputation_drawing(trace: pd.DataFrame, distribution: pd.DataFrame, wording: Wording) -> Drawing:
    """For every imputed outcome at its endpoint the means of the chains, and observed against imputed values.

    Args:
        trace: `variable`, `iteration`, `imputation`, `mean`.
        distribution: `variable`, `value`, `observed`, `imputed` (shares).
        wording: The study in a language.
    """
    plot = partial(_figure, trace, distribution, wording)
    return Drawing(plot, "imputation", wording.text("imputed.imputation_title"))


def _figure(trace: pd.DataFrame, distribution: pd.DataFrame, wording: Wording) -> Figure:
    from matplotlib.figure import Figure

    study = wording.study
    columns = [study.column(key, study.design.endpoint) for key in study.measured]
    drawn = [c for c in columns if c in set(trace["variable"]) and c in set(distribution["variable"])]
    figure = Figure(figsize=(_WIDTH, _ROW * max(len(drawn), 1) + 0.6), layout="constrained")
    panels = figure.subplots(max(len(drawn), 1), 2, squeeze=False, gridspec_kw={"width_ratios": [1, 1.3]})
    for row, name in zip(panels, drawn, strict=False):
        label = wording.label(study.columns[name][0])
        _chains(row[0], trace[trace["variable"] == name], label)
        _shares(row[1], distribution[distribution["variable"] == name], wording)
    panels[0, 0].set_title(f"{wording.text('imputed.chains')}\n{panels[0, 0].get_title(loc='left')}", loc="left")
    panels[0, 1].legend(
        [wording.text("imputed.observed_values"), wording.text("imputed.imputed_values")],
        loc="lower right",
        bbox_to_anchor=(1, 1),
        ncols=2,
        fontsize=8,
    )
    panels[-1, 0].set_xlabel(wording.text("imputed.iteration"))
    for note in wording.synthetic_note():
        figure.supxlabel(note, fontsize=8, color=GREY)
    figure.draw_without_rendering()  # places everything, so that nothing is cut off
    return figure


def _short(value: str, wording: Wording) -> str:
    """The level, or where a range of a score begins."""
    start = value.split(" to ")[0]
    try:
        return wording.text("imputed.tick", value=float(start))
    except ValueError:
        return start


def _chains(panel: Axes, trace: pd.DataFrame, label: str) -> None:
    """One line per imputation; they should mingle without trend."""
    for number, chain in trace.groupby("imputation"):
        if int(str(number)) > _CHAINS:
            break
        panel.plot(chain["iteration"], chain["mean"], color=BLUE, linewidth=0.6, alpha=0.6)
    panel.set_title(label, fontsize=8.5, fontweight="normal", loc="left")
    panel.tick_params(labelsize=7)
    panel.margins(x=0.02)


def _shares(panel: Axes, distribution: pd.DataFrame, wording: Wording) -> None:
    """Bars of the observed and imputed shares side by side; hatched, so that they differ without colour."""
    place = np.arange(len(distribution))
    panel.bar(place - 0.2, distribution["observed"], width=0.4, color=GREY, label="observed")
    panel.bar(
        place + 0.2, distribution["imputed"], width=0.4, facecolor="white", edgecolor=VERMILLION, hatch="////",
        label="imputed",
    )  # fmt: skip
    panel.set_xticks(place, [_short(str(value), wording) for value in distribution["value"]])
    panel.tick_params(axis="x", labelsize=6.5)
    panel.tick_params(axis="y", labelsize=7)
    panel.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f}%")
    panel.spines["left"].set_color(INK)
