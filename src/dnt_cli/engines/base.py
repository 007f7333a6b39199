"""What goes into an engine and what comes out of it, and the checks that come before every fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dnt_cli.arrays import Floats, Integers
from dnt_cli.errors import ModelError
from dnt_cli.messages import Message, message

# R's lm and glm call a column aliased when less than this share of its length is left after projecting it on the
# columns before it (qr tolerance of stats::lm).
_ALIAS_TOLERANCE = 1e-7

# A spread below this share of the outcome's size is rounding: the outcome is constant, or reproduced exactly.
_ROUNDING = 1e-10

# A coefficient of a logistic model whose standard error exceeds this, per standard deviation of its column, carries
# no information: an odds ratio known up to a factor e^20. It is the mark of a likelihood without a maximum.
_LARGEST_LOGIT_ERROR = 10.0


@dataclass(frozen=True, slots=True)
class DesignMatrix:
    """One model on one data set.

    Attributes:
        response: (n,) outcome; 0 and 1 for logistic models.
        matrix: (n, k) right-hand side, the intercept column included.
        terms: k names for people; they may hold dots, spaces and brackets and never reach an engine.
        groups: (n,) code of the random intercept (the person) per row; None without a random effect.
        weights: (n,) positive weights for least squares and logistic regression; None for equal weights.
        sites: (n,) code of the site of each row, which no fit uses; None without sites.
    """

    response: Floats
    matrix: Floats
    terms: tuple[str, ...]
    groups: Integers | None
    weights: Floats | None = None
    sites: Integers | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """How a fit ended.

    Attributes:
        converged: an optimum was found and it passed every check.
        singular: the random intercept's variance is zero at the optimum; a valid answer.
        separated: the columns predict the outcome perfectly for some rows, so that no finite estimate exists.
        messages: what the analyst must know; empty when there is nothing to say.
    """

    converged: bool
    singular: bool
    separated: bool
    messages: tuple[Message, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether the estimates may be reported and pooled."""
        return self.converged and not self.separated


@dataclass(frozen=True, slots=True)
class Fit:
    """One fitted model; every number is nan when the status is not usable.

    Attributes:
        terms: k names, as in the design.
        estimate: (k,) coefficients, on the link scale.
        covariance: (k, k) covariance matrix of the coefficients.
        df: (k,) residual degrees of freedom per coefficient, infinite where the test is a z test.
        log_likelihood: at the estimates; the REML criterion for models fitted by REML. With weights it is the
            weighted sum of the rows' log-likelihoods for logistic models; penalised for Firth's method.
        random_sd: standard deviation of the random intercept; None without one.
        residual_sd: residual standard deviation; None for logistic models.
        status: how the fit ended.
        engine: name, version and method.
        n_observations: rows used.
        nodes: quadrature nodes; 1 is the Laplace approximation (and anything without an integral).
        gradient: .5 g'Vg at the estimates, the rise in log-likelihood that one more Newton step would bring;
            nan when it was not computed.
        details: what else the model estimated, by name: `dispersion` of counts, `thresholds` of classes.
    """

    terms: tuple[str, ...]
    estimate: Floats
    covariance: Floats
    df: Floats
    log_likelihood: float
    status: Status
    engine: str
    n_observations: int
    random_sd: float | None = None
    residual_sd: float | None = None
    nodes: int = 1
    gradient: float = float("nan")
    details: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def std_error(self) -> Floats:
        """(k,) standard errors, on the link scale."""
        error: Floats = np.sqrt(np.diag(self.covariance))
        return error

    @property
    def df_residual(self) -> float:
        """Rows minus parameters, variances of a mixed model and all thresholds between classes included.

        It is what R's `df.residual` and broom's `glance` give for every kind of model here, and what `mice::pool`
        takes as the complete-data degrees of freedom.
        """
        variances = 0 if self.random_sd is None else 1 if self.residual_sd is None else 2
        thresholds = max(len(self.details.get("thresholds", ())) - 1, 0)  # the first is the intercept
        return float(self.n_observations - len(self.terms) - variances - thresholds)


