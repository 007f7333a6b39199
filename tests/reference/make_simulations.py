"""Writes data/simulations.csv: five-wave studies with known random-intercept SD and prevalence.

Usage: python tests/reference/make_simulations.py

136 persons in two arms, monotone dropout of 30-40 %, and 200 sets: SD 0, .5, 2, 4, 8 by prevalence .05, .2, .5, .8,
.95 by 8 replicates. All are drawn, because the random stream is one; a selection is written: the first replicate of
everything, and sets on which engines have gone wrong.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

OUT = Path(__file__).parent / "data" / "simulations.csv"
PERSONS = 136
SDS = (0.0, 0.5, 2.0, 4.0, 8.0)
PREVALENCES = (0.05, 0.2, 0.5, 0.8, 0.95)
# s022, s055 and s072: two optima; s036 and s141: stock glmer wrong; s124 and s145: SD above 50; s045, s095, s099:
# quasi-separated.
EXTRA = (36, 45, 55, 72, 95, 99, 124, 141, 145)
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(200)


def intercept(prevalence: float, sd: float) -> float:
    """The intercept that gives this prevalence on average over the random intercepts."""
    weights = WEIGHTS / WEIGHTS.sum()
    return brentq(lambda a: (weights * expit(a + sd * NODES)).sum() - prevalence, -60, 60)


def simulate(rng: np.random.Generator, sd: float, prevalence: float) -> np.ndarray:
    """Rows of person, group, time, education 1, education 2, partner, y, linear y."""
    group = rng.permutation(np.repeat([0, 1], PERSONS // 2))
    education, partner = rng.integers(0, 3, PERSONS), rng.integers(0, 2, PERSONS)
    effect = rng.normal(0, sd, PERSONS) if sd > 0 else np.zeros(PERSONS)
    hazard = 1 - (1 - rng.uniform(0.30, 0.40)) ** 0.25
    last = np.full(PERSONS, 4)
    for i in range(PERSONS):
        for t in range(1, 5):
            if rng.random() < hazard:
                last[i] = t - 1
                break
    constant = intercept(prevalence, sd)
    rows = []
    for i in range(PERSONS):
        e1, e2 = int(education[i] == 1), int(education[i] == 2)
        for t in range(last[i] + 1):
            linear = constant + 0.3 * group[i] - 0.1 * t + 0.25 * group[i] * t + 0.2 * e1 + 0.4 * e2 - 0.3 * partner[i]
            y = int(rng.random() < expit(linear + effect[i]))
            score = 0.1 * group[i] * t + 0.3 * effect[i] + rng.normal(0, 1) + 0.2 * education[i]
            rows.append((i, group[i], t, e1, e2, partner[i], y, round(score, 3)))
    return np.array(rows)


def main() -> None:
    """Draw all sets, write the chosen ones."""
    rng = np.random.default_rng(20240613)
    lines = ["set,g,group,time,e1,e2,partner,y,score"]
    conditions = [(sd, prevalence) for _ in range(8) for sd in SDS for prevalence in PREVALENCES]
    for number, (sd, prevalence) in enumerate(conditions):
        rows = simulate(rng, sd, prevalence)
        if number < 25 or number in EXTRA:
            lines += [f"{number}," + ",".join(f"{v:.0f}" for v in r[:7]) + f",{r[7]:.3f}" for r in rows]
    OUT.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
