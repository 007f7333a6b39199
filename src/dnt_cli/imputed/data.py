"""The m completed data sets of a study: planned, imputed, written, read, whether made here or by R's mice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd
import pyarrow as pa

from dnt_cli.errors import DataError, ModelError
from dnt_cli.imputation import Column, Imputation, Settings, impute
from dnt_cli.imputation.columns import Kind
from dnt_cli.progress import Progress
from dnt_cli.stagefile.container import Stage
from dnt_cli.study import Study, Subset
from dnt_cli.survey import examine_wide
from dnt_cli.wide import derive, fulfils, wide_table

# Trees settle sooner than regressions, and a round of theirs takes a hundred times as long (validation/README.md).
FOREST_ITERATIONS = 5


@dataclass(frozen=True)
class Completed:
    """A wide table as observed, and the same with its gaps filled m times."""

    study: Study
    observed: pd.DataFrame  # gaps as NaN, derived outcomes included
    sets: tuple[pd.DataFrame, ...]  # same rows and columns, complete

    @property
    def m(self) -> int:
        """Number of imputations."""
        return len(self.sets)


def plan_columns(study: Study, wide: pd.DataFrame) -> list[Column]:
    """How each column of the wide table takes part in the imputation.

    Always among the predictors of an outcome are the group, the same outcome at the other waves and the controls of
    its models, so that imputation and analysis are congenial.
    """
    design, plan = study.design, study.imputation
    controls = tuple(dict.fromkeys([*study.models.controls, *(c for rung in study.models.ladder for c in rung)]))
    kinds: dict[str, Kind] = {"binary": "binary", "linear": "continuous", "ordinal": "ordinal"}
    columns = [Column(design.group, "categorical", (design.comparison, design.intervention), impute=False)]
    for key, covariate in study.covariates.items():
        if covariate.impute and key not in plan.exclude:
            low, high = covariate.range or (None, None)
            kind: Kind = "continuous" if covariate.kind == "continuous" else "categorical"
            always = (design.group, *(c for c in controls if c != key))
            columns.append(Column(key, kind, covariate.levels, lower=low, upper=high, always=always))
    for name, (key, wave) in study.columns.items():
        outcome = study.outcomes[key]
        if key not in study.measured or key in plan.exclude:
            continue
        others = tuple(study.column(key, w) for w in outcome.waves if w != wave)
        parent = None if outcome.conditional_on is None else study.column(outcome.conditional_on, wave)
        low, high = outcome.range or (None, None)
        columns.append(
            Column(
                name,
                kinds[outcome.kind],
                lower=low,
                upper=high,
                always=(design.group, *others, *controls),
                conditional_on=parent,
                method=outcome.impute_method,
            )
        )
    return [column for column in columns if column.name in wide.columns]


def recorded_settings(stage: Stage | None, study: Study) -> Settings:
    """The settings that made an imputations file; those of the study where another program made it."""
    made = [step for step in (stage.steps if stage is not None else ()) if step["command"] == "impute"]
    known = {setting.name for setting in fields(Settings)}  # the step also records what is no setting
    return settings_of(study, **({k: v for k, v in made[-1]["settings"].items() if k in known} if made else {}))


def settings_of(study: Study, **overrides: object) -> Settings:
    """The study's imputation settings, with those of this run; `forest` needs half the rounds of the others."""
    plan = study.imputation
    if (overrides.get("method") or plan.method) == "forest" and overrides.get("iterations") is None:
        overrides = overrides | {"iterations": min(plan.iterations, FOREST_ITERATIONS)}
    settings = Settings(
        method=plan.method,
        m=plan.m,
        iterations=plan.iterations,
        seed=plan.seed,
        donors=plan.donors,
        max_predictors=plan.max_predictors,
        min_correlation=plan.min_correlation,
        group_interactions=plan.group_interactions,
    )
    return replace(settings, **{k: v for k, v in overrides.items() if v is not None})  # type: ignore[arg-type]


def impute_wide(
    wide: pd.DataFrame,
    study: Study,
    settings: Settings,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
    start: int = 0,
    scheduler: str | None = None,
) -> tuple[Imputation, Iterator[pd.DataFrame]]:
    """Impute the measured columns of a wide table; the iterator yields completed tables with derived outcomes.

    The first element's trace and events are complete once the iterator is exhausted. `start` is the number of
    imputations made before, which these follow; `scheduler` the address of a Dask scheduler to use instead of `jobs`.
    """
    columns = plan_columns(study, wide)
    names = [column.name for column in columns]
    whole = [name for name in names if name in study.columns and study.outcomes[study.columns[name][0]].integer]
    imputation = impute(
        wide[names],
        columns,
        group=study.design.group,
        settings=settings,
        jobs=jobs,
        progress=progress,
        start=start,
        scheduler=scheduler,
    )

    def completed() -> Iterator[pd.DataFrame]:
        for frame in imputation.completed:
            filled = wide.copy()
            filled[names] = frame
            # Before anything is derived, so that no cut-off sees another number than the file holds.
            filled[whole] = filled[whole].round()
            yield derive(filled, study)

    return imputation, completed()


