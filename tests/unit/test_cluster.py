"""Work on a Dask cluster gives the same as work in one process, also over TLS; what is not there is said."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from distributed import LocalCluster
from distributed.security import Security

from dnt_cli.cluster import at_work, connected
from dnt_cli.effects.fitting import Options
from dnt_cli.effects.run import endpoint_effects, trend_effects
from dnt_cli.errors import EngineError, UsageError
from dnt_cli.imputation import ModelColumn, Settings, impute
from dnt_cli.imputed.data import Completed
from dnt_cli.power.simulation import World, replicates, single_outcome
from dnt_cli.study import load_study, parse_study
from tests.support.robustness_study import STUDY, make_wide
from tests.support.robustness_study import run as checked

COLUMNS = (
    ModelColumn("group", "binary", impute=False),
    ModelColumn("x", "continuous"),
    ModelColumn("y", "binary", always=("group", "x")),
)


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        yield cluster.scheduler_address


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    x = rng.normal(size=60)
    frame = pd.DataFrame({"group": np.arange(60) % 2.0, "x": x, "y": (x + rng.normal(size=60) > 0).astype(float)})
    frame.loc[rng.choice(60, 15, replace=False), "x"] = np.nan
    frame.loc[rng.choice(60, 15, replace=False), "y"] = np.nan
    return frame


def test_imputations_are_the_same_bytes(frame: pd.DataFrame, scheduler: str) -> None:
    settings = Settings(m=4, iterations=2, seed=9)
    alone = list(impute(frame, COLUMNS, group="group", settings=settings).completed)
    with at_work(1, scheduler) as free:
        assert free == 2
        spread = list(impute(frame, COLUMNS, group="group", settings=settings, chunk=1).completed)
    assert not connected()
    for one, other in zip(alone, spread, strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_fits_and_simulations_are_the_same(scheduler: str) -> None:
    study = single_outcome(load_study("dnt"), "self_efficacy", sites=False)
    world = World(study, "self_efficacy", "t3", (20, 20), dropout=0.2, m=2)
    rng = np.random.default_rng(1)
    waves = [c for c in study.columns]
    sets = tuple(
        pd.DataFrame({"id": np.arange(40), "group": pd.Categorical(["intervention", "comparison"] * 20)})
        .assign(group=lambda f: f["group"].cat.rename_categories([study.design.comparison, study.design.intervention]))
        .assign(**{c: rng.normal(size=40) for c in waves})
        for _ in range(3)
    )
    data = Completed(study, sets[0], sets)
    wide, survey = make_wide(), parse_study(STUDY)
    run = {
        "robustness": lambda jobs: checked(wide, survey, ["a", "c"], Options(quadrature_check=0, jobs=jobs)).estimates,
        "endpoint": lambda jobs: endpoint_effects(data, Options(jobs=jobs)).estimates,
        "trend": lambda jobs: trend_effects(data, Options(jobs=jobs)).estimates,
        "power": lambda jobs: pd.concat(replicates(world, [0.0, 0.5], range(3), jobs=jobs)),
    }
    alone = {name: one(1) for name, one in run.items()}
    with at_work(1, scheduler) as free:
        spread = {name: one(free) for name, one in run.items()}
    for name in run:
        pd.testing.assert_frame_equal(alone[name], spread[name], check_exact=True)


def test_tls_with_certificates(frame: pd.DataFrame, tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    own = {"tls_ca_file": str(certificate)}
    for part in ("scheduler", "worker", "client"):
        own |= {f"tls_{part}_cert": str(certificate), f"tls_{part}_key": str(key)}
    security = Security(require_encryption=True, **own)  # type: ignore[no-untyped-call]
    settings = Settings(m=2, iterations=1, seed=9)
    with LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=None, security=security, protocol="tls"
    ) as cluster:
        address = cluster.scheduler_address
        with at_work(1, address, [str(certificate), str(certificate), str(key)]):
            assert len(list(impute(frame, COLUMNS, group="group", settings=settings, chunk=1).completed)) == 2
        with pytest.raises(EngineError, match="three files"), at_work(1, address, ["no.pem", "no.pem", "no.pem"]):
            pass


@pytest.mark.parametrize(
    ("address", "certificates"),
    [(None, ["a", "b", "c"]), ("tls://host:1", []), ("tcp://host:1", ["a", "b", "c"]), ("tls://host:1", ["a", "b"])],
)
def test_certificates_that_do_not_fit_are_refused(address: str | None, certificates: list[str]) -> None:
    with pytest.raises(UsageError, match="--scheduler"), at_work(1, address, certificates):
        pass


def test_missing_dask_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(EngineError, match=r"pip install .*dask.*distributed"), at_work(1, "tcp://x:1"):
        pass


def test_no_scheduler_is_said() -> None:
    with pytest.raises(EngineError, match="No Dask scheduler answers"), at_work(1, "tcp://127.0.0.1:9"):
        pass


def test_a_scheduler_without_workers_is_said() -> None:
    with LocalCluster(n_workers=0, dashboard_address=None) as cluster:
        address = cluster.scheduler_address
        with pytest.raises(EngineError, match="no workers"), at_work(1, address):
            pass
