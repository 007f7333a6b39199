"""Effects of the intervention: every model on every completed data set, pooled by Rubin's rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.stats import t as student_t

from dnt_cli.completed import Completed, require_inference
from dnt_cli.design import GROUP, TREND, Designs, Model
from dnt_cli.engines import (
    Design,
    Fit,
    average_marginal_effect,
    fit_linear,
    fit_logistic,
    fit_mixed_linear,
    fit_mixed_logistic,
)
from dnt_cli.errors import ModelError
from dnt_cli.pooling import Pooled, adjust, interval, pool
from dnt_cli.study import Study

Progress = Callable[[int, int], None]
Floats = NDArray[np.float64]

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

# The Laplace approximation is doubted where 25 quadrature nodes move the effect by more than this many standard
# errors, or where the random intercept's SD is so large that 25 nodes are too few as well.
QUADRATURE_SHIFT = 0.1
LARGE_SD = 3.0
QUADRATURE_NODES = 25


@dataclass(frozen=True, slots=True)
class Options:
    """How models are fitted.

    Attributes:
        engine: of the mixed models.
        nodes: quadrature nodes; 1 is the Laplace approximation.
        separation: what to do with a separated logistic model.
        standardise: `both` divides by the SD of outcome and predictor, `outcome` by that of the outcome only.
        satterthwaite: Satterthwaite's degrees of freedom for linear mixed models.
        quadrature_check: number of imputations on which the Laplace approximation is checked against 25 nodes.
        level: of the confidence intervals.
        jobs: processes.
    """

    engine: Literal["glmm", "lme4"] = "glmm"
    nodes: int = 1
    separation: Literal["stop", "firth"] = "stop"
    standardise: Literal["both", "outcome"] = "both"
    satterthwaite: bool = False
    quadrature_check: int = 3
    level: float = 0.95
    jobs: int = 1


@dataclass(frozen=True, slots=True)
class Effects:
    """Pooled estimates, a row per model and term, and one row per fit behind them."""

    estimates: pd.DataFrame
    fits: pd.DataFrame


@dataclass(frozen=True, slots=True)
class _Result:
    """One fit, and what is derived within its data set before pooling."""

    fit: Fit
    scale: Floats = field(repr=False)  # (k,) beta = estimate * scale
    marginal: tuple[float, float]  # average marginal effect of the group and its SE, as shares
    n_persons: int
    n_events: int | None


def endpoint_effects(
    data: Completed, options: Options, *, outcomes: Sequence[str] | None = None, controls: Sequence[str] | None = None,
    difference: bool = False, label: str = "main", progress: Progress | None = None,
) -> Effects:  # fmt: skip
    """Effects at the endpoint: y_end ~ group + y_baseline + controls, per outcome.

    Args:
        data: Completed data sets; a single "set" with gaps is analysed as observed, without pooling.
        options: How models are fitted.
        outcomes: Keys; default: all tested outcomes.
        controls: Covariates; default: the study's.
        difference: The change since baseline as response, for linear outcomes with a baseline.
        label: What the `model` column says.
        progress: Called with (done, all) fits.

    Raises:
        ModelError: Fewer than two imputations.
    """
    study = data.study
    chosen = study.models.controls if controls is None else tuple(controls)
    models = [Model("t3", key, chosen, difference) for key in _chosen(study, outcomes, study.tested)]
    _refuse_single(data)
    fitted = _fit_all(data, [(model, options) for model in models], options.jobs, progress)
    rows, fits = [], []
    for model, results in zip(models, fitted, strict=True):
        rows += _rows(study, model, results, options, label)
        fits += _fit_rows(model, results, label)
    return _finished(rows, fits)


def trend_effects(
    data: Completed, options: Options, *, outcomes: Sequence[str] | None = None,
    ladder: Sequence[Sequence[str]] | None = None, label: str = "main", progress: Progress | None = None,
) -> Effects:  # fmt: skip
    """Trends of the effect: y_wave ~ group * wave + controls + (1 | person), per outcome with a longitudinal model.

    The controls are the first rung of the ladder on which every imputation's fit is usable; the rungs above it are
    kept among the fits, with the reason.

    Args:
        data: As in `endpoint_effects`.
        options: How models are fitted.
        outcomes: Keys; default: all tested outcomes with a longitudinal model.
        ladder: Sets of controls, first choice first; default: the study's.
        label: What the `model` column says.
        progress: Called with (done, all) fits.

    Raises:
        ModelError: Fewer than two imputations, or an outcome without longitudinal model.
    """
    study = data.study
    rungs = [tuple(rung) for rung in (study.models.ladder if ladder is None else ladder)]
    keys = _chosen(study, outcomes, [k for k in study.tested if study.has_trend(k)])
    _refuse_single(data)
    pending, rows, fits = list(keys), {}, []
    for number, rung in enumerate(rungs, start=1):
        models = [Model("longitudinal", key, rung) for key in pending]
        fitted = _fit_all(data, [(model, options) for model in models], options.jobs, progress)
        pending = []
        for model, results in zip(models, fitted, strict=True):
            fits += _fit_rows(model, results, label)
            if all(r.fit.status.usable for r in results) or number == len(rungs):
                rows[model.outcome] = _rows(study, model, results, options, label)
            else:
                pending.append(model.outcome)
        if not pending:
            break
    _note_ladder(rows, fits, rungs)
    if options.quadrature_check and options.nodes == 1:
        _check_quadrature(data, rows, fits, options)
    return _finished([row for key in keys for row in rows[key]], fits)


def _chosen(study: Study, outcomes: Sequence[str] | None, default: Iterable[str]) -> list[str]:
    if outcomes is None:
        return list(default)
    for key in outcomes:
        if key not in study.outcomes:
            raise ModelError(f"The study has no outcome {key}; known: {', '.join(study.tested)}.")
    return list(outcomes)


def _refuse_single(data: Completed) -> None:
    single_observed = data.m == 1 and data.sets[0] is data.observed
    if not single_observed:
        require_inference(data)


def as_observed(data: Completed) -> Completed:
    """The observed answers as the only data set: models leave out the rows with a gap."""
    return Completed(data.study, data.observed, (data.observed,))


def joined(parts: Sequence[Effects]) -> Effects:
    """Several analyses as one."""
    # As objects: pandas guesses types anew when it stacks a column that is empty in one part.
    stacked = [
        pd.concat([getattr(part, name).astype(object) for part in parts], ignore_index=True)
        for name in ("estimates", "fits")
    ]
    return Effects(_typed(stacked[0]), _typed(stacked[1]))


# --- fitting ---------------------------------------------------------------------------------------------------------


def _fit_all(
    data: Completed, tasks: Sequence[tuple[Model, Options]], jobs: int, progress: Progress | None
) -> list[list[_Result]]:
    """Per task its results over the imputations; in processes, since the engines hold Python's lock."""
    chunks = min(data.m, jobs * 4) if jobs > 1 else 1
    parts = np.array_split(np.arange(data.m), chunks)
    calls = (delayed(_fit_part)([data.sets[i] for i in part], data.study, tasks) for part in parts)
    results: list[list[list[_Result]]] = []
    total, done = data.m * len(tasks), 0
    for part in Parallel(n_jobs=jobs, return_as="generator")(calls):
        results.append(part)
        done += sum(len(r) for r in part)
        if progress is not None:
            progress(done, total)
    return [[r for part in results for r in part[t]] for t in range(len(tasks))]


