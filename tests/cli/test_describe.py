"""`dnt describe` beyond the study file: further columns and other populations."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd

from tests.support.process import dnt, together


def test_further_columns_and_other_populations(tmp_path: Path) -> None:
    dnt("example", "-o", "survey.parquet", cwd=tmp_path).check()
    (tmp_path / "other.csv").write_text(
        "variable,level,population,statistic,value\nage,,NL women,mean,42.1\n", encoding="utf-8"
    )
    words = ("describe", "survey.parquet", "--reference", "other.csv", "--format", "csv")
    also = (*words, "--also", "support_cv*,match_group", "--set", "description={}", "--set", "published={}")
    run, blocks = together([(also, tmp_path), (words, tmp_path)])
    described = pd.read_csv(io.BytesIO(blocks.check().stdout)).query("table == 'further'")["variable"]
    assert len(set(described)) == 31  # the blocks of the study, without being asked for
    run.check()
    frame = pd.read_csv(io.BytesIO(run.stdout))
    further = frame[frame["table"] == "further"]
    assert set(further["variable"]) == {"support_cv_writing", "match_group"}
    not_followed = further[
        (further["variable"] == "support_cv_writing")
        & (further["level"] == "not_followed")
        & (further["group"] == "control")
        & (further["statistic"] == "pct")
    ].iloc[0]
    assert (not_followed["n"], not_followed["denominator"]) == (38, 43)  # Table 3.3 of the report
    assert frame.loc[frame["group"] == "NL women", "value"].tolist() == [42.1]


def test_an_unknown_further_column_is_said(tmp_path: Path) -> None:
    dnt("example", "-o", "survey.parquet", cwd=tmp_path).check()
    run = dnt("describe", "survey.parquet", "--also", "suport_*", cwd=tmp_path).check(2)
    assert "suport_*" in run.stderr
