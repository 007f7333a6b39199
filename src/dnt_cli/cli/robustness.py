"""`dnt robustness`: the same effects under other assumptions."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dnt_cli.cli.app import app
from dnt_cli.cli.completion import complete_checks
from dnt_cli.cli.console import tell, write_out
from dnt_cli.cli.inputs import open_input
from dnt_cli.cli.options import (
    MODEL,
    OUTPUT,
    Force,
    Format,
    Jobs,
    Lang,
    Output,
    Overrides,
    Shown,
    StudyFile,
    choose,
    processes,
)  # fmt: skip
from dnt_cli.cli.progress import progress
from dnt_cli.cli.results import check_figures, check_output, end_if_nothing_estimable, present, save
from dnt_cli.errors import UsageError

if TYPE_CHECKING:
    from dnt_cli.robustness import Check, Robust
    from dnt_cli.study import Language, Study


@app.command(rich_help_panel="Stages")
def robustness(
    source: Annotated[
        str,
        typer.Argument(metavar="IMPUTATIONS", help="Imputations; - is a pipe; with --study also a CSV of R's mice."),
    ] = "",
    output: Output = None,
    study: StudyFile = None,
    overrides: Overrides = None,
    checks: Annotated[
        str | None,
        typer.Option(
            "--checks",
            metavar="a,c,...",
            help="Which checks; default: the study's.",
            rich_help_panel=MODEL,
            autocompletion=complete_checks,
        ),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--list", help="Explain the checks and stop.", rich_help_panel=MODEL)
    ] = False,
    figures: Annotated[
        str | None,
        typer.Option(
            "--figures", metavar="FOLDER", help="Draw a specification curve per outcome there.", rich_help_panel=OUTPUT
        ),
    ] = None,
    jobs: Jobs = 0,
    form: Shown = Format.table,
    language: Lang = ...,  # type: ignore[assignment]
    force: Force = False,
) -> None:
    """Rerun the effects under other honest choices and set them beside the main result.

    Example: dnt robustness imputed.parquet --checks a,b,c
    """
    import pyarrow as pa

    from dnt_cli.effects import Options
    from dnt_cli.imputed.data import recorded_settings
    from dnt_cli.robustness import CHECKS, run_checks
    from dnt_cli.robustness.tables import robustness_tables
    from dnt_cli.wording import spoken

    if explain:
        _explain(form, language.value)
        return
    if not source:
        raise UsageError("dnt robustness needs an imputations file: dnt robustness imputed.parquet.")
    check_output(output, "robustness", "robustness", force=force)
    check_figures(figures, output)
    opened = open_input(
        source, "dnt robustness", ["imputations"], foreign="with study", study=study, overrides=overrides
    )
    data = opened.completed()
    letters = choose("--checks", checks, CHECKS) or [c for c in data.study.robustness.checks if c in CHECKS]
    options = Options(jobs=processes(jobs))
    with progress("Checking") as report:
        result = run_checks(
            data, recorded_settings(opened.stage, data.study), options, letters, progress=report,
            started=lambda letter, seconds: tell(_announced(CHECKS[letter], seconds, language.value)),
        )  # fmt: skip
    said = {k: v for k, v in asdict(options).items() if k != "jobs"} | {"checks": letters}
    table = pa.Table.from_pandas(result.estimates, preserve_index=False).replace_schema_metadata(None)
    made = opened.provenance("robustness", said)
    save(output, "robustness", data.study, [table], made, _extra(result, data.study), force=force)
    if figures is not None:
        from dnt_cli.figures.specification import specification_curves

        with progress("Drawing") as report:
            drawn = specification_curves(
                result.estimates, data.study, result.labels, language.value, figures, jobs=options.jobs,
                progress=report, force=force,
            )  # fmt: skip
        tell(f"Drew {len(drawn)} files in {figures}.")
    tables = robustness_tables(result.estimates, data.study, result.labels, result.left_out, language.value)
    rows = result.estimates.assign(message=[spoken(text, "en") for text in result.estimates["message"]])
    present(output, form, tables, rows)
    end_if_nothing_estimable(result.estimates)


def _extra(result: Robust, study: Study) -> dict[str, Any]:
    """What the file holds beside the estimates."""
    from dnt_cli.robustness import tipping_points
    from dnt_cli.stagefile.container import as_columns

    return {
        "fits": as_columns(result.fits),
        "labels": {key: asdict(label) for key, label in result.labels.items()},
        "left_out": {key: asdict(reason) for key, reason in result.left_out.items()},
        "tipping": as_columns(tipping_points(result.estimates, study)),
    }


def _explain(form: Format, language: Any) -> None:
    """The checks, as text or, for a program, as rows."""
    import pandas as pd

    from dnt_cli.robustness import CHECKS

    rows = [(c.letter, c.title[language], c.explanation[language]) for c in CHECKS.values()]
    if form in (Format.csv, Format.json):
        present(None, form, [], pd.DataFrame(rows, columns=["check", "title", "explanation"]))
        return
    blocks = [f"{letter}  {title}\n{explanation}" for letter, title, explanation in rows]
    write_out("\n\n".join(block.replace("\n", "\n   ") for block in blocks))


def _announced(check: Check, seconds: float, language: Language) -> str:
    """The check's title, and how long it will take if that is long."""
    about = {"nl": "ongeveer {} min", "en": "about {} min"}[language]
    title = f"({check.letter}) {check.title[language]}"
    return title if seconds < 60 else f"{title}: {about.format(round(seconds / 60))}"
