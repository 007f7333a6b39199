"""Input that was once misread: each case was found by tests/property/test_any_input.py."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dnt_cli.cli.inputs import open_input
from dnt_cli.cli.results import present
from dnt_cli.description.run import describe
from dnt_cli.description.tables import description_tables
from dnt_cli.errors import DataError, StudyError
from dnt_cli.imputed.data import impute_wide, settings_of
from dnt_cli.imputed.foreign import from_long
from dnt_cli.polis.join import add_register
from dnt_cli.reading import Dictionary, prepare, read_table, write_table
from dnt_cli.reading.text import read_csv
from dnt_cli.stagefile.container import Provenance, write_stage
from dnt_cli.stagefile.result import Content
from dnt_cli.study import parse_study
from dnt_cli.survey import cast_survey, survey_table
from dnt_cli.wording import Wording
from tests.support.studies import TWO_WAVES, study_text

SMALL = study_text({"y": {"kind": "linear"}}, key="small", waves=TWO_WAVES)


def survey(**columns: object) -> pd.DataFrame:
    plain = {"id": [1, 2, 3, 4], "wave": ["T0"] * 4, "group": ["i", "i", "c", "c"], "y": [1.0, 2.0, 3.0, 5.0]}
    return pd.DataFrame(plain | columns)


@pytest.mark.parametrize(
    "ids",
    [
        ["007", "7", "07"],  # three persons, not one
        ["1E5", "100000"],
        ["1.10", "1.1"],
        ["+31", "31"],
        ["9007199254740993", "9007199254740992", "1.5"],  # as floats the first two are the same
        ["18446744073709551615", "3"],  # pandas made the first one missing
    ],
)
@pytest.mark.parametrize("separator", [",", ";"])
def test_codes_in_csv_stay_as_written(ids: list[str], separator: str) -> None:
    text = f"id{separator}y\n" + "".join(f"{value}{separator}1\n" for value in ids)
    frame = read_csv(text.encode(), "x.csv").frame
    assert frame["id"].tolist() == ids


@pytest.mark.parametrize("number", ["12", "1e+05", "1e-05", "0.5", "-3", "2.50", "7.0"])
def test_numbers_in_csv_stay_numbers(number: str) -> None:
    """R and Python write such numbers, which no code looks like."""
    frame = read_csv(f"id,y\n1,{number}\n2,{number}\n".encode(), "x.csv").frame
    assert pd.api.types.is_numeric_dtype(frame["y"])
    assert frame["y"].tolist() == [float(number)] * 2


def test_semicolons_with_decimal_points() -> None:
    """pandas writes such files; ids such as 7.0 stayed text, and were not the 7 of another file."""
    raw = read_csv(b"id;y\n7.0;1.5\n8.0;2.5\n", "x.csv")
    frame = raw.frame
    assert frame["id"].tolist() == [7, 8]
    assert frame["y"].tolist() == [1.5, 2.5]
    assert raw.findings == ()


@pytest.mark.parametrize("number", ["1,5", "-1,5", '"1,5"', "1,5e-05", "+1,5"])
def test_one_decimal_comma_is_enough(number: str) -> None:
    frame = read_csv(f"id;y;z\n7;{number};1,25\n8;2;3\n".encode(), "x.csv").frame
    cast, _ = cast_survey(survey(y=[*frame["y"], 1, 2]), parse_study(SMALL))
    assert float(number.strip('"').replace(",", ".")) in cast["y"].tolist()


def test_lines_that_end_too_soon_are_told() -> None:
    """Such as the last one of a file that was cut off; their last values were missing without a word."""
    raw = read_csv(b'a,b,c\n1,2,3\n4,5\n\n"6,\n",7,\n', "x.csv")
    assert [str(finding) for finding in raw.findings] == [
        "x.csv: 1 lines have fewer fields than the header; the others were taken as no answer"
    ]
    assert read_csv(b"a,b,c\n1,2,\n4,5,6\n", "x.csv").findings == ()


def test_a_very_long_field() -> None:
    frame = read_csv(b"a,b\n" + b"x" * 200_000 + b",\n1,2\n", "x.csv").frame
    assert frame.shape == (2, 2)


def test_points_that_may_stand_for_thousands_stay_text() -> None:
    raw = read_csv(b"id;pay;y\n7;1.234;1,5\n8;850;2,5\n", "x.csv")
    assert raw.frame["pay"].tolist() == ["1.234", "850"]
    assert raw.decimals == {","}
    assert raw.frame["y"].tolist() == [1.5, 2.5]
    assert read_csv(b"id,pay,y\n7,1.234,1.5\n", "x.csv").frame["pay"].tolist() == [1.234]


@pytest.mark.parametrize("decimal", [".", ","])
def test_numbers_are_read_to_the_last_digit(decimal: str) -> None:
    values = (np.random.default_rng(1).normal(size=300) * 10.0 ** np.arange(-150, 150)).tolist()
    text = "a;y\n" + "".join(f"1;{value!r}\n" for value in values).replace(".", decimal)
    separator = "," if decimal == "." else ";"
    frame = read_csv(text.replace(";", separator).encode(), "x.csv").frame
    assert frame["y"].tolist() == values


def test_numbers_written_as_text_are_read_to_the_last_digit() -> None:
    values = [1.7534404910673937, 3.4901075634907928, 6.0964726971604914, 0.1 + 0.2]
    cast, _ = cast_survey(survey(y=[repr(value) for value in values]), parse_study(SMALL))
    assert cast["y"].tolist() == values


@pytest.mark.parametrize("text", ["1_0", "0x10", "١", "1,5", "nan", "1 2", "1e", "--1"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(DataError, match="y: 1 row with a value that is no number"):
        cast_survey(survey(y=[text, "2", "3", "4"]), parse_study(SMALL))


def test_ids_that_floats_cannot_tell_apart_are_refused() -> None:
    ids = [2.0**53, 2.0**53 + 2, 1.0, 2.0]
    with pytest.raises(DataError, match="id: 2 rows with an id of more digits than a number holds; store ids as text"):
        cast_survey(survey(id=ids), parse_study(SMALL))
    exact, _ = cast_survey(survey(id=[2**53, 2**53 + 1, 1, 2]), parse_study(SMALL))
    assert set(exact["id"]) == {"9007199254740992", "9007199254740993", "1", "2"}


def test_whole_decimals_are_the_same_ids_as_whole_numbers() -> None:
    cast, _ = cast_survey(survey(id=[Decimal("7.00"), 8, "9", 10.0]), parse_study(SMALL))
    assert cast["id"].tolist() == ["10", "7", "8", "9"]


@pytest.mark.parametrize(("yes", "no"), [("TRUE", "FALSE"), ("True", "False"), ("true", "false"), ("1", "0")])
def test_truths_are_the_codes_that_are_written_so(yes: str, no: str) -> None:
    """pandas and pyarrow read TRUE and FALSE as truths, which a study calls by their words."""
    text = SMALL.replace('"i"', f'"{yes}"').replace('"c"', f'"{no}"')
    text += f'[covariates.g]\nlabel = "G"\nkind = "categorical"\nlevels = ["{yes}", "{no}"]\n'
    truths = [True, True, False, False]
    cast, _ = cast_survey(survey(group=truths, g=truths), parse_study(text))
    assert cast["group"].tolist() == [yes, yes, no, no]
    assert cast["g"].tolist() == [yes, yes, no, no]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([1e300, 2.0, 3.0, 4.0], r"y: 1 row beyond 1e\+100, which no measurement is"),
        ([1e-300, 2e-300, 0.0, 4e-300], "y: all values are below 1e-100; use a smaller unit"),
    ],
)
def test_sizes_whose_squares_are_no_numbers(values: list[float], says: str) -> None:
    """Their standard deviations were infinite, or zero."""
    with pytest.raises(DataError, match=says):
        cast_survey(survey(y=values), parse_study(SMALL))


def test_two_outcomes_with_one_wide_column() -> None:
    """`a` at `b_c` and `a_b` at `c` were both in the column a_b_c, so that one silently took the other's place."""
    text = SMALL.replace("T0", "b_c").replace("T1", "c").replace("[outcomes.y]", "[outcomes.a]")
    other = '[outcomes.a_b]\nlabel = "Y"\nkind = "linear"\nwaves = ["c"]\n'
    with pytest.raises(StudyError, match="the wide column a_b_c has the name of another column"):
        parse_study(text + other)


