"""An attacker who reads only the released tables does not come near a count that is left out."""

from __future__ import annotations

import pytest

from dnt_cli.study.disclosure import CBS
from tests.support.oracles.disclosure_attack import attacked, attended, forbidden, subtracted

DUST = 1e-4


@pytest.mark.parametrize(("seed", "report"), [(0, False), (2, False), (4, False), (5, False), (0, True), (5, True)])
def test_every_count_that_is_left_out_stays_within_wide_bounds(seed: int, report: bool) -> None:
    found = list(attacked(seed, report=report))
    assert found
    for name, true, of, (low, high) in found:
        assert low - DUST <= true <= high + DUST, f"{name}: the attacker does not read what was released"
        if forbidden(true, of):
            assert high - low >= CBS.width - DUST, f"{name}: {true} is known within {low:.2f} to {high:.2f}"


@pytest.mark.parametrize("seed", [3, 9])
def test_nothing_of_a_woman_is_read_by_subtracting_a_release_without_her(seed: int) -> None:
    assert list(subtracted(seed)) == []


@pytest.mark.parametrize("seed", [0, 3])
def test_who_was_seen_is_known_no_closer_than_from_the_numbers_of_answers(seed: int) -> None:
    found = list(attended(seed))
    assert found
    for name, true, (low, high), (least, most) in found:
        assert low <= true <= high, f"{name}: the attacker does not read what was released"
        assert high - low >= min(CBS.width, most - least), f"{name}: {true} is known within {low} to {high}"
