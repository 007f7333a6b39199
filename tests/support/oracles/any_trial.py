"""Trials: a study and a table, or whatever else was drawn, through the commands, and what comes of it judged."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from hypothesis import strategies as st

from tests.support.oracles.any_command import (
    DIGITS,
    Judge,
    check_description_numbers,
    check_endpoint,
    check_estimates,
    check_imputed,
    check_survey,
    check_trend,
    same_tables,
    typed,
)
from tests.support.oracles.any_described import check_description, described, drive_description
from tests.support.oracles.any_input import Case, answers, broken_bytes, cases, encoded, plans
from tests.support.oracles.any_records import register_records
from tests.support.oracles.any_register import Records, check_joined, check_register, expected
from tests.support.oracles.any_study import Column, mutated, toml


def told(case: Case, folder: Path) -> None:
    """Write an example's files."""
    (folder / "study.toml").write_bytes(case.text.encode("utf-8", errors="replace"))
    (folder / case.file).write_bytes(case.content)


def drive(case: Case, folder: Path, plan: Mapping[str, Any], counts: Counter[tuple[str, int]]) -> Counter[str]:
    """A case through the commands that `plan` asks for; what was compared with what is right, by kind."""
    told(case, folder)
    judge, done = Judge(folder, case, counts), Counter[str]()
    data = ("--study", "study.toml")
    checked = judge.run("study", "check", "study.toml", case.file)
    converted = judge.run("convert", case.file, *data, "-o", "survey0.parquet")
    if not (folder / "survey0.parquet").exists() or ".imp" in case.frame.columns:
        assert checked.code == converted.code or ".imp" in case.frame.columns, (checked.stderr, converted.stderr)
        done["refused"] += 1
        if plan["direct"]:
            judge.run(plan["direct"], case.file, *data, "-o", "x.parquet", *_jobs(plan["direct"]))
        return done
    if checked.code:  # what only an imputation refuses
        refused = judge.run("impute", "survey0.parquet", "-o", "refused.parquet", "--jobs", "1")
        assert (refused.code, (folder / "refused.parquet").exists()) == (checked.code, False), checked.stderr
    if case.truth is not None:
        check_survey(case, folder / "survey0.parquet")
        done["surveys"] += 1
    if plan["back"]:
        judge.run("convert", "survey0.parquet", "-o", f"back.{plan['back']}")
        if (folder / f"back.{plan['back']}").exists():
            again = judge.run("convert", f"back.{plan['back']}", *data, "-o", "again.parquet")
            # SPSS and Stata change names, and then the study no longer fits, which is said; so is a text file whose
            # numbers all have three decimals, which may be thousands.
            asked = "more than a thousand" if plan["back"] == "csv" else "missing"
            assert again.code == 0 or (plan["back"] in ("csv", "sav", "dta") and asked in again.stderr), again.stderr
            if again.code == 0:
                same_tables(folder / "survey0.parquet", folder / "again.parquet", DIGITS.get(plan["back"], 0.0))
                done["round trips"] += 1
    if plan["describe"]:
        run = judge.run(
            "describe", "survey0.parquet", "-o", "d.parquet", "--format", plan["format"], "--lang", plan["lang"]
        )
        if run.code == 0:
            check_description_numbers(folder / "d.parquet")
            if case.truth is not None:
                done["described figures"] += check_description(case, folder / "d.parquet", run.text, plan)
            judge.run("show", "d.parquet", "--format", plan["show"])
    if not plan["fit"]:
        return done
    imputed = judge.run("impute", "survey0.parquet", "-o", "i.parquet", "--jobs", "1", "--format", plan["format"])
    if imputed.code != 0:
        assert checked.code, (checked.text, imputed.stderr)
        return done
    check_imputed(case, folder / "i.parquet")
    done["imputations"] += 1
    if plan["again"]:
        judge.run("impute", "survey0.parquet", "-o", "i2.parquet", "--jobs", "1", "-q")
        assert (folder / "i.parquet").read_bytes() == (folder / "i2.parquet").read_bytes(), "same seed, other bytes"
    for command in plan["fit"]:
        name = f"{command}.parquet"
        extra = ("--checks", plan["checks"]) if command == "robustness" else ()
        run = judge.run(
            command, "i.parquet", "-o", name, "--jobs", "1", *extra, "--format", plan["format"], "--lang", plan["lang"]
        )
        if (folder / name).exists():
            done["estimates"] += len(check_estimates(folder / name))
            if command == "fit-t3":
                done["endpoint effects"] += check_endpoint(case, folder / "i.parquet", folder / name)
            if command == "fit-longitudinal":
                done["trends"] += check_trend(case, folder / "i.parquet", folder / name)
            judge.run("show", name, "--format", plan["show"])
            judge.run("info", name, *plan["info"])
        else:
            assert run.code != 0, run.stderr
    if plan["long"]:
        assert judge.run("convert", "i.parquet", "-o", f"long.{plan['long']}").code in (0, 11)
        if (folder / f"long.{plan['long']}").exists():
            run = judge.run("convert", f"long.{plan['long']}", *data, "-o", "i3.parquet")
            assert run.code == 0, run.stderr
            same_tables(folder / "i.parquet", folder / "i3.parquet", DIGITS.get(plan["long"], 0.0))
            done["round trips"] += 1
        judge.run("show", "i.parquet", "--format", plan["show"])
        judge.run("info", "i.parquet", "--table", "models")
    return done


