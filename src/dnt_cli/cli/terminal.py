"""Settings of the terminal: the options that every command has, kept out of the commands themselves."""

from __future__ import annotations

import functools
import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup

from dnt_cli.cli.options import OUTPUT, option
from dnt_cli.errors import UsageError
from dnt_cli.sentences import say

if TYPE_CHECKING:
    from dnt_cli.study import Language

_PANEL = "Terminal"


When = Literal["auto", "always", "never"]


@dataclass
class Terminal:
    """What the command line asked of the terminal."""

    quiet: bool = False
    verbose: bool = False
    color: When = "auto"
    debug: bool = False
    started: float = 0.0  # time.monotonic() when the command began
    options: frozenset[str] = frozenset()  # parameters of the command that runs
    language: Language = "en"  # of errors and notes: `--lang` where the command has it, or else the system's


terminal = Terminal()  # of this process, which runs one command

BEFORE: list[Callable[[], None]] = []  # called when a command begins

_SHARED = {
    "quiet": (bool, option("-q --quiet", "Only warnings and errors.", _PANEL), False),
    "verbose": (bool, option("-v --verbose", "Also what is read and written, and how long it takes.", _PANEL), False),
    "color": (When, option("--color --colour", "auto: on a terminal, unless NO_COLOR is set.", _PANEL), "auto"),
    "debug": (
        bool,
        option("--debug", "After an error, say where in the code; never with data.", _PANEL, envvar="DNT_DEBUG"),
        False,
    ),
}
_JSON = (bool, option("--json", "The same as --format json.", OUTPUT), False)


class _PlainTypes:
    """Help shows arguments by their names alone, and flags without a type, since they take no value."""

    def get_params(self, ctx: Any) -> list[Any]:
        """As Typer's own."""
        parameters: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for parameter in parameters:
            if getattr(parameter, "is_flag", False):
                parameter.metavar = ""
            if parameter.param_type_name == "argument":
                parameter.display_type_rich = lambda ctx: None
        return parameters


class _Command(_PlainTypes, TyperCommand):
    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """As every manual writes it: FILE must be given, [FILE] may be left out."""
        arguments = [p for p in self.get_params(ctx) if p.param_type_name == "argument"]
        return ["[OPTIONS]", *(p.metavar if p.required else f"[{p.metavar}]" for p in arguments)]


class Group(_PlainTypes, TyperGroup):
    """Commands, in the order in which they were added."""

    def list_commands(self, ctx: Any) -> list[str]:
        """As Typer's own."""
        return list(self.commands)


class Program(typer.Typer):
    """A Typer program whose commands all have the shared options, and may take groups of options (`cli/groups.py`)."""

    def command(self, *arguments: Any, **settings: Any) -> Callable[[Any], Any]:
        """As Typer's own."""
        register = super().command(*arguments, cls=_Command, **settings)

        def decorate(function: Any) -> Any:
            register(_with_shared_options(_with_fields_of_groups(function)))
            return function

        return decorate


def _with_fields_of_groups(command: Callable[..., None]) -> Callable[..., None]:
    """A command as Typer wants it: each field of its groups is a parameter of its own, in the place of the group."""
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    parameters: list[inspect.Parameter] = []
    for name, own in inspect.signature(command).parameters.items():
        if name not in groups:
            parameters.append(own.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[name]))
            continue
        types = get_type_hints(groups[name], include_extras=True)
        parameters += [
            inspect.Parameter(
                field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=types[field.name]
            )
            for field in fields(groups[name])
        ]

    @functools.wraps(command)
    def with_groups(**given: Any) -> None:
        gathered = {
            name: group(**{field.name: given.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        command(**given, **gathered)

    with_groups.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    with_groups.__annotations__ = {own.name: own.annotation for own in parameters}
    return with_groups


def _with_shared_options(function: Callable[..., None]) -> Callable[..., None]:
    """The command with the shared options, and with `--json` where it has a `--format`."""
    signature = inspect.signature(function, eval_str=True)
    shared = _SHARED | ({"json": _JSON} if "form" in signature.parameters else {})

    @functools.wraps(function)
    def command(**arguments: Any) -> None:
        said = {name: arguments.pop(name) for name in shared}
        if said.pop("json", False):
            if arguments["form"] not in ("table", "json"):
                raise UsageError(say("json_format", form=arguments["form"]))
            arguments["form"] = "json"
        terminal.options = frozenset(arguments)
        terminal.language = arguments.get("language") or terminal.language
        vars(terminal).update(said, started=time.monotonic())
        for prepare in BEFORE:
            prepare()
        function(**arguments)

    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option])
        for name, (kind, option, default) in shared.items()
    ]
    annotated = signature.replace(parameters=[*signature.parameters.values(), *added])
    command.__signature__ = annotated  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in annotated.parameters.values()}
    return command
