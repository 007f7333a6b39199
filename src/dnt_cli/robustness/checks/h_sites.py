"""Check (h): the place of recruitment, left out one by one and as a cluster."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dnt_cli.design import group_indicator
from dnt_cli.messages import message
from dnt_cli.robustness.context import Context, LeftOut, Plan, Reanalysis, does_not_apply
from dnt_cli.robustness.fitters import clustered, site_codes

WITHOUT = "h:without "
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
    planned: list[Reanalysis | LeftOut] = [_by_cluster(context, codes)]
    for code in range(count):
        keep = codes != code
        name = str(wide.loc[~keep, site].iloc[0])
        if wide.loc[keep, study.design.group].nunique() < 2:
            planned.append(LeftOut(f"{WITHOUT}{name}", message("robustness.no_groups_without", site=name)))
            continue
        planned.append(Reanalysis(f"{WITHOUT}{name}", context.all_tasks(), context.source, view=Without(keep)))
    return planned


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
