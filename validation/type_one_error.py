"""How often each test of an effect is significant at .05, where there is none and where there is one.

Sites, serial correlation and random slopes. Complete data of 136 persons, five waves, and the sixteen sites of the
example's size, each in one group. `slope` is the model's test with a random slope per person, of check (l). What is
done stands in a file of counts, so that a run that was stopped goes on where it was. Usage:
python -m validation.type_one_error [--replicates 1000] [--power 400] [--slopes 400] [--output FILE] [--counts FILE]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dnt_cli.effects.clusters import clustered
from dnt_cli.effects.estimators import ESTIMATORS
from dnt_cli.effects.fitting import Options
from dnt_cli.engines import DesignMatrix, Fit
from dnt_cli.models import ENDPOINT, LONGITUDINAL, TREND, WAVE, Model
from dnt_cli.pooling import two_sided

Floats = NDArray[np.float64]
SIZES = ((19, 18, 16, 15, 4, 3, 3, 3), (17, 9, 7, 6, 5, 5, 4, 2))  # persons per site, intervention and comparison
WAVES = 5
ENDPOINT_WAVE = 3
CLUSTERS = ("persons", "sites")
TESTS = ("model", *CLUSTERS, "slope")
Counts = dict[str, dict[str, tuple[int, int]]]
"""Kind of effect -> test -> how often significant, and how often there was a p-value."""
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
    World("random slopes, SD .30", slope=0.30),
    World("site trends 5 %", site_trend=0.05),
    World("ICC .02, site trends 2 %", icc=0.02, site_trend=0.02),
    World("ICC .05, site trends 5 %", icc=0.05, site_trend=0.05),
    World("ICC .10, site trends 5 %", icc=0.10, site_trend=0.05),
    World("ICC .05, site trends 5 %, slopes .15", icc=0.05, site_trend=0.05, slope=0.15),
    World("ICC .05, site trends 5 %, serial .7", icc=0.05, site_trend=0.05, serial=0.7),
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
    for fit, found in zip(fits, clustered(own, fits, model, ESTIMATORS[kind]), strict=True):
        if found is None:
            continue
        j = fit.terms.index(model.effect)
        variances = {"model": (fit.covariance[j, j], fit.df_residual)}
        for by in CLUSTERS:
            variance = getattr(found, by)
            if variance is not None:
                variances[by] = (variance.value, variance.df)
        yield {by: float(two_sided(fit.estimate[j] / np.sqrt(v), df)) for by, (v, df) in variances.items()}


def run(world: World, replicates: int, seed: int, effect: float, slopes: int) -> Iterator[tuple[str, dict[str, float]]]:
    """Per kind of effect and replicate the p-values; with random slopes those of the first `slopes` replicates."""
    arms, sites = people()
    rng = np.random.default_rng(seed)
    grown = effect / ENDPOINT_WAVE * np.outer(arms, np.arange(WAVES))
    drawn = [scores(world, sites, rng) + grown for _ in range(replicates)]
    for binary, kind in ((False, "score"), (True, "yes/no")):
        code = "binary" if binary else "linear"
        pairs = [designs(own, arms, sites, binary=binary) for own in drawn]
        ends, trends = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        options = Options(nodes=9)
        fitted = ESTIMATORS[code].endpoint(ends, options)
        for found in p_values(fitted, ends, Model(ENDPOINT, ""), code):
            yield f"endpoint, {kind}", found
        for found in p_values(ESTIMATORS[code].trend(trends, options), trends, Model(LONGITUDINAL, ""), code):
            yield f"trend, {kind}", found
        random_slope = ESTIMATORS[code].random_slope
        assert random_slope is not None
        for own in trends[:slopes]:
            fit = random_slope(own, WAVE)
            if fit.status.usable:
                j = fit.terms.index(TREND)
                yield f"trend, {kind}", {"slope": float(two_sided(fit.estimate[j] / fit.std_error[j], fit.df[j]))}
            else:
                yield f"trend, {kind}", {}


def counted(world: World, replicates: int, seed: int, effect: float, slopes: int) -> Counts:
    """How often each test is significant at .05."""
    found: dict[str, list[dict[str, float]]] = {}
    for kind, p in run(world, replicates, seed, effect, slopes):
        found.setdefault(kind, []).append(p)
    return {
        kind: {by: (sum(p[by] < 0.05 for p in own if by in p), sum(by in p for p in own)) for by in TESTS}
        for kind, own in found.items()
    }


def known_or_counted(place: Path, world: World, replicates: int, seed: int, effect: float, slopes: int) -> Counts:
    """From the file of counts, into which what is new is put."""
    known = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
    key = f"{world.name}; effect {effect}; seed {seed}; {replicates} replicates, {slopes} with slopes"
    if key not in known:
        known[key] = counted(world, replicates, seed, effect, slopes)
        place.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    found: Counts = known[key]
    return found


def table(replicates: int, power: int, slopes: int, place: Path) -> list[str]:
    """Rows in Markdown: how often each test is significant, in %, without an effect and with one."""
    heads = " | ".join(TESTS)
    lines = [f"| world | effect | none: {heads} | some: {heads} |", "|---|---" + 2 * len(TESTS) * "|--:" + "|"]
    for number, world in enumerate(WORLDS):
        none = known_or_counted(place, world, replicates, 100 + number, 0.0, slopes)
        some = known_or_counted(place, world, power, 200 + number, EFFECT, slopes // 3)
        for kind in none:
            cells = [f"{100 * hits / n:.1f}" if n else "" for part in (none, some) for hits, n in part[kind].values()]
            lines.append(f"| {world.name} | {kind} | {' | '.join(cells)} |")
    counts = ((0.05, replicates), (0.05, slopes), (0.5, power), (0.5, slopes // 3))
    errors = [f"{100 * np.sqrt(p * (1 - p) / n):.1f}" for p, n in counts]
    said = f"{replicates} replicates without an effect (Monte Carlo error of 5 %: {errors[0]}), {slopes} with a random"
    said += f" slope ({errors[1]}); {power} with one of {EFFECT} SD at T3 (of 50 %: {errors[2]}), {slopes // 3} with a"
    return [*lines, "", f"{said} random slope ({errors[3]})."]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--power", type=int, default=400)
    parser.add_argument("--slopes", type=int, default=400)
    parser.add_argument("--output", default="validation/results/type_one_error.md")
    parser.add_argument("--counts", default="validation/results/type_one_error.json")
    given = parser.parse_args()
    text = "\n".join(table(given.replicates, given.power, given.slopes, Path(given.counts))) + "\n"
    Path(given.output).write_text(text, encoding="utf-8")
    print(text)
