"""`dnt release`: tables that may leave a secure environment, and what a checker reads beside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dnt_cli.cli.app import app
from dnt_cli.cli.console import complain, show_tables, tell, warn
from dnt_cli.cli.inputs import open_together
from dnt_cli.cli.options import OUTPUT, Force, Lang, Overrides, argument, option
from dnt_cli.cli.progress import progress
from dnt_cli.errors import DataError, UsageError
from dnt_cli.sentences import Sentence, say

if TYPE_CHECKING:
    from dnt_cli.disclosure.figures import TracedFigure
    from dnt_cli.disclosure.quantities import Quantity
    from dnt_cli.disclosure.release import Release
    from dnt_cli.figures.style import Drawing
    from dnt_cli.report import Report
    from dnt_cli.stagefile.container import Stage
    from dnt_cli.study import Study, Thresholds
    from dnt_cli.tables import Table
    from dnt_cli.wording import Wording

_PICTURES = (".svg", ".png", ".pdf", ".eps", ".jpg")
_RECORDS = ("answers",)
_FORMS = ("xlsx", "docx", "csv")
_INSIDE = "stays-inside"
_LOG = "release.json"
_CONCLUSIONS, _FIGURES, _REPORT = _MADE = ("conclusions", "figures", "report")


@app.command(rich_help_panel="Files")
def release(
    sources: Annotated[list[str], argument("FILE...", "Stage files of one study.")],
    output: Annotated[str | None, option("-o --output FOLDER", "Folder for what may leave.", OUTPUT)] = None,
    overrides: Overrides = None,
    earlier: Annotated[
        list[str] | None,
        option("--with FOLDER", "Folder of an earlier release, which is public already; may be repeated."),
    ] = None,
    check: Annotated[bool, option("--check", "Say what would be left out; write nothing.", OUTPUT)] = False,
    figures: Annotated[
        bool,
        option(
            "--figures", "Also draw the figures of a description and of effects, without what may not be shown.", OUTPUT
        ),
    ] = False,
    report: Annotated[
        bool, option("--report", "Also write the report in Word, without what may not be shown.", OUTPUT)
    ] = False,
    language: Lang = ...,  # type: ignore[assignment]
    force: Force = False,
) -> None:
    """Write the tables that may leave a secure environment: no figure rests on too few persons or tells one that does.

    The thresholds stand under disclosure in the study file, or are given with --set. Beside the tables (Excel, Word,
    CSV): outputcheck.xlsx and a text for the checker; in another folder the log, which stays inside. Ends with 1 if
    something that was asked for is left out whole.

    Example: dnt release description.parquet t3.parquet --report -o export
    """
    from dnt_cli.disclosure.papers import files_table
    from dnt_cli.stagefile.kinds import KINDS
    from dnt_cli.wording import Wording

    if check == (output is not None):
        raise UsageError(say("release_where"))
    if output is not None:
        _check_folder(Path(output), force=force)
    files = [source for source in sources if Path(source).suffix.lower() not in _PICTURES]
    refused = [("figure", source) for source in sources if source not in files]
    known = _told_before(earlier or [])
    if not files:
        raise UsageError(say("release_pictures"))
    stages = open_together(files, "dnt release", KINDS, language, force=force)
    wording = Wording(stages[0].study, language)
    thresholds = _thresholds(_under(stages[0], overrides or ()), wording)
    names = _names(files, [_REPORT] if report else [])
    with progress("Checking"):
        named = dict(zip(names, stages, strict=True))
        traced = _traced(named, wording, needed=figures) if figures or report else []
        result, kinds, records = _decide(named, thresholds, wording, known, traced)
        drawings = _drawings(result, traced)
        result = result.keeping(_FIGURES, list(drawings))
    refused += [("records", name) for name in records]
    refused += [("nothing", name) for name in result.tables if name in names and not _figures_in(result, name)]
    result = result.of([name for name in result.tables if _figures_in(result, name)])
    made = None
    if report and result.tables:
        made, result = _report(stages, result, drawings.values(), thresholds, wording)
    if result.decision.unprotected:
        warn(wording.text("disclosure.already", n=len(result.decision.unprotected)))
    if output is None:
        show_tables([files_table(result, kinds, wording, "checked_title")] if result.tables else [])
    elif result.tables:
        _write(Path(output), result, kinds, thresholds, wording, made)
        if figures:
            _draw(Path(output), [drawing for _, drawing in drawings.values()], len(traced), force=force)
    for why, name in refused:
        complain(wording.text(f"disclosure.refused_{why}", file=name))
    if refused:
        raise typer.Exit(1)


def _decide(
    stages: dict[str, Stage],
    thresholds: Thresholds,
    wording: Wording,
    earlier: list[dict[Quantity, float]],
    traced: Sequence[TracedFigure],
) -> tuple[Release, dict[str, str], list[str]]:
    """What may leave, the kind of each file, and the files that hold nothing but records."""
    from dnt_cli.disclosure.release import released
    from dnt_cli.stagefile.kinds import result_of
    from dnt_cli.tables import without_charts

    tables: dict[str, Sequence[Table]] = {}
    for name, stage in stages.items():
        own = [] if stage.kind in _RECORDS else result_of(stage).tables(wording)
        tables[name] = [without_charts(table, wording.text("description.spark_note")) for table in own]
    records = [name for name, own in tables.items() if not own]
    kept = {name: own for name, own in tables.items() if own} | _concluded(stages, wording)
    if traced:
        kept[_FIGURES] = [own.table for own in traced]
    result = released(kept, thresholds, wording, earlier)
    kinds = {name: stage.kind for name, stage in stages.items()}
    return result, kinds | {name: name for name in _MADE}, records


def _concluded(stages: dict[str, Stage], wording: Wording) -> dict[str, Sequence[Table]]:
    """What follows from effects together with other results; nothing where there are none, or two of a kind."""
    from dnt_cli.conclusions import conclude
    from dnt_cli.stagefile.kinds import KINDS, result_of

    own = [stage for stage in stages.values() if KINDS[stage.kind].concluded]
    if len(own) < 2 or _CONCLUSIONS in stages or all(stage.kind != "estimates" for stage in own):
        return {}
    try:
        return {_CONCLUSIONS: conclude([result_of(stage) for stage in own]).tables(wording)}
    except DataError:
        return {}


def _traced(stages: dict[str, Stage], wording: Wording, *, needed: bool) -> list[TracedFigure]:
    """The figures of the first description and of all effects, each with its numbers.

    Raises:
        UsageError: Figures are needed, and there are none of these.
    """
    from dnt_cli.disclosure.figures import traced_figures
    from dnt_cli.effects.result import Estimates
    from dnt_cli.stagefile.kinds import result_of

    description = next((stage.frame for stage in stages.values() if stage.kind == "description"), None)
    own = (result_of(stage) for stage in stages.values() if stage.kind == "estimates")
    effects = [result for result in own if isinstance(result, Estimates)]
    if (description is None and not effects) or _FIGURES in stages:
        if needed:
            raise UsageError(say("release_description"))
        return []
    return traced_figures(description, Estimates.joined(effects) if effects else None, wording)


def _drawings(result: Release, traced: Sequence[TracedFigure]) -> dict[str, tuple[TracedFigure, Drawing]]:
    """Title -> the figure, and what may leave of it, of those of which anything may."""
    tables = result.tables.get(_FIGURES, ())
    drawn = ((table.title, own, own.draw(table)) for own, table in zip(traced, tables, strict=True))
    return {title: (own, drawing) for title, own, drawing in drawn if drawing is not None}


def _report(
    stages: Iterable[Stage],
    result: Release,
    drawings: Iterable[tuple[TracedFigure, Drawing]],
    thresholds: Thresholds,
    wording: Wording,
) -> tuple[Report, Release]:
    """The report as it may leave, and the release with what is shown and left out of it."""
    from dnt_cli.disclosure.report import protected
    from dnt_cli.report import draft
    from dnt_cli.report.material import REPORTED, Material
    from dnt_cli.stagefile.kinds import result_of

    own = [stage for stage in stages if stage.kind in REPORTED]
    figures = {figure.key: drawing if figure.parts else None for figure, drawing in drawings}
    whole = draft(Material(own, [result_of(stage) for stage in own], wording, "better"))
    return protected(whole, result, figures, thresholds, wording)


def _draw(folder: Path, drawings: Sequence[Drawing], possible: int, *, force: bool) -> None:
    from dnt_cli.figures.style import draw_all

    if drawings:
        draw_all(drawings, folder / _FIGURES, ("png",), force=force)
    counts = {"n": len(drawings), "possible": possible}
    tell(say("drew_of", **counts) if len(drawings) < possible else say("drew_all", **counts))


def _figures_in(result: Release, name: str) -> int:
    return sum(n for (source, _), n in result.shown.items() if source == name)


def _under(stage: Stage, overrides: Sequence[str]) -> Study:
    """The study of a file with other rules on what may leave.

    Raises:
        UsageError: Something else is to change, which the tables would not follow.
    """
    from dnt_cli.study import parse_study
    from dnt_cli.study.comparison import changes

    if not overrides:
        return stage.study
    name = Sentence("study.study_in", {"file": stage.name})
    study = parse_study(stage.study.text, name, [*stage.study.overrides, *overrides])
    if others := [own.key for own in changes(stage.study, study) if own.key.partition(".")[0] != "disclosure"]:
        raise UsageError(say("release_set", keys=", ".join(others)))
    return study


def _thresholds(study: Study, wording: Wording) -> Thresholds:
    """Those of the study; where it has no preset those of CBS, replaced by those that it gives."""
    from dnt_cli.study.disclosure import CBS

    if study.thresholds is None:
        warn(wording.text("disclosure.preset_cbs"))
    return study.thresholds or replace(CBS, **study.disclosure.given)


def _names(sources: Sequence[str], taken: Sequence[str] = ()) -> list[str]:
    """A name for each file, by which its tables go; none of those that are taken."""
    names = list(taken)
    for source in sources:
        stem = "stdin" if source == "-" else Path(source).stem
        names.append(stem if stem not in names else f"{stem}-{sum(n.startswith(stem) for n in names) + 1}")
    return names[len(taken) :]


def _inside(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}-{_INSIDE}")


def _check_folder(folder: Path, *, force: bool) -> None:
    """Refuse a folder that holds something, so that nothing leaves that this release did not decide on."""
    if not folder.absolute().parent.is_dir():
        raise DataError(say("no_folder", file=folder, folder=folder.absolute().parent))
    if folder.exists() and not folder.is_dir():
        raise DataError(say("release_file", folder=folder))
    if folder.is_dir() and any(folder.iterdir()) and not force:
        raise DataError(say("release_filled", folder=folder))


def _told_before(folders: Sequence[str]) -> list[dict[Quantity, float]]:
    """What each earlier release told."""
    from dnt_cli.disclosure.papers import told_before

    known: list[dict[Quantity, float]] = []
    for folder in folders:
        path = _inside(Path(folder)) / _LOG
        try:
            known.append(told_before(path.read_text(encoding="utf-8")))
        except OSError:
            raise DataError(say("release_no_log", folder=folder, log=path)) from None
        except (ValueError, KeyError, TypeError):
            raise DataError(say("release_bad_log", folder=folder, log=path)) from None
    return known


def _write(
    folder: Path,
    result: Release,
    kinds: dict[str, str],
    thresholds: Thresholds,
    wording: Wording,
    report: Report | None,
) -> None:
    from dnt_cli.disclosure.papers import checker_tables, letter, log
    from dnt_cli.report.writers import images, written
    from dnt_cli.stagefile.atomic import write_folder
    from dnt_cli.tables import document

    language = wording.language
    names = [name for name in result.tables if report is None or name != _REPORT]
    files = {f"{name}.{form}": document(form, result.leaving(name), language) for name in names for form in _FORMS}
    if report is not None:
        files[f"{_REPORT}.docx"] = written(report, "docx", images(report, "docx"))
    files["outputcheck.xlsx"] = document("xlsx", checker_tables(result, kinds, thresholds, wording), language)
    files["outputcheck.txt"] = letter(result, thresholds, wording).encode()
    inside = _inside(folder)
    write_folder(folder, files)
    write_folder(inside, {_LOG: log(result, thresholds).encode()})
    tell(say("wrote_release", n=len(files), folder=folder, inside=inside))
