"""What holds for any table: complete, unchanged where observed, within its support, the same bytes however run."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from dnt_cli.imputation import ModelColumn, Settings, impute
from dnt_cli.imputation.diagnostics import Comparison, imputations_needed, r_hat
from dnt_cli.imputation.draws import match_donors

KINDS = ("continuous", "binary", "ordinal", "categorical")


@st.composite
def tables(draw) -> tuple[pd.DataFrame, list[ModelColumn]]:
    n = draw(st.integers(8, 40))
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=6))
    share = draw(st.floats(0.0, 0.6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    frame = pd.DataFrame({"group": np.arange(n) % 2 * 1.0})
    columns = [ModelColumn("group", "binary", impute=False)]
    for k, kind in enumerate(kinds):
        name = f"{kind} {k}"
        raw = rng.normal(size=n) * 10.0 ** rng.integers(-6, 7)
        values = {
            "continuous": lambda raw=raw: raw,
            "binary": lambda: rng.integers(0, 2, n).astype(float),
            "ordinal": lambda: rng.integers(0, rng.integers(2, 9), n).astype(float),
            "categorical": lambda: rng.integers(0, 4, n).astype(float),
        }[kind]()
        gone = rng.random(n) < share
        gone[rng.choice(n, 2, replace=False)] = False
        values[gone] = np.nan
        if kind == "categorical":
            codes = np.where(np.isnan(values), -1, values).astype(int)
            frame[name] = pd.Categorical.from_codes(codes, categories=["a", "b", "c", "d"])
        else:
            frame[name] = values
        method = draw(st.sampled_from([None, "polr", "polyreg"])) if kind == "ordinal" else None
        columns.append(ModelColumn(name, kind, method=method))
    return frame, columns


@settings(max_examples=40, deadline=None)
@given(tables(), st.sampled_from(["pmm", "norm"]), st.booleans(), st.integers(1, 40))
def test_any_table_is_completed_within_its_support(table, method, interactions, cap):
    frame, columns = table
    options = Settings(method=method, m=3, iterations=2, group_interactions=interactions, max_predictors=cap)
    together = impute(frame, columns, group="group", settings=options)
    completed = list(together.completed)
    apart = list(impute(frame, columns[::-1], group="group", settings=options, chunk=1).completed)
    for data, again in zip(completed, apart, strict=True):
        pd.testing.assert_frame_equal(data, again, check_exact=True)
        assert not data.isna().any(axis=None)
        for column in columns:
            seen = frame[column.name].notna()
            assert (data.loc[seen, column.name] == frame.loc[seen, column.name]).all()
            if method == "pmm" or column.kind != "continuous":
                assert set(data[column.name]) <= set(frame.loc[seen, column.name])
            else:
                assert data[column.name].between(*frame[column.name].agg(["min", "max"])).all()
    incomplete = frame.isna().any().sum()
    assert len(together.models) == incomplete
    assert len(together.trace) == incomplete * 6
    assert len(r_hat(together.trace)) == incomplete
    assert len(Comparison(frame, columns, completed).summary()) == incomplete


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 8), st.integers(0, 2**32 - 1), st.booleans())
def test_donors_are_the_nearest(fitted_size, drawn_size, donors, seed, tied):
    rng = np.random.default_rng(seed)
    fitted = rng.integers(0, 3, (2, fitted_size)).astype(float) if tied else rng.normal(size=(2, fitted_size))
    drawn = rng.normal(size=(2, drawn_size))
    shuffle = np.stack([rng.permutation(fitted_size) for _ in range(2)])
    pool = min(donors, fitted_size)
    chosen = [
        match_donors(fitted, drawn, shuffle, np.full((2, drawn_size), (rank + 0.5) / pool), donors)
        for rank in range(pool)
    ]
    for i in range(2):
        for k in range(drawn_size):
            picked = [int(index[i, k]) for index in chosen]
            assert len(set(picked)) == pool
            distance = np.abs(fitted[i] - drawn[i, k])
            np.testing.assert_allclose(np.sort(distance[picked]), np.sort(distance)[:pool], atol=2e-10)


@given(st.floats(0.01, 0.95), st.integers(2, 100), st.floats(0.02, 0.2))
def test_more_missing_information_asks_for_more_imputations(fmi, m, cv):
    assert imputations_needed([fmi / 2], m, cv=cv) <= imputations_needed([fmi / 2, fmi], m, cv=cv)
    assert imputations_needed([fmi], m, cv=cv) >= 1 + 0.5 * (fmi / cv) ** 2 - 1e-9