def _fit_part(
    sets: Sequence[pd.DataFrame], study: Study, tasks: Sequence[tuple[Model, Options]]
) -> list[list[_Result]]:
    designs = [Designs(wide, study) for wide in sets]
    return [[_fit_one(own, study, model, options) for own in designs] for model, options in tasks]


def _fit_one(designs: Designs, study: Study, model: Model, options: Options) -> _Result:
    design = designs.build(model)
    binary = study.outcomes[model.outcome].kind == "binary" and not model.difference
    fit = _engine(design, binary, options)
    marginal = (float("nan"), float("nan"))
    if binary and model.analysis == "t3" and fit.status.usable:
        column = design.terms.index(GROUP)
        marginal = average_marginal_effect(design.matrix, fit.estimate, fit.covariance, column)
    persons = len(design.response) if design.groups is None else len(np.unique(design.groups))
    events = int(design.response.sum()) if binary else None
    return _Result(fit, _scale(design, options.standardise), marginal, persons, events)


def _engine(design: Design, binary: bool, options: Options) -> Fit:
    if design.groups is None:
        return fit_logistic(design, separation=options.separation) if binary else fit_linear(design)
    if binary:
        return fit_mixed_logistic(design, engine=options.engine, nodes=options.nodes)
    df: Literal["satterthwaite", "residual_infinite"] = (
        "satterthwaite" if options.satterthwaite else "residual_infinite"
    )
    return fit_mixed_linear(design, engine=options.engine, df=df)


