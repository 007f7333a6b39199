"""What was observed per group beside every effect: against counting by hand, in the file and in the table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dnt_cli.effects.columns import LEVEL_COLUMNS, effect_rows
from dnt_cli.effects.notes import notes_of
from dnt_cli.effects.persons import behind_levels
from dnt_cli.effects.result import Estimates
from dnt_cli.effects.run import endpoint_effects, trend_effects
from dnt_cli.effects.tables import effect_tables
from dnt_cli.imputed.data import Completed
from dnt_cli.study import Language, Study, parse_study
from dnt_cli.tables import Persons
from dnt_cli.wording import Wording
from tests.support.robustness_study import OPTIONS, STUDY, complete, make_wide


@pytest.fixture(scope="module")
def study() -> Study:
    return parse_study(STUDY)


@pytest.fixture(scope="module")
def data(study: Study) -> Completed:
    return complete(make_wide(), study)[0]


@pytest.fixture(scope="module")
def rows(data: Completed) -> pd.DataFrame:
    parts = [endpoint_effects(data, OPTIONS).estimates, trend_effects(data, OPTIONS).estimates]
    return effect_rows(pd.concat(parts, ignore_index=True))


@pytest.mark.parametrize("analysis", ["t3", "longitudinal"])
@pytest.mark.parametrize("outcome", ["score", "work"])
def test_levels_are_those_of_the_answers(rows: pd.DataFrame, analysis: str, outcome: str) -> None:
    row = rows[(rows["analysis"] == analysis) & (rows["outcome"] == outcome)].iloc[0]
    groups = make_wide().groupby("group", observed=True)
    for place, wave in (("baseline", "T0"), ("endpoint", "T2")):
        for arm, code in (("intervention", "treated"), ("comparison", "control")):
            values = groups.get_group(code)[f"{outcome}_{wave}"].dropna()
            assert row[f"n_{place}_{arm}"] == len(values)
            assert row[f"{place}_{arm}"] == pytest.approx(values.mean())


def test_the_gap_of_what_was_imputed(rows: pd.DataFrame, data: Completed) -> None:
    wide = make_wide()
    missing = wide["score_T2"].isna()
    imputed = np.concatenate([own.loc[missing, "score_T2"] for own in data.sets])
    expected = (imputed.mean() - wide["score_T2"].mean()) / wide["score_T2"].std()
    assert rows[rows["outcome"] == "score"]["imputed_gap"].to_numpy() == pytest.approx([expected, expected])


def test_without_imputation_there_is_no_gap(study: Study) -> None:
    wide = make_wide()
    found = effect_rows(endpoint_effects(Completed(study, wide, (wide,)), OPTIONS).estimates)
    assert found["imputed_gap"].isna().all()
    assert found["endpoint_comparison"].notna().all()


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_table_has_both_groups_at_both_waves(rows: pd.DataFrame, study: Study, language: Language) -> None:
    table = effect_tables(rows[rows["kind"] == "binary"], Wording(study, language))[0]
    headings = [column.heading for column in table.columns]
    assert [heading[:2] for heading in headings[-2:]] == ["T0", "T2"]
    assert all(column.optional for column in table.columns[-2:])  # so that 80 columns are enough without them
    wide = make_wide()
    shares = [100 * wide.loc[wide["group"] == code, "work_T2"].mean() for code in ("treated", "control")]
    assert table.sections[0].rows[0][-1].text == " / ".join(f"{share:.0f}%" for share in shares)


def test_the_persons_behind_a_share_are_those_of_a_description(rows: pd.DataFrame, study: Study) -> None:
    row = rows[(rows["analysis"] == "t3") & (rows["outcome"] == "work")].iloc[0]
    counts = behind_levels(row, study, "endpoint", "T2")
    wide = make_wide()
    own = wide.loc[wide["group"] == "treated", "work_T2"].dropna()
    assert counts is not None
    assert counts.parts[0].some == Persons((("group", ("treated",)), ("work@T2", ("1",))), int(own.sum()))
    assert counts.parts[0].whole == Persons((("group", ("treated",)), ("work@T2", ("0", "1"))), len(own))


def test_what_was_imputed_far_from_the_answers_is_told(rows: pd.DataFrame, study: Study) -> None:
    own = rows[(rows["analysis"] == "t3") & (rows["kind"] == "linear")]
    for gap, told in ((0.9, False), (-1.2, True)):
        notes = {n.key: n.text for n in notes_of(own.assign(imputed_gap=gap), Wording(study, "en"))}
        assert ("effects.far_imputed" in notes) == told
    assert "Score (-1.2)" in notes["effects.far_imputed"].replace("−", "-")


def test_a_file_has_the_columns(data: Completed, study: Study) -> None:
    result = Estimates.of(study, endpoint_effects(data, OPTIONS), 0.95)
    (table,) = result.content().tables
    assert set(LEVEL_COLUMNS) <= set(table.column_names)
