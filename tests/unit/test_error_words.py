"""Every error that a user may meet is a sentence of `words/`, in both languages, filled with what it needs."""

from __future__ import annotations

import ast
import errno
import os
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import dnt_cli
from dnt_cli.sentences import say, why
from dnt_cli.study import Text, load_study
from dnt_cli.wording import Wording, catalogue

SOURCE = Path(dnt_cli.__file__).parent
ERRORS = {"UserError", "UsageError", "StudyError", "DataError", "ModelError", "EngineError", "MemoryLimitError"}
# Of functions that take arrays: only who calls them from Python with the wrong ones meets these.
OF_DEVELOPERS = {"pooling.py", "engines/base.py", "engines/mixed.py", "engines/regression.py", "engines/lme4.py"}
NOTHING = Text("", "")
REASONS = (  # why a column has another method than asked
    "never observed where its condition holds: 0 imputed", "constant: the one observed value imputed",
    "too few observed: drawn from the observed values",
)  # fmt: skip


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


def calls(*names: str) -> Iterator[tuple[str, ast.Call]]:
    """File and call of every call of these functions."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                yield path.relative_to(SOURCE).as_posix(), node


def words_in(argument: ast.expr) -> str:
    """What of a text, or of one that is put together, stands in the code itself."""
    pieces = argument.values if isinstance(argument, ast.JoinedStr) else [argument]
    return "".join(str(own.value) for own in pieces if isinstance(own, ast.Constant))


def test_no_command_tells_a_bare_sentence() -> None:
    told = ((file, words_in(call.args[0])) for file, call in calls("tell", "warn", "complain", "detail"))
    assert not [(file, text) for file, text in told if re.search("[a-z]", text, re.IGNORECASE)]


def test_every_piece_of_work_has_a_name() -> None:
    names = {words_in(call.args[-1]) for _, call in calls("progress", "named")} - {""}
    assert "Fitting with lme4" in names
    words = catalogue("errors")
    wrong = {name for name in names if words.get(f"work_{name.lower().replace(' ', '_')}", NOTHING).en != name}
    assert not wrong


def test_every_event_of_an_imputation_has_words() -> None:
    from dnt_cli.imputed.tables import event_in_words

    study = load_study("dnt")
    logged = {words_in(call.args[2]) for _, call in calls("Event")} - {"", "deduced: "}
    deduced = (
        "deduced: 1 where 'x_T1' is not 0",
        "deduced: 0 where 'x_T1' is 0",
        "deduced: 0 where 'x_T1' is 0, which it never is otherwise",
    )
    assert len(logged) > 4
    for event in (*logged, *deduced, *REASONS):
        dutch, english = (event_in_words(event, Wording(study, language)) for language in ("nl", "en"))
        assert english == event != dutch


def test_an_error_of_the_system_is_worded_where_it_is_usual() -> None:
    assert say("cannot_read", file="a", reason=why(OSError(errno.EACCES, "?"))).text("nl") == (
        "Kan a niet lezen: geen toegang."
    )
    for key in (key for key in catalogue("errors") if key.startswith("system_")):
        assert catalogue("errors")[key].en == os.strerror(getattr(errno, key.removeprefix("system_")))
    assert why(OSError(errno.ENOTTY, "Inappropriate ioctl")) == "Inappropriate ioctl"


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
