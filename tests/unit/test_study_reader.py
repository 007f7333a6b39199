"""Reading a study file: types, suggestions, overrides, the built-in study and the template."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from dnt_cli.errors import StudyError
from dnt_cli.study import Condition, Text, builtin_studies, load_study, parse_study, read_builtin
from dnt_cli.study.reader import suggest
from dnt_cli.wide import fulfils
from tests.support.studies import BASE, changed


def problem(text: str, *overrides: str) -> str:
    with pytest.raises(StudyError) as caught:
        parse_study(text, "base.toml", overrides)
    assert caught.value.exit_code == 10
    return str(caught.value)


def test_not_toml_names_the_line() -> None:
    assert re.match(r"base\.toml is not valid TOML: .*line 3", problem(changed("[study]", "[study")))


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("imputation.mm=5", "base.toml with --set imputation.mm=5: imputation.mm: unknown key; did you mean m?"),
        ("imputation.m=five", "with --set imputation.m=five: imputation.m: found 'five', expected a whole number"),
        ("imputatoin.m=5", "with --set imputatoin.m=5: imputatoin: unknown key; did you mean imputation?"),
        ("imputation.m", "--set imputation.m is not of the form key=value"),
        ("=5", "--set =5 is not of the form key=value"),
        ("imputation.m.x=5", "with --set imputation.m.x=5: imputation.m.x: m is a value, not a section"),
        ("imputation.m=0", "with --set imputation.m=0: imputation.m: expected a whole number of at least 1"),
        ("imputation.m=3\nseed = 4", "expected a whole number"),
        ("study.kee=1", "with --set study.kee=1"),
    ],
)
def test_wrong_overrides_are_told_as_such(override: str, says: str) -> None:
    assert says in problem(BASE, override)


def test_a_mistake_elsewhere_is_not_blamed_on_set() -> None:
    assert problem(changed('kind = "linear"', 'kind = "liner"'), "imputation.m=3").startswith("base.toml, line ")


def test_overrides_take_toml_values_or_plain_text() -> None:
    given = ("imputation.m=7", "models.controls=[]", "models.time=months", 'study.title="New"', "synthetic=true")
    study = parse_study(BASE, "base.toml", given)
    assert study.imputation.m == 7
    assert study.models.controls == ()
    assert study.models.time == "months"
    assert study.title == Text("New", "New")
    assert study.synthetic is True
    assert study.overrides == given
    assert study.text == BASE


def test_values_become_what_the_fields_say() -> None:
    study = parse_study(BASE)
    assert study.outcomes["score"].range == (0.0, 100.0)
    assert isinstance(study.outcomes["score"].range[0], float)
    assert study.design.wave_keys == ("T0", "T1", "T2")
    assert study.models.ladder == (("age", "place"), ("age",), ())
    assert study.title == Text("Basis", "Base")
    assert study.outcomes["work"].label == Text("Work", "Work")


@pytest.mark.parametrize(
    ("where", "conditions"),
    [
        ('"age < 40"', (Condition("age", "<", 40.0),)),
        ('"age >= 20 and work_T0 != 1"', (Condition("age", ">=", 20.0), Condition("work_T0", "!=", 1.0))),
        ("\"place == 'town hall'\"", (Condition("place", "==", "town hall"),)),
        ('"place != town hall"', (Condition("place", "!=", "town hall"),)),
        ('[{ column = "age", operator = "<=", value = 30 }]', (Condition("age", "<=", 30.0),)),
        ('[{ column = "place", operator = "==", value = "city" }]', (Condition("place", "==", "city"),)),
    ],
)
def test_conditions(where: str, conditions: tuple[Condition, ...]) -> None:
    study = parse_study(changed('where = "age < 40"', f"where = {where}"))
    assert study.robustness.subsets["young"].where == conditions


def test_what_follows_from_the_waves() -> None:
    study = parse_study(changed('waves = ["T0", "T1", "T2"]\nrange', 'waves = ["T1", "T2"]\nrange').replace(
        'waves = ["T0", "T1", "T2"]\nderive', 'waves = ["T1", "T2"]\nderive'))  # fmt: skip
    assert list(study.columns)[:3] == ["work_T0", "work_T1", "work_T2"]
    assert list(study.measured) == ["work", "hours", "score", "rung"]
    assert list(study.tested) == ["work", "hours", "score", "high"]
    assert study.adjusts_for_baseline("work")
    assert not study.adjusts_for_baseline("score")
    assert study.has_trend("work")
    assert not study.has_trend("score")
    assert not study.has_trend("rung")
    assert study.times() == {"T0": 0.0, "T1": 1.0, "T2": 2.0}
    assert parse_study(BASE, overrides=["models.time=months"]).times() == {"T0": 0.0, "T1": 6.0, "T2": 12.0}


def test_levels_of_a_model() -> None:
    text = changed(
        'levels = ["city", "town hall", "village"]',
        'levels = ["city", "town hall", "village"]\nreference = "village"\ncollapse = { town = ["city", "town hall"] }',
    )
    place = parse_study(text).covariates["place"]
    assert place.model_levels == ("village", "town")
    assert [place.model_level(level) for level in place.levels] == ["town", "town", "village"]


def test_missing_and_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(
        StudyError, match=r"no study file .*none\.toml.*dnt study init -o none\.toml.*built-in study: dnt"
    ):
        load_study(str(tmp_path / "none.toml"))
    with pytest.raises(StudyError, match=r"Cannot read the study file"):
        load_study(str(tmp_path))
    (tmp_path / "latin.toml").write_bytes(BASE.replace("Base", "Café").encode("latin-1"))
    with pytest.raises(StudyError, match="it is not UTF-8 text"):
        load_study(str(tmp_path / "latin.toml"))
    (tmp_path / "bom.toml").write_bytes(b"\xef\xbb\xbf" + BASE.encode())
    assert load_study(str(tmp_path / "bom.toml")).key == "base"


def test_the_built_in_study() -> None:
    assert builtin_studies() == ("dnt",)
    study = load_study("dnt")
    assert len([key for key in study.tested if not study.is_register(key)]) == 23
    assert all(outcome.hypothesis in study.hypotheses for outcome in study.tested.values())
    assert study.design.wave_keys == ("T0", "T1", "T2", "T3", "T4")
    assert (study.design.baseline, study.design.endpoint, study.design.follow_up) == ("T0", "T3", "T4")
    assert study.models.controls == (
        "education", "born_in_nl", "partner", "permanent_contract_last_job", "youngest_child_home"
    )  # fmt: skip
    assert study.models.ladder == (study.models.controls, ("education", "partner"), ())
    assert study.covariates["education"].model_levels == ("low", "mid/high")
    assert study.covariates["youngest_child_home"].model_levels[0] == "none or 18+"
    assert parse_study(read_builtin("dnt")) == study


def test_suggestions() -> None:
    assert str(suggest("wrok", ["work", "score"])) == "; did you mean work?"
    assert suggest("x", ["work", "score"]) == ""


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("work_ani", "work_any"), ("wrk", "work_any"), ("distress", "dkl_distress_normal"), ("edu", "education"),
        ("ed", ""), ("wellbeing", ""), ("", ""), (3, ""),
    ],
)  # fmt: skip
def test_what_was_meant(word: object, meant: str) -> None:
    """The nearest word, else the first with a part that is near or that begins so; a far one is no help."""
    known = ["work_any", "work_gt12h", "dkl_distress_normal", "education", "support_debt_counselling"]
    assert str(suggest(word, known)) == (f"; did you mean {meant}?" if meant else "")


def test_several_errors_are_told_at_once() -> None:
    """Also where they are of different kinds: a type, an unknown key, and a contradiction would each take a run."""
    text = changed("range = [0, 100]", 'range = "wide"\nrang = 1').replace("iterations", "iteration")
    text = text.replace("[models]", '[models]\ntime = "week"')
    with pytest.raises(StudyError) as caught:
        parse_study(text)
    told = str(caught.value).splitlines()
    assert [line.split(": ")[1] for line in told][:3] == ["outcomes.score.rang", "outcomes.score.range", "models.time"]


def test_contradictions_in_several_parts_are_told_at_once() -> None:
    text = changed('controls = ["age", "place"]', 'controls = ["age", "nobody"]')
    with pytest.raises(StudyError) as caught:
        parse_study(text, overrides=["covariates.age.range=[9, 1]", "imputation.m=0"])
    told = [line.split(": ")[1] for line in str(caught.value).splitlines()]
    assert told == ["covariates.age.range", "models.controls", "imputation.m"]


def test_codes_that_are_written_as_whole_numbers() -> None:
    study = parse_study(
        BASE,
        overrides=[
            "design.intervention=1",
            "design.comparison=0",
            "covariates.place.levels=[0, 1]",
            "robustness.subsets.young.where=place == 1",
        ],
    )
    assert (study.design.intervention, study.design.comparison) == ("1", "0")
    assert study.covariates["place"].levels == ("0", "1")
    people = pd.DataFrame({"place": pd.Categorical(["0", "1", None])})
    assert fulfils(people, study.robustness.subsets["young"].where).tolist() == [False, True, pd.NA]
