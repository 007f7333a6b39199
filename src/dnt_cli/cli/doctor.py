"""`dnt doctor`: what is installed and what works, to paste into a report of a problem."""

from __future__ import annotations

import importlib
import platform
import sys

from dnt_cli import __version__
from dnt_cli.cli.app import app
from dnt_cli.cli.console import write_out

_PARTS = {
    "statsmodels": "linear and logistic regression",
    "glmm": "mixed models (embedded engine)",
    "lightgbm": "imputation method forest",
    "miceforest": "imputation method forest",
    "duckdb": "dnt polis",
    "pyreadstat": "SPSS and Stata files",
    "openpyxl": "Excel files",
    "matplotlib": "figures",
}


@app.command(rich_help_panel="Help")
def doctor() -> None:
    """Say what is installed, which engines work and where R is; nothing is sent anywhere.

    Example: dnt doctor
    """
    from dnt_cli.engines import engine_versions, lme4_available
    from dnt_cli.engines.versions import package_version

    lines = [f"dnt {__version__}, Python {platform.python_version()}, {platform.platform()}", f"  {sys.executable}", ""]
    for name, version in engine_versions().items():
        if name not in _PARTS:
            lines.append(f"  {name:<12} {version or 'not installed'}")
    for name, use in _PARTS.items():
        try:
            importlib.import_module(name)
            state = str(package_version(name))
        except (ImportError, OSError) as error:
            state = f"does not load ({type(error).__name__}: {error})"
        lines.append(f"  {name:<12} {state:<12} {use}")
    works, what = lme4_available()
    lines += ["", f"  lme4         {'works: ' + what if works else 'not available: ' + what}"]
    write_out("\n".join(lines))
