"""Data files as analysts have them: each is read as it was meant, or is an error that says what to add."""

from __future__ import annotations

import datetime
import io
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

from dnt_cli.errors import DataError, StudyError
from dnt_cli.reading import Reading
from dnt_cli.reading.numbers import shape
from dnt_cli.reading.suspicion import means_no_answer, suspects
from dnt_cli.study import load_study, parse_study
from tests.support.reading import CASES, SMALL, long_frame, names, read_survey, wide_frame
from tests.support.studies import study_text


def read(folder: str, file: str, study: str = "study.toml", **replaced: str) -> Reading:
    text = (CASES / folder / study).read_text(encoding="utf-8")
    for old, new in replaced.items():
        text = text.replace(f"[{old.replace('__', '.')}]", f"[{old.replace('__', '.')}]\n{new}")
    return read_survey((CASES / folder / file).read_bytes(), file, parse_study(text))


@pytest.mark.parametrize(
    ("folder", "file", "rows", "told"),
    [
        ("02-yes1-no2", "x.sav", 151, ["yes_no_labels"]),
        ("17-excel-text-numbers", "x.xlsx", 151, ["decimal_comma"]),
        ("22-redcap-baseline-only", "x.csv", 151, ["group_filled"]),
        ("25-trailing", "x.csv", 151, ["columns_blank", "rows_blank"]),
        ("25-trailing", "one.csv", 151, ["columns_blank"]),
        ("25-trailing", "rows.csv", 151, ["rows_blank"]),
        ("25-trailing", "space.csv", 151, ["rows_blank"]),
        ("53-likert-words", "x.csv", 151, ["words_read"]),
        ("53-likert-words", "x.sav", 151, []),
        ("54-quoted-decimal-comma", "x.csv", 151, ["decimal_comma"]),
        ("57-two-wave-outcome", "x.csv", 151, []),
    ],
)
def test_what_is_read_and_told(folder: str, file: str, rows: int, told: list[str]) -> None:
    reading = read(folder, file)
    assert names(reading) == []
    assert names(reading, "warning") == told
    assert reading.survey is not None
    assert len(reading.survey) == rows


@pytest.mark.parametrize(
    ("folder", "file", "error", "said"),
    [
        ("04-labelled-not-declared", "x.sav", "suspect", "10 rows with 99 (Don't know)"),
        ("24-mixed-ids", "x.xlsx", "ids_zeros", "57 ids stand there in several ways that are the same number"),
        ("61-excel-formulas", "form.xlsx", "formula_empty", "14 cells with a formula that has no result"),
        ("62-thousands", "thous.csv", "thousands_open", 'decimal = ","'),
        ("63-ids", "z.csv", "ids_zeros", "1 ids stand there"),
        ("60-wide-clients", "long.sav", "suspect", "7 rows with -99"),
    ],
)
def test_what_is_an_error_that_says_what_to_do(folder: str, file: str, error: str, said: str) -> None:
    reading = read(folder, file)
    assert reading.survey is None
    assert error in names(reading)
    assert any(said in str(finding) for finding in reading.findings)


def test_what_mends_them() -> None:
    mended = read("04-labelled-not-declared", "x.sav", outcomes__wellbeing="missing = [99]")
    assert mended.survey is not None
    assert mended.survey["wellbeing"].max() < 99
    valid = read("04-labelled-not-declared", "x.sav", outcomes__wellbeing="valid = [99]")
    assert valid.survey is not None
    assert (valid.survey["wellbeing"] == 99).sum() == 10
    ids = read("24-mixed-ids", "x.xlsx", outcomes="", design="", study="study.toml", files="")
    assert ids.survey is None
    text = (CASES / "24-mixed-ids" / "study.toml").read_text(encoding="utf-8")
    content = (CASES / "24-mixed-ids" / "x.xlsx").read_bytes()
    same = read_survey(content, "x.xlsx", parse_study(text + "[files]\nid_width = 3\n")).survey
    others = read_survey(content, "x.xlsx", parse_study(text + '[files]\nid_match = "exact"\n')).survey
    assert same is not None
    assert others is not None
    assert same["id"].nunique() == 60
    assert others["id"].nunique() == 117
    thousand = (CASES / "62-thousands" / "thous.csv").read_bytes()
    text = (CASES / "62-thousands" / "study.toml").read_text(encoding="utf-8")
    large = read_survey(thousand, "t.csv", parse_study(text + '[files]\ndecimal = ","\n')).survey
    small = read_survey(thousand, "t.csv", parse_study(text + '[files]\ndecimal = "."\n')).survey
    assert large is not None
    assert small is not None
    assert large["income"].iloc[0] == 1785
    assert small["income"].iloc[0] == 1.785


