"""Check (n): per protocol, only those who received what they were assigned to.

Another estimand than the effect of being assigned, and one without the protection of the allocation: whoever drops out
of a programme differs from who finishes it. The completed data sets stay as they are, since nobody's answers change.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dnt_cli.design import group_indicator
from dnt_cli.messages import Label, message
from dnt_cli.robustness.context import Context, Plan, Reanalysis, does_not_apply
from dnt_cli.study import Study


def plan(context: Context) -> Plan:
    """Every model on those who kept to their group."""
    study = context.study
    if study.design.received is None:
        raise does_not_apply("no_received")
    kept = as_assigned(context.data.observed, study)
    groups = group_indicator(context.data.observed, study)[kept]
    if kept.all() or len(np.unique(groups)) < 2:
        raise does_not_apply("all_as_assigned" if kept.all() else "no_two_groups_received")
    treated = int(groups.sum())
    note = message("robustness.per_protocol", received=Label("name", study.design.received), intervention=treated,
                   comparison=len(groups) - treated, left_out=int((~kept).sum()))  # fmt: skip
    view = partial(_kept, kept=kept)
    return [
        Reanalysis("n", context.all_tasks(), context.source, view, label=message("robustness.title_n"), notes=(note,))
    ]


def as_assigned(wide: pd.DataFrame, study: Study) -> NDArray[np.bool_]:
    """(n,) who of the intervention group received, and who of the comparison group did not; of whom it is known."""
    values = wide[str(study.design.received)].astype(object)
    received = values.map(lambda own: np.nan if pd.isna(own) else own == study.received_level)
    kept: NDArray[np.bool_] = (received == (group_indicator(wide, study) == 1)).to_numpy(dtype=bool)
    return kept


def _kept(wide: pd.DataFrame, number: int, *, kept: NDArray[np.bool_]) -> pd.DataFrame:
    # Who received is as observed: of whom it was imputed it is not known.
    return wide[kept].reset_index(drop=True)
