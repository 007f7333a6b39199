"""Run the checks that were asked for and set them beside the main effects."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from dnt_cli.effects.columns import effect_rows
from dnt_cli.effects.fitting import Options
from dnt_cli.effects.rows import Effects, finished, joined
from dnt_cli.effects.run import endpoint_effects, trend_effects
from dnt_cli.errors import ModelError
from dnt_cli.imputation import Settings
from dnt_cli.imputed.data import Completed
from dnt_cli.messages import Message, message
from dnt_cli.observed import known_answers
from dnt_cli.progress import Progress, named
from dnt_cli.robustness.checks import CHECKS
from dnt_cli.robustness.context import (
    Context,
    DoesNotApplyError,
    KnownEffects,
    Measures,
    NotApplicable,
    Reanalysis,
    marked_rows,
)
from dnt_cli.robustness.estimate import Estimated, estimate, expected_seconds
from dnt_cli.robustness.result import BALANCE, WITH_ALL, WITHOUT, RobustnessResult, in_order
from dnt_cli.robustness.verdicts import register_verdict, shift, verdict
from dnt_cli.sentences import say
from dnt_cli.study import Study
from dnt_cli.workers import start


def run_checks(
    data: Completed,
    settings: Settings,
    options: Options,
    letters: Sequence[str],
    *,
    started: Callable[[str, float], None] | None = None,
    progress: Progress | None = None,
) -> RobustnessResult:
    """The main analysis and the checks named by their letters.

    Args:
        data: Completed data sets of the main analysis.
        settings: How they were imputed; used again where a check imputes.
        options: How models are fitted; results do not depend on its `jobs`.
        letters: Keys of `CHECKS`.
        started: Called, before the work, with the letter of each check and the seconds it is expected to take.
        progress: Called with (done, all) fits of the main analysis, and then of the checks.

    Raises:
        ModelError: Fewer than two imputations, or nothing that a survey could have an effect on.
    """
    start(options.jobs)
    begin = time.perf_counter()
    main = _main_effects(data, options, named(progress, "Fitting"))
    pace = (time.perf_counter() - begin) / max(len(main.fits), 1)
    context = Context(data, settings, replace(options, quadrature_check=0), main)
    planned: list[Reanalysis | KnownEffects | Measures] = []
    left_out: dict[str, Message] = {}
    for letter in letters:
        try:
            items = CHECKS[letter](context)
        except DoesNotApplyError as error:
            left_out[letter] = error.reason
            continue
        left_out |= {item.key: item.reason for item in items if isinstance(item, NotApplicable)}
        own = [item for item in items if not isinstance(item, NotApplicable)]
        planned += own
        if started is not None:
            started(letter, sum(expected_seconds(s, pace, options.jobs) for s in own if isinstance(s, Reanalysis)))
    wanted = [item for item in planned if isinstance(item, Reanalysis)]
    known = known_answers(data.observed, data.study)
    by_cluster = data.study.models.errors != "model"
    results = estimate(wanted, data.study, replace(context.options, clusters=by_cluster), progress, known=known)
    by_key = dict(zip([s.key for s in wanted], results, strict=True))
    return _assembled(data.study, main, planned, by_key, left_out, options.level)


def _main_effects(data: Completed, options: Options, progress: Progress | None) -> Effects:
    study = data.study
    keys = [k for k in study.tested if not study.is_register(k)]
    if not keys:
        raise ModelError(say("nothing_to_check"))
    parts = [endpoint_effects(data, options, outcomes=keys, progress=progress)]
    trends = [k for k in keys if study.has_trend(k)]
    if trends:
        parts.append(trend_effects(data, options, outcomes=trends, progress=progress))
    return joined(parts)


def _assembled(
    study: Study, main: Effects, planned: Sequence[Reanalysis | KnownEffects | Measures], results: dict[str, Estimated],
    left_out: dict[str, Message], level: float,
) -> RobustnessResult:  # fmt: skip
    labels, notes, measures = {}, {}, []
    parts = [Effects(marked_rows(main.estimates, study), main.fits)]
    rows: list[dict[str, Any]] = []
    fits: list[dict[str, Any]] = []
    for item in planned:
        if isinstance(item, Measures):
            measures.append(item.rows)
            continue
        if isinstance(item, KnownEffects):
            parts.append(Effects(item.effects.estimates.assign(model=item.key), item.effects.fits))
        else:
            found = results[item.key]
            if found.problem is not None:
                left_out[item.key] = message("common.verbatim", text=found.problem.rstrip("."))
                continue
            rows += found.rows
            fits += [row for row in found.fits if item.label is not None or not row["usable"]]
            if found.measured is not None:
                measures.append(_balance_rows(item.key, found.measured))
            if item.notes:
                notes[item.key] = item.notes
        if item.label is not None:
            labels[item.key] = item.label
    again = finished(rows, fits, errors=study.models.errors)
    everything = joined([*parts, Effects(marked_rows(again.estimates, study), again.fits)])
    order = {key: place for place, key in enumerate(["main", *(item.key for item in planned)])}
    estimates = _compared(effect_rows(_sorted(everything.estimates, order)), study)
    if measures:
        estimates = pd.concat([estimates, *measures], ignore_index=True).reindex(columns=estimates.columns)
    estimates = estimates.astype({"verdict": object})
    fitted = _sorted(everything.fits, order)
    return RobustnessResult(study, estimates, fitted, in_order(labels, estimates), left_out, notes, level)


def _sorted(rows: pd.DataFrame, order: Mapping[str, int]) -> pd.DataFrame:
    return rows.sort_values("model", key=lambda own: own.map(order), kind="stable", ignore_index=True)


def _compared(rows: pd.DataFrame, study: Study) -> pd.DataFrame:
    """The rows with `verdict` and `shift`; a register outcome is compared with its counterpart in the survey.

    What was estimated without a site is compared with all sites on the same imputations.
    """
    rows = rows.reset_index(drop=True)
    references = {key: own for key, own in rows.groupby("model") if key in ("main", WITH_ALL)}
    main, all_sites = (_by_outcome(references.get(key, rows.iloc[:0])) for key in ("main", WITH_ALL))
    words, shifts = [], []
    for _, row in rows.iterrows():
        register = study.is_register(row["outcome"])
        reference = all_sites if row["model"].startswith(WITHOUT) else main
        own = reference.get((row["analysis"], study.outcomes[row["outcome"]].counterpart or row["outcome"]))
        if row["model"] == "main":
            words.append("")
        elif register:
            words.append(register_verdict(own, row))
        else:
            words.append(verdict(own, row, study.significance, study.models.errors))
        shifts.append(shift(own, row, register=register))
    return rows.assign(verdict=words, shift=shifts)


def _by_outcome(rows: pd.DataFrame) -> dict[tuple[str, str], pd.Series]:
    return {(r["analysis"], r["outcome"]): r for _, r in rows.iterrows()}


def _balance_rows(key: str, measured: pd.DataFrame) -> pd.DataFrame:
    parts = [
        measured[["outcome", "term"]].assign(analysis=BALANCE, model=f"{key}:{when}", estimate=measured[when])
        for when in ("before", "after")
    ]
    return pd.concat(parts, ignore_index=True)
