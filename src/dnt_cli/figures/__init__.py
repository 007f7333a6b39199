"""Figures for a report: outcomes per wave, and a forest plot of the effects. SVG and PNG, the same bytes every time."""

from dnt_cli.figures.forest import forest_plot
from dnt_cli.figures.imputation import imputation_figure
from dnt_cli.figures.outcomes import draw

__all__ = ["draw", "forest_plot", "imputation_figure"]
