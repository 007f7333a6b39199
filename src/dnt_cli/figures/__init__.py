"""Figures for a report: who was seen, outcomes per wave, the effects. SVG and PNG, the same bytes every time."""

from dnt_cli.figures.effect_waves import wave_plot
from dnt_cli.figures.folder import draw
from dnt_cli.figures.forest import forest_plot
from dnt_cli.figures.imputation import imputation_figure
from dnt_cli.figures.subgroups import subgroup_plot

__all__ = ["draw", "forest_plot", "imputation_figure", "subgroup_plot", "wave_plot"]
