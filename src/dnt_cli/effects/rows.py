"""From fits to rows: pooled estimates with everything derived from them, and one row per fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dnt_cli.arrays import Floats
from dnt_cli.effects.clusters import cluster_row
from dnt_cli.effects.columns import COLUMNS, FITS, IN_SUBGROUP, MAIN, TEXT, effect_rows, stacked
from dnt_cli.effects.errors import decisive
from dnt_cli.effects.estimators import ESTIMATORS
from dnt_cli.effects.fitting import FittedEffect, Options
from dnt_cli.effects.kinds import KINDS, EffectKind
from dnt_cli.effects.scales import effect_size, population_odds, risk_difference
from dnt_cli.messages import Message, encoded, message
from dnt_cli.models import (
    CALENDAR,
    ENDPOINT,
    GROUP,
    LONGITUDINAL,
    MODERATORS,
    TREND,
    Model,
    control_of,
    keys_as_text,
    keys_in,
)
from dnt_cli.pooling import Pooled, adjust, interval, pool, pool_wald, unpooled
from dnt_cli.study import Study


@dataclass(frozen=True, slots=True)
class Effects:
    """Pooled estimates, a row per model and term, and one row per fit behind them."""

    estimates: pd.DataFrame
    fits: pd.DataFrame


def pooled_rows(
    study: Study, model: Model, results: Sequence[FittedEffect], options: Options, label: str, *, own_df: bool = False
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
    base = described(study, model, results, options, label)
    notes = _notes(base, results, own_df=own_df)
    if label == MAIN and results and all(r.fit.status.usable for r in results):
        notes += ESTIMATORS[base["kind"]].remarks(study.outcomes[model.outcome], [r.fit for r in results])
    if results and not all(r.enough for r in results):
        why = list(dict.fromkeys(own for r in results for own in r.fit.status.messages))
        return [base | {"term": model.effect, "status": "not estimable", "message": encoded(why)}]
    failed = [r for r in results if not r.fit.status.usable]
    differ = len({r.fit.terms for r in results}) > 1
    if failed or differ:
        why = _failure(failed, len(results)) if failed else [message("effects.terms_differ")]
        return [base | {"term": model.effect, "status": "not estimable", "message": encoded(why)}]
    singular = any(r.fit.status.singular for r in results)
    firth = not own_df and any(_is_firth(r) for r in results)
    base |= {
        "random_sd": _mean([r.fit.random_sd for r in results]),
        "residual_sd": _mean([r.fit.residual_sd for r in results]),
        "status": "singular" if singular else "firth" if firth else "ok",
        "message": encoded(notes),
    }
    rows = _term_rows(model, results, options, KINDS[model.kind(study)], own_df=own_df)
    return [base | row for row in rows + ([] if own_df else _factor_rows(results))]


def no_trend_row(study: Study, key: str, label: str, m: int) -> dict[str, Any]:
    """The row of a tested outcome that has no longitudinal model, with the reason."""
    outcome = study.outcomes[key]
    model = Model(LONGITUDINAL, key)
    if outcome.trend is False:
        why = message("effects.trend_off")
    elif study.design.baseline not in outcome.waves:
        why = message("effects.no_baseline", wave=study.design.baseline)
    else:
        why = message("effects.one_wave", wave=study.design.baseline)
    base = described(study, model, [], Options(), label) | {"m": m}
    return base | {"term": model.effect, "status": "not estimable", "message": encoded([why])}


def described(
    study: Study, model: Model, results: Sequence[FittedEffect], options: Options, label: str
) -> dict[str, Any]:
    """What the rows of one model have in common: which model, on how many persons and answers, with what in it."""
    name = model.kind(study)
    kind = KINDS[name]
    fewest = [[getattr(own, arm) for r in results for own in r.observed] for arm in ("intervention", "comparison")]
    terms = {term for r in results for term in r.fit.terms}
    held = {control_of(term) for term in terms}
    baseline = study.column(model.outcome, study.design.baseline)
    return {
        "analysis": model.name,
        "model": label,
        "outcome": model.outcome,
        "wave": model.wave(study) if model.analysis == ENDPOINT else "",
        "hypothesis": study.outcomes[model.outcome].hypothesis,
        "kind": name,
        "m": len(results),
        "n_persons": _rounded([r.n_persons for r in results]),
        "n_observations": _rounded([r.fit.n_observations for r in results]),
        "n_events": _mean([r.n_events for r in results]) if kind.yes_no else None,
        "fewest_events": _mean([r.fewest for r in results]) if kind.yes_no else None,
        "n_observed_intervention": min(fewest[0], default=None),
        "n_observed_comparison": min(fewest[1], default=None),
        "controls": keys_as_text(model.controls),
        "left_out": keys_as_text([c for c in model.controls if terms and c not in held]),
        "baseline": baseline if model.analysis == ENDPOINT and baseline in terms else "",
        "standardise": options.standardise if kind.standardised else "",
        "engine": _engines(results),
    }


def _engines(results: Sequence[FittedEffect]) -> str:
    """The engines that fitted, each with its share of the fits where there are several."""
    counts = Counter(r.fit.engine for r in results if r.fit.engine)
    if len(counts) < 2:
        return "".join(counts)
    return ", ".join(f"{engine} ({count}/{len(results)})" for engine, count in counts.items())


def _notes(base: Mapping[str, Any], results: Sequence[FittedEffect], *, own_df: bool) -> list[Message]:
    """What the analyst must know of a model that has an estimate."""
    m = len(results)
    notes = list(dict.fromkeys(own for r in results for own in r.notes))
    if base["left_out"]:
        notes.append(message("effects.left_out", controls=keys_in(base["left_out"])))
    singular = sum(r.fit.status.singular for r in results)
    firth = 0 if own_df else sum(_is_firth(r) for r in results)
    slope = any(own.key == "engines.singular_slope" for r in results for own in r.fit.status.messages)
    notes += [_of(singular, m, "effects.singular_slope" if slope else "effects.singular")] if singular else []
    if firth and firth == m > 1:
        notes.append(message("effects.firth_all", m=m))
    elif firth:
        notes.append(_of(firth, m, "effects.firth"))
    return notes


def _is_firth(result: FittedEffect) -> bool:
    return "irth" in result.fit.engine


def _rounded(values: Sequence[float]) -> int | None:
    return round(float(np.mean(values))) if values else None


def _term_rows(
    model: Model, results: Sequence[FittedEffect], options: Options, kind: EffectKind, *, own_df: bool
) -> list[dict[str, Any]]:
    own_df = own_df or (options.satterthwaite and results[0].fit.residual_sd is not None)
    terms = results[0].fit.terms
    estimates = np.array([r.fit.estimate for r in results])
    variances = np.array([np.diag(r.fit.covariance) for r in results])
    pooled = _pool(estimates, variances, results, own_df=own_df)
    low, high = interval(pooled, options.level)
    scales = np.array([r.scale for r in results])
    rows = []
    beta = None if not kind.standardised else _pool(estimates * scales, variances * scales**2, results, own_df=own_df)
    for j, term in enumerate(terms):
        row: dict[str, Any] = {"term": term} | pooled_numbers(pooled, (low, high), j)
        if kind.ratio:
            ratio = float(np.exp(row["estimate"]))
            row |= {kind.ratio: ratio, f"{kind.ratio}_se": ratio * row["std_error"]}
            row |= {f"{kind.ratio}_low": float(np.exp(low[j])), f"{kind.ratio}_high": float(np.exp(high[j]))}
        elif beta is not None:
            row |= {"beta": float(beta.estimate[j]), "beta_se": float(beta.std_error[j])}
        if term == model.effect:
            row |= cluster_row(estimates[:, j], [r.clustered for r in results], options.level)
            row |= _scales(results, estimates[:, j], variances[:, j], options, j, kind, own_df=own_df)
        rows.append(row)
    return rows


def pooled_numbers(pooled: Pooled, limits: tuple[Floats, Floats], place: int = 0) -> dict[str, float]:
    """The columns of a row that Rubin's rules give, of one term and its interval."""
    names = ("estimate", "std_error", "statistic", "df", "p_value", "ubar", "b", "t", "riv", "lambda_", "fmi")
    numbers = {name.rstrip("_"): float(getattr(pooled, name)[place]) for name in names}
    low, high = (float(limit[place]) for limit in limits)
    return numbers | {"conf_low": low, "conf_high": high}


