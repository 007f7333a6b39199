"""What estimates each kind of effect: the table beside `effects.kinds`, which says how each is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from dnt_cli.arrays import Floats
from dnt_cli.effects.remarks import count_remarks, ordinal_remarks
from dnt_cli.engines import (
    DesignMatrix,
    Fit,
    Lme4Session,
    fit_counts,
    fit_linear_sets,
    fit_logistic_sets,
    fit_mixed_counts_sets,
    fit_mixed_linear,
    fit_mixed_linear_sets,
    fit_mixed_logistic,
    fit_mixed_logistic_sets,
    fit_mixed_ordered,
    fit_ordered,
    ordered,
)
from dnt_cli.engines.alike import Alike
from dnt_cli.engines.cluster_scores import ClusterErrors, cluster_errors
from dnt_cli.engines.mixed_counts import count_cluster_errors
from dnt_cli.engines.random_slope import fit_random_slope, fit_random_slope_logistic
from dnt_cli.engines.robust_covariance import heteroscedastic
from dnt_cli.messages import Message
from dnt_cli.models import GROUP, TREND
from dnt_cli.study.spec import Outcome

if TYPE_CHECKING:
    from dnt_cli.effects.fitting import Options

Designs = Sequence[DesignMatrix]
Engine = Callable[[Designs, "Options"], list[Fit]]
EngineOfR = Callable[[Designs, "Options", Lme4Session | None], list[Fit]]


@dataclass(frozen=True, slots=True)
class Moments:
    """Each row's response by the fixed part of a model, in m data sets.

    Attributes:
        mean: (m, n).
        variance: (m, n) up to a constant; (1, n) where all are the same.
        weight: (m, n) or (1, n) derivative of the mean to the linear predictor, over the variance; 1 for a canonical
            link.
    """

    mean: Floats
    variance: Floats
    weight: Floats

    @property
    def slope(self) -> Floats:
        """(m, n) or (1, n) derivative of the mean to the linear predictor."""
        return self.variance * self.weight


@dataclass(frozen=True, slots=True)
class Estimator:
    """What estimates effects of one kind.

    Attributes:
        endpoint: Fits models of one wave.
        trend: Fits models with a random intercept per person.
        trend_by_r: The same by R's lme4; None where it has no such model.
        moments: Means and variances of the rows by (m, n) linear predictors of m fits; None where a row is more than
            its mean.
        random_slope: Fits a trend with a random intercept and a random slope of the named term; None where none can.
        cluster_errors: By person and by site, of trends; and of models of one wave that have no moments.
        remarks: What the fits of all imputations say of the model of an outcome, for the row of its effect.
    """

    endpoint: Engine
    trend: Engine
    trend_by_r: EngineOfR | None
    moments: Callable[[Floats, Sequence[Fit]], Moments] | None
    random_slope: Callable[[DesignMatrix, str], Fit] | None = None
    remarks: Callable[[Outcome, Sequence[Fit]], list[Message]] = lambda outcome, fits: []
    cluster_errors: Callable[[Designs, Sequence[Fit]], list[ClusterErrors | None]] = cluster_errors

    def rows(self, stack: Alike, fits: Sequence[Fit]) -> Moments:
        """Means and variances of the rows of models that have them."""
        assert self.moments is not None
        return self.moments(stack.linear(np.array([fit.estimate for fit in fits])), fits)

    def residual(self, stack: Alike, fits: Sequence[Fit]) -> Floats:
        """(m, n) what the fixed part of a model leaves unexplained."""
        if self.moments is None:
            return np.array([ordered.residuals(*own) for own in zip(stack.designs, fits, strict=True)])
        left: Floats = stack.response - self.rows(stack, fits).mean
        return left

    def robust(self, design: DesignMatrix, fit: Fit) -> tuple[Floats, str]:
        """(k, k) covariance that does not need the variances of the model, of one with weights, and its name."""
        if self.moments is None:
            moved = ordered.influences(design, fit)
            n = len(design.response)
            return moved.T @ moved * n / (n - len(fit.terms)), "HC1"
        rows = self.moments((design.matrix @ fit.estimate)[None], [fit])
        weights = np.ones_like(design.response) if design.weights is None else design.weights
        slopes = design.matrix * rows.slope[0][:, None]
        return heteroscedastic(slopes, rows.variance[0], design.response - rows.mean[0], weights), "HC3"

    def influence(self, stack: Alike, fits: Sequence[Fit]) -> Floats:
        """(m, n) of each row of a model of one wave on the effect of the group."""
        j = stack.terms.index(GROUP)
        if self.moments is None:
            return np.array([ordered.influences(*own)[:, j] for own in zip(stack.designs, fits, strict=True)])
        rows = self.rows(stack, fits)
        scale = np.array([1.0 if fit.residual_sd is None else fit.residual_sd**2 for fit in fits])
        own = stack.linear(np.array([fit.covariance[:, j] for fit in fits])) / scale[:, None]
        found: Floats = own * rows.weight * (stack.response - rows.mean)
        return found


def _df(options: Options) -> Literal["satterthwaite", "residual_infinite"]:
    return "satterthwaite" if options.satterthwaite else "residual_infinite"


def _linear_moments(linear: Floats, fits: Sequence[Fit]) -> Moments:
    same = np.ones((1, linear.shape[1]))
    return Moments(linear, same, same)


def _logistic_moments(linear: Floats, fits: Sequence[Fit]) -> Moments:
    mean = 1.0 / (1.0 + np.exp(-linear))
    return Moments(mean, mean * (1.0 - mean), np.ones((1, linear.shape[1])))


def _count_moments(linear: Floats, fits: Sequence[Fit]) -> Moments:
    mean = np.exp(linear)
    weight = 1.0 / (1.0 + np.array([float(fit.details["dispersion"]) for fit in fits])[:, None] * mean)
    return Moments(mean, mean / weight, weight)


_SCORE = Estimator(
    endpoint=lambda designs, options: fit_linear_sets(designs),
    trend=lambda designs, options: fit_mixed_linear_sets(designs, df=_df(options)),
    trend_by_r=lambda designs, options, session: [
        fit_mixed_linear(d, engine="lme4", df=_df(options), session=session) for d in designs
    ],
    moments=_linear_moments,
)

ESTIMATORS: dict[str, Estimator] = {
    "binary": Estimator(
        endpoint=lambda designs, options: fit_logistic_sets(designs, separation=options.separation),
        trend=lambda designs, options: fit_mixed_logistic_sets(designs, nodes=options.nodes),
        trend_by_r=lambda designs, options, session: [
            fit_mixed_logistic(d, engine="lme4", nodes=options.nodes, session=session) for d in designs
        ],
        moments=_logistic_moments,
        random_slope=fit_random_slope_logistic,
    ),
    "linear": replace(_SCORE, random_slope=fit_random_slope),
    "probability": _SCORE,
    "count": Estimator(
        endpoint=lambda designs, options: [fit_counts(design) for design in designs],
        trend=lambda designs, options: fit_mixed_counts_sets(designs, nodes=options.nodes),
        trend_by_r=None,
        moments=_count_moments,
        remarks=count_remarks,
        cluster_errors=count_cluster_errors,
    ),
    "ordinal": Estimator(
        endpoint=lambda designs, options: [fit_ordered(design, tested=GROUP) for design in designs],
        trend=lambda designs, options: [
            fit_mixed_ordered(design, nodes=options.nodes, tested=TREND) for design in designs
        ],
        trend_by_r=None,
        moments=None,
        remarks=ordinal_remarks,
        cluster_errors=ordered.cluster_errors,
    ),
}
"""By the names of `KINDS`."""
