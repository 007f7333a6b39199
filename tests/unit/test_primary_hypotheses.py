"""Holm's correction within the outcomes of primary hypotheses."""

from __future__ import annotations

import numpy as np

from dnt_cli.effects.columns import effect_rows
from dnt_cli.effects.run import endpoint_effects
from dnt_cli.imputed.data import Completed
from dnt_cli.pooling import adjust
from dnt_cli.study import parse_study
from tests.support.robustness_study import OPTIONS, make_wide
from tests.support.studies import study_text


def test_primary_outcomes_are_corrected_among_themselves() -> None:
    study = parse_study(
        study_text(
            {
                "score": {"kind": "linear", "hypothesis": "H1"},
                "work": {"kind": "binary", "hypothesis": "H1"},
                "other": {"kind": "linear", "hypothesis": "H2"},
            },
            design={"intervention": "treated", "comparison": "control"},
            hypotheses={"H1": {"label": "First", "primary": True}, "H2": {"label": "Second"}},
        )
    )
    wide = make_wide(share=0.0)
    rng = np.random.default_rng(4)
    for wave in ("T0", "T1", "T2"):
        wide[f"other_{wave}"] = rng.normal(size=len(wide))
    found = effect_rows(endpoint_effects(Completed(study, wide, (wide, wide)), OPTIONS).estimates).set_index("outcome")
    primary = found.loc[["score", "work"]]
    np.testing.assert_allclose(primary["p_holm_primary"], adjust(primary["p_value"].to_numpy(), "holm"))
    assert np.isnan(found.loc["other", "p_holm_primary"])
    assert (primary["p_holm_primary"] <= primary["p_holm"]).all()
