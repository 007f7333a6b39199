"""`dnt robustness`: the same effects under other assumptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from dnt_cli.cli.app import app
from dnt_cli.cli.completion import complete_checks
from dnt_cli.cli.console import tell, write_out
from dnt_cli.cli.groups import ResultOptions, StudyOptions, WorkOptions
from dnt_cli.cli.options import MODEL, OUTPUT, argument, choose, option, processes
from dnt_cli.cli.progress import progress
from dnt_cli.cli.results import check_figures, end_if_nothing_estimable
from dnt_cli.errors import UsageError
from dnt_cli.sentences import say

if TYPE_CHECKING:
    from dnt_cli.wording import Wording


@app.command(rich_help_panel="Stages")
def robustness(
    source: Annotated[
        str, argument("IMPUTATIONS", "Imputations; - is a pipe; with --study also a CSV of R's mice.")
    ] = "",
    *,
    study: StudyOptions,
    checks: Annotated[
        str | None,
        option("--checks a,c,...", "Which checks; default: the study's.", MODEL, autocompletion=complete_checks),
    ] = None,
    explain: Annotated[bool, option("--list", "Explain the checks and stop.", MODEL)] = False,
    figures: Annotated[
        str | None, option("--figures FOLDER", "Draw a specification curve per outcome there.", OUTPUT)
    ] = None,
    work: WorkOptions,
    result: ResultOptions,
) -> None:
    """Rerun the effects under other honest choices and set them beside the main result.

    Example: dnt robustness imputed.parquet --checks a,b,c
    """
    from dnt_cli.disclosure.rules import told_inside
    from dnt_cli.effects.fitting import Options
    from dnt_cli.imputed.data import recorded_settings
    from dnt_cli.robustness.checks import CHECKS
    from dnt_cli.robustness.run import run_checks
    from dnt_cli.wording import Wording

    if explain:
        _explain(result)
        return
    if not source:
        raise UsageError(say("robustness_needs"))
    result.check("robustness", "robustness")
    check_figures(figures, result.output)
    opened = study.open(source, "dnt robustness", ["imputations"], foreign="with study")
    data = opened.completed()
    letters = choose("--checks", checks, CHECKS) or [c for c in data.study.robustness.checks if c in CHECKS]
    wording = Wording(data.study, result.language)
    with work.place() as free, progress("Checking") as report:
        options = Options(jobs=free)
        checked = run_checks(
            data, recorded_settings(opened.stage, data.study), options, letters, progress=report,
            started=lambda letter, seconds: tell(_announced(letter, seconds, wording)),
        )  # fmt: skip
    result.save(checked, opened.provenance("robustness", options.told() | {"checks": letters}))
    if figures is not None:
        from dnt_cli.figures.specification import specification_curves

        with progress("Drawing") as report:
            drawn = specification_curves(
                checked, wording, figures, jobs=processes(work.jobs), progress=report, force=result.force
            )
        tell(say("drew", n=len(drawn), folder=figures))
    result.show(told_inside(checked.tables(wording), wording), checked.rows())
    end_if_nothing_estimable(checked.estimates)


def _explain(result: ResultOptions) -> None:
    """The checks, as text or, for a program, as rows."""
    import pandas as pd

    from dnt_cli.study.spec import CHECK_LETTERS
    from dnt_cli.wording import sentence

    rows = [
        (letter, *(sentence(f"robustness.{part}_{letter}", result.language) for part in ("title", "explanation")))
        for letter in CHECK_LETTERS
    ]
    if result.form in ("csv", "json"):
        result.show([], pd.DataFrame(rows, columns=["check", "title", "explanation"]))
        return
    blocks = [f"{letter}  {title}\n{explanation}" for letter, title, explanation in rows]
    write_out("\n\n".join(block.replace("\n", "\n   ") for block in blocks))


def _announced(letter: str, seconds: float, wording: Wording) -> str:
    """The check's title, and how long it will take if that is long."""
    title = f"({letter}) {wording.text(f'robustness.title_{letter}')}"
    return title if seconds < 60 else wording.text("robustness.minutes", title=title, n=round(seconds / 60))
