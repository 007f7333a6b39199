"""Scores against worked examples and vectors computed by hand."""

from __future__ import annotations

import re
from importlib import resources

import numpy as np
import pandas as pd
import pytest

from dnt_cli.errors import DataError, StudyError
from dnt_cli.scoring import Scored, holds_items, score
from dnt_cli.study import Study, parse_study
from dnt_cli.study.instruments import builtin_instruments, definition, names
from dnt_cli.synthetic import answers, example_study, generate
from tests.support.oracles.any_study import toml
from tests.support.studies import SMALL

NA = np.nan


def study_with(definition: str, *settings: str, key: str = "x") -> Study:
    """A small study with one questionnaire in columns named after its items."""
    text = f'{SMALL}\n[instruments.{key}]\ndefinition = "{definition}"\ncolumns = "{{item}}"\n'
    return parse_study(text, overrides=[f"instruments.{key}.{setting}" for setting in settings])


def frame_of(study: Study, rows: list[list[float]] | np.ndarray, waves: list[str] | None = None) -> pd.DataFrame:
    """Answers of as many persons as there are rows, at T0 unless said otherwise."""
    (instrument,) = study.instruments.values()
    frame = pd.DataFrame(np.asarray(rows, dtype=float), columns=list(instrument.column_names.values()))
    frame.insert(0, "id", range(len(frame)))
    frame.insert(1, "wave", waves or "T0")
    return frame


def scores_of(study: Study, rows: list[list[float]] | np.ndarray) -> pd.DataFrame:
    scored = score(frame_of(study, rows), study)
    assert list(scored.survey.columns[:2]) == ["id", "wave"]
    return scored.survey.drop(columns=["id", "wave"])


def found(scored: Scored, what: str) -> pd.DataFrame:
    return scored.report[scored.report["what"] == what]


# Answers in the order GH1 PF02 PF04 RP2 RP3 RE2 RE3 BP2 MH3 VT2 MH4 SF2.
SF12_V1 = [
    ("1 3 3 2 2 2 2 1 1 1 6 5", 56.57706, 60.75781),
    ("5 1 1 1 1 1 1 5 6 6 1 1", 23.99938, 19.06444),
    ("3 1 2 1 2 1 2 4 4 1 4 3", 37.10464, 46.00098),
    ("3 2 2 2 2 1 1 3 3 3 3 3", 48.60638, 33.57777),
    ("2 2 2 1 1 1 1 2 2 2 5 4", 41.26173, 47.51643),
    ("3 2 2 1 1 1 1 3 3 3 4 3", 37.41071, 40.19664),
    ("5 2 2 1 1 2 2 5 6 6 1 1", 25.91983, 28.27583),
    ("4 1 1 1 1 2 2 4 3 5 6 5", 18.36726, 63.09202),
    ("2 3 3 2 2 2 2 1 2 2 6 5", 55.50097, 57.82711),
    ("5 2 1 2 1 1 1 3 6 4 2 4", 37.21961, 26.82790),
]
SF12_V2 = [
    ("1 1 1 1 1 1 1 1 1 1 1 1", "43.4713", "32.7178"),
    ("1 1 3 3 3 3 3 3 3 3 3 3", "45.7273", "38.8784"),
    ("1 3 3 5 5 5 5 1 1 1 5 5", "56.7052", "62.3903"),
    ("3 2 3 4 4 3 4 2 3 3 4 4", "49.0417", "43.1486"),
]


def test_sf12_version_1_on_all_worked_examples() -> None:
    rows = [[float(v) for v in raw.split()] for raw, _, _ in SF12_V1]
    got = scores_of(study_with("sf12v1"), rows)
    expected = np.array([[physical, mental] for _, physical, mental in SF12_V1])
    np.testing.assert_allclose(got[["x_physical", "x_mental"]], expected, rtol=0, atol=1e-10)


def test_sf12_version_2_on_all_worked_examples() -> None:
    rows = [[float(v) for v in raw.split()] for raw, _, _ in SF12_V2]
    got = scores_of(study_with("sf12v2"), rows)
    for i, (_, physical, mental) in enumerate(SF12_V2):
        assert (f"{got['x_physical'][i]:.4f}", f"{got['x_mental'][i]:.4f}") == (physical, mental)


