"""Notes below tables: which of their numbers are of persons, and which notes may not leave."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from dnt_cli.disclosure.protect import Decision
from dnt_cli.study.spec import Text
from dnt_cli.wording import Wording, catalogue

_WHOLE = re.compile(r"(?<![\w.,<>=+\-–])\d+(?![\w%]|[.,]\d)")  # a whole number by itself
_SIZE = re.compile(r"\b([Nn] ?= ?)(\d+)")
_CODE = re.compile(r"\([a-z]\d?\) ")
_ANYTHING = "(.*)"

# Sentence -> the values in it that are no number of persons. What a note says is judged by the other values alone; of a
# sentence that is not listed every number counts.
NOT_PERSONS: dict[str, tuple[str, ...]] = {
    "effects.allocation": ("n", "intervention", "comparison", "icc", "low", "high"),
    "effects.calendar_note": ("day",),
    "effects.false_alarms": ("tests", "alarms"),
    "effects.few_sites": ("least", "df", "intervention", "comparison"),
    "effects.few_sites_of": ("df",),
    "effects.observed_note": ("least",),
    "effects.observed_note_trend": ("least",),
    "effects.rate": (),
    "effects.rate_trend": ("unit",),
    "effects.sample": ("m",),
    "effects.subgroups_test": ("tests", "lenient", "left"),
    "imputed.drift_note": ("first", "last", "size", "expected"),
    "imputed.events": ("events",),
    "imputed.imputed": ("m", "iterations", "method", "seed", "missing"),
    "polis.work_rule": ("hours", "wage", "least", "types"),
    "report.controls_endpoint": ("wave",),
    "report.controls_ladder": ("rungs",),
    "report.design": ("count", "waves", "baseline", "endpoint"),
    "report.effects_lead": ("wave",),
    "report.imputed": ("m", "method", "iterations", "seed"),
    "report.imputed_elsewhere": ("m",),
    "report.marks": ("marks",),
    "report.outcomes_lead": ("level",),
    "report.software": ("versions",),
    "robustness.label_method": ("m", "method"),
    "robustness.label_sites": ("sites",),
    "robustness.counts": ("code", "label", "counts"),
    "robustness.far": ("far", "outcomes"),
    "robustness.left_out": ("code",),
    "robustness.own": (),
    "robustness.sites_note": ("m",),
}
# Persons divided by something else, from which their number follows.
NEVER = ("effects.few_events", "effects.unequal_loss")


@dataclass
class NoteFilter:
    """Judges notes by the numbers of persons that they name.

    Attributes:
        decision: What is told and hidden.
        least: Fewest persons that a note may name.
        wording: Of the notes.
    """

    decision: Decision
    least: int
    wording: Wording
    _told: set[int] = field(init=False, repr=False)
    _hidden: set[int] = field(init=False, repr=False)
    _everybody: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        sizes = {q: int(value) for q, value in self.decision.values.items() if not q.what}
        self._told = {n for q, n in sizes.items() if q not in self.decision.hidden}
        self._hidden = {n for q, n in sizes.items() if q in self.decision.hidden}
        self._everybody = max(self._told, default=0)

    def may_leave(self, note: str) -> bool:
        """Whether no number of persons in a note is too small, hidden elsewhere, or all persons but a few."""
        if any(pattern.fullmatch(note) for pattern in self._never):
            return False
        return not any(self._tells(int(n)) for part in self._parts(note) for n in _WHOLE.findall(part))

    def masked(self, text: str, mark: str) -> str:
        """A title, heading or label with the mark for every `N = number` that may not be told."""
        return _SIZE.sub(lambda found: f"{found[1]}{mark}" if self._tells(int(found[2])) else found[0], text)

    def _tells(self, n: int) -> bool:
        if n == 0 or (n in self._told and n >= self.least):
            return False
        return n < self.least or n in self._hidden or self._everybody - self.least < n < self._everybody

    def _parts(self, note: str) -> Iterator[str]:
        """What in a note may be a number of persons."""
        for pattern, names in self._sentences:
            match = pattern.fullmatch(note)
            if match:
                for name, value in zip(names, match.groups(), strict=True):
                    if name:
                        yield from self._parts(value)
                return
        if match := _CODE.match(note):  # of a robustness check
            yield from self._parts(note[match.end() :])
            return
        for text in self._labels:
            note = note.replace(text, " ")
        yield note

    @cached_property
    def _never(self) -> list[re.Pattern[str]]:
        return [self._pattern(key)[0] for key in NEVER]

    @cached_property
    def _sentences(self) -> list[tuple[re.Pattern[str], list[str]]]:
        return [self._pattern(key) for key in NOT_PERSONS]

    def _pattern(self, key: str) -> tuple[re.Pattern[str], list[str]]:
        """A sentence as a pattern, with the names of its values; empty for those that are no number of persons."""
        room, _, name = key.partition(".")
        text, names = "", []
        for before, value, _, _ in string.Formatter().parse(catalogue(room)[name][self.wording.language]):
            text += re.escape(before)
            if value is not None:
                text += _ANYTHING
                names.append("" if value in NOT_PERSONS.get(key, ()) else value)
        return re.compile(text, re.DOTALL), names

    @cached_property
    def _labels(self) -> list[str]:
        """The labels and notes of the study file, whose numbers are not of persons; the longest first."""
        study = self.wording.study
        found: list[Text | None] = [own.label for own in study.hypotheses.values()]
        for outcome in study.outcomes.values():
            found += [outcome.label, outcome.note, *outcome.level_labels]
        for covariate in study.covariates.values():
            found += [covariate.label, *covariate.level_labels]
        for population in study.populations.values():
            found += [population.label, population.note]
        texts = [text for text in found if text is not None]
        return sorted({text[self.wording.language].rstrip(".") for text in texts}, key=len, reverse=True)
