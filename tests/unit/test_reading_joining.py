"""Several files joined on id and wave, and who is in which."""

from __future__ import annotations

import pandas as pd
import pytest

from dnt_cli.errors import DataError, StudyError
from dnt_cli.reading import Dictionary, Joined, RawTable, join_files
from dnt_cli.study import parse_study
from tests.support.studies import SMALL

FILES = """
[files.persons]
path = "persons.csv"
id = "nr"
[files.first]
path = "t0.sav"
wave = "T0"
columns = { v1 = "work" }
[files.later]
path = "later.xlsx"
wave_column = "meting"
wave_codes = { "1" = "T0", "2" = "T1" }
only = ["score"]
"""
TABLES = {
    "persons.csv": pd.DataFrame({"nr": [1, 2, 3, 9], "group": ["treated", "control", "control", "treated"]}),
    "t0.sav": pd.DataFrame({"id": ["1", "2", "4"], "v1": [1.0, 0.0, 99.0]}),
    "later.xlsx": pd.DataFrame({"id": [1.0, 3, 3, 1], "meting": [1, 1, 2, 2.0], "score": [5, 6, 7, 8], "x": 0}),
}
MISSING = Dictionary(labels={"v1": "Work?"}, values={"v1": {99.0: "?"}}, missing={"v1": ((99.0, 99.0),)})


def join(files: str = FILES, **changed: pd.DataFrame) -> Joined:
    tables = {**TABLES, **{name.replace("_", "."): frame for name, frame in changed.items()}}
    before = {name: frame.copy(deep=True) for name, frame in tables.items()}
    joined = join_files(
        parse_study(SMALL + files), lambda path: RawTable(tables[path], MISSING if path == "t0.sav" else Dictionary())
    )
    for name, frame in tables.items():
        pd.testing.assert_frame_equal(frame, before[name])
    return joined


def said(joined: Joined) -> list[tuple[str, str]]:
    return [(finding.level, str(finding)) for finding in joined.findings]


def test_rows_columns_and_dictionary() -> None:
    joined = join()
    assert list(joined.raw.frame.columns) == ["id", "wave", "group", "work", "score"]
    rows = joined.raw.frame.astype("object").where(joined.raw.frame.notna(), None)
    assert rows.to_numpy().tolist() == [
        ["1", "T0", "treated", 1, 5],
        ["1", "T1", "treated", None, 8],
        ["2", "T0", "control", 0, None],
        ["3", "T0", "control", None, 6],
        ["3", "T1", "control", None, 7],
        ["4", "T0", None, 99, None],
    ]
    assert joined.raw.dictionary == Dictionary({"work": "Work?"}, {"work": {99.0: "?"}}, {"work": ((99.0, 99.0),)})
    assert joined.raw.without_missing()[1]["count"].tolist() == [1]


def test_who_is_in_which_file() -> None:
    joined = join()
    assert said(joined) == [("warning", "persons: 1 person in no file with a wave; left out")]
    report = joined.report.set_index(["file", "wave"])
    # persons: 9 is nowhere else, 4 is elsewhere only
    assert report.loc[("persons", "")].tolist() == [4, 4, 1, 1, 0]
    assert report.loc[("first", "T0")].tolist() == [3, 3, 1, 1, 0]  # 4 here only, 3 in later only
    assert report.loc[("later", "T0")].tolist() == [2, 2, 0, 2, 0]
    assert report.loc[("later", "T1")].tolist() == [2, 2, 0, 0, 0]
    assert len(report) == 4


def test_duplicates_unknown_waves_and_lost_ids_are_errors_with_counts() -> None:
    later = pd.DataFrame({"id": [1, 1, None, 3, 3], "meting": [1, 1, 1, 7, None], "score": [1, 2, 3, 4, 5]})
    joined = join(later_xlsx=later)
    errors = [text for level, text in said(joined) if level == "error"]
    assert errors == [
        "later: 1 row without an id",
        "later: 2 rows with no known wave; known: T0, T1",
        "later: 1 row whose person and wave stand there already",
    ]
    row = joined.report.set_index(["file", "wave"]).loc[("later", "T0")]
    assert (row["rows"], row["persons"], row["duplicates"]) == (2, 1, 1)


def test_files_that_tell_the_same_must_agree() -> None:
    files = FILES.replace('only = ["score"]', 'columns = { score = "work" }\nonly = ["work"]')
    agree = pd.DataFrame({"id": [1, 3], "meting": [1, 1], "score": [1, 0]})
    joined = join(files, later_xlsx=agree)
    assert [text for level, text in said(joined) if level == "error"] == []
    assert joined.raw.frame["work"].tolist() == [1, 0, 0, 99]
    differ = pd.DataFrame({"id": [1, 2], "meting": [1, 1], "score": [0, 0]})
    errors = [text for level, text in said(join(files, later_xlsx=differ)) if level == "error"]
    assert errors == ["work: 1 row in which later and a file before it differ"]


