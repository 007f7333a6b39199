"""The chain of stages: piped or one by one, with one process or two, the same bytes; files that others can read."""

from __future__ import annotations

import hashlib
import io
import json
import re
import stat
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from dnt_cli.study import read_builtin
from tests.support.process import dnt, pipe, together

KINDS = {
    "survey": "survey", "imputed": "imputations", "t3": "estimates", "longitudinal": "estimates",
    "robustness": "robustness", "description": "description",
}  # fmt: skip


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stages one by one, each in one process."""
    folder = tmp_path_factory.mktemp("alone")
    dnt("example", "-o", "survey.parquet", cwd=folder).check()
    dnt(
        *["impute", "survey.parquet", "-o", "imputed.parquet", "-m", "5", "--seed", "1", "--jobs", "1"], cwd=folder
    ).check()
    run = dnt(*["fit-t3", "imputed.parquet", "-o", "t3.parquet", "--jobs", "1", "--format", "csv"], cwd=folder).check()
    (folder / "t3.csv").write_bytes(run.stdout)
    return folder


def test_a_piped_chain_prints_a_csv_and_nothing_else(alone: Path, tmp_path: Path) -> None:
    """As typed by an analyst; piped, with more processes, it equals the stages run alone to the byte."""
    chain = ["example -o -", "impute - -o - -m 5 --seed 1 --jobs 2", "fit-t3 - --format csv --jobs 2"]
    *before, last = pipe([stage.split() for stage in chain], tmp_path)
    assert before[0].check().stderr == ""
    assert "Error" not in before[1].check().stderr
    frame = pd.read_csv(io.BytesIO(last.check().stdout))
    endpoint, follow_up = frame[frame["analysis"] == "t3"], frame[frame["analysis"] == "waves"]
    assert len(endpoint) + len(follow_up) == len(frame)
    assert endpoint["term"].eq("group").all()
    assert endpoint["outcome"].is_unique
    assert len(endpoint) == 23
    assert follow_up.loc[follow_up["term"] == "group", "wave"].eq("T4").all()
    assert last.stderr == ""
    assert last.stdout == (alone / "t3.csv").read_bytes()
    assert list(tmp_path.iterdir()) == []


def test_impute_writes_the_same_bytes_from_two_processes_to_a_pipe(alone: Path) -> None:
    survey = (alone / "survey.parquet").read_bytes()
    run = dnt(*["impute", "-", "-o", "-", "-m", "5", "--seed", "1", "--jobs", "2"], cwd=alone, stdin=survey).check()
    assert run.stdout == (alone / "imputed.parquet").read_bytes()


def test_another_seed_gives_other_imputations(made: Path) -> None:
    run = dnt(*["impute", "survey.parquet", "-o", "-", "--seed", "2", "--jobs", "1"], cwd=made).check()
    ours, other = pd.read_parquet(made / "imputed.parquet"), pd.read_parquet(io.BytesIO(run.stdout))
    observed = ours[".imp"] == 0
    pd.testing.assert_frame_equal(ours[observed], other[observed])
    assert not ours["score_T2"].equals(other["score_T2"])


@pytest.mark.parametrize(
    ("command", "file"),
    [
        ("fit-t3 imputed.parquet -o - --jobs 2", "t3"),
        ("fit-longitudinal imputed.parquet -o - --jobs 2", "longitudinal"),
    ],
)
def test_fits_write_the_same_bytes_whatever_the_processes(made: Path, command: str, file: str) -> None:
    assert dnt(*command.split(), cwd=made).check().stdout == (made / f"{file}.parquet").read_bytes()


def test_describe_writes_the_same_bytes_to_a_pipe(made: Path) -> None:
    run = dnt(*["describe", "-", "-o", "-"], cwd=made, stdin=(made / "survey.parquet").read_bytes()).check()
    assert run.stdout == (made / "description.parquet").read_bytes()


@pytest.mark.parametrize("name", KINDS)
def test_pandas_and_pyarrow_read_every_stage(made: Path, name: str) -> None:
    frame = pd.read_parquet(made / f"{name}.parquet")
    assert len(frame) > 0
    content = json.loads(pq.read_metadata(made / f"{name}.parquet").metadata[b"dnt"])
    assert content["kind"] == KINDS[name]
    assert content["schema"] == 1
    assert content["study"] == (made / "study.toml").read_text(encoding="utf-8")
    steps = [step["command"] for step in content["steps"]]
    chain = {
        "survey": ["convert"],
        "imputed": ["convert", "impute"],
        "t3": ["convert", "impute", "fit-t3"],
        "longitudinal": ["convert", "impute", "fit-longitudinal"],
        "robustness": ["convert", "impute", "robustness"],
        "description": ["convert", "describe"],
    }
    assert steps == chain[name]
    assert {"dnt", "numpy", "pandas", "pyarrow"} <= set(content["steps"][-1]["versions"])
    if sys.platform != "win32":
        assert stat.S_IMODE((made / f"{name}.parquet").stat().st_mode) == 0o600


def test_columns_of_the_stages(made: Path) -> None:
    survey = pd.read_parquet(made / "survey.parquet")
    assert list(survey.columns) == ["id", "wave", "group", "place", "age", "score", "work"]
    imputed = pq.ParquetFile(made / "imputed.parquet")
    frame = imputed.read().to_pandas()
    columns = [f"{outcome}_{wave}" for outcome in ("score", "work", "high") for wave in ("T0", "T1", "T2")]
    assert list(frame.columns) == [".imp", ".id", "id", "group", "place", "age", *columns]
    assert imputed.num_row_groups == 4
    assert frame[".imp"].value_counts().to_dict() == dict.fromkeys(range(4), 30)
    assert not frame[frame[".imp"] > 0].isna().any().any()
    estimates = pd.read_parquet(made / "t3.parquet")
    first = ["analysis", "model", "outcome", "hypothesis", "kind", "term", "estimate", "std_error", "statistic", "df"]
    assert list(estimates.columns[:10]) == first
    assert {"ubar", "b", "t", "riv", "lambda", "fmi", "controls", "engine", "status", "message"} <= set(
        estimates.columns
    )


def test_the_input_is_named_by_its_digest(made: Path) -> None:
    content = json.loads(pq.read_metadata(made / "t3.parquet").metadata[b"dnt"])
    assert content["steps"][-1]["input_sha256"] == hashlib.sha256((made / "imputed.parquet").read_bytes()).hexdigest()


def test_set_is_recorded_and_carried_on(folder: Path) -> None:
    commands = (
        "impute survey.parquet -o new.parquet --set imputation.m=2 --jobs 1",
        "fit-t3 new.parquet -o t3.parquet --set significance.lenient=0.2 --jobs 1",
        "info t3.parquet",
    )
    *_, info = [run.check() for run in together([(tuple(command.split()), folder) for command in commands])]
    content = json.loads(pq.read_metadata(folder / "t3.parquet").metadata[b"dnt"])
    assert content["overrides"] == ["imputation.m=2", "significance.lenient=0.2"]
    assert content["steps"][1]["settings"]["m"] == 2
    assert "--set        imputation.m=2" in info.text
    assert "--set        significance.lenient=0.2" in info.text


def test_show_prints_what_the_stage_printed(made: Path) -> None:
    fitted, shown = together([(("fit-t3", "imputed.parquet", "--jobs", "1"), made), (("show", "t3.parquet"), made)])
    assert shown.check().text == fitted.check().text
    assert "Score [of all]" in shown.text


def test_every_stage_shows_in_every_format(made: Path) -> None:
    files = ("imputed", "t3", "longitudinal", "robustness", "description")
    formats = ("csv", "json", "md", "tex", "html")
    calls = [(("show", f"{f}.parquet", "--format", form, "--lang", "nl"), made) for f in files for form in formats]
    calls += [(("show", f"{f}.parquet", "--format", "csv", "--raw"), made) for f in files]
    for run in together(calls):
        assert run.check().stdout
        if "json" in run.arguments:
            assert isinstance(json.loads(run.text), list)
        if "--raw" in run.arguments:
            assert len(pd.read_csv(io.BytesIO(run.stdout))) > 0


def test_a_study_file_to_start_from_is_in_order(tmp_path: Path) -> None:
    template, built_in, checked, again = together(
        [
            (("study", "init", "-o", "study.toml"), tmp_path),
            (("study", "init", "--like", "dnt"), tmp_path),
            (("study", "check", "study.toml"), tmp_path),
            (("study", "check", "dnt"), tmp_path),
        ]
    )
    assert "dnt study check study.toml DATA" in template.check().stderr
    assert checked.check().text == (
        "mystudy: 3 waves, 2 outcomes (2 tested), 2 covariates. The study file is in order.\n"
    )
    assert built_in.check().text == read_builtin("dnt")
    assert "The study file is in order." in again.check().text


def test_a_check_tells_what_fits(made: Path) -> None:
    text = dnt("study", "check", "study.toml", "survey.csv", cwd=made).check().text
    assert "survey.csv: 30 persons, 69 rows; it fits the study." in text
    assert re.search(r"Persons seen \(\w+ \+ \w+\): T0 30 \(\d+ \+ \d+\), T1 21 \(\d+ \+ \d+\), T2 18 \(", text)
    assert "work: 5.8% missing among the persons seen" in text  # 4 of 69


def test_convert_reads_a_pipe(made: Path, tmp_path: Path) -> None:
    survey, study = (made / "survey.csv").read_bytes(), made / "study.toml"
    dnt("convert", "-", "--study", study, "-o", "s.parquet", cwd=tmp_path, stdin=survey).check()
    assert (tmp_path / "s.parquet").read_bytes() == (made / "survey.parquet").read_bytes()
    dnt("convert", "-", "-o", "i.csv", cwd=tmp_path, stdin=(made / "imputed.parquet").read_bytes()).check()
    long = (tmp_path / "i.csv").read_bytes()
    dnt("convert", "-", "--study", study, "-o", "i.parquet", cwd=tmp_path, stdin=long).check()
    ours, again = (
        pq.read_table(folder / name) for folder, name in ((made, "imputed.parquet"), (tmp_path, "i.parquet"))
    )
    assert again.equals(ours)
