"""Fit models on every completed data set, in processes, with whatever engine each needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from joblib import delayed
from numpy.typing import NDArray

from dnt_cli.design import ENDPOINT, GROUP, LONGITUDINAL, TREND, Designs, Model
from dnt_cli.engines import (
    Design,
    Fit,
    Lme4Session,
    average_marginal_effect,
    fit_linear,
    fit_logistic,
    fit_mixed_linear,
    fit_mixed_logistic,
)
from dnt_cli.engines.base import unusable
from dnt_cli.errors import ModelError
from dnt_cli.imputed.data import Completed
from dnt_cli.messages import Message
from dnt_cli.observed import Observed, known_answers, too_few
from dnt_cli.progress import Progress
from dnt_cli.study import Study
from dnt_cli.workers import in_workers

Fitter = Callable[[Designs, Design, Model], Fit]
Floats = NDArray[np.float64]


# Seconds of work below which another process, which first has to load its libraries, costs more than it gains.
_WORTH_A_PROCESS = 5.0
# Seconds of work that an R session, which takes five to start, does before the next one starts.
_WORTH_A_SESSION = 60.0


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
class Result:
    """One fit, and what is derived within its data set before pooling.

    Attributes:
        fit: The fit; without numbers where an arm has too few observed answers, which no engine then saw.
        scale: (k,) beta = estimate * scale.
        marginal: Average marginal effect of the group and its standard error, as shares.
        n_persons: In the model.
        n_events: Ones among the response of a logistic model.
        observed: Observed answers per wave and arm.
        enough: Whether those are enough for an effect.
        notes: What was changed in the design: controls left out, another reference.
    """

    fit: Fit
    scale: Floats = field(repr=False)
    marginal: tuple[float, float]
    n_persons: int
    n_events: int | None
    observed: tuple[Observed, ...] = ()
    enough: bool = True
    notes: tuple[Message, ...] = ()


def fit_all(
    data: Completed, tasks: Sequence[tuple[Model, Options]], jobs: int, progress: Progress | None
) -> list[list[Result]]:
    """Per task its results over the imputations; in processes, since the engines hold Python's lock."""
    seconds = data.m * sum(_seconds(data.study, *task) for task in tasks)
    if seconds < _WORTH_A_PROCESS:
        jobs = 1
    # The more parts, the sooner it is known how long all takes; but each starts an R session where one is needed.
    wanted = max(jobs, round(seconds / _WORTH_A_SESSION)) if _uses_r(tasks) else data.m
    parts = np.array_split(np.arange(data.m), min(data.m, wanted))
    known = known_answers(data.observed, data.study)
    calls = (delayed(_fit_part)([data.sets[i] for i in part], data.study, known, tasks) for part in parts)
    results: list[list[list[Result]]] = []
    total, done = data.m * len(tasks), 0
    for part in in_workers(calls, jobs):
        results.append(part)
        done += sum(len(r) for r in part)
        if progress is not None:
            progress(done, total)
    return [[r for part in results for r in part[t]] for t in range(len(tasks))]


def _fit_part(
    sets: Sequence[pd.DataFrame], study: Study, known: pd.DataFrame, tasks: Sequence[tuple[Model, Options]]
) -> list[list[Result]]:
    designs = [Designs(wide, study, known) for wide in sets]
    with Lme4Session() if _uses_r(tasks) else nullcontext() as session:
        return [[fit_one(own, study, model, options, session) for own in designs] for model, options in tasks]


def _seconds(study: Study, model: Model, options: Options) -> float:
    """About how long one fit takes (measured, 136 persons, five waves); only good enough to choose processes by."""
    if model.analysis == ENDPOINT:
        return 0.003
    if options.engine == "lme4":
        return 1.0
    if study.outcomes[model.outcome].kind != "binary":
        return 0.003
    return 0.03 if options.nodes == 1 else 0.12


def _uses_r(tasks: Sequence[tuple[Model, Options]]) -> bool:
    return any(model.analysis == LONGITUDINAL and options.engine == "lme4" for model, options in tasks)


def fit_one(
    designs: Designs, study: Study, model: Model, options: Options, session: Lme4Session | None = None,
    fitter: Fitter | None = None,
) -> Result:  # fmt: skip
    """One model on one data set, by its engine or in the way that `fitter` fits it."""
    observed = tuple(designs.observed(model))
    if (short := too_few(observed, study.models.min_observed)) is not None:
        return _unfitted(designs, model, observed, short)
    design, notes = designs.built(model)
    binary = model.kind(study) == "binary"
    fit = _engine(design, binary, options, session) if fitter is None else fitter(designs, design, model)
    marginal = (float("nan"), float("nan"))
    if binary and model.analysis == ENDPOINT and fit.status.usable and fitter is None:
        column = design.terms.index(GROUP)
        marginal = average_marginal_effect(design.matrix, fit.estimate, fit.covariance, column)
    persons = len(design.response) if design.groups is None else len(np.unique(design.groups))
    events = int(design.response.sum()) if binary else None
    return Result(fit, _scale(design, options.standardise), marginal, persons, events, observed, True, notes)


def _unfitted(designs: Designs, model: Model, observed: tuple[Observed, ...], why: Message) -> Result:
    """What stands for a fit where an arm has too few observed answers."""
    try:
        design, notes = designs.built(model)
    except ModelError:  # nobody has all that the model needs
        design, notes = Design(np.empty(0), np.empty((0, 0)), (), None), ()
    persons = len(design.response) if design.groups is None else len(np.unique(design.groups))
    none = np.full(len(design.terms), np.nan)
    return Result(unusable(design, "", why), none, (np.nan, np.nan), persons, None, observed, False, notes)


def _engine(design: Design, binary: bool, options: Options, session: Lme4Session | None) -> Fit:
    if design.groups is None:
        return fit_logistic(design, separation=options.separation) if binary else fit_linear(design)
    if binary:
        return fit_mixed_logistic(
            design,
            engine=options.engine,
            nodes=options.nodes,
            restarts=options.nodes == 1,  # second optima are a fault of the Laplace approximation
            session=session,
        )
    df: Literal["satterthwaite", "residual_infinite"] = (
        "satterthwaite" if options.satterthwaite else "residual_infinite"
    )
    return fit_mixed_linear(design, engine=options.engine, df=df, session=session)


def _scale(design: Design, standardise: str) -> Floats:
    """SD(x) / SD(y) per term within this data set, as R's `scale()` on both sides gives.

    In group x wave only the group and the outcome are scaled, so that it stays an effect per wave.
    """
    spread = design.matrix.std(axis=0, ddof=1)
    if TREND in design.terms:
        spread[design.terms.index(TREND)] = spread[design.terms.index(GROUP)]
    if standardise == "outcome":
        spread = np.ones_like(spread)
    outcome = design.response.std(ddof=1)
    scale: Floats = spread / (outcome if outcome > 0 else np.nan)
    return scale
