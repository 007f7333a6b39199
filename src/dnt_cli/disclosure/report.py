"""The report as it may leave: the same report, which tells nothing that the tables beside it do not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from dnt_cli.disclosure.quantities import Names
from dnt_cli.disclosure.release import HIDDEN, Filter, Left, Release
from dnt_cli.figures.style import Drawing
from dnt_cli.report import finished
from dnt_cli.report.model import REFERENCE, Block, Chapter, FigureBlock, Heading, Paragraph, Report, TableBlock
from dnt_cli.study import Thresholds
from dnt_cli.tables import Cell, Column, Section, Table
from dnt_cli.wording import Wording

REPORT = "report"
"""The source by which what is shown and left out of it goes."""
_SENTENCE = re.compile(r"(?<=[.!?]) ")

Figures = Mapping[str, Drawing | None]


def protected(
    draft: Report, release: Release, figures: Figures, thresholds: Thresholds, wording: Wording
) -> tuple[Report, Release]:
    """The report as it may leave with a release, and the release with what is shown and left out of it.

    A number is shown if the release tells the size of every group behind it. Tables, figures and chapters of which
    nothing is left go, with the sentences that refer to them.

    Args:
        draft: The report.
        release: With which it leaves.
        figures: Key of each figure that may leave -> what may leave of it; None where all of it may.
        thresholds: Of the study.
        wording: Of the report.
    """
    own = _Protection(Filter(release.decision, thresholds, wording), figures, wording)
    sections = tuple(own.chapter(chapter) for chapter in draft.sections)
    kept = replace(draft, sections=sections).keys
    sections = tuple(replace(chapter, blocks=_referring(chapter.blocks, kept)) for chapter in sections)
    empty = [chapter.title for chapter in sections if not chapter.blocks]
    made = replace(
        draft,
        sections=tuple(chapter for chapter in sections if chapter.blocks),
        stamp=draft.stamp if wording.study.synthetic else "",  # not that it may not leave
        lines=(*draft.lines, own.front()),
    )
    whole = finished(made, wording, own.left_out)
    blocks = own.named(empty)
    return (whole.appended(*blocks) if blocks else whole), release.with_source(REPORT, own.tables, own.filter)


@dataclass
class _Protection:
    """Protects the blocks of a report one by one.

    Attributes:
        filter: Of numbers and sentences.
        figures: As of `protected`.
        wording: Of the report.
        tables: What is counted: the tables as they may leave, and the sentences of each chapter.
        left_out: The names of the tables and figures that are left out.
        titles: Kind of block -> the titles of those that are left out; of a paragraph that of its chapter.
    """

    filter: Filter
    figures: Figures
    wording: Wording
    tables: list[Table] = field(default_factory=list)
    left_out: set[str] = field(default_factory=set)
    titles: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.names = Names(self.filter.decision.values, self.filter.decision.hidden)

    def chapter(self, chapter: Chapter) -> Chapter:
        """The chapter with the blocks that may leave."""
        found = (_KINDS.get(type(block), _unknown)(self, block, chapter.title) for block in chapter.blocks)
        blocks = tuple(block for block in found if block is not None)
        if (REPORT, chapter.title) in self.filter.shown:
            self.tables.append(Table(chapter.title, (), ()))
        return replace(chapter, blocks=blocks)

    def leave_out(self, kind: str, title: str, *names: str, rule: str = "block") -> None:
        """Note that a block does not leave."""
        self.filter.left.append(Left(REPORT, title, "", "", rule))
        self.titles.setdefault(kind, []).append(title)
        self.left_out |= set(names)

    def front(self) -> str:
        """What stands under the title: what the mark means, and that more is left out."""
        front = self.wording.text("disclosure.report_front", mark=HIDDEN, n=self.filter.thresholds.persons)
        return f"{front} {self.wording.text('disclosure.report_more')}" if self.titles else front

    def named(self, empty: Sequence[str]) -> list[Block]:
        """What stands at the end: the names of what is left out as a whole; of paragraphs how many, by chapter."""
        say = self.wording.room("disclosure")
        paragraphs = [f"{title}: {n}" for title, n in Counter(self.titles.get("paragraphs", [])).items()]
        found = {"chapters": empty, **self.titles, "paragraphs": paragraphs}
        sections = tuple(
            Section(say(f"report_{kind}"), tuple((Cell(title),) for title in titles))
            for kind, titles in found.items()
            if titles
        )
        table = Table(say("report_left_out"), (Column("", "left"),), sections, (say("report_why"),))
        return [Heading(say("report_left_out")), TableBlock("left_out", table)] if sections else []


def _table(own: _Protection, block: TableBlock, _chapter: str) -> TableBlock | None:
    """The table, if a number of it is shown or it never had any."""
    table = block.table
    trial = own.filter.trial()
    found = trial.table(REPORT, table.with_cells(lambda c: replace(c, counts=own.names.of(c.counts))))
    found = replace(found, notes=tuple(note for note in found.notes if note in table.notes))  # the mark is told once
    if not trial.shown[REPORT, found.title] and any(left.rule != "note" for left in trial.left):
        own.leave_out("tables", found.title, block.key, table.name)
        return None
    own.filter.keep(trial)
    own.tables.append(found)
    return replace(block, table=found)


def _figure(own: _Protection, block: FigureBlock, _chapter: str) -> FigureBlock | None:
    """The figure as it may leave."""
    if block.key not in own.figures:
        own.leave_out("figures", block.title, block.key)
        return None
    made = own.figures[block.key] or block.drawing
    return replace(block, drawing=made)


def _paragraph(own: _Protection, block: Paragraph, chapter: str) -> Paragraph | None:
    """The sentences of which every number is shown, and the mark for others between them."""
    cells = block.sentences or (Cell(block.text, counts=block.counts),)
    texts = [own.filter.sentence(REPORT, chapter, replace(c, counts=own.names.of(c.counts))) for c in cells]
    if not any(texts):
        own.titles.setdefault("paragraphs", []).append(chapter)
        return None
    marked = [text or HIDDEN for text, _ in groupby(texts)]  # one mark for several that follow each other
    return replace(block, text=" ".join(marked), sentences=())


def _heading(own: _Protection, block: Heading, _chapter: str) -> Heading:
    return replace(block, text=own.filter.judge.masked(block.text, HIDDEN))


def _unknown(own: _Protection, block: Block, chapter: str) -> None:
    """A kind of block of which it is not known what it tells."""
    own.leave_out("tables", f"{chapter}: {type(block).__name__}", rule="unknown")


_KINDS: dict[type, Callable[[_Protection, Any, str], Block | None]] = {
    TableBlock: _table,
    FigureBlock: _figure,
    Paragraph: _paragraph,
    Heading: _heading,
}


def _referring(blocks: Sequence[Block], kept: Collection[str]) -> tuple[Block, ...]:
    """The blocks without sentences that refer to what is not there, and without headings over nothing."""
    found: list[Block] = []
    for block in (own for block in reversed(blocks) if (own := _cut(block, kept)) is not None):
        after = found[-1] if found else Heading("")
        if not (isinstance(block, Heading) and isinstance(after, Heading) and after.level <= block.level):
            found.append(block)
    return tuple(reversed(found))


def _cut(block: Block, kept: Collection[str]) -> Block | None:
    if not isinstance(block, Paragraph):
        return block
    parts = [part for part in _SENTENCE.split(block.text) if set(REFERENCE.findall(part)) <= set(kept)]
    return replace(block, text=" ".join(parts)) if parts else None
