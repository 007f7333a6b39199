"""Which engines are installed, for reports and for `dnt doctor`."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

_PACKAGES = ("statsmodels", "glmm", "pymer4", "rpy2", "numpy", "scipy")


def engine_versions() -> dict[str, str | None]:
    """Version of every package that takes part in a fit; None when it is not installed. R is not started."""
    return {name: _version(name) for name in _PACKAGES}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
