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
from dnt_cli.study import parse_study, reader, rules
from dnt_cli.study.problems import ProblemError
from dnt_cli.wording import catalogue
from tests.support.studies import BASE, changed, study_text


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


def calls(*names: str) -> list[tuple[Path, ast.Call]]:
    """Every call of these functions in study/, with its file."""
    found = []
    for path in sorted(Path(rules.__file__).parent.glob("*.py")):
        nodes = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
        found += [(path, node) for node in nodes if isinstance(node.func, ast.Name) and node.func.id in names]
    return found


def test_every_rule_is_broken_by_a_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call of `expect` and `fail` in rules.py is reached by one of the mistakes, and each row of its limits."""
    reached: set[int] = set()
    limits: set[Any] = set()
    said = ProblemError.__init__

    def noted(problem: ProblemError, *arguments: Any) -> None:
        frame = sys._getframe(1)
        while frame is not None and frame.f_code.co_filename != rules.__file__:
            frame = frame.f_back  # type: ignore[assignment]
        if frame is not None:
            reached.add(frame.f_lineno)
            limits.add(frame.f_locals.get("lowest"))
        said(problem, *arguments)

    monkeypatch.setattr(ProblemError, "__init__", noted)
    for mistake in MISTAKES:
        problem(changed(mistake.old, mistake.new))
    test_a_study_without_outcomes()
    places = {c.lineno for path, c in calls("expect", "fail", "expect_one_of") if path == Path(rules.__file__)}
    lines = Path(rules.__file__).read_text(encoding="utf-8").splitlines()
    assert len(places) > 40
    assert not [f"line {n}: {lines[n - 1].strip()}" for n in sorted(places - reached)]
    assert limits > {row[2] for row in rules._LIMITS}


# Words that no Dutch message has, unless it shows what is written in the file.
ENGLISH = re.compile(r"\b(?:the|must|should|is not|expected an?|found|known|such as|one of|has|must|needs|another)\b")


@pytest.mark.parametrize("mistake", MISTAKES, ids=[f"{i} {mistake.says[:50]}" for i, mistake in enumerate(MISTAKES)])
def test_a_mistake_is_told_in_dutch(mistake: Mistake) -> None:
    with pytest.raises(StudyError) as caught:
        parse_study(changed(mistake.old, mistake.new), "base.toml")
    dutch, english = caught.value.text("nl"), str(caught.value)
    assert not ENGLISH.search(dutch)
    assert re.match(r"base\.toml, regel \d+: ", dutch)
    assert len(dutch.splitlines()) == len(english.splitlines())
    assert not {*dutch.splitlines()} & {*english.replace(", line ", ", regel ").splitlines()}


def test_every_sentence_exists_is_used_and_gets_what_it_is_filled_with() -> None:
    """Keys that are put together, or stand in a table, are listed here."""
    words = catalogue("study")
    used = {row[4] for row in rules._LIMITS} | {key for key in words if key.startswith(("type_", "syntax_"))}
    used |= {"has_trend", "is_tested", "no_mean", "no_answers", "study_in", "allowed"}
    assert {"syntax_" + key for key in reader._SYNTAX.values()} < set(words)
    for path, call in calls("expect", "fail", "phrase", "problems"):
        texts = [own for own in call.args if isinstance(own, ast.Constant) and isinstance(own.value, str)]
        for key in [own.value for own in texts if own.value in words or call.func.id != "problems"]:  # type: ignore[attr-defined]
            used.add(key)
            given = {own.arg for own in call.keywords}
            needed = set(re.findall(r"(?<!\{)\{(\w+)", words[key].nl))
            assert None in given or needed <= given, (path.name, key)
    assert used == set(words)


def test_toml_that_is_none_is_told_in_both_languages() -> None:
    told = {
        "[study\n": "de naam van een onderdeel eindigt met ] (regel 1, kolom 7)",
        "a = 1\na = 2": "al gegeven",
        "a = linear": "dit is geen waarde",
        "a 1": "achter een sleutel staat =",
        "= 1": "een regel begint met een sleutel",
        "a = 1 2": "achter de waarde staat nog iets",
        "a = [1": "een lijst eindigt met ]",
        "a = {b = 1": "eindigt op dezelfde regel met }",
        'a = "b': "een tekst eindigt",
        'a = "C:\\Users"': "schrijf \\ tweemaal",
        "a = 2020-02-31": "deze datum of tijd bestaat niet",
        "a = 1\x00": "achter de waarde staat nog iets",
        "# \x00": "het kan niet worden gelezen",
    }
    for text, dutch in told.items():
        with pytest.raises(StudyError) as caught:
            parse_study(text, "base.toml")
        assert caught.value.text("nl").startswith("base.toml is geen geldige TOML: ")
        assert dutch in caught.value.text("nl"), caught.value.text("nl")
        assert str(caught.value).startswith("base.toml is not valid TOML: ")


def test_each_error_is_one_line() -> None:
    """Whatever stands in the file: each line begins with its name, or says how many more there are."""
    for mistake in MISTAKES:
        told = problem(changed(mistake.old, mistake.new)).splitlines()
        assert all(re.match(r"base\.toml|And \d+ more", line) for line in told)


def test_a_hypothesis_that_is_not_there_is_the_one_to_add() -> None:
    text = study_text({"work": {"kind": "binary", "hypothesis": "H5"}})
    with pytest.raises(StudyError, match=r"known: none yet; add \[hypotheses\.H5\]"):
        parse_study(text)
