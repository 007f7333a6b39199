"""`dnt describe`: population, attrition, baseline differences, trends, figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from dnt_cli.cli.app import app
from dnt_cli.cli.console import tell
from dnt_cli.cli.groups import ResultOptions, StudyOptions
from dnt_cli.cli.inputs import open_input
from dnt_cli.cli.options import INPUT, OUTPUT, Jobs, argument, option, processes, split
from dnt_cli.cli.progress import progress
from dnt_cli.cli.results import check_figures, table_named
from dnt_cli.sentences import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from dnt_cli.cli.inputs import Input
    from dnt_cli.description.result import Description


@app.command(rich_help_panel="Stages")
def describe(
    source: Annotated[str, argument("SURVEY", "Survey: stage file, Parquet or CSV; - is a pipe.")],
    *,
    study: StudyOptions,
    figures: Annotated[str | None, option("--figures FOLDER", "Draw a figure per outcome there.", OUTPUT)] = None,
    also: Annotated[
        str | None,
        option(
            "--also COLUMN,...",
            "Describe these columns too, which the study file does not name; * stands for any letters.",
            INPUT,
        ),
    ] = None,
    reference: Annotated[
        str | None,
        option(
            "--reference FILE",
            "Other populations beside the sample: columns variable, level, population, statistic, value.",
            INPUT,
        ),
    ] = None,
    table: Annotated[
        str | None,
        option("--table NAME", "One table alone, such as codebook: by name, the beginning of it, or number.", OUTPUT),
    ] = None,
    jobs: Jobs = 0,
    result: ResultOptions,
) -> None:
    """Describe population, attrition, differences at baseline and trends, from the answers as observed.

    Example: dnt describe survey.parquet --also 'support_*' --figures figures
    """
    from dnt_cli.disclosure.rules import told_inside
    from dnt_cli.wording import Wording

    result.check("description", "describe")
    check_figures(figures, result.output)
    opened = study.open(source, "dnt describe", ["survey"], foreign="with study")
    description = described(opened, split(also) or (), _populations(reference) if reference else None)
    said = {"also": also, "reference": reference is not None}
    wording = Wording(opened.spec, result.language)
    tables = told_inside(description.tables(wording), wording)
    chosen = tables if table is None else [table_named(table, tables)]  # before anything is written
    result.save(description, opened.provenance("describe", said))
    if figures is not None:
        from dnt_cli.figures import draw

        with progress("Drawing") as report:
            drawn = draw(
                description.figures, wording, figures, jobs=processes(jobs), progress=report, force=result.force
            )
        tell(say("drew", n=len(drawn), folder=figures))
    result.show(chosen, description.rows())


def described(opened: Input, also: Sequence[str] = (), reference: pd.DataFrame | None = None) -> Description:
    """The description of a survey that was opened, with the columns of the study's blocks.

    Args:
        opened: The survey.
        also: Patterns of further columns to describe.
        reference: Other populations beside the sample.
    """
    from dnt_cli.description.result import Description
    from dnt_cli.description.run import describe as describe_survey
    from dnt_cli.study import block_columns

    spec, design = opened.spec, opened.spec.design
    in_blocks = block_columns(spec.description)
    survey = opened.survey(also=also, beside=in_blocks)
    named = {design.id, design.wave, design.group, *design.places, *spec.covariates, *spec.measured}
    beside = [c for c in survey.columns if c not in named or c in in_blocks]
    told = opened.told()
    figures = describe_survey(
        survey[[c for c in survey.columns if c in named]],
        spec,
        further=survey[[design.id, design.wave, *beside]] if beside else None,
        reference=reference,
        missing_codes=told.get("missing_codes"),
        left_out=told.get("left_out"),
    )
    return Description(spec, figures)


def _populations(source: str) -> pd.DataFrame:
    """A table of other populations with plain text and numbers, whatever the reader made of it."""
    from dnt_cli.stagefile.kinds import KINDS

    plain = open_input(source, "dnt describe --reference", KINDS, foreign="always").frame().astype(object)
    return plain.where(plain.notna(), None).infer_objects()
