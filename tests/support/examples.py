"""The examples with published data, converted as their users do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd

from dnt_cli.study import Study, load_study

EXAMPLES = Path(__file__).parents[2] / "examples"


def prepared(name: str, folder: Path) -> Path:
    """An example's folder with its data converted as its users do."""
    (folder / "study.toml").write_bytes((EXAMPLES / name / "study.toml").read_bytes())
    converter = [
        sys.executable,
        str(EXAMPLES / name / "convert.py"),
        str(EXAMPLES / name / f"{name}.csv"),
        "survey.csv",
    ]
    subprocess.run(converter, cwd=folder, check=True, timeout=60)
    return folder


def imputed_trial() -> tuple[Study, pd.DataFrame]:
    """The study of Beat the Blues, and its imputations by R's mice, of which R's models are the expected values."""
    path = Path(__file__).parents[1] / "reference" / "effects" / "imputed.csv"
    frame = pd.read_csv(path, dtype={"id": str}, keep_default_na=False, na_values=[""])
    return load_study(str(EXAMPLES / "btheb" / "study.toml")), frame
