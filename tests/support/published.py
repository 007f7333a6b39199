"""The tables that the report prints: those that the example data is made from, and those that only tests compare."""

from __future__ import annotations

import csv
from importlib import resources
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "published"
FIGURE_OUTCOME = {
    "2": "work_any", "3": "work_gt12h", "4": "ladder_rung", "5": "ladder_rung", "6": "ladder_rung", "7": "debt",
    "8": "cut_spending", "9": "ends_meet_answer", "10": "goals_reached", "11": "sf12_physical", "12": "sf12_mental",
    "13": "dkl_distress", "14": "dkl_depression", "15": "dkl_anxiety", "16": "dkl_somatisation",
    "17": "locus_of_control", "18": "self_efficacy", "19": "contact_any", "20": "contact_weekly",
    "21": "social_support", "22": "fear_of_violence", "23": "violence_past_3m", "24": "cas_online",
}  # fmt: skip
"""Number of a figure of the report -> the outcome that it shows."""


def published(name: str) -> list[dict[str, str]]:
    """The rows of a table."""
    own = FOLDER / f"{name}.csv"
    source = own if own.exists() else resources.files("dnt_cli.synthetic") / "published" / own.name
    return list(csv.DictReader(source.read_text(encoding="utf-8").splitlines()))