@pytest.mark.parametrize("numbers", [[0, 0, 0, 0.5], [0, 0, 0, np.inf], [0, 0, 0, None]])
def test_numbers_of_imputations_that_are_no_whole_numbers(numbers: list[float]) -> None:
    """0.5 became 0 and put its rows in the place of the observed ones; infinity was a crash."""
    frame = pd.DataFrame({".imp": numbers, "id": [1, 2, 3, 4], "group": ["i", "c"] * 2, "y_T0": 1.0, "y_T1": 2.0})
    with pytest.raises(DataError, match=r"the column \.imp holds something that is no whole number"):
        from_long(frame, parse_study(SMALL), "x")


def test_gaps_that_another_program_left() -> None:
    """R's mice leaves a gap where it cannot impute; the models left those persons out without a word."""
    one = pd.DataFrame({".imp": 0, "id": [1, 2, 3, 4], "group": ["i", "c"] * 2, "y_T0": [1.0, None, 3, 4], "y_T1": 2.0})
    filled = one.fillna({"y_T0": 2.0})
    whole = from_long(pd.concat([one, filled.assign(**{".imp": 1})]), parse_study(SMALL), "x")
    assert whole.m == 1
    with pytest.raises(DataError, match="x: the completed data sets still have gaps in y_T0; models need those"):
        from_long(pd.concat([one, filled.assign(**{".imp": 1}), one.assign(**{".imp": 2})]), parse_study(SMALL), "x")