def _factor_rows(results: Sequence[FittedEffect]) -> list[dict[str, Any]]:
    """A joint test of each control that has several terms (D1), under its own name, without an estimate."""
    fits = [r.fit for r in results]
    groups: dict[str, list[int]] = {}
    for j, term in enumerate(fits[0].terms):
        if term.endswith("]"):
            groups.setdefault(control_of(term), []).append(j)
    rows = []
    for factor, places in groups.items():
        if len(places) > 1 and len(fits) > 1:
            estimates = np.array([fit.estimate[places] for fit in fits])
            covariances = np.array([fit.covariance[np.ix_(places, places)] for fit in fits])
            test = pool_wald(estimates, covariances, fits[0].df_residual)
            told = encoded([message("effects.joint_test", terms=len(places), df1=test.df1, df2=test.df2)])
            numbers = {"statistic": test.statistic, "df": test.df2, "p_value": test.p_value}
            rows.append({"term": factor, **numbers, "message": told})
    return rows


def _pool(estimates: Floats, variances: Floats, results: Sequence[FittedEffect], *, own_df: bool) -> Pooled:
    """Rubin's rules over the imputations; a single fit keeps its own standard error and degrees of freedom.

    Complete-data degrees of freedom are those that `df.residual()` gives in R, as `mice::pool` takes them.
    """
    fits = [r.fit for r in results]
    if len(fits) == 1:
        return unpooled(estimates[0], variances[0], fits[0].df)
    if own_df:
        return pool(estimates, variances, np.array([fit.df for fit in fits]))
    return pool(estimates, variances, np.array([np.full(estimates.shape[1], fit.df_residual) for fit in fits]))


