"""`dnt example`: made-up data to try everything on."""

from __future__ import annotations

from typing import Annotated

import typer

from dnt_cli.cli.app import app
from dnt_cli.cli.files import check_output, save
from dnt_cli.cli.options import RUN, Force, Output, Quiet


@app.command(rich_help_panel="Help")
def example(
    output: Output = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Another seed gives other women.", rich_help_panel=RUN)
    ] = 2021,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Write a synthetic survey of De Nieuwe Toekomst: 136 women who do not exist, five waves.

    Example: dnt example -o survey.parquet
    """
    from dnt_cli.stages import Provenance
    from dnt_cli.study import load_study
    from dnt_cli.survey import cast_survey, survey_table
    from dnt_cli.synthetic import generate

    check_output(output, "survey", "example", force=force, required=True)
    study = load_study("dnt", ["synthetic=true"])
    survey, _ = cast_survey(generate(seed), study)
    provenance = Provenance("example", {"seed": seed})
    save(output, "survey", study, [survey_table(survey)], provenance, force=force, quiet=quiet)
