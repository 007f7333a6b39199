"""Models with a random intercept per person: the checks before a fit, the fit, and what is said about it.

The own engine (`random_intercept`) fits many data sets at once. R's lme4 is the reference: its answers are accepted
only where the own likelihood, evaluated there, agrees that they are an optimum.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

import numpy as np

from dnt_cli.arrays import Floats
from dnt_cli.engines.alike import Alike, of_each, problems
from dnt_cli.engines.base import (
    DesignMatrix,
    Fit,
    Status,
    check_shapes,
    fits_of,
    group_codes,
    imprecise_message,
    imprecise_terms,
    problem,
    unusable,
)
from dnt_cli.engines.counts import refused_counts
from dnt_cli.engines.lme4 import Lme4Session
from dnt_cli.engines.random_intercept import LogisticData, Stack, stacked
from dnt_cli.engines.random_intercept.families import LOGISTIC, POISSON, Family
from dnt_cli.engines.random_intercept.integral import MOST_NODES
from dnt_cli.engines.random_intercept.linear import fit_linear_stack, optimum_at
from dnt_cli.engines.random_intercept.logistic import LogisticOptimum, fit_logistic_stack
from dnt_cli.engines.separation import separated, separation_message
from dnt_cli.errors import ModelError
from dnt_cli.messages import Message, message

MixedEngine = Literal["own", "lme4"]
DfMethod = Literal["residual_infinite", "satterthwaite"]

DEFAULT_NODES = 15

# Beyond the other lme4 refuses.
_MOST_NODES = {"own": MOST_NODES, "lme4": 25}

# Laplace's approximation is within a third of a standard error up to this SD of the random intercept (measured
# against 50 nodes), and off by more than one at twice this.
_LAPLACE_SD = 2.0

# An SD of the random intercept on the logit scale that no data determine.
_LARGEST_SD = 1e3

# Largest .5 g'Vg, in units of log-likelihood, and difference of a standard error, at an answer of lme4's.
_LME4_SLACK = 1e-4
_ERROR_SLACK = 0.02
_LINEAR_SLACK = 1e-3

_SINGULAR = message("engines.singular")
_ROUGH = message("engines.rough_laplace", limit=_LAPLACE_SD)
_UNCHECKED = message("engines.unchecked")


def fit_mixed_linear(
    design: DesignMatrix,
    *,
    engine: MixedEngine = "own",
    reml: bool = True,
    df: DfMethod = "residual_infinite",
    session: Lme4Session | None = None,
) -> Fit:
    """Linear model with a random intercept.

    Args:
        design: with groups.
        engine: "own" or "lme4".
        reml: restricted maximum likelihood, or maximum likelihood.
        df: "satterthwaite" gives lmerTest's degrees of freedom, "residual_infinite" a z test.
        session: an open R session for engine "lme4"; without one, a session is started for this fit alone.
    """
    _check_choice("engine", engine, ("own", "lme4"))
    if engine == "own":
        return fit_mixed_linear_sets([design], reml=reml, df=df)[0]
    _check_choice("df", df, ("residual_infinite", "satterthwaite"))
    trouble = problem(design, binary=False, grouped=True)
    if trouble:
        return unusable(design, f"lme4 {'REML' if reml else 'ML'}", trouble)
    fit = _with_session(session, lambda s: s.fit(design, "gaussian", reml=reml, df=df))
    return _checked_linear(design, fit, reml=reml)


def fit_mixed_logistic(
    design: DesignMatrix, *, engine: MixedEngine = "own", nodes: int = DEFAULT_NODES, session: Lme4Session | None = None
) -> Fit:
    """Logistic model with a random intercept, fitted by maximum likelihood.

    Args:
        design: with groups and a 0/1 outcome.
        engine: "own" or "lme4".
        nodes: of adaptive Gauss-Hermite quadrature, odd; 1 is the Laplace approximation.
        session: an open R session for engine "lme4"; without one, a session is started for this fit alone.
    """
    _check_choice("engine", engine, ("own", "lme4"))
    if engine == "own":
        return fit_mixed_logistic_sets([design], nodes=nodes)[0]
    _check_nodes(nodes, engine)
    (refused,) = refused_logistic([design], f"lme4 {method_name(nodes)}", nodes)
    if refused is not None:
        return refused
    return _checked_logistic(design, _with_session(session, lambda s: s.fit(design, "binomial", nodes=nodes)))


def fit_mixed_linear_sets(
    designs: Sequence[DesignMatrix], *, reml: bool = True, df: DfMethod = "residual_infinite"
) -> list[Fit]:
    """`fit_mixed_linear` by the own engine on many data sets at once; each fit is what it would be alone."""
    _check_choice("df", df, ("residual_infinite", "satterthwaite"))
    name = f"dnt {'REML' if reml else 'ML'}"

    def refused(design: DesignMatrix) -> Fit | None:
        trouble = problem(design, binary=False, grouped=True)
        return unusable(design, name, trouble) if trouble else None

    fit = partial(_linear_fits, name=name, reml=reml, df=df)
    return _together(designs, [refused(design) for design in designs], fit)


def fit_mixed_logistic_sets(designs: Sequence[DesignMatrix], *, nodes: int = DEFAULT_NODES) -> list[Fit]:
    """`fit_mixed_logistic` by the own engine on many data sets at once; each fit is what it would be alone."""
    _check_nodes(nodes, "own")
    name = f"dnt {method_name(nodes)}"
    fit = partial(_integral_fits, name=name, nodes=nodes, family=LOGISTIC)
    return _together(designs, refused_logistic(designs, name, nodes), fit)


def fit_mixed_poisson_sets(designs: Sequence[DesignMatrix], *, nodes: int = DEFAULT_NODES) -> list[Fit]:
    """Poisson models of counts with a random intercept on many data sets at once, by maximum likelihood.

    Args:
        designs: with groups and whole numbers from 0 as outcome.
        nodes: of adaptive Gauss-Hermite quadrature, odd; 1 is the Laplace approximation.

    Returns:
        Fits with the logarithms of rate ratios given the person, as `glmer(family = poisson)` of R's lme4 gives.
    """
    _check_nodes(nodes, "own")
    name = f"dnt Poisson {method_name(nodes)}"
    fit = partial(_integral_fits, name=name, nodes=nodes, family=POISSON)
    return _together(designs, [refused_counts(design, name, grouped=True) for design in designs], fit)


def _together(
    designs: Sequence[DesignMatrix], refused: Sequence[Fit | None],
    fit: Callable[[Stack, Sequence[DesignMatrix]], list[Fit]],
) -> list[Fit]:  # fmt: skip
    """Each design's fit, or the one without numbers in its place in `refused`; those of one shape go together."""
    fits = {place: answer for place, answer in enumerate(refused) if answer is not None}
    left = [place for place in range(len(designs)) if place not in fits]
    for stack in stacked([designs[place] for place in left]):
        places = [left[i] for i in stack.places]
        fits |= zip(places, fit(stack, [designs[i] for i in places]), strict=True)
    return [fits[place] for place in range(len(designs))]


