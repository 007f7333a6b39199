"""The figure of an imputation is drawn whole, twice the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from dnt_cli.figures import imputation_drawing
from dnt_cli.figures.imputation import _short
from dnt_cli.figures.style import draw_one
from dnt_cli.study import Language, load_study
from dnt_cli.wording import Wording


@pytest.mark.parametrize(("language", "shown"), [("nl", "12,5"), ("en", "12.5")])
def test_where_a_range_begins_has_the_decimal_sign_of_the_language(language: Language, shown: str) -> None:
    wording = Wording(load_study("dnt"), language)
    assert _short("12.5 to 13.75", wording) == shown
    assert _short("mid/high", wording) == "mid/high"


def test_the_figure_keeps_its_margins_and_its_bytes(tmp_path: Path) -> None:
    study = load_study("dnt")
    rng = np.random.default_rng(1)
    names = ["debt_T3", "self_efficacy_T3"]
    trace = pd.DataFrame(
        [(n, i, k, rng.normal()) for n in names for k in range(1, 4) for i in range(1, 6)],
        columns=["variable", "iteration", "imputation", "mean"],
    )
    values = [("debt_T3", "0", 0.4, 0.5), ("debt_T3", "1", 0.6, 0.5), ("self_efficacy_T3", "10 to 20", 1.0, 1.0)]
    distribution = pd.DataFrame(values, columns=["variable", "value", "observed", "imputed"])
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    for path in paths:
        draw_one(imputation_drawing(trace, distribution, Wording(study, "nl")), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    picture = imread(paths[0])[..., :3]
    frame = np.concatenate([picture[:5].reshape(-1, 3), picture[:, :5].reshape(-1, 3), picture[:, -5:].reshape(-1, 3)])
    assert frame.min() == pytest.approx(1.0)  # white all around: nothing is cut off
    assert picture.min() < 0.2