def _scale(design: Design, standardise: str) -> Floats:
    """SD(x) / SD(y) per term within this data set, as R's `scale()` on both sides gives; an interaction counts as
    group x wave with only the group (and the outcome) scaled, so that it stays an effect per wave."""
    spread = design.matrix.std(axis=0, ddof=1)
    if TREND in design.terms:
        spread[design.terms.index(TREND)] = spread[design.terms.index(GROUP)]
    if standardise == "outcome":
        spread = np.ones_like(spread)
    scale: Floats = spread / design.response.std(ddof=1)
    return scale


# --- rows ------------------------------------------------------------------------------------------------------------


def _rows(
    study: Study, model: Model, results: Sequence[_Result], options: Options, label: str
) -> list[dict[str, Any]]:
    outcome = study.outcomes[model.outcome]
    binary = outcome.kind == "binary" and not model.difference
    base = {
        "analysis": model.analysis,
        "model": label,
        "outcome": model.outcome,
        "hypothesis": outcome.hypothesis,
        "kind": "binary" if binary else "linear",
        "m": len(results),
        "n_persons": round(float(np.mean([r.n_persons for r in results]))),
        "n_observations": round(float(np.mean([r.fit.n_observations for r in results]))),
        "n_events": float(np.mean([r.n_events for r in results])) if binary else None,
        "controls": ", ".join(model.controls),
        "engine": results[0].fit.engine,
    }
    failed = [r for r in results if not r.fit.status.usable]
    if failed:
        return [base | {"term": model.effect, "status": "not estimable", "message": _failure(failed, len(results))}]
    singular = sum(r.fit.status.singular for r in results)
    notes = [_of(singular, len(results), "with a random intercept without variance (singular)")] if singular else []
    firth = sum("irth" in r.fit.engine for r in results)
    if firth:
        notes.append(_of(firth, len(results), "separated and fitted by Firth's penalised likelihood"))
    base |= {
        "random_sd": _mean([r.fit.random_sd for r in results]),
        "residual_sd": _mean([r.fit.residual_sd for r in results]),
        "status": "singular" if singular else "firth" if firth else "ok",
        "message": "; ".join(notes),
    }
    return [base | row for row in _term_rows(model, results, options, binary=binary)]


def _term_rows(model: Model, results: Sequence[_Result], options: Options, *, binary: bool) -> list[dict[str, Any]]:
    terms = results[0].fit.terms
    estimates = np.array([r.fit.estimate for r in results])
    variances = np.array([np.diag(r.fit.covariance) for r in results])
    pooled = _pool(estimates, variances, results, options)
    low, high = interval(pooled, options.level)
    scales = np.array([r.scale for r in results])
    rows = []
    beta = None if binary else _pool(estimates * scales, variances * scales**2, results, options)
    marginal = _pool_marginal(results, options)
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


def _pool(estimates: Floats, variances: Floats, results: Sequence[_Result], options: Options) -> Pooled:
    """Rubin's rules over the imputations; a single fit keeps its own standard error and degrees of freedom."""
    fits = [r.fit for r in results]
    if len(fits) == 1:
        return _single(estimates[0], variances[0], fits[0].df)
    mixed_linear = fits[0].random_sd is not None and fits[0].residual_sd is not None
    if options.satterthwaite and mixed_linear:
        return pool(estimates, variances, np.array([fit.df for fit in fits]))
    return pool(estimates, variances, np.array([np.full(estimates.shape[1], _residual_df(fit)) for fit in fits]))


def _single(estimate: Floats, variance: Floats, df: Floats) -> Pooled:
    """The same quantities for one fit, where nothing was imputed: no between-imputation variance."""
    error = np.sqrt(variance)
    with np.errstate(invalid="ignore"):  # the intercept has no standardised coefficient: 0 / 0
        statistic = estimate / error
    none = np.full(len(estimate), np.nan)
    # Student's t with infinite df is the normal distribution, which is what glm and glmer report.
    p = 2 * student_t.sf(np.abs(statistic), df)
    return Pooled(1, estimate, error, statistic, df, p, variance, none, variance, none, none, none)


def _residual_df(fit: Fit) -> float:
    """What `df.residual()` gives in R, and so what `mice::pool` takes as complete-data degrees of freedom."""
    parameters = len(fit.terms)
    if fit.random_sd is not None:
        parameters += 1 + (fit.residual_sd is not None)
    return float(fit.n_observations - parameters)


