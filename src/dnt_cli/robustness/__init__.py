"""Robustness: would the conclusion survive other honest choices?"""

from dnt_cli.robustness.checks import CHECKS
from dnt_cli.robustness.result import RobustnessResult
from dnt_cli.robustness.run import run_checks
from dnt_cli.robustness.summaries import site_ranges, tipping_points
from dnt_cli.robustness.verdicts import tipping_point, verdict

__all__ = [
    "CHECKS",
    "RobustnessResult",
    "run_checks",
    "site_ranges",
    "tipping_point",
    "tipping_points",
    "verdict",
]
