"""The chain impute, fit-t3, fit-longitudinal, timed as whole processes beside the same chain in R, in one run.

    python benchmarks/chain.py [-m 5] [--repeat 3]

R runs once, ours several times; what counts are the ratios, since both ran on the same machine at the same time.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

HERE = Path(__file__).parent
STAGES = ("impute", "fit-t3", "fit-longitudinal")


def dnt(*arguments: str) -> float:
    start = time.perf_counter()
    command = [sys.executable, "-m", "dnt_cli", *arguments, "-q", "--force"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def ours(folder: Path, m: int, iterations: int, repeat: int) -> dict[str, float]:
    files = [str(folder / f"{name}.parquet") for name in ("survey", "imputed", "t3", "longitudinal")]
    dnt("example", "-o", files[0])
    times: dict[str, list[float]] = {stage: [] for stage in STAGES}
    for _ in range(repeat):
        times["impute"].append(dnt("impute", files[0], "-m", str(m), "--iterations", str(iterations), "-o", files[1]))
        times["fit-t3"].append(dnt("fit-t3", files[1], "-o", files[2]))
        times["fit-longitudinal"].append(dnt("fit-longitudinal", files[1], "-o", files[3]))
    return {stage: statistics.median(values) for stage, values in times.items()}


def write_for_r(folder: Path) -> None:
    """The observed table and what the models are, from the built-in study."""
    from dnt_cli.study import load_study

    study = load_study("dnt")
    frame = pd.read_parquet(folder / "imputed.parquet")
    derived = {c for c, (key, _) in study.columns.items() if key not in study.measured}
    excluded = {c for c, (key, _) in study.columns.items() if key in study.imputation.exclude}
    drop = [".imp", ".id", *(derived & set(frame)), *excluded]
    frame[frame[".imp"] == 0].drop(columns=drop).to_csv(folder / "wide.csv", index=False)
    rules = []
    for column in derived & set(frame):
        key, wave = study.columns[column]
        rule = study.outcomes[key].derive
        assert rule is not None
        if key not in study.tested:
            continue  # classes that are described, which no model needs
        since = study.column(rule.source, rule.since) if rule.since else None
        source = study.column(rule.source, wave)
        rules.append({"column": column, "rule": rule.rule, "source": source, "value": rule.value, "since": since})
    endpoint, trend = [], []
    for key, outcome in study.tested.items():
        if outcome.source == "register":
            continue
        binary = outcome.kind == "binary"
        baseline = study.column(key, study.design.baseline) if study.adjusts_for_baseline(key) else None
        endpoint.append({"column": study.column(key, study.endpoint(key)), "baseline": baseline, "binary": binary})
        if study.has_trend(key):
            trend.append({"columns": [study.column(key, w) for w in outcome.waves], "binary": binary})
    measured = {c: study.outcomes[key] for c, (key, _) in study.columns.items() if key in study.measured}
    binaries = [column for column, outcome in measured.items() if outcome.kind == "binary"]
    spec = {"controls": study.models.controls, "binary_columns": binaries, "endpoint": endpoint, "trend": trend}
    (folder / "spec.json").write_text(json.dumps(spec | {"derived": rules}), encoding="utf-8")


def theirs(folder: Path, m: int, iterations: int) -> dict[str, float]:
    data = [str(folder / "wide.csv"), str(folder / "spec.json")]
    command = ["Rscript", str(HERE / "peer.R"), *data, str(m), str(iterations)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)  # R's complaints stay on the screen
    if done.returncode:
        raise SystemExit("The R script failed.")
    return {stage: float(seconds) for stage, seconds in (line.split() for line in done.stdout.splitlines() if line)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-m", type=int, default=5)
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    if shutil.which("Rscript") is None:
        raise SystemExit("R is needed for the comparison: make system")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mine = ours(folder, arguments.m, arguments.iterations, arguments.repeat)
        write_for_r(folder)
        peer = theirs(folder, arguments.m, arguments.iterations)
    print(f"136 persons, m = {arguments.m}, {arguments.iterations} iterations; wall seconds")
    print(f"{'stage':<18}{'dnt':>8}{'R':>9}{'R / dnt':>9}")
    for stage in STAGES:
        print(f"{stage:<18}{mine[stage]:>8.2f}{peer[stage]:>9.2f}{peer[stage] / mine[stage]:>9.1f}")


if __name__ == "__main__":
    main()
