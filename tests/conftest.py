"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from dnt_cli.engines import Lme4Session, lme4_available
from tests.support.process import SEARCHES


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of pytest-xdist tells how often it searched."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["searches"] = dict(SEARCHES)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """What a worker told is added up."""
    SEARCHES.update(getattr(node, "workeroutput", {}).get("searches", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How often it was searched for ids and answers of persons, planted in the data, where none may be."""
    if SEARCHES:
        told = ", ".join(f"{what} {count}" for what, count in sorted(SEARCHES.items()))
        terminalreporter.write_line(f"canary searches: {SEARCHES.total()} ({told})")


@pytest.fixture(scope="session")
def lme4_session() -> Iterator[Lme4Session]:
    """One running R for all tests marked `lme4`; in continuous integration its absence is a failure."""
    there, what = lme4_available()
    if not there:
        if os.environ.get("CI") == "true":
            pytest.fail(f"lme4 must be there in CI: {what}")
        pytest.skip(f"no lme4: {what}")
    with Lme4Session() as session:
        yield session


@pytest.fixture(scope="session")
def rscript() -> str:
    """R's `Rscript` with mice; in continuous integration its absence is a failure."""
    program = shutil.which("Rscript")
    packages = [program or "", "-e", "library(mice); library(jsonlite)"]
    if program is None or subprocess.run(packages, capture_output=True, timeout=120, check=False).returncode:
        if os.environ.get("CI") == "true":
            pytest.fail("R with mice and jsonlite must be there in CI")
        pytest.skip("no R with mice and jsonlite")
    return program
