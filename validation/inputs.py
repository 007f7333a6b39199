"""Any input and any options, thousands of times: a right answer, or a message that says what is wrong.

    python -m validation.inputs                          3000 examples, about ten minutes on one core
    python -m validation.inputs --examples 500 --seed 7 --kinds tables,answers

`tests/property/test_any_input.py` does a small part of it at every change. Printed are the runs per command and exit
code, and what was compared with what is right; the first failure is made as small as possible and ends it with 1.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections import Counter

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.support.oracles import any_answers, any_line
from tests.support.oracles.any_trial import trial

SHARES = {
    "tables": 0.3, "descriptions": 0.1, "studies": 0.1, "bytes": 0.15, "answers": 0.05, "questionnaires": 0.05,
    "records": 0.1, "options": 0.15,
}  # fmt: skip
OTHERS = {"questionnaires": any_answers.trial, "options": any_line.trial}  # those that write their own files
CHUNK = 250  # examples after which the counts so far are printed


def attempt(kind: str, number: int, start: int, counts: Counter[tuple[str, int]], compared: Counter[str]) -> None:
    """`number` examples of a kind; the first failure, made small, is raised."""

    @seed(start)
    @settings(
        max_examples=number,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
        print_blob=False,
    )
    @given(st.data())
    def check(data: st.DataObject) -> None:
        compared.update(OTHERS[kind](data, counts) if kind in OTHERS else trial(data, kind, counts))

    check()


def table(counts: Counter[tuple[str, int]]) -> str:
    """Runs per command and exit code."""
    codes = sorted({code for _, code in counts})
    lines = ["command           " + "".join(f"{code:>7}" for code in codes)]
    for command in sorted({command for command, _ in counts}):
        lines.append(f"{command:<18}" + "".join(f"{counts[command, code]:>7}" for code in codes))
    total = {code: sum(n for (_, c), n in counts.items() if c == code) for code in codes}
    return "\n".join([*lines, f"{'all':<18}" + "".join(f"{total[code]:>7}" for code in codes)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", default=",".join(SHARES))
    asked = parser.parse_args()
    kinds = asked.kinds.split(",")
    warnings.simplefilter("ignore")
    counts: Counter[tuple[str, int]] = Counter()
    compared: Counter[str] = Counter()
    start, done = time.monotonic(), 0
    whole = sum(SHARES[kind] for kind in kinds)
    for kind in kinds:
        left = round(asked.examples * SHARES[kind] / whole)
        for chunk in range(0, left, CHUNK):
            number = min(CHUNK, left - chunk)
            attempt(kind, number, asked.seed * 1_000_003 + chunk, counts, compared)
            done += number
            print(
                f"{done} examples, {sum(counts.values())} runs, {time.monotonic() - start:.0f} s ({kind})", flush=True
            )
    print(table(counts))
    print("compared: " + ", ".join(f"{count} {what}" for what, count in sorted(compared.items())))


if __name__ == "__main__":
    main()
