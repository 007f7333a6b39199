"""`forest`: miceforest with settings that are honest in a small sample (see `PARAMETERS`).

One kernel per imputation, one thread per kernel: imputation i depends on its own seed alone.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dnt_cli.errors import EngineError
from dnt_cli.imputation.chained import Filled
from dnt_cli.imputation.columns import Settings
from dnt_cli.imputation.encoding import EncodedTable, Event
from dnt_cli.imputation.predictors import Selector, build_design
from dnt_cli.packages import install_command, package_version
from dnt_cli.sentences import say

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

PARAMETERS: Mapping[str, float | int | str] = {
    "boosting": "gbdt",
    "num_iterations": 40,
    "learning_rate": 0.2,
    "num_leaves": 2,
    "max_depth": 1,
    "min_data_in_leaf": 5,
    "bagging_fraction": 0.5,
    "bagging_freq": 100_000,
    "feature_fraction_bynode": 1.0,
    "lambda_l2": 0.5,
}
"""LightGBM parameters of `forest`: forty boosted stumps, each model on one half of the persons.

In simulations at N = 136 these were the least biased of some fourteen sets tried (validation/README.md). One
subsample for all stumps of a model (`bagging_freq` larger than the number of stumps) is what makes the models, and so
the imputations, vary as much as they should.
"""
_UNUSABLE_LIGHTGBM = (4, 7)  # from this version on miceforest 6.0.5 crashes


@dataclass(frozen=True, slots=True)
class ForestPlan:
    """What one process needs.

    Attributes:
        values: (K, n), NaN where to be imputed.
        classes: per column index the codes that occur, for columns that are categories to LightGBM.
        schema: per incomplete column index the indices of its predictors.
        settings: how.
    """

    values: Array
    classes: Mapping[int, Array]
    schema: Mapping[int, tuple[int, ...]]
    settings: Settings


def load_miceforest() -> Any:
    """The miceforest module.

    Raises:
        EngineError: it, LightGBM, or LightGBM's OpenMP library is not there, or LightGBM is too new for it.
    """
    how = install_command("miceforest", "lightgbm")
    try:
        import miceforest
    except ImportError as error:
        raise EngineError(say("forest_missing", install=how)) from error
    except OSError as error:
        raise EngineError(say("forest_openmp")) from error
    found = package_version("lightgbm") or ""
    if tuple(int(part) for part in re.findall(r"\d+", found)[:2]) >= _UNUSABLE_LIGHTGBM:
        raise EngineError(say("forest_version", version=found, install=how))
    return miceforest


def make_forest_plan(
    table: EncodedTable, settings: Settings, positions: Sequence[int]
) -> tuple[ForestPlan, dict[int, tuple[str, ...]], list[Event]]:
    """Plan the imputation of the columns at `positions` by trees.

    Returns:
        the plan; per column index the names of its predictors; what the analyst should know.
    """
    selector = Selector(table, build_design(table), settings)
    schema, names, events = {}, {}, []
    for position in positions:
        chosen, _, notes = selector.choose(position, np.flatnonzero(~np.isnan(table.values[position])))
        # A model needs a predictor; a column that correlates with none gets the group, constant or not.
        schema[position] = tuple(chosen) or (table.group,)
        names[position] = tuple(table.columns[p].name for p in chosen)
        events += notes
    categories = {
        p: np.unique(table.values[p][~np.isnan(table.values[p])])
        for p, column in enumerate(table.columns)
        if column.kind in ("binary", "categorical")
    }
    return ForestPlan(table.values, categories, schema, settings), names, events


def run_forest(plan: ForestPlan, streams: Sequence[np.random.SeedSequence]) -> dict[int, Filled]:
    """Impute once per stream; per column index what it gives."""
    runs = [_run(plan, int(stream.generate_state(1)[0])) for stream in streams]
    filled = {}
    for p in plan.schema:
        values = np.array([run[p] for run in runs])  # (c, iterations, u)
        deviation = values.std(axis=2, ddof=min(1, values.shape[2] - 1))
        filled[p] = Filled(values[:, -1], values.mean(axis=2), deviation)
    return filled


def _frame(plan: ForestPlan) -> pd.DataFrame:
    """The columns as miceforest takes them: safe names, categories for classes, a plain index."""
    import pandas as pd

    used = sorted({*plan.schema, *(p for predictors in plan.schema.values() for p in predictors)})
    data: dict[str, Any] = {}
    for position in used:
        values = plan.values[position]
        if position in plan.classes:
            codes = np.where(np.isnan(values), -1, np.searchsorted(plan.classes[position], values))
            categories = pd.Index(np.arange(plan.classes[position].size))
            data[f"c{position}"] = pd.Categorical.from_codes(codes.astype(np.int64), categories=categories)
        else:
            data[f"c{position}"] = values
    return pd.DataFrame(data)


def _run(plan: ForestPlan, seed: int) -> dict[int, list[Array]]:
    """Per column index its imputed values after each iteration."""
    miceforest = load_miceforest()
    frame = _frame(plan)
    strategy = {f"c{p}": "fast" if p in plan.classes else "normal" for p in plan.schema}
    history: dict[int, list[Array]] = {p: [] for p in plan.schema}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kernel = miceforest.ImputationKernel(
            frame,
            num_datasets=1,
            variable_schema={f"c{p}": [f"c{q}" for q in chosen] for p, chosen in plan.schema.items()},
            mean_match_strategy=strategy,
            mean_match_candidates=plan.settings.donors,
            save_all_iterations_data=False,
            random_state=seed,
        )
        for iteration in range(1, plan.settings.iterations + 1):
            kernel.mice(1, num_threads=1, **PARAMETERS)
            for position in plan.schema:
                imputed = kernel[f"c{position}", iteration, 0]
                if position in plan.classes:
                    history[position].append(plan.classes[position][imputed.cat.codes.to_numpy()])
                else:
                    history[position].append(imputed.to_numpy(dtype=np.float64))
    return history
