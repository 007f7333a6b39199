"""Simulated studies in which the truth is known: two arms, five waves, wave nonresponse.

World A: dropout depends on the arm, on an auxiliary variable that the analysis leaves out, and on arm x auxiliary, so
complete cases are biased. World B: dropout depends on baseline, education and arm, so complete cases are valid. C and D
are B with 60 and 95 further survey columns, incomplete in the same waves: with those, choosing predictors matters. The
other worlds are B with one thing that person blocks do not assume, or that may trouble them.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dnt_cli.imputation import ModelColumn

WAVES = range(5)
CONTROLS = ("edu", "partner", "child")
LOG_ODDS_EFFECT = 0.9
SD_EFFECT = 0.45
SITE_SIZES = ((19, 18, 16, 15, 4, 3, 3, 3), (17, 9, 7, 6, 5, 5, 4, 2))  # intervention, comparison
LATENT_VARIANCE, SCORE_VARIANCE = (
    4.7,
    0.97,
)  # of the yes/no outcome's log odds with its logistic noise, and of the score


@dataclass(frozen=True, slots=True)
class World:
    """How a world differs from B.

    Attributes:
        extra: further survey columns, each at five waves.
        auxiliary_dropout: dropout hangs on an auxiliary and its product with the arm.
        serial: correlation of a person's own deviation between neighbouring waves; 1: it lasts.
        slope: SD of persons' own trends per wave, beside an own deviation of SD 1.
        course: size of the effect per wave, as a share of that at T3.
        outcome: "plain"; "floor": more than half of the scores are 0; "ordered": scores are five ordered answers;
            "conditional": the yes/no outcome is no for those who say no to another question, incomplete as well.
        icc: share of the variance of both outcomes that lies between sixteen sites, each in one arm; None: no sites.
        unequal: added to the log odds of dropout in the comparison group and taken off in the other.
    """

    extra: int = 0
    auxiliary_dropout: bool = False
    serial: float = 1.0
    slope: float = 0.0
    course: tuple[float, ...] = tuple(t / 3 for t in WAVES)
    outcome: str = "plain"
    icc: float | None = None
    unequal: float = 0.0


WORLDS = {
    "A": World(auxiliary_dropout=True),
    "B": World(),
    "C": World(extra=12),
    "D": World(extra=19),
    "serial": World(serial=0.7),
    "slopes": World(slope=0.35),
    "jump": World(course=(0.0, 1.5, 1.0, 0.6, 0.3)),
    "floor": World(outcome="floor"),
    "ordered": World(outcome="ordered"),
    "conditional": World(outcome="conditional"),
    "site00": World(icc=0.0),
    "site05": World(icc=0.05),
    "site10": World(icc=0.10),
    "unequal": World(unequal=0.6),
}
SAME_TRUTH = {"A": "B", "C": "B", "D": "B", "unequal": "B", "site00": "B"}
"""Worlds whose outcomes are those of another world; only the gaps and the extra columns differ."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the simulation: a world, a sample size, and whether there is an effect."""

    world: str
    persons: int
    effect: bool

    @property
    def name(self) -> str:
        return f"{self.world}-{self.persons}-{'effect' if self.effect else 'null'}"

    @property
    def traits(self) -> World:
        return WORLDS[self.world]

    @property
    def number(self) -> int:
        """Part of the key of the random stream."""
        return ord(self.world) if len(self.world) == 1 else zlib.crc32(self.world.encode())


def expit(x):
    return 1 / (1 + np.exp(-x))


def own_deviation(start: np.ndarray, world: World, rng: np.random.Generator) -> np.ndarray:
    """(waves, n) deviation of each person at each wave, beginning at `start`."""
    found = [start]
    for _ in WAVES[1:]:
        fresh = rng.normal(size=start.size)
        found.append(world.serial * found[-1] + np.sqrt(1 - world.serial**2) * fresh)
    return np.array(found) + world.slope * rng.normal(size=start.size) * (np.arange(len(WAVES))[:, None] - 1.0)


def sites_of(arm: np.ndarray) -> np.ndarray:
    """Site of each person, in the proportions of the example's sixteen sites."""
    found = np.zeros(arm.size, dtype=int)
    for code, sizes in zip((1.0, 0.0), SITE_SIZES, strict=True):
        own = np.flatnonzero(arm == code)
        share = np.cumsum(sizes) / sum(sizes)
        found[own] = np.searchsorted(share, (np.arange(own.size) + 0.5) / own.size) + (0 if code else len(sizes))
    return found


