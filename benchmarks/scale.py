"""Time and memory up to a million persons: five waves, two outcomes, m = 5, each stage a process of its own.

python -m benchmarks.scale [--persons 1000,10000,100000] [-m 5] [--folder DIR]
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.timing import Spent, dnt

WAVES = ("T0", "T1", "T2", "T3", "T4")
STUDY = """\
schema = 1
[study]
key = "scale"
title = {{ nl = "Schaal", en = "Scale" }}
[design]
id = "id"
wave = "wave"
group = "arm"
intervention = "treated"
comparison = "control"
waves = [{waves}]
baseline = "T0"
endpoint = "T3"
[models]
controls = ["age"]
[covariates.age]
label = "Age"
kind = "continuous"
[hypotheses.H1]
label = "Better"
[outcomes.work]
label = "Work"
kind = "binary"
waves = {keys}
hypothesis = "H1"
[outcomes.score]
label = "Score"
kind = "linear"
waves = {keys}
hypothesis = "H1"
"""
STAGES = (
    ("impute", "survey.parquet", "imputed.parquet"),
    ("fit-t3", "imputed.parquet", "t3.parquet"),
    ("fit-longitudinal", "imputed.parquet", "longitudinal.parquet"),
)


def write_survey(folder: Path, persons: int) -> None:
    """A survey in long form, a quarter of the later waves lost, and its study file."""
    rng = np.random.default_rng(persons)
    arm, age, own = np.arange(persons) % 2, rng.normal(40, 10, persons), rng.normal(size=persons)
    parts = []
    for t, wave in enumerate(WAVES):
        level = own + 0.1 * arm * t + 0.02 * (age - 40)
        part = pd.DataFrame({"id": np.arange(1, persons + 1), "wave": wave, "arm": np.where(arm, "treated", "control")})
        part["age"] = np.clip(np.round(age), 18, 75)
        part["work"] = (rng.random(persons) < 1 / (1 + np.exp(-level))).astype(float)
        part["score"] = np.round(50 + 10 * (level + rng.normal(size=persons)), 1)
        if t:
            part = part[rng.random(persons) > 0.25]
        parts.append(part)
    pd.concat(parts).to_parquet(folder / "survey.parquet", index=False)
    waves = ", ".join(f'{{ key = "{wave}", months = {6 * t} }}' for t, wave in enumerate(WAVES))
    keys = "[" + ", ".join(f'"{wave}"' for wave in WAVES) + "]"
    (folder / "study.toml").write_text(STUDY.format(waves=waves, keys=keys), encoding="utf-8")


def measured(folder: Path, m: int) -> Iterator[tuple[str, Spent]]:
    """What each stage cost."""
    for stage, source, target in STAGES:
        own = ["-m", str(m), "--study", "study.toml"] if stage == "impute" else []
        yield stage, dnt(stage, source, "-o", target, "--jobs", "1", *own, folder=folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--persons", default="1000,10000,100000")
    parser.add_argument("-m", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="keep the files here")
    options = parser.parse_args()
    print("| persons | stage | CPU s | wall s | peak memory, GB |\n|--:|---|--:|--:|--:|")
    for persons in (int(n) for n in options.persons.split(",")):
        with tempfile.TemporaryDirectory() as temporary:
            folder = options.folder or Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            write_survey(folder, persons)
            for stage, (wall, cpu, peak) in measured(folder, options.m):
                print(f"| {persons:,} | {stage} | {cpu:.1f} | {wall:.1f} | {peak:.2f} |", flush=True)


if __name__ == "__main__":
    main()
