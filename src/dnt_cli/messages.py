"""What engines and analyses have to say, as keys with values; the words stand in `words/` and are chosen when shown.

A column or an attribute of a result holds messages, never sentences, so that a result can be read in any language.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

_BEGIN = '[{"key"'


@dataclass(frozen=True, slots=True)
class Label:
    """A value that the study file has a label for; it is said by that label.

    Attributes:
        kind: `name` of an outcome, a covariate or an outcome at a wave, or `subset`.
        key: Its key in the study file.
    """

    kind: str
    key: str


@dataclass(frozen=True, slots=True)
class Message:
    """One sentence, or part of one.

    Attributes:
        key: `<file>.<key>` of the words.
        values: Name and value of each place in the sentence: text, a number, names, labels, or other messages.
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
    if not text.startswith(_BEGIN) or not are_encoded(text):
        return (message("common.verbatim", text=text),)
    return tuple(_restored(own) for own in json.loads(text))


def are_encoded(text: str) -> bool:
    """Whether a text is what `encoded` gives, or a sentence."""
    if not text.startswith(_BEGIN):
        return True
    try:
        content = json.loads(text)
    except ValueError:
        return False
    return isinstance(content, list) and all(_is_message(own) for own in content)


def _is_message(found: Any) -> bool:
    if (
        not isinstance(found, dict)
        or not isinstance(found.get("key"), str)
        or not isinstance(found.get("values"), dict)
    ):
        return False
    return all(map(_is_value, found["values"].values()))


def _is_value(found: Any) -> bool:
    if isinstance(found, list):
        return all(map(_is_value, found))
    if not isinstance(found, dict):
        return True
    if "label" in found:
        return isinstance(found["label"], str) and found.get("kind") in ("name", "subset")
    return _is_message(found)


def _plain(own: Message) -> dict[str, Any]:
    return {"key": own.key, "values": {name: _plain_value(value) for name, value in own.values}}


def _plain_value(value: Any) -> Any:
    if isinstance(value, Message):
        return _plain(value)
    if isinstance(value, Label):
        return {"label": value.key, "kind": value.kind}
    return [_plain_value(item) for item in value] if isinstance(value, tuple) else value


def _restored(content: dict[str, Any]) -> Message:
    return Message(content["key"], tuple((name, _restored_value(found)) for name, found in content["values"].items()))


def _restored_value(found: Any) -> Any:
    if isinstance(found, dict):
        return Label(found["kind"], found["label"]) if "label" in found else _restored(found)
    return tuple(_restored_value(item) for item in found) if isinstance(found, list) else found
