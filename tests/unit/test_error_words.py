"""Every error that a user may meet is a sentence of `words/`, in both languages, filled with what it needs."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import dnt_cli
from dnt_cli.wording import catalogue

SOURCE = Path(dnt_cli.__file__).parent
ERRORS = {"UserError", "UsageError", "StudyError", "DataError", "ModelError", "EngineError", "MemoryLimitError"}
# Of functions that take arrays: only who calls them from Python with the wrong ones meets these.
OF_DEVELOPERS = {"pooling.py", "engines/base.py", "engines/mixed.py", "engines/regression.py", "engines/lme4.py"}


def said() -> Iterator[tuple[str, ast.expr]]:
    """File and argument of every error."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS
            if named and node.args:  # type: ignore[attr-defined]
                yield path.relative_to(SOURCE).as_posix(), node.args[0]  # type: ignore[attr-defined]


def test_no_error_is_raised_with_a_bare_sentence() -> None:
    bare = {file for file, argument in said() if isinstance(argument, ast.JoinedStr | ast.Constant)}
    assert bare == OF_DEVELOPERS


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_sentence_that_is_said_exists_and_gets_what_it_is_filled_with(language: str) -> None:
    words = catalogue("errors")
    wrong = []
    for file, argument in said():
        by_key = isinstance(argument, ast.Call) and isinstance(argument.func, ast.Name) and argument.func.id == "say"
        if not by_key or not isinstance(argument.args[0], ast.Constant):  # type: ignore[attr-defined]
            continue
        key = argument.args[0].value  # type: ignore[attr-defined]
        given = {own.arg for own in argument.keywords}  # type: ignore[attr-defined]
        needed = {name for _, name, _, _ in string.Formatter().parse(words[key][language]) if name}  # type: ignore[index]
        if None not in given and not needed <= given:
            wrong.append((file, key, needed - given))
    assert not wrong


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_mark_of_what_must_be_mended_is_the_one_that_is_printed(language: str) -> None:
    mark = catalogue("check")["error"][language].split()[0]  # type: ignore[index]
    assert f" {mark}." in catalogue("errors")["check_failed"][language]  # type: ignore[index]


def test_both_languages_are_filled_with_the_same() -> None:
    for key, text in catalogue("errors").items():
        one, other = (sorted(set(re.findall(r"\{(\w+)", said))) for said in (text.nl, text.en))
        assert one == other, key
