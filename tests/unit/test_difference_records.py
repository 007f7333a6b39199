"""Records and descriptions of two runs, told in counts."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from dnt_cli.diff.figures import figure_changes
from dnt_cli.diff.records import Overlap, RecordChanges
from dnt_cli.study import Study, parse_study
from tests.support.differing import NAN, imputed
from tests.support.studies import BASE


@pytest.fixture(scope="module")
def study() -> Study:
    return parse_study(BASE)


def survey() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "person": ["p1", "p1", "p2", "p3"],
            "round": ["T0", "T1", "T0", "T0"],
            "arm": pd.Categorical(["treated", "treated", "control", "control"]),
            "work": [1.0, NAN, 0.0, 1.0],
            "score": [50.0, 60.5, NAN, 70.0],
        }
    )


def records(a: pd.DataFrame, b: pd.DataFrame, study: Study) -> RecordChanges:
    schemas = tuple(pa.Schema.from_pandas(frame, preserve_index=False) for frame in (a, b))
    return RecordChanges.of(a, b, (study, study), schemas)


def counts(found: RecordChanges) -> dict[str, tuple[int, int]]:
    return {row["column"]: (row["differ"], row["cells"]) for row in found.columns.to_dict("records")}


def test_the_order_of_rows_does_not_matter(study: Study) -> None:
    found = records(survey(), survey().iloc[[3, 1, 0, 2]].reset_index(drop=True), study)
    assert set(found.columns["change"]) == {"same"}
    assert counts(found) == {"arm": (0, 4), "work": (0, 4), "score": (0, 4)}
    assert found.persons == Overlap(3, 0, 0)
    assert found.rows == Overlap(4, 0, 0)
    assert found.imputations is None


def test_cells_are_counted_once_and_gaps_are_values(study: Study) -> None:
    b = survey()
    b.loc[0, "score"] = 50.000001
    b.loc[1, "work"] = 1.0
    b.loc[2, "work"] = NAN
    b["arm"] = b["arm"].astype(str).mask(b["person"] == "p3", "treated")
    found = records(survey(), b, study)
    assert counts(found) == {"arm": (1, 4), "work": (2, 4), "score": (1, 4)}
    assert list(found.columns["change"]) == ["type", "values", "values"]


def test_persons_rows_and_columns_of_one_file(study: Study) -> None:
    a = survey().assign(old=1)
    b = survey().iloc[1:].assign(new=1.5, score=["60.5", "none", "70"])
    b.loc[3, "person"] = "p4"
    found = records(a, b, study)
    assert found.persons == Overlap(2, 1, 1)
    assert found.rows == Overlap(2, 2, 1)
    rows = found.columns.set_index("column")
    assert rows["change"].to_dict() == {
        "arm": "same",
        "work": "same",
        "score": "type",
        "new": "added",
        "old": "removed",
    }
    assert rows.loc["score", ["type_a", "type_b"]].tolist() == ["number", "text"]


def test_rows_that_share_their_keys_are_compared_in_their_order(study: Study) -> None:
    twice = pd.concat([survey(), survey().iloc[[0]].assign(score=1.0)], ignore_index=True)
    assert counts(records(twice, twice, study))["score"] == (0, 5)


def test_imputed_cells_are_told_from_answers(study: Study) -> None:
    found = records(imputed(1, 3), imputed(2, 3).sample(frac=1.0, random_state=1), study)
    row = found.columns.set_index("column").loc["score_T1"]
    assert (row["cells"], row["differ"], row["imputed"], row["imputed_differ"]) == (3, 0, 3, 3)
    assert (row["outcome"], row["wave"], row["change"]) == ("score", "T1", "values")
    assert found.imputations == (3, 3)
    assert found.columns.set_index("column").loc["work_T0", "change"] == "same"


def test_another_answer_is_no_imputed_cell(study: Study) -> None:
    other = imputed(1, 2)
    other.loc[other["person"] == "p1", "score_T1"] = 11.0
    found = records(imputed(1, 2), other, study)
    row = found.columns.set_index("column").loc["score_T1"]
    assert (row["differ"], row["imputed"], row["imputed_differ"]) == (1, 2, 0)


@pytest.mark.parametrize("kind", ["survey", "imputations"])
def test_nobody_in_both(study: Study, kind: str) -> None:
    a = survey() if kind == "survey" else imputed(1, 2)
    found = records(a, a.assign(person="x" + a["person"]), study)
    assert found.persons == Overlap(0, 3, 3)
    assert found.rows == Overlap(0, len(a), len(a))
    assert set(found.columns["cells"]) == {0}
    assert set(found.columns["change"]) == {"same"}


def test_fewer_imputations(study: Study) -> None:
    found = records(imputed(1, 3), imputed(1, 2), study)
    assert found.imputations == (3, 2)
    assert found.rows == Overlap(9, 3, 0)
    assert set(found.columns["change"]) == {"same"}


def figure(statistic: str = "mean", value: float = 1.5, n: int | None = 10, **keys: str) -> dict[str, Any]:
    row = {"table": "trend", "variable": "score", "level": "", "group": "all", "wave": "T0"}
    return row | keys | {"statistic": statistic, "value": value, "n": n, "denominator": None}


def figures(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(rows).astype({"value": float, "n": "Int64", "denominator": "Int64"})


def test_figures() -> None:
    a = figures(figure(), figure("sd"), figure("pct", 12.0, 3), figure("gone"), figure("noise", 1.0))
    b = figures(figure("noise", 1 + 1e-12), figure("new"), figure("pct", 12.0, 4), figure(value=1.6), figure("sd"))
    found = figure_changes(a, b)
    assert dict(zip(found["statistic"], found["change"], strict=True)) == {
        "noise": "within", "new": "only in B", "pct": "moved", "mean": "moved", "sd": "same", "gone": "only in A",
    }  # fmt: skip
    assert list(found["statistic"]) == ["noise", "new", "pct", "mean", "sd", "gone"]
    mean = found.set_index("statistic").loc["mean"]
    assert (mean["value_a"], mean["value_b"]) == (1.5, 1.6)


def test_a_missing_figure_equals_a_missing_figure() -> None:
    a = figures(figure(value=NAN, n=None))
    assert list(figure_changes(a, a)["change"]) == ["same"]
    assert list(figure_changes(a, figures(figure(n=None)))["change"]) == ["moved"]
