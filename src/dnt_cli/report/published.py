"""What corresponds, in a report, to each table and figure of an earlier report of the same study."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from dnt_cli.description.blocks import block_name
from dnt_cli.report.model import Heading, NamedBlock, Report, TableBlock
from dnt_cli.study import Study
from dnt_cli.tables import Cell, Column, Section, Table
from dnt_cli.wording import Wording

KEY = "published"


def with_published(report: Report, wording: Wording, left_out: Collection[str] = ()) -> Report:
    """The report with that table in the appendix, if the study tells of an earlier report.

    Args:
        report: Without it.
        wording: The study in a language.
        left_out: The keys of tables and figures that may not be shown.
    """
    entries = list(_entries(wording.study, wording))
    if not entries or not report.has_appendix:
        return report
    places = _places(report)
    say = wording.text
    columns = tuple(Column(say(f"report.published_{name}"), "left") for name in ("there", "here", "chapter"))
    rows = []
    for label, key, why_not in entries:
        absent = (why_not or say(f"report.published_{'left_out' if key in left_out else 'absent'}"), "")
        rows.append((Cell(label), *map(Cell, places.get(key, absent))))
    table = Table(say("report.published_title"), columns, (Section("", tuple(rows)),))
    return report.appended(Heading(say("report.published_head")), TableBlock(KEY, table))


def _entries(study: Study, wording: Wording) -> Iterator[tuple[str, str, str]]:
    """Per published table and figure what it is called, the key of what corresponds to it, and why nothing does."""
    for own in study.published.values():
        key = block_name(str(own.here)) if own.here in study.description else str(own.here or "")
        yield own.label[wording.language], key, "" if own.why_not is None else own.why_not[wording.language]
    numbered = [(own.figure, key, own.label) for key, own in study.outcomes.items() if own.figure]
    numbered += [(own.number, key, own.label) for key, own in study.figures.items() if own.number]
    for number, key, label in sorted(numbered, key=lambda found: (len(found[0]), found[0])):
        yield f"{wording.text('report.figure')} {number}: {label[wording.language]}", f"figure_{key}", ""


def _places(report: Report) -> Mapping[str, tuple[str, str]]:
    """Key -> number of the table or figure, and the chapter that it stands in."""
    found: dict[str, tuple[str, str]] = {}
    numbers = report.numbers()
    for i, chapter in enumerate(report.sections, start=1):
        for block in chapter.blocks:
            if isinstance(block, NamedBlock):
                named = isinstance(block, TableBlock) and block.table.name
                found.setdefault(named or block.key, (numbers[block.key], f"{i} {chapter.title}"))
    return found
