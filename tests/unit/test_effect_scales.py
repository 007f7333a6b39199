"""The effect on other scales: digits that follow the standard error, own units, d, and columns of the table."""

from __future__ import annotations

import numpy as np
import pytest

from dnt_cli.effects.columns import effect_rows
from dnt_cli.effects.errors import resting_on
from dnt_cli.effects.fitting import Options
from dnt_cli.effects.further_columns import decimals_for
from dnt_cli.effects.run import endpoint_effects
from dnt_cli.effects.tables import effect_tables
from dnt_cli.imputed.data import Completed
from dnt_cli.study import Language, Study, parse_study
from dnt_cli.wording import Wording
from tests.support.robustness_study import STUDY, make_wide


@pytest.fixture(scope="module")
def study() -> Study:
    return parse_study(STUDY)


def rows(study: Study, standardise: str = "both") -> object:
    wide = make_wide(share=0.0)
    options = Options(standardise=standardise)  # type: ignore[arg-type]
    return effect_rows(endpoint_effects(Completed(study, wide, (wide, wide)), options).estimates)


@pytest.mark.parametrize(
    ("error", "decimals"), [(0.3, 2), (0.02, 2), (0.016, 2), (0.0149, 3), (0.0012, 4), (1.2, 1), (12.0, 0), (800.0, 0)]
)
def test_digits_follow_the_standard_error(error: float, decimals: int) -> None:
    assert decimals_for(error) == decimals
    assert float(f"{error:.{decimals}f}") == pytest.approx(error, rel=0.3)


def test_d_is_the_difference_in_standard_deviations_of_the_outcome(study: Study) -> None:
    found, other = rows(study), rows(study, "outcome")
    score, by_outcome = (own[own["outcome"] == "score"].iloc[0] for own in (found, other))  # type: ignore[index]
    spread = make_wide(share=0.0)["score_T2"].std()
    assert score["d"] == pytest.approx(score["estimate"] / spread)
    assert score["d"] == pytest.approx(by_outcome["beta"])
    assert score["d_se"] == pytest.approx(by_outcome["beta_se"])
    assert score["d_low"] == pytest.approx(score["conf_low"] / spread)


def test_the_difference_in_probability_has_an_interval(study: Study) -> None:
    work = next(row for _, row in rows(study).iterrows() if row["outcome"] == "work")  # type: ignore[attr-defined]
    assert work["marginal_high"] - work["marginal_effect"] == pytest.approx(1.96 * work["marginal_effect_se"], rel=1e-3)


def test_other_errors_widen_every_scale_alike(study: Study) -> None:
    found = rows(study)
    for (_, own), (_, other) in zip(found.iterrows(), resting_on(found, "sites").iterrows(), strict=True):  # type: ignore[attr-defined,arg-type]
        wider = (other["conf_high"] - other["conf_low"]) / (own["conf_high"] - own["conf_low"])
        name = "marginal" if own["kind"] == "binary" else "d"
        ends = [(row[f"{name}_high"] - row[f"{name}_low"]) for row in (other, own)]
        assert ends[0] / ends[1] == pytest.approx(wider)


@pytest.mark.parametrize("language", ["en", "nl"])
def test_without_standardisation_the_table_is_in_own_units(study: Study, language: Language) -> None:
    found = rows(study, "none")
    table = next(own for own in effect_tables(found, Wording(study, language)) if "OR" not in own.columns[1].heading)  # type: ignore[arg-type]
    assert table.columns[1].heading == {"en": "own units", "nl": "eigen eenheid"}[language]
    score = found[found["outcome"] == "score"].iloc[0]  # type: ignore[index]
    shown = float(table.sections[0].rows[0][1].text.replace(",", "."))
    assert shown == pytest.approx(score["estimate"], abs=0.006)
    assert np.isclose(score["beta"], score["estimate"])
    headings = [column.heading for column in table.columns]
    assert any(heading.startswith("d (95%") for heading in headings)
