"""What the figures of effects share: looks, axes and the note below."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING

from dnt_cli.figures.style import GREEN, GREY, INK, SMALL, VERMILLION, figure_number, tick_labels
from dnt_cli.study import Language
from dnt_cli.wording import Wording

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOOKS = {"good": (GREEN, "^", GREEN), "bad": (VERMILLION, "v", VERMILLION), "": (INK, "o", "white")}
"""Tone of an effect -> colour, marker and the colour that fills it."""
_RATIOS = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 1000.0)
_NEAR_RATIOS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)


def effect_ticks(
    limits: tuple[float, float], given: Iterable[float], language: Language, *, ratio: bool, most: int = 7
) -> tuple[list[float], list[str]]:
    """Ticks and labels of an axis of effects; of ratios with 1 among them if it is in reach, and no more than fit.

    Args:
        limits: Of the axis.
        given: Ticks of an axis that is not one of ratios; those outside the limits are left out.
        language: Of the decimal sign.
        ratio: Whether the axis is one of ratios, which is logarithmic.
        most: Number of labels of ratios that do not run into each other.
    """

    def within(candidates: Iterable[float]) -> list[float]:
        return [tick for tick in candidates if limits[0] <= tick <= limits[1]]

    if not ratio:
        ticks = within(given)
        return ticks, tick_labels(ticks, language)
    ticks = within(_RATIOS)
    ticks = within(_NEAR_RATIOS) if len(ticks) < 4 else ticks
    least = math.log(limits[1] / limits[0]) / (2 * most)
    while len(ticks) > most or any(math.log(b / a) < least for a, b in pairwise(ticks)):
        ticks = ticks[::2] if 1.0 in ticks[::2] else ticks[1::2]
    return ticks, [figure_number(tick, language) for tick in ticks]


def add_note(figure: Figure, note: str, wording: Wording, width: int) -> None:
    """A note at the bottom, after that on made-up data, in lines of so many characters."""
    text = "\n".join(textwrap.wrap(" ".join([*wording.synthetic_note(), note]), width))
    figure.text(0.01, 0.01, text, fontsize=SMALL, color=GREY, va="bottom")
