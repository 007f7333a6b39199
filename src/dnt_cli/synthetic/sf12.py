"""SF-12 answers (version 1) that lead to planned mean scores.

Weights: Ware, Kosinski & Keller (1996), Medical Care 34, 220-233. Answers are recoded so that 0 is the worst level.
"""

from __future__ import annotations

import numpy as np

from dnt_cli.synthetic.latent import FloatArray
from dnt_cli.synthetic.plan import IntArray

ITEMS = ("GH1", "PF02", "PF04", "RP2", "RP3", "RE2", "RE3", "BP2", "MH3", "VT2", "MH4", "SF2")
REVERSED = ("GH1", "BP2", "VT2", "MH3")  # raw answer 1 is the best level
CONSTANTS = (56.57706, 60.75781)
# (physical, mental) weight per level, worst level first; the best level has no weight.
WEIGHTS: dict[str, tuple[tuple[float, float], ...]] = {
    "GH1": ((-8.37399, -1.71175), (-5.56461, -0.16891), (-3.02396, 0.03482), (-1.31872, -0.06064)),
    "PF02": ((-7.23216, 3.93115), (-3.45555, 1.86840)),
    "PF04": ((-6.24397, 2.68282), (-2.73557, 1.43103)),
    "RP2": ((-4.61617, 1.44060),),
    "RP3": ((-5.51747, 1.66968),),
    "RE2": ((3.04365, -6.82672),),
    "RE3": ((2.32091, -5.69921),),
    "BP2": ((-11.25544, 1.48619), (-8.38063, 1.76691), (-6.50522, 1.49384), (-3.80130, 0.90384)),
    "MH3": (
        (3.46638, -10.19085), (2.90426, -7.92717), (2.37241, -6.31121), (1.36689, -4.09842), (0.66514, -1.94949),
    ),
    "VT2": (
        (-2.44706, -6.02409), (-2.02168, -4.88962), (-1.61850, -3.29805), (-1.14387, -1.65178), (-0.42251, -0.92057),
    ),
    "MH4": (
        (4.61446, -16.15395), (3.41593, -10.77911), (2.34247, -8.09914), (1.28044, -4.59055), (0.41188, -1.95934),
    ),
    "SF2": ((-0.33682, -6.29724), (-0.94342, -8.26066), (-0.18043, -5.63286), (0.11038, -3.13896)),
}  # fmt: skip
# How far each answer follows mental rather than physical health.
MENTAL_SHARE = {"GH1": 0.3, "PF02": 0.0, "PF04": 0.0, "RP2": 0.1, "RP3": 0.1, "RE2": 0.9, "RE3": 0.9, "BP2": 0.1,
                "MH3": 1.0, "VT2": 0.7, "MH4": 1.0, "SF2": 0.8}  # fmt: skip
ITEM_NOISE = 0.6
# Highest latent value that still gives each level; equal steps around the centre of the item.
CENTRES = {"GH1": 0.0, "PF02": -0.7, "PF04": -0.6, "RP2": 0.0, "RP3": -0.1, "RE2": 0.3, "RE3": 0.2, "BP2": -0.4,
           "MH3": 0.2, "VT2": 0.2, "MH4": -0.2, "SF2": -0.1}  # fmt: skip
STEP = 0.75
TOLERANCE = 0.02  # of a mean printed with one decimal, with room for the rounding of the scores to two


def score(levels: IntArray) -> FloatArray:
    """Physical and mental score, shape (n, 2), of recoded answers, shape (n, 12)."""
    total = np.tile(np.array(CONSTANTS), (levels.shape[0], 1))
    for item, name in enumerate(ITEMS):
        total += _table(name)[levels[:, item]]
    return total


def raw_answers(levels: IntArray) -> IntArray:
    """The answers as ticked in the questionnaire (codes from 1) of recoded answers (0 = worst)."""
    raw = levels + 1
    for item, name in enumerate(ITEMS):
        if name in REVERSED:
            raw[:, item] = len(WEIGHTS[name]) + 1 - levels[:, item]
    return raw


def answers(
    physical: FloatArray, mental: FloatArray, targets: tuple[float, float], rng: np.random.Generator
) -> IntArray:
    """Recoded answers, shape (n, 12), in the order of the latent scores, whose mean scores meet the targets.

    First every answer follows its latent score; then single answers of women drawn at random move one level, as long
    as that brings the two means nearer to the targets.
    """
    levels = _first_answers(_standard(physical), _standard(mental), rng)
    error = score(levels).mean(axis=0) - np.array(targets)
    candidates = rng.permutation(levels.size * 2)
    moved = np.zeros(levels.shape, dtype=np.bool_)
    for _ in range(2):
        for candidate in candidates:
            if np.max(np.abs(error)) < TOLERANCE:
                return levels
            person, item, up = candidate // 24, candidate % 24 // 2, candidate % 2
            change = _change(levels[person, item], 2 * int(up) - 1, ITEMS[item]) / levels.shape[0]
            if not moved[person, item] and np.sum((error + change) ** 2) < np.sum(error**2):
                levels[person, item] += 2 * int(up) - 1
                moved[person, item] = True
                error = error + change
    raise ValueError("the SF-12 means cannot be met")


def _standard(values: FloatArray) -> FloatArray:
    standard: FloatArray = (values - values.mean()) / values.std()
    return standard


def _table(name: str) -> FloatArray:
    return np.array([*WEIGHTS[name], (0.0, 0.0)])


def _change(level: int, by: int, name: str) -> FloatArray:
    table = _table(name)
    if not 0 <= level + by < table.shape[0]:
        return np.full(2, np.inf)
    difference: FloatArray = table[level + by] - table[level]
    return difference


def _first_answers(physical: FloatArray, mental: FloatArray, rng: np.random.Generator) -> IntArray:
    levels = np.empty((physical.size, len(ITEMS)), dtype=np.int64)
    for item, name in enumerate(ITEMS):
        share = MENTAL_SHARE[name]
        latent = share * mental + (1 - share) * physical + ITEM_NOISE * rng.standard_normal(physical.size)
        highest = len(WEIGHTS[name])
        cuts = CENTRES[name] + STEP * (np.arange(highest) - (highest - 1) / 2)
        levels[:, item] = np.searchsorted(cuts, latent)
    return levels
