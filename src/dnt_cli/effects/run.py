"""The effects that a study asks for: at the endpoint, over time, in subgroups and on compliers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dnt_cli.effects.checks import check_quadrature, note_ladder
from dnt_cli.effects.columns import effect_rows
from dnt_cli.effects.compliers import COMPARED_IN_MEANS, complier_rows
from dnt_cli.effects.fitting import Options, fit_all
from dnt_cli.effects.levels import with_levels
from dnt_cli.effects.rows import Effects, finished, fit_rows, joined, no_trend_row, pooled_rows
from dnt_cli.effects.subgroups import subgroup_rows
from dnt_cli.effects.waves import models_at, wave_rows
from dnt_cli.engines import Fit
from dnt_cli.errors import ModelError
from dnt_cli.imputed.data import Completed, require_inference
from dnt_cli.models import ENDPOINT, LONGITUDINAL, Model
from dnt_cli.progress import Progress
from dnt_cli.sentences import say
from dnt_cli.wide import register_outcomes


def endpoint_effects(
    data: Completed, options: Options, *, outcomes: Sequence[str] | None = None, controls: Sequence[str] | None = None,
    own_controls: Mapping[str, Sequence[str]] | None = None, difference: bool = False, at: Sequence[str] = (),
    label: str = "main", progress: Progress | None = None,
) -> Effects:  # fmt: skip
    """Effects at the endpoint: y_end ~ group + y_baseline + controls, per outcome.

    Args:
        data: Completed data sets; a single "set" with gaps is analysed as observed, without pooling.
        options: How models are fitted.
        outcomes: Keys; default: all tested outcomes that the data hold.
        controls: Of all outcomes; default: each outcome's in the study (`Study.endpoint_controls`).
        own_controls: Of some outcomes, instead of those.
        difference: The change since baseline as response, for linear outcomes with a baseline.
        at: Further waves whose outcome is the response of the same model; an outcome that was not asked there has none.
        label: What the `model` column says.
        progress: Called with (done, all) fits.

    Raises:
        ModelError: Fewer than two imputations.
    """
    study = data.study
    rows, later, fits = [], [], []
    for own, part in _sources(data, _chosen(data, outcomes, study.tested)):
        sets = {key: study.endpoint_controls(key) if controls is None else tuple(controls) for key in part}
        sets |= {key: tuple(own) for key, own in (own_controls or {}).items() if key in sets}
        models = [Model(ENDPOINT, key, study.without_itself(sets[key], key), difference) for key in part]
        _refuse_single(own)
        wanted = [one for model in models for one in (model, *models_at(study, model, at))]
        found = fit_all(own, [(one, options) for one in wanted], options.jobs, progress)
        fitted = dict(zip(wanted, found, strict=True))
        for model in models:
            rows += with_levels(pooled_rows(study, model, fitted[model], options, label), own)
            same = {m: r for m, r in fitted.items() if m.outcome == model.outcome}
            later += with_levels(wave_rows(study, same, options, label), own)
        fits += [row for model, results in fitted.items() for row in fit_rows(model, results, label)]
    return finished(rows + later, fits, study)


def trend_effects(
    data: Completed, options: Options, *, outcomes: Sequence[str] | None = None,
    ladder: Sequence[Sequence[str]] | None = None, own_controls: Mapping[str, Sequence[str]] | None = None,
    label: str = "main", progress: Progress | None = None,
) -> Effects:  # fmt: skip
    """Trends of the effect: y_wave ~ group * wave + controls + (1 | person), per outcome with a longitudinal model.

    The controls are the first rung of the ladder on which every imputation's fit is usable; the rungs above it are
    kept among the fits, with the reason. By default the tested outcomes without such a model have a row that says why.

    Args:
        data: As in `endpoint_effects`.
        options: How models are fitted.
        outcomes: Keys; default: all tested outcomes.
        ladder: Sets of controls, first choice first; default: each outcome's in the study (`Study.trend_controls`).
        own_controls: The only set of controls of some outcomes, instead of the ladder.
        label: What the `model` column says.
        progress: Called with (done, all) fits.

    Raises:
        ModelError: Fewer than two imputations, or an outcome without longitudinal model.
    """
    study = data.study
    rows, fits = [], []
    chosen = _chosen(data, outcomes, study.tested)
    without = [key for key in chosen if outcomes is None and not study.has_trend(key)]
    for own, keys in _sources(data, [key for key in chosen if key not in without]):
        _refuse_single(own)
        alike: dict[tuple[tuple[str, ...], ...], list[str]] = {}
        for key in keys:
            rungs: Iterable[Sequence[str]] = study.trend_controls(key) if ladder is None else ladder
            rungs = [own_controls[key]] if own_controls is not None and key in own_controls else rungs
            sets = tuple(dict.fromkeys(study.without_itself(rung, key) for rung in rungs))
            alike.setdefault(sets, []).append(key)
        by_key: dict[str, list[dict[str, Any]]] = {}
        settled: dict[str, list[Fit]] = {}
        tried: list[dict[str, Any]] = []
        for rungs_of, part in alike.items():
            found, behind, attempts = _climb(own, options, part, rungs_of, label, progress)
            by_key |= found
            settled |= behind
            tried += attempts
        note_ladder(by_key, tried)
        if options.quadrature_check:
            check_quadrature(own, by_key, settled, options, progress)
        rows += with_levels([row for key in keys for row in by_key[key]], own)
        fits += tried
    rows += [no_trend_row(study, key, label, data.m) for key in without]
    order = {key: place for place, key in enumerate(chosen)}
    return finished(sorted(rows, key=lambda row: order[row["outcome"]]), fits, study)


def complier_effects(data: Completed, effects: Effects, options: Options, *, label: str = "main") -> Effects:
    """The effects, and behind them those on the persons who took part because they were offered it.

    Args:
        data: The data sets that the effects were estimated on.
        effects: Of `endpoint_effects`; as they are where the study does not name who received the programme.
        options: As for the effects.
        label: What the `model` column says.
    """
    study, main = data.study, effect_rows(effects.estimates)
    if study.design.received is None:
        return effects
    rows: list[dict[str, Any]] = []
    for own, keys in _sources(data, dict.fromkeys(main["outcome"])):
        found = main[main["outcome"].isin(keys) & main["kind"].isin(COMPARED_IN_MEANS)]
        rows += complier_rows(own, found, options, label)
    return joined([effects, finished(rows, [], study)])


def subgroup_effects(
    data: Completed, effects: Effects, moderators: Sequence[str], options: Options, *, label: str = "main",
    progress: Progress | None = None,
) -> Effects:  # fmt: skip
    """The effects, and behind them those in the subgroups of each moderator with the tests that these do not differ.

    Where the study names a date that splits the interviews (`design.calendar_split`), also the effects at the endpoint
    and at further waves on those interviewed before and since it.

    Args:
        data: The data sets that the effects were estimated on.
        effects: Of `endpoint_effects` or `trend_effects`; each effect is estimated again with its own controls.
        moderators: Covariates; nothing is added without any.
        options: As for the effects.
        label: What the `model` column says.
        progress: Called with (done, all) fits.
    """
    study, main = data.study, effect_rows(effects.estimates)
    main = main[(main["analysis"] == ENDPOINT) | main["outcome"].map(study.has_trend).astype(bool)]
    parts = [(main, list(moderators), False)]
    if study.design.calendar_split is not None:
        at_waves = effect_rows(effects.estimates, waves=True)
        parts.append((at_waves[at_waves["analysis"] != LONGITUDINAL], [str(study.design.interview_date)], True))
    rows: list[dict[str, Any]] = []
    fits: list[dict[str, Any]] = []
    for own, keys in _sources(data, dict.fromkeys(main["outcome"])):
        for wanted, split, at_wave in parts:
            of_source = wanted[wanted["outcome"].isin(keys)]
            if split and len(of_source):
                found, tried = subgroup_rows(own, of_source, split, options, label, progress, at_wave=at_wave)
                rows += found
                fits += tried
    return joined([effects, finished(rows, fits, study)]) if rows else effects


def _climb(
    data: Completed, options: Options, keys: Sequence[str], rungs: Sequence[tuple[str, ...]], label: str,
    progress: Progress | None,
) -> tuple[dict[str, list[dict[str, Any]]], dict[str, list[Fit]], list[dict[str, Any]]]:  # fmt: skip
    """Per outcome the rows of the first rung whose fits are all usable, and these fits; and a row per fit tried."""
    pending: list[str] = list(keys)
    rows: dict[str, list[dict[str, Any]]] = {}
    settled: dict[str, list[Fit]] = {}
    fits: list[dict[str, Any]] = []
    for number, rung in enumerate(rungs, start=1):
        models = [Model(LONGITUDINAL, key, rung) for key in pending]
        fitted = fit_all(data, [(model, options) for model in models], options.jobs, progress)
        pending = []
        for model, results in zip(models, fitted, strict=True):
            fits += fit_rows(model, results, label)
            # Other controls bring no answers.
            fine = all(r.fit.status.usable for r in results) or not all(r.enough for r in results)
            if fine or number == len(rungs):
                rows[model.outcome] = pooled_rows(data.study, model, results, options, label)
                settled[model.outcome] = [r.fit for r in results]
            else:
                pending.append(model.outcome)
        if not pending:
            break
    return rows, settled, fits


def _chosen(data: Completed, outcomes: Sequence[str] | None, default: Iterable[str]) -> list[str]:
    """The outcomes to estimate; by default those that the data hold, since a register may be missing.

    Raises:
        ModelError: The study tests no outcome, one is unknown, or its register is missing.
    """
    study = data.study
    missing = {k for k in study.outcomes if study.is_register(k)} - set(register_outcomes(data.observed, study))
    if not study.tested:
        raise ModelError(say("nothing_tested"))
    if outcomes is None:
        asked = list(default)
        if asked and missing.issuperset(asked):
            raise ModelError(say("register_lacking", name=", ".join(asked)))
        return [key for key in asked if key not in missing]
    for key in outcomes:
        if key not in study.outcomes:
            raise ModelError(say("no_outcome", name=key, known=", ".join(study.tested)))
        if key in missing:
            raise ModelError(say("register_lacking", name=key))
    return list(outcomes)


def _sources(data: Completed, keys: Iterable[str]) -> list[tuple[Completed, list[str]]]:
    """The outcomes of the survey and those of a register, each with the data sets that they are estimated on."""
    study = data.study
    keys = list(keys)
    survey = [key for key in keys if not study.is_register(key)]
    register = [key for key in keys if study.is_register(key)]
    own = as_observed(data) if study.models.register_covariates == "observed" else data
    return [(part, group) for part, group in ((data, survey), (own, register)) if group]


def _refuse_single(data: Completed) -> None:
    single_observed = data.m == 1 and data.sets[0] is data.observed
    if not single_observed:
        require_inference(data)


def as_observed(data: Completed) -> Completed:
    """The observed answers as the only data set: models leave out the rows with a gap."""
    return Completed(data.study, data.observed, (data.observed,))
