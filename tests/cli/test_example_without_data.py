"""The example data with too little of one group: # and the reason in every command that shows effects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.support.process import dnt

WAYS = ("no-endpoint", "no-wave", "one-person", "four-answers")
SHOWN = "debt,sf12_mental"
# What each way leaves, in both languages; the endpoint is T3.
REASONS = {
    "no-endpoint": ("T3: 0 in the intervention group", "T3: 0 in de interventiegroep"),
    "no-wave": ("T1: 0 in the comparison group", "T1: 0 in de vergelijkingsgroep"),
    "one-person": ("T3: 1 in the intervention group", "T3: 1 in de interventiegroep"),
    "four-answers": ("T3: 4 in the intervention group", "T3: 4 in de interventiegroep"),
}

# Marks in the tables of the endpoint beside the follow-up, of two outcomes.
BESIDE = {"no-endpoint": 2, "no-wave": 0, "one-person": 4, "four-answers": 2}


def lacking(survey: pd.DataFrame, way: str) -> pd.DataFrame:
    treated = survey["group"] == "intervention"
    at_endpoint = treated & (survey["wave"] == "T3")
    keep: dict[str, Callable[[], pd.Series]] = {
        "no-endpoint": lambda: ~at_endpoint,
        "no-wave": lambda: treated | (survey["wave"] != "T1"),
        "one-person": lambda: ~treated | (survey["id"] == survey.loc[treated, "id"].iloc[0]),
        "four-answers": lambda: ~at_endpoint | survey.index.isin(survey.index[at_endpoint][:4]),
    }
    return survey[keep[way]()]


@pytest.fixture(scope="module", params=WAYS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Imputations of the example without those data, and both analyses of them."""
    way, path = str(request.param), tmp_path_factory.mktemp("lacking")
    dnt("example", "-o", "example.parquet", "-q", cwd=path).check()
    lacking(pd.read_parquet(path / "example.parquet"), way).to_csv(path / "survey.csv", index=False)
    dnt(
        "impute", "survey.csv", "--study", "dnt", "-m", "2", "--iterations", "1", "--jobs", "1", "-q",
        "--set", "imputation.allow_empty_arm=true", "-o", "imputed.parquet", cwd=path,
    ).check()  # fmt: skip
    return way, path


@pytest.mark.parametrize(("language", "place"), [("en", 0), ("nl", 1)])
def test_effects_are_not_estimable_and_say_why(made: tuple[str, Path], language: str, place: int) -> None:
    way, path = made
    reason, endpoint = REASONS[way][place], way != "no-wave"
    beside = BESIDE[way]
    for command, lacks in (("fit-t3", endpoint), ("fit-longitudinal", True)):
        run = dnt(
            command, "imputed.parquet", "--outcomes", SHOWN, "--lang", language, "--jobs", "1", "--force",
            "-o", f"{command}.parquet", cwd=path,
        ).check(int(lacks))  # fmt: skip
        assert run.text.count("#") == 2 * lacks + (beside if command == "fit-t3" else 0)
        assert (reason in run.text) is lacks
    both = ("fit-t3.parquet", "fit-longitudinal.parquet")
    shown = dnt("show", *both, "--lang", language, "--figure", "effects.svg", "--force", cwd=path).check()
    assert shown.text.count("#") == (4 if endpoint else 2) + beside
    assert reason in shown.text
    said = "niet te schatten" if language == "nl" else "not estimable"
    assert (path / "effects.svg").read_text(encoding="utf-8").count(f">{said}</text>") == (4 if endpoint else 2)


@pytest.mark.parametrize(("language", "place"), [("en", 0), ("nl", 1)])
def test_robustness_says_why_too(made: tuple[str, Path], language: str, place: int) -> None:
    way, path = made
    run = dnt("robustness", "imputed.parquet", "--checks", "k", "--lang", language, "--jobs", "1", cwd=path)
    run.check(int(way == "one-person"))  # then none of the effects can be estimated
    assert REASONS[way][place] in run.text
    rows = [line for line in run.text.splitlines() if line.startswith(("SF12", "Physical health", "Mental health"))]
    assert sum("#" in line for line in rows) == (2 if way == "no-wave" else 4)
