"""From items to scores: sums, means, weighted sums, norm-based scores and decision rules, on arrays.

Arrays of answers have a row per person and wave and a column per item; NaN is an unanswered item.
"""

from __future__ import annotations

import numpy as np

from dnt_cli.arrays import Floats
from dnt_cli.study.instruments import DecisionStep, Instrument, NormedScale, Scale, names

_DUST = 6  # decimals of the last digit beyond which a difference from a half is rounding of the computer
_SPREAD = 10.0  # standard deviation of norm-based scores


def scored_items(answers: Floats, instrument: Instrument) -> Floats:
    """Answers within their range as the scoring rule wants them: recoded, then turned round.

    Args:
        answers: Shape (n, items), whole numbers within `instrument.limits`.
        instrument: The questionnaire.

    Returns:
        The same shape.
    """
    out = answers.copy()
    for i, item in enumerate(instrument.item_names):
        new = instrument.recoding(item)
        if new is not None:
            known = ~np.isnan(out[:, i])
            position = (out[known, i] - instrument.limits(item)[0]).astype(np.intp)
            out[known, i] = np.asarray(new)[position]
        if item in instrument.reversed_items:
            low, high = instrument.scored_limits(item)
            out[:, i] = low + high - out[:, i]
    return out


def scale_score(items: Floats, instrument: Instrument, scale: Scale) -> Floats:
    """The scores of one scale, shape (n,), NaN where too much is unanswered.

    Args:
        items: Scored items, shape (n, items of the instrument).
        instrument: The questionnaire.
        scale: One of its scales.
    """
    chosen = items[:, _positions(instrument, instrument.scale_items(scale))]
    rule = instrument.rule(scale)
    if rule == "weighted":
        score = _weighted(chosen, instrument, scale)
    elif rule == "norm":
        score = _norm(items, instrument, scale)
    elif rule == "decision":
        score = _decision(items, instrument, scale)
    else:
        score = _averaged(chosen, instrument.gaps(scale), of_all=rule == "sum")
    decimals = instrument.decimals if scale.decimals is None else scale.decimals
    return score if decimals is None else rounded(score, decimals)


def rounded(score: Floats, decimals: int) -> Floats:
    """Rounded half up, as SPSS does."""
    shift = 10.0**decimals
    return np.asarray(np.floor(np.round(score * shift, _DUST) + 0.5) / shift)


def _positions(instrument: Instrument, items: tuple[str, ...]) -> list[int]:
    place = {item: i for i, item in enumerate(instrument.item_names)}
    return [place[item] for item in items]


def _averaged(items: Floats, max_missing: int, *, of_all: bool) -> Floats:
    """The mean of the answered items, times their number for a sum; NaN with more than `max_missing` unanswered."""
    answered = np.count_nonzero(~np.isnan(items), axis=1)
    total = np.nansum(items, axis=1)
    enough = (answered >= items.shape[1] - max_missing) & (answered > 0)
    # Times first, so that the sum of complete answers stays the whole number it is.
    score = total * items.shape[1] / np.maximum(answered, 1) if of_all else total / np.maximum(answered, 1)
    return np.where(enough, score, np.nan)


def _weighted(items: Floats, instrument: Instrument, scale: Scale) -> Floats:
    """A constant plus a weight per item and level; every item is needed."""
    score = np.full(len(items), scale.constant)
    for i, item in enumerate(instrument.scale_items(scale)):
        weights = np.append(scale.weights[item], np.nan)  # the last one for unanswered items
        low = instrument.scored_limits(item)[0]
        score += weights[np.where(np.isnan(items[:, i]), len(weights) - 1, items[:, i] - low).astype(np.intp)]
    return score


def _norm(items: Floats, instrument: Instrument, scale: Scale) -> Floats:
    """Parts of 0 to 100, standardised on the norm population, times their coefficients; every item is needed."""
    score = np.zeros(len(items))
    for name, coefficient in scale.coefficients.items():
        part = instrument.parts[name]
        score += coefficient * (_percentage(items, instrument, part) - part.mean) / part.sd
    return scale.constant + _SPREAD * score


def _percentage(items: Floats, instrument: Instrument, part: NormedScale) -> Floats:
    chosen = names(part.items)
    limits = np.array([instrument.scored_limits(item) for item in chosen]).sum(axis=0)
    total: Floats = items[:, _positions(instrument, chosen)].sum(axis=1)
    return np.asarray(100 * (total - limits[0]) / (limits[1] - limits[0]))


def _decision(items: Floats, instrument: Instrument, scale: Scale) -> Floats:
    """The value of the first step that holds.

    Conditions are true, false or open (a question is unanswered and the others do not settle it). Where a step is open,
    so is the score: what is known of lower steps is a lower bound only.
    """
    score = np.full(len(items), np.nan if scale.otherwise is None else scale.otherwise)
    undecided = np.ones(len(items), dtype=np.bool_)
    for step in scale.steps:
        holds = _holds(items, instrument, step)
        score[undecided & (holds == 1)] = step.value
        score[undecided & np.isnan(holds)] = np.nan
        undecided &= holds == 0
    return score


def _holds(items: Floats, instrument: Instrument, step: DecisionStep) -> Floats:
    """1, 0 or NaN per row, by the three-valued logic of Kleene: `and` is the minimum and `or` the maximum."""
    parts = []
    if step.all:
        parts.append(_least(items[:, _positions(instrument, names(step.all))]))
    if step.any:
        parts.append(1 - _least(1 - items[:, _positions(instrument, names(step.any))]))
    if step.none:
        parts.append(_least(1 - items[:, _positions(instrument, names(step.none))]))
    return _least(np.column_stack(parts))


def _least(values: Floats) -> Floats:
    """0 where any is 0, else NaN where any is unknown, else 1."""
    return np.where((values == 0).any(axis=1), 0.0, np.where(np.isnan(values).any(axis=1), np.nan, 1.0))
