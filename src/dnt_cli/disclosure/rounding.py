"""Percentages and means with as many decimals as the number of persons carries."""

from __future__ import annotations

import math
import re

from dnt_cli.description.rounding import half_up
from dnt_cli.tables import Cell, Counts
from dnt_cli.wording import Wording

_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")


def carried(n: float, *, percent: bool) -> int:
    """Decimals of a mean of n persons, or of a percentage: one person more or less is no smaller than the last."""
    digits = max(0, math.floor(math.log10(n))) if n >= 1 else 0
    return max(0, digits - 2) if percent else digits


def rounded(cell: Cell, wording: Wording) -> Cell:
    """The cell with fewer decimals, and without the number behind the text that has every digit.

    What is not a percentage, a mean with its standard deviation, or a difference of two of these, stays as it is shown.
    """
    plain = Cell(cell.text, cell.tone, None, cell.counts)
    figures = [] if cell.counts is None else _figures(cell.counts)
    numbers = [(m, float(m[0].replace(",", "."))) for m in _NUMBER.finditer(cell.text)]
    if not figures or not numbers:
        return plain
    text = cell.text
    for match, shown in reversed(numbers):
        decimals = len(re.split("[.,]", match[0])[1]) if re.search("[.,]", match[0]) else 0
        found = _exact(shown, decimals, figures)
        if found is not None and found[1] < decimals:
            value, fewer = found
            new = wording.number(value, fewer, sign=match[0][0] == "+" or (match[0][0] == "-" and len(figures) > 1))
            text = text[: match.start()] + new + text[match.end() :]
    return Cell(text, cell.tone, None, cell.counts)


def _figures(counts: Counts) -> list[tuple[float, int]]:
    """The percentages, means and standard deviations that a number is made of, and the decimals that they carry."""
    found = [
        (100 * part.some.n / part.whole.n, carried(part.whole.n, percent=True)) for part in counts.parts if part.whole.n
    ]
    squares = {(own.what, own.of): own.total / own.of.n for own in counts.totals if own.power == 2 and own.of.n}
    for own in counts.totals:
        if own.power == 1 and own.of.n:
            n, value, decimals = own.of.n, own.total / own.of.n, carried(own.of.n, percent=False)
            found.append((value, decimals))
            if (own.what, own.of) in squares and n > 1:
                variance = (squares[own.what, own.of] - value**2) * n / (n - 1)
                found.append((math.sqrt(max(0.0, variance)), decimals))
    return found


def _exact(shown: float, decimals: int, figures: list[tuple[float, int]]) -> tuple[float, int] | None:
    """The figure, the rest of it to 100, or the difference of two, that was shown; rounded to what it carries."""
    near = 0.6 * 10.0**-decimals
    for value, fewer in figures:
        for own in (value, 100 - value):
            if abs(own - shown) <= near:
                return float(half_up(own, fewer)), fewer
    if len(figures) < 2:
        return None
    (first, one), (second, two) = figures[0], figures[-1] if len(figures) == 2 else figures[len(figures) // 2]
    fewer = min(one, two)
    for a, b in ((first, second), (second, first)):
        if abs(a - b - shown) <= 2 * near:
            return float(half_up(a, fewer)) - float(half_up(b, fewer)), fewer
    return None
