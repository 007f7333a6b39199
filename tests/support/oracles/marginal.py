"""The likelihood of a logistic model with a random intercept, written independently of the engines to check them.

For person i with rows j, linear predictor e_j and random intercept sd * u, u standard normal, the contribution is
the integral over u of exp(f(u)), f(u) = sum_j log P(y_j | e_j + sd * u) - u^2 / 2. Adaptive Gauss-Hermite quadrature
puts its nodes around the maximum of f, scaled by its curvature (Pinheiro and Bates 1995); with one node it is the
Laplace approximation. Conventions are lme4's: the constant of the standard normal density is included.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dnt_cli.arrays import Floats
from dnt_cli.engines.base import DesignMatrix, group_codes

_MODE_STEPS = 100


@dataclass(frozen=True, slots=True)
class Likelihood:
    """The value and slope of the marginal log-likelihood at one point.

    Attributes:
        value: log-likelihood.
        slope: (k + 1,) derivative with respect to the k coefficients and the standard deviation.
        mode: (G,) most likely random intercepts, in standard deviations; a start for a point nearby.
    """

    value: float
    slope: Floats
    mode: Floats


@dataclass(frozen=True, slots=True)
class MarginalModel:
    """Rows sorted by person, ready for repeated evaluation.

    Attributes:
        matrix: (n, k).
        response: (n,) of 0 and 1.
        person: (n,) codes 0..G-1, ascending.
        starts: (G,) first row of each person.
    """

    matrix: Floats
    response: Floats
    person: NDArray[np.int64]
    starts: NDArray[np.int64]

    def likelihood(self, coefficients: Floats, sd: float, nodes: int = 1, start: Floats | None = None) -> Likelihood:
        """Value and slope at the given coefficients (k,) and standard deviation sd >= 0.

        Args:
            coefficients: (k,) on the logit scale.
            sd: of the random intercept.
            nodes: of the quadrature; 1 is Laplace.
            start: (G,) modes of a point nearby, to save steps.
        """
        linear = self.matrix @ coefficients
        mode = self._modes(linear, sd, start)
        chance = _logistic(linear + sd * mode[self.person])
        weight = chance * (1.0 - chance)
        skew = weight * (1.0 - 2.0 * chance)
        total_weight = self._sum(weight)
        curvature = 1.0 + sd * sd * total_weight
        # How mode and curvature move with the parameters, from differentiating f'(mode) = 0. The last column is sd.
        columns = np.column_stack([self.matrix, mode[self.person]])
        mode_slope = -sd * self._sum(weight[:, None] * columns) / curvature[:, None]
        mode_slope[:, -1] += self._sum(self.response - chance) / curvature
        moved = columns + sd * mode_slope[self.person]
        curvature_slope = sd * sd * self._sum(skew[:, None] * moved)
        curvature_slope[:, -1] += 2.0 * sd * total_weight
        return self._integrate(linear, sd, nodes, mode, curvature, mode_slope, curvature_slope)

    def std_error(self, coefficients: Floats, sd: float, nodes: int, scale: Floats, at: Likelihood) -> Floats:
        """(k,) standard errors of the coefficients from the curvature at an optimum; nan when it is no maximum.

        Args:
            coefficients: (k,) optimum.
            sd: optimum; at zero the slope in sd is zero by symmetry and takes no part.
            nodes: of the quadrature.
            scale: (k,) rough standard errors, for the steps of the numerical derivative.
            at: likelihood at the optimum.
        """
        k = coefficients.size
        free = k + (sd > 0.0)
        steps = 1e-4 * np.append(scale, max(sd, 0.1))
        information = np.empty((free, free))
        for i in range(free):
            moved = np.append(coefficients, sd)
            moved[i] += steps[i]
            there = self.likelihood(moved[:k], float(moved[k]), nodes, at.mode)
            information[i] = (at.slope[:free] - there.slope[:free]) / steps[i]
        # Symmetrised and in units of the steps, so that very different columns do not spoil the inverse.
        unit = np.outer(steps[:free], steps[:free])
        try:
            inverse = np.linalg.inv(0.5 * (information + information.T) * unit) * unit
        except np.linalg.LinAlgError:
            return np.full(k, np.nan)
        variance = np.diag(inverse)[:k]
        return np.sqrt(np.where(variance > 0.0, variance, np.nan))

    def _integrate(
        self,
        linear: Floats,
        sd: float,
        nodes: int,
        mode: Floats,
        curvature: Floats,
        mode_slope: Floats,
        curvature_slope: Floats,
    ) -> Likelihood:
        position, weight = np.polynomial.hermite_e.hermegauss(nodes)
        log_weight = np.log(weight / np.sqrt(2.0 * np.pi)) + 0.5 * position**2
        point = mode[:, None] + position / np.sqrt(curvature)[:, None]  # (G, nodes)
        at = linear[:, None] + sd * point[self.person]
        sign = (2.0 * self.response - 1.0)[:, None]
        integrand = self._sum(-np.logaddexp(0.0, -sign * at)) - 0.5 * point**2 + log_weight
        top = integrand.max(axis=1)
        share = np.exp(integrand - top[:, None])
        total = share.sum(axis=1)
        value = float((top + np.log(total) - 0.5 * np.log(curvature)).sum())
        share /= total[:, None]

        residual = self.response[:, None] - _logistic(at)
        pull = sd * self._sum(residual) - point  # f' at every node; zero at the mode
        slope = np.empty(self.matrix.shape[1] + 1)
        slope[:-1] = (residual * share[self.person]).sum(axis=1) @ self.matrix
        slope[-1] = float((self._sum(residual) * point * share).sum())
        first = (pull * share).sum(axis=1)
        second = -0.5 * (pull * share * position).sum(axis=1) / curvature**1.5
        slope += first @ mode_slope + (second - 0.5 / curvature) @ curvature_slope
        return Likelihood(value=value, slope=slope, mode=mode)

    def _modes(self, linear: Floats, sd: float, start: Floats | None) -> Floats:
        """(G,) maximum of f per person; f is strictly concave, so Newton with halved steps always arrives."""
        mode = np.zeros(self.starts.size) if start is None else start
        if sd == 0.0:
            return mode
        height = self._height(linear, sd, mode)
        for _ in range(_MODE_STEPS):
            chance = _logistic(linear + sd * mode[self.person])
            slope = sd * self._sum(self.response - chance) - mode
            step = slope / (1.0 + sd * sd * self._sum(chance * (1.0 - chance)))
            mode_new = mode + step
            height_new = self._height(linear, sd, mode_new)
            for _ in range(40):
                lower = height_new < height - 1e-13 * (1.0 + np.abs(height))
                if not lower.any():
                    break
                step[lower] /= 2.0
                mode_new = mode + step
                height_new = self._height(linear, sd, mode_new)
            mode, height = mode_new, height_new
            if np.abs(step).max() < 1e-11:
                break
        return mode

    def _height(self, linear: Floats, sd: float, mode: Floats) -> Floats:
        signed = (2.0 * self.response - 1.0) * (linear + sd * mode[self.person])
        height: Floats = self._sum(-np.logaddexp(0.0, -signed)) - 0.5 * mode * mode
        return height

    def _sum(self, rows: Floats) -> Floats:
        """Sums over the rows of each person."""
        sums: Floats = np.add.reduceat(rows, self.starts, axis=0)
        return sums


def marginal_model(design: DesignMatrix) -> MarginalModel:
    """Sort a design with groups by person."""
    if design.groups is None:
        raise ValueError("a marginal likelihood needs groups")
    codes = group_codes(design.groups)
    order = np.argsort(codes, kind="stable")
    person = codes[order]
    starts = np.flatnonzero(np.diff(person, prepend=-1))
    return MarginalModel(
        matrix=np.ascontiguousarray(design.matrix[order]),
        response=design.response[order],
        person=person,
        starts=starts,
    )


def _logistic(value: Floats) -> Floats:
    # exp of a large positive number overflows to inf and the ratio to 0, which is right.
    with np.errstate(over="ignore"):
        result: Floats = 1.0 / (1.0 + np.exp(-value))
    return result