def drive_study(case: Case, text: str, folder: Path, counts: Counter[tuple[str, int]]) -> Counter[str]:
    """A broken study file: refused with its own exit code, or else used."""
    told(case, folder)
    (folder / "study.toml").write_bytes(text.encode("utf-8", errors="surrogatepass"))
    judge, done = Judge(folder, case, counts, text), Counter[str]()
    checked = judge.run("study", "check", "study.toml")
    assert checked.code in (0, 10), checked
    done["refused studies" if checked.code else "other studies"] += 1
    data = ("--study", "study.toml", "--jobs", "1", "-o")
    fit = ("fit-t3", "i.parquet", "--jobs", "1", "-o", "t.parquet")
    for command in (
        ("impute", case.file, *data, "i.parquet"),
        fit,
        ("describe", case.file, *data[:2], "-o", "d.parquet"),
    ):
        if command[0] == "fit-t3" and not (folder / "i.parquet").exists():
            continue
        run = judge.run(*command)
        assert (run.code == 10) == (checked.code == 10), (checked, run)
        if (folder / "t.parquet").exists():
            check_estimates(folder / "t.parquet")
    return done


COMMANDS = (
    ("impute",), ("fit-t3",), ("fit-longitudinal",), ("robustness",), ("describe",), ("show",), ("info",),
    ("convert", "-o", "x.csv"), ("score",), ("convert", "--study", "study.toml", "-o", "x.parquet"),
    ("describe", "--study", "study.toml"), ("impute", "--study", "study.toml", "-o", "x.parquet"),
    ("score", "--study", "study.toml", "-o", "x.parquet"), ("study", "check", "study.toml"),
    ("fit-t3", "--study", "study.toml"), ("impute", "-o", "i3.parquet", "--register"), ("polis",),
)  # fmt: skip


def drive_bytes(case: Case, name: str, content: bytes, words: tuple[str, ...], folder: Path,
                counts: Counter[tuple[str, int]], *, sealed: bool) -> Counter[str]:  # fmt: skip
    """A file of whatever bytes: refused, and a stage file that was changed never read."""
    (folder / "study.toml").write_bytes(case.text.encode("utf-8"))
    (folder / name).write_bytes(content)
    judge = Judge(folder, case, counts)
    run = (
        judge.run(*words[:1], name, *words[1:])
        if words[-1] != "study.toml" or len(words) > 3
        else judge.run(*words, name)
    )
    if sealed and run.code == 0:
        # Only what is no stage file any more, since the byte that changed was in the key of its metadata.
        assert b"dnt" not in (pq.read_metadata(folder / name).metadata or {}), run
    return Counter({"files": 1})


def drive_answers(case: Case, folder: Path, counts: Counter[tuple[str, int]]) -> Counter[str]:
    """Answers through `dnt score`: the scores are the sums of the items."""
    told(case, folder)
    judge, done = Judge(folder, case, counts), Counter[str]()
    data = ("--study", "study.toml")
    judge.run("score", case.file, *data)
    run = judge.run("score", case.file, *data, "-o", "s.parquet", "--format", "json")
    judge.run("convert", case.file, *data, "-o", "a.parquet")
    if run.code == 0 and case.truth is not None:
        found = pd.read_parquet(folder / "s.parquet").set_index(["id", "wave"])["total"]
        right = case.truth.set_index(["id", "wave"])["total"].dropna()
        assert len(found) == len(case.truth)
        np.testing.assert_array_equal(found.loc[right.index].to_numpy(float), right.to_numpy(float))
        done["scores"] += len(right)
    return done


