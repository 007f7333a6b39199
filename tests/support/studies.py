"""Study files to start from: one in which one thing at a time can be made wrong, and a small one."""

from __future__ import annotations

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

SMALL = """
[study]
key = "small"
title = "Small"
[design]
id = "id"
wave = "wave"
group = "group"
intervention = "treated"
comparison = "control"
waves = [{ key = "T0", months = 0 }, { key = "T1", months = 6 }]
baseline = "T0"
endpoint = "T1"
[outcomes.work]
label = "Works"
kind = "binary"
waves = ["T0", "T1"]
"""


def changed(old: str, new: str) -> str:
    """The study with one thing replaced."""
    assert BASE.count(old) == 1, old
    return BASE.replace(old, new)
