"""Check (e): what if those who were not seen did worse than the imputation supposes?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dnt_cli.design import group_indicator
from dnt_cli.effects import Effects
from dnt_cli.imputed.data import plan_columns
from dnt_cli.messages import message
from dnt_cli.robustness.context import Context, KnownEffects, LeftOut, Plan, Reanalysis, does_not_apply
from dnt_cli.robustness.reference import JumpToReference, after_dropout, waves_of

Floats = NDArray[np.float64]

SCOPES = ("intervention", "both")  # in which group drop-outs do worse
ZERO = "e:0"
_NUMBER = 5  # of this check, for its seeds


def grid_key(scope: str, delta: float) -> str:
    """What the `model` column says for one point of the grid; without shift both scopes are the same."""
    return f"e:{scope}:{delta:g}" if delta else ZERO


def plan(context: Context) -> Plan:
    """The grid of shifts, and jump to reference."""
    grid, tasks = context.study.robustness.deltas, context.all_tasks()
    everyone = shifts(context, "both", 1.0)
    if not everyone:
        raise does_not_apply("nothing_missing_later")
    # The same seed at every step, so that only delta differs. Trees take no shift.
    settings = replace(context.settings, method="pmm") if context.settings.method == "forest" else context.settings
    start = context.imputed_again(context.measured, method=settings.method)
    planned: list[Reanalysis | KnownEffects | LeftOut] = []
    if context.repeats(start):
        planned.append(KnownEffects(ZERO, Effects(context.main, context.effects.fits.iloc[:0])))
    else:
        planned.append(Reanalysis(ZERO, tasks, start, label=message("robustness.label_zero")))
    for scope in SCOPES:
        for delta in grid:
            source = context.imputed_again(
                context.measured, method=settings.method, shifts=shifts(context, scope, delta)
            )
            label = message(f"robustness.label_{scope}", delta=float(delta)) if delta == grid[-1] else None
            planned.append(Reanalysis(grid_key(scope, delta), tasks, source, label=label))
    return [*planned, _reference(context)]


def shifts(context: Context, scope: str, delta: float) -> Mapping[str, Floats]:
    """Per imputed column after the baseline what to add, per person, so that persons do worse by delta.

    Delta is in standard deviations of the observed answers for scores and classes, in log-odds for yes/no. All outcomes
    are shifted at once, so what is added to one reaches the others through their imputation models.
    """
    study, wide = context.study, context.measured
    persons = np.ones(len(wide)) if scope == "both" else group_indicator(wide, study)
    waves = study.design.wave_keys
    later = set(waves[waves.index(study.design.baseline) + 1 :])
    found = {}
    for column in plan_columns(study, wide):
        key, wave = study.columns.get(column.name, ("", ""))
        if wave not in later or not wide[column.name].isna().any() or column.method in ("polyreg", "forest"):
            continue
        on_logit = column.kind == "binary" or column.method == "polr"
        size = delta * (1.0 if on_logit else float(wide[column.name].std()))
        if np.isfinite(size):
            found[column.name] = (-size if study.outcomes[key].better == "higher" else size) * persons
    return found


def _reference(context: Context) -> Reanalysis | LeftOut:
    study, wide = context.study, context.data.observed
    treated = group_indicator(wide, study) == 1
    seen = {}
    for key, outcome in study.measured.items():
        columns = [c for c in waves_of(study, key) if c in wide.columns]
        repeated = outcome.kind == "linear" and study.has_trend(key) and key not in study.imputation.exclude
        if not repeated or outcome.waves[0] != study.design.baseline or len(columns) < len(outcome.waves):
            continue
        flags = wide[columns].notna().to_numpy()
        enough = min(treated.sum(), (~treated).sum()) > len(columns) + 1
        if enough and after_dropout(flags, treated).any() and _varies(context, columns, treated):
            seen[key] = flags
    keys = [k for k, o in study.outcomes.items() if k in seen or (o.derive is not None and o.derive.source in seen)]
    tasks = context.all_tasks(keys)
    if not tasks:
        return LeftOut("e:reference", message("robustness.no_jump"))
    view = JumpToReference(study, seen, context.spawned(_NUMBER))
    label = message("robustness.label_reference")
    return Reanalysis("e:reference", tasks, context.source, view=view, label=label)


def _varies(context: Context, columns: list[str], treated: NDArray[np.bool_]) -> bool:
    """Whether the covariances of both groups can be drawn."""
    values = context.data.sets[0][columns].to_numpy(dtype=float)
    ranks = [np.linalg.matrix_rank(np.cov(values[group].T)) for group in (treated, ~treated)]
    return bool(min(ranks) == len(columns))
