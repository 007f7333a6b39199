"""Files that many tests of the command line start from, each made once by the real program."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.support.process import together
from tests.support.small import STUDY, survey

# Signals, limits, terminals and devices as Linux and macOS have them.
collect_ignore_glob = ["*_posix.py"] if sys.platform == "win32" else []


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small study through every stage; to be read only."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    survey().to_csv(folder / "survey.csv", index=False)
    commands = (
        "convert survey.csv --study study.toml -o survey.parquet",
        "impute survey.parquet -o imputed.parquet --jobs 1",
        "fit-t3 imputed.parquet -o t3.parquet --jobs 1",
        "fit-longitudinal imputed.parquet -o longitudinal.parquet --jobs 1",
        "robustness imputed.parquet -o robustness.parquet --jobs 1",
        "describe survey.parquet -o description.parquet",
    )
    for run in together([(tuple(command.split()), folder) for command in commands]):
        run.check()
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy of the small study's files, for one test."""
    return Path(shutil.copytree(made, tmp_path / "work"))
