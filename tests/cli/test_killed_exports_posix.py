"""An export that is killed leaves nothing personal but beside its target, under a name that the next run sweeps."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from tests.support.process import dnt, environment

PERSONS = 4000
FORMATS = (".xlsx", ".sav", ".dta", ".csv")


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of another program, large enough that it can be killed while it is written."""
    folder = tmp_path_factory.mktemp("answers")
    persons = [f"CANARY{i:05d}" for i in range(PERSONS)]
    table = pd.DataFrame({"id": persons, **{f"item_{k}": range(PERSONS) for k in range(12)}})
    table.to_parquet(folder / "answers.parquet")
    return folder / "answers.parquet"


def killed(answers: Path, folder: Path, suffix: str, number: int, after: float) -> int:
    """The exit code of an export that got a signal so many seconds after it began to write."""
    (folder / "tmp").mkdir()
    (folder / "out").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "dnt_cli", "convert", str(answers), "-o", f"out/table{suffix}", "-q"],
        cwd=folder,
        env=environment({"TMPDIR": str(folder / "tmp")}),
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while process.poll() is None and not list((folder / "out").iterdir()):
        time.sleep(0.002)
    time.sleep(after)
    if process.poll() is None:
        os.killpg(process.pid, number)
    return process.wait(timeout=60)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGQUIT], ids=lambda n: n.name)
def test_nothing_is_left_outside(answers: Path, tmp_path: Path, suffix: str, number: signal.Signals) -> None:
    moment = random.Random(f"{suffix} {number}").uniform(0, 0.4)
    code = killed(answers, tmp_path, suffix, number, moment)
    assert code in (0, -number, 128 + number)  # the second also where all had been done
    assert list((tmp_path / "tmp").iterdir()) == []
    left = [path.name for path in (tmp_path / "out").iterdir()]
    assert all(name.endswith(".dnt-tmp") or name == f"table{suffix}" for name in left)
    if number is not signal.SIGKILL:
        assert not any(name.endswith(".dnt-tmp") for name in left)
    dnt("study", "init", "-o", "out/new.toml", cwd=tmp_path).check()  # any run that writes there sweeps
    assert not any(path.name.endswith(".dnt-tmp") for path in (tmp_path / "out").iterdir())


def test_another_run_spares_the_scratch_folder_of_one_that_lives(tmp_path: Path) -> None:
    from dnt_cli.stagefile.atomic import scratch

    with scratch(tmp_path) as place:
        (place / "table.sav").write_bytes(b"half")
        dnt("study", "init", "-o", "new.toml", cwd=tmp_path).check()
        assert (place / "table.sav").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["new.toml"]
