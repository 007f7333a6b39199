"""The persons behind the numbers of a description."""

from __future__ import annotations

import re
from functools import cache

import pytest

from dnt_cli.description.run import describe
from dnt_cli.description.tables import description_tables
from dnt_cli.study import Study
from dnt_cli.survey import cast_survey
from dnt_cli.synthetic import example_study, generate
from dnt_cli.tables import Cell, Table, mean_of, named, resting, share_of, together
from dnt_cli.wording import Wording


@cache
def tables() -> tuple[Study, list[Table]]:
    study = example_study()
    return study, description_tables(describe(cast_survey(generate(), study)[0], study), Wording(study, "en"))


def cells() -> list[tuple[str, Cell]]:
    return [(row[0].text, c) for table in tables()[1] for s in table.sections for row in s.rows for c in row[1:]]


def test_every_number_of_a_description_has_its_persons() -> None:
    without = [f"{label}: {cell.text}" for label, cell in cells() if re.search(r"\d", cell.text) and not cell.counts]
    assert without == []


def test_a_count_that_is_shown_is_the_part_behind_it() -> None:
    for _, cell in cells():
        found = re.fullmatch(r"(\d+) \((\d+\.\d)%\)", cell.text)
        if found and cell.counts and len(cell.counts.parts) == 1:
            part = cell.counts.parts[0]
            assert int(found[1]) == part.some.n
            shown = 100 * part.some.n / part.whole.n
            assert float(found[2]) in (pytest.approx(shown, abs=0.0501), pytest.approx(100 - shown, abs=0.0501))


def test_a_group_has_the_same_name_and_size_in_every_table() -> None:
    sizes: dict[object, set[int]] = {}
    for _, cell in cells():
        for people in cell.counts.groups if cell.counts else ():
            sizes.setdefault(people.who, set()).add(people.n)
    assert [who for who, found in sizes.items() if len(found) > 1] == []
    assert len(sizes) > 500


def test_outcomes_of_the_same_answers_are_named_by_those_answers() -> None:
    names = {part.some.who for _, cell in cells() if cell.counts for part in cell.counts.parts}
    easy = named([("group", "control"), ("ends_meet_answer@T0", ("4", "5"))])
    assert easy in names
    own = [dict(who) for who in names if "attendance" not in dict(who)]
    normal = [who for who in own if who.get("dkl_distress@T0") == ("interval 0",)]
    assert len(normal) == 3  # not elevated and the class normal are one name, in each group and in both


def test_the_fewest_are_also_looked_for_in_the_rest_of_a_group() -> None:
    assert share_of([("a", "1")], 95, [("a", ("0", "1"))], 100).fewest == 5
    assert resting([], 8).fewest == 8


def test_a_standard_deviation_of_one_person_is_none() -> None:
    assert [total.total for total in mean_of([], 1, "x", 3.0, float("nan")).totals] == [3.0, 9.0]


def test_nothing_is_known_of_a_number_made_of_one_that_nothing_is_known_of() -> None:
    assert together([resting([], 10), None]) is None
    both = together([resting([("group", "a")], 10, df=20), resting([("group", "b")], 4, df=12)])
    assert both is not None
    assert (both.fewest, both.df) == (4, 12)
