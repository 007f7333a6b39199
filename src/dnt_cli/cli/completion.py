"""What the Tab key offers as the value of an option; the shell itself completes file names.

A completer never fails and never says anything: where it does not know, it offers nothing.
"""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from dnt_cli.errors import UserError

if TYPE_CHECKING:
    from dnt_cli.stagefile.container import Stage
    from dnt_cli.study import Study

Completer = Callable[[str], list[str]]


def _of_study(keys: Callable[[Study], Iterable[str]]) -> Completer:
    """Keys of the study that the command line names so far, one after another with commas between."""

    def complete(incomplete: str) -> list[str]:
        study = _study()
        return [] if study is None else _listed(keys(study), incomplete)

    return complete


def _words() -> list[str]:
    """The command line so far, as the shell hands it over; the parser gives up on an option without its value."""
    line = os.environ.get("_TYPER_COMPLETE_ARGS") or os.environ.get("COMP_WORDS") or ""
    try:
        return shlex.split(line)
    except ValueError:  # a quotation mark that is still open
        return line.split()


def _study() -> Study | None:
    """The study of `--study`, else the one inside the first file."""
    from dnt_cli.study import load_study

    words = _words()
    if "--study" in words[:-1]:
        with contextlib.suppress(UserError):
            return load_study(words[words.index("--study") + 1], ())
        return None
    stage = _stage()
    return None if stage is None else stage.study


def _stage() -> Stage | None:
    """The first stage file that the command line names."""
    from dnt_cli.stagefile.atomic import read_bytes
    from dnt_cli.stagefile.container import open_stage

    for word in _words():
        if word.endswith(".parquet"):
            with contextlib.suppress(UserError):
                if (stage := open_stage(*read_bytes(word, None))) is not None:
                    return stage
    return None


def _listed(keys: Iterable[str], incomplete: str) -> list[str]:
    """What can follow in a list such as `work,de`: `work,debts`."""
    before, comma, start = incomplete.rpartition(",")
    chosen = before.split(",")
    return [f"{before}{comma}{key}" for key in keys if key.startswith(start) and key not in chosen]


complete_outcomes = _of_study(lambda study: study.tested)
complete_controls = _of_study(lambda study: study.possible_controls)


def complete_checks(incomplete: str) -> list[str]:
    """Letters of the robustness checks."""
    from dnt_cli.robustness.checks import CHECKS

    return _listed(CHECKS, incomplete)


def complete_studies(incomplete: str) -> list[str]:
    """Built-in studies; where none begins like that, the shell offers files."""
    from dnt_cli.study import builtin_studies

    return [name for name in builtin_studies() if name.startswith(incomplete)]


def complete_settings(incomplete: str) -> list[str]:
    """Keys of the study file that `--set` replaces most."""
    from dataclasses import fields

    from dnt_cli.study import Disclosure, ImputationPlan, Models, Register, Robustness, Significance

    sections = {
        "imputation": ImputationPlan, "models": Models, "robustness": Robustness, "significance": Significance,
        "register": Register, "disclosure": Disclosure,
    }  # fmt: skip
    keys = [f"{name}.{field.name}" for name, kind in sections.items() for field in fields(kind)]
    return [key for key in keys if key.startswith(incomplete)]


def complete_tables(incomplete: str) -> list[str]:
    """Second tables of a stage file."""
    stage = _stage()
    return [] if stage is None else [name for name in stage.second_tables if name.startswith(incomplete)]
