"""Bacteria: from MASS's layout with the weeks as numbers to waves, the two drug arms taken together."""

import sys

import pandas as pd


def convert(source: str, target: str) -> None:
    frame = pd.read_csv(source)
    frame["wave"] = "W" + frame["week"].astype(str)
    frame["group"] = frame["trt"].map(lambda arm: "placebo" if arm == "placebo" else "drug")
    frame["present"] = (frame["y"] == "y").astype(int)
    frame.rename(columns={"ID": "id", "hilo": "compliance"})[["id", "wave", "group", "compliance", "present"]].to_csv(
        target, index=False
    )


if __name__ == "__main__":
    convert(sys.argv[1], sys.argv[2])