def _scales(
    results: Sequence[FittedEffect], estimates: Floats, variances: Floats, options: Options, place: int,
    kind: EffectKind, *, own_df: bool,
) -> dict[str, float]:  # fmt: skip
    """The effect on the scales that people read."""
    own = own_df or len(results) == 1
    df = np.array([r.fit.df[place] if own else r.fit.df_residual for r in results])
    if kind.standardised:
        return effect_size(estimates, variances, np.array([r.outcome_sd for r in results]), df, options.level)
    if not kind.yes_no:
        return {}
    found = risk_difference([r.marginal for r in results], options.level)
    if results[0].fit.random_sd is not None and "random_covariance" not in results[0].fit.details:
        sds = np.array([float(r.fit.random_sd or 0.0) for r in results])
        found |= population_odds(estimates, variances, sds, df, options.level)
    return found


def _failure(failed: Sequence[FittedEffect], m: int) -> list[Message]:
    """Why there is no estimate: how many of the m fits failed, and the reasons that they gave."""
    separated = sum(r.fit.status.separated for r in failed)
    reasons = list(dict.fromkeys(own for r in failed for own in r.fit.status.messages))
    parts = [_of(separated, m, "effects.separated")] if separated else []
    if other := len(failed) - separated:
        parts.append(_of(other, m, "effects.unusable"))
    return [message("effects.because", what=parts, reasons=reasons[:3])] if reasons else parts


def _of(count: int, m: int, key: str) -> Message:
    """How many of the imputations it happened in; without a count where nothing was imputed."""
    return message(key, count=count, m=m) if m > 1 else message(f"{key}_single")


