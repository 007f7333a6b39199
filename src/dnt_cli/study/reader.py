"""From a TOML study file to a checked `Study`; an error names the key, its line, what was found and what is allowed."""

from __future__ import annotations

import difflib
import re
import tomllib
import types
from collections.abc import Callable, Iterable
from dataclasses import MISSING, fields, is_dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from dnt_cli.errors import StudyError
from dnt_cli.sentences import say
from dnt_cli.study.files import SOURCE_KEYS, Code
from dnt_cli.study.instruments import builtin_instruments, completed
from dnt_cli.study.rules import check
from dnt_cli.study.spec import Condition, Exclusion, Study, Text

SCHEMA = 1
_MOST_TOLD = 10  # errors of one study file
_LARGEST = 4_000_000  # bytes of a study file; the parser takes a hundred times as much memory
_INTERNAL = {"text", "overrides"}  # fields of Study that are not keys of the file
_IN_STUDY = {"key", "title", "synthetic"}  # fields of Study that stand in the section [study]
_CONDITION = re.compile(r"^\s*([^\s!=<>]+)\s*(==|!=|<=|>=|<|>)\s*(.+?)\s*$")
_Path = tuple[str, ...]


class _ProblemError(Exception):
    """Something wrong at a place in the study file; the line is found once, at the end."""

    def __init__(self, path: _Path, message: str, others: Iterable[_ProblemError] = ()) -> None:
        super().__init__(message)
        self.path = path
        self.others = tuple(others)  # what else is wrong, found at the same time


class _Problems:
    """Collects what is wrong with parts of the study file that can be judged apart."""

    def __init__(self) -> None:
        self.found: list[_ProblemError] = []

    def __call__(self, part: Callable[..., Any], *arguments: Any) -> Any:
        """What `part` gives; None if something is wrong in it."""
        try:
            return part(*arguments)
        except _ProblemError as problem:
            self.found += [problem, *problem.others]
        except (LookupError, ValueError):  # of what an earlier problem left undefined
            if not self.found:
                raise
        return None

    def stop(self) -> None:
        """Raise the first, which knows the others."""
        if self.found:
            first, *others = self.found
            raise _ProblemError(first.path, str(first), others)