def _pool_marginal(results: Sequence[_Result], options: Options) -> tuple[float, float]:
    values = np.array([r.marginal for r in results])
    if np.isnan(values).any():
        return float("nan"), float("nan")
    if len(results) == 1:
        return float(values[0, 0]), float(values[0, 1])
    pooled = pool(values[:, :1], values[:, 1:] ** 2, np.inf)
    return float(pooled.estimate[0]), float(pooled.std_error[0])


def _failure(failed: Sequence[_Result], m: int) -> str:
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


def _fit_rows(model: Model, results: Sequence[_Result], label: str) -> list[dict[str, Any]]:
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


# --- what the reader must know ---------------------------------------------------------------------------------------


def _note_ladder(rows: dict[str, list[dict[str, Any]]], fits: list[dict[str, Any]], rungs: list[tuple[str, ...]]) -> None:
    """Say beside an effect which sets of controls were tried before, and why they were left."""
    for key, own in rows.items():
        used = own[0]["controls"]
        for rung in (", ".join(r) for r in rungs):
            if rung == used:
                break
            tried = [f for f in fits if f["outcome"] == key and f["controls"] == rung and not f["usable"]]
            separated = sum(f["separated"] for f in tried)
            cause = f"{len(tried)} of {own[0]['m']} fits unusable" + (f", {separated} separated" if separated else "")
            for row in own:
                row["message"] = "; ".join(filter(None, [row["message"], f"controls '{rung}' left: {cause}"]))


def _check_quadrature(
    data: Completed, rows: dict[str, list[dict[str, Any]]], fits: list[dict[str, Any]], options: Options
) -> None:
    """Refit the first imputations with 25 nodes and mark the effects that the Laplace approximation gets wrong."""
    few = Completed(data.study, data.observed, data.sets[: options.quadrature_check])
    estimable = {k: own for k, own in rows.items() if own[0]["kind"] == "binary" and own[0]["status"] != "not estimable"}
    models = {k: Model("longitudinal", k, _controls(own[0])) for k, own in estimable.items()}
    exact = Options(engine=options.engine, nodes=QUADRATURE_NODES)
    tasks = [(model, o) for model in models.values() for o in (options, exact)]
    if not tasks:
        return
    fitted = _fit_all(few, tasks, options.jobs, None)
    for i, key in enumerate(models):
        laplace, quadrature = fitted[2 * i], fitted[2 * i + 1]
        usable = [(a, b) for a, b in zip(laplace, quadrature, strict=True) if b.fit.status.usable]
        j = laplace[0].fit.terms.index(TREND)
        shift = float(np.mean([(b.fit.estimate[j] - a.fit.estimate[j]) / a.fit.std_error[j] for a, b in usable] or [np.inf]))
        spread = estimable[key][0]["random_sd"]
        if abs(shift) > QUADRATURE_SHIFT or spread > LARGE_SD:
            note = f"Laplace approximation doubtful: random-intercept SD {spread:.1f}, 25 nodes move the effect by {shift:+.2f} SE"
            for row in estimable[key]:
                row["status"] = "doubtful" if row["status"] == "ok" else row["status"]
                row["message"] = "; ".join(filter(None, [row["message"], note]))


def _controls(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(filter(None, row["controls"].split(", ")))


def _finished(rows: list[dict[str, Any]], fits: list[dict[str, Any]]) -> Effects:
    estimates = adjusted(_typed(pd.DataFrame(rows, columns=list(COLUMNS))))
    return Effects(estimates, _typed(pd.DataFrame(fits, columns=list(FITS))))


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Every column but text and flags as floats, so that a file's columns never depend on what is missing."""
    flags = {"usable": bool, "singular": bool, "separated": bool, "imputation": int}
    types = {c: flags.get(c, float) for c in frame.columns if c not in _TEXT}
    return frame.astype(types)


def adjusted(estimates: pd.DataFrame) -> pd.DataFrame:
    """The estimates with p-values adjusted over the family of all effects of one analysis and model."""
    estimates = estimates.assign(p_holm=np.nan, p_bh=np.nan)
    effect = estimates["term"].isin([GROUP, TREND]) & ~((estimates["analysis"] == "longitudinal") & (estimates["term"] == GROUP))
    for _, family in estimates[effect & estimates["p_value"].notna()].groupby(["analysis", "model"], sort=False):
        p = family["p_value"].to_numpy(dtype=float)
        estimates.loc[family.index, "p_holm"] = adjust(p, "holm")
        estimates.loc[family.index, "p_bh"] = adjust(p, "bh")
    return estimates


_TEXT = {"analysis", "model", "outcome", "hypothesis", "kind", "term", "controls", "engine", "status", "message"}
