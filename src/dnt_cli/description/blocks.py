"""The described blocks of a study file as tables: further answers under their own labels, in the layout of a report."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from dnt_cli.description.lookup import Figure, Lookup, group_label, shown
from dnt_cli.description.persons import Behind
from dnt_cli.description.rounding import PERCENT_DECIMALS
from dnt_cli.description.rows import ALL
from dnt_cli.study import DescribedBlock
from dnt_cli.tables import Cell, Column, Section, Table, together
from dnt_cli.wording import Wording


def block_tables(description: pd.DataFrame, wording: Wording, behind: Behind) -> list[Table]:
    """A table per block of which the data hold at least one column, in the order of the study file."""
    figures = Lookup(description, "further")
    there = set(figures.values("variable"))
    blocks = [_AnswerTable(key, block, figures, wording, behind) for key, block in wording.study.description.items()]
    return [_LAYOUTS[own.block.layout](own) for own in blocks if not there.isdisjoint(own.block.items)]


def block_name(key: str) -> str:
    """The name of the table of a block of the study's description."""
    return f"block_{key}"


@dataclass(frozen=True)
class _AnswerTable:
    """One block and where its figures are."""

    key: str
    block: DescribedBlock
    figures: Lookup
    wording: Wording
    behind: Behind

    @property
    def items(self) -> list[str]:
        """The columns that the data hold."""
        there = set(self.figures.values("variable"))
        return [item for item in self.block.items if item in there]

    @property
    def groups(self) -> list[str]:
        """Whose answers are shown."""
        design = self.wording.study.design
        own = {"intervention": [design.intervention], "comparison": [design.comparison]}
        return own.get(self.block.group, list(design.groups))

    def waves(self, item: str) -> list[str]:
        """The waves that are shown of an item; an empty one where its answers belong to the person."""
        found = self.figures.values("wave", variable=item)
        order = ["", *self.wording.study.design.wave_keys]
        return sorted((w for w in found if self.block.wave in (None, w) or w == ""), key=order.index)

    def sections(self, row: Callable[[str, str], tuple[Cell, ...]]) -> tuple[Section, ...]:
        """A row per item; under a heading per wave where they were asked at several."""
        pairs = [(item, wave) for item in self.items for wave in self.waves(item)]
        waves = sorted({wave for _, wave in pairs}, key=["", *self.wording.study.design.wave_keys].index)
        return tuple(
            Section(wave if len(waves) > 1 else "", tuple(row(item, own) for item, own in pairs if own == wave))
            for wave in waves
        )

    def answers(self, item: str) -> list[str]:
        """The answers in the order of the block; those that it does not name come last."""
        found = [level for level in self.figures.values("level", variable=item) if level]
        return [*self.block.answers, *(level for level in found if level not in self.block.answers)]

    def answer(self, level: str) -> str:
        """The name of an answer."""
        named = self.block.answers.get(level)
        return level if named is None else named[self.wording.language]

    def label(self, item: str) -> str:
        return self.block.items[item][self.wording.language]

    def share(self, item: str, level: str, group: str, wave: str) -> Figure:
        """How many gave an answer, of those who gave any; zero where nobody of the study did."""
        own = self.figures.get(item, level, group, wave, "pct")
        if not math.isnan(own.value):
            return own
        others = (self.figures.get(item, other, group, wave, "pct") for other in self.answers(item))
        asked = max((other.denominator for other in others), default=0)
        return Figure(0.0, 0, asked) if asked else own

    def percentage(self, item: str, level: str, group: str, wave: str, *, empty: bool = False) -> Cell:
        """A percentage; nothing for nobody if `empty`."""
        figure = self.share(item, level, group, wave)
        counts = self.behind.answered(figure, item, level, group, wave)
        text = shown(figure.value, PERCENT_DECIMALS, self.wording)
        return Cell("" if not text or (empty and not figure.n) else f"{text}%", counts=counts)

    def count(self, item: str, level: str, group: str, wave: str) -> Cell:
        figure = self.share(item, level, group, wave)
        return Cell(str(figure.n), counts=self.behind.answered(figure, item, level, group, wave))

    def asked(self, item: str, group: str, wave: str) -> int:
        """How many of a group gave any answer."""
        return max((self.share(item, level, group, wave).denominator for level in self.answers(item)), default=0)

    def table(self, columns: Sequence[Column], sections: Sequence[Section], *notes: str) -> Table:
        """The table under the block's title, with its own note."""
        absent = [self.label(item) for item in self.block.items if item not in self.items]
        told = [*notes, *([self.say("absent", items=", ".join(absent))] if absent else [])]
        own = [] if self.block.note is None else [self.block.note[self.wording.language]]
        title = self.block.label[self.wording.language]
        return Table(title, tuple(columns), tuple(sections), (*own, *told), name=block_name(self.key))

    def numbers(self) -> str:
        """Of how many persons the percentages are, per group."""
        texts = []
        for group in self.groups:
            sizes = [self.asked(item, group, wave) for item in self.items for wave in self.waves(item)]
            low, high = min(sizes, default=0), max(sizes, default=0)
            n = str(high) if low == high else self.say("range", low=low, high=high)
            texts.append(self.say("number", group=group_label(group, self.wording), n=n))
        return self.say("numbers", numbers=", ".join(texts))

    def say(self, key: str, **values: object) -> str:
        return self.wording.text(f"description.block_{key}", **values)


