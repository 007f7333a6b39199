"""What may leave a secure environment: how many persons must stand behind a number, and other thresholds."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Literal


@dataclass(frozen=True)
class Thresholds:
    """The thresholds that hold, each with a value.

    Attributes:
        persons: Fewest persons behind a number, in a part of a group and in the rest of it.
        df: Fewest residual degrees of freedom of a model.
        share: Largest part of a group that may give the same answer.
        dominance: Largest part of a sum that may come from one person.
        extremes: Whether a minimum or maximum may be shown.
        width: Fewest persons between the bounds within which a suppressed count can be computed.
    """

    persons: int
    df: int
    share: float
    dominance: float
    extremes: Literal["hidden", "shown"]
    width: int


CBS = Thresholds(persons=10, df=10, share=0.9, dominance=0.5, extremes="hidden", width=5)

# Users of the environment state these as CBS's rules of thumb; that CBS asks exactly these today is not confirmed.
RULES_OF_THUMB = ("persons", "df", "share", "dominance", "extremes")


@dataclass(frozen=True)
class Disclosure:
    """What may leave the secure environment: the rules of `dnt release`."""

    preset: Literal["auto", "cbs", "none"] = "auto"  # auto: cbs where an outcome comes from a register, else none
    persons: int | None = None  # fewest persons behind a number, in a part of a group and in the rest of it; cbs: 10
    df: int | None = None  # fewest residual degrees of freedom of a model; cbs: 10
    share: float | None = None  # largest part of a group that may give the same answer; cbs: 0.9
    dominance: float | None = None  # largest part of a sum that may come from one person; cbs: 0.5
    extremes: Literal["hidden", "shown"] | None = None  # minimum and maximum; cbs: hidden
    width: int | None = None  # fewest persons between the bounds of a suppressed count; cbs: 5

    @property
    def given(self) -> dict[str, Any]:
        """The thresholds that replace those of the preset."""
        values = {f.name: getattr(self, f.name) for f in fields(Thresholds)}
        return {name: value for name, value in values.items() if value is not None}

    def thresholds(self, *, register: bool) -> Thresholds | None:
        """The thresholds that hold: those of the preset, replaced by those that are given; None without a preset.

        Args:
            register: Whether an outcome of the study comes from a register.
        """
        if self.preset == "none" or (self.preset == "auto" and not register):
            return None
        return replace(CBS, **self.given)
