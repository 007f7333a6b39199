"""A synthetic register year through `dnt polis`, beside DuckDB reading the same columns and nothing else.

    python -m benchmarks.polis_speed --rows 20000000 --folder /tmp/register --forms parquet csv

Per form of file it prints the seconds of both (best of the rounds, which alternate), their ratio, and the peak memory
of `dnt polis` as a whole process. Aim: a ratio of at most 2, and under 2 GB whatever the number of rows.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.csv
import pyarrow.parquet

from dnt_cli.polis import read_link, register_outcomes
from dnt_cli.polis.records import FIRST, JOB, JOB_TYPE, KEY, KIND, LAST, MEMORY, amount_columns
from dnt_cli.polis.sources import _reading, open_source
from dnt_cli.study import load_study
from dnt_cli.synthetic.register import person_keys
from tests.support.register_years import register_year

YEAR = 2020
ROWS_PER_PERSON = 9.5
LINKED = 10_000
STUDY = load_study("dnt", ["register.uncovered=missing"])


def generate(rows: int, folder: Path, forms: list[str]) -> int:
    """Write the year in each form, unless it is there; the number of persons."""
    persons = int(rows / ROWS_PER_PERSON)
    missing = [form for form in forms if not path_of(folder, rows, form).exists()]
    writers = {}
    for table in register_year(persons, YEAR, seed=1) if missing else ():
        for form in missing:
            if form not in writers:
                make = pyarrow.parquet.ParquetWriter if form == "parquet" else pyarrow.csv.CSVWriter
                writers[form] = make(path_of(folder, rows, form), table.schema)
            writers[form].write_table(table)
    for writer in writers.values():
        writer.close()
    return persons


def path_of(folder: Path, rows: int, form: str) -> Path:
    return folder / f"records-{rows}.{form}"


def link_of(persons: int) -> pd.DataFrame:
    """One in so many persons, included in January of the year."""
    keys = person_keys(persons)[:: max(1, persons // LINKED)]
    frame = pd.DataFrame({"id": [f"P{n}" for n in range(len(keys))], "RINPERSOONS": "R", "date_T0": f"{YEAR}-01-15"})
    return read_link(frame.assign(RINPERSOON=[f"{key:09d}" for key in keys]), STUDY, "link")


def outcomes(path: Path, persons: int, threads: int) -> float:
    link = link_of(persons)
    start = time.perf_counter()
    found = register_outcomes([path], link, STUDY, threads=threads)
    assert found.outcomes["work"].sum() > 0
    return time.perf_counter() - start


def reading(path: Path, threads: int) -> float:
    """DuckDB reading every value of the same columns, put into one number so that none can be skipped."""
    columns = [KIND, KEY, JOB, FIRST, LAST, JOB_TYPE, *amount_columns(STUDY.register).values()]
    source = open_source(path, dict.fromkeys(columns))
    connection = duckdb.connect(config={"threads": threads, "memory_limit": MEMORY})
    start = time.perf_counter()
    connection.execute(f"SELECT bit_xor(hash({', '.join(dict.fromkeys(columns))})) FROM {_reading(source)}").fetchall()
    return time.perf_counter() - start


def measured(task: str, path: Path, persons: int, threads: int) -> dict[str, float]:
    """Seconds and peak memory in megabytes of one task in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.polis_speed",
        "--task",
        task,
        "--path",
        str(path),
        "--persons",
        str(persons),
    ]
    done = subprocess.run([*command, "--threads", str(threads)], capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def child(arguments: argparse.Namespace) -> None:
    import resource

    path, threads = Path(arguments.path), arguments.threads
    seconds = reading(path, threads) if arguments.task == "read" else outcomes(path, arguments.persons, threads)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    json.dump({"seconds": seconds, "peak": peak}, sys.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--folder", default=".")
    parser.add_argument("--forms", nargs="+", default=["parquet", "csv"], choices=["parquet", "csv"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    for hidden in ("--task", "--path"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    parser.add_argument("--persons", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.task:
        child(arguments)
        return
    folder = Path(arguments.folder)
    folder.mkdir(parents=True, exist_ok=True)
    persons = generate(arguments.rows, folder, arguments.forms)
    print("form     rows        size MB  read s  polis s  ratio  peak MB")
    for form in arguments.forms:
        path = path_of(folder, arguments.rows, form)
        rounds = [
            [measured(task, path, persons, arguments.threads) for task in ("read", "polis")]
            for _ in range(arguments.rounds)
        ]
        read, polis = (min(r[i]["seconds"] for r in rounds) for i in (0, 1))
        peak = max(r[1]["peak"] for r in rounds)
        size = path.stat().st_size / 1e6
        print(f"{form:8} {arguments.rows:<11} {size:7.0f} {read:7.2f} {polis:8.2f} {polis / read:6.2f} {peak:8.0f}")


if __name__ == "__main__":
    main()
