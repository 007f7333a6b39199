"""Conclusions in sentences: a statement per hypothesis and per outcome, every part of it derived from the evidence."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from dnt_cli.conclusions.evidence import FOLLOW_UP, PARTS, Check, EffectEvidence, Evidence, ObservedChange, counts_of
from dnt_cli.conclusions.result import Conclusion, HypothesisConclusion
from dnt_cli.conclusions.rules import apart
from dnt_cli.effects.persons import behind
from dnt_cli.effects.tables import decimals_of, displayed, interval_on_scale, mark_of, scale_of
from dnt_cli.models import ENDPOINT, LONGITUDINAL
from dnt_cli.tables import Cell, Counts, together
from dnt_cli.wording import Wording, within_sentence

SITES = "h"  # the check whose standard errors are by site
BENT = "robustness.label_category"  # the check with an effect per wave
_CHANGES = ("lost", "reversed", "weaker", "turned", "gained_for", "gained_against", "gained")


def hypothesis_text(own: HypothesisConclusion, wording: Wording) -> str:
    """The name of a hypothesis, its verdict, and which of its outcomes have which verdict."""
    return f"{wording.hypothesis(own.key)}: {standing_text(own, wording)}"


def standing_text(own: HypothesisConclusion, wording: Wording) -> str:
    """The verdict on a hypothesis, and which of its outcomes have which verdict; read under or behind its name."""
    if not own.outcomes:
        why = wording.text("conclusions.why_no_outcome")
        return wording.text("conclusions.hypothesis_untested", why=why)
    by_verdict: dict[str, list[str]] = {}
    for conclusion in own.outcomes:
        label = within_sentence(wording.label(conclusion.evidence.outcome))
        by_verdict.setdefault(conclusion.verdict, []).append(label)
    verdict = verdict_text(own, wording)
    if len(by_verdict) == 1:
        labels = ", ".join(by_verdict[str(own.verdict)])
        return wording.text("conclusions.hypothesis_all", verdict=verdict, labels=labels)
    listed = [
        wording.text("conclusions.listed", verdict=wording.text(f"conclusions.{verdict}"), labels=", ".join(labels))
        for verdict, labels in by_verdict.items()
    ]
    outcomes = begun("; ".join(listed))
    return wording.text("conclusions.hypothesis_says", verdict=verdict, outcomes=outcomes)


def verdict_text(own: Conclusion | HypothesisConclusion, wording: Wording) -> str:
    """The verdict, as tables have it, whether it rests on the lenient level alone, and whether it is fragile."""
    verdict = wording.text(f"conclusions.{own.verdict}")
    verdict = _at_level(verdict, wording) if own.lenient else verdict
    return wording.text("conclusions.fragile", verdict=verdict) if own.fragile else verdict


def outcome_text(conclusion: Conclusion, wording: Wording, level: float) -> str:
    """The verdict on an outcome, the effects with their precision, what the checks change, and what contradicts it."""
    return " ".join(cell.text for cell in outcome_sentences(conclusion, wording, level))


def outcome_sentences(conclusion: Conclusion, wording: Wording, level: float) -> list[Cell]:
    """What is said of an outcome in whole sentences, each with the persons behind its numbers."""
    return [Cell(text, counts=counts) for text, counts in _sentences(conclusion, wording, level)]


def _sentences(conclusion: Conclusion, wording: Wording, level: float) -> Iterator[tuple[str, Counts | None]]:
    evidence = conclusion.evidence

    def persons(*parts: str) -> Counts | None:
        known = [behind(evidence.parts[part].row, wording.study) for part in parts if part in evidence.parts]
        return together(known) if known else Counts()

    # Why an outcome is not estimable may name any number.
    why_not = conclusion.why == "not_estimable"
    yield _verdict(conclusion, wording), None if why_not else persons(*conclusion.deciding)
    effects = [
        effect_text(part, evidence.parts[part], evidence, wording, level) for part in PARTS if part in evidence.parts
    ]
    if effects:
        yield begun("; ".join(effects)) + ".", persons(*PARTS)
    for part in (ENDPOINT, LONGITUDINAL):
        own = evidence.parts.get(part)
        if own is not None and own.sites and (own.mark or part in conclusion.deciding):
            yield _unknown_sites(own, _of_what(part, evidence, wording), wording), persons(part)
    for part in conclusion.deciding:
        for text in _other_errors(conclusion, part, wording):
            yield text, persons(part)
        for text in _checks(conclusion, part, wording):
            yield text, together(check.counts for check in conclusion.checks(part))
    for text, parts in _over_time(conclusion, wording):
        yield text, persons(*parts)
    for other in evidence.registers:
        if text := _register(evidence, other, wording):
            yield text, counts_of(other, wording.study)
    if evidence.raw is not None and ENDPOINT in evidence.parts:
        key = "raw_apart" if "raw" in conclusion.contradictions else "raw_same"
        raw, place = raw_text(evidence.raw, wording), where(ENDPOINT, evidence, wording)
        yield wording.text(f"conclusions.{key}", raw=raw, where=place), evidence.raw.counts
        if evidence.raw.twice is not None:
            again = replace(evidence.raw, intervention=evidence.raw.twice[0], comparison=evidence.raw.twice[1])
            start, end = wording.study.design.baseline, wave_of(ENDPOINT, evidence.outcome, wording)
            yield wording.text("conclusions.raw_twice", start=start, end=end, raw=raw_text(again, wording)), None


def _over_time(conclusion: Conclusion, wording: Wording) -> Iterator[tuple[str, tuple[str, ...]]]:
    """How the effects at different times differ from each other, with the analyses that it is about."""
    evidence = conclusion.evidence
    bent = [own for own in conclusion.checks(LONGITUDINAL) if own.label.key == BENT and own.verdict == "gained"]
    if bent and LONGITUDINAL not in conclusion.deciding:
        yield wording.text("conclusions.not_straight", code=bent[0].code), (LONGITUDINAL,)
    if "trend" in conclusion.contradictions:
        text = wording.text("conclusions.apart_trend", where=where(ENDPOINT, evidence, wording))
        yield text, (ENDPOINT, LONGITUDINAL)
    if "follow_up" in conclusion.contradictions:
        now, later = (where(part, evidence, wording) for part in (ENDPOINT, FOLLOW_UP))
        yield begun(wording.text("conclusions.apart_follow_up", where=now, later=later)), (ENDPOINT, FOLLOW_UP)


def where(part: str, evidence: Evidence, wording: Wording) -> str:
    """`at T3`, or `over time`."""
    if part == LONGITUDINAL:
        return wording.text("conclusions.in_time")
    return wording.text("conclusions.at", wave=wave_of(part, evidence.outcome, wording))


def wave_of(part: str, outcome: str, wording: Wording) -> str:
    """The wave that an effect at the endpoint or the follow-up is about."""
    return str(wording.study.design.follow_up) if part == FOLLOW_UP else wording.study.endpoint(outcome)


def effect_text(part: str, own: EffectEvidence, evidence: Evidence, wording: Wording, level: float) -> str:
    """`at T3 OR 1.54 (95% CI 0.41 – 5.40: only what lies outside is excluded)`."""
    decimals = decimals_of(own.row["kind"])
    estimate, low, high = (wording.number(value, decimals) for value in interval_on_scale(own.row))
    return wording.text(
        "conclusions.effect" if own.mark else "conclusions.effect_unmarked",
        where=_of_what(part, evidence, wording), scale=scale_of(own.row["kind"], wording, own.row), estimate=estimate,
        mark=mark_of(own.row, wording.study), low=low, high=high, level=100 * level,
    )  # fmt: skip


def short_effect(own: EffectEvidence, wording: Wording) -> str:
    """`1.54**`."""
    return displayed(own.row, wording)[0] + mark_of(own.row, wording.study)


def raw_numbers(raw: ObservedChange, wording: Wording) -> list[str]:
    """`+15.5` and `+3.6`: what was observed in both groups."""
    return [wording.number(value, raw.decimals, sign=raw.changes) for value in (raw.intervention, raw.comparison)]


def raw_text(raw: ObservedChange, wording: Wording) -> str:
    """`+15.5 against +3.6 percentage points`."""
    texts = raw_numbers(raw, wording)
    key = {
        (True, True): "raw_points", (True, False): "raw_percent",
        (False, True): "raw_mean_change", (False, False): "raw_mean",
    }[raw.percentage, raw.changes]  # fmt: skip
    return wording.text(f"conclusions.{key}", intervention=texts[0], comparison=texts[1])


def _of_what(part: str, evidence: Evidence, wording: Wording) -> str:
    if part == LONGITUDINAL:
        return wording.text("conclusions.trend_per", unit=wording.unit())
    return where(part, evidence, wording)


def begun(text: str) -> str:
    """The text as a sentence begins."""
    return text[:1].upper() + text[1:]


def _verdict(conclusion: Conclusion, wording: Wording) -> str:
    evidence = conclusion.evidence
    places = [where(part, evidence, wording) for part in conclusion.deciding]
    place = places[0] if len(places) == 1 else ""
    if len(places) > 1:
        place = wording.text("conclusions.and", first=places[0], second=places[1])
    place = _at_level(place, wording) if conclusion.lenient else place
    why = _why(conclusion, wording) if conclusion.why else ""
    verdict = wording.text(f"conclusions.says_{conclusion.verdict}", where=place, why=why)
    label = wording.label(evidence.outcome)
    if evidence.expected is None:
        return wording.text("conclusions.about_unexpected", label=label, verdict=verdict)
    expected = wording.text(f"conclusions.{evidence.expected}")
    return wording.text("conclusions.about", label=label, expected=expected, verdict=verdict)


def _at_level(text: str, wording: Wording) -> str:
    """The text with the lenient level of significance behind it."""
    return wording.text("conclusions.lenient", text=text, level=wording.threshold(wording.study.significance.lenient))


def _why(conclusion: Conclusion, wording: Wording) -> str:
    """Why an outcome is not testable; of the models without an effect that at the endpoint says it, if there is one."""
    if conclusion.why != "not_estimable":
        return wording.text(f"conclusions.why_{conclusion.why}")
    reasons = conclusion.evidence.reasons
    said = wording.messages(reasons.get(ENDPOINT) or next(iter(reasons.values())))
    return within_sentence(said.rstrip(".")) or wording.text("conclusions.why_unknown")


def _checks(conclusion: Conclusion, part: str, wording: Wording) -> list[str]:
    """How many checks change the mark of an effect, and which, by what they make of it."""
    checks = conclusion.checks(part)
    place = _of_what(part, conclusion.evidence, wording)
    if not checks:
        return []
    changed: dict[str, list[Check]] = {}
    for check in checks:
        changed.setdefault(_change(check, conclusion.evidence), []).append(check)
    if set(changed) == {""}:
        key = "conclusions.holds" if len(checks) > 1 else "conclusions.holds_one"
        return [wording.text(key, all=len(checks), where=place)]
    return [
        wording.text(
            f"conclusions.check_{change}", n=len(changed[change]), all=len(checks), where=place,
            checks="; ".join(_named(check, wording) for check in changed[change]),
        )
        for change in _CHANGES if change in changed
    ]  # fmt: skip


def _other_errors(conclusion: Conclusion, part: str, wording: Wording) -> list[str]:
    """The standard errors that take the mark away, unless the check of sites says so already."""
    told = {"sites" for check in conclusion.checks(part) if check.code[0] == SITES and check.verdict == "lost"}
    place = _of_what(part, conclusion.evidence, wording)
    own = conclusion.evidence.parts[part]
    return [wording.text(f"conclusions.not_under_{by}", where=place) for by in own.not_under if by not in told]


def _unknown_sites(own: EffectEvidence, place: str, wording: Wording) -> str:
    """Why an effect cannot be told from a difference between sites, and that its mark therefore does not count."""
    said = wording.text(f"conclusions.sites_{own.sites}", where=place, n=int(own.row["n_sites"]))
    return f"{said} {wording.text('conclusions.uncounted')}" if own.mark else said


def _change(check: Check, evidence: Evidence) -> str:
    """What a check makes of a mark, or of the direction without one: of `_CHANGES`, empty where nothing."""
    if check.verdict in ("gained", "opposite"):
        if evidence.expected is None or check.along == 0:
            return "gained"
        return "gained_for" if check.along > 0 else "gained_against"
    if check.verdict in _CHANGES:
        return check.verdict
    main = evidence.parts.get(check.part)
    if main is None:
        return ""
    turned = not main.mark and main.pointing * check.pointing < 0
    return "weaker" if len(check.mark) < len(main.mark) else "turned" if turned else ""


def _named(check: Check, wording: Wording) -> str:
    label = wording.messages(check.label)
    if math.isnan(check.shift):
        return wording.text("conclusions.check", code=check.code, label=label)
    shift = wording.number(check.shift, 1, sign=True)
    return wording.text("conclusions.check_shifted", code=check.code, label=label, shift=shift)


def _register(evidence: Evidence, other: Evidence, wording: Wording) -> str:
    """Whether the register points the same way as the survey, and how far."""
    parts: Sequence[str] = [part for part in PARTS if part in other.parts]
    if not parts:
        return ""
    both = [part for part in parts if part in evidence.parts]
    key = "apart" if apart(evidence, other) else "same" if both else "silent"
    effects = "; ".join(_register_effects(parts, other, wording))
    return wording.text(
        f"conclusions.register_{key}", label=within_sentence(wording.label(other.outcome)), effects=effects
    )


def _register_effects(parts: Sequence[str], other: Evidence, wording: Wording) -> Iterator[str]:
    for part in parts:
        own = other.parts[part]
        yield wording.text(
            "conclusions.register_short", where=_of_what(part, other, wording),
            scale=scale_of(own.row["kind"], wording, own.row), estimate=displayed(own.row, wording)[0],
            mark=mark_of(own.row, wording.study),
        )  # fmt: skip