def imputation_tables(wide: pd.DataFrame, completed: Iterator[pd.DataFrame], study: Study) -> Iterator[pa.Table]:
    """The row groups of an imputations file: the observed data as `.imp` 0, then the completed sets."""
    yield wide_table(derive(wide, study), study, 0)
    for i, frame in enumerate(completed, start=1):
        yield wide_table(frame, study, i)


def read_completed(stage: Stage) -> Completed:
    """The completed data sets of an imputations file."""
    return _completed(stage.frame, stage.frame[".imp"], stage.study, stage.name)


def from_long(frame: pd.DataFrame, study: Study, name: str) -> Completed:
    """Completed data sets from a long table such as `mice::complete(imp, action = "long", include = TRUE)` gives.

    Raises:
        DataError: No `.imp` column, no observed data (`.imp` 0), sets of different persons, gaps that were not filled,
            or data that do not fit.
    """
    if ".imp" not in frame.columns:
        raise DataError(f'{name} has no column .imp; write it with complete(imp, action = "long", include = TRUE).')
    numbers = pd.to_numeric(frame[".imp"], errors="coerce")
    if not (numbers % 1 == 0).all():  # which infinity and a gap are not either
        raise DataError(f"{name}: the column .imp holds something that is no whole number.")
    data = _completed(frame, numbers, study, name)
    if gappy := _unfilled(data):
        some = ", ".join(gappy[:3]) + (f" and {len(gappy) - 3} more" if len(gappy) > 3 else "")
        raise DataError(f"{name}: the completed data sets still have gaps in {some}; models need those filled too.")
    return data


def _unfilled(data: Completed) -> list[str]:
    """Columns of the survey's models with a gap in a completed set: those persons would silently be left out."""
    study = data.study
    tested = {key for key in study.tested if not study.is_register(key)}
    controls = dict.fromkeys([*study.models.controls, *(c for rung in study.models.ladder for c in rung)])
    used = [*controls, *(column for column, (key, _) in study.columns.items() if key in tested)]
    return [column for column in used if any(frame[column].isna().any() for frame in data.sets)]


def _completed(frame: pd.DataFrame, numbers: pd.Series, study: Study, name: str) -> Completed:
    """The rows of `frame` by the number of their imputation; each holds the same persons in the same order."""
    counts = numbers.value_counts()
    if 0 not in counts:
        raise DataError(f"{name} holds no observed data (.imp 0); write it with include = TRUE.")
    sets, n = len(counts), int(counts[0])
    if sorted(counts.index) != list(range(sets)):
        raise DataError(f"{name}: the imputations are not numbered 1, 2, 3, ... without gaps.")
    others = DataError(f"{name}: the imputations do not hold the same persons.")
    if (counts != n).any():
        raise others
    # All sets below each other are checked, cast and derived in one go.
    stacked = frame.iloc[np.argsort(numbers.to_numpy(), kind="stable")].reset_index(drop=True)
    findings, cast = examine_wide(stacked, study, sets=sets)
    errors = [f for f in findings if f.level == "error"]
    if errors or cast is None:
        raise DataError(f"{name} does not fit the study: {errors[0]}.")
    table = derive(cast, study)
    persons = table[study.design.id].to_numpy().reshape(sets, n)
    if (persons != persons[0]).any():
        raise others
    observed, *completed = (table.iloc[i * n : (i + 1) * n].reset_index(drop=True) for i in range(sets))
    return Completed(study, observed, tuple(completed))


def measured_columns(wide: pd.DataFrame, study: Study) -> pd.DataFrame:
    """The wide table without the outcomes that are derived from others."""
    derived = {c for c, (key, _) in study.columns.items() if study.outcomes[key].derive is not None}
    return wide[[c for c in wide.columns if c not in derived]]


def subset(wide: pd.DataFrame, rule: Subset) -> pd.DataFrame:
    """The persons that fulfil a subset rule.

    Raises:
        ModelError: Nobody does.
    """
    kept = wide[fulfils(wide, rule.where)].reset_index(drop=True)
    if kept.empty:
        raise ModelError(f"Nobody is left {rule.label.en}.")
    return kept


def require_inference(data: Completed) -> None:
    """Refuse a single imputation, whose standard errors know nothing of the gaps.

    Raises:
        ModelError: Fewer than two imputations although something is missing.
    """
    if data.m < 2:
        raise ModelError("One imputation allows no inference; run dnt impute with -m 2 or more (50 is a good number).")


def gaps(data: Completed) -> int:
    """Number of missing cells in the observed outcomes and covariates."""
    columns = [*data.study.covariates, *(c for c in data.study.columns if c in data.observed.columns)]
    return int(np.count_nonzero(data.observed[columns].isna()))
