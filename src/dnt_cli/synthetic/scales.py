"""Scale scores that items can produce: integer sums with a given total, and 4DKL scores within their class."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dnt_cli.arrays import Floats, Integers
from dnt_cli.synthetic.latent import ranked

# Lowest score of each class and the highest of all. No distress score is 10: the report's band starts at 10 and the
# instrument's at 11, and both readings must give the same class.
DKL_CLASSES: dict[str, tuple[tuple[int, int], ...]] = {
    "dkl_distress": ((0, 9), (11, 20), (21, 32)),
    "dkl_depression": ((0, 2), (3, 5), (6, 12)),
    "dkl_anxiety": ((0, 3), (4, 9), (10, 24)),
    "dkl_somatisation": ((0, 10), (11, 20), (21, 32)),
}


def round_to_sum(values: Floats, total: int) -> Integers:
    """Whole numbers that add to `total`, each next to its value (largest remainder); sum(values) must be near total."""
    whole = np.floor(values).astype(np.int64)
    short = total - int(whole.sum())
    if not 0 <= short <= whole.size:
        raise ValueError("values do not add up to the total")
    whole[np.argsort(whole - values, kind="stable")[:short]] += 1
    return whole


def bounded_scores(score: Floats, mean: float, spread: float, bounds: tuple[int, int]) -> Integers:
    """Whole-number scores in the order of `score`, inside `bounds`, with a mean as near `mean` as can be."""
    low, high = bounds
    total = round(mean * score.size)
    centred = (score - score.mean()) / score.std() * spread
    shift = _reaching(total, lambda x: np.clip(centred + x, low, high).sum(), -float(high), float(2 * high))
    return round_to_sum(np.clip(centred + shift, low, high) - 1e-9, total)


def skewed_scores(score: Floats, mean: float, zero_share: float, highest: int) -> Integers:
    """Whole-number scores from 0 to `highest`, mostly zero with a long tail, with a mean as near `mean` as can be."""
    total = round(mean * score.size)
    above = ranked(score) - zero_share
    shape = np.where(above > 0, above * above, 0.0)
    steep = _reaching(total, lambda x: np.minimum(shape * x, highest).sum(), 0.0, 1e6)
    return round_to_sum(np.maximum(np.minimum(shape * steep, highest) - 1e-9, 0.0), total)


def _reaching(total: int, sum_at: Callable[[float], float], left: float, right: float) -> float:
    """Where a sum that grows from `left` to `right` reaches the total."""
    for _ in range(80):
        middle = (left + right) / 2
        left, right = (middle, right) if sum_at(middle) < total else (left, middle)
    return right


def scores_within_classes(scale: str, category: Integers, score: Floats) -> Integers:
    """4DKL scores per person: spread over the class in the order of `score`, thinning out towards the extremes."""
    out = np.empty(category.size, dtype=np.int64)
    for number, (low, high) in enumerate(DKL_CLASSES[scale]):
        here = category == number
        share = ranked(score[here])
        if number == 2:
            share = share * share
        out[here] = low + np.floor(share * (high - low + 1)).astype(np.int64)
    return out
