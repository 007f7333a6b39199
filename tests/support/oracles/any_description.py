"""An independent oracle for `dnt describe`: every figure of the description, counted in loops and exact fractions.

Written from the documentation of `description.run.describe`. A number counts as the decimal that was written down,
so that means and halves are exact. `expected` gives every row that must be there; `check_rows` compares.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any

import pandas as pd
from scipy.stats import norm, t

from dnt_cli.description.rows import parted
from tests.support.oracles.any_study import Column

Key = tuple[str, str, str, str, str, str]  # table, variable, level, group, wave, statistic
Values = Sequence[Fraction | None]  # of the persons
TEXTS = ["table", "variable", "level", "group", "wave", "statistic"]
ALL, LEVEL, THRESHOLDS = "all", 0.95, (0.1, 0.25)
MAX_DUST = 1e-13  # of the largest value: what sums of floats may lose


@dataclass(frozen=True)
class Figure:
    """A value, its counts, and how far a float may be off beside 1e-9 of it."""

    value: Fraction | float
    n: int | None = None
    denominator: int | None = None
    slack: float = 0.0


@dataclass(frozen=True)
class Item:
    """What is described: a measurement, or (share) one level as 0 and 1."""

    variable: str
    level: str
    wave: str
    share: bool
    values: Values


def exact(value: Any) -> Fraction | None:
    """The decimal that was written."""
    return None if value is None or value != value else Fraction(Decimal(repr(float(value))))


def half_up(value: Fraction | float, decimals: int) -> Fraction:
    """Rounded, halves away from zero; a float without the dust of its last digits."""
    scaled = abs(value) * 10**decimals
    whole = scaled if isinstance(scaled, Fraction) else Fraction(Decimal(repr(float(f"{scaled:.12g}"))))
    rounded = Fraction(math.floor(whole + Fraction(1, 2)), 10**decimals)
    return -rounded if value < 0 else rounded


class Group:
    """The known values of one item in one group of persons."""

    def __init__(self, values: Values, members: Sequence[int]) -> None:
        self.known = [v for i in members if (v := values[i]) is not None]
        self.n = len(self.known)
        self.sum = sum(self.known, Fraction(0))
        self.mean = self.sum / self.n if self.n else None
        self.size = float(max(map(abs, self.known), default=0))
        self.dust = MAX_DUST * self.size

    @property
    def variance(self) -> Fraction | None:
        """Divisor n - 1."""
        if self.n < 2:
            return None
        assert self.mean is not None
        return sum(((v - self.mean) ** 2 for v in self.known), Fraction(0)) / (self.n - 1)

    @property
    def sd(self) -> float | None:
        return None if (variance := self.variance) is None else root(variance)


def root(value: Fraction) -> float:
    """The square root, also of what is no float any more."""
    if value == 0:
        return 0.0
    shift = (value.denominator.bit_length() - value.numerator.bit_length()) // 2 * 2
    return math.ldexp(math.sqrt(float(value * Fraction(2) ** shift)), -shift // 2)


class Oracle:
    """All rows of the description of a survey whose meaning is known.

    Args:
        truth: A row per person and wave: texts for ids, waves, groups and levels, floats for numbers.
        raw: The study file.
        columns: What the survey's columns are.
        further: Columns of `truth` that the study does not name.
        reference: Figures of other populations.
    """

    def __init__(self, truth: pd.DataFrame, raw: Mapping[str, Any], columns: Mapping[str, Column], *,
                 further: Sequence[str] = (), reference: pd.DataFrame | None = None) -> None:  # fmt: skip
        self.raw, self.design, self.columns = raw, raw["design"], columns
        self.outcomes: dict[str, Any] = raw["outcomes"]
        self.further = list(further)
        self.waves: list[str] = [w["key"] for w in self.design["waves"]]
        self.groups = [self.design["intervention"], self.design["comparison"], ALL]
        self.rows: dict[Key, Figure] = {}
        self._read(truth)
        self._sample()
        self._attrition()
        everyone = self._characteristics()
        self._compare("baseline", everyone, self.groups, self.members)
        own = self._levels(self.design["group"], self.groups[:2], [self.group[p] for p in self.persons])
        endpoint = self.waves.index(self.design["endpoint"])
        here = [i for i in range(self.size) if self.seen[i][endpoint]]
        away = [i for i in range(self.size) if not self.seen[i][endpoint]]
        parts = {"absent": away, "present": here, ALL: list(range(self.size))}
        self._compare("dropout", [*own, *everyone], ["absent", "present", ALL], parts)
        self.items = [item for key in self.outcomes for item in self._outcome(key)]
        self._trend()
        self._change()
        for name in further:
            self._further(name)
        for row in [] if reference is None else reference.to_dict("records"):
            wave = self.design["baseline"] if row["variable"] in self.outcomes else ""
            key = (row["variable"], row["level"], row["population"], wave, row["statistic"])
            self._put("baseline", *key, float(row["value"]))

    # --- the survey ---

    def _read(self, truth: pd.DataFrame) -> None:
        person, wave = self.design["id"], self.design["wave"]
        self.answers = {(str(row[person]), row[wave]): row for row in truth.to_dict("records")}
        self.persons = sorted({p for p, _ in self.answers})
        self.size = len(self.persons)
        self.group = {p: self.first(p, self.design["group"]) for p in self.persons}
        self.members = {g: [i for i, p in enumerate(self.persons) if g in (self.group[p], ALL)] for g in self.groups}
        self.members[ALL] = list(range(self.size))
        measured = [k for k, o in self.outcomes.items() if "derive" not in o]
        self.seen = [[self._met(p, w, measured) for w in self.waves] for p in self.persons]

    def _met(self, person: str, wave: str, measured: Sequence[str]) -> bool:
        """A row with an answer; where nothing is asked, a row."""
        asked = [k for k in measured if wave in self.outcomes[k]["waves"]]
        row = self.answers.get((person, wave))
        return row is not None and (not asked or any(not pd.isna(row[k]) for k in asked))

    def first(self, person: str, column: str) -> Any:
        """What belongs to the person: the first value that is there, in order of time."""
        values = (self.answers[person, w].get(column) for w in self.waves if (person, w) in self.answers)
        return next((v for v in values if not pd.isna(v)), None)

    def answer(self, person: str, key: str, wave: str) -> Fraction | None:
        """An outcome of a person at a wave, derived if the study says so."""
        rule = self.outcomes[key].get("derive")
        if rule is None:
            return exact(self.answers.get((person, wave), {}).get(key)) if wave in self.outcomes[key]["waves"] else None
        value = self.answer(person, rule["source"], wave)
        since = self.answer(person, rule["source"], rule["since"]) if "since" in rule else Fraction(0)
        if value is None or since is None:
            return None
        if rule["rule"] == "change":
            return value - since
        if rule["rule"] == "classes":
            return Fraction(int(self.outcomes[key]["range"][0]) + sum(value >= exact(c) for c in rule["cutoffs"]))
        cut = exact(rule.get("value", 0))
        rules = {"at_least": value >= cut, "at_most": value <= cut, "equals": value == cut,
                 "rise": value > since, "fall": value < since}  # fmt: skip
        return Fraction(rules[rule["rule"]])

    # --- what is described ---

    def _levels(self, variable: str, levels: Sequence[str], values: Sequence[Any], wave: str = "") -> list[Item]:
        return [self._level(variable, level, (level,), values, wave) for level in levels]

    @staticmethod
    def _level(variable: str, level: str, among: Sequence[Any], values: Sequence[Any], wave: str) -> Item:
        return Item(variable, level, wave, True, [None if v is None else Fraction(v in among) for v in values])

    def _outcome(self, key: str, waves: Sequence[str] | None = None) -> list[Item]:
        """An outcome per wave at which it is asked; an ordinal one also as its classes."""
        spec, items = self.outcomes[key], []
        per_wave = {w: [self.answer(p, key, w) for p in self.persons] for w in self.waves if w in spec["waves"]}
        classes: list[int] = []
        if spec["kind"] == "ordinal" and "range" in spec:
            classes = list(range(int(spec["range"][0]), int(spec["range"][1]) + 1))
        elif spec["kind"] == "ordinal":
            classes = sorted({int(v) for values in per_wave.values() for v in values if v is not None})
        for wave, values in per_wave.items():
            if waves is None or wave in waves:
                items.append(Item(key, "", wave, spec["kind"] == "binary", values))
                items += [self._level(key, str(c), (c,), values, wave) for c in classes]
        return items

    def _characteristics(self) -> list[Item]:
        items = []
        for key, spec in self.raw["covariates"].items():
            values = [self.first(p, key) for p in self.persons]
            if not spec.get("describe", True):
                continue
            if spec["kind"] == "continuous":
                items.append(Item(key, "", "", False, [exact(v) for v in values]))
                continue
            items += self._levels(key, spec["levels"], values)
            for name, old in spec.get("collapse", {}).items():  # beside a level of this name
                name = "/".join(old) if name in spec["levels"] else name
                items.append(self._level(key, name, old, values, ""))
        baseline = self.design["baseline"]
        return items + [item for key in self.outcomes for item in self._outcome(key, [baseline])]

    # --- rows ---

    def _put(self, table: str, variable: str, level: str, group: str, wave: str, statistic: str,
             value: Fraction | float | None, n: int | None = None, denominator: int | None = None,
             slack: float = 0.0) -> None:  # fmt: skip
        """A row, unless there is no value."""
        if value is not None:
            key = (table, variable, level, group, wave, statistic)
            assert key not in self.rows, key
            self.rows[key] = Figure(value, n, denominator, slack)

    def _share(self, table: str, item: tuple[str, str], group: str, wave: str, statistic: str, n: int, of: int) -> None:
        self._put(table, *item, group, wave, statistic, Fraction(100 * n, of) if of else None, n, of)

    def _levels_or_moments(self, table: str, item: Item, name: str, group: Group) -> None:
        where = (table, item.variable, item.level, name, item.wave)
        if item.share:
            self._share(table, where[1:3], name, item.wave, "pct", int(group.sum), group.n)
        else:
            self._put(*where, "mean", group.mean, group.n, slack=group.dust)
            self._put(*where, "sd", group.sd, group.n, slack=group.dust)

    def _missing(self, table: str, item: Item, name: str, could: Sequence[int]) -> None:
        n = sum(item.values[i] is None for i in could)
        self._share(table, (item.variable, ""), name, item.wave, "missing", n, len(could))

    def _sample(self) -> None:
        for g in self.groups:
            self._share("sample", ("", ""), g, "", "pct", len(self.members[g]), self.size)
        if "site" not in self.design:
            return
        site = self.design["site"]
        values = [self.first(p, site) for p in self.persons]
        items = self._levels(site, sorted({v for v in values if v is not None}), values)
        for g in self.groups:
            for item in items:
                self._levels_or_moments("sample", item, g, Group(item.values, self.members[g]))
            if items:
                self._missing("sample", items[0], g, self.members[g])

    def _attrition(self) -> None:
        waves, seen = self.waves, self.seen
        for g in self.groups:
            rows = [seen[i] for i in self.members[g]]
            for t_, wave in enumerate(waves):
                self._share("attrition", ("", ""), g, wave, "present", sum(r[t_] for r in rows), len(rows))
                self._share("attrition", ("", ""), g, wave, "dropout", sum(not r[t_] for r in rows), len(rows))
                self._share("attrition", ("", ""), g, wave, "lost", sum(not any(r[t_:]) for r in rows), len(rows))
            kinds = [attendance(r) for r in rows]
            for kind in ("complete", "monotone", "intermittent"):
                self._share("attrition", ("", ""), g, "", kind, kinds.count(kind), len(rows))
            for k in range(len(waves) + 1):
                n = sum(sum(r) == k for r in rows)
                self._share("attrition", ("waves_seen", str(k)), g, "", "pct", n, len(rows))
            for pattern in {tuple(r) for r in seen}:
                name = self.pattern(pattern)
                n = sum(tuple(r) == pattern for r in rows)
                self._share("attrition", ("pattern", name), g, "", attendance(pattern), n, len(rows))

    def pattern(self, seen: Sequence[bool]) -> str:
        """`T0+T2`; with another sign where the keys of waves make that ambiguous, which the program may choose."""
        return parted(self.waves, "+").join(w for w, here in zip(self.waves, seen, strict=True) if here)

    def _compare(self, table: str, items: list[Item], groups: Sequence[str], members: Mapping[str, list[int]]) -> None:
        largest: dict[tuple[str, str], list[tuple[float, float]]] = {}
        persons: dict[tuple[str, str], int] = {}
        for item in items:
            both = [Group(item.values, members[g]) for g in groups]
            for g, group in zip(groups, both, strict=True):
                self._levels_or_moments(table, item, g, group)
            unit = (item.variable, item.wave)
            if unit not in persons:
                for g in groups:
                    self._missing(table, item, g, members[g])
            n = both[0].n + both[1].n
            persons[unit] = max(persons.get(unit, 0), n)
            where = (table, item.variable, item.level, "", item.wave)
            factor = 100 if item.share else 1
            slack = factor * (both[0].dust + both[1].dust)
            self._put(*where, "difference", difference(both[0].mean, both[1].mean, factor), n, slack=slack)
            smd, dust = standardised(both[0], both[1], share=item.share)
            self._put(*where, "smd", smd, n, slack=dust)
            if smd is not None:
                largest.setdefault(unit, []).append((abs(smd), dust))
        for (variable, wave), found in largest.items():
            size, dust = max(found)
            where = (table, variable, "", "", wave)
            self._put(*where, "smd_max", size, persons[variable, wave], slack=dust)
            for limit in THRESHOLDS:
                near = 1.0 if abs(size - limit) <= dust + 1e-12 else 0.0  # either answer is right
                self._put(*where, f"above_{limit:g}", float(size > limit), persons[variable, wave], slack=near)

    def _trend(self) -> None:
        for item in self.items:
            groups = {g: Group(item.values, self.members[g]) for g in self.groups}
            for g, group in groups.items():
                self._levels_or_moments("trend", item, g, group)
                where = ("trend", item.variable, item.level, g, item.wave)
                name = "pct" if item.share else "mean"
                for end, limit in zip(("low", "high"), interval(group, share=item.share), strict=True):
                    self._put(*where, f"{name}_{end}", limit, group.n, slack=max(group.dust, 1e-12 * item.share))
                if item.level == "":
                    there = [i for i in self.members[g] if self.seen[i][self.waves.index(item.wave)]]
                    self._missing("trend", item, g, there)
            one, other = (groups[g] for g in self.groups[:2])
            where = ("trend", item.variable, item.level, "", item.wave)
            factor = 100 if item.share else 1
            slack = factor * (one.dust + other.dust)
            exact_ = difference(one.mean, other.mean, factor)
            self._put(*where, "difference", exact_, one.n + other.n, slack=slack)
            rounded = difference(self.printed(item, one), self.printed(item, other), 1)
            self._put(*where, "difference_rounded", rounded, one.n + other.n, slack=slack)

    def decimals(self, variable: str) -> int:
        """One for percentages and scales of ten points or more, two for shorter ones."""
        spec = self.outcomes[variable]
        low, high = spec.get("range", (0, 1))
        return 1 if spec["kind"] == "binary" or high - low >= 10 else 2

    def printed(self, item: Item, group: Group) -> Fraction | None:
        """The percentage or mean as a table prints it."""
        if group.mean is None:
            return None
        return half_up(100 * group.mean, 1) if item.share else half_up(group.mean, self.decimals(item.variable))

    def _change(self) -> None:
        at = {(i.variable, i.level, i.wave): i for i in self.items}
        for (variable, level, start), first in at.items():
            asked = [w for w in self.waves if w in self.outcomes[variable]["waves"]]
            for end in asked[asked.index(start) + 1 :]:
                adjacent = asked.index(end) == asked.index(start) + 1
                if adjacent or start in (self.design["baseline"], self.design["endpoint"]):
                    last, name = at[variable, level, end], interval_name(start, end, self.waves)
                    for g in self.groups:
                        self._changed(first, last, name, g)
                        if level == "":
                            self._paired(first, last, name, g)

    def _changed(self, first: Item, last: Item, name: str, g: str) -> None:
        before, after = Group(first.values, self.members[g]), Group(last.values, self.members[g])
        where = ("change", first.variable, first.level, g, name)
        factor, word = (100, "pct_point_change") if first.share else (1, "mean_change")
        slack = factor * (before.dust + after.dust)
        self._put(*where, word, difference(after.mean, before.mean, factor), after.n, before.n, slack)
        rounded = difference(self.printed(last, after), self.printed(first, before), 1)
        self._put(*where, f"{word}_rounded", rounded, after.n, before.n, slack)
        if first.share and before.n and after.n:
            self._put(*where, "count_change", after.sum - before.sum, after.n, before.n)

    def _paired(self, first: Item, last: Item, name: str, g: str) -> None:
        unit = 100 if first.share else 1
        pairs = zip(first.values, last.values, strict=True)
        steps = Group([None if a is None or b is None else unit * (b - a) for a, b in pairs], self.members[g])
        level = max(Group(i.values, self.members[g]).dust for i in (first, last)) * unit
        where = ("change", first.variable, "", g, name)
        for word, count in (
            ("rise", sum(s > 0 for s in steps.known)),
            ("fall", sum(s < 0 for s in steps.known)),
            ("same", sum(s == 0 for s in steps.known)),
        ):
            self._share("change", (first.variable, ""), g, name, word, count, steps.n)
        ends = interval(steps, share=False)
        for word, value in zip(("mean", "sd", "low", "high"), (steps.mean, steps.sd, *ends), strict=True):
            # The interval of two persons is some nine times as wide as their distance from the mean.
            self._put(*where, f"paired_{word}", value, steps.n, slack=20 * (level + steps.dust))

    def _further(self, name: str) -> None:
        """Text as levels, numbers as means; of the person if all answer the same at several waves."""
        found = {
            w: {p: v for p in self.persons if not pd.isna(v := self.answers.get((p, w), {}).get(name))}
            for w in self.waves
        }
        used = [w for w in self.waves if found[w]]
        own = {p: [found[w][p] for w in used if p in found[w]] for p in self.persons}
        if len(used) > 1 and all(len(set(values)) <= 1 for values in own.values()):
            parts = {"": {p: values[0] for p, values in own.items() if values}}
        else:
            parts = {w: found[w] for w in used}
        for wave, part in parts.items():
            values = [part.get(p) for p in self.persons]
            if any(isinstance(v, str) for v in values):
                items = self._levels(name, sorted({v for v in values if v is not None}), values, wave)
            else:
                items = [Item(name, "", wave, False, [exact(v) for v in values])]
            for item, g in product(items, self.groups):
                self._levels_or_moments("further", item, g, Group(item.values, self.members[g]))


def attendance(seen: Sequence[bool]) -> str:
    """All waves; once away and never back; or back after a wave that was missed."""
    if all(seen):
        return "complete"
    gone = list(seen).index(False)
    return "intermittent" if any(seen[gone:]) else "monotone"


def interval_name(start: str, end: str, waves: Sequence[str]) -> str:
    """`T0-T3`."""
    return parted(waves, "-").join((start, end))


def difference(one: Fraction | None, other: Fraction | None, factor: int) -> Fraction | None:
    return None if one is None or other is None else factor * (one - other)


def standardised(one: Group, other: Group, *, share: bool) -> tuple[float | None, float]:
    """The difference of means in pooled standard deviations, and what dust may do to it."""
    if one.mean is None or other.mean is None:
        return None, 0.0
    gap = one.mean - other.mean
    if share:
        variances = [group.mean * (1 - group.mean) for group in (one, other) if group.mean is not None]
    elif one.variance is None or other.variance is None:
        return None, 0.0
    else:
        variances = [one.variance, other.variance]
    pooled = root((variances[0] + variances[1]) / 2)
    if gap == 0:
        value = 0.0
    elif pooled == 0:
        return math.copysign(math.inf, gap), 0.0
    else:
        value = float(gap / Fraction(pooled))
    dust = (one.dust + other.dust) / pooled if pooled else 0.0
    return value, dust * (1 + abs(value))


def interval(group: Group, *, share: bool) -> tuple[float | None, float | None]:
    """Wilson's for a percentage; Student's for a mean, of two persons or more."""
    if group.mean is None:
        return None, None
    n, z = group.n, float(norm.ppf((1 + LEVEL) / 2))
    if share:
        p = float(group.mean)
        centre, spread = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        ends = [(centre + sign * spread) / (1 + z * z / n) for sign in (-1, 1)]
        return 100 * max(ends[0], 0.0), 100 * min(ends[1], 1.0)
    if group.sd is None:
        return None, None
    half = float(t.ppf((1 + LEVEL) / 2, n - 1)) * group.sd / math.sqrt(n)
    return float(group.mean) - half, float(group.mean) + half


def check_rows(found: pd.DataFrame, right: Mapping[Key, Figure]) -> int:
    """Every figure is the oracle's, none is lacking and none is too much; how many were compared."""
    keys = list(zip(*(found[name] for name in TEXTS), strict=True))
    assert len(set(keys)) == len(keys), f"rows twice: {[k for k in keys if keys.count(k) > 1][:5]}"
    lacking, surplus = set(right) - set(keys), set(keys) - set(right)
    assert not lacking, f"lacking: {sorted(lacking)[:5]}"
    assert not surplus, f"too much: {sorted(surplus)[:5]}"
    counts = [[None if pd.isna(v) else int(v) for v in found[name]] for name in ("n", "denominator")]
    for key, value, n, denominator in zip(keys, found["value"].astype(float), *counts, strict=True):
        figure = right[key]
        assert (n, denominator) == (figure.n, figure.denominator), (key, n, denominator, figure)
        want = float(figure.value)
        if math.isinf(want) or math.isinf(value):
            assert want == value, (key, value, figure)
            continue
        assert abs(value - want) <= 1e-9 * abs(want) + figure.slack, (key, value, want, figure)
    return len(keys)
