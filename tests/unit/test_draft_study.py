"""A study file made from a data file: what it finds, what it asks, what it never writes."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from dnt_cli.cli.inputs import open_input
from dnt_cli.errors import DataError, StudyError
from dnt_cli.reading import read_table
from dnt_cli.reading.dictionary import Dictionary, RawTable
from dnt_cli.reading.draft import draft_study
from dnt_cli.reading.moments import in_order, months
from dnt_cli.reading.scales import SCALES, plain, scale_of
from dnt_cli.study import open_questions, parse_study
from dnt_cli.wording import catalogue
from tests.support.reading import read_survey

CASES = Path(__file__).parents[1] / "cases"


def drafted(folder: str, file: str) -> tuple[str, bytes]:
    content = (CASES / folder / file).read_bytes()
    return draft_study(read_table(content, file), "proef"), content


def test_a_wide_spss_file_gives_a_study_that_reads_it() -> None:
    text, content = drafted("60-wide-clients", "clienten.sav")
    study = parse_study(text)
    assert (study.design.id, study.design.group, study.design.site) == ("Clientnr", "Groep", "Gemeente")
    assert study.design.intervention_label.nl == "Schuldhulp Plus"
    assert study.design.wave_keys == ("T0", "T1", "T2")
    assert {k: o.kind for k, o in study.outcomes.items()} == {
        "stress": "linear", "schuldeisers": "count", "rondkomen": "ordinal", "schuld": "binary", "inkomen": "linear",
        "baan": "binary",
    }  # fmt: skip
    assert study.outcomes["schuldeisers"].range == (0, 20)
    assert 'kind = "count"  # ? a count of something' in text
    assert study.outcomes["rondkomen"].role == "tested"  # its labels are a known scale
    assert [t.nl for t in study.covariates["Opleiding"].level_labels] == ["laag", "midden", "hoog"]
    assert "traject_gestart" not in study.models.controls  # it all but follows from the group
    reading = read_survey(content, "clienten.sav", study)
    assert reading.survey is not None
    assert reading.survey["Clientnr"].nunique() == 90


@pytest.mark.parametrize("file", ["clienten.csv", "clienten.xlsx"])
def test_words_and_codes_in_csv_and_excel(file: str) -> None:
    text, content = drafted("60-wide-clients", file)
    study = parse_study(text)
    assert study.outcomes["stress"].missing == (-99.0,) or study.outcomes["inkomen"].missing == (-99.0,)
    assert set(study.covariates["Opleiding"].levels) == {"laag", "midden", "hoog"}
    assert read_survey(content, file, study).survey is not None


@pytest.mark.parametrize(
    ("folder", "file"),
    [("25-trailing", "space.csv"), ("17-excel-text-numbers", "x.xlsx"), ("02-yes1-no2", "x.sav"),
     ("53-likert-words", "x.csv"), ("57-two-wave-outcome", "x.csv"), ("22-redcap-baseline-only", "x.csv")],
)  # fmt: skip
def test_long_files(folder: str, file: str) -> None:
    text, content = drafted(folder, file)
    study = parse_study(text)
    assert (study.design.id, study.design.wave, study.design.group) == ("id", "wave", "group")
    assert study.outcomes["work"].kind == "binary"
    assert read_survey(content, file, study).survey is not None


@pytest.mark.parametrize("file", ["clienten.csv", "clienten.xlsx"])
def test_a_draft_asks_the_same_in_dutch(file: str) -> None:
    """Its questions are sentences of words/; all else is the same."""
    content = (CASES / "60-wide-clients" / file).read_bytes()
    english, dutch = (draft_study(read_table(content, file), "x", language=own) for own in ("en", "nl"))
    assert parse_study(english) == replace(parse_study(dutch), text=english)
    asked = [(one.line, one.guess, one.needed) for one in open_questions(english)]
    assert asked == [(one.line, one.guess, one.needed) for one in open_questions(dutch)]
    words = [text.nl.partition("{")[0] for key, text in catalogue("reading").items() if key.startswith("draft_")]
    assert all(
        one.asked.startswith(tuple(filter(None, words))) or " waarden " in one.asked for one in open_questions(dutch)
    )


def test_no_value_of_a_person_is_written() -> None:
    text, content = drafted("60-wide-clients", "clienten.csv")
    header, *rows = [line.split(";") for line in content.decode("utf-8-sig").splitlines()]
    own = {
        row[header.index(column)] for row in rows for column in ("Clientnr", "inkomen_T0", "stress_T0", "Startdatum")
    }
    written = set(re.findall(r"[\w.,-]+", text))
    assert not {value for value in own if len(value) > 3} & written


def words_file(words: list[str], column: str = "mood") -> bytes:
    """Two waves of 60 persons, each word given by at least ten rows."""
    lines = ["id,wave,group," + column]
    for person in range(60):
        for wave in (0, 1):
            word = words[(person + wave) % len(words)]
            lines.append(f"p{person},T{wave},{'treated' if person % 2 else 'control'},{word}")
    return "\n".join(lines).encode()


@pytest.mark.parametrize("scale", [scale for scale in SCALES[::6] if "none" not in scale])  # which is no answer
def test_words_of_a_known_scale_get_its_order_and_no_question(scale: tuple[str, ...]) -> None:
    text = draft_study(read_table(words_file([w.capitalize() for w in scale[::-1]]), "x.csv"), "proef")
    labels = parse_study(text).outcomes["mood"].level_labels
    assert [plain(label.nl) for label in labels] == list(scale)
    assert "?" not in next(line for line in text.splitlines() if line.startswith("level_labels"))


def test_answers_that_nobody_gave_are_asked_for() -> None:
    text = draft_study(read_table(words_file(["vaak", "nooit", "soms"]), "x.csv"), "proef")
    line = next(line for line in text.splitlines() if line.startswith("level_labels"))
    assert line == 'level_labels = ["nooit", "soms", "vaak", "altijd"]  # ? all answers, lowest first'


def test_words_of_no_known_scale_are_never_put_in_order_in_silence(tmp_path: Path) -> None:
    """Alphabetical order is none; describe and impute refuse until somebody says the order."""
    content = words_file(["rood", "groen", "blauw"])
    text = draft_study(read_table(content, "x.csv"), "proef")
    asked = [question for question in open_questions(text) if question.needed]
    assert [question.guess.partition(" = ")[0] for question in asked] == ["level_labels"]
    (tmp_path / "x.csv").write_bytes(content)
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    opened = open_input(str(tmp_path / "x.csv"), "dnt impute", ["survey"], foreign="always",
                        study=str(tmp_path / "study.toml"))  # fmt: skip
    with pytest.raises(StudyError, match=r"Line \d+ of the study file still asks .* take `# \?\?` away"):
        opened.survey()
    answered = text.replace("  # ??" + text.partition("# ??")[2].partition("\n")[0], "")
    assert not [question for question in open_questions(answered) if question.needed]
    assert parse_study(answered).outcomes["mood"].kind == "ordinal"


def test_no_word_has_two_places_in_a_scale_and_words_that_fit_two_orders_have_none() -> None:
    assert all(len(set(scale)) == len(scale) for scale in SCALES)
    assert scale_of(["eens", "oneens"]) == ("oneens", "neutraal", "eens")
    assert scale_of(["never"]) is None
    assert scale_of(["vaak", "rood"]) is None
    for scale in SCALES:
        assert scale_of(scale) == scale


def test_a_covariate_of_ordered_words_is_ordered() -> None:
    lines = ["id,wave,group,school,score"]
    for person in range(60):
        school = ("hoog", "laag", "midden")[person % 3]
        lines += [f"p{person},T{w},{'treated' if person % 2 else 'control'},{school},{person + w}" for w in (0, 1)]
    study = parse_study(draft_study(read_table("\n".join(lines).encode(), "x.csv"), "proef"))
    assert (study.covariates["school"].kind, study.covariates["school"].levels) == (
        "ordered",
        ("laag", "midden", "hoog"),
    )


def workbook(*sheets: tuple[str, list[list[object]]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def visits(names: list[str]) -> list[list[object]]:
    """Names, and three waves of 40 persons: id, group, wave, yes or no, a score with a decimal comma."""
    rows: list[list[object]] = [list(names)]
    for person in range(40):
        for wave in range(3):
            arm, work = ("Interventie", "Vergelijking")[person % 2], ("Ja", "Nee")[(person + wave) % 2]
            rows.append([f"{person:03d}", arm, f"T{wave}", work, f"{person % 7},{wave}"])
    return rows


def test_an_export_with_blanks_in_its_names_merged_cells_above_them_and_a_codebook_in_front() -> None:
    table = visits(["Record Id", "Group", "Meting", "Betaald werk?", "Welzijn (0-10)"])
    above: list[list[object]] = [["Deelnemer", None, None, "Vragenlijst"]]
    content = workbook(("Codeboek", [["variabele", "vraag"], ["werk", "Heeft u werk?"]]), ("export", above + table))
    raw = read_table(content, "castor.xlsx")
    assert {f.name for f in raw.findings} == {"reading.one_sheet", "reading.header_found"}
    text = draft_study(raw, "castor")
    study = parse_study(text)
    assert (study.design.id, study.design.wave, study.design.group) == ("Record Id", "Meting", "Group")
    assert study.source.columns == {"Betaald werk?": "Betaald_werk", "Welzijn (0-10)": "Welzijn_0-10"}
    assert {k: (o.kind, o.label.nl) for k, o in study.outcomes.items()} == {
        "Betaald_werk": ("binary", "Betaald werk?"), "Welzijn_0-10": ("linear", "Welzijn (0-10)"),
    }  # fmt: skip
    survey = read_survey(content, "castor.xlsx", study).checked()
    assert survey["Welzijn_0-10"].max() == 6.2
    assert survey["Betaald_werk"].sum() == 60


@pytest.mark.parametrize(
    ("above", "names"),
    [
        ([], ["id", "group", "wave", "work", "score"]),
        ([["Export of 2024"]], ["id", "group", "wave", "work", "score"]),
        ([["who", None, None, "what"], ["", "", "", "x"]], ["id", "group", "wave", "work", "score"]),
    ],
)
def test_the_names_are_found_below_titles_and_merged_cells(above: list[list[object]], names: list[str]) -> None:
    raw = read_table(workbook(("Sheet1", [*above, *visits(names)])), "x.xlsx")
    assert list(raw.frame.columns) == names
    assert len(raw.frame) == 120


QUESTIONS: list[object] = ["Respondent", "Which group?", "Which wave?", "Do you work?", "How well, 0 to 10?"]


def test_questions_above_the_names_are_their_labels() -> None:
    """With the names below, and never the other way round."""
    names = ["nr", "arm", "wave", "work", "score"]
    book = workbook(("Sheet1", [["Export of 2024"], QUESTIONS, *visits(names)]))
    lines = "\n".join(";".join(map(str, row)) for row in [QUESTIONS, *visits(names)])
    for content, name in ((book, "x.xlsx"), (lines.encode(), "x.csv")):
        raw = read_table(content, name)
        assert list(raw.frame.columns) == names
        study = parse_study(draft_study(raw, "x"))
        assert (study.design.id, study.design.group, study.design.wave) == ("nr", "arm", "wave")
        assert study.outcomes["work"].label.en == "Do you work?"
        assert len(read_survey(content, name, study).checked()) == 120
    raw = read_table(workbook(("Sheet1", [names, QUESTIONS, *visits(names)[1:]])), "x.xlsx")
    assert list(raw.frame.columns) == names


def test_answers_in_words_below_questions_are_not_taken_for_names() -> None:
    rows = visits([])[1:]
    raw = read_table(workbook(("Sheet1", [QUESTIONS, *rows])), "x.xlsx")
    assert list(raw.frame.columns) == QUESTIONS
    words = [[f"p{i}", *row[1:4], "veel"] for i, row in enumerate(rows)]
    assert list(read_table(workbook(("Sheet1", [QUESTIONS, *words])), "x.xlsx").frame.columns) == QUESTIONS


@pytest.mark.parametrize("names", [["id", "group", "", "", ""], ["", "", "", "work", "score"]])
def test_a_header_with_few_names_above_answers_is_not_taken_for_merged_cells(names: list[str]) -> None:
    raw = read_table(workbook(("Sheet1", visits(names))), "x.xlsx")
    assert len(raw.frame) == 120


@pytest.mark.parametrize("blank", [" ", "."])
def test_wide_columns_whose_names_are_no_keys_are_named_in_the_study_file(blank: str) -> None:
    lines = [f"nr,groep,hoe gaat het{blank}T0,hoe gaat het{blank}T1,2e score{blank}T0,2e score{blank}T1"]
    lines += [f"{i},{('treated', 'control')[i % 2]},{i % 5},{i % 3},{i},{i + 1}" for i in range(40)]
    content = "\n".join(lines).encode()
    study = parse_study(draft_study(read_table(content, "x.csv"), "proef"))
    assert set(study.outcomes) == {"hoe_gaat_het", "v2e_score"}
    survey = read_survey(content, "x.csv", study).checked()
    assert survey.groupby("wave", observed=True)["v2e_score"].mean().tolist() == [19.5, 20.5]


def test_what_was_asked_after_the_start_only_is_an_outcome_and_never_a_control() -> None:
    """In long files by its empty rows, in wide ones by its name."""
    rows = ["id,wave,group,age,score,satisfied,later"]
    for i in range(40):
        rows += [f"{i},{w},{('a', 'b')[i % 2]},{20 + i},{i + w},{i % 4 + 1 if w == 2 else ''},{i % 9 if w else ''}"
                 for w in range(3)]  # fmt: skip
    study = parse_study(draft_study(read_table("\n".join(rows).encode(), "x.csv"), "proef"))
    assert study.outcomes["satisfied"].waves == ("2",)
    assert study.outcomes["later"].waves == ("1", "2")
    assert list(study.covariates) == list(study.models.controls) == ["age"]
    wide = ["id,group,age,score_T0,score_T1,score_T2,satisfied_T2,school_T0"]
    wide += [f"{i},{('a', 'b')[i % 2]},{20 + i},{i},{i + 1},{i + 2},{i % 4 + 1},{i % 3}" for i in range(40)]
    study = parse_study(draft_study(read_table("\n".join(wide).encode(), "x.csv"), "proef"))
    assert study.outcomes["satisfied"].waves == ("T2",)
    assert list(study.covariates) == ["age", "school_T0"]


def test_what_has_one_value_is_not_used() -> None:
    rows = ["id,wave,group,score,country,remark"]
    rows += [f"{i},{w},{('a', 'b')[i % 2]},{i + w},NL,{'fine' if i < 12 else ''}" for i in range(40) for w in (0, 1)]
    text = draft_study(read_table("\n".join(rows).encode(), "x.csv"), "proef")
    assert not parse_study(text).covariates
    assert text.endswith("# Columns that are not used: country, remark\n")


@pytest.mark.parametrize(
    ("labels", "intervention"),
    [(("Controlegroep", "DNT"), "2"), (("DNT", "Controlegroep"), "1"), (("Wachtlijst", "Schuldhulp"), "2"),
     (("Vergelijking", "Interventie"), "2"), (("Experimenteel", "Gebruikelijk"), "1"), (("A", "B"), "1")],
)  # fmt: skip
@pytest.mark.parametrize("more", [1.0, 2.0])
def test_the_guess_at_the_intervention_goes_by_either_label(
    labels: tuple[str, str], intervention: str, more: float
) -> None:
    frame = pd.DataFrame(
        {"id": range(60), "groep": [1.0, 2.0, more] * 20, "score_T0": range(60), "score_T1": range(60)}
    )
    raw = RawTable(frame, Dictionary(values={"groep": {1.0: labels[0], 2.0: labels[1]}}))
    assert parse_study(draft_study(raw, "proef")).design.intervention == intervention


@pytest.mark.parametrize(
    ("codes", "labels"), [(("Zij", "Wij"), ("Wij", "Zij")), ((1, 2), ("Interventie", "Vergelijking"))]
)
def test_groups_are_called_by_their_words_and_never_by_a_number(
    codes: tuple[object, ...], labels: tuple[str, str]
) -> None:
    rows = [f"p{i},{codes[i % 2]},T{k},{(i + k) % 2}" for k in (0, 1) for i in range(40)]
    design = parse_study(draft_study(read_table("\n".join(["id,arm,wave,work", *rows]).encode(), "x.csv"), "x")).design
    assert {design.intervention_label.nl, design.comparison_label.nl} == {*labels}


def test_answers_where_the_names_should_be_are_not_written() -> None:
    with pytest.raises(DataError, match="the first line looks like data"):
        draft_study(read_table(b"p01;T0;A;3,5;1\np01;T1;A;2,5;1\np02;T0;B;4,5;0\n", "x.csv"), "proef")


def test_what_a_file_without_waves_lacks_is_asked() -> None:
    text = draft_study(read_table(b"name,arm,score\na,x,1\na,y,2\nb,x,3\nc,y,4\n", "x.csv"), "proef")
    parse_study(text)
    assert {q.asked for q in open_questions(text)} >= {
        "the first column, since none is called so", "no column with the wave was found",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("label", "kept"),
    [("Heeft u werk? (T0)", "Heeft u werk?"), ("Werk - T0", "Werk"), ("Stress, meting 1", "Stress"),
     ("Score op PSS10", "Score op PSS10"), ("Item 3", "Item 3")],
)  # fmt: skip
def test_the_label_of_a_first_wave_does_not_name_all_waves(label: str, kept: str) -> None:
    frame = pd.DataFrame({"id": range(60), "groep": [1, 2] * 30, "score_T0": range(60), "score_T1": range(60)})
    text = draft_study(RawTable(frame, Dictionary(labels={"score_T0": label})), "proef")
    assert parse_study(text).outcomes["score"].label.nl == kept


MOMENTS = {
    "before and after, in Dutch": (["na", "voor"], ["voor", "na"], [0, 6]),
    "before and after, in English": (["post", "pre"], ["pre", "post"], [0, 6]),
    "measurements": (["nameting", "voormeting", "tussentijds"], ["voormeting", "tussentijds", "nameting"], None),
    "a follow-up after numbered waves": (["FU", "T1", "T0"], ["T0", "T1", "FU"], [0, 6, 12]),
    "months and weeks": (["12m", "6w", "baseline", "3m"], ["baseline", "6w", "3m", "12m"], [0, 1.4, 3, 12]),
    "months in words": (["maand12", "maand0", "maand6"], ["maand0", "maand6", "maand12"], [0, 6, 12]),
}  # fmt: skip


@pytest.mark.parametrize(("given", "waves", "months"), MOMENTS.values(), ids=MOMENTS.keys())
@pytest.mark.parametrize("form", ["long", "wave last", "wave first"])
def test_the_names_of_waves_say_which_comes_first(
    form: str, given: list[str], waves: list[str], months: list[float] | None
) -> None:
    """However the file and the alphabet order them, so that before and after are never exchanged."""
    persons = pd.DataFrame({"id": range(100, 140), "arm": ["a", "b"] * 20})
    if form == "long":
        frame = pd.concat(
            [persons.assign(wave=wave, stress=[(i + k) % 7 + 0.5 for i in range(40)]) for k, wave in enumerate(given)]
        )
    else:
        name = "stress_{}" if form == "wave last" else "{}_stress"
        frame = persons.assign(**{name.format(wave): [i % 7 + 0.5 for i in range(40)] for wave in given})
    study = parse_study(draft_study(RawTable(frame.reset_index(drop=True), Dictionary()), "x"))
    assert list(study.design.wave_keys) == waves == list(study.outcomes["stress"].waves)
    assert (study.design.baseline, study.design.endpoint) == (waves[0], waves[-1])
    if months is not None:
        assert [wave.months for wave in study.design.waves] == months


def test_waves_whose_order_no_name_tells_stay_as_in_the_file_and_are_a_question() -> None:
    frame = pd.DataFrame({"id": [*range(40)] * 2, "arm": ["a", "b"] * 40, "wave": ["rood"] * 40 + ["blauw"] * 40})
    text = draft_study(RawTable(frame.assign(stress=[i % 7 + 0.5 for i in range(80)]), Dictionary()), "x")
    assert 'baseline = "rood"  # ? which of the waves is the first' in text
    assert "and in which order they were" in text


def test_thousands_with_blanks_and_a_typographic_minus_are_numbers() -> None:
    incomes = [f"1 {hundred:03d}" for hundred in range(0, 900, 15)] + ["\u2212250"] * 60
    frame = pd.DataFrame({"id": range(120), "group": ["a", "b"] * 60, "income": incomes})
    text = draft_study(RawTable(frame), "proef")
    assert "range = [-500, 2000]  # ? lowest and highest possible value" in text


@pytest.mark.parametrize("word", ["pretoria", "nadia", "posten", "midden", "startup", "na de training", "T0 pre"])
def test_a_word_that_only_begins_or_ends_like_a_moment_tells_no_order(word: str) -> None:
    assert in_order([word, "T1"]) == ([word, "T1"], False)
    assert months(word) is None


@pytest.mark.parametrize(
    ("early", "late"),
    [
        ("pre", "post"), ("Voor", "na"), ("baseline", "follow-up"), ("T0", "6m"), ("pre-test", "post-test"),
        ("baseline 0", "posttest2"), ("voormeting", "FU_6 maanden"), ("start meting", "vervolg3"), ("bl", "1.0"),
        ("intake", "tussenmeting"),
    ],
)  # fmt: skip
def test_whole_words_of_moments_tell_their_order(early: str, late: str) -> None:
    assert in_order([late, early]) == ([early, late], True)


def test_dates_of_a_beginning_and_an_end_are_no_waves() -> None:
    frame = pd.DataFrame(
        {"id": range(40), "arm": ["a", "b"] * 20, "start_datum": "2020-01-01", "eind_datum": "2021-01-01"}
    )
    text = draft_study(RawTable(frame, Dictionary()), "x")
    assert "layout" not in text
    assert "# ? no outcome was found" in text


def test_an_export_of_qualtrics_gives_the_questions_as_labels() -> None:
    rows = [f"{i},{'ab'[i % 2]},T{k},{(i + k) % 2 + 0.5}" for k in (0, 1) for i in range(40)]
    head = ["id,arm,wave,Q1", "Number,Arm,Wave,How stressed?", *['"{""ImportId"":""Q""}",x,x,x']]
    text = draft_study(read_table("\n".join([*head, *rows]).encode(), "export.csv"), "x")
    assert parse_study(text).outcomes["Q1"].label.en == "How stressed?"
    table = [*(line.split(",") for line in head[:2]), ['{"ImportId":"Q"}', *"xxx"], *(row.split(",") for row in rows)]
    text = draft_study(read_table(workbook(("export", [*map(list, table)])), "export.xlsx"), "x")
    assert parse_study(text).outcomes["Q1"].label.en == "How stressed?"


def test_numbers_in_the_place_of_words_give_a_study_file_that_can_be_read() -> None:
    """As where a line of words stands among the answers 1 to 5."""
    head: list[object] = ["id", "arm", "wave", "mood"]
    rows: list[list[object]] = [[f"p{i}", "ab"[i % 2], f"T{k}", i % 5 + 1] for k in (0, 1) for i in range(60)]
    study = parse_study(draft_study(read_table(workbook(("S", [head, *rows, ["p0", "a", "T2", "x"]])), "x.xlsx"), "x"))
    assert [label.en for label in study.outcomes["mood"].level_labels] == ["1", "2", "3", "4", "5"]


def test_an_export_of_limesurvey() -> None:
    frame = pd.DataFrame({"Response ID": range(1, 41), "respnr": range(300, 340), "groep[1]": ["a", "b"] * 20})
    for wave in ("T0", "T1"):
        frame[f"{wave}Q1[SQ001]"] = [i % 7 + 0.5 for i in range(40)]
    study = parse_study(draft_study(RawTable(frame, Dictionary()), "x"))
    assert (study.design.id, study.design.group) == ("Response ID", "groep[1]")
    assert not study.covariates  # the other number of a person is none
    assert list(study.outcomes) == ["Q1_SQ001"]


def test_the_expected_direction_is_asked_of_each_tested_outcome_and_never_guessed() -> None:
    text, _ = drafted("60-wide-clients", "clienten.sav")
    study = parse_study(text)
    assert all(outcome.expected is None for outcome in study.outcomes.values())
    asked = [q for q in open_questions(text) if q.asked.startswith("expected")]
    assert len(asked) == sum(outcome.role == "tested" for outcome in study.outcomes.values())


def test_a_study_of_three_arms_is_drafted_with_all_of_them() -> None:
    rows = [f"{10 * arm + i},T{t},{name},{i % 7 + t}" for arm, name in enumerate(("training", "control", "coaching"))
            for i in range(10) for t in (0, 1)]  # fmt: skip
    text = draft_study(read_table("\n".join(["id,wave,arm,stress", *rows]).encode(), "x.csv"), "x")
    design = parse_study(text).design
    assert (design.group, design.intervention, design.comparison) == ("arm", "training", "control")
    assert set(design.further_interventions) == {"coaching"}
    assert "arm" not in parse_study(text).covariates
