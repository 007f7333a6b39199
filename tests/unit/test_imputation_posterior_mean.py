"""The correction from posterior mode to posterior mean: its formula, and exact posterior means."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from dnt_cli.imputation import draws, posterior_mean

PRIOR = 2.5
KINDS = ("logistic", "multinomial", "ordered")


class Problem:
    """A posterior with its mode, its correction and its log density, for one kind of model."""

    def __init__(self, kind: str, n: int) -> None:
        rng = np.random.default_rng(7)
        x = rng.normal(size=(2, n))
        latent = 0.8 * x[0] - 0.5 * x[1] + rng.logistic(size=n)
        X = np.concatenate([np.ones((1, n)), x])
        self.kind, self.X = kind, X
        if kind == "logistic":
            self.y = (latent > 0.7).astype(float)
            zeros = np.zeros((1, 3))
            self.mode = draws.draw_logistic(X[None], self.y, zeros, zeros, PRIOR)[0]
            self.shift = posterior_mean.logistic_shift(X[None], self.mode, PRIOR)[0]
            self.precision = np.r_[0.01, np.full(2, PRIOR**-2)]
        elif kind == "multinomial":
            self.codes = np.digitize(latent, [-0.5, 1.0])
            zeros = np.zeros((1, 9))
            self.mode = draws.draw_multinomial(X[None], self.codes, np.zeros((1, 3, 3)), zeros, PRIOR)[0]
            self.shift = posterior_mean.multinomial_shift(X[None], self.mode, PRIOR)[0].ravel()
            self.mode = self.mode.reshape(1, 9)
            self.precision = np.tile(np.r_[0.02, np.full(2, 2 * PRIOR**-2)], 3)
        else:
            self.codes = np.digitize(latent, [-0.5, 1.0])
            start = np.array([[0.0, 0.0, -0.5, 0.5]])
            self.mode = draws.draw_ordered(x[None], self.codes, start, np.zeros((1, 4)), PRIOR)[0]
            self.shift = posterior_mean.ordered_shift(x[None], self.codes, self.mode, PRIOR)[0]
            self.precision = np.r_[np.full(2, PRIOR**-2), 0.01, 0.01]

    def log_density(self, theta: np.ndarray) -> np.ndarray:
        """Of (S, q) parameters."""
        prior = -(self.precision * theta**2).sum(axis=1) / 2
        if self.kind == "logistic":
            eta = theta @ self.X
            return (self.y * eta - np.logaddexp(0, eta)).sum(axis=1) + prior
        if self.kind == "multinomial":
            eta = theta.reshape(len(theta), 3, 3) @ self.X
            own = np.take_along_axis(eta, np.broadcast_to(self.codes, (len(theta), 1, len(self.codes))), axis=1)[:, 0]
            return (own - np.logaddexp.reduce(eta, axis=1)).sum(axis=1) + prior
        cuts = np.concatenate([np.full((len(theta), 1), -np.inf), theta[:, 2:], np.full((len(theta), 1), np.inf)], 1)
        eta = theta[:, :2] @ self.X[1:]
        share = draws.logistic(cuts[:, self.codes + 1] - eta) - draws.logistic(cuts[:, self.codes] - eta)
        return np.log(np.maximum(share, 1e-300)).sum(axis=1) + prior

    def hessian(self, theta: np.ndarray, step: float = 1e-3) -> np.ndarray:
        """Negative second derivatives of the log density, by differences."""
        q = theta.size
        shifts = step * np.eye(q)
        points = [
            theta + a * shifts[i] + b * shifts[j] for i in range(q) for j in range(q) for a in (1, -1) for b in (1, -1)
        ]
        values = self.log_density(np.array(points)).reshape(q, q, 4)
        return -(values[..., 0] - values[..., 1] - values[..., 2] + values[..., 3]) / (4 * step**2)


@pytest.mark.parametrize("kind", KINDS)
def test_the_correction_is_half_v_times_the_gradient_of_the_curvature(kind: str) -> None:
    problem = Problem(kind, 120)
    mode = problem.mode[0]
    covariance = np.linalg.inv(problem.hessian(mode))
    step = 1e-2
    gradient = [
        -np.trace(covariance @ (problem.hessian(mode + step * e) - problem.hessian(mode - step * e))) / (2 * step)
        for e in np.eye(mode.size)
    ]
    expected = covariance @ gradient / 2
    contrast = np.eye(mode.size)
    if kind == "multinomial":  # what all classes have in common is known from the prior only
        contrast -= np.tile(np.eye(3), (3, 3)) / 3
    np.testing.assert_allclose(contrast @ problem.shift, contrast @ expected, rtol=0.02, atol=2e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_the_correction_leads_to_the_posterior_mean(kind: str) -> None:
    """The exact mean by importance sampling from a t distribution with six degrees of freedom."""
    problem = Problem(kind, 60)
    mode, q = problem.mode[0], problem.mode.size
    rng, df, size = np.random.default_rng(3), 6, 200_000
    root = np.linalg.cholesky(np.linalg.inv(problem.hessian(mode)))
    normals, chi = rng.normal(size=(size, q)), rng.chisquare(df, size) / df
    theta = mode + (normals @ root.T) / np.sqrt(chi)[:, None]
    proposal = -(df + q) / 2 * np.log1p((normals**2).sum(axis=1) / chi / df)
    weight = problem.log_density(theta) - proposal
    weight = np.exp(weight - weight.max())
    exact = (weight[:, None] * theta).sum(axis=0) / weight.sum()
    metric = np.linalg.inv(root @ root.T)

    def distance(point: np.ndarray) -> float:
        return float(np.sqrt((point - exact) @ metric @ (point - exact)))

    assert distance(mode + problem.shift) < 0.3 * distance(mode)


def test_the_correction_is_capped_where_the_answers_are_separated() -> None:
    x = np.linspace(-2, 2, 30)
    X, y = np.stack([np.ones(30), x])[None], (x > 0).astype(float)
    mode, _, _ = draws.draw_logistic(X, y, np.zeros((1, 2)), np.zeros((1, 2)), 100.0)
    shift = posterior_mean.logistic_shift(X, mode, 100.0)
    fitted = draws.logistic(mode[0] @ X[0])
    hessian = X[0] * fitted * (1 - fitted) @ X[0].T + np.diag([0.01, 1e-4])
    assert shift[0] @ hessian @ shift[0] <= 2 * posterior_mean.CAP**2 * (1 + 1e-9)


def test_a_correction_does_not_depend_on_its_stack() -> None:
    maker: Callable[[int], np.ndarray] = lambda size: posterior_mean.logistic_shift(  # noqa: E731
        np.repeat(Problem("logistic", 60).X[None], size, axis=0), np.zeros((size, 3)) + 0.2, PRIOR
    )
    np.testing.assert_array_equal(maker(1)[0], maker(7)[3])
