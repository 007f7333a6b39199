"""Two runs side by side, as tables."""

from __future__ import annotations

import io
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from dnt_cli.diff import compare
from dnt_cli.diff.tables import difference_frame, difference_tables, distinct_names
from dnt_cli.errors import DataError
from dnt_cli.stagefile.container import Provenance, Stage, read_stage, write_stage
from dnt_cli.stagefile.result import Content
from dnt_cli.study import Study, parse_study
from dnt_cli.tables import Table
from tests.support.differing import NAN, effect, imputed, odds
from tests.support.studies import BASE, changed


@pytest.fixture(scope="module")
def study() -> Study:
    return parse_study(BASE)


@pytest.mark.parametrize(
    ("a", "b", "names"),
    [
        ("old.parquet", "new.parquet", ("old.parquet", "new.parquet")),
        ("old/t3.parquet", "t3.parquet", ("old/t3.parquet", "t3.parquet")),
        ("/data/x/run1/t3.parquet", "/data/x/run2/t3.parquet", ("run1/t3.parquet", "run2/t3.parquet")),
        ("C:\\run1\\t3.parquet", "C:\\run2\\t3.parquet", ("run1/t3.parquet", "run2/t3.parquet")),
        ("t3.parquet", "t3.parquet", ("t3.parquet", "t3.parquet")),
    ],
)
def test_names_are_as_short_as_they_can_be(a: str, b: str, names: tuple[str, str]) -> None:
    assert distinct_names(a, b) == names


def stage(study: Study, frame: pd.DataFrame, seed: int, kind: str = "estimates", **extra: Any) -> Stage:
    """A stage file as it is read."""
    stream = io.BytesIO()
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    write_stage(stream, kind, study, Content([table], extra), Provenance("fit-t3", {"seed": seed}, "a" * 64))
    return read_stage(stream.getvalue(), "t3.parquet", [kind], "dnt diff")


def texts(tables: list[Table]) -> dict[str, list[str]]:
    """First cell of each row -> the others, of the last table."""
    return {row[0].text: [cell.text for cell in row[1:]] for s in tables[-1].sections for row in s.rows}


def columns() -> dict[str, float]:
    return {"n_persons": 30.0, "m": 5.0}


def shown(study: Study, a: list[dict[str, Any]], b: list[dict[str, Any]], **options: Any) -> list[Table]:
    size = columns()
    one, two = (stage(study, pd.DataFrame([row | size for row in rows]), i) for i, rows in enumerate((a, b)))
    return difference_tables(compare(one, two, ("a.parquet", "b.parquet")), "en", **options)


def test_effects_as_a_table(study: Study) -> None:
    none = dict.fromkeys(("estimate", "std_error", "df", "p_value", "beta", "beta_se"), NAN)
    a = [odds(0.0, 0.5), effect("score", p_value=0.04), effect("rung"), effect("high", status="not estimable", **none)]
    b = [
        odds(0.5, 0.5, 0.06),
        effect("score", p_value=0.2, beta=0.19),
        effect("rung", beta_se=0.2),
        effect("high"),
        effect("hours", kind="probability", estimate=-0.123, std_error=0.05, p_value=0.01),
    ]
    tables = shown(study, a, b)
    assert tables[0].title == (
        "5 effects: 3 moved (largest shift 1.00 SE: Work, T2), 1 mark lost, 1 mark gained, 1 with another status, "
        "1 only in B."
    )
    #       scale   A       SE        B       SE       B-A      SE, %   change
    assert texts(tables) == {
        "Work": ["OR", "1.00", "(0.50)", "1.65*", "(0.82)", "+1.00", "", "* gained"],
        "Score": ["beta", "0.20**", "(0.10)", "0.19", "(0.10)", "-0.10", "", "** lost"],
        "High": ["beta", "#", "", "0.20", "(0.10)", "-", "-", "now ok"],
        "Hours": ["pct pt", "", "", "-12.3**", "(5.0)", "", "", "only in B"],
        "Rung": ["beta", "0.20", "(0.10)", "0.20", "(0.20)", "0.00", "+100", "SE +100%"],
    }
    tones = {row[0].text: row[-1].tone for s in tables[-1].sections for row in s.rows}
    assert (tones["Work"], tones["Score"], tones["Hours"], tones["Rung"]) == ("good", "good", "", "")
    assert [s.heading for s in tables[-1].sections] == [
        "Another conclusion", "Moved, same conclusion", "In one of the files",
    ]  # fmt: skip


