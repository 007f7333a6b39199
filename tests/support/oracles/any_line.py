"""Command lines on a small sound study, judged: what must not matter does not, and what fails leaves nothing."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from hypothesis import strategies as st

from dnt_cli.cli.terminal import Terminal, terminal
from dnt_cli.effects.columns import COLUMNS
from dnt_cli.stagefile.container import read_stage
from dnt_cli.stagefile.kinds import KINDS
from tests.support.oracles.any_command import CODES, Run, check_estimates, listing, typed
from tests.support.oracles.any_options import NEUTRAL, TALK, Typed, lines
from tests.support.studies import TWO_WAVES, study_text

CANARIES = ("CANARY", "31337.125", "31337,125")
SLOWEST = 20.0  # seconds that a run may take
_NO_NUMBER = re.compile(r"(?<![\w.<\"'-])[-+]?(nan|NaN|inf|Infinity|None|NaT|<NA>)(?![\w\"'>])")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_INTERVALS = tuple(column for column in COLUMNS if {"low", "high"} & set(column.split("_")))
_OTHERS_COUNT = ("p_holm", "p_bh")
_SCALES = ("beta", "beta_se", "standardise")

LATER = ["T1", "T2"]
STUDY = study_text(
    {
        "score": {
            "label": "Score [of all]", "kind": "linear", "hypothesis": "H1", "expected": "increase",
            "range": [0, 40000],
        },
        "work": {"label": "Works", "kind": "binary"},
        "hours": {"kind": "linear", "conditional_on": "work", "range": [0, 60], "integer": True},
        "late": {"kind": "linear", "waves": LATER, "better": "lower"},
        "mood": {"kind": "ordinal", "role": "descriptive", "range": [0, 3]},
        "high": {"kind": "binary", "derive": {"source": "score", "rule": "at_least", "value": 52}},
        "rise": {"kind": "binary", "waves": LATER, "derive": {"source": "score", "rule": "rise", "since": "T0"}},
        "gain": {"kind": "linear", "waves": LATER, "derive": {"source": "score", "rule": "change", "since": "T0"}},
        "work_register": {
            "label": "Works (register)", "kind": "binary", "source": "register", "counterpart": "work",
        },
        "wage_register": {"label": "Wage (register)", "kind": "linear", "source": "register"},
    },
    key="options",
    design={"intervention": "treated", "comparison": "control", "site": "town"},
    covariates={
        "age": {"kind": "continuous", "range": [16, 100]},
        "place": {
            "kind": "categorical", "levels": ["north", "south", "west"], "collapse": {"both": ["south", "west"]},
        },
        "school": {"kind": "ordered", "levels": ["low", "mid", "high"]},
        "born": {"label": "Born here", "kind": "categorical", "levels": ["yes", "no"]},
    },
    hypotheses={"H1": {"label": {"nl": "Hoger", "en": "Higher"}}},
    models={
        "controls": ["age"], "ladder": [["age", "school"], ["age"], []], "register_controls": ["age", "score_T0"],
    },
    imputation={"m": 3, "iterations": 2},
    robustness={"checks": ["b", "c"], "subsets": {"part": {"label": "the part", "where": "work_T0 != 1"}}},
)  # fmt: skip

ITEMS = study_text(
    {"total": {"kind": "linear", "range": [10, 40]}},
    key="items",
    waves=TWO_WAVES,
    instruments={"gse": {"definition": "gse", "columns": "s{item}", "scales": {"self_efficacy": {"outcome": "total"}}}},
)


# --- the data --------------------------------------------------------------------------------------------------------


def survey() -> pd.DataFrame:
    """30 persons, three waves, gaps; ids and the first score are canaries."""
    rng = np.random.default_rng(11)
    rows = []
    for i in range(30):
        level, town = rng.normal(50, 6), f"t{i % 5}"
        person = {
            "group": "treated" if i % 2 else "control", "town": town, "age": 20 + int(rng.integers(0, 40)),
            "place": ("north", "south", "west")[int(rng.integers(0, 3))],
            "school": ("low", "mid", "high")[int(rng.integers(0, 3))] if rng.random() < 0.9 else None,
            "born": "yes" if rng.random() < 0.7 else "no",
        }  # fmt: skip
        for t, wave in enumerate(("T0", "T1", "T2")):
            if t and rng.random() < 0.2:
                continue
            works = int(rng.random() < 0.4 + 0.1 * t)
            score = 31337.125 if not rows else round(level + rng.normal(0, 4) + t * (i % 2), 3)
            rows.append(
                {"id": f"CANARY-ID-{i + 70}", "wave": wave, **person, "score": score, "work": works,
                 "hours": works * int(rng.integers(4, 40)), "late": round(rng.normal(), 3) if t else None,
                 "mood": int(rng.integers(0, 4)), "extra_a": round(rng.normal(), 2),
                 "extra_b": "ab"[int(rng.integers(0, 2))]}
            )  # fmt: skip
    frame = pd.DataFrame(rows)
    for name in ("work", "mood"):
        frame[name] = frame[name].where(rng.random(len(frame)) < 0.92).astype("Int64")
    frame["hours"] = frame["hours"].where(frame["work"].notna()).astype("Int64")
    frame["score"] = frame["score"].where((rng.random(len(frame)) < 0.93) | (frame.index == 0))
    return frame


def register() -> pd.DataFrame:
    rng = np.random.default_rng(12)
    rows = [
        (f"CANARY-ID-{i + 70}", wave, int(rng.random() < 0.5), round(rng.normal(1000, 200), 2))
        for i in range(30)
        for wave in ("T0", "T1", "T2")
    ]
    return pd.DataFrame(rows, columns=["id", "wave", "work_register", "wage_register"])


def answers() -> pd.DataFrame:
    rng = np.random.default_rng(13)
    frame = pd.DataFrame({"id": [f"CANARY-{i // 2}" for i in range(24)], "wave": ["T0", "T1"] * 12,
                          "group": ["i" if i // 2 % 2 else "c" for i in range(24)]})  # fmt: skip
    for i in range(1, 11):
        frame[f"s{i}"] = rng.integers(1, 5, 24)
    return frame


@cache
def stage_files() -> dict[str, bytes]:
    """The study through every stage, and what else lies in a folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "study.toml").write_text(STUDY, encoding="utf-8")
        (folder / "items.toml").write_text(ITEMS, encoding="utf-8")
        (folder / "foreign.txt").write_text("something else\n", encoding="utf-8")
        (folder / "empty.csv").write_bytes(b"")
        others = "variable,level,population,statistic,value\nage,,All,mean,40\nplace,north,All,pct,30\n"
        (folder / "populations.csv").write_text(others, encoding="utf-8")
        for made, file in ((survey(), "survey"), (register(), "g"), (answers(), "answers")):
            made.to_csv(folder / f"{file}.csv", index=False)
        for words in (
            "convert survey.csv --study study.toml -o survey.parquet", "convert survey.csv -o survey.sav",
            "convert survey.csv -o survey.xlsx", "convert answers.csv --study items.toml -o answers.parquet",
            "impute survey.parquet --register g.csv -o i.parquet --jobs 1",
            "impute survey.parquet -m 1 -o i1.parquet --jobs 1", "convert i.parquet -o long.csv",
            "fit-t3 i.parquet -o t.parquet --jobs 1", "fit-longitudinal i.parquet -o l.parquet --jobs 1",
            "robustness i.parquet -o r.parquet --jobs 1", "describe survey.parquet -o d.parquet",
        ):  # fmt: skip
            run = typed(folder, *words.split())
            assert run.code == 0, (words, run.stderr)
        return {path.name: path.read_bytes() for path in folder.iterdir()}


