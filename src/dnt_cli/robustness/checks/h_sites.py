"""Check (h): the place of recruitment, left out one by one and as a cluster."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dnt_cli.design import ENDPOINT, Model, group_indicator
from dnt_cli.effects import Effects
from dnt_cli.messages import message
from dnt_cli.robustness.context import Context, KnownEffects, LeftOut, Plan, Reanalysis, does_not_apply
from dnt_cli.robustness.fitters import clustered, site_codes
from dnt_cli.robustness.pairs import LEAST_PAIRS, complete_pairs, pooled_differences, sign_flip

WITHOUT = "h:without "
PAIRS = "h:pairs"
_OF_THE_MODEL = ("std_error", "statistic", "df", "conf_low", "conf_high", "odds_ratio_se", "beta_se")
"""What a test by permutation does not have."""
LEAST_SITES = 5
"""In each group; the distribution of a cluster-robust test is not known well enough with fewer."""
LEAST_DF = 4.0
"""Below it Satterthwaite's approximation breaks down (Tipton 2015, Psychological Methods 20)."""


@dataclass(frozen=True, slots=True, eq=False)
class Without:
    """Leaves some persons out of a completed data set.

    Attributes:
        keep: (n,) who stay.
    """

    keep: NDArray[np.bool_]

    def __call__(self, wide: pd.DataFrame, number: int) -> pd.DataFrame:
        """The persons who stay."""
        return wide[self.keep].reset_index(drop=True)


def plan(context: Context) -> Plan:
    """The endpoint models with errors by site, and every model without each of the sites."""
    study, wide = context.study, context.data.observed
    site = study.design.site
    if site is None or site not in wide.columns:
        raise does_not_apply("no_site")
    codes = site_codes(wide, site)
    count = int(codes.max()) + 1
    if count < 2:
        raise does_not_apply("one_site")
    planned: list[Reanalysis | KnownEffects | LeftOut] = [_by_cluster(context, codes)]
    if study.design.pair is not None:
        planned.append(_by_pair(context))
    for code in range(count):
        keep = codes != code
        name = str(wide.loc[~keep, site].iloc[0])
        if wide.loc[keep, study.design.group].nunique() < 2:
            planned.append(LeftOut(f"{WITHOUT}{name}", message("robustness.no_groups_without", site=name)))
            continue
        planned.append(Reanalysis(f"{WITHOUT}{name}", context.all_tasks(), context.source, view=Without(keep)))
    return planned


def _by_pair(context: Context) -> KnownEffects | LeftOut:
    """The main estimates of the endpoint with the p-value of the sign-flip test over matched pairs."""
    study, none = context.study, context.effects.fits.iloc[:0]
    pairs = complete_pairs(context.data.observed, study)
    if len(pairs) < LEAST_PAIRS:
        return LeftOut(PAIRS, message("robustness.few_pairs", least=LEAST_PAIRS, pairs=len(pairs)))
    rows = context.main[(context.main["analysis"] == ENDPOINT) & (context.main["status"] != "not estimable")]
    p_values = []
    for key in rows["outcome"]:
        model = Model(ENDPOINT, key, context.controls(ENDPOINT, key))
        differences = pooled_differences(context.data.sets, study, model, pairs)
        p_values.append(np.nan if differences is None else sign_flip(differences))
    rows = rows.assign(p_value=p_values, **dict.fromkeys(_OF_THE_MODEL, np.nan))
    return KnownEffects(PAIRS, Effects(rows, none), message("robustness.label_pairs", pairs=len(pairs)))


def _by_cluster(context: Context, codes: NDArray[np.int64]) -> Reanalysis | LeftOut:
    """CR2 by site, unless there are too few sites in a group for it."""
    treated = group_indicator(context.data.observed, context.study) == 1
    sites = [len(np.unique(codes[own])) for own in (treated, ~treated)]
    if min(sites) < LEAST_SITES:
        reason = message("robustness.few_sites", least=LEAST_SITES, intervention=sites[0], comparison=sites[1])
        return LeftOut("h", reason)
    tasks = context.endpoint_tasks(fitter=clustered, least_df=LEAST_DF)
    label = message("robustness.label_sites", sites=len(np.unique(codes)))
    return Reanalysis("h", tasks, context.source, label=label)
