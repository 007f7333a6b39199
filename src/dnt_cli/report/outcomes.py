"""The outcomes as observed: a figure per outcome, and how it went in the two groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dnt_cli.report.material import Material
from dnt_cli.report.model import Block, FigureBlock, Heading, Paragraph, TableBlock, reference
from dnt_cli.tables import Counts

if TYPE_CHECKING:
    from dnt_cli.figures.style import Drawing

LEVELS, CHANGES, CODEBOOK = "trend", "change", "codebook"


def described(material: Material) -> list[TableBlock]:
    """The tables of the description under their names."""
    return [TableBlock(table.name, table) for table in material.described]


def outcomes(material: Material) -> Iterator[Block]:
    """Per hypothesis its outcomes: what was observed, and a figure of it."""
    from dnt_cli.conclusions import change_sentences
    from dnt_cli.figures.composed import composed_drawings
    from dnt_cli.figures.outcomes import outcome_drawings
    from dnt_cli.figures.parts import LEVEL

    found, wording = material.description, material.wording
    if found is None:
        return
    study = wording.study
    drawings = outcome_drawings(found.figures, wording, within_text=True)
    composed: dict[str, list[tuple[str, Drawing]]] = {}
    for name, drawing in composed_drawings(found.figures, wording).items():
        shown = [key for key in drawings if key in study.figures[name].outcomes]
        composed.setdefault(shown[-1], []).append((name, drawing))  # behind the last of its outcomes
    went = change_sentences(found, wording)
    tables = {own.key: own for own in described(material) if own.key in (LEVELS, CHANGES)}
    if len(tables) == 2:
        levels, changes = reference(LEVELS), reference(CHANGES)
        lead = wording.text("report.outcomes_lead", levels=levels, changes=changes, level=100 * LEVEL)
        yield Paragraph(lead, "lead", Counts())
    for hypothesis in (*study.hypotheses, None):
        own = [key for key in drawings if study.outcomes[key].hypothesis == hypothesis]
        if not own:
            continue
        if study.hypotheses:
            other = wording.text("report.other_outcomes")
            yield Heading(wording.hypothesis(hypothesis) if hypothesis else other)
        for key in own:
            label = wording.label(key)
            yield Heading(label, 3)
            if key in went:
                yield Paragraph(went[key])
            better = wording.text(f"description.{study.outcomes[key].better}_better")
            title = wording.text("report.outcome_figure", label=label, better=better)
            yield FigureBlock(f"figure_{key}", title, drawings[key])
            yield from (FigureBlock(f"figure_{name}", own.title, own) for name, own in composed.pop(key, ()))
    if tables:
        yield Heading(wording.text("report.outcomes_tables"))
    yield from tables.values()