def lay_out(folder: Path) -> None:
    """The files, an empty folder and a link."""
    for name, content in stage_files().items():
        (folder / name).write_bytes(content)
    (folder / "folder").mkdir()
    with contextlib.suppress(OSError):  # Windows may forbid it
        (folder / "link.parquet").symlink_to("t.parquet")


# --- running ---------------------------------------------------------------------------------------------------------


class TooSlowError(BaseException):
    """A run took longer than anybody would wait; no `Exception`, so that dnt does not make a message of it."""


def _too_slow(_number: int, _frame: object) -> None:
    raise TooSlowError


@contextlib.contextmanager
def _bounded(seconds: float) -> Iterator[None]:
    if not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, _too_slow)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def ran(folder: Path, words: tuple[str, ...]) -> Run:
    """A command as in a process of its own, which ends in time."""
    vars(terminal).update(vars(Terminal()))
    uses_r = any(word.startswith(("lme4", "--engine=l", "--cross-check")) for word in words)
    try:
        with _bounded(120.0 if uses_r else SLOWEST):
            return typed(folder, *words)
    except TooSlowError:
        raise AssertionError(f"{words}: still running") from None


def _content(folder: Path, name: str) -> bytes | None:
    path = folder / name
    return path.read_bytes() if path.is_file() else None