def test_a_register_from_spss() -> None:
    """Its numbers are floats: 7.0 is the survey's 7, which no person of the register was."""
    text = SMALL + '[outcomes.pay]\nlabel = "Pay"\nkind = "linear"\nwaves = ["T0", "T1"]\nsource = "register"\n'
    study = parse_study(text.replace("T0", "0").replace("T1", "1"))
    wide = pd.DataFrame({"id": ["7", "8"], "group": ["i", "c"], "y_0": [1.0, 2.0], "y_1": [1.0, 3.0]})
    register = pd.DataFrame({"id": [7.0, 7.0, 8.0], "wave": [0.0, 1.0, 1.0], "pay": [10.0, 20.0, 30.0]})
    joined, _ = add_register(wide, register, study, "x.sav")
    assert joined["pay_1"].tolist() == [20.0, 30.0]
    assert joined["pay_0"].isna().tolist() == [False, True]
    with pytest.raises(DataError, match="x: pay has 1 values that cannot be"):
        add_register(wide, register.assign(pay=[np.inf, 1.0, 2.0]), study, "x")


@pytest.mark.parametrize(
    ("columns", "told"),
    [({"group": ["i", "i"]}, "group contradicts the survey \\(persons: 1\\)"), ({"group": ["i", "c"]}, "")],
)
def test_a_register_that_contradicts_the_survey(columns: dict[str, list[str]], told: str) -> None:
    """A merge that went wrong gave a person the register of another one."""
    text = SMALL + '[outcomes.pay]\nlabel = "Pay"\nkind = "linear"\nwaves = ["T1"]\nsource = "register"\n'
    study = parse_study(text)
    wide = pd.DataFrame({"id": ["7", "8"], "group": pd.Categorical(["i", "c"]), "y_T0": [1.0, 2.0], "y_T1": [1.0, 3.0]})
    register = pd.DataFrame({"id": [7, 8], "wave": "T1", "pay": [10.0, 20.0]} | columns)
    if told:
        with pytest.raises(DataError, match=told):
            add_register(wide, register, study, "r.csv")
    else:
        assert add_register(wide, register, study, "r.csv")[0]["pay_T1"].tolist() == [10.0, 20.0]


def test_a_register_with_two_ids_that_differ() -> None:
    """The column of the study's own name says another person than the column id."""
    text = SMALL.replace('id = "id"', 'id = "person"')
    text += '[outcomes.pay]\nlabel = "Pay"\nkind = "linear"\nwaves = ["T1"]\nsource = "register"\n'
    wide = pd.DataFrame({"person": ["7", "8"], "group": ["i", "c"], "y_T0": [1.0, 2.0], "y_T1": [1.0, 3.0]})
    register = pd.DataFrame({"id": [7, 8], "person": [8, 7], "wave": "T1", "pay": [10.0, 20.0]})
    with pytest.raises(DataError, match=r"r: person contradicts the survey \(persons: 2\)"):
        add_register(wide, register, parse_study(text), "r")