def test_a_wide_file_is_the_same_from_spss_excel_and_csv() -> None:
    surveys = [read("60-wide-clients", f"clienten{s}", "mended.toml").survey for s in (".sav", ".xlsx", ".csv")]
    assert surveys[0] is not None
    assert len(surveys[0]) == 222
    for other in surveys[1:]:
        assert other is not None
        pd.testing.assert_frame_equal(other, surveys[0], check_exact=True)
    long = read("60-wide-clients", "long.sav", "mended.toml").survey
    assert long is not None
    answered = long.dropna(subset=["stress", "schuldeisers", "rondkomen", "schuld", "inkomen"], how="all")
    answered = answered.reset_index(drop=True).drop(columns="baan")  # which holds the baseline at every wave there
    pd.testing.assert_frame_equal(answered, surveys[0].drop(columns="baan"), check_exact=True)


def of(frame: pd.DataFrame | str, files: str = "", study: str = SMALL, suffix: str = ".csv") -> Reading:
    text = frame if isinstance(frame, str) else frame.to_csv(index=False)
    return read_survey(text.encode(), f"x{suffix}", parse_study(study + f"\n[files]\n{files}"))


def excel(frame: pd.DataFrame, change: Any = None, files: str = "", study: str = SMALL) -> Reading:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "data"
    for row in [list(frame.columns), *frame.astype(object).where(frame.notna(), None).to_numpy().tolist()]:
        sheet.append(row)
    if change is not None:
        change(book)
    stream = io.BytesIO()
    book.save(stream)
    return read_survey(stream.getvalue(), "x.xlsx", parse_study(study + f"\n[files]\n{files}"))


def test_a_long_file_is_read_whatever_layout_the_study_file_tells() -> None:
    """As what `dnt convert` makes of a wide file."""
    reading = of(long_frame(), files='layout = "wide"\npattern = "{outcome}_{wave}"')
    assert names(reading, "warning")[0] == "read_as_long"
    pd.testing.assert_frame_equal(reading.survey, of(long_frame()).survey)


@pytest.mark.parametrize("pattern", ["{outcome}_{wave}", "{outcome}_{wave} "])
def test_the_default_pattern_is_simply_read(pattern: str) -> None:
    reading = of(wide_frame(pattern.strip()))
    assert names(reading, "warning")[0] == "read_as_wide"
    plain = of(long_frame()).survey
    assert reading.survey is not None
    answered = plain[plain[["work", "wellbeing"]].notna().any(axis=1)].reset_index(drop=True)  # type: ignore[index]
    got = reading.survey[reading.survey[["work", "wellbeing"]].notna().any(axis=1)].reset_index(drop=True)
    pd.testing.assert_frame_equal(got, answered)


@pytest.mark.parametrize("pattern", ["{wave}_{outcome}", "{outcome}{wave}", "{outcome}.{wave}", "{wave}{outcome}"])
def test_another_pattern_is_asked_for_with_the_lines_to_add(pattern: str) -> None:
    reading = of(wide_frame(pattern))
    assert "looks_wide" in names(reading)
    assert any(f'pattern = "{pattern}"' in str(f) for f in reading.findings)
    told = of(wide_frame(pattern), f'layout = "wide"\npattern = "{pattern}"')
    assert told.survey is not None
    assert told.survey["id"].nunique() == 60


def test_columns_that_follow_no_pattern_are_named() -> None:
    frame = wide_frame("{outcome}_{wave}").rename(columns={"work_T1": "werk half jaar", "age": "leeftijd"})
    assert "wide_missing" in names(of(frame))
    told = of(frame, 'columns = { "werk half jaar" = "work_T1", leeftijd = "age" }')
    assert told.survey is not None


@pytest.mark.parametrize("word", ["NaN", "N/A", "#N/A", "NULL", "None", ".", "-", "n.v.t.", "<NA>", "#NULL!"])
def test_words_for_no_answer_are_missing_and_told(word: str) -> None:
    frame = long_frame().astype(object)
    frame.loc[[2, 3], "wellbeing"] = word
    reading = of(frame)
    assert "word_missing" in names(reading, "warning")
    assert any(f"({word}: 2)" in str(f) for f in reading.findings)
    assert of(frame, "missing_words = []").survey is None


@pytest.mark.parametrize("code", [-9, -99, -999, 999, 9999, -2147483648])
def test_what_looks_like_a_code_is_an_error_and_the_line_mends_it(code: int) -> None:
    study = SMALL.replace("range = [0, 100]\n", "")
    frame = long_frame()
    frame.loc[[2, 3], "wellbeing"] = code
    reading = of(frame, study=study)
    assert names(reading) == ["suspect"]
    assert f"missing = [{code}]" in str(reading.findings[-1])
    assert "2 rows" in str(next(f for f in reading.findings if f.level == "error"))
    mended = of(frame, f"missing = [{code}]", study)
    assert mended.survey is not None
    assert (
        of(frame, study=study.replace("[outcomes.wellbeing]", f"[outcomes.wellbeing]\nvalid = [{code}]")).survey
        is not None
    )


