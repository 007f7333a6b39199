"""What differs between two study specifications, key by key; a default that is written out is no difference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from dnt_cli.study.spec import Condition, Study, Text

_TOP = ("key", "title", "synthetic")  # what a study file has in its section [study]
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Change:
    """A key of the study file whose value differs.

    Attributes:
        key: As `--set` names it, such as `models.controls`; a section that only one study has is named as a whole.
        old: Its value in the first study as text; None where it is not there.
        new: The same in the second study.
    """

    key: str
    old: str | None
    new: str | None


def changes(a: Study, b: Study) -> list[Change]:
    """The keys whose values differ between two studies, `--set` applied, in the order of the study file."""
    return [Change(path, written(old), written(new)) for path, old, new in _compared("", _sections(a), _sections(b))]


def _sections(study: Study) -> dict[str, Any]:
    top = {name: getattr(study, name) for name in _TOP}
    rest = {f.name: getattr(study, f.name) for f in fields(study) if f.name not in (*_TOP, "text", "overrides")}
    return {"study": top, **rest}


def _compared(path: str, a: Any, b: Any) -> Iterator[tuple[str, Any, Any]]:
    """Path, old and new value of the deepest parts that differ; what only one has is told by its highest key."""
    if a == b:
        return
    if isinstance(a, Text) and isinstance(b, Text) and a.nl != b.nl and a.en != b.en:
        yield path, a, b
        return
    first, second = _parts(a), _parts(b)
    if first is None or second is None:
        yield path, a, b
        return
    for key in dict.fromkeys([*first, *second]):
        inner = f"{path}.{key}" if path else key
        yield from _compared(inner, first.get(key, _ABSENT), second.get(key, _ABSENT))


def _parts(value: Any) -> dict[str, Any] | None:
    """What a section holds, by key; None for a value."""
    if isinstance(value, dict):
        return value
    if isinstance(value, tuple) and value and all(hasattr(item, "key") for item in value):
        return {item.key: item for item in value}
    if isinstance(value, Condition) or not is_dataclass(value):
        return None
    return {f.name: getattr(value, f.name) for f in fields(value)}


def written(value: Any) -> str | None:
    """A value as the study file has it, roughly; None where there is none."""
    if value is _ABSENT:
        return None
    if isinstance(value, Text):
        return value.en if value.nl == value.en else f"{value.nl} / {value.en}"
    if isinstance(value, Condition):
        return f"{value.column} {value.operator} {written(value.value)}"
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(written(item) or '' for item in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    return None if value is None else "{...}" if _parts(value) is not None else str(value)
