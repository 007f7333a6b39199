"""Questionnaires as data: which columns hold the items, how they are coded, and how items become scores.

Definitions come with the package; a study file names one, and replaces or adds whatever its own form does otherwise.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Literal

from dnt_cli.study.problems import Place, differ, expect, phrase
from dnt_cli.study.text import Text

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


def check_instrument(key: str, instrument: Instrument) -> None:
    """Refuse items, columns, codings and scales that contradict each other."""
    place = ("instruments", key)
    items, columns = instrument.item_names, list(instrument.column_names.values())
    expect(items and differ(items), (*place, "items"), "some_items")
    expect(len(columns) == len(items) and differ(columns), (*place, "columns"), "item_columns", count=len(items))
    coding, codings = instrument.coding, instrument.codings
    allowed = codings or phrase("no_coding")
    expect(coding is None or coding in codings, (*place, "coding"), "allowed", found=coding, allowed=allowed)
    for item in items:
        expect(item in instrument.range or ALL in instrument.range, (*place, "range"), "item_range", item=item)
        low, high = instrument.limits(item)
        expect(low < high and (high - low).is_integer(), (*place, "range"), "item_limits", item=item)
        new, codes = instrument.recoding(item), high - low + 1
        expect(new is None or len(new) == codes, (*place, "recode"), "recode", count=codes, item=item)
    _check_known(instrument.reversed_items, items, (*place, "reversed"))
    _check_known(names(instrument.use), instrument.scales, (*place, "use"))
    for part, spec in instrument.parts.items():
        _check_known(names(spec.items), items, (*place, "parts", part))
    for name, scale in instrument.scales.items():
        _check_scale(instrument, scale, (*place, "scales", name))


def _check_known(found: Collection[str], known: Collection[str], place: Place) -> None:
    unknown = [name for name in found if name not in known]
    expect(not unknown, place, "unknown_names", found=unknown, allowed=known)
    expect(differ(found), place, "once")


def _check_scale(instrument: Instrument, scale: Scale, place: Place) -> None:
    rule, items = instrument.rule(scale), instrument.item_names
    given = {"weighted": scale.weights, "norm": scale.coefficients, "decision": scale.steps}
    for other, setting in given.items():
        expect(bool(setting) == (rule == other), (*place, "score"), "scale_rule", rule=rule, other=other)
    _check_known(scale.coefficients, instrument.parts, (*place, "coefficients"))
    _check_known(instrument.scale_items(scale), items, (*place, "items"))
    _check_known(scale.weights, items, (*place, "weights"))
    for item, weights in scale.weights.items():
        low, high = instrument.limits(item)
        expect(len(weights) == high - low + 1, (*place, "weights", item), "weights", count=high - low + 1)
    few = 0 <= instrument.gaps(scale) < len(instrument.scale_items(scale))
    expect(few, (*place, "max_missing"), "max_missing")
