"""Check (h): the place of recruitment, left out one by one and as a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dnt_cli.robustness.context import Check, Context, DoesNotApplyError, LeftOut, Scenario
from dnt_cli.robustness.fitters import clustered, site_codes
from dnt_cli.study import Text

WITHOUT = "h:without "


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


def _plan(context: Context) -> Sequence[Scenario | LeftOut]:
    study, wide = context.study, context.data.observed
    site = study.design.site
    if site is None or site not in wide.columns:
        raise DoesNotApplyError(
            'de studie noemt geen plaats van werving; voeg site = "KOLOM" toe aan [design]',
            'the study names no site; add site = "COLUMN" to [design]',
        )
    codes = site_codes(wide, site)
    count = int(codes.max()) + 1
    if count < 2:
        raise DoesNotApplyError("alle personen komen van dezelfde plaats", "all persons come from the same site")
    label = Text(f"{count} locaties als cluster (CR2)", f"{count} sites as clusters (CR2)")
    planned: list[Scenario | LeftOut] = [
        Scenario("h", context.endpoint_tasks(fitter=clustered), context.source, label=label)
    ]
    for code in range(count):
        keep = codes != code
        name = wide.loc[~keep, site].iloc[0]
        if wide.loc[keep, study.design.group].nunique() < 2:
            reason = Text(
                f"zonder {name}: er blijven geen twee groepen over", f"without {name}: no two groups are left"
            )
            planned.append(LeftOut(f"{WITHOUT}{name}", reason))
            continue
        planned.append(Scenario(f"{WITHOUT}{name}", context.all_tasks(), context.source, view=Without(keep)))
    return planned


CHECK = Check(
    "h",
    Text("locaties", "sites"),
    Text(
        "Personen van dezelfde plaats van werving lijken op elkaar: standaardfouten per cluster, met correctie voor "
        "weinig clusters.\nEn elke plaats een keer weggelaten (zonder opnieuw te imputeren): van laagste tot hoogste.",
        "Persons of one place of recruitment are alike: standard errors by cluster, corrected for few clusters "
        "(endpoint).\nAnd every place left out once, without imputing again: from the lowest estimate to the highest.",
    ),
    _plan,
)