def test_all_shows_what_is_the_same(study: Study) -> None:
    a = [effect("score"), odds(0.0, 0.5)]
    b = [effect("score"), odds(0.1, 0.5)]
    assert list(texts(shown(study, a, b))) == ["Work"]
    assert shown(study, a, b)[-1].notes[-1] == "1 not shown: --all shows all."
    assert list(texts(shown(study, a, b, everything=True))) == ["Work", "Score"]
    assert len(shown(study, a, a)) == 1
    assert shown(study, a, a)[0].title == (
        "2 effects: all the same. The numbers are the same; where they come from differs."
    )


def test_another_scale_is_named_in_the_cells(study: Study) -> None:
    b = effect("work", kind="probability", estimate=0.1, std_error=0.05)
    assert texts(shown(study, [odds(0.0, 0.5)], [b]))["Work"][1:] == [
        "1.00 OR", "(0.50)", "10.0 pct pt", "(5.0)", "-", "-", "other scale",
    ]  # fmt: skip


def test_checks_with_the_estimates_of_the_main_analysis_are_told_once(study: Study) -> None:
    def rows(beta: float, p_value: float) -> pd.DataFrame:
        own = [effect(beta=beta, verdict=""), effect(beta=beta, model="k", p_value=p_value, verdict="same")]
        return pd.DataFrame([row | columns() for row in own])

    labels = {"k": {"nl": "Holm", "en": "Holm"}}

    def told(p_value: float) -> list[Table]:
        pair = (rows(0.2, 0.9), rows(0.3, p_value))
        one, two = (stage(study, frame, i, "robustness", labels=labels) for i, frame in enumerate(pair))
        return difference_tables(compare(one, two, ("a", "b")), "en")

    assert list(texts(told(0.8))) == ["Score"]
    assert any(note.startswith("1 with the estimate of the main analysis") for note in told(0.8)[-1].notes)
    assert list(texts(told(0.04))) == ["Score (k)", "Score"]
    assert "(k) Holm." in told(0.04)[-1].notes


def test_imputations_as_a_table(study: Study) -> None:
    """Waves of one outcome stand together; each count beside what it is of."""
    a = imputed(1, 2)
    a["score_T0"], a["score_T2"] = a["score_T1"], a["score_T1"]
    b = a.assign(work_T0=[0, 0, 1] * 3, score_T1=a["score_T1"].mask(a["score_T1"] <= 1, 0.5), new=1)
    b["score_T0"], b["score_T2"] = b["score_T1"], b["score_T1"]
    one, two = (stage(study, frame, i, "imputations") for i, frame in enumerate((a, b)))
    tables = difference_tables(compare(one, two, ("a", "b")), "en")
    assert tables[0].title == (
        "3 persons in both; 1 of 15 answers differ; 6 of 6 imputed cells differ; 0 columns only in A, 1 only in B."
    )
    assert texts(tables) == {
        "work": ["T0", "1/3", "0/0", ""],
        "score": ["T0-T2", "0/9", "6/6", ""],
        "new": ["", "", "", "added"],
    }
    assert list(texts(difference_tables(compare(one, two, ("a", "b")), "en", everything=True))) == [
        "arm", "work", "score", "new",
    ]  # fmt: skip


def test_long_values_begin_where_they_differ(study: Study) -> None:
    other = parse_study(changed('levels = ["city", "town hall", "village"]', 'levels = ["city", "town hall", "farm"]'))
    frame = pd.DataFrame([effect() | columns()])
    tables = difference_tables(compare(stage(study, frame, 1), stage(other, frame, 1), ("a", "b")), "en")
    assert texts(tables)["covariates.place.levels"] == ["…l, village]", "…l, farm]"]
    assert "Same data, no other settings, same libraries." in tables[0].notes


def test_the_frame_has_all_digits_and_every_cause(study: Study) -> None:
    a, b = (pd.DataFrame([row | columns() for row in (effect(beta=beta), effect("work"))]) for beta in (0.2, 1 / 3))
    found = compare(stage(study, a, 1), stage(study, b, 2), ("a", "b"))
    frame = difference_frame(found)
    assert frame["part"].tolist() == ["origin", "origin", "origin", "estimates"]
    assert frame.loc[2, ["where", "item", "change", "a", "b"]].tolist() == ["fit-t3", "seed", "changed", "1", "2"]
    assert frame.loc[3, ["outcome", "a", "b", "change"]].tolist() == ["score", 0.2, 1 / 3, "moved"]
    whole = difference_frame(found, everything=True)
    assert whole.loc[4, ["outcome", "change"]].tolist() == ["work", "same"]


def test_other_kinds_are_refused_by_name(study: Study) -> None:
    frame = pd.DataFrame([effect() | columns()])
    one, two = stage(study, frame, 1), stage(study, frame, 1, "robustness")
    with pytest.raises(DataError, match=r"old holds effect estimates and new holds robustness checks; .* one kind"):
        compare(one, two, ("old", "new"))
