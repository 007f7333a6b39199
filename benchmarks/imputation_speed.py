"""Time and memory of the imputation methods on one table of the study's size, beside R's mice in the same run.

    python -m benchmarks.imputation_speed                     136 persons, 111 columns, m = 50
    python -m benchmarks.imputation_speed --persons 10000 --methods pmm -m 10

Every measurement runs in a process of its own. forest and mice are run for `--sample` imputations and scaled to m, the
time of a run being proportional to m once the fixed cost of one imputation is paid.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
VALIDATION = HERE.parent / "validation"
SEED = 5


def table(persons: int):
    """World D of the validation: the study's size and pattern of gaps."""
    import numpy as np

    from validation.worlds import Cell, complete_data, with_gaps

    cell = Cell("D", persons, True)
    full, _ = complete_data(cell, np.random.default_rng(SEED))
    return with_gaps(full, cell, np.random.default_rng(SEED + 1))


def peak_megabytes() -> float:
    """Largest memory of this process; NaN where the system does not say (Windows)."""
    try:
        import resource
    except ImportError:
        return float("nan")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(method: str, persons: int, m: int, iterations: int, jobs: int) -> dict[str, float]:
    """One own run in this process: wall and CPU seconds, peak memory of this process."""
    frame = table(persons)
    from dnt_cli.imputation import Settings, impute
    from validation.worlds import columns

    described = columns(frame)
    wall, cpu = time.perf_counter(), time.process_time()
    settings = Settings(method=method, m=m, iterations=iterations, seed=SEED)
    for _ in impute(frame, described, group="arm", settings=settings, jobs=jobs).completed:
        pass
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "megabytes": peak_megabytes()}


def measure_mice(persons: int, m: int, iterations: int) -> dict[str, float]:
    """R's mice with all columns as predictors, reading and writing CSV included."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.csv"), Path(folder, "out.csv")
        table(persons).to_csv(source, index=False)
        wall = time.perf_counter()
        command = ["Rscript", str(VALIDATION / "mice.R"), str(source), str(target), str(m), str(iterations), str(SEED)]
        subprocess.run(command, check=True, capture_output=True)
        return {"wall": time.perf_counter() - wall, "cpu": float("nan"), "megabytes": float("nan")}


def in_child(arguments: list[str]) -> dict[str, float]:
    """A measurement in a fresh process with one BLAS thread."""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "benchmarks.imputation_speed", "--one", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment, cwd=HERE.parent)
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--persons", type=int, default=136)
    parser.add_argument("-m", type=int, default=50)
    parser.add_argument("--sample", type=int, default=2, help="imputations that forest and mice are run for")
    parser.add_argument("--methods", default="pmm,norm,forest,mice")
    parser.add_argument("--jobs", default="1,2")
    parser.add_argument(
        "--one", nargs=5, metavar=("METHOD", "PERSONS", "M", "ITERATIONS", "JOBS"), help=argparse.SUPPRESS
    )
    options = parser.parse_args()
    if options.one:
        method, *numbers = options.one
        persons, m, iterations, jobs = map(int, numbers)
        result = (
            measure_mice(persons, m, iterations) if method == "mice" else measure(method, persons, m, iterations, jobs)
        )
        print(json.dumps(result))
        return
    print(f"{options.persons} persons, m = {options.m}")
    print(f"{'method':8} {'jobs':>4} {'iterations':>10} {'wall s':>9} {'CPU s':>9} {'peak MB':>8}")
    for method in options.methods.split(","):
        if method == "mice" and shutil.which("Rscript") is None:
            continue
        slow = method in ("forest", "mice")
        iterations = 5 if slow else 10
        for jobs in ["1"] if slow else options.jobs.split(","):
            m = options.sample if slow else options.m
            got = in_child([method, str(options.persons), str(m), str(iterations), jobs])
            factor = options.m / m
            note = f"  scaled from m = {m}" if slow else "  (this process)" if jobs != "1" else ""
            wall, cpu = factor * got["wall"], factor * got["cpu"]
            print(
                f"{method:8} {jobs:>4} {iterations:>10} {wall:9.1f} {cpu:9.1f} {got['megabytes']:8.0f}{note}",
                flush=True,
            )


if __name__ == "__main__":
    main()
