"""Does the imputation keep its promises? Bias, standard errors and coverage where the truth is known.

    python -m validation.simulate --quick                 about 30 minutes on two cores; resumes where it stopped
    python -m validation.simulate --cells A-136-effect --methods pmm,norm --replicates 400
    python -m validation.simulate --summary               only the table of what is there

A method may carry settings: pmm[max_predictors=30,min_usable=0.25]. Every replicate appends its rows to a CSV file
under validation/results, and is skipped when they are there.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from scipy import stats

from dnt_cli.imputation import Settings, impute
from validation.analyses import ESTIMANDS, SCALE, analyse, combine
from validation.worlds import Cell, columns, complete_data, with_gaps

HERE = Path(__file__).parent
ROOT_SEED = 20_251_123
FIELDS = ["cell", "replicate", "method", "estimand", "estimate", "std_error", "df", "seconds"]
TRUTH_PERSONS = 200_000
WAVE_BY_WAVE = "pmm[blocks=off]"
QUICK = [
    # cells, methods, replicates
    (["A-136-effect", "B-136-effect", "A-136-null"], ["full", "complete", "pmm", WAVE_BY_WAVE], 400),
    (["C-136-effect"], ["full", "complete", "pmm", WAVE_BY_WAVE], 300),
    (["D-136-effect"], ["full", "pmm"], 100),
    (["B-500-effect"], ["full", "complete", "pmm"], 150),
    (["A-136-effect", "B-136-effect"], ["forest", "mice"], 40),
    (["C-136-effect"], ["forest", "mice"], 5),
]


def parse_cell(name: str) -> Cell:
    world, persons, effect = name.split("-")
    return Cell(world, int(persons), effect == "effect")


def streams(cell: Cell, replicate: int) -> tuple[np.random.Generator, np.random.Generator]:
    """Random numbers of the data and of the gaps: the same for every method."""
    key = (ord(cell.world), cell.persons, int(cell.effect), replicate)
    data, gaps = np.random.SeedSequence(ROOT_SEED, spawn_key=key).spawn(2)
    return np.random.default_rng(data), np.random.default_rng(gaps)


def parse_method(text: str, seed: int, m: int, iterations: int) -> Settings:
    """Settings of "pmm[max_predictors=30]"."""
    name, _, rest = text.partition("[")
    settings: dict[str, object] = {"m": m, "iterations": iterations, "seed": seed}
    if name == "forest":
        settings |= {"m": min(m, 10), "iterations": 3}
    for pair in filter(None, rest.rstrip("]").split(",")):
        key, value = pair.split("=")
        if value in ("auto", "off"):
            settings[key] = value
            continue
        settings[key] = value == "True" if value in ("True", "False") else float(value)
        if key in ("m", "iterations", "max_predictors", "donors", "sweeps"):
            settings[key] = int(value)
    return Settings(method=name, **settings)


def run_mice(frame: pd.DataFrame, m: int, iterations: int, seed: int) -> list[pd.DataFrame]:
    """Completed data sets by R's mice."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.csv"), Path(folder, "out.csv")
        frame.to_csv(source, index=False)
        command = ["Rscript", str(HERE / "mice.R"), str(source), str(target), str(m), str(iterations), str(seed + 1)]
        subprocess.run(command, check=True, capture_output=True)
        long = pd.read_csv(target)
    child = pd.CategoricalDtype(frame["child"].cat.categories)
    return [data.astype({"child": child}).reset_index(drop=True) for _, data in long.groupby(".imp")]


