"""Person blocks: one model for all waves of an outcome, so that imputed answers keep a person like herself.

A column-by-column model draws each wave from its own regression. With few persons those regressions are noisy, the
drawn answers of one person are less alike than the observed ones, and the trend of the outcome is pulled toward zero.
Here the T waves of an outcome follow one multivariate regression (Schafer 1997, Analysis of Incomplete Multivariate
Data, ch. 5, on long data; Albert and Chib 1993, JASA 88, for the latent variable behind answers):

    z_it = x_it' b + e_it,    (e_i1, ..., e_iT) ~ N(0, S)

- x holds a dummy per wave, group x wave (so that the arms may differ freely at every wave), the controls and
  auxiliaries of the person, and the other outcomes at the same wave with their mean over the person's waves.
- S is the covariance of a person's waves. Its prior is an inverse Wishart around equal correlation, v(C(r) - 1 off the
  diagonal), whose scale s, correlation r and weight (degrees of freedom) are drawn as well. So the model moves by
  itself between a random intercept (all waves equally alike) and free correlations (serial correlation, random slopes).
- z is the score itself ("linear"); or a latent normal variable of which an answer shows the interval: above or below 0
  for yes/no, S then being a correlation matrix; or between thresholds for ordered answers and for scores with a heap or
  a long tail ("ranked"). The thresholds are the normal quantiles of the pooled distribution of the answers, so imputed
  values are values that occur, and a floor keeps its share.

- With sites, a random intercept per site is added, u_s ~ N(0, h^2) with h half-normal: else the persons of a site would
  be less alike in the imputed answers than they are. h is drawn from a grid with the u_s integrated out, then the u_s.

The correlation matrix of a yes/no outcome is drawn by parameter expansion: a covariance matrix is drawn for
standardised residuals and rescaled (Liu and Daniels 2006, Journal of Computational and Graphical Statistics 15, without
their acceptance step, which the informative prior makes small).

Everything is computed for c imputations at once and imputation by imputation, as in `chained`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from dnt_cli.imputation.draws import nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

SLOPE_SCALE = 2.5
"""SD of the normal prior of a slope, per SD of its predictor, in SDs of the outcome (or latent SDs)."""
LATENT_SLOPE_SCALE = 1.5
"""The same for yes/no outcomes, whose scale is not seen: it keeps slopes finite where groups are separated."""
WAVE_SCALE = 5.0
"""SD of the prior of a wave's level and, within `SLOPE_SCALE`, of the difference between the groups."""
CORRELATIONS = np.linspace(-0.2, 0.95, 24)
"""Grid of the equal correlation r that the covariance is shrunk to; above -1 / (T - 1) for T <= 5."""
WEIGHTS = np.array([8.0, 15.0, 30.0, 60.0, 120.0])
"""Grid of the weight of that prior, in persons; T is added."""
SITE_SPREADS = np.linspace(0.0, 0.8, 33)
"""Grid of the SD of site intercepts, in SDs of the outcome (or latent SDs)."""
SITE_SCALE = 0.3
"""Scale of its half-normal prior."""
_EDGE = 1e-12  # of a probability


@dataclass(frozen=True, slots=True)
class PersonBlock:
    """How the T waves of one outcome are imputed together.

    Attributes:
        positions: (T,) column indices in the table, in order of time.
        own: (T,) design rows of those columns.
        kind: `binary`, `linear` or `ranked`.
        observed: (n, T) which cells are known.
        latent: (n, T) known scores on the latent scale, 0 elsewhere; starting values of the other kinds.
        low: (n, T) lower limit of the latent variable; -inf where unknown.
        high: (n, T) upper limit.
        person_rows: (k,) design rows that are the same at all waves.
        wave_rows: (a, T) design rows of other outcomes at the same waves; 0 (ones) where an outcome was not asked.
        waves_asked: (a, T) 1 where that outcome was asked.
        thresholds: (K - 1,) between the values of a ranked outcome.
        support: (K,) values that occur, in order; of a linear outcome those to put a draw at, or empty.
        mean: subtracted from a linear outcome.
        scale: and divided by.
        bounds: lowest and highest value that may be imputed.
        whole: drawn values are rounded to whole numbers.
        shift: (n, T) delta adjustment, or None.
        missing: per wave the persons to impute, as in `Step`.
        sites: (n,) code of each person's site, -1 where it is unknown; None: no site intercepts.
    """

    positions: NDArray[np.intp]
    own: NDArray[np.intp]
    kind: Literal["binary", "linear", "ranked"]
    observed: NDArray[np.bool_]
    latent: Array
    low: Array
    high: Array
    person_rows: NDArray[np.intp]
    wave_rows: NDArray[np.intp]
    waves_asked: Array
    thresholds: Array
    support: Array
    mean: float
    scale: float
    bounds: tuple[float, float]
    whole: bool
    shift: Array | None
    missing: tuple[NDArray[np.intp], ...]
    sites: NDArray[np.intp] | None = None

    @property
    def size(self) -> int:
        """Number of coefficients."""
        return 2 * len(self.positions) + len(self.person_rows) + 2 * len(self.wave_rows)


