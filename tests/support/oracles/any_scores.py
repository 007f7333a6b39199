"""What answers to questionnaires mean: every score, count and alpha, by the published rules and not by the program.

`expected` recomputes them with plain loops over exact fractions. The scoring rules stand here as they are published
(Ware, Kosinski & Keller 1996; UCLA's SF12V2-1.SAS; Terluin 2006; Hegarty 2005; Schwarzer & Jerusalem 1995; VNG).
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tests.support.oracles.any_study import toml

WAVES = ("T0", "T1", "T2")
WORD = "no number"  # the meaning of a value that is none
Meaning = Fraction | str | float | None  # a float is infinite
Key = tuple[str, str]  # person and wave

# --- the questionnaires as they are published ------------------------------------------------------------------------

_SF12 = ["GH1", "PF02", "PF04", "RP2", "RP3", "RE2", "RE3", "BP2", "MH3", "VT2", "MH4", "SF2"]
_LEVELS1 = dict(zip(_SF12, (5, 3, 3, 2, 2, 2, 2, 5, 6, 6, 6, 5), strict=True))
_LEVELS2 = dict(zip(_SF12, (5, 3, 3, 5, 5, 5, 5, 5, 5, 5, 5, 5), strict=True))
# Version 1: per level of the item (turned round where the name begins with r) the physical and the mental weight.
_V1 = """
PF02=1 -7.23216 3.93115, PF02=2 -3.45555 1.86840, PF04=1 -6.24397 2.68282, PF04=2 -2.73557 1.43103,
RP2=1 -4.61617 1.44060, RP3=1 -5.51747 1.66968, rBP2=1 -11.25544 1.48619, rBP2=2 -8.38063 1.76691,
rBP2=3 -6.50522 1.49384, rBP2=4 -3.80130 0.90384, rGH1=1 -8.37399 -1.71175, rGH1=2 -5.56461 -0.16891,
rGH1=3 -3.02396 0.03482, rGH1=4 -1.31872 -0.06064, rVT2=1 -2.44706 -6.02409, rVT2=2 -2.02168 -4.88962,
rVT2=3 -1.61850 -3.29805, rVT2=4 -1.14387 -1.65178, rVT2=5 -0.42251 -0.92057, SF2=1 -0.33682 -6.29724,
SF2=2 -0.94342 -8.26066, SF2=3 -0.18043 -5.63286, SF2=4 0.11038 -3.13896, RE2=1 3.04365 -6.82672,
RE3=1 2.32091 -5.69921, rMH3=1 3.46638 -10.19085, rMH3=2 2.90426 -7.92717, rMH3=3 2.37241 -6.31121,
rMH3=4 1.36689 -4.09842, rMH3=5 0.66514 -1.94949, MH4=1 4.61446 -16.15395, MH4=2 3.41593 -10.77911,
MH4=3 2.34247 -8.09914, MH4=4 1.28044 -4.59055, MH4=5 0.41188 -1.95934
"""
_V2 = {  # items, mean, standard deviation, physical and mental coefficient
    "PF": ("PF02 PF04", "81.18122", "29.10588", "0.42402", "-0.22999"),
    "RP": ("RP2 RP3", "80.52856", "27.13526", "0.35119", "-0.12329"),
    "BP": ("BP2", "81.74015", "24.53019", "0.31754", "-0.09731"),
    "GH": ("GH1", "72.19795", "23.19041", "0.24954", "-0.01571"),
    "VT": ("VT2", "55.59090", "24.84380", "0.02877", "0.23534"),
    "SF": ("SF2", "83.73973", "24.75775", "-0.00753", "0.26876"),
    "RE": ("RE2 RE3", "86.41051", "22.35543", "-0.19206", "0.43407"),
    "MH": ("MH3 MH4", "70.18217", "20.50597", "-0.22069", "0.48581"),
}
_DKL = {
    "distress": "17 19 20 22 25 26 29 31 32 36 37 38 39 41 47 48", "depression": "28 30 33 34 35 46",
    "anxiety": "18 21 23 24 27 40 42 43 44 45 49 50", "somatisation": "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16",
}  # fmt: skip
_CAS = {
    "severe_combined": "2 5 7 15 18 22 25 26", "emotional": "1 4 8 9 12 19 20 21 24 28 29",
    "physical": "6 10 14 17 23 27 30", "harassment": "3 11 13 16", "total": " ".join(map(str, range(1, 31))),
}  # fmt: skip
_LADDER = ["contract", "benefit", "guidance", "sheltered", "instrument", "unpaid_work", "organised", "social"]


def _numbered(n: int) -> list[str]:
    return [str(i) for i in range(1, n + 1)]


@dataclass
class Scale:
    """A score: its items and rule, how many may be unanswered, decimals, and the column that it becomes."""

    items: list[str]
    rule: str  # sum, mean, v1, v2, ladder
    outcome: str
    gaps: int = 0
    decimals: int | None = None
    place: int = 0  # of the SF-12: 0 is physical, 1 is mental


@dataclass
class Form:
    """A questionnaire as a study uses it.

    Attributes:
        raw: What the study file says.
        columns: Item -> column.
        limits: Item -> lowest and highest code in the definition.
        shift: What the file's codes are above those.
        new: Item -> values after recoding, lowest code first.
        turned: Items whose answers are turned round.
        scales: Name -> score.
        others: Codings and versions that it is told apart from: their name, and item -> lowest and highest code.
        lacks: Whether a setting that must not be guessed is not given.
    """

    key: str
    raw: dict[str, Any]
    columns: dict[str, str]
    limits: dict[str, tuple[int, int]]
    shift: int = 0
    new: dict[str, list[Fraction]] = field(default_factory=dict)
    turned: set[str] = field(default_factory=set)
    scales: dict[str, Scale] = field(default_factory=dict)
    others: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)
    lacks: bool = False


DEFINITIONS = {
    "sf12v1": 2,
    "sf12v2": 2,
    "4dkl": 4,
    "cas": 5,
    "gse": 1,
    "ie18": 1,
    "ssli12": 1,
    "participation_ladder": 1,
}


def a_form(rng: random.Random, name: str) -> Form:
    """A built-in questionnaire with settings as a study might give them."""
    key = rng.choice(["", "my_"]) + name.replace("participation_", "").replace("4dkl", "dkl")
    sizes = {"4dkl": 50, "cas": 30, "gse": 10, "ie18": 18, "ssli12": 12}
    items = _SF12 if name.startswith("sf12") else _LADDER if name == "participation_ladder" else _numbered(sizes[name])
    pattern = rng.choice(["", "q{item}", "v_{item:02}", "{item:03}x", "names"])
    default = {"4dkl": "dkl_{item:02}", "cas": "cas_{item:02}", "gse": "gse_{item:02}", "ie18": "ie18_{item:02}",
               "ssli12": "ssl_{item:02}", "participation_ladder": "ladder_{item}"}.get(name, "sf12_{item}")  # fmt: skip
    if pattern == "names":
        columns = {item: f"{key}{chr(97 + i % 26)}{i}" for i, item in enumerate(items)}
        rng.shuffle(names := list(columns.values()))
        columns = dict(zip(items, names, strict=True))
    else:
        pattern = f"{key}{pattern}" if pattern else default
        columns = {item: _column(pattern, item) for item in items}
    raw: dict[str, Any] = {"definition": name}
    if pattern != default:
        raw["columns"] = " ".join(columns.values()) if pattern == "names" else pattern
    form = Form(key, raw, columns, {})
    if name.startswith("sf12"):
        _sf12(rng, name, form)
    elif name == "participation_ladder":
        form.limits = dict.fromkeys(items, (0, 1))
        form.scales["rung"] = Scale(items, "ladder", f"{key}_rung")
    else:
        _additive(rng, name, form)
    if rng.random() < 0.3:
        chosen = rng.sample(sorted(form.scales), rng.randint(1, len(form.scales)))
        raw["use"] = rng.choice([" ", ", "]).join(chosen)
        form.scales = {scale: form.scales[scale] for scale in chosen}
    if rng.random() < 0.3:
        raw["decimals"] = rng.choice([0, 1, 2])
    for name_, scale in form.scales.items():
        own = raw.get("scales", {}).get(name_, {}).get("decimals")
        scale.decimals = raw.get("decimals") if own is None else own
        if rng.random() < 0.3:
            scale.outcome = f"{name_}_of_{key}"
            raw.setdefault("scales", {}).setdefault(name_, {})["outcome"] = scale.outcome
    return form


def _column(pattern: str, item: str) -> str:
    for width in (2, 3):
        pattern = pattern.replace(f"{{item:0{width}}}", item.zfill(width) if item.isdigit() else item)
    return pattern.replace("{item}", item)


def _sf12(rng: random.Random, name: str, form: Form) -> None:
    one = {item: (1, top) for item, top in _LEVELS1.items()}
    two = {item: (1, top) for item, top in _LEVELS2.items()}
    form.limits = one if name == "sf12v1" else two
    form.others = {'definition = "sf12v2"': two} if name == "sf12v1" else {'definition = "sf12v1"': one}
    for place, scale in enumerate(("physical", "mental")):
        form.scales[scale] = Scale(_SF12, name[-2:], f"{form.key}_{scale}", place=place)
        if rng.random() < 0.2:
            form.raw.setdefault("scales", {})[scale] = {"decimals": rng.choice([1, 3])}


def _additive(rng: random.Random, name: str, form: Form) -> None:
    items = list(form.columns)
    low, high = {"4dkl": (0, 4), "cas": (0, 5), "gse": (1, 4), "ie18": (1, 6), "ssli12": (1, 4)}[name]
    form.limits = dict.fromkeys(items, (low, high))
    if name == "4dkl":
        form.new = {item: [Fraction(v) for v in (0, 1, 2, 2, 2)] for item in items}
        codes = {"0-4": {i: (0, 4) for i in items}, "1-5": {i: (1, 5) for i in items}}
        coding = rng.choice(["0-4", "1-5"])
        form.lacks = rng.random() < 0.03
        if not form.lacks:
            form.raw["coding"], form.shift = coding, int(coding == "1-5")
        form.others = {f'coding = "{other}"': limits for other, limits in codes.items() if other != coding}
    elif rng.random() < 0.25:  # the form of this study has other answers
        low, high = rng.choice([(0, 3), (1, 5), (1, 2), (0, 10), (-2, 2)])
        form.limits = dict.fromkeys(items, (low, high))
        form.raw["range"] = {"all": [low, high]}
        if rng.random() < 0.4:
            odd = rng.choice(items)
            form.limits[odd] = (low, high + 2)
            form.raw["range"][odd] = [low, high + 2]
    if name != "4dkl" and rng.random() < 0.2:
        item = rng.choice(items)
        codes_ = form.limits[item][1] - form.limits[item][0] + 1
        new = [rng.choice([0, 1, 2, 3, 0.5, 4.4, -1]) for _ in range(codes_)]
        form.raw["recode"] = {item: new}
        form.new[item] = [Fraction(str(v)) for v in new]
    if name == "ie18" or (name != "4dkl" and rng.random() < 0.3):
        form.turned = set(rng.sample(items, rng.randint(0, len(items))))
        listed = sorted(form.turned, key=int)
        form.lacks |= name == "ie18" and rng.random() < 0.03
        if form.lacks:
            form.turned = set()
        else:
            form.raw["reversed"] = rng.choice([" ", ", "]).join(listed) or "none"
    rule = "mean" if name in ("ie18", "ssli12") else "sum"
    if rng.random() < 0.3:
        form.raw["score"] = rule = rng.choice(["sum", "mean"])
    gaps = 3 if name == "gse" else 0
    if rng.random() < 0.4:
        form.raw["max_missing"] = gaps = rng.randint(0, 3)
    scales = {"4dkl": _DKL, "cas": _CAS, "gse": {"self_efficacy": ""}, "ie18": {"locus": ""}, "ssli12": {"total": ""}}
    listed_ = {scale: text.split() or items for scale, text in scales[name].items()}
    if rng.random() < 0.3:
        own = rng.sample(items, rng.choice([1, 2, 3, 4, 8]))
        listed_["own"] = own
        form.raw.setdefault("scales", {})["own"] = {"items": " ".join(own)}
    for scale, chosen in listed_.items():
        made = form.scales[scale] = Scale(chosen, rule, f"{form.key}_{scale}", gaps)
        own_raw: dict[str, Any] = {}
        if rng.random() < 0.15:
            own_raw["score"] = made.rule = rng.choice(["sum", "mean"])
        if rng.random() < 0.25 or gaps >= len(chosen):
            own_raw["max_missing"] = made.gaps = rng.randint(0, len(chosen) - 1)
        if rng.random() < 0.1:
            own_raw["decimals"] = rng.choice([0, 1])
        if own_raw:
            form.raw.setdefault("scales", {}).setdefault(scale, {}).update(own_raw)


# --- the rules -------------------------------------------------------------------------------------------------------


def codes_of(form: Form, item: str) -> tuple[int, int]:
    """The lowest and highest code in the file."""
    low, high = form.limits[item]
    return low + form.shift, high + form.shift


def _fits(meaning: Meaning, limits: tuple[int, int]) -> bool:
    return isinstance(meaning, Fraction) and meaning.denominator == 1 and limits[0] <= meaning <= limits[1]


def answer(form: Form, item: str, meaning: Meaning) -> Fraction | None:
    """What counts in a score: shifted, recoded, turned round; None where it is no code."""
    if not _fits(meaning, codes_of(form, item)):
        return None
    assert isinstance(meaning, Fraction)
    low, high = form.limits[item]
    code = meaning - form.shift
    possible = form.new.get(item) or [Fraction(v) for v in range(low, high + 1)]
    value = possible[int(code) - low]
    return min(possible) + max(possible) - value if item in form.turned else value


def scored(form: Form, scale: Scale, given: dict[str, Fraction | None]) -> Fraction | None:
    """One score of one person."""
    chosen = [given[item] for item in scale.items]
    known = [value for value in chosen if value is not None]
    if scale.rule == "ladder":
        score = _rung(given)
    elif scale.rule in ("sum", "mean"):
        if len(known) < len(chosen) - scale.gaps or not known:
            return None
        score = sum(known, Fraction(0)) / len(known) * (len(chosen) if scale.rule == "sum" else 1)
    elif len(known) < len(chosen):
        return None
    else:
        full = {item: value for item, value in given.items() if value is not None}
        score = _v1(full, scale.place) if scale.rule == "v1" else _v2(full, scale.place)
    if score is None or scale.decimals is None:
        return score
    return Fraction(math.floor(score * 10**scale.decimals + Fraction(1, 2)), 10**scale.decimals)


def _v1(given: dict[str, Fraction], place: int) -> Fraction:
    score = Fraction(("56.57706", "60.75781")[place])
    for entry in _V1.split(","):
        level, *weights = entry.split()
        item, code = level.lstrip("r").split("=")
        value = _LEVELS1[item] + 1 - given[item] if level.startswith("r") else given[item]
        score += Fraction(weights[place]) if value == int(code) else 0
    return score


def _v2(given: dict[str, Fraction], place: int) -> Fraction:
    health = [Fraction(v) for v in ("5", "4.4", "3.4", "2", "1")]
    recoded = given | {item: 6 - given[item] for item in ("BP2", "MH3", "VT2")}
    recoded["GH1"] = health[int(given["GH1"]) - 1]
    total = Fraction(0)
    for items, mean, spread, *weights in _V2.values():
        chosen = items.split()
        span = sum(_LEVELS2[item] - 1 for item in chosen)
        percent = 100 * (sum(recoded[item] for item in chosen) - len(chosen)) / span
        total += (percent - Fraction(mean)) / Fraction(spread) * Fraction(weights[place])
    return 50 + 10 * total


def _rung(given: dict[str, Fraction | None]) -> Fraction | None:
    """The highest rung that holds whatever the unanswered questions are, if no other rung may hold instead."""
    extra = [given[item] for item in ("benefit", "guidance", "sheltered", "instrument")]
    contract = given["contract"]
    if contract == 1:
        return Fraction(5) if 1 in extra else None if None in extra else Fraction(6)
    if contract is None:
        return None
    for rung, item in ((4, "unpaid_work"), (3, "organised"), (2, "social")):
        if given[item] != 0:
            return Fraction(rung) if given[item] == 1 else None
    return Fraction(1)


def alpha(rows: list[list[Fraction]]) -> tuple[int, Fraction | None]:
    """How many items differ between complete rows, and Cronbach's alpha of those."""
    varying = [list(column) for column in zip(*rows, strict=True) if len(set(column)) > 1]
    k = len(varying)
    if len(rows) < 2 or k < 2:
        return k, None
    whole = _variance([sum(values, Fraction(0)) for values in zip(*varying, strict=True)])
    return k, (1 - sum(map(_variance, varying)) / whole) * Fraction(k, k - 1) if whole else None


