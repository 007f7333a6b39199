"""Models with a random intercept per person.

The default engine is the PyPI package glmm, pinned to 0.6: releases up to 0.3.2 converged silently on wrong optima at
large variances, and 0.5 and later return numbers for an outcome without variation. Hence three layers around it:
checks before the fit, an acceptance rule after it, and an independent evaluation of the likelihood at its answer.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from dnt_cli.engines.base import (
    Design,
    Fit,
    Floats,
    Status,
    count_groups,
    group_codes,
    imprecise_message,
    imprecise_terms,
    problem,
    unusable,
)
from dnt_cli.engines.lme4 import Lme4Session
from dnt_cli.engines.marginal import marginal_model
from dnt_cli.engines.profile import linear_profile
from dnt_cli.engines.separation import is_separated, separation_message
from dnt_cli.errors import ModelError
from dnt_cli.messages import Message, message
from dnt_cli.packages import package_version

MixedEngine = Literal["glmm", "lme4"]
DfMethod = Literal["residual_infinite", "satterthwaite"]

# Laplace's approximation is within a third of a standard error up to this SD of the random intercept (measured
# against 50 nodes), and off by more than one at twice this.
_LAPLACE_SD = 2.0

# Starting values of the random intercept's SD besides the engine's own; the Laplace surface can have two optima.
_RESTARTS = (0.3, 3.0, 10.0)

# Below this SD no second optimum was ever seen.
_TWO_OPTIMA_SD = 3.0

# lme4 under tight control is within .2 % of the curvature's standard errors, glmm within .5 % at extreme variances.
_ERROR_SLACK = 0.02

_SINGULAR = message("engines.singular")
_ROUGH = message("engines.rough_laplace", limit=_LAPLACE_SD)
_UNCHECKED = message("engines.unchecked")

# Kinds of glmm's warnings after which its numbers are not used, and what they mean.
_REFUSED = {
    "hessian_se_fallback": message("engines.unreliable_errors"),
    "se_unavailable": message("engines.no_errors"),
    "pirls_exhausted": message("engines.no_intercepts"),
    "precision_limited": message("engines.precision"),
    "variance_at_limit": message("engines.variance_at_limit"),
    "agq_fallback": message("engines.no_quadrature"),
    "non_integer_response": message("engines.not_binary"),
}


def fit_mixed_linear(
    design: Design,
    *,
    engine: MixedEngine = "glmm",
    reml: bool = True,
    df: DfMethod = "residual_infinite",
    session: Lme4Session | None = None,
) -> Fit:
    """Linear model with a random intercept.

    Args:
        design: with groups.
        engine: "glmm" or "lme4".
        reml: restricted maximum likelihood, or maximum likelihood.
        df: "satterthwaite" gives lmerTest's degrees of freedom, "residual_infinite" a z test.
        session: an open R session for engine "lme4"; without one, a session is started for this fit alone.
    """
    _check_choice("df", df, ("residual_infinite", "satterthwaite"))
    method = "REML" if reml else "ML"
    name = _engine_name(engine, method)
    trouble = problem(design, binary=False, grouped=True)
    if trouble:
        return unusable(design, name, trouble)
    if engine == "lme4":
        fit = _with_session(session, lambda s: s.fit(design, "gaussian", reml=reml, df=df))
    else:
        fit = _glmm_linear(design, name, reml=reml, satterthwaite=df == "satterthwaite")
    return _checked_linear(design, fit, reml=reml, slack=1e-6 if engine == "glmm" else 1e-4)


def fit_mixed_logistic(
    design: Design,
    *,
    engine: MixedEngine = "glmm",
    nodes: int = 1,
    restarts: bool = True,
    session: Lme4Session | None = None,
) -> Fit:
    """Logistic model with a random intercept, fitted by maximum likelihood.

    Args:
        design: with groups and a 0/1 outcome.
        engine: "glmm" or "lme4".
        nodes: of adaptive Gauss-Hermite quadrature, odd, 1 to 25; 1 is the Laplace approximation.
        restarts: where there can be two optima, try three more starting values and keep the best log-likelihood.
        session: an open R session for engine "lme4"; without one, a session is started for this fit alone.
    """
    if nodes not in range(1, 26, 2):
        raise ModelError(f"The number of quadrature nodes must be odd and between 1 and 25, not {nodes}.")
    name = _engine_name(engine, method_name(nodes))
    trouble = problem(design, binary=True, grouped=True)
    if trouble:
        return unusable(design, name, trouble, nodes=nodes)
    if is_separated(design.matrix, design.response):
        return unusable(design, name, separation_message(design), separated=True, nodes=nodes)
    if _never_changes(design):
        return unusable(design, name, message("engines.never_changes"), nodes=nodes)
    if engine == "lme4":
        fit = _with_session(session, lambda s: s.fit(design, "binomial", nodes=nodes))
        return _checked_logistic(design, fit, np.nan, slack=1e-4)
    fit, sd_error = _glmm_logistic(design, name, nodes, restarts)
    return _checked_logistic(design, fit, sd_error, slack=1e-6)


def _never_changes(design: Design) -> bool:
    """Whether every person has one and the same outcome in all rows; the likelihood then grows with the variance."""
    if design.groups is None:
        return False
    codes = group_codes(design.groups)
    share = np.bincount(codes, weights=design.response) / np.bincount(codes)
    return bool(np.isin(share, (0.0, 1.0)).all())


def method_name(nodes: int) -> str:
    """How the integral over the random intercept is done, in words."""
    return "Laplace" if nodes == 1 else f"AGQ {nodes}"


def _engine_name(engine: str, method: str) -> str:
    _check_choice("engine", engine, ("glmm", "lme4"))
    return f"{engine} {package_version('glmm')} {method}" if engine == "glmm" else f"lme4 {method}"


def _check_choice(what: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ModelError(f"Unknown {what} '{value}'; choose {' or '.join(allowed)}.")


def _with_session(session: Lme4Session | None, fit: Callable[[Lme4Session], Fit]) -> Fit:
    if session is not None:
        return fit(session)
    with Lme4Session() as own:
        return fit(own)


def _glmm_linear(design: Design, name: str, *, reml: bool, satterthwaite: bool) -> Fit:
    result = _run_glmm(design, family="gaussian", reml=reml, satterthwaite=satterthwaite)
    refusal = _refusal(result)
    if refusal:
        return unusable(design, name, *refusal)
    k = len(design.terms)
    fit = _read_glmm(design, result, name, nodes=1)
    if not satterthwaite:
        return replace(fit, df=np.full(k, np.inf))
    if result.df_method != "satterthwaite" or not np.isfinite(result.coef_df).all():
        return unusable(design, name, message("engines.no_satterthwaite"))
    return replace(fit, df=np.asarray(result.coef_df, dtype=float))


def _glmm_logistic(design: Design, name: str, nodes: int, restarts: bool) -> tuple[Fit, float]:
    """The best of the engine's own start and the others, and the standard error of the random SD.

    The others are tried where the surface can have a second optimum: at a large random intercept, at one of zero, and
    when the first start gave nothing.
    """
    best: Any = None
    refusal: tuple[Message, ...] = ()
    for start in (None, *_RESTARTS) if restarts else (None,):
        if start is not None and best is not None and _has_one_optimum(best):
            break
        warm = None if start is None else {"theta": [start]}
        result = _run_glmm(design, family="binomial", nagq=nodes, warm_start=warm)
        refused = _refusal(result)
        if refused:
            refusal = refusal or refused
        # A gain at rounding level is no other optimum; the first start wins, so that results do not flicker.
        elif best is None or result.loglik > best.loglik + 1e-7:
            best = result
    if best is None:
        return unusable(design, name, *refusal, nodes=nodes), np.nan
    return _read_glmm(design, best, name, nodes=nodes), float(np.ravel(best.stddev_se)[0])


def _has_one_optimum(result: Any) -> bool:
    """Whether another start can be spared: in 970 fits from other starts a second optimum was seen at SD 8 only."""
    return not result.singular and float(result.stddev_corr(0)[0][0]) < _TWO_OPTIMA_SD


def _run_glmm(design: Design, **options: Any) -> Any:
    import glmm

    columns = [f"x{i}" for i in range(len(design.terms))]
    data: dict[str, Any] = dict(zip(columns, design.matrix.T, strict=True))
    data["y"] = design.response
    data["g"] = None if design.groups is None else group_codes(design.groups)
    formula = f"y ~ 0 + {' + '.join(columns)} + (1 | g)"
    with warnings.catch_warnings():
        # Every warning is also in `fit.warnings`, where it can be told apart by kind.
        warnings.simplefilter("ignore", glmm.DiagnosticWarning)
        return glmm.fit(data, formula, anova_test="Wald", **options)


def _refusal(result: Any) -> tuple[Message, ...]:
    """Why an answer of glmm must not be used; empty when it may be."""
    kinds = [w["kind"] for w in result.warnings if w["tier"] == "severe" or w["kind"] in _REFUSED]
    reasons = [_REFUSED.get(kind, message("engines.no_convergence")) for kind in kinds]
    if not result.converged and not reasons:
        reasons.append(message("engines.no_convergence"))
    if result.diagnostics["boundary"] not in ("interior", "at_boundary"):
        reasons.append(message("engines.no_finite_variance"))
    if not reasons and not (np.isfinite(result.se).all() and np.isfinite(result.beta).all()):
        reasons.append(message("engines.no_errors"))
    return tuple(dict.fromkeys(reasons))


def _read_glmm(design: Design, result: Any, name: str, *, nodes: int) -> Fit:
    k = len(design.terms)
    binary = result.family == "binomial"
    return Fit(
        terms=design.terms,
        estimate=np.asarray(result.beta, dtype=float),
        covariance=np.asarray(result.vcov, dtype=float).reshape(k, k),
        df=np.full(k, np.inf),
        log_likelihood=float(result.loglik),
        random_sd=float(result.stddev_corr(0)[0][0]),
        residual_sd=None if binary else float(np.sqrt(result.dispersion)),
        status=Status(converged=True, singular=bool(result.singular), separated=False),
        engine=name,
        n_observations=int(result.nobs),
        n_groups=None if design.groups is None else count_groups(design.groups),
        nodes=nodes,
    )


def _checked_logistic(design: Design, fit: Fit, sd_error: float, *, slack: float) -> Fit:
    """The fit with its gradient and messages, or an unusable one when it is not an optimum of the likelihood.

    Args:
        design: what was fitted.
        fit: the engine's answer.
        sd_error: standard error of the random SD; nan when the engine gives none.
        slack: largest .5 g'Vg, in units of log-likelihood.
    """
    if not fit.status.usable or fit.random_sd is None:
        return fit
    if not np.isfinite(fit.estimate).all():
        return unusable(design, fit.engine, _UNCHECKED, nodes=fit.nodes)
    vague = imprecise_terms(design.matrix, fit.covariance, design.terms)
    if vague:
        return unusable(design, fit.engine, imprecise_message(vague), nodes=fit.nodes)
    model = marginal_model(design)
    sd = 0.0 if fit.status.singular else fit.random_sd
    own = model.likelihood(fit.estimate, sd, fit.nodes)
    gradient = _decrement(own.slope, fit.covariance, 0.0 if fit.status.singular else sd_error)
    error = model.std_error(fit.estimate, sd, fit.nodes, fit.std_error, own)
    same = abs(own.value - fit.log_likelihood) < slack * max(1.0, abs(own.value))
    if not (gradient < slack and same and np.abs(fit.std_error / error - 1.0).max() < _ERROR_SLACK):
        return unusable(design, fit.engine, _UNCHECKED, nodes=fit.nodes)
    messages = list(fit.status.messages)
    if fit.status.singular:
        messages.append(_SINGULAR)
    if fit.nodes == 1 and fit.random_sd > _LAPLACE_SD:
        messages.append(_ROUGH)
    return replace(fit, gradient=gradient, status=replace(fit.status, messages=tuple(messages)))


def _decrement(slope: Floats, covariance: Floats, sd_error: float) -> float:
    value = 0.5 * float(slope[:-1] @ covariance @ slope[:-1])
    if np.isfinite(sd_error):
        value += 0.5 * float(slope[-1] * sd_error) ** 2
    return value


def _checked_linear(design: Design, fit: Fit, *, reml: bool, slack: float) -> Fit:
    """The fit with its gradient and messages, or an unusable one when it is not the profiled optimum."""
    if not fit.status.usable or fit.random_sd is None or fit.residual_sd is None:
        return fit
    profile = linear_profile(design, reml=reml)
    own = profile.at(fit.random_sd, fit.residual_sd)
    gradient = profile.decrement(fit.random_sd, fit.residual_sd)
    error = np.sqrt(np.diag(own.covariance))
    distance = float((np.abs(own.estimate - fit.estimate) / error).max())
    ratio = float(np.abs(fit.std_error / error - 1.0).max())
    near = abs(own.log_likelihood - fit.log_likelihood) < slack * max(1.0, abs(own.log_likelihood))
    if not (gradient < slack and near and distance < 1e-3 and ratio < 1e-3):
        return unusable(design, fit.engine, _UNCHECKED)
    messages = (*fit.status.messages, _SINGULAR) if fit.status.singular else fit.status.messages
    return replace(fit, gradient=gradient, status=replace(fit.status, messages=messages))
