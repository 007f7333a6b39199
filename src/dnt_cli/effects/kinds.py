"""Kinds of effect as a table: which columns hold each, how it is shown and what is said of it.

A kind is what the `kind` column of a result says: the kind of the outcome, or `probability` for a trend on that scale.
What estimates each stands in `effects.estimators`, under the same names.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EffectKind:
    """How effects of one kind are shown.

    Attributes:
        scale: Word, in `common`, for what is shown.
        columns: Of the rows, the estimate and the standard error that are shown.
        ratio: Prefix of the columns with the exponential of the effect; empty where it is a difference.
        family: Kinds of one family stand in one table of a report; its title is a word in `common`.
        factor: By which the columns are multiplied when shown.
        decimals: When shown.
        yes_no: The response is 0 or 1, so that events are counted.
        standardised: Betas, and the effect in standard deviations, mean something.
        integrated: The trend takes an integral over the random intercept, by quadrature.
        least_axis: Half the width, at least, of an axis in a figure; of a ratio that of its logarithm.
        endpoint_notes: Words, in `effects`, that explain the estimate under a table; empty where it depends.
        trend_notes: The same for trends.
    """

    scale: str
    columns: tuple[str, str]
    ratio: str = ""
    family: str = "linear"
    factor: int = 1
    decimals: int = 2
    yes_no: bool = False
    standardised: bool = False
    integrated: bool = False
    least_axis: float = 0.05
    endpoint_notes: tuple[str, ...] = ()
    trend_notes: tuple[str, ...] = ()

    @property
    def none(self) -> float:
        """What is shown where there is no effect."""
        return 1.0 if self.ratio else 0.0


def _ratio(
    name: str, family: str, endpoint_notes: tuple[str, ...], trend_notes: tuple[str, ...], *, yes_no: bool = False
) -> EffectKind:
    """Effects that are exponentials of coefficients; the axis of a figure reaches to exp(0.4) at least."""
    return EffectKind(
        name, (name, f"{name}_se"), name, family, yes_no=yes_no, integrated=True, least_axis=0.4,
        endpoint_notes=endpoint_notes, trend_notes=trend_notes,
    )  # fmt: skip


KINDS: dict[str, EffectKind] = {
    "binary": _ratio("odds_ratio", "binary", ("rate", "marginal_note"), ("rate_trend", "marginal_trend"), yes_no=True),
    "linear": EffectKind("beta", ("beta", "beta_se"), standardised=True),
    "probability": EffectKind(
        "marginal", ("estimate", "std_error"), family="binary", factor=100, decimals=1, standardised=True,
        least_axis=1.0, endpoint_notes=("probability_note",), trend_notes=("probability_note",),
    ),
    "count": _ratio("rate_ratio", "count", ("rate_ratio",), ("rate_ratio_trend",)),
    "ordinal": _ratio("odds_ratio", "ordinal", ("higher_class",), ("higher_class_trend",)),
}  # fmt: skip
"""In the order in which figures have them."""

RATIOS = tuple(dict.fromkeys(kind.ratio for kind in KINDS.values() if kind.ratio))
"""Prefixes of the columns with exponentials of effects."""
