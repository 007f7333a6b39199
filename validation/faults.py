"""Inject faults into every command, at fresh random moments, and count what goes wrong.

usage: python -m validation.faults --minutes 20 [--seed 1] [--command NAME] [--kind NAME]

Every run is judged as in `tests/cli/test_faults_posix.py`. What is wrong is printed at once, the counts at the end; it
ends with 1 if anything was wrong. Linux only.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

from tests.support.injection import FAULTS, inject, possible
from tests.support.process import SEARCHES
from tests.support.workbench import COMMANDS, Bench

SHARE_FRESH = 0.3  # of runs in a new Python; the others are forks of one that has loaded its modules
SHARE_SIGNALS = 0.5  # of faults; the other kinds have fewer moments to try


def main() -> None:
    options = parsed()
    random = Random(options.seed)
    kinds, writers = options.kind or list(FAULTS), options.command or list(COMMANDS)
    signals = [kind for kind in kinds if kind.startswith("SIG")]
    faults: Counter[tuple[str, str]] = Counter()
    wrong: Counter[str] = Counter()
    ends: Counter[tuple[str, int]] = Counter()
    missed = starting = 0
    end = time.monotonic() + 60 * options.minutes
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        bench = Bench(Path(place))
        while time.monotonic() < end:
            kind = random.choice(signals if signals and random.random() < SHARE_SIGNALS else kinds)
            writer = random.choice(writers)
            if not possible(kind, writer):
                continue
            fresh = random.random() < SHARE_FRESH
            after = inject(bench, kind, writer, random, fresh=fresh)
            faults[kind, writer] += 1
            ends[kind, after.run.code] += 1
            missed += kind.startswith("SIG") and not after.injected
            starting += after.starting
            for problem in after.problems:
                wrong[kind] += 1
                print(f"WRONG {kind} | {writer} | {'fresh' if fresh else 'warm'}: {problem}", flush=True)
        bench.close()
    report(faults, ends, wrong, missed, starting)
    sys.exit(bool(wrong))


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    parser.add_argument("--command", action="append", choices=list(COMMANDS))
    parser.add_argument("--kind", action="append", choices=list(FAULTS))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    return options


def report(
    faults: Counter[tuple[str, str]], ends: Counter[tuple[str, int]], wrong: Counter[str], missed: int, starting: int
) -> None:
    for title, place in (("kind", 0), ("command", 1)):
        print(f"\nfaults by {title}")
        for name, count in Counter({key[place]: 0 for key in faults}).items():
            count = sum(n for key, n in faults.items() if key[place] == name)
            codes = sorted({code for kind, code in ends if kind == name})
            told = ", ".join(f"{code}: {ends[name, code]}" for code in codes)
            print(f"  {name:<24} {count:5}" + (f"   exit codes {told}; wrong: {wrong[name]}" if place == 0 else ""))
    print(f"\n{sum(faults.values())} faults, {sum(wrong.values())} wrong")
    print(f"{missed} signals came after the end; {starting} Ctrl-C while Python was starting (not counted as wrong)")
    print("searched for ids and answers: " + ", ".join(f"{what} {count}" for what, count in SEARCHES.items()))


if __name__ == "__main__":
    main()
