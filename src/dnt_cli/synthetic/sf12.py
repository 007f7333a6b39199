"""SF-12 answers (version 1) that lead to planned mean scores.

Items and weights are those of the instrument. Answers are recoded so that 0 is the worst level.
"""

from __future__ import annotations

import numpy as np

from dnt_cli.arrays import Floats, Integers
from dnt_cli.study.instruments import definition, names

_DEFINITION = definition("sf12v1")
_SCALES = [_DEFINITION["scales"][scale] for scale in ("physical", "mental")]
ITEMS = names(_DEFINITION["items"])
REVERSED = names(_DEFINITION["reversed"])  # raw answer 1 is the best level
CONSTANTS = [scale["constant"] for scale in _SCALES]
# (physical, mental) weight per level, worst level first; the best level has no weight.
WEIGHTS = {item: list(zip(*(scale["weights"][item][:-1] for scale in _SCALES), strict=True)) for item in ITEMS}
# How far each answer follows mental rather than physical health.
MENTAL_SHARE = {"GH1": 0.3, "PF02": 0.0, "PF04": 0.0, "RP2": 0.1, "RP3": 0.1, "RE2": 0.9, "RE3": 0.9, "BP2": 0.1,
                "MH3": 1.0, "VT2": 0.7, "MH4": 1.0, "SF2": 0.8}  # fmt: skip
ITEM_NOISE = 0.45
SPREAD = 0.85
SPILL = 0.3  # of mental health on physical answers; without it the two scores would be negatively related
# Highest latent value that still gives each level; equal steps around the centre of the item.
CENTRES = {"GH1": 0.0, "PF02": -0.7, "PF04": -0.6, "RP2": 0.0, "RP3": -0.1, "RE2": 0.3, "RE3": 0.2, "BP2": -0.4,
           "MH3": 0.2, "VT2": 0.2, "MH4": -0.2, "SF2": -0.1}  # fmt: skip
STEP = 0.75
TOLERANCE = 0.02  # of a mean printed with one decimal, with room for the rounding of the scores to two
NEAR = 0.2  # of the targets: from here on answers move in pairs
LAST_STEPS = 50
PAIRED_MOVES = 300
UNIT = 100_000  # scores are added in whole hundred-thousandths, so that no rounding differs between machines
NO_SUCH_LEVEL = 10**12


def _weight_tables() -> Integers:
    """Weights by item and level, shape (12, 8, 2), huge for levels that an item lacks; index -1 is such a level."""
    tables = np.full((len(ITEMS), 8, 2), NO_SUCH_LEVEL, dtype=np.int64)
    for number, name in enumerate(ITEMS):
        tables[number, : len(WEIGHTS[name]) + 1] = np.rint(np.array([*WEIGHTS[name], (0.0, 0.0)]) * UNIT)
    return tables


_TABLES = _weight_tables()
_CONSTANTS = np.rint(np.array(CONSTANTS) * UNIT).astype(np.int64)


def _units(levels: Integers) -> Integers:
    return np.asarray(_CONSTANTS + _TABLES[np.arange(len(ITEMS)), levels].sum(axis=1), dtype=np.int64)


def score(levels: Integers) -> Floats:
    """Physical and mental score, shape (n, 2), of recoded answers, shape (n, 12)."""
    return _units(levels) / UNIT


def rounded_score(levels: Integers) -> Floats:
    """The scores rounded half up to two decimals."""
    return np.asarray((_units(levels) + UNIT // 200) // (UNIT // 100) / 100, dtype=np.float64)


def raw_answers(levels: Integers) -> Integers:
    """The answers as ticked in the questionnaire (codes from 1) of recoded answers (0 = worst)."""
    raw = levels + 1
    for item, name in enumerate(ITEMS):
        if name in REVERSED:
            raw[:, item] = len(WEIGHTS[name]) + 1 - levels[:, item]
    return raw


def answers(physical: Floats, mental: Floats, targets: tuple[float, float], rng: np.random.Generator) -> Integers:
    """Recoded answers, shape (n, 12), in the order of the latent scores, whose mean scores meet the targets.

    First every answer follows its latent score; then answers of women drawn at random move one level, singly as long as
    that brings the two means nearer to the targets, and at last two at a time.
    """
    levels = _first_answers(_standard(physical), _standard(mental), rng)
    wanted = np.rint(np.array(targets) * UNIT * levels.shape[0]).astype(np.int64)
    near, tolerance = (int(limit * UNIT * levels.shape[0]) for limit in (NEAR, TOLERANCE))
    error = _units(levels).sum(axis=0) - wanted
    for move in rng.permutation(levels.size * 2):
        after = error + _changes(levels, move[None])[0]
        if np.abs(error).max() > near and _distance(after) < _distance(error):
            _apply(levels, move)
            error = after
    for _ in range(LAST_STEPS):
        error = _units(levels).sum(axis=0) - wanted
        if np.abs(error).max() < tolerance:
            return levels
        moves = rng.permutation(levels.size * 2)[:PAIRED_MOVES]
        changes = _changes(levels, moves)
        left = _distance(error + changes[:, None, :] + changes[None, :, :])
        left[moves[:, None] // 2 == moves[None, :] // 2] = NO_SUCH_LEVEL  # two moves of one answer
        for move in moves[list(np.unravel_index(np.argmin(left), left.shape))]:
            _apply(levels, move)
    raise ValueError("the SF-12 means cannot be met")


def _distance(error: Integers) -> Integers:
    return np.asarray(np.abs(error).max(axis=-1))


def _apply(levels: Integers, move: np.int64) -> None:
    levels.reshape(-1)[move // 2] += 2 * (move % 2) - 1


def _changes(levels: Integers, moves: Integers) -> Integers:
    """Change of the two sums of scores by each move, shape (moves, 2); huge where the answer cannot move further.

    Move 2k and 2k + 1 take answer k (women in rows, items in columns) one level down and up.
    """
    answer = moves // 2
    level = levels.reshape(-1)[answer]
    item = answer % len(ITEMS)
    return np.asarray(_TABLES[item, level + 2 * (moves % 2) - 1] - _TABLES[item, level], dtype=np.int64)


def _standard(values: Floats) -> Floats:
    standard: Floats = (values - values.mean()) / values.std()
    return standard


def _first_answers(physical: Floats, mental: Floats, rng: np.random.Generator) -> Integers:
    levels = np.empty((physical.size, len(ITEMS)), dtype=np.int64)
    for item, name in enumerate(ITEMS):
        share = MENTAL_SHARE[name]
        health = share * mental + (1 - share) * (physical + SPILL * mental)
        latent = SPREAD * health + ITEM_NOISE * rng.standard_normal(physical.size)
        highest = len(WEIGHTS[name])
        cuts = CENTRES[name] + STEP * (np.arange(highest) - (highest - 1) / 2)
        levels[:, item] = np.searchsorted(cuts, latent)
    return levels
