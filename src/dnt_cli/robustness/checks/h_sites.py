"""Check (h): the place of recruitment, left out one by one and as a cluster."""

from __future__ import annotations

import numpy as np

from dnt_cli.design import Designs
from dnt_cli.effects.columns import LEAST_DF, LEAST_SITES
from dnt_cli.effects.errors import resting_on
from dnt_cli.effects.rows import Effects
from dnt_cli.messages import encoded, message
from dnt_cli.models import ENDPOINT, Model
from dnt_cli.robustness.context import Context, KnownEffects, NotApplicable, Plan, Reanalysis, does_not_apply
from dnt_cli.robustness.pairs import LEAST_PAIRS, complete_pairs, pooled_differences, sign_flip
from dnt_cli.robustness.result import WITH_ALL, WITHOUT
from dnt_cli.robustness.sources import DataSets

PAIRS = "h:pairs"
_OF_THE_MODEL = ("std_error", "statistic", "df", "conf_low", "conf_high", "odds_ratio_se", "beta_se")
"""What a test by permutation does not have."""
_MOST_SETS = 10  # imputations on which sites are left out; more change what is left out of them little
_ESTIMATED = (*_OF_THE_MODEL, "estimate", "p_value", "odds_ratio", "odds_ratio_low", "odds_ratio_high", "beta")


def plan(context: Context) -> Plan:
    """The effects with errors by site, and the endpoint models without each of the sites."""
    study, wide = context.study, context.data.observed
    site, codes = study.design.site, Designs(wide, study).sites()
    if site is None or codes is None:
        raise does_not_apply("no_site")
    count = int(codes.max()) + 1
    if count < 2:
        raise does_not_apply("one_site")
    planned: list[Reanalysis | KnownEffects | NotApplicable] = [_by_cluster(context)]
    if study.design.pair is not None:
        planned.append(_by_pair(context))
    few = DataSets(context.data.sets[:_MOST_SETS])
    tasks = context.endpoint_tasks()
    planned.append(Reanalysis(WITH_ALL, tasks, few))
    for code in range(count):
        keep = codes != code
        name = str(wide.loc[~keep, site].iloc[0])
        if wide.loc[keep, study.design.group].nunique() < 2:
            planned.append(NotApplicable(f"{WITHOUT}{name}", message("robustness.no_groups_without", site=name)))
            continue
        planned.append(Reanalysis(f"{WITHOUT}{name}", tasks, few, keep=keep))
    return planned


def _by_pair(context: Context) -> KnownEffects | NotApplicable:
    """The main estimates of the endpoint with the p-value of the sign-flip test over matched pairs."""
    study, none = context.study, context.effects.fits.iloc[:0]
    pairs = complete_pairs(context.data.observed, study)
    if len(pairs) < LEAST_PAIRS:
        return NotApplicable(PAIRS, message("robustness.few_pairs", least=LEAST_PAIRS, pairs=len(pairs)))
    rows = context.main[(context.main["analysis"] == ENDPOINT) & (context.main["status"] != "not estimable")]
    p_values = []
    for key in rows["outcome"]:
        model = Model(ENDPOINT, key, context.controls(ENDPOINT, key))
        differences = pooled_differences(context.data.sets, study, model, pairs)
        p_values.append(np.nan if differences is None else sign_flip(differences))
    rows = rows.assign(p_value=p_values, **dict.fromkeys(_OF_THE_MODEL, np.nan))
    return KnownEffects(PAIRS, Effects(rows, none), message("robustness.label_pairs", pairs=len(pairs)))


def _by_cluster(context: Context) -> KnownEffects | NotApplicable:
    """The main estimates with standard errors by site, which the main analysis has beside its own."""
    rows = context.main[context.main["status"] != "not estimable"]
    counts = [int(rows[f"n_sites_{arm}"].max()) for arm in ("intervention", "comparison")] if len(rows) else [0, 0]
    if min(counts) < LEAST_SITES:
        reason = message("robustness.few_sites", least=LEAST_SITES, intervention=counts[0], comparison=counts[1])
        return NotApplicable("h", reason)
    known = resting_on(rows, "sites")
    known["engine"] = known["engine"] + ", CR2 by site"
    few, why = known["errors"] == "model", message("robustness.few_df", least=LEAST_DF)
    if few.all():
        return NotApplicable("h", why)
    known.loc[few, "status"], known.loc[few, "message"] = "not estimable", encoded([why])
    known.loc[few, list(_ESTIMATED)] = np.nan
    label = message("robustness.label_sites", sites=int(rows["n_sites"].max()))
    return KnownEffects("h", Effects(known.drop(columns="errors"), context.effects.fits.iloc[:0]), label)
