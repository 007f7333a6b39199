"""What was noticed in data: a key of the catalogue with its values, spoken in either language at the door."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from dnt_cli.sentences import Worded
from dnt_cli.study import Language, Text
from dnt_cli.wording import sentence

_COUNTED = ("rows", "persons", "cells", "be")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that the data and the study disagree on, or that was decided in reading; counts and names only.

    Attributes:
        level: an error stops the analysis, a warning is told.
        column: of the study or the file; empty for the whole table.
        name: `<file>.<key>` of the sentence.
        values: what the sentence is filled with; from `count` follow `rows`, `persons` and `cells` ("1 row"),
            and `be` ("is", "are").
    """

    level: Literal["error", "warning"]
    column: str
    name: str
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """The sentence in English, without the column."""
        return self.text("en")

    def text(self, language: Language) -> str:
        """The sentence, without the column."""
        values = {k: _in(v, language) for k, v in self.values.items()}
        if "count" in values:
            number = "one" if values["count"] == 1 else "many"
            for unit in _COUNTED:
                values.setdefault(unit, sentence(f"reading.{unit}_{number}", language, count=values["count"]))
        return sentence(self.name, language, column=self.column, **values)

    def line(self, language: Language) -> str:
        """`column: sentence`."""
        return f"{self.column}: {self.text(language)}" if self.column else self.text(language)

    def __str__(self) -> str:
        """`column: sentence`, in English."""
        return self.line("en")


def _in(value: Any, language: Language) -> Any:
    """A value of a sentence, in the language where it has one."""
    if isinstance(value, Text):
        return value[language]
    return value.text(language) if isinstance(value, Worded) else value


def error(column: str, name: str, **values: Any) -> Finding:
    """A finding of `words/reading.toml` that stops the analysis."""
    return Finding("error", column, f"reading.{name}", values)


def warning(column: str, name: str, **values: Any) -> Finding:
    """A finding of `words/reading.toml` that is told."""
    return Finding("warning", column, f"reading.{name}", values)


@dataclass(frozen=True, slots=True)
class Line:
    """A finding with its column, in either language, and how many more there are.

    Attributes:
        finding: What is said.
        more: Others, which are only counted.
    """

    finding: Finding
    more: int = 0

    def text(self, language: Language) -> str:
        """`column: sentence`."""
        more = sentence("errors.and_more", language, count=self.more) if self.more else ""
        return self.finding.line(language) + more


def summary(findings: Iterable[Finding]) -> Line:
    """The first error, and how many more there are."""
    errors = [f for f in findings if f.level == "error"]
    return Line(errors[0], len(errors) - 1)
