"""The effect at each wave: which models there are, and a joint test that none of the waves has an effect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dnt_cli.effects.columns import JOINT
from dnt_cli.effects.fitting import FittedEffect, Options
from dnt_cli.effects.rows import described, pooled_rows
from dnt_cli.errors import ModelError
from dnt_cli.messages import encoded, message
from dnt_cli.models import GROUP, WAVES, Model
from dnt_cli.pooling import pool_wald
from dnt_cli.study import Study


def models_at(study: Study, model: Model, waves: Sequence[str]) -> list[Model]:
    """The endpoint model with the outcome of other waves as response, as far as it was asked there."""
    own = study.outcomes[model.outcome].waves
    return [replace(model, at=wave) for wave in waves if wave in own and wave != study.endpoint(model.outcome)]


def wave_rows(
    study: Study, fitted: Mapping[Model, Sequence[FittedEffect]], options: Options, label: str
) -> list[dict[str, Any]]:
    """The effect at each further wave, and the joint test over these waves and the endpoint.

    Args:
        study: The order of the waves.
        fitted: Results of one outcome's endpoint model, and of the same model at further waves.
        options: How they were fitted.
        label: What the `model` column says.
    """
    later = {model: own for model, own in fitted.items() if model.at is not None}
    rows = [
        row
        for model, own in later.items()
        for row in pooled_rows(study, model, own, options, label)
        if row["term"] == model.effect
    ]
    return rows + _joint_row(study, fitted, options, label) if later else []


def _joint_row(
    study: Study, fitted: Mapping[Model, Sequence[FittedEffect]], options: Options, label: str
) -> list[dict[str, Any]]:
    """D1 over the waves, the covariance of their effects from stacked estimating equations; none where a fit fails.

    Each wave's estimate is, to first order, the sum over persons of their influences on it; the covariance of two waves
    is the sum of the products of these, times n / (n - k), as HC1 of R's sandwich has for one wave.
    """
    order = {wave: place for place, wave in enumerate(study.design.wave_keys)}
    models = sorted(fitted, key=lambda model: order[model.wave(study)])
    results = [fitted[model] for model in models]
    influences = [[r.clustered.influence if r.clustered is not None else None for r in own] for own in results]
    sizes = {None if i is None else i.size for own in influences for i in own}
    if len(results[0]) < 2 or None in sizes or len(sizes) > 1:
        return []
    estimates = np.array([[r.fit.estimate[r.fit.terms.index(GROUP)] for r in own] for own in results]).T
    stacked = np.array(influences).swapaxes(0, 1)  # (m, waves, persons)
    covariances = stacked @ stacked.swapaxes(1, 2)
    df = min(r.fit.df_residual for own in results for r in own)
    try:
        test = pool_wald(estimates, covariances, df)
    except ModelError:
        return []
    told = message("effects.joint_waves", waves=tuple(m.wave(study) for m in models), df1=test.df1, df2=test.df2)
    base = described(study, models[-1], results[-1], options, label)
    numbers = {"statistic": test.statistic, "df": test.df2, "p_value": test.p_value, "riv": test.riv, "status": "ok"}
    return [base | numbers | {"analysis": WAVES, "wave": "", "term": JOINT, "message": encoded([told])}]
