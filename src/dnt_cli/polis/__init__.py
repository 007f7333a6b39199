"""Work and income from records of jobs: the register ("polis administration") as a second source of outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from dnt_cli.polis.join import add_register
from dnt_cli.polis.link import read_link
from dnt_cli.polis.measures import measure
from dnt_cli.polis.records import database, keep_records
from dnt_cli.polis.result import RegisterResult
from dnt_cli.polis.sources import chosen_files
from dnt_cli.progress import Progress
from dnt_cli.study import Study

__all__ = ["add_register", "chosen_files", "read_link", "register_outcomes"]


def register_outcomes(
    paths: Sequence[Path], link: pd.DataFrame, study: Study, *, threads: int = 2, progress: Progress | None = None
) -> RegisterResult:
    """Work and income of every linked person in the month of every wave.

    Args:
        paths: Files with records, as `chosen_files` gives them.
        link: As `read_link` gives it.
        study: Waves and the settings of `[register]`.
        threads: Of DuckDB; the result does not depend on them.
        progress: Called with (done, all) files.

    Raises:
        DataError: A file is damaged, lacks a column, or does not cover the months of measurement.
        EngineError: A library is missing, or the memory does not suffice.
    """
    with database(threads) as connection:
        kept, months = keep_records(connection, paths, link, study.register, progress)
        frame, decided = measure(connection, link, study.design.wave_keys, study.register, months)
    return RegisterResult(study, frame, kept | decided)
