"""The tables that the report prints: those that the example data is made from, and those that only tests compare."""

from __future__ import annotations

import csv
from importlib import resources
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "published"


def published(name: str) -> list[dict[str, str]]:
    """The rows of a table."""
    own = FOLDER / f"{name}.csv"
    source = own if own.exists() else resources.files("dnt_cli.synthetic") / "published" / own.name
    return list(csv.DictReader(source.read_text(encoding="utf-8").splitlines()))
