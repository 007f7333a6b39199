"""Multiple imputation: completed data sets by `pmm`, `norm` or `forest` behind one face.

What imputes is loaded when it is first asked for: fits need the settings of an imputation only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dnt_cli.imputation.columns import ModelColumn, Settings

if TYPE_CHECKING:
    from dnt_cli.imputation.run import Imputation, impute

__all__ = ["Imputation", "ModelColumn", "Settings", "impute"]


def __getattr__(name: str) -> Any:
    if name not in ("Imputation", "impute"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from dnt_cli.imputation import run

    return getattr(run, name)