def _variance(values: list[Fraction]) -> Fraction:
    mean = sum(values, Fraction(0)) / len(values)
    return sum(((v - mean) ** 2 for v in values), Fraction(0)) / (len(values) - 1)


def _with_the_rest(rows: list[list[Fraction]], i: int) -> Fraction:
    """The covariance of an item with the sum of the others, times the number of rows."""
    own, rest = [row[i] for row in rows], [sum(row, Fraction(0)) - row[i] for row in rows]
    a, b = sum(own, Fraction(0)) / len(rows), sum(rest, Fraction(0)) / len(rows)
    return sum(((x - a) * (y - b) for x, y in zip(own, rest, strict=True)), Fraction(0))


@dataclass
class Answers:
    """Files with answers, a study, and what they mean.

    Attributes:
        raw: The study.
        forms: Its questionnaires.
        files: Path -> content.
        source: What the commands are given: a file, or the folder.
        meanings: Person and wave -> column -> what is meant.
        there: The columns of items that are in a file.
        asked: Outcome of the study -> its waves.
        refused: A word of the refusal, if the files do not fit together.
        plain: Whether no file says that a code means no answer.
    """

    raw: dict[str, Any]
    forms: list[Form]
    files: dict[str, bytes]
    source: str
    meanings: dict[Key, dict[str, Meaning]]
    there: set[str]
    asked: dict[str, tuple[str, ...]]
    refused: str
    plain: bool

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(f"Answers(source={self.source}, files={list(self.files)}, refused={self.refused!r})\n")
        printer.text(toml(self.raw))


