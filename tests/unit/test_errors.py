"""Errors are said in the language that was asked for, with labels and advice, and stay plain text for Python."""

from __future__ import annotations

import errno
import pickle
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from dnt_cli.cli import endings
from dnt_cli.cli.app import _COMMANDS, app, load_commands
from dnt_cli.cli.terminal import terminal
from dnt_cli.errors import DataError, MemoryLimitError, UsageError, UserError
from dnt_cli.findings import Finding, Line, error
from dnt_cli.sentences import Either, say
from dnt_cli.stagefile.kinds import KINDS
from dnt_cli.study import parse_study
from dnt_cli.survey import cast_survey
from dnt_cli.wording import catalogue
from tests.support.small import STUDY, survey

SOURCE = Path(str(files("dnt_cli")))


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a command line leaves in this process is undone."""
    load_commands()
    for name in ("language", "options"):
        monkeypatch.setattr(terminal, name, getattr(terminal, name))


def said(*command: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, command)
    return done.exit_code, " ".join(done.stderr.split())


def test_every_sentence_is_used_and_every_used_one_is_there() -> None:
    modules = [path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py")]
    sayers = (
        own for own in modules if re.search(r"from dnt_cli\.sentences import .*\bsay\b|^def say\(", own, re.MULTILINE)
    )
    used = {key for own in sayers for key in re.findall(r"\bsay\(\s*\"(\w+)\"", own)}
    used |= {key for own in modules for key in re.findall(r"\"errors\.(\w+)\"", own)}
    used |= {f"kind_{kind}" for kind in KINDS} | {"parquet_no_stage", "no_parquet", "kind_unknown"}
    used |= {*endings._SAVING.values(), *endings._OF_LINE.values(), "not_installed", "does_not_load"}
    named = {name for own in modules for name in re.findall(r"\"([A-Z]\w+(?: \w+)*)\"", own)}
    pieces = {f"work_{name.lower().replace(' ', '_')}" for name in named}  # of work, as a bar shows them
    system = {f"system_{name}" for name in errno.errorcode.values()}
    used |= (pieces | system) & set(catalogue("errors"))
    assert used == set(catalogue("errors"))


def test_both_languages_say_the_same_with_the_same_values() -> None:
    for key, both in catalogue("errors").items():
        places = [sorted(re.findall(r"\{(\w+)", text)) for text in (both.nl, both.en)]
        assert places[0] == places[1], key
        assert both.nl != both.en or key == "file_unfit", key
        assert both.nl[-1:] == both.en[-1:] or not {both.nl[-1], both.en[-1]} & set(".?: "), key


def test_an_error_is_text_for_python_and_survives_a_worker_process() -> None:
    plain, worded = UserError("only English"), DataError(say("no_file", file="x.csv"))
    assert plain.text("nl") == str(plain) == "only English"
    assert str(worded) == "There is no file x.csv."
    again = pickle.loads(pickle.dumps(worded))
    assert (type(again), again.text("nl")) == (DataError, "Er is geen bestand x.csv.")


def test_what_is_inside_a_sentence_is_said_in_its_language() -> None:
    holds = say("kind_made_by", kind=say("kind_estimates"), command="fit-t3")
    sentence = say("exists_holding", file="x", holds=holds)
    assert "bevat geschatte effecten, gemaakt door dnt fit-t3;" in sentence.text("nl")
    assert "holds effect estimates, made by dnt fit-t3;" in sentence.text("en")
    assert Either((say("kind_power"), "x")).text("nl").endswith(" of x")


def test_data_that_do_not_fit_are_told_in_both_languages() -> None:
    with pytest.raises(DataError) as caught:
        cast_survey(survey().rename(columns={"score": "scor", "work": "wor"}), parse_study(STUDY))
    nl, en = caught.value.text("nl"), str(caught.value)
    assert nl.startswith("De gegevens passen niet bij het onderzoek: score: ")
    assert "bedoelde u scor?" in nl
    assert nl.endswith("; en nog 1, die `dnt study check` noemt.")
    assert en.startswith("The data do not fit the study: score: ")
    assert "did you mean scor?" in en
    assert en.endswith("; and 1 more, which `dnt study check` lists.")
    finding: Finding = error("work", "nobody")
    assert Line(finding).text("nl") == finding.line("nl")


COMMANDS = [
    (("show", "x.parquet"), 11, "Fout: Er is geen bestand x.parquet.", "Error: There is no file x.parquet."),
    (("describe", "survey.csv"), 2, "Fout: survey.csv is geen bestand van dnt", "Error: survey.csv is no stage file"),
    (("show", "survey.csv"), 11, "dnt show leest geschatte effecten of", "dnt show reads effect estimates or"),
    (("fit-t3", "survey.csv", "-o", "survey.csv"), 11, "bevat iets dat dnt niet schreef", "something that dnt did not"),
    (("fit-t3", "survey.csv", "-o", "no/t3.parquet"), 11, "er is geen map", "there is no folder"),
    (("describe", "odd.csv", "--study", "study.toml"), 11, "De gegevens passen niet", "The data do not fit"),
    (("describe", "survey.csv", "--study", "study.toml", "--also", "x"), 2, "geen zo'n kolom", "no such column"),
]


@pytest.mark.parametrize(("command", "code", "nl", "en"), COMMANDS)
def test_a_command_errs_in_its_language(
    command: tuple[str, ...], code: int, nl: str, en: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("study.toml").write_text(STUDY, encoding="utf-8")
    survey().to_csv("survey.csv", index=False)
    survey().assign(score=-5).to_csv("odd.csv", index=False)
    for language, words in (("nl", nl), ("en", en)):
        found, text = said(*command, "--lang", language)
        assert found == code
        assert words in text
        assert text.startswith("Fout: " if language == "nl" else "Error: ")


def test_a_command_without_lang_errs_in_the_language_of_the_system() -> None:
    terminal.language = "nl"  # as the program does when it starts
    assert said("info", "x.parquet") == (11, "Fout: Er is geen bestand x.parquet.")


@pytest.mark.parametrize(
    ("line", "nl", "en"),
    [
        ("impute", "SURVEY ontbreekt.", "Missing: SURVEY."),
        ("impute x --metod norm", "Er is geen optie --metod. Bedoelde u ", "No such option: --metod. Did you mean "),
        ("study init --zz", "Er is geen optie --zz.", "No such option: --zz."),
        ("zzz", "Er is geen opdracht zzz.", "No such command: zzz."),
        ("imput", "Er is geen opdracht imput. Bedoelde u impute?", "No such command: imput. Did you mean impute?"),
        ("info x y", "Te veel op de opdrachtregel: y.", "Too much on the command line: y."),
        ("show x --lang", "Optie --lang heeft een waarde nodig.", "Option --lang needs a value."),
        ("impute x --force=1", "Optie --force heeft geen waarde.", "Option --force takes no value."),
        ("show x --lang fr", "'fr' is geen van 'nl', 'en'.", "'fr' is not one of 'nl', 'en'."),
        ("power means 0,4", "voor 'DIFFERENCE': geen getal; decimalen staan achter een punt",
         "for 'DIFFERENCE': no number; decimals follow a point"),
        ("fit-t3 x --level 0,9", "voor '--level': geen getal; decimalen", "for '--level': no number; decimals"),
        ("impute x --seed 1.5", "voor '--seed': geen heel getal.", "for '--seed': no whole number."),
        ("fit-t3 x --level 2", "voor '--level': ten hoogste 0.999.", "for '--level': at most 0.999."),
        ("fit-t3 x -j -1", "voor '-j' / '--jobs': ten minste 0.", "for '-j' / '--jobs': at least 0."),
    ],
)  # fmt: skip
def test_a_wrong_command_line_is_told_in_either_language_with_the_help_to_ask(line: str, nl: str, en: str) -> None:
    for language, words in (("nl", nl), ("en", en)):
        terminal.language = language  # type: ignore[assignment]
        code, text = said(*line.split())
        assert code == 2
        assert text.startswith("Fout: " if language == "nl" else "Error: ")
        assert words in text
        assert re.search(r"(Zie|See) `dnt[\w -]* -h`\.$", text)


@pytest.mark.parametrize(
    ("command", "there", "not_there"),
    [
        (("fit-t3", "x.parquet"), ["--jobs 1", "--outcomes"], ["-m)", "--checks"]),
        (("impute", "x.parquet", "-o", "y.parquet"), ["--jobs 1", "(-m)"], ["--outcomes", "--checks"]),
        (("robustness", "x.parquet"), ["--jobs 1", "--checks"], ["--outcomes", "(-m)"]),
        (("info", "x.parquet"), [], ["--jobs", "--outcomes", "(-m)", "--checks"]),
    ],
)
def test_what_saves_memory_is_an_option_of_the_command(
    command: tuple[str, ...], there: list[str], not_there: list[str]
) -> None:
    assert said(*command)[0] == 11
    ending = endings.outside_cause(MemoryError())
    assert isinstance(ending, MemoryLimitError)
    for language in ("nl", "en"):
        text = ending.text(language)  # type: ignore[arg-type]
        assert all(option in text for option in there), text
        assert not any(option in text for option in not_there), text


@pytest.mark.parametrize(
    ("megabytes", "option", "refused"),
    [
        (400, "jobs", True),
        (400, "figure", True),
        (500, "figure", False),
        (900, "jobs", False),
        (None, "jobs", False),
    ],
)
def test_a_limit_below_what_the_libraries_need_is_refused_before_they_are_loaded(
    megabytes: int | None, option: str, refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endings, "address_limit", lambda: None if megabytes is None else megabytes * 2**20)
    monkeypatch.setattr(endings.os, "environ", (environment := {}))
    terminal.options = frozenset({option})
    if not refused:
        endings.refuse_low_limit()
        assert environment == ({} if megabytes is None else {"ARROW_DEFAULT_MEMORY_POOL": "system"})
        return
    with pytest.raises(MemoryLimitError) as caught:
        endings.refuse_low_limit()
    assert f"limited to {megabytes} MB (ulimit -v)" in str(caught.value)
    assert f"begrensd op {megabytes} MB (ulimit -v)" in caught.value.text("nl")


@pytest.mark.parametrize(("free", "told"), [(3_100_000_000, True), (3_300_000_000, False), (None, False)])
def test_data_that_may_not_fit_into_memory_are_told_before_the_work(
    free: int | None, told: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(endings, "free_memory", lambda: free)
    terminal.options = frozenset({"jobs", "outcomes"})
    endings.warn_of_need(cells=100_000_000)
    said = " ".join(capsys.readouterr().err.split())
    assert ("need about 3.2 GB of memory, and 3.1 GB is free" in said) is told
    assert ("--outcomes" in said) is told


def test_the_memory_that_is_free_is_known_here() -> None:
    free = endings.free_memory()
    assert free is None or free > 1_000_000


def test_usage_errors_carry_the_near_word() -> None:
    from dnt_cli.cli.options import choose

    with pytest.raises(UsageError) as caught:
        choose("--outcomes", "scor", ["score", "work"])
    assert caught.value.text("nl") == "--outcomes scor: onbekend; bedoelde u score? Kies een van: score, work."
    assert str(caught.value) == "--outcomes scor: unknown; did you mean score? Expected one of: score, work."


def test_each_command_stands_in_the_module_that_is_loaded_for_it() -> None:
    load_commands()
    group: Any = typer.main.get_command(app)
    assert set(group.commands) == set(_COMMANDS)
    for name, command in group.commands.items():
        for own in getattr(command, "commands", {name: command}).values():
            assert own.callback.__module__ == f"dnt_cli.cli.{_COMMANDS[name]}", name
