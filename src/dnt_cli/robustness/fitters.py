"""Other ways to fit a model: weighted by propensity, by Firth's penalised likelihood, with random slopes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from dnt_cli.arrays import Floats
from dnt_cli.design import Designs
from dnt_cli.effects.estimators import ESTIMATORS
from dnt_cli.effects.fitting import Options
from dnt_cli.engines import DesignMatrix, Fit, fit_firth
from dnt_cli.engines.base import unusable
from dnt_cli.messages import Message, message
from dnt_cli.models import WAVE, Model
from dnt_cli.robustness.propensity import Propensity, baseline_columns, characteristics, propensity
from dnt_cli.robustness.sources import Workspace


def firth(designs: Designs, design: DesignMatrix, model: Model) -> Fit:
    """Firth's penalised likelihood, whether the data are separated or not."""
    fit = fit_firth(design)
    return replace(fit, df=np.full(len(fit.terms), fit.df_residual))


def random_slope(designs: Designs, design: DesignMatrix, model: Model) -> Fit:
    """A trend with a random slope per person beside the random intercept."""
    fit = ESTIMATORS[model.kind(_space(designs).study)].random_slope
    assert fit is not None
    return fit(design, WAVE)


@dataclass(frozen=True, slots=True)
class Weighted:
    """Regression with weights that make the groups alike at baseline, and a heteroscedasticity-robust covariance.

    The weights count as known, which makes the standard errors a little too large (Lunceford and Davidian 2004).

    Attributes:
        kind: `overlap` weighs each person by the probability of being in the other group (Li, Morgan and Zaslavsky
            2018, JASA 113), `inverse` by one over the probability of being in the own group.
    """

    kind: Literal["overlap", "inverse"]

    def __call__(self, designs: Designs, design: DesignMatrix, model: Model) -> Fit:
        """Fit one endpoint model."""
        space = _space(designs)
        estimator = ESTIMATORS[model.kind(space.study)]
        found = self.propensity(space, model.outcome)
        if isinstance(found, Message):
            return unusable(design, f"{self.kind} weights", found)
        weights = found.weights(self.kind)
        weighted = replace(design, weights=weights)
        (fit,) = estimator.endpoint([weighted], Options())
        if not fit.status.usable:
            return replace(fit, engine=f"{fit.engine}, {self.kind} weights")
        covariance, name = estimator.robust(weighted, fit)
        engine = f"{fit.engine}, {self.kind} weights, {name}"
        return _with_covariance(design, fit, covariance, np.full(len(fit.terms), fit.df_residual), engine)

    def propensity(self, space: Workspace, outcome: str) -> Propensity | Message:
        """The probabilities of being in the intervention group, or why there are none."""
        study = space.study
        baseline = study.column(outcome, study.design.baseline) if study.adjusts_for_baseline(outcome) else None
        found: Propensity | Message = space.once(("propensity", baseline), lambda: propensity(space, baseline))
        return found

    def balance(self, space: Workspace) -> pd.DataFrame:
        """How alike the groups are on every baseline characteristic, before and after the weights of each outcome."""
        matrix, terms = characteristics(space, baseline_columns(space))
        parts = []
        for outcome in (k for k, o in space.study.tested.items() if o.source == "survey"):
            found = self.propensity(space, outcome)
            if not isinstance(found, Message):
                parts.append(found.balance(self.kind, matrix, terms).assign(outcome=outcome))
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _with_covariance(design: DesignMatrix, fit: Fit, covariance: Floats, df: Floats, engine: str) -> Fit:
    """The fit with another covariance, unusable where that does not exist, as when a row determines a coefficient."""
    if not (np.isfinite(covariance).all() and np.isfinite(df).all() and (np.diag(covariance) > 0).all()):
        return unusable(design, engine, message("engines.no_errors"))
    return replace(fit, covariance=covariance, df=df, engine=engine)


def _space(designs: Designs) -> Workspace:
    if not isinstance(designs, Workspace):
        raise TypeError("these fitters need the data set behind the designs")
    return designs
