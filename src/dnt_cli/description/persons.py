"""The persons behind each figure of a description, named so that tables can be set against each other.

Outcomes that follow from the same answers are named by those answers: an outcome that is 1 from the fourth class on,
and the number of persons in the fourth and the fifth class, have the same name.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property

import pandas as pd

from dnt_cli.description.attrition import seen_in
from dnt_cli.description.columns import collapsed
from dnt_cli.description.comparison import ABSENT, PRESENT
from dnt_cli.description.lookup import NONE, Figure, Lookup
from dnt_cli.study import Derivation, Study
from dnt_cli.tables import Counts, mean_of, resting, share_of
from dnt_cli.tables.counts import ANY, GROUP, Pair

ATTENDANCE = "attendance"
_CUT_RULES = ("at_least", "at_most", "equals", "classes")


@dataclass(frozen=True)
class Naming:
    """The names of groups of persons of one study.

    Attributes:
        study: Its outcomes and what they follow from.
        found: Variable -> its levels or classes that occur, where the study file does not give them.
    """

    study: Study
    found: Mapping[str, tuple[str, ...]]

    def answer(self, variable: str, level: str, wave: str) -> Pair:
        """Those who gave an answer: `1` of a binary outcome, a class or a level; any answer without a level."""
        if variable == self.study.design.group:
            return GROUP, ((level,) if level else ())
        if variable in self.study.outcomes:
            source, all_values, values = self._traced(variable, level)
            name = (
                f"register {self.study.outcomes[source].register or source}"
                if self.study.is_register(source)
                else source
            )
            return f"{name}@{wave}", values if level else all_values
        every = self._levels(variable)
        return (f"{variable}@{wave}" if wave else variable), (self._members(variable, level) if level else every)

    def classes_of(self, variable: str, wave: str) -> tuple[tuple[Pair, float], ...]:
        """The classes of an ordinal outcome, and the number that each counts for."""
        outcome = self.study.outcomes.get(variable)
        if outcome is None or outcome.kind != "ordinal":
            return ()
        return tuple((self.answer(variable, level, wave), float(level)) for level in self._values(variable))

    def _levels(self, variable: str) -> tuple[str, ...]:
        covariate = self.study.covariates.get(variable)
        return (covariate.levels if covariate is not None else self.found.get(variable, ())) or ANY

    def _members(self, variable: str, level: str) -> tuple[str, ...]:
        """A level, or the levels that are taken together under that name."""
        covariate = self.study.covariates.get(variable)
        if covariate is None or level in covariate.levels:
            return (level,)
        return collapsed(covariate).get(level, (level,))

    def _traced(self, variable: str, level: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        """The outcome whose answers decide, all its values, and those that mean the level."""
        outcome = self.study.outcomes[variable]
        rule = outcome.derive
        if rule is None or rule.rule not in _CUT_RULES:
            every = self._values(variable)
            return variable, every, (level,)
        source, every, _ = self._traced(rule.source, "")
        if source != rule.source:  # follows from what itself follows from something
            return variable, self._values(variable), (level,)
        lowest = int(outcome.range[0]) if rule.rule == "classes" and outcome.range is not None else 0
        return source, every, tuple(v for v in every if self._result(rule, self._lowest(source, v), lowest) == level)

    def _values(self, variable: str) -> tuple[str, ...]:
        """The answers that can be given: classes, 0 and 1, or the intervals between all cut-offs."""
        outcome = self.study.outcomes[variable]
        if outcome.kind == "binary":
            return ("0", "1")
        if outcome.kind == "ordinal":
            if outcome.range is None:
                return self.found.get(variable, ANY)
            return tuple(str(v) for v in range(int(outcome.range[0]), int(outcome.range[1]) + 1))
        cuts = self._cuts.get(variable)
        return tuple(f"interval {i}" for i in range(len(cuts) + 1)) if cuts else ANY

    @cached_property
    def _cuts(self) -> dict[str, list[tuple[float, int]]]:
        """Score -> where its values are cut, in order: before (0) or behind (1) a value."""
        found: dict[str, set[tuple[float, int]]] = {}
        for rule in (own.derive for own in self.study.outcomes.values() if own.derive is not None):
            if rule.rule in _CUT_RULES:
                integer = self.study.outcomes[rule.source].integer
                found.setdefault(rule.source, set()).update(_whole(cut, integer=integer) for cut in _cuts_of(rule))
        return {source: sorted(cuts) for source, cuts in found.items()}

    def _lowest(self, source: str, value: str) -> float:
        """The lowest answer of a class or interval; just behind a cut that lies behind a value."""
        if not value.startswith("interval "):
            return float(value)
        place = int(value.removeprefix("interval "))
        if place == 0:
            return float("-inf")
        cut, behind = self._cuts[source][place - 1]
        return cut + behind * 1e-9 * max(1.0, abs(cut))

    def _result(self, rule: Derivation, value: float, lowest: int) -> str:
        if rule.rule == "classes":
            return str(lowest + bisect_right(rule.cutoffs, value))
        cut = float(rule.value)  # type: ignore[arg-type]  # the study reader requires it for these rules
        held = {"at_least": value >= cut, "at_most": value <= cut, "equals": value == cut}[rule.rule]
        return str(int(held))


def _cuts_of(rule: Derivation) -> list[tuple[float, int]]:
    if rule.rule == "classes":
        return [(cut, 0) for cut in rule.cutoffs]
    cut = float(rule.value)  # type: ignore[arg-type]  # the study reader requires it for these rules
    return {"at_least": [(cut, 0)], "at_most": [(cut, 1)], "equals": [(cut, 0), (cut, 1)]}[rule.rule]


def _whole(cut: tuple[float, int], *, integer: bool) -> tuple[float, int]:
    """Behind a whole number is before the next where there are whole numbers only."""
    value, behind = cut
    return (value + 1, 0) if behind and integer and value.is_integer() else cut


class Behind:
    """The persons behind the figures of one description."""

    def __init__(self, description: pd.DataFrame, study: Study) -> None:
        self.study = study
        waves = study.design.wave_keys
        patterns = Lookup(description, "attrition").values("level", variable="pattern")
        self._seen = {pattern: seen_in(pattern, waves) or () for pattern in patterns}
        own = description[(description["table"] == "attrition") & (description["variable"] == "pattern")]
        self._kinds = dict(zip(own["level"], own["statistic"], strict=True))
        self._nested = self._assigned_by_site(description)
        levels: dict[str, dict[str, None]] = {}
        for row in description[["table", "variable", "level"]].drop_duplicates().itertuples():
            if row.table != "attrition" and row.level:
                levels.setdefault(str(row.variable), {})[str(row.level)] = None
        found = {variable: tuple(own) for variable, own in levels.items()}
        self._naming = Naming(study, found)
        self._answer = cache(self._naming.answer)

    def people(self, group: str) -> list[Pair]:
        """Those of a group, or seen or not at the endpoint."""
        if group in (ABSENT, PRESENT):
            there = group == PRESENT
            return [self.attending(p for p, own in self._seen.items() if (self.study.design.endpoint in own) == there)]
        design = self.study.design
        return [(GROUP, (group,))] if group in design.groups else []

    def attending(self, patterns: Iterable[str]) -> Pair:
        """Those with one of these patterns of attendance; no property if everybody has one of them."""
        chosen = tuple(sorted(patterns))
        return ATTENDANCE, (() if len(chosen) == len(self._seen) else chosen)

    def seen_at(self, wave: str) -> Pair:
        """Those who were seen at a wave."""
        return self.attending(pattern for pattern, own in self._seen.items() if wave in own)

    def back_after(self, wave: str) -> Pair:
        """Those who were missed at a wave and seen at a later one."""
        later = self.study.design.wave_keys[self.study.design.wave_keys.index(wave) + 1 :]
        back = [p for p, own in self._seen.items() if wave not in own and not set(later).isdisjoint(own)]
        return self.attending(back) if back else (f"back after {wave}", ("nobody",))

    def seen_often(self, often: int) -> Pair:
        """Those who were seen at so many waves."""
        return self.attending(pattern for pattern, own in self._seen.items() if len(own) == often)

    def seen_as(self, kind: str) -> Pair:
        """Those whose pattern of attendance is of this kind."""
        return self.attending(pattern for pattern, own in self._kinds.items() if own == kind)

    def site(self, figure: Figure, site: str, level: str, group: str) -> Counts:
        """Behind the number of persons of a site; none by design where the site is of the other group."""
        counts = self.share(figure, group, (site, (level,)))
        return replace(counts, kind="structural") if self._nested and figure.n == 0 else counts

    def _assigned_by_site(self, description: pd.DataFrame) -> bool:
        """Whether every site belongs to one of the groups."""
        rows = description[(description["table"] == "sample") & (description["level"] != "")]
        rows = rows[rows["group"].isin(list(self.study.design.groups))]
        return bool((rows[rows["n"] > 0].groupby("level")["group"].nunique() == 1).all())

    def share(self, figure: Figure, group: str, *who: Pair) -> Counts:
        """Behind a count or percentage of a group."""
        people = self.people(group)
        return share_of([*people, *who], figure.n, people, figure.denominator)

    def answered(self, figure: Figure, variable: str, level: str, group: str, wave: str) -> Counts:
        """Behind a count or percentage of those who answered; without a level, of a yes."""
        some, every = (self._answer(variable, own, wave) for own in (level or "1", ""))
        people = self.people(group)
        return share_of([*people, some], figure.n, [*people, every], figure.denominator)

    def everybody(self, n: int, variable: str, group: str, wave: str) -> Counts:
        """Behind the number of those who answered."""
        return resting([*self.people(group), self._answer(variable, "", wave)], n)

    def mean(self, figure: Figure, variable: str, group: str, wave: str, deviation: Figure | None = None) -> Counts:
        """Behind a mean of those who answered, and the standard deviation beside it."""
        pair = self._answer(variable, "", wave)
        what = f"{variable}@{wave}" if wave else variable
        spread = None if deviation is None or deviation is NONE else deviation.value
        classes = self._naming.classes_of(variable, wave)
        return mean_of([*self.people(group), pair], figure.n, what, figure.value, spread, classes)

    def missing(self, figure: Figure, variable: str, group: str, wave: str) -> Counts:
        """Behind the number of those who did not answer."""
        property_, _ = self._answer(variable, "", wave)
        return resting([*self.people(group), (property_, ("missing",))], figure.n, kind="missing")

    def moved(self, figure: Figure, variable: str, how: str, group: str, interval: str) -> Counts:
        """Behind the share of those who rose, fell or stayed the same; any of the three without `how`."""
        name, ways = f"{variable} between {interval}", ("rise", "fall", "same")
        people = self.people(group)
        some, every = [*people, (name, (how,))], [*people, (name, ways)]
        return share_of(some, figure.n, every, figure.denominator) if how else resting(every, figure.n)
