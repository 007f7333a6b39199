"""Worker processes: they ignore SIGINT, end with the process that started them, and write no temporary files."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

from dnt_cli.cluster import connected
from dnt_cli.errors import EngineError
from dnt_cli.sentences import say

ENDINGS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name))
"""Signals that end a run in order; SIGQUIT too, which otherwise dumps the memory, with all data, to disk."""
_PATIENCE = 30.0  # seconds in which workers should have started


def spread(
    function: Callable[..., Any], tasks: Iterable[tuple[Any, ...]], jobs: int, *, ordered: bool = True
) -> Iterator[Any]:
    """Results of `function(*task)`, in the order of `tasks` or as they come, from `jobs` processes, this one included.

    The others begin at once and stay for later calls; this one makes a result when it is asked for one and no other
    has one ready. Within `cluster.at_work` the workers of the cluster do all. The function must be importable.

    Raises:
        EngineError: The system ended a worker.
    """
    if connected():
        from joblib import Parallel

        calls: Iterator[tuple[Any, ...]] = ((function, task, {}) for task in tasks)
        found: Iterator[Any] = Parallel(return_as="generator" if ordered else "generator_unordered")(calls)
        return found
    if jobs == 1:
        return (function(*task) for task in tasks)
    start(jobs)
    results = _Shared(function, tasks, _executor(jobs - 1), jobs - 1).results()
    return _in_order(results) if ordered else (result for _, result in results)


def start(jobs: int) -> None:
    """Start the processes that later calls will need."""
    if jobs > 1 and not connected():
        _start(jobs - 1)


def started() -> bool:
    """Whether there are other processes already, so that using them costs nothing."""
    return connected() or _start.cache_info().currsize > 0


class _Shared:
    """Tasks that are done here and by workers, the first ones first."""

    def __init__(
        self, function: Callable[..., Any], tasks: Iterable[tuple[Any, ...]], executor: Any, workers: int
    ) -> None:
        """Give each worker a task."""
        self._function = function
        self._waiting = deque(enumerate(tasks))
        self._executor = executor
        self._workers = workers
        self._given: dict[Any, int] = {}
        self._give(1)

    def _give(self, each: int) -> None:
        while self._waiting and len(self._given) < each * self._workers:
            place, task = self._waiting.popleft()
            with _told():
                self._given[self._executor.submit(self._function, *task)] = place

    def results(self) -> Iterator[tuple[int, Any]]:
        """Places of tasks, and their results, as they come."""
        from concurrent.futures import FIRST_COMPLETED, wait

        while self._given or self._waiting:
            done = wait(self._given, timeout=0 if self._waiting else None, return_when=FIRST_COMPLETED).done
            for future in sorted(done, key=self._given.__getitem__):
                with _told():
                    result = future.result()
                yield self._given.pop(future), result
            self._give(1)
            if self._waiting and not done:
                place, task = self._waiting.popleft()
                self._give(2)  # so that they go on while this process makes a result
                yield place, self._function(*task)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """That the system ended a worker is told in our words: those of the library may quote arguments."""
    from concurrent.futures.process import BrokenProcessPool

    try:
        yield
    except BrokenProcessPool:
        raise EngineError(say("worker_ended")) from None


def _in_order(results: Iterator[tuple[int, Any]]) -> Iterator[Any]:
    kept: dict[int, Any] = {}
    wanted = 0
    for place, result in results:
        kept[place] = result
        while wanted in kept:
            yield kept.pop(wanted)
            wanted += 1


def _executor(workers: int) -> Any:
    """Worker processes that need no files in a temporary folder, where a killed run would leave data of persons."""
    from joblib.externals.loky import get_reusable_executor

    return get_reusable_executor(max_workers=workers, timeout=None, initializer=_follow, initargs=(os.getpid(),))


@cache
def _start(workers: int) -> None:
    """Start them, deaf to the signals that a terminal sends to all of them: stopping them is for this process alone."""
    end = time.monotonic() + _PATIENCE
    with deaf(), _held_back():  # signals wait, or the workers complain that nobody is there any more
        started: set[int] = set()
        while len(started) < workers and time.monotonic() < end:
            with _told():
                started.update(_executor(workers).map(_present, range(workers)))


def _present(_: int) -> int:
    """Which process this is, after a moment in which the others can take a task too."""
    time.sleep(0.01)
    return os.getpid()


@contextlib.contextmanager
def deaf() -> Iterator[None]:
    """Signals wait until this is over, where an exception in between would leave things half done."""
    came: list[int] = []
    handlers = {ending: signal.getsignal(ending) for ending in ENDINGS}
    heard = {ending: handler for ending, handler in handlers.items() if callable(handler)}
    for ending in heard:
        signal.signal(ending, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for ending, handler in heard.items():
            signal.signal(ending, handler)
        for number in came[:1]:
            signal.raise_signal(number)


@contextlib.contextmanager
def _held_back() -> Iterator[None]:
    """What the workers inherit: no such signal, and a standard error that leads nowhere.

    Where the system does not allow the former, they are deaf from `_follow` on.
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
