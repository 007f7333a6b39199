"""Help: every command explains itself with an example, and starts at once."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.commands import COMMANDS, ROOT
from tests.support.process import DNT, dnt, environment, together

HEAVY = ("numpy", "pandas", "scipy", "statsmodels", "pyarrow", "rpy2", "pymer4", "matplotlib", "joblib", "lightgbm")
posix_only = pytest.mark.skipif(not hasattr(os, "wait4"), reason="this system does not count what a process took")


def plain(text: str) -> str:
    return re.sub(r"[\s│╭╮╰╯─]+", " ", text)


@pytest.fixture(scope="module")
def helps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("help")
    runs = together([((*command.split(), "--help"), folder) for command in COMMANDS])
    return {command: plain(run.check().text) for command, run in zip(COMMANDS, runs, strict=True)}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_an_example_that_calls_it(command: str, helps: dict[str, str]) -> None:
    text = helps[command]
    assert f"Example: dnt {command} " in text
    explanation = text.split("[OPTIONS]", 1)[1].split("Example:", 1)[0]
    assert len(explanation.split()) >= 5


def test_every_option_and_argument_is_explained() -> None:
    for name, command in COMMANDS.items():
        for parameter in command.params:
            assert parameter.help, f"{name} {parameter.name}"


def test_help_has_nothing_in_brackets_that_the_terminal_takes_for_a_style() -> None:
    from rich.text import Text

    for name, command in COMMANDS.items():
        for text in (command.help, *(parameter.help for parameter in command.params)):
            assert Text.from_markup(text).plain == text, name


def test_help_speaks_no_python(helps: dict[str, str]) -> None:
    """A flag takes no value, a number is N, an argument has a name: no `<bool>`, no `<int range>`, no `<list[str]>`."""
    for command, text in helps.items():
        for word in ("<bool>", "<int", "<float", "<str", "<list"):
            assert word not in text, command


def test_usage_names_what_must_be_given(helps: dict[str, str]) -> None:
    for command, usage in {
        "impute": "[OPTIONS] SURVEY Fill", "show": "[OPTIONS] FILE... Show", "diff": "[OPTIONS] A B Say",
        "robustness": "[OPTIONS] [IMPUTATIONS] Rerun",
    }.items():  # fmt: skip
        assert f"Usage: dnt {command} {usage}" in helps[command]


def test_the_list_of_commands_is_complete(tmp_path: Path) -> None:
    text = dnt("--help", cwd=tmp_path).check().text
    listed = re.findall(r"^│ ([a-z][a-z0-9-]+)  ", text, flags=re.MULTILINE)
    assert set(listed) == set(ROOT.commands)
    core = {
        "impute",
        "fit-t3",
        "fit-longitudinal",
        "robustness",
        "describe",
        "example",
        "show",
        "info",
        "convert",
        "study",
    }
    assert core <= set(listed)
    assert dnt(cwd=tmp_path).code in (0, 2)
    for code in (
        "0 done",
        "1 done, but an answer is unusable",
        "2 wrong",
        "10 study",
        "11 data",
        "12 model",
        "13 engine",
        "130",
    ):
        assert code in plain(text)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["fit-t3", "--help"]])
def test_help_loads_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    trace = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "dnt_cli", *arguments],
        cwd=tmp_path, capture_output=True, text=True, env=environment(), timeout=60, check=True,
    )  # fmt: skip
    loaded = {line.rsplit("|", 1)[1].strip().split(".")[0] for line in trace.stderr.splitlines() if "|" in line}
    assert "typer" in loaded
    assert loaded.isdisjoint(HEAVY)


BARE = """
import typer
app = typer.Typer()
@app.command()
def one(x: int = 1) -> None:
    "One."
@app.command()
def two(x: int = 1) -> None:
    "Two."
