"""Models with a random intercept and a random slope over time per person."""

from __future__ import annotations

from dnt_cli.engines.random_slope.linear import fit_random_slope
from dnt_cli.engines.random_slope.logistic import fit_random_slope_logistic

__all__ = ["fit_random_slope", "fit_random_slope_logistic"]
