"""Faults: every command meets every fault of `injection.py`, at seeded random moments.

`validation/faults.py` does the same as often as asked, at fresh moments.
"""

from __future__ import annotations

import os
import pty
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dnt_cli.workers import ENDINGS
from tests.support.injection import FAULTS, SIGNALS, inject, possible
from tests.support.process import DNT, Run, assert_discreet, dnt, environment, listing
from tests.support.workbench import COMMANDS, OLD, Bench

SLOW = "impute survey.parquet -o imputed.parquet -m 200 --set imputation.iterations=200 --jobs"
RANDOM = random.Random(11)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    bench = Bench(tmp_path_factory.mktemp("bench"))
    yield bench
    bench.close()


@pytest.mark.parametrize("writer", COMMANDS)
def test_signals_at_random_moments(bench: Bench, writer: str) -> None:
    """Old outputs or new ones, whole; nothing else left; nobody alive; the right exit code; not a word of a person."""
    moments = random.Random(writer)
    number = list(SIGNALS)[list(COMMANDS).index(writer) % len(SIGNALS)]
    for _ in range(2):
        assert inject(bench, number.name, writer, moments, fresh=False).problems == [], number.name


@pytest.mark.parametrize("kind", [kind for kind in FAULTS if not kind.startswith("SIG")])
def test_every_fault(bench: Bench, kind: str) -> None:
    """Each on a command that is drawn by its name."""
    moments = random.Random(kind)
    able = [writer for writer in COMMANDS if possible(kind, writer)]
    if able:
        assert inject(bench, kind, moments.choice(able), moments, fresh=False).problems == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_signals_while_it_starts(bench: Bench, number: signal.Signals) -> None:
    """A new Python; only before its first line of ours it may say something of its own."""
    moments = random.Random(number)
    for writer in ("study init", "fit-longitudinal"):
        assert inject(bench, number.name, writer, moments, fresh=True).problems == []


def test_the_harness_sees_what_is_wrong(bench: Bench) -> None:
    """A torn output, a temporary file, an id in a name and a word of Python are found."""
    with bench.copy("study init") as folder:
        after = bench.start(["study", "init", "-o", "out/other.toml"], folder)
        assert bench.judge("study init", after, (1,), None).problems == [
            "lost, torn or unexpected: ['out/other.toml']",
            "ended with 0, not one of (1,): " + after.run.stderr,
            "ended well, but these are not the new ones: ['out/new.toml']",
        ]
        (folder / "out" / "other.toml").unlink()
        (folder / "out" / "new.toml").write_bytes(OLD[:-1])
        (folder / "out" / ".x.dnt-tmp").touch()
        (folder / "CANARY-ID-70.txt").touch()
        after = bench.start(["study", "init", "-o", "out"], folder)
        found = "\n".join(bench.judge("study init", after, (11,), None).problems)
        for part in ("a file is called", "temporary files left", "torn or unexpected: ['out/new.toml']"):
            assert part in found


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
    run = Run(("impute",), process.returncode, out, err.decode("utf-8"))
    assert_discreet(run)
    return run


@pytest.mark.parametrize(("number", "code"), [(n, 128 + n) for n in ENDINGS], ids=lambda value: str(value))
@pytest.mark.parametrize("jobs", [1, 2])
def test_stopped_while_it_writes(folder: Path, number: int, code: int, jobs: int) -> None:
    before = listing(folder)
    process = start(f"{SLOW} {jobs}", folder)
    await_writing(process, folder)
    time.sleep(RANDOM.uniform(0, 0.6))
    run = stop(process, number).check(code)
    assert ("Stopped. Nothing was left half-written." in run.stderr) is (number == signal.SIGINT)
    assert listing(folder) == before


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


def test_two_runs_with_other_seeds_may_write_the_same_file(folder: Path) -> None:
    commands = [f"impute survey.parquet -o imputed.parquet --seed {seed} --jobs 1 -q" for seed in (1, 2)]
    whole = []
    for number, command in enumerate(commands):
        dnt(*command.replace("imputed", f"own{number}").split(), cwd=folder).check()
        whole.append((folder / f"own{number}.parquet").read_bytes())
    for process in [start(command, folder) for command in commands]:
        assert process.communicate(timeout=60)[1] == b""
        assert process.returncode == 0
    assert temporaries(folder) == []
    assert (folder / "imputed.parquet").read_bytes() in whole


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


