"""Robustness: would the conclusion survive other honest choices?"""

from dnt_cli.robustness.run import CHECKS, Robust, run_checks
from dnt_cli.robustness.verdicts import VERDICTS, verdict

__all__ = ["CHECKS", "VERDICTS", "Robust", "run_checks", "verdict"]
