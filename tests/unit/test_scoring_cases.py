"""Scores that were wrong once: studies and files on which random trials disagreed with the published rules."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dnt_cli.__main__ import main
from dnt_cli.errors import DataError, StudyError
from dnt_cli.reading import Dictionary, RawTable, read_table, write_table
from dnt_cli.scoring import Scored, holds_items, score
from dnt_cli.scoring.reliability import item_rest_correlations, reliability
from dnt_cli.study import Study, parse_study
from tests.support.studies import SMALL

SF12 = ["GH1", "PF02", "PF04", "RP2", "RP3", "RE2", "RE3", "BP2", "MH3", "VT2", "MH4", "SF2"]
BEST = [1, 3, 3, 2, 2, 2, 2, 1, 1, 1, 6, 5]
LADDER = ["contract", "benefit", "guidance", "sheltered", "instrument", "unpaid_work", "organised", "social"]


def study_with(text: str) -> Study:
    return parse_study(f"{SMALL}\n{text}\n")


def scored(text: str, columns: list[str], rows: list[list[object]], waves: list[str] | None = None) -> Scored:
    frame = pd.DataFrame(rows, columns=columns, dtype=object)
    frame.insert(0, "id", range(len(frame)))
    frame.insert(1, "wave", waves or "T0")
    return score(frame, study_with(text))


def test_a_ladder_of_ones_and_twos_is_refused_until_it_is_recoded() -> None:
    text = '[instruments.l]\ndefinition = "participation_ladder"\ncolumns = "{item}"\nrange = { all = [1, 2] }\n'
    nothing, organised = [2] * 8, [2, 2, 2, 2, 2, 2, 1, 2]  # 1 is yes
    with pytest.raises(StudyError, match=r"yes \(1\) or no \(0\) for contract"):
        scored(text, LADDER, [nothing, organised])
    found = scored(text + "recode = { all = [1, 0] }\n", LADDER, [nothing, organised])
    assert found.survey["l_rung"].tolist() == [1.0, 3.0]


@pytest.mark.parametrize("values", ["[0, 50, 100]", "[1, 2.5, 3]"])
def test_weights_want_whole_values_after_recoding(values: str) -> None:
    text = '[instruments.s]\ndefinition = "sf12v1"\ncolumns = "{item}"\nrecode = { PF02 = %s }'
    with pytest.raises(StudyError, match="whole values for PF02 after recoding"):
        scored(text % values, SF12, [[*BEST]])
    swapped = scored(text % "[3, 2, 1]", SF12, [[*BEST]]).survey
    assert swapped["s_physical"].tolist() == [pytest.approx(56.57706 - 7.23216, abs=1e-9)]


def test_two_scales_never_become_one_column() -> None:
    text = '[instruments.s]\ndefinition = "sf12v1"\ncolumns = "{item}"\n'
    text += 'scales.physical.outcome = "a"\nscales.mental.outcome = "a"'
    with pytest.raises(StudyError, match="becomes a, as another scale does"):
        scored(text, SF12, [[*BEST]])


def test_two_questionnaires_never_share_a_column() -> None:
    text = '[instruments.g]\ndefinition = "gse"\ncolumns = "{item}"\n'
    text += '[instruments.s]\ndefinition = "ssli12"\ncolumns = "{item}"\n'
    with pytest.raises(StudyError, match=r"\[instruments.s\] has the column 1, which another questionnaire has too"):
        scored(text, [str(i) for i in range(1, 13)], [[2] * 12])


def test_codes_for_no_answer_do_not_hide_the_other_coding() -> None:
    rows = np.random.default_rng(1).integers(1, 6, (10, 50)).astype(object)
    rows[:, :5] = 99  # more than a tenth of the fives, and a code in neither coding
    with pytest.raises(DataError, match='fit coding = "1-5"'):
        scored('[instruments.d]\ndefinition = "4dkl"\ncolumns = "{item}"\ncoding = "0-4"',
               [str(i) for i in range(1, 51)], rows.tolist())  # fmt: skip


def test_a_wave_that_does_not_tell_its_coding_is_told_though_another_does() -> None:
    rows = [[0] * 25 + [4] * 25, [2] * 49 + [99]]
    found = scored('[instruments.d]\ndefinition = "4dkl"\ncolumns = "{item}"\ncoding = "0-4"',
                   [str(i) for i in range(1, 51)], rows, ["T0", "T1"])  # fmt: skip
    (row,) = found.report[found.report["what"] == "also_fits"].to_dict("records")
    assert (row["wave"], row["scale"], row["count"]) == ("T1", 'coding = "1-5"', 49)


def test_truths_and_decimal_commas_in_columns_with_words() -> None:
    rows = [["TRUE", *[False] * 7], ["1,0", *[0] * 7], ["?", *[0] * 7], [" true ", *["FALSE"] * 7], ["1,5", *[0] * 7]]
    found = scored('[instruments.l]\ndefinition = "participation_ladder"\ncolumns = "{item}"', LADDER, rows)
    assert found.survey["l_rung"].fillna(0).tolist() == [6, 6, 0, 6, 0]
    counts = found.report[found.report["column"] == "contract"].set_index("what")["count"]
    assert counts.to_dict() == {"no_number": 1, "outside": 1}


def test_no_alpha_where_the_items_cancel_out() -> None:
    items = np.array([[2, 1, 0, 0, 2, 5], [1, 1, 1, 2, 1, 4], [0, 2, 0, 0, 2, 6], [1, 0, 0, 1, 2, 6]], dtype=float)
    assert set(items.sum(axis=1)) == {10}
    assert np.cov(items, rowvar=False).sum() > 0  # by rounding only
    assert np.isnan(reliability(items).alpha)


def test_no_negative_correlation_by_rounding() -> None:
    items = np.array([[a, b, b] for a in (0.1, 0.2, 0.4) for b in (0.3, 0.6, 0.7)])
    assert item_rest_correlations(items)[0][0] == 0


def test_user_missing_codes_as_text_and_as_numbers_are_one_code() -> None:
    frame = pd.DataFrame({"x": [9, "9", "9.0", "ja", 1.0, None]}, dtype=object)
    values, counts = RawTable(frame, Dictionary(missing={"x": ((9.0, 9.0),)})).without_missing()
    assert values["x"].isna().tolist() == [True, True, True, False, False, True]
    assert counts.to_dict("records") == [{"column": "x", "code": "9", "count": 3}]


def test_stata_loses_no_user_missing_code_of_a_text() -> None:
    frame = pd.DataFrame({"x": ["3", "1", "2"]})
    with pytest.raises(DataError, match="Stata has no user-missing codes in text, and x has"):
        write_table(frame, Dictionary(missing={"x": ((3.0, 3.0),)}), ".dta")


def test_excel_gets_an_infinite_value_as_text() -> None:
    content = write_table(pd.DataFrame({"x": [1.0, np.inf]}), Dictionary(), ".xlsx")
    assert read_table(content, "x.xlsx").frame["x"].tolist() == [1, "inf"]


def test_items_beside_all_outcomes_but_without_scores_are_answers() -> None:
    study = study_with('[instruments.g]\ndefinition = "gse"\ncolumns = "s{item}"')
    survey = pd.DataFrame(columns=["id", "wave", *study.measured])
    assert not holds_items(survey, study)
    assert holds_items(survey.assign(s1=1), study)
    assert not holds_items(survey.assign(s1=1, g_self_efficacy=10), study)


@pytest.mark.parametrize("suffix", [".sav", ".xlsx", ".dta", "json"])
def test_user_missing_codes_without_an_end_stay(suffix: str) -> None:
    frame = pd.DataFrame({"low": [1.0, -5.0, 3.0], "high": [1.0, 2.0, 95.0]})
    raw = RawTable(frame, Dictionary(missing={"low": ((-np.inf, 0.0),), "high": ((90.0, np.inf),)}))
    if suffix == "json":
        plain = json.loads(json.dumps(raw.dictionary.as_json(), allow_nan=False))
        again = RawTable(frame, Dictionary.from_json(plain))
    else:
        again = read_table(write_table(raw.frame, raw.dictionary, suffix), f"x{suffix}")
    values = again.without_missing()[0].astype(float)
    assert values["low"].fillna(0).tolist() == [1, 0, 3]
    assert values["high"].fillna(0).tolist() == [1, 2, 0]


def test_csv_tells_that_it_loses_user_missing_codes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    content = write_table(pd.DataFrame({"x": [1.0, 99.0]}), Dictionary(missing={"x": ((99.0, 99.0),)}), ".sav")
    (tmp_path / "a.sav").write_bytes(content)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["dnt", "convert", "a.sav", "-o", "a.csv"])
    with contextlib.suppress(SystemExit):
        main()
    assert (tmp_path / "a.csv").read_text(encoding="utf-8") == "x\n1.0\n99.0\n"
    assert "in a.csv those of x stand as if they were answers" in " ".join(capsys.readouterr().err.split())