def drive_records(records: Records, folder: Path, plan: Mapping[str, Any],
                  counts: Counter[tuple[str, int]]) -> Counter[str]:  # fmt: skip
    """Register records through `dnt polis`, and what it makes beside a survey."""
    told(records.case, folder)
    for name, content in records.files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    judge, done, right = Judge(folder, records.case, counts), Counter[str](), expected(records)
    words = ("polis", *records.words, "--link", records.case.file, "--study", "study.toml")
    run = judge.run(*words, "-o", "r.parquet", "--format", plan["format"], "--lang", plan["lang"], "--jobs", "1")
    assert not any(secret in run.text for secret in records.secrets), run
    if run.code != 0:
        assert run.code == 11, run.stderr
        said = right.refused and (
            plan["lang"] == "nl" or right.refused in run.stderr
        )  # the oracle knows the English words
        assert records.verdict != "right" or said, (run.stderr, records)
        return Counter({"refused": 1})
    assert records.verdict != "refused", (run.text, records)
    if records.verdict == "any":
        return Counter({"odd files": 1})
    assert not right.refused, (right.refused, records)
    found = pd.read_parquet(folder / "r.parquet")
    shown = found.to_csv()
    assert not any(secret in shown for secret in records.secrets), records
    done["register figures"] += check_register(records, right, found)
    said = judge.run("info", "r.parquet", "--table", "counts", "--json")
    told_counts = json.loads(said.text)[0]
    assert {name: told_counts[name] for name in right.counts} == right.counts, (told_counts, right.counts, records)
    if plan["again"]:
        judge.run(*words, "-o", "again.parquet", "--jobs", "2", "-q")
        assert (folder / "r.parquet").read_bytes() == (folder / "again.parquet").read_bytes(), "other bytes"
    judge.run("show", "r.parquet", "--format", plan["show"])
    if plan["direct"] and len(records.survey):
        made = encoded(records.survey, "parquet") or encoded(records.survey, "csv")
        assert made is not None
        (folder / made[0]).write_bytes(made[1])
        run = judge.run("impute", made[0], "--study", "study.toml", "--register", "r.parquet", "-o", "i.parquet",
                        "--jobs", "1", "--format", plan["format"])  # fmt: skip
        if run.code == 0:
            done["joined figures"] += check_joined(records, found, folder / "i.parquet")
    return done


@cache
def stage_files() -> dict[str, bytes]:
    """A small study through every stage, and its survey in other formats."""
    case = Case(*_small(), None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "study.toml").write_text(case.text, encoding="utf-8")
        case.frame.to_csv(folder / "survey.csv", index=False)
        for words in (
            "convert survey.csv --study study.toml -o survey.parquet", "impute survey.parquet -o i.parquet --jobs 1",
            "fit-t3 i.parquet -o t.parquet --jobs 1", "fit-longitudinal i.parquet -o l.parquet --jobs 1",
            "robustness i.parquet -o r.parquet --jobs 1 --checks b,c", "describe survey.parquet -o d.parquet",
            *(f"convert survey.parquet -o survey.{suffix}" for suffix in ("sav", "dta", "xlsx")),
        ):  # fmt: skip
            run = typed(folder, *words.split())
            assert run.code == 0, run.stderr
        return {path.name: path.read_bytes() for path in folder.iterdir()}


def _small() -> tuple[dict[str, Any], str, dict[str, Column], pd.DataFrame]:
    waves = ["T0", "T1", "T2"]
    outcomes = {
        "score": {"label": "Score", "kind": "linear", "waves": waves},
        "work": {"label": "Work", "kind": "binary", "waves": waves},
    }
    design = {
        "id": "id", "wave": "wave", "group": "group", "intervention": "i", "comparison": "c",
        "waves": [{"key": w, "months": i} for i, w in enumerate(waves)], "baseline": "T0", "endpoint": "T2",
    }  # fmt: skip
    raw = {"study": {"key": "s", "title": "S"}, "design": design, "outcomes": outcomes, "imputation": {"m": 2}}
    rng = np.random.default_rng(4)
    rows = [
        (f"CANARY-{i}", wave, "i" if i % 2 else "c", rng.normal(), float(rng.random() < 0.5))
        for i in range(24)
        for wave in waves
        if wave == "T0" or rng.random() < 0.8
    ]
    return raw, toml(raw), {}, pd.DataFrame(rows, columns=["id", "wave", "group", "score", "work"])


def trial(data: st.DataObject, kind: str, counts: Counter[tuple[str, int]]) -> Counter[str]:
    """One example of a kind, in a folder of its own; what was compared with what is right."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if kind == "tables":
            return drive(data.draw(cases()), folder, data.draw(plans()), counts)
        if kind == "answers":
            return drive_answers(data.draw(answers()), folder, counts)
        if kind == "records":
            return drive_records(data.draw(register_records()), folder, data.draw(plans()), counts)
        if kind == "descriptions":
            case, reference = data.draw(described())
            told(case, folder)
            return drive_description(case, reference, folder, data.draw(plans()), counts)
        if kind == "studies":
            case = data.draw(cases(damaged=False))
            return drive_study(case, data.draw(mutated(case.text)), folder, counts)
        files = stage_files()
        file = data.draw(st.sampled_from(sorted(set(files) - {"study.toml"})))
        content = data.draw(broken_bytes(files[file]))
        words = data.draw(st.sampled_from(COMMANDS))
        sealed = file.endswith(".parquet") and content != files[file]
        return drive_bytes(Case(*_small(), None), file, content, words, folder, counts, sealed=sealed)


def _jobs(command: str) -> tuple[str, ...]:
    return () if command == "describe" else ("--jobs", "1")
