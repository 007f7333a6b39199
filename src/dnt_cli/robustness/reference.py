"""Jump to reference: what if those who left the intervention group fared like the comparison group from then on?

Carpenter, Roger and Kenward (2013, Journal of Biopharmaceutical Statistics 23). The means and covariances of a group
are drawn from their posterior given the completed data set, in which gaps were imputed as missing at random: that is
the P-step of data augmentation, so no sampler of its own is needed. Yes/no answers are drawn wave by wave from logistic
models of the comparison group, given the earlier waves as deviations from the means of a person's own group.

Rubin's rules count the borrowed answers as uncertainty of the intervention group's own, so that the standard error is
larger than the estimate varies over samples (Cro, Carpenter and Kenward 2019, JRSS A 182).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dnt_cli.arrays import Flags, Floats
from dnt_cli.design import group_indicator
from dnt_cli.errors import ModelError
from dnt_cli.imputation.draws import draw_logistic, logistic
from dnt_cli.sentences import say
from dnt_cli.study import Study
from dnt_cli.wide import derive

_PRIOR_SCALE = 2.5  # of the log odds ratios of earlier answers, as in the imputation


@dataclass(frozen=True, slots=True, eq=False)
class JumpToReference:
    """Redraws, in a completed data set, what intervention persons would have answered after they were last seen.

    Attributes:
        study: The study.
        seen: Outcome -> (n, waves) which answers were observed, in order of time.
        seed: With the number of the data set it determines the draws.
    """

    study: Study
    seen: Mapping[str, Flags]
    seed: int

    def __call__(self, wide: pd.DataFrame, number: int) -> pd.DataFrame:
        """The data set under jump to reference; derived outcomes follow.

        Raises:
            ModelError: The covariance of a group has no inverse.
        """
        rng = np.random.default_rng(np.random.SeedSequence([self.seed, number]))
        treated = group_indicator(wide, self.study) == 1
        changed = wide.copy()
        for key, seen in self.seen.items():
            columns, spec = waves_of(self.study, key), self.study.outcomes[key]
            if spec.kind == "binary":
                values = jump_yes_no(wide[columns].to_numpy(dtype=float), seen, treated, rng)
                changed[columns] = np.where(seen, wide[columns].to_numpy(dtype=float), values)
                continue
            try:
                values = jump(wide[columns].to_numpy(dtype=float), seen, treated, rng)
            except np.linalg.LinAlgError:
                raise ModelError(say("waves_vary_little", key=key)) from None
            if spec.integer:
                values = np.rint(values)
            if spec.range is not None:
                values = np.clip(values, *spec.range)
            # What was observed stays as it is, also outside the rounding and the range.
            changed[columns] = np.where(seen, wide[columns].to_numpy(dtype=float), values)
        return derive(self._conditional(changed), self.study)

    def _conditional(self, wide: pd.DataFrame) -> pd.DataFrame:
        """A drawn answer is no where the outcome that it is conditional on is no."""
        for key, seen in self.seen.items():
            parent = self.study.outcomes[key].conditional_on
            if parent is not None:
                columns = waves_of(self.study, key)
                above = [self.study.column(parent, self.study.columns[c][1]) for c in columns]
                drawn = wide[columns].to_numpy(dtype=float) * wide[above].to_numpy(dtype=float)
                wide[columns] = np.where(seen, wide[columns].to_numpy(dtype=float), drawn)
        return wide


def waves_of(study: Study, key: str) -> list[str]:
    """The columns of an outcome in order of time."""
    return [study.column(key, wave) for wave in study.design.wave_keys if wave in study.outcomes[key].waves]


def after_dropout(seen: Flags, treated: Flags) -> Flags:
    """(n, waves) the cells of treated persons after the last wave at which they were seen, the baseline excepted."""
    waves = seen.shape[1]
    last = np.where(seen.any(axis=1), waves - 1 - np.argmax(seen[:, ::-1], axis=1), 0)
    flags: Flags = treated[:, None] & (np.arange(waves) > last[:, None])
    return flags


def jump(values: Floats, seen: Flags, treated: Flags, rng: np.random.Generator) -> Floats:
    """Redraw the answers of treated persons after dropout.

    Their deviation from their own group's means until then is carried on as in the comparison group, around the
    comparison group's means.

    Args:
        values: (n, waves) one completed outcome in order of time, the first wave before the intervention.
        seen: (n, waves) which of them were observed.
        treated: (n,) intervention group.
        rng: Random numbers.
    """
    waves = values.shape[1]
    missing = after_dropout(seen, treated)
    mean, covariance = draw_normal(values[~treated], rng)
    own = draw_normal(values[treated], rng)[0]
    noise = rng.standard_normal(values.shape)
    result = values.copy()
    for first in range(1, waves):
        # Persons whose first missing wave is this one: the same waves are known for all of them.
        persons = np.flatnonzero(missing[:, first] & ~missing[:, first - 1])
        before, after = slice(0, first), slice(first, waves)
        slope = np.linalg.solve(covariance[before, before], covariance[before, after])
        left = covariance[after, after] - covariance[after, before] @ slope
        expected = mean[after] + (values[persons, before] - own[before]) @ slope
        result[persons, after] = expected + noise[persons, after] @ np.linalg.cholesky(left).T
    return result


def jump_yes_no(values: Floats, seen: Flags, treated: Flags, rng: np.random.Generator) -> Floats:
    """Redraw the yes/no answers of treated persons after dropout, as `jump` does for scores.

    Args:
        values: (n, waves) 0 or 1, one completed outcome in order of time, the first wave before the intervention.
        seen: (n, waves) which of them were observed.
        treated: (n,) intervention group.
        rng: Random numbers.
    """
    missing, result = after_dropout(seen, treated), values.copy()
    means = {arm: _shares(values[treated == arm], rng) for arm in (False, True)}
    for wave in range(1, values.shape[1]):
        past = np.column_stack([np.ones((~treated).sum()), values[~treated, :wave] - means[False][:wave]])
        start, normals = np.zeros((1, wave + 1)), rng.standard_normal((1, wave + 1))
        _, drawn, _ = draw_logistic(past.T[None], values[~treated, wave], start, normals, _PRIOR_SCALE)
        own = np.column_stack([np.ones(len(values)), result[:, :wave] - means[True][:wave]])
        chance = logistic(own @ drawn[0])
        persons = missing[:, wave]
        result[persons, wave] = rng.random(int(persons.sum())) < chance[persons]
    return result


def _shares(values: Floats, rng: np.random.Generator) -> Floats:
    """(waves,) shares of yes from their posterior under Jeffreys' prior."""
    yes = values.sum(axis=0)
    shares: Floats = rng.beta(yes + 0.5, len(values) - yes + 0.5)
    return shares


def draw_normal(values: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Means (k,) and covariance (k, k) from their posterior under Jeffreys' prior, given (n, k) complete values."""
    n, k = values.shape
    centre = values.mean(axis=0)
    scatter = (values - centre).T @ (values - centre)
    # A Wishart draw by Bartlett's decomposition, inverted.
    root = np.tril(rng.standard_normal((k, k)), -1)
    root[np.diag_indices(k)] = np.sqrt(rng.chisquare(n - 1 - np.arange(k)))
    half = np.linalg.solve(root, np.linalg.cholesky(scatter).T)
    covariance: Floats = half.T @ half
    mean: Floats = centre + np.linalg.cholesky(covariance / n) @ rng.standard_normal(k)
    return mean, covariance
