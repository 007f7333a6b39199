"""`dnt report`: the results of a study as a document."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from dnt_cli.cli.app import app
from dnt_cli.cli.console import tell, warn
from dnt_cli.cli.documents import check_document, format_of, write_document
from dnt_cli.cli.inputs import open_together, read
from dnt_cli.cli.options import OUTPUT, Force, GreenMeans, Jobs, Lang, argument, choose, option, processes
from dnt_cli.cli.progress import progress
from dnt_cli.errors import DataError, UsageError
from dnt_cli.sentences import say

if TYPE_CHECKING:
    from dnt_cli.report.model import Block
    from dnt_cli.wording import Wording

_FORMATS = ("docx", "html", "xlsx", "md", "tex")


@app.command(rich_help_panel="Files")
def report(
    sources: Annotated[
        list[str], argument("FILE...", "Stage files of one study: effects, and what stands beside them.")
    ],
    output: Annotated[str, option("-o --output FILE", ".docx, .html, .xlsx, .md or .tex.", OUTPUT)],
    include: Annotated[
        str | None,
        option(
            "--include SECTION,...",
            "Only these: summary, population, method, effects, robustness, outcomes, appendix.",
            OUTPUT,
        ),
    ] = None,
    text: Annotated[
        str | None,
        option(
            "--text FILE",
            "Own text in Markdown; under a heading # SECTION stands what is to come before that section.",
            OUTPUT,
        ),
    ] = None,
    green: GreenMeans = "better",
    jobs: Jobs = 0,
    language: Lang = ...,  # type: ignore[assignment]
    force: Force = False,
) -> None:
    """Write the report of a study: verdicts, population, method, effects, robustness, a figure per outcome, appendix.

    It has what the files tell; a section whose results are not among them is left out. Numbers, notes and the method
    are taken from the results and from the settings that they were made with.

    Example: dnt report t3.parquet longitudinal.parquet robustness.parquet description.parquet --lang nl -o report.docx
    """
    from dnt_cli.report import NAMES, build
    from dnt_cli.report.material import REPORTED, Material
    from dnt_cli.report.writers import FORMATS, images, written
    from dnt_cli.stagefile.atomic import write_folder
    from dnt_cli.stagefile.kinds import result_of
    from dnt_cli.wording import Wording

    if output == "-":
        raise UsageError(say("report_output"))
    form = format_of(output, _FORMATS, "dnt report")
    check_document(output, form, force=force)
    chosen = choose("--include", include, NAMES)
    stages = open_together(sources, "dnt report", REPORTED, language, force=force)
    wording = Wording(stages[0].study, language)
    own = _own_text(text, wording)
    material = Material(stages, [result_of(stage) for stage in stages], wording, green)
    made = build(material, chosen, own)
    if not made.sections:
        raise DataError(say("report_empty"))
    if made.stamp:
        warn(made.stamp)
    with progress("Drawing") as told:
        pictures = images(made, form, processes(jobs), told)
    folder = Path(output).with_name(f"{Path(output).stem}_figures")
    if FORMATS[form].beside and pictures:
        write_folder(folder, {f"{key}.{FORMATS[form].picture}": content for key, content in pictures.items()})
        tell(say("drew", n=len(pictures), folder=folder))
    write_document(output, written(made, form, pictures, folder.name), form)


def _own_text(source: str | None, wording: Wording) -> dict[str, list[Block]]:
    """The author's text per section."""
    from dnt_cli.report import NAMES
    from dnt_cli.report.own_text import parse

    if source is None:
        return {}
    content, name = read(source)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(say("not_utf8", file=name)) from None
    return parse(text, {own: wording.text(f"report.{own}") for own in NAMES}, name)
