"""`dnt study`: start a study file, check one against data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from dnt_cli.cli.app import app
from dnt_cli.cli.completion import complete_studies
from dnt_cli.cli.console import tell, write_out
from dnt_cli.cli.inputs import open_input, require_answered, tell_findings
from dnt_cli.cli.options import Force, Overrides, argument, option
from dnt_cli.cli.results import check_new
from dnt_cli.cli.terminal import Group, Program, terminal
from dnt_cli.errors import DataError, UsageError
from dnt_cli.sentences import Sentence, say

if TYPE_CHECKING:
    import pandas as pd

    from dnt_cli.reading import Reading
    from dnt_cli.study import Study

study_app = Program(
    name="study", cls=Group, no_args_is_help=True, help="Start a study file, or check one against data."
)
app.add_typer(study_app, rich_help_panel="Files")


@study_app.command()
def init(
    data: Annotated[
        str | None, argument("DATA", "Data file to make it from: SPSS, Stata, Excel, CSV or Parquet.")
    ] = None,
    output: Annotated[str | None, option("-o --output FILE", "File to write; default: the screen.")] = None,
    like: Annotated[
        str | None,
        option(
            "--like NAME",
            "Start from a built-in study instead of the commented template.",
            autocompletion=complete_studies,
        ),
    ] = None,
    sheet: Annotated[str | None, option("--sheet NAME", "Sheet of a workbook; default: the first.")] = None,
    header_row: Annotated[
        int | None, option("--header-row N", "Row with the names of the columns; default: found.", min=1)
    ] = None,
    force: Force = False,
) -> None:
    """Write a study file to start from: made from a data file, or a commented template.

    What the data cannot say stands in it as a question. No value that fewer than ten rows share is written.

    Example: dnt study init clients.sav -o study.toml
    """
    from importlib import resources

    from dnt_cli.stagefile.atomic import write_file
    from dnt_cli.study import builtin_studies, open_questions, read_builtin

    if like is not None and like not in builtin_studies():
        raise UsageError(say("no_builtin", name=like, known=", ".join(builtin_studies())))
    if like is not None and data is not None:
        raise UsageError(say("like_or_data"))
    if data is None and (sheet is not None or header_row is not None):
        raise UsageError(say("sheet_needs_data"))
    if data is not None:
        text = _drafted(data, sheet, header_row)
    else:
        text = read_builtin(like) if like else (resources.files("dnt_cli") / "studies" / "template").read_text("utf-8")
    if output is None:
        write_out(text)
        return
    check_new(output, force=force)
    write_file(Path(output), text.encode())
    asked = say("drafted", n=len(open_questions(text))) if data is not None else ""
    tell(say("wrote_study", file=output, asked=asked, data=data or "DATA"))


def _drafted(data: str, sheet: str | None, header_row: int | None) -> str:
    """A study file for the table in a data file."""
    from dnt_cli.reading import Hints
    from dnt_cli.reading.draft import draft_study

    hints = Hints(sheet=sheet, header_row=header_row)
    opened = open_input(data, "dnt study init", ["answers"], foreign="always", hints=hints)
    tell_findings(opened.raw.findings, opened.name)
    return draft_study(opened.raw, Path(opened.name).stem, hints, terminal.language)


@study_app.command()
def check(
    study: Annotated[str, argument("STUDY", "Study file, or a built-in study.", autocompletion=complete_studies)],
    data: Annotated[str | None, argument("DATA", "Survey, answers or a folder of files that should fit it.")] = None,
    overrides: Overrides = None,
) -> None:
    """Check a study file, and whether a survey fits it: columns, levels, ranges, waves, duplicates, gaps.

    Example: dnt study check study.toml survey.csv
    """
    from dnt_cli.imputed.data import require_imputable
    from dnt_cli.observed import thin_arms, thin_controls
    from dnt_cli.study import load_study, open_questions
    from dnt_cli.wide import to_wide

    spec = load_study(study, overrides or ())
    lines = [
        _said("in_order", study=spec.key, waves=len(spec.design.waves), outcomes=len(spec.outcomes),
              tested=len(spec.tested), covariates=len(spec.covariates)),
        *(_said("question", line=q.line, guess=q.guess or _said("to_be_answered"), asked=q.asked)
          for q in open_questions(spec.text)),
    ]  # fmt: skip
    if data is None:
        write_out("\n".join(lines))
        require_answered(spec)
        return
    reading, name, told = _survey(data, study, spec, overrides)
    findings, survey = reading.findings, reading.survey
    lines += [*told, *(_said(f.level, said=f.line(terminal.language)) for f in findings)]
    if survey is None:
        write_out("\n".join(lines))
        raise DataError(say("check_failed", file=name))
    wide = to_wide(survey, spec)
    lines += [_said("warning", said=own) for own in (*thin_arms(wide, spec), *thin_controls(wide, spec))]
    write_out("\n".join([*lines, *_counts(survey, wide, spec, name)]))
    require_answered(spec)
    require_imputable(wide, spec)


def _survey(data: str, study: str, spec: Study, overrides: list[str] | None) -> tuple[Reading, str, list[str]]:
    """The survey in a file or folder, scored if it holds the items of questionnaires, and what scoring found."""
    from dnt_cli.reading import Prepared, examined
    from dnt_cli.scoring import holds_items, score
    from dnt_cli.scoring.tables import odd_answers
    from dnt_cli.wording import Wording

    kinds = ["answers", "survey"]
    loaded = open_input(data, "dnt study check", kinds, foreign="always", study=study, overrides=overrides)
    if loaded.kind == "survey" or not holds_items(loaded.prepared.frame, spec):
        return loaded.reading(), loaded.name, []
    scored = score(loaded.frame(), spec)
    odd = odd_answers(scored.report, Wording(spec, terminal.language))
    told = [_said("scored"), *(_said("warning", said=line) for line in odd)]
    return examined(Prepared(scored.survey, ()), spec), loaded.name, told


def _counts(survey: pd.DataFrame, wide: pd.DataFrame, spec: Study, name: str) -> list[str]:
    """Persons with an answer per wave and group, as `dnt describe` counts them, and the answers they did not give."""
    from dnt_cli.description.attrition import Attendance

    design = spec.design
    attendance = Attendance.of(survey, wide, spec)
    members = attendance.members[:2]
    seen = {wave: attendance.at(spec, wave) for wave in design.wave_keys}
    listed = (
        f"{wave} {met.sum()} ({' + '.join(str((met & own).sum()) for own in members)})" for wave, met in seen.items()
    )
    groups = [own[terminal.language] for own in (design.intervention_label, design.comparison_label)]
    lines = [
        _said("fits", file=name, persons=survey[design.id].nunique(), rows=len(survey)),
        _said("seen", intervention=groups[0], comparison=groups[1], counts=", ".join(listed)),
    ]
    answered = survey[list(spec.measured)].notna().any(axis=1)
    for key, outcome in spec.measured.items():
        asked = survey.loc[survey[design.wave].isin(outcome.waves) & answered, key]
        share = asked.isna().mean()
        if share > 0:
            lines.append(_said("missing", outcome=key, share=float(100 * share)))
    return lines


def _said(key: str, **values: Any) -> str:
    """A sentence of `words/check.toml`, in the language of the user."""
    return Sentence(f"check.{key}", values).text(terminal.language)
