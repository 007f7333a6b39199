"""A study of counts and ordered classes, and answers to it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.support.studies import study_text

KINDS_STUDY = study_text(
    {
        "creditors": {"label": "Number of creditors", "kind": "count", "better": "lower"},
        "children": {"kind": "count", "range": [0, 6]},
        "ends": {"label": "Making ends meet", "kind": "ordinal", "range": [1, 5]},
    },
    covariates={"age": {"kind": "continuous"}},
    design={"site": "site"},
    models={"controls": ["age"], "ladder": [["age"]]},
)
"""`creditors` scatter more than Poisson's, `children` less; `ends` has proportional odds."""


def answers(seed: int = 1, n: int = 160, effect: float = 0.5) -> pd.DataFrame:
    """A complete wide table: fewer creditors and higher classes in the intervention group after T0."""
    rng = np.random.default_rng(seed)
    site = np.arange(n) % 16
    frame = pd.DataFrame({"id": [f"p{i:03d}" for i in range(n)], "site": [f"s{s:02d}" for s in site]})
    treated = site % 2
    frame["group"] = pd.Categorical(np.where(treated, "i", "c"), ["c", "i"])
    frame["age"] = rng.normal(40, 8, n)
    person = rng.normal(size=n)
    for place, wave in enumerate(("T0", "T1", "T2")):
        push = effect * treated * place / 2
        mean = np.exp(1.2 + 0.4 * person - push)
        frame[f"creditors_{wave}"] = rng.poisson(mean * rng.gamma(2.0, 0.5, n)).astype(float)
        frame[f"children_{wave}"] = rng.binomial(6, 1 / (1 + np.exp(0.8 - 0.2 * person))).astype(float)
        latent = person + 2 * push + rng.logistic(size=n)
        frame[f"ends_{wave}"] = 1.0 + np.searchsorted([-1.5, -0.4, 0.6, 1.8], latent)
    return frame
