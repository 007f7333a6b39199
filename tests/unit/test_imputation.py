"""Identities that any imputation must satisfy, and refusals."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dnt_cli.errors import DataError
from dnt_cli.imputation import Imputation, ModelColumn, Settings, impute
from dnt_cli.imputation.encoding import encode
from dnt_cli.imputation.plan import make_plan

QUICK = Settings(m=4, iterations=3, seed=7)


def make(n: int = 120, seed: int = 1) -> tuple[pd.DataFrame, list[ModelColumn]]:
    """All kinds of columns, a third of the cells missing."""
    rng = np.random.default_rng(seed)
    arm = np.repeat([0.0, 1.0], [n // 2, n - n // 2])
    z = rng.normal(size=n)
    works = (rng.random(n) < 1 / (1 + np.exp(-z - arm))).astype(float)
    frame = pd.DataFrame(
        {
            "id": np.arange(n),
            "arm": arm,
            "score before": np.round(50 + 10 * z + rng.normal(0, 5, n)),
            "score.after": np.round(52 + 10 * z + 3 * arm + rng.normal(0, 5, n)),
            "works": works,
            "hours": np.where(works == 1, np.round(rng.uniform(4, 40, n)), 0.0),
            "ladder": np.clip(np.round(3 + z + rng.normal(0, 0.5, n)), 1, 6),
            "région": pd.Categorical(rng.choice(["N", "Z", "W"], n), categories=["N", "Z", "W"]),
        }
    )
    gone = rng.random((n, 4)) < 0.3
    for name, column in zip(["score before", "score.after", "ladder", "région"], gone.T, strict=True):
        frame.loc[column, name] = np.nan
    frame.loc[rng.random(n) < 0.3, ["works", "hours"]] = np.nan
    columns = [
        ModelColumn("arm", "binary", impute=False),
        ModelColumn("score before", "continuous", lower=0, upper=100, always=("score.after",)),
        ModelColumn("score.after", "continuous", lower=0, upper=100, always=("score before",)),
        ModelColumn("works", "binary"),
        ModelColumn("hours", "continuous", conditional_on="works"),
        ModelColumn("ladder", "ordinal"),
        ModelColumn("région", "categorical", levels=("N", "Z", "W")),
    ]
    return frame, columns


def run(frame, columns, settings=QUICK, **options) -> list[pd.DataFrame]:
    return list(impute(frame, columns, group="arm", settings=settings, **options).completed)


def digest(frames: list[pd.DataFrame]) -> str:
    text = io.StringIO()
    for frame in frames:
        frame.to_csv(text, float_format="%.17g")
    return hashlib.sha256(text.getvalue().encode()).hexdigest()


@pytest.mark.parametrize("method", ["pmm", "norm", "forest"])
def test_completes_without_touching_what_was_observed(method):
    frame, columns = make()
    before = frame.copy(deep=True)
    settings = Settings(method=method, m=2, iterations=2, seed=3)
    imputation = impute(frame, columns, group="arm", settings=settings)
    completed = list(imputation.completed)
    pd.testing.assert_frame_equal(frame, before)
    assert len(completed) == 2
    assert not completed[0].equals(completed[1])
    for data in completed:
        assert not data.isna().any(axis=None)
        assert list(data.columns) == list(frame.columns)
        assert (data.dtypes == frame.dtypes).all()
        for name in frame:
            seen = frame[name].notna()
            assert (data.loc[seen, name] == frame.loc[seen, name]).all()
        if method != "norm":
            for column in columns:
                assert set(data[column.name]) <= set(frame[column.name].dropna())
        assert data["score before"].between(0, 100).all()
        assert set(data["ladder"]) <= set(range(1, 7))
        assert (data.loc[data["works"] == 0, "hours"] == 0).all()
        assert (data.loc[data["works"] == 1, "hours"] > 0).all()
    assert set(imputation.trace.columns) == {"variable", "iteration", "imputation", "mean", "sd"}
    assert len(imputation.trace) == 6 * 2 * 2
    assert imputation.models.set_index("variable").loc["works", "n_missing"] == frame["works"].isna().sum()


@pytest.mark.parametrize("method", ["pmm", "norm", "forest"])
def test_nothing_missing_gives_the_data_back(method):
    frame, columns = make()
    full = run(frame, columns)[0]
    for data in run(full, columns, Settings(method=method, m=3)):
        pd.testing.assert_frame_equal(data, full)


def test_bytes_do_not_depend_on_chunks_jobs_or_column_order():
    frame, columns = make()
    reference = digest(run(frame, columns))
    assert digest(run(frame, columns, chunk=1)) == reference
    assert digest(run(frame, columns, chunk=3)) == reference
    assert digest(run(frame, columns[::-1])) == reference
    assert digest(run(frame, columns, jobs=2, chunk=1)) == reference
    assert digest(run(frame, columns, Settings(m=4, iterations=3, seed=8))) != reference


def test_more_imputations_continue_the_earlier_ones():
    frame, columns = make()
    first = run(frame, columns, Settings(m=2, iterations=3, seed=7))
    rest = run(frame, columns, Settings(m=2, iterations=3, seed=7), start=2)
    assert digest(first + rest) == digest(run(frame, columns))


@pytest.mark.parametrize("method", ["pmm", "norm"])
def test_deterministic_relation_is_recovered(method):
    rng = np.random.default_rng(5)
    x = rng.integers(0, 20, 300).astype(float)
    truth = 3.0 * x - 7.0
    y = np.where(rng.random(300) < 0.3, np.nan, truth)
    frame = pd.DataFrame({"arm": np.tile([0.0, 1.0], 150), "x": x, "y": y})
    columns = [
        ModelColumn("arm", "binary", impute=False),
        ModelColumn("x", "continuous"),
        ModelColumn("y", "continuous"),
    ]
    for data in run(frame, columns, Settings(method=method, m=3, iterations=3, donors=1)):
        np.testing.assert_allclose(data["y"], truth, atol=1e-3 if method == "norm" else 0)


def test_certain_cells_are_deduced_and_logged():
    frame, columns = make()
    frame.loc[0, ["works", "hours"]] = [np.nan, 12.0]
    frame.loc[1, ["works", "hours"]] = [0.0, np.nan]
    frame.loc[2, ["works", "hours"]] = [np.nan, 0.0]
    imputation = impute(frame, columns, group="arm", settings=QUICK)
    for data in imputation.completed:
        assert data.loc[0, "works"] == 1
        assert data.loc[1, "hours"] == 0
        assert data.loc[2, "works"] == 0
    events = imputation.events.set_index("variable")
    assert events.loc["works", "event"].tolist() == [
        "deduced: 1 where 'hours' is not 0",
        "deduced: 0 where 'hours' is 0, which it never is otherwise",
    ]
    assert events.loc["hours", "event"] == "deduced: 0 where 'works' is 0"
    assert (events["count"] == 1).all()


def test_contradiction_is_refused():
    frame, columns = make()
    frame.loc[:2, "works"], frame.loc[:2, "hours"] = 0.0, 10.0
    with pytest.raises(DataError, match="'hours' is not 0 for 3 person"):
        run(frame, columns)


@pytest.mark.parametrize(
    ("name", "values", "kind", "message"),
    [
        ("x", np.full(40, np.nan), "continuous", "the number of observed values is 0"),
        ("x", np.r_[1.0, np.full(39, np.nan)], "continuous", "the number of observed values is 1"),
        ("x", np.r_[np.inf, np.ones(39)], "continuous", "1 infinite value"),
        ("x", np.r_[2.0, np.ones(39)], "binary", "other than 0 and 1"),
        ("x", np.array(["a", "b"] * 20, dtype=object), "continuous", "object values"),
        ("x", pd.date_range("2024-01-01", periods=40), "continuous", "datetime64"),
        ("x", np.r_[-1.0, np.ones(39)], "bounded", "outside its range"),
    ],
)
def test_bad_columns_are_refused_by_name(name, values, kind, message):
    frame = pd.DataFrame({"arm": np.tile([0.0, 1.0], 20), name: values})
    column = ModelColumn(name, "continuous", lower=0.0) if kind == "bounded" else ModelColumn(name, kind)
    with pytest.raises(DataError, match=message) as caught:
        run(frame, [column])
    assert f"'{name}'" in str(caught.value)


def test_awkward_but_usable_columns():
    rng = np.random.default_rng(3)
    n = 60
    x = rng.normal(size=n)
    frame = pd.DataFrame({"arm": np.tile([0.0, 1.0], n // 2), "a.b c": x, "twin": x.copy(), "vast": 1e12 + x})
    frame["yes"] = pd.array(x > 0, dtype="boolean")
    frame["whole"] = pd.array(np.round(10 * x), dtype="Int64")
    frame["same"] = 4.0
    frame["few"] = np.nan
    frame.loc[:2, "few"] = [1.0, 2.0, 3.0]
    frame["rare"] = pd.Categorical(["a", "b"] * 29 + ["c", "a"], categories=["a", "b", "c", "never"])
    frame["text"] = np.where(x > 0, "up", "down").astype(object)
    for k, name in enumerate(frame.columns[1:]):
        if name != "few":
            frame.loc[[5 + k, 20 + k, 40 + k], name] = None
    kinds = {"yes": "binary", "rare": "categorical", "text": "categorical"}
    columns = [ModelColumn(name, kinds.get(name, "continuous")) for name in frame.columns[1:]]
    imputation = impute(frame, columns, group="arm", settings=QUICK)
    for data in imputation.completed:
        assert not data.isna().any(axis=None)
        assert (data.dtypes == frame.dtypes).all()
        assert (data["same"] == 4.0).all()
        assert set(data["few"]) == {1.0, 2.0, 3.0}
        assert "never" not in set(data["rare"])
    said = imputation.events.groupby("variable")["event"].agg(" ".join)
    assert "constant" in said["same"]
    assert "too few observed" in said["few"]
    assert said.str.contains("collinear").any()


def test_more_columns_than_persons():
    rng = np.random.default_rng(8)
    frame = pd.DataFrame(rng.normal(size=(30, 80)), columns=[f"v{k}" for k in range(80)])
    frame = frame.mask(rng.random(frame.shape) < 0.2).assign(arm=np.tile([0.0, 1.0], 15))
    columns = [ModelColumn(f"v{k}", "continuous") for k in range(80)]
    for data in run(frame, columns, Settings(m=2, iterations=2)):
        assert np.isfinite(data.to_numpy()).all()


def test_perfect_separation_gives_finite_draws_and_both_values_possible():
    x = np.linspace(-3, 3, 100)
    y = np.where(np.arange(100) % 4 == 0, np.nan, (x > 0).astype(float))
    frame = pd.DataFrame({"arm": np.tile([0.0, 1.0], 50), "x": x, "y": y})
    drawn = run(frame, [ModelColumn("x", "continuous"), ModelColumn("y", "binary")], Settings(m=20, iterations=2))
    share = np.mean([data["y"] for data in drawn], axis=0)
    assert share[x < -1.5].max() < 0.2
    assert share[x > 1.5].min() > 0.8


class TestPredictorsInTheRowsFitted:
    """A predictor is judged where a model is fitted, which may be one group, or those who came to one wave."""

    def made(self, **columns: np.ndarray) -> tuple[pd.DataFrame, list[ModelColumn]]:
        n = 80
        rng = np.random.default_rng(5)
        group = np.where(np.arange(n) < n // 2, "c", "i")
        x = rng.normal(size=n)
        y = 50 + 4 * x + rng.normal(0, 3, n)
        y[group == "i"] = np.nan  # nobody of one group answered
        frame = pd.DataFrame({"group": pd.Categorical(group, ["c", "i"]), "y": y, "x": x, **columns})
        others = [ModelColumn(name, "continuous", impute=False) for name in columns]
        always = ("group", "x", *columns)
        group_column = ModelColumn("group", "categorical", ("c", "i"), impute=False)
        return frame, [
            group_column,
            ModelColumn("y", "continuous", always=always),
            ModelColumn("x", "continuous"),
            *others,
        ]

    def told(self, frame: pd.DataFrame, columns: list[ModelColumn]) -> tuple[Imputation, dict[str, int]]:
        imputation = impute(frame, columns, group="group", settings=Settings(m=3, iterations=3, seed=1))
        events = imputation.events
        return imputation, dict(zip(events["event"], events["count"], strict=True))

    def test_a_group_that_is_constant_there_is_dropped_and_logged(self) -> None:
        frame, columns = self.made()
        imputation, events = self.told(frame, columns)
        assert events == {"constant where it is observed: predictor dropped": 1}
        assert imputation.models.set_index("variable").loc["y", "predictors"] == "x"
        known = frame["y"].dropna()
        for completed in imputation.completed:
            filled = completed.loc[frame["y"].isna(), "y"]
            # With the group among the predictors all were snapped to the lowest or to the highest value.
            assert filled.nunique() > 15
            assert abs(filled.mean() - known.mean()) < 2 * known.std()

    def test_a_combination_of_others_is_dropped_and_logged(self) -> None:
        frame, columns = self.made()
        z = np.random.default_rng(6).normal(size=len(frame))
        # Only where y is known; elsewhere it is another number.
        total = np.where(frame["y"].notna(), frame["x"] + z, 3.0 * z)
        frame, columns = self.made(z=z, total=total)
        imputation, events = self.told(frame, columns)
        assert events["collinear predictor dropped"] == 1
        assert imputation.models.set_index("variable").loc["y", "predictors"] == "x, z"

    def test_a_level_that_nobody_there_has_gets_no_coefficient(self) -> None:
        frame, columns = self.made()
        level = np.where(frame["y"].isna(), "far", np.resize(["near", "mid"], len(frame)))
        frame["place"] = pd.Categorical(level, ["near", "mid", "far"])
        columns = [replace(c, always=("group", "x", "place")) if c.name == "y" else c for c in columns]
        columns.append(ModelColumn("place", "categorical", ("near", "mid", "far"), impute=False))
        table, _ = encode(frame, columns, "group")
        plan, _, _ = make_plan(table, Settings(m=1), {table.index["y"]: "pmm"})
        step = plan.steps[0]
        design = plan.design.rows[np.ix_(step.predictors, step.fit)]
        assert np.linalg.matrix_rank(design) == len(step.predictors) == 3  # ones, one level, x
