"""`dnt show` and `dnt info`: look into stage files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from dnt_cli.cli.app import app
from dnt_cli.cli.completion import complete_tables
from dnt_cli.cli.console import show_tables, write_out
from dnt_cli.cli.documents import check_document, format_of, write_document
from dnt_cli.cli.inputs import open_stage_file, open_together
from dnt_cli.cli.options import OUTPUT, AsJson, Force, GreenMeans, Lang, TableFormat, argument, option
from dnt_cli.cli.progress import progress
from dnt_cli.cli.results import rows_as_csv, rows_as_json, table_named
from dnt_cli.cli.terminal import terminal
from dnt_cli.errors import UsageError
from dnt_cli.sentences import Sentence, say

_COLOURED = ("docx", "xlsx", "html", "tex")
_WRITTEN = (*_COLOURED, "md", "csv", "json")

if TYPE_CHECKING:
    import pandas as pd

    from dnt_cli.conclusions import Conclusions
    from dnt_cli.stagefile.container import Stage
    from dnt_cli.stagefile.result import StageResult
    from dnt_cli.study import Language
    from dnt_cli.wording import Wording


@app.command(rich_help_panel="Files")
def show(
    sources: Annotated[
        list[str], argument("FILE...", "Any stage file but a survey; several of one study together; - is a pipe.")
    ],
    figure: Annotated[
        str | None, option("--figure FILE", "Draw effects, or an imputation (.svg, .png).", OUTPUT)
    ] = None,
    output: Annotated[
        str | None,
        option("-o --output FILE", "Write the tables: .docx, .xlsx, .html, .md, .tex, .csv, .json or .txt.", OUTPUT),
    ] = None,
    form: Annotated[
        TableFormat,
        option(
            "--format",
            "How the tables are given; by default as the file of -o ends. json gives the rows behind them.",
            OUTPUT,
        ),
    ] = "table",
    table: Annotated[
        str | None, option("--table NAME", "One table alone, by a name of --tables, or its number.", OUTPUT)
    ] = None,
    names: Annotated[bool, option("--tables", "List the names of the tables.", OUTPUT)] = False,
    raw: Annotated[
        bool, option("--raw", "The rows behind the tables with every column and digit; CSV and Excel.", OUTPUT)
    ] = False,
    language: Lang = ...,  # type: ignore[assignment]
    green: GreenMeans = "better",
    force: Force = False,
) -> None:
    """Show the tables of a stage file again; endpoint and trend side by side when both are given.

    With robustness checks, a description or register outcomes beside them: what follows per hypothesis. Tables go to
    Word, Excel, LaTeX, a web page or CSV as they are shown, in the language of --lang.

    Example: dnt show t3.parquet longitudinal.parquet robustness.parquet --lang nl -o findings.docx
    """
    from dnt_cli.disclosure.rules import told_inside
    from dnt_cli.stagefile.kinds import KINDS
    from dnt_cli.tables import document, slugs
    from dnt_cli.tables.legend import with_legend
    from dnt_cli.wording import Wording

    chosen = _format(form, output, raw=raw)
    check_document(output, chosen, force=force)
    several = len(sources) > 1
    kinds = [name for name, kind in KINDS.items() if (kind.concluded if several else kind.shown)]
    stages = open_together(sources, "dnt show", kinds, language, force=force)
    result, verdicts = _together(stages)
    wording = Wording(stages[0].study, language)
    if figure is not None:
        _draw(result, wording, figure, force=force)
    tables = told_inside(result.tables(wording, green=green), wording)
    if chosen in _COLOURED:
        tables = [with_legend(own, wording, green, verdicts=verdicts) for own in tables]
    if names:
        listed = zip(slugs([own.title for own in tables]), tables, strict=True)
        write_out("\n".join(f"{name}  {own.title}" for name, own in listed))
        return
    if table is not None:
        tables = [table_named(table, tables)]
    if chosen == "json" or raw:
        write_document(output, _rows(result.rows(everything=True), chosen), chosen)
    elif chosen == "table" and output is None:
        show_tables(tables, pager=True)
    else:
        write_document(output, document(chosen, tables, language), chosen)


def _format(form: TableFormat, output: str | None, *, raw: bool) -> str:
    """The format of the tables: the ending of the file says it, unless `--format` does.

    Raises:
        UsageError: The ending is unknown or says another thing than `--format`, or `--raw` stands alone.
    """
    chosen: str = form
    if output not in (None, "-"):
        ending = format_of(str(output), (*_WRITTEN, "txt"), "dnt show")
        ending = "table" if ending == "txt" else ending
        if form != "table" and ending != form:
            raise UsageError(say("format_output", form=form, output=output))
        chosen = ending
    if raw and chosen not in ("csv", "xlsx", "json"):
        raise UsageError(say("raw_formats"))
    return chosen


def _rows(frame: pd.DataFrame, form: str) -> bytes:
    """The rows behind the tables, with every column and digit."""
    from dnt_cli.reading import Dictionary, write_table

    if form == "xlsx":
        return write_table(frame, Dictionary(), ".xlsx")
    return (rows_as_json(frame) if form == "json" else rows_as_csv(frame)).encode()


def _together(stages: list[Stage]) -> tuple[StageResult | Conclusions, bool]:
    """The result that a file holds, or several of one kind; of several kinds conclusions, and then True."""
    from dnt_cli.stagefile.kinds import KINDS, result_class, result_of

    results = [result_of(own) for own in stages]
    if len(stages) == 1:
        return results[0], False
    kinds = {own.kind for own in stages}
    if len(kinds) == 1 and KINDS[stages[0].kind].joined:
        joined: StageResult = result_class(stages[0].kind).joined(results)
        return joined, False
    from dnt_cli.conclusions import conclude

    return conclude(results), True


def _draw(result: StageResult | Conclusions, wording: Wording, path: str, *, force: bool) -> None:
    """Draw a result that has a figure."""
    from dnt_cli.figures.style import draw_one
    from dnt_cli.stagefile.result import Drawn

    with progress("Drawing"):
        if not isinstance(result, Drawn):
            raise UsageError(say("figure_kinds"))
        draw_one(result.drawing(wording), Path(path), force=force)


@app.command(rich_help_panel="Files")
def info(
    source: Annotated[str, argument("FILE", "Any stage file; - is a pipe.")],
    table: Annotated[
        str | None,
        option(
            "--table NAME",
            "Print a second table: fits, trace, events or models; as CSV, or JSON with --json.",
            autocompletion=complete_tables,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a stage file holds, who made it, from what, with which settings.

    Example: dnt info t3.parquet --table fits
    """
    from dnt_cli.wording import spoken

    stage = open_stage_file(source, "dnt info")
    seconds = stage.second_tables
    if table is not None:
        if table not in seconds:
            known = ", ".join(seconds) or say("none_of_them")
            raise UsageError(say("no_second_table", file=stage.name, table=table, known=known))
        rows = stage.extra_frame(table)
        if "message" in rows.columns:
            rows = rows.assign(message=[spoken(text, "en") for text in rows["message"]])
        write_out(rows_as_json(rows) if as_json else rows_as_csv(rows))
        return
    if as_json:
        write_out(json.dumps(_facts(stage, seconds), ensure_ascii=False, indent=1))
        return
    write_out("\n".join(_lines(stage, seconds, terminal.language)))


