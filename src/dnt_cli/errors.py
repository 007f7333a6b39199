"""Errors that a user can do something about, each with the exit code of its cause.

A message says what is wrong, where, and what to type next. It never holds a person's answers or id: counts and
column names only, because messages end up in logs that leave the secure environment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dnt_cli.sentences import Worded
    from dnt_cli.study import Language


class UserError(Exception):
    """An error shown without a traceback; `exit_code` tells a script what kind it was.

    Args:
        said: What is said: a sentence in both languages, or one in English.
    """

    exit_code = 1

    def __init__(self, said: str | Worded) -> None:
        super().__init__(said)
        self.said = said

    def text(self, language: Language) -> str:
        """What is said, in a language if it is known there."""
        return self.said if isinstance(self.said, str) else self.said.text(language)

    def __str__(self) -> str:
        """What is said, in English."""
        return self.text("en")


class UsageError(UserError):
    """The command line asks for something that does not exist or does not go together."""

    exit_code = 2


class StudyError(UserError):
    """The study file is wrong."""

    exit_code = 10


class DataError(UserError):
    """A data or stage file is wrong, of another kind, or does not fit the study.

    Such as a missing column, an unknown level, an id that stands there twice, or a broken seal.
    """

    exit_code = 11


class ModelError(UserError):
    """A model cannot be set up or an analysis cannot be done."""

    exit_code = 12


class EngineError(UserError):
    """An engine, or a program or library that it needs, is missing or broken."""

    exit_code = 13


class MemoryLimitError(UserError):
    """The work needs more memory than the system gives."""

    exit_code = 14
