"""Several files joined on id and wave, and who is in which."""

from __future__ import annotations

import pandas as pd
import pytest
from study_text import SMALL

from dnt_cli.errors import DataError, StudyError
from dnt_cli.reading import Dictionary, Joined, Raw, join_files
from dnt_cli.study import parse_study

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
        parse_study(SMALL + files), lambda path: Raw(tables[path], MISSING if path == "t0.sav" else Dictionary())
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
    assert said(joined) == [("warning", "persons: 1 persons who are in no file with a wave; left out")]
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
        "later: 1 rows without an id",
        "later: 2 rows with no known wave; known: T0, T1",
        "later: 1 rows whose person and wave stand there already",
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
    assert errors == ["work: 1 rows in which later and a file before it differ"]


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
