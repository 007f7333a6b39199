"""The five stages, timed as whole processes beside the same chain in R, in one run.

    python -m benchmarks.chain [-m 50] [--repeat 3] [--jobs 0] [--write]

R runs once, ours several times; what counts are the ratios, since both ran on the same machine at the same time. The
robustness checks are those that an analyst would write in R: a subset that is imputed anew (a), change since baseline
(b), observed answers only (c). With --write the table goes to docs/scale.md.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path

import pandas as pd

from benchmarks.other_python import compared
from benchmarks.timing import Spent, dnt

HERE = Path(__file__).parent
STAGES = {
    "impute": ("survey", ["-m", "{m}", "--iterations", "{iterations}"]),
    "fit-t3": ("imputed", []),
    "fit-longitudinal": ("imputed", []),
    "robustness": ("imputed", ["--checks", "a,b,c"]),
    "describe": ("survey", []),
}
"""Per stage what it reads, and its options."""
SUBSET = "work_any_T0"
"""The women without work at the start are the subset of check (a)."""
DOCUMENT = HERE.parent / "docs" / "scale.md"
BEGIN, END = "<!-- benchmarks/chain.py -->", "<!-- end -->"
Seconds = tuple[float, float]  # wall and CPU


def ours(folder: Path, m: int, iterations: int, repeat: int, jobs: int) -> dict[str, Seconds]:
    dnt("example", "-o", str(folder / "survey.parquet"))
    spent: dict[str, list[Spent]] = {stage: [] for stage in STAGES}
    for _ in range(repeat):
        for stage, (source, own) in STAGES.items():
            target = folder / ("imputed.parquet" if stage == "impute" else f"{stage}.parquet")
            told = [text.format(m=m, iterations=iterations) for text in own]
            told += [] if stage == "describe" else ["--jobs", str(jobs)]
            spent[stage].append(dnt(stage, str(folder / f"{source}.parquet"), *told, "-o", str(target)))
    return {
        stage: (statistics.median(one.wall for one in own), statistics.median(one.cpu for one in own))
        for stage, own in spent.items()
    }


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
    spec |= {"subset": SUBSET}
    (folder / "spec.json").write_text(json.dumps(spec | {"derived": rules}), encoding="utf-8")


def theirs(folder: Path, m: int, iterations: int) -> dict[str, Seconds]:
    data = [str(folder / "wide.csv"), str(folder / "spec.json")]
    command = ["Rscript", str(HERE / "peer.R"), *data, str(m), str(iterations)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)  # R's complaints stay on the screen
    if done.returncode:
        raise SystemExit("The R script failed.")
    lines = (line.split() for line in done.stdout.splitlines() if line)
    return {stage: (float(wall), float(cpu)) for stage, wall, cpu in lines}


def table(mine: dict[str, Seconds], peer: dict[str, Seconds]) -> str:
    """Wall and CPU seconds of both and their ratios, in Markdown."""
    lines = [
        "| stage | dnt: wall, CPU s | R: wall, CPU s | R / dnt: wall, CPU |",
        "|---|--:|--:|--:|",
    ]
    both = {stage: (mine[stage], peer[stage]) for stage in STAGES}
    totals = [tuple(sum(own[side][i] for own in both.values()) for i in (0, 1)) for side in (0, 1)]
    for stage, ((wall, cpu), (other_wall, other_cpu)) in (both | {"all five": tuple(totals)}).items():
        ratios = f"{other_wall / wall:.1f}, {other_cpu / cpu:.1f}"
        lines.append(f"| {stage} | {wall:.1f}, {cpu:.1f} | {other_wall:.1f}, {other_cpu:.1f} | {ratios} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-m", type=int, default=50)
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=0, help="processes of dnt; 0: all cores")
    parser.add_argument("--write", action="store_true", help="put the table into docs/scale.md")
    arguments = parser.parse_args()
    if shutil.which("Rscript") is None:
        raise SystemExit("R is needed for the comparison: make system")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mine = ours(folder, arguments.m, arguments.iterations, arguments.repeat, arguments.jobs)
        write_for_r(folder)
        peer = theirs(folder, arguments.m, arguments.iterations)
        others = compared(folder / "imputed.parquet")
    text = (
        f"`python -m benchmarks.chain -m {arguments.m}` on {datetime.date.today():%Y-%m-%d}, "
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores: 136 persons, m = {arguments.m}, "
        f"{arguments.iterations} iterations.\n\n"
        f"{table(mine, peer)}\n\n"
        f"The models alone, beside other Python on the first two of these data sets:\n\n{others}\n"
    )
    print(text)
    if arguments.write:
        before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        DOCUMENT.write_text(f"{before}{BEGIN}\n{text}{END}{after}", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
