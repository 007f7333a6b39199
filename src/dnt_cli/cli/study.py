"""`dnt study`: start a study file, check one against data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dnt_cli.cli.app import app
from dnt_cli.cli.completion import complete_studies
from dnt_cli.cli.console import tell, write_out
from dnt_cli.cli.files import load_frame
from dnt_cli.cli.manners import Program
from dnt_cli.cli.options import Force, Overrides
from dnt_cli.errors import DataError, UsageError

study_app = Program(name="study", no_args_is_help=True, help="Start a study file, or check one against data.")
app.add_typer(study_app, rich_help_panel="Files")


@study_app.command()
def init(
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="File to write; default: the screen.")
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(
            "--like",
            help="Start from a built-in study instead of the commented template.",
            autocompletion=complete_studies,
        ),
    ] = None,
    force: Force = False,
) -> None:
    """Write a commented study file to start from.

    Example: dnt study init -o study.toml
    """
    from importlib import resources

    from dnt_cli.stages import replacing
    from dnt_cli.study import builtin_studies, read_builtin

    if like is not None and like not in builtin_studies():
        raise UsageError(f"There is no built-in study {like}; known: {', '.join(builtin_studies())}.")
    text = read_builtin(like) if like else (resources.files("dnt_cli") / "studies" / "template").read_text("utf-8")
    if output is None:
        write_out(text)
        return
    if Path(output).exists() and not force:
        raise DataError(f"{output} exists; choose another name, or --force to replace it.")
    with replacing(Path(output)) as stream:
        stream.write(text.encode())
    tell(f"Wrote {output}. Edit it, then type: dnt study check {output} DATA")


@study_app.command()
def check(
    study: Annotated[
        str,
        typer.Argument(metavar="STUDY", help="Study file, or a built-in study.", autocompletion=complete_studies),
    ],
    data: Annotated[str | None, typer.Argument(metavar="DATA", help="Survey that should fit it.")] = None,
    overrides: Overrides = None,
) -> None:
    """Check a study file, and whether a survey fits it: columns, levels, ranges, waves, duplicates, gaps.

    Example: dnt study check study.toml survey.csv
    """
    from dnt_cli.study import load_study
    from dnt_cli.survey import examine_survey

    spec = load_study(study, overrides or ())
    tested = len(spec.tested)
    lines = [
        f"{spec.key}: {len(spec.design.waves)} waves, {len(spec.outcomes)} outcomes ({tested} tested), "
        f"{len(spec.covariates)} covariates. The study file is in order."
    ]
    if data is None:
        write_out("\n".join(lines))
        return
    frame, name = load_frame(data, spec)
    findings, survey = examine_survey(frame, spec)
    lines += [f"{f.level.upper()}  {f}" for f in findings]
    if survey is None:
        write_out("\n".join(lines))
        raise DataError(f"{name} does not fit the study; what must be mended is marked ERROR.")
    persons = survey[spec.design.id].nunique()
    lines.append(f"{name}: {persons} persons, {len(survey)} rows; it fits the study.")
    seen = survey[spec.design.wave].value_counts().reindex(list(spec.design.wave_keys))
    lines.append("Persons seen: " + ", ".join(f"{wave} {count}" for wave, count in seen.items()))
    for key, outcome in spec.measured.items():
        rows = survey[spec.design.wave].isin(outcome.waves)
        share = survey.loc[rows, key].isna().mean()
        if share > 0:
            lines.append(f"{key}: {100 * share:.1f}% missing among the persons seen")
    write_out("\n".join(lines))
