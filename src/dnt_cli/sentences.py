"""Sentences that are chosen where something is found, and worded in the language that is asked where they are shown."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from dnt_cli.study import Language


@runtime_checkable
class Worded(Protocol):
    """What can be said in either language."""

    def text(self, language: Language) -> str:
        """The words."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of `words/`.

    Attributes:
        key: `<file>.<key>` of the words.
        values: What it is filled with; what is `Worded` is said in the same language.
    """

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def text(self, language: Language) -> str:
        """The sentence."""
        from dnt_cli.wording import sentence

        values = {k: v.text(language) if isinstance(v, Worded) else v for k, v in self.values.items()}
        return sentence(self.key, language, **values)

    def __str__(self) -> str:
        """In English."""
        return self.text("en")

    def __hash__(self) -> int:
        """Of the key, since values may be of any type."""
        return hash(self.key)


@dataclass(frozen=True, slots=True)
class Either:
    """Alternatives: `a or b`.

    Attributes:
        items: Words that are the same in both languages, or `Worded`.
    """

    items: tuple[str | Worded, ...]

    def text(self, language: Language) -> str:
        """Them all."""
        listed = [item if isinstance(item, str) else item.text(language) for item in self.items]
        return say("or").text(language).join(listed)


@dataclass(frozen=True, slots=True)
class Listed:
    """Several in a row: `a, b`.

    Attributes:
        items: What is listed.
        between: What stands between them.
    """

    items: tuple[Worded, ...]
    between: str = ", "

    def text(self, language: Language) -> str:
        """Them all."""
        return self.between.join(item.text(language) for item in self.items)


def why(error: OSError) -> Sentence | str:
    """What the system says of an error: of a usual one in words, of any other as the system words it."""
    from dnt_cli.wording import is_known

    key = f"system_{errno.errorcode.get(error.errno or 0, '')}"
    return say(key) if is_known(f"errors.{key}") else error.strerror or type(error).__name__


def say(key: str, /, **values: Any) -> Sentence:
    """The sentence `<key>` of `words/errors.toml`."""
    return Sentence(f"errors.{key}", values)