@dataclass(slots=True)
class State:
    """Where the chains of one block are.

    Attributes:
        z: (c, n, T) latent variable.
        precision: (c, T, T) inverse of S.
        site: (c, n) intercept of each person's site; zero without sites.
    """

    z: Array
    precision: Array
    site: Array


def start(block: PersonBlock, state: Array) -> State:
    """Chains that begin at the values that are in the design now.

    Args:
        block: the block.
        state: (c, D, n) design with every gap filled.
    """
    c, n, T = state.shape[0], state.shape[2], len(block.positions)
    shown = state[:, block.own].transpose(0, 2, 1)  # (c, n, T), standardised per wave
    reach = 2.0 if block.kind == "linear" else 1.0
    z = np.where(block.observed, block.latent, np.clip(shown, -reach, reach))
    covariance = 0.5 * np.eye(T) + 0.5
    return State(z, np.repeat(np.linalg.inv(covariance)[None], c, axis=0), np.zeros((c, n)))


def sweep(block: PersonBlock, chains: State, X: Array, generators: Sequence[np.random.Generator]) -> None:
    """One Gibbs round of a block, in place: coefficients, covariance, latent variables.

    Args:
        block: the block.
        chains: where its chains are.
        X: (c, n, T, p) predictors, from `predictors`.
        generators: c random streams.
    """
    c, n, T, p = X.shape
    flat = X.reshape(c, n * T, p)
    normals = np.stack([g.standard_normal(p + T * (T - 1) // 2) for g in generators])
    uniforms = np.stack([g.random((n, T)) for g in generators])
    beta = _draw_coefficients(block, chains, X, normals[:, :p])
    fitted = np.matmul(flat, beta[:, :, None]).reshape(c, n, T)
    if block.sites is not None:
        chains.site = _draw_sites(block.sites, chains.z - fitted, chains.precision, generators)
        fitted = fitted + chains.site[:, :, None]
    residual = chains.z - fitted
    chains.precision = _draw_precision(block.kind, residual, chains.precision, normals[:, p:], generators)
    _draw_latent(block, chains, fitted, uniforms)


def predictors(block: PersonBlock, state: Array, group: Array) -> Array:
    """(c, n, T, p) wave dummies, group x wave, the person's characteristics, other outcomes at the wave and on average.

    Args:
        block: the block.
        state: (c, D, n) standardised design.
        group: (n,) centred group.
    """
    c, _, n = state.shape
    T, k, a = len(block.positions), len(block.person_rows), len(block.wave_rows)
    X = np.zeros((c, n, T, block.size))
    for t in range(T):
        X[:, :, t, t] = 1.0
        X[:, :, t, T + t] = group
    if k:
        X[:, :, :, 2 * T : 2 * T + k] = state[:, block.person_rows].transpose(0, 2, 1)[:, :, None, :]
    if a:
        beside = state[:, block.wave_rows] * block.waves_asked[None, :, :, None]  # (c, a, T, n)
        X[..., 2 * T + k : 2 * T + k + a] = beside.transpose(0, 3, 2, 1)
        mean = beside.sum(axis=2) / block.waves_asked.sum(axis=1)[None, :, None]
        X[..., 2 * T + k + a :] = mean.transpose(0, 2, 1)[:, :, None, :]
    return X


def values(block: PersonBlock, chains: State) -> Array:
    """(c, n, T) the block's columns in their own units; only the cells that are to be imputed mean anything."""
    if block.kind == "binary":
        return (chains.z > 0).astype(float)
    if block.kind == "ranked":
        drawn = block.support[np.searchsorted(block.thresholds, chains.z)]
        if block.shift is None:
            return drawn
        return np.clip(np.rint(drawn + block.shift) if block.whole else drawn + block.shift, *block.bounds)
    drawn = chains.z * block.scale + block.mean
    if block.support.size:
        drawn = nearest(block.support, drawn)
    if block.shift is not None:
        drawn = drawn + block.shift
    return np.clip(np.rint(drawn) if block.whole else drawn, *block.bounds)


def _draw_coefficients(block: PersonBlock, chains: State, X: Array, normals: Array) -> Array:
    """(c, p) from their normal distribution given z and S."""
    c, n, T, p = X.shape
    root = np.linalg.cholesky(chains.precision)  # S^-1 = root root'
    whitened = np.matmul(root.transpose(0, 2, 1)[:, None], X).reshape(c, n * T, p)
    z = np.matmul(chains.z - chains.site[:, :, None], root).reshape(c, n * T, 1)
    turned = whitened.transpose(0, 2, 1)
    gram, right = np.matmul(turned, whitened), np.matmul(turned, z)
    slope = LATENT_SLOPE_SCALE if block.kind == "binary" else SLOPE_SCALE
    prior = np.full(p, slope**-2.0)
    prior[:T] = WAVE_SCALE**-2.0
    place = np.arange(p)
    gram[:, place, place] += prior
    noise = np.matmul(np.linalg.cholesky(gram), normals[:, :, None])
    drawn: Array = np.linalg.solve(gram, right + noise)[:, :, 0]
    return drawn


def _draw_sites(
    sites: NDArray[np.intp], residual: Array, precision: Array, generators: Sequence[np.random.Generator]
) -> Array:
    """(c, n) intercept of each person's site given the residuals (c, n, T) from the coefficients.

    The weighted mean residual of site s is N(u_s, 1 / a_s) with a_s = n_s 1'S^-1 1.
    """
    known, count = sites >= 0, int(sites.max()) + 1
    weight = precision.sum(axis=2)  # (c, T): 1'S^-1
    level = np.matmul(residual, weight[:, :, None])[:, :, 0]
    total = np.stack([np.bincount(sites[known], own[known], count) for own in level])
    amount = np.bincount(sites[known], minlength=count) * weight.sum(axis=1)[:, None]  # (c, S): a_s
    size = np.maximum(amount, 1e-12)
    variance = SITE_SPREADS**2 + 1 / size[:, :, None]  # (c, S, H) of the mean residual
    mean = total / size
    log_density = -0.5 * (np.log(variance) + (mean**2)[:, :, None] / variance).sum(axis=1)
    log_density = log_density - 0.5 * (SITE_SPREADS / SITE_SCALE) ** 2
    cumulative = np.cumsum(np.exp(log_density - log_density.max(axis=1, keepdims=True)), axis=1)
    draws = np.stack([g.random(1) for g in generators])
    spread = SITE_SPREADS[(cumulative < draws * cumulative[:, -1:]).sum(axis=1)]
    shrunk = (spread**2)[:, None] / (1 + amount * (spread**2)[:, None])  # variance of u_s given all else
    normals = np.stack([g.standard_normal(count) for g in generators])
    intercepts = shrunk * total + np.sqrt(shrunk) * normals
    drawn: Array = np.where(known, intercepts[:, sites], 0.0)
    return drawn


def _draw_precision(
    kind: str, residual: Array, precision: Array, normals: Array, generators: Sequence[np.random.Generator]
) -> Array:
    """(c, T, T) inverse of S, given the residuals (c, n, T) and the precision before."""
    c, n, T = residual.shape
    prior, weight = _draw_prior(precision, generators)
    cross = np.matmul(residual.transpose(0, 2, 1), residual)
    if kind == "binary":
        size = np.sqrt(np.diagonal(cross, axis1=1, axis2=2) / n)
        cross = cross / (size[:, :, None] * size[:, None, :])
        size = np.sqrt(np.diagonal(prior, axis1=1, axis2=2))
        prior = (weight - T - 1)[:, None, None] * prior / (size[:, :, None] * size[:, None, :])
    root = np.linalg.cholesky(np.linalg.inv(prior + cross))
    chi = np.stack([g.chisquare(weight[i] + n - np.arange(T)) for i, g in enumerate(generators)])
    bartlett = np.zeros((c, T, T))
    bartlett[:, np.arange(T), np.arange(T)] = np.sqrt(chi)
    bartlett[(slice(None), *np.tril_indices(T, -1))] = normals
    left = np.matmul(root, bartlett)
    drawn: Array = np.matmul(left, left.transpose(0, 2, 1))
    if kind == "binary":  # keep the correlations
        covariance = np.linalg.inv(drawn)
        size = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
        drawn = drawn * (size[:, :, None] * size[:, None, :])
    return drawn


def _draw_prior(precision: Array, generators: Sequence[np.random.Generator]) -> tuple[Array, Array]:
    """Scale matrix (c, T, T) and degrees of freedom (c,) of the inverse Wishart prior, given the precision.

    The scale matrix is (w - T - 1) v C(r): (r, w) are drawn from a grid with v integrated out under a flat prior of
    log v, and v from its gamma distribution.
    """
    from scipy.special import gammaln  # slow to load, and whoever reads imputations needs it not

    c, T, _ = precision.shape
    trace = np.trace(precision, axis1=1, axis2=2)
    total = precision.sum(axis=(1, 2))
    r = CORRELATIONS[CORRELATIONS > -0.9 / (T - 1)]
    w = WEIGHTS + T
    inner = trace[:, None] * (1 - r) + (total[:, None]) * r  # (c, R): trace of C(r) S^-1
    log_c = (T - 1) * np.log(1 - r) + np.log(1 + (T - 1) * r)
    log_precision = np.linalg.slogdet(precision)[1]
    constant = gammaln(T * w / 2) - gammaln((w[:, None] - np.arange(T)) / 2).sum(axis=1)
    determinants = (log_c + log_precision[:, None])[:, :, None]
    log_density = (w / 2 * (determinants - T * np.log(inner)[:, :, None]) + constant).reshape(c, -1)
    cumulative = np.cumsum(np.exp(log_density - log_density.max(axis=1, keepdims=True)), axis=1)
    draws = np.stack([g.random(1) for g in generators])
    pick = (cumulative < draws * cumulative[:, -1:]).sum(axis=1)
    rho, weight = r[pick // w.size], w[pick % w.size]
    rate = (weight - T - 1) * (trace * (1 - rho) + total * rho) / 2
    variance = np.array([g.gamma(weight[i] * T / 2) for i, g in enumerate(generators)]) / rate
    equal = (1 - rho)[:, None, None] * np.eye(T) + rho[:, None, None]
    return ((weight - T - 1) * variance)[:, None, None] * equal, weight


def _draw_latent(block: PersonBlock, chains: State, fitted: Array, uniforms: Array) -> None:
    """New latent variables in place, wave by wave given the other waves; known scores of a linear outcome stay."""
    z, precision = chains.z, chains.precision
    for t in range(z.shape[2]):
        own = precision[:, t, t]
        away = np.matmul(z - fitted, precision[:, :, t : t + 1])[:, :, 0]
        centre = z[:, :, t] - away / own[:, None]
        spread = 1 / np.sqrt(own)[:, None]
        low, high = block.low[:, t], block.high[:, t]
        if block.kind == "binary" and block.shift is not None:
            low, high, share = _shifted_limits(block, centre / spread, uniforms[:, :, t], t)
        else:
            share = uniforms[:, :, t]
        drawn = centre + spread * _truncated((low - centre) / spread, (high - centre) / spread, share)
        z[:, :, t] = np.where(block.observed[:, t], z[:, :, t], drawn) if block.kind == "linear" else drawn


def _truncated(low: Array, high: Array, uniforms: Array) -> Array:
    """Standard normal draws between limits, by the inverse distribution function on the side that is precise."""
    from scipy.special import ndtr, ndtri

    flip = low > 0  # the upper tail is computed in the lower one
    a, b = np.where(flip, -high, low), np.where(flip, -low, high)
    below, above = ndtr(a), ndtr(b)
    drawn = ndtri(np.clip(below + uniforms * (above - below), 1e-300, 1 - _EDGE))
    drawn = np.clip(drawn, a, b)
    result: Array = np.where(flip, -drawn, drawn)
    return result


def _shifted_limits(block: PersonBlock, centre: Array, uniforms: Array, t: int) -> tuple[Array, Array, Array]:
    """Limits that make the answer yes with log-odds raised by the shift, and a fresh uniform within them."""
    from scipy.special import ndtr

    assert block.shift is not None
    probability = np.clip(ndtr(centre), _EDGE, 1 - _EDGE)
    odds = probability / (1 - probability) * np.exp(block.shift[:, t])
    no = np.clip(1 / (1 + odds), 1e-300, 1 - _EDGE)
    answer = uniforms > no  # as the inverse distribution function has it, so that a small shift changes few answers
    share = np.where(answer, (uniforms - no) / (1 - no), uniforms / no)
    low = np.where(block.observed[:, t], block.low[:, t], np.where(answer, 0.0, -np.inf))
    high = np.where(block.observed[:, t], block.high[:, t], np.where(answer, np.inf, 0.0))
    return low, high, np.where(block.observed[:, t], uniforms, share)
