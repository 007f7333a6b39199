"""Every command that writes, every fault, and what may be left: for `test_faults_posix.py` and `validation/faults.py`.

A run has a folder of its own with inputs, an old output in `out`, and `tmp` for temporary files. After a fault each
output is the old one or the new one, whole; nothing else is there; nobody lives on; and no word tells of a person.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pyreadstat
from process import DNT, WARM, Run, assert_discreet, assert_nothing_left, environment, listing, together
from small import STUDY
from test_polis import SECRETS, write_register
from test_score import STUDY as SCORED
from test_score import items, write_sav

OLD = b"the old output\n"
WRITERS = {
    "score": "score answers.sav --study scored.toml -o out/scored.parquet --force",
    "impute": "impute survey.parquet -o out/imputed.parquet --jobs 1 --force",
    "impute, 2 jobs": "impute survey.parquet -m 8 -o out/imputed.parquet --jobs 2 --force",
    "impute --extend": "impute imputed.parquet --extend -m 5 -o out/extended.parquet --jobs 1 --force",
    "fit-t3": "fit-t3 imputed.parquet -o out/t3.parquet --jobs 1 --force",
    "fit-longitudinal": "fit-longitudinal imputed.parquet -o out/longitudinal.parquet --jobs 2 --force",
    "robustness": "robustness imputed.parquet --checks b -o out/checks.parquet --figures out/curves --jobs 2 --force",
    "describe": "describe survey.parquet -o out/description.parquet --figures out/figures --force",
    "polis": "polis records --link link.csv --study register.toml -o out/register.parquet --force",
    "polis --example": "polis --example out/example --force",
    "example": "example -o out/example.parquet --force",
    "example --answers": "example --answers -o out/answers.parquet --force",
    "study init": "study init -o out/new.toml --force",
    "convert to stage": "convert survey.csv --study study.toml -o out/survey.parquet --force",
    "convert to csv": "convert imputed.parquet -o out/imputed.csv --force",
    "convert to xlsx": "convert survey.parquet -o out/survey.xlsx --force",
    "convert to sav": "convert survey.parquet -o out/survey.sav --force",
    "convert to dta": "convert survey.parquet -o out/survey.dta --force",
    "show --figure svg": "show t3.parquet --figure out/effects.svg",
    "show --figure png": "show imputed.parquet --figure out/chains.png",
}  # fmt: skip
_MADE = (
    "convert survey.csv --study study.toml -o survey.parquet",
    "impute survey.parquet -o imputed.parquet --jobs 1",
    "fit-t3 imputed.parquet -o t3.parquet --jobs 1",
)


def stock(folder: Path) -> Path:
    """The inputs of all commands, with ids, answers and keys of persons as canaries."""
    folder.mkdir()
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    (folder / "scored.toml").write_text(SCORED, encoding="utf-8")
    write_sav(folder / "answers.sav", items())
    write_register(folder, "register.toml")
    for run in together([(tuple(command.split()), folder) for command in _MADE]):
        run.check()
    (folder / "out").mkdir()
    (folder / "tmp").mkdir()
    return folder


@dataclass
class Aftermath:
    """What a run left, and what is wrong with it."""

    run: Run
    folder: Path
    seconds: float
    injected: bool
    starting: bool = False  # Ctrl-C came while Python itself was starting
    problems: list[str] = field(default_factory=list)


class Bench:
    """Runs commands, with or without a fault, each in a copy of the stock."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.stock = stock(place / "stock")
        self.new: dict[str, dict[str, bytes]] = {}
        self.seconds: dict[tuple[str, bool], float] = {}
        self.debug = False  # whether DNT_DEBUG is set
        self._count = 0
        self._warm = subprocess.Popen(
            WARM, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment({"MPLBACKEND": "agg"})
        )

    def close(self) -> None:
        assert self._warm.stdin is not None
        self._warm.stdin.close()
        self._warm.wait(timeout=20)

    @contextlib.contextmanager
    def copy(self, writer: str) -> Iterator[Path]:
        """The stock, with the old outputs of a command in place."""
        self._count += 1
        folder = Path(shutil.copytree(self.stock, self.place / f"run{self._count}"))
        for name in self.outputs(writer):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(OLD)
        try:
            yield folder
        finally:
            shutil.rmtree(folder)

    def outputs(self, writer: str) -> dict[str, bytes]:
        """What an undisturbed run of the command writes."""
        if writer not in self.new:
            self.new[writer] = {}
            with self.copy(writer) as folder:
                done = self.start(WRITERS[writer].split(), folder)
                assert done.run.code == 0, done.run.stderr
                self.new[writer] = outputs_in(folder)
                self.seconds[writer, False] = done.seconds
            assert self.new[writer]
        return self.new[writer]

    def duration(self, writer: str, *, fresh: bool) -> float:
        """Seconds that an undisturbed run takes."""
        self.outputs(writer)
        if (writer, fresh) not in self.seconds:
            with self.copy(writer) as folder:
                self.seconds[writer, fresh] = self.start(WRITERS[writer].split(), folder, fresh=fresh).seconds
        return self.seconds[writer, fresh]

    def start(self, arguments: list[str], folder: Path, **fault: Any) -> Aftermath:
        """One run, and what is wrong after it whatever the command and the fault."""
        out, err = self.place / "out.txt", self.place / "err.txt"
        for path in (out, err):
            path.write_bytes(b"")
        variables = (
            {"TMPDIR": str(folder / "tmp")} | fault.pop("variables", {}) | ({"DNT_DEBUG": "1"} if self.debug else {})
        )
        request = {"arguments": arguments, "folder": str(folder), "out": str(out), "err": str(err), "faulty": True}
        reply = self._ask(request | {"variables": variables} | fault)
        run = Run(tuple(arguments), reply["code"], out.read_bytes(), err.read_text("utf-8", errors="replace"))
        after = Aftermath(run, folder, reply["seconds"], reply["injected"])
        if reply["orphans"]:
            after.problems.append(f"{reply['orphans']} processes lived on")
        shared = Path("/dev/shm")
        mine = (f"-{reply['pid']}-", f"_{reply['pid']}_")
        left = [path for path in shared.glob("*") if any(m in path.name for m in mine)]
        # When all are killed outright nobody is left to remove the workers' semaphores and empty folders.
        empty = all(path.name.startswith("sem.") or (path.is_dir() and not any(path.iterdir())) for path in left)
        if left and not (fault.get("signal") == signal.SIGKILL and empty):
            after.problems.append(f"left in shared memory: {[path.name for path in left]}")
        for path in left:
            path.rmdir() if path.is_dir() else path.unlink()
        after.problems += indiscreet(after)
        return after

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._warm.stdin is not None
        assert self._warm.stdout is not None
        self._warm.stdin.write(json.dumps(request) + "\n")
        self._warm.stdin.flush()
        return dict(json.loads(self._warm.stdout.readline()))

    def fault(self, writer: str, folder: Path, codes: tuple[int, ...], **fault: Any) -> Aftermath:
        """A run that meets a fault, judged: `codes` are the exit codes that it may end with."""
        inputs = inputs_in(folder)
        after = self.start(WRITERS[writer].split(), folder, **fault)
        changed = os.path.relpath(fault["touch"][1], folder) if "touch" in fault else None
        now = {name: content for name, content in inputs_in(folder).items() if not is_temporary(name)}
        if now | {changed: b""} != inputs | {changed: b""}:
            after.problems.append("an input changed, or a file appeared beside them")
        return self.judge(writer, after, codes, changed)

    def judge(self, writer: str, after: Aftermath, codes: tuple[int, ...], changed: str | None) -> Aftermath:
        """What is wrong with exit code, message and files."""
        code, folder = after.run.code, after.folder
        killed = code == -signal.SIGKILL
        # openpyxl names its files itself, in TMPDIR, and removes them when Python ends, which a fork does not reach.
        left = [name for name in listing(folder) if is_temporary(name) and "openpyxl" not in name]
        if left and not killed:
            after.problems.append(f"temporary files left: {left}")
        after.problems += self.losses(writer, folder, gone=changed == "out")
        if code not in codes:
            after.problems.append(f"ended with {code}, not one of {codes}: {after.run.stderr}")
        if code > 0 and code != 128 + signal.SIGTERM and "Error: " not in after.run.stderr:
            after.problems.append("failed without a message")
        if code == 0 and changed != "out" and (old := self.differing(writer, folder)):
            after.problems.append(f"ended well, but these are not the new ones: {old}")
        if killed:
            again = self.start(WRITERS[writer].split(), folder)
            left = [name for name in listing(folder) if is_temporary(name) and "openpyxl" not in name]
            if again.run.code or left or self.differing(writer, folder):
                after.problems.append(f"the next run ended with {again.run.code} and left {left}")
        return after

    def losses(self, writer: str, folder: Path, *, gone: bool) -> list[str]:
        """Outputs that are neither the old nor the new one, and files that are none."""
        new, found = self.outputs(writer), outputs_in(folder)
        wrong = [name for name, content in found.items() if name not in new and not is_temporary(name)]
        for name in new:
            if name not in found:
                wrong += [] if gone else [name]
            elif found[name] != OLD and not same(name, found[name], new[name]):
                wrong.append(name)
        return [f"lost, torn or unexpected: {wrong}"] if wrong else []

    def differing(self, writer: str, folder: Path) -> list[str]:
        """Outputs that are not the new ones."""
        found = outputs_in(folder)
        return [name for name, new in self.outputs(writer).items() if not same(name, found.get(name, b""), new)]


