"""Any answers to questionnaires through `dnt score`: every score, count and alpha is what the published rules say."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tests.support.generated import the_same
from tests.support.oracles.any_answers import trial

# What must have been compared at least, so that the examples are not all refused.
LEAST = {"scores": 500, "no scores": 300, "counts": 150, "figures": 60, "round trips": 4, "refused": 2}


def test_any_answers() -> None:
    """Right or refused; never a traceback, an answer in a message, or a number that means nothing."""
    compared: Counter[str] = Counter()

    @the_same(22)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        compared.update(trial(data, Counter()))

    check()
    assert all(compared[what] >= count for what, count in LEAST.items()), compared
