"""Beat the Blues: from one row per person, as HSAUR3 has it, to one row per person and wave."""

import sys

import pandas as pd

WAVES = {"bdi.pre": "T0", "bdi.2m": "T1", "bdi.3m": "T2", "bdi.5m": "T3", "bdi.8m": "T4"}


def convert(source: str, target: str) -> None:
    wide = pd.read_csv(source, dtype={"id": str})
    long = wide.melt(["id", "drug", "length", "treatment"], list(WAVES), var_name="wave", value_name="bdi")
    long["wave"] = long["wave"].map(WAVES)
    # A wave that a person missed has no row.
    long.dropna(subset=["bdi"]).sort_values(["id", "wave"]).to_csv(target, index=False)


if __name__ == "__main__":
    convert(sys.argv[1], sys.argv[2])
