"""Questionnaires as data: which columns hold the items, how they are coded, and how items become scores.

Definitions come with the package; a study file names one, and replaces or adds whatever its own form does otherwise.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Literal

from dnt_cli.study.text import Text

Fail = Callable[[tuple[str, ...], str], None]
Rule = Literal["sum", "mean", "weighted", "norm", "decision"]
ALL = "all"  # in `range` and `recode`: every item that has no entry of its own
NONE = "none"  # in `reversed` and `use`: no item, no scale
_NUMBERS = re.compile(r"^(\d+)-(\d+)$")
_ITEM = re.compile(r"\{item(?::0(\d))?\}")


def names(text: str) -> tuple[str, ...]:
    """Item names from `1-3 7 GH1`: separated by spaces or commas, ranges of numbers written out; `none` is empty."""
    found: list[str] = []
    for word in re.split(r"[\s,]+", text.strip()):
        if match := _NUMBERS.match(word):
            found += [str(number) for number in range(int(match[1]), int(match[2]) + 1)]
        elif word not in ("", NONE):
            found.append(word)
    return tuple(found)


@dataclass(frozen=True)
class NormedScale:
    """A scale of 0 to 100 that a norm-based score is made of."""

    items: str
    mean: float  # of the norm population
    sd: float


@dataclass(frozen=True)
class DecisionStep:
    """One rung of a decision rule: all of `all`, at least one of `any`, none of `none`; items are yes (1) or no (0)."""

    value: float
    all: str = ""
    any: str = ""
    none: str = ""


@dataclass(frozen=True)
class Scale:
    """One score.

    Weights stand in the order of the codes after reversal, lowest first. Class limits are the lowest score of each
    class but the first, under the name of the convention.
    """

    items: str = ""  # default: all items of the instrument
    score: Rule | None = None  # default: the instrument's
    outcome: str | None = None  # the column it becomes; default: the instrument's and the scale's name
    max_missing: int | None = None  # of sum and mean: unanswered items that the others stand in for
    decimals: int | None = None  # scores are rounded half up to these; default: the instrument's
    constant: float = 0.0  # of weighted and norm
    weights: dict[str, tuple[float, ...]] = field(default_factory=dict)  # of weighted: item -> per code
    coefficients: dict[str, float] = field(default_factory=dict)  # of norm: part -> coefficient
    steps: tuple[DecisionStep, ...] = ()  # of decision: from the highest down; the first that holds counts
    otherwise: float | None = None  # of decision: where none holds
    cutoffs: dict[str, tuple[float, ...]] = field(default_factory=dict)  # convention -> class limits


@dataclass(frozen=True)
class Instrument:
    """A questionnaire.

    Answers are first checked against the coding of the file, then shifted to `range`, recoded, and reversed.
    """

    title: Text
    source: str  # where coding and rule come from
    items: str  # names in order, such as `1-50`
    range: dict[str, tuple[float, float]]  # item, or all -> lowest and highest answer
    scales: dict[str, Scale]
    columns: str = "{item}"  # pattern with {item} or {item:02}, or as many names as there are items
    definition: str = ""  # the built-in definition it starts from
    codings: dict[str, float] = field(default_factory=dict)  # ways in which files code it -> their lowest code
    coding: str | None = None  # the one of this study's file
    recode: dict[str, tuple[float, ...]] = field(default_factory=dict)  # item, or all -> new value per code
    reversed: str | None = None  # items whose answers are turned round
    parts: dict[str, NormedScale] = field(default_factory=dict)
    score: Rule = "sum"
    max_missing: int = 0
    decimals: int | None = None
    use: str = ""  # the scales to score; default: all
    versions: tuple[str, ...] = ()  # other built-in definitions that its files are mistaken for
    required: tuple[str, ...] = ()  # settings that the study must give, since a guess would go unnoticed
    unconfirmed: dict[str, Text] = field(default_factory=dict)  # setting -> what is not known for certain about it
    confirmed: tuple[str, ...] = ()  # those of them that the study's codebook confirms as they are

    @cached_property
    def item_names(self) -> tuple[str, ...]:
        """All items in order."""
        return names(self.items)

    @cached_property
    def column_names(self) -> dict[str, str]:
        """Item -> the column that holds it."""
        if not _ITEM.search(self.columns):
            return dict(zip(self.item_names, self.columns.split(), strict=False))

        def column(item: str) -> str:
            return _ITEM.sub(lambda m: item.zfill(int(m[1])) if m[1] and item.isdigit() else item, self.columns)

        return {item: column(item) for item in self.item_names}

    @cached_property
    def reversed_items(self) -> tuple[str, ...]:
        """The items whose answers are turned round."""
        return names(self.reversed or NONE)

    @cached_property
    def used_scales(self) -> dict[str, Scale]:
        """The scales to score, in the order of `use`."""
        return {name: self.scales[name] for name in (names(self.use) if self.use else self.scales)}

    def limits(self, item: str) -> tuple[float, float]:
        """Lowest and highest answer of an item, before recoding."""
        return self.range[item] if item in self.range else self.range[ALL]

    def recoding(self, item: str) -> tuple[float, ...] | None:
        """New value per answer, lowest answer first, if the item is recoded."""
        return self.recode.get(item, self.recode.get(ALL))

    def scored_limits(self, item: str) -> tuple[float, float]:
        """Lowest and highest value of an item after recoding."""
        new = self.recoding(item)
        return (min(new), max(new)) if new else self.limits(item)

    def scale_items(self, scale: Scale) -> tuple[str, ...]:
        """The items of a scale."""
        if scale.weights:
            return tuple(item for item in self.item_names if item in scale.weights)
        if scale.coefficients:
            return tuple(item for part in scale.coefficients for item in names(self.parts[part].items))
        if scale.steps:
            used = {i for step in scale.steps for text in (step.all, step.any, step.none) for i in names(text)}
            return tuple(item for item in self.item_names if item in used)
        return names(scale.items) or self.item_names

    def rule(self, scale: Scale) -> Rule:
        """How the scale is scored."""
        return scale.score or self.score

    def gaps(self, scale: Scale) -> int:
        """How many of its items may be unanswered."""
        return self.max_missing if scale.max_missing is None else scale.max_missing


def builtin_instruments() -> tuple[str, ...]:
    """Names of the definitions that come with the package."""
    return tuple(sorted(f.name.removesuffix(".toml") for f in _folder().iterdir() if f.name.endswith(".toml")))


def definition(name: str) -> dict[str, Any]:
    """A definition that comes with the package, as the table of its TOML file."""
    return tomllib.loads((_folder() / f"{name}.toml").read_text(encoding="utf-8"))


def _folder() -> Traversable:
    return resources.files("dnt_cli") / "scoring" / "instruments"


def completed(given: Mapping[str, Any]) -> dict[str, Any]:
    """The study's table on top of the definition it names; what the study gives itself is no longer unconfirmed.

    Raises:
        KeyError: There is no such definition.
    """
    name = given.get("definition")
    if name is None:
        return dict(given)
    if name not in builtin_instruments():
        raise KeyError(name)
    base = definition(name)
    # Of the scales a study may give one detail, which says nothing about the rest.
    sure = {*given.get("confirmed", ()), *(key for key in given if key != "scales")}
    doubts = {key: doubt for key, doubt in base.get("unconfirmed", {}).items() if key not in sure}
    return _merged(base, given) | {"unconfirmed": doubts | given.get("unconfirmed", {})}


def _merged(base: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Sections are merged, everything else is replaced."""
    out = dict(base)
    for key, value in given.items():
        both = isinstance(value, Mapping) and isinstance(out.get(key), Mapping)
        out[key] = _merged(out[key], value) if both else value
    return out


