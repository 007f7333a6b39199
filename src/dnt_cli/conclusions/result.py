"""Conclusions: what the results of one study say together, per outcome and per hypothesis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dnt_cli.conclusions.evidence import Check, Evidence, Sources
from dnt_cli.models import ENDPOINT, LONGITUDINAL
from dnt_cli.stagefile.result import Green

if TYPE_CHECKING:
    import pandas as pd

    from dnt_cli.figures.style import Drawing
    from dnt_cli.study import Study
    from dnt_cli.tables import Table
    from dnt_cli.wording import Wording

Verdict = Literal[
    "supported", "over_time", "expected", "open", "other", "opposite_over_time", "opposite", "mixed", "not_testable"
]
Contradiction = Literal["trend", "follow_up", "register", "raw"]

COUNTS: dict[str, frozenset[Verdict]] = {
    "for": frozenset({"supported", "over_time"}),
    "against": frozenset({"opposite", "opposite_over_time"}),
    "differing": frozenset({"mixed"}),
    "undecided": frozenset({"expected", "open", "other"}),
    "untested": frozenset({"not_testable"}),
}
"""What the outcomes of a hypothesis are counted as."""
MARKED = COUNTS["for"] | COUNTS["against"]
"""The verdicts that rest on a mark."""
_DECIDING: dict[Verdict, tuple[str, ...]] = {
    "over_time": (LONGITUDINAL,),
    "opposite_over_time": (LONGITUDINAL,),
    "mixed": (ENDPOINT, LONGITUDINAL),
}


@dataclass(frozen=True, slots=True, eq=False)
class Conclusion:
    """The verdict on one outcome.

    Attributes:
        evidence: On which it rests.
        verdict: By `RULES`.
        why: Of an outcome that is not testable: `no_expectation`, `not_estimable` or `not_there`; else empty.
        contradictions: What points another way than the effect at the endpoint, or than the trend if there is none.
    """

    evidence: Evidence
    verdict: Verdict
    why: str
    contradictions: tuple[Contradiction, ...]

    @property
    def deciding(self) -> tuple[str, ...]:
        """The analyses that the verdict rests on."""
        told = _DECIDING.get(self.verdict, (ENDPOINT,) if ENDPOINT in self.evidence.parts else (LONGITUDINAL,))
        return tuple(part for part in told if part in self.evidence.parts)

    @property
    def fragile(self) -> bool:
        """Whether it rests on a mark that a check or other standard errors take away, or that a check turns round."""
        changed = {check.verdict for part in self.deciding for check in self.checks(part)}
        unsure = any(self.evidence.parts[part].not_under for part in self.deciding)
        return self.verdict in MARKED and (unsure or not changed.isdisjoint({"lost", "reversed"}))

    @property
    def lenient(self) -> bool:
        """Whether it rests on a mark of the lenient level alone."""
        return self.verdict in MARKED and all(self.evidence.parts[part].mark == "*" for part in self.deciding)

    def checks(self, part: str) -> list[Check]:
        """The checks of one part that gave an effect which can be compared."""
        without = ("not estimable", "not compared")
        return [c for c in self.evidence.checks if c.part == part and c.verdict not in without]


@dataclass(frozen=True, slots=True, eq=False)
class HypothesisConclusion:
    """The verdict on one hypothesis.

    Attributes:
        key: Of the hypothesis; empty for the outcomes without one.
        verdict: By `WEAKER`; of outcomes without a hypothesis there is none.
        outcomes: Its tested outcomes, of the survey and of a register.
    """

    key: str
    verdict: Verdict | None
    outcomes: tuple[Conclusion, ...]

    @property
    def fragile(self) -> bool:
        """Whether its verdict rests on a mark that a check takes away or turns round."""
        return self.verdict in MARKED and any(own.fragile for own in self.outcomes)

    @property
    def lenient(self) -> bool:
        """Whether it rests on a mark of the lenient level alone, of at least one outcome."""
        return self.verdict in MARKED and any(own.lenient for own in self.outcomes)

    def count(self, name: str) -> int:
        """How many of its outcomes count as this, of `COUNTS`."""
        return sum(own.verdict in COUNTS[name] for own in self.outcomes)


@dataclass(frozen=True, slots=True, eq=False)
class Conclusions:
    """The verdicts on every hypothesis of a study, none left out, and on every tested outcome.

    Attributes:
        sources: What they are drawn from.
        hypotheses: In the order of the study file; outcomes without a hypothesis come last.
    """

    sources: Sources
    hypotheses: tuple[HypothesisConclusion, ...]

    @property
    def study(self) -> Study:
        """What they are about."""
        return self.sources.study

    @property
    def outcomes(self) -> list[Conclusion]:
        """All outcomes, hypothesis by hypothesis."""
        return [outcome for own in self.hypotheses for outcome in own.outcomes]

    def rows(self, *, everything: bool = False) -> pd.DataFrame:
        """A row per hypothesis and per outcome, with the numbers behind its verdict; sentences in English."""
        from dnt_cli.conclusions.layout import conclusion_rows

        return conclusion_rows(self)

    def tables(self, wording: Wording, *, green: Green = "better") -> list[Table]:
        """Verdicts per hypothesis, the evidence per outcome, and both in words."""
        from dnt_cli.conclusions.layout import conclusion_tables

        return conclusion_tables(self, wording, green)

    def drawing(self, wording: Wording) -> Drawing:
        """A forest plot of the effects."""
        from dnt_cli.figures import forest_drawing

        return forest_drawing(self.sources.estimates, wording, self.sources.level)
