"""Person blocks: draws from the model that they state, values that can exist, the same bytes however they are made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dnt_cli.imputation import ModelColumn, Settings, impute
from dnt_cli.imputation.person_blocks import _draw_prior, _truncated

WAVES = 4


def study(n: int = 150, seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame, list[ModelColumn]]:
    """A complete data set with an outcome of each kind, the same with gaps, and its columns."""
    rng = np.random.default_rng(seed)
    group, person = np.repeat([1.0, 0.0], [n - n // 3, n // 3]), rng.normal(size=n)
    data: dict[str, np.ndarray] = {"group": group, "age": rng.normal(size=n)}
    for t in range(WAVES):
        latent = person + 0.3 * data["age"] + 0.3 * group * t
        data[f"yes_{t}"] = (latent + rng.normal(size=n) > 0.5).astype(float)
        data[f"score_{t}"] = np.round(50 + 8 * (latent + 0.7 * rng.normal(size=n)), 1)
        data[f"level_{t}"] = np.digitize(latent + 0.7 * rng.normal(size=n), [-1.0, 0.0, 1.0]).astype(float) + 1
        data[f"floor_{t}"] = np.maximum(0, np.round(3 * (latent + 0.7 * rng.normal(size=n)) - 1))
    full = pd.DataFrame(data)
    gaps = full.copy()
    for t in range(1, WAVES):
        lost = rng.random(n) < 0.15 + 0.25 * (full["yes_0"].to_numpy() == 1)
        gaps.loc[lost, [c for c in full if c.endswith(f"_{t}")]] = np.nan
    kinds = {"yes": "binary", "score": "continuous", "level": "ordinal", "floor": "continuous"}
    columns = [ModelColumn("group", "binary", impute=False), ModelColumn("age", "continuous")]
    for stem, kind in kinds.items():
        for t in range(WAVES):
            columns.append(ModelColumn(f"{stem}_{t}", kind, always=("age",), series=stem, occasion=t))  # type: ignore[arg-type]
    return full, gaps, columns


def completed(gaps: pd.DataFrame, columns: list[ModelColumn], **settings: object) -> list[pd.DataFrame]:
    options = Settings(**({"m": 4, "iterations": 6, "seed": 3} | settings))  # type: ignore[arg-type]
    return list(impute(gaps, columns, group="group", settings=options).completed)


def test_values_are_those_that_can_exist_and_observed_ones_stay() -> None:
    _, gaps, columns = study()
    for data in completed(gaps, columns):
        assert not data.isna().to_numpy().any()
        for name in gaps:
            known = gaps[name].notna()
            pd.testing.assert_series_equal(data.loc[known, name], gaps.loc[known, name])
            stem = [c for c in gaps if c.rpartition("_")[0] == name.rpartition("_")[0]]
            assert set(data[name]) <= set(gaps[stem].stack()), name


def test_the_models_are_told() -> None:
    _, gaps, columns = study()
    imputation = impute(gaps, columns, group="group", settings=Settings(m=1, iterations=1))
    models = imputation.models.set_index("variable")
    assert set(models.loc[[f"yes_{t}" for t in range(1, WAVES)], "method"]) == {"block"}
    off = impute(gaps, columns, group="group", settings=Settings(m=1, iterations=1, blocks="off"))
    assert "block" not in set(off.models["method"])


def test_two_waves_or_a_condition_make_no_block() -> None:
    _, gaps, columns = study()
    short = [replace(c, series="") if c.name in ("yes_2", "yes_3") else c for c in columns]
    models = impute(gaps, short, group="group", settings=Settings(m=1, iterations=1)).models.set_index("variable")
    assert models.loc["yes_1", "method"] == "logreg"
    linked = [replace(c, conditional_on="yes_0") if c.name == "level_0" else c for c in columns]
    free = gaps.assign(level_0=gaps["level_0"].where(gaps["yes_0"] == 1, 0.0))
    models = impute(free, linked, group="group", settings=Settings(m=1, iterations=1)).models.set_index("variable")
    assert models.loc["level_1", "method"] == "pmm"


@pytest.mark.parametrize("chunk", [1, 2, 3])
def test_an_imputation_does_not_depend_on_its_neighbours(chunk: int) -> None:
    _, gaps, columns = study()
    settings = Settings(m=4, iterations=3, seed=3)
    together = impute(gaps, columns, group="group", settings=settings)
    apart = impute(gaps, columns, group="group", settings=settings, chunk=chunk)
    for a, b in zip(together.completed, apart.completed, strict=True):
        pd.testing.assert_frame_equal(a, b, check_exact=True)
    pd.testing.assert_frame_equal(together.trace, apart.trace, check_exact=True)


def test_a_person_stays_like_herself() -> None:
    """Correlations between waves among those with imputed answers come near those of the complete data."""
    differences = []
    for seed in range(6):
        full, gaps, columns = study(300, seed)
        lost = gaps["score_2"].isna()
        wanted = np.corrcoef(full.loc[lost, "score_0"], full.loc[lost, "score_2"])[0, 1]
        found = [np.corrcoef(d.loc[lost, "score_0"], d.loc[lost, "score_2"])[0, 1] for d in completed(gaps, columns)]
        differences.append(np.mean(found) - wanted)
    assert abs(np.mean(differences)) < 3 * np.std(differences, ddof=1) / np.sqrt(6) + 0.02


def test_a_floor_keeps_its_share() -> None:
    differences = []
    for seed in range(6):
        full, gaps, columns = study(300, seed)
        lost = gaps["floor_2"].isna()
        found = np.mean([(d.loc[lost, "floor_2"] == 0).mean() for d in completed(gaps, columns)])
        differences.append(found - (full.loc[lost, "floor_2"] == 0).mean())
    assert abs(np.mean(differences)) < 3 * np.std(differences, ddof=1) / np.sqrt(6) + 0.02


def test_a_shift_lowers_what_is_imputed_by_as_much() -> None:
    _, gaps, columns = study(400)
    delta = np.full(400, -3.0)
    plain, moved = (
        np.mean([d.loc[gaps["score_2"].isna(), "score_2"].mean() for d in completed(gaps, columns, shifts=shifts)])
        for shifts in ({}, {"score_2": delta})
    )
    assert moved - plain == pytest.approx(-3.0, abs=1.0)
    plain, moved = (
        np.mean([d.loc[gaps["yes_2"].isna(), "yes_2"].mean() for d in completed(gaps, columns, shifts=shifts)])
        for shifts in ({}, {"yes_2": np.full(400, -50.0)})
    )
    assert plain > 0.2
    assert moved == 0.0


def test_truncated_draws_stay_within_their_limits_in_both_tails() -> None:
    uniforms = np.linspace(0.001, 0.999, 999)
    for low, high in ((-np.inf, -9.0), (9.0, np.inf), (30.0, 31.0), (-31.0, -30.0), (-1.0, 2.0)):
        drawn = _truncated(np.full(999, low), np.full(999, high), uniforms)
        assert ((drawn >= low) & (drawn <= high)).all()
        assert (np.diff(drawn) * (1 if low <= 0 else -1) >= 0).all() or (np.diff(drawn) >= 0).all()
    assert _truncated(np.full(999, 9.0), np.full(999, np.inf), uniforms).std() > 0.05


def test_the_prior_of_the_covariance_follows_the_persons() -> None:
    """Equal correlation gets a heavier prior than correlations that fall with time."""
    T, c = 5, 400
    lag = np.abs(np.subtract.outer(np.arange(T), np.arange(T)))
    weights = []
    for covariance in (0.5 * np.eye(T) + 0.5, 0.9**lag * 1.0, 0.6**lag * 1.0):
        generators = [np.random.default_rng(i) for i in range(c)]
        precision = np.repeat(np.linalg.inv(covariance)[None], c, axis=0)
        scale, weight = _draw_prior(precision, generators)
        assert scale.shape == (c, T, T)
        weights.append(weight.mean())
    assert weights[0] > weights[1] > 0
    assert weights[0] > weights[2]