@pytest.mark.parametrize(
    ("command", "read"),
    [
        ("show t3.parquet", 0),
        ("show description.parquet --format html", 1),
        ("fit-t3 imputed.parquet -o - --jobs 1", 4),
        ("--help", 0),
        ("--help", 1),
        ("fit-t3 --help", 1),
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
    assert process.wait(timeout=60) == 0


def test_standard_error_may_leave_too(made: Path) -> None:
    process = start("fit-t3 nosuch.parquet", made)
    assert process.stderr is not None
    process.stderr.close()
    process.communicate(timeout=60)
    assert process.returncode == 11


@pytest.mark.parametrize(
    ("command", "stream", "says"),
    [
        ("impute survey.parquet -o -", "stdout", b"would garble the terminal"),
        ("fit-t3 imputed.parquet -o -", "stdout", b"would garble the terminal"),
        ("fit-t3 -", "stdin", b"standard input is the keyboard"),
    ],
)
def test_no_parquet_on_a_terminal_or_from_the_keyboard(made: Path, command: str, stream: str, says: bytes) -> None:
    """Refused before anything is computed."""
    primary, secondary = pty.openpty()
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | {stream: secondary}
    done = subprocess.run([*DNT, *command.split()], cwd=made, env=environment(), timeout=60, check=False, **streams)
    os.close(secondary)
    os.close(primary)
    assert done.returncode == 2
    assert says in done.stderr


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


def test_what_is_said_may_go_nowhere(made: Path) -> None:
    """A log on a full disk: the exit code still tells."""
    with Path("/dev/full").open("wb") as full:
        command = [*DNT, "fit-t3", "nosuch.parquet"]
        assert (
            subprocess.run(command, cwd=made, stderr=full, env=environment(), timeout=60, check=False).returncode == 11
        )


@pytest.mark.parametrize("link", ["to a file", "to nothing yet", "in a circle"])
def test_a_link_stays_a_link(made: Path, tmp_path: Path, link: str) -> None:
    """The file that it leads to is replaced, in its own folder."""
    (tmp_path / "far").mkdir()
    target = Path("t3.parquet") if link == "in a circle" else Path("far", "real.parquet")
    if link == "to a file":
        (tmp_path / target).write_bytes(b"old")
    (tmp_path / "t3.parquet").symlink_to(target)
    command = ("fit-t3", made / "imputed.parquet", "-o", "t3.parquet", "--jobs", "1", "--force")
    if link == "in a circle":
        assert "Cannot write t3.parquet" in dnt(*command, cwd=tmp_path).check(11).stderr
    else:
        dnt(*command, cwd=tmp_path).check()
        assert (tmp_path / target).read_bytes() == (made / "t3.parquet").read_bytes()
    assert (tmp_path / "t3.parquet").is_symlink()
    assert temporaries(tmp_path) == temporaries(tmp_path / "far") == []


@pytest.mark.parametrize(
    "command", ["impute survey.parquet", "describe survey.parquet", "convert survey.csv --study study.toml"]
)
def test_an_input_is_no_output(folder: Path, command: str) -> None:
    """Not without --force; with it, the input was read whole before."""
    before = listing(folder)
    name = command.split()[1]
    call = [*command.split(), "-o", name]
    words = call if name.endswith(".parquet") else [*command.split()[:2], "-o", name]
    assert "choose another name, or --force" in dnt(*words, cwd=folder).check(11).stderr
    assert listing(folder) == before
    dnt(*words, "--force", cwd=folder).check()
    assert listing(folder).keys() == before.keys()


def test_a_run_that_was_told_to_ignore_ctrl_c_does(folder: Path) -> None:
    """As with nohup, or in the background of a script."""
    process = subprocess.Popen(
        ["bash", "-c", 'trap "" INT; exec "$@"', "bash", *DNT, *f"{SLOW} 1".replace("200", "20").split()],
        cwd=folder, stderr=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(), start_new_session=True,
    )  # fmt: skip
    await_writing(process, folder)
    os.killpg(process.pid, signal.SIGINT)
    assert b"Wrote" in process.communicate(timeout=60)[1]
    assert process.returncode == 0


def test_a_stop_where_python_lets_no_exception_through_comes_again(tmp_path: Path) -> None:
    """In a weak reference's callback, say, which imports are full of."""
    code = """
import os, signal, sys, time, weakref
from dnt_cli.cli import app
class Thing: pass
def lost(_):
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.2)
def work(*_, **__):
    thing = Thing()
    keep = weakref.ref(thing, lost)
    del thing
    for _ in range(200): time.sleep(0.01)
    print("never")
app._Group.format_help = work
sys.argv = ["dnt", "--help"]
app.run()
"""
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, env=environment(), timeout=60, check=False)
    assert done.stderr == b"Error: Stopped. Nothing was left half-written.\n"
    assert (done.returncode, done.stdout) == (130, b"")
