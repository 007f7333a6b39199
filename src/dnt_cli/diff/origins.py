"""Why two files differ: the study, the data, and what each step of the chain was told and made with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from dnt_cli.study import Condition, Study, Text

Step = Mapping[str, Any]
Data = Literal["same", "same link", "other", "unknown"]
STUDY, STEPS, VERSIONS, INPUT = "study", "steps", "versions", "input"
_TOP = ("key", "title", "synthetic")  # what a study file has in its section [study]
_WORDS = {"label", "labels", "note", "title"}
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that is not the same.

    Attributes:
        where: `study`, `steps`, `versions`, or the dnt command of a step.
        item: Key of the study file, name of a setting or library, `input` for the file that a step read, or a command.
        a: As text, in the first file; None where it is not there.
        b: The same in the second file.
    """

    where: str
    item: str
    a: str | None
    b: str | None


def study_causes(a: Study, b: Study) -> list[Cause]:
    """The keys of the study file, with `--set` applied, that mean something else; a default written out is no cause.

    Words come last, since no number follows from them.
    """
    found = [Cause(STUDY, path, _text(old), _text(new)) for path, old, new in _compared("", _sections(a), _sections(b))]
    return sorted(found, key=lambda cause: not _WORDS.isdisjoint(cause.item.replace("_label", ".label").split(".")))


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


def _text(value: Any) -> str | None:
    """A value as the study file has it, roughly; None where there is none."""
    if value is _ABSENT:
        return None
    if isinstance(value, Text):
        return value.en if value.nl == value.en else f"{value.nl} / {value.en}"
    if isinstance(value, Condition):
        return f"{value.column} {value.operator} {_text(value.value)}"
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(_text(item) or '' for item in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    return None if value is None else "{...}" if _parts(value) is not None else str(value)


def data_of(a: Sequence[Step], b: Sequence[Step]) -> Data:
    """Whether both chains began with the same data: by the hash of the first file that each read.

    `dnt example` reads nothing: its settings are its data, unless the next step read another file, as after a change of
    the study or of dnt itself, which may or may not be another survey. `dnt polis` knows its link
    file only, not the records.
    """
    if not a or not b:
        return "unknown"
    first, second = a[0], b[0]
    if first["input_sha256"] is None and second["input_sha256"] is None:
        if (first["command"], first["settings"]) != (second["command"], second["settings"]):
            return "other"
        read = [steps[1]["input_sha256"] if len(steps) > 1 else None for steps in (a, b)]
        return "same" if None in read or read[0] == read[1] else "unknown"
    if first["input_sha256"] != second["input_sha256"]:
        return "other"
    return "same link" if "polis" in (first["command"], second["command"]) else "same"


def step_causes(a: Sequence[Step], b: Sequence[Step], study: Sequence[Cause] = ()) -> list[Cause]:
    """Steps that only one chain has, then per step what it was told, and the libraries.

    The file that a step read is told only where nothing before it explains why it is another file: if `impute` got
    another seed, its result is another file and so is that of every later step.

    Args:
        a: Steps of the first file, oldest first.
        b: Steps of the second.
        study: Differences between the studies; a setting that says the same is left out.
    """
    known = {(cause.item.rpartition(".")[2], cause.a, cause.b) for cause in study}
    causes: list[Cause] = []
    pairs, one_sided = _aligned(a, b)
    for command, in_first in one_sided:
        causes.append(Cause(STEPS, command, command if in_first else None, None if in_first else command))
    explained = bool(study) or bool(one_sided)
    libraries: dict[Cause, None] = {}
    for first, second in pairs:
        where = str(first["command"])
        own = [Cause(where, *found) for found in _settings(first, second) if found not in known]
        versions = _mapped(first["versions"], second["versions"])
        libraries |= {Cause(VERSIONS, *found): None for found in versions}
        start = first is a[0] and second is b[0]
        if first["input_sha256"] != second["input_sha256"] and (start or not explained):
            causes.append(Cause(where, INPUT, _short(first["input_sha256"]), _short(second["input_sha256"])))
            explained = True
        causes += own
        explained = explained or bool(own) or bool(versions)
    return [*causes, *libraries]


def _aligned(a: Sequence[Step], b: Sequence[Step]) -> tuple[list[tuple[Step, Step]], list[tuple[str, bool]]]:
    """The steps that answer to each other, and (command, whether in the first) of the others."""
    names = [[str(step["command"]) for step in steps] for steps in (a, b)]
    pairs: list[tuple[Step, Step]] = []
    others: list[tuple[str, bool]] = []
    for tag, i, j, k, n in SequenceMatcher(None, names[0], names[1], autojunk=False).get_opcodes():
        if tag == "equal":
            pairs += zip(a[i:j], b[k:n], strict=True)
        else:
            others += [(name, True) for name in names[0][i:j]] + [(name, False) for name in names[1][k:n]]
    return pairs, others


def _settings(a: Step, b: Step) -> list[tuple[str, str | None, str | None]]:
    return _mapped(a["settings"], b["settings"])


def _mapped(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[tuple[str, str | None, str | None]]:
    """(key, old, new) of what differs; a setting without value is as one that is not there."""
    pairs = [(str(key), a.get(key), b.get(key)) for key in dict.fromkeys([*a, *b])]
    return [
        (key, *(None if value is None else _hash_or_text(key, value) for value in (old, new)))  # type: ignore[misc]
        for key, old, new in pairs
        if old != new
    ]


def _hash_or_text(key: str, value: Any) -> str | None:
    return _short(str(value)) if key.endswith("sha256") else _text(value)


def _short(digest: str | None) -> str | None:
    """Enough of a hash to tell two files apart."""
    return None if digest is None else digest[:8]
