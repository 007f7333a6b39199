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

Everything is computed for c imputations at once and imputation by imputation, as in `chained`. Most predictors are the
same at all waves, so the rows of x are not written out: what a round needs of them are their products summed over
persons. Latent variables are drawn for so many persons at a time that their arrays stay in a processor's cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
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
FIRST_SWEEPS = 25
"""Gibbs steps of a block in the first round, in which its chains find their way."""
_EDGE = 1e-12  # of a probability
_AT_ONCE = 4096  # persons whose latent variables are drawn together


@dataclass(frozen=True, slots=True)
class PersonBlock:
    """How the T waves of one outcome are imputed together.

    Attributes:
        positions: (T,) column indices in the table, in order of time.
        own: (T,) design rows of those columns.
        kind: `binary`, `linear` or `ranked`.
        observed: (T, n) which cells are known.
        latent: (T, n) known scores on the latent scale, 0 elsewhere; starting values of the other kinds.
        low: (T, n) lower limit of the latent variable, -inf where unknown; empty for a linear outcome.
        high: (T, n) upper limit.
        person_rows: (k,) design rows that are the same at all waves.
        wave_rows: (a, T) design rows of other outcomes at the same waves; 0 (ones) where an outcome was not asked.
        waves_asked: (a, T) 1 where that outcome was asked.
        thresholds: (K - 1,) between the values of a ranked outcome.
        support: (K,) values that occur, in order; of a linear outcome those to put a draw at, or empty.
        mean: subtracted from a linear outcome.
        scale: and divided by.
        bounds: lowest and highest value that may be imputed.
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
        z: (c, T, n) latent variable.
        precision: (c, T, T) inverse of S.
        site: (c, n) intercept of each person's site; None without sites.
    """

    z: Array
    precision: Array
    site: Array | None


@dataclass(frozen=True, slots=True)
class Predictors:
    """The predictors x of a block in one round, each row of numbers written once.

    Attributes:
        rows: (c, q, n) ones, the group, the person's characteristics, other outcomes on average and at each wave.
        place: (T, p) which of the rows is predictor j at wave t; q: it is 0 there.
        products: (c, T (T + 1) / 2, p (p + 1) / 2) products of predictors i >= j at waves t >= s, summed over persons;
            of two waves those of i at t with j at s, and of i at s with j at t.
    """

    rows: Array
    place: NDArray[np.intp]
    products: Array


def start(block: PersonBlock, state: Array) -> State:
    """Chains that begin at the values that are in the design now.

    Args:
        block: the block.
        state: (c, D, n) design with every gap filled.
    """
    c, n, T = state.shape[0], state.shape[2], len(block.positions)
    reach = 2.0 if block.kind == "linear" else 1.0
    z = np.where(block.observed, block.latent, np.clip(state[:, block.own], -reach, reach))
    covariance = 0.5 * np.eye(T) + 0.5
    site = None if block.sites is None else np.zeros((c, n))
    return State(z, np.repeat(np.linalg.inv(covariance)[None], c, axis=0), site)


