"""`make all` and both rerun scripts do the same steps; with any path, and only what is out of date."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Makes what the options name and says what it was called with.
STAND_IN = """\
#!/bin/sh
echo "$@" >>"$CALLS"
case $1 in ${UNUSABLE:-none}) unusable=1 ;; ${FAILING:-none}) exit 12 ;; esac
while [ "$#" -gt 0 ]; do
    case $1 in -o | --figure) touch "$2" ;; esac
    shift
done
exit "${unusable:-0}"
"""
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs sh")


def commands(script: str) -> list[str]:
    """The dnt commands with their options, without paths, in the order of a script."""
    text = (ROOT / "scripts" / script).read_text(encoding="utf-8")
    if script.endswith(".ps1"):
        text = re.sub(r"Get-Target \"[^\"]*\"", "", text)
        calls = re.findall(r"^ *Invoke-Dnt (.*)$", text, re.MULTILINE)
        words = [re.findall(r"\"([^\"]*)\"|\$(more)", call)[1:] for call in calls]
        found = [[a or b for a, b in call] for call in words]
    else:
        calls = re.findall(r"^ *run (.*?)$", text.replace("\\\n", " "), re.MULTILINE)
        found = [call.split(" -- ")[1].split() for call in calls]
    kept = [[word for word in call if re.match(r"^--?[a-z]|^[a-z][a-z0-9-]+$", word)] for call in found]
    return [" ".join(word for word in call if word not in ("more", "check")) for call in kept]


def test_both_scripts_do_the_same_steps() -> None:
    unix = [call for call in commands("rerun.sh") if "example" not in call]
    assert [call for call in unix if call] == commands("rerun.ps1")
    assert [call.split()[0] for call in unix] == [
        "study", "convert", "polis", "describe", "impute", "fit-t3", "fit-longitudinal", "robustness", "show", "show",
        "report", "report",
    ]  # fmt: skip
    for script in ("rerun.sh", "rerun.ps1"):
        text = (ROOT / "scripts" / script).read_text(encoding="utf-8")
        assert text.count("report.docx") == text.count("report.html") >= 2  # made, and said


def test_make_calls_the_script() -> None:
    """So its steps are the same by construction."""
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").split("\nall:")[1].split("\n\n")[0]
    assert "scripts/rerun.sh" in recipe
    assert "dnt " not in recipe


class Place:
    """A folder with spaces in its name, and answers and a study file in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "a study; of two"
        self.folder.mkdir()
        for name in ("my answers.csv", "my study.toml"):
            (self.folder / name).write_text(name, encoding="utf-8")
        self.dnt = folder / "dnt"
        self.dnt.write_text(STAND_IN, encoding="utf-8")
        self.dnt.chmod(0o755)
        self.calls = folder / "calls"
        self.said = ""

    def run(self, *command: str, folder: Path | None = None, code: int = 0, **settings: str) -> list[str]:
        """The commands of dnt that a run called, which ended with `code`."""
        self.calls.write_text("", encoding="utf-8")
        where = folder or self.folder
        known = {"DNT": str(self.dnt), "CALLS": str(self.calls), "PWD": str(where)}
        done = subprocess.run(command, cwd=where, env=os.environ | known | settings, capture_output=True, check=False)
        assert done.returncode == code, done.stderr
        self.said = done.stderr.decode()
        return self.calls.read_text(encoding="utf-8").splitlines()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_only_what_is_out_of_date_is_run_again(place: Place) -> None:
    script = ("sh", str(ROOT / "scripts" / "rerun.sh"), "my answers.csv", "my study.toml", "the results")
    assert len(place.run(*script, M="3")) == 11
    assert place.run(*script, M="3") == []
    # Another number of imputations.
    assert [call.split()[0] for call in place.run(*script, M="4")] == [
        "impute", "fit-t3", "fit-longitudinal", "robustness", "show", "show", "report", "report",
    ]  # fmt: skip
    # One result is lost.
    (place.folder / "the results" / "t3.parquet").unlink()
    assert [call.split()[0] for call in place.run(*script, M="4")] == ["fit-t3", "show", "report", "report"]
    # Other answers.
    time.sleep(0.02)
    (place.folder / "my answers.csv").write_text("other", encoding="utf-8")
    assert len(place.run(*script, M="4")) == 11


def test_a_step_without_an_answer_is_no_failure_but_the_end(place: Place) -> None:
    """All steps are run, and whoever looks at the exit code knows; also when nothing is due any more."""
    script = ("sh", str(ROOT / "scripts" / "rerun.sh"), "my answers.csv", "my study.toml", "the results")
    assert len(place.run(*script, code=1, UNUSABLE="fit-longitudinal")) == 11
    told = "No usable answer: the results/longitudinal.txt says why."
    assert place.said.splitlines()[-1] == told
    assert place.run(*script, code=1) == []
    assert place.said.splitlines()[-1] == told
    # The next time there is an answer.
    (place.folder / "the results" / "longitudinal.parquet").unlink()
    assert [call.split()[0] for call in place.run(*script)] == ["fit-longitudinal", "show", "report", "report"]
    assert "No usable answer" not in place.said
    # A failure ends it, with its own code.
    assert [call.split()[0] for call in place.run(*script, code=12, M="9", FAILING="fit-t3")] == ["impute", "fit-t3"]


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
@pytest.mark.parametrize("way", ["from the project", "with -C"])
def test_make_takes_paths_with_spaces_relative_to_the_caller(place: Place, way: str, tmp_path: Path) -> None:
    """And writes nowhere else."""
    before = {path.name for path in ROOT.iterdir()}
    if way == "with -C":
        names, call, folder = ("my answers.csv", "my study.toml", "the results"), ("make", "-C", str(ROOT)), None
    else:
        files = [str(place.folder / name) for name in ("my answers.csv", "my study.toml", "the results")]
        names, call, folder = (files[0], files[1], files[2]), ("make",), ROOT
    given = (f"DATA={names[0]}", f"STUDY={names[1]}", f"RESULTS={names[2]}", f"DNT={place.dnt}", "M=3")
    calls = place.run(*call, "-o", ".venv/.runtime", "all", *given, folder=folder)
    assert len(calls) == 11
    assert (place.folder / "the results" / "robustness.parquet").exists()
    assert (place.folder / "the results" / "effects.txt").exists()
    assert (place.folder / "the results" / "report.docx").exists()
    assert {path.name for path in ROOT.iterdir()} == before
