"""A group without answers at the endpoint: told beforehand, refused by the imputation, and # wherever effects stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.process import dnt
from tests.support.small import STUDY, survey

ALLOWED = ("--set", "imputation.allow_empty_arm=true")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Imputations of a survey in which nobody of the intervention group answered at T2."""
    path = tmp_path_factory.mktemp("empty-arm")
    frame = survey()
    frame.loc[(frame["wave"] == "T2") & (frame["group"] == "treated"), ["score", "work"]] = None
    frame.to_csv(path / "survey.csv", index=False)
    (path / "study.toml").write_text(STUDY, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def imputed(folder: Path) -> Path:
    made = dnt("impute", "survey.csv", "--study", "study.toml", *ALLOWED, "-o", "imputed.parquet", "-q", cwd=folder)
    assert made.code == 0, made.stderr
    return folder / "imputed.parquet"


def test_study_check_tells_it(folder: Path) -> None:
    said = dnt("study", "check", "study.toml", "survey.csv", cwd=folder).stdout.decode()
    assert "score: too few observed answers for an effect" in said
    assert "T2 0 of group 'treated'" in said
    assert "`dnt impute` stops there" in said


def test_impute_refuses_and_names_outcome_wave_group_and_setting(folder: Path) -> None:
    refused = dnt("impute", "survey.csv", "--study", "study.toml", "-o", "refused.parquet", cwd=folder)
    assert refused.code != 0
    for part in ("score at T2", "work at T2", "group 'treated'", "--set imputation.allow_empty_arm=true"):
        assert part in refused.stderr.replace("\n", " ")
    assert not (folder / "refused.parquet").exists()


@pytest.mark.parametrize(
    ("language", "reason"),
    [("en", "T2: 0 in the intervention group"), ("nl", "T2: 0 in de interventiegroep")],
)
@pytest.mark.parametrize("command", ["fit-t3", "fit-longitudinal"])
def test_effects_are_not_estimable_and_say_why(imputed: Path, command: str, language: str, reason: str) -> None:
    run = dnt(command, imputed.name, "--lang", language, "-q", cwd=imputed.parent)
    shown = run.stdout.decode()
    rows = [line for line in shown.splitlines() if line.startswith(("Score", "Works", "High"))]
    effects = [line for line in rows if ":" not in line]
    assert len(effects) == 3
    assert all("#" in line and "*" not in line for line in effects)
    assert shown.count(reason) == 2  # the yes/no table and that of scores
    assert run.code == 1  # nothing could be estimated


def test_robustness_shows_no_numbers_either(imputed: Path) -> None:
    run = dnt("robustness", imputed.name, "-q", "--format", "csv", cwd=imputed.parent)
    lines = run.stdout.decode().splitlines()
    place = lines[0].split(",").index("estimate")
    assert len(lines) > 6
    assert all(line.split(",")[place] == "" for line in lines[1:] if line.startswith("t3,"))
