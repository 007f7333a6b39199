"""`--study` and `--set` with an imputations file: applied, refused by key, recorded; and results shown together."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from dnt_cli.wording import catalogue
from tests.support.process import Run, dnt, together


@pytest.fixture(scope="module")
def folder(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small study; a study file with other labels and controls, and one with another range."""
    place = tmp_path_factory.mktemp("reanalysis")
    shutil.copytree(made, place, dirs_exist_ok=True)
    text = (place / "study.toml").read_text(encoding="utf-8")
    relabelled = text.replace('label = "Score [of all]"', 'label = "Another label"')
    (place / "relabelled.toml").write_text(relabelled, encoding="utf-8")
    (place / "ranged.toml").write_text(text.replace("range = [16, 100]", "range = [15, 100]"), encoding="utf-8")
    return place


def test_what_concerns_the_analysis_is_applied_and_recorded(folder: Path) -> None:
    done = dnt(
        "fit-t3", "imputed.parquet", "--study", "relabelled.toml", "--set", "models.controls=[]", "-o", "other.parquet",
        "--jobs", "1", cwd=folder,
    ).check()  # fmt: skip
    assert "Another label" in done.text
    step = json.loads(dnt("info", "other.parquet", "--json", cwd=folder).check().text)["steps"][-1]
    assert step["settings"]["study_changes"][0] == "outcomes.score.label"
    assert step["settings"]["set"] == ["models.controls=[]"]
    assert len(step["settings"]["study_sha256"]) == 64


REFUSED = {
    "fit-t3 imputed.parquet --study nosuch.toml": (10, "There is no study file nosuch.toml"),
    "fit-longitudinal imputed.parquet --study nosuch.toml": (10, "There is no study file nosuch.toml"),
    "robustness imputed.parquet --study nosuch.toml": (10, "There is no study file nosuch.toml"),
    "fit-t3 imputed.parquet --study ranged.toml": (10, "covariates.age.range: [16, 100] in the file, [15, 100] asked"),
    "fit-longitudinal imputed.parquet --set imputation.seed=99": (10, "imputation.seed"),
    "robustness imputed.parquet --set outcomes.score.integer=true": (10, "outcomes.score.integer"),
    "convert imputed.parquet -o x.csv --set outcomes.score.integer=true": (10, "outcomes.score.integer"),
    "convert t3.parquet -o x.csv --study study.toml": (2, "--study changes nothing in t3.parquet"),
    "impute imputed.parquet --extend -m 9 -o y.parquet --set imputation.seed=9": (2, "leave out --set"),
    "describe imputed.parquet": (
        11,
        "needs survey answers, a row per person and wave: give the file that this one was",
    ),
}


def test_what_would_need_another_imputation_is_refused(folder: Path) -> None:
    runs: list[Run] = together([(tuple(command.split()), folder) for command in REFUSED])
    for done, (code, told) in zip(runs, REFUSED.values(), strict=True):
        done.check(code)
        assert told in done.stderr


def test_results_of_other_imputations_in_one_table_are_told_apart(folder: Path) -> None:
    dnt("impute", "survey.parquet", "-o", "seed.parquet", "--seed", "5", "--jobs", "1", cwd=folder).check()
    dnt("fit-longitudinal", "seed.parquet", "-o", "seeds.parquet", "--jobs", "1", "--level", "0.9", cwd=folder).check()
    both = dnt("show", "t3.parquet", "seeds.parquet", cwd=folder).check()
    assert "t3.parquet | seeds.parquet differ in where they come from: level 0.95 | 0.9; seed" in both.stderr
    assert dnt("show", "t3.parquet", "longitudinal.parquet", cwd=folder).check().stderr == ""


def test_results_of_other_data_are_not_shown_in_one_table(folder: Path) -> None:
    text = (folder / "survey.csv").read_text(encoding="utf-8").splitlines()
    (folder / "fewer.csv").write_text("\n".join(text[:-3]) + "\n", encoding="utf-8")
    dnt("impute", "fewer.csv", "--study", "study.toml", "-o", "fewer.parquet", "--jobs", "1", cwd=folder).check()
    dnt("fit-longitudinal", "fewer.parquet", "-o", "fewers.parquet", "--jobs", "1", cwd=folder).check()
    refused = dnt("show", "t3.parquet", "fewers.parquet", cwd=folder).check(11)
    assert "t3.parquet and fewers.parquet were made from different data" in refused.stderr
    forced = dnt("show", "t3.parquet", "fewers.parquet", "--force", "--lang", "nl", cwd=folder).check()
    assert "verschillen in herkomst: andere gegevens" in forced.stderr


def test_files_of_several_kinds_give_conclusions_unless_their_data_differ(folder: Path) -> None:
    (folder / "blank.csv").write_bytes((folder / "survey.csv").read_bytes() + b"\n")
    describe = ("describe", "survey.parquet", "-o", "description.parquet", "-q")
    other = ("describe", "blank.csv", "--study", "study.toml", "-o", "blank.parquet", "-q")
    for run in together([(describe, folder), (other, folder)]):
        run.check()
    show = ("show", "description.parquet", "t3.parquet", "--format")
    calls = [(*show, "table"), (*show, "json"), ("show", "t3.parquet", "blank.parquet")]
    shown, rows, refused = together([(call, folder) for call in calls])
    assert "Conclusions per hypothesis" in shown.check().text
    assert shown.stderr == ""
    assert {row["verdict"] for row in json.loads(rows.check().text)} <= set(catalogue("conclusions"))
    assert "t3.parquet and blank.parquet were made from different data" in refused.check(11).stderr
