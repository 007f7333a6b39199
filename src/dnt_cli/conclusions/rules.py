"""From evidence to verdicts, by rules that were fixed before the results were known: `docs/statistics.md` has them.

A verdict says what the data show, not what is true: without a mark of significance it is "not distinguishable from
none", and the interval says which effects can be excluded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from dnt_cli.conclusions.evidence import FOLLOW_UP, EffectEvidence, Evidence, Sources, collect
from dnt_cli.conclusions.result import Conclusion, Conclusions, Contradiction, HypothesisConclusion, Verdict
from dnt_cli.models import ENDPOINT, LONGITUDINAL

if TYPE_CHECKING:
    from dnt_cli.stagefile.result import StageResult
    from dnt_cli.study import Study

_State = Literal["for", "against", "unmarked", "absent"]

RULES: dict[tuple[_State, _State], Verdict | Literal["direction"]] = {
    # endpoint, trend: verdict
    ("for", "for"): "supported",
    ("for", "unmarked"): "supported",
    ("for", "absent"): "supported",
    ("for", "against"): "mixed",
    ("against", "for"): "mixed",
    ("against", "against"): "opposite",
    ("against", "unmarked"): "opposite",
    ("against", "absent"): "opposite",
    ("unmarked", "for"): "over_time",
    ("unmarked", "against"): "opposite_over_time",
    ("unmarked", "unmarked"): "direction",
    ("unmarked", "absent"): "direction",
    ("absent", "for"): "over_time",
    ("absent", "against"): "opposite_over_time",
    ("absent", "unmarked"): "direction",
    ("absent", "absent"): "not_testable",
}
"""The verdict on an outcome, by what its effect at the endpoint and its trend are.

`direction`: by the direction of the effect at the endpoint, or of the trend where there is no effect at the endpoint.
"""

WEAKER: tuple[tuple[frozenset[Verdict], Verdict], ...] = (
    (frozenset({"supported", "over_time"}), "over_time"),
    (frozenset({"opposite", "opposite_over_time"}), "opposite_over_time"),
    (frozenset({"expected", "open", "other"}), "open"),
)
"""What a hypothesis gets whose outcomes have several of these verdicts and no other; of other combinations, `mixed`."""

_BY_DIRECTION: dict[int, Verdict] = {1: "expected", 0: "open", -1: "other"}


def conclude(results: Sequence[StageResult]) -> Conclusions:
    """The verdicts that follow from results of one study.

    Args:
        results: Effects at the endpoint, over time, or both; and, as far as they are there, one result each of
            robustness checks, description and register.

    Raises:
        DataError: There are no effects among them, or the same thing stands there twice.
    """
    sources = Sources.of(results)
    study, found = sources.study, {key: judge(own) for key, own in collect(sources).items()}
    told = _without_second_source(found, study)
    hypotheses = []
    for key in study.hypotheses:
        own = tuple(c for c in told if study.outcomes[c.evidence.outcome].hypothesis == key)
        hypotheses.append(HypothesisConclusion(key, combine([c.verdict for c in own]), own))
    rest = tuple(c for c in told if study.outcomes[c.evidence.outcome].hypothesis not in study.hypotheses)
    if rest:
        hypotheses.append(HypothesisConclusion("", None, rest))
    return Conclusions(sources, tuple(hypotheses))


def _without_second_source(found: dict[str, Conclusion], study: Study) -> list[Conclusion]:
    """Without the register outcomes that no file tells of and that stand beside an outcome of the survey."""
    return [
        own for key, own in found.items()
        if own.why != "not_there" or not study.is_register(key) or study.outcomes[key].counterpart is None
    ]  # fmt: skip


def judge(evidence: Evidence) -> Conclusion:
    """The verdict on one outcome."""
    endpoint, trend = (evidence.parts.get(part) for part in (ENDPOINT, LONGITUDINAL))
    main, why = endpoint or trend, ""
    if main is None:
        why = "not_estimable" if evidence.reasons else "not_there"
    elif evidence.expected is None:
        why = "no_expectation"
    rule = "not_testable" if why else RULES[_state(endpoint), _state(trend)]
    verdict = _BY_DIRECTION[main.along] if rule == "direction" and main is not None else rule
    return Conclusion(evidence, verdict, why, contradictions(evidence))  # type: ignore[arg-type]


def _state(part: EffectEvidence | None) -> _State:
    if part is None:
        return "absent"
    return "unmarked" if not part.counted or part.along == 0 else "for" if part.along > 0 else "against"


def contradictions(evidence: Evidence) -> tuple[Contradiction, ...]:
    """What points another way, marked or not."""
    parts = evidence.parts
    main = parts.get(ENDPOINT) or parts.get(LONGITUDINAL)
    if main is None:
        return ()
    found: list[Contradiction] = []
    if ENDPOINT in parts:
        if LONGITUDINAL in parts and main.pointing * parts[LONGITUDINAL].pointing < 0:
            found.append("trend")
        if FOLLOW_UP in parts and main.pointing * parts[FOLLOW_UP].pointing < 0:
            found.append("follow_up")
    if any(apart(evidence, other) for other in evidence.registers):
        found.append("register")
    if ENDPOINT in parts and evidence.raw is not None and main.pointing * evidence.raw.direction < 0:
        found.append("raw")
    return tuple(found)


def apart(evidence: Evidence, other: Evidence) -> list[str]:
    """The analyses in which two sources of the same thing point in different directions."""
    return [
        part for part, own in evidence.parts.items()
        if part in other.parts and own.pointing * other.parts[part].pointing < 0
    ]  # fmt: skip


def combine(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict on a hypothesis, by those on its outcomes; what is not testable does not count, unless all is."""
    testable = {verdict for verdict in verdicts if verdict != "not_testable"}
    if not testable:
        return "not_testable"
    if len(testable) == 1:
        return testable.pop()
    return next((verdict for several, verdict in WEAKER if testable <= several), "mixed")
