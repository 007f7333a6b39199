"""Engines: each fits one model on one data set and says how that went; none prints."""

from __future__ import annotations

from dnt_cli.engines.base import DesignMatrix, Fit, Status
from dnt_cli.engines.counts import fit_counts
from dnt_cli.engines.lme4 import Lme4Session, lme4_available
from dnt_cli.engines.margins import average_marginal_effects
from dnt_cli.engines.mixed import fit_mixed_linear, fit_mixed_linear_sets, fit_mixed_logistic, fit_mixed_logistic_sets
from dnt_cli.engines.mixed_counts import fit_mixed_counts_sets
from dnt_cli.engines.ordered import fit_mixed_ordered, fit_ordered
from dnt_cli.engines.regression import fit_firth, fit_linear_sets, fit_logistic, fit_logistic_sets
from dnt_cli.engines.separation import is_separated
from dnt_cli.packages import package_version

__all__ = [
    "DesignMatrix",
    "Fit",
    "Lme4Session",
    "Status",
    "average_marginal_effects",
    "fit_counts",
    "fit_firth",
    "fit_linear_sets",
    "fit_logistic",
    "fit_logistic_sets",
    "fit_mixed_counts_sets",
    "fit_mixed_linear",
    "fit_mixed_linear_sets",
    "fit_mixed_logistic",
    "fit_mixed_logistic_sets",
    "fit_mixed_ordered",
    "fit_ordered",
    "is_separated",
    "lme4_available",
    "package_version",
]
