"""The m completed data sets of a study: planned, imputed, written, read, whether made here or by R's mice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from dnt_cli.errors import DataError, ModelError
from dnt_cli.findings import Line
from dnt_cli.imputation import ModelColumn, Settings
from dnt_cli.imputation.columns import Kind
from dnt_cli.observed import refuse_empty_arms
from dnt_cli.progress import Progress
from dnt_cli.sentences import say
from dnt_cli.stagefile.container import Stage
from dnt_cli.study import Study
from dnt_cli.study.spec import ImputationPlan
from dnt_cli.survey import examine_wide
from dnt_cli.wide import derive, wide_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dnt_cli.imputation import Imputation

# Trees settle sooner than regressions, and a round of theirs takes a hundred times as long (validation/README.md).
FOREST_ITERATIONS = 5
# Rows that are checked together when data sets are read.
_ROWS_TOGETHER = 65_536
# The settings of an imputation that a study file gives, and that the provenance of an imputations file records.
STUDY_SETTINGS = tuple(
    own.name for own in fields(Settings) if own.name in {plan.name for plan in fields(ImputationPlan)}
)


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


def plan_columns(study: Study, wide: pd.DataFrame) -> list[ModelColumn]:
    """How each column of the wide table takes part in the imputation.

    Always among the predictors of an outcome are the group, the same outcome at the other waves, the controls of
    its models and the moderators, so that imputation and analysis are congenial.
    """
    design, plan = study.design, study.imputation
    controls = tuple(dict.fromkeys([*_measured_controls(study), *study.moderators]))
    kinds: dict[str, Kind] = {
        "binary": "binary", "linear": "continuous", "ordinal": "ordinal", "count": "ordinal",
    }  # fmt: skip
    columns = [ModelColumn(design.group, "categorical", (design.comparison, design.intervention), impute=False)]
    for name, (key, wave) in study.covariate_columns.items():
        covariate = study.covariates[key]
        if covariate.impute and key not in plan.exclude:
            low, high = covariate.range or (None, None)
            kind: Kind = "continuous" if covariate.kind == "continuous" else "categorical"
            others = tuple(c for c, (own, _) in study.covariate_columns.items() if own == key and c != name)
            always = (design.group, *others, *(study.covariate_column(c, wave) for c in controls if c != key))
            columns.append(ModelColumn(name, kind, covariate.levels, lower=low, upper=high, always=always))
    for name, (key, wave) in study.columns.items():
        outcome = study.outcomes[key]
        if key not in study.measured or key in plan.exclude:
            continue
        others = tuple(study.column(key, w) for w in outcome.waves if w != wave)
        parent = None if outcome.conditional_on is None else study.column(outcome.conditional_on, wave)
        low, high = outcome.range or (0.0 if outcome.kind == "count" else None, None)
        columns.append(
            ModelColumn(
                name,
                kinds[outcome.kind],
                lower=low,
                upper=high,
                always=(design.group, *others, *_at(study, controls, wave, {name, *others})),
                conditional_on=parent,
                method=outcome.impute_method,
                series=key,
                occasion=study.design.wave_keys.index(wave),
            )
        )
    return [column for column in columns if column.name in wide.columns]


def _measured_controls(study: Study) -> tuple[str, ...]:
    """The controls of the models as columns that are imputed: a derived outcome at baseline is its source."""
    found = []
    for control in study.all_controls:
        outcome = study.outcomes.get(study.columns.get(control, ("", ""))[0])
        source = control if outcome is None or outcome.derive is None else outcome.derive.source
        found.append(control if source == control else study.column(source, study.design.baseline))
    return tuple(dict.fromkeys(found))


def _at(study: Study, controls: tuple[str, ...], wave: str, there: set[str]) -> list[str]:
    """The columns of the controls at a wave, without those that are there already."""
    return [c for c in (study.covariate_column(own, wave) for own in controls) if c not in there]


def recorded_settings(stage: Stage | None, study: Study) -> Settings:
    """The settings that made an imputations file; those of the study where another program made it."""
    made = [step for step in (stage.steps if stage is not None else ()) if step["command"] == "impute"]
    known = {setting.name for setting in fields(Settings)}  # the step also records what is no setting
    if not made:
        return settings_of(study)
    # A file without word of sites is older than they are, and was made without.
    return settings_of(study, **({"sites": "off"} | {k: v for k, v in made[-1]["settings"].items() if k in known}))


def settings_of(study: Study, **overrides: object) -> Settings:
    """The study's imputation settings, with those of this run; `forest` needs half the rounds of the others."""
    plan = study.imputation
    if (overrides.get("method") or plan.method) == "forest" and overrides.get("iterations") is None:
        overrides = overrides | {"iterations": min(plan.iterations, FOREST_ITERATIONS)}
    settings = Settings(**{name: getattr(plan, name) for name in STUDY_SETTINGS})
    return replace(settings, **{k: v for k, v in overrides.items() if v is not None})  # type: ignore[arg-type]


