"""Powers against R's power.prop.test and power.t.test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dnt_cli.power.comparisons import Means, Proportions

CASES = json.loads((Path(__file__).parent / "power_expected.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['kind']}-{c['a']}-{c['b']}-{c['n']}")
def test_power_equals_that_of_r(case: dict[str, Any]) -> None:
    if case["kind"] == "proportions":
        power = Proportions(case["a"], case["b"]).power("normal", 0.05)(case["n"], case["n"])
    else:
        power = Means(case["a"]).power("exact", 0.05)(case["n"], case["n"])
    assert power == pytest.approx(case["power"], abs=1e-8)
