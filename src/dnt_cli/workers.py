"""Worker processes: they ignore SIGINT, end with the process that started them, and write no temporary files."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

from dnt_cli.cluster import connected
from dnt_cli.errors import EngineError
from dnt_cli.sentences import say

ENDINGS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name))
"""Signals that end a run in order; SIGQUIT too, which otherwise dumps the memory, with all data, to disk."""
_PATIENCE = 30.0  # seconds in which workers should have started
Call = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]  # as joblib's `delayed` makes them


def in_workers(calls: Iterable[Call], jobs: int, *, ordered: bool = True) -> Iterator[Any]:
    """Results of `calls`, which begin to run at once; in their order, or as they come.

    Workers stay for further calls; with one job there are none. Within `cluster.at_work` those of the cluster are used.

    Raises:
        EngineError: The system ended a worker.
    """
    if jobs > 1 and not connected():
        _start(jobs)
    return _run(calls, jobs, ordered=ordered)


def spread(function: Callable[..., Any], tasks: Iterable[tuple[Any, ...]], jobs: int) -> Iterator[Any]:
    """Results of `function(*task)` in the order of `tasks`, from `jobs` processes.

    With one process they are made when they are asked for. The function must be importable: another process runs it.
    """
    if jobs == 1 and not connected():
        return (function(*task) for task in tasks)
    from joblib import delayed

    return in_workers((delayed(function)(*task) for task in tasks), jobs)


def _run(calls: Iterable[Call], jobs: int, *, ordered: bool) -> Iterator[Any]:
    from joblib import Parallel

    settings: dict[str, Any] = {"return_as": "generator" if ordered else "generator_unordered"}
    if not connected():
        # Large arguments would go through files in a temporary folder, where a killed run leaves data of persons.
        settings |= {"n_jobs": jobs, "backend": "loky", "max_nbytes": None}
        settings |= {"initializer": _follow, "initargs": (os.getpid(),)} if jobs > 1 else {}
    return _results(Parallel(**settings)(calls))


def _results(results: Iterator[Any]) -> Iterator[Any]:
    from joblib.externals.loky.process_executor import BrokenProcessPool

    try:
        yield from results
    except BrokenProcessPool:  # its text may quote arguments
        raise EngineError(say("worker_ended")) from None


@cache
def _start(jobs: int) -> None:
    """Start them, deaf to the signals that a terminal sends to all of them: stopping them is for this process alone."""
    from joblib import delayed

    end = time.monotonic() + _PATIENCE
    with _deaf():
        started: set[int] = set()
        while len(started) < jobs and time.monotonic() < end:
            started.update(_run((delayed(_present)() for _ in range(jobs)), jobs, ordered=True))


def _present() -> int:
    """Which process this is, after a moment in which the others can take a task too."""
    time.sleep(0.01)
    return os.getpid()


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Signals wait until the workers have started, or these complain that nobody is there any more.

    Where the system allows it, the workers inherit that no such signal comes through; elsewhere they are deaf from
    `_follow` on.
    """
    came: list[int] = []
    handlers = {ending: signal.getsignal(ending) for ending in ENDINGS}
    heard = {ending: handler for ending, handler in handlers.items() if callable(handler)}
    for ending in heard:
        signal.signal(ending, lambda number, _: came.append(number))
    try:
        with _held_back():
            yield
    finally:
        for ending, handler in heard.items():
            signal.signal(ending, handler)
        for number in came[:1]:
            signal.raise_signal(number)


@contextlib.contextmanager
def _held_back() -> Iterator[None]:
    """What the workers inherit: no such signal, and a standard error that leads nowhere.

    Their errors come back as values. What else they would say (a library's words, or that this process was killed
    before they had started) helps nobody, and might hold data of persons.
    """
    if sys.platform == "win32":
        yield
        return
    from multiprocessing import resource_tracker

    from joblib.externals.loky.backend import resource_tracker as loky_tracker

    # The trackers ignore SIGINT and SIGTERM, and let these through again when they have started; the others must be
    # blocked from the start, or a closed terminal ends them before they have removed what is shared.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, set(ENDINGS) - {signal.SIGINT, signal.SIGTERM})
    for tracker in (resource_tracker, loky_tracker):
        tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, set(ENDINGS))
    errors, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(errors, 2)
        os.close(errors)
        os.close(nowhere)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _follow(parent: int) -> None:
    """In a worker: end when the process that started it has gone, however it went."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    if sys.platform == "win32":
        from multiprocessing import parent_process

        if (keeper := parent_process()) is not None:
            keeper.join()
            os._exit(1)
        return
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