def check_instrument(key: str, instrument: Instrument, fail: Fail) -> None:
    """Call `fail(path, message)` at the first thing that contradicts another."""
    path = ("instruments", key)
    items = instrument.item_names
    if not items or len(set(items)) != len(items):
        fail((*path, "items"), "expected at least one item, each once")
    columns = list(instrument.column_names.values())
    if len(columns) != len(items) or len(set(columns)) != len(columns):
        fail((*path, "columns"), f"expected a pattern with {{item}}, or {len(items)} different names")
    if instrument.coding is not None and instrument.coding not in instrument.codings:
        allowed = ", ".join(instrument.codings) or "none; leave it out"
        fail((*path, "coding"), f"found {instrument.coding!r}; allowed: {allowed}")
    for item in items:
        if item not in instrument.range and ALL not in instrument.range:
            fail((*path, "range"), f"item {item} has no range")
        low, high = instrument.limits(item)
        if not (low < high and (high - low).is_integer()):
            fail((*path, "range"), f"expected [lowest, highest] answer of item {item}")
        new = instrument.recoding(item)
        if new is not None and len(new) != high - low + 1:
            fail((*path, "recode"), f"expected {high - low + 1:g} new values for item {item}")
    _check_known(instrument.reversed_items, items, (*path, "reversed"), fail)
    _check_known(names(instrument.use), tuple(instrument.scales), (*path, "use"), fail)
    for part, spec in instrument.parts.items():
        _check_known(names(spec.items), items, (*path, "parts", part), fail)
    for name, scale in instrument.scales.items():
        _check_scale(instrument, scale, (*path, "scales", name), fail)


def _check_known(found: tuple[str, ...], known: tuple[str, ...], path: tuple[str, ...], fail: Fail) -> None:
    unknown = [name for name in found if name not in known]
    if unknown:
        fail(path, f"found {', '.join(unknown)}; allowed: {', '.join(known)}")
    if len(set(found)) != len(found):
        fail(path, "expected each once")


def _check_scale(instrument: Instrument, scale: Scale, path: tuple[str, ...], fail: Fail) -> None:
    rule = instrument.rule(scale)
    given = {"weighted": scale.weights, "norm": scale.coefficients, "decision": scale.steps}
    for other, setting in given.items():
        if bool(setting) != (rule == other):
            fail((*path, "score"), f"the rule {rule} does not go with what is given for {other}")
    _check_known(tuple(scale.coefficients), tuple(instrument.parts), (*path, "coefficients"), fail)
    _check_known(instrument.scale_items(scale), instrument.item_names, (*path, "items"), fail)
    _check_known(tuple(scale.weights), instrument.item_names, (*path, "weights"), fail)
    for item, weights in scale.weights.items():
        low, high = instrument.limits(item)
        if len(weights) != high - low + 1:
            fail((*path, "weights", item), f"expected {high - low + 1:g} weights")
    if not 0 <= instrument.gaps(scale) < len(instrument.scale_items(scale)):
        fail((*path, "max_missing"), "expected a number from 0 to one less than there are items")
