"""Which models of an outcome there are: names of analyses and terms, and what one model is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dnt_cli.study import Study

ENDPOINT = "t3"  # analysis: the effect at the endpoint
LONGITUDINAL = "longitudinal"  # analysis: the trend of the effect
WAVES = "waves"  # analysis: the effect at a wave that is not the endpoint, by the model of the endpoint
COMPLIERS = "compliers"  # analysis: the effect at the endpoint on those who took part because they were offered it
CALENDAR = "calendar"  # analysis: the effect at a wave on those interviewed before, and since, a date
MODERATORS = "moderators"  # analysis: the effect, or its trend, in subgroups of a covariate
ADDITIONAL = (WAVES, MODERATORS, CALENDAR, COMPLIERS)  # analyses that stand beside the endpoint and the trend
INTERCEPT = "(Intercept)"
GROUP = "group"
WAVE = "wave"
TREND = "group:wave"


@dataclass(frozen=True, slots=True)
class Subgroups:
    """A covariate on which the effect may depend.

    Attributes:
        moderator: The covariate's key.
        levels: Its subgroups that the model tells apart, the reference first; persons of others are left out.
        at_wave: The covariate is the date of the interview, taken at the wave of the response.
    """

    moderator: str
    levels: tuple[str, ...]
    at_wave: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    """Which model of an outcome is meant.

    Attributes:
        analysis: `t3` (the endpoint) or `longitudinal` (group x wave, random intercept per person).
        outcome: the outcome's key.
        controls: covariates on the right-hand side.
        difference: the change since baseline is the response, and the baseline value no control.
        at: of the endpoint model, the wave that is the response; None for the outcome's endpoint.
        time: of the longitudinal model: `study` as the study counts time, `other` on its other scale (months for waves,
            waves for months), stretched to the same range, or `category`: an effect of its own at each wave.
        subgroups: the group term is the effect in the first of these; its products with the others are terms too.
    """

    analysis: str
    outcome: str
    controls: tuple[str, ...] = ()
    difference: bool = False
    at: str | None = None
    time: Literal["study", "other", "category"] = "study"
    subgroups: Subgroups | None = None

    @property
    def name(self) -> str:
        """What the `analysis` column of a result says."""
        if self.subgroups is not None:
            return CALENDAR if self.subgroups.at_wave else MODERATORS
        return self.analysis if self.at is None else WAVES

    def wave(self, study: Study) -> str:
        """The wave that is the response of an endpoint model."""
        return study.endpoint(self.outcome) if self.at is None else self.at

    @property
    def effect(self) -> str:
        """The term that is the effect of the intervention."""
        return GROUP if self.analysis == ENDPOINT else TREND

    def kind(self, study: Study) -> str:
        """Kind of the effect: that of the outcome, `linear` of a change, or `probability` (`effects.kinds`)."""
        if self.difference:
            return "linear"
        if self.analysis == LONGITUDINAL and study.has_probability_trend(self.outcome):
            return "probability"
        return study.outcomes[self.outcome].kind

    def waves(self, study: Study) -> tuple[str, ...]:
        """The waves whose answers are the response."""
        if self.analysis == ENDPOINT:
            return (self.wave(study),)
        return tuple(wave for wave in study.design.wave_keys if wave in study.outcomes[self.outcome].waves)


def keys_as_text(keys: Sequence[str]) -> str:
    """Keys of controls as a column of a result holds them; no key has a comma."""
    return ", ".join(keys)


def keys_in(text: str) -> tuple[str, ...]:
    """The keys that `keys_as_text` joined."""
    return tuple(text.split(", ")) if text else ()


def control_of(term: str) -> str:
    """The control that a term of a model belongs to: `education` of `education[high]`."""
    return term.partition("[")[0]
