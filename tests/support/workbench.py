"""Runs of every command, each in a folder of its own, and what is wrong after one.

The folder has the inputs, an old output in `out`, and `tmp` for temporary files. After a fault each output is the old
one or the new one, whole; nothing else is there; nobody lives on; and no word tells of a person.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import shutil
import signal
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat

from tests.support.answers import STUDY as SCORED
from tests.support.answers import items, write_sav
from tests.support.process import Run, WarmPython, assert_discreet, assert_nothing_left, listing, together
from tests.support.registers import SECRETS, write_register
from tests.support.small import STUDY

Alike = Callable[[str, bytes, bytes], bool]  # of a name, and the two contents that are compared
OLD = b"the old output\n"
SILENT = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)  # who sends these knows, and may not listen any more
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
    "show --figure svg": "show t3.parquet --figure out/effects.svg --force",
    "show --figure png": "show imputed.parquet --figure out/chains.png --force",
}  # fmt: skip
READERS = {  # whose result goes to standard output alone
    "show": "show t3.parquet",
    "info": "info imputed.parquet --table trace",
    "diff": "diff t3.parquet wider.parquet --all",
    "doctor": "doctor",
    "study check": "study check study.toml survey.csv",
    "describe to the screen": "describe survey.parquet",
    "impute to a pipe": "impute survey.parquet -o - --jobs 1",
    "fit-t3 to a pipe": "fit-t3 imputed.parquet -o - --jobs 1",
    "robustness --list": "robustness --list",
}
COMMANDS = WRITERS | READERS
_MADE = (
    "convert survey.csv --study study.toml -o survey.parquet",
    "impute survey.parquet -o imputed.parquet --jobs 1",
    "fit-t3 imputed.parquet -o t3.parquet --jobs 1",
    "fit-t3 imputed.parquet -o wider.parquet --level 0.99 --jobs 1",
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
        self.said: dict[str, bytes] = {}
        self.seconds: dict[tuple[str, bool], float] = {}
        self.debug = False  # whether DNT_DEBUG is set
        self._count = 0
        self._python = WarmPython({"MPLBACKEND": "agg"})

    def close(self) -> None:
        self._python.close()

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
        """What an undisturbed run of the command writes; what it says on standard output is kept too."""
        if writer not in self.new:
            self.new[writer] = {}
            with self.copy(writer) as folder:
                done = self.start(COMMANDS[writer].split(), folder)
                assert done.run.code == 0, done.run.stderr
                self.new[writer] = outputs_in(folder)
                self.said[writer] = done.run.stdout
                self.seconds[writer, False] = done.seconds
            assert (self.said if writer in READERS else self.new)[writer]
        return self.new[writer]

    def duration(self, writer: str, *, fresh: bool) -> float:
        """Seconds that an undisturbed run takes."""
        self.outputs(writer)
        if (writer, fresh) not in self.seconds:
            with self.copy(writer) as folder:
                self.seconds[writer, fresh] = self.start(COMMANDS[writer].split(), folder, fresh=fresh).seconds
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
        reply = self._python.ask(request | {"variables": variables} | fault)
        run = Run(tuple(arguments), reply["code"], out.read_bytes(), err.read_text("utf-8", errors="replace"))
        after = Aftermath(run, folder, reply["seconds"], reply["injected"])
        if reply["late"]:
            after.problems.append("did not end")
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

    def fault(self, writer: str, folder: Path, codes: tuple[int, ...], **fault: Any) -> Aftermath:
        """A run that meets a fault, judged: `codes` are the exit codes that it may end with."""
        inputs = inputs_in(folder)
        heard = "head" not in fault and 1 not in fault.get("closed", ())
        after = self.start(COMMANDS[writer].split(), folder, **fault)
        if writer in READERS and after.run.code == 0 and heard and after.run.stdout != self.said[writer]:
            after.problems.append("ended well, but said something else")
        changed = os.path.relpath(fault["touch"][1], folder) if "touch" in fault else None
        now = {name: content for name, content in inputs_in(folder).items() if not is_temporary(name)}
        if now | {changed: b""} != inputs | {changed: b""}:
            after.problems.append("an input changed, or a file appeared beside them")
        return self.judge(writer, after, codes, changed)

    def judge(self, writer: str, after: Aftermath, codes: tuple[int, ...], changed: str | None) -> Aftermath:
        """What is wrong with exit code, message and files."""
        code, folder = after.run.code, after.folder
        killed = code == -signal.SIGKILL
        left = [name for name in listing(folder) if is_temporary(name)]
        if left and not killed:
            after.problems.append(f"temporary files left: {left}")
        alike = same if changed is None else same_but_for_the_input
        after.problems += self.losses(writer, folder, alike, gone=changed == "out")
        if code not in codes:
            after.problems.append(f"ended with {code}, not one of {codes}: {after.run.stderr}")
        if code > 0 and code - 128 not in SILENT and "Error: " not in after.run.stderr:
            after.problems.append("failed without a message")
        if code == 0 and changed != "out" and (old := self.differing(writer, folder, alike)):
            after.problems.append(f"ended well, but these are not the new ones: {old}")
        if killed:
            again = self.start(COMMANDS[writer].split(), folder)
            left = [name for name in listing(folder) if is_temporary(name)]
            if again.run.code or left or self.differing(writer, folder, same):
                after.problems.append(f"the next run ended with {again.run.code} and left {left}")
        return after

    def losses(self, writer: str, folder: Path, alike: Alike, *, gone: bool) -> list[str]:
        """Outputs that are neither the old nor the new one, and files that are none."""
        new, found = self.outputs(writer), outputs_in(folder)
        wrong = [name for name, content in found.items() if name not in new and not is_temporary(name)]
        for name in new:
            if name not in found:
                wrong += [] if gone else [name]
            elif found[name] != OLD and not alike(name, found[name], new[name]):
                wrong.append(name)
        return [f"lost, torn or unexpected: {wrong}"] if wrong else []

    def differing(self, writer: str, folder: Path, alike: Alike) -> list[str]:
        """Outputs that are not the new ones."""
        found = outputs_in(folder)
        return [name for name, new in self.outputs(writer).items() if not alike(name, found.get(name, b""), new)]


def indiscreet(after: Aftermath) -> list[str]:
    """A traceback, a bug, an id, an answer or a key in what a run said or left; a stage file is for the next stage."""
    run = replace(after.run, stdout=b"") if to_a_pipe(after.run.arguments) else after.run
    try:
        assert_discreet(run)
        assert_nothing_left(after.folder)
    except AssertionError as error:
        return [str(error)]
    said = run.stderr + ("" if run.code == 0 else run.stdout.decode("utf-8", errors="replace"))
    return ["a key of a person was said"] if SECRETS.search(said) else []


def to_a_pipe(words: Sequence[str]) -> bool:
    """Whether a command writes its stage file to standard output."""
    return ("-o", "-") in itertools.pairwise(words)


def is_temporary(name: str) -> bool:
    """What a killed run may leave: beside its result, under a name that the next run sweeps; never anywhere else."""
    return ".dnt-tmp" in name and not name.startswith("tmp/")


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


def same_but_for_the_input(name: str, one: bytes, other: bytes) -> bool:
    """The same, also where the input had bytes behind its end, which SPSS, Stata and Excel files may have.

    Then the same rows are read, and the hash of the input in the metadata is another.
    """
    if same(name, one, other):
        return True
    if not name.endswith(".parquet") or not one.endswith(b"PAR1"):
        return False
    (table, notes), (other_table, other_notes) = stage_parts(one), stage_parts(other)
    return table.equals(other_table) and notes == other_notes


def stage_parts(content: bytes) -> tuple[pa.Table, dict[str, Any]]:
    """The table of a stage file, and its metadata without what depends on each byte of the input."""
    parquet = pq.ParquetFile(io.BytesIO(content))
    notes = json.loads(parquet.metadata.metadata[b"dnt"])
    del notes["seal"], notes["steps"][-1]["input_sha256"]
    return parquet.read().replace_schema_metadata(None), notes


def members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return {name: book.read(name) for name in book.namelist() if name != "docProps/core.xml"}
