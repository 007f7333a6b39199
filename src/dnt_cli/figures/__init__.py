"""Figures for a report: who was seen, outcomes per wave, the effects. SVG and PNG, the same bytes every time."""

from dnt_cli.figures.effect_waves import wave_drawing
from dnt_cli.figures.folder import draw
from dnt_cli.figures.forest import forest_drawing
from dnt_cli.figures.imputation import imputation_drawing
from dnt_cli.figures.subgroups import subgroup_drawing

__all__ = ["draw", "forest_drawing", "imputation_drawing", "subgroup_drawing", "wave_drawing"]
