"""Who was likely to be in the intervention group, and weights that make the two groups alike at baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dnt_cli.arrays import Floats
from dnt_cli.design import group_indicator
from dnt_cli.engines import DesignMatrix, fit_logistic
from dnt_cli.engines.base import aliased_terms
from dnt_cli.messages import Message, message
from dnt_cli.models import INTERCEPT
from dnt_cli.robustness.result import SIZE
from dnt_cli.robustness.sources import Workspace


@dataclass(frozen=True, slots=True)
class Propensity:
    """Probabilities of being in the intervention group.

    Attributes:
        group: (n,) 1 for intervention.
        probability: (n,) by a logistic model of the group on baseline characteristics.
    """

    group: Floats
    probability: Floats

    def weights(self, kind: str) -> Floats:
        """(n,) positive weights with mean 1."""
        treated = self.group == 1
        if kind == "overlap":
            weights = np.where(treated, 1.0 - self.probability, self.probability)
        else:
            weights = 1.0 / np.where(treated, self.probability, 1.0 - self.probability)
        scaled: Floats = weights / weights.mean()
        return scaled

    def balance(self, kind: str, matrix: Floats, terms: tuple[str, ...]) -> pd.DataFrame:
        """Standardised mean differences before and after weighting; the SD is that before, both groups averaged.

        Args:
            kind: Of the weights.
            matrix: (n, k) baseline characteristics, those that the weights were made with and others.
            terms: k names.

        Returns:
            `term`, `before`, `after`; two rows more with the effective number of persons per group (Kish).
        """
        weights, treated = self.weights(kind), self.group == 1
        spread = np.sqrt((matrix[treated].var(axis=0, ddof=1) + matrix[~treated].var(axis=0, ddof=1)) / 2)
        rows = {"before": np.ones(len(weights)), "after": weights}
        table: dict[str, list[float]] = {}
        for when, w in rows.items():
            means = [np.average(matrix[g], axis=0, weights=w[g]) for g in (treated, ~treated)]
            sizes = [float(w[g].sum() ** 2 / np.square(w[g]).sum()) for g in (treated, ~treated)]
            with np.errstate(invalid="ignore", divide="ignore"):
                table[when] = [*((means[0] - means[1]) / spread), *sizes]
        return pd.DataFrame({"term": [*terms, f"{SIZE}[intervention]", f"{SIZE}[comparison]"], **table})


def propensity(space: Workspace, baseline: str | None) -> Propensity | Message:
    """A logistic model of the group on all baseline covariates, and on the outcome at baseline where there is one.

    Returns:
        The probabilities, or why the model has no answer.
    """
    study, wide = space.study, space.wide
    matrix, terms = characteristics(space, [] if baseline is None else [baseline])
    full = np.column_stack([np.ones(len(wide)), matrix])
    dropped = aliased_terms(full, (INTERCEPT, *terms))
    kept = [i for i, term in enumerate((INTERCEPT, *terms)) if term not in dropped]
    group = group_indicator(wide, study)
    names = tuple((INTERCEPT, *terms)[i] for i in kept)
    fit = fit_logistic(DesignMatrix(group, full[:, kept], names, None))
    if not fit.status.usable:
        return message("engines.propensity", reasons=fit.status.messages)
    return Propensity(group, 1.0 / (1.0 + np.exp(-(full[:, kept] @ fit.estimate))))


def characteristics(space: Workspace, columns: Sequence[str]) -> tuple[Floats, tuple[str, ...]]:
    """(n, k) all baseline covariates and some columns of the wide table, without those that have a gap or no spread."""
    study = space.study
    keys = tuple(k for k, c in study.covariates.items() if c.impute and k not in study.imputation.exclude)
    covariates, terms = space.controls(keys)
    matrix = np.column_stack([covariates, *(space.wide[c].to_numpy(dtype=float) for c in columns)])
    # A column with a gap has a spread that is no number.
    known = np.asarray(np.ptp(matrix, axis=0) > 0, dtype=bool)
    return matrix[:, known], tuple(t for t, keep in zip((*terms, *columns), known, strict=True) if keep)


def baseline_columns(space: Workspace) -> list[str]:
    """The columns of every survey outcome that was asked at baseline."""
    study, baseline = space.study, space.study.design.baseline
    asked = [k for k, o in study.outcomes.items() if baseline in o.waves and not study.is_register(k)]
    return [column for column in (study.column(k, baseline) for k in asked) if column in space.wide.columns]
