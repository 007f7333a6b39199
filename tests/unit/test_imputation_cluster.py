"""Imputation on a Dask cluster gives the same bytes as in one process."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from distributed import LocalCluster

from dnt_cli.errors import EngineError
from dnt_cli.imputation import Column, Settings, impute

COLUMNS = (
    Column("group", "binary", impute=False),
    Column("x", "continuous"),
    Column("y", "binary", always=("group", "x")),
)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    x = rng.normal(size=60)
    frame = pd.DataFrame({"group": np.arange(60) % 2.0, "x": x, "y": (x + rng.normal(size=60) > 0).astype(float)})
    frame.loc[rng.choice(60, 15, replace=False), "x"] = np.nan
    frame.loc[rng.choice(60, 15, replace=False), "y"] = np.nan
    return frame


def test_two_workers_give_the_same_bytes(frame: pd.DataFrame) -> None:
    settings = Settings(m=4, iterations=2, seed=9)
    alone = list(impute(frame, COLUMNS, group="group", settings=settings).completed)
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with cluster:
        address = cluster.scheduler_address
        spread = list(impute(frame, COLUMNS, group="group", settings=settings, chunk=1, scheduler=address).completed)
    assert len(spread) == 4
    for one, other in zip(alone, spread, strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_no_scheduler_is_said(frame: pd.DataFrame) -> None:
    settings = Settings(m=2, iterations=1, seed=9)
    with pytest.raises(EngineError, match="No Dask scheduler answers"):
        list(impute(frame, COLUMNS, group="group", settings=settings, scheduler="tcp://127.0.0.1:9").completed)


def test_a_scheduler_without_workers_is_said(frame: pd.DataFrame) -> None:
    with LocalCluster(n_workers=0, dashboard_address=None) as cluster, pytest.raises(EngineError, match="no workers"):
        list(
            impute(frame, COLUMNS, group="group", scheduler=cluster.scheduler_address, settings=Settings(m=2)).completed
        )