@pytest.mark.parametrize("version", ["sf12v1", "sf12v2"])
def test_sf12_needs_every_item(version: str) -> None:
    complete = [2.0, 2, 2, 1, 1, 1, 1, 2, 2, 2, 5, 4]
    rows = [complete] + [[NA if i == gap else v for i, v in enumerate(complete)] for gap in range(12)]
    got = scores_of(study_with(version), rows)
    assert got.iloc[0].notna().all()
    assert got.iloc[1:].isna().all(axis=None)


def test_sf12_rounded_half_up() -> None:
    got = scores_of(study_with("sf12v1", "decimals=2"), [[4.0, 1, 1, 1, 1, 2, 2, 4, 3, 5, 6, 5]])
    assert got.iloc[0].tolist() == [18.37, 63.09]


DKL = ["x_distress", "x_depression", "x_anxiety", "x_somatisation"]


def test_4dkl_extremes_and_recoding_in_both_codings() -> None:
    rows = [[value] * 50 for value in (0, 1, 2, 3, 4)]
    expected = [[0] * 4, [16, 6, 12, 16], [32, 12, 24, 32], [32, 12, 24, 32], [32, 12, 24, 32]]
    assert scores_of(study_with("4dkl", "coding=0-4"), rows)[DKL].to_numpy().tolist() == expected
    shifted = [[value + 1 for value in row] for row in rows]
    assert scores_of(study_with("4dkl", "coding=1-5"), shifted)[DKL].to_numpy().tolist() == expected


def test_4dkl_by_hand() -> None:
    """One scale at a time has answers; the others are no."""
    first = {16: 1, 17: 2, 18: 4, 20: 1, 28: 3, 46: 1, 50: 2}  # item: answer
    row = [float(first.get(item, 0)) for item in range(1, 51)]
    # distress: 17 (2) and 20 (1); depression: 28 (3 counts 2) and 46 (1); anxiety: 18 (4 counts 2) and 50 (2);
    # somatisation: 16 (1)
    assert scores_of(study_with("4dkl", "coding=0-4"), [row])[DKL].to_numpy().tolist() == [[3, 3, 4, 1]]


def test_4dkl_every_item_belongs_to_one_scale() -> None:
    scales = definition("4dkl")["scales"]
    items = [item for scale in scales.values() for item in names(scale["items"])]
    assert sorted(items, key=int) == [str(i) for i in range(1, 51)]


def test_4dkl_missing_items_at_the_limit_of_the_rule() -> None:
    row = np.array([1.0] * 50)
    row[[27, 29]] = NA  # items 28 and 30 of depression
    rows = [np.where(np.arange(50) == 27, NA, 1.0), row]
    assert scores_of(study_with("4dkl", "coding=0-4"), rows)["x_depression"].isna().all()
    lenient = scores_of(study_with("4dkl", "coding=0-4", "max_missing=1"), rows)
    assert lenient["x_depression"].tolist()[0] == 6.0  # five answers of 1, times 6/5
    assert np.isnan(lenient["x_depression"][1])
    assert (lenient["x_distress"] == 16).all()


def test_4dkl_refuses_to_guess_its_coding() -> None:
    study = study_with("4dkl")
    with pytest.raises(StudyError, match=r"instruments.x\] lacks coding \(one of: 0-4, 1-5\).*instruments.x.use=none"):
        score(frame_of(study, [[0.0] * 50]), study)


@pytest.mark.parametrize(("declared", "held"), [("0-4", "1-5"), ("1-5", "0-4")])
def test_4dkl_in_the_other_coding_is_refused(declared: str, held: str) -> None:
    study = study_with("4dkl", f"coding={declared}")
    low = 1 if held == "1-5" else 0
    rows = np.random.default_rng(1).integers(low, low + 5, (20, 50))
    with pytest.raises(DataError, match=f'at T0 contradict coding = "{declared}".*fit coding = "{held}"'):
        score(frame_of(study, rows), study)
    # One wave in each coding: together they fit neither, but each is told.
    rows[10:] += int(declared[0]) - low
    with pytest.raises(DataError, match=f'at T0 contradict coding = "{declared}"'):
        score(frame_of(study, rows, ["T0"] * 10 + ["T1"] * 10), study)


