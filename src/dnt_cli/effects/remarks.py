"""What the fits of a model of counts or of ordered classes say of the model, over all imputations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dnt_cli.engines import Fit
from dnt_cli.errors import ModelError
from dnt_cli.messages import Message, message
from dnt_cli.pooling import pool_wald
from dnt_cli.study.spec import Outcome

MANY_ZEROS = 1.2
"""Zeros beyond this multiple of what the model expects are told, if they are at least `MORE_ZEROS` rows more."""
MORE_ZEROS = 5.0
LITTLE_SCATTER = 0.75
"""Counts whose variance is less than this multiple of Poisson's have standard errors that are told to be too large."""
ALPHA = 0.05
"""Of the test of proportional odds."""


def count_remarks(outcome: Outcome, fits: Sequence[Fit]) -> list[Message]:
    """Which model the rule chose and how much the counts scatter; and zeros beyond what it expects."""
    dispersion = np.array([float(fit.details["dispersion"]) for fit in fits])
    given = "_given_person" if fits[0].random_sd is not None else ""
    negative, m = int((dispersion > 0).sum()), len(fits)
    if negative == 0:
        found = [message(f"effects.poisson{given}")]
    else:
        values = {"dispersion": float(dispersion[dispersion > 0].mean())}
        key = f"effects.negative_binomial{given}"
        found = [message(key, **values)]
        found += [message("effects.poisson_some", count=m - negative, m=m)] if negative < m else []
    if "scatter" in fits[0].details and negative == 0:
        scatter = float(np.mean([fit.details["scatter"] for fit in fits]))
        if scatter < LITTLE_SCATTER:
            found = [message("effects.poisson_under", scatter=scatter, ratio=scatter**0.5)]
    if "zeros" in fits[0].details:
        zeros, expected = (float(np.mean([fit.details[name] for fit in fits])) for name in ("zeros", "zeros_expected"))
        if zeros > MANY_ZEROS * expected and zeros - expected >= MORE_ZEROS:
            found.append(message("effects.many_zeros", zeros=zeros, expected=expected))
    return found


def ordinal_remarks(outcome: Outcome, fits: Sequence[Fit]) -> list[Message]:
    """The test of proportional odds of the group, and classes that nobody is in."""
    sets = [tuple(fit.details["classes"]) for fit in fits]
    used = sorted({value for own in sets for value in own})
    found = []
    asked = None if outcome.range is None else int(outcome.range[1] - outcome.range[0]) + 1
    if asked is not None and len(used) < asked:
        found.append(message("effects.empty_classes", empty=asked - len(used), classes=asked))
    if fits[0].random_sd is None and len(set(sets)) > 1:
        found.append(message("effects.classes_differ"))
    if len(used) < 3 or not any("separate" in fit.details for fit in fits):
        return found
    return [*found, *_proportional(fits)]


def _proportional(fits: Sequence[Fit]) -> list[Message]:
    """D1 of the differences between thresholds, those that have a model of their own in every data set."""
    trend = "_trend" if fits[0].random_sd is not None else ""
    thresholds = max(fit.details["thresholds"].size for fit in fits)
    common = sorted(set.intersection(*(set(fit.details.get("separate_at", ())) for fit in fits)))
    if len(common) < 2:
        return [message("effects.proportional_untested", thresholds=thresholds)]
    contrast = np.hstack([-np.ones((len(common) - 1, 1)), np.eye(len(common) - 1)])
    places = [np.searchsorted(fit.details["separate_at"], common) for fit in fits]
    separate = np.array([fit.details["separate"][own] for fit, own in zip(fits, places, strict=True)])
    covariances = np.array(
        [
            contrast @ fit.details["separate_covariance"][np.ix_(own, own)] @ contrast.T
            for fit, own in zip(fits, places, strict=True)
        ]
    )
    try:
        statistic, df1, df2, p = _wald(
            separate @ contrast.T, covariances, float(fits[0].details.get("separate_df", fits[0].df_residual))
        )
    except (ModelError, np.linalg.LinAlgError):
        return [message("effects.proportional_untested", thresholds=thresholds)]
    values = {"statistic": statistic, "df1": df1, "df2": df2, "p": p}
    left = thresholds - len(common)
    told = [message("effects.thresholds_left_out", count=left)] if left else []
    if p >= ALPHA:
        return [message(f"effects.proportional{trend}", **values), *told]
    odds = np.exp(separate.mean(axis=0))
    return [message(f"effects.not_proportional{trend}", **values, low=float(odds.min()), high=float(odds.max())), *told]


def _wald(estimates: np.ndarray, covariances: np.ndarray, df: float) -> tuple[float, float, float, float]:
    """F, its degrees of freedom and p; of a single fit those of a chi-square test."""
    if len(estimates) > 1:
        test = pool_wald(estimates, covariances, df)
        return float(test.statistic), float(test.df1), float(test.df2), float(test.p_value)
    from scipy.stats import f

    size = estimates.shape[1]
    statistic = float(estimates[0] @ np.linalg.solve(covariances[0], estimates[0])) / size
    return statistic, float(size), float(df), float(f.sf(statistic, size, df))
