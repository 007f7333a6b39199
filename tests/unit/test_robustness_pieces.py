"""How the work of robustness checks is shared over processes: all of it, once, in few pieces."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd
import pytest

from dnt_cli.imputation import Settings
from dnt_cli.robustness.sources import DataSets, NewImputations, pieces


def _imputed(m: int, persons: int, **settings: Any) -> NewImputations:
    study: Any = None  # not looked at before anything is imputed
    return NewImputations((pd.DataFrame(index=range(persons)),), study, Settings(m=m, **settings))


@pytest.mark.parametrize("persons", [10, 1_000, 100_000])
@pytest.mark.parametrize("m", [1, 7, 50])
@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_every_reanalysis_gets_every_data_set_once_and_in_order(persons: int, m: int, jobs: int) -> None:
    wanted = [3, 4, 8, 9, 11]
    for source in (DataSets((pd.DataFrame(index=range(persons)),) * m), _imputed(m, persons)):
        found = pieces(source, wanted, jobs)
        given = [(one, number) for own, part in found for one in own for number in part]
        assert Counter(given) == Counter((one, number) for one in wanted for number in range(m))
        assert all([n for one, n in given if one == own] == list(range(m)) for own in wanted)


def test_sets_of_few_persons_are_fitted_together_and_their_reanalyses_shared() -> None:
    found = pieces(DataSets((pd.DataFrame(index=range(136)),) * 10), list(range(17)), 2)
    assert {part for _, part in found} == {range(10)}
    assert sorted(len(own) for own, _ in found) == [2, 2, 2, 2, 2, 2, 2, 3]


def test_sets_of_many_persons_are_fitted_apart() -> None:
    found = pieces(DataSets((pd.DataFrame(index=range(100_000)),) * 8), [0, 1], 2)
    assert found == [([0, 1], range(i, i + 1)) for i in range(8)]


def test_imputations_are_made_in_one_piece_per_process_but_where_they_take_long() -> None:
    assert [part for _, part in pieces(_imputed(50, 136), [0], 2)] == [range(25), range(25, 50)]
    assert len(pieces(_imputed(50, 136, method="forest"), [0], 2)) == 4
    assert len(pieces(_imputed(50, 100_000), [0], 2)) == 4
