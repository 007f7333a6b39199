"""The commands of dnt as Typer knows them."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Any

import typer

import dnt_cli.cli

for module in pkgutil.iter_modules(dnt_cli.cli.__path__):
    import_module(f"dnt_cli.cli.{module.name}")
ROOT: Any = typer.main.get_command(import_module("dnt_cli.cli.app").app)
COMMANDS = {name: command for name, command in ROOT.commands.items() if not hasattr(command, "commands")} | {
    f"{group} {name}": command
    for group, commands in ROOT.commands.items()
    for name, command in getattr(commands, "commands", {}).items()
}
