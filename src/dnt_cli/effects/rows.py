"""From fits to rows: pooled estimates with everything derived from them, and one row per fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dnt_cli.design import GROUP, TREND, Model
from dnt_cli.effects.fitting import Floats, Options, Result
from dnt_cli.pooling import Pooled, adjust, interval, pool, pool_wald, two_sided
from dnt_cli.study import Study

COLUMNS = (
    "analysis", "model", "outcome", "hypothesis", "kind", "term", "estimate", "std_error", "statistic", "df",
    "p_value", "conf_low", "conf_high", "odds_ratio", "odds_ratio_se", "odds_ratio_low", "odds_ratio_high",
    "beta", "beta_se", "marginal_effect", "marginal_effect_se", "m", "ubar", "b", "t", "riv", "lambda", "fmi",
    "n_persons", "n_observations", "n_events", "random_sd", "residual_sd", "controls", "engine", "status", "message",
    "p_holm", "p_bh",
)  # fmt: skip
FITS = (
    "analysis", "model", "outcome", "controls", "imputation", "usable", "singular", "separated", "log_likelihood",
    "random_sd", "residual_sd", "gradient", "nodes", "engine", "message",
)  # fmt: skip

_TEXT = {"analysis", "model", "outcome", "hypothesis", "kind", "term", "controls", "engine", "status", "message"}


@dataclass(frozen=True, slots=True)
class Effects:
    """Pooled estimates, a row per model and term, and one row per fit behind them."""

    estimates: pd.DataFrame
    fits: pd.DataFrame


def pooled_rows(
    study: Study, model: Model, results: Sequence[Result], options: Options, label: str, *, own_df: bool = False
) -> list[dict[str, Any]]:
    """The rows of one model: a row per term, or a single row that says why there is no estimate.

    Args:
        study: The outcome's hypothesis and kind.
        model: Which.
        results: One per imputation.
        options: How it was fitted.
        label: What the `model` column says.
        own_df: Another fitter than the engines gave complete-data degrees of freedom of its own; pool those.
    """
    outcome = study.outcomes[model.outcome]
    share = model.analysis == "longitudinal" and study.has_probability_trend(model.outcome)
    binary = outcome.kind == "binary" and not model.difference and not share
    base = {
        "analysis": model.analysis,
        "model": label,
        "outcome": model.outcome,
        "hypothesis": outcome.hypothesis,
        "kind": "binary" if binary else "probability" if share else "linear",
        "m": len(results),
        "n_persons": round(float(np.mean([r.n_persons for r in results]))),
        "n_observations": round(float(np.mean([r.fit.n_observations for r in results]))),
        "n_events": float(np.mean([r.n_events for r in results])) if binary else None,
        "controls": ", ".join(model.controls),
        "engine": results[0].fit.engine,
    }
    failed = [r for r in results if not r.fit.status.usable]
    differ = len({r.fit.terms for r in results}) > 1
    if failed or differ:
        why = _failure(failed, len(results)) if failed else "A control is the same for all in some imputations only."
        return [base | {"term": model.effect, "status": "not estimable", "message": why}]
    singular = sum(r.fit.status.singular for r in results)
    notes = [_of(singular, len(results), "with a random intercept without variance (singular)")] if singular else []
    firth = 0 if own_df else sum("irth" in r.fit.engine for r in results)
    if firth:
        notes.append(_of(firth, len(results), "separated and fitted by Firth's penalised likelihood"))
    base |= {
        "random_sd": _mean([r.fit.random_sd for r in results]),
        "residual_sd": _mean([r.fit.residual_sd for r in results]),
        "status": "singular" if singular else "firth" if firth else "ok",
        "message": "; ".join(notes),
    }
    rows = _term_rows(model, results, options, binary=binary, own_df=own_df)
    return [base | row for row in rows + ([] if own_df else _factor_rows(results))]


def _term_rows(
    model: Model, results: Sequence[Result], options: Options, *, binary: bool, own_df: bool
) -> list[dict[str, Any]]:
    own_df = own_df or (options.satterthwaite and results[0].fit.residual_sd is not None)
    terms = results[0].fit.terms
    estimates = np.array([r.fit.estimate for r in results])
    variances = np.array([np.diag(r.fit.covariance) for r in results])
    pooled = _pool(estimates, variances, results, own_df=own_df)
    low, high = interval(pooled, options.level)
    scales = np.array([r.scale for r in results])
    rows = []
    beta = None if binary else _pool(estimates * scales, variances * scales**2, results, own_df=own_df)
    marginal = _pool_marginal(results)
    for j, term in enumerate(terms):
        row: dict[str, Any] = {"term": term}
        for name in ("estimate", "std_error", "statistic", "df", "p_value", "ubar", "b", "t", "riv", "lambda_", "fmi"):
            row[name.rstrip("_")] = float(getattr(pooled, name)[j])
        row |= {"conf_low": float(low[j]), "conf_high": float(high[j])}
        if binary:
            ratio = float(np.exp(row["estimate"]))
            row |= {"odds_ratio": ratio, "odds_ratio_se": ratio * row["std_error"]}
            row |= {"odds_ratio_low": float(np.exp(low[j])), "odds_ratio_high": float(np.exp(high[j]))}
            if term == GROUP and model.analysis == "t3":
                row |= {"marginal_effect": marginal[0], "marginal_effect_se": marginal[1]}
        elif beta is not None:
            row |= {"beta": float(beta.estimate[j]), "beta_se": float(beta.std_error[j])}
        rows.append(row)
    return rows


def _factor_rows(results: Sequence[Result]) -> list[dict[str, Any]]:
    """A joint test of each control that has several terms (D1), under its own name, without an estimate."""
    fits = [r.fit for r in results]
    groups: dict[str, list[int]] = {}
    for j, term in enumerate(fits[0].terms):
        if term.endswith("]"):
            groups.setdefault(term.split("[")[0], []).append(j)
    rows = []
    for factor, places in groups.items():
        if len(places) > 1 and len(fits) > 1:
            estimates = np.array([fit.estimate[places] for fit in fits])
            covariances = np.array([fit.covariance[np.ix_(places, places)] for fit in fits])
            test = pool_wald(estimates, covariances, fits[0].df_residual)
            told = f"joint F test of {len(places)} terms with {test.df1:.0f} and {test.df2:.1f} df"
            rows.append(
                {"term": factor, "statistic": test.statistic, "df": test.df2, "p_value": test.p_value, "message": told}
            )
    return rows


def _pool(estimates: Floats, variances: Floats, results: Sequence[Result], *, own_df: bool) -> Pooled:
    """Rubin's rules over the imputations; a single fit keeps its own standard error and degrees of freedom.

    Complete-data degrees of freedom are those that `df.residual()` gives in R, as `mice::pool` takes them.
    """
    fits = [r.fit for r in results]
    if len(fits) == 1:
        return _single(estimates[0], variances[0], fits[0].df)
    if own_df:
        return pool(estimates, variances, np.array([fit.df for fit in fits]))
    return pool(estimates, variances, np.array([np.full(estimates.shape[1], fit.df_residual) for fit in fits]))


def _single(estimate: Floats, variance: Floats, df: Floats) -> Pooled:
    """The same quantities for one fit, where nothing was imputed: no between-imputation variance."""
    error = np.sqrt(variance)
    with np.errstate(invalid="ignore"):  # the intercept has no standardised coefficient: 0 / 0
        statistic = estimate / error
    none = np.full(len(estimate), np.nan)
    p = two_sided(statistic, df)  # with infinite df of the normal distribution, as glm and glmer report
    return Pooled(1, estimate, error, statistic, df, p, variance, none, variance, none, none, none)


def _pool_marginal(results: Sequence[Result]) -> tuple[float, float]:
    values = np.array([r.marginal for r in results])
    if np.isnan(values).any():
        return float("nan"), float("nan")
    if len(results) == 1:
        return float(values[0, 0]), float(values[0, 1])
    pooled = pool(values[:, :1], values[:, 1:] ** 2, np.inf)
    return float(pooled.estimate[0]), float(pooled.std_error[0])


def _failure(failed: Sequence[Result], m: int) -> str:
    """Why there is no estimate: how many of the m fits failed, and the reasons that they gave."""
    separated = sum(r.fit.status.separated for r in failed)
    reasons = list(dict.fromkeys(message for r in failed for message in r.fit.status.messages))
    parts = [_of(separated, m, "separated")] if separated else []
    if other := len(failed) - separated:
        parts.append(_of(other, m, "without usable fit"))
    return "; ".join(parts) + (": " + " ".join(reasons[:3]) if reasons else "")


def _of(count: int, m: int, what: str) -> str:
    return f"{count} of {m} imputations {what}" if m > 1 else what


def _mean(values: Sequence[float | None]) -> float | None:
    """Variance components are pooled as point estimates only: they have no usable standard error."""
    known = [v for v in values if v is not None]
    return float(np.mean(known)) if known else None


def fit_rows(model: Model, results: Sequence[Result], label: str) -> list[dict[str, Any]]:
    """One row per imputation's fit."""
    return [
        {
            "analysis": model.analysis,
            "model": label,
            "outcome": model.outcome,
            "controls": ", ".join(model.controls),
            "imputation": i,
            "usable": r.fit.status.usable,
            "singular": r.fit.status.singular,
            "separated": r.fit.status.separated,
            "log_likelihood": r.fit.log_likelihood,
            "random_sd": r.fit.random_sd,
            "residual_sd": r.fit.residual_sd,
            "gradient": r.fit.gradient,
            "nodes": r.fit.nodes,
            "engine": r.fit.engine,
            "message": " ".join(r.fit.status.messages),
        }
        for i, r in enumerate(results, start=1)
    ]


