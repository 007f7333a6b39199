"""Least squares and logistic regression, and Firth's method for separated data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal

import numpy as np

from dnt_cli.engines.base import (
    DesignMatrix,
    Fit,
    Floats,
    Status,
    imprecise_message,
    imprecise_terms,
    problem,
    unusable,
)
from dnt_cli.engines.separation import is_separated, separation_message
from dnt_cli.errors import ModelError
from dnt_cli.messages import Message, message

Separation = Literal["stop", "firth"]

_FIRTH_STEPS = 200
_NEWTON_STEPS = 100
# Of the information in an orthonormal basis; beyond it an inverse has no digits.
_WORST_CONDITION = 1e15


def fit_linear(design: DesignMatrix) -> Fit:
    """Least squares; weighted when the design has weights (analytic weights, as `weights` of R's lm).

    Returns:
        A fit with n - k degrees of freedom, and the log-likelihood that R's logLik gives.
    """
    engine = f"dnt {'least squares' if design.weights is None else 'weighted least squares'}"
    trouble = problem(design, binary=False, grouped=False)
    if trouble:
        return unusable(design, engine, trouble)
    n, k = design.matrix.shape
    root = np.ones(n) if design.weights is None else np.sqrt(design.weights)
    basis, triangle = np.linalg.qr(design.matrix * root[:, None])
    response = design.response * root
    along = basis.T @ response
    square = float(np.square(response - basis @ along).sum())
    back = np.linalg.inv(triangle)
    return Fit(
        terms=design.terms,
        estimate=np.linalg.solve(triangle, along),
        covariance=square / (n - k) * (back @ back.T),
        df=np.full(k, float(n - k)),
        log_likelihood=float(np.log(root).sum() - 0.5 * n * (np.log(2.0 * np.pi * square / n) + 1.0)),
        random_sd=None,
        residual_sd=float(np.sqrt(square / (n - k))),
        status=Status(converged=True, singular=False, separated=False),
        engine=engine,
        n_observations=n,
        n_groups=None,
    )


def fit_logistic(design: DesignMatrix, *, separation: Separation = "stop") -> Fit:
    """Logistic regression by maximum likelihood.

    Args:
        design: 0/1 outcome; weights multiply the rows' log-likelihoods, as `weights` of R's glm.
        separation: what to do when no finite maximum exists: "stop" gives an unusable fit that says so, "firth"
            gives Firth's estimates.
    """
    if separation not in ("stop", "firth"):
        raise ModelError(f"Unknown treatment of separation '{separation}'; choose stop or firth.")
    engine = "dnt logistic"
    trouble = problem(design, binary=True, grouped=False)
    if trouble:
        return unusable(design, engine, trouble)
    if is_separated(design.matrix, design.response):
        if separation == "firth":
            return fit_firth(design)
        return unusable(design, engine, separation_message(design), separated=True)
    return _maximum_likelihood(design, engine)


def _maximum_likelihood(design: DesignMatrix, engine: str) -> Fit:
    # Fitted in an orthonormal basis, so that units and offsets of covariates cost no digits.
    basis, triangle = np.linalg.qr(design.matrix)
    weights = np.ones(design.response.size) if design.weights is None else design.weights
    solution = _logistic_optimum(basis, design.response, weights)
    if solution is None:
        return unusable(design, engine, message("engines.no_convergence"))
    return from_basis(design, engine, triangle, *solution)


def _logistic_optimum(basis: Floats, response: Floats, weights: Floats) -> tuple[Floats, Floats, float, float] | None:
    """Coefficients, inverse information, log-likelihood and .5 g'Vg by Newton's method, or None without convergence."""
    sign = 2.0 * response - 1.0

    def likelihood(coefficients: Floats) -> float:
        return -float(weights @ np.logaddexp(0.0, -sign * (basis @ coefficients)))

    coefficients: Floats = np.zeros(basis.shape[1])
    value = likelihood(coefficients)
    for _ in range(_NEWTON_STEPS):
        probability = 0.5 + 0.5 * np.tanh(0.5 * (basis @ coefficients))
        information = (basis * (weights * probability * (1.0 - probability))[:, None]).T @ basis
        if not np.linalg.cond(information) < _WORST_CONDITION:
            return None
        inverse = np.asarray(np.linalg.inv(information), dtype=float)
        score = basis.T @ (weights * (response - probability))
        step = inverse @ score
        decrement = float(0.5 * score @ step)
        if decrement < 1e-20:
            return coefficients, inverse, value, decrement
        moved = without_loss(likelihood, coefficients, value, step)
        if moved is None:
            return None
        coefficients, value = moved
    return None


def without_loss(
    objective: Callable[[Floats], float], at: Floats, value: float, step: Floats, tries: int = 30
) -> tuple[Floats, float] | None:
    """Where a step leads, halved until the objective does not fall, and its value there; None if it always falls."""
    for _ in range(tries):
        new = objective(at + step)
        # The slack is rounding, which would otherwise stop the last steps.
        if new >= value - 1e-12 * abs(value):
            return at + step, new
        step = step / 2.0
    return None


def from_basis(
    design: DesignMatrix,
    engine: str,
    triangle: Floats,
    coefficients: Floats,
    inverse: Floats,
    log_likelihood: float,
    gradient: float,
    *messages: Message,
    details: Mapping[str, Floats] | None = None,
) -> Fit:
    """A fit in an orthonormal basis carried back to the columns of the design, unless it means nothing there."""
    back = np.linalg.inv(triangle)
    covariance = back @ inverse @ back.T
    vague = imprecise_terms(design.matrix, covariance, design.terms)
    if vague:
        return unusable(design, engine, imprecise_message(vague))
    n, k = design.matrix.shape
    return Fit(
        terms=design.terms,
        estimate=back @ coefficients,
        covariance=covariance,
        df=np.full(k, np.inf),
        log_likelihood=log_likelihood,
        random_sd=None,
        residual_sd=None,
        status=Status(converged=True, singular=False, separated=False, messages=messages),
        engine=engine,
        n_observations=n,
        n_groups=None,
        gradient=gradient,
        details=dict(details or {}),
    )


def fit_firth(design: DesignMatrix) -> Fit:
    """Logistic regression by Firth's penalised likelihood (Firth 1993, Biometrika 80; Heinze and Schemper 2002).

    The estimates solve the score modified by the leverages, X'(y - p + h(1/2 - p)) = 0; they exist for separated
    data too. Standard errors are Wald's, from the inverse Fisher information at the estimates: what `vcov` of R's
    logistf gives. Wald intervals are rough when the data are separated; the message says which method was used.
    """
    engine = "dnt Firth logistic"
    trouble = problem(design, binary=True, grouped=False)
    if trouble:
        return unusable(design, engine, trouble)
    weights = np.ones(design.response.size) if design.weights is None else design.weights
    basis, triangle = np.linalg.qr(design.matrix)
    solution = _firth_optimum(basis, design.response, weights)
    if solution is None:
        return unusable(design, engine, message("engines.firth_no_convergence"))
    coefficients, inverse, likelihood, gradient = solution
    said = message("engines.firth")
    return from_basis(design, engine, triangle, coefficients, inverse, likelihood, gradient, said)


def _firth_optimum(basis: Floats, response: Floats, weights: Floats) -> tuple[Floats, Floats, float, float] | None:
    """Coefficients, inverse information, penalised log-likelihood and .5 g'Vg, or None without convergence."""
    coefficients: Floats = np.zeros(basis.shape[1])
    value = _penalised(basis, response, weights, coefficients)
    for _ in range(_FIRTH_STEPS):
        mean = 1.0 / (1.0 + np.exp(-(basis @ coefficients)))
        spread = weights * mean * (1.0 - mean)
        inverse = np.asarray(np.linalg.inv((basis * spread[:, None]).T @ basis), dtype=float)
        leverage = spread * np.einsum("ij,jk,ik->i", basis, inverse, basis)
        score = basis.T @ (weights * (response - mean) + leverage * (0.5 - mean))
        step = inverse @ score
        decrement = float(0.5 * score @ step)
        if decrement < 1e-20:
            return coefficients, inverse, value, decrement
        step = step * min(1.0, 5.0 / float(np.abs(basis @ step).max()))  # logistf's maxstep
        moved = without_loss(partial(_penalised, basis, response, weights), coefficients, value, step)
        if moved is None:
            return None
        coefficients, value = moved
    return None


def _penalised(basis: Floats, response: Floats, weights: Floats, coefficients: Floats) -> float:
    linear = basis @ coefficients
    mean = 1.0 / (1.0 + np.exp(-linear))
    information = (basis * (weights * mean * (1.0 - mean))[:, None]).T @ basis
    sign, log_determinant = np.linalg.slogdet(information)
    if sign <= 0:
        return -np.inf
    likelihood = -float(weights @ np.logaddexp(0.0, -(2.0 * response - 1.0) * linear))
    return likelihood + 0.5 * float(log_determinant)
