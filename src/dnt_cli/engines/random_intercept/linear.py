"""Linear models with a random intercept, by the likelihood profiled over coefficients and residual variance.

With ratio r = (random SD / residual SD)^2 the covariance of a person's n_i rows is proportional to I + r J, whose
inverse is I - r / (1 + n_i r) J; everything follows from sums per person (Bates et al. 2015, section 3), and only r is
searched for. Degrees of freedom are Satterthwaite's, with exact derivatives, as lmerTest computes them numerically
(Kuznetsova, Brockhoff and Christensen 2017).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dnt_cli.arrays import Floats, Integers
from dnt_cli.engines.random_intercept.packing import Stack, transposed

# Ratios of variances at which the search begins, and the ends of its range; log scale.
_GRID = np.linspace(np.log(1e-4), np.log(1e4), 17)
_LOWEST, _HIGHEST = np.log(1e-9), np.log(1e9)
_SINGULAR = 1e-8  # a ratio of SDs below 1e-4 is zero, as in lme4
_STEPS = 80
_ROUNDING = 1e-13  # of the sum of squares: what rounding leaves of a residual that is zero


@dataclass(frozen=True, slots=True)
class LinearOptimum:
    """Where the search ended, per data set, in the basis of the stack.

    Attributes:
        coefficients: (m, k).
        covariance: (m, k, k).
        ratio: (m,) of random to residual variance.
        variance: (m,) residual variance.
        log_likelihood: (m,) of ML, or the REML criterion times -1/2, in the columns of the designs.
        decrement: (m,) rise that another Newton step in the log ratio would bring.
        converged: (m,) whether it is an optimum.
    """

    coefficients: Floats
    covariance: Floats
    ratio: Floats
    variance: Floats
    log_likelihood: Floats
    decrement: Floats
    converged: np.ndarray


@dataclass(frozen=True, slots=True)
class _At:
    """The profiled deviance at a ratio, divided by its constants.

    Attributes:
        deviance: (m,).
        slope: (m,) in the ratio.
        bend: (m,) second derivative in the ratio.
        coefficients: (m, k).
        square: (m,) weighted residual sum of squares, and its first and second derivative.
        inverse: (m, k, k) of X'WX.
        change: (m, k, k) derivative of X'WX.
        bend_of_rest: (m,) second derivative of what does not depend on the residual variance.
    """

    deviance: Floats
    slope: Floats
    bend: Floats
    coefficients: Floats
    square: tuple[Floats, Floats, Floats]
    inverse: Floats
    change: Floats
    bend_of_rest: Floats


@dataclass(frozen=True, slots=True)
class LinearData:
    """Cross products of a stack: (m, k + 1, k + 1) in all, and sums (m, G, k + 1) per person of `sizes` rows."""

    cross: Floats
    sums: Floats
    sizes: Floats
    least: Floats
    reml: bool

    @staticmethod
    def of(stack: Stack, *, reml: bool) -> LinearData:
        """Collect the sums. The response is replaced by its residual of least squares (m, k), to keep digits."""
        n = stack.matrix.shape[1]
        least = (stack.response[:, None, :] @ stack.matrix)[:, 0] / n
        left = stack.response - (stack.matrix @ least[..., None])[..., 0]
        joined = np.concatenate([stack.matrix, left[..., None]], axis=2)
        sums = np.add.reduceat(joined, stack.starts, axis=1)
        return LinearData(transposed(joined) @ joined, sums, stack.sizes.astype(float), least, reml)

    @property
    def divisor(self) -> float:
        """What the residual sum of squares is divided by."""
        columns = self.cross.shape[1] - 1
        return float(self.sizes.sum()) - (columns if self.reml else 0)

    def at(self, ratio: Floats, which: Integers) -> _At:
        """The profile of some data sets, at a ratio (len(which),) each."""
        sizes, sums = self.sizes, self.sums[which]
        inner = 1.0 / (1.0 + sizes * ratio[:, None])  # (m, G)
        whole = self.cross[which] - transposed(sums * (ratio[:, None] * inner)[..., None]) @ sums
        inverse: Floats = np.asarray(np.linalg.inv(whole[:, :-1, :-1]), dtype=float)
        beta = (inverse @ whole[:, :-1, -1:])[..., 0]
        square = whole[:, -1, -1] - (whole[:, :-1, -1] * beta).sum(axis=1)
        own, rest = sums[..., :-1], sums[..., -1] - (sums[..., :-1] @ beta[..., None])[..., 0]
        first, second = -(inner**2), 2.0 * sizes * inner**3
        drift = transposed(own) @ (first * rest)[..., None]  # (m, k, 1)
        square_first = (first * rest**2).sum(axis=1)
        square_second = (second * rest**2).sum(axis=1) - 2.0 * (transposed(drift) @ inverse @ drift)[:, 0, 0]
        change = transposed(own * first[..., None]) @ own
        deviance = np.log1p(sizes * ratio[:, None]).sum(axis=1)
        slope, bend = (sizes * inner).sum(axis=1), -((sizes * inner) ** 2).sum(axis=1)
        if self.reml:
            relative = inverse @ change
            deviance = deviance - np.linalg.slogdet(inverse)[1]
            slope = slope + np.trace(relative, axis1=1, axis2=2)
            again = inverse @ (transposed(own * second[..., None]) @ own)
            bend = bend + np.trace(again - relative @ relative, axis1=1, axis2=2)
        with np.errstate(invalid="ignore", divide="ignore"):  # a residual variance lost to rounding
            steep = square_first / square
            return _At(
                deviance + self.divisor * np.log(square),
                slope + self.divisor * steep,
                bend + self.divisor * (square_second / square - steep**2),
                beta,
                (square, square_first, square_second),
                inverse,
                change,
                bend,
            )


def fit_linear_stack(stack: Stack, *, reml: bool) -> tuple[LinearOptimum, Floats]:
    """REML or maximum likelihood for every data set of a stack.

    Returns:
        The optimum, and Satterthwaite's degrees of freedom (m, k) of the coefficients in the columns of the designs.
    """
    data = LinearData.of(stack, reml=reml)
    every = np.arange(len(stack.places))
    ratio = _best_ratio(data, every)
    ratio[ratio < _SINGULAR] = 0.0
    at = data.at(ratio, every)
    return _optimum(stack, data, at, ratio), _satterthwaite(stack, data, at, ratio)


def optimum_at(stack: Stack, ratio: Floats, *, reml: bool) -> LinearOptimum:
    """What is best at given ratios (m,); `decrement` says how far they are from the optimum."""
    data = LinearData.of(stack, reml=reml)
    return _optimum(stack, data, data.at(ratio, np.arange(ratio.size)), ratio)


def _optimum(stack: Stack, data: LinearData, at: _At, ratio: Floats) -> LinearOptimum:
    variance = at.square[0] / data.divisor
    constant = data.divisor * (np.log(2.0 * np.pi) + 1.0 - np.log(data.divisor))
    units = 2.0 * np.linalg.slogdet(stack.triangle)[1] if data.reml else 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        bend = np.abs(at.bend * ratio**2 + at.slope * ratio)
        decrement = np.where(ratio > 0.0, 0.25 * (at.slope * ratio) ** 2 / np.maximum(bend, 1e-6), 0.0)
    # A residual sum of squares lost to rounding, or a ratio at the end of the range, is no answer.
    lost = at.square[0] <= _ROUNDING * np.square(stack.response).sum(axis=1)
    return LinearOptimum(
        data.least + at.coefficients,
        variance[:, None, None] * at.inverse,
        ratio,
        variance,
        -0.5 * (at.deviance + constant + units),
        decrement,
        np.isfinite(at.deviance) & ~lost & (ratio < 0.9 * np.exp(_HIGHEST)),
    )


def _best_ratio(data: LinearData, every: Integers) -> Floats:
    """(m,) ratio with the lowest deviance: the best of a grid, then Newton in its logarithm within a bracket."""
    values = np.stack([data.at(np.full(every.size, np.exp(x)), every).deviance for x in _GRID])
    zero = data.at(np.zeros(every.size), every)
    values = np.where(np.isfinite(values), values, np.inf)
    best = values.argmin(axis=0)
    ends = np.concatenate([[_LOWEST], _GRID, [_HIGHEST]])
    low, high = ends[best], ends[best + 2]
    found = np.zeros(every.size)
    # At zero the deviance has a slope; where it rises from there and nothing on the grid is lower, zero is best.
    todo = np.flatnonzero(~((best == 0) & (zero.slope >= 0.0)) & ~((zero.deviance <= values.min(axis=0)) & (best > 0)))
    point = _GRID[best[todo]]
    low, high = low[todo], high[todo]
    for _ in range(_STEPS):
        if not todo.size:
            break
        ratio = np.exp(point)
        at = data.at(ratio, every[todo])
        slope, bend = at.slope * ratio, at.bend * ratio**2 + at.slope * ratio
        low, high = np.where(slope < 0.0, point, low), np.where(slope < 0.0, high, point)
        with np.errstate(divide="ignore", invalid="ignore"):
            new = point - slope / bend
        inside = (bend > 0.0) & (new > low) & (new < high)
        new = np.where(inside, new, 0.5 * (low + high))
        found[todo] = np.exp(new)
        going = np.abs(new - point) > 1e-11
        todo, point, low, high = todo[going], new[going], low[going], high[going]
    return found


def _satterthwaite(stack: Stack, data: LinearData, at: _At, ratio: Floats) -> Floats:
    """(m, k) 2 v^2 / (g'Ag): v the variance of a coefficient, g its slope in the variances, A their covariance.

    The variances enter as log residual variance and ratio; the result does not depend on that choice. A variance of
    zero takes no part.
    """
    back = np.linalg.inv(stack.triangle)
    own = np.square(back @ np.linalg.cholesky(at.inverse)).sum(axis=2)  # (m, k) v / residual variance
    moved = back @ at.inverse
    change = -((moved @ at.change) * moved).sum(axis=2)
    square, first, second = at.square
    variance = square / data.divisor
    with np.errstate(divide="ignore", invalid="ignore"):
        corner = data.divisor
        side = -first / variance
        ratio_bend = at.bend_of_rest + second / variance
        rest = ratio_bend - side**2 / corner
        # Inverse of half the deviance's second derivatives, [corner, side; side, ratio_bend].
        spread = np.where(ratio > 0.0, 2.0 / rest, 0.0)
        lean = -side / corner
        relative = change / own
        # g'Ag / v^2 with g = (1, relative)
        spreads = 2.0 / corner + spread[:, None] * (lean[:, None] + relative) ** 2
        freedom: Floats = 2.0 / spreads
    return freedom
