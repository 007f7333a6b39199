"""Errors by person and by site: identities, what is refused, which marks are flagged, and what is said of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dnt_cli.design import Designs
from dnt_cli.effects.cluster_notes import cluster_notes
from dnt_cli.effects.clusters import intraclass_correlation
from dnt_cli.effects.columns import effect_rows
from dnt_cli.effects.errors import flags_of, larger_by_person, resting_on
from dnt_cli.effects.fitting import Options
from dnt_cli.effects.run import endpoint_effects, trend_effects
from dnt_cli.effects.tables import effect_tables
from dnt_cli.engines import fit_mixed_linear_sets, fit_mixed_logistic_sets
from dnt_cli.engines.cluster_scores import bias_reduced_scores, cluster_errors
from dnt_cli.engines.robust_covariance import bias_reduced
from dnt_cli.imputed.data import Completed
from dnt_cli.models import LONGITUDINAL, TREND, Model
from dnt_cli.study import Language, Study, parse_study
from dnt_cli.wording import Wording
from tests.support.robustness_study import STUDY, make_wide


def nested(sites: int = 14) -> pd.DataFrame:
    """Complete data; every site in one group, with persons alike within it."""
    wide = make_wide(share=0.0)
    place = np.arange(90) // 2 % (sites // 2) * 2 + np.arange(90) % 2
    wide["site"] = [f"s{own:02d}" for own in place]
    lift = np.random.default_rng(1).normal(0, 0.8, sites)[place]
    for t, wave in enumerate(("T0", "T1", "T2")):
        wide[f"score_{wave}"] += lift * t / 2
    return wide


def effects(study: Study, wide: pd.DataFrame) -> pd.DataFrame:
    data, options = Completed(study, wide, (wide, wide)), Options(quadrature_check=0)
    parts = [endpoint_effects(data, options).estimates, trend_effects(data, options).estimates]
    return pd.concat([effect_rows(part) for part in parts], ignore_index=True)


@pytest.fixture(scope="module")
def rows(study: Study) -> pd.DataFrame:
    return effects(study, nested())


def test_least_squares_in_the_space_of_parameters_is_bell_and_mccaffrey() -> None:
    rng = np.random.default_rng(4)
    X = np.column_stack([np.ones(60), rng.normal(size=(60, 2))])
    residual, clusters = rng.normal(size=60), np.repeat(np.arange(12), 5)
    residual -= X @ np.linalg.lstsq(X, residual, rcond=None)[0]
    known = bias_reduced(X, np.ones(60), residual, clusters)
    own = [clusters == c for c in range(12)]
    scores = np.array([[X[c].T @ residual[c] for c in own]])
    information = np.array([[X[c].T @ X[c] for c in own]])
    covariance = np.linalg.inv(X.T @ X)[None]
    variance, df = bias_reduced_scores(scores, information, covariance, np.eye(3)[None])
    np.testing.assert_allclose(variance[0], np.diag(known.covariance), rtol=1e-10)
    np.testing.assert_allclose(df[0], known.df, rtol=1e-10)


@pytest.mark.parametrize("outcome", ["score", "work"])
def test_a_data_set_has_the_same_errors_among_others(study: Study, outcome: str) -> None:
    """Also where the persons have different numbers of waves, and a fit has no variance between persons."""
    model, fit = (
        Model(LONGITUDINAL, outcome),
        {"score": fit_mixed_linear_sets, "work": fit_mixed_logistic_sets}[outcome],
    )
    other = nested()
    rng = np.random.default_rng(8)
    for wave in ("T0", "T1", "T2"):
        other[f"work_{wave}"] = (rng.random(90) < 0.5).astype(float)
    designs = [Designs(wide, study).build(model) for wide in (nested(), make_wide(), other)]
    fits = fit(designs)
    together = cluster_errors(designs, fits)
    for design, own, found in zip(designs, fits, together, strict=True):
        alone = cluster_errors([design], [own])[0]
        assert found is not None
        assert alone is not None
        np.testing.assert_array_equal(found.persons, alone.persons)
        np.testing.assert_array_equal(found.sites, alone.sites)
        assert (found.persons > 0).all()


def test_persons_as_sites_have_the_sandwich_of_persons(study: Study) -> None:
    """CR2 with as many sites as persons is near CR1 by person, and has many degrees of freedom."""
    wide = make_wide(share=0.0)
    wide["site"] = wide["id"]
    design = Designs(wide, study).build(Model(LONGITUDINAL, "score"))
    fits = fit_mixed_linear_sets([design])
    found = cluster_errors([design], fits)[0]
    assert found is not None
    assert found.sites is not None
    assert found.sites_df is not None
    j = fits[0].terms.index(TREND)
    assert found.sites[j] == pytest.approx(found.persons[j], rel=0.03)
    assert 60 < found.sites_df[j] < 90


class TestLikeness:
    def test_sites_that_are_all_that_differs(self) -> None:
        values = np.repeat([0.0, 1.0, 5.0, 6.0], 5)
        sites = np.repeat(np.arange(4), 5)
        assert intraclass_correlation(values, sites, sites < 2) == 1.0

    def test_the_difference_between_groups_is_no_likeness_within_sites(self) -> None:
        rng = np.random.default_rng(2)
        sites, noise = np.repeat(np.arange(40), 10), rng.normal(size=400)
        found = intraclass_correlation(noise + 10.0 * (sites < 20), sites, sites < 20)
        assert found == pytest.approx(intraclass_correlation(noise, sites, sites < 20))
        assert abs(found) < 0.05
        assert intraclass_correlation(noise + 10.0 * (sites < 20), sites, np.arange(400) % 2 == 0) > 0.9

    def test_one_person_a_site_determines_nothing(self) -> None:
        assert np.isnan(intraclass_correlation(np.arange(4.0), np.arange(4), np.arange(4) < 2))


def pick(rows: pd.DataFrame, analysis: str, outcome: str = "score") -> pd.Series:
    return rows[(rows["analysis"] == analysis) & (rows["outcome"] == outcome)].iloc[0]


def with_p(row: pd.Series, **p: float) -> pd.Series:
    """The row with other p-values, and equal standard errors unless given."""
    own = row.copy()
    own["std_error_persons"] = own["std_error_sites"] = own["std_error"]
    for name, value in p.items():
        own[name] = value
    return own


class TestFlags:
    @pytest.mark.parametrize(
        ("p", "sites", "flagged"),
        [(0.04, 0.04, False), (0.04, 0.06, True), (0.06, 0.2, True), (0.2, 0.9, False), (0.2, 0.01, False)],
    )
    def test_a_mark_that_sites_weaken(
        self, rows: pd.DataFrame, study: Study, p: float, sites: float, flagged: bool
    ) -> None:
        row = with_p(pick(rows, "t3"), p_value=p, p_value_sites=sites)
        assert flags_of(row, study) == (["sites"] if flagged else [])

    def test_a_row_without_a_mark_has_none_to_lose(self, rows: pd.DataFrame, study: Study) -> None:
        """A much larger error by person is one line under the table, not a sign on the row."""
        row = with_p(pick(rows, "longitudinal"), p_value=0.5, p_value_persons=0.6, p_value_sites=0.5)
        assert not larger_by_person(row)
        row["std_error_persons"] = 1.11 * row["std_error"]
        assert flags_of(row, study) == []
        assert larger_by_person(row)
        row["p_value"] = 0.09
        assert flags_of(row, study) == ["persons", "sites"]
        row["errors"] = "persons"
        assert not larger_by_person(row)
        notes = {
            own.key: own.text for own in cluster_notes(resting_on(row.to_frame().T, "model"), Wording(study, "en"))
        }
        assert notes["effects.larger_persons"].endswith("Score (1.11).")

    def test_the_flag_stands_behind_the_mark(self, rows: pd.DataFrame, study: Study) -> None:
        own = rows.copy()
        where = (own["analysis"] == "t3") & (own["outcome"] == "score")
        own.loc[where, ["p_value", "p_value_sites"]] = 0.01, 0.3
        table = effect_tables(own[where], Wording(study, "en"))[0]
        assert [cell.text for cell in table.sections[0].rows[0]][3] == "**!s"
        assert any(note.startswith("!s: with standard errors by site") and "p .300" in note for note in table.notes)


class TestResting:
    def test_by_site_everything_beside_the_estimate_is_by_site(self, rows: pd.DataFrame) -> None:
        found = resting_on(rows, "sites")
        for _, row in found.iterrows():
            assert row["errors"] == "sites"
            assert row["p_value"] == row["p_value_sites"]
            assert row["std_error"] == row["std_error_sites"]
            if row["kind"] == "binary":
                assert row["odds_ratio_se"] == pytest.approx(row["odds_ratio"] * row["std_error"])
                assert row["odds_ratio_low"] == pytest.approx(np.exp(row["conf_low"]))
            else:
                assert row["beta_se"] / row["beta"] == pytest.approx(row["std_error"] / row["estimate"])
        pd.testing.assert_frame_equal(resting_on(rows, "model").drop(columns="errors"), rows)

    def test_by_person_the_endpoint_keeps_its_own(self, rows: pd.DataFrame) -> None:
        found = resting_on(rows, "persons")
        assert set(found.loc[found["analysis"] == "t3", "errors"]) == {"model"}
        assert set(found.loc[found["analysis"] == "longitudinal", "errors"]) == {"persons"}

    @pytest.mark.parametrize("language", ["en", "nl"])
    def test_the_table_says_so(self, study: Study, rows: pd.DataFrame, language: Language) -> None:
        own = replace(study, models=replace(study.models, errors="sites"))
        keys = [note.key for note in cluster_notes(resting_on(rows, "sites"), Wording(own, language))]
        assert keys == ["effects.allocation", "effects.errors_sites"]
        table = effect_tables(rows, Wording(own, language))[0]
        assert not any("!s" in cell.text for row in table.rows for cell in row)

    def test_corrections_are_of_the_p_values_that_marks_rest_on(self, study: Study) -> None:
        own = replace(study, models=replace(study.models, errors="sites"))
        found = effects(own, nested())
        assert (found["p_holm"] >= found["p_value_sites"] - 1e-15).all()
        largest = found.groupby("analysis")["p_value_sites"].idxmax()
        np.testing.assert_allclose(found.loc[largest, "p_bh"], found.loc[largest, "p_value_sites"])


class TestRefused:
    def test_few_sites_have_no_errors_and_it_is_said(self, study: Study) -> None:
        found = effects(study, nested(sites=6))
        assert found["p_value_sites"].isna().all()
        assert found["icc_sites"].notna().all()
        notes = {note.key: note.text for note in cluster_notes(resting_on(found, "sites"), Wording(study, "en"))}
        assert "there are 3 in the intervention group and 3 in the comparison group" in notes["effects.few_sites"]
        assert "effects.errors_sites" not in notes

    def test_a_group_that_is_one_site_is_told(self, study: Study) -> None:
        found = effects(study, nested(sites=2))
        notes = {note.key: note.text for note in cluster_notes(resting_on(found, "model"), Wording(study, "en"))}
        assert "cannot be told from a difference between sites" in notes["effects.site_is_group"]
        assert "effects.few_sites" not in notes

    def test_without_sites_only_persons(self, study: Study) -> None:
        own = parse_study(STUDY.replace('site = "site"\n', ""))
        found = effects(own, nested())
        assert found["n_sites"].isna().all()
        assert found.loc[found["analysis"] == "longitudinal", "p_value_persons"].notna().all()
        assert not any(
            note.key == "effects.allocation" for note in cluster_notes(resting_on(found, "model"), Wording(own, "en"))
        )

    def test_sites_with_both_groups_are_no_allocation_by_site(self, study: Study) -> None:
        found = effects(study, make_wide(share=0.0))
        keys = [note.key for note in cluster_notes(resting_on(found, "model"), Wording(study, "en"))]
        assert "effects.allocation" not in keys
        assert found["p_value_sites"].notna().all()
