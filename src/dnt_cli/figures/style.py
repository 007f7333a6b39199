"""One look for all figures: legible in black and white and for colour-blind readers, and reproducible as bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnt_cli.errors import DataError
from dnt_cli.stages import replacing
from dnt_cli.study import Language
from dnt_cli.texts import number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe & Ito (2008), Color Universal Design.
BLUE, VERMILLION, GREEN = "#0072B2", "#D55E00", "#009E73"
INK, GREY = "#222222", "#6E6E6E"
FORMATS = ("svg", "png")
DOTS_PER_INCH = 200
MARGIN = 0.12  # inches

STYLE: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib, so every machine draws the same
    "font.size": 9,
    "figure.dpi": DOTS_PER_INCH,
    "text.hinting": "none",  # otherwise text is wider at one resolution than at another, and is cut off
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
    "svg.fonttype": "path",  # letters as shapes: the same widths everywhere, so nothing is cut off
    "svg.hashsalt": "dnt",  # otherwise the ids in an SVG are random
}


def write(figure: Figure, paths: Sequence[Path], title: str) -> None:
    """The figure as SVG or PNG by the endings of the names, cut to what is drawn; each whole or not at all.

    Raises:
        DataError: Another ending, or a file cannot be written.
    """
    box = figure.get_tightbbox().padded(MARGIN)
    for path in paths:
        ending = path.suffix.removeprefix(".").lower()
        if ending not in FORMATS:
            raise DataError(f"{path.name} is no figure file; let its name end in .svg or .png.")
        # No date and no version inside: the same figure has the same bytes.
        metadata = {"Title": title, **({"Date": None, "Creator": None} if ending == "svg" else {"Software": None})}
        content = io.BytesIO()
        figure.savefig(content, format=ending, dpi=DOTS_PER_INCH, bbox_inches=box, facecolor="white", metadata=metadata)
        with replacing(path) as stream:
            stream.write(content.getvalue())


def make_folder(folder: Path) -> None:
    """The folder, with those above it.

    Raises:
        DataError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"Cannot make the folder {folder}: {error.strerror}.") from None


def figure_number(value: float, language: Language) -> str:
    """A number with as many decimals as it needs."""
    return number(value, _decimals(value), language)


def tick_labels(ticks: Sequence[float], language: Language) -> list[str]:
    """Labels of an axis, all with the same number of decimals."""
    decimals = max((_decimals(tick) for tick in ticks), default=0)
    return [number(tick + 0.0, decimals, language) for tick in ticks]


def _decimals(value: float) -> int:
    return len(f"{round(value, 6):.6g}".partition(".")[2])


def shades(count: int) -> Sequence[tuple[float, float, float]]:
    """`count` shades from light to dark that stay in order in grey and for every kind of colour vision."""
    from matplotlib import colormaps

    colours = colormaps["cividis"]
    steps = [0.5] if count == 1 else [1.0 - 0.95 * i / (count - 1) for i in range(count)]
    return [colours(step)[:3] for step in steps]


def text_on(colour: Sequence[float]) -> str:
    """Black or white, whichever is easier to read on `colour` (relative luminance of WCAG 2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "white" if luminance < 0.18 else "black"
