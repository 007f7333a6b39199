"""What a report is made of: the results of one study, what is said of how they were made, and who reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from dnt_cli.conclusions import Conclusions, conclude
from dnt_cli.conclusions.result import Conclusion
from dnt_cli.description.result import Description
from dnt_cli.effects.result import Estimates
from dnt_cli.robustness.result import RobustnessResult
from dnt_cli.stagefile.kinds import KINDS
from dnt_cli.stagefile.result import Green, StageResult
from dnt_cli.tables import Table, without_charts
from dnt_cli.tables.legend import with_legend
from dnt_cli.wording import Wording

if TYPE_CHECKING:
    from dnt_cli.stagefile.container import Stage

_R = TypeVar("_R")
REPORTED = tuple(name for name, kind in KINDS.items() if kind.concluded or name == "imputations")
"""The kinds of stage files that a report is made of."""


@dataclass(frozen=True)
class Material:
    """The results of one study.

    Attributes:
        stages: The files, in the order in which they were given.
        results: What they hold, in the same order.
        wording: The study in the language of the report.
        green: What green means in its tables.
    """

    stages: Sequence[Stage] = field(repr=False)
    results: Sequence[StageResult] = field(repr=False)
    wording: Wording
    green: Green

    def first(self, kind: type[_R]) -> _R | None:
        """The first result of a kind."""
        return next((own for own in self.results if isinstance(own, kind)), None)

    @cached_property
    def estimates(self) -> Estimates | None:
        """All effects together."""
        found = [own for own in self.results if isinstance(own, Estimates)]
        return Estimates.joined(found) if found else None

    @property
    def robustness(self) -> RobustnessResult | None:
        """The checks."""
        return self.first(RobustnessResult)

    @property
    def description(self) -> Description | None:
        """The figures as observed."""
        return self.first(Description)

    @cached_property
    def described(self) -> list[Table]:
        """The tables of the description."""
        found = [] if self.description is None else self.description.tables(self.wording)
        note = self.wording.text("description.spark_note")
        return self.explained([without_charts(table, note) for table in found])

    @cached_property
    def conclusions(self) -> Conclusions | None:
        """The verdicts, where there are effects."""
        if self.estimates is None:
            return None
        used = [own for own, stage in zip(self.results, self.stages, strict=True) if KINDS[stage.kind].concluded]
        return conclude(used)

    @cached_property
    def verdicts(self) -> dict[str, Conclusion]:
        """Outcome -> what is concluded of it."""
        return {} if self.conclusions is None else {own.evidence.outcome: own for own in self.conclusions.outcomes}

    def explained(self, tables: Sequence[Table], *, verdicts: bool = False) -> list[Table]:
        """The tables with the meaning of their colours, without what the stamp on every page says."""
        stamp = self.wording.synthetic_note()
        plain = [replace(own, notes=tuple(note for note in own.notes if note not in stamp)) for own in tables]
        return [with_legend(own, self.wording, self.green, verdicts=verdicts) for own in plain]

    def step(self, command: str) -> dict[str, Any]:
        """The settings of the last step of this command behind any of the files; nothing where there is none."""
        for stage in self.stages:
            for step in reversed(stage.steps):
                if step["command"] == command:
                    return dict(step["settings"])
        return {}

    def versions(self) -> dict[str, str]:
        """Library -> version, or several where the steps differ."""
        found: dict[str, list[str]] = {}
        for stage in self.stages:
            for step in stage.steps:
                for name, version in step["versions"].items():
                    if version not in found.setdefault(name, []):
                        found[name].append(version)
        return {name: ", ".join(own) for name, own in sorted(found.items())}
