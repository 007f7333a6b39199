"""Honest evaluation of social interventions: imputation, effects, robustness, description.

`import dnt_cli as dnt` offers the stages as functions (`dnt_cli.library`), which are loaded when they are first used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dnt_cli.library import (
        AnalysisResult,
        check_robustness,
        describe,
        fit_endpoint,
        fit_trend,
        impute,
        read,
    )

__version__ = "0.1.0"
__all__ = ["AnalysisResult", "check_robustness", "describe", "fit_endpoint", "fit_trend", "impute", "read"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'dnt_cli' has no attribute '{name}'")
    from dnt_cli import library

    return getattr(library, name)
