"""Which engines are installed."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def package_version(name: str) -> str | None:
    """Version of an installed package; looked up once, since every fit carries it."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
