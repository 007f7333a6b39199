"""The formats of a report, and the pictures that each needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module

from dnt_cli.progress import Progress
from dnt_cli.report.model import Report
from dnt_cli.workers import spread

Images = Mapping[str, bytes]  # key of a figure -> its picture


@dataclass(frozen=True, slots=True)
class ReportFormat:
    """A format of a report.

    Attributes:
        writer: `module:function` of `Report, Images, folder of the pictures -> bytes`.
        picture: The format of its pictures; empty where it has none.
        beside: Whether the pictures are files in a folder beside it.
    """

    writer: str
    picture: str = ""
    beside: bool = False


FORMATS = {
    "docx": ReportFormat("word:as_word", "png"),
    "html": ReportFormat("web:as_web", "svg"),
    "xlsx": ReportFormat("workbook:as_workbook"),
    "md": ReportFormat("plain:as_markdown", "svg", beside=True),
    "tex": ReportFormat("plain:as_latex", "png", beside=True),
}


def images(report: Report, form: str, jobs: int = 1, progress: Progress | None = None) -> dict[str, bytes]:
    """The pictures of a report in the format that it needs, drawn by `jobs` processes."""
    from dnt_cli.figures.style import get_ready, render

    picture, figures = FORMATS[form].picture, report.figures
    if not picture or not figures:
        return {}
    found: dict[str, bytes] = {}
    jobs = min(jobs, len(figures))
    if progress is not None:  # what starting takes says nothing of the pace
        list(spread(get_ready, [()] * jobs, jobs))
        progress(0, len(figures))
    drawn = spread(render, ((figure.drawing, [picture]) for figure in figures), jobs)
    for figure, (content,) in zip(figures, drawn, strict=True):
        found[figure.key] = content
        if progress is not None:
            progress(len(found), len(figures))
    return found


def written(report: Report, form: str, pictures: Images, folder: str = "") -> bytes:
    """The report as a file; `folder` is what the file calls the place of its pictures, where they stand beside it."""
    module, _, name = FORMATS[form].writer.partition(":")
    write: Callable[[Report, Images, str], bytes] = getattr(import_module(f"dnt_cli.report.{module}"), name)
    return write(report, pictures, folder)
