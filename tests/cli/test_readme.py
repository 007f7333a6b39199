"""What the README tells people to type works as it stands there; only the number of imputations is made small."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from process import DNT, Run, assert_discreet, environment
from test_help import COMMANDS
from test_real_data import prepared

from dnt_cli.study import parse_study

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def block(language: str, word: str) -> str:
    """The one block in a language that holds a word."""
    [found] = [text for kind, text in BLOCKS if kind == language and word in text]
    return found


def typed(script: str, folder: Path) -> Run:
    """A script as `sh` runs it in a folder, with `dnt` on the PATH."""
    program = folder / "bin" / "dnt"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.join(DNT)} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    small = re.sub(r"(dnt impute \S+)(.*?)( -m \d+)?(?= --seed|$)", r"\1\2 -m 3", script, flags=re.MULTILINE)
    done = subprocess.run(
        ["sh", "-eu", "-c", small], cwd=folder, capture_output=True, timeout=240, check=False,
        env=environment({"PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}),
    )  # fmt: skip
    run = Run((script,), done.returncode, done.stdout, done.stderr.decode("utf-8"))
    assert_discreet(run)
    return run.check()


needs_sh = pytest.mark.skipif(sys.platform == "win32", reason="needs sh")


@needs_sh
def test_the_five_stages_and_the_pipe(tmp_path: Path) -> None:
    stages = "".join(re.findall(r"^\$ (.*\n)", block("console", "dnt impute"), flags=re.MULTILINE))
    assert [line.split()[1] for line in stages.splitlines()] == [
        "example", "impute", "fit-t3", "fit-longitudinal", "robustness", "describe",
    ]  # fmt: skip
    run = typed(f"{stages}\n{block('sh', '| dnt fit-t3')}\ndnt show t3.parquet longitudinal.parquet", tmp_path)
    assert run.text.rindex("Trend OR") > run.text.rindex("Works more than 12 hours a week (%)")
    assert (tmp_path / "effects.csv").read_text(encoding="utf-8").startswith("analysis,")
    assert len(list((tmp_path / "figures").glob("*.svg"))) > 20


@needs_sh
def test_the_script(tmp_path: Path) -> None:
    """On a real trial with a study file of its own."""
    typed(block("sh", "#!/bin/sh"), prepared("btheb", tmp_path))
    for table in ("t3", "longitudinal", "robustness", "description"):
        assert "bdi" in (tmp_path / f"{table}.txt").read_text(encoding="utf-8").lower()


def test_the_study_file_that_it_shows_is_one() -> None:
    """With what every study file begins with."""
    [shown] = [text for kind, text in BLOCKS if kind == "toml" and "[design]" in text]
    study = parse_study(f'schema = 1\n[study]\nkey = "shown"\ntitle = "Shown"\n{shown}', "README.md")
    assert (study.design.endpoint, list(study.outcomes)) == ("T2", ["work"])


def test_every_command_and_option_that_it_names_exists() -> None:
    code = "\n".join([text for kind, text in BLOCKS if kind != "toml"] + re.findall(r"`([^`\n]+)`", README))
    groups = {name.split()[0] for name in COMMANDS}
    named = re.findall(r"\bdnt ([a-z][a-z0-9-]+)", code)
    assert len(named) > 30
    assert set(named) <= groups
    options = {option for command in COMMANDS.values() for p in command.params for option in p.opts}
    root = typer.main.get_command(sys.modules["dnt_cli.cli.app"].app)
    options |= {option for p in root.params for option in p.opts} | {"--help"}
    theirs = {"--no-deps", "--no-index"}  # of pip
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", code)) - theirs <= options
