"""Latent scores: who is likely to be high on what, and how waves and outcomes hang together.

Margins are met elsewhere by ranking these scores within a group and wave, so only their order matters. Every named
score has its own random stream: changing one outcome leaves the others as they are.
"""

from __future__ import annotations

import zlib

import numpy as np

from dnt_cli.arrays import Floats, Integers
from dnt_cli.synthetic.plan import WAVES

FACTORS = ("mental", "physical", "work", "money", "social", "safety")
SHARED = 0.65  # loading of each factor on the general one
NOISE_AR = 0.4  # correlation of the noise of adjoining waves
# Weights of factor, lasting trait and noise: waves then correlate about .65 (adjoining) to .5 (T0 with T3).
FACTOR_WEIGHT, TRAIT_WEIGHT, NOISE_WEIGHT = 0.62, 0.38, 0.68
DOMAIN_SHARE = 0.5  # share of the noise that outcomes of one domain have in common at a wave


def stream(seed: int, name: str) -> np.random.Generator:
    """A random generator of its own for each name."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(zlib.crc32(name.encode("utf-8")),)))


def allocate(score: Floats, counts: Integers) -> Integers:
    """Category per person: the lowest scores get category 0, and so on; `counts` (sum = len(score)) are met exactly."""
    category = np.empty(score.size, dtype=np.int64)
    category[np.argsort(score, kind="stable")] = np.repeat(np.arange(counts.size), counts)
    return category


def ranked(score: Floats) -> Floats:
    """Place of each score among all, between 0 for the lowest and 1 for the highest."""
    return (allocate(score, np.ones(score.size, dtype=np.int64)) + 0.5) / max(score.size, 1)


def _autocorrelated(rng: np.random.Generator, n: int) -> Floats:
    noise = rng.standard_normal((n, len(WAVES)))
    for wave in range(1, len(WAVES)):
        noise[:, wave] = NOISE_AR * noise[:, wave - 1] + (1 - NOISE_AR**2) ** 0.5 * noise[:, wave]
    return noise


class Latent:
    """The latent world of `n` persons: factors per person, and the noise of each domain per person and wave."""

    def __init__(self, seed: int, n: int) -> None:
        self._seed = seed
        self.n = n
        general = stream(seed, "general").standard_normal(n)
        self._factors: dict[str, Floats] = {}
        self._domain_noise: dict[str, Floats] = {}
        for name in FACTORS:
            rng = stream(seed, f"factor {name}")
            self._factors[name] = SHARED * general + (1 - SHARED**2) ** 0.5 * rng.standard_normal(n)
            self._domain_noise[name] = _autocorrelated(rng, n)

    def lasting(self, name: str, factors: dict[str, float], noise: float = 1.0) -> Floats:
        """A score per person, shape (n,): the weighted factors plus noise."""
        score = noise * stream(self._seed, name).standard_normal(self.n)
        for factor, weight in factors.items():
            score = score + weight * self._factors[factor]
        return score

    def by_wave(self, name: str, factors: dict[str, float]) -> Floats:
        """A score per person and wave, shape (n, 5), before selection and covariates."""
        rng = stream(self._seed, name)
        trait = rng.standard_normal(self.n)[:, None]
        own = _autocorrelated(rng, self.n)
        score = TRAIT_WEIGHT * trait + NOISE_WEIGHT * (1 - DOMAIN_SHARE) ** 0.5 * own
        for factor, weight in factors.items():
            shared = FACTOR_WEIGHT * self._factors[factor][:, None]
            score += weight * (shared + NOISE_WEIGHT * DOMAIN_SHARE**0.5 * self._domain_noise[factor])
        return np.asarray(score, dtype=np.float64)