def run_replicate(cell_name: str, replicate: int, method: str, m: int, iterations: int) -> list[list[object]]:
    """Rows of one replicate and method."""
    cell = parse_cell(cell_name)
    data_stream, gap_stream = streams(cell, replicate)
    full, _ = complete_data(cell, data_stream)
    frame = with_gaps(full, cell, gap_stream)
    began = time.process_time()
    if method == "full":
        answers = combine([analyse(full)])
    elif method == "complete":
        answers = combine([analyse(frame)])
    elif method == "mice":
        answers = combine([analyse(data) for data in run_mice(frame, min(m, 10), 5, replicate)])
    else:
        settings = parse_method(method, replicate, m, iterations)
        completed = impute(frame, columns(frame), group="arm", settings=settings).completed
        answers = combine([analyse(data) for data in completed])
    seconds = round(time.process_time() - began, 3)
    return [[cell_name, replicate, method, name, *answers[name], seconds] for name in ESTIMANDS]


def truths(path: Path) -> dict[tuple[str, str], float]:
    """What each analysis estimates in a very large sample without nonresponse; kept in a file.

    The worlds differ in their gaps and extra columns, not in the outcomes, so one truth with an effect serves all.
    """
    if not path.exists():
        large, _ = complete_data(Cell("B", TRUTH_PERSONS, True), np.random.default_rng(ROOT_SEED))
        rows = [(name, answer[0]) for name, answer in analyse(large).items()]
        pd.DataFrame(rows, columns=["estimand", "truth"]).to_csv(path, index=False, float_format="%.8g")
    known = pd.read_csv(path).set_index("estimand")["truth"]
    return {("effect", name): float(known[name]) for name in ESTIMANDS} | {("null", name): 0.0 for name in ESTIMANDS}


def summarise(results: pd.DataFrame, truth: dict[tuple[str, str], float]) -> pd.DataFrame:
    """Per cell, estimand and method: bias, SDs, coverage, and the Monte Carlo error of bias and coverage."""
    rows = []
    for (cell, estimand, method), part in results.groupby(["cell", "estimand", "method"], sort=False):
        good = part.dropna(subset="estimate")
        r = len(good)
        scale = SCALE[estimand]
        error = (good["estimate"] - truth[cell.split("-")[2], estimand]) / scale
        se = good["std_error"] / scale
        half = stats.t.ppf(0.975, good["df"]) * se
        covered = float((error.abs() <= half).mean())
        spread = float(error.std())
        rows.append(
            {
                "cell": cell,
                "estimand": estimand,
                "method": method,
                "R": r,
                "failed": len(part) - r,
                "truth": truth[cell.split("-")[2], estimand] / scale,
                "bias": error.mean(),
                "bias_mce": spread / np.sqrt(r),
                "bias_per_se": error.mean() / se.mean(),
                "emp_sd": spread,
                "mean_se": se.mean(),
                "coverage": 100 * covered,
                "coverage_mce": 100 * np.sqrt(max(covered * (1 - covered), 1e-4) / r),
                "seconds": part["seconds"].mean(),
            }
        )
    return pd.DataFrame(rows)


def verdicts(table: pd.DataFrame) -> pd.DataFrame:
    """Acceptance: coverage 93-97 % and |bias| < .15 SE, or no worse than the full data's plus that; two MC errors."""
    table = table.copy()
    full = table[table["method"] == "full"].set_index(["cell", "estimand"])["bias_per_se"].abs()
    key = pd.MultiIndex.from_frame(table[["cell", "estimand"]])
    allowed = 0.15 + full.reindex(key).fillna(0.0).to_numpy()
    slack = 2 * table["bias_mce"] / table["mean_se"]
    table["bias_ok"] = table["bias_per_se"].abs() <= allowed + slack
    low, high = 93 - 2 * table["coverage_mce"], 97 + 2 * table["coverage_mce"]
    table["coverage_ok"] = table["coverage"].between(low, high)
    return table


