"""Simulated studies in which the truth is known: two arms, five waves, wave nonresponse.

World A: dropout depends on the arm, on an auxiliary variable that the analysis leaves out, and on arm x auxiliary, so
complete cases are biased. World B: dropout depends on baseline, education and arm, so complete cases are valid. C and D
are B with 60 and 95 further survey columns, incomplete in the same waves: with those, choosing predictors matters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dnt_cli.imputation import ModelColumn

WAVES = range(5)
EXTRA = {"A": 0, "B": 0, "C": 12, "D": 19}
CONTROLS = ("edu", "partner", "child")
LOG_ODDS_EFFECT = 0.9
SD_EFFECT = 0.45


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the simulation: a world, a sample size, and whether there is an effect."""

    world: str
    persons: int
    effect: bool

    @property
    def name(self) -> str:
        return f"{self.world}-{self.persons}-{'effect' if self.effect else 'null'}"


def expit(x):
    return 1 / (1 + np.exp(-x))


def complete_data(cell: Cell, rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray]:
    """The study as it would be without nonresponse, and the common factor behind it."""
    n = cell.persons
    treated = round(n * 81 / 136)
    arm = np.repeat([1.0, 0.0], [treated, n - treated])
    size = float(cell.effect)
    factor, own_y, own_z = rng.normal(size=(3, n))
    data = {
        "arm": arm,
        "edu": (rng.random(n) < 0.55).astype(float),
        "partner": (rng.random(n) < 0.22).astype(float),
        "child": pd.Categorical.from_codes(rng.choice(3, n, p=[0.3, 0.45, 0.25]), ["<4", "4-18", "none"]),
        "aux1": np.round(50 + 10 * (0.8 * factor + 0.6 * rng.normal(size=n))),
        "aux2": np.clip(np.round(3 + 0.5 * own_y + 0.8 * rng.normal(size=n)), 1, 5),
    }
    lift = 0.5 * data["edu"] - 0.3 * data["partner"] + 0.25 * (data["child"] == "none")
    for t in WAVES:
        chance = expit(-0.7 + 0.8 * factor + 0.9 * own_y + lift + 0.1 * t + size * LOG_ODDS_EFFECT * arm * t / 3)
        data[f"y_{t}"] = (rng.random(n) < chance).astype(float)
    for t in WAVES:
        score = 0.6 * factor + 0.5 * own_z + 0.4 * lift + 0.05 * t + size * SD_EFFECT * arm * t / 3
        data[f"z_{t}"] = np.round(50 + 10 * (score + 0.6 * rng.normal(size=n)), 1)
    for k in range(EXTRA[cell.world]):
        own, load = rng.normal(size=n), rng.uniform(0.2, 0.8)
        for t in WAVES:
            latent = load * factor + 0.8 * own + size * 0.2 * arm * (t > 0)
            if k % 3 == 2:
                data[f"x{k}_{t}"] = np.round(30 + 5 * (latent + 0.6 * rng.normal(size=n)))
            else:
                data[f"x{k}_{t}"] = (rng.random(n) < expit(latent - 0.3)).astype(float)
    return pd.DataFrame(data), factor


def with_gaps(data: pd.DataFrame, cell: Cell, rng: np.random.Generator) -> pd.DataFrame:
    """The study as observed: waves 1-4 lost for 22-36 %, single answers for 1.5 %."""
    frame = data.copy()
    n = len(frame)
    arm, aux = frame["arm"].to_numpy(), (frame["aux1"].to_numpy() - 50) / 10
    if cell.world == "A":
        lean = 0.3 * arm - 0.5 * aux + 1.2 * (arm - 0.6) * aux
    else:
        lean = (
            0.4 * arm - 0.5 * (frame["z_0"].to_numpy() - 50) / 10 + 0.5 * frame["y_0"].to_numpy() - 0.4 * frame["edu"]
        )
    lean = lean + 0.9 * rng.normal(size=n)
    for t in range(1, 5):
        lost = rng.random(n) < expit(-1.7 + 0.22 * t + lean)
        frame.loc[lost, [c for c in frame if c.endswith(f"_{t}")]] = np.nan
    for name in frame.columns.drop("arm"):
        frame.loc[rng.random(n) < 0.015, name] = np.nan
    return frame


def columns(frame: pd.DataFrame) -> list[ModelColumn]:
    """What is told to the imputation: kinds, and for an outcome its other waves and the analysis model's variables."""
    described = []
    for name in frame:
        stem, _, wave = name.rpartition("_")
        series = frame[name]
        if name == "arm":
            described.append(ModelColumn(name, "binary", impute=False))
            continue
        always: tuple[str, ...] = ()
        if stem and wave.isdigit():
            always = (*(f"{stem}_{t}" for t in WAVES if f"{stem}_{t}" != name), *CONTROLS)
        if series.dtype == "category":
            kind = "categorical"
        elif set(series.dropna().unique()) <= {0.0, 1.0}:
            kind = "binary"
        else:
            kind = "ordinal" if name == "aux2" else "continuous"
        series, occasion = (stem, int(wave)) if always else ("", 0)
        described.append(ModelColumn(name, kind, always=always, series=series, occasion=occasion))
    return described