def test_levels_that_differ_in_case_only() -> None:
    """Through Excel É became é."""
    text = SMALL + '[covariates.g]\nlabel = "G"\nkind = "categorical"\nlevels = ["É", "é"]\n'
    study = parse_study(text)
    labels = Dictionary(values={"g": {1.0: "É", 2.0: "é"}})
    content = write_table(survey(g=[1.0, 2.0, 2.0, 1.0]), labels, ".xlsx")
    frame = prepare(read_table(content, "x.xlsx"), study).frame
    assert frame["g"].tolist() == ["É", "é", "é", "É"]


def test_a_label_goes_before_the_code() -> None:
    """Levels 0 and 1 are codes 1 and 2 in Excel and SPSS; code 1 was taken for level 1, so that all had level 1."""
    text = SMALL + '[covariates.g]\nlabel = "G"\nkind = "categorical"\nlevels = ["0", "1"]\n'
    labels = Dictionary(values={"g": {1.0: "0", 2.0: "1"}})
    for suffix in (".xlsx", ".sav", ".dta"):
        content = write_table(survey(g=[1, 2, 2, 1]), labels, suffix)
        frame = prepare(read_table(content, f"x{suffix}"), parse_study(text)).frame
        assert frame["g"].tolist() == ["0", "1", "1", "0"], suffix


def test_a_damaged_workbook_is_never_read() -> None:
    """Some of these were crashes; whatever the bit, it is noticed, and no other number is read."""
    content = write_table(survey(), Dictionary(), ".xlsx")
    whole = read_table(content, "x.xlsx").frame
    refused = 0
    for place in range(0, len(content), 37):
        changed = content[:place] + bytes([content[place] ^ 16]) + content[place + 1 :]
        try:
            pd.testing.assert_frame_equal(read_table(changed, "x.xlsx").frame, whole)
        except DataError:
            refused += 1
    assert refused > 50


@pytest.mark.parametrize("name", ["x.parquet", "x.sav", "x.dta", "X.XLSX"])
def test_a_file_of_another_kind_than_its_name_is_no_csv(name: str) -> None:
    """Whatever was left of a damaged file was read as a table with one column."""
    with pytest.raises(DataError, match="damaged"):
        read_table(b"id,y\n1,2\n", name)


def test_a_damaged_stage_file_is_not_checked_against_a_study(tmp_path: Path) -> None:
    study = parse_study(SMALL)
    path = tmp_path / "survey.parquet"
    content = Content([survey_table(cast_survey(survey(), study)[0])])
    write_stage(str(path), "survey", study, content, Provenance("convert", {}))
    content = path.read_bytes()
    open_input(str(path), "dnt study check", ["survey"], foreign="always").frame()
    for place in (0, 60):  # the first byte says that it is Parquet; pyarrow reads it without
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(DataError, match=r"survey\.parquet is damaged or cut off"):
            open_input(str(path), "dnt study check", ["survey"], foreign="always").frame()


@pytest.mark.parametrize("suffix", [".sav", ".dta"])
def test_names_that_spss_and_stata_reserve(suffix: str) -> None:
    """They were crashes."""
    names = ["0", "int", "if", "ALL", "with", "_n", "str5", "plain"]
    frame = pd.DataFrame([range(len(names))], columns=names)
    back = read_table(write_table(frame, Dictionary(), suffix), f"x{suffix}")
    assert back.frame.iloc[0].tolist() == list(range(len(names)))
    assert [back.dictionary.labels.get(c, c) for c in back.frame.columns] == names


def test_what_stata_cannot_hold() -> None:
    with pytest.raises(DataError, match="Stata cannot hold the names or values of this table"):
        write_table(pd.DataFrame({"a": [1.7e308]}), Dictionary(), ".dta")


def test_a_study_that_asks_everything_once_is_described() -> None:
    """Nothing changes between waves, which was a crash."""
    study = parse_study(SMALL.replace('waves = ["T0", "T1"]', 'waves = ["T1"]'))
    cast, _ = cast_survey(survey(wave=["T1"] * 4), study)
    described = describe(cast, study)
    assert set(described["table"]) >= {"sample", "trend"}
    assert "change" not in set(described["table"])


