"""`dnt score`: answers to questionnaires become scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dnt_cli.cli.app import app
from dnt_cli.cli.console import tell, warn
from dnt_cli.cli.inputs import open_input
from dnt_cli.cli.options import Force, Lang, Output, OutputFormat, Overrides, Shown, StudyFile
from dnt_cli.cli.results import check_output, present, save_result

if TYPE_CHECKING:
    from dnt_cli.scoring import Scored
    from dnt_cli.wording import Wording


@app.command(rich_help_panel="Stages")
def score(
    source: Annotated[
        str,
        typer.Argument(
            metavar="ANSWERS",
            help="Answers: stage file, SPSS, Stata, Excel, CSV or Parquet, or a folder of them; - is a pipe.",
        ),
    ],
    output: Output = None,
    study: StudyFile = None,
    overrides: Overrides = None,
    form: Shown = OutputFormat.table,
    language: Lang = ...,  # type: ignore[assignment]
    force: Force = False,
) -> None:
    """Score questionnaires: check the answers, make scores, tell how reliable they are and what is not confirmed.

    Example: dnt score answers.sav --study study.toml -o survey.parquet
    """
    from dnt_cli.scoring import score as score_answers
    from dnt_cli.scoring.result import SurveyResult
    from dnt_cli.scoring.tables import files_table, score_tables
    from dnt_cli.survey import cast_survey, with_further
    from dnt_cli.wording import Wording

    check_output(output, "survey", "score", force=force)
    loaded = open_input(source, "dnt score", ["answers"], foreign="always", study=study, overrides=overrides)
    spec = loaded.spec
    scored = score_answers(loaded.frame(), spec)
    if output == "-":
        _tell(scored, Wording(spec, "en"))
    if output is not None:
        survey, findings = cast_survey(scored.survey, spec)
        for finding in findings:
            warn(f"{loaded.name}: {finding}.")
        second = {"reliability": scored.reliability, "peculiarities": scored.report, "settings": scored.settings}
        result = SurveyResult(spec, with_further(survey, scored.survey, spec), second)
        save_result(output, result, loaded.provenance("score", {}), force=force)
    wording = Wording(spec, language.value)
    tables = [] if loaded.files is None else [files_table(loaded.files, wording)]
    present(output, form, [*tables, *score_tables(scored, wording)], scored.reliability, language.value)


def _tell(scored: Scored, wording: Wording) -> None:
    """What was odd, where no table says it because standard output holds the data."""
    from dnt_cli.scoring.tables import odd_answers

    for line in odd_answers(scored.report, wording):
        tell(line)
    if doubts := int((scored.settings["doubt_en"] != "").sum()):
        tell(f"{doubts} settings of the scores are not confirmed; dnt score without -o - lists them.")