@pytest.mark.parametrize(
    ("values", "limits", "found"),
    [
        ([1, 2, 3, 4, 5, 9], None, [9]),
        ([1, 2, 3, 4, 5, 6, 7], None, []),
        ([7, 8, 9], None, []),
        ([18, 40, 67, 99], (16, 100), [99]),
        ([40, 75, 80, 99], (0, 100), []),
        ([-30, -9, 0, 12], None, []),
        ([0, 1, -1], None, [-1]),
        ([1.5, 2.5, 999.0], None, [999]),
        ([1000, 1500, 999], None, []),
        ([0, 3, 12, 88], None, []),
        ([1e9, 2.0**31 - 1], None, []),
        ([5.0, 2.0**31 - 1], None, [2.0**31 - 1]),
    ],
)
def test_suspects(values: list[float], limits: tuple[float, float] | None, found: list[float]) -> None:
    different = np.array(sorted(values), dtype=float)
    counts = np.where(different == 9, 2, 1)
    assert suspects(different, counts, {}, limits) == found


@pytest.mark.parametrize(
    ("label", "meant"),
    [("weet niet", True), ("Don't know", True), ("geen antwoord", True), ("Refused", True), ("n.v.t.", True),
     ("niets", False), ("helemaal niet", False), ("never", False), ("geen", False), ("zeer gemakkelijk", False)],
)  # fmt: skip
def test_labels_that_mean_no_answer(label: str, meant: bool) -> None:
    assert means_no_answer(label) == meant


@pytest.mark.parametrize(
    ("yes", "no"), [("ja", "nee"), ("Yes", "No"), ("J", "N"), ("waar", "onwaar"), ("TRUE", "FALSE")]
)
def test_yes_and_no(yes: str, no: str) -> None:
    frame = long_frame()
    plain = of(frame).survey
    frame["work"] = frame["work"].map({1.0: yes, 0.0: no})
    got = of(frame).survey
    assert got is not None
    pd.testing.assert_frame_equal(got, plain)
    assert (
        of(frame, study=SMALL.replace("[outcomes.work]", f'[outcomes.work]\nyes = "{yes}"\nno = "{no}"')).survey
        is not None
    )


def test_codes_of_yes_and_no_and_no_others() -> None:
    frame = long_frame()
    plain = of(frame).survey
    frame["work"] = frame["work"].map({1.0: 1, 0.0: 2})
    assert names(of(frame)) == ["out_of_range"]
    study = SMALL.replace("[outcomes.work]", "[outcomes.work]\nyes = 1\nno = 2")
    pd.testing.assert_frame_equal(of(frame, study=study).survey, plain)
    frame.loc[3, "work"] = 0
    assert names(of(frame, study=study)) == ["code_unknown"]
    with pytest.raises(StudyError, match="no = "):
        parse_study(SMALL.replace("[outcomes.work]", '[outcomes.work]\nyes = "ja"'))
    with pytest.raises(StudyError, match="stands in yes as well"):
        parse_study(SMALL.replace("[outcomes.work]", '[outcomes.work]\nyes = "ja"\nno = "Ja "'))


@pytest.mark.parametrize(
    ("text", "name"),
    [("12", "whole"), ("-1,5", "comma"), ("1.785", "point or thousands"), ("1,785", "comma or thousands"),
     ("1.785,40", "point thousands"), ("1,785.40", "comma thousands"), ("1.000.000", "point thousands"),
     ("0.785", "point"), ("1 785,5", "comma"), ("1e-3", "point"), ("drie", None), ("1-2", None), ("", None)],
)  # fmt: skip
def test_how_numbers_are_written(text: str, name: str | None) -> None:
    assert shape(text) == name


def test_thousands_are_read_where_the_file_settles_it() -> None:
    frame = long_frame().astype(object)
    study = SMALL.replace("range = [0, 100]\n", "")
    frame["wellbeing"] = [None if pd.isna(v) else f"1.{int(v * 10):03d}" for v in frame["wellbeing"]]
    semicolons = frame.to_csv(index=False, sep=";")
    assert names(of(semicolons, study=study)) == ["thousands_open"]
    frame.loc[0, "wellbeing"] = "1.684,5"
    settled = of(frame.to_csv(index=False, sep=";"), study=study)
    assert settled.survey is not None
    assert settled.survey["wellbeing"].min() >= 1000


