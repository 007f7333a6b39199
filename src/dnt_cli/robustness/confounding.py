"""How strong something unmeasured would have to be to explain an effect away.

E-values: VanderWeele and Ding (2017), Annals of Internal Medicine 167. Robustness values, and bounds by an observed
control: Cinelli and Hazlett (2020), Journal of the Royal Statistical Society B 82.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dnt_cli.arrays import Floats
from dnt_cli.engines import DesignMatrix

RARE = 0.15
"""Below this share of events an odds ratio is taken for a risk ratio, above it its square root is."""


def risk_ratio_of(odds_ratio: float, share: float) -> float:
    """The risk ratio that goes with an odds ratio, given the share of persons with the event (VanderWeele 2017)."""
    return odds_ratio if share < RARE else float(np.sqrt(odds_ratio))


def e_value(ratio: float) -> float:
    """The least risk ratio that an unmeasured cause must have with both group and outcome to explain a ratio."""
    own = max(ratio, 1.0 / ratio)
    return float(own + np.sqrt(own * (own - 1.0)))


def e_value_of_limit(low: float, high: float) -> float:
    """The same for the limit nearest to one: to make the interval hold it; 1 where it does already."""
    if low <= 1.0 <= high:
        return 1.0
    return e_value(low if low > 1.0 else high)


def robustness_value(strength: float, needed: float = 0.0) -> float:
    """The share of the residual variance of group and outcome that an unmeasured cause must explain, at least, of both.

    Args:
        strength: |t| / sqrt(df) of the effect: Cohen's partial f.
        needed: What is left of it when the effect is explained away; for one that is just not significant the critical
            value over sqrt(df - 1).
    """
    f = strength - needed
    if f <= 0:
        return 0.0
    equal = 0.5 * (np.sqrt(f**4 + 4 * f**2) - f**2)
    # With much needed, a cause that explains all of the outcome needs less of the group.
    if needed > 0 and f > 1.0 / needed:
        return float((strength**2 - needed**2) / (1.0 + strength**2))
    return float(equal)


def explained(strength_outcome: float, strength_group: float, error: float, df: float) -> float:
    """The part of an estimate that an omitted cause accounts for.

    Args:
        strength_outcome: Partial R2 of the cause with the outcome, given group and controls.
        strength_group: Partial R2 of the cause with the group, given controls.
        error: Standard error of the estimate.
        df: Residual degrees of freedom.
    """
    return float(np.sqrt(strength_outcome * strength_group / (1.0 - strength_group)) * error * np.sqrt(df))


def as_strong_as(outcome: float, group: float) -> tuple[float, float]:
    """The partial R2 with outcome and group of a cause once as strong as a control of these partial R2.

    Returns:
        With the outcome, at most 1, and with the group; (1, 1) where the control tells the groups apart by itself.
    """
    with_group = group / (1.0 - group) if group < 0.5 else 1.0
    if with_group >= 1.0:
        return 1.0, 1.0
    shared = group**2 / ((1.0 - group) * (1.0 - group))
    with_outcome = ((1.0 + np.sqrt(shared)) / np.sqrt(1.0 - shared)) ** 2 * outcome / (1.0 - outcome)
    return float(min(with_outcome, 1.0)), float(with_group)


@dataclass(frozen=True, slots=True)
class Strength:
    """How strongly a control is tied to the outcome and to the group, as partial R2."""

    outcome: float
    group: float


def strengths(design: DesignMatrix, group: str, controls: dict[str, list[str]]) -> dict[str, Strength]:
    """Per control its partial R2 with the outcome, given group and the others, and with the group, given the others.

    Args:
        design: Of least squares.
        group: Its term of the group.
        controls: Control -> its terms.
    """
    place = design.terms.index(group)
    others = [j for j in range(len(design.terms)) if j != place]
    left = (_rest(design.matrix, design.response), _rest(design.matrix[:, others], design.matrix[:, place]))
    found = {}
    for control, terms in controls.items():
        out = {design.terms.index(term) for term in terms}
        without = [
            _rest(design.matrix[:, [j for j in columns if j not in out]], response)
            for columns, response in (
                (range(len(design.terms)), design.response),
                (others, design.matrix[:, place]),
            )
        ]
        found[control] = Strength(*(1.0 - a / b for a, b in zip(left, without, strict=True)))
    return found


def _rest(matrix: Floats, response: Floats) -> float:
    """The residual sum of squares."""
    basis = np.linalg.qr(matrix)[0]
    return float(np.square(response - basis @ (basis.T @ response)).sum())
