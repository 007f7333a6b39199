"""`dnt score`, and `dnt convert` between the files of other programs and stage files."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pyreadstat
import pytest

from tests.support.answers import ITEMS, STUDY, items, write_sav
from tests.support.process import Run, dnt, pipe, together


@pytest.fixture(scope="module")
def spss(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("spss")
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    write_sav(folder / "answers.sav", items())
    return folder


def chain(folder: Path, *commands: str, code: int = 0) -> list[Run]:
    """Commands one after another in a folder; `STUDY` stands for the option with the study file."""
    words = [tuple(command.replace("STUDY", "--study study.toml").split()) for command in commands]
    return [run.check(code) for run in together([(command, folder) for command in words])]


def expected() -> pd.Series:
    """Scores by hand: the mean of those answered times ten, if at least seven are."""
    answers = items()[ITEMS].mask(lambda d: d > 4)
    return (answers.mean(axis=1) * 10).where(answers.notna().sum(axis=1) >= 7)


def test_the_example_from_items_to_description_in_a_pipe(tmp_path: Path) -> None:
    stages = (["example", "--answers", "-o", "-"], ["score", "-", "-o", "-"], ["describe", "-", "--format", "csv"])
    runs = pipe(stages, tmp_path)
    assert [run.code for run in runs] == [0, 0, 0]
    direct = chain(tmp_path, "example -o scores.parquet", "describe scores.parquet --format csv")[-1]
    assert runs[-1].stdout == direct.stdout
    assert len(direct.stdout) > 50_000


def test_spss_through_convert_and_score_and_back(spss: Path) -> None:
    *_, direct, _, _, _ = chain(
        spss,
        "convert answers.sav STUDY -o answers.parquet",
        "convert answers.parquet -o back.sav",
        "score answers.sav STUDY -o direct.parquet --lang nl",
        "score answers.parquet -o survey.parquet",
        "convert survey.parquet -o survey.sav --lang nl",
        "convert survey.sav STUDY -o again.parquet",
    )
    metadata = json.loads(pq.read_metadata(spss / "answers.parquet").metadata[b"dnt"])
    assert metadata["kind"] == "answers"
    before, meta = pyreadstat.read_sav(str(spss / "answers.sav"), user_missing=True)
    after, meta_after = pyreadstat.read_sav(str(spss / "back.sav"), user_missing=True)
    pd.testing.assert_frame_equal(after, before, check_exact=True)
    assert meta_after.variable_value_labels == meta.variable_value_labels
    assert meta_after.missing_ranges == meta.missing_ranges
    assert meta_after.column_names_to_labels["s1"] == "Item one"

    assert "s1: codes voor geen antwoord zijn als ontbrekend gelezen (8 (no idea): 1, 9 (refused): 1)." in direct.stderr
    assert "! Bij lege antwoorden geldt het gemiddelde van de andere, maal tien" in direct.text
    assert "te weinig items beantwoord voor een score" in direct.text
    survey = pd.read_parquet(spss / "survey.parquet")
    pd.testing.assert_frame_equal(survey, pd.read_parquet(spss / "direct.parquet"))
    np.testing.assert_allclose(survey["self_efficacy"], expected(), rtol=0, atol=1e-12)
    assert survey["group"].tolist() == ["treated" if code else "control" for code in items()["group"]]
    assert survey["place"].tolist() == ["village" if code == 2 else "town" for code in items()["place"]]
    assert survey["extra"].tolist() == items()["extra"].tolist()
    coded, labels = pyreadstat.read_sav(str(spss / "survey.sav"))
    assert labels.variable_value_labels["group"] == {0: "Vergelijking", 1: "Interventie"}
    assert coded["place"].tolist() == items()["place"].tolist()
    again = pd.read_parquet(spss / "again.parquet")
    pd.testing.assert_frame_equal(again, survey[list(again.columns)])


def test_scores_from_stata_excel_and_csv_are_those_from_spss(spss: Path) -> None:
    # CSV cannot say what a code means, nor that 8 and 9 are no answers.
    settings = "--set design.comparison='0' --set design.intervention='1' --set covariates.place.levels=['1','2']"
    formats = {"dta": "", "xlsx": "", "csv": settings}
    runs = chain(
        spss,
        *(f"convert answers.sav -o a.{suffix}" for suffix in formats),
        *(f"score a.{suffix} STUDY -o {suffix}.parquet {more}" for suffix, more in formats.items()),
    )
    assert ["no code of this item" in run.text for run in runs[3:]] == [False, False, True]
    for suffix in formats:
        survey = pd.read_parquet(spss / f"{suffix}.parquet")
        np.testing.assert_allclose(survey["self_efficacy"], expected(), rtol=0, atol=1e-12)


def test_a_folder_of_files_is_joined_and_told(spss: Path, tmp_path: Path) -> None:
    frame = items()
    for wave in ("T0", "T1"):
        part = frame[frame["wave"] == wave][["id", *ITEMS]].rename(columns={"s1": "v1"})
        write_sav(tmp_path / f"{wave}.sav", part.iloc[1:] if wave == "T1" else part)
    persons = frame.drop_duplicates("id")[["id", "group", "place"]].assign(id=lambda d: d["id"])
    persons["group"] = persons["group"].map({0: "control", 1: "treated"})
    persons["place"] = persons["place"].map({1: "town", 2: "village"})
    (tmp_path / "persons.csv").write_bytes(persons.to_csv(sep=";", index=False).encode("cp1252"))
    text = STUDY + '[files.persons]\npath = "persons.csv"\n'
    text += "".join(f'[files.{w}]\npath = "{w}.sav"\nwave = "{w}"\ncolumns = {{ v1 = "s1" }}\n' for w in ("T0", "T1"))
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    run, *_ = chain(
        tmp_path, "score . STUDY -o s.parquet", "convert . STUDY -o a.parquet", "score a.parquet -o t.parquet"
    )
    assert "Persons per file" in run.text
    survey = pd.read_parquet(tmp_path / "s.parquet")
    wanted = expected().drop(1).to_numpy()  # the first person's second wave
    np.testing.assert_allclose(survey["self_efficacy"], wanted, rtol=0, atol=1e-12)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "t.parquet"), survey)
    twice = pd.concat([frame[frame["wave"] == "T0"][["id", *ITEMS]].rename(columns={"s1": "v1"})] * 2)
    write_sav(tmp_path / "T0.sav", twice)
    failed = dnt("score", ".", "--study", "study.toml", "-o", "u.parquet", cwd=tmp_path).check(11)
    assert "T0: 12 rows whose person and wave stand there already" in failed.stderr
    assert not (tmp_path / "u.parquet").exists()


WRONG = [
    ("score answers.sav -o s.parquet", 2, "add --study FILE"),
    ("score . -o s.parquet", 2, "--study FILE must say which files"),
    ("score . STUDY", 10, "names no files to join"),
    ("score answers.sav STUDY --set instruments.gse.columns=q{item}", 11, "holds no item"),
    ("score answers.sav STUDY --set instruments.gse.definition=ie18", 11, "8 of 18 items"),
    ("score nosuch.sav STUDY", 11, "There is no file nosuch.sav"),
    ("describe wrong.parquet", 11, "holds answers to questionnaires"),
    ("convert answers.sav -o a.txt", 2, "dnt convert writes .parquet, .csv, .xlsx, .sav, .dta"),
    ("convert answers.sav -o answers.sav", 11, "answers.sav exists"),
]


def test_what_goes_wrong_is_told(spss: Path) -> None:
    chain(spss, "convert answers.sav STUDY -o wrong.parquet")
    calls = [(tuple(command.replace("STUDY", "--study study.toml").split()), spss) for command, _, _ in WRONG]
    for run, (_, code, says) in zip(together(calls), WRONG, strict=True):
        assert says in run.check(code).stderr


def test_reliability_travels_with_the_scores(spss: Path) -> None:
    run, _, table, piped = chain(
        spss,
        "score answers.sav STUDY --format csv",
        "score answers.sav STUDY -o told.parquet",
        "info told.parquet --table reliability",
        "score answers.sav STUDY -o -",
    )
    shown, told = pd.read_csv(io.StringIO(run.text)), pd.read_csv(io.StringIO(table.text))
    assert shown["n_listwise"].tolist() == [12, 9]
    pd.testing.assert_frame_equal(told[list(shown.columns)], shown)
    assert piped.stdout == (spss / "told.parquet").read_bytes()
    assert "T1: 1 too few items answered for a score." in piped.stderr
    assert "2 settings of the scores are not confirmed" in piped.stderr


def test_study_check_scores_answers_first(spss: Path) -> None:
    run = dnt("study", "check", "study.toml", "answers.sav", cwd=spss).check()
    assert "is scored as `dnt score` does" in run.text
    assert "answers.sav: 12 persons, 24 rows; it fits the study." in run.text
    assert run.stderr.count("s4: user-missing codes were taken as no answer") == 1
    piped = dnt("study", "check", "study.toml", "-", cwd=spss, stdin=(spss / "answers.sav").read_bytes()).check()
    assert "standard input: 12 persons, 24 rows; it fits the study." in piped.text
    # One of 12 left out more than three items at T1 and has no score. The score is the only outcome, so that person was
    # not seen there, and nobody who was seen lacks an answer: 23 of 23.
    assert "Persons seen (Intervention + Comparison): T0 12 (6 + 6), T1 11 (5 + 6)" in run.text
    assert "missing among the persons seen" not in run.text
