"""Files of other programs: values, labels and user-missing codes in, and out again."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pyreadstat
import pytest

from dnt_cli.errors import DataError
from dnt_cli.reading import Dictionary, RawTable, prepare, read_table, study_dictionary, write_table
from dnt_cli.study import load_study
from dnt_cli.survey import cast_survey, survey_table, with_further
from dnt_cli.synthetic import example_study, generate

FRAME = pd.DataFrame(
    {
        "resp": ["p1", "p2", "p3", "p4", "p5"],
        "answer": [1.0, 99.0, np.nan, 98.0, 2.0],
        "score": [1.5, -7.0, 3.25, np.nan, -6.0],
        "sex": [1.0, 2.0, 2.0, 1.0, np.nan],
    }
)
LABELS = {"answer": "Vraag één: hoe vaak?", "sex": "Geslacht"}
VALUES = {"answer": {1.0: "nooit", 2.0: "vaak", 98.0: "weet niet", 99.0: "weigert"}, "sex": {1.0: "vrouw", 2.0: "man"}}
MISSING = {"answer": ((98.0, 98.0), (99.0, 99.0)), "score": ((-9.0, -5.0),)}


def sav(path: Path) -> bytes:
    """A file as SPSS would hold it, made by ReadStat and not by the code under test."""
    pyreadstat.write_sav(
        FRAME,
        str(path),
        column_labels=LABELS,
        variable_value_labels=VALUES,
        missing_ranges={"answer": [98, 99], "score": [{"lo": -9, "hi": -5}]},
    )
    return path.read_bytes()


def same(raw: RawTable, frame: pd.DataFrame = FRAME) -> None:
    pd.testing.assert_frame_equal(raw.frame, frame, check_dtype=False, check_exact=True)
    assert {c: dict(v) for c, v in raw.dictionary.values.items()} == VALUES
    assert dict(raw.dictionary.labels) == LABELS
    assert {c: tuple(r) for c, r in raw.dictionary.missing.items()} == MISSING


def test_spss_with_user_missing_apart_from_empty(tmp_path: Path) -> None:
    raw = read_table(sav(tmp_path / "a.sav"), "a.sav")
    same(raw)
    frame, counts = raw.without_missing()
    assert frame["answer"].isna().tolist() == [False, True, True, True, False]
    assert frame["score"].isna().tolist() == [False, True, False, True, True]
    assert counts.to_numpy().tolist() == [
        ["answer", "98 (weet niet)", 1], ["answer", "99 (weigert)", 1], ["score", "-7", 1], ["score", "-6", 1],
    ]  # fmt: skip
    same(raw)  # and nothing was changed in place


@pytest.mark.parametrize("suffix", [".sav", ".xlsx"])
def test_spss_to_another_format_and_back_loses_nothing(tmp_path: Path, suffix: str) -> None:
    raw = read_table(sav(tmp_path / "a.sav"), "a.sav")
    content = write_table(raw.frame, raw.dictionary, suffix)
    same(read_table(content, f"b{suffix}"))
    if suffix == ".sav":  # as another program reads it
        frame, meta = pyreadstat.read_sav(io.BytesIO(content), user_missing=True)
        pd.testing.assert_frame_equal(frame, FRAME, check_exact=True)
        assert meta.variable_value_labels == VALUES
        assert meta.missing_ranges["answer"] == [{"lo": 98.0, "hi": 98.0}, {"lo": 99.0, "hi": 99.0}]
        assert meta.missing_ranges["score"] == [{"lo": -9.0, "hi": -5.0}]


def test_spss_to_stata_and_back(tmp_path: Path) -> None:
    """Stata's user-missing values are letters: the codes become .a, .b, ..., their labels stay."""
    raw = read_table(sav(tmp_path / "a.sav"), "a.sav")
    content = write_table(raw.frame, raw.dictionary, ".dta")
    frame, meta = pyreadstat.read_dta(io.BytesIO(content), user_missing=True)
    assert frame["answer"].tolist()[0::4] == [1, 2]
    assert frame["answer"].tolist()[1] == "b"
    assert np.isnan(frame["answer"].tolist()[2])
    assert frame["answer"].tolist()[3] == "a"
    assert meta.variable_value_labels["answer"] == {1: "nooit", 2: "vaak", "a": "weet niet", "b": "weigert"}
    back = read_table(content, "b.dta")
    assert back.dictionary.values["answer"] == {1: "nooit", 2: "vaak", -1: "weet niet", -2: "weigert"}
    # SPSS's -7 and -6 were in use as letters already
    assert back.dictionary.missing == {"answer": ((-1, -1), (-2, -2)), "score": ((-6, -6), (-7, -7))}
    assert back.frame["answer"].tolist()[1] == -2
    assert back.frame["score"].tolist()[1] == -7
    cleaned, counts = back.without_missing()
    assert counts["count"].sum() == 4
    pd.testing.assert_frame_equal(cleaned, raw.without_missing()[0], check_dtype=False, check_exact=True)
    again = read_table(write_table(back.frame, back.dictionary, ".dta"), "c.dta")
    pd.testing.assert_frame_equal(again.frame, back.frame, check_exact=True)
    assert again.dictionary == back.dictionary