def _mean(values: Sequence[float | None]) -> float | None:
    """Variance components are pooled as point estimates only: they have no usable standard error."""
    known = [v for v in values if v is not None]
    return float(np.mean(known)) if known else None


def fit_rows(model: Model, results: Sequence[FittedEffect], label: str) -> list[dict[str, Any]]:
    """One row per imputation's fit."""
    return [
        {
            "analysis": model.name,
            "model": label,
            "outcome": model.outcome,
            "controls": keys_as_text(model.controls),
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
            "message": encoded(r.fit.status.messages),
        }
        for i, r in enumerate(results, start=1)
    ]


def joined(parts: Sequence[Effects]) -> Effects:
    """Several analyses as one."""
    frames = ([own.estimates for own in parts], [own.fits for own in parts])
    return Effects(*(_typed(stacked(own)) for own in frames))


def finished(
    rows: list[dict[str, Any]], fits: list[dict[str, Any]], study: Study | None = None, *, errors: str = "model"
) -> Effects:
    """The rows as frames, with adjusted p-values; given the study, those of a register are adjusted apart.

    Survey and register are two sources for one hypothesis, not more hypotheses.
    """
    estimates = _typed(pd.DataFrame(rows, columns=list(COLUMNS)))
    register = [study is not None and study.is_register(key) for key in estimates["outcome"]]
    errors = errors if study is None else study.models.errors
    parts = [adjusted(part, errors) for _, part in estimates.groupby(np.array(register, dtype=bool), sort=False)]
    estimates = pd.concat(parts).loc[estimates.index] if parts else adjusted(estimates)
    if study is not None:
        estimates = _primary(estimates, study)
    return Effects(estimates, _typed(pd.DataFrame(fits, columns=list(FITS))))


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Every column but text and flags as floats, so that a file's columns never depend on what is missing."""
    flags = {"usable": bool, "singular": bool, "separated": bool, "imputation": int}
    types = {c: flags.get(c, float) for c in frame.columns if c not in TEXT}
    return frame.astype(types)


def _primary(estimates: pd.DataFrame, study: Study) -> pd.DataFrame:
    """With Holm's correction over the effects of one analysis that belong to a primary hypothesis."""
    primary = {key for key, hypothesis in study.hypotheses.items() if hypothesis.primary}
    rows = effect_rows(estimates)
    rows = rows[rows["hypothesis"].isin(primary) & ~rows["outcome"].map(study.is_register).astype(bool)]
    for _, family in rows.groupby(["analysis", "model"], sort=False):
        p = np.array([decisive(row, study.models.errors) for _, row in family.iterrows()])
        estimates.loc[family.index, "p_holm_primary"] = adjust(p, "holm")
    return estimates


def adjusted(estimates: pd.DataFrame, errors: str = "model") -> pd.DataFrame:
    """The estimates with p-values adjusted over the family of all effects of one analysis and model.

    The p-values are those that the marks rest on (`models.errors`). Of moderators the family is that of the tests that
    subgroups do not differ, over all moderators and outcomes.
    """
    estimates = estimates.assign(p_holm=np.nan, p_bh=np.nan)
    effect = estimates["term"].isin([GROUP, TREND]) & ~(
        (estimates["analysis"] == LONGITUDINAL) & (estimates["term"] == GROUP)
    )
    whole = ~estimates["term"].str.contains(IN_SUBGROUP, regex=False)
    effect |= estimates["analysis"].isin([MODERATORS, CALENDAR]) & whole
    for _, family in estimates[effect & estimates["p_value"].notna()].groupby(["analysis", "model"], sort=False):
        p = np.array([decisive(row, errors) for _, row in family.iterrows()])
        estimates.loc[family.index, "p_holm"] = adjust(p, "holm")
        estimates.loc[family.index, "p_bh"] = adjust(p, "bh")
    return estimates