@pytest.mark.parametrize(
    ("old", "new", "error", "message"),
    [
        ('id = "nr"', 'id = "nummer"', DataError, r"persons.csv lacks the column nummer \(see \[files.persons\]\)"),
        ("v1 =", "v12 =", DataError, "t0.sav lacks the column v12; did you mean v1"),
        ('"meting"', '"golf"', DataError, "later.xlsx lacks the column golf"),
        ('v1 = "work"', 'v1 = "wave"', DataError, "the column wave would take the place of the study's"),
        ('wave = "T0"', 'wave = "T9"', StudyError, "found 'T9'; allowed: T0, T1"),
        ('"2" = "T1"', '"2" = "T9"', StudyError, "found 'T9'"),
        ('wave = "T0"', 'wave = "T0"\nwave_column = "x"', StudyError, "either the wave of the whole file or"),
        ('only = ["score"]', 'columns = { score = "a", x = "a" }', StudyError, "two columns get the same name"),
    ],
)
def test_a_mapping_that_does_not_fit(old: str, new: str, error: type[Exception], message: str) -> None:
    assert old in FILES
    with pytest.raises(error, match=message):
        join(FILES.replace(old, new, 1))


def test_nothing_to_join() -> None:
    with pytest.raises(StudyError, match="names no files"):
        join("")
    with pytest.raises(StudyError, match=r"None of the \[files\] has a wave"):
        join('[files.persons]\npath = "persons.csv"\nid = "nr"\n')


def joined_tables(*raws: RawTable, files: str = "") -> Joined:
    """Files at T0 and T1 (and further ones, in `files`) in which ids and columns have their own names."""
    text = "".join(f'[files.f{i}]\npath = "{i}"\nwave = "T{i}"\n' for i in range(2))
    return join_files(parse_study(f"{SMALL}\n{files or text}"), lambda path: raws[int(path)])


def test_codes_for_no_answer_of_one_file_are_no_answers_in_another() -> None:
    def table(values: list[float], *codes: float) -> RawTable:
        missing = {"x": tuple((code, code) for code in codes)} if codes else {}
        return RawTable(pd.DataFrame({"id": ["a", "b"], "x": values}), Dictionary(missing=missing))

    both = joined_tables(table([1, 9], 9), table([2, 99], 99))
    assert both.findings == []
    assert both.raw.without_missing()[0]["x"].isna().tolist() == [False, False, True, True]
    for other in (table([9, 2], 99), table([9, 2])):
        (finding,) = joined_tables(table([1, 9], 9), other).findings
        assert (finding.level, finding.column) == ("error", "x")
        assert finding.message.startswith("1 answers in f1 that are codes for no answer in another file")


def test_a_label_of_another_level_in_another_file_is_an_error() -> None:
    def table(labels: dict[float | str, str]) -> RawTable:
        return RawTable(pd.DataFrame({"id": ["a", "b"], "group": [1.0, 2.0]}), Dictionary(values={"group": labels}))

    same, other = {1.0: "treated", 2.0: "control"}, {1.0: "control", 2.0: "treated"}
    assert joined_tables(table(dict(same)), table(dict(same))).findings == []
    (finding,) = joined_tables(table(dict(same)), table(dict(other))).findings
    assert str(finding) == "group: 2 rows whose code in f1 has the label of another level in another file"


def test_a_file_with_the_column_of_the_waves_has_its_rows_at_them() -> None:
    """Whether the study file says so again or not."""
    frame = pd.DataFrame({"id": [1, 2, 1], "wave": ["T0", "T0", "T1"], "x": range(3)})
    told, untold = (
        joined_tables(RawTable(frame, Dictionary()), files=f'[files.f]\npath = "0"\n{more}')
        for more in ('wave_column = "wave"\n', "")
    )
    assert told.findings == untold.findings == []
    pd.testing.assert_frame_equal(told.raw.frame, untold.raw.frame)


def test_waves_by_their_labels_and_no_user_missing_ids_or_waves() -> None:
    frame = pd.DataFrame({"id": [1, 2, 999, 3, 1], "wave": [1.0, 2.0, 1.0, 9.0, 2.0], "x": range(5)})
    labels = Dictionary(
        values={"wave": {1.0: "T1", 2.0: "T0"}}, missing={"id": ((999.0, 999.0),), "wave": ((9.0, 9.0),)}
    )
    found = joined_tables(RawTable(frame, labels), files='[files.f]\npath = "0"\nwave_column = "wave"\n')
    assert [str(finding)[:22] for finding in found.findings] == ["f: 1 row without an id", "f: 1 row with no known"]
    assert found.raw.frame[["id", "wave", "x"]].to_numpy().tolist() == [["1", "T0", 4], ["1", "T1", 0], ["2", "T0", 1]]
    coded = '[files.f]\npath = "0"\nwave_column = "wave"\nwave_codes = { "1" = "T0", "2" = "T1" }\n'
    assert joined_tables(RawTable(frame, labels), files=coded).raw.frame["wave"].tolist() == ["T0", "T1", "T1"]
