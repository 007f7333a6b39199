"""A folder of figures of a description, with a table of which file is which figure of the report."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from dnt_cli.errors import DataError
from dnt_cli.figures.composed import composed_drawings
from dnt_cli.figures.flow import flow_drawing
from dnt_cli.figures.outcomes import outcome_drawings
from dnt_cli.figures.style import FORMATS, draw_all
from dnt_cli.progress import Progress
from dnt_cli.safe_text import neutral
from dnt_cli.sentences import say
from dnt_cli.stagefile.atomic import write_file
from dnt_cli.wording import Wording

LIST = "figures.csv"
_COLUMNS = ("file", "figure", "title")


def draw(
    description: pd.DataFrame,
    wording: Wording,
    folder: str | Path,
    formats: Sequence[str] = FORMATS,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
    force: bool = False,
) -> list[Path]:
    """Draw the flow of persons, a figure per outcome and the composed figures of the study file.

    They are listed in figures.csv, which says which is which figure of the report.

    Args:
        description: As `description.describe` makes it.
        wording: The study with its labels and the order of the outcomes, and the language.
        folder: Made if it is not there. Files are named after the outcomes; those of an earlier run are replaced.
        formats: `svg`, `png`.
        jobs: Processes; the figures do not depend on it.
        progress: Told of figures done and to do.
        force: Replace files that dnt did not make.

    Returns:
        The figures, in the order of the study file, and the list.

    Raises:
        DataError: The folder or a file cannot be written, a file is none of dnt, or an unknown format.
    """
    path = Path(folder) / LIST
    _refuse_foreign_list(path, force=force)
    outcomes, composed = outcome_drawings(description, wording), composed_drawings(description, wording)
    drawings = [flow_drawing(description, wording), *outcomes.values(), *composed.values()]
    drawn = draw_all(drawings, Path(folder), formats, jobs=jobs, progress=progress, force=force)
    numbers = {key: outcome.figure for key, outcome in wording.study.outcomes.items()}
    numbers |= {key: figure.number for key, figure in wording.study.figures.items()}
    content = io.StringIO(newline="")
    writer = csv.writer(content, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for drawing in drawings:
        row = (numbers.get(drawing.stem) or "", neutral(drawing.title))
        writer.writerows((f"{drawing.stem}.{ending}", *row) for ending in formats)
    write_file(path, content.getvalue().encode("utf-8"))
    return [*drawn, path]


def _refuse_foreign_list(path: Path, *, force: bool) -> None:
    if force or not path.is_file():
        return
    with path.open("rb") as stream:
        if stream.readline().rstrip() != ",".join(_COLUMNS).encode():
            raise DataError(say("foreign_list", path=path))
