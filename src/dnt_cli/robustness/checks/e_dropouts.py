"""Check (e): what if those who were not seen did worse than the imputation supposes?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dnt_cli.design import group_indicator
from dnt_cli.effects.rows import Effects
from dnt_cli.messages import Label, message
from dnt_cli.models import ENDPOINT
from dnt_cli.robustness.context import Context, KnownEffects, Measures, NotApplicable, Plan, Reanalysis, does_not_apply
from dnt_cli.robustness.reference import JumpToReference, after_dropout, waves_of
from dnt_cli.robustness.result import SCOPES, SHIFT, ZERO, grid_key
from dnt_cli.robustness.shifted import UNITS, ShiftMissing, imputed_answers, unit_of

_NUMBER = 5  # of this check, for its seeds
_TURNS = 51  # of the random numbers that turn yes/no answers


def plan(context: Context) -> Plan:
    """The grid of shifts, and jump to reference."""
    study, grid = context.study, context.study.robustness.deltas
    columns = imputed_answers(context.data.observed, context.data.sets, study)
    keys = [key for key in study.tested if any(study.columns[name][0] == key for name in columns)]
    tasks = context.all_tasks(keys)
    if not tasks:
        raise does_not_apply("nothing_missing_later")
    treated = group_indicator(context.data.observed, study) == 1
    rows = context.main[context.main["outcome"].isin(keys)]
    planned: list[Reanalysis | KnownEffects | Measures | NotApplicable] = [
        KnownEffects(ZERO, Effects(rows, context.effects.fits.iloc[:0])),
        Measures("e", _units(context, keys)),
    ]
    for scope in SCOPES:
        persons = treated if scope == "intervention" else np.ones(len(treated), dtype=bool)
        for delta in grid:
            view = ShiftMissing(columns, persons, delta, context.spawned(_TURNS))
            label = message(f"robustness.label_{scope}", delta=float(delta)) if delta == grid[-1] else None
            planned.append(Reanalysis(grid_key(scope, delta), tasks, context.source, view=view, label=label))
    return [*planned, *_unshifted(context), _reference(context)]


def _unshifted(context: Context) -> list[NotApplicable]:
    """The outcomes of which a shift has no meaning: counts and classes."""
    others = [key for key in context.keys(ENDPOINT) if context.study.outcomes[key].kind not in UNITS]
    named = [Label("name", key) for key in others]
    return [NotApplicable("e:kinds", message("robustness.no_shift", outcomes=named))] if others else []


def _units(context: Context, keys: list[str]) -> pd.DataFrame:
    """What a shift of one is, per score, in its own units."""
    study, there = context.study, context.keys(ENDPOINT)
    scores = [key for key in keys if study.outcomes[key].kind == "linear" and key in there]
    rows = [
        {"analysis": SHIFT, "model": "e", "outcome": key, "term": "unit",
         "estimate": unit_of(context.data.observed, study, key)}
        for key in scores
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["analysis", "model", "outcome", "term", "estimate"])


def _reference(context: Context) -> Reanalysis | NotApplicable:
    study, wide = context.study, context.data.observed
    treated = group_indicator(wide, study) == 1
    seen = {}
    for key, outcome in study.measured.items():
        columns = [c for c in waves_of(study, key) if c in wide.columns]
        repeated = outcome.kind in ("linear", "binary") and study.has_trend(key) and key not in study.imputation.exclude
        if not repeated or outcome.waves[0] != study.design.baseline or len(columns) < len(outcome.waves):
            continue
        flags = wide[columns].notna().to_numpy()
        enough = min(treated.sum(), (~treated).sum()) > len(columns) + 1
        drawable = outcome.kind == "binary" or _varies(context, columns, treated)
        if enough and after_dropout(flags, treated).any() and drawable:
            seen[key] = flags
    keys = [k for k, o in study.outcomes.items() if k in seen or (o.derive is not None and o.derive.source in seen)]
    tasks = context.all_tasks(keys)
    if not tasks:
        return NotApplicable("e:reference", message("robustness.no_jump"))
    view = JumpToReference(study, seen, context.spawned(_NUMBER))
    label, notes = message("robustness.label_reference"), (message("robustness.jump_conservative"),)
    return Reanalysis("e:reference", tasks, context.source, view=view, label=label, notes=notes)


def _varies(context: Context, columns: list[str], treated: NDArray[np.bool_]) -> bool:
    """Whether the covariances of both groups can be drawn."""
    values = context.data.sets[0][columns].to_numpy(dtype=float)
    ranks = [np.linalg.matrix_rank(np.cov(values[group].T)) for group in (treated, ~treated)]
    return bool(min(ranks) == len(columns))
