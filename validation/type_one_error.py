"""How often each test of an effect is significant at .05, where there is none and where there is one.

Sites, serial correlation and random slopes. Complete data of 136 persons, five waves, and the sixteen sites of the
example's size, each in one group. Usage:
python -m validation.type_one_error [--replicates 1000] [--power 400] [--output FILE]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dnt_cli.design import ENDPOINT, LONGITUDINAL, Model
from dnt_cli.effects.clusters import clustered
from dnt_cli.effects.kinds import KINDS
from dnt_cli.engines import DesignMatrix, Fit, fit_linear, fit_logistic, fit_mixed_linear_sets, fit_mixed_logistic_sets
from dnt_cli.pooling import two_sided

Floats = NDArray[np.float64]
SIZES = ((19, 18, 16, 15, 4, 3, 3, 3), (17, 9, 7, 6, 5, 5, 4, 2))  # persons per site, intervention and comparison
WAVES = 5
ENDPOINT_WAVE = 3
TESTS = ("model", "persons", "sites")
EFFECT = 0.5
"""Where there is an effect: standard deviations of the score at the endpoint, growing by wave; yes/no is score > .4."""


@dataclass(frozen=True, slots=True)
class World:
    """How persons and waves are alike.

    Attributes:
        name: For the table.
        icc: Share of the variance of an outcome at one wave that lies between sites.
        site_trend: Share of the variance at the last wave that sites' own trends explain.
        serial: Correlation of neighbouring deviations of a person; 0 is the model's own assumption.
        slope: SD of persons' own trends per wave.
    """

    name: str
    icc: float = 0.0
    site_trend: float = 0.0
    serial: float = 0.0
    slope: float = 0.0


WORLDS = (
    World("as the model has it"),
    World("serial correlation .7", serial=0.7),
    World("random slopes, SD .15", slope=0.15),
    World("ICC .02, site trends 2 %", icc=0.02, site_trend=0.02),
    World("ICC .05, site trends 5 %", icc=0.05, site_trend=0.05),
    World("ICC .10, site trends 5 %", icc=0.10, site_trend=0.05),
)


def people() -> tuple[Floats, NDArray[np.int64]]:
    """Group and site of each person."""
    sizes = [size for arm in SIZES for size in arm]
    arms = np.repeat([1.0] * len(SIZES[0]) + [0.0] * len(SIZES[1]), sizes)
    return arms, np.repeat(np.arange(len(sizes)), sizes)


def scores(world: World, sites: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """(persons, waves) scores of variance about one."""
    n, count = len(sites), int(sites.max()) + 1
    own = np.empty((n, WAVES))
    own[:, 0] = rng.normal(size=n)
    for t in range(1, WAVES):
        own[:, t] = world.serial * own[:, t - 1] + np.sqrt(1 - world.serial**2) * rng.normal(size=n)
    time = np.arange(WAVES)
    person = np.sqrt(0.5 - world.icc) * rng.normal(size=(n, 1)) + np.sqrt(0.5) * own
    person = person + world.slope * rng.normal(size=(n, 1)) * time
    level = np.sqrt(world.icc) * rng.normal(size=count)
    trend = np.sqrt(world.site_trend) / (WAVES - 1) * rng.normal(size=count)
    scored: Floats = person + level[sites][:, None] + trend[sites][:, None] * time
    return scored


def designs(
    scored: Floats, arms: Floats, sites: NDArray[np.int64], *, binary: bool
) -> tuple[DesignMatrix, DesignMatrix]:
    """The endpoint at the fourth wave with the first as control, and the trend."""
    n = len(arms)
    values = (scored > 0.4).astype(float) if binary else scored
    end = np.column_stack([np.ones(n), arms, values[:, 0]])
    person, time = np.repeat(np.arange(n), WAVES), np.tile(np.arange(WAVES, dtype=float), n)
    long = np.column_stack([np.ones(n * WAVES), arms[person], time, arms[person] * time])
    terms = ("(Intercept)", "group", "wave", "group:wave")
    return (
        DesignMatrix(values[:, ENDPOINT_WAVE], end, ("(Intercept)", "group", "y_T0"), None, sites=sites),
        DesignMatrix(values.ravel(), long, terms, person, sites=sites[person]),
    )


def p_values(fits: list[Fit], own: list[DesignMatrix], model: Model, kind: str) -> Iterator[dict[str, float]]:
    """Per fit the p-value of each test."""
    for fit, found in zip(fits, clustered(own, fits, model, KINDS[kind]), strict=True):
        if found is None:
            continue
        j = fit.terms.index(model.effect)
        variances = {"model": (fit.covariance[j, j], fit.df_residual)}
        for by in TESTS[1:]:
            variance = getattr(found, by)
            if variance is not None:
                variances[by] = (variance.value, variance.df)
        yield {by: float(two_sided(fit.estimate[j] / np.sqrt(v), df)) for by, (v, df) in variances.items()}


def run(world: World, replicates: int, seed: int, effect: float) -> Iterator[tuple[str, dict[str, float]]]:
    """Per kind of effect and replicate the p-values."""
    arms, sites = people()
    rng = np.random.default_rng(seed)
    grown = effect / ENDPOINT_WAVE * np.outer(arms, np.arange(WAVES))
    drawn = [scores(world, sites, rng) + grown for _ in range(replicates)]
    for binary, kind in ((False, "score"), (True, "yes/no")):
        code = "binary" if binary else "linear"
        pairs = [designs(own, arms, sites, binary=binary) for own in drawn]
        ends, trends = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        fitted = [fit_logistic(own) if binary else fit_linear(own) for own in ends]
        for found in p_values(fitted, ends, Model(ENDPOINT, ""), code):
            yield f"endpoint, {kind}", found
        mixed = fit_mixed_logistic_sets(trends, nodes=9) if binary else fit_mixed_linear_sets(trends)
        for found in p_values(mixed, trends, Model(LONGITUDINAL, ""), code):
            yield f"trend, {kind}", found


def shares(world: World, replicates: int, seed: int, effect: float) -> dict[str, list[str]]:
    """Kind of effect -> percentage of the replicates in which each test is significant."""
    found: dict[str, list[dict[str, float]]] = {}
    for kind, p in run(world, replicates, seed, effect):
        found.setdefault(kind, []).append(p)
    table = {}
    for kind, own in found.items():
        known = [[p[by] for p in own if by in p] for by in TESTS]
        table[kind] = [f"{100 * np.mean(np.array(p) < 0.05):.1f}" if p else "" for p in known]
    return table


def table(replicates: int, power: int) -> list[str]:
    """Rows in Markdown: how often each test is significant, in %, without an effect and with one."""
    lines = [
        "| world | effect | none: model | persons | sites | some: model | persons | sites |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for number, world in enumerate(WORLDS):
        none = shares(world, replicates, 100 + number, 0.0)
        some = shares(world, power, 200 + number, EFFECT)
        lines += [f"| {world.name} | {kind} | {' | '.join(none[kind] + some[kind])} |" for kind in none]
    errors = [100 * np.sqrt(p * (1 - p) / n) for p, n in ((0.05, replicates), (0.5, power))]
    said = f"{replicates} replicates without an effect (Monte Carlo error of 5 %: {errors[0]:.1f})"
    return [*lines, "", f"{said}, {power} with one of {EFFECT} SD at T3 (of 50 %: {errors[1]:.1f})."]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--power", type=int, default=400)
    parser.add_argument("--output", default="validation/results/type_one_error.md")
    given = parser.parse_args()
    text = "\n".join(table(given.replicates, given.power)) + "\n"
    Path(given.output).write_text(text, encoding="utf-8")
    print(text)