def require_imputable(wide: pd.DataFrame, study: Study) -> None:
    """Stop where `impute_wide` would stop before its first draw.

    Raises:
        DataError: Nobody of a group answered an outcome at a wave, or a column cannot be imputed as the study asks.
    """
    from dnt_cli.imputation.encoding import encode

    refuse_empty_arms(wide, study)
    columns = plan_columns(study, wide)
    encode(wide[[column.name for column in columns]], columns, study.design.group)


def impute_wide(
    wide: pd.DataFrame,
    study: Study,
    settings: Settings,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
    start: int = 0,
    allow_empty_arm: bool = False,
    stacked: bool = False,
) -> tuple[Imputation, Iterator[pd.DataFrame]]:
    """Impute the measured columns of a wide table; the iterator yields completed tables with derived outcomes.

    The first element's trace and events are complete once the iterator is exhausted. `start` is the number of
    imputations made before, which these follow. `allow_empty_arm` imputes what nobody of a group
    answered, whatever the study says. `stacked` yields several tables below each other, which is quicker to write.

    Raises:
        DataError: Nobody of a group answered an outcome at a wave, although that is not allowed, or the data cannot be
            imputed as asked.
    """
    from dnt_cli.imputation import impute

    if not allow_empty_arm:
        refuse_empty_arms(wide, study)
    columns = plan_columns(study, wide)
    names = [column.name for column in columns]
    whole = {name for name in names if name in study.columns and study.outcomes[study.columns[name][0]].integer}
    imputation = impute(
        wide[names],
        columns,
        group=study.design.group,
        settings=settings,
        jobs=jobs,
        progress=progress,
        start=start,
        sites=_sites(wide, study),
    )

    def completed() -> Iterator[pd.DataFrame]:
        n = len(wide)
        for sets, columns in imputation.filled:
            table = wide if sets == 1 else wide.take(np.tile(np.arange(n), sets)).reset_index(drop=True)
            # Whole before anything is derived, so that no cut-off sees another number than the file holds.
            rounded = {name: np.rint(np.asarray(columns.get(name, table[name]), dtype=float)) for name in whole}
            table = derive(table, study, columns | rounded)
            if stacked:
                yield table
            else:
                yield from (table.iloc[i * n : (i + 1) * n].set_axis(wide.index) for i in range(sets))

    return imputation, completed()


def _sites(wide: pd.DataFrame, study: Study) -> NDArray[np.intp] | None:
    """Code of each person's site, -1 where it is unknown."""
    if study.design.site is None or study.design.site not in wide.columns:
        return None
    codes, _ = pd.factorize(wide[study.design.site], sort=True)
    return codes.astype(np.intp)


def imputation_tables(wide: pd.DataFrame, completed: Iterator[pd.DataFrame], study: Study) -> Iterator[pa.Table]:
    """The row groups of an imputations file: the observed data as `.imp` 0, then the completed sets."""
    yield wide_table(derive(wide, study), study, 0)
    yield from numbered_tables(completed, study, len(wide), 1)


