"""Bad input: a clear message, the right exit code, nothing overwritten, nobody's answers told."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.support.process import CANARIES, Run, dnt, listing, together
from tests.support.small import STUDY

Setup = Callable[[Path], None]
IMPUTE = "impute bad.csv --study study.toml -o imputed.parquet"


@dataclass(frozen=True)
class Case:
    """What is typed in a folder after `setup`, how it must end, and what it must say."""

    name: str
    command: str
    code: int
    says: tuple[str, ...]
    setup: Setup = lambda folder: None


def data(change: Callable[[pd.DataFrame], pd.DataFrame | None]) -> Setup:
    """Writes the survey, changed, to bad.csv."""

    def setup(folder: Path) -> None:
        frame = pd.read_csv(folder / "survey.csv", dtype={"work": "Int64"}).astype({"score": object, "age": object})
        changed = change(frame)
        (frame if changed is None else changed).to_csv(folder / "bad.csv", index=False)

    return setup


def cell(column: str, value: object, row: int = 4) -> Setup:
    """Writes the survey with one other value to bad.csv."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.astype({column: object}).assign(
            **{column: lambda d: [value if i == row else v for i, v in enumerate(d[column])]}
        )

    return data(change)


def study(old: str, new: str) -> Setup:
    """Writes the study file, changed, to bad.toml."""

    def setup(folder: Path) -> None:
        assert old in STUDY
        (folder / "bad.toml").write_text(STUDY.replace(old, new, 1), encoding="utf-8")

    return setup


def mistake(name: str, old: str, new: str, says: str) -> Case:
    """The study file with one mistake: its line is named."""
    line = next(n for n, text in enumerate(STUDY.splitlines(), start=1) if text == old)
    return Case(f"study {name}", "study check bad.toml", 10, (f"bad.toml, line {line}: {says}",), study(old, new))


def damaged(file: str, change: Callable[[bytes], bytes]) -> Setup:
    """Writes a file's changed bytes to bad.parquet."""

    def setup(folder: Path) -> None:
        (folder / "bad.parquet").write_bytes(change((folder / file).read_bytes()))

    return setup


def flipped(share: float) -> Callable[[bytes], bytes]:
    """One bit turned over, at a share of the file's length."""

    def change(content: bytes) -> bytes:
        at = int(len(content) * share)
        return content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :]

    return change


def other_schema(folder: Path) -> None:
    table = pq.read_table(folder / "imputed.parquet")
    content = json.loads(pq.read_metadata(folder / "imputed.parquet").metadata[b"dnt"])
    metadata = {b"dnt": json.dumps(content | {"schema": 0}).encode()}
    pq.write_table(table.replace_schema_metadata(metadata), folder / "bad.parquet")


def plain_parquet(folder: Path) -> None:
    pd.read_csv(folder / "survey.csv").to_parquet(folder / "bad.parquet")


def one_imputation(folder: Path) -> None:
    dnt("impute", "survey.parquet", "-m", "1", "-o", "bad.parquet", "--jobs", "1", cwd=folder).check()


def write(name: str, content: bytes) -> Setup:
    return lambda folder: (folder / name).write_bytes(content) and None


def first_id(frame: pd.DataFrame) -> pd.Series:
    return frame["id"] == frame["id"].iloc[0]


