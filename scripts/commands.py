"""Write docs/commands.md, the reference of all commands, from the commands themselves.

python scripts/commands.py           write it
python scripts/commands.py --check   end with 1 if it is out of date
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer

from dnt_cli.cli.app import app, load_commands

TARGET = Path(__file__).parents[1] / "docs" / "commands.md"
HEAD = """\
# The commands

Made by `make docs` from the commands themselves; `dnt COMMAND --help` shows the same. Commands that read a file read
standard input for `-`, and those that write a stage file write to standard output for `-o -`.
"""


def main() -> None:
    """Write the reference, or compare it."""
    load_commands()
    text = reference(typer.main.get_command(app))
    if "--check" in sys.argv[1:]:
        if TARGET.read_text(encoding="utf-8") != text:
            sys.exit("docs/commands.md is out of date; run: make docs")
        return
    TARGET.write_text(text, encoding="utf-8", newline="\n")


def reference(root: Any) -> str:
    """All of it as Markdown."""
    commands = dict(listed(root))
    panels: dict[str, list[str]] = {}
    for name, command in commands.items():
        panels.setdefault(panel(root, name), []).append(f"- [`dnt {name}`](#dnt-{anchor(name)}): {first(command.help)}")
    contents = [f"**{title}**\n\n" + "\n".join(lines) for title, lines in panels.items()]
    own = shared(list(commands.values()))
    sections = [section(f"dnt {name}", command, own) for name, command in commands.items()]
    codes = root.epilog.removeprefix("Exit codes: ").rstrip(".").split("; ")
    exits = table("code | meaning", [code.split(" ", 1) for code in codes])
    common = options([p for p in commands["doctor"].params if p.name in own])
    end = [f"## Options of every command\n\n{common}", f"## Exit codes\n\n{exits}"]
    return "\n".join([HEAD, *(f"{c}\n" for c in contents), *sections, *end])


def listed(group: Any, prefix: str = "") -> Any:
    """Every command with its whole name, in the order of `--help`."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from listed(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def panel(root: Any, name: str) -> str:
    """The heading under which `dnt --help` lists it."""
    return str(root.commands[name.split(" ")[0]].rich_help_panel)


def shared(commands: list[Any]) -> set[str]:
    """Options that every command has."""
    return set.intersection(*({p.name for p in command.params} for command in commands))


def section(name: str, command: Any, own: set[str]) -> str:
    """One command: what it does, an example, its arguments and options."""
    text, _, example = command.help.partition("Example: ")
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    mine = [p for p in command.params if p.param_type_name == "option" and p.name not in own]
    usage = " ".join([name, *(f"[{a.metavar}]" if not a.required else a.metavar for a in arguments)])
    parts = [f"## {name}", text.strip(), f"```sh\n{example.strip()}\n```", f"`{usage} [OPTIONS]`"]
    if arguments:
        parts.append(table("argument | what", [(f"`{a.metavar}`", a.help) for a in arguments]).rstrip())
    panels: dict[str, list[Any]] = {}
    for option in mine:
        panels.setdefault(option.rich_help_panel or "Options", []).append(option)
    parts += [f"**{title}**\n\n{options(own_options).rstrip()}" for title, own_options in panels.items()]
    return "\n\n".join(parts) + "\n"


def options(parameters: list[Any]) -> str:
    """Options with their values, explanations and defaults."""
    rows = []
    for option in parameters:
        names = ", ".join(f"`{name}`" for name in sorted(option.opts, key=len))
        rows.append((names, values(option), option.help, default(option)))
    return table("option | value | what | default", rows)


def values(option: Any) -> str:
    """What can be given: a choice, a name, a number, or nothing."""
    if option.is_flag:
        return ""
    kind = option.type_descriptor.annotation
    if get_origin(kind) is Literal:
        return ", ".join(get_args(kind))
    low, high = option.min, option.max
    limits = "" if low is None else f", {low} or more" if high is None else f", {low} to {high}"
    return f"{option.metavar}{limits}"


def default(option: Any) -> str:
    """The value where the option is not given."""
    if isinstance(option.show_default, str):
        return option.show_default
    value = option.default
    return "" if value is None or value is False or callable(value) else str(value)


def table(head: str, rows: Any) -> str:
    """A Markdown table."""
    columns = head.split(" | ")
    lines = [f"| {head} |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def first(text: str) -> str:
    """The first sentence of a help text."""
    return " ".join(text.split("\n\n")[0].split())


def anchor(name: str) -> str:
    """As GitHub makes it of a heading."""
    return name.replace(" ", "-")


if __name__ == "__main__":
    main()
