"""`dnt polis` as an analyst uses it, with keys of persons as canaries: no output, log or error holds one."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.support.process import Run, pipe, together
from tests.support.registers import KEYS, SECRETS, write_register
from tests.support.small import survey

POLIS = "polis records --link link.csv --study study.toml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A study of 30 persons; the register has some of them and ten others."""
    write_register(tmp_path, "study.toml")
    return tmp_path


def run(folder: Path, *commands: str, codes: tuple[int, ...] = ()) -> list[Run]:
    """The commands, one after the other; each ends with its code (default: 0), and none of them tells a key."""
    runs = together([(tuple(command.split()), folder) for command in commands])
    for done, code in zip(runs, codes or (0,) * len(runs), strict=True):
        check([done], code)
    return runs


def check(runs: list[Run], code: int) -> list[Run]:
    for done in runs:
        done.check(code)
        assert not SECRETS.search(done.stderr)
        assert not SECRETS.search(done.stdout.decode("utf-8", errors="replace"))
    return runs


def test_from_records_to_register_models(folder: Path) -> None:
    made, imputed, fitted, _, shown, counts = run(
        folder,
        f"{POLIS} -o register.parquet",
        "impute survey.csv --study study.toml --register register.parquet -o imputed.parquet --jobs 1",
        "fit-t3 imputed.parquet --jobs 1",
        "fit-longitudinal imputed.parquet --jobs 1 --outcomes job",
        "show register.parquet",
        "info register.parquet --table counts",
    )
    assert shown.text == made.text
    assert pd.read_csv(io.StringIO(counts.text))[["persons", "outside", "duplicates"]].to_numpy().tolist() == [
        [30, 0, 0]
    ]
    assert "T2    2020-08 – 2020-08" in made.text
    assert "30 persons linked, 30 with records" in made.text
    for setting in ("SBASISUREN", "all jobs together", "SLNLBPH - SINGLBPH", "without holiday pay", "divided by days"):
        assert setting in made.text
    table = pq.read_table(folder / "register.parquet")
    assert table.column_names[:4] == ["id", "wave", "month", "work"]
    assert table.num_rows == 90
    assert "Answers and register side by side" in imputed.text
    works = table.to_pandas().pivot(index="id", columns="wave", values="work")
    for _, part in pd.read_parquet(folder / "imputed.parquet").groupby(".imp"):
        assert part["job_T2"].tolist() == works.loc[part["id"], "T2"].tolist()
    assert "Register. Odds ratios. Effect at T2" in fitted.text
    register = fitted.text.split("Register. Odds ratios. Effect at T2")[1]
    assert "Controlled for age, works T0 and the outcome at T0." in register
    assert "#" not in register
    for path in folder.glob("*.parquet"):
        assert not SECRETS.search(path.read_bytes().decode("latin-1")), path.name
        assert not SECRETS.search(pq.read_table(path).to_pandas().to_csv()), path.name


def test_settings_languages_formats_and_the_same_bytes_again(folder: Path) -> None:
    dutch, rows, _, wrong, _, _, _, foreign = run(
        folder,
        f"{POLIS} --lang nl",
        f"{POLIS} --format csv",
        f"{POLIS} -o none.parquet -q --set register.exclude_job_types=['9']",
        f"{POLIS} --set register.hours=Sbasisuren",
        f"{POLIS} -o one.parquet -q",
        f"{POLIS} -o two.parquet -q --jobs 1",
        f"{POLIS} -o one.parquet -q",
        f"{POLIS} -o link.csv",
        codes=(0, 0, 0, 10, 0, 0, 0, 11),
    )
    assert "Werk en inkomen volgens het register" in dutch.text
    lines = rows.text.splitlines()
    assert lines[0] == "wave,work,work_known,over_hours,over_hours_known,above_norm,above_norm_known,hours,wage"
    assert len(lines) == 4  # a row per wave, and no person's record
    assert (pd.read_parquet(folder / "none.parquet")["work"] == 0).all()
    assert "Sbasisuren" in wrong.stderr
    assert (folder / "one.parquet").read_bytes() == (folder / "two.parquet").read_bytes()
    assert "something that dnt did not write" in foreign.stderr


YEAR = "records/SPOLISBUS2020V1.csv"
WRONG = [
    ("link.csv", KEYS[0], KEYS[1], "1 persons share their RINPERSOON"),
    ("link.csv", KEYS[0], KEYS[0] + "7", "1 values of RINPERSOON are no number"),
    ("link.csv", "2019-08-31", "7654321", "30 values of date_T0 are no date"),
    ("link.csv", "date_T0", "datum", "the column date_T0 is missing"),
    (YEAR, ",9,80,", ",9,80,7654321,", "another number of fields"),
    (YEAR, "SBASISUREN", "UREN", "the column SBASISUREN is missing"),
    (YEAR, ",2020", ",2018", "Nobody has a record in 2020-02, 2020-08"),
]


def test_wrong_files_are_told_in_counts(folder: Path, tmp_path: Path) -> None:
    calls = []
    for number, (file, old, new, _) in enumerate(WRONG):
        copy = tmp_path.parent / f"{tmp_path.name}-{number}"
        shutil.copytree(folder, copy)
        text = (copy / file).read_text(encoding="utf-8")
        assert old in text
        (copy / file).write_text(text.replace(old, new), encoding="utf-8")
        calls.append((tuple(f"{POLIS} -o register.parquet".split()), copy))
    for done, (_, copy), (*_, message) in zip(check(together(calls), 11), calls, WRONG, strict=True):
        assert message in done.stderr
        assert not (copy / "register.parquet").exists()


def test_wrong_commands_and_the_example_in_a_pipe(folder: Path) -> None:
    (folder / "empty").mkdir()
    link = "--link link.csv --study study.toml"
    bare, no_study, kind, absent, empty, _, again = run(
        folder,
        "polis records",
        "polis records --link link.csv",
        f"polis study.toml {link}",
        f"polis elsewhere.csv {link}",
        f"polis empty {link}",
        "polis --example made",
        "polis --example made",
        codes=(2, 2, 2, 11, 11, 0, 11),
    )
    assert "needs records and a link file" in bare.stderr
    assert "add --study" in no_study.stderr
    assert "records are read from" in kind.stderr
    assert "no file elsewhere.csv" in absent.stderr
    assert "holds no records" in empty.stderr
    assert "already holds link.csv" in again.stderr
    stages = ["polis made --link made/link.csv --study dnt -o -", "info -"]
    told = pipe([stage.split() for stage in stages], folder)[-1].check().text
    assert "register outcomes" in told
    assert "680 rows" in told


def test_a_register_of_another_kind_or_program(folder: Path) -> None:
    ids = sorted(survey()["id"].unique())
    rows = [{"id": i, "wave": w, "work": n % 2, "wage": 10.5} for n, i in enumerate(ids) for w in ("T0", "T1", "T2")]
    pd.DataFrame(rows).to_csv(folder / "own.csv", index=False)
    impute = "impute survey.csv --study study.toml --jobs 1 -q"
    _, _, refused, missing = run(
        folder,
        f"{impute} -o imputed.parquet",
        f"{impute} --register own.csv -o joined.parquet",
        f"{impute} --register imputed.parquet -o x.parquet",
        "fit-t3 imputed.parquet --outcomes job --jobs 1",
        codes=(0, 0, 11, 12),
    )
    assert pd.read_parquet(folder / "joined.parquet")["wage_T1"].eq(10.5).all()
    assert "needs register outcomes: run `dnt polis` first" in refused.stderr
    assert "--register" in missing.stderr
