"""`dnt impute`: fill the gaps m times."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from dnt_cli.cli.app import app
from dnt_cli.cli.console import progress, warn
from dnt_cli.cli.files import check_output, load_survey, present, save
from dnt_cli.cli.options import (
    MODEL,
    Force,
    Format,
    Jobs,
    Lang,
    Output,
    Overrides,
    Quiet,
    Seed,
    Shown,
    StudyFile,
    processes,
)  # fmt: skip


class Method(StrEnum):
    """Imputation methods."""

    pmm = "pmm"
    norm = "norm"
    forest = "forest"


@app.command(rich_help_panel="Stages")
def impute(
    source: Annotated[str, typer.Argument(metavar="SURVEY", help="Survey: stage file, Parquet or CSV; - is a pipe.")],
    output: Output = None,
    study: StudyFile = None,
    overrides: Overrides = None,
    method: Annotated[
        Method | None,
        typer.Option("--method", help="pmm, norm or forest (miceforest); default: the study's.", rich_help_panel=MODEL),
    ] = None,
    m: Annotated[
        int | None, typer.Option("-m", min=1, help="Completed data sets; default: the study's.", rich_help_panel=MODEL)
    ] = None,
    iterations: Annotated[
        int | None, typer.Option("--iterations", min=1, help="Rounds; default: the study's.", rich_help_panel=MODEL)
    ] = None,
    max_predictors: Annotated[
        int | None,
        typer.Option(
            "--max-predictors", min=1, help="Per column; default: a ninth of the persons.", rich_help_panel=MODEL
        ),
    ] = None,
    seed: Seed = None,
    jobs: Jobs = 0,
    form: Shown = Format.table,
    language: Lang = ...,  # type: ignore[assignment]
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Fill the gaps of a survey m times, each time with other plausible values.

    Example: dnt impute survey.parquet -m 50 -o imputed.parquet
    """
    from dnt_cli.completed import imputation_tables, impute_wide, settings_of
    from dnt_cli.imputation_tables import imputation_summary
    from dnt_cli.stages import Provenance, as_columns
    from dnt_cli.wide import to_wide

    check_output(output, "imputations", "impute", force=force, required=True)
    survey, spec, origin = load_survey(source, study, overrides, "dnt impute")
    settings = settings_of(
        spec, method=method and method.value, m=m, iterations=iterations, seed=seed, max_predictors=max_predictors
    )
    wide = to_wide(survey, spec)
    said: dict[str, Any] = {
        "method": settings.method, "m": settings.m, "iterations": settings.iterations, "seed": settings.seed,
        "donors": settings.donors, "max_predictors": settings.max_predictors,
        "min_correlation": settings.min_correlation, "group_interactions": settings.group_interactions,
    }  # fmt: skip
    extra: dict[str, Any] = {}
    with progress("Imputing", quiet=quiet) as report:
        imputation, completed = impute_wide(wide, spec, settings, jobs=processes(jobs), progress=report)

        def tables() -> Any:
            yield from imputation_tables(wide, completed, spec)
            for name in ("trace", "events", "models"):
                extra[name] = as_columns(getattr(imputation, name))

        save(
            output, "imputations", spec, tables(), Provenance("impute", said, **origin), extra, force=force, quiet=quiet
        )
    if len(imputation.events) and not quiet:
        warn(f"{len(imputation.events)} events were logged during imputation; `dnt info` lists them.")
    tables_shown = imputation_summary(wide, spec, imputation.models, imputation.events, said, language.value)
    present(output, form, tables_shown, imputation.models)
