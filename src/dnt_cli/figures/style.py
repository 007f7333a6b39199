"""One look for all figures: legible in black and white and for colour-blind readers, and reproducible as bytes."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnt_cli.errors import DataError
from dnt_cli.progress import Progress
from dnt_cli.safe_text import shown, shown_in_line
from dnt_cli.sentences import say
from dnt_cli.stagefile.atomic import make_folder, write_file
from dnt_cli.study import Language
from dnt_cli.wording import number
from dnt_cli.workers import spread

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe & Ito (2008), Color Universal Design.
BLUE, VERMILLION, GREEN = "#0072B2", "#D55E00", "#009E73"
INK, GREY, LIGHT = "#222222", "#6E6E6E", "#D0D0D0"
FORMATS = ("svg", "png")
DOTS_PER_INCH = 200
MARGIN = 0.12  # inches
WIDTH = 6.3  # inches, the text width of an A4 page
SMALL = 7.5  # points, the letters within a figure
LABELLED = 4.5  # per cent below which a part of a bar is too narrow for its number
_FONTS = "'DejaVu Sans', Verdana, sans-serif"  # Verdana is as wide; others are narrower, so that nothing is cut off
_FONT = re.compile("'DejaVu Sans'(, sans-serif)?")
_CREATOR = "drawn by dnt"
_MARKS = (b"Software\0" + _CREATOR.encode(), f"<dc:title>{_CREATOR}</dc:title>".encode())  # in a PNG, in an SVG

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
    "svg.fonttype": "none",  # text stays text, which can be found, copied and read aloud
    "svg.hashsalt": "dnt",  # otherwise the ids in an SVG are random
}


@dataclass(frozen=True, slots=True)
class Look:
    """How a group is drawn; colour is never the only difference."""

    colour: str
    line: Any
    marker: str
    face: str

    @property
    def style(self) -> dict[str, Any]:
        """The same as matplotlib's properties of a line."""
        return {"color": self.colour, "linestyle": self.line, "marker": self.marker, "markerfacecolor": self.face}


GROUP_LOOKS = (Look(BLUE, "-", "o", BLUE), Look(VERMILLION, (0, (4, 2)), "s", "white"))
"""Of the intervention and of the comparison group."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure to be drawn: `plot` makes it, under `STYLE`, in whichever process."""

    plot: Callable[[], Figure]
    stem: str  # of the files
    title: str  # inside the files
    about: str = ""  # what it shows, in words and numbers, inside an SVG


def draw_all(
    drawings: Sequence[Drawing],
    folder: Path,
    formats: Sequence[str],
    *,
    jobs: int = 1,
    progress: Progress | None = None,
    force: bool = False,
) -> list[Path]:
    """Every drawing in every format, each file whole or not at all; the folder is made if it is not there.

    Figures of an earlier run are replaced, other files only by `force`.

    Returns:
        The files, in the order of the drawings.

    Raises:
        DataError: The folder or a file cannot be written, a file is no figure of dnt, or an unknown format.
    """
    for ending in formats:
        _check_format(ending, f"a figure .{ending}")
    make_folder(folder)
    paths = [folder / f"{drawing.stem}.{ending}" for drawing in drawings for ending in formats]
    _refuse_foreign(paths, force=force)
    jobs = min(jobs, len(drawings)) or 1
    drawn = spread(render, ((drawing, formats) for drawing in drawings), jobs)
    targets = iter(paths)
    for done, contents in enumerate(drawn, start=1):
        for content in contents:
            write_file(next(targets), content)
        if progress is not None:
            progress(done, len(drawings))
    return paths


def draw_one(drawing: Drawing, path: Path, *, force: bool = False) -> None:
    """One drawing in the format that the name ends in; another file is replaced by `force` only.

    Raises:
        DataError: Another ending, or the file cannot be written or is no figure of dnt.
    """
    ending = path.suffix.removeprefix(".").lower()
    _check_format(ending, path.name)
    _refuse_foreign([path], force=force)
    write_file(path, *render(drawing, [ending]))


def _check_format(ending: str, name: str) -> None:
    if ending not in FORMATS:
        raise DataError(say("figure_name", file=name))


def _refuse_foreign(paths: Sequence[Path], *, force: bool) -> None:
    for path in paths:
        if not force and path.is_file() and not any(mark in path.read_bytes() for mark in _MARKS):
            raise DataError(say("foreign_figure", path=path))


def render(drawing: Drawing, formats: Sequence[str]) -> list[bytes]:
    """The figure in each format, cut to what is drawn."""
    import matplotlib as mpl

    rendered = []
    with mpl.rc_context(STYLE):
        figure = drawing.plot()
        for text in figure.findobj(mpl.text.Text):
            text.set_text(shown(text.get_text()))
        box = figure.get_tightbbox().padded(MARGIN)
        for ending in formats:
            # No date and no version inside: the same figure has the same bytes.
            about: dict[str, Any] = {"Date": None, "Creator": _CREATOR} if ending == "svg" else {"Software": _CREATOR}
            content = io.BytesIO()
            figure.savefig(
                content, format=ending, dpi=DOTS_PER_INCH, bbox_inches=box, facecolor="white",
                metadata={"Title": shown_in_line(drawing.title), **about},
            )  # fmt: skip
            rendered.append(_accessible(content.getvalue(), drawing) if ending == "svg" else content.getvalue())
    return rendered


def get_ready() -> None:
    """Load what drawing needs, which takes longer than a drawing."""
    import matplotlib.figure  # noqa: F401


def _accessible(svg: bytes, drawing: Drawing) -> bytes:
    """An SVG that a screen reader can tell of, whose letters have their width also where the font is not installed."""
    text = svg.decode("utf-8")
    text = _FONT.sub(_FONTS, text)
    text = text.replace("<svg ", '<svg role="img" ', 1)
    about = html.escape(shown_in_line(drawing.about), quote=False)
    return text.replace("</title>", f"</title>\n <desc>{about}</desc>" if about else "</title>", 1).encode("utf-8")


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


def text_on(colour: Any) -> str:
    """Black or white, whichever is easier to read on `colour` (relative luminance of WCAG 2)."""
    from matplotlib.colors import to_rgb

    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "white" if luminance < 0.18 else "black"
