"""A study of 90 persons for the tests of the robustness checks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dnt_cli.effects.fitting import Options
from dnt_cli.imputation import Settings
from dnt_cli.imputed.data import Completed, impute_wide, settings_of
from dnt_cli.robustness.result import RobustnessResult
from dnt_cli.robustness.run import run_checks
from dnt_cli.study import Language, Study
from dnt_cli.wide import derive
from dnt_cli.wording import Wording
from tests.support.studies import study_text

STUDY = study_text(
    {
        "score": {"label": {"nl": "Score", "en": "Score"}, "kind": "linear", "range": [-1000, 1000]},
        "work": {"label": {"nl": "Werk", "en": "Work"}, "kind": "binary"},
    },
    key="small",
    design={"intervention": "treated", "comparison": "control", "site": "site"},
    covariates={
        "place": {"kind": "categorical", "levels": ["town", "village"]},
        "age": {"kind": "continuous"},
    },
    models={"controls": ["age"], "ladder": [["age", "place"], ["age"]]},
    imputation={"m": 4, "iterations": 3, "min_correlation": 0.0},
    robustness={
        "subsets": {
            "not_working": {"label": {"nl": "zonder wie werkte", "en": "without who worked"}, "where": "work_T0 != 1"}
        }
    },
)
OPTIONS = Options(quadrature_check=0)


def make_wide(persons: int = 90, *, share: float = 0.3, seed: int = 3) -> pd.DataFrame:
    """A wide table without derived outcomes: a score with an effect of .8, and work."""
    rng = np.random.default_rng(seed)
    treated = np.arange(persons) % 2 == 1
    level = rng.normal(size=persons)
    frame = pd.DataFrame({"id": [f"p{i:03d}" for i in range(persons)]})
    frame["group"] = pd.Categorical(np.where(treated, "treated", "control"), categories=["control", "treated"])
    frame["site"] = [f"s{i % 7}" for i in rng.permutation(persons)]
    frame["place"] = pd.Categorical(np.where(rng.random(persons) < 0.4, "town", "village"), ["town", "village"])
    frame["age"] = rng.normal(40, 8, persons)
    for t, wave in enumerate(("T0", "T1", "T2")):
        frame[f"score_{wave}"] = level + rng.normal(0, 0.7, persons) + 0.4 * t * treated
    for wave in ("T0", "T1", "T2"):
        chance = 1 / (1 + np.exp(-0.7 * level))
        frame[f"work_{wave}"] = (rng.random(persons) < chance).astype(float)
    for wave in ("T1", "T2"):
        gone = rng.random(persons) < share
        frame.loc[gone, [f"score_{wave}", f"work_{wave}"]] = np.nan
    return frame


def complete(wide: pd.DataFrame, study: Study, **changes: object) -> tuple[Completed, Settings]:
    settings = settings_of(study, **changes)
    _, sets = impute_wide(wide, study, settings)
    return Completed(study, derive(wide, study), tuple(sets)), settings


def run(wide: pd.DataFrame, study: Study, letters: Sequence[str], options: Options = OPTIONS) -> RobustnessResult:
    data, settings = complete(wide, study)
    return run_checks(data, settings, options, letters)


def said(result: RobustnessResult, part: str, key: str, language: Language = "en") -> str:
    """A label or a reason in words."""
    return Wording(result.study, language).messages(getattr(result, part)[key])


def pick(result: RobustnessResult, model: str, outcome: str = "score", analysis: str = "t3") -> pd.Series:
    rows = result.estimates
    own = rows[(rows["model"] == model) & (rows["outcome"] == outcome) & (rows["analysis"] == analysis)]
    assert len(own) == 1, (model, outcome, analysis)
    return own.iloc[0]
