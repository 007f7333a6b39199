"""Register outcomes in the chain: joined to the survey, never imputed, with models of their own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from statsmodels.regression.mixed_linear_model import MixedLM

from dnt_cli.effects.columns import effect_rows
from dnt_cli.effects.fitting import Options
from dnt_cli.effects.rows import joined
from dnt_cli.effects.run import endpoint_effects, trend_effects
from dnt_cli.effects.tables import effect_tables, report_tables
from dnt_cli.errors import DataError, ModelError, StudyError
from dnt_cli.imputed.data import Completed, plan_columns
from dnt_cli.polis import add_register
from dnt_cli.polis.agreement import agreement, agreement_tables
from dnt_cli.study import Study, parse_study
from dnt_cli.survey import examine_wide
from dnt_cli.tables import as_text
from dnt_cli.wide import derive
from dnt_cli.wording import Wording
from tests.support.studies import study_text

TEXT = study_text(
    {
        "mood": {"kind": "linear"},
        "good": {"label": "Good mood", "kind": "binary", "derive": {"source": "mood", "rule": "at_least", "value": 0}},
        "says": {"label": "Says to work", "kind": "binary"},
        "job": {"kind": "binary", "source": "register", "register": "work", "counterpart": "says"},
    },
    key="s",
    waves={"T0": 0, "T1": 3, "T2": 6},
    covariates={
        "age": {"kind": "continuous"},
        "school": {"kind": "categorical", "levels": ["low", "high"]},
    },
    models={"controls": ["school"], "ladder": [["school"], []], "register_controls": ["age", "good_T0"]},
)
PERSONS = 150
QUICK = Options(quadrature_check=0)


def study(*overrides: str) -> Study:
    return parse_study(TEXT, "s.toml", overrides)


def wide() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    group = np.arange(PERSONS) % 2
    frame = pd.DataFrame({"id": [f"P{n}" for n in range(PERSONS)], "group": np.where(group, "i", "c")})
    frame["age"] = rng.normal(35, 8, PERSONS)
    frame["school"] = rng.choice(["low", "high"], PERSONS)
    trait = rng.normal(size=PERSONS)
    for t, wave in enumerate(("T0", "T1", "T2")):
        frame[f"mood_{wave}"] = trait + rng.normal(size=PERSONS)
        frame[f"says_{wave}"] = (trait + rng.normal(size=PERSONS) > 0.3).astype(float)
        score = 0.8 * trait + 0.03 * frame["age"] - 0.4 * t * group + rng.normal(size=PERSONS)
        frame[f"job_{wave}"] = (score > 1).astype(float)
    return frame


def completed(spec: Study, *, register: bool = True, gaps: int = 0) -> Completed:
    table = wide()
    if not register:
        table = table.drop(columns=[c for c in table.columns if c.startswith("job_")])
    observed = table.copy()
    observed.loc[: gaps - 1, "mood_T0"] = np.nan
    frames = []
    for part in (observed, table, table):
        findings, cast = examine_wide(part, spec)
        assert not findings
        frames.append(derive(cast, spec))  # type: ignore[arg-type]
    return Completed(spec, frames[0], tuple(frames[1:]))


def register_frame(ids: Sequence[str] = ("P0", "P1", "P2")) -> pd.DataFrame:
    rows = [{"id": i, "wave": w, "work": float(n == 1)} for i in ids for n, w in enumerate(("T0", "T1", "T2"))]
    return pd.DataFrame(rows)


def test_the_register_stands_beside_the_survey_and_is_not_imputed() -> None:
    spec = study()
    survey = wide().loc[:3, lambda t: [c for c in t.columns if not c.startswith("job_")]]
    joined_table, findings = add_register(survey, register_frame(("P2", "P0", "P1", "Z")), spec, "r.parquet")
    assert joined_table["job_T1"].tolist()[:3] == [1, 1, 1]
    assert joined_table["job_T0"].tolist()[:3] == [0, 0, 0]
    assert np.isnan(joined_table["job_T1"].iloc[3])
    assert [str(f) for f in findings] == [
        "r.parquet: 1 person of the survey is not in the register",
        "r.parquet: 1 person of the register is not in the survey; left out",
    ]
    planned = {column.name for column in plan_columns(spec, joined_table)}
    assert "mood_T0" in planned
    assert not planned & {"job_T0", "job_T1", "job_T2"}
    assert "job_T0" not in survey.columns


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns="work"), "the column work is missing"),
        (lambda f: pd.concat([f, f[["work"]]], axis=1), "two columns have the name work"),
        (lambda f: pd.concat([f, f[["id"]]], axis=1), "two columns have the name id"),
        (lambda f: f.assign(wave=f["wave"].str.lower()), r"none of the study's waves \(T0, T1, T2\)"),
        (lambda f: pd.concat([f, f.iloc[:2]]), "2 rows repeat a person and wave"),
        (lambda f: f.assign(id=f["id"] + "x"), "no person in common"),
        (lambda f: f.assign(work=2.0), "9 values that cannot be"),
    ],
)
def test_a_register_that_does_not_fit(change: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        add_register(wide(), change(register_frame()), study(), "r.parquet")  # type: ignore[operator]


def test_register_models_have_their_own_controls() -> None:
    data = completed(study())
    rows = effect_rows(joined([endpoint_effects(data, QUICK), trend_effects(data, QUICK)]).estimates)
    controls = rows.set_index(["analysis", "outcome"])["controls"]
    assert controls["t3", "says"] == controls["longitudinal", "mood"] == "school"
    assert controls["t3", "job"] == "age, good_T0"
    assert controls["longitudinal", "job"] in ("age, good_T0", "")
    terms = endpoint_effects(data, QUICK, outcomes=["job"]).estimates["term"].tolist()
    assert terms == ["(Intercept)", "group", "job_T0", "age", "good_T0"]


def test_the_trend_on_the_probability_scale_is_a_linear_mixed_model() -> None:
    spec = study('models.register_trend="probability"', 'models.register_controls=["age"]')
    row = effect_rows(trend_effects(completed(spec), QUICK, outcomes=["job"]).estimates).iloc[0]
    table = wide()
    long = table.melt(["id", "group", "age"], [f"job_{w}" for w in ("T0", "T1", "T2")], "time", "job")
    time = long["time"].str[-1].astype(float)
    group = (long["group"] == "i").astype(float)
    matrix = np.column_stack([np.ones(len(long)), group, time, group * time, long["age"]])
    reference = MixedLM(long["job"], matrix, groups=long["id"]).fit(reml=True)
    assert row["kind"] == "probability"
    assert row["estimate"] == pytest.approx(reference.fe_params.iloc[3], abs=1e-6)
    assert row["std_error"] == pytest.approx(reference.bse_fe.iloc[3], abs=1e-5)
    assert np.isnan(row["odds_ratio"])
    assert endpoint_effects(completed(spec), QUICK, outcomes=["job"]).estimates["kind"].eq("binary").all()


def test_the_default_scale_is_the_odds_ratio() -> None:
    row = effect_rows(trend_effects(completed(study()), QUICK, outcomes=["job"]).estimates).iloc[0]
    assert row["kind"] == "binary"


def test_survey_and_register_are_corrected_apart() -> None:
    spec = study()
    both = effect_rows(endpoint_effects(completed(spec), QUICK).estimates).set_index("outcome")
    alone = effect_rows(endpoint_effects(completed(spec, register=False), QUICK).estimates).set_index("outcome")
    assert list(alone.index) == ["mood", "good", "says"]
    pd.testing.assert_series_equal(both.loc[alone.index, "p_holm"], alone["p_holm"])
    assert both.loc["job", "p_holm"] == both.loc["job", "p_value"]


def test_without_register_data_its_outcomes_are_left_out_or_asked_for_in_vain() -> None:
    data = completed(study(), register=False)
    assert "job" not in set(trend_effects(data, QUICK).estimates["outcome"])
    with pytest.raises(ModelError, match="dnt impute again with --register"):
        endpoint_effects(data, QUICK, outcomes=["job"])


def test_complete_covariates_instead_of_imputed_ones() -> None:
    data = completed(study('models.register_covariates="observed"'), gaps=9)
    rows = effect_rows(endpoint_effects(data, QUICK).estimates).set_index("outcome")
    assert rows.loc["job", ["n_persons", "m"]].tolist() == [PERSONS - 9, 1]
    assert rows.loc["says", ["n_persons", "m"]].tolist() == [PERSONS, 2]


def test_tables_show_the_register_apart() -> None:
    spec = study('models.register_trend="probability"', 'models.register_controls=["good_T0"]')
    data = completed(spec)
    effects = joined([endpoint_effects(data, QUICK), trend_effects(data, QUICK)]).estimates
    titles = [table.title for table in effect_tables(effects, Wording(spec, "en"))]
    assert "Register. Odds ratios. Effect at T2" in titles
    assert "Register. Effects on the probability. Trend of the effect, per wave" in titles
    shown = as_text(report_tables(effects, Wording(spec, "en")))
    trend = effect_rows(effects).set_index(["analysis", "outcome"]).loc[("longitudinal", "job")]
    (line,) = [line for line in shown.splitlines() if line.startswith("Job ")]
    assert f"{100 * trend['estimate']:.1f}" in line
    assert f"({100 * trend['std_error']:.1f})" in line
    assert "Controlled for good mood T0" in shown


def test_agreement_by_hand() -> None:
    # 20 say and have work, 5 only say so, 10 only have it, 15 neither: kappa (.70 - .50) / (1 - .50) = .40
    says = [1.0] * 25 + [0.0] * 25 + [np.nan, 1.0]
    has = [1.0] * 20 + [0.0] * 5 + [1.0] * 10 + [0.0] * 15 + [1.0, np.nan]
    table = pd.DataFrame({"says_T0": says, "job_T0": has, "says_T1": [0.0] * 52, "job_T1": [0.0] * 52})
    found = agreement(table, study()).set_index("wave")
    counts = found.loc["T0", ["n", "both", "survey_only", "register_only", "neither"]]
    assert counts.tolist() == [50, 20, 5, 10, 15]
    assert found.loc["T0", "kappa"] == pytest.approx(0.40)
    assert np.isnan(found.loc["T1", "kappa"])
    assert list(found.index) == ["T0", "T1"]
    assert "Says to work | Job" in as_text(agreement_tables(found.reset_index(), Wording(study(), "en")))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"age", "good_T0"', '"age", "good_T1"', "unknown covariate good_T1"),
        ('"age", "good_T0"', '"age", "job_T0"', "unknown covariate job_T0"),
        ('register = "work"', 'register = "hours"', "hours is linear"),
        ('source = "register"\n', "", 'only an outcome with source = "register"'),
        ("months = 3 ", "months = 3.5 ", "whole months"),
    ],
)
def test_study_files_that_cannot_be(old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(StudyError, match=message):
        parse_study(TEXT.replace(old, new), "s.toml")
