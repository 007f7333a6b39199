"""`dnt score`: answers to questionnaires become scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from dnt_cli.cli.app import app
from dnt_cli.cli.console import tell
from dnt_cli.cli.groups import ResultOptions, StudyOptions
from dnt_cli.cli.inputs import tell_findings
from dnt_cli.cli.options import argument
from dnt_cli.sentences import say

if TYPE_CHECKING:
    from dnt_cli.scoring import Scored
    from dnt_cli.wording import Wording


@app.command(rich_help_panel="Stages")
def score(
    source: Annotated[
        str,
        argument(
            "ANSWERS", "Answers: stage file, SPSS, Stata, Excel, CSV or Parquet, or a folder of them; - is a pipe."
        ),
    ],
    *,
    study: StudyOptions,
    result: ResultOptions,
) -> None:
    """Score questionnaires: check the answers, make scores, tell how reliable they are and what is not confirmed.

    Example: dnt score answers.sav --study study.toml -o survey.parquet
    """
    from dnt_cli.scoring import score as score_answers
    from dnt_cli.scoring.result import SurveyResult
    from dnt_cli.scoring.tables import files_table, score_tables
    from dnt_cli.survey import cast_survey, with_further
    from dnt_cli.wording import Wording

    result.check("survey", "score")
    loaded = study.open(source, "dnt score", ["answers"], foreign="always")
    spec = loaded.spec
    scored = score_answers(loaded.frame(), spec)
    if result.output == "-":
        _tell(scored, Wording(spec, result.language))
    if result.output is not None:
        survey, findings = cast_survey(scored.survey, spec)
        tell_findings(findings, loaded.name)
        written = SurveyResult(spec, with_further(survey, scored.survey, spec), loaded.told() | scored.told())
        result.save(written, loaded.provenance("score", {}))
    wording = Wording(spec, result.language)
    tables = [] if loaded.files is None else [files_table(loaded.files, wording)]
    result.show([*tables, *score_tables(scored.told(), wording)], scored.reliability)


def _tell(scored: Scored, wording: Wording) -> None:
    """What was odd, where no table says it because standard output holds the data."""
    from dnt_cli.scoring.tables import odd_answers

    for line in odd_answers(scored.report, wording):
        tell(line)
    if doubts := int((scored.settings["doubt_en"] != "").sum()):
        tell(say("unconfirmed", n=doubts))