def builtin_studies() -> tuple[str, ...]:
    """Keys of the studies that come with the package."""
    folder = resources.files("dnt_cli") / "studies"
    return tuple(sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")))


def read_builtin(key: str) -> str:
    """The text of a study file that comes with the package."""
    return (resources.files("dnt_cli") / "studies" / f"{key}.toml").read_text(encoding="utf-8")


def load_study(name: str, overrides: Iterable[str] = ()) -> Study:
    """Read a study file, or a built-in study by its key.

    Raises:
        StudyError: The file is missing, unreadable, not TOML, or wrong.
    """
    if name in builtin_studies():
        return parse_study(read_builtin(name), f"built-in study {name}", overrides)
    path = Path(name)
    try:
        with path.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise StudyError(say("study_too_large", file=name, size=f"{_LARGEST / 1e6:.0f} MB"))
        text = content.decode("utf-8-sig")
    except FileNotFoundError:
        known = ", ".join(builtin_studies())
        raise StudyError(say("no_study_file", file=name, path=path.name, known=known)) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else say("study_not_text")
        raise StudyError(say("study_unreadable", file=name, reason=reason)) from None
    return parse_study(text, path.name, overrides)


def parse_study(text: str, name: str = "study file", overrides: Iterable[str] = ()) -> Study:
    """A checked `Study` from TOML text.

    Args:
        text: The study file.
        name: How errors call the file.
        overrides: `key=value` pairs, such as `imputation.m=5`, that replace values for this run.

    Raises:
        StudyError: The text is not TOML, or a key or value is wrong.
    """
    try:
        raw = tomllib.loads(text)
    except RecursionError:
        raise StudyError(say("study_too_deep", file=name)) from None
    except ValueError as error:  # bad syntax, or a date or number that does not exist
        raise StudyError(say("study_no_toml", file=name, error=error)) from None
    overrides = tuple(overrides)
    try:
        for override in overrides:
            _override(raw, override)
        if raw.pop("schema", SCHEMA) != SCHEMA:
            raise _ProblemError(("schema",), f"this version of dnt reads study files with schema = {SCHEMA}")
        raw |= _table(raw.pop("study", {}), ("study",))
        raw["files"], raw["source"] = _files(_section(raw, "files"))
        raw["instruments"] = {key: _instrument(key, table) for key, table in _section(raw, "instruments").items()}
        study: Study = _read(Study, raw, ())
        problems = _Problems()
        check(study, _fail, problems)
        problems.stop()
    except _ProblemError as problem:
        found = {(p.path, str(p)): p for p in (problem, *problem.others)}.values()
        lines = [
            f"{_where(text, name, path, overrides)}: {'.'.join(path) or 'the file'}: {p}."
            for p in found
            for path in [_as_written(p.path)]
        ]
        more = [f"And {len(lines) - _MOST_TOLD} more."] if len(lines) > _MOST_TOLD else []
        raise StudyError("\n".join([*lines[:_MOST_TOLD], *more])) from None
    return replace(study, design=study.design.contrasted(), text=text, overrides=overrides)


def _section(raw: dict[str, Any], name: str) -> dict[str, Any]:
    return _table(raw.get(name, {}), (name,))


def _as_written(path: _Path) -> _Path:
    """Where a key stands in the study file: those of `source` stand in `[files]`."""
    return ("files", *path[1:]) if path[:1] == ("source",) else path


def _files(section: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The files of `[files.<name>]`, and the keys of `[files]` itself, which hold for every file."""
    own = {key: value for key, value in section.items() if key in SOURCE_KEYS and not _is_file(value)}
    for key, value in section.items():
        if key not in own and not isinstance(value, dict):
            message = f"unknown key{suggest(key, SOURCE_KEYS)}; allowed: {', '.join(sorted(SOURCE_KEYS))}"
            raise _ProblemError(("files", key), message)
    return {key: value for key, value in section.items() if key not in own}, own


def _is_file(value: Any) -> bool:
    return isinstance(value, dict) and "path" in value


def _instrument(key: str, table: Any) -> dict[str, Any]:
    """The study's settings of an instrument on top of the definition that they start from."""
    path = ("instruments", key)
    given = _table(table, path)
    for name in ("unconfirmed", "scales"):
        _table(given.get(name, {}), (*path, name))
    try:
        return completed(given)
    except KeyError:
        allowed, found = builtin_instruments(), given["definition"]
        near = suggest(found, allowed)
        message = f"found {_show(found)}{near}; allowed: {', '.join(allowed)}"
        raise _ProblemError((*path, "definition"), message) from None


def _where(text: str, name: str, path: _Path, overrides: Iterable[str]) -> str:
    """The file and line of a problem, or the `--set` that caused it."""
    for override in overrides:
        given = tuple(part.strip() for part in override.partition("=")[0].split("."))
        given = given[1:] if given[:1] == ("study",) else given
        if path and path[: len(given)] == given[: len(path)]:
            return f"{name} with --set {override}"
    line = _line(text, path)
    return f"{name}, line {line}" if line else name


def _fail(path: _Path, message: str) -> None:
    raise _ProblemError(path, message)


def _override(raw: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    path = tuple(part.strip() for part in key.split("."))
    if not equals or not all(path):
        raise _ProblemError((), f"--set {override} is not of the form key=value, such as imputation.m=5")
    table = raw
    for part in path[:-1]:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise _ProblemError(path, f"{part} is a value, not a section")
    try:
        parsed = tomllib.loads(f"x = {value}")
    except (ValueError, RecursionError):
        parsed = {}
    table[path[-1]] = parsed["x"] if len(parsed) == 1 else value.strip()


def _table(value: Any, path: _Path) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _ProblemError(path, f"found {_show(value)}, expected a section [{'.'.join(path)}]")
    return value


_hints = cache(get_type_hints)  # a study has hundreds of sections, of some twenty kinds


def _read(cls: type, value: Any, path: _Path) -> Any:
    """A dataclass from a TOML table: every key known, every field given or defaulted, every value of its type."""
    table = _table(value, path)
    hints = _hints(cls)
    known = {f.name: f for f in fields(cls) if f.name not in _INTERNAL}
    problems = _Problems()
    misspelt = ""  # what unknown keys were probably meant to be
    for key in table:
        if key not in known:
            misspelt += suggest(key, known)
            allowed = ", ".join(known if path else dict.fromkeys("study" if k in _IN_STUDY else k for k in known))
            problems(_fail, (*path, key), f"unknown key{suggest(key, known)}; allowed: {allowed}")
    for name, spec in known.items():
        if name not in table and spec.default is MISSING and spec.default_factory is MISSING:
            if f"did you mean {name}?" in misspelt:
                continue
            problems(_fail, (*path, name), f"this key is missing{' in [' + '.'.join(path) + ']' if path else ''}")
    given = {name: problems(_convert, hints[name], table[name], (*path, name)) for name in known if name in table}
    problems.stop()
    return cls(**given)


def _convert(hint: Any, value: Any, path: _Path) -> Any:
    """`value` as `hint` wants it; TOML's arrays become tuples and its whole numbers floats where floats are due."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _convert_union(arguments, value, path)
    if origin is Literal:
        if value not in arguments:
            allowed = ", ".join(map(str, arguments))
            raise _ProblemError(path, f"found {_show(value)}{suggest(value, arguments)}; allowed: {allowed}")
        return value
    if origin is dict:
        problems = _Problems()
        sections = {
            key: problems(_convert, arguments[1], item, (*path, key)) for key, item in _table(value, path).items()
        }
        problems.stop()
        return sections
    if origin is tuple:
        return _convert_tuple(arguments, value, path)
    if hint is Text:
        if not isinstance(value, (str, dict)):
            raise _ProblemError(path, f"found {_show(value)}, expected text in quotes, or {{ nl = ..., en = ... }}")
        return Text(value, value) if isinstance(value, str) else _read(Text, value, path)
    if is_dataclass(hint) and isinstance(hint, type):
        return _read(hint, value, path)
    return _convert_scalar(hint, value, path)


def _convert_union(arguments: tuple[Any, ...], value: Any, path: _Path) -> Any:
    choices = [a for a in arguments if a is not types.NoneType]
    if float in choices and isinstance(value, (int, float)):
        return _convert(float, value, path)
    return _convert(choices[-1], value, path)


def _convert_tuple(arguments: tuple[Any, ...], value: Any, path: _Path) -> Any:
    if arguments[0] is Condition and isinstance(value, str):
        return tuple(_condition(part, path) for part in re.split(r"\s+and\s+", value))
    if arguments[0] is Exclusion:
        return tuple(_exclusion(item, path) for item in (value if isinstance(value, list) else [value]))
    if arguments[0] == Code and isinstance(value, (str, int, float)):  # a single code need not stand in a list
        value = [value]
    if not isinstance(value, list):
        raise _ProblemError(path, f"found {_show(value)}, expected a list")
    if arguments[-1] is Ellipsis:
        return tuple(_convert(arguments[0], item, path) for item in value)
    if len(value) != len(arguments):
        raise _ProblemError(path, f"found a list of {len(value)}, expected {len(arguments)} values")
    return tuple(_convert(a, item, path) for a, item in zip(arguments, value, strict=True))


def _convert_scalar(hint: type, value: Any, path: _Path) -> Any:
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint is str and isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # a code such as levels = [0, 1]
    if not isinstance(value, hint) or (hint is not bool and isinstance(value, bool)):
        names = {str: "text in quotes", int: "a whole number", float: "a number", bool: "true or false"}
        raise _ProblemError(path, f"found {_show(value)}, expected {names.get(hint, hint.__name__)}")
    return value


def _condition(text: str, path: _Path) -> Condition:
    match = _CONDITION.match(text)
    if not match:
        raise _ProblemError(path, f"found {_show(text)}, expected comparisons such as `work_T0 != 1 and age < 60`")
    column, operator, value = match.groups()
    try:
        number: float | str = float(value)
    except ValueError:
        number = value.strip("'\"")
    return Condition(column, operator, number)  # type: ignore[arg-type]  # the pattern admits these operators only


def _exclusion(value: Any, path: _Path) -> Exclusion:
    """`{ age = "> 70", reason = "over 70" }`."""
    table = dict(_table(value, path))
    if "reason" not in table:
        raise _ProblemError(path, 'say why these persons are left out: { age = "> 70", reason = "over 70" }')
    reason = _convert(Text, table.pop("reason"), (*path, "reason"))
    if not table:
        raise _ProblemError(path, 'expected a comparison beside the reason, such as age = "> 70"')
    return Exclusion(tuple(_condition(f"{column} {rule}", path) for column, rule in table.items()), reason)


def _show(value: Any) -> str:
    if isinstance(value, dict):
        return "a section"
    return f"a list of {len(value)}" if isinstance(value, list) else repr(value)


def suggest(word: Any, known: Iterable[Any]) -> str:
    """`; did you mean x?` where a known word is near; else nothing."""
    near = nearest(word, known)
    return f"; did you mean {near}?" if near else ""


def nearest(word: Any, known: Iterable[Any]) -> str | None:
    """The known word that is near, or has a part that is."""
    whole = {str(k): str(k) for k in known}
    parts = {part: name for name in reversed(whole) for part in name.split("_") if len(part) > 3}
    for names, cutoff in ((whole, 0.6), (parts, 0.75)):
        if near := difflib.get_close_matches(str(word), names, n=1, cutoff=cutoff):
            return names[near[0]]
    begun = [name for name in whole if len(str(word)) > 2 and name.startswith(str(word))]
    return begun[0] if begun else None


def _line(text: str, path: _Path) -> int | None:
    """The line at which the key at `path`, or the nearest section above it, is set."""
    best: tuple[int, int] | None = None  # (depth matched, line)
    section: _Path = ()
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        header = re.match(r"^\[\[?\s*([^\]]+?)\s*\]\]?", stripped)
        if header:
            section = _split(header.group(1))
            candidate = section
        elif match := re.match(r"^([\w\-.\"']+)\s*=", stripped):
            candidate = (*section, *_split(match.group(1)))
        else:
            continue
        candidate = candidate[1:] if candidate[:1] == ("study",) and path[:1] != ("study",) else candidate
        # A section below an unknown one, such as [outcom.work], is where the unknown one stands.
        depth = len(path) if candidate[: len(path)] == path else len(candidate)
        if candidate and candidate[:depth] == path[:depth] and depth > (best[0] if best else 0):
            best = (depth, number)
    return best[1] if best else None


def _split(dotted: str) -> _Path:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))