def test_a_date_where_a_score_is_meant() -> None:
    frame = long_frame().astype(object)

    def date(book: Any) -> None:
        book["data"]["H4"] = datetime.datetime(2024, 4, 3)

    assert names(excel(frame, date)) == ["dates"]


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [("001", "1", "ids_zeros"), ("001", "1.0", "ids_zeros"), ("a01", "A01", "ids_spelling"),
     ("a01", "a 01", "ids_spelling"), ("a01", "a1", "ids_numbered"), ("a01", "A 1", "ids_numbered")],
)  # fmt: skip
def test_ids_that_are_nearly_equal(old: str, new: str, kind: str) -> None:
    frame = long_frame().astype(object)
    first = frame["id"] == "001"
    later = first & (frame["wave"] != "T0")
    frame.loc[first, "id"] = old
    frame.loc[later, "id"] = new
    assert kind in names(of(frame))
    assert kind not in names(of(frame, 'id_match = "exact"'))
    folded = of(frame, 'id_match = "folded"').survey
    assert folded is not None
    assert folded["id"].nunique() == 60


def test_a_title_a_separator_line_and_questions_are_recognised() -> None:
    text = long_frame().to_csv(index=False, sep=";").replace(".", ",")
    plain = of(text).survey
    assert plain is not None
    header, rest = text.split("\n", 1)
    questions = "Uw nummer;Meting;Groep;Plaats;Opleiding;Leeftijd?;Werkt u?;Hoe gaat het?"
    for above in ("sep=;\n", "Export 2024\n\n", "Export 2024;;;;;;;\n", "sep=;\nExport\n"):
        got = of(above + text).survey
        assert got is not None, above
        pd.testing.assert_frame_equal(got, plain)
    below = of(f"{header}\n{questions}\n{rest}")
    assert "questions_dropped" in names(below, "warning")
    pd.testing.assert_frame_equal(below.survey, plain)
    codes = '"{""ImportId"":""QID1""}"' + ";x" * 7
    qualtrics = of(f"{header}\n{questions}\n{codes}\n{rest}")
    pd.testing.assert_frame_equal(qualtrics.survey, plain)


def test_sheets_and_header_rows() -> None:
    frame = long_frame()
    plain = excel(frame).survey
    assert plain is not None

    def readme(book: Any) -> None:
        book.create_sheet("toelichting", 0).append(["Zie het blad data"])

    def title(book: Any) -> None:
        book["data"].insert_rows(1, 2)
        book["data"]["A1"] = "Uitdraai"

    for change, files in ((readme, ""), (readme, 'sheet = "data"'), (title, ""), (title, "header_row = 3")):
        got = excel(frame, change, files).survey
        assert got is not None
        pd.testing.assert_frame_equal(got, plain)
    with pytest.raises(DataError, match="has no sheet gegevens; it has toelichting, data"):
        excel(frame, readme, 'sheet = "gegevens"')


def test_who_is_left_out_and_rows_of_other_months() -> None:
    frame = long_frame()
    rule = 'exclude = { age = "> 60", reason = "over 60" }\nwaves_outside = "drop"\n'
    study = SMALL.replace("[design]", f"[design]\n{rule}")
    more = pd.concat([frame, frame.iloc[:3].assign(wave="T9")], ignore_index=True)
    reading = of(more, study=study)
    old = frame.loc[frame["age"] > 60, "id"].nunique()
    assert old > 0
    assert reading.survey is not None
    assert reading.survey["id"].nunique() == 60 - old
    assert {"excluded", "waves_dropped"} <= set(names(reading, "warning"))
    assert any(f"{old} persons left out: over 60 (age > 60)" in str(f) for f in reading.findings)


def test_findings_are_spoken_in_dutch() -> None:
    reading = read("62-thousands", "thous.csv")
    assert any("meer dan duizend" in finding.line("nl") for finding in reading.findings)


def test_the_built_in_study_knows_no_source() -> None:
    assert load_study("dnt").source.layout is None


@pytest.mark.parametrize(("oldest", "suspect"), [(1, False), (2, True)])
def test_a_characteristic_counts_once_a_person_in_the_search_for_codes(oldest: int, suspect: bool) -> None:
    """One woman of 66 with three waves is no code for no answer; 66 of two persons is asked about."""
    text = study_text({"score": {"kind": "linear"}}, covariates={"age": {"kind": "continuous"}})
    lines = ["id,wave,group,age,score"]
    for person in range(20):
        age = 66 if person < oldest else 20 + person
        lines += [f"{person},T{wave},{'ic'[person % 2]},{age},{person + wave / 7:.3f}" for wave in range(3)]
    reading = read_survey("\n".join(lines).encode(), "x.csv", parse_study(text))
    told = [finding for finding in reading.findings if finding.name == "reading.suspect"]
    assert [(own.column, own.values["count"]) for own in told] == ([("age", 3 * oldest)] if suspect else [])