def _by_group(own: _AnswerTable) -> Table:
    """Items in rows, groups in columns: the percentage who gave one answer."""
    level = own.block.shown
    columns = [Column("", "left"), *(Column(group_label(group, own.wording)) for group in own.groups)]

    def row(item: str, wave: str) -> tuple[Cell, ...]:
        return Cell(own.label(item)), *(own.percentage(item, level, group, wave) for group in own.groups)

    return own.table(columns, own.sections(row), own.say("shown", answer=own.answer(level)), own.numbers())


def _by_answer(own: _AnswerTable) -> Table:
    """Items in rows, answers in columns, per group."""
    levels = list(dict.fromkeys(level for item in own.items for level in own.answers(item)))
    several = len(own.groups) > 1
    columns = [
        Column("", "left"),
        *(
            Column(own.answer(level), group=group_label(group, own.wording) if several else "")
            for group in own.groups
            for level in levels
        ),
    ]

    def row(item: str, wave: str) -> tuple[Cell, ...]:
        cells = (own.percentage(item, level, group, wave, empty=True) for group in own.groups for level in levels)
        return Cell(own.label(item)), *cells

    return own.table(columns, own.sections(row), own.numbers(), own.say("empty"))


def _counts(own: _AnswerTable) -> Table:
    """Answers in rows, groups in columns: numbers of persons, with their total."""
    groups = [*own.groups, *([ALL] if len(own.groups) > 1 else [])]
    columns = [Column("", "left"), *(Column(group_label(group, own.wording)) for group in groups)]
    pairs = [(item, wave) for item in own.items for wave in own.waves(item)]
    sections = []
    for item, wave in pairs:
        rows = []
        for level in own.answers(item):
            cells = [own.count(item, level, group, wave) for group in groups]
            name = Cell(own.answer(level), counts=together([cells[-1].counts]))  # a word of a few is not told
            rows.append((name, *cells))
        total = [own.asked(item, group, wave) for group in groups]
        counts = [own.behind.everybody(n, item, group, wave) for n, group in zip(total, groups, strict=True)]
        cells = [Cell(str(n), counts=who) for n, who in zip(total, counts, strict=True)]
        rows.append((Cell(own.wording.text("description.total")), *cells))
        heading = " ".join([own.label(item), wave]).strip() if len(pairs) > 1 else ""
        sections.append(Section(heading, tuple(rows)))
    return own.table(columns, sections, own.say("counts"))


def _by_wave(own: _AnswerTable) -> Table:
    """Items in rows, waves in columns, per group: the percentage who gave one answer."""
    found = {wave for item in own.items for wave in own.waves(item)}
    waves = [wave for wave in own.wording.study.design.wave_keys if wave in found]
    level = own.block.shown
    columns = [
        Column("", "left"),
        *(Column(wave, group=group_label(group, own.wording)) for group in own.groups for wave in waves),
    ]
    rows = []
    for item in own.items:
        # Answers that no person changed stand there once, for all waves.
        lasting = own.waves(item) == [""]
        cells = (own.percentage(item, level, g, "" if lasting else wave) for g in own.groups for wave in waves)
        rows.append((Cell(own.label(item)), *cells))
    return own.table(columns, [Section("", tuple(rows))], own.say("shown", answer=own.answer(level)), own.numbers())


_LAYOUTS: dict[str, Callable[[_AnswerTable], Table]] = {
    "groups": _by_group,
    "answers": _by_answer,
    "counts": _counts,
    "waves": _by_wave,
}
