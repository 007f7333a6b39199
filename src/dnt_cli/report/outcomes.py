"""The outcomes as observed: a figure per outcome, and what is concluded of it."""

from __future__ import annotations

import math
from collections.abc import Iterator

from dnt_cli.description.lookup import Lookup, group_label, shown
from dnt_cli.report.alternatives import outcome_alternative
from dnt_cli.report.material import Material
from dnt_cli.report.model import Block, FigureBlock, Heading, Paragraph, TableBlock, reference
from dnt_cli.tables import slugs
from dnt_cli.wording import Wording

LEVELS, CHANGES = "trend", "change"
_TITLES = ("sample", "patterns", "baseline", "dropout", LEVELS, CHANGES, "further")


def described(material: Material) -> list[TableBlock]:
    """The tables of the description, named by what they show."""
    if material.description is None:
        return []
    wording, design = material.wording, material.wording.study.design
    waves = {"baseline": design.baseline, "dropout": design.endpoint}
    names = {wording.text(f"description.{name}_title", wave=waves.get(name, "")): name for name in _TITLES}
    tables = material.explained(material.description.tables(wording))
    others = slugs(table.title for table in tables)
    return [TableBlock(names.get(t.title, f"description_{o}"), t) for t, o in zip(tables, others, strict=True)]


def outcomes(material: Material) -> Iterator[Block]:
    """Per hypothesis its outcomes: a figure, what was observed, and what the models say."""
    from dnt_cli.figures.outcomes import outcome_drawings

    found, wording = material.description, material.wording
    if found is None:
        return
    study, level = wording.study, 0.95
    drawings = outcome_drawings(found.figures, wording, level)
    figures = Lookup(found.figures, "trend")
    tables = {own.key: own for own in described(material) if own.key in (LEVELS, CHANGES)}
    if len(tables) == 2:
        levels, changes = reference(LEVELS), reference(CHANGES)
        yield Paragraph(wording.text("report.outcomes_lead", levels=levels, changes=changes), "lead")
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
            yield from _said(key, figures, material)
            title = wording.text("report.outcome_figure", label=label)
            yield FigureBlock(f"figure_{key}", title, outcome_alternative(figures, key, wording), drawings[key])
    yield from tables.values()


def _said(key: str, figures: Lookup, material: Material) -> Iterator[Block]:
    """What is concluded of an outcome, and where counts and percentages go different ways."""
    from dnt_cli.conclusions.speech import outcome_text

    conclusion, conclusions = material.verdicts.get(key), material.conclusions
    if conclusion is not None and conclusions is not None:
        yield Paragraph(outcome_text(conclusion, material.wording, conclusions.sources.level))
    yield from map(Paragraph, _counts(key, figures, material.wording))


def _counts(key: str, figures: Lookup, wording: Wording) -> Iterator[str]:
    """Per group a sentence where fewer persons are a larger percentage."""
    study = wording.study
    baseline, wave = study.design.baseline, study.endpoint(key)
    for group in (study.design.intervention, study.design.comparison):
        before, after = (figures.get(key, "", group, own, "pct") for own in (baseline, wave))
        if math.isnan(before.value) or math.isnan(after.value):
            continue
        if after.n < before.n and after.value > before.value:
            yield wording.text(
                "report.count_falls", group=group_label(group, wording), n_from=before.n, n_to=after.n,
                baseline=baseline, wave=wave, to=shown(after.value, 1, wording),
                **{"from": shown(before.value, 1, wording)},
            )  # fmt: skip
