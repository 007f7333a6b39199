"""Is a binary outcome separated by the columns of a model, so that its likelihood has no maximum?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dnt_cli.arrays import Floats
from dnt_cli.engines.base import DesignMatrix, listed
from dnt_cli.messages import Message, message

_NEWTON_STEPS = 12

# Where all chances of a wrong answer are this near to 0 or 1 there is no further step.
_FLAT = 1e-200


def is_separated(matrix: Floats, response: Floats) -> bool:
    """As `separated`, of one data set: (n, k) and (n,)."""
    return bool(separated(matrix[None], response[None])[0])


def separated(matrices: Floats, responses: Floats) -> NDArray[np.bool_]:
    """(m,) whether some direction of the coefficients never lowers, and somewhere raises, the likelihood.

    Complete and quasi-complete separation are found alike (Albert and Anderson 1984); the test is the linear
    programme of Konis (2007), solved by HiGHS on the distinct rows. It is skipped when a few Newton steps prove
    that a maximum exists.

    Args:
        matrices: (m, n, k), or (1, n, k) for all; finite, of full column rank.
        responses: (m, n) of 0 and 1.
    """
    n = matrices.shape[1]
    # Separation does not depend on the basis. In an orthonormal one, scaled to unit mean square, each column has
    # the same weight and a separating direction with largest coefficient 1 has margins that add up to at least
    # sqrt(n) (the sum of non-negative numbers is at least their Euclidean norm, which is sqrt(n) or more).
    basis = np.linalg.qr(matrices)[0] * np.sqrt(n)
    signed = basis * (2.0 * responses - 1.0)[..., None]
    found = ~_reach_maximum(signed)
    for i in np.flatnonzero(found):
        matrix = matrices[i % len(matrices)]
        found[i] = _separating_margin(signed[i], matrix, responses[i]) > 0.5 * np.sqrt(n)
    return found


def separating_terms(design: DesignMatrix) -> tuple[str, ...]:
    """Terms that separate the outcome by themselves: no row with a 0 lies beyond a row with a 1, or the reverse.

    A level of a factor that one person has, or whose persons all have the same outcome, is such a term. Terms that
    separate only together are not found.

    Args:
        design: 0/1 outcome; constant columns are passed over.
    """
    events = design.response == 1
    found = []
    for j, term in enumerate(design.terms):
        ones, zeros = design.matrix[events, j], design.matrix[~events, j]
        constant = np.ptp(design.matrix[:, j]) == 0
        if not constant and (ones.min() >= zeros.max() or ones.max() <= zeros.min()):
            found.append(term)
    return tuple(found)


def separation_message(design: DesignMatrix) -> Message:
    """Why a separated model has no estimate, with the terms that separate by themselves."""
    terms = separating_terms(design)
    return message("engines.separated_by", terms=listed(terms)) if terms else message("engines.separated")


def has_maximum(slope: Floats, pull: Floats) -> NDArray[np.bool_]:
    """Whether a likelihood has a maximum, as far as one point shows; false says nothing.

    Along a separating direction v with largest coefficient 1, in an orthonormal basis, the margins add up to at least
    1, and the slope is the sum of margin * weight * chance of the wrong answer: at least the smallest such product. A
    slope below that in every direction (|slope . v| <= sum |slope|) rules separation out.

    Args:
        slope: (..., k) of the log-likelihood in an orthonormal basis of the columns.
        pull: (..., n) weight times response minus probability of each row.
    """
    found: NDArray[np.bool_] = np.abs(slope).sum(axis=-1) < 0.5 * np.abs(pull).min(axis=-1)
    return found


def _reach_maximum(signed: Floats) -> NDArray[np.bool_]:
    """(m,) whether Newton's method reaches a point that only a likelihood with a maximum has."""
    m, n, k = signed.shape
    found, left, at = np.zeros(m, dtype=bool), np.arange(m), np.zeros((m, k))
    for _ in range(_NEWTON_STEPS):
        own = signed if left.size == m else signed[left]
        with np.errstate(over="ignore"):
            wrong = 1.0 / (1.0 + np.exp((own @ at[..., None])[..., 0]))
        slope = (wrong[:, None, :] @ own)[:, 0]
        proven = has_maximum(slope / np.sqrt(n), wrong)
        found[left[proven]] = True
        going = ~proven & (wrong * (1.0 - wrong) > _FLAT).any(axis=1)
        if not going.any():
            break
        left, at, own, wrong, slope = left[going], at[going], own[going], wrong[going], slope[going]
        information = own.swapaxes(1, 2) @ (own * (wrong * (1.0 - wrong))[..., None])
        # Where it is singular, any step will do: what proves a maximum is looked at afterwards.
        information += (1e-14 * np.trace(information, axis1=1, axis2=2))[:, None, None] * np.eye(k)
        at = at + np.linalg.solve(information, slope[..., None])[..., 0]
    return found


def _separating_margin(signed: Floats, matrix: Floats, response: Floats) -> float:
    """The largest sum of margins over directions that put no row on the wrong side."""
    from scipy.optimize import linprog

    _, first, count = np.unique(np.column_stack([matrix, response]), axis=0, return_index=True, return_counts=True)
    rows = signed[first]
    result = linprog(
        -(rows * count[:, None]).sum(axis=0),
        A_ub=-rows,
        b_ub=np.zeros(rows.shape[0]),
        bounds=(-1.0, 1.0),
        method="highs",
    )
    # Zero is always feasible and the box is bounded, so HiGHS can only fail numerically; that is no proof of
    # overlap, and a design this badly conditioned should not be fitted.
    return -float(result.fun) if result.status == 0 else float("inf")
