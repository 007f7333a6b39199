"""The profiled likelihood of a linear model with a random intercept, in closed form, to check the engines.

With ratio r = (random SD / residual SD)^2 the covariance of person i's rows is proportional to I + r J, whose
inverse is I - r / (1 + n_i r) J; everything else follows from sums per person (Bates et al. 2015, section 3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dnt_cli.arrays import Floats
from dnt_cli.engines.base import DesignMatrix, group_codes


@dataclass(frozen=True, slots=True)
class ProfilePoint:
    """The best coefficients for one variance ratio.

    Attributes:
        log_likelihood: ML log-likelihood, or the REML criterion times -1/2.
        estimate: (k,).
        covariance: (k, k).
        residual_sd: residual standard deviation.
    """

    log_likelihood: float
    estimate: Floats
    covariance: Floats
    residual_sd: float


@dataclass(frozen=True, slots=True)
class LinearProfile:
    """Cross products of a design, ready for repeated evaluation.

    Attributes:
        cross: (k + 1, k + 1) of matrix and response together.
        sums: (G, k + 1) sums of the same per person.
        sizes: (G,) rows per person.
        scale: (k,) lengths of the columns, by which they were divided.
        reml: whether the criterion is the restricted one.
    """

    cross: Floats
    sums: Floats
    sizes: Floats
    scale: Floats
    reml: bool

    def at(self, random_sd: float, residual_sd: float) -> ProfilePoint:
        """Coefficients and log-likelihood given the ratio of the two standard deviations."""
        ratio = (random_sd / residual_sd) ** 2
        shrink = ratio / (1.0 + self.sizes * ratio)
        whole = self.cross - (self.sums * shrink[:, None]).T @ self.sums
        left, right, square = whole[:-1, :-1], whole[:-1, -1], whole[-1, -1]
        inverse = np.linalg.inv(left)
        estimate = inverse @ right
        k = estimate.size
        n = float(self.sizes.sum())
        divisor = n - k if self.reml else n
        variance = (square - right @ estimate) / divisor
        # A variance lost to rounding gives nan, which passes no check.
        with np.errstate(invalid="ignore", divide="ignore"):
            log_variance, residual_sd = np.log(variance), float(np.sqrt(variance))
        criterion = divisor * (np.log(2.0 * np.pi) + log_variance + 1.0) + np.log1p(self.sizes * ratio).sum()
        if self.reml:
            criterion += np.linalg.slogdet(left)[1] + 2.0 * np.log(self.scale).sum()
        return ProfilePoint(
            log_likelihood=-0.5 * float(criterion),
            estimate=estimate / self.scale,
            covariance=variance * inverse / np.outer(self.scale, self.scale),
            residual_sd=residual_sd,
        )

    def decrement(self, random_sd: float, residual_sd: float) -> float:
        """What a Newton step in log(random SD) would still gain in log-likelihood; 0 for a variance of zero."""
        if random_sd == 0.0:
            return 0.0
        step = 1e-3
        low, middle, high = (
            self.at(random_sd * factor, residual_sd).log_likelihood for factor in (np.exp(-step), 1.0, np.exp(step))
        )
        slope = (high - low) / (2.0 * step)
        bend = abs(high - 2.0 * middle + low) / step**2
        return float(0.5 * slope * slope / max(bend, 1e-6))


def linear_profile(design: DesignMatrix, *, reml: bool) -> LinearProfile:
    """Collect the sums that the profiled likelihood needs."""
    if design.groups is None:
        raise ValueError("a profiled likelihood needs groups")
    codes = group_codes(design.groups)
    # Columns of unit length and a centred response keep the cross products well conditioned.
    scale = np.linalg.norm(design.matrix, axis=0)
    joined = np.column_stack([design.matrix / scale, design.response])
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    return LinearProfile(
        cross=joined.T @ joined,
        sums=np.add.reduceat(joined[order], starts, axis=0),
        sizes=np.bincount(codes).astype(float),
        scale=scale,
        reml=reml,
    )