def test_stata_letters_below_negative_answers() -> None:
    frame = pd.DataFrame({"x": pd.Series([-3.0, "c", np.nan, 2.0], dtype=object)})
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.dta"
        pyreadstat.write_dta(frame, str(path), missing_user_values={"x": ["c"]})
        raw = read_table(path.read_bytes(), "a.dta")
    assert raw.frame["x"].tolist()[:2] == [-3, -6]
    assert raw.dictionary.missing == {"x": ((-6, -6),)}


def test_more_codes_than_spss_holds() -> None:
    codes = tuple((float(c), float(c)) for c in (95, 96, 97, 98))
    dictionary = Dictionary(missing={"x": codes})
    raw = read_table(write_table(pd.DataFrame({"x": [1.0, 96]}), dictionary, ".sav"), "a.sav")
    assert raw.dictionary.missing == {"x": ((95, 98),)}
    with pytest.raises(DataError, match="SPSS cannot hold the 4 user-missing codes of x"):
        write_table(pd.DataFrame({"x": [1.0, 95.5]}), dictionary, ".sav")


DUTCH = "id;naam;cijfer;datum\r\n1;Zoë;7,5;2020-01-02\r\n2;;-0,25;\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_csv_with_dutch_separators_in_any_encoding(encoding: str) -> None:
    raw = read_table(DUTCH.encode(encoding), "a.csv")
    assert list(raw.frame.columns) == ["id", "naam", "cijfer", "datum"]
    assert raw.frame["cijfer"].tolist() == [7.5, -0.25]
    assert raw.frame["naam"].iloc[0] == "Zoë"
    assert raw.frame["naam"].isna().tolist() == [False, True]
    assert [str(f) for f in raw.findings] == (
        [] if encoding != "cp1252" else ["a.csv is not UTF-8; it was read as Windows-1252"]
    )