def joined(parts: Sequence[Effects]) -> Effects:
    """Several analyses as one."""
    # As objects: pandas guesses types anew when it stacks a column that is empty in one part.
    stacked = [
        pd.concat([getattr(part, name).astype(object) for part in parts], ignore_index=True)
        for name in ("estimates", "fits")
    ]
    return Effects(_typed(stacked[0]), _typed(stacked[1]))


def finished(rows: list[dict[str, Any]], fits: list[dict[str, Any]], study: Study | None = None) -> Effects:
    """The rows as frames, with adjusted p-values; given the study, those of a register are adjusted apart.

    Survey and register are two sources for one hypothesis, not more hypotheses.
    """
    estimates = _typed(pd.DataFrame(rows, columns=list(COLUMNS)))
    register = [study is not None and study.is_register(key) for key in estimates["outcome"]]
    parts = [adjusted(part) for _, part in estimates.groupby(np.array(register, dtype=bool), sort=False)]
    estimates = pd.concat(parts).loc[estimates.index] if parts else adjusted(estimates)
    return Effects(estimates, _typed(pd.DataFrame(fits, columns=list(FITS))))


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Every column but text and flags as floats, so that a file's columns never depend on what is missing."""
    flags = {"usable": bool, "singular": bool, "separated": bool, "imputation": int}
    types = {c: flags.get(c, float) for c in frame.columns if c not in _TEXT}
    return frame.astype(types)


def effect_rows(estimates: pd.DataFrame) -> pd.DataFrame:
    """The rows that hold the effect of the intervention: the group at the endpoint, group x wave in a trend."""
    endpoint = (estimates["analysis"] == "t3") & (estimates["term"] == GROUP)
    trend = (estimates["analysis"] == "longitudinal") & (estimates["term"] == TREND)
    return estimates[endpoint | trend]


def adjusted(estimates: pd.DataFrame) -> pd.DataFrame:
    """The estimates with p-values adjusted over the family of all effects of one analysis and model."""
    estimates = estimates.assign(p_holm=np.nan, p_bh=np.nan)
    effect = estimates["term"].isin([GROUP, TREND]) & ~(
        (estimates["analysis"] == "longitudinal") & (estimates["term"] == GROUP)
    )
    for _, family in estimates[effect & estimates["p_value"].notna()].groupby(["analysis", "model"], sort=False):
        p = family["p_value"].to_numpy(dtype=float)
        estimates.loc[family.index, "p_holm"] = adjust(p, "holm")
        estimates.loc[family.index, "p_bh"] = adjust(p, "bh")
    return estimates
