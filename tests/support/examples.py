"""The examples with published data, converted as their users do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

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
