"""More than two arms: a contrast is the study of its two arms, whatever else the data hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dnt_cli.cli.groups import StudyOptions
from dnt_cli.effects.fitting import Options
from dnt_cli.effects.persons import behind
from dnt_cli.effects.result import Estimates
from dnt_cli.effects.run import endpoint_effects
from dnt_cli.errors import DataError
from dnt_cli.imputed.data import Completed
from dnt_cli.reading import Dictionary, RawTable, prepare
from dnt_cli.study import Language, Study, parse_study
from dnt_cli.study.comparison import changes
from dnt_cli.survey import cast_survey, examine_survey, with_further
from dnt_cli.wide import to_wide
from dnt_cli.wording import Wording
from tests.support.studies import study_text

OUTCOMES = {"score": {"kind": "linear"}}
FURTHER = {"further_interventions": {"b": {"nl": "Training", "en": "Training"}}, "intervention_label": "Coaching"}
THREE = study_text(OUTCOMES, design={"intervention": "a", "comparison": "c", **FURTHER})


def survey() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    rows = [
        {"id": f"p{i:03d}", "wave": wave, "group": "abc"[i % 3], "score": rng.normal() + 2.0 * (i % 3 == 1), "note": i}
        for i in range(90)
        for wave in ("T0", "T1", "T2")
    ]
    return pd.DataFrame(rows)


def study(contrast: str | None = None) -> Study:
    return parse_study(THREE, overrides=[] if contrast is None else [f"design.contrast={contrast}"])


def effect(study: Study, frame: pd.DataFrame) -> pd.Series:
    wide = to_wide(cast_survey(frame, study)[0], study)
    rows = endpoint_effects(Completed(study, wide, (wide, wide)), Options()).estimates
    return rows.set_index("term").loc["group"]


def test_a_contrast_is_the_study_of_its_two_arms() -> None:
    frame = survey()
    for first, second in (("a", "c"), ("b", "c"), ("b", "a")):
        alone = parse_study(study_text(OUTCOMES, design={"intervention": first, "comparison": second}))
        own = effect(study(f"{first}:{second}"), frame)
        expected = effect(alone, frame[frame["group"].isin([first, second])])
        names = ["estimate", "std_error", "p_value", "n_persons", "n_observed_intervention", "n_observed_comparison"]
        assert list(own[names]) == list(expected[names])


def test_without_contrast_the_first_intervention_is_compared() -> None:
    assert effect(study(), survey())["estimate"] == effect(study("a:c"), survey())["estimate"]


def test_labels_go_with_their_arms() -> None:
    design = study("b:a").design
    assert (design.intervention_label.en, design.comparison_label.en) == ("Training", "Coaching")
    assert list(design.further_interventions) == ["c"]
    assert {*design.arms} == {"a", "b", "c"}


def test_how_many_are_of_other_arms_is_told() -> None:
    findings, cast = examine_survey(survey(), study("b:c"))
    assert cast is not None
    (told,) = findings
    assert (told.name, told.level) == ("reading.other_arms", "warning")
    assert "30 persons of other arms than b, c" in str(told)


def test_other_columns_stay_with_their_persons() -> None:
    frame = survey()
    own = study("b:c")
    both = with_further(cast_survey(frame, own)[0], frame[["id", "wave", "note"]], own)
    assert (both["note"].to_numpy() == both["id"].str[1:].astype(int).to_numpy()).all()


def test_nobody_of_either_arm_is_an_error() -> None:
    findings, cast = examine_survey(survey()[lambda f: f["group"] == "a"], study("b:c"))
    assert cast is None
    assert [own.name for own in findings] == ["reading.one_group"]


def test_groups_are_known_by_their_labels_whatever_the_contrast() -> None:
    frame = survey().replace({"group": {"b": "training", "a": "Coaching"}})
    own = study("b:a")
    assert set(prepare(RawTable(frame, Dictionary()), own).frame["group"]) == {"a", "b", "c"}


def test_a_study_of_two_arms_is_as_it_was() -> None:
    plain = parse_study(study_text(OUTCOMES))
    assert plain.design.contrasted() is plain.design
    assert list(plain.design.arms) == ["i", "c"]


def test_another_contrast_needs_another_imputation() -> None:
    from dnt_cli.study.reanalysis import ANALYSIS, concern

    found = {change.key for change in changes(study("a:c"), study("b:c"))}
    assert "design.intervention" in found
    assert concern("design.intervention") != ANALYSIS


def test_the_option_is_a_setting() -> None:
    assert StudyOptions(overrides=["imputation.m=3"], contrast="b:c").settings == [
        "imputation.m=3",
        "design.contrast=b:c",
    ]
    assert StudyOptions().settings is None


@pytest.mark.parametrize("contrast", ["b", "b:b", "b:nobody", "a:b:c"])
def test_contrasts_that_cannot_be(contrast: str) -> None:
    with pytest.raises(Exception, match="expected two arms such as a:c"):
        study(contrast)


@pytest.fixture(scope="module")
def both() -> Estimates:
    parts = []
    for contrast in ("a:c", "b:c"):
        own = study(contrast)
        wide = to_wide(cast_survey(survey(), own)[0], own)
        parts.append(Estimates.of(own, endpoint_effects(Completed(own, wide, (wide, wide)), Options()), 0.95))
    return Estimates.joined(parts)


@pytest.mark.parametrize("language", ["en", "nl"])
def test_contrasts_stand_side_by_side(both: Estimates, language: Language) -> None:
    (table,) = both.tables(Wording(study("a:c"), language))
    names = ["Coaching", "Training"]
    groups = list(dict.fromkeys(column.group for column in table.columns if column.group))
    assert [name.partition(" – ")[0] for name in groups] == names
    (row,) = table.sections[0].rows
    betas = [effect(study(contrast), survey())["beta"] for contrast in ("a:c", "b:c")]
    sign = "," if language == "nl" else "."
    assert [row[1].text, row[5].text] == [f"{beta:.2f}".replace(".", sign) for beta in betas]
    assert any("study of its two arms" in note or "onderzoek van zijn twee groepen" in note for note in table.notes)


def test_rows_say_their_contrast_and_no_figure_mixes_them(both: Estimates) -> None:
    rows = both.rows()
    assert list(rows["contrast"]) == ["a:c", "b:c"]
    with pytest.raises(DataError, match="one at a time"):
        both.drawing(Wording(study("a:c"), "en"))


def test_the_persons_of_two_contrasts_have_other_names(both: Estimates) -> None:
    names = []
    for own, rows in both.contrasts:
        counts = behind(rows[rows["term"] == "group"].iloc[0], own)
        assert counts is not None
        names.append({person.who for person in counts.persons})
    assert not names[0] & names[1]


def test_one_contrast_alone_has_its_usual_tables(both: Estimates) -> None:
    own, rows = both.contrasts[1]
    alone = Estimates(own, rows.reset_index(drop=True), both.fits)
    assert Estimates.joined([alone]) is alone
    assert "contrast" not in alone.rows().columns
