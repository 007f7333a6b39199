"""`dnt example`: made-up data to try everything on."""

from __future__ import annotations

from typing import Annotated

from dnt_cli.cli.app import app
from dnt_cli.cli.options import OUTPUT, RUN, Force, Output, option
from dnt_cli.cli.results import check_output, save_result


@app.command(rich_help_panel="Files")
def example(
    output: Output = None,
    seed: Annotated[int, option("--seed N", "Seed of the made-up data.", RUN, min=0)] = 2021,
    answers: Annotated[bool, option("--answers", "Answers to every item, for dnt score.", OUTPUT)] = False,
    force: Force = False,
) -> None:
    """Write a synthetic survey of De Nieuwe Toekomst: 136 women who do not exist, five waves.

    Example: dnt example -o survey.parquet
    """
    from dnt_cli import synthetic
    from dnt_cli.scoring.result import AnswersResult, SurveyResult
    from dnt_cli.stagefile.container import Provenance
    from dnt_cli.survey import cast_survey, with_further

    check_output(output, "answers" if answers else "survey", "example", force=force, required=True)
    study = synthetic.example_study()
    result: AnswersResult | SurveyResult
    if answers:
        result = AnswersResult(study, synthetic.answers(seed))
    else:
        scores = synthetic.generate(seed)
        result = SurveyResult(study, with_further(cast_survey(scores, study)[0], scores, study))
    save_result(output, result, Provenance("example", {"seed": seed}), force=force)