def numbered_tables(completed: Iterable[pd.DataFrame], study: Study, n: int, first: int) -> Iterator[pa.Table]:
    """A row group per completed set of n persons, numbered from `first`; several sets may lie below each other."""
    for frame in completed:
        table, sets = wide_table(frame, study, first, len(frame) // n), len(frame) // n
        yield from (table.slice(i * n, n) for i in range(sets))
        first += sets


def read_completed(stage: Stage) -> Completed:
    """The completed data sets of an imputations file."""
    numbers = stage.parquet.read([".imp"]).column(".imp").to_pandas()
    if not numbers.is_monotonic_increasing:
        return completed_sets(stage.frame, numbers, stage.study, stage.name)
    return _completed(numbers, stage.rows, stage.study, stage.name)


def completed_sets(frame: pd.DataFrame, numbers: pd.Series, study: Study, name: str) -> Completed:
    """The rows of `frame` by the number of their imputation, 0 for the observed data.

    Raises:
        DataError: No observed data, a number is missing, other persons or another order, or data that do not fit.
    """
    order = np.argsort(numbers.to_numpy(), kind="stable")
    return _completed(numbers, lambda first, last: frame.iloc[order[first:last]].reset_index(drop=True), study, name)


def _completed(numbers: pd.Series, rows: Callable[[int, int], pd.DataFrame], study: Study, name: str) -> Completed:
    """The sets from `rows`, which gives those from one place up to another in the order of their numbers.

    Small sets are checked, cast and derived below each other, which is quicker; of large ones each is read alone, so
    that nothing but the result holds more than one.
    """
    counts = numbers.value_counts()
    if 0 not in counts:
        raise DataError(say("no_observed", file=name))
    sets, n = len(counts), int(counts[0])
    if sorted(counts.index) != list(range(sets)):
        raise DataError(say("not_numbered", file=name))
    others = DataError(say("other_persons", file=name))
    if (counts != n).any():
        raise others
    together = max(1, _ROWS_TOGETHER // n)
    tables: list[pd.DataFrame] = []
    ids: pd.Series | None = None  # as the first set has them, before they were cast
    for first in range(0, sets, together):
        number = min(together, sets - first)
        stacked = rows(first * n, (first + number) * n)
        own = stacked.get(study.design.id)
        known = tables[0][study.design.id] if number == 1 and _equal(own, ids) else None
        table = _fitting(stacked, study, name, number, known)
        tables += [table.iloc[i * n : (i + 1) * n].reset_index(drop=True) for i in range(number)]
        ids = own[:n] if own is not None and ids is None else ids
    if not all(_equal(own[study.design.id], tables[0][study.design.id]) for own in tables):
        raise others
    return Completed(study, tables[0], tuple(tables[1:]))


def _fitting(stacked: pd.DataFrame, study: Study, name: str, sets: int, ids: pd.Series | None) -> pd.DataFrame:
    """Sets below each other as the study means them, with derived outcomes.

    Raises:
        DataError: They do not fit the study.
    """
    findings, cast = examine_wide(stacked, study, sets=sets, ids=ids)
    errors = [f for f in findings if f.level == "error"]
    if errors or cast is None:
        raise DataError(say("imputations_unfit", file=name, finding=Line(errors[0])))
    return derive(cast, study)


def _equal(ids: pd.Series | None, others: pd.Series | None) -> bool:
    """Whether the same persons stand in the same order."""
    return ids is not None and others is not None and bool((ids.to_numpy() == others.to_numpy()).all())


def measured_columns(wide: pd.DataFrame, study: Study) -> pd.DataFrame:
    """The wide table without the outcomes that are derived from others."""
    derived = {c for c, (key, _) in study.columns.items() if study.outcomes[key].derive is not None}
    return wide[[c for c in wide.columns if c not in derived]]


def require_inference(data: Completed) -> None:
    """Refuse a single imputation, whose standard errors know nothing of the gaps.

    Raises:
        ModelError: Fewer than two imputations although something is missing.
    """
    if data.m < 2:
        raise ModelError(say("one_imputation"))


def gaps(data: Completed) -> int:
    """Number of missing cells in the observed outcomes and covariates."""
    columns = [*data.study.covariate_columns, *(c for c in data.study.columns if c in data.observed.columns)]
    return int(np.count_nonzero(data.observed[columns].isna()))