@pytest.mark.parametrize(("declared", "held"), [("sf12v1", "sf12v2"), ("sf12v2", "sf12v1")])
def test_sf12_of_the_other_version_is_refused(declared: str, held: str) -> None:
    study = study_with(declared)
    limits = [study_with(held).instruments["x"].limits(item) for item in study.instruments["x"].item_names]
    rng = np.random.default_rng(2)
    rows = np.column_stack([rng.integers(int(low), int(high) + 1, 30) for low, high in limits])
    with pytest.raises(DataError, match=f'contradict definition = "{declared}".*fit definition = "{held}"'):
        score(frame_of(study, rows), study)


def test_a_typing_error_is_counted_and_no_contradiction() -> None:
    study = study_with("4dkl", "coding=0-4")
    rows = np.random.default_rng(3).integers(0, 5, (20, 50)).astype(float)
    rows[0, 0], rows[1, 0], rows[2, 1], rows[3, 2] = 5, 9, 2.5, -1
    scored = score(frame_of(study, rows), study)
    outside = found(scored, "outside")
    assert dict(zip(outside["column"], outside["count"], strict=True)) == {"1": 2, "2": 1, "3": 1}
    assert scored.survey["x_somatisation"].isna().tolist() == [True] * 4 + [False] * 16


def test_codes_that_do_not_tell_the_coding_are_reported() -> None:
    study = study_with("4dkl", "coding=0-4")
    rows = np.random.default_rng(4).integers(1, 5, (20, 50))  # neither 0 nor 5
    (row,) = found(score(frame_of(study, rows), study), "also_fits").to_dict("records")
    assert (row["scale"], row["count"]) == ('coding = "1-5"', 1000)


CAS = ("items=1-33", "score=mean", 'scales.online.items="31-33"', 'scales.sexual.items="7 15 25"',
       'scales.disciplinary.items="2 5 18 22 26"')  # fmt: skip


def test_cas_by_hand() -> None:
    study = study_with("cas")
    row = [0.0] * 30
    row[1], row[3], row[2], row[5], row[29] = 5, 4, 3, 2, 1  # items 2, 4, 3, 6, 30
    got = scores_of(study, [row, [5.0] * 30]).iloc[0].to_dict(), scores_of(study, [[5.0] * 30]).iloc[0].to_dict()
    assert got[0] == {"x_severe_combined": 5, "x_emotional": 4, "x_physical": 3, "x_harassment": 3, "x_total": 15}
    assert got[1] == {"x_severe_combined": 40, "x_emotional": 55, "x_physical": 35, "x_harassment": 20, "x_total": 150}


def test_cas_means_of_other_subscales() -> None:
    study = study_with("cas", *CAS, "use=physical emotional harassment disciplinary sexual online")
    row = [0.0] * 33
    row[5], row[6], row[14], row[31] = 5, 3, 3, 2  # items 6, 7, 15, 32
    (got,) = scores_of(study, [row]).to_dict("records")
    assert got == {
        "x_physical": 5 / 7, "x_emotional": 0, "x_harassment": 0, "x_disciplinary": 0, "x_sexual": 2, "x_online": 2 / 3,
    }  # fmt: skip
    sizes = {n: len(study.instruments["x"].scale_items(s)) for n, s in study.instruments["x"].used_scales.items()}
    assert list(sizes.values()) == [7, 11, 4, 5, 3, 3]


def test_cas_missing_items_at_the_limit_of_the_rule() -> None:
    """With `max_missing` of one scale: its mean is that of the answered items."""
    study = study_with("cas", *CAS, "use=physical online", "scales.physical.max_missing=2")
    row = np.zeros(33)
    row[[5, 9]], row[13] = NA, 5  # items 6 and 10 of physical unanswered, 14 is 5
    more = row.copy()
    more[16] = NA
    got = scores_of(study, [row, more])
    assert got["x_physical"].tolist()[0] == 1.0
    assert np.isnan(got["x_physical"][1])
    assert got["x_online"].tolist() == [0, 0]


