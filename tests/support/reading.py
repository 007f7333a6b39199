"""The survey in a file of another program, read in one step; and a small clean one to disguise."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from dnt_cli.reading import Reading, examined, hints_of, prepare, read_table
from dnt_cli.study import Study

CASES = Path(__file__).parents[1] / "cases"
SMALL = (CASES / "25-trailing" / "study.toml").read_text(encoding="utf-8")


def read_survey(content: bytes, name: str, study: Study) -> Reading:
    """What `dnt impute` makes of the bytes of a file with this name."""
    return examined(prepare(read_table(content, name, hints_of(study)), study), study)


def names(reading: Reading, level: str = "error") -> list[str]:
    """What was found at this level, without the room in which the words stand."""
    return [f.name.partition(".")[2] for f in reading.findings if f.level == level]


def long_frame() -> pd.DataFrame:
    """The small clean survey, a row per person and wave."""
    frame = pd.read_csv(CASES / "25-trailing" / "space.csv", dtype={"id": str}, skipfooter=1, engine="python")
    return frame[frame["id"].str.strip() != ""].reset_index(drop=True)


def wide_frame(pattern: str) -> pd.DataFrame:
    """The same with a row per person, and its columns named by a pattern of outcome and wave."""
    frame = long_frame()
    parts = [frame.drop_duplicates("id").set_index("id")[["group", "site", "education", "age"]]]
    for wave in ("T0", "T1", "T2"):
        part = frame[frame["wave"] == wave].set_index("id")[["work", "wellbeing"]]
        parts.append(part.rename(columns=lambda k, w=wave: pattern.format(outcome=k, wave=w)))
    return pd.concat(parts, axis=1).reset_index(names="id")
