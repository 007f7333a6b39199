"""The words of the output in Dutch and English, and how numbers are written in each.

The sentences themselves stand in `words/`, one TOML file per room: `<file>.<key>` names a sentence.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from dnt_cli.messages import Label, Message, decoded
from dnt_cli.study.spec import Language, Study, Text


@cache
def catalogue(room: str) -> dict[str, Text]:
    """The sentences of a room by their keys."""
    content = (files("dnt_cli") / "words" / f"{room}.toml").read_text(encoding="utf-8")
    return {key: Text(**both) for key, both in tomllib.loads(content).items()}


def sentence(name: str, /, language: Language, **values: object) -> str:
    """The sentence `<file>.<key>` in a language, with the values filled in."""
    room, _, key = name.partition(".")
    return filled(catalogue(room)[key], language, **values)


def is_known(name: str) -> bool:
    """Whether there is a sentence `<file>.<key>`."""
    room, _, key = name.partition(".")
    return room in _rooms() and key in catalogue(room)


@cache
def _rooms() -> frozenset[str]:
    """The files of words."""
    return frozenset(path.name.removesuffix(".toml") for path in (files("dnt_cli") / "words").iterdir())


def filled(template: Text, language: Language, /, **values: object) -> str:
    """A sentence with its values; numbers that are not whole get the decimal sign of the language."""
    return template[language].format(**{name: _localised(value, language) for name, value in values.items()})


class _Local(float):
    """A number within a sentence, with the decimal sign of its language."""

    comma = False

    def __format__(self, form: str) -> str:
        text = super().__format__(form or "g")
        return text.replace(".", ",") if self.comma else text


class _LocalComma(_Local):
    comma = True


def _localised(value: object, language: Language) -> object:
    return (_LocalComma if language == "nl" else _Local)(value) if isinstance(value, float) else value


def spoken(
    messages: Message | Iterable[Message] | str | float | None, language: Language, study: Study | None = None
) -> str:
    """Messages in a language, given as such or as a column of a result holds them (missing: nothing to say).

    A message that ends with a full stop is followed by a space, any other by a semicolon. Without the study, what has
    a label there is said by its key.
    """
    if messages is None or isinstance(messages, str | float):
        messages = decoded(messages if isinstance(messages, str) else None)
    if isinstance(messages, Message):
        values = {name: _said(value, language, study) for name, value in messages.values}
        # A file of a later dnt can hold messages whose words are not known here.
        return sentence(messages.key, language, **values) if is_known(messages.key) else messages.key
    text = ""
    for said in (spoken(own, language, study) for own in messages):
        text += ("" if not text else " " if text.endswith(".") else "; ") + said
    return text


def _said(value: object, language: Language, study: Study | None) -> object:
    """One value of a message as its sentence takes it."""
    if isinstance(value, Label):
        return value.key if study is None else _labelled(value, language, study)
    if isinstance(value, Message):
        return spoken(value, language, study)
    if not isinstance(value, tuple):
        return _localised(value, language)
    if any(isinstance(item, Message) for item in value):
        return spoken(value, language, study)
    return ", ".join(str(_said(item, language, study)) for item in value)


def _labelled(value: Label, language: Language, study: Study) -> str:
    if value.kind == "subset":
        return within_sentence(study.robustness.subsets[value.key].label[language])
    return within_sentence(Wording(study, language).label(value.key))


@dataclass(frozen=True, slots=True)
class Wording:
    """How a study is spoken of in one language.

    Attributes:
        study: Its labels and thresholds.
        language: Of the words and the decimal sign.
    """

    study: Study
    language: Language

    def text(self, name: str, **values: object) -> str:
        """The sentence `<file>.<key>`, with the values filled in."""
        return sentence(name, self.language, **values)

    def room(self, name: str) -> Callable[..., str]:
        """`text` for the sentences of one file: `room("polis")("wave")` is `text("polis.wave")`."""
        return lambda key, **values: self.text(f"{name}.{key}", **values)

    def messages(self, messages: Message | Iterable[Message] | str) -> str:
        """As the function `spoken`."""
        return spoken(messages, self.language, self.study)

    def known(self, name: str) -> bool:
        """Whether there is such a sentence."""
        return is_known(name)

    def number(self, value: float | None, decimals: int, *, sign: bool = False) -> str:
        """As the function `number`."""
        return number(value, decimals, self.language, sign=sign)

    def p_value(self, value: float | None) -> str:
        """A p-value with three decimals, `<.001` below."""
        small = value is not None and value < 0.0005
        return ("<" if small else "") + self.number(0.001 if small else value, 3).removeprefix("0")

    def threshold(self, value: float) -> str:
        """A level of significance, such as .05."""
        return self.number(value, 2).removeprefix("0")

    def label(self, key: str) -> str:
        """The label of an outcome, a covariate, or an outcome at a wave (`work_T0`)."""
        if key in self.study.outcomes:
            return self.study.outcomes[key].label[self.language]
        if key in self.study.covariates:
            return self.study.covariates[key].label[self.language]
        outcome, wave = self.study.columns[key]
        return f"{self.study.outcomes[outcome].label[self.language]} {wave}"

    def subgroup(self, moderator: str, name: str) -> str:
        """The label of a subgroup; of levels that are taken together, their labels."""
        if moderator == self.study.design.interview_date:
            side = "before" if name.startswith("<") else "since"
            return self.text(f"effects.interviewed_{side}", day=self.study.design.calendar_split)
        covariate = self.study.covariates[moderator]
        own = dict(zip(covariate.levels, covariate.level_labels, strict=False))
        parts = [own[level][self.language] for level in covariate.collapse.get(name, (name,)) if level in own]
        return "/".join(parts) or name

    def labels(self, keys: tuple[str, ...] | list[str]) -> str:
        """Several labels in one enumeration."""
        return ", ".join(self.label(key) for key in keys)

    def other_endpoints(self, keys: Iterable[str]) -> list[str]:
        """A sentence per wave on the outcomes whose effect is at that wave, and not at the study's endpoint."""
        usual, at = self.study.design.endpoint, dict[str, list[str]]()
        for key in dict.fromkeys(keys):
            at.setdefault(self.study.endpoint(key), []).append(key)
        return [
            self.text("common.other_endpoint", outcomes=self.labels(own), wave=wave, endpoint=usual)
            for wave, own in at.items()
            if wave != usual
        ]

    def missing_register(self, told: Iterable[str]) -> list[str]:
        """A sentence on the tested outcomes of a register that are not among those of which effects are told."""
        told = set(told)
        absent = [key for key in self.study.tested if self.study.is_register(key) and key not in told]
        return [self.text("common.missing_register", outcomes=self.labels(absent))] if absent else []

    def hypothesis(self, key: str) -> str:
        """The heading of a hypothesis: `H1a: Paid work`."""
        if key not in self.study.hypotheses:
            return self.text("common.no_hypothesis") if self.study.hypotheses else ""
        return f"{key}: {self.study.hypotheses[key].label[self.language]}"

    def in_order(self, hypotheses: Iterable[str]) -> list[str]:
        """Each hypothesis once, as the study file has them; outcomes without one stand last."""
        known, found = list(self.study.hypotheses), list(dict.fromkeys(hypotheses))
        return [key for key in known if key in found] + [key for key in found if key not in known]

    def unit(self) -> str:
        """The step of time of the longitudinal model: wave or month."""
        return self.text("common.month_unit" if self.study.models.time != "wave" else "common.wave_unit")

    def marks_note(self) -> str:
        """What the marks of significance mean."""
        marks = self.study.significance
        return self.text("common.marks", strict=self.threshold(marks.strict), lenient=self.threshold(marks.lenient))

    def synthetic_note(self) -> list[str]:
        """The note over made-up data, if they are."""
        return [self.text("common.synthetic")] if self.study.synthetic else []


def within_sentence(label: str) -> str:
    """A label within a sentence: no capital, unless it is an abbreviation."""
    return label if label[:2].isupper() else label[:1].lower() + label[1:]


def number(value: float | None, decimals: int, language: Language, *, sign: bool = False) -> str:
    """A number with fixed decimals, a decimal comma in Dutch, `-` where there is none, powers of ten when huge."""
    if value is None or math.isnan(value):
        return "-"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    large = abs(value) >= 10 ** (6 - decimals)
    value = value if large else round(value, decimals) + 0.0  # adding zero turns -0.0 into 0.0
    text = f"{value:{'+' if sign else ''}{'.1e' if large else f'.{decimals}f'}}"
    return text.replace(".", ",") if language == "nl" else text