CASES = [
    # files
    Case("missing file", "impute nosuch.csv -o imputed.parquet", 11, ("There is no file nosuch.csv",)),
    Case("a folder as input", "fit-t3 . -o t3.parquet", 11, ("Cannot read .",)),
    Case("not Parquet", "fit-t3 survey.csv -o t3.parquet", 11, ("survey.csv is not a Parquet file", "dnt impute")),
    Case("info on another file", "info survey.csv", 11,
         ("survey.csv is not a Parquet file; dnt info reads any file that a dnt command wrote with -o.",)),
    Case("survey without study", "impute survey.csv -o imputed.parquet", 2, ("add --study FILE",)),
    Case("Parquet of another program", "fit-t3 bad.parquet -o t3.parquet", 11,
         ("bad.parquet is Parquet but no dnt stage file", "dnt impute"), plain_parquet),
    Case("wrong stage", "fit-t3 t3.parquet -o longitudinal.parquet --force", 11,
         ("t3.parquet holds effect estimates; dnt fit-t3 needs imputed data sets: give the file that this one was",)),
    Case("wrong stage for impute", "impute imputed.parquet -o imputed.parquet", 11,
         ("imputed.parquet holds imputed data sets; dnt impute needs survey answers",)),
    Case("older schema", "fit-t3 bad.parquet -o t3.parquet", 11,
         ("written by another version of dnt (schema 0, this one reads 1)", "make it again"), other_schema),
    Case("cut off", "fit-t3 bad.parquet -o t3.parquet", 11, ("bad.parquet is damaged or cut off",),
         damaged("imputed.parquet", lambda content: content[: len(content) // 2])),
    Case("last byte gone", "fit-t3 bad.parquet -o t3.parquet", 11, ("bad.parquet is damaged or cut off",),
         damaged("imputed.parquet", lambda content: content[:-1])),
    *[
        Case(f"bit over at {share:.0%}", "fit-t3 bad.parquet -o t3.parquet", 11, ("bad.parquet is damaged or cut off",),
             damaged("imputed.parquet", flipped(share)))
        for share in (0.02, 0.3, 0.75, 0.9)
    ],
    Case("damaged survey with --study", "impute bad.parquet --study study.toml -o imputed.parquet", 11,
         ("bad.parquet is damaged or cut off",), damaged("survey.parquet", flipped(0.2))),
    Case("nothing from the pipe", "fit-t3 - -o t3.parquet", 11, ("Nothing came from standard input",)),
    # tables
    Case("empty file", IMPUTE, 11, ("bad.csv is not a CSV table",), write("bad.csv", b"")),
    Case("no text", IMPUTE, 11, ("bad.csv is no file that dnt can read",), write("bad.csv", b"id,wave\n\x81,T0")),
    Case("longer lines than header", IMPUTE, 11, ("as many fields in every line",),
         write("bad.csv", b"id,wave\nCANARY-ID-77,T0,31337.125\n")),
    Case("missing column", IMPUTE, 11, ("scores", "score: this column is missing; did you mean scores?"),
         data(lambda d: d.rename(columns={"score": "scores"}))),
    Case("two columns of one name", IMPUTE, 11, ("score: two columns have this name",),
         data(lambda d: d.rename(columns={"work": "score"}).assign(work=1))),
    Case("no rows", IMPUTE, 11, ("there are no rows",), data(lambda d: d.iloc[:0])),
    Case("unknown level", IMPUTE, 11, ("place: 1 row with an unknown level; known: town, village",),
         cell("place", "CANARY-PLACE")),
    Case("unknown group", IMPUTE, 11, ("group: 1 row with no known group; known: treated, control",),
         cell("group", "CANARY-GROUP")),
    Case("unknown wave", IMPUTE, 11, ("wave: 1 row with no known wave; known: T0, T1, T2",),
         cell("wave", "CANARY-WAVE")),
    Case("no id", IMPUTE, 11, ("id: 1 row without an id",), cell("id", None)),
    Case("twice the same", IMPUTE, 11, ("wave: 2 rows share their person and wave",),
         data(lambda d: pd.concat([d, d.iloc[[0]]]))),
    Case("out of range", IMPUTE, 11, ("score: 1 row outside the range 0 to 40000",), cell("score", 1031337.125)),
    Case("age out of range", IMPUTE, 11, ("age: 1 row outside the range 16 to 100",), cell("age", 31337.125)),
    Case("neither 0 nor 1", IMPUTE, 11, ("work: 1 row outside the range 0 to 1",), cell("work", 31337.125)),
    Case("half an answer", IMPUTE, 11, ("work: 1 row with a value that is no whole number",), cell("work", 0.5)),
    Case("infinite", IMPUTE, 11, ("score: 1 row with an infinite value",), cell("score", "inf")),
    Case("text for a number", IMPUTE, 11, ("score: 1 row with a value that is no number",),
         cell("score", "CANARY 31337.125")),
    Case("one group only", IMPUTE, 11, ("group: everyone is in one group (treated); effects need both",),
         data(lambda d: d[d["group"] == "treated"])),
    Case("one person", IMPUTE, 11, ("everyone is in one group",), data(lambda d: d[first_id(d)])),
    Case("changing group", IMPUTE, 11, ("group: 1 person with different values at different waves",),
         data(lambda d: d.assign(group=d["group"].mask(first_id(d) & (d["wave"] != "T0"), "treated")))),
    Case("all answers missing", IMPUTE, 11, ("work: nobody has a value",), data(lambda d: d.assign(work=None))),
    Case("more than one mistake", IMPUTE, 11, ("and 1 more, which `dnt study check` lists",),
         data(lambda d: d.assign(work=7, place="CANARY"))),
    Case("no .imp", "fit-t3 survey.csv --study study.toml -o t3.parquet", 11, ("survey.csv has no column .imp",)),
    # study files
    Case("no study file", "impute survey.csv --study nosuch.toml -o imputed.parquet", 10,
         ("There is no study file nosuch.toml", "dnt study init -o nosuch.toml")),
    Case("study not TOML", "study check bad.toml", 10, ("bad.toml is not valid TOML", "line 2"),
         study("[study]", "[study")),
    Case("study not UTF-8", "study check bad.toml", 10, ("it is not UTF-8 text",),
         write("bad.toml", STUDY.replace("Small", "Ménage").encode("latin-1"))),
    mistake("key misspelt", 'kind = "linear"', 'knd = "linear"', "outcomes.score.knd: unknown key; did you mean kind?"),
    mistake("section misspelt", "[outcomes.work]", "[outcome.work]", "outcome: unknown key; did you mean outcomes?"),
    mistake("value of another type", "m = 3", 'm = "3"', "imputation.m: found '3', expected a whole number"),
    mistake("wave unknown", 'endpoint = "T2"', 'endpoint = "T9"',
            "design.endpoint: found 'T9'; allowed: T0, T1, T2"),
    Case("--set misspelt", "impute survey.parquet --set imputation.itrations=3 -o imputed.parquet", 10,
         ("--set imputation.itrations=3", "did you mean iterations?")),
    Case("--set without a value", "impute survey.parquet --set imputation.m -o imputed.parquet", 10, ("key=value",)),
    # options
    Case("unknown outcome", "fit-t3 imputed.parquet --outcomes scor -o t3.parquet", 2,
         ("--outcomes scor: unknown; did you mean score? Expected one of: score, work, high.",)),
    Case("no outcome at all", "fit-t3 imputed.parquet --outcomes= -o t3.parquet", 2, ("--outcomes names nothing",)),
    Case("unknown control", "fit-t3 imputed.parquet --controls agee -o t3.parquet", 2, ("did you mean age?",)),
    Case("unknown control of a trend", "fit-longitudinal imputed.parquet --controls agee -o longitudinal.parquet", 2,
         ("did you mean age?",)),
    Case("no such rung", "fit-longitudinal imputed.parquet --controls 3 -o longitudinal.parquet", 2, ("rungs 1 to 2",)),
    Case("even nodes", "fit-longitudinal imputed.parquet --nagq 4 -o longitudinal.parquet", 2, ("must be odd",)),
    Case("unknown check", "robustness imputed.parquet --checks zz -o robustness.parquet", 2, ("--checks zz",)),
    Case("unknown method", "impute survey.parquet --method pnm -o imputed.parquet", 2,
         ("Invalid value for '--method': 'pnm' is not one of 'pmm', 'norm',",)),
    Case("unknown command", "fit-tree imputed.parquet", 2, ("Did you mean fit-t3?",)),
    Case("unknown option", "fit-t3 imputed.parquet --outcome work", 2, ("--outcomes",)),
    Case("unknown second table", "info t3.parquet --table fit", 2, ("it has: fits",)),
    Case("unknown built-in study", "study init --like dntt", 2, ("known: dnt",)),
    Case("one imputation", "fit-t3 bad.parquet -o t3.parquet", 12, ("One imputation allows no inference",),
         one_imputation),
    # outputs
    Case("no output", "impute survey.parquet", 2, ("dnt impute needs to know where its result goes", "-o -")),
    Case("output of another stage", "fit-t3 imputed.parquet -o survey.parquet", 11,
         ("survey.parquet exists and holds survey answers", "made by dnt convert", "--force")),
    Case("output of the sister stage", "fit-t3 imputed.parquet -o longitudinal.parquet", 11,
         ("longitudinal.parquet exists and holds effect estimates, made by dnt fit-longitudinal",)),
    Case("output of another program", "fit-t3 imputed.parquet -o survey.csv", 11,
         ("survey.csv exists and holds something that dnt did not write",)),
    Case("output refused before any work", "fit-t3 nosuch.parquet -o survey.csv", 11, ("survey.csv exists",)),
    Case("output damaged", "fit-t3 imputed.parquet -o bad.parquet", 11, ("bad.parquet exists but cannot be read",),
         damaged("t3.parquet", flipped(0.5))),
    Case("output in no folder", "fit-t3 imputed.parquet -o nosuch/t3.parquet", 11, ("there is no folder nosuch",)),
    Case("output in a file", "fit-t3 imputed.parquet -o survey.csv/t3.parquet", 11, ("there is no folder survey.csv",)),
    Case("output is a folder", "fit-t3 imputed.parquet -o .", 11, (". is a folder",)),
    Case("CSV that exists", "convert imputed.parquet -o survey.csv", 11, ("survey.csv exists", "--force")),
    Case("study file that exists", "study init -o study.toml", 11, ("study.toml exists", "--force")),
    Case("convert to another format", "convert imputed.parquet -o imputed.ods", 2,
         (".parquet, .csv, .xlsx, .sav, .dta",)),
    Case("convert without study", "convert survey.csv -o new.parquet", 2, ("add --study FILE",)),
    Case("data that do not fit", "study check study.toml bad.csv", 11, ("bad.csv does not fit the study",),
         cell("score", "CANARY")),
]  # fmt: skip
by_name = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@pytest.fixture(scope="module")
def outcomes(
    made: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[Run, dict[str, bytes], dict[str, bytes]]]:
    """Every case's run, and its folder before and after."""
    root = tmp_path_factory.mktemp("bad")
    folders = []
    for number, case in enumerate(CASES):
        folder = Path(shutil.copytree(made, root / str(number)))
        case.setup(folder)
        folders.append(folder)
    before = [listing(folder) for folder in folders]
    calls = [(tuple(case.command.split()), folder) for case, folder in zip(CASES, folders, strict=True)]
    runs = together(calls)
    after = [listing(folder) for folder in folders]
    return {case.name: result for case, *result in zip(CASES, runs, before, after, strict=True)}  # type: ignore[misc]


@by_name
def test_code_and_message(case: Case, outcomes: dict[str, tuple[Run, dict[str, bytes], dict[str, bytes]]]) -> None:
    run, before, after = outcomes[case.name]
    run.check(case.code)
    # Typer frames and breaks its own messages.
    said = re.sub(r"[\s│]+", " ", run.stderr)
    for phrase in case.says:
        assert phrase in said, said
    assert after == before, "a file was changed, made or left behind"
    assert len(run.stderr.strip().splitlines()) <= (1 if case.code != 2 else 10), "an error is one or two sentences"


def test_the_search_for_canaries_finds_them(made: Path) -> None:
    """The search that every run goes through is not blind."""
    with pytest.raises(AssertionError, match="CANARY"):
        dnt("study", "check", "nosuch-CANARY.toml", cwd=made)
    text = (made / "survey.csv").read_text(encoding="utf-8")
    assert CANARIES[0] in text
    assert CANARIES[1] in text


def test_metadata_and_file_names_hold_no_person(made: Path) -> None:
    stages = sorted(made.glob("*.parquet"))
    assert len(stages) == 6
    for stage in stages:
        metadata = pq.read_metadata(stage).metadata[b"dnt"].decode("utf-8")
        for canary in CANARIES:
            assert canary not in metadata, stage.name
    assert not [path for path in made.iterdir() if "CANARY" in path.name]


def test_results_hold_no_id(made: Path) -> None:
    for name in ("t3", "longitudinal", "robustness", "description"):
        assert b"CANARY" not in (made / f"{name}.parquet").read_bytes()
    assert b"CANARY" in (made / "imputed.parquet").read_bytes()


def test_force_replaces_what_another_made(folder: Path) -> None:
    dnt(
        *["fit-t3", "imputed.parquet", "-o", "survey.csv", "--force", "--jobs", "1", "--outcomes", "score"], cwd=folder
    ).check()
    assert "holds effect estimates" in dnt("impute", "survey.csv", "-o", "x.parquet", cwd=folder).check(11).stderr


def test_a_stage_replaces_its_own_result(folder: Path) -> None:
    old = (folder / "t3.parquet").read_bytes()
    dnt(*["fit-t3", "imputed.parquet", "-o", "t3.parquet", "--jobs", "1", "--outcomes", "score"], cwd=folder).check()
    assert (folder / "t3.parquet").read_bytes() != old


REASONS = {
    "constant": ("The outcome is 1 in every row", "The outcome is 1 in every row"),
    "group": ("'work_T0' cannot be told apart from the terms before it", "separated"),
}


@pytest.mark.parametrize("work", REASONS)
def test_what_cannot_be_estimated_is_said(folder: Path, work: str) -> None:
    """A constant outcome, and one that equals the group: no number, but the reason."""
    frame = pd.read_csv(folder / "survey.csv")
    frame["work"] = 1 if work == "constant" else (frame["group"] == "treated").astype(int)
    frame.to_csv(folder / "survey.csv", index=False)
    dnt(
        *["impute", "survey.csv", "--study", "study.toml", "-o", "imputed.parquet", "--jobs", "1", "--force"],
        cwd=folder,
    ).check()
    options = ("imputed.parquet", "--format", "csv", "--jobs", "1", "--outcomes", "work")
    runs = together([(("fit-t3", *options), folder), (("fit-longitudinal", *options), folder)])
    for run, reason in zip(runs, REASONS[work], strict=True):
        run.check(1)
        assert "None of the effects could be estimated" in run.stderr
        row = pd.read_csv(io.BytesIO(run.stdout)).iloc[0]
        assert row["status"] == "not estimable"
        assert row[["estimate", "std_error", "p_value", "odds_ratio", "marginal_effect"]].isna().all()
        assert reason in row["message"]


def test_robustness_without_any_answer_ends_with_1(folder: Path) -> None:
    text = (
        STUDY[: STUDY.index("[outcomes.score]")]
        + STUDY[STUDY.index("[outcomes.work]") : STUDY.index("[outcomes.high]")]
    )
    (folder / "study.toml").write_text(text + STUDY[STUDY.index("[covariates.place]") :], encoding="utf-8")
    frame = pd.read_csv(folder / "survey.csv")
    frame.assign(work=1).to_csv(folder / "survey.csv", index=False)
    options = ("--study", "study.toml", "-o", "imputed.parquet", "--jobs", "1", "--force")
    dnt("impute", "survey.csv", *options, cwd=folder).check()
    run = dnt("robustness", "imputed.parquet", "--checks", "c", "--jobs", "1", cwd=folder).check(1)
    assert "None of the effects could be estimated" in run.stderr
