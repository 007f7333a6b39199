"""Spread pure tasks over processes, or over a Dask cluster, and give their results back in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from dnt_cli.errors import EngineError
from dnt_cli.packages import install_command
from dnt_cli.workers import in_workers


def spread(
    function: Callable[..., Any], tasks: Iterable[tuple[Any, ...]], jobs: int, scheduler: str | None = None
) -> Iterator[Any]:
    """Results of `function(*task)` in the order of `tasks`.

    Args:
        function: pure and importable, so that another process can run it.
        tasks: arguments of each call.
        jobs: processes; 1 stays in this one.
        scheduler: address of a Dask scheduler, such as tcp://host:8786, to use instead of `jobs`.

    Raises:
        EngineError: `scheduler` is given, and dask.distributed is not installed, or no scheduler answers, or it has no
            workers.
    """
    if scheduler is not None:
        return _on_cluster(function, tasks, scheduler)
    if jobs == 1:
        return (function(*task) for task in tasks)
    import joblib

    return in_workers((joblib.delayed(function)(*task) for task in tasks), jobs)


def _on_cluster(function: Callable[..., Any], tasks: Iterable[tuple[Any, ...]], scheduler: str) -> Iterator[Any]:
    import joblib

    try:
        from distributed import Client
    except ImportError as error:
        raise EngineError(f"--scheduler needs Dask. Type: {install_command('dask', 'distributed')}.") from error
    try:
        client = Client(scheduler, timeout="5s")  # type: ignore[no-untyped-call, unused-ignore]
    except (OSError, ValueError) as error:
        raise EngineError(
            f"No Dask scheduler answers at {scheduler}: start one (dask scheduler), or use --jobs."
        ) from error
    if not client.nthreads():  # type: ignore[no-untyped-call, unused-ignore]
        client.close()  # type: ignore[no-untyped-call, unused-ignore]
        raise EngineError(
            f"The Dask scheduler at {scheduler} has no workers: start some (dask worker {scheduler}), or use --jobs."
        )
    with client, joblib.parallel_config(backend="dask"):
        yield from joblib.Parallel(return_as="generator")(joblib.delayed(function)(*task) for task in tasks)