def method_name(nodes: int) -> str:
    """How the integral over the random intercept is done, in words."""
    return "Laplace" if nodes == 1 else f"AGQ {nodes}"


def refused_logistic(designs: Sequence[DesignMatrix], name: str, nodes: int) -> list[Fit | None]:
    """Fits without numbers of designs whose likelihood has no maximum, or that cannot be estimated; None of others."""
    for design in designs:
        check_shapes(design, grouped=True)

    def refused(stack: Alike) -> list[Fit | None]:
        troubles = problems(stack, binary=True, grouped=True)
        sound = [i for i, trouble in enumerate(troubles) if trouble is None]
        no_maximum = dict.fromkeys(sound, False)
        if sound:
            part = stack.part(sound)
            no_maximum |= zip(sound, separated(part.matrix, part.response), strict=True)
            troubles = _never_changing(stack, troubles)
        return [
            unusable(design, name, separation_message(design), separated=True, nodes=nodes) if no_maximum.get(i)
            else unusable(design, name, trouble, nodes=nodes) if trouble else None
            for i, (design, trouble) in enumerate(zip(stack.designs, troubles, strict=True))
        ]  # fmt: skip

    return of_each(designs, refused)


def _never_changing(stack: Alike, troubles: Sequence[Message | None]) -> list[Message | None]:
    """Adds where every person has one and the same outcome in all rows; the likelihood then grows with the variance."""
    groups = stack.designs[0].groups
    assert groups is not None
    codes = group_codes(groups)
    rows = np.bincount(codes)

    def never(response: Floats) -> bool:
        return bool(np.isin(np.bincount(codes, weights=response) / rows, (0.0, 1.0)).all())

    return [
        trouble or (message("engines.never_changes") if never(response) else None)
        for trouble, response in zip(troubles, stack.response, strict=True)
    ]


