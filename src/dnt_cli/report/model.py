"""A report as data: sections of paragraphs, tables and figures, with numbered captions and references to them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from dnt_cli.figures.style import Drawing
from dnt_cli.study import Language
from dnt_cli.tables import Cell, Counts, Table

_OPEN, _CLOSE = "\ue000", "\ue001"  # private characters, which no text of a study holds
REFERENCE = re.compile(f"{_OPEN}([^{_CLOSE}]*){_CLOSE}")


def reference(key: str) -> str:
    """What stands in a paragraph for `table 3`, whatever its number will be."""
    return f"{_OPEN}{key}{_CLOSE}"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph, or a line of a list.

    Attributes:
        text: With references.
        style: How it is set.
        counts: The persons behind its numbers; `Counts()` where none is about persons, None where it is not known.
        sentences: What the text is made of, where the persons behind each are known; then `counts` tells nothing.
    """

    text: str
    style: Literal["body", "lead", "item"] = "body"
    counts: Counts | None = None
    sentences: tuple[Cell, ...] = ()


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading within a section; 2 is the first level below that of the section."""

    text: str
    level: Literal[2, 3] = 2


@dataclass(frozen=True, slots=True)
class NamedBlock:
    """A block that paragraphs refer to by its key."""

    key: str


@dataclass(frozen=True, slots=True)
class TableBlock(NamedBlock):
    """A table."""

    table: Table


@dataclass(frozen=True, slots=True)
class FigureBlock(NamedBlock):
    """A figure with the title of its caption."""

    title: str
    drawing: Drawing


Block = Paragraph | Heading | TableBlock | FigureBlock


APPENDIX = "appendix"
"""The name of the last chapter."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter."""

    name: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report.

    Attributes:
        title: Of the report.
        lines: Under the title: what it is about and what it was made with.
        stamp: On every page; empty where there is nothing to warn of.
        contents: The heading over the list of sections.
        kinds: What a table and a figure are called.
        sections: In their order.
        language: Of all words.
    """

    title: str
    lines: tuple[str, ...]
    stamp: str
    contents: str
    kinds: tuple[str, str]
    sections: tuple[Chapter, ...]
    language: Language

    def blocks(self) -> Iterator[Block]:
        """All blocks in their order."""
        for section in self.sections:
            yield from section.blocks

    @property
    def tables(self) -> list[TableBlock]:
        """All tables."""
        return [block for block in self.blocks() if isinstance(block, TableBlock)]

    @property
    def figures(self) -> list[FigureBlock]:
        """All figures."""
        return [block for block in self.blocks() if isinstance(block, FigureBlock)]

    @property
    def keys(self) -> set[str]:
        """Of all tables and figures."""
        return {block.key for block in self.blocks() if isinstance(block, NamedBlock)}

    def numbers(self) -> dict[str, str]:
        """Key of a table or figure -> `Table 3`."""
        found = {block.key: f"{self.kinds[0]} {i}" for i, block in enumerate(self.tables, start=1)}
        return found | {block.key: f"{self.kinds[1]} {i}" for i, block in enumerate(self.figures, start=1)}

    @property
    def has_appendix(self) -> bool:
        """Whether the last chapter is the appendix."""
        return bool(self.sections) and self.sections[-1].name == APPENDIX

    def appended(self, *blocks: Block) -> Report:
        """The report with more at the end of its last chapter."""
        *before, last = self.sections
        return replace(self, sections=(*before, replace(last, blocks=(*last.blocks, *blocks))))


def pieces(text: str) -> Iterator[tuple[str, bool]]:
    """The parts of a paragraph in their order; with True a reference, of which the key is given."""
    for i, part in enumerate(REFERENCE.split(text)):
        if part:
            yield part, i % 2 == 1
