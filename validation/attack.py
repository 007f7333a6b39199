"""Attack the releases of random small studies, and count what an attacker who reads only the tables finds out.

usage: python -m validation.attack --studies 1000 [--first 0] [--minutes 30]

The attacker is that of `tests/support/oracles/disclosure_attack.py`. He recovers a count that a rule
forbids if its bounds leave one whole number. It ends with 1 if he recovered any, if any bounds lie
closer together than the setting, or if a later release with one person more tells a number of her group.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections import Counter

from dnt_cli.study.disclosure import CBS
from tests.support.oracles.disclosure_attack import attacked, attended, forbidden, subtracted

DUST = 1e-4
SUBTRACTED = 5  # one study in so many is also released without one person first, and one with its report


def main() -> None:
    options = parsed()
    end = time.monotonic() + 60 * options.minutes
    found: Counter[str] = Counter()
    widths: list[float] = []
    for seed in range(options.first, options.first + options.studies):
        if time.monotonic() > end:
            break
        found["studies"] += 1
        report = seed % SUBTRACTED == 1
        found["with a report"] += report
        for name, true, of, (low, high) in attacked(seed, report=report):
            found["counts left out"] += 1
            if not low - DUST <= true <= high + DUST:
                found["misread by the attacker"] += 1
                print(f"seed {seed}, {name}: {true:g} is not in {low:.2f} to {high:.2f}", flush=True)
            if not forbidden(true, of):
                continue
            found["forbidden by a rule"] += 1
            widths.append(high - low)
            if math.isfinite(high - low) and math.floor(high + DUST) - math.ceil(low - DUST) < 1:
                found["recovered"] += 1
            if high - low < CBS.width - DUST:
                found["closer than the setting"] += 1
                print(f"seed {seed}, {name}: {true:g} is known within {low:.2f} to {high:.2f}", flush=True)
        for name, true, (low, high), (least, most) in attended(seed):
            found["numbers seen left out"] += 1
            if not low <= true <= high or high - low < min(CBS.width, most - least):
                found["closer than the setting"] += 1
                print(f"seed {seed}, {name}: {true:g} is known within {low:.2f} to {high:.2f}", flush=True)
        if seed % SUBTRACTED == 0:
            found["releases subtracted"] += 1
            found["numbers of one person"] += len(list(subtracted(seed)))
        if found["studies"] % 50 == 0:
            print(summary(found, widths), flush=True)
    print(summary(found, widths))
    wrong = ("recovered", "closer than the setting", "misread by the attacker", "numbers of one person")
    sys.exit(any(found[name] for name in wrong))


def summary(found: Counter[str], widths: list[float]) -> str:
    """The counts, the narrowest bounds and their median."""
    counts = ", ".join(f"{name} {found[name]}" for name in ("studies", *(n for n in found if n != "studies")))
    own = sorted(widths)
    spread = f"; narrowest {own[0]:.2f}, median {own[len(own) // 2]:.2f} persons" if own else ""
    return f"{counts}, recovered {found['recovered']}{spread}"


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Attack the releases of random small studies.")
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="seed of the first study")
    parser.add_argument("--minutes", type=float, default=60.0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
