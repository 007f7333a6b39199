"""Does the imputation keep its promises? Bias, standard errors and coverage where the truth is known.

    python -m validation.simulate                           all cells; resumes where it stopped
    python -m validation.simulate --minutes 30              what can be done in half an hour
    python -m validation.simulate --cells site05-136-effect --methods full,pmm --replicates 400
    python -m validation.simulate --summary                 only the tables of what is there

A method may carry settings: pmm[max_predictors=30,min_usable=0.25]. All methods of a replicate share its data and are
fitted together. Every replicate appends its rows to a gzipped CSV file per cell under validation/results/cells,
and is skipped when they are there.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from scipy import stats

from dnt_cli.imputation import Settings, impute
from validation.analyses import ESTIMANDS, analyse, combine, likeness
from validation.worlds import SAME_TRUTH, WORLDS, Cell, columns, complete_data, with_gaps

HERE = Path(__file__).parent
ROOT_SEED = 20_251_123
FIELDS = ["cell", "replicate", "method", "estimand", "estimate", "std_error", "df", "seconds"]
TRUTH_PERSONS = 100_000
SITE_BLIND = "pmm[sites=off]"
BLOCKS, WAVE_BY_WAVE, AT_MODE = "pmm", "pmm[blocks=off]", "pmm[blocks=off,skew=False]"
ALL = ("full", "complete", BLOCKS, WAVE_BY_WAVE, AT_MODE)
ONE = ("full", "complete", BLOCKS, WAVE_BY_WAVE)
PLAN = [
    # cells, methods, replicates
    (["A-136-effect", "B-136-effect"], ALL, 300),
    (["A-136-null", "serial-136-effect", "slopes-136-effect", "jump-136-effect", "floor-136-effect"], ONE, 200),
    (["ordered-136-effect", "conditional-136-effect", "unequal-136-effect", "B-60-effect", "B-500-effect"], ONE, 200),
    (["site00-136-effect", "site05-136-effect", "site10-136-effect"], (*ONE, SITE_BLIND), 200),
    (["C-136-effect"], ONE, 100),
    (["D-136-effect"], ONE, 50),
    (["B-136-effect"], ("full", "forest", "mice"), 20),
]

Task = tuple[str, int, tuple[str, ...]]


def parse_cell(name: str) -> Cell:
    world, persons, effect = name.split("-")
    return Cell(world, int(persons), effect == "effect")


def streams(cell: Cell, replicate: int) -> tuple[np.random.Generator, np.random.Generator]:
    """Random numbers of the data and of the gaps: the same for every method."""
    key = (cell.number, cell.persons, int(cell.effect), replicate)
    data, gaps = np.random.SeedSequence(ROOT_SEED, spawn_key=key).spawn(2)
    return np.random.default_rng(data), np.random.default_rng(gaps)


def parse_method(text: str, seed: int, m: int, iterations: int) -> Settings:
    """Settings of "pmm[max_predictors=30]"."""
    name, _, rest = text.partition("[")
    settings: dict[str, object] = {"m": m, "iterations": iterations, "seed": seed}
    if name == "forest":
        settings |= {"iterations": 3}
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


def completed_sets(
    method: str, full: pd.DataFrame, frame: pd.DataFrame, replicate: int, m: int, iterations: int
) -> list[pd.DataFrame]:
    """The data sets that a method analyses."""
    if method in ("full", "complete"):
        return [full if method == "full" else frame]
    if method == "mice":
        return run_mice(frame, m, 5, replicate)
    settings = parse_method(method, replicate, m, iterations)
    sites = frame["site"].to_numpy(dtype=np.intp) if "site" in frame else None
    return list(impute(frame, columns(frame), group="arm", settings=settings, sites=sites).completed)


def run_replicate(
    cell_name: str, replicate: int, methods: tuple[str, ...], m: int, iterations: int
) -> list[list[object]]:
    """Rows of one replicate: its data are drawn once, and all data sets fitted together."""
    cell = parse_cell(cell_name)
    data_stream, gap_stream = streams(cell, replicate)
    full, _ = complete_data(cell, data_stream)
    frame = with_gaps(full, cell, gap_stream)
    sets: list[pd.DataFrame] = []
    parts: list[tuple[str, slice, float]] = []
    for method in methods:
        began = time.process_time()
        own = completed_sets(method, full, frame, replicate, m, iterations)
        parts.append((method, slice(len(sets), len(sets) + len(own)), round(time.process_time() - began, 3)))
        sets += own
    fits = analyse(sets)
    rows: list[list[object]] = []
    for method, place, seconds in parts:
        rows += [[cell_name, replicate, method, n, *found, seconds] for n, found in combine(fits[place]).items()]
        if cell.traits.icc is not None or cell.traits.outcome == "floor":
            kept = pd.DataFrame([likeness(data) for data in sets[place]]).mean()
            rows += [[cell_name, replicate, method, n, value, "", "", seconds] for n, value in kept.items()]
    return rows


def truths(path: Path, worlds: set[str]) -> dict[tuple[str, str], float]:
    """What each analysis estimates in a very large sample without nonresponse; kept in a file.

    Worlds that differ in gaps and extra columns only share a truth; without an effect it is zero.
    """
    known = pd.read_csv(path).to_numpy().tolist() if path.exists() else []
    for world in sorted(worlds - {row[0] for row in known}):
        large, _ = complete_data(Cell(world, TRUTH_PERSONS, True), np.random.default_rng(ROOT_SEED))
        known += [[world, name, answer[0]] for name, answer in analyse([large])[0].items()]
        pd.DataFrame(known, columns=["world", "estimand", "truth"]).to_csv(path, index=False, float_format="%.8g")
    return {(world, name): float(value) for world, name, value in known}


def summarise(results: pd.DataFrame, truth: dict[tuple[str, str], float]) -> pd.DataFrame:
    """Per cell, estimand and method: bias against the truth and against the full data, coverage, and their MC errors.

    Everything but coverage is in units of the method's mean standard error. `from_full` is the mean difference from
    the full data of the same replicate, `distance` its root mean square.
    """
    rows = []
    for (cell, estimand), part in results[results["estimand"].isin(ESTIMANDS)].groupby(
        ["cell", "estimand"], sort=False
    ):
        own = parse_cell(cell)
        true = truth[SAME_TRUTH.get(own.world, own.world), estimand] if own.effect else 0.0
        full = part[part["method"] == "full"].set_index("replicate")["estimate"]
        for method, every in part.groupby("method", sort=False):
            good = every.dropna(subset="estimate")
            r = len(good)
            se = float(good["std_error"].mean())
            error = good["estimate"] - true
            covered = float((error.abs() <= stats.t.ppf(0.975, good["df"]) * good["std_error"]).mean())
            away = (good.set_index("replicate")["estimate"] - full).dropna() / se
            rows.append(
                {
                    "cell": cell,
                    "estimand": estimand,
                    "method": method,
                    "R": r,
                    "failed": len(every) - r,
                    "truth": true,
                    "bias": error.mean() / se,
                    "bias_mce": error.std() / se / np.sqrt(r),
                    "from_full": away.mean(),
                    "from_full_mce": away.std() / np.sqrt(max(len(away), 1)),
                    "distance": np.sqrt(np.mean(away**2)),
                    "se_ratio": se / error.std(),
                    "coverage": 100 * covered,
                    "coverage_mce": 100 * np.sqrt(max(covered * (1 - covered), 1e-4) / r),
                    "seconds": good["seconds"].mean(),
                }
            )
    return pd.DataFrame(rows)


def decision(table: pd.DataFrame) -> str:
    """Per cell and method the bias against the full data of the same replicate, coverage and distance, in Markdown."""
    names = ["T3 log odds", "T3 linear", "trend log odds", "trend linear"]
    lines = [f"| cell | method | R | {' | '.join(names)} | CPU s |", f"|---|---|--:|{'--:|' * 5}"]
    for (cell, method), part in table.groupby(["cell", "method"], sort=False):
        own = part.set_index("estimand").loc[list(ESTIMANDS)]
        cells = []
        for row in own.itertuples():
            moved = "" if method == "full" else f"{row.from_full:+.2f} ± {row.from_full_mce:.2f}; {row.distance:.2f}; "
            cells.append(f"{moved}{row.coverage:.0f}")
        spent = "" if method in ("full", "complete") else f"{own['seconds'].mean():.2f}"
        lines.append(f"| {cell} | {short(method)} | {own['R'].max()} | {' | '.join(cells)} | {spent} |")
    return "\n".join(lines) + "\n"


def kept(results: pd.DataFrame) -> str:
    """Share of scores at the floor and likeness within sites: means over the replicates, in Markdown."""
    own = results[~results["estimand"].isin(ESTIMANDS)]
    own = own[(own["estimand"] != "floor") | own["cell"].str.startswith("floor")]
    lines = ["| cell | what | method | R | mean | minus full data |", "|---|---|---|--:|--:|--:|"]
    for (cell, what), part in own.groupby(["cell", "estimand"], sort=False):
        wide = part.pivot(index="replicate", columns="method", values="estimate")
        for method in wide:
            away = (wide[method] - wide["full"]).dropna()
            error = away.std() / np.sqrt(len(away))
            lines.append(
                f"| {cell} | {what} | {short(method)} | {wide[method].notna().sum()} | {wide[method].mean():.3f} "
                f"| {'' if method == 'full' else f'{away.mean():+.3f} ± {error:.3f}'} |"
            )
    return "\n".join(lines) + "\n"


def overall(table: pd.DataFrame) -> str:
    """Coverage over all cells and estimands per method, in Markdown."""
    lines = ["| method | estimates | coverage % | mean distance to the full data, SE |", "|---|--:|--:|--:|"]
    for method, part in table.groupby("method", sort=False):
        size = float(part["R"].sum())
        share = float((part["coverage"] * part["R"]).sum()) / size
        error = np.sqrt(share * (100 - share) / size)
        away = "" if method == "full" else f"{(part['distance'] * part['R']).sum() / size:.3f}"
        lines.append(f"| {short(method)} | {size:.0f} | {share:.1f} ± {error:.1f} | {away} |")
    return "\n".join(lines) + "\n"


def short(method: str) -> str:
    """The name of a method in the tables."""
    return {BLOCKS: "blocks", WAVE_BY_WAVE: "pmm+skew", AT_MODE: "pmm", SITE_BLIND: "blocks, no sites"}.get(
        method, method
    )


def waiting(tasks: list[Task], folder: Path) -> list[Task]:
    """The tasks with only those methods that the results lack."""
    done: set[tuple[str, int, str]] = set()
    for path in sorted(folder.glob("*.csv.gz")):
        seen = pd.read_csv(path, usecols=["cell", "replicate", "method"])
        done |= set(seen.itertuples(index=False, name=None))
    left = [(cell, r, tuple(k for k in methods if (cell, r, k) not in done)) for cell, r, methods in tasks]
    return [task for task in left if task[2]]


def results_of(tasks: list[Task], m: int, iterations: int, jobs: int, stop: float) -> Iterator[list[list[object]]]:
    """Rows of the tasks as they are ready, until the time is over."""
    if jobs == 1:
        for task in tasks:
            if time.monotonic() > stop:
                return
            yield run_replicate(*task, m, iterations)
        return
    with ProcessPoolExecutor(jobs) as pool:
        left = iter(tasks)
        running = {pool.submit(run_replicate, *task, m, iterations) for task, _ in zip(left, range(jobs), strict=False)}
        while running:
            future = next(as_completed(running))
            running.remove(future)
            yield future.result()
            task = next(left, None) if time.monotonic() < stop else None
            if task is not None:
                running.add(pool.submit(run_replicate, *task, m, iterations))


def work(tasks: list[Task], folder: Path, m: int, iterations: int, jobs: int, minutes: float) -> None:
    """Run the tasks that the results lack, appending to a file per cell as they finish."""
    todo = waiting(tasks, folder)
    print(f"{len(todo)} of {len(tasks)} replicates to do", file=sys.stderr, flush=True)
    for rows in results_of(todo, m, iterations, jobs, time.monotonic() + 60 * minutes):
        path = folder / f"{rows[0][0]}.csv.gz"
        fresh = not path.exists()
        with gzip.open(path, "at", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            if fresh:
                writer.writerow(FIELDS)
            writer.writerows([f"{v:.8g}" if isinstance(v, float) else v for v in row] for row in rows)


def interleave(plan: list[tuple[list[str], tuple[str, ...], int]]) -> list[Task]:
    """Tasks such that all cells advance together: what is there after any time can be read."""
    parts = [[(c, r, methods) for r in range(count) for c in cells] for cells, methods, count in plan]
    keyed = [(place / len(part), number, task) for number, part in enumerate(parts) for place, task in enumerate(part)]
    return [task for _, _, task in sorted(keyed)]


def report(folder: Path, target: Path) -> str:
    """Write and return the tables of all results; the figures behind them go to a CSV file beside."""
    results = pd.concat([pd.read_csv(path) for path in sorted(folder.glob("*.csv.gz"))])
    own = {SAME_TRUTH.get(cell.split("-")[0], cell.split("-")[0]) for cell in results["cell"].unique()}
    table = summarise(results, truths(target.with_name("truth.csv"), own))
    order = [cell for cells, _, _ in PLAN for cell in cells]
    table = table.sort_values(
        "cell", key=lambda s: s.map({c: i for i, c in reversed(list(enumerate(order)))}), kind="stable"
    )
    table.to_csv(target.with_suffix(".csv"), index=False, float_format="%.4g")
    text = "\n".join([overall(table), decision(table), kept(results)])
    target.write_text(text, encoding="utf-8")
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--summary", action="store_true")
    parser.add_argument("--cells", help=f"such as B-136-effect,A-60-null; worlds: {', '.join(WORLDS)}")
    parser.add_argument("--methods", default=",".join(ONE))
    parser.add_argument("--replicates", type=int, default=100)
    parser.add_argument("--m", type=int, default=5)
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=1e6, help="start no new replicate after this")
    parser.add_argument("--results", type=Path, default=HERE / "results" / "cells")
    options = parser.parse_args()
    methods = tuple(re.findall(r"[^,\[]+(?:\[[^\]]*\])?", options.methods))
    plan = [(options.cells.split(","), methods, options.replicates)] if options.cells else PLAN
    if shutil.which("Rscript") is None:
        plan = [(cells, tuple(k for k in names if k != "mice"), count) for cells, names, count in plan]
    options.results.mkdir(parents=True, exist_ok=True)
    if not options.summary:
        work(interleave(plan), options.results, options.m, options.iterations, options.jobs, options.minutes)
    print(report(options.results, options.results.with_name("summary.md")))


if __name__ == "__main__":
    main()
