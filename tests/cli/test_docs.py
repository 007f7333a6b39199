"""What the README and docs/ tell people to type works as it stands there; only the number of imputations is small.

The blocks of a page are run in their order in one folder, with `dnt` on the PATH: `sh` and `console` by sh, `r` by
Rscript; `toml` must be a study file, or a part of one. Lines that call make are run dry (`make -n`). Blocks of
`powershell` and `text` are not run; `python` is run in `test_library.py`.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from dnt_cli.study import parse_study
from tests.support.commands import COMMANDS
from tests.support.examples import prepared
from tests.support.process import WARM, WARM_DNT, Run, assert_discreet, dnt, environment

ROOT = Path(__file__).parents[2]
PAGES = {
    path.name: path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
}
GENERATED = ("commands.md", "study-file.md")
RUN = ("sh", "console", "r")


def blocks(page: str) -> list[tuple[str, str]]:
    """Language and text of every block of a page."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", PAGES[page], flags=re.MULTILINE | re.DOTALL)


RUNNABLE = [page for page in PAGES if page not in GENERATED and any(kind in RUN for kind, _ in blocks(page))]


def small(script: str) -> str:
    """With three imputations, and nothing made or installed."""
    few = re.sub(r"(dnt impute \S+)(.*?)( -m \d+)?(?= --seed| --jobs|$)", r"\1\2 -m 3", script, flags=re.MULTILINE)
    return re.sub(r"^make ", f"make -n -C {shlex.quote(str(ROOT))} ", few, flags=re.MULTILINE)


def typed(kind: str, block: str, folder: Path, extra: dict[str, str]) -> Run:
    """A block as it would be typed in a folder."""
    if kind == "r":
        command = ["Rscript", "--vanilla", "-e", block]
    else:
        lines = "".join(re.findall(r"^\$ (.*\n)", block, flags=re.MULTILINE)) if kind == "console" else block
        command = ["sh", "-eu", "-c", small(lines)]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=240, check=False, env=environment(extra))
    run = Run((block,), done.returncode, done.stdout, done.stderr.decode("utf-8"))
    if kind != "r":
        assert_discreet(run)
    return run.check()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A program `dnt` in a folder for the PATH, which runs in forks of a warm Python."""
    folder = tmp_path_factory.mktemp("bin")
    words = [sys.executable, "-S", "-E", str(WARM_DNT), str(folder / "socket")]
    (folder / "dnt").write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', encoding="utf-8")
    (folder / "dnt").chmod(0o755)
    with subprocess.Popen([*WARM, words[-1]], stdout=subprocess.PIPE, text=True, env=environment()) as warm:
        assert warm.stdout is not None
        assert warm.stdout.readline() == "ready\n"
        yield folder / "dnt"
        warm.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="needs sh")
@pytest.mark.parametrize("page", RUNNABLE)
def test_every_block_of_a_page_runs(page: str, program: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    extra = {"PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}
    folder = tmp_path / "work"
    folder.mkdir()
    if "survey.csv" in PAGES[page]:
        prepared("btheb", folder)
    if "clients.sav" in PAGES[page]:
        shutil.copy(ROOT / "examples" / "clients" / "clients.sav", folder)
    if any(kind == "r" for kind, _ in blocks(page)):
        request.getfixturevalue("rscript")
    if page == "statistics.md":
        typed("sh", "dnt example -o survey.parquet\ndnt impute survey.parquet -o imputed.parquet", folder, extra)
    for kind, block in blocks(page):
        if kind in RUN:
            typed(kind, block, folder, extra)
    for made in re.findall(r"> (\w[\w-]*\.\w+)$", PAGES[page], flags=re.MULTILINE):
        assert (folder / made).stat().st_size > 0, made


def whole() -> str:
    """The study file of the README."""
    [found] = [text for kind, text in blocks("README.md") if kind == "toml"]
    return found


def test_the_study_file_of_the_readme_passes_the_check_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(whole(), encoding="utf-8")
    assert "in order" in dnt("study", "check", "study.toml", cwd=tmp_path).check().text


@pytest.mark.parametrize("page", [page for page in PAGES if any(kind == "toml" for kind, _ in blocks(page))])
def test_every_piece_of_a_study_file_is_one(page: str) -> None:
    for kind, block in blocks(page):
        if kind == "toml":
            parse_study(block if "[design]" in block else f"{whole()}\n{block}", page)


def test_every_block_is_of_a_kind_that_is_run_or_named_here() -> None:
    assert {kind for page in PAGES for kind, _ in blocks(page)} <= {*RUN, "toml", "powershell", "text", "python"}


@pytest.mark.parametrize("script", ["study_file.py", "commands.py"])
def test_a_generated_page_is_up_to_date(script: str) -> None:
    """Every key, every command and option, with their defaults; `make docs` writes them."""
    command = [sys.executable, str(ROOT / "scripts" / script), "--check"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_the_readme_has_no_more_than_150_lines() -> None:
    assert len(PAGES["README.md"].splitlines()) <= 150


def test_every_link_leads_to_a_file() -> None:
    for name, text in PAGES.items():
        folder = ROOT if name == "README.md" else ROOT / "docs"
        for target in re.findall(r"\]\(([^)#:]+)\)", text):
            assert (folder / target).exists(), f"{name}: {target}"


def test_the_readme_tells_what_ci_runs() -> None:
    """And nothing hidden."""
    [command] = re.findall(r"^exec (.*)$", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert f"CI runs `{command}`" in PAGES["README.md"]


def test_every_command_and_option_that_is_named_exists() -> None:
    written = "\n".join(text for name, text in PAGES.items() if name not in GENERATED)
    found = re.findall(r"^```(\w+)\n(.*?)^```$", written, flags=re.MULTILINE | re.DOTALL)
    code = "\n".join([text for kind, text in found if kind != "toml"] + re.findall(r"`([^`\n]+)`", written))
    groups = {name.split()[0] for name in COMMANDS}
    named = re.findall(r"\bdnt ([a-z][a-z0-9-]+)", code)
    assert len(named) > 30
    assert set(named) <= groups
    options = {option for command in COMMANDS.values() for p in command.params for option in p.opts}
    root = typer.main.get_command(sys.modules["dnt_cli.cli.app"].app)
    options |= {option for p in root.params for option in p.opts} | {"--help"}
    theirs = {"--no-deps", "--no-index"}  # of pip
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", code)) - theirs <= options


def test_what_the_pages_for_developers_name_exists() -> None:
    """Files and folders between backticks, from the root or from the package; functions behind `::` too."""
    for page in ("ARCHITECTURE.md", "CONTRIBUTING.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        for named in re.findall(r"`([\w./-]+/[\w.-]*(?:::\w+)?)`", text):
            name, _, function = named.partition("::")
            [path] = [p for p in (ROOT / name, ROOT / "src" / "dnt_cli" / name) if p.exists()][:1] or [None]
            assert path is not None, f"{page}: {named}"
            assert not function or re.search(rf"\b{function}\b", path.read_text(encoding="utf-8")), named


def test_the_citation_has_the_version_of_the_program() -> None:
    from dnt_cli import __version__

    assert f"version: {__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
