"""Distributions whose log density is y e - c(e) + d(y) in the linear predictor e: yes/no and counts.

What the integral over a random intercept asks of each: c, its first four derivatives, and each person's mode.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from dnt_cli.arrays import Floats
from dnt_cli.engines.random_intercept.packing import over_rows

_MODE_STEPS = 100
_MODE_TOLERANCE = 1e-10
_LAST_STEP = 1e-6

# A product of this many numbers between 1 and 2 cannot overflow, and one logarithm is cheaper than many.
_PRODUCT = 500

# exp() of it, squared, is still a number; no count has such a mean.
_LARGEST_LOG_MEAN = 250.0


class Family(Protocol):
    """A distribution with its canonical link.

    In all shapes J are rows, P persons and K quadrature nodes; `mask` is 1 for a row and 0 for padding.
    """

    name: str

    def mean(self, linear: Floats) -> Floats:
        """Of the response, c'."""
        ...

    def weight(self, mean: Floats, out: Floats | None = None) -> Floats:
        """Derivative of the mean, c''; into `out` if given."""
        ...

    def skew(self, mean: Floats, weight: Floats) -> Floats:
        """Derivative of the weight, c'''."""
        ...

    def bow(self, mean: Floats, weight: Floats) -> Floats:
        """Its derivative, c''''."""
        ...

    def log_density(self, response: Floats, linear: Floats) -> Floats:
        """Per row, without d(y)."""
        ...

    def constant(self, response: Floats) -> Floats:
        """(m,) sum of d(y) over the last axis."""
        ...

    def modes(self, linear: Floats, response: Floats, mask: Floats | None, sd: Floats, start: Floats) -> Floats:
        """(P,) each person's u with the largest log density of rows (J, P) at linear + sd * u, less u^2 / 2."""
        ...

    def at_nodes(self, at: Floats, mask: Floats | None) -> tuple[Floats, Floats]:
        """Means (.., J, P), 0 in padding, and sums of c over the rows (.., P), at linear predictors it overwrites."""
        ...


class Logistic:
    """Yes or no, with its log odds."""

    name = "logistic"

    def mean(self, linear: Floats) -> Floats:
        """Probability of a 1."""
        # Twice exp() is quicker than to choose by the sign, and as exact at both ends.
        probability: Floats = np.exp(np.minimum(linear, 0.0)) / (1.0 + np.exp(-np.abs(linear)))
        return probability

    def weight(self, mean: Floats, out: Floats | None = None) -> Floats:
        """Probability of a 1 times that of a 0."""
        found: Floats = np.multiply(mean, 1.0 - mean, out=out)
        return found

    def skew(self, mean: Floats, weight: Floats) -> Floats:
        """Derivative of the weight."""
        return weight * (1.0 - 2.0 * mean)

    def bow(self, mean: Floats, weight: Floats) -> Floats:
        """Second derivative of the weight."""
        return weight * (1.0 - 6.0 * mean * (1.0 - mean))

    def log_density(self, response: Floats, linear: Floats) -> Floats:
        """Per row."""
        found: Floats = response * linear - np.maximum(linear, 0.0) - np.log1p(np.exp(-np.abs(linear)))
        return found

    def constant(self, response: Floats) -> Floats:
        """Zero."""
        return np.zeros(response.shape[:-1])

    def modes(self, linear: Floats, response: Floats, mask: Floats | None, sd: Floats, start: Floats) -> Floats:
        """(P,) by Newton's method within a bracket that shrinks.

        f' falls everywhere, so that its sign tells on which side the maximum lies. Newton alone can go round in circles
        within the bracket, which no test of slopes shows; a step that is not at most half the one before is therefore
        replaced by halving the bracket.
        """
        reach = sd * (len(linear) if mask is None else mask.sum(axis=0)) + 1e-12
        low, high = -reach, reach.copy()
        mode = np.clip(start, low, high)
        last = np.full_like(mode, np.inf)
        found = mode.copy()
        todo = np.arange(mode.size)
        for _ in range(_MODE_STEPS):
            probability = self.mean(linear + sd * mode)
            weight = probability * (1.0 - probability)
            rest = response - probability
            if mask is not None:
                weight *= mask
                rest *= mask
            slope = sd * over_rows(rest) - mode
            rising = slope > 0
            low, high = np.where(rising, mode, low), np.where(rising, high, mode)
            new = mode + slope / (1.0 + sd * sd * over_rows(weight))
            length = np.abs(new - mode)
            astray = ((new < low) | (new > high) | (length > 0.5 * last)) & (length > _MODE_TOLERANCE)
            new = np.where(astray, 0.5 * (low + high), new)
            last = np.abs(new - mode)
            found[todo] = new
            # The error after a step of Newton's is about the square of its length.
            going = np.flatnonzero((last >= _MODE_TOLERANCE) & (astray | (length >= _LAST_STEP)))
            if not going.size:
                break
            mode = new
            if going.size < mode.size:
                todo, mode, last, low, high = todo[going], mode[going], last[going], low[going], high[going]
                linear, response, sd = linear[:, going], response[:, going], sd[going]
                mask = None if mask is None else mask[:, going]
        return found

    def at_nodes(self, at: Floats, mask: Floats | None) -> tuple[Floats, Floats]:
        """Probabilities of a 1 (.., J, P), 0 in padding, and sums of log(1 + exp(e)) over the rows (.., P)."""
        large = np.maximum(at, 0.0)
        probability = np.subtract(at, large, out=at)  # of what is negative
        one = probability - large
        np.exp(one, out=one)
        one += 1.0
        np.exp(probability, out=probability)
        probability /= one
        if mask is not None:
            large *= mask
            one = np.where(mask > 0.0, one, 1.0)
            probability *= mask
        few = at.shape[-2] <= _PRODUCT
        logs = np.log(over_rows(one, np.multiply)) if few else np.log(one).sum(axis=-2)
        return probability, over_rows(large) + logs