def _check_choice(what: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ModelError(f"Unknown {what} '{value}'; choose {' or '.join(allowed)}.")


def _check_nodes(nodes: int, engine: str) -> None:
    most = _MOST_NODES[engine]
    if nodes not in range(1, most + 1, 2):
        raise ModelError(f"The number of quadrature nodes must be odd and between 1 and {most}, not {nodes}.")


def _with_session(session: Lme4Session | None, fit: Callable[[Lme4Session], Fit]) -> Fit:
    if session is not None:
        return fit(session)
    with Lme4Session() as own:
        return fit(own)


def _linear_fits(stack: Stack, designs: Sequence[DesignMatrix], name: str, *, reml: bool, df: DfMethod) -> list[Fit]:
    optimum, freedom = fit_linear_stack(stack, reml=reml)
    estimate, covariance = stack.original(optimum.coefficients, optimum.covariance)
    own_df = freedom if df == "satterthwaite" else np.full(estimate.shape, np.inf)
    fine = optimum.converged & np.isfinite(covariance).all(axis=(1, 2)) & ~np.isnan(own_df).any(axis=1)
    ends = [
        _ended(singular=ratio == 0.0) if own else message("engines.no_finite_variance")
        for own, ratio in zip(fine, optimum.ratio, strict=True)
    ]
    with np.errstate(invalid="ignore"):  # of fits that are not fine
        random_sd, residual_sd = np.sqrt(optimum.ratio * optimum.variance), np.sqrt(optimum.variance)
    return fits_of(
        designs, name, ends, estimate, covariance, own_df, log_likelihood=optimum.log_likelihood,
        random_sd=random_sd, residual_sd=residual_sd, gradient=optimum.decrement,
    )  # fmt: skip


def _integral_fits(stack: Stack, designs: Sequence[DesignMatrix], name: str, nodes: int, family: Family) -> list[Fit]:
    optimum = fit_logistic_stack(stack, nodes, family=family)
    constant = family.constant(stack.response)
    estimate, covariance = stack.original(optimum.coefficients, optimum.covariance()[:, :-1, :-1])
    ends = [
        _no_optimum(design, optimum, i, covariance[i])
        or _ended(singular=optimum.singular[i], rough=nodes == 1 and optimum.sd[i] > _LAPLACE_SD)
        for i, design in enumerate(designs)
    ]
    df = np.full((1, covariance.shape[1]), np.inf)
    return fits_of(
        designs, name, ends, estimate, covariance, df, nodes=nodes, log_likelihood=optimum.point.value + constant,
        random_sd=optimum.sd, gradient=optimum.decrement,
    )  # fmt: skip


def _ended(*, singular: bool, rough: bool = False) -> Status:
    """Of a fit at its optimum."""
    return Status(True, bool(singular), False, (_SINGULAR,) * bool(singular) + (_ROUGH,) * bool(rough))


def _no_optimum(design: DesignMatrix, optimum: LogisticOptimum, i: int, covariance: Floats) -> Message | None:
    """Why data set i has no answer."""
    if not optimum.sd[i] < _LARGEST_SD:
        return message("engines.no_finite_variance")
    if not optimum.converged[i]:
        return message("engines.no_convergence")
    vague = imprecise_terms(design.matrix, covariance, design.terms)
    return imprecise_message(vague) if vague else None


def _checked_logistic(design: DesignMatrix, fit: Fit, *, slack: float = _LME4_SLACK) -> Fit:
    """lme4's fit with its gradient and messages, or an unusable one when it is not an optimum of the likelihood."""
    if not fit.status.usable or fit.random_sd is None:
        return fit
    if not np.isfinite(fit.estimate).all():
        return unusable(design, fit.engine, _UNCHECKED, nodes=fit.nodes)
    vague = imprecise_terms(design.matrix, fit.covariance, design.terms)
    if vague:
        return unusable(design, fit.engine, imprecise_message(vague), nodes=fit.nodes)
    check_shapes(design, grouped=True)
    stack, sd = stacked([design])[0], 0.0 if fit.status.singular else fit.random_sd
    data, free = LogisticData.of(stack), len(design.terms) + (sd > 0.0)
    point, _ = data.at(_in_basis(stack, fit.estimate), np.array([sd]), fit.nodes, data.modes(1))
    slope = point.slope[0, :free]
    covariance: Floats = np.asarray(np.linalg.inv(-point.curvature[0, :free, :free]), dtype=float)
    gradient = float(0.5 * slope @ covariance @ slope)
    k = len(design.terms)
    error = np.sqrt(np.diag(stack.original(np.zeros((1, k)), covariance[None, :k, :k])[1][0]))
    same = abs(point.value[0] - fit.log_likelihood) < slack * max(1.0, abs(point.value[0]))
    right = np.abs(fit.std_error / error - 1.0).max() < _ERROR_SLACK
    if not (0.0 <= gradient < slack and same and right):
        return unusable(design, fit.engine, _UNCHECKED, nodes=fit.nodes)
    said = [_SINGULAR] * fit.status.singular + [_ROUGH] * (fit.nodes == 1 and fit.random_sd > _LAPLACE_SD)
    return replace(fit, gradient=gradient, status=replace(fit.status, messages=(*fit.status.messages, *said)))


def _checked_linear(design: DesignMatrix, fit: Fit, *, reml: bool, slack: float = _LME4_SLACK) -> Fit:
    """lme4's fit with its gradient and messages, or an unusable one when it is not the profiled optimum."""
    if not fit.status.usable or fit.random_sd is None or fit.residual_sd is None:
        return fit
    stack = stacked([design])[0]
    optimum = optimum_at(stack, np.array([(fit.random_sd / fit.residual_sd) ** 2]), reml=reml)
    estimate, covariance = stack.original(optimum.coefficients, optimum.covariance)
    error, gradient = np.sqrt(np.diag(covariance[0])), float(optimum.decrement[0])
    own = float(optimum.log_likelihood[0])
    distance = float((np.abs(estimate[0] - fit.estimate) / error).max())
    ratio = float(np.abs(fit.std_error / error - 1.0).max())
    near = abs(own - fit.log_likelihood) < slack * max(1.0, abs(own))
    if not (gradient < slack and near and distance < _LINEAR_SLACK and ratio < _LINEAR_SLACK):
        return unusable(design, fit.engine, _UNCHECKED)
    messages = (*fit.status.messages, _SINGULAR) if fit.status.singular else fit.status.messages
    return replace(fit, gradient=gradient, status=replace(fit.status, messages=messages))


def _in_basis(stack: Stack, estimate: Floats) -> Floats:
    """(1, k) coefficients of the columns carried to the basis of a stack of one."""
    found: Floats = (stack.triangle @ estimate[:, None])[..., 0]
    return found
