"""Study files to start from: one in which one thing at a time can be made wrong, and a small one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.support.oracles.any_study import toml

Part = Mapping[str, Any]

BASE = """\
schema = 1

[study]
key = "base"
title = { nl = "Basis", en = "Base" }

[design]
id = "person"
wave = "round"
group = "arm"
site = "town"
intervention = "treated"
comparison = "control"
waves = [
  { key = "T0", months = 0 },
  { key = "T1", months = 6 },
  { key = "T2", months = 12 },
]
baseline = "T0"
endpoint = "T2"

[hypotheses.H1]
label = "More"

[outcomes.work]
label = "Work"
kind = "binary"
waves = ["T0", "T1", "T2"]
hypothesis = "H1"

[outcomes.hours]
label = "Hours"
kind = "binary"
waves = ["T0", "T1", "T2"]
conditional_on = "work"

[outcomes.score]
label = "Score"
kind = "linear"
waves = ["T0", "T1", "T2"]
range = [0, 100]

[outcomes.rung]
label = "Rung"
kind = "ordinal"
waves = ["T0", "T2"]
role = "descriptive"

[outcomes.high]
label = "High"
kind = "binary"
waves = ["T0", "T1", "T2"]
derive = { source = "score", rule = "at_least", value = 50 }

[covariates.place]
label = "Place"
kind = "categorical"
levels = ["city", "town hall", "village"]

[covariates.age]
label = "Age"
kind = "continuous"
range = [16, 100]

[models]
controls = ["age", "place"]
ladder = [["age", "place"], ["age"], []]

[imputation]
m = 5

[robustness]
checks = ["b"]

[robustness.subsets.young]
label = "the young"
where = "age < 40"
"""


TWO_WAVES = {"T0": 0, "T1": 6}
# A study with column names and group codes of its own, as the descriptions and the figures have it.
OWN_NAMES = {"id": "who", "wave": "when", "group": "arm", "intervention": "new", "comparison": "old"}
OWN_LABELS = {
    "intervention_label": {"nl": "Nieuw", "en": "New"},
    "comparison_label": {"nl": "Gewoon", "en": "Usual"},
}
STEP = {
    "label": {"nl": "Trede", "en": "Step"}, "kind": "ordinal", "role": "descriptive", "waves": ["A", "B"],
    "range": [1, 3], "level_labels": [
        {"nl": "onder", "en": "bottom"}, {"nl": "tussen", "en": "middle"}, {"nl": "boven", "en": "top"},
    ],
}  # fmt: skip


def changed(old: str, new: str) -> str:
    """The study with one thing replaced."""
    assert BASE.count(old) == 1, old
    return BASE.replace(old, new)


def study_text(
    outcomes: Mapping[str, Part],
    *,
    key: str = "made",
    waves: Mapping[str, float] | None = None,
    study: Part | None = None,
    design: Part | None = None,
    covariates: Mapping[str, Part] | None = None,
    **sections: Part,
) -> str:
    """The text of a study file.

    Args:
        outcomes: Per outcome what is said of it; without `label` and `waves` it has its key as label, and all waves.
        key: Of the study, which is also its title.
        waves: Months since the first, per wave; T0, T1 and T2 half a year apart unless given.
        study: Further keys of the study, or another title.
        design: Further keys of the design, or other values: the groups are i and c, the endpoint is the last wave.
        covariates: Per covariate what is said of it; without `label` it has its key as label.
        sections: What else the file holds, such as `models`.
    """
    waves = waves or {"T0": 0, "T1": 6, "T2": 12}
    names = list(waves)
    head: dict[str, Any] = {"id": "id", "wave": "wave", "group": "group", "intervention": "i", "comparison": "c"}
    head["waves"] = [{"key": wave, "months": months} for wave, months in waves.items()]
    head |= {"baseline": names[0], "endpoint": names[-1]}
    raw: dict[str, Any] = {
        "schema": 1,
        "study": {"key": key, "title": key.capitalize()} | dict(study or {}),
        "design": head | dict(design or {}),
    }
    raw["outcomes"] = {
        k: {"label": k.capitalize(), "kind": part["kind"], "waves": names} | dict(part) for k, part in outcomes.items()
    }
    if covariates:
        raw["covariates"] = {k: {"label": k.capitalize()} | dict(part) for k, part in covariates.items()}
    return toml(raw | sections)


SMALL = study_text(
    {
        "work": {"label": "Works", "kind": "binary"},
    },
    key="small",
    waves=TWO_WAVES,
    design={"intervention": "treated", "comparison": "control"},
)
