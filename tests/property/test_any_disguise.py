"""A clean study in disguise is read as what it is, or refused by name; `validation/disguises.py` tries thousands."""

from __future__ import annotations

import pytest

from tests.support.oracles.any_disguise import attempt


@pytest.mark.parametrize("seed", range(25))
def test_a_disguised_file_is_never_silently_different(seed: int) -> None:
    assert attempt(seed).verdict in ("same", "named")
