"""Those who took part: the complier effect, what it needs, its table, and the per-protocol check."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dnt_cli.effects.fitting import Options
from dnt_cli.effects.result import Estimates
from dnt_cli.effects.rows import Effects
from dnt_cli.effects.run import complier_effects, endpoint_effects
from dnt_cli.imputation import Settings
from dnt_cli.imputed.data import Completed
from dnt_cli.models import COMPLIERS
from dnt_cli.robustness.run import run_checks
from dnt_cli.study import Language, Study
from dnt_cli.wording import Wording
from tests.support.persons import two_groups
from tests.support.studies import study_text

PERSONS = 400
STUDY = study_text(
    {"score": {"kind": "linear"}, "work": {"kind": "binary"}},
    covariates={"started": {"kind": "categorical", "levels": ["no", "yes"], "impute": False, "describe": False}},
    design={"received": "started"},
    models={"min_observed": 5},
)


def table(uptake: float = 0.6) -> pd.DataFrame:
    """The programme raises the score by 3 in who takes part; who would take part scores 1 higher anyway."""
    rng = np.random.default_rng(8)
    frame = two_groups(PERSONS)
    treated, willing = np.arange(PERSONS) % 2, rng.random(PERSONS) < uptake
    started = (treated == 1) & willing
    frame["started"] = pd.Categorical(np.where(started, "yes", "no"), ["no", "yes"])
    for t, wave in enumerate(("T0", "T1", "T2")):
        frame[f"score_{wave}"] = willing + 1.5 * t * started + rng.normal(size=PERSONS)
        frame[f"work_{wave}"] = (rng.random(PERSONS) < 0.4 + 0.1 * t * started).astype(float)
    return frame


@pytest.fixture(scope="module")
def data(study: Study) -> Completed:
    return Completed(study, table(), (table(), table()))


@pytest.fixture(scope="module")
def effects(data: Completed) -> Effects:
    return complier_effects(data, endpoint_effects(data, Options()), Options())


def own(effects: Effects) -> pd.DataFrame:
    rows = effects.estimates
    return rows[rows["analysis"] == COMPLIERS].set_index(["outcome", "term"])


def test_it_is_the_effect_on_who_takes_part_and_not_on_who_is_assigned(effects: Effects) -> None:
    rows = own(effects)
    assert rows.loc[("score", "received"), "estimate"] == pytest.approx(3, abs=0.4)
    assert rows.loc[("score", "assigned"), "estimate"] == pytest.approx(3 * 0.6, abs=0.4)
    ratio = rows.loc[("score", "assigned"), "estimate"] / rows.loc[("score", "uptake"), "estimate"]
    assert rows.loc[("score", "received"), "estimate"] == pytest.approx(ratio)
    assert set(rows["kind"].xs("work", level="outcome")) == {"probability"}


def test_errors_by_site_are_those_of_the_effect_and_the_marks_rest_on_them_where_asked(study: Study) -> None:
    design = replace(study.design, site="town")
    by_site = replace(study, design=design, models=replace(study.models, errors="sites"))
    frame = table(1.0)  # all of the intervention group take part, so that being assigned is taking part
    frame["town"] = [f"t{own:02d}" for own in np.arange(PERSONS) // 2 % 16]
    data = Completed(by_site, frame, (frame, frame))
    found = complier_effects(data, endpoint_effects(data, Options()), Options())
    rows, main = own(found), found.estimates[found.estimates["term"] == "group"].set_index("outcome").loc["score"]
    for term in ("received", "assigned"):
        for name in ("std_error_sites", "df_sites", "p_value_sites"):
            assert rows.loc[("score", term), name] == pytest.approx(main[name])
    notes = Estimates.of(by_site, found, 0.95).tables(Wording(by_site, "en"))[-2:]
    assert all(any("standard errors by site (CR2" in note for note in part.notes) for part in notes)


def test_without_controls_it_is_the_ratio_of_differences_in_means(study: Study, data: Completed) -> None:
    bare = replace(study, outcomes={"work": replace(study.outcomes["work"], adjust_for_baseline=False)})
    own_data = Completed(bare, data.observed, data.sets)
    found = own(complier_effects(own_data, endpoint_effects(own_data, Options()), Options()))
    people = data.observed.assign(took=data.observed["started"] == "yes")
    means = people.groupby("group", observed=True)[["work_T2", "took"]].mean().astype(float)
    difference = means.loc["i"] - means.loc["c"]
    assert found.loc[("work", "received"), "estimate"] == pytest.approx(difference["work_T2"] / difference["took"])


def test_a_count_is_compared_in_means(data: Completed) -> None:
    counted = {"times": replace(data.study.outcomes["work"], kind="count", adjust_for_baseline=False)}
    frame = data.observed.assign(**{f"times_{w}": data.observed[f"work_{w}"] * 2 for w in ("T0", "T1", "T2")})
    own_data = Completed(replace(data.study, outcomes=counted), frame, (frame, frame))
    row = own(complier_effects(own_data, endpoint_effects(own_data, Options()), Options())).loc[("times", "assigned")]
    means = frame.groupby("group", observed=True)["times_T2"].mean()
    assert (row["kind"], row["estimate"]) == ("linear", pytest.approx(means["i"] - means["c"]))


def test_a_study_that_does_not_say_who_took_part_has_no_such_effect(data: Completed) -> None:
    plain = replace(data.study, design=replace(data.study.design, received=None))
    unasked = endpoint_effects(Completed(plain, data.observed, data.sets), Options())
    assert complier_effects(Completed(plain, data.observed, data.sets), unasked, Options()) is unasked


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_table_sets_both_estimands_side_by_side(study: Study, effects: Effects, language: Language) -> None:
    tables = Estimates.of(study, effects, 0.95).tables(Wording(study, language))[-2:]
    names = ["assigned", "took part"] if language == "en" else ["toegewezen", "meegedaan"]
    assert list(dict.fromkeys(column.group for column in tables[0].columns if column.group)) == names
    row = [cell.text for cell in tables[0].sections[0].rows[0]]
    estimate = own(effects).loc[("score", "received"), "estimate"]
    assert row[4] == f"{estimate:.2f}".replace(".", "," if language == "nl" else ".")
    question = "another question" if language == "en" else "een andere vraag"
    assert any(question in note for note in tables[0].notes)
    share = 100 * own(effects).loc[("score", "uptake"), "estimate"]
    assert row[9] == f"{share:.0f}%"
    assert row[10] == "200/200"


def test_a_weak_instrument_and_none_at_all_are_said(study: Study) -> None:
    weak, nobody = table(0.02), table(0.0)
    found = {}
    for name, frame in (("weak", weak), ("nobody", nobody)):
        data = Completed(study, frame, (frame, frame))
        effects = complier_effects(data, endpoint_effects(data, Options(), outcomes=["score"]), Options())
        found[name] = own(effects)
        notes = Estimates.of(study, effects, 0.95).tables(Wording(study, "en"))[-1].notes
        said = "not to be trusted" if name == "weak" else "nobody took part"
        assert any(said in note for note in notes)
    assert list(found["nobody"]["status"]) == ["not estimable"]
    assert set(found["weak"]["status"]) == {"ok"}


def test_an_instrument_that_few_sites_make_weak_is_said(study: Study) -> None:
    by_site = replace(study, design=replace(study.design, site="town"))
    frame, place = table(0.0), np.arange(PERSONS) // 2 % 16
    frame["town"] = [f"t{own:02d}" for own in place]
    took = (np.arange(PERSONS) % 2 == 1) & (place < 5)  # all of the intervention group in 5 of 16 towns
    frame["started"] = pd.Categorical(np.where(took, "yes", "no"), ["no", "yes"])
    data = Completed(by_site, frame, (frame, frame))
    rows = own(complier_effects(data, endpoint_effects(data, Options(), outcomes=["score"]), Options()))
    uptake = rows.loc[("score", "uptake")]
    by_errors = [(uptake["estimate"] / uptake[name]) ** 2 for name in ("std_error", "std_error_sites")]
    assert by_errors[0] > 50
    assert by_errors[1] < 10
    assert f'"f":{by_errors[1]:.3f}'[:8] in rows.loc[("score", "received"), "message"].replace(" ", "")


@pytest.mark.parametrize(
    ("imputed", "said"),
    [
        (False, "of 60 persons it is not known whether they took part; they are left out of both effects"),
        (True, "of 60 persons it was imputed whether they took part"),
    ],
)
def test_of_whom_it_is_not_known_who_received_is_told(data: Completed, imputed: bool, said: str) -> None:
    observed = data.observed.copy()
    observed.loc[:59, "started"] = np.nan
    own = Completed(data.study, observed, data.sets if imputed else (observed, observed))
    rows = complier_effects(own, endpoint_effects(own, Options()), Options()).estimates
    rows = rows[rows["term"] == "received"].set_index("outcome")
    assert said in Wording(data.study, "en").messages(rows["message"]["score"]).lower()
    counted = rows[["n_observed_intervention", "n_observed_comparison"]].sum(axis=1)["score"]
    assert counted == (PERSONS if imputed else PERSONS - 60)


def test_per_protocol_is_the_analysis_of_who_kept_to_the_group(data: Completed) -> None:
    result = run_checks(data, Settings(m=2), Options(quadrature_check=0), ["n"])
    rows = result.estimates[(result.estimates["model"] == "n") & (result.estimates["analysis"] == "t3")]
    kept = (data.observed["started"] == "yes") == (data.observed["group"] == "i")
    part = data.observed[kept].reset_index(drop=True)
    alone = endpoint_effects(Completed(data.study, part, (part, part)), Options()).estimates
    alone = alone[alone["term"] == "group"]
    np.testing.assert_allclose(rows["estimate"], alone["estimate"], rtol=1e-8)
    np.testing.assert_allclose(rows["std_error"], alone["std_error"], rtol=1e-8)
    assert set(rows["n_persons"]) == {int(kept.sum())}
    note = Wording(data.study, "en").messages(result.notes["n"])
    assert f"{int((~kept).sum())} others or unknown are left out" in note
    assert "Another question" in note


def test_per_protocol_leaves_out_of_whom_it_was_imputed_who_received(data: Completed) -> None:
    """An imputed level is no knowledge of who kept to the group: who is counted as left out is left out."""
    observed = data.observed.copy()
    observed.loc[:59, "started"] = np.nan
    result = run_checks(replace(data, observed=observed), Settings(m=2), Options(quadrature_check=0), ["n"])
    rows = result.estimates[result.estimates["model"] == "n"]
    kept = (observed["started"] == np.where(observed["group"] == "i", "yes", "no")) & observed["started"].notna()
    assert set(rows.loc[rows["analysis"] == "t3", "n_persons"]) == {int(kept.sum())}
    assert f"{int((~kept).sum())} others or unknown" in Wording(data.study, "en").messages(result.notes["n"])


@pytest.mark.parametrize(("change", "reason"), [("", "robustness.all_as_assigned"), (None, "robustness.no_received")])
def test_per_protocol_says_why_it_does_not_apply(data: Completed, change: str | None, reason: str) -> None:
    study, frame = data.study, data.observed.copy()
    if change is None:
        study = replace(study, design=replace(study.design, received=None))
    frame["started"] = pd.Categorical(np.where(frame["group"] == "i", "yes", "no"), ["no", "yes"])
    result = run_checks(Completed(study, frame, (frame, frame)), Settings(m=2), Options(quadrature_check=0), ["n"])
    assert result.left_out["n"].key == reason