def unusable(design: DesignMatrix, engine: str, *messages: Message, separated: bool = False, nodes: int = 1) -> Fit:
    """A fit without numbers, whose status says why."""
    k = len(design.terms)
    return Fit(
        terms=design.terms,
        estimate=np.full(k, np.nan),
        covariance=np.full((k, k), np.nan),
        df=np.full(k, np.nan),
        log_likelihood=float("nan"),
        random_sd=None if design.groups is None else float("nan"),
        status=Status(converged=False, singular=False, separated=separated, messages=messages),
        engine=engine,
        n_observations=int(np.shape(design.response)[0]),
        nodes=nodes,
    )


def fits_of(
    designs: Sequence[DesignMatrix], engine: str, ends: Sequence[Status | Message], estimate: Floats,
    covariance: Floats, df: Floats, *, nodes: int = 1, details: Mapping[str, Floats] | None = None, **numbers: Floats,
) -> list[Fit]:  # fmt: skip
    """The fit of each of m data sets, from what was computed of all at once.

    Args:
        designs: m.
        engine: Its name.
        ends: How each fit ended, or why it has no numbers.
        estimate: (m, k).
        covariance: (m, k, k).
        df: (m, k), or (1, k) of all.
        nodes: Of the quadrature.
        details: Of all.
        **numbers: (m,) other fields of `Fit`: `log_likelihood`, and what the model has of the others.
    """
    found = []
    for i, (design, end, own) in enumerate(zip(designs, ends, np.broadcast_to(df, estimate.shape), strict=True)):
        if isinstance(end, Message):
            found.append(unusable(design, engine, end, nodes=nodes))
            continue
        each: dict[str, Any] = {name: float(values[i]) for name, values in numbers.items()}
        each |= {"nodes": nodes, "details": dict(details or {})}
        n = len(design.response)
        found.append(
            Fit(design.terms, estimate[i], covariance[i], own, status=end, engine=engine, n_observations=n, **each)
        )
    return found


def check_shapes(design: DesignMatrix, *, grouped: bool) -> None:
    """Refuse a design whose parts do not belong together; that is a mistake of the caller, not of the data.

    Raises:
        ModelError: lengths differ, or the groups are missing or unwanted.
    """
    n = np.shape(design.response)[0] if np.ndim(design.response) == 1 else -1
    if n < 0 or np.shape(design.matrix) != (n, len(design.terms)):
        raise ModelError(
            f"The model matrix has shape {np.shape(design.matrix)} for {np.shape(design.response)} outcomes and "
            f"{len(design.terms)} terms; these must agree."
        )
    if grouped and design.groups is None:
        raise ModelError("A mixed model needs the person of every row; the design has none.")
    for name, value in (("groups", design.groups), ("weights", design.weights)):
        if value is not None and np.shape(value) != (n,):
            raise ModelError(f"The {name} have shape {np.shape(value)}, but there are {n} outcomes.")
    if grouped and design.weights is not None:
        raise ModelError("Weights are not supported in a mixed model; fit it without weights.")


def problem(design: DesignMatrix, *, binary: bool, grouped: bool) -> Message | None:
    """The first reason why this design cannot be estimated; None when there is none."""
    check_shapes(design, grouped=grouped)
    n, k = design.matrix.shape
    if n == 0:
        return message("engines.no_rows")
    found = _not_finite(design) or (_bad_binary(design.response) if binary else _bad_linear(design.response))
    if found:
        return found
    if n <= k:
        return message("engines.few_rows", rows=n, coefficients=k)
    aliased = aliased_terms(design.matrix, design.terms)
    if aliased:
        return message("engines.aliased" if len(aliased) == 1 else "engines.aliased_several", terms=listed(aliased))
    if not binary and _reproduced(design):
        return message("engines.reproduced")
    return bad_groups(design.groups) if grouped else None


