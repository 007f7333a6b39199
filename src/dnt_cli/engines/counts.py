"""Regression of counts with a log link: Poisson, and negative binomial where counts scatter more than Poisson's."""

from __future__ import annotations

import numpy as np

from dnt_cli.arrays import Floats
from dnt_cli.engines.alike import alike
from dnt_cli.engines.base import DesignMatrix, Fit, listed, problem, unusable
from dnt_cli.engines.regression import from_basis, optimum_of_one, without_loss
from dnt_cli.engines.separation import is_separated, separating_terms
from dnt_cli.messages import Message, message

_STEPS = 200
_WORST_CONDITION = 1e15

LEAST_DISPERSION = 1e-3
"""Times the mean count; a variance that exceeds Poisson's by less than this share is Poisson's."""
_MOST_DISPERSION = 1e4


def fit_counts(design: DesignMatrix) -> Fit:
    """Negative binomial regression, and Poisson regression where the counts scatter no more than Poisson's.

    The variance is mu + a mu^2 (NB2, Cameron and Trivedi 1986), a by maximum likelihood and not below 0; where its
    estimate is 0, up to a thousandth of Poisson's variance, the model is Poisson's. So nothing is tested beforehand,
    and the fit is the maximum of one likelihood. Standard errors are from the expected information with `a` as
    estimated, from which the coefficients are asymptotically independent: those of `MASS::glm.nb` in R.

    Args:
        design: whole numbers from 0 as outcome; weights multiply the rows' log-likelihoods.

    Returns:
        A fit with logarithms of rate ratios, and as details `dispersion` (a; 0 of a Poisson model), `zeros` and
        `zeros_expected` (rows with a zero, and how many the model expects), and `scatter` (Pearson's chi-square over
        the residual degrees of freedom: the variance as a multiple of the model's).
    """
    refused = refused_counts(design, "dnt Poisson", grouped=False)
    if refused is not None:
        return refused
    basis, triangle = np.linalg.qr(design.matrix)
    weights = np.ones(design.response.size) if design.weights is None else design.weights
    model = _Counts(basis, design.response, weights)
    plain = model.optimum(0.0, model.start())
    if plain is None:
        return unusable(design, "dnt Poisson", message("engines.no_convergence"))
    dispersion = model.dispersion(plain)
    if dispersion is None:
        return unusable(design, "dnt negative binomial", message("engines.no_dispersion"))
    coefficients = plain if dispersion == 0.0 else model.optimum(dispersion, plain)
    engine = "dnt negative binomial" if dispersion else "dnt Poisson"
    if coefficients is None:
        return unusable(design, engine, message("engines.no_convergence"))
    return _fit(design, engine, model, triangle, coefficients, dispersion)


def refused_counts(design: DesignMatrix, engine: str, *, grouped: bool) -> Fit | None:
    """The fit without numbers of counts that no such model can be estimated of; None where one can."""
    response = design.response
    if np.isfinite(response).all() and ((response < 0) | (response % 1 != 0)).any():
        return unusable(design, engine, message("engines.not_counts"))
    trouble = problem(design, binary=False, grouped=grouped)
    if trouble:
        return unusable(design, engine, trouble)
    # A direction along which the means of zeros fall for ever, and no other mean changes (Correia, Guimaraes and
    # Zylkin 2019), is one that separates zeros from positive counts which count as both answers.
    some = response > 0
    matrix = np.vstack([design.matrix, design.matrix[some]])
    either = np.concatenate([some.astype(float), np.zeros(int(some.sum()))])
    if is_separated(matrix, either):
        return unusable(design, engine, _only_zeros(DesignMatrix(either, matrix, design.terms, None)), separated=True)
    return None


def _only_zeros(design: DesignMatrix) -> Message:
    terms = separating_terms(design)
    return message("engines.only_zeros_by", terms=listed(terms)) if terms else message("engines.only_zeros")


