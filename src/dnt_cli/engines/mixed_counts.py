"""Counts with a random intercept per person: negative binomial, and Poisson where the person explains the scatter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from dnt_cli.arrays import Floats
from dnt_cli.engines.base import DesignMatrix, Fit
from dnt_cli.engines.cluster_scores import ClusterErrors, cluster_errors
from dnt_cli.engines.counts import LEAST_DISPERSION
from dnt_cli.engines.mixed import DEFAULT_NODES, fit_mixed_poisson_sets
from dnt_cli.engines.random_intercept.families import POISSON
from dnt_cli.engines.random_intercept.rows import LEAST_NODES, evaluate
from dnt_cli.engines.row_models import Laid, cluster_errors_of_rows, fitted, laid_rows, persons_of

_START_SIZE = 2.0


def fit_mixed_counts_sets(designs: Sequence[DesignMatrix], *, nodes: int = DEFAULT_NODES) -> list[Fit]:
    """Models of counts with a random intercept, by maximum likelihood.

    The variance given the person is mu + a mu^2; where the likelihood of a Poisson model does not rise with `a`, that
    is the model. Standard errors are from the observed information of all parameters together, `a` among them.

    Args:
        designs: with groups and whole numbers from 0 as outcome.
        nodes: of adaptive Gauss-Hermite quadrature, odd.

    Returns:
        Fits with logarithms of rate ratios given the person, with the detail `dispersion` (a; 0 of a Poisson model).
    """
    plain = fit_mixed_poisson_sets(designs, nodes=nodes)
    return [_negative_binomial(design, fit, nodes) for design, fit in zip(designs, plain, strict=True)]


def _negative_binomial(design: DesignMatrix, plain: Fit, nodes: int) -> Fit:
    """The negative binomial fit, or `plain` where that is the maximum or has no answer."""
    if not plain.status.usable:
        return plain
    largest = np.log(design.response.mean() / LEAST_DISPERSION)
    laid = laid_counts(design)
    start = laid.parameters(replace(plain, details={"log_size": np.array([largest])}))
    slope = evaluate(laid.rows, start, max(nodes, LEAST_NODES)).score[:, 0].sum()
    poisson = _with_details(plain, 0.0)
    if slope >= 0.0:
        return poisson
    fit = fitted(design, laid, "dnt negative binomial", nodes, details=lambda more: {"log_size": more})
    if not fit.status.usable:
        return fit
    size = float(np.exp(fit.details["log_size"][0]))
    return poisson if np.log(size) > largest else _with_details(fit, 1.0 / size)


def _with_details(fit: Fit, dispersion: float) -> Fit:
    return replace(fit, details=dict(fit.details) | {"dispersion": np.array(dispersion)})


def laid_counts(design: DesignMatrix) -> Laid:
    """Rows whose functions are the logarithm of the size (1 / a) and that of the mean."""
    n, k = design.matrix.shape
    basis, triangle = np.linalg.qr(design.matrix)
    inverse = np.linalg.inv(triangle / np.sqrt(n))
    maps = np.zeros((2, n, 1 + k))
    maps[0, :, 0] = 1.0
    maps[1, :, 1:] = basis * np.sqrt(n)
    order, _ = persons_of(design)
    rows, order = laid_rows(design, maps, np.array([0.0, 1.0]), partial(_density, response=design.response[order]))
    start = np.concatenate([[np.log(_START_SIZE)], maps[1, :, 1:].mean(axis=0) * np.log(design.response.mean())])
    more, back = np.zeros((1, 1 + k)), np.zeros((k, 1 + k))
    more[0, 0], back[:, 1:] = 1.0, inverse
    return Laid(rows, order, start, back, more, "log_size")


def _density(z: Floats, *, response: Floats) -> tuple[Floats, Floats, Floats]:
    """Log density, slopes and second derivatives in the logarithms of size and mean; the size is that of all rows."""
    from scipy.special import digamma, gammaln, polygamma

    y = response[:, None]
    size = float(np.exp(np.clip(z[0, 0, 0], -30.0, 30.0)))
    ahead = np.clip(z[1] - z[0], -300.0, 300.0)
    log = np.logaddexp(0.0, ahead)
    share = 0.5 + 0.5 * np.tanh(0.5 * ahead)  # mean / (mean + size)
    value = gammaln(y + size) - gammaln(size) - gammaln(y + 1.0) + y * ahead - (y + size) * log
    whole = (y + size) * share
    spread = whole * (1.0 - share)
    gain = size * (digamma(y + size) - digamma(size) - log)
    slope = np.stack([gain - y + whole, y - whole])
    curve = np.empty((2, *slope.shape))
    curve[1, 1] = -spread
    curve[0, 1] = curve[1, 0] = spread - size * share
    curve[0, 0] = gain + size**2 * (polygamma(1, y + size) - polygamma(1, size)) + 2.0 * size * share - spread
    return value, slope, curve


def count_cluster_errors(designs: Sequence[DesignMatrix], fits: Sequence[Fit]) -> list[ClusterErrors | None]:
    """Errors by person and by site, of negative binomial and of Poisson fits."""
    found: list[ClusterErrors | None] = [None] * len(fits)
    for poisson in (True, False):
        own = [i for i, fit in enumerate(fits) if fit.status.usable and ("log_size" not in fit.details) == poisson]
        parts = [designs[i] for i in own], [fits[i] for i in own]
        errors = cluster_errors(*parts, family=POISSON) if poisson else cluster_errors_of_rows(*parts, laid_counts)
        for i, one in zip(own, errors, strict=True):
            found[i] = one
    return found
