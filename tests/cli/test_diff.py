"""`dnt diff`: two runs side by side, and never a person's data."""

from __future__ import annotations

import io
import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from dnt_cli.polis.measures import COLUMNS
from dnt_cli.polis.result import COUNTS
from dnt_cli.stagefile.container import Provenance, write_stage
from dnt_cli.stagefile.result import Content
from dnt_cli.study import parse_study
from tests.support.process import CANARIES, Run, dnt, together

STAGES = ("survey", "imputed", "t3", "longitudinal", "robustness", "description")


def run(folder: Path, *commands: str) -> list[Run]:
    return [done.check() for done in together([(tuple(command.split()), folder) for command in commands])]


@pytest.fixture(scope="module")
def again(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small study, and in `seed`, `study` and `data` what another seed, study and survey make of it."""
    folder = tmp_path_factory.mktemp("again")
    shutil.copytree(made, folder, dirs_exist_ok=True)
    for name in ("seed", "study", "data", "copy"):
        (folder / name).mkdir()
    frame = pd.read_csv(folder / "survey.csv")
    frame = frame[frame["id"] != "CANARY-ID-99"]
    frame.loc[frame["id"] == "CANARY-ID-75", "score"] += 1.5
    frame.iloc[::-1].to_csv(folder / "data/survey.csv", index=False)
    shutil.copy(made / "t3.parquet", folder / "copy/t3.parquet")
    run(
        folder,
        "convert data/survey.csv --study study.toml -o data/survey.parquet",
        "impute survey.parquet -o seed/imputed.parquet --jobs 1 --seed 2",
        "impute survey.parquet -o study/imputed.parquet --jobs 1 --set imputation.m=4",
        "describe data/survey.csv --study study.toml -o data/description.parquet",
        "fit-t3 seed/imputed.parquet -o seed/t3.parquet --jobs 1",
        "fit-t3 study/imputed.parquet -o study/t3.parquet --jobs 1 --set significance.lenient=0.5",
        "fit-t3 imputed.parquet -o study/named.parquet --jobs 1 --set study.title=Other",
        "robustness seed/imputed.parquet -o seed/robustness.parquet --jobs 1",
        "impute data/survey.parquet -o data/imputed.parquet --jobs 1",
        "fit-t3 data/imputed.parquet -o data/t3.parquet --jobs 1",
    )
    return folder


class Told:
    """What `dnt diff` says to the pairs of files below, each compared once; it holds no id and no answer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        runs = together([(("diff", *arguments.split()), folder) for arguments in ARGUMENTS])
        self.runs = dict(zip(ARGUMENTS, runs, strict=True))

    def __call__(self, arguments: str) -> str:
        """Standard output."""
        done = self.runs[arguments].check()
        assert done.stderr == ""
        for canary in CANARIES:
            assert canary not in done.text
        return done.text

    def rows(self, arguments: str) -> list[dict[str, object]]:
        """The same as JSON."""
        found: list[dict[str, object]] = json.loads(self(f"{arguments} --format json"))
        return found


SEED, STUDY, NAMED, DATA = (
    f"t3.parquet {other}.parquet" for other in ("seed/t3", "study/t3", "study/named", "data/t3")
)
SURVEY, DESCRIPTION = (f"{stage}.parquet data/{stage}.parquet" for stage in ("survey", "description"))
IMPUTED, ROBUSTNESS = (f"{stage}.parquet seed/{stage}.parquet" for stage in ("imputed", "robustness"))
MORE, OTHERS = (f"imputed.parquet {other}/imputed.parquet" for other in ("study", "data"))
APART = "t3.parquet longitudinal.parquet"
FORMATS = ("csv", "json", "md", "tex", "html")
SHOWN = (STUDY, IMPUTED, DESCRIPTION)
SAME = tuple(f"{stage}.parquet {stage}.parquet" for stage in STAGES)
PAIRS = (SEED, STUDY, NAMED, DATA, SURVEY, DESCRIPTION, IMPUTED, ROBUSTNESS, MORE, OTHERS, APART)
ARGUMENTS = tuple(
    dict.fromkeys(
        [
            *PAIRS,
            *(f"{pair} --exit-code" for pair in SAME),
            *(f"{pair} --all" for pair in (*SAME, ROBUSTNESS)),
            *(f"{pair} --format json" for pair in (SEED, STUDY, NAMED, SURVEY, DESCRIPTION)),
            f"{IMPUTED} --all --format json",
            *(f"{pair} --format {form}" for pair in SHOWN for form in FORMATS),
            f"{STUDY} --lang nl",
            *(f"{pair} --lang nl --all" for pair in (SURVEY, IMPUTED, ROBUSTNESS, DESCRIPTION)),
        ]
    )
)


@pytest.fixture(scope="module")
def told(again: Path) -> Told:
    return Told(again)


def origins(found: list[dict[str, object]]) -> dict[tuple[object, object], tuple[object, object]]:
    return {(r["where"], r["item"]): (r["a"], r["b"]) for r in found if r["part"] == "origin" and r["where"] != "files"}


@pytest.mark.parametrize("stage", STAGES)
def test_a_file_is_the_same_as_itself(told: Told, stage: str) -> None:
    text = told(f"{stage}.parquet {stage}.parquet --exit-code")
    assert text.startswith("The files are the same, byte for byte.\n")
    assert "differ" not in text.splitlines()[0]
    assert told(f"{stage}.parquet {stage}.parquet --all").startswith("The files are the same")


def test_another_seed(again: Path, told: Told) -> None:
    text = told(SEED)
    assert re.match(r"3 effects: (\d the same, )?\d moved \(largest shift \d\.\d\d SE: [A-Z][\w \[\]]+, T2\), ", text)
    assert "dnt impute: seed  1           2" in text
    assert "Same data, same study, same libraries." in text
    assert "dnt fit-t3" not in text, "what follows from the seed is no cause"
    found = told.rows(SEED)
    assert origins(found) == {("data", "data"): (None, None), ("impute", "seed"): ("1", "2")}
    a, b = (pd.read_parquet(again / name).query("term == 'group'") for name in ("t3.parquet", "seed/t3.parquet"))
    for row in (r for r in found if r["part"] == "estimates"):
        old, new = (frame[frame["outcome"] == row["outcome"]].iloc[0] for frame in (a, b))
        names = ("odds_ratio", "estimate") if row["scale_a"] == "binary" else ("beta", "beta")
        error = old["std_error"] if row["scale_a"] == "binary" else old["beta_se"]
        assert row["a"] == pytest.approx(old[names[0]], rel=1e-12)
        assert row["b"] == pytest.approx(new[names[0]], rel=1e-12)
        assert row["shift"] == pytest.approx((new[names[1]] - old[names[1]]) / error, rel=1e-12)


def test_another_study(again: Path, told: Told) -> None:
    text = told(STUDY)
    assert re.search(r"imputation\.m +3 +4 +--set", text)
    assert re.search(r"significance\.lenient +0\.1 +0\.5 +--set", text)
    assert "Same data, no other settings, same libraries." in text
    found = told.rows(STUDY)
    frame = pd.read_parquet(again / "study/t3.parquet").query("term == 'group'").set_index("outcome")
    came = [r["outcome"] for r in found if "mark gained" in str(r.get("why"))]
    before = pd.read_parquet(again / "t3.parquet").query("term == 'group'").set_index("outcome")["p_value"]
    assert came == [key for key in before.index if before[key] >= 0.1 and frame.loc[key, "p_value"] < 0.5]
    assert came, "the test would show nothing"
    assert f"{len(came)} mark{'s' if len(came) > 1 else ''} gained" in text.splitlines()[0]
    assert text.count("* gained") == len(came)


def test_the_same_numbers_from_another_study(again: Path, told: Told) -> None:
    text = told(NAMED)
    assert text.startswith("3 effects: all the same. The numbers are the same; where they come from differs.\n")
    assert re.search(r"study\.title +Small +Other +--set", text)
    assert "What moved" not in text
    assert told.rows(NAMED)[0]["change"] == "same numbers"


def test_other_data(told: Told) -> None:
    text = told(DATA)
    assert re.search(r"^data +[0-9a-f]{8} +[0-9a-f]{8} +other data$", text, flags=re.MULTILINE)
    assert re.search(r"^N, largest +30 +29$", text, flags=re.MULTILINE)
    assert "Same study, same settings, same libraries." in text
    assert "dnt impute" not in text


def test_a_survey_in_counts(again: Path, told: Told) -> None:
    old, new = (pd.read_csv(again / name) for name in ("survey.csv", "data/survey.csv"))
    changed = int((old["id"] == "CANARY-ID-75").sum())
    gone = len(old) - len(new)
    assert changed
    assert gone
    text = told(SURVEY)
    assert text.startswith(
        f"29 persons in both, 1 only in A, 0 only in B; {len(new)} rows in both, {gone} only in A, 0 only in B; "
        f"1 of 5 columns differ ({changed} cells)."
    )
    assert re.search(rf"^score +{changed}/{len(new)}$", text, flags=re.MULTILINE)
    found = [r for r in told.rows(SURVEY) if r["part"] == "survey"]
    assert [r["item"] or r["column"] for r in found] == ["persons", "rows", "score"]


def test_imputations_tell_answers_from_what_was_imputed(again: Path, told: Told) -> None:
    text = told(IMPUTED)
    assert re.match(r"30 persons in both; the answers the same; \d+ of \d+ imputed cells differ\.\n", text)
    found = {r["column"]: r for r in told.rows(f"{IMPUTED} --all")}
    old, new = (pd.read_parquet(again / name) for name in ("imputed.parquet", "seed/imputed.parquet"))
    for column in ("score_T1", "work_T2", "score_T0"):
        gap = old.loc[old[".imp"] == 0, column].isna().to_numpy()
        one, two = (
            [part[column].to_numpy()[gap] for i, part in frame.groupby(".imp") if i] for frame in (old, new)
        )  # fmt: skip
        assert found[column]["imputed"] == 3 * gap.sum()
        assert found[column]["imputed_differ"] == sum(int((x != y).sum()) for x, y in zip(one, two, strict=True))
        assert (found[column]["cells"], found[column]["differ"]) == (30, 0)
    assert "m = 3 and 4" in told(MORE).splitlines()[0]
    data = told(OTHERS).splitlines()[0]
    assert "29 persons in both, 1 only in A, 0 only in B" in data
    assert re.search(r"[1-9]\d* of \d+ answers differ", data)


def test_robustness(again: Path, told: Told) -> None:
    text = told(ROBUSTNESS)
    assert re.match(r"\d+ effects: ", text)
    assert "(b) " in text
    whole = told(f"{ROBUSTNESS} --all")
    frame = pd.read_parquet(again / "robustness.parquet")
    assert int(whole.split(" ", 1)[0]) == len(frame)
    assert "not shown" in text
    assert "not shown" not in whole
    assert "The same: T2" in whole, "without imputation (c) another seed changes nothing"


def test_a_description(again: Path, told: Told) -> None:
    text = told(DESCRIPTION)
    a, b = (pd.read_parquet(again / name) for name in ("description.parquet", "data/description.parquet"))
    assert text.startswith(f"{max(len(a), len(b))} figures: ")
    assert "other data" in text
    found = [r for r in told.rows(DESCRIPTION) if r["part"] == "description"]
    assert found
    keys = ["table", "variable", "level", "group", "wave", "statistic"]
    first, second = (frame.set_index(keys) for frame in (a, b))
    for row in found[:50]:
        key = tuple(row[k] for k in keys)
        if row["change"] == "moved":
            assert first.loc[key, "value"] == pytest.approx(row["a"], rel=1e-12)
            assert second.loc[key, "value"] == pytest.approx(row["b"], rel=1e-12)


def test_two_analyses_have_nothing_in_common(told: Told) -> None:
    head = told(APART).splitlines()[0]
    assert "3 only in A, 3 only in B" in head
    assert "no mark changed" in head


@pytest.mark.parametrize("side", [0, 1])
def test_one_file_from_a_pipe(again: Path, told: Told, side: int) -> None:
    names = SEED.split()
    content = (again / names[side]).read_bytes()
    piped = [*names[:side], "-", *names[side + 1 :]]
    done = dnt("diff", *piped, cwd=again, stdin=content).check()
    assert "standard input" in done.text
    assert done.text.splitlines()[0] == told(SEED).splitlines()[0]


def test_in_dutch(told: Told) -> None:
    text = told(f"{STUDY} --lang nl")
    assert re.match(r"3 effecten: .*\d verschoven \(hoogstens \d,\d\d SE: .*T2\), \d markering(en)? erbij", text)
    assert "Dezelfde gegevens, verder dezelfde instellingen, dezelfde bibliotheken." in text
    for pair in (SURVEY, IMPUTED, ROBUSTNESS, DESCRIPTION):
        text = re.sub("difference|differ_|same  ", "", told(f"{pair} --lang nl --all"))  # statistics keep their names
        for word in (" the ", " differ", " same", "both", "only in", "not shown"):
            assert word not in text, f"{pair}: {word}"


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("pair", SHOWN)
def test_formats(told: Told, form: str, pair: str) -> None:
    text = told(f"{pair} --format {form}")
    if form == "csv":
        frame = pd.read_csv(io.StringIO(text))
        kind = {STUDY: "estimates", IMPUTED: "imputations", DESCRIPTION: "description"}[pair]
        assert set(frame["part"]) == {"origin", kind}
        assert "within" not in set(frame["change"])
    elif form == "json":
        assert len(json.loads(text)) > 2
    else:
        start = {"md": "---", "tex": r"\\begin\{(long)?table\}", "html": "<table>"}[form]
        assert len(re.findall(start, text)) >= 2


def test_exit_codes(again: Path) -> None:
    pairs = [f"{SEED} --exit-code", f"{NAMED} --exit-code", "t3.parquet copy/t3.parquet --exit-code"]
    runs = together([(("diff", *pair.split()), again) for pair in pairs])
    assert [done.code for done in runs] == [1, 1, 0]


WRONG = {
    "t3.parquet survey.parquet": (
        11, "t3.parquet holds effect estimates and survey.parquet holds survey answers", "two files of one kind"
    ),
    "t3.parquet robustness.parquet": (11, "holds effect estimates and robustness.parquet holds robustness checks"),
    "t3.parquet survey.csv": (11, "survey.csv is not a Parquet file; dnt diff reads any file that a dnt command wrote"),
    "t3.parquet nosuch.parquet": (11, "There is no file nosuch.parquet"),
    "- -": (2, "Only one of the two files can come from a pipe"),
    "t3.parquet": (2, "B"),
}  # fmt: skip


def test_what_cannot_be_compared(again: Path) -> None:
    runs = together([(("diff", *pair.split()), again) for pair in WRONG])
    for done, (code, *words) in zip(runs, WRONG.values(), strict=True):
        done.check(code)
        assert done.stdout == b""
        for word in words:
            assert str(word) in done.stderr


@pytest.mark.parametrize("kind", ["register", "answers"])
def test_the_other_kinds(made: Path, tmp_path: Path, kind: str) -> None:
    """A register and answers to questionnaires are records of persons too."""
    study = parse_study((made / "study.toml").read_text(encoding="utf-8"))
    frame = pd.read_csv(made / "survey.csv")[["id", "wave", "score"]].assign(month="2020-01")
    frame = frame.assign(**{name: 1 for name in COLUMNS if name not in frame.columns})  # what a register holds
    counts = {name: [1] for name in COUNTS} | {"uncovered": [""]}
    for name, own in (("a", frame), ("b", frame.assign(score=frame["score"] * 2, extra=1).iloc[::-1])):
        table = pa.Table.from_pandas(own, preserve_index=False)
        made_by = Provenance("polis", {}, name * 64)
        write_stage(str(tmp_path / f"{name}.parquet"), kind, study, Content([table], {"counts": counts}), made_by)
    done = dnt("diff", "a.parquet", "b.parquet", cwd=tmp_path).check()
    n = len(frame)
    assert done.text.startswith(
        f"30 persons in both; {n} rows in both; 2 of {len(COLUMNS)} columns differ ({n} cells)."
    )
    assert re.search(r"^extra +added$", done.text, flags=re.MULTILINE)
    assert re.search(rf"^score +{n}/{n}$", done.text, flags=re.MULTILINE)
    for canary in CANARIES:
        assert canary not in done.text