def _facts(stage: Stage, seconds: list[str]) -> dict[str, Any]:
    parquet = stage.parquet.metadata
    return {
        "name": stage.name,
        "kind": stage.kind,
        "study": stage.study.key,
        "rows": parquet.num_rows,
        "columns": parquet.num_columns,
        "row_groups": parquet.num_row_groups,
        "sha256": stage.sha256,
        "overrides": list(stage.study.overrides),
        "second_tables": {name: len(stage.extra_frame(name)) for name in seconds},
        "steps": list(stage.steps),
    }


def _lines(stage: Stage, seconds: list[str], language: Language) -> list[str]:
    from dnt_cli.stagefile.kinds import held
    from dnt_cli.study.comparison import written

    facts, study = _facts(stage, seconds), stage.study
    lines: list[str | Sentence] = [
        f"{stage.name}: {held(stage.kind).text(language)}",
        say("info_study", key=study.key, title=study.title[language]),
        say("info_size", **{name: facts[name] for name in ("rows", "columns", "row_groups")}),
        f"  sha256       {stage.sha256}",
        *[f"  --set        {override}" for override in facts["overrides"]],
        *[say("info_second", name=name, n=n) for name, n in facts["second_tables"].items()],
    ]
    for step in stage.steps:
        versions = ", ".join(f"{name} {version}" for name, version in step["versions"].items())
        lines.append(say("info_made", command=step["command"], versions=versions))
        if step["input_sha256"]:
            lines.append(say("info_source", sha256=step["input_sha256"]))
        lines += [f"    {key:<10} {written(value)}" for key, value in step["settings"].items() if value is not None]
    return [line if isinstance(line, str) else line.text(language) for line in lines]
