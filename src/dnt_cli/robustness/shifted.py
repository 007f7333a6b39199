"""Completed data sets in which those who were not seen do worse by as much as is said, and by nothing else.

The answers that were imputed are moved after the imputation, each outcome by itself, so that the shift that is asked
for is the one that is realised, on one scale for all outcomes (pattern-mixture model; van Buuren 2018, section 3.8).
Scores move by points. A yes/no answer that was imputed with probability p is turned with just the probability that
gives its log-odds the shift; the same random numbers at every step, so that an answer, once turned, stays so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dnt_cli.arrays import Flags, Floats
from dnt_cli.study import Study


@dataclass(frozen=True, slots=True, eq=False)
class Imputed:
    """The imputed answers of an outcome at a wave.

    Attributes:
        missing: (n,) who did not answer.
        unit: What a shift of one is: points of a score, 1 of log-odds; negative where lower is worse.
        chance: (n,) of a yes/no answer the share of imputations in which it is yes; None of a score.
        parent: The column without which a yes/no answer is 0; None without one.
    """

    missing: Flags
    unit: float
    chance: Floats | None = None
    parent: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ShiftMissing:
    """Moves the imputed answers of some persons.

    Attributes:
        columns: Column -> its imputed answers.
        persons: (n,) whose answers are moved.
        delta: By how many units.
        seed: With the number of the data set and the column it determines who turns.
    """

    columns: Mapping[str, Imputed]
    persons: Flags
    delta: float
    seed: int

    def __call__(self, wide: pd.DataFrame, number: int) -> pd.DataFrame:
        """The data set with moved answers; those that were given stay."""
        changed = {}
        for place, (name, own) in enumerate(self.columns.items()):
            values, who = wide[name].to_numpy(dtype=float), own.missing & self.persons
            if own.chance is None:
                moved = values + self.delta * own.unit
            else:
                rng = np.random.default_rng(np.random.SeedSequence([self.seed, number, place]))
                moved = turned(values, own.chance, self.delta * own.unit, rng.random(len(values)))
                if own.parent is not None:
                    moved = moved * wide[own.parent].to_numpy(dtype=float)
            changed[name] = np.where(who, moved, values)
        return wide.assign(**changed)


def turned(values: Floats, chance: Floats, shift: float, uniform: Floats) -> Floats:
    """Yes/no answers drawn with some probabilities, turned so that they are as if drawn with shifted log-odds.

    Args:
        values: (n,) 0 or 1.
        chance: (n,) strictly between 0 and 1.
        shift: Of the log-odds.
        uniform: (n,) random numbers between 0 and 1.
    """
    there = 1.0 / (1.0 + (1.0 - chance) / chance * np.exp(-shift))
    if shift < 0:
        return np.where(uniform < there / chance, values, 0.0)
    return np.where(uniform < (there - chance) / (1.0 - chance), 1.0, values)


def imputed_answers(observed: pd.DataFrame, sets: Sequence[pd.DataFrame], study: Study) -> dict[str, Imputed]:
    """Column -> its imputed answers, of tested yes/no outcomes and scores of the survey after the baseline.

    Args:
        observed: The table as observed, derived outcomes included.
        sets: Completed.
        study: The study.
    """
    waves = study.design.wave_keys
    later = set(waves[waves.index(study.design.baseline) + 1 :])
    found = {}
    for name, (key, wave) in study.columns.items():
        outcome = study.outcomes[key]
        if key not in study.tested or study.is_register(key) or wave not in later or outcome.kind not in UNITS:
            continue
        missing = observed[name].isna().to_numpy()
        unit = unit_of(observed, study, key)
        if not missing.any() or not np.isfinite(unit):
            continue
        unit = -unit if outcome.better == "higher" else unit
        if outcome.kind == "linear":
            found[name] = Imputed(missing, unit)
            continue
        yes = np.sum([own[name].to_numpy(dtype=float) for own in sets], axis=0)
        parent = None if outcome.conditional_on is None else study.column(outcome.conditional_on, wave)
        found[name] = Imputed(missing, unit, (yes + 0.5) / (len(sets) + 1.0), parent)
    return found


UNITS = ("binary", "linear")
"""Kinds of outcome of which a shift has a meaning: log-odds, and standard deviations."""


def unit_of(observed: pd.DataFrame, study: Study, key: str) -> float:
    """What a shift of one is in the outcome's own units: the SD of its answers at the endpoint, or 1 of log-odds."""
    if study.outcomes[key].kind == "binary":
        return 1.0
    return float(observed[study.column(key, study.endpoint(key))].std())
