"""An attacker who reads only the released tables does not come near a count that is left out."""

from __future__ import annotations

import pytest

from dnt_cli.study.disclosure import CBS
from tests.support.oracles.disclosure_attack import attacked, subtracted

DUST = 1e-4


@pytest.mark.parametrize("seed", [0, 2, 4, 5])
def test_every_count_that_is_left_out_stays_within_wide_bounds(seed: int) -> None:
    found = list(attacked(seed))
    assert found
    for name, true, (low, high) in found:
        assert low - DUST <= true <= high + DUST, f"{name}: the attacker does not read what was released"
        small = min(true, abs(high)) < CBS.persons
        if small:
            assert high - low >= CBS.width - DUST, f"{name}: {true} is known within {low:.2f} to {high:.2f}"


@pytest.mark.parametrize("seed", [3, 9])
def test_nothing_of_a_woman_is_read_by_subtracting_a_release_without_her(seed: int) -> None:
    assert list(subtracted(seed)) == []
