"""A study with one questionnaire: the answers of twelve persons, also as an SPSS file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat

from tests.support.studies import TWO_WAVES, study_text

STUDY = study_text(
    {"self_efficacy": {"label": "Self-efficacy", "kind": "linear", "range": [10, 40]}},
    key="scored",
    waves=TWO_WAVES,
    design={
        "intervention": "treated",
        "comparison": "control",
        "intervention_label": {"nl": "Interventie", "en": "Intervention"},
    },
    covariates={
        "place": {
            "kind": "categorical",
            "levels": ["town", "village"],
            "level_labels": [{"nl": "stad", "en": "town"}, {"nl": "dorp", "en": "village"}],
        }
    },
    instruments={
        "gse": {"definition": "gse", "columns": "s{item}", "scales": {"self_efficacy": {"outcome": "self_efficacy"}}}
    },
)
ITEMS = [f"s{i}" for i in range(1, 11)]


def items() -> pd.DataFrame:
    """Twelve persons, two waves; codes for group and place; 8 and 9 are user-missing."""
    rng = np.random.default_rng(9)
    rows = 24
    frame = pd.DataFrame({"id": [f"CANARY-{i // 2 + 10}" for i in range(rows)], "wave": ["T0", "T1"] * 12})
    frame["group"] = [float(i // 2 % 2) for i in range(rows)]
    frame["place"] = [1.0 + (i // 4) % 2 for i in range(rows)]
    frame["extra"] = np.arange(rows) / 4
    answers = rng.integers(1, 5, (rows, 10)).astype(float)
    answers[3, :4] = 9  # too many
    answers[5, :3] = 8
    answers[7, 2] = np.nan
    return pd.concat([frame, pd.DataFrame(answers, columns=ITEMS)], axis=1)


def write_sav(path: Path, frame: pd.DataFrame) -> None:
    labels = {item: {1.0: "never", 4.0: "always", 8.0: "no idea", 9.0: "refused"} for item in ITEMS if item in frame}
    labels |= {"group": {0.0: "control", 1.0: "Interventie"}, "place": {1.0: "Stad", 2.0: "dorp"}}
    pyreadstat.write_sav(
        frame,
        str(path),
        variable_value_labels={c: v for c, v in labels.items() if c in frame},
        column_labels={"s1": "Item one"},
        missing_ranges={item: [8, 9] for item in ITEMS if item in frame},
    )
