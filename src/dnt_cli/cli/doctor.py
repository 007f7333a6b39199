"""`dnt doctor`: what is installed and what works, to paste into a report of a problem."""

from __future__ import annotations

import importlib
import json
import platform
import sys
from typing import Any

from dnt_cli import __version__
from dnt_cli.cli.app import app
from dnt_cli.cli.console import write_out
from dnt_cli.cli.options import AsJson
from dnt_cli.cli.progress import progress

_PARTS = {
    "typer": "command line",
    "rich": "tables and progress",
    "numpy": "",
    "scipy": "",
    "pandas": "tables",
    "pyarrow": "stage files",
    "joblib": "processes",
    "threadpoolctl": "processes",
    "statsmodels": "dnt power",
    "miceforest": "imputation method forest",
    "lightgbm": "imputation method forest",
    "duckdb": "dnt polis",
    "pyreadstat": "SPSS and Stata files",
    "openpyxl": "Excel files",
    "python-docx": "Word files",
    "matplotlib": "figures",
    "highspy": "dnt release",
}
_EXTRAS = {
    "pymer4": "--engine lme4",
    "rpy2": "--engine lme4",
    "distributed": "--scheduler",
}  # not loaded here: R starts in a process of its own


@app.command(rich_help_panel="Help")
def doctor(as_json: AsJson = False) -> None:
    """Say what is installed, which engines work and where R is; nothing is sent anywhere.

    Example: dnt doctor
    """
    from dnt_cli.engines import lme4_available, package_version
    from dnt_cli.packages import PACKAGES

    facts: dict[str, Any] = {
        "dnt": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "executable": sys.executable,
        "encoding": sys.stdout.encoding,
        "packages": {},
    }
    for name in _PARTS:
        try:
            importlib.import_module(next((module for module, own in PACKAGES.items() if own == name), name))
            facts["packages"][name] = package_version(name)
        except (ImportError, OSError) as error:
            facts["packages"][name] = f"does not load ({type(error).__name__}: {error})"
    facts["packages"] |= {name: package_version(name) for name in _EXTRAS}
    with progress("Asking R"):
        works, what = lme4_available()
    facts["lme4"] = f"works: {what}" if works else f"not available: {what}"
    write_out(json.dumps(facts, indent=1) if as_json else "\n".join(_lines(facts)))


def _lines(facts: dict[str, Any]) -> list[str]:
    return [
        f"dnt {facts['dnt']}, Python {facts['python']}, {facts['platform']}, {facts['encoding']}",
        f"  {facts['executable']}",
        "",
        *[
            f"  {name:<13} {version or 'not installed':<14} {(_PARTS | _EXTRAS)[name]}".rstrip()
            for name, version in facts["packages"].items()
        ],
        "",
        f"  lme4          {facts['lme4']}",
    ]
