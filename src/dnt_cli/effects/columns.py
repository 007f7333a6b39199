"""The rows of effects as a stage file holds them: their columns, their terms, and which of them is which effect."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from dnt_cli.models import ENDPOINT, GROUP, LONGITUDINAL, TREND, WAVES
from dnt_cli.study import Study

IN_SUBGROUP = "@"
"""Between the effect and its subgroup in a term: `group@education[high]`."""
MAIN = "main"
"""What the `model` column says of the main analysis."""
JOINT = "joint"
"""The term of the test over all waves."""
RECEIVED, ASSIGNED, UPTAKE = "received", "assigned", "uptake"
"""Terms: the effect of having received, that of being assigned on its scale, and the difference in who received."""

ARMS = ("intervention", "comparison")
PLACES = ("baseline", "endpoint")
LEVEL_COLUMNS = (
    *(f"n_{place}_{arm}" for place in PLACES for arm in ARMS),
    *(f"{place}_{arm}" for place in PLACES for arm in ARMS),
    "imputed_gap",
    *(f"n_persons_{arm}" for arm in ARMS),
)
"""Persons who answered, their mean or share of yes, how far the answers imputed at the endpoint lie from them, and the
persons of each group."""
FAR = 1.0
"""SD of the observed answers; imputed answers that lie further away are told."""
UNEQUAL, MOST = 0.2, 0.5
"""Shares of a group without an answer that are told: so much larger than that of the other group, or so large."""

LEAST_SITES = 5
"""In each group; the distribution of a test by site is not known well enough with fewer."""
LEAST_DF = 4.0
"""Below it Satterthwaite's approximation breaks down (Tipton 2015, Psychological Methods 20)."""

CLUSTERS = ("persons", "sites")
CLUSTER_COLUMNS = (
    *(f"{name}_{by}" for by in CLUSTERS for name in ("std_error", "df", "p_value", "conf_low", "conf_high")),
    "n_sites", "n_sites_intervention", "n_sites_comparison", "icc_sites",
)  # fmt: skip

SCALE_COLUMNS = (
    "marginal_low", "marginal_high", "d", "d_se", "d_low", "d_high",
    "odds_ratio_population", "odds_ratio_population_low", "odds_ratio_population_high",
)  # fmt: skip

COLUMNS = (
    "analysis", "model", "outcome", "hypothesis", "kind", "term", "estimate", "std_error", "statistic", "df",
    "p_value", "conf_low", "conf_high", "odds_ratio", "odds_ratio_se", "odds_ratio_low", "odds_ratio_high",
    "beta", "beta_se", "marginal_effect", "marginal_effect_se", "m", "ubar", "b", "t", "riv", "lambda", "fmi",
    "n_persons", "n_observations", "n_events", "n_observed_intervention", "n_observed_comparison", "random_sd",
    "residual_sd", "controls", "left_out", "baseline", "standardise", "engine", "status", "message", "p_holm", "p_bh",
    "wave", *CLUSTER_COLUMNS, *SCALE_COLUMNS, "fewest_events", "p_holm_primary",
    "rate_ratio", "rate_ratio_se", "rate_ratio_low", "rate_ratio_high", *LEVEL_COLUMNS,
)  # fmt: skip
FITS = (
    "analysis", "model", "outcome", "controls", "imputation", "usable", "singular", "separated", "log_likelihood",
    "random_sd", "residual_sd", "gradient", "nodes", "engine", "message",
)  # fmt: skip

STATUSES = ("ok", "singular", "firth", "doubtful", "not estimable")
LARGEST_LOGARITHM = 700.0  # of a ratio; beyond it the ratio is more than a number can hold
TEXT = frozenset({
    "analysis", "model", "outcome", "hypothesis", "kind", "wave", "term", "controls", "left_out", "baseline",
    "standardise", "engine", "status", "message",
})  # fmt: skip


def stacked(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Tables below each other; a column that is empty in one has the type of its values in the others."""
    return pd.concat([frame.astype(object) for frame in frames], ignore_index=True).infer_objects()


def subgroup_of(term: str) -> tuple[str, str]:
    """The moderator and the subgroup of a term such as `group@education[high]`; of a test the moderator alone."""
    _, mark, place = term.partition(IN_SUBGROUP)
    if not mark:
        return term.rpartition(":")[2], ""
    moderator, _, level = place.partition("[")
    return moderator, level.removesuffix("]")


def effect_rows(estimates: pd.DataFrame, *, waves: bool = False) -> pd.DataFrame:
    """The rows that hold the effect of the intervention: the group at the endpoint, group x wave in a trend.

    Args:
        estimates: As the fitting stages write them.
        waves: The group at further waves too.
    """
    endpoint = (estimates["analysis"] == ENDPOINT) & (estimates["term"] == GROUP)
    trend = (estimates["analysis"] == LONGITUDINAL) & (estimates["term"] == TREND)
    further = (estimates["analysis"] == WAVES) & (estimates["term"] == GROUP) & waves
    return estimates[endpoint | trend | further]


def far_imputed(rows: pd.DataFrame) -> pd.DataFrame:
    """The effects whose imputed answers lie far from the observed ones."""
    return rows[(rows["imputed_gap"].abs() > FAR) & (rows["status"] != "not estimable")]


def unequal_loss(rows: pd.DataFrame) -> list[tuple[str, float, float]]:
    """The outcomes of which a group lost many answers, or many more than the other, with the share lost of both."""
    found = []
    for _, row in rows[rows["status"] != "not estimable"].iterrows():
        lost = [round(1.0 - row[f"n_endpoint_{arm}"] / row[f"n_persons_{arm}"], 9) for arm in ARMS]
        if max(lost) >= MOST or round(abs(lost[0] - lost[1]), 9) >= UNEQUAL:
            found.append((str(row["outcome"]), lost[0], lost[1]))
    return found


def expected_of(key: str, study: Study) -> str | None:
    """The expected direction of an outcome, of a register outcome without one that of its counterpart."""
    outcome = study.outcomes[key]
    if outcome.expected is None and outcome.counterpart is not None:
        return study.outcomes[outcome.counterpart].expected
    return outcome.expected


def wave_of(row: pd.Series, study: Study) -> str:
    """The wave that `endpoint_...` columns of a row are about."""
    return str(row["wave"]) if isinstance(row["wave"], str) and row["wave"] else study.endpoint(row["outcome"])