@cache
def reference(words: tuple[str, ...]) -> tuple[int, bytes, bytes | None, str]:
    """What a plain run of the same gives: exit code, standard output, stage file, and what it said."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lay_out(folder)
        run = ran(folder, words)
        return run.code, run.stdout, _content(folder, "reference.parquet"), run.stderr


# --- judging ---------------------------------------------------------------------------------------------------------


@dataclass
class Judge:
    """Counts of runs by command and exit code, of what was compared, and the seconds of the slowest."""

    runs: Counter[tuple[str, int]] = field(default_factory=Counter)
    compared: Counter[str] = field(default_factory=Counter)
    slowest: dict[str, tuple[float, tuple[str, ...]]] = field(default_factory=dict)

    def judge(self, line: Typed) -> Run:
        """Run a command line in a folder of its own."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "work"
            folder.mkdir()
            lay_out(folder)
            before = _everything(folder)
            start = time.perf_counter()
            run = ran(folder, line.words)
            taken = time.perf_counter() - start
            self.runs[line.command, run.code] += 1
            if taken > self.slowest.get(line.command, (0.0, ()))[0]:
                self.slowest[line.command] = (taken, line.words)
            run = Run(run.arguments, run.code, run.stdout, _COLOUR.sub("", run.stderr))
            where = f"{line.words} ended with {run.code}\n{run.stderr}\n{run.text[:1500]}"
            _check_ending(line, run, where)
            after = _everything(folder)
            if run.code >= 2:
                assert after == before, f"left or changed {_changed(before, after)}: {where}"
            else:
                self._check_success(line, run, folder, before, where)
            return run

    def _check_success(self, line: Typed, run: Run, folder: Path, before: dict[str, bytes | None], where: str) -> None:
        changed = _changed(before, _everything(folder))
        output = line.last("--output")
        stage = run.stdout if output == "-" else _content(folder, output) if output else None
        drawn = [Path(line.last(name) or ".") for name in ("--figures", "--figure") if line.last(name)]
        for name in changed:
            own = output is not None and (folder / name).resolve() == (folder / output).resolve()
            link = output == "link.parquet" and name == "t.parquet"
            figure = any(Path(name).is_relative_to(d) or d.is_relative_to(name) for d in drawn)
            assert own or link or figure, f"{name}: {where}"
        if output != "-":
            _check_shown(line, run, where)
            if line.last("--color") != "always" and not drawn and output is None and line.last("--figure") is None:
                self._same_talk(line, run, where)
        if stage is None or stage[:4] != b"PAR1":
            return
        self.compared["stage files"] += 1
        found = read_stage(stage, "output", list(KINDS), "test")
        given = [value for name, value in line.options if name == "--set"]
        given += [f"models.time={line.last('--time')}"] if line.last("--time") else []
        if given:
            assert list(found.study.overrides)[-len(given) :] == given, where
            self.compared["settings"] += 1
        if found.kind == "estimates":
            path = folder.parent / "estimates.parquet"
            path.write_bytes(stage)
            self.compared["estimates"] += len(check_estimates(path))
        self._check_equal(line, run, stage, where)

    def _check_equal(self, line: Typed, run: Run, stage: bytes, where: str) -> None:
        """What must not matter does not; what may change one column changes no other."""
        extends = "--force" if line.last("--force") is not None else ""
        end = ("-o", "reference.parquet", "--jobs", "1", *([extends] if extends else []))
        end = end if "--jobs" in line.without() or line.command in _STAGES else end[:2]
        if line.command == "convert":
            end = end[:2]
        neutral = _with(line.without("--output", *NEUTRAL), end)
        self._same(neutral, run.code, stage, "neutral options", where)
        for name, ignored in (
            ("--outcomes", _OTHERS_COUNT), ("--level", _INTERVALS), ("--standardise", _SCALES),
        ):  # fmt: skip
            if line.last(name) is None or line.command not in ("fit-t3", "fit-longitudinal"):
                continue
            code, _, other, err = reference(_with(line.without("--output", name, *NEUTRAL), end))
            assert code in (0, 1), (where, err)
            assert other is not None, (where, err)
            _check_columns(_table(stage), _table(other), ignored, where)
            self.compared[name] += 1

    def _same_talk(self, line: Typed, run: Run, where: str) -> None:
        """Quiet or not, in one process or two: the same on standard output."""
        if line.command == "doctor" or not any(name in TALK for name, _ in line.options):
            return
        end = ("--jobs", "1") if line.command in _STAGES else ()
        code, out, _, err = reference(_with(line.without(*TALK), end))
        assert (code, out) == (run.code, run.stdout), f"standard output differs ({err}) from {where}"
        self.compared["talk"] += 1

    def _same(self, words: tuple[str, ...], code: int, stage: bytes, what: str, where: str) -> None:
        found, _, other, err = reference(words)
        assert (found, other) == (code, stage), f"{words} differs ({found}, {err}) from {where}"
        self.compared[what] += 1


