"""Which engines are installed, for reports and for `dnt doctor`."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = ("statsmodels", "glmm", "pymer4", "rpy2", "numpy", "scipy")


def engine_versions() -> dict[str, str | None]:
    """Version of every package that takes part in a fit; None when it is not installed. R is not started."""
    return {name: package_version(name) for name in _PACKAGES}


@cache
def package_version(name: str) -> str | None:
    """Version of an installed package; looked up once, since every fit carries it."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
