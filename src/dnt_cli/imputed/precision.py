"""How many imputations are enough: as many as the standard errors of the effects need."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from dnt_cli.effects.columns import effect_rows
from dnt_cli.effects.fitting import Options
from dnt_cli.effects.run import endpoint_effects, trend_effects
from dnt_cli.imputation import Imputation, Settings
from dnt_cli.imputation.diagnostics import imputations_needed
from dnt_cli.imputed.data import Completed, impute_wide
from dnt_cli.progress import Progress, named
from dnt_cli.study import Study
from dnt_cli.wide import derive

PILOT = 20
MOST = 500  # beyond this the standard errors are better than anything else in the study


def impute_until_precise(
    wide: pd.DataFrame,
    study: Study,
    settings: Settings,
    *,
    precision: float,
    jobs: int = 1,
    progress: Progress | None = None,
) -> tuple[list[Imputation], list[pd.DataFrame]]:
    """Impute until another run would give nearly the same standard errors (von Hippel 2020).

    A pilot shows how much information is missing about each effect; from the worst follows how many imputations are
    needed. Imputation i is the same whatever their number, so the pilot is the beginning of the result.

    Args:
        wide: The observed table, a row per person.
        study: Which effects there are.
        settings: How to impute; `m` is ignored.
        precision: Coefficient of variation allowed in a standard error from run to run, such as .05.
        jobs: Processes.
        progress: Called with (done, all) while imputing, and while fitting.

    Returns:
        What is to be said about each round, and all completed tables with their derived outcomes.
    """
    rounds: list[Imputation] = []
    frames: list[pd.DataFrame] = []
    observed = derive(wide, study)
    needed = PILOT
    while len(frames) < needed:
        more = replace(settings, m=needed - len(frames))
        imputation, completed = impute_wide(wide, study, more, jobs=jobs, progress=progress, start=len(frames))
        frames += completed
        rounds.append(imputation)
        data = Completed(study, observed, tuple(frames))
        information = _missing_information(data, jobs, named(progress, "Fitting"))
        needed = min(MOST, imputations_needed(information, len(frames), cv=precision))
    return rounds, frames


def _missing_information(data: Completed, jobs: int, progress: Progress | None) -> list[float]:
    """The fraction of missing information of every effect that can be estimated."""
    options = Options(jobs=jobs, quadrature_check=0)
    parts = [endpoint_effects(data, options, progress=progress)]
    if any(data.study.has_trend(key) for key in data.study.tested):
        parts.append(trend_effects(data, options, progress=progress))
    fractions = np.concatenate([effect_rows(part.estimates)["fmi"].to_numpy(dtype=float) for part in parts])
    return [float(value) for value in fractions[np.isfinite(fractions)]]