def trial(data: st.DataObject, counts: Counter[tuple[str, int]], *, quick: bool = False) -> Counter[str]:
    """One command line, judged; what was compared with what is right."""
    judge = Judge(counts)
    judge.judge(data.draw(lines(quick=quick)))
    return judge.compared


_STAGES = ("impute", "fit-t3", "fit-longitudinal", "robustness", "describe")


def _with(words: tuple[str, ...], end: tuple[str, ...]) -> tuple[str, ...]:
    at = words.index("--")
    return (*words[:at], *end, *words[at:])


def _everything(folder: Path) -> dict[str, bytes | None]:
    """Files with their content, and folders."""
    folders = {str(p.relative_to(folder)) + os.sep: None for p in folder.rglob("*") if p.is_dir()}
    outside = {f"../{p.name}": None for p in folder.parent.iterdir() if p != folder}
    return {**listing(folder), **folders, **outside}


def _changed(before: dict[str, bytes | None], after: dict[str, bytes | None]) -> list[str]:
    return sorted(k for k in before.keys() | after.keys() if (k in before, before.get(k)) != (k in after, after.get(k)))


def _check_ending(line: Typed, run: Run, where: str) -> None:
    assert run.code in CODES, where
    assert "mistake in dnt" not in run.stderr, where
    assert "fout in dnt" not in run.stderr, where
    assert "Traceback" not in run.stderr, where
    for canary in CANARIES:
        assert canary not in run.stderr, (canary, where)
    if run.code < 2:
        return
    assert not run.stdout or line.command in ("study check",), where
    errors = [text for text in run.stderr.splitlines() if text.startswith(("Error: ", "Fout: "))]
    assert len(errors) == 1 or (run.code == 2 and "Error" in run.stderr), where
    assert all(len(text) < 1500 for text in errors), where


def _check_shown(line: Typed, run: Run, where: str) -> None:
    """JSON is JSON, a table of CSV is one, and nothing shows a number that is none."""
    form = "json" if line.last("--json") is not None else line.last("--format")
    if not run.stdout or line.last("--list") is not None:
        return
    odd = " ".join(value or "" for name, value in line.options if name in ("--set", "--output", "--figures"))
    if form == "json":
        json.loads(run.text, parse_constant=_no_constant)
    elif form == "csv" and line.command == "show" and line.last("--raw") is None:
        assert all("nan" not in row for row in csv.reader(io.StringIO(run.text))), where
    elif form == "csv":
        pd.read_csv(io.StringIO(run.text))
    elif line.command not in ("info", "study check", "study init", "doctor", "convert", "score", "diff") and not (
        re.search("nan|inf|none|null", odd, re.IGNORECASE)
    ):
        found = _NO_NUMBER.search(_COLOUR.sub("", run.text))
        assert found is None, f"{found} in {where}"


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} in JSON")


def _table(stage: bytes) -> pd.DataFrame:
    frame: pd.DataFrame = pq.read_table(io.BytesIO(stage)).to_pandas()
    return frame


def _check_columns(own: pd.DataFrame, other: pd.DataFrame, ignored: tuple[str, ...], where: str) -> None:
    """The same rows and values, those of some columns apart; `own` may lack outcomes."""
    kept = [name for name in own.columns if name not in ignored]
    rows = other[other["outcome"].isin(set(own["outcome"]))]
    left, right = (f[kept].sort_values(["outcome", "term"], kind="stable").reset_index(drop=True) for f in (own, rows))
    try:
        pd.testing.assert_frame_equal(left, right, check_exact=True)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{where}") from None