app()
"""


def processor_seconds(*command: str, folder: Path, until: str = "") -> float:
    """What a run takes of the processor, itself and its children, to its end or until it says something."""
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment()
    ) as process:
        assert process.stderr is not None
        said = any(until in line for line in process.stderr) if until else process.stderr.read() == ""
        if until:
            process.kill()
        usage = os.wait4(process.pid, 0)[2]
        assert said
        return usage.ru_utime + usage.ru_stime


def assert_at_most_twice(measure: Callable[[], list[float]]) -> None:
    """What runs take, at most twice the last one's: the least of several in turns, since other tests disturb them.

    Those that share the processor's caches can only make a run look slower, so more rounds come nearer to the truth.
    """
    taken: list[list[float]] = []
    for _ in range(40):
        taken.append(measure())
        *own, bare = map(min, zip(*taken, strict=True))
        if len(taken) >= 3 and max(own) < 2 * bare:
            return
    raise AssertionError(f"{max(own):.3f} s of the processor against {bare:.3f}")


@posix_only
def test_starting_takes_at_most_twice_what_a_bare_program_takes(tmp_path: Path) -> None:
    (tmp_path / "bare.py").write_text(BARE, encoding="utf-8")
    commands = ((*DNT, "--help"), (*DNT, "--version"), (sys.executable, "bare.py", "--help"))
    assert_at_most_twice(lambda: [processor_seconds(*command, folder=tmp_path) for command in commands])


LIBRARIES = "import joblib, pandas, pyarrow.parquet, typer"


@posix_only
def test_a_stage_begins_to_compute_soon_after_its_libraries_have_loaded(tmp_path: Path) -> None:
    """At real size: 136 women, 114 columns, 50 imputations, read, checked and cast."""
    impute = "impute survey.parquet -m 50 --iterations 1 --jobs 1 -o imputed.parquet"
    for run in together([(tuple(c.split()), tmp_path) for c in ("example -o survey.parquet", impute)]):
        run.check()
    stages = [(*DNT, stage, "imputed.parquet", "--jobs", "1", "-v") for stage in ("fit-t3", "fit-longitudinal")]
    loading = (sys.executable, "-c", LIBRARIES)
    assert_at_most_twice(
        lambda: [
            *(processor_seconds(*stage, folder=tmp_path, until="Fitting.") for stage in stages),
            processor_seconds(*loading, folder=tmp_path),
        ]
    )


def test_looking_into_a_file_loads_no_statistics(made: Path) -> None:
    """Libraries of statistics take longer to load than a table takes to show, and engines are for those who fit."""
    heavy = {"scipy.special", "scipy.stats", "statsmodels", "matplotlib", "pyarrow.acero", "pyarrow.dataset"}
    computing = {f"dnt_cli.{name}" for name in ("design", "engines", "imputation.run", "effects.fitting")}
    for command in ("show t3.parquet longitudinal.parquet", "info imputed.parquet", "diff t3.parquet t3.parquet"):
        trace = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "dnt_cli", *command.split()],
            cwd=made, capture_output=True, text=True, env=environment(), timeout=60, check=True,
        )  # fmt: skip
        loaded = {line.rsplit("|", 1)[1].strip() for line in trace.stderr.splitlines() if "|" in line}
        assert "pandas" in loaded
        assert "dnt_cli.stagefile.container" in loaded
        assert loaded.isdisjoint(heavy | computing), command


def test_the_command_reference_is_up_to_date(tmp_path: Path) -> None:
    """docs/commands.md says what `--help` says."""
    script = Path(__file__).parents[2] / "scripts" / "commands.py"
    done = subprocess.run(
        [sys.executable, str(script), "--check"], cwd=tmp_path, capture_output=True, text=True, env=environment(),
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_links_between_the_documents_lead_somewhere() -> None:
    root = Path(__file__).parents[2]
    pages = [root / "README.md", root / "docs" / "commands.md", root / "validation" / "README.md"]
    links = [(page, link) for page in pages for link in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8"))]
    assert len(links) > 20
    for page, link in links:
        path, _, part = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), f"{page.name}: {link}"
        if part:
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert part in {re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-") for h in headings}, link


def test_version(tmp_path: Path) -> None:
    assert re.fullmatch(r"dnt \d+\.\d+\.\d+\S*\n", dnt("--version", cwd=tmp_path).check().text)
