"""What engines and analyses have to say, as keys with values; the words stand in `words/` and are chosen when shown.

A column or an attribute of a result holds messages, never sentences, so that a result can be read in any language.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """One sentence, or part of one.

    Attributes:
        key: `<file>.<key>` of the words.
        values: Name and value of each place in the sentence: text, a number, names, or other messages.
    """

    key: str
    values: tuple[tuple[str, Any], ...] = ()


def message(key: str, **values: Any) -> Message:
    """A message with its values by name; lists of names or messages become tuples."""
    plain = ((name, tuple(value) if isinstance(value, list) else value) for name, value in values.items())
    return Message(key, tuple(plain))


def encoded(messages: Iterable[Message]) -> str:
    """Messages as text for a column of a stage file: JSON, empty where there is nothing to say."""
    content = [_plain(own) for own in messages]
    return json.dumps(content, ensure_ascii=False) if content else ""


def decoded(text: str | None) -> tuple[Message, ...]:
    """The messages in a column; a sentence from a file of an older version is a message of its own."""
    if not isinstance(text, str) or not text:
        return ()
    if not text.startswith('[{"key"'):
        return (message("common.verbatim", text=text),)
    return tuple(_restored(own) for own in json.loads(text))


def _plain(own: Message) -> dict[str, Any]:
    values = {}
    for name, value in own.values:
        items = value if isinstance(value, tuple) else ()
        values[name] = [_plain(i) if isinstance(i, Message) else i for i in items] if items else value
    return {"key": own.key, "values": values}


def _restored(content: dict[str, Any]) -> Message:
    def value(found: Any) -> Any:
        if not isinstance(found, list):
            return found
        return tuple(_restored(i) if isinstance(i, dict) else i for i in found)

    return Message(content["key"], tuple((name, value(found)) for name, found in content["values"].items()))
