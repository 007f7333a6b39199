"""The sign-flip test over matched pairs of sites: exact, whatever the likeness of persons within a site.

Had the intervention done nothing, each pair's difference could as well have had the other sign (Fisher 1935; Rosenbaum
2002, Statistical Science 17, for residuals of a model without the intervention).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import pandas as pd

from dnt_cli.arrays import Floats
from dnt_cli.design import Designs, group_indicator
from dnt_cli.effects.estimators import ESTIMATORS
from dnt_cli.effects.fitting import Options
from dnt_cli.engines import DesignMatrix
from dnt_cli.engines.alike import Alike
from dnt_cli.models import GROUP, Model
from dnt_cli.study import Study

LEAST_PAIRS = 5
"""The smallest p-value of five pairs is 2 / 2^5 = .06, so with fewer none could get a mark."""
_MOST_EXACT = 16  # pairs; beyond it sign patterns are drawn
_DRAWS = 65_536


def sign_flip(differences: Floats) -> float:
    """The two-sided p-value of the mean difference over pairs, among all patterns of their signs.

    Args:
        differences: (k,) intervention minus comparison, per pair.
    """
    k = len(differences)
    if k <= _MOST_EXACT:
        signs = np.array(list(product((1.0, -1.0), repeat=k)))
    else:
        signs = np.random.default_rng(k).choice((1.0, -1.0), size=(_DRAWS, k))
        signs[0] = 1.0  # what was observed is one of the patterns
    size = np.abs(signs @ differences)
    # Patterns that are equal but for rounding count as equal.
    return float((size >= abs(differences.sum()) * (1 - 1e-9)).mean())


def complete_pairs(wide: pd.DataFrame, study: Study) -> list[str]:
    """The pairs with persons in both groups, sorted."""
    pair, treated = wide[str(study.design.pair)], group_indicator(wide, study) == 1
    return sorted(set(pair[treated].dropna()) & set(pair[~treated].dropna()))


def pooled_differences(sets: Sequence[pd.DataFrame], study: Study, model: Model, pairs: Sequence[str]) -> Floats | None:
    """(k,) per pair the mean residual of the intervention site minus that of the comparison site, over imputations.

    Residuals are those of the endpoint model without the group. None where that model has no usable fit.
    """
    found = [_differences(wide, study, model, pairs) for wide in sets]
    known = [own for own in found if own is not None]
    return np.mean(known, axis=0) if len(known) == len(found) else None


def _differences(wide: pd.DataFrame, study: Study, model: Model, pairs: Sequence[str]) -> Floats | None:
    design = Designs(wide, study).build(model)
    if len(design.response) < len(wide):
        return None  # somebody misses what the model needs
    kept = [j for j, term in enumerate(design.terms) if term != GROUP]
    terms = tuple(design.terms[j] for j in kept)
    without = DesignMatrix(design.response, design.matrix[:, kept], terms, None)
    estimator = ESTIMATORS[model.kind(study)]
    (fit,) = estimator.endpoint([without], Options())
    if not fit.status.usable:
        return None
    residual = estimator.residual(Alike.of([without], [0]), [fit])[0]
    pair, treated = wide[str(study.design.pair)].to_numpy(), group_indicator(wide, study) == 1
    own = [[residual[(pair == name) & arm].mean() for arm in (treated, ~treated)] for name in pairs]
    differences: Floats = np.array([intervention - comparison for intervention, comparison in own])
    return differences
