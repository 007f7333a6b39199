"""The robustness checks, one module each, by the letter that `--checks` takes.

A check is a function that plans what is to be estimated; its title and explanation stand in `words/robustness.toml`.
"""

from __future__ import annotations

from collections.abc import Callable

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
    l_trends,
    m_confounding,
    n_per_protocol,
)
from dnt_cli.robustness.context import Context, Plan
from dnt_cli.study.spec import CHECK_LETTERS

_PLANS: tuple[Callable[[Context], Plan], ...] = (
    a_subsets.plan, b_change_scores.plan, c_observed_only.plan, d_register.plan, e_dropouts.plan,
    f_imputation_method.plan, g_controls.plan, h_sites.plan, i_propensity_weights.plan, j_firth.plan,
    k_multiplicity.plan, l_trends.plan, m_confounding.plan, n_per_protocol.plan,
)  # fmt: skip
CHECKS = dict(zip(CHECK_LETTERS, _PLANS, strict=True))
