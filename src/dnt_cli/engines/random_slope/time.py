"""The scale of time on which intercepts and slopes are searched for: centred, in standard deviations.

So the unit of time does not matter, and intercept and slope are as unlike as can be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dnt_cli.arrays import Floats
from dnt_cli.engines.base import DesignMatrix

SINGULAR = 1e-4
"""Smallest root of the covariance of intercept and slope, as a share of the largest, that is told from zero."""


@dataclass(frozen=True, slots=True)
class Time:
    """A column of a design.

    Attributes:
        centre: Its mean.
        spread: Its standard deviation.
    """

    centre: float
    spread: float

    @staticmethod
    def of(design: DesignMatrix, term: str) -> Time:
        """The scale of a term."""
        column = design.matrix[:, design.terms.index(term)]
        return Time(float(column.mean()), float(column.std()))

    def scaled(self, time: Floats) -> Floats:
        """Times on this scale."""
        return (time - self.centre) / self.spread

    def covariance(self, factor: Floats) -> Floats:
        """(2, 2) covariance of intercept at time zero and slope per unit of time, of L (2, 2) on this scale."""
        back = np.array([[1.0, -self.centre / self.spread], [0.0, 1.0 / self.spread]]) @ factor
        found: Floats = back @ back.T
        return found