@dataclass
class Expected:
    """What is right; the rows of tables by their names."""

    scores: dict[Key, dict[str, Fraction | None]] = field(default_factory=dict)
    report: dict[tuple[str, ...], int] = field(default_factory=dict)  # instrument, scale, column, wave, what
    reliability: dict[tuple[str, str, str, str], dict[str, Any]] = field(default_factory=dict)
    refused: str = ""


def expected(trial_: Answers) -> Expected:
    """Every score, count and alpha."""
    right = Expected(scores={key: {} for key in trial_.meanings}, refused=trial_.refused)
    present = False
    for form in trial_.forms:
        if not set(form.columns.values()) & trial_.there:
            right.report[form.key, "", "", "", "absent"] = len(form.columns)
            continue
        present = True
        if form.lacks:
            right.refused = right.refused or "a guess would go"
            return right
        right.refused = right.refused or _contradiction(form, trial_.meanings, right)
        _judge_form(form, trial_, right)
    if not present:
        right.refused = right.refused or "no item of any instrument"
    return right


def _contradiction(form: Form, meanings: dict[Key, dict[str, Meaning]], right: Expected) -> str:
    """Codes of another coding at a wave, against those of the declared one only; notes what tells neither."""
    for name, limits in form.others.items():
        for wave in WAVES:
            cells = [(row.get(column), item) for (_, w), row in meanings.items() if w == wave
                     for item, column in form.columns.items()]  # fmt: skip
            own = [_fits(value, codes_of(form, item)) for value, item in cells]
            other = [_fits(value, limits[item]) for value, item in cells]
            against = sum(b and not a for a, b in zip(own, other, strict=True))
            if against and sum(a and not b for a, b in zip(own, other, strict=True)) * 10 <= against:
                return "contradict"
            if any(own) and own == other:
                right.report[form.key, name, "", wave, "also_fits"] = sum(own)
    return ""


