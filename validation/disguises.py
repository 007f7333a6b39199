"""A clean study in thousands of random disguises: read as what it is, or refused by name; none silently different.

python -m validation.disguises --count 3000 --start 0
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections import Counter

from tests.support.oracles.any_disguise import attempt


def main() -> None:
    """Count the verdicts; print what went wrong, and end with 1 if anything did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--start", type=int, default=0)
    asked = parser.parse_args()
    warnings.simplefilter("ignore", FutureWarning)
    counts: Counter[str] = Counter()
    for seed in range(asked.start, asked.start + asked.count):
        outcome = attempt(seed)
        counts[outcome.verdict.partition(":")[0]] += 1
        if outcome.verdict not in ("same", "named"):
            print(seed, *outcome.disguises, outcome.verdict)
    print(dict(counts))
    sys.exit(0 if set(counts) <= {"same", "named"} else 1)


if __name__ == "__main__":
    main()
