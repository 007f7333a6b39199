"""Parts that figures of outcomes share: bars with their names, numbers under an axis, titles and remarks."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dnt_cli.arrays import Floats
from dnt_cli.description.lookup import shown
from dnt_cli.description.rounding import PERCENT_DECIMALS
from dnt_cli.figures.style import GREY, LABELLED, SMALL, WIDTH, text_on
from dnt_cli.wording import Wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEVEL = 0.95
"""Of the intervals in a description."""


class Part(NamedTuple):
    """One of the parts into which every bar is divided, with its size in per cent in each bar."""

    sizes: Sequence[float]
    label: str
    colour: Any
    hatch: str = ""


def divided_bars(axes: Axes, places: Sequence[float], parts: Iterable[Part], wording: Wording) -> None:
    """Horizontal bars of 100 per cent; a part that is wide enough has its number in it."""
    starts = [0.0] * len(places)
    for sizes, label, colour, hatch in parts:
        axes.barh(
            places, sizes, 0.8, left=starts, color=colour, hatch=hatch, edgecolor="white", linewidth=0.8, label=label
        )
        around = {"facecolor": "white", "edgecolor": "none", "pad": 1.0} if hatch else None
        for place, start, size in zip(places, starts, sizes, strict=True):
            if size >= LABELLED:
                axes.text(
                    start + size / 2, place, shown(size, PERCENT_DECIMALS, wording), ha="center", va="center_baseline",
                    fontsize=SMALL, color="black" if hatch else text_on(colour), bbox=around,
                )  # fmt: skip
        starts = [start + size for start, size in zip(starts, sizes, strict=True)]
    axes.set_xlim(0, 100)
    axes.set_xlabel(wording.text("description.share_axis"))


def bar_axes(axes: Axes, places: Sequence[float], names: Sequence[str], groups: Iterable[tuple[float, str]]) -> None:
    """Axes of horizontal bars: at the left the name of each, at the right where a group of bars stands and its name."""
    axes.set_yticks(places, names, fontsize=8)
    for place, name in groups:
        axes.annotate(
            name, (1, place), (5, 0), xycoords=("axes fraction", "data"), textcoords="offset points", va="center",
            fontweight="bold", annotation_clip=False,
        )  # fmt: skip
    axes.set_ylim(places[-1] + 0.7, places[0] - 0.7)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def reach(values: Sequence[float], lows: Sequence[float], highs: Sequence[float]) -> list[Floats]:
    """How far intervals reach below and above their values; 0 where there is no interval."""
    return [np.nan_to_num(np.abs(np.subtract(values, ends))) for ends in (lows, highs)]


def numbers_under(
    axes: Axes,
    label: str,
    places: Iterable[float],
    texts: Sequence[str],
    below: float,
    colour: str,
    beside: float = 6.0,
) -> None:
    """A line of numbers `below` points under the axis, its label `beside` points left of it."""
    common: dict[str, Any] = {
        "textcoords": "offset points", "va": "top", "fontsize": SMALL, "color": colour, "annotation_clip": False
    }  # fmt: skip
    axes.annotate(label, (0, 0), (-beside, -below), xycoords="axes fraction", ha="right", **common)
    for place, text in zip(places, texts, strict=True):
        axes.annotate(text, (place, 0), (0, -below), xycoords=("data", "axes fraction"), ha="center", **common)


def titled(axes: Axes, title: str, above: float = 8.0) -> None:
    """The title of a figure over its first axes, in as many lines as it needs."""
    axes.annotate(
        textwrap.fill(title, int(9.5 * WIDTH)), (0, 1), (0, above), xycoords="axes fraction",
        textcoords="offset points", va="bottom", fontsize=11, fontweight="bold", annotation_clip=False,
    )  # fmt: skip


def small_print(axes: Axes, below: float, notes: Iterable[str], width: float = WIDTH) -> None:
    """Remarks under axes of a figure of this width in inches, from `below` points on."""
    text = "\n".join(textwrap.fill(part, int(15.5 * width)) for part in notes)
    axes.annotate(
        text, (0, 0), (0, -below), xycoords="axes fraction", textcoords="offset points", va="top",
        fontsize=SMALL, color=GREY, linespacing=1.3, annotation_clip=False,
    )  # fmt: skip
