"""Worker processes: started deaf to Ctrl-C, ended with the process that started them, and kept off the disk."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from dnt_cli.errors import EngineError

Call = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]  # as joblib's `delayed` makes them


def in_workers(calls: Iterable[Call], jobs: int, *, ordered: bool = True) -> Iterator[Any]:
    """Results of `calls`, which begin to run at once; in their order, or as they come.

    Raises:
        EngineError: The system ended a worker.
    """
    from joblib import Parallel

    # Large arguments would go through files in a temporary folder, where a killed run leaves data of persons.
    settings: dict[str, Any] = {"max_nbytes": None}
    if jobs > 1:
        settings |= {"initializer": _follow, "initargs": (os.getpid(),)}
    form = "generator" if ordered else "generator_unordered"
    return _results(Parallel(n_jobs=jobs, backend="loky", return_as=form, **settings)(calls))


def _results(results: Iterator[Any]) -> Iterator[Any]:
    from joblib.externals.loky.process_executor import BrokenProcessPool

    try:
        yield from results
    except BrokenProcessPool:  # its text may quote arguments
        raise EngineError(
            "The system ended a worker process, perhaps for want of memory; use fewer with --jobs 1."
        ) from None


def start_workers(jobs: int) -> None:
    """Start them, deaf to the signals that a terminal sends to all of them: stopping them is for this process alone."""
    from joblib import delayed

    with _deaf():
        for _ in in_workers((delayed(int)() for _ in range(jobs)), jobs):
            pass


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Signals wait until the workers, who inherit that they do not come through, have started; else they complain.

    Windows has nothing like it: there a worker is deaf from `_follow` on.
    """
    if sys.platform == "win32":
        yield
        return
    from multiprocessing import resource_tracker

    from joblib.externals.loky.backend import resource_tracker as loky_tracker

    for tracker in (resource_tracker, loky_tracker):  # which let signals through again when they have started
        tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
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
