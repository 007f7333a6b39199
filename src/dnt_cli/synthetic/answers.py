"""Answers to every item whose scores are those of the example.

A score leaves the items open: they are drawn around its mean per item, so that the items of a scale hang together, and
then moved until their sum is the score.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from dnt_cli.arrays import Floats, Integers
from dnt_cli.study import Instrument, Scale
from dnt_cli.synthetic.frame import Survey
from dnt_cli.synthetic.latent import stream
from dnt_cli.synthetic.plan import WAVES
from dnt_cli.synthetic.scales import round_to_sum
from dnt_cli.synthetic.sf12 import ITEMS as SF12_ITEMS
from dnt_cli.synthetic.sf12 import raw_answers

SPREAD = 0.22  # of the answers of one person to one scale, as a part of the range
# Rung of the ladder -> the questions answered with yes. Somebody on rung 5 has one of the four kinds of support.
STEPS: dict[int, tuple[str, ...]] = {
    1: (), 2: ("social",), 3: ("organised", "social"), 4: ("unpaid_work", "social"), 5: ("contract",), 6: ("contract",)
}  # fmt: skip
SUPPORT = ("benefit", "guidance", "sheltered", "instrument")


def with_items(survey: Survey, instruments: Mapping[str, Instrument], seed: int) -> pd.DataFrame:
    """The survey with the items of the instruments in the place of their scores."""
    frame = survey.frame()
    columns: dict[str, Floats] = {}
    scores: list[str] = []
    for key, instrument in instruments.items():
        codes = np.full((len(frame), len(instrument.item_names)), np.nan)
        for name, scale in instrument.used_scales.items():
            outcome = scale.outcome or f"{key}_{name}"
            scores.append(outcome)
            rule = instrument.rule(scale)
            if rule in ("sum", "mean"):
                place = [instrument.item_names.index(item) for item in instrument.scale_items(scale)]
                rng = stream(seed, f"items {outcome}")
                codes[:, place] = _scale_items(frame[outcome].to_numpy(dtype=float), instrument, scale, rng)
            elif rule == "decision":
                codes = _ladder(frame[outcome].to_numpy(dtype=float), instrument.item_names, stream(seed, "rungs"))
        if instrument.item_names == SF12_ITEMS:
            codes = _sf12(survey, frame)
        shift = 0.0
        if instrument.coding is not None:
            shift = instrument.codings[instrument.coding] - instrument.limits(instrument.item_names[0])[0]
        columns |= {column: codes[:, i] + shift for i, column in enumerate(instrument.column_names.values())}
    return pd.concat([frame.drop(columns=scores), pd.DataFrame(columns, index=frame.index)], axis=1)


def _scale_items(score: Floats, instrument: Instrument, scale: Scale, rng: np.random.Generator) -> Floats:
    """Answers, shape (n, items), whose sum or mean is the score; NaN where it is missing."""
    items = instrument.scale_items(scale)
    low, high = instrument.scored_limits(items[0])
    total = np.round(score * (len(items) if instrument.rule(scale) == "mean" else 1))
    noise = rng.standard_normal((score.size, len(items))) * SPREAD * (high - low)
    easy = rng.normal(0, SPREAD * (high - low) / 2, len(items))  # some items are agreed with more than others
    out = np.full((score.size, len(items)), np.nan)
    there = ~np.isnan(score)
    values = total[there, None] / len(items) + noise[there] + easy
    wanted = zip(_shifted(values, total[there], low, high), total[there], strict=True)
    scored = np.array([round_to_sum(row, int(sum_)) for row, sum_ in wanted])
    out[there] = _codes(scored, items, instrument, rng)
    return out


def _shifted(values: Floats, total: Floats, low: float, high: float) -> Floats:
    """`values`, shape (n, items), each row shifted and kept between `low` and `high` so that it adds to its total."""
    left, right = low - values.max(axis=1), high - values.min(axis=1)
    for _ in range(60):
        middle = (left + right) / 2
        short = np.clip(values + middle[:, None], low, high).sum(axis=1) < total
        left, right = np.where(short, middle, left), np.where(short, right, middle)
    return np.asarray(np.clip(values + right[:, None], low, high) - 1e-9)


def _codes(scored: Integers, items: tuple[str, ...], instrument: Instrument, rng: np.random.Generator) -> Floats:
    """Answers that are scored so, shape (n, items); where several are, the weakest is the likeliest."""
    out = scored.astype(np.float64)
    for i, item in enumerate(items):
        if item in instrument.reversed_items:
            out[:, i] = sum(instrument.scored_limits(item)) - out[:, i]
        recoding = instrument.recoding(item)
        value = out[:, i].copy()
        for new in sorted(set(recoding or ())):
            codes = np.flatnonzero(np.asarray(recoding) == new)
            weights = 0.5 ** np.arange(codes.size)
            drawn = rng.choice(codes, p=weights / weights.sum(), size=len(out))
            out[:, i] = np.where(value == new, instrument.limits(item)[0] + drawn, out[:, i])
    return out


def _ladder(rung: Floats, items: tuple[str, ...], rng: np.random.Generator) -> Floats:
    out = np.full((rung.size, len(items)), np.nan)
    for row in np.flatnonzero(~np.isnan(rung)):
        yes = set(STEPS[int(rung[row])])
        if rung[row] == 5:
            yes.add(SUPPORT[rng.integers(len(SUPPORT))])
        out[row] = [item in yes for item in items]
    return out


def _sf12(survey: Survey, frame: pd.DataFrame) -> Floats:
    """The answers that the SF-12 scores of the example were made from, in the order of its rows."""
    answers = np.full((survey.people.group.size, len(WAVES), len(SF12_ITEMS)), np.nan)
    answered = ~np.isnan(survey.outcomes["sf12_mental"])
    for g, wave, who in survey.cells(answered):
        answers[who, wave] = raw_answers(survey.sf12_levels[g, wave])
    rows = survey.rows()
    assert len(rows[0]) == len(frame)
    return np.asarray(answers[rows])
