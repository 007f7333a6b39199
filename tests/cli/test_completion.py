"""The Tab key in bash, zsh, fish and PowerShell."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.process import dnt, environment

CASES = [
    ("fit-", {"fit-t3", "fit-longitudinal"}),
    ("fit-t3 imputed.parquet --out", {"--output", "--outcomes"}),
    ("fit-t3 imputed.parquet --format ", {"table", "csv", "json", "md", "tex", "html"}),
    ("fit-t3 imputed.parquet --outcomes ", {"score", "work", "high"}),
    ("fit-t3 imputed.parquet --outcomes work,s", {"work,score"}),
    ("fit-t3 nosuch.csv --study study.toml --controls a", {"age"}),
    ("robustness imputed.parquet --checks b,", {f"b,{letter}" for letter in "acdefghijklmn"}),
    ("impute survey.csv --study d", {"dnt"}),
    ("impute survey.parquet --set imputation.it", {"imputation.iterations"}),
    ("info t3.parquet --table ", {"fits"}),
    ("study init --like ", {"dnt"}),
    ("fit-t3 nosuch.parquet --outcomes ", set()),
    ("fit-t3 survey.csv --outcomes ", set()),
    ("study check 'nosuch", set()),
]
SHELLS = {
    "bash": lambda line: {"COMP_WORDS": line, "COMP_CWORD": str(len(re.split(r"\s+", line)) - 1)},
    "fish": lambda line: {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    "powershell": lambda line: {
        "_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_WORD_TO_COMPLETE": re.split(r"\s+", line)[-1]
    },
}  # fmt: skip


def words(shell: str, text: str) -> set[str]:
    """What is offered, without the explanations."""
    separator = {"bash": "\n", "fish": "\t", "powershell": ":::"}[shell]
    return {line.split(separator)[0] for line in text.splitlines() if line.strip()}


@pytest.mark.parametrize(("line", "offered"), CASES)
def test_what_is_offered(line: str, offered: set[str], made: Path) -> None:
    env = {"_DNT_COMPLETE": "complete_bash", **SHELLS["bash"](f"dnt {line}")}
    run = dnt(cwd=made, env=env)
    assert words("bash", run.text) == offered
    assert run.stderr == ""


@pytest.mark.parametrize("shell", ["fish", "powershell"])
def test_other_shells_are_offered_the_same(shell: str, made: Path) -> None:
    for line, offered in CASES[3:5]:
        env = {"_DNT_COMPLETE": f"complete_{shell}", **SHELLS[shell](f"dnt {line}")}
        assert words(shell, dnt(cwd=made, env=env).text) == offered


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A folder with `dnt` in it, as an installation has."""
    starter = tmp_path / "bin" / "dnt"
    starter.parent.mkdir()
    starter.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m dnt_cli "$@"\n', encoding="utf-8")
    starter.chmod(0o700)
    return starter.parent


SCRIPTS = {
    "bash": """
        eval "$(dnt --show-completion)"
        COMP_WORDS=(dnt fit-t3 imputed.parquet --outcomes work,s) COMP_CWORD=4
        _dnt_completion dnt
        printf '%s\\n' "${COMPREPLY[@]}"
    """,
    "zsh": """
        compdef() { :; }
        eval "$(dnt --show-completion)"
        _describe() { :; }; _arguments() { print -r -- "$@"; }
        words=(dnt fit-t3 imputed.parquet --outcomes work,s) CURRENT=5
        _dnt_completion
    """,
    "fish": """
        dnt --show-completion | source
        complete -C "dnt fit-t3 imputed.parquet --outcomes work,s"
    """,
}


@pytest.mark.skipif(sys.platform == "win32", reason="these shells are not there")
@pytest.mark.parametrize("shell", SCRIPTS)
def test_in_the_shell_itself(shell: str, made: Path, program: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    env = environment({"PATH": f"{program}{os.pathsep}{os.environ['PATH']}", "HOME": str(program)})
    options = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    done = subprocess.run(
        [shell, *options, "-c", SCRIPTS[shell]],
        cwd=made,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "work,score" in done.stdout, done.stdout + done.stderr
    assert done.stderr == ""


def test_installing_adds_to_the_shells_own_files(made: Path, program: Path) -> None:
    run = dnt(
        "--install-completion", cwd=made, env={"HOME": str(program)}, before=("bash", "-c", '"$@"; exit $?', "bash")
    )
    assert "bash completion installed" in run.check().text
    assert "_DNT_COMPLETE=complete_bash" in (program / ".bash_completions" / "dnt.sh").read_text(encoding="utf-8")
    assert "dnt.sh" in (program / ".bashrc").read_text(encoding="utf-8")