def sweep(block: PersonBlock, chains: State, x: Predictors, generators: Sequence[np.random.Generator]) -> None:
    """One Gibbs round of a block, in place: coefficients, covariance, latent variables.

    Args:
        block: the block.
        chains: where its chains are.
        x: predictors, from `predictors`.
        generators: c random streams.
    """
    _, T, n = chains.z.shape
    p = x.place.shape[1]
    normals = np.stack([g.standard_normal(p + T * (T - 1) // 2) for g in generators])
    uniforms = np.empty((len(generators), n, T))
    for generator, own in zip(generators, uniforms, strict=True):
        generator.random(out=own)
    beta = _draw_coefficients(block, chains, x, normals[:, :p])
    residual = _fitted(x, beta)
    np.subtract(chains.z, residual, out=residual)
    if block.sites is not None:
        chains.site = _draw_sites(block.sites, residual, chains.precision, generators)
        residual -= chains.site[:, None, :]
    chains.precision = _draw_precision(block.kind, residual, chains.precision, normals[:, p:], generators)
    for first in range(0, n, _AT_ONCE):
        _draw_latent(block, chains, residual, uniforms, slice(first, min(first + _AT_ONCE, n)))


def predictors(block: PersonBlock, state: Array, group: Array) -> Predictors:
    """Wave dummies, group x wave, the person's characteristics, other outcomes at the wave and on average.

    Args:
        block: the block.
        state: (c, D, n) standardised design.
        group: (n,) centred group.
    """
    c, _, n = state.shape
    T, k, a, p = len(block.positions), len(block.person_rows), len(block.wave_rows), block.size
    q = 2 + k + a + a * T
    rows = np.empty((c, q, n))
    rows[:, 0], rows[:, 1] = 1.0, group
    rows[:, 2 : 2 + k] = state[:, block.person_rows]
    beside = rows[:, 2 + k + a :].reshape(c, a, T, n)
    np.multiply(state[:, block.wave_rows], block.waves_asked[None, :, :, None], out=beside)
    rows[:, 2 + k : 2 + k + a] = beside.sum(axis=2) / block.waves_asked.sum(axis=1)[None, :, None]
    place = np.full((T, p), q, dtype=np.intp)
    wave = np.arange(T)
    place[wave, wave], place[wave, T + wave] = 0, 1
    place[:, 2 * T : 2 * T + k] = 2 + np.arange(k)
    place[:, 2 * T + k : 2 * T + k + a] = 2 + k + a + np.arange(a) * T + wave[:, None]
    place[:, 2 * T + k + a :] = 2 + k + np.arange(a)
    sums = np.zeros((c, q + 1, q + 1))
    sums[:, :q, :q] = np.matmul(rows, rows.transpose(0, 2, 1))
    later, earlier = _triangle(T)
    one, other = _triangle(p)
    products = sums[:, place[later][:, one], place[earlier][:, other]]
    two = later > earlier
    products[:, two] += sums[:, place[earlier[two]][:, one], place[later[two]][:, other]]
    return Predictors(rows, place, products)


def values(block: PersonBlock, chains: State, t: int) -> Array:
    """(c, u) what is imputed at wave t, in the outcome's own units."""
    persons = block.missing[t]
    z = chains.z[:, t, persons]
    if block.kind == "binary":
        return (z > 0).astype(float)
    if block.kind == "ranked":
        return block.support[np.searchsorted(block.thresholds, z)]
    drawn = z * block.scale + block.mean
    if block.support.size:
        drawn = nearest(block.support, drawn)
    return np.clip(drawn, *block.bounds)


@cache
def _triangle(size: int, shift: int = 0) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Rows and columns of the cells of a lower triangle, as NumPy's `tril_indices`, which takes long."""
    return np.tril_indices(size, shift)


@cache
def _symmetric(size: int) -> NDArray[np.intp]:
    """(size, size) where each cell of a symmetric matrix stands in its lower triangle."""
    high, low = (f(np.arange(size)[:, None], np.arange(size)) for f in (np.maximum, np.minimum))
    place: NDArray[np.intp] = high * (high + 1) // 2 + low
    return place


def _fitted(x: Predictors, beta: Array) -> Array:
    """(c, T, n) x'b, given the coefficients (c, p)."""
    c, q, _ = x.rows.shape
    T = len(x.place)
    spread = np.zeros((c, T, q + 1))
    spread[:, np.arange(T)[:, None], x.place] = beta[:, None, :]
    fitted: Array = np.matmul(spread[:, :, :q], x.rows)
    return fitted


def _draw_coefficients(block: PersonBlock, chains: State, x: Predictors, normals: Array) -> Array:
    """(c, p) from their normal distribution given z and S."""
    c, q, _ = x.rows.shape
    T, p = x.place.shape
    lower = np.matmul(chains.precision[:, None, *_triangle(T)], x.products)[:, 0]
    gram = np.take(lower, _symmetric(p), axis=1)
    z = chains.z if chains.site is None else chains.z - chains.site[:, None, :]
    with_z = np.zeros((c, q + 1, T))
    with_z[:, :q] = np.matmul(np.matmul(x.rows, z.transpose(0, 2, 1)), chains.precision)
    right = with_z[:, x.place, np.arange(T)[:, None]].sum(axis=1)[:, :, None]
    slope = LATENT_SLOPE_SCALE if block.kind == "binary" else SLOPE_SCALE
    prior = np.full(p, slope**-2.0)
    prior[:T] = WAVE_SCALE**-2.0
    diagonal = np.arange(p)
    gram[:, diagonal, diagonal] += prior
    noise = np.matmul(np.linalg.cholesky(gram), normals[:, :, None])
    drawn: Array = np.linalg.solve(gram, right + noise)[:, :, 0]
    return drawn


def _draw_sites(
    sites: NDArray[np.intp], residual: Array, precision: Array, generators: Sequence[np.random.Generator]
) -> Array:
    """(c, n) intercept of each person's site given the residuals (c, T, n) from the coefficients.

    The weighted mean residual of site s is N(u_s, 1 / a_s) with a_s = n_s 1'S^-1 1.
    """
    c, known, count = len(residual), sites >= 0, int(sites.max()) + 1
    place = np.where(known, sites, count) + (count + 1) * np.arange(c)[:, None]  # the last is of unknown sites
    weight = precision.sum(axis=2)  # (c, T): 1'S^-1
    level = np.matmul(weight[:, None, :], residual)[:, 0]
    total = np.bincount(place.ravel(), level.ravel(), c * (count + 1)).reshape(c, -1)[:, :count]
    amount = np.bincount(sites[known], minlength=count) * weight.sum(axis=1)[:, None]  # (c, S): a_s
    size = np.maximum(amount, 1e-12)
    variance = SITE_SPREADS**2 + 1 / size[:, :, None]  # (c, S, H) of the mean residual
    squares = ((total / size) ** 2)[:, :, None] / variance
    log_density = -0.5 * (np.log(variance) + squares).sum(axis=1) - 0.5 * (SITE_SPREADS / SITE_SCALE) ** 2
    spread = SITE_SPREADS[_pick(log_density, generators)]
    shrunk = (spread**2)[:, None] / (1 + amount * (spread**2)[:, None])  # variance of u_s given all else
    intercepts = np.zeros((c, count + 1))
    for generator, own in zip(generators, intercepts, strict=True):
        generator.standard_normal(out=own[:count])
    intercepts[:, :count] = shrunk * total + np.sqrt(shrunk) * intercepts[:, :count]
    return np.take(intercepts.ravel(), place)


def _pick(log_density: Array, generators: Sequence[np.random.Generator]) -> NDArray[np.intp]:
    """(c,) which point of a grid is drawn, given its log density (c, points) up to a constant."""
    cumulative = np.cumsum(np.exp(log_density - log_density.max(axis=1, keepdims=True)), axis=1)
    draws = np.array([g.random() for g in generators])
    pick: NDArray[np.intp] = (cumulative < draws[:, None] * cumulative[:, -1:]).sum(axis=1)
    return pick


def _draw_precision(
    kind: str, residual: Array, precision: Array, normals: Array, generators: Sequence[np.random.Generator]
) -> Array:
    """(c, T, T) inverse of S, given the residuals (c, T, n) and the precision before."""
    c, T, n = residual.shape
    prior, weight = _draw_prior(precision, generators)
    cross = np.matmul(residual, residual.transpose(0, 2, 1))
    if kind == "binary":
        size = np.sqrt(np.diagonal(cross, axis1=1, axis2=2) / n)
        cross = cross / (size[:, :, None] * size[:, None, :])
        size = np.sqrt(np.diagonal(prior, axis1=1, axis2=2))
        prior = (weight - T - 1)[:, None, None] * prior / (size[:, :, None] * size[:, None, :])
    root = np.linalg.cholesky(np.linalg.inv(prior + cross))
    freedom = (weight[:, None] + n - np.arange(T)).tolist()  # one by one is quicker than a few at once
    chi = np.array([[g.chisquare(df) for df in own] for own, g in zip(freedom, generators, strict=True)])
    bartlett = np.zeros((c, T, T))
    bartlett[:, np.arange(T), np.arange(T)] = np.sqrt(chi)
    bartlett[:, *_triangle(T, -1)] = normals
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
    c, T, _ = precision.shape
    r, w, log_c, constant = _prior_grid(T)
    trace = np.trace(precision, axis1=1, axis2=2)
    total = precision.sum(axis=(1, 2))
    inner = trace[:, None] * (1 - r) + (total[:, None]) * r  # (c, R): trace of C(r) S^-1
    log_precision = np.linalg.slogdet(precision)[1]
    determinants = (log_c + log_precision[:, None])[:, :, None]
    log_density = (w / 2 * (determinants - T * np.log(inner)[:, :, None]) + constant).reshape(c, -1)
    pick = _pick(log_density, generators)
    rho, weight = r[pick // w.size], w[pick % w.size]
    rate = (weight - T - 1) * (trace * (1 - rho) + total * rho) / 2
    variance = np.array([g.gamma(own) for own, g in zip(weight * T / 2, generators, strict=True)]) / rate
    equal = (1 - rho)[:, None, None] * np.eye(T) + rho[:, None, None]
    return ((weight - T - 1) * variance)[:, None, None] * equal, weight


@cache
def _prior_grid(T: int) -> tuple[Array, Array, Array, Array]:
    """Correlations r (R,) and weights w (W,) of the prior, log determinant of C(r), and a constant by weight."""
    from scipy.special import gammaln  # slow to load, and whoever reads imputations needs it not

    r = CORRELATIONS[CORRELATIONS > -0.9 / (T - 1)]
    w = WEIGHTS + T
    log_c = (T - 1) * np.log(1 - r) + np.log(1 + (T - 1) * r)
    constant = gammaln(T * w / 2) - gammaln((w[:, None] - np.arange(T)) / 2).sum(axis=1)
    return r, w, log_c, constant


def _draw_latent(block: PersonBlock, chains: State, residual: Array, uniforms: Array, persons: slice) -> None:
    """New latent variables of some persons in place, wave by wave given the other waves.

    Known scores of a linear outcome stay. `residual` (c, T, n) is that of the values before, and of those after.
    """
    precision, linear = chains.precision, block.kind == "linear"
    for t, missing in enumerate(block.missing):
        who: slice | NDArray[np.intp] = persons
        if linear:
            who = missing[slice(*np.searchsorted(missing, (persons.start, persons.stop)))]
        own = precision[:, t, t]
        away = np.matmul(precision[:, t : t + 1], residual[:, :, who])[:, 0]
        before = chains.z[:, t, who]
        centre = before - away / own[:, None]
        spread = 1 / np.sqrt(own)[:, None]
        if linear:
            normal = _normal(uniforms[:, who, t])
        else:
            normal = _truncated(block.low[t, who], block.high[t, who], centre, spread, uniforms[:, who, t])
        drawn = centre + spread * normal
        residual[:, t, who] += drawn - before
        chains.z[:, t, who] = drawn


def _truncated(low: Array, high: Array, centre: Array, spread: Array, uniforms: Array) -> Array:
    """(c, n) standard normal draws z with low < centre + spread * z < high.

    They are draws by the inverse distribution function in the tail that is precise: the upper one where both limits
    are positive. A limit that is infinite costs nothing.

    Args:
        low: (n,) lower limits, -inf for none.
        high: (n,) upper limits, inf for none.
        centre: (c, n).
        spread: (c, 1).
        uniforms: (c, n).
    """
    drawn = np.empty(uniforms.shape)
    has_low, has_high = np.isfinite(low), np.isfinite(high)
    for lower, upper in product((False, True), repeat=2):
        own = np.flatnonzero((has_low == lower) & (has_high == upper))
        if own.size:
            middle = centre[:, own]
            drawn[:, own] = _between(
                (low[own] - middle) / spread if lower else None,
                (high[own] - middle) / spread if upper else None,
                uniforms[:, own],
            )
    return drawn


def _between(low: Array | None, high: Array | None, uniforms: Array) -> Array:
    """Standard normal draws between limits, all (c, k); None is infinite."""
    from scipy.special import ndtr

    if low is None:
        return _normal(uniforms) if high is None else np.minimum(_normal(uniforms * ndtr(high)), high)
    upper = low > 0
    sign = np.where(upper, -1.0, 1.0)
    at_low = ndtr(sign * low)
    at_high = 1.0 - upper if high is None else ndtr(sign * high)
    drawn = np.maximum(sign * _normal(np.minimum(at_low, at_high) + uniforms * np.abs(at_high - at_low)), low)
    return drawn if high is None else np.minimum(drawn, high)


def _normal(probability: Array) -> Array:
    """Quantiles of the standard normal distribution, finite at 0 and 1 too."""
    from scipy.special import ndtri

    quantile: Array = ndtri(np.minimum(np.maximum(probability, 1e-300), 1 - _EDGE))
    return quantile