def test_self_efficacy_with_three_of_ten_missing() -> None:
    row = [4.0, 3, 2, 1, 4, 3, 2, NA, NA, NA]  # sum 19 of seven
    got = scores_of(study_with("gse"), [[3.0] * 10, row, [NA, *row[1:]], [NA] * 10])
    assert got["x_self_efficacy"].tolist()[:2] == [30, 190 / 7]
    assert got["x_self_efficacy"].isna().tolist() == [False, False, True, True]
    strict = scores_of(study_with("gse", "max_missing=0"), [[1.0] * 10, row])
    assert strict["x_self_efficacy"].tolist()[0] == 10
    assert np.isnan(strict["x_self_efficacy"][1])


def test_locus_of_control_refuses_to_guess_reversed_items() -> None:
    study = study_with("ie18")
    with pytest.raises(StudyError, match=r'lacks reversed \(such as "2 5 7", or "none"\); a guess would go unnoticed'):
        score(frame_of(study, [[1.0] * 18]), study)
    row = [6.0] * 17 + [2.0]
    assert scores_of(study_with("ie18", "reversed=none"), [row])["x_locus"].tolist() == [104 / 18]
    # item 1 becomes 1, item 18 becomes 5
    assert scores_of(study_with("ie18", 'reversed="1 18"'), [row])["x_locus"].tolist() == [(16 * 6 + 1 + 5) / 18]


def test_social_support_and_subscales_of_the_codebook() -> None:
    study = study_with("ssli12", 'scales.everyday.items="1 2 3 4"', "scales.everyday.score=sum")
    got = scores_of(study, [[1.0, 2, 3, 4, *[4] * 8]])
    assert got.to_dict("records") == [{"x_total": 42 / 12, "x_everyday": 10}]


# contract benefit guidance sheltered instrument unpaid_work organised social
LADDER = [
    ([1, 0, 0, 0, 0, 0, 0, 0], 6),
    ([1, 0, 1, 0, 0, 0, 0, 0], 5),
    ([1, 1, NA, NA, NA, NA, NA, NA], 5),  # one kind of support is enough
    ([1, NA, 0, 0, 0, 1, 1, 1], NA),  # 5 or 6
    ([1, 0, 0, 0, 0, NA, NA, NA], 6),  # lower questions do not matter
    ([NA, 0, 0, 0, 0, 1, 1, 1], NA),  # at least 4, but perhaps 6
    ([0, NA, NA, NA, NA, 1, NA, NA], 4),  # support matters with paid work only
    ([0, 0, 0, 0, 0, NA, 1, 1], NA),
    ([0, 0, 0, 0, 0, 0, 1, NA], 3),
    ([0, 0, 0, 0, 0, 0, 0, 1], 2),
    ([0, 0, 0, 0, 0, 0, 0, 0], 1),
    ([0, 0, 0, 0, 0, 0, 0, NA], NA),
    ([NA] * 8, NA),
]


def test_participation_ladder_and_its_missing_answers() -> None:
    got = scores_of(study_with("participation_ladder"), [row for row, _ in LADDER])["x_rung"]
    np.testing.assert_array_equal(got, [rung for _, rung in LADDER])


def test_instruments_as_data_hold_together_and_no_wording() -> None:
    for name in builtin_instruments():
        study = study_with(name)  # reading checks them
        instrument = study.instruments["x"]
        assert instrument.unconfirmed or instrument.required, name
        assert all(re.fullmatch(r"\w{1,14}", item) for item in instrument.item_names)
    assert set(builtin_instruments()) == {
        "4dkl", "cas", "gse", "ie18", "participation_ladder", "sf12v1", "sf12v2", "ssli12",
    }  # fmt: skip


def test_what_is_not_confirmed_is_told_until_the_study_confirms_it() -> None:
    def doubts(*settings: str) -> set[str]:
        study = study_with("4dkl", "coding=0-4", *settings)
        table = score(frame_of(study, [[0.0] * 50]), study).settings
        assert (table["doubt_nl"] != "").equals(table["doubt_en"] != "")
        return set(table.loc[table["doubt_en"] != "", "setting"])

    assert doubts() == {"max_missing", "scales", "cutoffs"}
    assert doubts("max_missing=0") == {"scales", "cutoffs"}
    assert doubts('confirmed=["scales", "cutoffs", "max_missing"]') == set()


