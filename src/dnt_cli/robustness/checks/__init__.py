"""The robustness checks, one module each, named by the letter that `--checks` takes."""

from __future__ import annotations

from dnt_cli.robustness.checks import (
    a_subsets,
    b_change_scores,
    c_observed_only,
    d_register,
    e_dropouts,
    f_imputation_method,
    g_controls,
    h_sites,
    i_propensity_weights,
    j_firth,
    k_multiplicity,
)
from dnt_cli.robustness.context import Check

_MODULES = (
    a_subsets, b_change_scores, c_observed_only, d_register, e_dropouts, f_imputation_method, g_controls, h_sites,
    i_propensity_weights, j_firth, k_multiplicity,
)  # fmt: skip
CHECKS: dict[str, Check] = {module.CHECK.letter: module.CHECK for module in _MODULES}
