"""The posterior draws against other implementations: their centre is the estimate, their spread the standard error."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.miscmodels.ordinal_model import OrderedModel

from dnt_cli.imputation import draws

STACK = 4000
FLAT = 1e4  # prior SD so wide that the mode is the maximum likelihood estimate


@pytest.fixture(scope="module")
def data() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(11)
    x = rng.normal(size=(3, 400))
    latent = x.T @ [1.0, 0.5, -0.3] + rng.logistic(size=400)
    ones = np.concatenate([np.ones((1, 400)), x])
    return {"x": x, "X": ones, "latent": latent, "class": np.digitize(latent, [-1.5, 0.0, 1.0, 2.5])}


def stack(X: np.ndarray, size: int = STACK) -> np.ndarray:
    return np.repeat(X[None], size, axis=0)


def test_linear_draws_have_the_least_squares_posterior(data):
    rng = np.random.default_rng(1)
    normals, chi_square = rng.normal(size=(STACK, 4)), rng.chisquare(396, STACK)
    mode, drawn, sigma = draws.draw_linear(stack(data["X"]), data["latent"], normals, chi_square, ridge=0.0)
    fit = sm.OLS(data["latent"], data["X"].T).fit()
    np.testing.assert_allclose(mode[0], fit.params, rtol=1e-9)
    np.testing.assert_allclose(drawn.std(axis=0), fit.bse, rtol=0.05)
    np.testing.assert_allclose(drawn.mean(axis=0), fit.params, atol=4 * fit.bse.max() / np.sqrt(STACK))
    assert sigma.mean() == pytest.approx(np.sqrt(fit.mse_resid), rel=0.01)


def test_logistic_draws_have_the_likelihood_normal(data):
    y = (data["class"] > 1).astype(float)
    normals = np.random.default_rng(2).normal(size=(STACK, 4))
    mode, drawn, converged = draws.draw_logistic(stack(data["X"]), y, np.zeros((STACK, 4)), normals, FLAT)
    fit = sm.Logit(y, data["X"].T).fit(disp=0)
    assert converged.all()
    # The intercept keeps its prior with SD 10, which moves it by some 1e-5.
    np.testing.assert_allclose(mode[0], fit.params, atol=5e-5)
    np.testing.assert_allclose(drawn.std(axis=0), fit.bse, rtol=0.05)


def test_logistic_mode_satisfies_its_equation_when_separated():
    x = np.linspace(-2, 2, 60)
    X, y = np.stack([np.ones(60), x])[None], (x > 0).astype(float)
    mode, drawn, converged = draws.draw_logistic(X, y, np.zeros((1, 2)), np.zeros((1, 2)), 2.5)
    assert converged.all()
    residual = X[0] @ (y - draws.logistic(mode[0] @ X[0]))
    np.testing.assert_allclose(residual, mode[0] * [0.01, 0.16], atol=1e-4)
    np.testing.assert_array_equal(drawn, mode)


def test_logistic_recovers_from_a_far_start(data):
    y = (data["class"] > 1).astype(float)
    far = np.array([[8.0, -6.0, 3.0, -8.0], [0.0, 0.0, 0.0, 0.0]])
    mode, _, converged = draws.draw_logistic(stack(data["X"], 2), y, far, np.zeros((2, 4)), 2.5)
    assert converged.all()
    np.testing.assert_allclose(mode[0], mode[1], atol=1e-5)


def test_ordered_draws_have_the_proportional_odds_likelihood(data):
    normals = np.random.default_rng(3).normal(size=(STACK, 7))
    start = np.tile([0.0, 0.0, 0.0, -1.0, 0.0, 1.0, 2.0], (STACK, 1))
    mode, drawn = draws.draw_ordered(stack(data["x"]), data["class"], start, normals, FLAT)
    fit = OrderedModel(data["class"], data["x"].T, distr="logit").fit(disp=0, method="bfgs", gtol=1e-8)
    np.testing.assert_allclose(mode[0, :3], fit.params[:3], atol=5e-4)
    np.testing.assert_allclose(mode[0, 3:], fit.model.transform_threshold_params(fit.params)[1:-1], atol=2e-3)
    np.testing.assert_allclose(drawn[:, :3].std(axis=0), fit.bse[:3], rtol=0.05)
    assert (np.diff(drawn[:, 3:], axis=1) >= 0).all()


def test_multinomial_draws_have_the_likelihood_normal(data):
    classes = np.minimum(data["class"], 2)
    normals = np.random.default_rng(4).normal(size=(STACK, 12))
    mode, drawn = draws.draw_multinomial(stack(data["X"]), classes, np.zeros((STACK, 3, 4)), normals, 100.0)
    fit = sm.MNLogit(classes, data["X"].T).fit(disp=0)
    np.testing.assert_allclose((mode[0, 1:] - mode[0, :1]).T, fit.params, atol=3e-4)
    np.testing.assert_allclose((drawn[:, 1:] - drawn[:, :1]).std(axis=0).T, fit.bse, rtol=0.06)


def test_equal_fitted_values_share_the_chances():
    rng = np.random.default_rng(5)
    shuffle = np.stack([rng.permutation(20) for _ in range(3000)])
    index = draws.match_donors(np.zeros((3000, 20)), np.full((3000, 1), 0.3), shuffle, rng.random((3000, 1)), 5)
    counts = np.bincount(index[:, 0], minlength=20)
    assert counts.min() > 150 - 4 * np.sqrt(150)
    assert counts.max() < 150 + 4 * np.sqrt(150)