def markdown(table: pd.DataFrame) -> str:
    """The summary as one Markdown table per cell and estimand."""
    titles = ["method", "R", "bias", "bias / SE", "empirical SD", "mean SE", "coverage %", "accepted"]
    head = f"| {' | '.join(titles)} |\n|---|{'--:|' * 6}---|"
    parts = []
    for (cell, estimand), part in table.groupby(["cell", "estimand"], sort=False):
        parts.append(f"\n**{cell}, {estimand}** (truth {part['truth'].iloc[0]:.3f})\n\n{head}")
        for row in part.itertuples():
            verdict = "yes" if row.bias_ok and row.coverage_ok else "bias" if row.coverage_ok else "coverage"
            parts.append(
                f"| {row.method} | {row.R} | {row.bias:+.3f} ± {row.bias_mce:.3f} | {row.bias_per_se:+.2f} "
                f"| {row.emp_sd:.3f} | {row.mean_se:.3f} | {row.coverage:.1f} ± {row.coverage_mce:.1f} | {verdict} |"
            )
    return "\n".join(parts) + "\n"


def work(tasks: list[tuple[str, int, str]], path: Path, m: int, iterations: int, jobs: int, minutes: float) -> None:
    """Run the tasks that the results file lacks, appending as they finish."""
    done: set[tuple[str, int, str]] = set()
    if path.exists():
        seen = pd.read_csv(path, usecols=["cell", "replicate", "method"])
        done = set(seen.itertuples(index=False, name=None))
    todo = [task for task in tasks if task not in done]
    print(f"{len(todo)} of {len(tasks)} to do", file=sys.stderr, flush=True)
    stop = time.monotonic() + 60 * minutes
    fresh = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file, ProcessPoolExecutor(jobs) as pool:
        writer = csv.writer(file, lineterminator="\n")
        if fresh:
            writer.writerow(FIELDS)
        waiting = iter(todo)
        running = {
            pool.submit(run_replicate, *task, m, iterations) for task, _ in zip(waiting, range(jobs), strict=False)
        }
        while running:
            future = next(as_completed(running))
            running.remove(future)
            for row in future.result():
                writer.writerow([f"{v:.10g}" if isinstance(v, float) else v for v in row])
            file.flush()
            task = next(waiting, None) if time.monotonic() < stop else None
            if task is not None:
                running.add(pool.submit(run_replicate, *task, m, iterations))


def interleave(plan: list[tuple[list[str], list[str], int]]) -> list[tuple[str, int, str]]:
    """Tasks such that all cells and methods advance together: what is there after any time can be read."""
    blocks = [[(c, r, k) for r in range(count) for c in cells for k in methods] for cells, methods, count in plan]
    keyed = [
        (place / len(block), number, task) for number, block in enumerate(blocks) for place, task in enumerate(block)
    ]
    return [task for _, _, task in sorted(keyed)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--summary", action="store_true")
    parser.add_argument("--cells", default="A-136-effect,B-136-effect")
    parser.add_argument("--methods", default="full,complete,pmm,norm")
    parser.add_argument("--replicates", type=int, default=100)
    parser.add_argument("--m", type=int, default=10)
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=1e6, help="start no new replicate after this")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "quick.csv")
    options = parser.parse_args()
    methods = re.findall(r"[^,\[]+(?:\[[^\]]*\])?", options.methods)
    plan = QUICK if options.quick else [(options.cells.split(","), methods, options.replicates)]
    if shutil.which("Rscript") is None:
        plan = [(cells, [k for k in names if k != "mice"], count) for cells, names, count in plan]
    options.out.parent.mkdir(parents=True, exist_ok=True)
    if not options.summary:
        work(interleave(plan), options.out, options.m, options.iterations, options.jobs, options.minutes)
    results = pd.read_csv(options.out)
    table = verdicts(summarise(results, truths(options.out.with_name("truth.csv"))))
    table.to_csv(options.out.with_name(f"{options.out.stem}_summary.csv"), index=False, float_format="%.4g")
    options.out.with_name(f"{options.out.stem}_summary.md").write_text(markdown(table), encoding="utf-8")
    print(table.round(3).to_string(index=False))


if __name__ == "__main__":
    main()