def complete_data(cell: Cell, rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray]:
    """The study as it would be without nonresponse, and the common factor behind it."""
    n, world = cell.persons, cell.traits
    further = rng.spawn(1)[0]  # what only some worlds need, so that the others keep their numbers
    treated = round(n * 81 / 136)
    arm = np.repeat([1.0, 0.0], [treated, n - treated])
    size = float(cell.effect)
    factor, start_y, start_z = rng.normal(size=(3, n))
    own_y, own_z = own_deviation(start_y, world, further), own_deviation(start_z, world, further)
    site = sites_of(arm)
    between = further.normal(size=(2, site.max() + 1))[:, site] * np.sqrt((world.icc or 0.0) / (1 - (world.icc or 0.0)))
    data = {
        "arm": arm,
        "edu": (rng.random(n) < 0.55).astype(float),
        "partner": (rng.random(n) < 0.22).astype(float),
        "child": pd.Categorical.from_codes(rng.choice(3, n, p=[0.3, 0.45, 0.25]), ["<4", "4-18", "none"]),
        "aux1": np.round(50 + 10 * (0.8 * factor + 0.6 * rng.normal(size=n))),
        "aux2": np.clip(np.round(3 + 0.5 * start_y + 0.8 * rng.normal(size=n)), 1, 5),
    }
    lift = 0.5 * data["edu"] - 0.3 * data["partner"] + 0.25 * (data["child"] == "none")
    log_odds = -0.7 + 0.8 * factor + lift + np.sqrt(LATENT_VARIANCE) * between[0]
    for t, effect in enumerate(world.course):
        chance = expit(log_odds + 0.9 * own_y[t] + 0.1 * t + size * LOG_ODDS_EFFECT * arm * effect)
        data[f"y_{t}"] = (rng.random(n) < chance).astype(float)
    level = 0.6 * factor + 0.4 * lift + np.sqrt(SCORE_VARIANCE) * between[1]
    for t, effect in enumerate(world.course):
        score = level + 0.5 * own_z[t] + 0.05 * t + size * SD_EFFECT * arm * effect
        data[f"z_{t}"] = shown(score + 0.6 * rng.normal(size=n), world)
    if world.outcome == "conditional":
        works = 0.9 + 1.2 * further.normal(size=n)
        for t in WAVES:
            data[f"w_{t}"] = (further.random(n) < expit(works)).astype(float)
            data[f"y_{t}"] = data[f"y_{t}"] * data[f"w_{t}"]
    for k in range(world.extra):
        own, load = rng.normal(size=n), rng.uniform(0.2, 0.8)
        for t in WAVES:
            latent = load * factor + 0.8 * own + size * 0.2 * arm * (t > 0)
            if k % 3 == 2:
                data[f"x{k}_{t}"] = np.round(30 + 5 * (latent + 0.6 * rng.normal(size=n)))
            else:
                data[f"x{k}_{t}"] = (rng.random(n) < expit(latent - 0.3)).astype(float)
    if world.icc is not None:
        data["site"] = site
    return pd.DataFrame(data), factor


def shown(score: np.ndarray, world: World) -> np.ndarray:
    """The score as it is asked."""
    if world.outcome == "floor":
        return np.maximum(0.0, np.round(10 * (score - 0.7)))
    if world.outcome == "ordered":
        return 1.0 + np.searchsorted([-0.8, 0.0, 0.6, 1.4], score)
    return np.round(50 + 10 * score, 1)


def with_gaps(data: pd.DataFrame, cell: Cell, rng: np.random.Generator) -> pd.DataFrame:
    """The study as observed: waves 1-4 lost for 22-36 %, single answers for 1.5 %."""
    frame = data.copy()
    n, world = len(frame), cell.traits
    arm, aux = frame["arm"].to_numpy(), (frame["aux1"].to_numpy() - 50) / 10
    if world.auxiliary_dropout:
        lean = 0.3 * arm - 0.5 * aux + 1.2 * (arm - 0.6) * aux
    else:
        baseline = frame["z_0"].to_numpy()
        baseline = (baseline - 50) / 10 if world.outcome == "plain" else (baseline - baseline.mean()) / baseline.std()
        lean = 0.4 * arm - 0.5 * baseline + 0.5 * frame["y_0"].to_numpy() - 0.4 * frame["edu"]
    lean = lean + world.unequal * np.where(arm > 0, -1, 1) + 0.9 * rng.normal(size=n)
    for t in range(1, 5):
        lost = rng.random(n) < expit(-1.7 + 0.22 * t + lean)
        frame.loc[lost, [c for c in frame if c.endswith(f"_{t}")]] = np.nan
    for name in frame.columns.drop(["arm", "site"], errors="ignore"):
        frame.loc[rng.random(n) < 0.015, name] = np.nan
    return frame


def columns(frame: pd.DataFrame) -> list[ModelColumn]:
    """What is told to the imputation: kinds, and for an outcome its other waves and the analysis model's variables."""
    described = []
    for name in frame.columns.drop("site", errors="ignore"):
        stem, _, wave = name.rpartition("_")
        values = frame[name]
        if name == "arm":
            described.append(ModelColumn(name, "binary", impute=False))
            continue
        always: tuple[str, ...] = ()
        if stem and wave.isdigit():
            always = (*(f"{stem}_{t}" for t in WAVES if f"{stem}_{t}" != name), *CONTROLS)
        if values.dtype == "category":
            kind = "categorical"
        elif set(values.dropna().unique()) <= {0.0, 1.0}:
            kind = "binary"
        else:
            few = values.nunique() <= 5
            kind = "ordinal" if few else "continuous"
        series, occasion = (stem, int(wave)) if always else ("", 0)
        parent = f"w_{wave}" if stem == "y" and f"w_{wave}" in frame else None
        described.append(
            ModelColumn(name, kind, always=always, series=series, occasion=occasion, conditional_on=parent)
        )
    return described