def aliased_terms(matrix: Floats, terms: Sequence[str]) -> tuple[str, ...]:
    """Terms that are a linear combination of the ones before them, as R's lm would drop them.

    Args:
        matrix: (n, k) with n >= 1.
        terms: k names.
    """
    length = np.linalg.norm(matrix, axis=0)
    scaled = matrix / np.where(length > 0, length, 1.0)
    # The diagonal of R in QR is what is left of each column after projection on its predecessors. A column that
    # was dropped still sits in the basis as rounding noise, so the rest is judged again without it.
    keep = list(range(matrix.shape[1]))
    dropped: list[int] = []
    while keep:
        left = np.abs(np.diag(np.linalg.qr(scaled[:, keep], mode="r")))
        bad = np.flatnonzero(left < _ALIAS_TOLERANCE)
        if bad.size == 0 and left.size == len(keep):
            break
        index = int(bad[0]) if bad.size else left.size
        dropped.append(keep.pop(index))
    return tuple(terms[i] for i in dropped)


def imprecise(matrix: Floats, covariance: Floats) -> NDArray[np.bool_]:
    """Which coefficients of a logistic model the data do not determine, as their standard errors show.

    The error is judged per standard deviation of the column, so that the unit of a covariate does not matter; a
    constant column is judged at the mean of the others.

    Args:
        matrix: (..., n, k).
        covariance: (..., k, k) of the coefficients.

    Returns:
        (..., k).
    """
    spread = matrix.std(axis=-2)
    constant = spread <= 1e-12 * np.abs(matrix).max(axis=-2)
    centre = matrix.mean(axis=-2)
    at_mean = np.sqrt(centre[..., None, :] @ covariance @ centre[..., None])[..., 0]
    error = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
    found: NDArray[np.bool_] = ~(np.where(constant, at_mean, error * spread) <= _LARGEST_LOGIT_ERROR)
    return found


def imprecise_terms(matrix: Floats, covariance: Floats, terms: Sequence[str]) -> tuple[str, ...]:
    """The terms of one model that are `imprecise`."""
    return tuple(term for term, bad in zip(terms, imprecise(matrix, covariance), strict=True) if bad)


def imprecise_message(terms: Sequence[str]) -> Message:
    """What is said of the terms that `imprecise_terms` found."""
    return message("engines.imprecise", terms=listed(terms))


def group_codes(groups: Integers) -> Integers:
    """(n,) codes 0..G-1 in the order of the original codes."""
    codes: Integers = np.unique(groups, return_inverse=True)[1].astype(np.int64)
    return codes


def _not_finite(design: DesignMatrix) -> Message | None:
    if not np.isfinite(design.response).all():
        count = int((~np.isfinite(design.response)).sum())
        return message("engines.response_not_finite", rows=count)
    finite = np.isfinite(design.matrix)
    if not finite.all():
        names = [term for i, term in enumerate(design.terms) if not finite[:, i].all()]
        return message("engines.terms_not_finite", terms=listed(names), rows=int((~finite.all(axis=1)).sum()))
    if design.weights is not None and not (np.isfinite(design.weights) & (design.weights > 0)).all():
        return message("engines.weights")
    return None


def _bad_binary(response: Floats) -> Message | None:
    values = np.unique(response)
    if not np.isin(values, (0.0, 1.0)).all():
        return message("engines.not_binary")
    if values.size < 2:
        return message("engines.constant_binary", value=int(values[0]))
    return None


def _bad_linear(response: Floats) -> Message | None:
    span = float(response.max() - response.min())
    if span <= _ROUNDING * float(np.abs(response).max()):
        return message("engines.constant")
    return None


def _reproduced(design: DesignMatrix) -> bool:
    basis = np.linalg.qr(design.matrix)[0]
    rest = design.response - basis @ (basis.T @ design.response)
    return bool(np.abs(rest).max() <= _ROUNDING * np.abs(design.response).max())


def bad_groups(groups: Integers | None) -> Message | None:
    """Why rows of these persons (n,) cannot be told from persons; None when they can, or without persons."""
    if groups is None:
        return None
    count = np.unique(groups).size
    if count < 2:
        return message("engines.one_person")
    if count == groups.size:
        return message("engines.single_rows")
    return None


def listed(names: Sequence[str]) -> str:
    """The first five terms in quotes, and how many more there are."""
    shown = ", ".join(f"'{name}'" for name in names[:5])
    return shown if len(names) <= 5 else f"{shown} + {len(names) - 5}"
