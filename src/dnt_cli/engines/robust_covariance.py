"""Covariance of regression coefficients that needs neither equal variances nor independent persons within a site."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dnt_cli.arrays import Floats, Integers

_SMALLEST_EIGENVALUE = 1e-12
_SMALLEST_REST = 1e-9


@dataclass(frozen=True, slots=True)
class RobustCovariance:
    """A covariance matrix and its degrees of freedom.

    Attributes:
        covariance: (..., k, k).
        df: (..., k) per coefficient.
    """

    covariance: Floats
    df: Floats


def bias_reduced(
    slopes: Floats, variance: Floats, residual: Floats, clusters: Integers, contrast: Floats | None = None
) -> RobustCovariance:
    """CR2, the bias-reduced linearisation of Bell and McCaffrey (2002), with Satterthwaite's degrees of freedom.

    With few clusters the usual sandwich is too small; CR2 is unbiased if the model's own variances are right, and the
    degrees of freedom say how much the clusters tell about each coefficient (Pustejovsky and Tipton 2018, Journal of
    Business & Economic Statistics 36). It is what R's clubSandwich gives for lm and glm.

    Args:
        slopes: (..., n, k) derivative of each row's mean to the coefficients: X for least squares, p(1 - p)X for
            logistic regression; leading dimensions are data sets, 1 where all have the same.
        variance: (..., n) of each row by the model: 1 for least squares, p(1 - p) for logistic regression.
        residual: (..., n) response minus mean.
        clusters: (n,) codes, the same in all data sets.
        contrast: (c, k) what variances are asked of; the coefficients by default.
    """
    # In a layout that does not depend on how many data sets there are, as the last bits of products may.
    order = np.argsort(clusters, kind="stable")
    slopes, variance, residual = (
        np.take(values, order, axis=axis) for values, axis in ((slopes, -2), (variance, -1), (residual, -1))
    )
    weighted_slopes = slopes / variance[..., None]
    inverse = np.asarray(np.linalg.inv(_turned(weighted_slopes) @ slopes), dtype=float)
    factor = np.linalg.cholesky(inverse)
    asked = inverse if contrast is None else contrast @ inverse
    ends = np.cumsum(np.unique(clusters, return_counts=True)[1])
    scores, spreads, overlaps = [], [], []
    for rows in map(slice, (0, *ends[:-1]), ends):
        own, spread = slopes[..., rows, :], np.sqrt(variance[..., rows])
        left = -own @ inverse @ _turned(own)
        place = np.arange(left.shape[-1])
        left[..., place, place] += variance[..., rows]
        outer = spread[..., :, None] * spread[..., None, :]
        adjusted = outer * _inverse_root(outer * left)
        weighted = asked @ _turned(weighted_slopes[..., rows, :]) @ adjusted  # (..., k, rows)
        scores.append((weighted @ residual[..., rows, None])[..., 0])
        spreads.append(np.square(weighted * spread[..., None, :]).sum(axis=-1))
        overlaps.append(weighted @ own @ factor)
    score = np.stack(scores, axis=-2)  # (..., G, k)
    overlap = np.stack(overlaps, axis=-2)  # (..., k, G, k)
    product = -overlap @ _turned(overlap)  # (..., k, G, G)
    place = np.arange(len(scores))
    product[..., place, place] += np.stack(spreads, axis=-1)
    trace = np.trace(product, axis1=-2, axis2=-1)
    with np.errstate(divide="ignore", invalid="ignore"):  # a coefficient that one cluster determines
        df = trace**2 / np.square(product).sum(axis=(-2, -1))
    return RobustCovariance(_turned(score) @ score, df)


def _turned(matrices: Floats) -> Floats:
    return matrices.swapaxes(-1, -2)


def _inverse_root(matrix: Floats) -> Floats:
    """Inverse square root of symmetric matrices; directions without variance are left out."""
    values, vectors = np.linalg.eigh(matrix)
    kept = values > _SMALLEST_EIGENVALUE
    root: Floats = (vectors * np.where(kept, 1.0 / np.sqrt(np.where(kept, values, 1.0)), 0.0)[..., None, :]) @ _turned(
        vectors
    )
    return root


def heteroscedastic(slopes: Floats, variance: Floats, residual: Floats, weights: Floats) -> Floats:
    """(k, k) HC3 covariance (MacKinnon and White 1985), as `vcovHC` of R's sandwich gives for weighted lm and glm.

    HC3 divides each residual by one minus its leverage, which keeps tests honest in samples below 250 (Long and Ervin
    2000, The American Statistician 54).

    Args:
        slopes: (n, k) as in `bias_reduced`.
        variance: (n,) as in `bias_reduced`.
        residual: (n,) as in `bias_reduced`.
        weights: (n,) of the rows.

    Returns:
        Not finite where a row determines a coefficient by itself.
    """
    weighted = slopes * (weights / variance)[:, None]
    inverse = np.linalg.inv(weighted.T @ slopes)
    leverage = np.einsum("ij,jk,ik->i", weighted, inverse, slopes)
    # A row with leverage 1 has a residual of zero, known up to rounding only.
    left = np.where(1.0 - leverage > _SMALLEST_REST, 1.0 - leverage, np.nan)
    score = weighted * (residual / left)[:, None]
    covariance: Floats = inverse @ (score.T @ score) @ inverse
    return covariance
