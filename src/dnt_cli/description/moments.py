"""Counts, means and standard deviations of many columns in several groups of persons at once, and their intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dnt_cli.arrays import Flags, Floats

LEVEL = 0.95  # of the intervals


@dataclass(frozen=True, slots=True)
class Moments:
    """Of c columns in g groups; every array is (g, c).

    Attributes:
        n: persons with a value.
        mean: of those; NaN where there are none. For a 0/1 column this is the proportion.
        sd: sample standard deviation (divisor n - 1); NaN for fewer than two.
    """

    n: Floats
    mean: Floats
    sd: Floats

    @property
    def count(self) -> Floats:
        """Sum of the values: for a 0/1 column the number of ones."""
        return np.where(self.n > 0, np.round(self.n * np.nan_to_num(self.mean), 9), 0.0)

    def take(self, which: Flags) -> Moments:
        """Some of the columns."""
        return Moments(self.n[:, which], self.mean[:, which], self.sd[:, which])


def moments(values: Floats, members: Flags) -> Moments:
    """The moments of `values` (persons x c, NaN where unknown) in each group of `members` (g x persons)."""
    known = ~np.isnan(values)
    n = members.astype(float) @ known
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = members.astype(float) @ np.where(known, values, 0.0) / n
        squares = np.empty_like(mean)
        for g, inside in enumerate(members):
            # A sum's last digit may carry a mean outside its values; then one and the same value would have a spread.
            ends = (np.where(known[inside], values[inside], end) for end in (np.inf, -np.inf))
            low, high = next(ends).min(axis=0, initial=np.inf), next(ends).max(axis=0, initial=-np.inf)
            mean[g] = np.clip(mean[g], low, high)
            centred = np.where(known[inside], values[inside] - mean[g], 0.0)
            squares[g] = (centred**2).sum(axis=0)
        sd = np.sqrt(squares / np.where(n > 1, n - 1, np.nan))
    return Moments(n, mean, sd)


def mean_interval(m: Moments) -> tuple[Floats, Floats]:
    """Student's 95 % interval for the means; NaN for fewer than two persons."""
    from scipy.special import stdtrit

    df = np.where(m.n > 1, m.n - 1, np.nan)
    half = stdtrit(df, (1 + LEVEL) / 2) * m.sd / np.sqrt(np.where(m.n > 0, m.n, np.nan))
    return m.mean - half, m.mean + half


def share_interval(m: Moments) -> tuple[Floats, Floats]:
    """Wilson's 95 % score interval for proportions (Wilson 1927): within 0 and 1, and sound in small groups."""
    from scipy.special import ndtri

    z = float(ndtri((1 + LEVEL) / 2))
    n = np.where(m.n > 0, m.n, np.nan)
    middle = (m.mean + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(m.mean * (1 - m.mean) / n + z**2 / (4 * n**2))
    return np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0)


def standardised_difference(m: Moments, share: Flags) -> Floats:
    """First group minus second in pooled standard deviations (Austin 2009, Stat Med 28:3083), shape (c,).

    A proportion's variance is p(1 - p), a mean's the sample variance. Two equal constants differ by 0; two different
    constants by infinity.

    Args:
        m: Moments whose first two groups are compared.
        share: (c,) which columns are 0/1.
    """
    variance = np.where(share, m.mean * (1 - m.mean), m.sd**2)
    pooled = np.sqrt((variance[0] + variance[1]) / 2)
    difference = m.mean[0] - m.mean[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(difference == 0, np.where(np.isnan(pooled), np.nan, 0.0), difference / pooled)
