"""Every mistake of tests/cases/study_mistakes.txt, and with it every rule of study/rules.py: message and line."""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dnt_cli.errors import StudyError
from dnt_cli.study import parse_study, rules
from tests.support.studies import BASE, changed


@dataclass(frozen=True)
class Mistake:
    """A part of the study file `BASE`, what it becomes, and what must be said of it."""

    old: str
    new: str
    says: str


def mistakes() -> list[Mistake]:
    """Those of `study_mistakes.txt`, which says how it is written."""
    text = (Path(__file__).parents[1] / "cases" / "study_mistakes.txt").read_text(encoding="utf-8")
    found = []
    for block in text.split("\n\n"):
        lines = block.strip("\n").split("\n")
        if lines[0][:1] == "-":
            parts = ("\n".join(line[2:] for line in lines if line[:1] == sign) for sign in "-+=")
            found.append(Mistake(*parts))
    return found


MISTAKES = mistakes()


def problem(text: str) -> str:
    with pytest.raises(StudyError) as caught:
        parse_study(text, "base.toml")
    assert caught.value.exit_code == 10
    return str(caught.value)


def test_the_base_is_in_order() -> None:
    assert parse_study(BASE).key == "base"


@pytest.mark.parametrize("mistake", MISTAKES, ids=[f"{i} {mistake.says[:50]}" for i, mistake in enumerate(MISTAKES)])
def test_what_is_said_and_of_which_line(mistake: Mistake) -> None:
    text = changed(mistake.old, mistake.new)
    line = next(number for number, content in enumerate(text.splitlines(), start=1) if content.endswith("# here"))
    message = problem(text)
    assert mistake.says in message
    assert message.startswith(f"base.toml, line {line}: "), message


def test_a_study_without_outcomes() -> None:
    start, end = BASE.index("[outcomes.work]"), BASE.index("[covariates.place]")
    message = problem(BASE[:start] + "[outcomes]\n" + BASE[end:])
    assert "outcomes: a study needs at least one outcome, such as [outcomes.work]" in message
    assert f"line {BASE[:start].count(chr(10)) + 1}:" in message


def test_every_rule_is_broken_by_a_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call of `fail` in rules.py is reached by one of the mistakes."""
    source = Path(rules.__file__).read_text(encoding="utf-8")
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    places = {c.lineno for c in calls if isinstance(c.func, ast.Name) and c.func.id == "fail"}
    reached: set[int] = set()
    check = rules.check

    def recording(study: Any, fail: rules.Fail, attempt: Any) -> None:
        def noted(path: tuple[str, ...], message: str) -> None:
            reached.add(sys._getframe(1).f_lineno)
            fail(path, message)

        check(study, noted, attempt)

    monkeypatch.setattr("dnt_cli.study.reader.check", recording)
    for mistake in MISTAKES:
        problem(changed(mistake.old, mistake.new))
    test_a_study_without_outcomes()
    lines = source.splitlines()
    assert len(places) > 40
    assert not [f"line {n}: {lines[n - 1].strip()}" for n in sorted(places - reached)]


def test_each_error_is_one_line() -> None:
    """Whatever stands in the file: each line begins with its name, or says how many more there are."""
    for mistake in MISTAKES:
        told = problem(changed(mistake.old, mistake.new)).splitlines()
        assert all(re.match(r"base\.toml|And \d+ more", line) for line in told)
