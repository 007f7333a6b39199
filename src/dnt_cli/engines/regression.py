"""Least squares and logistic regression, and Firth's method for separated data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dnt_cli.arrays import Floats, Integers
from dnt_cli.engines.alike import Alike, alike, of_each, problems
from dnt_cli.engines.base import (
    DesignMatrix,
    Fit,
    Status,
    check_shapes,
    fits_of,
    imprecise,
    imprecise_message,
    problem,
    unusable,
)
from dnt_cli.engines.random_intercept.packing import transposed
from dnt_cli.engines.separation import has_maximum, is_separated, separation_message
from dnt_cli.errors import ModelError
from dnt_cli.messages import Message, message

Separation = Literal["stop", "firth"]

_LOGISTIC = "dnt logistic"
_FIRTH_STEPS = 200
_NEWTON_STEPS = 100
# Of the information in an orthonormal basis; beyond it an inverse has no digits.
_WORST_CONDITION = 1e15
# A loss of this share of the likelihood is rounding, which would otherwise stop the last steps.
_SLACK = 1e-12


@dataclass(frozen=True, slots=True)
class Optimum:
    """Maxima of the likelihoods of m data sets, in an orthonormal basis of their columns.

    Attributes:
        coefficients: (m, k).
        inverse: (m, k, k) inverse information.
        log_likelihood: (m,).
        gradient: (m,) .5 g'Vg.
        converged: (m,); where it is false the others mean nothing.
        certified: (m,) on the way there was a point that only a likelihood with a maximum has.
    """

    coefficients: Floats
    inverse: Floats
    log_likelihood: Floats
    gradient: Floats
    converged: NDArray[np.bool_]
    certified: NDArray[np.bool_]


def fit_linear_sets(designs: Sequence[DesignMatrix]) -> list[Fit]:
    """Least squares; weighted when a design has weights (analytic weights, as `weights` of R's lm).

    Returns:
        Fits with n - k degrees of freedom, and the log-likelihood that R's logLik gives.
    """
    return _fit_sets(designs, _least_squares, _least_squares_engine, binary=False)


def _fit_sets(
    designs: Sequence[DesignMatrix], fit: Callable[[Alike], list[Fit]], engine: Callable[[Alike], str], *, binary: bool
) -> list[Fit]:
    """Fit those that have no problem; the others say what it is."""
    for design in designs:
        check_shapes(design, grouped=False)

    def fits(stack: Alike) -> list[Fit]:
        troubles = problems(stack, binary=binary)
        sound = [i for i, trouble in enumerate(troubles) if trouble is None]
        found = dict(zip(sound, fit(stack.part(sound)) if sound else [], strict=True))
        return [
            found[i] if trouble is None else unusable(stack.designs[i], engine(stack), trouble)
            for i, trouble in enumerate(troubles)
        ]

    return of_each(designs, fits)


def _least_squares_engine(stack: Alike) -> str:
    return f"dnt {'least squares' if stack.weights is None else 'weighted least squares'}"


def _least_squares(stack: Alike) -> list[Fit]:
    n, k = stack.matrix.shape[1:]
    root = np.ones((1, n)) if stack.weights is None else np.sqrt(stack.weights)
    basis, triangle = np.linalg.qr(stack.matrix * root[..., None])
    response = stack.response * root
    along = transposed(basis) @ response[..., None]
    rest = response - (basis @ along)[..., 0]
    square = np.square(rest).sum(axis=1)
    back = np.linalg.inv(triangle)
    estimate = np.linalg.solve(triangle, along)[..., 0]
    covariance = (square / (n - k))[:, None, None] * (back @ transposed(back))
    exact = np.abs(rest / root).max(axis=1) <= 1e-9 * np.abs(stack.response).max(axis=1)
    with np.errstate(divide="ignore"):  # of an exact answer
        likelihood = np.log(root).sum(axis=1) - 0.5 * n * (np.log(2.0 * np.pi * square / n) + 1.0)
    ends = [
        (problem(design, binary=False, grouped=False) if own else None) or Status(True, False, False)
        for design, own in zip(stack.designs, exact, strict=True)
    ]
    return fits_of(
        stack.designs, _least_squares_engine(stack), ends, estimate, covariance, np.full((1, k), float(n - k)),
        log_likelihood=likelihood, residual_sd=np.sqrt(square / (n - k)),
    )  # fmt: skip


def fit_logistic(design: DesignMatrix, *, separation: Separation = "stop") -> Fit:
    """As `fit_logistic_sets`, of one data set."""
    return fit_logistic_sets([design], separation=separation)[0]


def fit_logistic_sets(designs: Sequence[DesignMatrix], *, separation: Separation = "stop") -> list[Fit]:
    """Logistic regression by maximum likelihood.

    Args:
        designs: 0/1 outcome; weights multiply the rows' log-likelihoods, as `weights` of R's glm.
        separation: what to do when no finite maximum exists: "stop" gives an unusable fit that says so, "firth"
            gives Firth's estimates.
    """
    if separation not in ("stop", "firth"):
        raise ModelError(f"Unknown treatment of separation '{separation}'; choose stop or firth.")
    return _fit_sets(designs, partial(_maximum_likelihood, separation=separation), lambda _: _LOGISTIC, binary=True)


def _maximum_likelihood(stack: Alike, separation: Separation) -> list[Fit]:
    # Fitted in an orthonormal basis, so that units and offsets of covariates cost no digits.
    basis, triangle = np.linalg.qr(stack.matrix)
    weights = np.ones((1, stack.response.shape[1])) if stack.weights is None else stack.weights
    optimum = _logistic_optimum(basis, stack.response, weights)
    found = from_basis(stack, _LOGISTIC, triangle, optimum)
    for i, design in enumerate(stack.designs):
        if not optimum.certified[i] and is_separated(design.matrix, design.response):
            if separation == "firth":
                found[i] = fit_firth(design)
            else:
                found[i] = unusable(design, _LOGISTIC, separation_message(design), separated=True)
    return found


def _logistic_optimum(basis: Floats, response: Floats, weights: Floats) -> Optimum:
    """Maxima by Newton's method, of those that have not converged yet all at once.

    Args:
        basis: (m, n, k), or (1, n, k) for all.
        response: (m, n).
        weights: (m, n), or (1, n) for all.
    """
    m, k = len(response), basis.shape[2]
    sign = 2.0 * response - 1.0

    def of(values: Floats, own: Integers) -> Floats:
        return values if len(values) == 1 or own.size == m else values[own]

    def likelihood(coefficients: Floats, own: Integers) -> Floats:
        linear = of(sign, own) * (of(basis, own) @ coefficients[..., None])[..., 0]
        found: Floats = -(of(weights, own) * np.logaddexp(0.0, -linear)).sum(axis=1)
        return found

    none, never = np.full(m, np.nan), np.zeros(m, dtype=bool)
    found = Optimum(np.zeros((m, k)), np.full((m, k, k), np.nan), none, none.copy(), never, never.copy())
    left, at = np.arange(m), np.zeros((m, k))
    value = likelihood(at, left)
    for _ in range(_NEWTON_STEPS):
        own, weight = of(basis, left), of(weights, left)
        probability = 0.5 + 0.5 * np.tanh(0.5 * (own @ at[..., None])[..., 0])
        pull = weight * (of(response, left) - probability)
        information = transposed(own * (weight * probability * (1.0 - probability))[..., None]) @ own
        score = (transposed(own) @ pull[..., None])[..., 0]
        found.certified[left] |= has_maximum(score, pull)
        kept = np.linalg.cond(information) < _WORST_CONDITION
        left, at, value, score = left[kept], at[kept], value[kept], score[kept]
        inverse = np.linalg.inv(information[kept])
        step = (inverse @ score[..., None])[..., 0]
        decrement = 0.5 * (score * step).sum(axis=1)
        done = decrement < 1e-20
        ended = left[done]
        found.coefficients[ended], found.inverse[ended] = at[done], inverse[done]
        found.log_likelihood[ended], found.gradient[ended] = value[done], decrement[done]
        found.converged[ended] = True
        left, at, value, step = left[~done], at[~done], value[~done], step[~done]
        at, value, fine = _moved(likelihood, left, at, value, step)
        left, at, value = left[fine], at[fine], value[fine]
        if not left.size:
            break
    return found


def _moved(
    likelihood: Callable[[Floats, Integers], Floats], own: Integers, at: Floats, value: Floats, step: Floats
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Where the steps of several data sets lead, as `without_loss`, and which of them lead anywhere."""
    moved, new = at + step, likelihood(at + step, own)
    fine = new >= value - _SLACK * np.abs(value)
    for i in np.flatnonzero(~fine):

        def alone(coefficients: Floats, which: Integers = own[[i]]) -> float:
            return float(likelihood(coefficients[None], which)[0])

        shorter = without_loss(alone, at[i], value[i], step[i] / 2.0)
        if shorter is not None:
            moved[i], new[i] = shorter
            fine[i] = True
    return moved, new, fine


def without_loss(
    objective: Callable[[Floats], float], at: Floats, value: float, step: Floats, tries: int = 30
) -> tuple[Floats, float] | None:
    """Where a step leads, halved until the objective does not fall, and its value there; None if it always falls."""
    for _ in range(tries):
        new = objective(at + step)
        if new >= value - _SLACK * abs(value):
            return at + step, new
        step = step / 2.0
    return None


def from_basis(
    stack: Alike, engine: str, triangle: Floats, optimum: Optimum, *messages: Message,
    details: Mapping[str, Floats] | None = None,
) -> list[Fit]:  # fmt: skip
    """Fits in an orthonormal basis carried back to the columns of the designs, unless they mean nothing there."""
    back = np.asarray(np.linalg.inv(triangle), dtype=float)
    estimate = (back @ optimum.coefficients[..., None])[..., 0]
    covariance = back @ optimum.inverse @ transposed(back)
    vague = imprecise(stack.matrix, covariance)
    ends: list[Status | Message] = []
    for converged, own in zip(optimum.converged, vague, strict=True):
        terms = [term for term, bad in zip(stack.terms, own, strict=True) if bad]
        if not converged:
            ends.append(message("engines.no_convergence"))
        else:
            ends.append(imprecise_message(terms) if terms else Status(True, False, False, messages))
    return fits_of(
        stack.designs, engine, ends, estimate, covariance, np.full((1, len(stack.terms)), np.inf), details=details,
        log_likelihood=optimum.log_likelihood, gradient=optimum.gradient,
    )  # fmt: skip


def optimum_of_one(coefficients: Floats, inverse: Floats, log_likelihood: float, gradient: float) -> Optimum:
    """What was found for one data set: (k,) coefficients and their (k, k) inverse information."""
    found, one = np.array([[log_likelihood], [gradient]]), np.ones(1, dtype=bool)
    return Optimum(coefficients[None], inverse[None], found[0], found[1], one, one)


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
    (stack,) = alike([design])
    return from_basis(stack, engine, triangle, optimum_of_one(*solution), message("engines.firth"))[0]


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
