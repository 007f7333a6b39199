"""Estimate many reanalyses at once: every data set is loaded, or imputed, once for all that is fitted on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from dnt_cli.effects.fitting import FittedEffect, Options, fit_sets
from dnt_cli.effects.rows import Effects, finished, fit_rows, pooled_rows
from dnt_cli.errors import UserError
from dnt_cli.imputed.data import plan_columns
from dnt_cli.progress import Progress
from dnt_cli.robustness.context import Reanalysis, Task
from dnt_cli.robustness.sources import DataSets, NewImputations, View, Workspace, pieces
from dnt_cli.study import Study
from dnt_cli.workers import in_workers

# Seconds per model of a column in one iteration of one imputation, on one core of 2020; for announcements only.
_SECONDS = {"forest": 0.02, "pmm": 6e-5, "norm": 6e-5}


@dataclass(frozen=True, slots=True)
class Estimated:
    """What became of a reanalysis.

    Attributes:
        effects: Its effects, None where it failed.
        measured: Mean over the imputations of what was measured beside the fits.
        problem: Why it failed.
    """

    effects: Effects | None
    measured: pd.DataFrame | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class _Work:
    """A reanalysis as a process needs it."""

    tasks: tuple[Task, ...]
    view: View | None
    measure: Callable[..., pd.DataFrame] | None


@dataclass(frozen=True, slots=True)
class _Done:
    """A reanalysis's results on some data sets: per set, per task."""

    results: list[list[FittedEffect]]
    measured: list[pd.DataFrame]
    problem: str | None = None


def estimate(
    wanted: Sequence[Reanalysis], study: Study, options: Options, progress: Progress | None = None, *,
    known: pd.DataFrame | None = None,
) -> list[Estimated]:  # fmt: skip
    """Fit and pool every reanalysis, in processes; one that fails does not stop the others.

    Args:
        wanted: What to estimate.
        study: The study.
        options: How models are fitted.
        progress: Called with (done, all) fits.
        known: Which answers were observed, as `observed.known_answers` gives it.
    """
    from joblib import delayed

    by_source: dict[int, list[int]] = {}
    for number, one in enumerate(wanted):
        by_source.setdefault(id(one.source), []).append(number)
    # What is imputed takes longest, so it starts first.
    groups = sorted(by_source.values(), key=lambda own: not isinstance(wanted[own[0]].source, NewImputations))
    jobs = [piece for own in groups for piece in pieces(wanted[own[0]].source, own, options.jobs)]
    calls = (
        delayed(_run)(
            index, wanted[own[0]].source.part(part), study, options,
            [_Work(wanted[i].tasks, wanted[i].view, wanted[i].measure) for i in own], known,
        )
        for index, (own, part) in enumerate(jobs)
    )  # fmt: skip
    sizes = [len(part) * sum(len(wanted[i].tasks) for i in own) for own, part in jobs]
    done: dict[int, list[_Done]] = {}
    for index, found in in_workers(calls, options.jobs, ordered=False):
        done[index] = found
        if progress is not None:
            progress(sum(sizes[i] for i in done), sum(sizes))
    by_number: dict[int, list[_Done]] = {}
    for index, (own, _) in enumerate(jobs):
        for number, piece in zip(own, done[index], strict=True):
            by_number.setdefault(number, []).append(piece)
    return [_pooled(one, by_number[i], study, options) for i, one in enumerate(wanted)]


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
    index: int, source: DataSets | NewImputations, study: Study, options: Options, work: list[_Work],
    known: pd.DataFrame | None,
) -> tuple[int, list[_Done]]:  # fmt: skip
    """All reanalyses of one source on some of its data sets."""
    # One thread: how BLAS splits a sum over threads changes its last bits.
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        try:
            sets = source.load()
        except UserError as error:
            return index, [_Done([], [], str(error)) for _ in work]
        spaces = [Workspace(wide, study, known) for wide in sets]
        return index, [_fit(own, sets, spaces, source.first, study, options, known) for own in work]


def _fit(
    work: _Work, sets: Sequence[pd.DataFrame], shared: Sequence[Workspace], first: int, study: Study, options: Options,
    known: pd.DataFrame | None,
) -> _Done:  # fmt: skip
    """One reanalysis on some data sets, or why it failed."""
    try:
        if work.view is None:
            spaces: Sequence[Workspace] = shared
        else:
            spaces = [Workspace(work.view(wide, first + i), study, known) for i, wide in enumerate(sets)]
        fitted = [fit_sets(spaces, study, t.model, options, fitter=t.fitter) for t in work.tasks]
        measured = [] if work.measure is None else [work.measure(space) for space in spaces]
    except UserError as error:
        return _Done([], [], str(error))
    return _Done([list(own) for own in zip(*fitted, strict=True)], measured)


def _pooled(one: Reanalysis, pieces: Sequence[_Done], study: Study, options: Options) -> Estimated:
    problem = next((piece.problem for piece in pieces if piece.problem is not None), None)
    if problem is not None:
        return Estimated(None, problem=problem)
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
    return Estimated(finished(rows, fits), mean)
