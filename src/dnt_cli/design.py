"""From a study and a wide table to what an engine fits: response, design matrix, persons, names of the terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dnt_cli.engines.base import Design
from dnt_cli.errors import ModelError
from dnt_cli.study import Covariate, Study
from dnt_cli.wide import to_long

INTERCEPT = "(Intercept)"
GROUP = "group"
WAVE = "wave"
TREND = "group:wave"

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Model:
    """Which model of an outcome is meant.

    Attributes:
        analysis: `t3` (the endpoint) or `longitudinal` (group x wave, random intercept per person).
        outcome: the outcome's key.
        controls: covariates on the right-hand side.
        difference: the change since baseline is the response, and the baseline value no control.
    """

    analysis: str
    outcome: str
    controls: tuple[str, ...] = ()
    difference: bool = False

    @property
    def effect(self) -> str:
        """The term that is the effect of the intervention."""
        return GROUP if self.analysis == "t3" else TREND


def group_indicator(wide: pd.DataFrame, study: Study) -> Floats:
    """(n,) 1 for the intervention group, 0 for the comparison group."""
    return (wide[study.design.group].astype("object") == study.design.intervention).to_numpy(dtype=float)


def control_matrix(wide: pd.DataFrame, study: Study, controls: Sequence[str]) -> tuple[Floats, tuple[str, ...]]:
    """(n, k) treatment-coded controls, NaN where missing, and their k names such as `education[mid/high]`."""
    columns: list[Floats] = []
    names: list[str] = []
    for key in controls:
        covariate = study.covariates[key]
        if covariate.kind == "continuous":
            columns.append(wide[key].to_numpy(dtype=float))
            names.append(key)
            continue
        for level, column in _dummies(wide[key], covariate).items():
            columns.append(column)
            names.append(f"{key}[{level}]")
    return np.column_stack(columns) if columns else np.empty((len(wide), 0)), tuple(names)


def _dummies(values: pd.Series, covariate: Covariate) -> dict[str, Floats]:
    plain = values.astype("object")
    merged = plain.map(covariate.model_level, na_action="ignore")
    missing = plain.isna().to_numpy()
    return {
        level: np.where(missing, np.nan, (merged == level).to_numpy(dtype=float))
        for level in covariate.model_levels[1:]
    }


def build(wide: pd.DataFrame, study: Study, model: Model) -> Design:
    """The design of a model on one data set; rows with a gap are left out, and so are persons without any row.

    Raises:
        ModelError: The outcome has no such model, or nobody has all that it needs.
    """
    design = _endpoint(wide, study, model) if model.analysis == "t3" else _trend(wide, study, model)
    complete = np.isfinite(design.response) & np.isfinite(design.matrix).all(axis=1)
    if not complete.any():
        raise ModelError(f"{model.outcome}: nobody has a value on everything that the model needs.")
    groups = None if design.groups is None else design.groups[complete]
    matrix = design.matrix[complete]
    # In a part of the persons a control, or the baseline value, can be the same for all. R's lm and glm leave such a
    # column out; the group never is, so that a model without a comparison fails instead of answering something else.
    varies = [term in (INTERCEPT, GROUP, WAVE, TREND) or np.ptp(matrix[:, j]) > 0 for j, term in enumerate(design.terms)]
    terms = tuple(term for term, keep in zip(design.terms, varies, strict=True) if keep)
    return Design(design.response[complete], matrix[:, varies], terms, groups)


def _endpoint(wide: pd.DataFrame, study: Study, model: Model) -> Design:
    key = model.outcome
    response = wide[study.column(key, study.endpoint(key))].to_numpy(dtype=float)
    controls, names = control_matrix(wide, study, model.controls)
    columns = [np.ones(len(wide)), group_indicator(wide, study)]
    terms = [INTERCEPT, GROUP]
    baseline = study.column(key, study.design.baseline)
    if model.difference:
        if baseline not in wide.columns:
            raise ModelError(f"{key} was not asked at {study.design.baseline}, so there is no difference score.")
        response = response - wide[baseline].to_numpy(dtype=float)
    elif study.adjusts_for_baseline(key):
        columns.append(wide[baseline].to_numpy(dtype=float))
        terms.append(baseline)
    return Design(response, np.column_stack([*columns, controls]), (*terms, *names), None)


def _trend(wide: pd.DataFrame, study: Study, model: Model) -> Design:
    if not study.has_trend(model.outcome):
        raise ModelError(f"{model.outcome} has no longitudinal model: it was not asked at {study.design.baseline}.")
    long = to_long(wide, study, model.outcome)
    person = long["person"].to_numpy()
    time = long["wave"].map(study.times()).to_numpy(dtype=float)
    group = group_indicator(wide, study)[person]
    controls, names = control_matrix(wide, study, model.controls)
    matrix = np.column_stack([np.ones(len(long)), group, time, group * time, controls[person]])
    return Design(long["value"].to_numpy(), matrix, (INTERCEPT, GROUP, WAVE, TREND, *names), person.astype(np.int64))