def test_lists_and_infinities_in_further_columns() -> None:
    """The first were a crash, the second an infinite mean."""
    study = parse_study(SMALL)
    cast, _ = cast_survey(survey(), study)
    further = cast[["id", "wave"]].assign(told=[[1, 2], [1, 2], None, {"a": 1}])
    described = describe(cast, study, further=further)
    counts = described[(described["table"] == "further") & (described["group"] == "i")].set_index("level")["n"]
    assert counts.to_dict() == {"[1, 2]": 2, "{'a': 1}": 0}
    for value in (np.inf, 1e300):
        with pytest.raises(DataError, match=r"told: 1 rows beyond 1e\+100"):
            describe(cast, study, further=cast[["id", "wave"]].assign(told=[value, 1.0, 2.0, None]))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"population": "i"}, "need names of their own"),  # whose mean then was that of the intervention
        ({"population": "all"}, "need names of their own"),
        ({"population": None}, "need names of their own"),
        ({"value": "x"}, "1 rows whose value is no number"),
        ({"value": np.inf}, "1 rows whose value is no number"),
        ({"value": None}, "1 rows whose value is no number"),
    ],
)
def test_reference_populations_that_are_none(changes: dict[str, object], says: str) -> None:
    study = parse_study(SMALL)
    cast, _ = cast_survey(survey(), study)
    figure = {"variable": "y", "level": "", "population": "NL", "statistic": "mean", "value": 1.5}
    with pytest.raises(DataError, match=says):
        describe(cast, study, reference=pd.DataFrame([figure | changes]))
    with pytest.raises(DataError, match="1 figures twice"):
        describe(cast, study, reference=pd.DataFrame([figure, figure]))
    known = describe(cast, study, reference=pd.DataFrame([figure]))
    assert known[known["group"] == "NL"]["value"].tolist() == [1.5]


@pytest.mark.parametrize("limits", ["", "range = [-1e9, 1e20]\n", "range = [0, 10]\n"])
def test_whole_numbers_are_whole_before_anything_is_derived(limits: str) -> None:
    """A drawn 2.6 was stored as 3 (or as 2.6, where the range is wide), and was below a cut-off of 3."""
    text = SMALL + f'{limits}integer = true\n[outcomes.high]\nlabel = "High"\nkind = "binary"\nwaves = ["T0", "T1"]\n'
    text += 'derive = { source = "y", rule = "at_least", value = 3 }\n'
    study = parse_study(text)
    rng = np.random.default_rng(1)
    values = rng.integers(0, 7, (40, 2)).astype(float)
    values[::3, 1] = np.nan
    wide = pd.DataFrame({"id": [f"p{i}" for i in range(40)], "group": pd.Categorical(["i", "c"] * 20)})
    wide[["y_T0", "y_T1"]] = values
    _, completed = impute_wide(wide, study, settings_of(study, method="norm", m=3, iterations=1))
    for frame in completed:
        drawn = frame["y_T1"].to_numpy(float)
        assert (drawn == drawn.round()).all()
        assert ((drawn >= 3) == (frame["high_T1"] == 1)).all()


def test_a_plus_in_the_key_of_a_wave() -> None:
    """Patterns of attendance are named by waves with + between them; seen persons were shown as missed."""
    study = parse_study(SMALL.replace("T0", "T+0").replace("T1", "T+1"))
    frame = pd.concat([survey(wave="T+0"), survey(wave="T+1").iloc[:2]])
    cast, _ = cast_survey(frame, study)
    tables = description_tables(describe(cast, study), Wording(study, "en"))
    patterns = next(table for table in tables if table.title == "Patterns of attendance")
    marks = {tuple(cell.text for cell in row[:2]) for row in patterns.sections[0].rows}
    assert marks == {("x", "x"), ("x", ".")}


def test_json_holds_every_digit(capsys: pytest.CaptureFixture[str]) -> None:
    """pandas wrote a p-value of 1e-20 as 0."""
    frame = pd.DataFrame(
        {"p": [1e-20, np.nan, np.inf], "name": ["a", None, "[b]"], "n": pd.array([1, None, 3], "Int64")}
    )
    present(None, "json", [], frame, "en")
    assert json.load(io.StringIO(capsys.readouterr().out)) == [
        {"p": 1e-20, "name": "a", "n": 1}, {"p": None, "name": None, "n": None}, {"p": None, "name": "[b]", "n": 3},
    ]  # fmt: skip
