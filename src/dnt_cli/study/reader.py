"""From a TOML study file to a checked `Study`; an error names the key, its line, what was found and what is allowed."""

from __future__ import annotations

import difflib
import re
import tomllib
import types
from collections.abc import Iterable
from dataclasses import MISSING, fields, is_dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal, NoReturn, Union, get_args, get_origin, get_type_hints

from dnt_cli.errors import StudyError
from dnt_cli.sentences import Listed, Sentence, Worded, say, why
from dnt_cli.study.files import SOURCE_KEYS, Code
from dnt_cli.study.instruments import builtin_instruments, completed
from dnt_cli.study.problems import Place, ProblemError, Problems, expect, fail, phrase
from dnt_cli.study.rules import check
from dnt_cli.study.spec import Condition, Exclusion, Study, Text

SCHEMA = 1
_MOST_TOLD = 10  # errors of one study file
_LARGEST = 4_000_000  # bytes of a study file; the parser takes a hundred times as much memory
_INTERNAL = {"text", "overrides"}  # fields of Study that are not keys of the file
_IN_STUDY = {"key", "title", "synthetic"}  # fields of Study that stand in the section [study]
# How what tomllib says of a text begins, and which sentence says what is to be written instead.
_SYNTAX = {
    "Cannot |Duplicate ": "given_twice",
    "Expected ']": "section_end",
    "Expected '='": "equals_sign",
    "Invalid statement|Invalid initial": "statement",
    "Expected newline": "one_value",
    "Unclosed array": "list_end",
    "Unclosed inline": "inline_end",
    "Unterminated|Illegal character '\\\\n'": "text_end",
    "Unescaped|Invalid hex|Escaped": "backslash",
    "Invalid date": "no_date",
    "Invalid value": "no_value",
}
_CONDITION = re.compile(r"^\s*([^\s!=<>]+)\s*(==|!=|<=|>=|<|>)\s*(.+?)\s*$")


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
        return parse_study(read_builtin(name), phrase("built_in", study=name), overrides)
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
        reason = why(error) if isinstance(error, OSError) else say("study_not_text")
        raise StudyError(say("study_unreadable", file=name, reason=reason)) from None
    return parse_study(text, path.name, overrides)


def parse_study(text: str, name: str | Worded | None = None, overrides: Iterable[str] = ()) -> Study:
    """A checked `Study` from TOML text.

    Args:
        text: The study file.
        name: How errors call the file; default: the study file.
        overrides: `key=value` pairs, such as `imputation.m=5`, that replace values for this run.

    Raises:
        StudyError: The text is not TOML, or a key or value is wrong.
    """
    name = name or phrase("study_file")
    try:
        raw = tomllib.loads(text)
    except RecursionError:
        raise StudyError(say("study_too_deep", file=name)) from None
    except ValueError as error:  # bad syntax, or a date or number that does not exist
        raise StudyError(say("study_no_toml", file=name, error=_syntax_error(str(error)))) from None
    overrides = tuple(overrides)
    try:
        for override in overrides:
            _override(raw, override)
        expect(raw.pop("schema", SCHEMA) == SCHEMA, ("schema",), "schema", schema=SCHEMA)
        raw |= _table(raw.pop("study", {}), ("study",))
        raw["files"], raw["source"] = _files(_section(raw, "files"))
        raw["instruments"] = {key: _instrument(key, table) for key, table in _section(raw, "instruments").items()}
        study: Study = _read(Study, raw, ())
        problems = Problems()
        check(study, problems)
        problems.stop()
    except ProblemError as problem:
        found = {(p.place, str(p.said)): p for p in (problem, *problem.others)}.values()
        lines = [_told(p, text, name, overrides) for p in found]
        more = [phrase("more", count=len(lines) - _MOST_TOLD)] if len(lines) > _MOST_TOLD else []
        raise StudyError(Listed((*lines[:_MOST_TOLD], *more), "\n")) from None
    return replace(study, design=study.design.contrasted(), text=text, overrides=overrides)


def _syntax_error(error: str) -> Sentence:
    """What tomllib says, and where, as a sentence of both languages if it is known."""
    key = next((key for begin, key in _SYNTAX.items() if re.match(begin, error)), None)
    said = phrase("syntax_other", error=error.partition(" (at ")[0]) if key is None else phrase(f"syntax_{key}")
    place = re.search(r"\(at line (\d+), column (\d+)\)$", error)
    if place is None:
        return phrase("syntax_at_end", said=said)
    return phrase("syntax_at", said=said, line=place[1], column=place[2])


