"""Options, refusals and engines of the imputation."""

from __future__ import annotations

import builtins
import sys
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from dnt_cli.errors import DataError, EngineError
from dnt_cli.imputation import ModelColumn, Settings, impute
from dnt_cli.imputation.forest import load_miceforest
from dnt_cli.study.spec import ImputationPlan

ARM = ModelColumn("arm", "binary", impute=False)


def slopes(n: int = 400) -> pd.DataFrame:
    """y rises with x in one arm and falls in the other; a third of y is missing."""
    rng = np.random.default_rng(4)
    arm, x = np.tile([0.0, 1.0], n // 2), rng.normal(size=n)
    y = np.where(arm == 1, x, -x) + 0.3 * rng.normal(size=n)
    y[rng.random(n) < 0.3] = np.nan
    return pd.DataFrame({"arm": arm, "x": x, "y": y})


def slope_in_imputed(frame: pd.DataFrame, settings: Settings) -> tuple[float, float]:
    columns = [ARM, ModelColumn("x", "continuous"), ModelColumn("y", "continuous", always=("x",))]
    gone = frame["y"].isna()
    found = []
    for data in impute(frame, columns, group="arm", settings=settings).completed:
        imputed = data[gone]
        found.append([np.polyfit(part["x"], part["y"], 1)[0] for _, part in imputed.groupby("arm")])
    low, high = np.mean(found, axis=0)
    return float(low), float(high)


@pytest.mark.parametrize("options", [{"group_interactions": True}, {"by_group": True}])
def test_slopes_that_differ_by_group_are_kept_on_request(options):
    low, high = slope_in_imputed(slopes(), Settings(m=5, iterations=2, **options))
    assert low == pytest.approx(-1, abs=0.15)
    assert high == pytest.approx(1, abs=0.15)
    assert abs(slope_in_imputed(slopes(), Settings(m=5, iterations=2, seed=20_250_101))[1]) < 0.5


def test_forest_by_group_differs_from_forest_together():
    apart = slope_in_imputed(slopes(), Settings(method="forest", m=1, iterations=1))
    together = slope_in_imputed(slopes(), Settings(method="forest", m=1, iterations=1, by_group=False))
    assert apart[1] - apart[0] > 1.2
    assert apart[1] - apart[0] > together[1] - together[0] + 0.5


def test_matching_extrapolates_less_than_local_residuals():
    rng = np.random.default_rng(6)
    x = rng.normal(size=300)
    y = 5 * x + rng.normal(size=300)
    y[x > np.quantile(x, 0.7)] = np.nan
    frame = pd.DataFrame({"arm": np.tile([0.0, 1.0], 150), "x": x, "y": y})
    columns = [ARM, ModelColumn("x", "continuous"), ModelColumn("y", "continuous")]

    def highest_share(local: bool) -> float:
        settings = Settings(m=5, iterations=1, local_residuals=local)
        return np.mean(
            [(d["y"] == d["y"].max()).mean() for d in impute(frame, columns, group="arm", settings=settings).completed]
        )

    top = np.nanmax(y)
    assert highest_share(True) > highest_share(False)
    settings = Settings(m=2, iterations=1, local_residuals=True)
    for data in impute(frame, columns, group="arm", settings=settings).completed:
        assert data["y"].max() == top


def test_methods_of_columns_override_the_run():
    frame = slopes(60)
    columns = [ARM, ModelColumn("x", "continuous"), ModelColumn("y", "continuous", method="norm")]
    imputation = impute(frame, columns, group="arm", settings=Settings(m=1, iterations=1))
    data = next(imputation.completed)
    assert imputation.models["method"].tolist() == ["norm"]
    assert not set(data.loc[frame["y"].isna(), "y"]) <= set(frame["y"].dropna())


def test_progress_counts_the_chunks_that_are_ready():
    seen: list[tuple[int, int]] = []
    columns = [ARM, ModelColumn("x", "continuous"), ModelColumn("y", "continuous")]
    settings = Settings(m=3, iterations=1)
    imputation = impute(
        slopes(40), columns, group="arm", settings=settings, progress=lambda *a: seen.append(a), chunk=2
    )
    assert sum(1 for _ in imputation.completed) == 3
    assert seen == [(2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("columns", "settings", "message"),
    [
        ([ModelColumn("nowhere", "continuous")], Settings(m=1), "'nowhere' is to be imputed but is not in the data"),
        ([ModelColumn("y", "continuous"), ModelColumn("y", "continuous")], Settings(m=1), "named twice"),
        ([ModelColumn("y", "continuous", method="logreg")], Settings(m=1), "cannot be imputed by 'logreg'"),
        ([ModelColumn("y", "continuous", conditional_on="x")], Settings(m=1), "no binary column"),
        ([ModelColumn("y", "categorical")], Settings(m=1), "float64 values"),
        ([ModelColumn("y", "continuous")], Settings(m=0), "m is 0"),
        ([ModelColumn("y", "continuous")], Settings(m=1, max_predictors=0), "max_predictors is 0"),
    ],
)
def test_requests_that_make_no_sense_are_refused(columns, settings, message):
    with pytest.raises(DataError, match=message):
        impute(slopes(40), columns, group="arm", settings=settings)


def test_group_must_be_complete():
    frame = slopes(40)
    frame.loc[3, "arm"] = np.nan
    with pytest.raises(DataError, match="Group 'arm' is missing for 1 person"):
        impute(frame, [ModelColumn("y", "continuous")], group="arm", settings=Settings(m=1))


def test_column_unseen_in_a_group_cannot_be_imputed_by_group():
    frame = slopes(40)
    frame.loc[frame["arm"] == 1, "y"] = np.nan
    columns = [ARM, ModelColumn("x", "continuous"), ModelColumn("y", "continuous")]
    with pytest.raises(DataError, match="no observed value in one of the groups"):
        impute(frame, columns, group="arm", settings=Settings(m=1, by_group=True))


def test_condition_must_be_known_or_imputed():
    frame = pd.DataFrame({"arm": np.tile([0.0, 1.0], 20), "work": np.tile([1.0, 0.0, np.nan, 1.0], 10)})
    frame["hours"] = np.where(frame["work"] == 1, 20.0, np.nan)
    columns = [
        ARM,
        ModelColumn("work", "binary", impute=False),
        ModelColumn("hours", "continuous", conditional_on="work"),
    ]
    with pytest.raises(DataError, match="incomplete and not imputed"):
        impute(frame, columns, group="arm", settings=Settings(m=1))


def test_conditions_of_conditions_hold():
    rng = np.random.default_rng(2)
    n = 200
    work = rng.integers(0, 2, n) * 1.0
    long = work * rng.integers(0, 2, n)
    hours = np.where(long == 1, rng.integers(12, 40, n), 0.0)
    frame = pd.DataFrame({"arm": np.tile([0.0, 1.0], n // 2), "work": work, "long": long, "hours": hours})
    for name in ("work", "long", "hours"):
        frame.loc[rng.random(n) < 0.3, name] = np.nan
    columns = [
        ARM,
        ModelColumn("hours", "continuous", conditional_on="long"),
        ModelColumn("long", "binary", conditional_on="work"),
        ModelColumn("work", "binary"),
    ]
    for data in impute(frame, columns, group="arm", settings=Settings(m=5, iterations=3)).completed:
        assert (data["long"] <= data["work"]).all()
        assert ((data["hours"] > 0) == (data["long"] == 1)).all()


def test_ordered_categories_booleans_and_text_group():
    rng = np.random.default_rng(9)
    n = 80
    steps = pd.CategoricalDtype(["low", "middle", "high"], ordered=True)
    frame = pd.DataFrame({"arm": pd.Categorical(np.tile(["control", "treated"], n // 2)), "flag": rng.random(n) > 0.5})
    frame["step"] = pd.Series(rng.choice(["low", "middle", "high"], n)).mask(rng.random(n) < 0.3).astype(steps)
    columns = [ARM, ModelColumn("flag", "binary"), ModelColumn("step", "ordinal", method="polr")]
    for data in impute(frame, columns, group="arm", settings=Settings(m=2, iterations=2)).completed:
        assert data["step"].dtype == steps
        assert not data["step"].isna().any()
        assert data["flag"].equals(frame["flag"])


def test_stray_levels_are_counted_not_shown():
    frame = pd.DataFrame({"arm": np.tile([0.0, 1.0], 5), "c": ["a", "secret"] * 5})
    with pytest.raises(DataError, match="5 value") as caught:
        impute(frame, [ModelColumn("c", "categorical", levels=("a", "b"))], group="arm", settings=Settings(m=1))
    assert "secret" not in str(caught.value)


def test_missing_miceforest_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "miceforest", None)
    with pytest.raises(EngineError, match="pip install"):
        impute(slopes(40), [ModelColumn("y", "continuous")], group="arm", settings=Settings(m=1, method="forest"))


def test_missing_openmp_says_what_to_install(monkeypatch):
    genuine = builtins.__import__

    def broken(name, *args, **kwargs):
        if name == "miceforest":
            raise OSError("libgomp.so.1: cannot open shared object file")
        return genuine(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", broken)
    with pytest.raises(EngineError, match="libgomp1"):
        load_miceforest()


def test_trees_are_grown_by_group():
    assert Settings(m=1, method="forest").stratified
    assert not Settings(m=1, method="pmm").stratified


def test_what_a_run_does_by_default_is_what_the_study_file_says() -> None:
    plan, settings = ImputationPlan(), Settings(m=1)
    shared = {own.name for own in fields(Settings)} & {own.name for own in fields(ImputationPlan)} - {"m"}
    assert len(shared) > 8
    assert {name: getattr(plan, name) for name in shared} == {name: getattr(settings, name) for name in shared}
    with pytest.raises(TypeError, match="m"):
        Settings()  # type: ignore[call-arg]