class Poisson:
    """A count, with the logarithm of its mean."""

    name = "Poisson"

    def mean(self, linear: Floats) -> Floats:
        """Of the count."""
        found: Floats = np.exp(np.minimum(linear, _LARGEST_LOG_MEAN))
        return found

    def weight(self, mean: Floats, out: Floats | None = None) -> Floats:
        """The mean itself."""
        return mean.copy() if out is None else mean

    def skew(self, mean: Floats, weight: Floats) -> Floats:
        """The mean itself."""
        return weight

    def bow(self, mean: Floats, weight: Floats) -> Floats:
        """The mean itself."""
        return weight

    def log_density(self, response: Floats, linear: Floats) -> Floats:
        """Per row, without log(y!)."""
        return response * linear - self.mean(linear)

    def constant(self, response: Floats) -> Floats:
        """Minus the sum of log(y!)."""
        from scipy.special import gammaln

        found: Floats = -gammaln(response + 1.0).sum(axis=-1)
        return found

    def modes(self, linear: Floats, response: Floats, mask: Floats | None, sd: Floats, start: Floats) -> Floats:
        """In closed form: u = s Y - w / s, where w + log w = log(s^2 M) + s^2 Y, of sums of counts Y and means M at 0.

        w is Lambert's function of a number too large to write down, so its logarithm is solved by Newton's method.
        """
        mean = self.mean(linear)
        total, counts = (mean if mask is None else mean * mask).sum(axis=0), response.sum(axis=0)
        square = np.maximum(sd, 1e-150) ** 2
        goal = np.log(square) + np.log(np.maximum(total, 1e-300)) + square * counts
        log_w = np.where(goal > 1.0, np.log(np.maximum(goal, 1.0)), goal)
        for _ in range(_MODE_STEPS):
            w = np.exp(np.minimum(log_w, _LARGEST_LOG_MEAN))
            step = (w + log_w - goal) / (w + 1.0)
            log_w = log_w - step
            if not (np.abs(step) > 1e-14 * (1.0 + np.abs(log_w))).any():
                break
        mode: Floats = sd * counts - np.exp(np.minimum(log_w, _LARGEST_LOG_MEAN)) / np.maximum(sd, 1e-150)
        # One step more takes away what the difference of two large numbers lost.
        there = total * np.exp(np.minimum(sd * mode, _LARGEST_LOG_MEAN))
        mode += (sd * (counts - there) - mode) / (1.0 + sd * sd * there)
        return mode

    def at_nodes(self, at: Floats, mask: Floats | None) -> tuple[Floats, Floats]:
        """Means (.., J, P), 0 in padding, and their sums over the rows (.., P)."""
        mean = self.mean(at)
        if mask is not None:
            mean *= mask
        return mean, over_rows(mean)


LOGISTIC = Logistic()
POISSON = Poisson()
