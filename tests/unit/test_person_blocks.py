"""Person blocks: draws from the model that they state, values that can exist, the same bytes however they are made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from dnt_cli.imputation import ModelColumn, Settings, impute
from dnt_cli.imputation.person_blocks import SITE_SCALE, SITE_SPREADS, _draw_prior, _draw_sites, _truncated

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


def test_truncated_draws_stay_within_their_limits_in_both_tails() -> None:
    uniforms = np.linspace(0.001, 0.999, 999)

    def draws(low: float, high: float) -> Any:
        limits = np.full(999, low), np.full(999, high)
        return _truncated(*limits, np.zeros((1, 999)), np.ones((1, 1)), uniforms[None])[0]

    for low, high in ((-np.inf, -9.0), (9.0, np.inf), (30.0, 31.0), (-31.0, -30.0), (-1.0, 2.0)):
        drawn = draws(low, high)
        assert ((drawn >= low) & (drawn <= high)).all()
        assert (np.diff(drawn) * (1 if low <= 0 else -1) >= 0).all() or (np.diff(drawn) >= 0).all()
    assert draws(9.0, np.inf).std() > 0.05
    np.testing.assert_allclose(draws(-np.inf, np.inf), norm.ppf(uniforms))


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


def placed(
    spread: float, n: int = 320, seed: int = 5
) -> tuple[pd.DataFrame, pd.DataFrame, list[ModelColumn], np.ndarray]:
    """Scores at four waves, the same with half of the later ones lost, and sixteen sites that differ by `spread` SD."""
    rng = np.random.default_rng(seed)
    sites = np.arange(n) % 16
    person, own = rng.normal(size=n), spread * rng.normal(size=16)[sites]
    data = {"group": (sites < 8).astype(float)}
    for t in range(WAVES):
        data[f"score_{t}"] = np.round(50 + 10 * (own + 0.7 * person + 0.7 * rng.normal(size=n)), 1)
    full = pd.DataFrame(data)
    frame = full.copy()
    frame.loc[rng.random(n) < 0.5, ["score_2", "score_3"]] = np.nan
    columns = [ModelColumn("group", "binary", impute=False)]
    columns += [ModelColumn(f"score_{t}", "continuous", series="score", occasion=t) for t in range(WAVES)]
    return full, frame, columns, sites


def between(frame: pd.DataFrame, sites: np.ndarray, rows: np.ndarray) -> float:
    """Variance between sites of the last score within groups, freed of chance within sites."""
    part = frame.loc[rows].assign(site=sites[rows])
    part["rest"] = part["score_3"] - part.groupby("group")["score_3"].transform("mean")
    means = part.groupby("site")["rest"].agg(["mean", "var", "size"])
    return float((means["mean"] ** 2).sum() / 14 - (means["var"] / means["size"]).mean())


def test_imputed_persons_of_a_site_are_as_alike_as_they_would_be() -> None:
    found = []
    for seed in range(6):
        full, frame, columns, sites = placed(0.5, n=240, seed=seed)
        lost = frame["score_3"].isna().to_numpy()
        row = [between(full, sites, lost)]
        for choice in ("auto", "off"):
            settings = Settings(m=4, iterations=4, sites=choice)  # type: ignore[arg-type]
            sets = impute(frame, columns, group="group", settings=settings, sites=sites).completed
            row.append(float(np.mean([between(data, sites, lost) for data in sets])))
        found.append(row)
    true, known, blind = np.transpose(found)
    assert abs((known - true).mean()) < 2 * (known - true).std(ddof=1) / np.sqrt(6)
    assert (blind - known).mean() < -2 * (blind - known).std(ddof=1) / np.sqrt(6)


def test_the_intercepts_of_sites_have_the_distribution_they_are_said_to_have() -> None:
    rng = np.random.default_rng(1)
    sites, T, c = np.repeat(np.arange(12), 10), 3, 400
    precision = np.repeat(np.linalg.inv(0.5 * np.eye(T) + 0.5)[None], c, axis=0)
    residual = rng.normal(size=(120, T)) + 0.4 * rng.normal(size=12)[sites][:, None]
    drawn = _draw_sites(
        sites, np.repeat(residual.T[None], c, axis=0), precision, [np.random.default_rng(k) for k in range(c)]
    )
    # By hand: mean residuals of sites are N(u, 1 / a); the SD of u is integrated over its grid.
    weight = precision[0].sum(axis=1)
    a = 10 * weight.sum()
    mean = np.array([(residual[sites == s] @ weight).sum() for s in range(12)]) / a
    variance = SITE_SPREADS**2
    log_density = [-0.5 * np.sum(np.log(v + 1 / a) + mean**2 / (v + 1 / a)) - 0.5 * v / SITE_SCALE**2 for v in variance]
    share = np.exp(log_density - np.max(log_density))
    share /= share.sum()
    expected = mean * (share @ (variance / (variance + 1 / a)))
    found = drawn[:, ::10].mean(axis=0)
    error = drawn[:, ::10].std(axis=0) / np.sqrt(c)
    assert np.abs(found - expected).max() < (4 * error).max()
    second = [float(share @ (variance / (1 + a * variance) + (variance / (variance + 1 / a) * u) ** 2)) for u in mean]
    assert np.allclose((drawn[:, ::10] ** 2).mean(axis=0), second, rtol=0.35, atol=0.02)


def test_seven_sites_are_too_few_and_unknown_sites_have_no_intercept() -> None:
    _, frame, columns, sites = placed(0.5, n=160)
    settings = Settings(m=2, iterations=2)

    def made(codes: np.ndarray | None) -> list[pd.DataFrame]:
        return list(impute(frame, columns, group="group", settings=settings, sites=codes).completed)

    plain = made(None)
    for data, same in zip(made(sites % 7), plain, strict=True):
        pd.testing.assert_frame_equal(data, same)
    unknown = np.where(np.arange(160) < 5, -1, sites)
    assert not made(unknown)[0].isna().to_numpy().any()


@pytest.mark.parametrize("chunk", [1, 3])
def test_sites_leave_an_imputation_independent_of_its_neighbours(chunk: int) -> None:
    _, frame, columns, sites = placed(0.3, n=96)
    settings = Settings(m=4, iterations=3)
    whole = list(impute(frame, columns, group="group", settings=settings, sites=sites).completed)
    parts = list(impute(frame, columns, group="group", settings=settings, sites=sites, chunk=chunk).completed)
    for one, other in zip(whole, parts, strict=True):
        pd.testing.assert_frame_equal(one, other)
