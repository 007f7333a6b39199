"""Faults: signals at random moments, a full disk, folders that cannot be written, readers that leave."""

from __future__ import annotations

import os
import pty
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from process import DNT, Run, assert_discreet, dnt, environment, listing

SLOW = "impute survey.parquet -o imputed.parquet -m 200 --set imputation.iterations=200 --jobs"
FIT = "fit-longitudinal imputed.parquet -o longitudinal.parquet --jobs 2"
RANDOM = random.Random(11)


def temporaries(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if ".dnt-tmp" in path.name]


def start(command: str, folder: Path) -> subprocess.Popen[bytes]:
    """In a process group of its own, which a terminal's Ctrl-C reaches as a whole."""
    return subprocess.Popen(
        [*DNT, *command.split()], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
        start_new_session=True,
    )  # fmt: skip


def await_writing(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Until the run has opened its temporary file."""
    end = time.monotonic() + 60
    while not temporaries(folder):
        assert process.poll() is None, process.communicate()[1].decode()
        assert time.monotonic() < end
        time.sleep(0.01)


def stop(process: subprocess.Popen[bytes], number: int) -> Run:
    os.killpg(process.pid, number)
    out, err = process.communicate(timeout=60)
    # A shell tells of both as 130: Python ends itself by the signal when Ctrl-C came while it loaded a module.
    code = 130 if process.returncode == -signal.SIGINT else process.returncode
    run = Run(("impute",), code, out, err.decode("utf-8"))
    assert_discreet(run)
    return run


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"])
@pytest.mark.parametrize("jobs", [1, 2])
def test_stopped_while_it_writes(folder: Path, number: int, code: int, jobs: int) -> None:
    before = listing(folder)
    process = start(f"{SLOW} {jobs}", folder)
    await_writing(process, folder)
    time.sleep(RANDOM.uniform(0, 0.6))
    run = stop(process, number).check(code)
    assert ("Stopped. Nothing was left half-written." in run.stderr) is (number == signal.SIGINT)
    assert listing(folder) == before


@pytest.mark.parametrize("command", [f"{SLOW} 2", FIT])
@pytest.mark.parametrize("delay", [RANDOM.uniform(0.4, 0.8), RANDOM.uniform(0.8, 1.6)])
def test_ctrl_c_before_it_writes(folder: Path, command: str, delay: float) -> None:
    """While it loads, reads or fits; a fit may be done by then, and then the whole new file is there."""
    before = listing(folder)
    process = start(command, folder)
    time.sleep(delay)
    run = stop(process, signal.SIGINT)
    after = listing(folder)
    if after != before:
        assert "Wrote" in run.stderr
        assert after.keys() == before.keys()
        dnt("show", "longitudinal.parquet", cwd=folder).check()
    else:
        run.check(130)


def test_killed_outright_leaves_the_old_file_and_the_next_run_cleans_up(folder: Path) -> None:
    before = listing(folder)
    process = start(f"{SLOW} 1", folder)
    await_writing(process, folder)
    time.sleep(RANDOM.uniform(0, 0.3))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    left = temporaries(folder)
    assert len(left) == 1
    assert left[0].stat().st_mode & 0o077 == 0
    assert {name: content for name, content in listing(folder).items() if ".dnt-tmp" not in name} == before
    dnt("study", "init", "-o", "new.toml", cwd=folder).check()
    assert temporaries(folder) == []


def test_cleaning_up_spares_a_run_that_lives(folder: Path) -> None:
    process = start(f"{SLOW} 1", folder)
    await_writing(process, folder)
    own = temporaries(folder)
    dnt("study", "init", "-o", "new.toml", cwd=folder).check()
    assert temporaries(folder) == own
    stop(process, signal.SIGTERM).check(143)


def test_two_runs_may_write_the_same_file(folder: Path) -> None:
    commands = [f"impute survey.parquet -o imputed.parquet --seed {seed} --jobs 1 -q" for seed in (1, 2)]
    for process in [start(command, folder) for command in commands]:
        assert process.communicate(timeout=60)[1] == b""
        assert process.returncode == 0
    assert temporaries(folder) == []
    assert "seed       " in dnt("info", "imputed.parquet", cwd=folder).check().text


LIMIT = ("bash", "-c", 'ulimit -f 8; exec "$@"', "bash")  # files of 8 KiB and no more, as on a full disk


@pytest.mark.parametrize(
    "command",
    [
        "impute survey.parquet -o imputed.parquet --jobs 1",
        "fit-t3 imputed.parquet -o t3.parquet --jobs 1",
        "convert imputed.parquet -o new.csv",
    ],
)
def test_full_disk(folder: Path, command: str) -> None:
    before = listing(folder)
    run = dnt(*command.split(), cwd=folder, before=LIMIT).check(11)
    assert "Cannot write" in run.stderr
    assert "File too large" in run.stderr
    assert "What was there is untouched" in run.stderr
    assert listing(folder) == before


def test_full_standard_output(made: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        for command in (["show", "t3.parquet"], ["fit-t3", "imputed.parquet", "-o", "-", "--jobs", "1"]):
            done = subprocess.run(
                [*DNT, *command],
                cwd=made,
                stdout=full,
                stderr=subprocess.PIPE,
                env=environment(),
                timeout=60,
                check=False,
            )
            run = Run(tuple(command), done.returncode, b"", done.stderr.decode("utf-8"))
            assert_discreet(run)
            assert "No space left on device" in run.check(11).stderr


@pytest.fixture
def locked(folder: Path) -> Iterator[Path]:
    """The folder, read-only."""
    folder.chmod(0o500)
    yield folder
    folder.chmod(0o700)


# Root may write anywhere, unless it gives up its powers.
MORTAL = ("setpriv", "--bounding-set=-all", "--inh-caps=-all") if os.geteuid() == 0 else ()


def test_read_only_folder(locked: Path) -> None:
    before = listing(locked)
    for command in ("describe survey.parquet -o description.parquet", "study init -o new.toml"):
        run = dnt(*command.split(), cwd=locked, before=MORTAL).check(11)
        assert "Permission denied" in run.stderr
    assert listing(locked) == before


@pytest.mark.parametrize(
    ("command", "read"),
    [
        ("show t3.parquet", 0),
        ("show description.parquet --format html", 1),
        ("fit-t3 imputed.parquet -o - --jobs 1", 4),
        ("--help", 1),
    ],
)
def test_a_reader_that_leaves_is_no_error(made: Path, command: str, read: int) -> None:
    """`dnt ... | head`: quiet, whether the reader saw something or nothing."""
    process = start(command, made)
    assert process.stdout is not None
    assert len(process.stdout.read(read)) == read
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    # Typer prints help by itself, and ends with 1 then.
    assert process.wait(timeout=60) == (1 if command == "--help" else 0)


def test_standard_error_may_leave_too(made: Path) -> None:
    process = start("fit-t3 nosuch.parquet", made)
    assert process.stderr is not None
    process.stderr.close()
    process.communicate(timeout=60)
    assert process.returncode == 11


@pytest.mark.parametrize("command", ["impute survey.parquet -o -", "fit-t3 imputed.parquet -o -"])
def test_no_parquet_on_a_terminal(made: Path, command: str) -> None:
    """Refused before anything is computed."""
    primary, secondary = pty.openpty()
    done = subprocess.run(
        [*DNT, *command.split()],
        cwd=made,
        stdout=secondary,
        stderr=subprocess.PIPE,
        env=environment(),
        timeout=60,
        check=False,
    )
    os.close(secondary)
    os.close(primary)
    assert done.returncode == 2
    assert b"would garble the terminal" in done.stderr


def test_no_parquet_from_the_keyboard(made: Path) -> None:
    primary, secondary = pty.openpty()
    done = subprocess.run(
        [*DNT, "fit-t3", "-"],
        cwd=made,
        stdin=secondary,
        capture_output=True,
        env=environment(),
        timeout=60,
        check=False,
    )
    os.close(secondary)
    os.close(primary)
    assert done.returncode == 2
    assert b"standard input is the keyboard" in done.stderr


@pytest.mark.parametrize("closing", ["<&-", ">&-", "2>&-"])
def test_without_a_standard_stream(made: Path, closing: str) -> None:
    """As a service may start us."""
    shell = ("bash", "-c", f'exec "$@" {closing}', "bash")
    run = dnt("show", "-", cwd=made, before=shell).check(11)
    assert ("Nothing came from standard input" in run.stderr) is (closing != "2>&-")
    dnt("info", "t3.parquet", cwd=made, before=shell).check()


def test_a_named_pipe_is_no_output_file(made: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    run = dnt("fit-t3", made / "imputed.parquet", "-o", "pipe", "--force", cwd=tmp_path, timeout=20).check(11)
    assert "pipe is no ordinary file" in run.stderr
