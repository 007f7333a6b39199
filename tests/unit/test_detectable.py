"""The smallest effects that a study could have shown."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from dnt_cli.effects.detectable import detectable, detectable_scaled
from dnt_cli.power.comparisons import Means
from dnt_cli.power.sizes import StudyPlan
from dnt_cli.power.sizes import detectable as detectable_by_formula


@pytest.mark.parametrize("df", [8.0, 30.0, 131.0, np.inf])
def test_the_effect_has_the_power_that_it_is_said_to_have(df: float) -> None:
    """By the noncentral t distribution; the sum of two t quantiles is close to it from few degrees of freedom on."""
    [size] = detectable(pd.DataFrame({"std_error": [0.4], "df": [df]}))
    critical = stats.t.isf(0.025, df)
    power = stats.nct.sf(critical, df, size / 0.4) if np.isfinite(df) else stats.norm.sf(critical - size / 0.4)
    assert power == pytest.approx(0.80, abs=0.012)


def test_it_is_that_of_the_two_sample_formula() -> None:
    error = np.sqrt(1 / 55 + 1 / 81)
    [size] = detectable(pd.DataFrame({"std_error": [error], "df": [134.0]}))
    _, upward = detectable_by_formula(Means(1.0), "exact", StudyPlan(), (55, 81))
    assert size == pytest.approx(upward, abs=0.002)


def test_odds_ratios_and_betas_are_on_their_own_scales() -> None:
    row = {"std_error": [0.5], "df": [np.inf], "beta_se": [0.1]}
    low, high = detectable_scaled(pd.DataFrame(row | {"kind": ["binary"]}))
    assert (low[0] * high[0], np.log(high[0])) == (pytest.approx(1), pytest.approx(0.5 * 2.80159, abs=1e-4))
    low, high = detectable_scaled(pd.DataFrame(row | {"kind": ["linear"]}))
    assert (low[0], high[0]) == (pytest.approx(-0.280159, abs=1e-5), pytest.approx(0.280159, abs=1e-5))
    low, high = detectable_scaled(pd.DataFrame(row | {"kind": ["probability"]}))
    assert high[0] == pytest.approx(1.400793, abs=1e-5)
