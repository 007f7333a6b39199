"""Conclusions as tables: verdicts per hypothesis, the evidence per outcome, the sentences; and as rows of numbers."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from dnt_cli.conclusions.evidence import FOLLOW_UP, PARTS, Check, Evidence, Sources, counts_of, register_levels
from dnt_cli.conclusions.result import COUNTS, Conclusion, Conclusions, HypothesisConclusion
from dnt_cli.conclusions.speech import (
    begun,
    hypothesis_text,
    outcome_sentences,
    outcome_text,
    raw_numbers,
    short_effect,
    standing_text,
    verdict_text,
    wave_of,
)
from dnt_cli.effects.columns import effect_rows
from dnt_cli.effects.errors import errors_note
from dnt_cli.effects.notes import unequal_loss_notes
from dnt_cli.effects.persons import behind
from dnt_cli.effects.tables import interval_on_scale, mark_of, scale_of, tone_of
from dnt_cli.models import ENDPOINT, LONGITUDINAL
from dnt_cli.robustness.tables import changed_as
from dnt_cli.stagefile.result import Green
from dnt_cli.tables import Cell, Column, Counts, Section, Table, Tone, together
from dnt_cli.wording import Wording, within_sentence

_TONES: dict[str, Tone] = {
    "supported": "good", "over_time": "good", "opposite": "bad", "opposite_over_time": "bad", "not_testable": "muted",
}  # fmt: skip


def conclusion_tables(conclusions: Conclusions, wording: Wording, green: Green) -> list[Table]:
    """Verdicts per hypothesis where the study has any, the evidence per outcome, and both in words."""
    tables = [_hypotheses(conclusions, wording)] if conclusions.study.hypotheses else []
    return [*tables, _outcomes(conclusions, wording, green), _sentences(conclusions, wording)]


def _hypotheses(conclusions: Conclusions, wording: Wording) -> Table:
    say = wording.text
    judged = [own for own in conclusions.hypotheses if own.verdict is not None]
    names = [name for name in COUNTS if name != "differing" or any(own.count(name) for own in judged)]
    columns = (
        Column(say("conclusions.hypothesis"), "left"),
        Column(say("conclusions.verdict"), "left"),
        *(Column(say(f"conclusions.{name}"), optional=True) for name in names),
    )
    rows = tuple(_hypothesis(own, names, wording) for own in judged)
    wave = wording.study.design.endpoint
    notes = [say("conclusions.rule_note", wave=wave), say("conclusions.open_note"), say("conclusions.counts_note")]
    notes += [say("conclusions.fragile_note")] if any(own.fragile for own in conclusions.outcomes) else []
    notes += [*_apart_notes(conclusions, wording), *_missing(conclusions.sources, wording)]
    notes = [*wording.synthetic_note(), *notes]
    return Table(say("conclusions.hypotheses_title"), columns, (Section("", rows),), tuple(notes))


def _hypothesis(own: HypothesisConclusion, names: list[str], wording: Wording) -> tuple[Cell, ...]:
    counts = (own.count(name) for name in names)  # of outcomes, not persons
    head = Cell(wording.hypothesis(own.key)), Cell(verdict_text(own, wording), _TONES.get(str(own.verdict), ""))
    return (*head, *(Cell(str(count), value=float(count), counts=Counts()) for count in counts))


def _outcomes(conclusions: Conclusions, wording: Wording, green: Green) -> Table:
    """The evidence per outcome; narrow, what stands beside the effects is left out."""
    say, found = wording.text, conclusions.outcomes
    parts = [part for part in PARTS if any(part in own.evidence.parts or part in own.evidence.reasons for own in found)]
    beside = {
        "checks": any(own.evidence.checks for own in found),
        "register": any(own.evidence.registers for own in found),
        "raw": any(own.evidence.raw for own in found),
        "contradicts": any(own.contradictions for own in found),
    }
    columns = [
        Column(say("common.outcome"), "left"),
        Column(say("conclusions.expected_heading"), "left", optional=True),
        Column("", "left", optional=True),
        *(Column(_heading(part, wording)) for part in parts),
        *(Column(say(f"conclusions.{name}_heading"), "left", optional=True) for name, there in beside.items() if there),
        Column(say("conclusions.verdict"), "left"),
    ]

    def row(own: Conclusion) -> tuple[Cell, ...]:
        evidence, raw, later = own.evidence, own.evidence.raw, wording.study.design.follow_up
        apart = ", ".join(say(f"conclusions.contradicts_{name}", wave=later) for name in own.contradictions)
        cells = {
            "checks": _checks_cell(own, wording),
            "register": _register_cell(own, wording),
            "raw": Cell("") if raw is None else Cell(" | ".join(raw_numbers(raw, wording)), counts=raw.counts),
            "contradicts": Cell(apart, counts=counts_of(evidence, wording.study)),
        }
        expected = "" if evidence.expected is None else say(f"conclusions.{evidence.expected}")
        scales = " | ".join(
            dict.fromkeys(scale_of(part.row["kind"], wording, part.row) for part in evidence.parts.values())
        )
        head = [Cell(wording.label(evidence.outcome)), Cell(expected), Cell(scales, "muted")]
        effects = [_effect_cell(evidence, part, wording, green) for part in parts]
        verdict = Cell(verdict_text(own, wording), _TONES.get(own.verdict, ""))
        return (*head, *effects, *(cells[name] for name, there in beside.items() if there), verdict)

    sections = tuple(
        Section(wording.hypothesis(own.key), tuple(row(c) for c in own.outcomes))
        for own in conclusions.hypotheses
        if own.outcomes
    )
    notes = (*wording.synthetic_note(), *_outcome_notes(conclusions, wording))
    return Table(say("conclusions.outcomes_title"), tuple(columns), sections, notes)


def _outcome_notes(conclusions: Conclusions, wording: Wording) -> list[str]:
    """What the signs and columns beside the effects mean, as far as they are there."""
    say, sources, found = wording.text, conclusions.sources, conclusions.outcomes
    notes = []
    if not conclusions.study.hypotheses:  # else they stand under the table of hypotheses
        notes += [say("conclusions.open_note"), *_apart_notes(conclusions, wording), *_missing(sources, wording)]
    undirected = [own.evidence.outcome for own in found if own.why == "no_expectation"]
    notes += [say("conclusions.expect_note", outcome=undirected[0])] if undirected else []
    notes += [wording.marks_note(), *errors_note(sources.estimates, wording)]
    notes += [*wording.other_endpoints(own.evidence.outcome for own in found)]
    notes += _chance(conclusions, wording)
    parts = pd.DataFrame([own.parts[part].row for c in found for own in [c.evidence] for part in c.deciding])
    notes += [own.text for own in unequal_loss_notes(parts, wording)] if len(parts) else []
    marks = (mark_of(part.row, wording.study) for own in found for part in own.evidence.parts.values())
    uncounted = any(part.mark and not part.counted for own in found for part in own.evidence.parts.values())
    notes += [say("conclusions.uncounted_note")] if uncounted else []
    notes += [say("conclusions.flags_note")] if any("!" in mark for mark in marks) else []
    if any(own.evidence.checks for own in found):
        notes += [say("conclusions.checks_note"), *_main_differs(sources, wording)]
    if any(own.evidence.raw for own in found):
        design = conclusions.study.design
        notes.append(say("conclusions.raw_note", baseline=design.baseline, wave=design.endpoint))
    for key, other, count, known, said in register_levels(sources):
        values = {"wave": wording.study.endpoint(key), "count": count, "all": known, "said": said}
        share = 100 * count / known if known else math.nan
        notes.append(say("conclusions.register_levels", label=wording.label(other), share=share, **values))
    return notes


def _sentences(conclusions: Conclusions, wording: Wording) -> Table:
    level = conclusions.sources.level
    sections = []
    for own in conclusions.hypotheses:
        # Of a hypothesis as a whole no number is told.
        cells = [] if own.verdict is None else [Cell(begun(standing_text(own, wording)), counts=Counts())]
        said = [outcome_sentences(c, wording, level) for c in own.outcomes]
        cells += [Cell(" ".join(c.text for c in one), counts=together(c.counts for c in one)) for one in said]
        sections.append(Section(wording.hypothesis(own.key), tuple((cell,) for cell in cells)))
    title = wording.text("conclusions.sentences_title")
    return Table(title, (Column("", "left"),), tuple(sections), (*wording.synthetic_note(), wording.marks_note()))


def _heading(part: str, wording: Wording) -> str:
    if part == LONGITUDINAL:
        return wording.text("common.trend")
    return str(wording.study.design.follow_up) if part == FOLLOW_UP else wording.study.design.endpoint


def _effect_cell(evidence: Evidence, part: str, wording: Wording, green: Green) -> Cell:
    own = evidence.parts.get(part)
    if own is None:
        return Cell("#", "muted") if part in evidence.reasons else Cell("")
    estimate = interval_on_scale(own.row)[0]
    counts = behind(own.row, wording.study)
    return Cell(short_effect(own, wording), tone_of(own.row, wording.study, green), estimate, counts)


def _checks_cell(own: Conclusion, wording: Wording) -> Cell:
    """Per part how many checks change nothing, and those that do: `T3 6/6 trend 5/6 a-1.2–`."""
    texts = []
    for part in PARTS:
        checks = own.checks(part)
        if checks:
            wave = wave_of(part, own.evidence.outcome, wording)
            name = wording.text("common.trend") if part == LONGITUDINAL else wave
            changes = [_changed(check, wording) for check in checks]
            same = sum(not change for change in changes)
            texts.append(" ".join([name, f"{same}/{len(checks)}", *filter(None, changes)]))
    return Cell("; ".join(texts), counts=together(check.counts for check in own.evidence.checks))


def _changed(check: Check, wording: Wording) -> str:
    """The sign of a change; a mark that is gained is a gain in either direction, whose shift tells which."""
    verdict = "gained" if check.verdict == "opposite" else check.verdict
    return changed_as(check.code, verdict, check.shift, wording)


def _register_cell(own: Conclusion, wording: Wording) -> Cell:
    registers = [[o.parts[part] for part in PARTS if part in o.parts] for o in own.evidence.registers]
    counts = together(behind(effect.row, wording.study) for effects in registers for effect in effects)
    texts = ("; ".join(short_effect(effect, wording) for effect in effects) for effects in registers)
    return Cell(" ".join(texts).strip(), counts=counts)


def _apart_notes(conclusions: Conclusions, wording: Wording) -> list[str]:
    """Per kind of contradiction the outcomes, with a mark where one of the two has it."""
    design, notes = wording.study.design, []
    for name in ("trend", "follow_up", "register", "raw"):
        labels = [
            wording.text("conclusions.apart_marked", label=label) if _marked(own, name) else label
            for own in conclusions.outcomes
            if name in own.contradictions
            for label in [wording.label(own.evidence.outcome)]
        ]
        if labels:
            values = {"wave": design.endpoint, "later": design.follow_up, "outcomes": ", ".join(labels)}
            notes.append(wording.text(f"conclusions.apart_note_{name}", **values))
    return notes


def _marked(own: Conclusion, contradiction: str) -> bool:
    """Whether either side of a contradiction has a mark."""
    evidence = own.evidence
    if contradiction == "register":
        sides = [evidence, *evidence.registers]
        return any(part.mark for side in sides for part in side.parts.values())
    other = {"trend": LONGITUDINAL, "follow_up": FOLLOW_UP}.get(contradiction, ENDPOINT)
    return any(evidence.parts[part].mark for part in (ENDPOINT, other))


def _chance(conclusions: Conclusions, wording: Wording) -> list[str]:
    """How many marks there are, and how many to expect without any effect."""
    study = wording.study
    found = [own.evidence for own in conclusions.outcomes if not study.is_register(own.evidence.outcome)]
    parts = [part for part in (ENDPOINT, LONGITUDINAL) if any(part in own.parts for own in found)]
    marks = [own.parts[part].mark for own in found for part in parts if part in own.parts]
    if len(marks) < 2:
        return []
    lenient = study.significance.lenient
    values = {"marked": sum(map(bool, marks)), "tests": len(marks), "expected": lenient * len(marks)}
    told = " + ".join(within_sentence(_heading(part, wording)) for part in parts)
    return [wording.text("conclusions.chance_note", parts=told, lenient=wording.threshold(lenient), **values)]


def _missing(sources: Sources, wording: Wording) -> list[str]:
    """What these files do not tell, and which command does."""
    design = wording.study.design
    absent = [part for part in (ENDPOINT, LONGITUDINAL) if not sources.has(part)]
    absent += ["robustness"] if sources.robustness is None else []
    absent += ["description"] if sources.description is None else []
    notes = [wording.text(f"conclusions.missing_{name}", wave=design.endpoint) for name in absent]
    told = set(sources.estimates["outcome"])
    told |= set() if sources.robustness is None else set(sources.robustness.estimates["outcome"])
    return [*notes, *wording.missing_register(told)]


def _main_differs(sources: Sources, wording: Wording) -> list[str]:
    """The effects that the file with checks knows with another mark than the file with effects."""
    assert sources.robustness is not None
    rows = effect_rows(sources.robustness.estimates)
    mark = wording.study.significance.mark
    keys = ["analysis", "outcome"]
    main = rows[rows["model"] == "main"].set_index(keys)["p_value"].map(mark)
    own = sources.estimates.drop_duplicates(keys).set_index(keys)["p_value"].map(mark)
    both = main.index.intersection(own.index)
    other = list(dict.fromkeys(key[1] for key in both if main[key] != own[key]))
    return [wording.text("conclusions.main_differs", outcomes=wording.labels(other))] if other else []


def conclusion_rows(conclusions: Conclusions) -> pd.DataFrame:
    """A row per hypothesis and per outcome, with every digit."""
    wording, level = Wording(conclusions.study, "en"), conclusions.sources.level
    rows: list[dict[str, Any]] = []
    for own in conclusions.hypotheses:
        if own.verdict is not None:
            numbers = {f"outcomes_{name}": own.count(name) for name in COUNTS}
            head = {"hypothesis": own.key, "outcome": ""} | _standing(own)
            rows.append(head | numbers | {"sentence": hypothesis_text(own, wording)})
        for c in own.outcomes:
            rows.append({"hypothesis": own.key} | _numbers(c) | {"sentence": outcome_text(c, wording, level)})
    return pd.DataFrame(rows)


def _standing(own: Conclusion | HypothesisConclusion) -> dict[str, Any]:
    return {"verdict": own.verdict, "fragile": own.fragile, "lenient": own.lenient}


def _numbers(own: Conclusion) -> dict[str, Any]:
    evidence = own.evidence
    row: dict[str, Any] = {"outcome": evidence.outcome} | _standing(own)
    row |= {"why": own.why, "expected": evidence.expected, "contradictions": ",".join(own.contradictions)}
    for part in (ENDPOINT, LONGITUDINAL, *([FOLLOW_UP] if FOLLOW_UP in evidence.parts else [])):
        if part in evidence.parts:
            found = evidence.parts[part]
            names = ("estimate", "low", "high")
            row |= {f"{part}_{name}": v for name, v in zip(names, interval_on_scale(found.row), strict=True)}
            row |= {f"{part}_p_value": float(found.row["p_value"]), f"{part}_mark": found.mark}
            row |= {f"{part}_kind": found.row["kind"], f"{part}_along": found.along}
        checks = own.checks(part)
        row[f"{part}_checks"] = len(checks)
        changed = (f"{c.code}:{c.verdict}" for c in checks if c.verdict not in ("same", "not compared"))
        row[f"{part}_checks_changed"] = ",".join(changed)
    if evidence.raw is not None:
        row |= {"observed_intervention": evidence.raw.intervention, "observed_comparison": evidence.raw.comparison}
        row["observed_is_change"] = evidence.raw.changes
    return row
