"""The report of a study: from its results to a document for Word, a web page, Excel, Markdown or LaTeX."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from dnt_cli import __version__
from dnt_cli.report.explanations import with_explanations
from dnt_cli.report.model import Block, Report
from dnt_cli.report.published import with_published
from dnt_cli.report.sections import NAMES, built

if TYPE_CHECKING:
    from dnt_cli.report.material import Material
    from dnt_cli.wording import Wording

__all__ = ["NAMES", "Report", "build", "draft", "finished"]


def build(
    material: Material, include: Sequence[str] | None = None, own: Mapping[str, Sequence[Block]] | None = None
) -> Report:
    """The report of these results; arguments as of `draft`."""
    return finished(draft(material, include, own), material.wording)


def finished(report: Report, wording: Wording, left_out: Collection[str] = ()) -> Report:
    """A draft with what stands in its appendix about the whole of it.

    Args:
        report: The draft.
        wording: The study in a language.
        left_out: The keys of tables and figures that were in the draft and may not leave.
    """
    return with_explanations(with_published(report, wording, left_out), wording)


def draft(
    material: Material, include: Sequence[str] | None = None, own: Mapping[str, Sequence[Block]] | None = None
) -> Report:
    """The sections of a report, without what stands in its appendix about the whole of it.

    Args:
        material: The results, and who reads them.
        include: Names of sections; all of them by default. A section whose results are not there is left out.
        own: Section -> text of the author, which stands before what dnt writes.
    """
    wording = material.wording
    say, study = wording.text, wording.study
    chosen = [name for name in NAMES if include is None or name in include]
    found = (built(name, material, (own or {}).get(name, ())) for name in chosen)
    files = ", ".join(dict.fromkeys(stage.name for stage in material.stages))
    return Report(
        title=say("report.title", study=study.title[wording.language]),
        lines=(say("report.made_by", version=__version__, files=files),),
        stamp=_stamp(material),
        contents=say("report.contents"),
        kinds=(say("report.table"), say("report.figure")),
        sections=tuple(section for section in found if section is not None),
        language=wording.language,
    )


def _stamp(material: Material) -> str:
    """What must be said on every page: that the data are made up, or that the numbers may not leave as they are."""
    wording = material.wording
    if wording.study.synthetic:
        return wording.text("common.synthetic")
    return wording.text("report.inside") if wording.study.thresholds is not None else ""
