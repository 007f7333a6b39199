"""Persons whom a study excludes, and rows of other waves: told in the description, the flow diagram and a release."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from dnt_cli.cli.app import app, load_commands
from dnt_cli.description.left_out import LeftOut
from dnt_cli.figures.flow import flow_drawing
from dnt_cli.stagefile.container import read_stage
from dnt_cli.stagefile.kinds import result_of
from dnt_cli.study.disclosure import CBS
from dnt_cli.tables import Table
from dnt_cli.wording import Wording
from tests.support.studies import TWO_WAVES, study_text

STUDY = study_text(
    {"score": {"label": "Score", "kind": "linear", "waves": ["T0", "T1"]}},
    waves=TWO_WAVES,
    design={
        "intervention": "treated",
        "comparison": "control",
        "waves_outside": "drop",
        "exclude": {"age": "> 70", "reason": {"nl": "ouder dan 70", "en": "over 70"}},
    },
    covariates={"age": {"kind": "continuous"}},
)


def rows() -> pd.DataFrame:
    """137 persons, 73 of them in the intervention group, of whom one is 71; three rows of another wave."""
    frame = pd.DataFrame({"id": [f"p{i}" for i in range(137)], "group": ["treated"] * 73 + ["control"] * 64})
    frame["age"] = [71.0] + [20.0 + i % 40 for i in range(136)]
    waves = [frame.assign(wave=wave, score=[(i * 7) % 11 + 0.5 for i in range(137)]) for wave in ("T0", "T1")]
    return pd.concat([*waves, frame.iloc[5:8].assign(wave="T9", score=1.0)], ignore_index=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("left_out")
    rows().to_csv(place / "survey.csv", index=False)
    (place / "study.toml").write_text(STUDY, encoding="utf-8")
    load_commands()
    for command in (
        "convert survey.csv --study study.toml -o survey.parquet",
        "describe survey.csv --study study.toml -o from_csv.parquet",
        "describe survey.parquet -o from_stage.parquet",
    ):
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(place)
            done = CliRunner().invoke(app, command.split())
        assert done.exit_code == 0, done.stderr
    return place


def described(folder: Path, name: str) -> tuple[pd.DataFrame, Wording]:
    stage = read_stage((folder / name).read_bytes(), name, ["description"], "dnt show")
    return stage.frame, Wording(stage.study, "nl")


def sample(folder: Path) -> Table:
    stage = read_stage((folder / "from_stage.parquet").read_bytes(), "x", ["description"], "dnt show")
    return result_of(stage).tables(Wording(stage.study, "nl"))[0]


def test_who_is_in_the_file_who_is_left_out_and_who_is_analysed(folder: Path) -> None:
    body = [[cell.text for cell in row] for row in sample(folder).sections[0].rows]
    assert body == [
        ["In het bestand", "73", "64", "137"],
        ["Weggelaten: ouder dan 70", "1", "0", "1"],
        ["Deelnemers", "72", "64", "136"],
    ]
    assert "Weggelaten: 3 rijen van metingen die het onderzoek niet noemt." in sample(folder).notes


def test_a_description_of_the_stage_file_tells_the_same_as_one_of_the_data_file(folder: Path) -> None:
    pd.testing.assert_frame_equal(described(folder, "from_csv.parquet")[0], described(folder, "from_stage.parquet")[0])


def test_the_flow_diagram_begins_with_the_file(folder: Path) -> None:
    frame, wording = described(folder, "from_stage.parquet")
    drawing = flow_drawing(frame, wording)
    assert "73 in het bestand; 1 weggelaten: ouder dan 70; 72 in het onderzoek; T0: 72 gezien" in drawing.about
    assert "64 in het bestand; T0: 64 gezien" in drawing.about
    seen = " ".join(text.get_text() for text in drawing.plot().axes[0].texts)
    assert "73 in het" in seen
    assert "72 in het onderzoek" in seen
    assert "1 weggelaten:" in seen


def test_one_who_is_left_out_follows_from_nothing_that_is_released(folder: Path) -> None:
    """Neither her count, nor that of the file, from which it follows by subtraction; the rest stays."""
    from dnt_cli.disclosure.release import released

    frame, wording = described(folder, "from_stage.parquet")
    found = released({"d": [sample(folder)]}, CBS, wording, [])
    body = [[cell.text for cell in row] for row in found.tables["d"][0].sections[0].rows]
    assert body[2][1:] == ["72", "64", "136"]
    assert not {"73", "137", "1"} & {text for row in body for text in row[1:]}
    assert LeftOut(frame, wording).persons("age > 70", "treated") == 1


def test_a_study_that_leaves_nobody_out_has_no_row_for_it(folder: Path) -> None:
    frame, wording = described(folder, "from_stage.parquet")
    without = frame[~frame["statistic"].isin(["left_out", "rows_left_out"])]
    left_out = LeftOut(without, wording)
    assert (left_out.reasons, left_out.notes(), left_out.told("treated")) == ({}, (), "")
    assert flow_drawing(without, wording).about.count("in het onderzoek") == 2