# --- faults ----------------------------------------------------------------------------------------------------------

SIGNALS = {signal.SIGINT: (130, -signal.SIGINT, 0), signal.SIGTERM: (143, -signal.SIGTERM, 0), signal.SIGKILL: (-9, 0)}
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
    after = bench.start(WRITERS[writer].split(), folder, fresh=True, before=[*_ALONE, script, "bash"])
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
    words = WRITERS[writer].split()
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
    words = [*DNT, *WRITERS[writer].split()]
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
    after = bench.start(WRITERS[writer].split(), folder, fresh=fresh)
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
    words = [f"out/{longest}" if word == name else word for word in WRITERS[writer].split()]
    after = bench.start(words, folder, fresh=fresh)
    if f"out/{longest}" in words:
        os.replace(folder / "out" / longest, folder / name)
    return bench.judge(writer, after, (0,), None)


FAULTS: dict[str, Inject] = {
    "SIGKILL": signalled(signal.SIGKILL),
    "SIGTERM": signalled(signal.SIGTERM),
    "SIGINT": signalled(signal.SIGINT),
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


def possible(kind: str, writer: str) -> bool:
    """Whether a fault can befall a command."""
    if kind.startswith("input ") and not inputs_of(writer):
        return False
    if kind == "worker killed" and "--jobs 2" not in WRITERS[writer]:
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


# --- what is right ---------------------------------------------------------------------------------------------------


def indiscreet(after: Aftermath) -> list[str]:
    """A traceback, a bug, an id, an answer or a key in what a run said or left."""
    try:
        assert_discreet(after.run)
        assert_nothing_left(after.folder)
    except AssertionError as error:
        return [str(error)]
    said = after.run.stderr + ("" if after.run.code == 0 else after.run.stdout.decode("utf-8", errors="replace"))
    return ["a key of a person was said"] if SECRETS.search(said) else []


def is_temporary(name: str) -> bool:
    return ".dnt-tmp" in name or name.startswith("tmp/")


def outputs_in(folder: Path) -> dict[str, bytes]:
    """Files in `out`, by their path from the folder."""
    return {name: content for name, content in listing(folder).items() if name.startswith("out" + os.sep)}


def inputs_in(folder: Path) -> dict[str, bytes]:
    return {name: content for name, content in listing(folder).items() if not name.startswith("out" + os.sep)}


def same(name: str, one: bytes, other: bytes) -> bool:
    """Whether two files are the same, but for the moment at which Excel, SPSS and Stata files say they were made."""
    if one == other:
        return True
    if name.endswith(".xlsx"):
        try:
            return members(one) == members(other)
        except zipfile.BadZipFile:
            return False
    if not name.endswith((".sav", ".dta")):
        return False
    read = pyreadstat.read_sav if name.endswith(".sav") else pyreadstat.read_dta
    try:
        return bool(read(io.BytesIO(one))[0].equals(read(io.BytesIO(other))[0]))
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, ValueError):
        return False


def members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return {name: book.read(name) for name in book.namelist() if name != "docProps/core.xml"}
