"""The stages as functions: the bytes that the commands write, and results that show themselves."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import dnt_cli as dnt
from dnt_cli.errors import DataError, StudyError, UsageError
from tests.support.process import dnt as run
from tests.support.process import environment

PAGE = Path(__file__).parents[2] / "docs" / "notebook.md"


def test_each_function_gives_the_file_of_its_command(made: Path) -> None:
    imputed = dnt.impute(made / "survey.parquet")
    results = {
        "imputed": imputed,
        "t3": dnt.fit_endpoint(imputed),
        "longitudinal": dnt.fit_trend(imputed),
        "robustness": dnt.check_robustness(imputed),
        "description": dnt.describe(made / "survey.parquet"),
    }
    for name, result in results.items():
        assert result.content == (made / f"{name}.parquet").read_bytes(), name


def test_a_result_shows_itself_as_its_command_does(made: Path) -> None:
    t3 = dnt.read(made / "t3.parquet")
    shown = run("show", "t3.parquet", "--lang", "nl", cwd=made).check().text
    assert str(t3.tables("nl")).split() == shown.split()
    assert t3.tables("nl")._repr_html_().count("<table>") == len(t3.tables("nl")) == 2
    assert "Odds ratio" in t3._repr_html_()
    assert repr(t3) == "<dnt: effect estimates of the study small>"
    pd.testing.assert_frame_equal(t3.estimates, pd.read_parquet(made / "t3.parquet"))
    assert len(t3.rows()) == 3 < len(t3.rows(everything=True))
    with pytest.raises(UsageError, match="expected one of nl, en"):
        t3.tables("fr")
    with pytest.raises(AttributeError):
        t3.nothing  # noqa: B018


def test_a_saved_result_is_read_again(made: Path, tmp_path: Path) -> None:
    t3 = dnt.read(made / "t3.parquet")
    t3.save(tmp_path / "t3.parquet")
    assert dnt.read(tmp_path / "t3.parquet") == t3
    (tmp_path / "survey.parquet").write_bytes((made / "survey.parquet").read_bytes())
    with pytest.raises(DataError):
        t3.save(tmp_path / "survey.parquet")


def test_arguments_and_settings_are_those_of_the_command(made: Path, tmp_path: Path) -> None:
    words = "fit-t3 imputed.parquet --set significance.lenient=0.2 --outcomes score --controls age --level 0.9 --jobs 1"
    run(*words.split(), "-o", tmp_path / "t3.parquet", cwd=made).check()
    t3 = dnt.fit_endpoint(
        made / "imputed.parquet",
        settings={"significance.lenient": 0.2},
        outcomes=["score"],
        controls=["age"],
        level=0.9,
    )
    assert t3.content == (tmp_path / "t3.parquet").read_bytes()


def test_a_table_in_memory_is_a_survey(made: Path) -> None:
    table = pd.read_csv(made / "survey.csv")
    described = dnt.describe(table, study=made / "study.toml")
    pd.testing.assert_frame_equal(described.rows(), dnt.describe(made / "survey.csv", study=made / "study.toml").rows())
    with pytest.raises(UsageError, match='add study="FILE"'):
        dnt.describe(table)


def test_a_description_has_the_blocks_of_the_study_as_the_command_has(tmp_path: Path) -> None:
    run("example", "-o", "survey.parquet", cwd=tmp_path).check()
    run("describe", "survey.parquet", "-o", "description.parquet", cwd=tmp_path).check()
    found = dnt.describe(tmp_path / "survey.parquet")
    assert found.content == (tmp_path / "description.parquet").read_bytes()
    assert "support_talents_qualities" in set(found.figures["variable"])


def test_what_is_wrong_says_what_to_do(made: Path) -> None:
    with pytest.raises(DataError, match="needs imputed data sets"):
        dnt.fit_endpoint(made / "survey.parquet")
    with pytest.raises(UsageError, match="expected one of pmm, norm, forest"):
        dnt.impute(made / "survey.parquet", method="mice")
    with pytest.raises(UsageError, match="outcomes wrok: unknown"):
        dnt.fit_endpoint(made / "imputed.parquet", outcomes=["wrok"])
    with pytest.raises(UsageError, match="moderators plaec: unknown"):
        dnt.fit_trend(made / "imputed.parquet", moderators=["plaec"])
    with pytest.raises(StudyError):
        dnt.describe(made / "survey.csv", study=made / "nosuch.toml")


def test_importing_loads_nothing_and_offers_what_is_promised() -> None:
    code = "import sys, dnt_cli; print(*sorted(m for m in sys.modules if m.partition('.')[0] in ('pandas', 'dnt_cli')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment(), check=True)
    assert done.stdout == "dnt_cli\n"
    for name in dnt.__all__:
        assert getattr(dnt, name).__doc__
    with pytest.raises(AttributeError, match="has no attribute 'fit'"):
        dnt.fit  # noqa: B018


def test_the_page_on_notebooks_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its cells one after the other, as in a notebook; the example is made by the warm Python."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("subprocess.run", lambda words, **_: run(*words[1:], cwd=tmp_path).check())
    cells = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert len(cells) == 6
    names: dict[str, object] = {}
    for cell in cells:
        exec(cell, names)
    assert isinstance(names["checks"], dnt.AnalysisResult)