def test_csv_with_tabs_and_either_decimal_sign() -> None:
    assert read_table(b"a\tb\n1,5\t2\n", "a.csv").frame.to_numpy().tolist() == [[1.5, 2]]
    assert read_table(b"a\tb\n1.5\t2\n", "a.csv").frame.to_numpy().tolist() == [[1.5, 2]]
    assert read_table(b"a,b\n1.5,NA\n", "a.csv").frame.to_numpy().tolist() == [[1.5, "NA"]]


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"id\n\x81\x8d", "a.csv", "a.csv is no file that dnt can read"),
        (b"$FL2nothing", "a.sav", "a.sav is damaged or no SPSS file"),
        (b"<stata_dta>", "a.dta", "a.dta is damaged or no Stata file"),
        (b"PK\x03\x04nothing", "a.xlsx", "a.xlsx is damaged or no Excel workbook"),
        (b"\xd0\xcf\x11\xe0old", "a.xls", "old or a locked Excel file"),
        (b"PAR1nothing", "a.parquet", "damaged or cut off"),
        (b"", "a.csv", "not a CSV table"),
        (b"a,b\n1,2,3\n", "a.csv", "not a CSV table"),
    ],
)
def test_files_that_cannot_be_read(content: bytes, name: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_table(content, name)


def test_excel_as_analysts_make_it() -> None:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["id", "x", "x"], [1, "2", None], ["p2", 3.5, "=1+1"], [None, None, None]):
        sheet.append(row)
    sheet["C3"].data_type = "s"
    book.create_sheet("notes")
    stream = io.BytesIO()
    book.save(stream)
    raw = read_table(stream.getvalue(), "a.xlsx")
    assert list(raw.frame.columns) == ["id", "x", "x"]  # the survey reader refuses the second x
    assert raw.frame.iloc[:, 0].tolist() == [1, "p2"]
    assert raw.frame.iloc[:, 2].tolist() == [None, "=1+1"]
    assert [f.name for f in raw.findings] == ["reading.one_sheet"]
    text = read_table(write_table(pd.DataFrame({"x": ["=1+1", "+1"]}), Dictionary(), ".xlsx"), "b.xlsx")
    assert text.frame["x"].tolist() == ["=1+1", "+1"]  # text, not a formula
    empty = io.BytesIO()
    openpyxl.Workbook().save(empty)
    with pytest.raises(DataError, match="the sheet Sheet is no table"):
        read_table(empty.getvalue(), "c.xlsx")


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("suffix", [".sav", ".dta", ".xlsx"])
def test_a_survey_with_the_study_labels_and_back_loses_nothing(suffix: str, language: str) -> None:
    study, raw = example_study(), generate()
    survey, _ = cast_survey(raw, study)
    coded, dictionary = study_dictionary(survey, study, language)  # type: ignore[arg-type]
    back = read_table(write_table(coded, dictionary, suffix), f"a{suffix}")
    prepared = prepare(back, study)
    assert prepared.findings == ()
    again, _ = cast_survey(prepared.frame, study)
    exact = suffix != ".xlsx"  # which holds 16 digits
    pd.testing.assert_frame_equal(again, survey, check_exact=exact, **({} if exact else {"rtol": 1e-15, "atol": 0}))
    labels = back.dictionary.values
    education = study.covariates["education"].level_labels
    assert list(labels["education"].values()) == [text[language] for text in education]  # type: ignore[index]
    assert labels["work_any"] == {0: {"nl": "nee", "en": "no"}[language], 1: {"nl": "ja", "en": "yes"}[language]}
    assert back.dictionary.labels["debt"] == study.outcomes["debt"].label[language]  # type: ignore[index]
    assert list(labels["group"]) == [0, 1]


def test_a_column_of_codes_becomes_levels_by_its_labels_only() -> None:
    study = load_study("dnt")
    frame = pd.DataFrame({"education": [3.0, 1.0, 5.0, np.nan], "group": ["control", "intervention", "x", None]})
    values = {"education": {1.0: "Laag", 3.0: "HIGH"}, "group": {"x": "Controle"}}
    got = prepare(RawTable(frame, Dictionary(values=values)), study).frame
    assert got["education"].tolist()[:3] == ["high", "low", 5.0]  # an unknown code stays, to be refused by name
    assert got["group"].tolist()[:3] == ["control", "intervention", "control"]


