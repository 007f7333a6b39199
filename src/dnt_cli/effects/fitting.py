"""Fit models on every completed data set, in processes, with whatever engine each needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dnt_cli.arrays import Floats
from dnt_cli.design import Designs, built_sets
from dnt_cli.effects.clusters import Clustered, clustered
from dnt_cli.effects.estimators import ESTIMATORS, Estimator
from dnt_cli.effects.kinds import KINDS
from dnt_cli.engines import DesignMatrix, Fit, Lme4Session, average_marginal_effects
from dnt_cli.engines.alike import Alike, alike
from dnt_cli.engines.base import unusable
from dnt_cli.engines.margins import trend_risk_difference
from dnt_cli.engines.mixed import DEFAULT_NODES
from dnt_cli.errors import ModelError
from dnt_cli.imputed.data import Completed
from dnt_cli.messages import Message
from dnt_cli.models import ENDPOINT, GROUP, LONGITUDINAL, TREND, WAVE, Model
from dnt_cli.observed import Observed, known_answers, too_few
from dnt_cli.progress import Progress
from dnt_cli.study import Study
from dnt_cli.workers import spread, started

Fitter = Callable[[Designs, DesignMatrix, Model], Fit]


# Seconds of work below which another process, which first has to load its libraries, costs more than it gains.
_WORTH_A_PROCESS = 5.0
# Seconds of work that an R session, which takes five to start, does before the next one starts.
_WORTH_A_SESSION = 60.0
TOGETHER = 12
"""Imputations that are fitted together; more gain little, but for models of one wave of few persons."""
PERSONS_TOGETHER = 8192
"""Persons, in all of them, up to which fitting fewer together costs more."""
_MOST_PERSONS_TOGETHER = 65_536  # so that memory does not grow with the number of imputations


@dataclass(frozen=True, slots=True)
class Options:
    """How models are fitted.

    Attributes:
        engine: of the mixed models: our own, or R's lme4.
        nodes: quadrature nodes; 1 is the Laplace approximation.
        separation: what to do with a separated logistic model.
        standardise: `both` divides by the SD of outcome and predictor, `outcome` by that of the outcome only, `none`
            by nothing.
        satterthwaite: Satterthwaite's degrees of freedom for linear mixed models.
        quadrature_check: number of imputations on which the answer is compared with that of more nodes.
        clusters: errors by person and by site too.
        marginal: the difference in probability over persons too.
        level: of the confidence intervals.
        jobs: processes.
    """

    engine: Literal["own", "lme4"] = "own"
    nodes: int = DEFAULT_NODES
    separation: Literal["stop", "firth"] = "stop"
    standardise: Literal["both", "outcome", "none"] = "both"
    satterthwaite: bool = False
    quadrature_check: int = 3
    clusters: bool = True
    marginal: bool = True
    level: float = 0.95
    jobs: int = 1

    def told(self) -> dict[str, Any]:
        """What changes the result, for the provenance of a file."""
        return {name: value for name, value in asdict(self).items() if name not in ("jobs", "marginal")}


@dataclass(frozen=True, slots=True)
class FittedEffect:
    """One fit, and what is derived within its data set before pooling.

    Attributes:
        fit: The fit; without numbers where an arm has too few observed answers, which no engine then saw.
        scale: (k,) beta = estimate * scale.
        marginal: Difference in probability over persons and its standard error, as shares: of the group at one wave, or
            of group x wave per unit of time.
        n_persons: In the model.
        n_events: Ones among the response of a logistic model.
        observed: Observed answers per wave and arm.
        enough: Whether those are enough for an effect.
        notes: What was changed in the design: controls left out, another reference.
        clustered: Errors of the effect by person and by site.
        outcome_sd: Standard deviation of the response.
        fewest: Of a logistic model, the fewest answers of either kind in a group.
    """

    fit: Fit
    scale: Floats = field(repr=False)
    marginal: tuple[float, float]
    n_persons: int
    n_events: int | None
    observed: tuple[Observed, ...] = ()
    enough: bool = True
    notes: tuple[Message, ...] = ()
    clustered: Clustered | None = None
    outcome_sd: float = float("nan")
    fewest: int | None = None


def fit_all(
    data: Completed, tasks: Sequence[tuple[Model, Options]], jobs: int, progress: Progress | None
) -> list[list[FittedEffect]]:
    """Per task its results over the imputations; in processes, since the engines hold Python's lock."""
    seconds = data.m * sum(_seconds(data.study, *task) for task in tasks)
    if seconds < _WORTH_A_PROCESS and not started():
        jobs = 1
    persons = max(1, len(data.observed))
    together = max(1, min(TOGETHER, _MOST_PERSONS_TOGETHER // persons))
    if all(model.analysis == ENDPOINT for model, _ in tasks):
        together = max(together, PERSONS_TOGETHER // persons)
    # The more parts, the sooner it is known how long all takes; but each starts an R session where one is needed.
    wanted = max(jobs, round(seconds / _WORTH_A_SESSION)) if _uses_r(tasks) else max(jobs, -(-data.m // together))
    parts = np.array_split(np.arange(data.m), min(data.m, wanted))
    known = known_answers(data.observed, data.study)
    arguments = (([data.sets[i] for i in part], data.study, known, tasks) for part in parts)
    results: list[list[list[FittedEffect]]] = []
    total, done = data.m * len(tasks), 0
    for part in spread(_fit_part, arguments, jobs):
        results.append(part)
        done += sum(len(r) for r in part)
        if progress is not None:
            progress(done, total)
    return [[r for part in results for r in part[t]] for t in range(len(tasks))]


def _fit_part(
    sets: Sequence[pd.DataFrame], study: Study, known: pd.DataFrame, tasks: Sequence[tuple[Model, Options]]
) -> list[list[FittedEffect]]:
    designs = [Designs(wide, study, known) for wide in sets]
    with Lme4Session() if _uses_r(tasks) else nullcontext() as session:
        return [fit_sets(designs, study, model, options, session) for model, options in tasks]


def _seconds(study: Study, model: Model, options: Options) -> float:
    """About how long one fit takes (measured, 136 persons, five waves); only good enough to choose processes by."""
    if model.analysis == ENDPOINT:
        return 0.0005
    if options.engine == "lme4":
        return 1.0
    if not KINDS[model.kind(study)].integrated:
        return 0.002
    return 0.002 + 0.0002 * options.nodes


def _uses_r(tasks: Sequence[tuple[Model, Options]]) -> bool:
    return any(model.analysis == LONGITUDINAL and options.engine == "lme4" for model, options in tasks)


def fit_sets(
    sets: Sequence[Designs], study: Study, model: Model, options: Options, session: Lme4Session | None = None,
    fitter: Fitter | None = None,
) -> list[FittedEffect]:  # fmt: skip
    """One model on several data sets, by its engine or in the way that `fitter` fits it."""
    results: dict[int, FittedEffect] = {}
    observed = _observed(sets, model)
    for i, designs in enumerate(sets):
        if (short := too_few(observed[i], study.models.min_observed)) is not None:
            results[i] = _unfitted(designs, model, observed[i], short)
    places = [i for i in range(len(sets)) if i not in results]
    built = dict(zip(places, built_sets([sets[i] for i in places], model), strict=True))
    kind, estimator = KINDS[model.kind(study)], ESTIMATORS[model.kind(study)]
    alone = [design for design, _ in built.values()]
    if fitter is None:
        fits = _fitted(alone, model, estimator, options, session)
    else:
        fits = [fitter(sets[i], design, model) for i, (design, _) in built.items()]
    errors: Sequence[Clustered | None] = [None] * len(fits)
    if options.clusters and fitter is None and model.time != "category":
        errors = clustered(alone, fits, model, estimator)
    marginal = options.marginal and kind.yes_no and fitter is None and model.time != "category"
    for stack in alike(alone):
        parts = [fits[j] for j in stack.places]
        response = np.array([_response(sets[places[j]], model, alone[j]) for j in stack.places])
        found = _results(stack, response, parts, options, yes_no=kind.yes_no, marginal=marginal)
        for j, result in zip(stack.places, found, strict=True):
            i = places[j]
            results[i] = replace(result, clustered=errors[j], observed=observed[i], notes=built[i][1])
    return [results[i] for i in range(len(sets))]


def _observed(sets: Sequence[Designs], model: Model) -> list[tuple[Observed, ...]]:
    """The observed answers of each data set; of the same persons they are counted once."""
    found: list[tuple[Observed, ...]] = []
    for i, designs in enumerate(sets):
        known = i > 0 and model.subgroups is None and designs.same_persons(sets[0])
        found.append(found[0] if known else tuple(designs.observed(model)))
    return found


def _results(
    stack: Alike, response: Floats, fits: Sequence[Fit], options: Options, *, yes_no: bool, marginal: bool
) -> list[FittedEffect]:
    """Fits with what is derived from them and their designs."""
    m, n = stack.response.shape
    groups = stack.designs[0].groups
    persons = n if groups is None else len(np.unique(groups))
    scales = np.broadcast_to(_scales(stack, response, options.standardise), (m, len(stack.terms)))
    spreads = response.std(axis=1, ddof=1)
    none = float("nan"), float("nan")
    effects = _marginal(stack, fits) if marginal else [none] * m
    events: list[int | None] = [None] * m
    fewest = events
    if yes_no:
        events = [int(count) for count in stack.response.sum(axis=1)]
        treated = stack.column(GROUP) == 1
        kinds = [((stack.response == answer) & (treated == arm)).sum(axis=1) for answer in (0, 1) for arm in (0, 1)]
        fewest = [int(count) for count in np.min(kinds, axis=0)]
    return [
        FittedEffect(
            fits[i], scales[i], effects[i] if fits[i].status.usable else none, persons, events[i],
            outcome_sd=float(spreads[i]), fewest=fewest[i],
        )
        for i in range(m)
    ]  # fmt: skip


def _marginal(stack: Alike, fits: Sequence[Fit]) -> list[tuple[float, float]]:
    """The effects as a difference in probability over persons."""
    reference = _in_reference(stack)
    if stack.designs[0].groups is None:
        estimates, covariances = (np.array([getattr(fit, of) for fit in fits]) for of in ("estimate", "covariance"))
        values, errors = average_marginal_effects(
            stack.matrix, estimates, covariances, stack.terms.index(GROUP), reference
        )
        return [(float(value), float(error)) for value, error in zip(values, errors, strict=True)]
    columns = (stack.terms.index(GROUP), stack.terms.index(WAVE), stack.terms.index(TREND))
    _, first = np.unique(stack.designs[0].groups, return_index=True)
    found = []
    for design, fit, own in zip(stack.designs, fits, np.broadcast_to(reference, stack.response.shape), strict=True):
        time = design.matrix[:, columns[1]]
        ends, sd = (float(time.min()), float(time.max())), float(fit.random_sd or 0.0)
        persons = design.matrix[first[own[first]]]
        found.append(trend_risk_difference(persons, fit.estimate, fit.covariance, columns, ends, sd))
    return found


def _in_reference(stack: Alike) -> NDArray[np.bool_]:
    """(m, n) or (1, n) rows of the subgroup whose effect the group term is: all of them without a moderator."""
    moderators = {term.removeprefix(f"{GROUP}:") for term in stack.terms if term.startswith(f"{GROUP}:")}
    own = [j for j, term in enumerate(stack.terms) if term in moderators and term != WAVE]
    rows: NDArray[np.bool_] = (stack.matrix[..., own] == 0).all(axis=-1)
    return rows


def _unfitted(designs: Designs, model: Model, observed: tuple[Observed, ...], why: Message) -> FittedEffect:
    """What stands for a fit where an arm has too few observed answers."""
    try:
        ((design, notes),) = built_sets([designs], model)
    except ModelError:  # nobody has all that the model needs
        design, notes = DesignMatrix(np.empty(0), np.empty((0, 0)), (), None), ()
    persons = len(design.response) if design.groups is None else len(np.unique(design.groups))
    none = np.full(len(design.terms), np.nan)
    return FittedEffect(unusable(design, "", why), none, (np.nan, np.nan), persons, None, observed, False, notes)


def _fitted(
    designs: Sequence[DesignMatrix], model: Model, estimator: Estimator, options: Options, session: Lme4Session | None
) -> list[Fit]:
    if model.analysis == ENDPOINT:
        return estimator.endpoint(designs, options)
    if options.engine == "lme4" and estimator.trend_by_r is not None:
        return estimator.trend_by_r(designs, options, session)
    return estimator.trend(designs, options)


def _response(designs: Designs, model: Model, design: DesignMatrix) -> Floats:
    """(n,) the response that the effect is standardised by: of a change score, the endpoint of the same persons."""
    return designs.build(replace(model, difference=False)).response if model.difference else design.response


def _scales(stack: Alike, response: Floats, standardise: str) -> Floats:
    """SD(x) / SD(y) per term within each data set, as R's `scale()` on both sides gives.

    In group x wave only the group and the outcome are scaled, so that it stays an effect per wave; as in group x
    subgroup, so that it is the difference of the subgroups' effects.
    """
    spread = stack.matrix.std(axis=1, ddof=1)
    for j, term in enumerate(stack.terms):
        if term.startswith(f"{GROUP}:") and not term.startswith(f"{TREND}["):
            spread[:, j] = spread[:, stack.terms.index(GROUP)]
    if standardise == "none":
        return np.ones_like(spread)
    if standardise == "outcome":
        spread = np.ones_like(spread)
    outcome = response.std(axis=1, ddof=1)
    scales: Floats = spread / np.where(outcome > 0, outcome, np.nan)[:, None]
    return scales