def _judge_form(form: Form, trial_: Answers, right: Expected) -> None:
    given = {
        key: {item: answer(form, item, row.get(column)) for item, column in form.columns.items()}
        for key, row in trial_.meanings.items()
    }
    due = {item: {w for s in form.scales.values() if item in s.items for w in trial_.asked.get(s.outcome, WAVES)}
           for item in form.columns}  # fmt: skip
    for item, column in form.columns.items():
        found = [(row.get(column), wave) for (_, wave), row in trial_.meanings.items()]
        counts = {"no_number": sum(v == WORD for v, _ in found)}
        counts["outside"] = sum(v not in (None, WORD) and not _fits(v, codes_of(form, item)) for v, _ in found)
        for what, count in counts.items():
            if count:
                right.report[form.key, "", column, "", what] = count
        for wave in WAVES:
            here = [values[item] for (_, w), values in given.items() if w == wave]
            if here and wave in due[item] and all(v is None for v in here):
                right.report[form.key, "", column, wave, "nobody"] = len(here)
    for name, scale in form.scales.items():
        for key, values in given.items():
            right.scores[key][scale.outcome] = scored(form, scale, values)
        additive = scale.rule in ("sum", "mean") and len(scale.items) > 1
        complete: dict[Key, list[Fraction]] = {}
        for key, values in given.items():
            row = [v for item in scale.items if (v := values[item]) is not None]
            if len(row) == len(scale.items):
                complete[key] = row
        for wave in WAVES:
            here = [key for key in given if key[1] == wave]
            answered = sum(any(given[key][item] is not None for item in scale.items) for key in here)
            scores = sum(right.scores[key][scale.outcome] is not None for key in here)
            rows = [row for key, row in complete.items() if key[1] == wave]
            k, value = alpha(rows) if additive else (len(scale.items), None)
            if answered > scores:
                right.report[form.key, name, "", wave, "incomplete"] = answered - scores
            if answered:
                right.reliability[form.key, name, scale.outcome, wave] = {
                    "n_scored": scores, "n_answered": answered, "n_listwise": len(rows), "items": k, "alpha": value,
                    "omega": additive and k > 2 and len(rows) > k,
                }  # fmt: skip
        rows = list(complete.values())
        for i, item in enumerate(scale.items if additive and len(rows) > 2 else ()):
            if _with_the_rest(rows, i) < 0:
                right.report[form.key, name, form.columns[item], "", "negative"] = len(rows)
