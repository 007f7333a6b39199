"""Rounding half up, as SPSS and Excel round and as printed percentages are checked by hand."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dnt_cli.study import Outcome

PERCENT_DECIMALS = 1
_DUST = 9  # decimals beyond which a difference from a half is floating-point dust, not a measurement


def half_up(values: ArrayLike, decimals: ArrayLike) -> NDArray[np.float64]:
    """`values` rounded to `decimals`, halves away from zero; NaN stays NaN.

    Python and numpy round halves to even and see 6.25 as it is stored, so 1 of 16 would print 6.2 instead of 6.3.
    """
    number = np.asarray(values, dtype=np.float64)
    scale = 10.0 ** np.asarray(decimals)
    return np.asarray(np.copysign(np.floor(np.round(np.abs(number) * scale, _DUST) + 0.5) / scale, number) + 0.0)


def decimals_of(outcome: Outcome) -> int:
    """Decimals that a mean of the outcome is worth: one for a scale of ten points or more, two for a shorter one."""
    if outcome.kind == "binary":
        return PERCENT_DECIMALS
    low, high = outcome.range or (0.0, 1.0)
    return 1 if high - low >= 10 else 2
