"""Write docs/study-file.md, every key of a study file with its type, default and meaning, from the specification.

python scripts/study_file.py           write it
python scripts/study_file.py --check   end with 1 if it is out of date
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from dnt_cli.study.spec import Condition, Exclusion, Study, Text

TARGET = Path(__file__).parents[1] / "docs" / "study-file.md"
NOT_KEYS = {"text", "overrides"}
IN_STUDY = ("key", "title", "synthetic")
HEAD = """\
# The study file

Made by `make docs` from the specification itself. A study file is TOML; `dnt study init -o study.toml` writes one with
comments to start from, and `dnt study check study.toml survey.csv` says whether it is in order and fits the data. A key
without a default must be given. Every value can be replaced for one run: `--set imputation.m=20`.

The first line is `schema = 1`, the version of this format. A label is a text, or `{ nl = "...", en = "..." }`.
"""


def main() -> None:
    """Write the reference, or compare it."""
    text = reference()
    if "--check" in sys.argv[1:]:
        if TARGET.read_text(encoding="utf-8") != text:
            sys.exit("docs/study-file.md is out of date; run: make docs")
        return
    TARGET.write_text(text, encoding="utf-8", newline="\n")


def reference() -> str:
    """All of it as Markdown."""
    top = [f for f in dataclasses.fields(Study) if f.name not in NOT_KEYS]
    own = [f for f in top if f.name in IN_STUDY]
    parts = [HEAD, section("study", Study, own)]
    hints = get_type_hints(Study)
    for field in top:
        if field.name not in IN_STUDY:
            # The keys of [files] itself are a part of the study of their own.
            parts += sections("files" if field.name == "source" else field.name, hints[field.name])
    return "\n".join(parts)


def sections(path: str, hint: Any) -> Iterator[str]:
    """The section at a path, and those inside it."""
    kind, path = held(path, hint)
    yield section(path, kind, [f for f in dataclasses.fields(kind) if f.name not in NOT_KEYS])
    hints = get_type_hints(kind)
    for field in dataclasses.fields(kind):
        if is_section(hints[field.name]):
            yield from sections(f"{path}.{field.name}", hints[field.name])


def held(path: str, hint: Any) -> tuple[Any, str]:
    """The class of a section, and its heading: `outcomes.NAME` where there are several by name."""
    if get_origin(hint) is dict:
        return get_args(hint)[1], f"{path}.NAME"
    for choice in (hint, *get_args(hint)):
        if dataclasses.is_dataclass(choice):
            return choice, path
    raise TypeError(hint)


def is_section(hint: Any) -> bool:
    """Whether a key holds keys of its own."""
    inside = [choice for choice in (hint, *get_args(hint)) if dataclasses.is_dataclass(choice)]
    return any(choice not in (Text, Condition, Exclusion) for choice in inside)


def section(path: str, kind: Any, fields: list[Any]) -> str:
    """A heading, what the section is about, and a table of its keys."""
    hints, said = get_type_hints(kind), comments(kind)
    about = inspect.getdoc(kind) if kind is not Study else "What the study is called."
    lines = [f"## [{path}]", "", str(about).split("\n\n")[0].replace("\n", " "), ""]
    lines += ["| key | value | default | meaning |", "|---|---|---|---|"]
    for field in fields:
        cells = (f"`{field.name}`", value(hints[field.name]), default(field), said.get(field.name, ""))
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def comments(kind: Any) -> dict[str, str]:
    """What stands behind each field in the source."""
    found = re.findall(r"^    (\w+): [^#\n]*  # (.+)$", inspect.getsource(kind), re.MULTILINE)
    return {name: text.removeprefix("type: ignore") for name, text in found}


def value(hint: Any) -> str:
    """What can be given, in words."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return ", ".join(f"`{choice}`" for choice in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(value(choice) for choice in arguments if choice is not type(None))
    if origin is dict:
        return f"by name: {value(arguments[1])}"
    if origin is tuple and arguments[0] is Condition:
        return "comparisons, joined by `and`"
    if origin is tuple and arguments[0] is Exclusion:
        return '`{ age = "> 70", reason = "over 70" }`, or a list of them'
    if origin is tuple and arguments[-1] is Ellipsis:
        return f"list of {value(arguments[0])}"
    if origin is tuple:
        return f"list of {len(arguments)}: {value(arguments[0])}"
    if hint is Text:
        return "label"
    if dataclasses.is_dataclass(hint):
        return "section"
    return {str: "text", int: "whole number", float: "number", bool: "`true`, `false`"}[hint]


def default(field: Any) -> str:
    """The value where the key is not given."""
    if field.default_factory is not dataclasses.MISSING:
        return "none"
    if field.default is dataclasses.MISSING:
        return "must be given"
    return written(field.default)


def written(found: Any) -> str:
    """A value as TOML has it."""
    if found is None or (isinstance(found, str) and not found) or dataclasses.is_dataclass(found):
        return f"`{{ nl = {found.nl!r}, en = {found.en!r} }}`".replace("'", '"') if isinstance(found, Text) else "none"
    if isinstance(found, bool):
        return f"`{str(found).lower()}`"
    if isinstance(found, tuple):
        return "`[" + ", ".join(plain(item) for item in found) + "]`"
    return f"`{plain(found)}`"


def plain(item: Any) -> str:
    """One value inside another."""
    if isinstance(item, tuple):
        return "[" + ", ".join(plain(inner) for inner in item) + "]"
    return f'"{item}"' if isinstance(item, str) else f"{item:g}" if isinstance(item, float) else str(item)


if __name__ == "__main__":
    main()
