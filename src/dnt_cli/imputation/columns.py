"""What an imputation is asked to do: the columns that take part and the settings of the run.

Nothing here knows a study; whoever calls says which columns there are, of which kind, and how they hang together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["continuous", "binary", "ordinal", "categorical"]
Method = Literal["pmm", "norm", "logreg", "polyreg", "polr", "forest"]


@dataclass(frozen=True, slots=True)
class ModelColumn:
    """One column of the table to impute.

    Attributes:
        name: the column's name in the frame.
        kind: `binary` is 0/1, `ordinal` numeric codes, `categorical` a pandas Categorical.
        levels: level names of a categorical column, in their order; empty: those of the data.
        lower: smallest value that can exist.
        upper: largest value that can exist.
        always: columns always among its predictors, most important first.
        never: columns never among its predictors, such as those derived from it.
        conditional_on: a binary column; where that is 0 this one is 0, and its model is fitted where that is 1.
        method: overrides the method that follows from `kind` and the settings.
        impute: False: never imputed, and a predictor only if complete.
        series: what several columns measure at different times, such as the key of an outcome; empty: once only.
        occasion: the time of this column in its series.
    """

    name: str
    kind: Kind
    levels: tuple[str, ...] = ()
    lower: float | None = None
    upper: float | None = None
    always: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    conditional_on: str | None = None
    method: Method | None = None
    impute: bool = True
    series: str = ""
    occasion: int = 0


@dataclass(frozen=True, slots=True)
class Settings:
    """How to impute.

    Attributes:
        m: number of completed data sets.
        method: `pmm` or `norm` for scores, with logistic draws for categories; or `forest` (miceforest).
        iterations: rounds through all columns.
        seed: the stream of imputation i depends on this and on i alone.
        max_predictors: most predictors in a column's model, dummies counted; None: persons / 9,
            at most 60.
        min_correlation: a column is a predictor if its absolute correlation with the values, or with being observed,
            reaches this (quickpred's `mincor`).
        min_usable: a column is a predictor if it is observed for this share of the persons whose value is missing
            (quickpred's `minpuc`).
        donors: size of the pool in predictive mean matching.
        local_residuals: `pmm` imputes the drawn prediction plus the donor's residual (local residual draws, Schenker
            and Taylor 1996), put at the nearest observed value, instead of the donor's value.
        blocks: `auto`: columns of one series with three or more occasions are imputed together, as a person block;
            `off`: every column by a model of its own. Never with `forest`, nor where each group is imputed by itself.
        sites: `auto`: a person block has a random intercept per site, where the caller gives eight or more sites;
            `off`: none.
        sweeps: Gibbs steps of each block in a round after the first.
        prior_scale: SD of the normal prior of a logistic coefficient, per SD of its predictor.
        skew: centre the draws of logistic models at the posterior mean instead of the mode (`posterior_mean`).
        by_group: impute each group by itself; None: yes for `forest`, no for the others.
        group_interactions: add group x predictor for each predictor.
    """

    m: int
    method: Literal["pmm", "norm", "forest"] = "pmm"
    iterations: int = 10
    seed: int = 1
    max_predictors: int | None = None
    min_correlation: float = 0.1
    min_usable: float = 0.25
    donors: int = 5
    local_residuals: bool = True
    blocks: Literal["auto", "off"] = "auto"
    sites: Literal["auto", "off"] = "auto"
    sweeps: int = 3
    prior_scale: float = 2.5
    skew: bool = True
    by_group: bool | None = None
    group_interactions: bool = False

    @property
    def stratified(self) -> bool:
        """Whether each group is imputed by itself."""
        return self.method == "forest" if self.by_group is None else self.by_group
