"""Effects of the intervention: every model on every completed data set, pooled by Rubin's rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dnt_cli.completed import Completed, require_inference
from dnt_cli.design import Model
from dnt_cli.effects.checks import check_quadrature, cross_check, note_ladder
from dnt_cli.effects.fitting import Options, Progress, fit_all
from dnt_cli.effects.rows import COLUMNS, Effects, adjusted, effect_rows, finished, fit_rows, joined, pooled_rows
from dnt_cli.errors import ModelError
from dnt_cli.study import Study

__all__ = [
    "COLUMNS",
    "Effects",
    "Options",
    "Progress",
    "adjusted",
    "as_observed",
    "cross_check",
    "effect_rows",
    "endpoint_effects",
    "joined",
    "trend_effects",
]


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
    fitted = fit_all(data, [(model, options) for model in models], options.jobs, progress)
    rows, fits = [], []
    for model, results in zip(models, fitted, strict=True):
        rows += pooled_rows(study, model, results, options, label)
        fits += fit_rows(model, results, label)
    return finished(rows, fits)


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
        fitted = fit_all(data, [(model, options) for model in models], options.jobs, progress)
        pending = []
        for model, results in zip(models, fitted, strict=True):
            fits += fit_rows(model, results, label)
            if all(r.fit.status.usable for r in results) or number == len(rungs):
                rows[model.outcome] = pooled_rows(study, model, results, options, label)
            else:
                pending.append(model.outcome)
        if not pending:
            break
    note_ladder(rows, fits, rungs)
    if options.quadrature_check and options.nodes == 1:
        check_quadrature(data, rows, options)
    return finished([row for key in keys for row in rows[key]], fits)


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
