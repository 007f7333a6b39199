"""Groups of options: a dataclass whose fields Typer sees as options of each command that takes it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dnt_cli.cli.inputs import Foreign, Input, open_input
from dnt_cli.cli.options import (
    Contrast,
    Force,
    Jobs,
    Lang,
    Output,
    Overrides,
    Scheduler,
    SchedulerTls,
    Shown,
    StudyFile,
    processes,
    split,
)
from dnt_cli.cli.results import check_output, present, save_result

if TYPE_CHECKING:
    import pandas as pd

    from dnt_cli.stagefile.container import Provenance
    from dnt_cli.stagefile.result import StageResult
    from dnt_cli.tables import Table


@dataclass(frozen=True)
class StudyOptions:
    """With which study a file is read."""

    study: StudyFile = None
    overrides: Overrides = None
    contrast: Contrast = None

    def open(self, source: str, command: str, kinds: Iterable[str], *, foreign: Foreign) -> Input:
        """What the command was given; arguments and errors as of `open_input`."""
        return open_input(source, command, kinds, foreign=foreign, study=self.study, overrides=self.settings)

    @property
    def settings(self) -> list[str] | None:
        """What `--set` and `--contrast` ask for."""
        own = [] if self.contrast is None else [f"design.contrast={self.contrast}"]
        return [*(self.overrides or []), *own] or None


@dataclass(frozen=True)
class WorkOptions:
    """Where a command computes."""

    jobs: Jobs = 0
    scheduler: Scheduler = None
    scheduler_tls: SchedulerTls = None

    def place(self) -> AbstractContextManager[int]:
        """The place; inside it is known how many tasks can run at the same time."""
        from dnt_cli.cluster import at_work

        return at_work(processes(self.jobs), self.scheduler, split(self.scheduler_tls) or ())


@dataclass(frozen=True)
class ShowOptions:
    """How a result is shown."""

    form: Shown = "table"
    language: Lang = ...  # type: ignore[assignment]

    def show(self, tables: list[Table], rows: pd.DataFrame) -> None:
        """Show the tables; CSV and JSON are the rows, for a program."""
        present(None, self.form, tables, rows, self.language)


@dataclass(frozen=True)
class ResultOptions:
    """Where a result is written, and how it is shown."""

    output: Output = None
    form: Shown = "table"
    language: Lang = ...  # type: ignore[assignment]
    force: Force = False

    def check(self, kind: str, command: str, *, required: bool = False) -> None:
        """Refuse before any work is done what could not be written after it."""
        check_output(self.output, kind, command, force=self.force, required=required)

    def save(self, result: StageResult, provenance: Provenance) -> None:
        """Write the stage file, if `-o` asks for one."""
        save_result(self.output, result, provenance, force=self.force)

    def show(self, tables: list[Table], rows: pd.DataFrame) -> None:
        """Show the tables, unless standard output is taken by the stage file."""
        present(self.output, self.form, tables, rows, self.language)
