"""A Dask cluster in place of processes on this machine, for whatever a command spreads over workers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from typing import Any

from dnt_cli.errors import EngineError, UsageError
from dnt_cli.sentences import say

_connected: ContextVar[bool] = ContextVar("connected", default=False)


def connected() -> bool:
    """Whether work goes to a cluster."""
    return _connected.get()


@contextlib.contextmanager
def at_work(jobs: int, scheduler: str | None = None, certificates: Sequence[str] = ()) -> Iterator[int]:
    """Inside, `workers.spread` uses the cluster, if there is one; results are the same.

    Args:
        jobs: Processes on this machine; what is yielded where there is no cluster.
        scheduler: Address of a Dask scheduler, such as tcp://host:8786, or tls://host:8786.
        certificates: Files of the certificate authority, of this client's certificate and of its key, for TLS.

    Yields:
        How many tasks can run at the same time.

    Raises:
        UsageError: The certificates do not fit the address.
        EngineError: Dask is not installed, no scheduler answers, or it has no workers.
    """
    if scheduler is None:
        if certificates:
            raise UsageError(say("tls_without_scheduler"))
        yield jobs
        return
    if bool(certificates) != scheduler.startswith("tls://") or len(certificates) not in (0, 3):
        raise UsageError(say("scheduler_tls"))
    import joblib

    with _client(scheduler, certificates) as client, joblib.parallel_config(backend="dask"):
        token = _connected.set(True)
        try:
            yield sum(client.nthreads().values())
        finally:
            _connected.reset(token)


def _client(scheduler: str, certificates: Sequence[str]) -> Any:
    try:
        from distributed import Client
        from distributed.security import Security
    except ImportError as error:
        from dnt_cli.packages import install_command

        raise EngineError(say("needs_dask", install=install_command("dask", "distributed"))) from error
    make: Any = Client
    security: Any = Security
    settings: dict[str, Any] = {"timeout": "5s"}
    try:
        if certificates:
            authority, certificate, key = certificates
            settings["security"] = security(
                tls_ca_file=authority, tls_client_cert=certificate, tls_client_key=key, require_encryption=True
            )
        client = make(scheduler, **settings)
    except (OSError, ValueError) as error:
        told = (
            say("no_scheduler_tls", scheduler=scheduler) if certificates else say("no_scheduler", scheduler=scheduler)
        )
        raise EngineError(told) from error
    if not client.nthreads():
        client.close()
        raise EngineError(say("scheduler_empty", scheduler=scheduler))
    return client