def test_report_of_items_nobody_answered_and_scores_that_lack_items() -> None:
    study = study_with("gse", "max_missing=0")
    rows = np.full((4, 10), 2.0)
    rows[2:, 4] = NA  # item 5 at T1
    rows[0, 0] = NA
    scored = score(frame_of(study, rows, ["T0", "T0", "T1", "T1"]), study)
    nobody = found(scored, "nobody").to_dict("records")
    assert [(r["column"], r["wave"], r["count"]) for r in nobody] == [("5", "T1", 2)]
    incomplete = found(scored, "incomplete").to_dict("records")
    assert [(r["wave"], r["count"]) for r in incomplete] == [("T0", 1), ("T1", 2)]
    by_wave = scored.reliability.set_index("wave")
    assert by_wave["n_answered"].tolist() == [2, 2]
    assert by_wave["n_scored"].tolist() == [1, 0]


def test_negative_item_rest_correlations_are_told() -> None:
    study = study_with("gse")
    rng = np.random.default_rng(5)
    rows = np.clip(np.round(rng.normal(2.5, 1, (50, 1)) + rng.normal(0, 0.4, (50, 10))), 1, 4)
    rows[:, 2] = 5 - rows[:, 2]
    negative = found(score(frame_of(study, rows), study), "negative").to_dict("records")
    assert [(r["column"], r["count"]) for r in negative] == [("3", 50)]
    assert negative[0]["value"] == pytest.approx(
        np.corrcoef(rows[:, 2], rows.sum(axis=1) - rows[:, 2])[0, 1], abs=1e-12
    )
    study = study_with("gse", 'reversed="3"')
    assert found(score(frame_of(study, rows), study), "negative").empty


def test_columns_that_do_not_fit() -> None:
    study = study_with("gse")
    frame = frame_of(study, [[1.0] * 10])
    with pytest.raises(DataError, match=r"2 of 10 items of \[instruments.x\] are missing: 3, 4"):
        score(frame.drop(columns=["3", "4"]), study)
    with pytest.raises(DataError, match="holds no item of any instrument"):
        score(frame[["id", "wave"]], study)
    with pytest.raises(DataError, match=r"also the scores made of them \(x_self_efficacy\)"):
        score(frame.assign(x_self_efficacy=1), study)
    with pytest.raises(DataError, match="lack the column wave"):
        score(frame.drop(columns="wave"), study)
    with pytest.raises(DataError, match="Two columns have the name 10"):
        score(pd.concat([frame, frame[["10"]]], axis=1), study)
    with pytest.raises(StudyError, match="no instruments to score"):
        score(frame, parse_study(SMALL))


def test_words_among_the_answers_are_counted_and_inputs_stay_as_they_are() -> None:
    study = study_with("gse")
    frame = frame_of(study, [[1.0] * 10, [2.0] * 10]).astype({"1": object, "2": object})
    frame["1"], frame["2"] = ["often", " 2 "], ["", "2"]
    before = frame.copy(deep=True)
    scored = score(frame, study)
    words = found(scored, "no_number").to_dict("records")
    assert [(r["column"], r["count"]) for r in words] == [("1", 1)]
    assert scored.survey["x_self_efficacy"].tolist() == [10, 20]
    pd.testing.assert_frame_equal(frame, before)


def test_a_questionnaire_that_is_not_in_the_file_is_left_out() -> None:
    text = SMALL + '[instruments.a]\ndefinition = "gse"\n[instruments.b]\ndefinition = "ie18"\n'
    study = parse_study(text)
    frame = pd.DataFrame({"id": [1], "wave": ["T0"], **{f"gse_{i:02}": [2] for i in range(1, 11)}})
    scored = score(frame, study)
    assert list(scored.survey.columns) == ["id", "wave", "a_self_efficacy"]
    assert found(scored, "absent")[["instrument", "count"]].to_numpy().tolist() == [["b", 18]]
    assert holds_items(frame, study)
    assert not holds_items(frame[["id", "wave"]], study)


