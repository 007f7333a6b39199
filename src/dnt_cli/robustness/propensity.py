"""Who was likely to be in the intervention group, and weights that make the two groups alike at baseline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dnt_cli.design import INTERCEPT, group_indicator
from dnt_cli.engines import Design, fit_logistic
from dnt_cli.engines.base import aliased_terms
from dnt_cli.messages import Message, message
from dnt_cli.robustness.sources import Workspace

Floats = NDArray[np.float64]

SIZE = "n"  # the balance table's row with the number of persons, in effect, per group


@dataclass(frozen=True, slots=True)
class Propensity:
    """Chances of being in the intervention group.

    Attributes:
        group: (n,) 1 for intervention.
        chance: (n,) by a logistic model of the group on the columns below.
        matrix: (n, k) baseline characteristics, no intercept.
        terms: k names.
    """

    group: Floats
    chance: Floats
    matrix: Floats
    terms: tuple[str, ...]

    def weights(self, kind: str) -> Floats:
        """(n,) positive weights with mean 1."""
        treated = self.group == 1
        if kind == "overlap":
            weights = np.where(treated, 1.0 - self.chance, self.chance)
        else:
            weights = 1.0 / np.where(treated, self.chance, 1.0 - self.chance)
        scaled: Floats = weights / weights.mean()
        return scaled

    def balance(self, kind: str) -> pd.DataFrame:
        """Standardised mean differences before and after weighting; the SD is that before, both groups averaged.

        Returns:
            `term`, `before`, `after`; two rows more with the effective number of persons per group (Kish).
        """
        weights, treated = self.weights(kind), self.group == 1
        spread = np.sqrt((self.matrix[treated].var(axis=0, ddof=1) + self.matrix[~treated].var(axis=0, ddof=1)) / 2)
        rows = {"before": np.ones(len(weights)), "after": weights}
        table: dict[str, list[float]] = {}
        for when, w in rows.items():
            means = [np.average(self.matrix[g], axis=0, weights=w[g]) for g in (treated, ~treated)]
            sizes = [float(w[g].sum() ** 2 / np.square(w[g]).sum()) for g in (treated, ~treated)]
            with np.errstate(invalid="ignore", divide="ignore"):
                table[when] = [*((means[0] - means[1]) / spread), *sizes]
        return pd.DataFrame({"term": [*self.terms, f"{SIZE}[intervention]", f"{SIZE}[comparison]"], **table})


def propensity(space: Workspace, baseline: str | None) -> Propensity | Message:
    """A logistic model of the group on all baseline covariates, and on the outcome at baseline where there is one.

    Returns:
        The chances, or why the model has no answer.
    """
    study, wide = space.study, space.wide
    keys = tuple(k for k, c in study.covariates.items() if c.impute and k not in study.imputation.exclude)
    matrix, terms = space.controls(keys)
    if baseline is not None:
        matrix = np.column_stack([matrix, wide[baseline].to_numpy(dtype=float)])
        terms = (*terms, baseline)
    # A column with a gap has a spread that is no number, and is left out like one without spread.
    known = np.asarray(np.ptp(matrix, axis=0) > 0, dtype=bool)
    matrix, terms = matrix[:, known], tuple(t for t, keep in zip(terms, known, strict=True) if keep)
    full = np.column_stack([np.ones(len(wide)), matrix])
    dropped = aliased_terms(full, (INTERCEPT, *terms))
    kept = [i for i, term in enumerate((INTERCEPT, *terms)) if term not in dropped]
    group = group_indicator(wide, study)
    names = tuple((INTERCEPT, *terms)[i] for i in kept)
    fit = fit_logistic(Design(group, full[:, kept], names, None))
    if not fit.status.usable:
        return message("engines.propensity", reasons=fit.status.messages)
    chance = 1.0 / (1.0 + np.exp(-(full[:, kept] @ fit.estimate)))
    return Propensity(group, chance, matrix, terms)
