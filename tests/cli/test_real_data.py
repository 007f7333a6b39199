"""The examples on real data, end to end; imputations to and from R's mice, with R itself."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.support.examples import prepared
from tests.support.process import dnt, together

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
REFERENCE = ROOT / "tests" / "reference" / "house"


@pytest.fixture(scope="module", params=["btheb", "bacteria"])
def example(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Every stage on an example."""
    folder = prepared(request.param, tmp_path_factory.mktemp(request.param))
    commands = (
        "study check study.toml survey.csv",
        "impute survey.csv --study study.toml -m 4 -o imputed.parquet --jobs 1",
        "fit-t3 imputed.parquet -o t3.parquet --jobs 1",
        "fit-longitudinal imputed.parquet -o longitudinal.parquet --jobs 1",
        "robustness imputed.parquet -o robustness.parquet --checks b,c --jobs 1",
        "describe survey.csv --study study.toml -o description.parquet",
    )
    for run in together([(tuple(command.split()), folder) for command in commands]):
        run.check()
    return request.param, folder


def test_every_outcome_has_an_answer(example: tuple[str, Path]) -> None:
    name, folder = example
    outcomes = {"btheb": ["bdi", "no_depression"], "bacteria": ["present"]}[name]
    persons = {"btheb": 100, "bacteria": 50}[name]
    for stage, effect in (("t3", "group"), ("longitudinal", "group:wave")):
        estimates = pd.read_parquet(folder / f"{stage}.parquet")
        rows = estimates[estimates["term"] == effect]
        assert sorted(rows["outcome"]) == sorted(outcomes)
        for _, row in rows.iterrows():
            assert row["n_persons"] == persons
            assert row["m"] == 4
            answered = row["status"] != "not estimable"
            assert answered or row["message"]
            assert np.isfinite(row["estimate"]) == answered
            assert np.isfinite(row["p_value"]) == answered


def test_observed_only_is_the_model_of_the_reference(example: tuple[str, Path]) -> None:
    """Check (c) through all stages equals R's lm on the complete cases."""
    name, folder = example
    rows = pd.read_parquet(folder / "robustness.parquet")
    observed = rows[(rows["model"] == "c") & (rows["analysis"] == "t3")].set_index("outcome")
    if name == "bacteria":
        assert observed.loc["present", "n_persons"] == 44
        return
    expected = json.loads((REFERENCE / "house_expected.json").read_text(encoding="utf-8"))["complete_case"]
    assert observed.loc["bdi", "estimate"] == pytest.approx(expected["estimate"][1], rel=1e-8)
    assert observed.loc["bdi", "std_error"] == pytest.approx(expected["std_error"][1], rel=1e-8)
    assert observed.loc["bdi", "n_persons"] == 52


def test_observed_cells_stay_and_imputed_ones_are_possible(example: tuple[str, Path]) -> None:
    name, folder = example
    frame = pd.read_parquet(folder / "imputed.parquet")
    outcome, values = {"btheb": ("bdi", range(64)), "bacteria": ("present", (0, 1))}[name]
    columns = [c for c in frame.columns if c.startswith(f"{outcome}_")]
    observed = frame[frame[".imp"] == 0][columns].to_numpy(float)
    assert np.isnan(observed).any()
    for number in range(1, 5):
        completed = frame[frame[".imp"] == number][columns].to_numpy(float)
        np.testing.assert_array_equal(completed[~np.isnan(observed)], observed[~np.isnan(observed)])
        assert np.isin(completed, list(values)).all()


def compared(run_csv: bytes, outcome: str, expected: dict[str, Any], rtol: float) -> None:
    row = pd.read_csv(io.BytesIO(run_csv)).set_index("outcome").loc[outcome]
    place = next(i for i, term in enumerate(expected["term"]) if term in ("group", 'I(treatment == "BtheB")TRUE'))
    for name in ("estimate", "std_error", "df"):
        assert row[name] == pytest.approx(expected[name][place], rel=rtol)


def test_mice_reads_and_pools_our_imputations(rscript: str, tmp_path: Path) -> None:
    """dnt impute, dnt convert, then R: read.csv, as.mids, with, pool."""
    folder = prepared("btheb", tmp_path)
    dnt(
        "impute", "survey.csv", "--study", "study.toml", "-m", "6", "-o", "i.parquet", "--jobs", "1", cwd=folder
    ).check()
    dnt("convert", "i.parquet", "-o", "i.csv", cwd=folder).check()
    script = [rscript, str(REFERENCE / "pool_imputations.R"), "i.csv", "pooled.json"]
    subprocess.run(script, cwd=folder, check=True, capture_output=True, timeout=120)
    pooled = json.loads((folder / "pooled.json").read_text(encoding="utf-8"))
    assert pooled["m"] == 6
    run = dnt("fit-t3", "i.parquet", "--format", "csv", "--jobs", "1", cwd=folder).check()
    compared(run.stdout, "bdi", pooled["linear"], 1e-8)
    compared(run.stdout, "no_depression", pooled["binary"], 1e-8)


MICE = """
suppressPackageStartupMessages({library(mice); library(jsonlite)})
wide <- read.csv("btheb.csv", stringsAsFactors = TRUE)
names(wide)[5:9] <- paste0("bdi_T", 0:4)
predictors <- make.predictorMatrix(wide); predictors[, "id"] <- 0
imp <- mice(wide, m = 3, maxit = 2, seed = 7, predictorMatrix = predictors, printFlag = FALSE)
write.csv(complete(imp, action = "long", include = TRUE), "mice.csv", row.names = FALSE)
s <- summary(pool(with(imp, lm(bdi_T4 ~ I(treatment == "BtheB") + bdi_T0 + drug + length))))
write_json(list(term = as.character(s$term), estimate = s$estimate, std_error = s$std.error, df = s$df),
           "pooled.json", digits = I(15))
"""


def test_we_read_and_pool_the_imputations_of_mice(rscript: str, tmp_path: Path) -> None:
    """R: mice, complete, write.csv, pool; then dnt fit-t3 --study, and through a stage file the same."""
    folder = prepared("btheb", tmp_path)
    (folder / "btheb.csv").write_bytes((EXAMPLES / "btheb" / "btheb.csv").read_bytes())
    (folder / "mice.R").write_text(MICE, encoding="utf-8")
    subprocess.run([rscript, "mice.R"], cwd=folder, check=True, capture_output=True, timeout=120)
    pooled = json.loads((folder / "pooled.json").read_text(encoding="utf-8"))
    direct = dnt("fit-t3", "mice.csv", "--study", "study.toml", "--format", "csv", "--jobs", "1", cwd=folder).check()
    compared(direct.stdout, "bdi", pooled, 1e-6)
    dnt("convert", "mice.csv", "--study", "study.toml", "-o", "mice.parquet", cwd=folder).check()
    stage = dnt("fit-t3", "mice.parquet", "--format", "csv", "--jobs", "1", cwd=folder).check()
    assert stage.stdout == direct.stdout