def _told(problem: ProblemError, text: str, name: str | Worded, overrides: Iterable[str]) -> Sentence:
    """The line that tells of a problem; keys of `source` stand in `[files]`."""
    place = ("files", *problem.place[1:]) if problem.place[:1] == ("source",) else problem.place
    key = ".".join(place) or phrase("the_file")
    return phrase("problem", where=_where(text, name, place, overrides), key=key, said=problem.said)


def _section(raw: dict[str, Any], name: str) -> dict[str, Any]:
    return _table(raw.get(name, {}), (name,))


def _files(section: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The files of `[files.<name>]`, and the keys of `[files]` itself, which hold for every file."""
    own = {key: value for key, value in section.items() if key in SOURCE_KEYS and not _is_file(value)}
    for key, value in section.items():
        if key not in own and not isinstance(value, dict):
            fail(("files", key), "unknown_key", near=suggest(key, SOURCE_KEYS), allowed=sorted(SOURCE_KEYS))
    return {key: value for key, value in section.items() if key not in own}, own


def _is_file(value: Any) -> bool:
    return isinstance(value, dict) and "path" in value


def _instrument(key: str, table: Any) -> dict[str, Any]:
    """The study's settings of an instrument on top of the definition that they start from."""
    place = ("instruments", key)
    given = _table(table, place)
    for name in ("unconfirmed", "scales"):
        _table(given.get(name, {}), (*place, name))
    try:
        return completed(given)
    except KeyError:
        _refuse((*place, "definition"), given["definition"], builtin_instruments())


def _refuse(place: Place, found: Any, known: tuple[str, ...]) -> NoReturn:
    fail(place, "allowed_near", found=_show(found), near=suggest(found, known), allowed=known)


def _where(text: str, name: str | Worded, place: Place, overrides: Iterable[str]) -> str | Worded:
    """The file and line of a problem, or the `--set` that caused it."""
    for override in overrides:
        given = tuple(part.strip() for part in override.partition("=")[0].split("."))
        given = given[1:] if given[:1] == ("study",) else given
        if place and place[: len(given)] == given[: len(place)]:
            return phrase("with_set", file=name, override=override)
    line = _line(text, place)
    return phrase("line", file=name, line=line) if line else name


def _override(raw: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    place = tuple(part.strip() for part in key.split("."))
    expect(equals and all(place), (), "override", override=override)
    table = raw
    for part in place[:-1]:
        table = table.setdefault(part, {})
        expect(isinstance(table, dict), place, "no_section", key=part)
    try:
        parsed = tomllib.loads(f"x = {value}")
    except (ValueError, RecursionError):
        parsed = {}
    table[place[-1]] = parsed["x"] if len(parsed) == 1 else value.strip()


def _table(value: Any, place: Place) -> dict[str, Any]:
    _expect_type(isinstance(value, dict), place, value, "section", section=".".join(place))
    return value  # type: ignore[no-any-return]


def _expect_type(holds: bool, place: Place, value: Any, expected: str, **values: Any) -> None:
    """Refuse a value that is not of the type that `study.type_<expected>` names."""
    if not holds:
        fail(place, "wanted", found=_show(value), expected=phrase(f"type_{expected}", **values))


_hints = cache(get_type_hints)  # a study has hundreds of sections, of some twenty kinds


def _read(cls: type, value: Any, place: Place) -> Any:
    """A dataclass from a TOML table: every key known, every field given or defaulted, every value of its type."""
    table = _table(value, place)
    hints = _hints(cls)
    known = {f.name: f for f in fields(cls) if f.name not in _INTERNAL}
    problems = Problems()
    meant = {nearest(key, known) for key in table if key not in known}
    for key in table:
        if key not in known:
            allowed = known if place else dict.fromkeys("study" if k in _IN_STUDY else k for k in known)
            problems(fail, (*place, key), "unknown_key", near=suggest(key, known), allowed=allowed)
    for name, spec in known.items():
        if name in table or name in meant or spec.default is not MISSING or spec.default_factory is not MISSING:
            continue
        section = phrase("in_section", section=".".join(place)) if place else ""
        problems(fail, (*place, name), "key_missing", section=section)
    given = {name: problems(_convert, hints[name], table[name], (*place, name)) for name in known if name in table}
    problems.stop()
    return cls(**given)


def _convert(hint: Any, value: Any, place: Place) -> Any:
    """`value` as `hint` wants it; TOML's arrays become tuples and its whole numbers floats where floats are due."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _convert_union(arguments, value, place)
    if origin is Literal:
        if value not in arguments:
            _refuse(place, value, arguments)
        return value
    if origin is dict:
        problems = Problems()
        sections = {
            key: problems(_convert, arguments[1], item, (*place, key)) for key, item in _table(value, place).items()
        }
        problems.stop()
        return sections
    if origin is tuple:
        return _convert_tuple(arguments, value, place)
    if hint is Text:
        _expect_type(isinstance(value, (str, dict)), place, value, "label")
        return Text(value, value) if isinstance(value, str) else _read(Text, value, place)
    if is_dataclass(hint) and isinstance(hint, type):
        return _read(hint, value, place)
    return _convert_scalar(hint, value, place)


def _convert_union(arguments: tuple[Any, ...], value: Any, place: Place) -> Any:
    choices = [a for a in arguments if a is not types.NoneType]
    if float in choices and isinstance(value, (int, float)):
        return _convert(float, value, place)
    return _convert(choices[-1], value, place)


def _convert_tuple(arguments: tuple[Any, ...], value: Any, place: Place) -> Any:
    if arguments[0] is Condition and isinstance(value, str):
        return tuple(_condition(part, place) for part in re.split(r"\s+and\s+", value))
    if arguments[0] is Exclusion:
        return tuple(_exclusion(item, place) for item in (value if isinstance(value, list) else [value]))
    if arguments[0] == Code and isinstance(value, (str, int, float)):  # a single code need not stand in a list
        value = [value]
    _expect_type(isinstance(value, list), place, value, "list")
    if arguments[-1] is Ellipsis:
        return tuple(_convert(arguments[0], item, place) for item in value)
    _expect_type(len(value) == len(arguments), place, value, "values", count=len(arguments))
    return tuple(_convert(a, item, place) for a, item in zip(arguments, value, strict=True))


def _convert_scalar(hint: type, value: Any, place: Place) -> Any:
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint is str and isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # a code such as levels = [0, 1]
    right = isinstance(value, hint) and (hint is bool or not isinstance(value, bool))
    _expect_type(right, place, value, hint.__name__)
    return value


def _condition(text: str, place: Place) -> Condition:
    match = _CONDITION.match(text)
    _expect_type(match is not None, place, text, "comparison")
    column, operator, value = match.groups()  # type: ignore[union-attr]  # was just refused
    try:
        number: float | str = float(value)
    except ValueError:
        number = value.strip("'\"")
    return Condition(column, operator, number)  # type: ignore[arg-type]  # the pattern admits these operators only


def _exclusion(value: Any, place: Place) -> Exclusion:
    """`{ age = "> 70", reason = "over 70" }`."""
    table = dict(_table(value, place))
    expect("reason" in table, place, "no_reason")
    reason = _convert(Text, table.pop("reason"), (*place, "reason"))
    expect(table, place, "no_rule")
    return Exclusion(tuple(_condition(f"{column} {rule}", place) for column, rule in table.items()), reason)


def _show(value: Any) -> str | Sentence:
    if isinstance(value, dict):
        return phrase("a_section")
    if isinstance(value, list):
        return phrase("a_list", count=len(value))
    return str(value).lower() if isinstance(value, bool) else repr(value) if isinstance(value, str) else str(value)


def suggest(word: Any, known: Iterable[Any]) -> str | Sentence:
    """`; did you mean x?` where a known word is near; else nothing."""
    near = nearest(word, known)
    return say("did_you_mean", name=near) if near else ""


def nearest(word: Any, known: Iterable[Any]) -> str | None:
    """The known word that is near, or has a part that is."""
    whole = {str(k): str(k) for k in known}
    parts = {part: name for name in reversed(whole) for part in name.split("_") if len(part) > 3}
    for names, cutoff in ((whole, 0.6), (parts, 0.75)):
        if near := difflib.get_close_matches(str(word), names, n=1, cutoff=cutoff):
            return names[near[0]]
    begun = [name for name in whole if len(str(word)) > 2 and name.startswith(str(word))]
    return begun[0] if begun else None


def _line(text: str, place: Place) -> int | None:
    """The line at which the key at `place`, or the nearest section above it, is set."""
    best: tuple[int, int] | None = None  # (depth matched, line)
    section: Place = ()
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
        candidate = candidate[1:] if candidate[:1] == ("study",) and place[:1] != ("study",) else candidate
        # A section below an unknown one, such as [outcom.work], is where the unknown one stands.
        depth = len(place) if candidate[: len(place)] == place else len(candidate)
        if candidate and candidate[:depth] == place[:depth] and depth > (best[0] if best else 0):
            best = (depth, number)
    return best[1] if best else None


def _split(dotted: str) -> Place:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))
