"""A study that runs in a moment, with canaries in its data: 30 persons, three waves, a score and two answers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.support.studies import study_text

STUDY = study_text(
    {
        "score": {
            "label": "Score [of all]", "kind": "linear", "hypothesis": "H1", "expected": "increase",
            "range": [0, 40000],
        },
        "work": {"label": "Works", "kind": "binary"},
        "high": {
            "label": "High score", "kind": "binary", "derive": {"source": "score", "rule": "at_least", "value": 31337},
        },
    },
    key="small",
    design={"intervention": "treated", "comparison": "control"},
    covariates={
        "place": {"kind": "categorical", "levels": ["town", "village"]},
        "age": {"kind": "continuous", "range": [16, 100]},
    },
    hypotheses={"H1": {"label": {"nl": "Hoger", "en": "Higher"}}},
    models={"controls": ["age"], "ladder": [["age"], []]},
    imputation={"m": 3, "iterations": 2},
    robustness={"checks": ["b", "c"]},
)  # fmt: skip


def survey() -> pd.DataFrame:
    """The data, as another program would write them; every id and the first score are canaries."""
    rng = np.random.default_rng(5)
    persons = 30
    rows = []
    for i in range(persons):
        level = rng.normal(0, 40)
        for t, wave in enumerate(("T0", "T1", "T2")):
            if t and rng.random() < 0.25:
                continue
            score = 31330 + level + rng.normal(0, 20) + 10 * t * (i % 2)
            rows.append(
                {
                    "id": f"CANARY-ID-{i + 70}",
                    "wave": wave,
                    "group": "treated" if i % 2 else "control",
                    "place": "town" if i % 3 else "village",
                    "age": 20 + i,
                    "score": 31337.125 if not rows else round(score, 3),
                    "work": int(rng.random() < 0.5) if rng.random() < 0.9 else None,
                }
            )
    return pd.DataFrame(rows).astype({"work": "Int64"})