class _Counts:
    """The likelihood in an orthonormal basis of the columns."""

    def __init__(self, basis: Floats, response: Floats, weights: Floats) -> None:
        """Of (n, k) columns, (n,) counts and (n,) weights."""
        self.basis, self.response, self.weights = basis, response, weights

    def start(self) -> Floats:
        """(k,) coefficients that give every row the mean of all, as far as the columns can."""
        level = np.log(np.average(self.response, weights=self.weights))
        start: Floats = self.basis.sum(axis=0) * level
        return start

    def mean(self, coefficients: Floats) -> Floats:
        """(n,) of each row."""
        mean: Floats = np.exp(np.minimum(self.basis @ coefficients, 300.0))
        return mean

    def log_likelihood(self, mean: Floats, dispersion: float) -> float:
        """With the constants that R's logLik has."""
        from scipy.special import gammaln, xlogy

        y = self.response
        if dispersion == 0.0:
            return float(self.weights @ (xlogy(y, mean) - mean - gammaln(y + 1.0)))
        size = 1.0 / dispersion
        log = gammaln(y + size) - gammaln(size) - gammaln(y + 1.0) + xlogy(y, dispersion * mean)
        return float(self.weights @ (log - (y + size) * np.log1p(dispersion * mean)))

    def information(self, mean: Floats, dispersion: float) -> Floats:
        """(k, k) expected."""
        weight = self.weights * mean / (1.0 + dispersion * mean)
        found: Floats = (self.basis * weight[:, None]).T @ self.basis
        return found

    def optimum(self, dispersion: float, start: Floats) -> Floats | None:
        """(k,) coefficients by Newton's method, the log-likelihood being concave in them; None without convergence."""

        def likelihood(coefficients: Floats) -> float:
            return self.log_likelihood(self.mean(coefficients), dispersion)

        at, y = start, self.response
        value = likelihood(at)
        for _ in range(_STEPS):
            mean = self.mean(at)
            spread = 1.0 + dispersion * mean
            observed = self.weights * mean * (1.0 + dispersion * y) / spread**2
            information = (self.basis * observed[:, None]).T @ self.basis
            if not np.linalg.cond(information) < _WORST_CONDITION:
                return None
            score = self.basis.T @ (self.weights * (y - mean) / spread)
            step = np.asarray(np.linalg.solve(information, score), dtype=float)
            decrement = 0.5 * float(score @ step)
            if decrement < 1e-18 * max(1.0, abs(value)):
                return at
            step *= min(1.0, 3.0 / float(np.abs(self.basis @ step).max()))
            moved = without_loss(likelihood, at, value, step, tries=40)
            if moved is None:
                return None
            at, value = moved
        return None

    def dispersion(self, plain: Floats) -> float | None:
        """By maximum likelihood, from the coefficients of Poisson's; 0 at the boundary, None where there is none."""
        from scipy.optimize import brentq

        mean = float(np.average(self.response, weights=self.weights))
        least, held = LEAST_DISPERSION / mean, [plain]

        def slope(log: float) -> float:
            found = self.optimum(float(np.exp(log)), held[-1])
            if found is None:
                raise ArithmeticError
            held.append(found)
            return self._slope(self.mean(found), float(np.exp(log)))

        try:
            if slope(np.log(least)) <= 0.0:
                return 0.0
            most = np.log(_MOST_DISPERSION)
            if slope(most) >= 0.0:
                return None
            return float(np.exp(brentq(slope, np.log(least), most, xtol=1e-12, rtol=1e-14)))
        except ArithmeticError:
            return None

    def _slope(self, mean: Floats, dispersion: float) -> float:
        """Of the log-likelihood in the dispersion, the coefficients held."""
        from scipy.special import digamma

        y, size = self.response, 1.0 / dispersion
        gamma = digamma(y + size) - digamma(size) - np.log1p(dispersion * mean)
        by_size = gamma + (mean - y) * dispersion / (1.0 + dispersion * mean)
        return -float(self.weights @ by_size) * size**2


def _fit(
    design: DesignMatrix, engine: str, model: _Counts, triangle: Floats, coefficients: Floats, dispersion: float
) -> Fit:
    mean = model.mean(coefficients)
    inverse = np.asarray(np.linalg.inv(model.information(mean, dispersion)), dtype=float)
    none = np.exp(-mean) if dispersion == 0.0 else (1.0 + dispersion * mean) ** (-1.0 / dispersion)
    details = {"dispersion": dispersion, "zeros": (design.response == 0).sum(), "zeros_expected": none.sum()}
    pearson = model.weights @ ((design.response - mean) ** 2 / (mean * (1.0 + dispersion * mean)))
    details["scatter"] = pearson / max(1, design.response.size - design.matrix.shape[1])
    optimum = optimum_of_one(coefficients, inverse, model.log_likelihood(mean, dispersion), float("nan"))
    own = {name: np.asarray(value, dtype=float) for name, value in details.items()}
    (stack,) = alike([design])
    return from_basis(stack, engine, triangle, optimum, details=own)[0]
