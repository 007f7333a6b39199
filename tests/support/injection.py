"""Every fault, at a random moment of any command: for `test_faults_posix.py` and `validation/faults.py`."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.support.process import DNT, Run, environment
from tests.support.terminal import HIDE_CURSOR, SHOW_CURSOR, in_terminal
from tests.support.warm import orphans
from tests.support.workbench import COMMANDS, OLD, READERS, SILENT, Aftermath, Bench, indiscreet, to_a_pipe

SIGNALS = {n: (128 + n, -n, 0) for n in (signal.SIGINT, *SILENT)} | {signal.SIGKILL: (-signal.SIGKILL, 0)}
# Root may write anywhere, unless it gives up its powers.
MORTAL = ("setpriv", "--bounding-set=-all", "--inh-caps=-all") if os.geteuid() == 0 else ()
_ALONE = ("unshare", "--map-root-user", "--mount", "bash", "-c")
Inject = Callable[[Bench, str, Path, Random, bool], Aftermath]


def mounts() -> bool:
    """Whether this system lets us mount, in a namespace of our own."""
    asked = [*_ALONE, "mount -t tmpfs none /mnt"]
    return bool(shutil.which("unshare")) and subprocess.run(asked, capture_output=True, check=False).returncode == 0


def signalled(number: signal.Signals) -> Inject:
    """At any moment, to the program alone or as a terminal does it; a fifth of them while it still starts."""

    def inject(bench: Bench, writer: str, folder: Path, random: Random, fresh: bool) -> Aftermath:
        longest = bench.duration(writer, fresh=fresh) * 1.05
        moment = random.uniform(0, longest) if random.random() < 0.8 else random.uniform(0, 0.3 if fresh else 0.05)
        whom = random.choice(("main", "group"))
        after = bench.fault(writer, folder, SIGNALS[number], fresh=fresh, after=moment, signal=number, whom=whom)
        if fresh and number is signal.SIGINT and is_starting(after.run.stderr):
            after.starting, after.problems = True, []
        return after

    return inject


def is_starting(said: str) -> bool:
    """Whether Ctrl-C came before the first line of ours: then Python says so in its own way, and nobody can help it."""
    return "KeyboardInterrupt" in said and not re.search(r'dnt_cli/(cli|__main__.py", line \d+, in main)', said)


def typed(bench: Bench, writer: str, folder: Path, random: Random, _: bool) -> Aftermath:
    """Ctrl-C on a terminal, with the bar on it; the cursor comes back, and the last words stand at the end."""
    moment, words = random.uniform(0, bench.duration(writer, fresh=True) * 1.05), COMMANDS[writer].split()
    seen = in_terminal(*words, cwd=folder, env={"TMPDIR": str(folder / "tmp")}, stop_after=moment)
    after = Aftermath(Run(tuple(words), seen.code, b"", seen.plain), folder, seen.seconds, True)
    if is_starting(seen.plain):
        after.starting = True
        return after
    after.problems += indiscreet(after)
    if orphans(seen.pid):
        after.problems.append("processes lived on")
    if seen.text.rfind(HIDE_CURSOR) > seen.text.rfind(SHOW_CURSOR):
        after.problems.append("the cursor stayed hidden")
    if seen.code == 130 and not seen.plain.rstrip().endswith("Stopped. Nothing was left half-written."):
        after.problems.append("the last words are others")
    return bench.judge(writer, after, SIGNALS[signal.SIGINT], None)


def worker_killed(bench: Bench, writer: str, folder: Path, random: Random, fresh: bool) -> Aftermath:
    moment = random.uniform(0, bench.duration(writer, fresh=fresh))
    return bench.fault(
        writer, folder, (0, 13), fresh=fresh, after=moment, signal=signal.SIGKILL, whom="worker"
    )  # fmt: skip


def limited(bench: Bench, writer: str, folder: Path, random: Random, fresh: bool) -> Aftermath:
    """No file may grow beyond some size: a full disk, for each file anew."""
    longest = max(map(len, bench.outputs(writer).values()))
    limit = random.choice((0, 1, 4, 4096, random.randrange(longest), longest - 1))
    return bench.fault(writer, folder, (0, 11, 13), fresh=fresh, limit=limit)


def full(bench: Bench, writer: str, folder: Path, random: Random, _: bool) -> Aftermath:
    """A real file system without room: the outputs stand in one of a few kilobytes, the old ones fit."""
    kept = (folder / "out").rename(folder / "kept")
    (folder / "out").mkdir()
    size = 4 * (random.randrange(4) + 2 * len(bench.outputs(writer)))
    script = (
        f'mount -t tmpfs -o size={size}k none out && cp -r kept/. out && "$@"; end=$?; cp -r out/. after; exit $end'
    )
    (folder / "after").mkdir()
    after = bench.start(COMMANDS[writer].split(), folder, fresh=True, before=[*_ALONE, script, "bash"])
    (folder / "out").rmdir()
    shutil.rmtree(kept)
    (folder / "after").rename(folder / "out")
    return bench.judge(writer, after, (0, 11), None)


def locked(bench: Bench, writer: str, folder: Path, random: Random, _: bool) -> Aftermath:
    """A folder that may not be written."""
    folders = [folder / "out", *(p for p in (folder / "out").rglob("*") if p.is_dir())]
    for path in folders:
        path.chmod(0o500)
    after = bench.fault(writer, folder, (11,), fresh=True, before=MORTAL)
    for path in folders:
        path.chmod(0o700)
    return after


def protected(bench: Bench, writer: str, folder: Path, random: Random, _: bool) -> Aftermath:
    """Old outputs that may not be written."""
    for name in bench.outputs(writer):
        (folder / name).chmod(0o400)
    return bench.fault(writer, folder, (11,), fresh=True, before=MORTAL)


def gone(bench: Bench, writer: str, folder: Path, random: Random, fresh: bool) -> Aftermath:
    """The folder of the outputs is removed meanwhile."""
    moment = random.uniform(0, bench.duration(writer, fresh=fresh))
    return bench.fault(writer, folder, (0, 11), fresh=fresh, after=moment, touch=["remove", str(folder / "out")])


def touched(action: str) -> Inject:
    """An input is changed meanwhile."""

    def inject(bench: Bench, writer: str, folder: Path, random: Random, fresh: bool) -> Aftermath:
        path = random.choice(inputs_of(writer))
        moment = random.uniform(0, bench.duration(writer, fresh=fresh))
        codes = (0, 2, 11) if action == "replace" else (0, 11)  # by a table of no known study
        return bench.fault(writer, folder, codes, fresh=fresh, after=moment, touch=[action, str(folder / path)])

    return inject


def inputs_of(writer: str) -> list[str]:
    """Files that a command reads."""
    words = COMMANDS[writer].split()
    named = [w for w in words if w.endswith((".parquet", ".csv", ".sav")) and not w.startswith("out/")]
    return named + (["records/SPOLISBUS2019V1.csv", "records/SPOLISBUS2020V1.csv"] if "records" in words else [])


def closed(*streams: int) -> Inject:
    """As a service may start us."""

    def inject(bench: Bench, writer: str, folder: Path, random: Random, fresh: bool) -> Aftermath:
        return bench.fault(writer, folder, (0,), fresh=fresh, closed=list(streams))

    return inject


def stranded(bench: Bench, writer: str, folder: Path, random: Random, fresh: bool) -> Aftermath:
    """The working folder is gone, and paths are relative to it."""
    return bench.fault(writer, folder, (2, 10, 11), fresh=fresh, stranded=True)


def reader_left(bench: Bench, writer: str, folder: Path, random: Random, fresh: bool) -> Aftermath:
    """`| head`: whoever reads standard output has seen enough."""
    return bench.fault(writer, folder, (0,), fresh=fresh, head=random.choice((0, 1, 100, 2000)))


def homeless(bench: Bench, writer: str, folder: Path, random: Random, _: bool) -> Aftermath:
    """No home, and settings that lead nowhere."""
    nowhere = "/dev/null/nowhere"
    names = ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "MPLCONFIGDIR")
    return bench.fault(writer, folder, (0,), fresh=True, variables=dict.fromkeys(names, nowhere), before=MORTAL)


def no_temporary_folder(bench: Bench, writer: str, folder: Path, random: Random, _: bool) -> Aftermath:
    """TMPDIR may not be written; Python then looks elsewhere."""
    (folder / "tmp").chmod(0o500)
    after = bench.fault(writer, folder, (0,), fresh=True, before=MORTAL)
    (folder / "tmp").chmod(0o700)
    return after


def full_shared_memory(bench: Bench, writer: str, folder: Path, random: Random, _: bool) -> Aftermath:
    """No room in /dev/shm, which workers need."""
    script = 'mount -t tmpfs -o size=4k none /dev/shm && echo full >/dev/shm/full && exec "$@"'
    return bench.fault(writer, folder, (0, 11, 13), fresh=True, before=[*_ALONE, script, "bash"])


def twice(bench: Bench, writer: str, folder: Path, random: Random, _: bool) -> Aftermath:
    """Two runs at once with the same outputs."""
    words = [*DNT, *COMMANDS[writer].split()]
    running = [
        subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                         env=environment({"TMPDIR": str(folder / "tmp")}))
        for _ in range(2)
    ]  # fmt: skip
    said = [process.communicate(timeout=120)[1] for process in running]
    problems = [f"the other ended with {running[0].returncode}: {said[0]}"] if running[0].returncode else []
    run = Run(tuple(words[3:]), running[1].returncode, b"", said[1])
    return bench.judge(writer, Aftermath(run, folder, 0.0, True, problems=problems), (0,), None)


def linked(bench: Bench, writer: str, folder: Path, random: Random, fresh: bool) -> Aftermath:
    """Outputs that are links to files elsewhere."""
    real = folder / "tmp" / "elsewhere"
    real.mkdir()
    for number, name in enumerate(bench.outputs(writer)):
        (folder / name).rename(real / str(number))
        (folder / name).symlink_to(real / str(number))
    after = bench.start(COMMANDS[writer].split(), folder, fresh=fresh)
    after.problems += [
        f"{name} is no link any more" for name in bench.outputs(writer) if not (folder / name).is_symlink()
    ]
    for number, name in enumerate(bench.outputs(writer)):
        (folder / name).unlink()
        (real / str(number)).rename(folder / name)
    real.rmdir()
    return bench.judge(writer, after, (0,), None)


def odd_folder(name: str) -> Inject:
    """Everything stands in a folder with an odd name."""

    def inject(bench: Bench, writer: str, folder: Path, random: Random, fresh: bool) -> Aftermath:
        inside = folder / name
        shutil.copytree(bench.stock, inside)
        for output in bench.outputs(writer):
            (inside / output).parent.mkdir(exist_ok=True)
            (inside / output).write_bytes(OLD)
        return bench.fault(writer, inside, (0,), fresh=fresh)

    return inject


def long_name(bench: Bench, writer: str, folder: Path, random: Random, fresh: bool) -> Aftermath:
    """An output whose name is as long as the system allows."""
    name = next(iter(bench.outputs(writer)))
    suffix = Path(name).suffix
    longest = "ë" * ((255 - len(suffix)) // 2) + suffix
    words = [f"out/{longest}" if word == name else word for word in COMMANDS[writer].split()]
    after = bench.start(words, folder, fresh=fresh)
    if f"out/{longest}" in words:
        os.replace(folder / "out" / longest, folder / name)
    return bench.judge(writer, after, (0,), None)


FAULTS: dict[str, Inject] = {
    "SIGKILL": signalled(signal.SIGKILL),
    "SIGTERM": signalled(signal.SIGTERM),
    "SIGINT": signalled(signal.SIGINT),
    "SIGHUP": signalled(signal.SIGHUP),
    "SIGQUIT": signalled(signal.SIGQUIT),
    "Ctrl-C on a terminal": typed,
    "worker killed": worker_killed,
    "file size limit": limited,
    "full disk": full,
    "read-only folder": locked,
    "read-only output": protected,
    "output folder removed": gone,
    "input truncated": touched("truncate"),
    "input appended to": touched("append"),
    "input replaced": touched("replace"),
    "reader left": reader_left,
    "stdout closed": closed(1),
    "stderr closed": closed(2),
    "stdin closed": closed(0),
    "all streams closed": closed(0, 1, 2),
    "no home": homeless,
    "no temporary folder": no_temporary_folder,
    "shared memory full": full_shared_memory,
    "no working folder": stranded,
    "two runs": twice,
    "output is a link": linked,
    "long name": long_name,
    "folder with spaces": odd_folder("a folder, with 'spaces' & [signs]"),
    "folder with letters": odd_folder("mäp_数据_é"),
    "deep folder": odd_folder("/".join(["d" * 100] * 5)),
}
_NEED_MOUNT = ("full disk", "shared memory full")
_NEED_OUTPUT = (
    "file size limit", "full disk", "read-only folder", "read-only output", "output folder removed", "two runs",
    "output is a link", "long name",
)  # fmt: skip


def possible(kind: str, writer: str) -> bool:
    """Whether a fault can befall a command."""
    if kind.startswith("input ") and not inputs_of(writer):
        return False
    if writer in READERS and (kind in _NEED_OUTPUT or (kind == "no working folder" and not inputs_of(writer))):
        return False
    if kind == "Ctrl-C on a terminal" and to_a_pipe(COMMANDS[writer].split()):  # which refuse to write there
        return False
    if kind == "worker killed" and "--jobs 2" not in COMMANDS[writer]:
        return False
    return kind not in _NEED_MOUNT or mounts()


def inject(bench: Bench, kind: str, writer: str, random: Random, *, fresh: bool) -> Aftermath:
    """One fault of a kind at a random moment; a third of the runs with DNT_DEBUG."""
    with bench.copy(writer) as folder:
        bench.debug = random.random() < 1 / 3
        try:
            return FAULTS[kind](bench, writer, folder, random, fresh)
        finally:
            bench.debug = False
