"""Any input through every command: a right answer, or a message; `validation/inputs.py` tries thousands."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.generated import the_same
from tests.support.oracles.any_trial import trial

# What must have been compared at least, so that the examples are not all refused.
EXAMPLES = {
    "tables": (50, {"surveys": 10, "round trips": 5, "described figures": 1000, "imputations": 5, "estimates": 20}),
    "descriptions": (12, {"described figures": 2000, "described cells": 500}),
    "studies": (25, {"refused studies": 5}),
    "bytes": (80, {"files": 80}),
    "answers": (12, {"scores": 20}),
    "records": (26, {"register figures": 2000, "joined figures": 500, "refused": 3}),
}


@pytest.mark.parametrize("kind", EXAMPLES)
def test_any_input(kind: str) -> None:
    """Right or refused; never a traceback, a value of a person in a message, or a number that means nothing."""
    number, least = EXAMPLES[kind]
    counts: Counter[tuple[str, int]] = Counter()
    compared: Counter[str] = Counter()

    @the_same(number)
    @given(st.data())
    def compare(data: st.DataObject) -> None:
        compared.update(trial(data, kind, counts))

    compare()
    assert all(compared[what] >= count for what, count in least.items()), (compared, counts)
