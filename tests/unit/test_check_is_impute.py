"""What `dnt study check` passes, `dnt impute` accepts, and the other way round."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from dnt_cli.errors import UserError
from dnt_cli.imputed.data import impute_wide, require_imputable, settings_of
from dnt_cli.study import parse_study
from dnt_cli.wide import to_wide
from tests.support.reading import SMALL, long_frame, read_survey


def emptied(frame: pd.DataFrame, column: str, where: pd.Series) -> pd.DataFrame:
    return frame.assign(**{column: frame[column].mask(where)})


MUTATIONS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "clean": lambda f: f,
    "an arm without answers at the endpoint": lambda f: emptied(
        f, "wellbeing", (f["wave"] == "T2") & (f["group"] == "treated")
    ),
    "an arm without answers at a wave": lambda f: emptied(f, "work", (f["wave"] == "T1") & (f["group"] == "control")),
    "nobody answered at a wave": lambda f: emptied(f, "wellbeing", f["wave"] == "T1"),
    "nobody answered at all": lambda f: emptied(f, "wellbeing", f["wave"].notna()),
    "one answer in an arm": lambda f: emptied(
        f, "wellbeing", (f["wave"] == "T2") & (f["group"] == "treated") & (f["id"] != "001")
    ),
    "a constant outcome": lambda f: f.assign(work=1.0),
    "a constant outcome with gaps": lambda f: emptied(f.assign(work=1.0), "work", f["id"] == "002"),
    "a constant covariate": lambda f: f.assign(age=30),
    "an unknown covariate": lambda f: f.assign(education=np.nan),
    "a covariate of one level with gaps": lambda f: emptied(f.assign(education="low"), "education", f["id"] == "003"),
    "a level of one person": lambda f: f.assign(education=["low" if own != "001" else "high" for own in f["id"]]),
    "out of range": lambda f: f.assign(wellbeing=f["wellbeing"] + 60),
    "an unknown level": lambda f: f.assign(education="other"),
    "a person twice": lambda f: pd.concat([f, f.iloc[:1]]),
    "no group": lambda f: f.assign(group=np.nan),
    "one group": lambda f: f.assign(group="treated"),
    "one wave": lambda f: f[f["wave"] == "T0"],
    "two persons": lambda f: f[f["id"].isin(["001", "002"])],
}


def stops(act: Callable[[], object]) -> bool:
    try:
        act()
    except UserError:
        return True
    return False


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_the_check_stops_where_impute_stops(mutation: str) -> None:
    study = parse_study(SMALL)
    content = MUTATIONS[mutation](long_frame()).to_csv(index=False).encode()
    survey = read_survey(content, "x.csv", study).survey
    if survey is None:  # both read it, and stop here
        return
    wide = to_wide(survey, study)
    settings = settings_of(study, m=1, seed=1)
    imputed = stops(lambda: list(impute_wide(wide, study, settings)[1]))
    assert stops(lambda: require_imputable(wide, study)) == imputed
