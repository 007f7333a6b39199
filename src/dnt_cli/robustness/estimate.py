"""Estimate many reanalyses at once: every data set is loaded, or imputed, once for all that is fitted on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from dnt_cli.design import Designs
from dnt_cli.effects.fitting import FittedEffect, Options, fit_sets
from dnt_cli.effects.rows import fit_rows, pooled_rows
from dnt_cli.errors import UserError
from dnt_cli.imputed.data import plan_columns
from dnt_cli.progress import Progress
from dnt_cli.robustness.context import Reanalysis
from dnt_cli.robustness.sources import DataSets, Kept, NewImputations, Workspace, pieces
from dnt_cli.study import Study
from dnt_cli.workers import spread

# Seconds per model of a column in one iteration of one imputation, on one core of 2020; for announcements only.
_SECONDS = {"forest": 0.02, "pmm": 6e-5, "norm": 6e-5}
_NOTHING = DataSets(())


@dataclass(frozen=True, slots=True)
class Estimated:
    """What became of a reanalysis.

    Attributes:
        rows: Of its effects, as `effects.rows.pooled_rows` gives them.
        fits: One row per fit.
        measured: Mean over the imputations of what was measured beside the fits.
        problem: Why it failed.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    fits: list[dict[str, Any]] = field(default_factory=list)
    measured: pd.DataFrame | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class _Done:
    """A reanalysis's results on some data sets: per set, per task."""

    results: list[list[FittedEffect]]
    measured: list[pd.DataFrame]
    problem: str | None = None


def estimate(
    wanted: Sequence[Reanalysis], study: Study, options: Options, progress: Progress | None = None, *,
    known: pd.DataFrame,
) -> list[Estimated]:  # fmt: skip
    """Fit and pool every reanalysis, in processes; one that fails does not stop the others.

    Args:
        wanted: What to estimate.
        study: The study.
        options: How models are fitted.
        progress: Called with (done, all) fits.
        known: Which answers were observed, as `observed.known_answers` gives it.
    """
    by_source: dict[int, list[int]] = {}
    for number, one in enumerate(wanted):
        by_source.setdefault(id(one.source), []).append(number)
    # What is imputed takes longest, so it starts first.
    groups = sorted(by_source.values(), key=lambda own: not isinstance(wanted[own[0]].source, NewImputations))
    jobs = [piece for own in groups for piece in pieces(wanted[own[0]].source, own, options.jobs)]
    tasks = (
        (
            index, wanted[own[0]].source.part(part), study, options,
            [replace(wanted[i], source=_NOTHING) for i in own], known,
        )
        for index, (own, part) in enumerate(jobs)
    )  # fmt: skip
    sizes = [len(part) * sum(len(wanted[i].tasks) for i in own) for own, part in jobs]
    waiting = Counter(i for own, _ in jobs for i in own)
    found: dict[int, dict[int, _Done]] = {i: {} for i in waiting}
    pooled: dict[int, Estimated] = {}
    fitted = 0
    for index, done in spread(_run, tasks, options.jobs, ordered=False):
        fitted += sizes[index]
        if progress is not None:
            progress(fitted, sum(sizes))
        for number, one in zip(jobs[index][0], done, strict=True):
            found[number][index] = one
            if len(found[number]) == waiting[number]:  # pooled at once, while the processes go on
                in_order = [own for _, own in sorted(found.pop(number).items())]
                pooled[number] = _pooled(wanted[number], in_order, study, options)
    return [pooled[number] for number in range(len(wanted))]


def expected_seconds(one: Reanalysis, pace: float, jobs: int) -> float:
    """A guess of how long a reanalysis takes.

    Args:
        one: What is to be estimated.
        pace: Seconds that a fit took in the main analysis, on all processes together.
        jobs: Processes.
    """
    source = one.source
    seconds = pace * source.m * len(one.tasks)
    if isinstance(source, NewImputations):
        settings, wide = source.settings, source.tables[0]
        gaps = sum(wide[c.name].isna().any() for c in plan_columns(source.study, wide))
        models = source.m * settings.iterations * gaps * (2 if settings.stratified else 1)
        seconds += _SECONDS[settings.method] * models / min(jobs, source.m)
    return seconds


def _run(
    index: int, source: DataSets | NewImputations, study: Study, options: Options, wanted: list[Reanalysis],
    known: pd.DataFrame,
) -> tuple[int, list[_Done]]:  # fmt: skip
    """All reanalyses of one source on some of its data sets."""
    # One thread: how BLAS splits a sum over threads changes its last bits.
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        try:
            spaces = [Workspace(wide, study, known) for wide in source.load()]
        except UserError as error:
            return index, [_Done([], [], str(error)) for _ in wanted]
        return index, [_fit(one, spaces, source.first, study, options) for one in wanted]


def _fit(one: Reanalysis, whole: Sequence[Workspace], first: int, study: Study, options: Options) -> _Done:
    """One reanalysis on some data sets, or why it failed."""
    view, keep = one.view, one.keep
    try:
        spaces: Sequence[Designs] = whole
        if view is not None:
            spaces = [Workspace(view(own.wide, first + i), study, own.known) for i, own in enumerate(whole)]
        if keep is not None:
            spaces = [Kept(own, keep) for own in whole]
        fitted = [fit_sets(spaces, study, t.model, options, fitter=t.fitter) for t in one.tasks]
        measured = [] if one.measure is None else [one.measure(space) for space in spaces]
    except UserError as error:
        return _Done([], [], str(error))
    return _Done([list(own) for own in zip(*fitted, strict=True)], measured)


def _pooled(one: Reanalysis, pieces: Sequence[_Done], study: Study, options: Options) -> Estimated:
    problem = next((piece.problem for piece in pieces if piece.problem is not None), None)
    if problem is not None:
        return Estimated(problem=problem)
    sets = [results for piece in pieces for results in piece.results]
    rows, fits = [], []
    for number, task in enumerate(one.tasks):
        own = [results[number] for results in sets]
        rows += pooled_rows(study, task.model, own, options, one.key, own_df=task.fitter is not None)
        fits += fit_rows(task.model, own, one.key)
    measured = [frame for piece in pieces for frame in piece.measured if len(frame)]
    mean = None
    if measured:
        mean = pd.concat(measured).groupby(["outcome", "term"], sort=False, as_index=False).mean()
    return Estimated(rows, fits, mean)