def test_imputations_for_spss_and_stata_have_names_that_they_allow() -> None:
    frame = pd.DataFrame({".imp": [0, 1], ".id": [1, 1], "work_T0": [1.0, 0.0], "a-b": [True, False]})
    back = read_table(write_table(frame, Dictionary(), ".sav"), "a.sav")
    assert list(back.frame.columns) == ["Imputation_", "v_id", "work_T0", "a_b"]
    assert back.dictionary.labels["Imputation_"] == ".imp"
    stata = read_table(write_table(frame, Dictionary(), ".dta"), "a.dta")
    assert list(stata.frame.columns) == ["Imputation_", "_id", "work_T0", "a_b"]
    with pytest.raises(DataError, match=r"same name in \.sav"):
        write_table(pd.DataFrame({"a-b": [1], "a_b": [1]}), Dictionary(), ".sav")


def test_dictionary_as_json() -> None:
    dictionary = Dictionary(LABELS, VALUES, MISSING)
    import json

    assert Dictionary.from_json(json.loads(json.dumps(dictionary.as_json()))) == dictionary
    assert Dictionary.from_json({}) == Dictionary()


def test_a_survey_keeps_the_other_columns_row_for_row() -> None:
    study, raw = example_study(), generate()
    shuffled = raw.sample(frac=1, random_state=3)
    shuffled["mixed"] = [i if i % 2 else f"t{i}" for i in range(len(raw))]
    table = survey_table(with_further(cast_survey(shuffled, study)[0], shuffled, study)).to_pandas()
    expected = shuffled.sort_values(["id", "wave"]).reset_index(drop=True)
    assert table["match_group"].tolist() == expected["match_group"].tolist()
    assert table["mixed"].tolist() == expected["mixed"].astype(str).tolist()
    assert table["id"].tolist() == expected["id"].tolist()


@pytest.mark.parametrize("place", [180, 215, 336, 465, 517])
def test_a_header_that_would_end_the_program_is_refused(place: int, tmp_path: Path) -> None:
    """ReadStat 1.3.7 writes where it may not when one of these bytes falls over, and takes Python along."""
    whole = sav(tmp_path / "whole.sav")
    fallen = whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :]
    with pytest.raises(DataError, match="damaged or no SPSS file"):
        read_table(fallen, "fallen.sav")


def test_an_spss_file_with_more_rows_than_its_header_says_is_not_read_half(tmp_path: Path) -> None:
    """As after another program added rows; what is no whole row belongs to none."""
    pyreadstat.write_sav(pd.DataFrame({"x": [1.0, 2.0, 3.0]}), str(tmp_path / "x.sav"))
    whole = (tmp_path / "x.sav").read_bytes()
    assert read_table(whole + b"line", "x.sav").frame["x"].tolist() == [1, 2, 3]
    for content in (whole + b"\0" * 8, whole[:80] + b"\2\0\0\0" + whole[84:], whole[:-8]):
        with pytest.raises(DataError, match="rows and has"):
            read_table(content, "x.sav")
    unknown = whole[:80] + b"\xff" * 4 + whole[84:]  # as programs write it that do not know beforehand
    assert read_table(unknown, "x.sav").frame["x"].tolist() == [1, 2, 3]


def test_more_rows_than_there_are_is_damage() -> None:
    """Pyreadstat has an IndexError for it."""
    whole = write_table(FRAME, Dictionary(LABELS, VALUES), ".dta")
    with pytest.raises(DataError, match="damaged or no Stata file"):
        read_table(whole[:85] + bytes([whole[85] ^ 1]) + whole[86:], "fallen.dta")


@pytest.mark.parametrize("word", [b'"columns"', b'"kind"', b'"numpy_type"', b'"object"'])
def test_what_pandas_left_in_a_parquet_file_may_be_damaged_too(word: bytes) -> None:
    stream = io.BytesIO()
    FRAME.to_parquet(stream)
    schema = pq.read_metadata(stream).metadata[b"ARROW:schema"]
    told = base64.b64decode(schema)
    assert word in told
    changed = base64.b64encode(told.replace(word, word[:2] + b"_" + word[3:]))
    fallen = stream.getvalue().replace(schema, changed)
    with pytest.raises(DataError, match="damaged or cut off"):
        read_table(fallen, "fallen.parquet")
