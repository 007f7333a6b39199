"""The sections of a report: what each says, and which results it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from dnt_cli.effects.result import Estimates
from dnt_cli.effects.tables import effect_tables
from dnt_cli.models import ENDPOINT, LONGITUDINAL
from dnt_cli.report.appendix import appendix
from dnt_cli.report.material import Material
from dnt_cli.report.method import method
from dnt_cli.report.model import Block, Chapter, FigureBlock, Heading, Paragraph, TableBlock, reference
from dnt_cli.report.outcomes import CHANGES, CODEBOOK, LEVELS, described, outcomes
from dnt_cli.tables import Counts, Table
from dnt_cli.wording import Wording


def _summary(material: Material) -> Iterator[Block]:
    """A verdict per hypothesis, and the evidence behind it."""
    from dnt_cli.conclusions.speech import hypothesis_text

    conclusions, wording = material.conclusions, material.wording
    if conclusions is None:
        return
    *told, _sentences = conclusions.tables(wording, green=material.green)
    tables = material.explained(told, verdicts=True)
    keys = ["verdicts", "evidence"][-len(tables) :]
    names = {key: reference(key) for key in keys}
    yield Paragraph(
        wording.text(f"report.summary_{'lead' if 'verdicts' in names else 'plain'}", **names), "lead", Counts()
    )
    for own in conclusions.hypotheses:
        if own.verdict is not None:
            yield Paragraph(hypothesis_text(own, wording), "item", Counts())  # of it no number is told
    yield from map(TableBlock, keys, tables)


def _population(material: Material) -> Iterator[Block]:
    """The design; who took part, and how the groups differed."""
    from dnt_cli.figures.style import figure_number

    design, wording = material.wording.study.design, material.wording
    waves = [
        wording.text("report.wave_months", wave=wave.key, months=figure_number(wave.months, wording.language))
        for wave in design.waves
    ]
    yield Paragraph(
        wording.text(
            "report.design", intervention=design.intervention_label[wording.language],
            comparison=design.comparison_label[wording.language], count=len(waves), waves=", ".join(waves),
            baseline=design.baseline, endpoint=design.endpoint,
        ), counts=Counts(),
    )  # fmt: skip
    if material.description is not None:
        from dnt_cli.figures.flow import flow_drawing

        flow = flow_drawing(material.description.figures, wording)
        yield Paragraph(wording.text("report.flow_lead", figure=reference("flow")), counts=Counts())
        yield FigureBlock("flow", flow.title, flow)
    tables = [own for own in described(material) if own.key not in (LEVELS, CHANGES, CODEBOOK)]
    keys = [own.key for own in tables]
    if {"sample", "baseline"} <= set(keys):
        first, second = reference("sample"), reference("baseline")
        yield Paragraph(wording.text("report.population_tables", first=first, second=second), counts=Counts())
    yield from tables


def _effects(material: Material) -> Iterator[Block]:
    """Odds ratios and coefficients by hypothesis, endpoint left and trend right, and a figure of them."""
    from dnt_cli.figures.forest import forest_drawing

    found, wording = material.estimates, material.wording
    if found is None:
        return
    tables = material.explained(found.tables(wording, green=material.green))
    both = _has_both(found)
    keys = [f"effects_{i}" for i in range(1, len(tables) + 1)]
    lead = "report.effects_lead" if both else "report.effects_alone"
    beside = [key for key, table in zip(keys, tables, strict=True) if _beside(table, wording)]
    names = {"first": ", ".join(map(reference, beside or keys)), "figure": reference("forest")}
    yield Paragraph(wording.text(lead, wave=wording.study.design.endpoint, **names), counts=Counts())
    for key, table in zip(keys, tables, strict=True):
        yield TableBlock(key, replace(table, title=_effects_title(table, material)))
    title = wording.text("report.forest", level=100 * found.level)
    drawing = forest_drawing(found.estimates, wording, found.level)
    yield FigureBlock("forest", title, drawing)
    yield from _by_outcome(material)


def _by_outcome(material: Material) -> Iterator[Block]:
    """What the models say of each outcome, in words."""
    from dnt_cli.conclusions.speech import outcome_sentences

    conclusions, wording = material.conclusions, material.wording
    if conclusions is None:
        return
    yield Heading(wording.text("report.by_outcome"))
    for own in conclusions.hypotheses:
        if own.outcomes and wording.study.hypotheses:
            yield Heading(wording.hypothesis(own.key) if own.key else wording.text("report.other_outcomes"), 3)
        for conclusion in own.outcomes:
            said = outcome_sentences(conclusion, wording, conclusions.sources.level)
            yield Paragraph(" ".join(own.text for own in said), sentences=tuple(said))


def _beside(table: Table, wording: Wording) -> bool:
    """Whether endpoint and trend stand side by side in it."""
    return {name for name, _ in table.groups if name} == {wording.study.design.endpoint, wording.text("common.trend")}


def _effects_title(table: Table, material: Material) -> str:
    """Of endpoint and trend side by side, what stands left and right; else what the table says itself."""
    wording = material.wording
    wave = wording.study.design.endpoint
    if not _beside(table, wording):
        return wording.text("report.effects_where", title=table.title)
    what = table.title[:1].lower() + table.title[1:]
    return wording.text("report.effects_title", what=what, wave=wave, unit=wording.unit())


def _robustness(material: Material) -> Iterator[Block]:
    """The effects under other choices."""
    result, wording = material.robustness, material.wording
    if result is None:
        return
    tables = material.explained(result.tables(wording, green=material.green))
    if not tables:
        return
    keys = [f"robustness_{i}" for i in range(1, len(tables) + 1)]
    main = [key for key, table in zip(keys, tables, strict=True) if table.name == "effects"]
    first = ", ".join(map(reference, main or keys[:1]))
    yield Paragraph(wording.text("report.robustness_lead", first=first), counts=Counts())
    yield from map(TableBlock, keys, tables)


def _has_both(found: Estimates) -> bool:
    """Whether there are effects at the endpoint and trends, which stand beside each other."""
    return {ENDPOINT, LONGITUDINAL} <= set(found.estimates["analysis"])


def _appendix(material: Material) -> Iterator[Block]:
    """All estimates, how the gaps were filled, and where everything came from."""
    found, wording = material.estimates, material.wording
    if found is not None and _has_both(found):
        yield Heading(wording.text("report.estimates_head"))
        for analysis in (ENDPOINT, LONGITUDINAL):
            rows = found.estimates[found.estimates["analysis"] == analysis]
            tables = effect_tables(rows, wording, level=found.level, green=material.green)
            for i, table in enumerate(material.explained(tables), start=1):
                yield TableBlock(f"all_{analysis}_{i}", table)
    yield from (own for own in described(material) if own.key == CODEBOOK)
    yield from appendix(material)


_CONTENT: dict[str, Callable[[Material], Iterator[Block]]] = {
    "summary": _summary,
    "population": _population,
    "method": method,
    "effects": _effects,
    "robustness": _robustness,
    "outcomes": outcomes,
    "appendix": _appendix,
}
"""What each section says; nothing where the results that it needs are not there."""
NAMES = tuple(_CONTENT)
"""In `--include`, in the file of own texts, and of the titles in the words."""


def built(name: str, material: Material, own: Sequence[Block]) -> Chapter | None:
    """A section with the author's own text before it; None where there is nothing to say."""
    blocks = (*own, *_CONTENT[name](material))
    return Chapter(name, material.wording.text(f"report.{name}"), blocks) if blocks else None
