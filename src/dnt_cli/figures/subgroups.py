"""A forest plot by subgroup: per outcome the effect of all and in each subgroup, with the test that these are equal."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pandas as pd

from dnt_cli.effects.columns import effect_rows
from dnt_cli.effects.errors import errors_note, resting_on
from dnt_cli.effects.kinds import KINDS
from dnt_cli.effects.subgroup_tables import in_subgroups
from dnt_cli.effects.tables import interval_on_scale, scale_of, tone_of, where_of
from dnt_cli.errors import DataError
from dnt_cli.figures.effects import LOOKS, add_note, effect_ticks
from dnt_cli.figures.style import GREY, SMALL, Drawing
from dnt_cli.models import ENDPOINT, LONGITUDINAL
from dnt_cli.sentences import say
from dnt_cli.wording import Wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LINE, _LABELS, _PANEL, _TEST, _NOTE, _GAP = 0.19, 2.6, 2.4, 1.0, 0.7, 0.75  # inches
_MOST_TICKS = 5  # of ratios
_Line = tuple[str, pd.Series | None, str]  # label, effect, p of the test


def subgroup_drawing(estimates: pd.DataFrame, wording: Wording, level: float = 0.95) -> Drawing:
    """The effects of all persons and in the subgroups of each moderator, a panel per kind of outcome and analysis.

    Arguments and errors as of `forest_drawing`.
    """
    rows = resting_on(in_subgroups(estimates, wording.study), wording.study.models.errors)
    main = resting_on(effect_rows(estimates), wording.study.models.errors)
    panels = {}
    for (trend, kind), part in rows.groupby(["trend", "kind"], sort=False):
        analysis = LONGITUDINAL if trend else ENDPOINT
        whole = main.loc[main["analysis"] == analysis]
        panels[(bool(trend), str(kind))] = _lines(part, whole, wording)
    if not any(effect is not None for lines in panels.values() for _, effect, _ in lines):
        raise DataError(say("no_subgroup_effects"))
    title = wording.text("effects.subgroups_figure_title")
    notes = [wording.text("effects.subgroups_figure", level=100 * level), *errors_note(rows, wording)]
    notes += [wording.text("effects.subgroups_errors")] if len(notes) > 1 else []
    return Drawing(lambda: _figure(panels, notes, wording), "effects", title)


def _lines(rows: pd.DataFrame, main: pd.DataFrame, wording: Wording) -> list[_Line]:
    """From top to bottom: an outcome with the effect of all, below it each moderator's test and its subgroups."""
    whole = {row["outcome"]: row for _, row in main.iterrows()}
    lines: list[_Line] = []
    for outcome, of_outcome in rows.groupby("outcome", sort=False):
        lines.append((wording.label(str(outcome)), whole.get(outcome), ""))
        for moderator, own in of_outcome.groupby("moderator", sort=False):
            tests = own.loc[own["level"] == "", "p_value"]
            p = "" if tests.isna().all() else wording.p_value(float(tests.iloc[0]))
            lines.append((f"  {wording.label(str(moderator))}", None, p))
            for _, row in own[own["level"] != ""].iterrows():
                lines.append((f"    {wording.subgroup(str(moderator), row['level'])}", row, ""))
    return lines


def _figure(panels: dict[tuple[bool, str], list[_Line]], notes: list[str], wording: Wording) -> Figure:
    from matplotlib.figure import Figure

    width = _LABELS + _PANEL + _TEST
    height = _NOTE * (1 + len(notes)) / 2 + sum(len(lines) * _LINE + _GAP for lines in panels.values())
    figure = Figure(figsize=(width, height))
    top = height
    for (trend, kind), lines in panels.items():
        size = len(lines) * _LINE
        top -= size + 0.3
        box = (_LABELS / width, top / height, _PANEL / width, size / height)
        _panel(figure.add_axes(box), lines, kind, trend, wording)
        top -= _GAP - 0.3
    add_note(figure, " ".join(notes), wording, int(17 * width))
    return figure


def _panel(axes: Axes, lines: list[_Line], kind: str, trend: bool, wording: Wording) -> None:
    own = KINDS[kind]
    if own.ratio:
        axes.set_xscale("log")
    axes.set_ylim(len(lines), 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.axvline(own.none, color=GREY, linewidth=0.9, zorder=1)
    where = where_of(LONGITUDINAL if trend else ENDPOINT, wording)
    axes.set_title(where, fontsize=SMALL + 1, loc="left", fontweight="bold")
    axes.set_xlabel(scale_of(kind, wording), fontsize=SMALL)
    side = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "va": "center"}
    heading = {"xycoords": "axes fraction", "textcoords": "offset points", "fontsize": SMALL}
    axes.annotate(wording.text("effects.p_interaction"), (1, 1), (8, 5), **heading)  # type: ignore[arg-type]
    for place, (label, row, p) in enumerate(lines):
        bold = "normal" if label.startswith(" ") else "bold"
        shown = textwrap.shorten(label.strip(), 44, placeholder="…")
        indent = 8 * (len(label) - len(label.lstrip())) / 2
        axes.annotate(
            shown, (0, place + 0.5), (indent - 72 * _LABELS + 8, 0), fontsize=8, fontweight=bold, annotation_clip=False,
            **side,  # type: ignore[arg-type]
        )  # fmt: skip
        estimable = row is not None and row["status"] != "not estimable"
        text = p or ("#" if row is not None and not estimable else "")
        axes.annotate(text, (1, place + 0.5), (8, 0), fontsize=SMALL, annotation_clip=False, **side)  # type: ignore[arg-type]
        if row is not None and estimable:
            _effect(axes, row, place + 0.5, wording)
    axes.tick_params(labelsize=SMALL)
    axes.minorticks_off()
    ticks = effect_ticks(axes.get_xlim(), axes.get_xticks(), wording.language, ratio=bool(own.ratio), most=_MOST_TICKS)
    axes.set_xticks(*ticks)


def _effect(axes: Axes, row: pd.Series, place: float, wording: Wording) -> None:
    estimate, low, high = interval_on_scale(row)
    colour, marker, face = LOOKS[tone_of(row, wording.study, "better")]
    axes.plot([low, high], [place, place], color=colour, linewidth=1.3, zorder=2)
    axes.plot([estimate], [place], marker, color=colour, markerfacecolor=face, markersize=5, zorder=3)
