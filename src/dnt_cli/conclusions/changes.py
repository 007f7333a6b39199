"""How each outcome went in the two groups, in two sentences: until the endpoint and after it, as observed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from dnt_cli.description.lookup import Figure, Lookup, group_label, shown
from dnt_cli.description.rounding import PERCENT_DECIMALS, decimals_of, half_up
from dnt_cli.description.trends import interval_names
from dnt_cli.study import Outcome, Study
from dnt_cli.wording import Wording, within_sentence

if TYPE_CHECKING:
    from dnt_cli.description.result import Description

Pair = tuple[str, str]


def change_sentences(description: Description, wording: Wording) -> dict[str, str]:
    """What is said by the key of each outcome that was described, in the order of the hypotheses.

    The first sentence tells the change from baseline to endpoint in both groups and whether it is in line with the
    hypothesis (without a baseline: the levels); the second goes on to the follow-up or, without one, tells between
    which waves most of the difference arose. A sentence follows where those who answered at both waves are judged
    otherwise, and a note where a count fell while its percentage rose, or the other way round. Changes are those of the
    rounded figures, as a reader of the table computes them; of a graded outcome the steps of those who answered twice.

    Args:
        description: Of the survey.
        wording: Its study in a language.
    """
    study = wording.study
    order = [*study.hypotheses, *{o.hypothesis or "" for o in study.outcomes.values()} - set(study.hypotheses)]
    trends, changes = (Lookup(description.figures, table) for table in ("trend", "change"))
    there = set(trends.values("variable"))
    found: dict[str, str] = {}
    for hypothesis in order:
        for key, outcome in study.outcomes.items():
            if key in there and (outcome.hypothesis or "") == hypothesis:
                told = _Told(key, trends, changes, wording).text()
                found |= {key: told} if told else {}
    return found


@dataclass(frozen=True, slots=True)
class _Told:
    """What is told of one outcome."""

    key: str
    trends: Lookup
    changes: Lookup
    wording: Wording

    @property
    def study(self) -> Study:
        return self.wording.study

    @property
    def outcome(self) -> Outcome:
        return self.study.outcomes[self.key]

    @property
    def groups(self) -> Pair:
        return self.study.design.groups

    @property
    def waves(self) -> list[str]:
        """The waves at which both groups have a figure, in order of time."""
        known = [w for w in self.study.design.wave_keys if w in self.outcome.waves]
        return [w for w in known if not any(math.isnan(self._level(g, w).value) for g in self.groups)]

    def text(self) -> str:
        """The sentences; empty where a group has no figure at any wave."""
        waves, design = self.waves, self.study.design
        if not waves:
            return ""
        end = self.study.endpoint(self.key)
        end = end if end in waves else waves[-1]
        label = self.wording.label(self.key)
        pieces: list[str] = []
        pairs: list[Pair] = []
        if design.baseline in waves and end != design.baseline:
            pairs.append((design.baseline, end))
            pieces.append(self._first(pairs[0], label))
        else:
            pieces.append(self._levels(end, label))
        later = design.follow_up
        if later is not None and later in waves and waves.index(later) > waves.index(end):
            pairs.append((end, later))
            pieces.append(self._second(end, later))
        elif len(waves) > 2 and pairs:
            pieces.append(self._where_it_arose(waves[: waves.index(end) + 1]))
        since = [(design.baseline, last) for _, last in pairs] if (design.baseline, end) in pairs else []
        return " ".join([*filter(None, pieces), *self._same_persons(since), *self._counts(pairs)])

    def _first(self, pair: Pair, label: str) -> str:
        """The change in both groups, with the levels behind it."""
        texts = [self._moved(group, pair) for group in self.groups]
        return self._say(
            "change_first", label=label, start=pair[0], end=pair[1], intervention=texts[0], comparison=texts[1],
            judged=self._judged(self._changes(pair)), **self._names(),
        )  # fmt: skip

    def _moved(self, group: str, pair: Pair) -> str:
        """`+15.5 percentage points (2.5% to 18.0%)`; of a graded outcome who rose and fell."""
        change = self.wording.number(self._change(group, pair), self._decimals, sign=True)
        if self._graded:
            shares = (self._of_pair(group, pair, name).value for name in ("rise", "fall"))
            rise, fall = (shown(value, PERCENT_DECIMALS, self.wording) for value in shares)
            return self._say("change_classes", change=change + self._unit(), rise=rise, fall=fall)
        start, end = (self._shown_level(group, wave) for wave in pair)
        return self._say("change_moved", change=change, unit=self._unit(), start=start, end=end)

    def _levels(self, wave: str, label: str) -> str:
        """The levels, where there is no change to tell."""
        values = [self._rounded(self._level(group, wave).value) for group in self.groups]
        texts = [self._shown_level(group, wave) for group in self.groups]
        return self._say(
            "change_levels", label=label, wave=wave, intervention=texts[0], comparison=texts[1],
            judged=self._judged(values), **self._names(),
        )  # fmt: skip

    def _second(self, end: str, later: str) -> str:
        """What followed after the endpoint, and the whole period where there is a baseline."""
        changes = self._changes((end, later))
        if any(map(math.isnan, changes)):
            return ""
        after = self._both(changes)
        baseline = self.study.design.baseline
        if baseline not in self.waves or baseline == end:
            return self._say("change_after", start=end, end=later, changes=after)
        whole = self._changes((baseline, later))
        return self._say(
            "change_second", start=end, end=later, changes=after, baseline=baseline,
            whole=self._both(whole), judged=self._judged(whole),
        )  # fmt: skip

    def _where_it_arose(self, waves: list[str]) -> str:
        """Between which waves the groups moved most apart; nothing where two intervals are equal, or none moved."""
        steps = list(pairwise(waves))
        apart = {pair: round(abs(a - b), 6) for pair in steps for a, b in [self._changes(pair)]}
        if len(apart) < 2:
            return ""
        largest = max(apart.values())
        own = [pair for pair, size in apart.items() if size == largest]
        if len(own) > 1 or largest == 0:
            return ""
        changes = self._both(self._changes(own[0]))
        return self._say("change_arose", start=own[0][0], end=own[0][1], changes=changes)

    def _same_persons(self, pairs: Sequence[Pair]) -> list[str]:
        """Where those who answered at both waves are judged otherwise than all who answered, as drop-out brings it."""
        told = []
        for pair in [] if self._graded else pairs:
            own = [self._rounded(self._of_pair(group, pair, "paired_mean").value) for group in self.groups]
            judged = "" if any(map(math.isnan, own)) else self._judged(own)
            if judged and judged != self._judged(self._changes(pair)):
                both = self._both((own[0], own[1]))
                told.append(self._say("change_paired", start=pair[0], end=pair[1], changes=both, judged=judged))
        return told

    def _counts(self, pairs: list[Pair]) -> list[str]:
        """Where a count went the other way than its percentage, because fewer or more persons answered."""
        if self.outcome.kind != "binary":
            return []
        notes = []
        for group in self.groups:
            for start, end in pairs:
                first, last = (self._level(group, wave) for wave in (start, end))
                if (last.n - first.n) * self._change(group, (start, end)) < 0:
                    key = "change_count_fell" if last.n < first.n else "change_count_rose"
                    name = within_sentence(group_label(group, self.wording))
                    notes.append(
                        self._say(
                            key, group=name, start=start, end=end, first=first.n, last=last.n, asked=first.denominator,
                            answered=last.denominator,
                        )
                    )  # fmt: skip
        return notes

    def _judged(self, values: Sequence[float]) -> str:
        """Whether the group of the intervention did as the hypothesis expects, from what stands in the sentence."""
        difference = round(float(values[0]) - float(values[1]), 6)
        outcome = self.outcome
        if difference == 0:
            return self._say("change_equal")
        if outcome.expected is None:
            better = (difference > 0) == (outcome.better == "higher")
            return self._say("change_better" if better else "change_worse", **self._names())
        along = (difference > 0) == (outcome.expected == "increase")
        named = outcome.hypothesis or self._say("change_expectation")
        return self._say("change_along" if along else "change_against", hypothesis=named)

    def _both(self, values: tuple[float, float]) -> str:
        texts = [self.wording.number(value, self._decimals, sign=True) for value in values]
        return self._say("change_both", intervention=texts[0], comparison=texts[1], unit=self._unit())

    def _changes(self, pair: Pair) -> tuple[float, float]:
        return self._change(self.groups[0], pair), self._change(self.groups[1], pair)

    def _change(self, group: str, pair: Pair) -> float:
        names = {"binary": "pct_point_change_rounded", "ordinal": "paired_mean"}
        found = self._rounded(self._of_pair(group, pair, names.get(self.outcome.kind, "mean_change_rounded")).value)
        if self._graded or not math.isnan(found):
            return found
        # Not every pair of waves is described: it is the difference of the two printed levels all the same.
        first, last = (self._rounded(self._level(group, wave).value) for wave in pair)
        return round(last - first, 6)

    def _of_pair(self, group: str, pair: Pair, statistic: str) -> Figure:
        return self.changes.get(self.key, "", group, interval_names(self.study, [pair])[0], statistic)

    def _level(self, group: str, wave: str) -> Figure:
        return self.trends.get(self.key, "", group, wave, "pct" if self.outcome.kind == "binary" else "mean")

    def _shown_level(self, group: str, wave: str) -> str:
        text = shown(self._level(group, wave).value, self._decimals, self.wording)
        return f"{text}%" if self.outcome.kind == "binary" else text

    def _rounded(self, value: float) -> float:
        return float(half_up(value, self._decimals))

    @property
    def _graded(self) -> bool:
        """Whether changes are those of persons who answered twice, as steps from class to class."""
        return self.outcome.kind == "ordinal"

    @property
    def _decimals(self) -> int:
        return decimals_of(self.outcome)

    def _unit(self) -> str:
        names = {"binary": "change_points", "ordinal": "change_steps"}
        return self._say(names[self.outcome.kind]) if self.outcome.kind in names else ""

    def _names(self) -> dict[str, str]:
        own, other = (within_sentence(group_label(group, self.wording)) for group in self.groups)
        return {"own": own, "other": other}

    def _say(self, key: str, **values: object) -> str:
        return self.wording.text(f"conclusions.{key}", **values)