def test_the_example_at_the_level_of_items_gives_the_example() -> None:
    study, expected = example_study(), generate()
    items = answers()
    scored = score(items, study)
    pd.testing.assert_frame_equal(scored.survey[expected.columns], expected, check_exact=True)
    assert set(scored.survey.columns) == set(expected.columns)
    assert scored.report.empty
    alphas = scored.reliability["alpha"].dropna()
    assert len(alphas) == 41
    assert alphas.between(0.7, 0.98).all()
    assert not set(expected.columns) >= set(items.columns)
    pd.testing.assert_frame_equal(answers(), items)
    other = answers(7)
    pd.testing.assert_frame_equal(score(other, study).survey[expected.columns], generate(7), check_exact=True)


def test_classes_by_cut_offs() -> None:
    from dnt_cli.wide import derive

    plain = {"role": "descriptive", "waves": ["T0", "T1"]}
    distress = plain | {"label": "Distress", "kind": "linear", "range": [0, 32]}
    rule = {"source": "distress", "rule": "classes", "cutoffs": [11, 21]}
    classes = plain | {"label": "Class", "kind": "ordinal", "range": [0, 2], "derive": rule}
    text = SMALL + toml({"outcomes": {"distress": distress, "class": classes}})
    study = parse_study(text)
    values = [0.0, 10, 11, 20, 20.5, 21, 32, NA]
    wide = pd.DataFrame({"distress_T0": values, "distress_T1": values[::-1]})
    np.testing.assert_array_equal(derive(wide, study)["class_T0"], [0, 0, 1, 1, 1, 2, 2, NA])
    from_one = parse_study(text, overrides=["outcomes.class.range=[1, 3]"])
    np.testing.assert_array_equal(derive(wide, from_one)["class_T0"], [1, 1, 2, 2, 2, 3, 3, NA])
    for setting, message in (
        ("outcomes.class.range=[0, 3]", r"2 cut-offs give 3 classes, such as \[0, 2\]"),
        ("outcomes.class.derive.cutoffs=[21, 11]", "increasing"),
        ("outcomes.class.derive.cutoffs=[]", "needs the lowest value of each higher class"),
        ("outcomes.class.kind=binary", "gives a ordinal outcome|no range"),
    ):
        with pytest.raises(StudyError, match=message):
            parse_study(text, overrides=[setting])


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("definition=gsf", "found 'gsf'; did you mean gse"),
        ("items=1-1 1", "each once"),
        ("columns=a b c", "or 10 different names"),
        ("coding=1-4", "found '1-4'; allowed: none; leave it out"),
        ('reversed="11"', "found 11; allowed: 1, 2"),
        ("use=total", "found total; allowed: self_efficacy"),
        ("recode.all=[1, 2]", "expected 4 new values for item 1"),
        ("range.all=[4, 1]", "expected .lowest, highest. answer of item 1"),
        ("max_missing=10", "from 0 to one less than there are items"),
        ("score=weighted", "the rule weighted does not go with"),
        ('scales.self_efficacy.items="1 12"', "found 12; allowed"),
        ("wording=1", "unknown key"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(setting: str, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        study_with("gse", setting)


def test_columns_by_pattern_or_by_name() -> None:
    def columns(pattern: str) -> list[str]:
        return list(study_with("gse", f"columns={pattern}").instruments["x"].column_names.values())

    assert columns("v{item:03}a")[::9] == ["v001a", "v010a"]
    assert columns("a b c d e f g h i j") == list("abcdefghij")
    assert names("1-3, 7 GH1 none") == ("1", "2", "3", "7", "GH1")


def test_the_template_shows_questionnaires_classes_and_files_that_work() -> None:
    text = (resources.files("dnt_cli") / "studies" / "template").read_text("utf-8")
    uncommented = "\n".join(re.sub(r"^# ?(?=\[|[a-z_.]+ = )", "", line) for line in text.splitlines())
    study = parse_study(uncommented, overrides=["design.follow_up=T2"])
    assert study.instruments["sf12"].used_scales["physical"].outcome == "health"
    assert study.instruments["mood"].reversed_items == ("2", "5")
    assert study.files["sf12_t0"].columns == {"v1": "sf12_GH1", "v2": "sf12_PF02"}
    assert study.outcomes["wellbeing_class"].kind == "ordinal"
